"""From a function's syntax tree to its program: what each construct becomes, and what is refused."""

from __future__ import annotations

import math
import operator
import textwrap
from typing import Any

import gast
import numpy as np
import pytest

from tapeless.errors import LoweringError
from tapeless.ir.lower import environment, lower, same
from tapeless.ir.program import Const, Let, Program, Return, Var, build_list, build_tuple

HALF = 0.5


def lowered(source: str, **env: Any) -> Program:
    (tree,) = gast.parse(textwrap.dedent(source)).body
    if isinstance(tree, gast.Expr):
        tree = tree.value
    return lower(tree, {"np": np, "math": math, "slice": slice, **env}, "f")


def test_one_statement_an_operation_innermost_first():
    program = lowered("""
        def f(x, y):
            "Words are no statement."
            a = np.sin(x) * y
            return -a
    """)

    assert program == Program(
        "f",
        ("x", "y"),
        (
            Let(("t",), np.sin, (Var("x"),)),
            Let(("a",), operator.mul, (Var("t"), Var("y"))),
            Let(("t_1",), operator.neg, (Var("a"),)),
        ),
        Return((Var("t_1"),)),
    )
    assert [statement.line for statement in program.body] == [4, 4, 5]


def test_a_lambda_is_a_program_too():
    program = lowered("lambda out, x: (out, 1.0)")

    assert program == Program("f", ("out", "x"), (), Return((Var("out"), Const(1.0)), as_tuple=True))


def test_a_name_that_is_assigned_again_is_a_new_name():
    program = lowered("def f(x):\n    x = x + x\n    x = x * x\n    return x")

    assert [statement.targets for statement in program.body] == [("x_1",), ("x_2",)]
    assert program.body[1].args == (Var("x_1"), Var("x_1"))
    assert program.exit == Return((Var("x_2"),))


def test_another_name_for_a_value_is_no_statement():
    assert lowered("def f(x):\n    y = x\n    return y") == Program("f", ("x",), (), Return((Var("x"),)))


def test_swapping_reads_both_sides_first():
    program = lowered("def f(x, y):\n    x, y = y, x\n    return x, y")

    assert program == Program("f", ("x", "y"), (), Return((Var("y"), Var("x")), as_tuple=True))


def test_unpacking_a_result_names_its_parts():
    program = lowered("def f(x):\n    u, s = np.linalg.svd(x)\n    return s")

    assert program.body == (
        Let(("t",), np.linalg.svd, (Var("x"),)),
        Let(("u", "s"), same, (Var("t"),)),
    )


def test_numbers_are_folded_but_values_are_not():
    program = lowered("lambda x: (math.log(2.0) * -1.0) / x ** 2")

    assert program.body[0] == Let(("t",), operator.pow, (Var("x"), Const(2)))
    assert program.body[1] == Let(("t_1",), operator.truediv, (Const(-math.log(2.0)), Var("t")))


def test_indices_keywords_and_displays_are_operations():
    program = lowered("lambda x, n: np.stack([x[1:n, None]], axis=-1)")

    assert program.body == (
        Let(("t",), slice, (Const(1), Var("n"), Const(None))),
        Let(("t_1",), build_tuple, (Var("t"), Const(None))),
        Let(("t_2",), operator.getitem, (Var("x"), Var("t_1"))),
        Let(("t_3",), build_list, (Var("t_2"),)),
        Let(("t_4",), np.stack, (Var("t_3"),), (("axis", Const(-1)),)),
    )


def test_methods_of_ufuncs_are_callees():
    (statement,) = lowered("lambda x: np.add.reduce(x, axis=0)").body

    assert (statement.op.__self__, statement.op.__name__) == (np.add, "reduce")


def test_free_names_are_looked_up_where_the_function_looks_them_up():
    cell = 2.0

    def function(x):
        return x * cell * HALF * max(x, 1.0)

    env = environment(function)

    assert (env["cell"], env["HALF"], env["max"]) == (2.0, 0.5, max)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def f(x, *rest): return x", "f: only plain parameters can be lowered"),
        ("def f(x, *, axis): return x", "f: only plain parameters can be lowered"),
        ("def f(x, **options): return x", "f: only plain parameters can be lowered"),
        ("def f(x): 'nothing'", "f: the last statement must return the result"),
        ("def f(x):\n    y = x", "f: the last statement must return the result"),
        ("def f(x):\n    return", "f: the last statement must return the result"),
        ("def f(x):\n    if x: x = 1\n    return x", "line 2: If is not a plain assignment"),
        ("def f(x):\n    for i in x: pass\n    return x", "line 2: For is not a plain assignment"),
        ("def f(x):\n    x += 1\n    return x", "line 2: AugAssign is not a plain assignment"),
        ("def f(x):\n    y = z = x\n    return x", "line 2: Assign is not a plain assignment"),
        ("def f(x):\n    x[0] = 1\n    return x", "line 2: Subscript is not a name"),
        ("def f(x):\n    a, *b = x\n    return a", "line 2: Tuple is not a name"),
        ("lambda x: x if x else 1", "line 1: IfExp is not an expression of a straight line"),
        ("lambda x: x and 1", "line 1: BoolOp is not an expression of a straight line"),
        ("lambda x: not x", "line 1: UnaryOp is not an expression of a straight line"),
        ("lambda x: 0 < x < 1", "line 1: Compare is not an expression of a straight line"),
        ("lambda x: x is None", "line 1: Compare is not an expression of a straight line"),
        ("lambda x: [i for i in x]", "line 1: ListComp is not an expression of a straight line"),
        ("lambda x: missing(x)", "line 1: Name is not defined: missing"),
        ("lambda x: x.T", r"line 1: Attribute reads an attribute of a value: \.T"),
        ("lambda x: x.sum()", r"line 1: Attribute reads an attribute of a value: \.sum"),
        ("lambda x: x(1)", "line 1: Call calls a value that is not known in advance"),
        ("lambda x: np.stack(*x)", "line 1: Call spreads arguments with a star"),
        ("lambda x: np.stack(**x)", "line 1: Call spreads arguments with a star"),
    ],
)
def test_what_is_no_straight_line_is_refused_with_its_line(source: str, message: str):
    with pytest.raises(LoweringError, match=f"^{message}$"):
        lowered(source)
