"""The printed program: reads as if written by hand, stands for exactly the objects it was made from."""

from __future__ import annotations

import inspect
import math
import operator
import traceback
from typing import Any

import numpy as np
import pytest

from tapeless.ir.emit import emit, load
from tapeless.ir.program import Argument, Const, Let, Program, Return, Var
from tests.ir.terms import t

X, Y = Var("x"), Var("y")


def line(op: Any, *args: Argument, **kwargs: Any) -> str:
    """How one operation is printed."""
    keywords = tuple((name, Const(value)) for name, value in kwargs.items())
    program = Program("f", ("x", "y"), (Let(("a",), op, args, keywords),), Return((Var("a"),)))
    return emit(program)[0].splitlines()[1].strip().removeprefix("return ")


def test_single_use_temporaries_fold_and_shared_ones_stay():
    body = (
        Let(("a",), np.sin, (X,)),
        Let(("b",), operator.mul, (Var("a"), Y)),
        Let(("c",), operator.add, (Var("b"), Var("a"))),
    )

    source, names, _ = emit(Program("f", ("x", "y"), body, Return((Var("c"),))))

    assert source == "def f(x, y):\n    a = np.sin(x)\n    return a * y + a\n"
    assert names == {"np": np}


def test_a_chain_of_many_operations_is_printed_in_readable_pieces():
    body = tuple(Let((f"a{i + 1}",), operator.neg, (Var(f"a{i}"),)) for i in range(10_000))
    program = Program("f", ("a0",), body, Return((Var("a10000"),)))

    lines = emit(program)[0].splitlines()
    assert lines[1] == f"    a20 = {'-' * 20}a0"
    assert len(lines) == 1 + 10_000 // 20 + 1
    assert load(program)(3.0) == 3.0


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        (line(operator.pow, Const(-1.0), X), "(-1.0) ** x"),
        (line(operator.pow, X, Const(-1.0)), "x ** -1.0"),
        (line(operator.sub, X, Const(-2)), "x - -2"),
        (line(operator.mul, Const(-0.0), X), "-0.0 * x"),
        (line(operator.getitem, X, Y), "x[y]"),
        (line(operator.invert, X), "~x"),
        (line(np.linalg.inv, X), "np.linalg.inv(x)"),
        (line(np.fft.fft, X), "np.fft.fft(x)"),
        (line(np.add.reduce, X, axis=None, keepdims=True), "np.add.reduce(x, axis=None, keepdims=True)"),
        (line(np.zeros, Const(3), Const(np.float32)), "np.zeros(3, np.float32)"),
    ],
)
def test_an_operation_is_printed_as_numpy_is_written(printed: str, expected: str):
    assert printed == expected


CONSTANTS = [
    (2j, "2.0j"),
    (complex(-0.0, 1.5), "complex(-0.0, 1.5)"),
    (float("nan"), "np.nan"),
    (-np.inf, "-np.inf"),
    (np.pi, "np.pi"),
    (0.1 + 0.2, "0.30000000000000004"),
    (np.float64(2.5), "np.float64(2.5)"),
    (np.float32(0.1), "np.float32(0.1)"),
    (np.float16(-np.inf), "np.float16(-np.inf)"),
    (np.int64(-2), "np.int64(-2)"),
    (np.True_, "np.bool(True)"),
    (np.complex64(1 + 2j), "np.complex64((1.0+2.0j))"),
    (np.dtype("<f4"), "np.dtype('float32')"),
    (np.float32, "np.float32"),
    (np.fft.fft, "np.fft.fft"),
    (np.random.default_rng, "np.random.default_rng"),
    (np.abs, "np.abs"),
    (float, "float"),
    (len, "len"),
    (math.lgamma, "math.lgamma"),
    (..., "..."),
    (None, "None"),
    ("it's\n", '"it\'s\\n"'),
    (b"ab", "b'ab'"),
    ((1, (-2.0, None)), "1, (-2.0, None)"),
    (slice(None, 3), "slice(3)"),
]


@pytest.mark.parametrize(("value", "expected"), CONSTANTS, ids=[text for _, text in CONSTANTS])
def test_a_constant_is_printed_as_one_writes_it_and_comes_back_the_same(value: Any, expected: str):
    program = Program("f", (), (), Return((Const(value),)))

    found = load(program)()

    assert emit(program).source == f"def f():\n    return {expected}\n"
    assert type(found) is type(value)
    assert repr(found) == repr(value)


@pytest.mark.parametrize(
    "value", [[1], np.ones(2), np.longdouble(2), np.dtype([("a", "f4")]), np.dtype(">f4")]
)
def test_a_constant_that_has_no_literal_is_the_object_itself(value: Any):
    program = Program("f", (), (), Return((Const(value),)))

    assert load(program)() is value


def test_a_callee_whose_name_is_taken_gets_another():
    body = (Let(("t",), t, (X,)), Let(("np",), np.sin, (Var("t"),)), Let(("a",), t, (Var("t"), Var("np"))))

    source, names, _ = emit(Program("f", ("x",), body, Return((Var("a"), Var("np")), as_tuple=True)))

    assert source == "def f(x):\n    t = t_1(x)\n    np = np_1.sin(t)\n    return t_1(t, np), np\n"
    assert names == {"t_1": t, "np_1": np}


def test_a_callee_without_a_usable_name_gets_one():
    nameless = [lambda x: x + 1, lambda x: x * 2]
    body = (Let(("a",), nameless[0], (X,)), Let(("b",), nameless[1], (Var("a"),)))

    program = Program("f", ("x",), body, Return((Var("b"),)))

    assert emit(program)[0] == "def f(x):\n    return function(function_1(x))\n"
    assert load(program)(3) == 8


def test_the_loaded_function_shows_its_source_and_its_line_in_a_traceback():
    function = load(
        Program("f", ("x",), (Let(("a",), operator.truediv, (Const(1), X)),), Return((Var("a"),)))
    )

    with pytest.raises(ZeroDivisionError) as caught:
        function(0)

    assert inspect.getsource(function) == "def f(x):\n    return 1 / x\n"
    assert traceback.extract_tb(caught.tb)[-1].line == "return 1 / x"


def test_other_objects_may_stand_in_for_the_callees():
    program = Program("f", ("x",), (Let(("a",), t, (X,)),), Return((Var("a"),)))

    assert load(program, lambda value: operator.neg if value is t else value)(3) == -3
