"""What is inferred of a call is true of its result, whatever is known of the arguments."""

from __future__ import annotations

import contextlib
import itertools
import random
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tapeless.ir.program import Const
from tapeless.source.facts import NUMERIC, UNKNOWN, Fact, as_one, fact_of, fact_of_constant, known_of
from tapeless.source.infer import infer
from tapeless.source.infer.dispatch import inferred
from tapeless.source.infer.terms import UnclearError
from tests.source.infer.calls import CALLS, Call, described, name_of, term
from tests.source.infer.truth import Truth

DTYPES = (np.float32, np.float16, np.longdouble, np.complex64, np.int64, np.int8, np.bool_)
INVALID = (TypeError, ValueError, ArithmeticError, IndexError, AttributeError, RuntimeError)

FUNCTIONS: dict[str, list[Call]] = {}
for _call in CALLS:
    FUNCTIONS.setdefault(name_of(_call), []).append(_call)


def of_each_function(test: Callable[[Call], None]) -> Any:
    """The test on every call, one case for each function; a failure tells the call."""

    def on_all(name: str) -> None:
        for call in FUNCTIONS[name]:
            try:
                test(call)
            except Exception as error:
                error.add_note(described(call))
                raise

    on_all.__name__ = test.__name__
    return pytest.mark.parametrize("name", FUNCTIONS)(on_all)


def run(call: Call) -> Any:
    function, args, kwargs = call
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*args, **kwargs)


def check(call: Call, args: list[Any], kwargs: dict[str, Any], result: Any) -> None:
    found = as_one(infer(call[0], args, kwargs))
    truth = Truth()
    for fact, value in (*zip(args, call[1], strict=True), *((kwargs[k], v) for k, v in call[2].items())):
        truth.bind(fact, value)
    truth.check(found, result)


def terms_of(call: Call) -> tuple[list[Any], dict[str, Any]]:
    args = [term(value, f"a{i}") for i, value in enumerate(call[1])]
    return args, {name: term(value, name) for name, value in call[2].items()}


def is_complete(fact: Fact) -> bool:
    """Whether the rank and dtype of a result are known, of each of several."""
    if fact.kind in ("tuple", "list"):
        return fact.items is not None and all(is_complete(known_of(item)) for item in fact.items)
    if fact.kind == "object":
        return fact.dtype is not None
    return fact.kind == "slice" or (fact.kind in NUMERIC and fact.dtype is not None and fact.dims is not None)


@of_each_function
def test_what_is_inferred_of_a_call_is_true(call: Call) -> None:
    args, kwargs = terms_of(call)

    check(call, args, kwargs, run(call))


@of_each_function
def test_a_valid_call_is_inferred_without_errors(call: Call) -> None:
    args, kwargs = terms_of(call)

    with contextlib.suppress(UnclearError):
        inferred(call[0], args, kwargs)


@of_each_function
def test_what_is_inferred_of_constants_is_true(call: Call) -> None:
    args = [Const(value) for value in call[1]]
    kwargs = {name: Const(value) for name, value in call[2].items()}

    check(call, args, kwargs, run(call))


def test_rank_and_dtype_of_most_results_are_known() -> None:
    complete = []
    for call in CALLS:
        args, kwargs = terms_of(call)
        complete.append(is_complete(as_one(infer(call[0], args, kwargs))))

    assert sum(complete) / len(complete) > 0.95


def test_every_function_has_an_answer() -> None:
    silent = set()
    for call in CALLS:
        args, kwargs = terms_of(call)
        if as_one(infer(call[0], args, kwargs)) == UNKNOWN:
            silent.add(name_of(call))

    # What joins took apart is known by its layout, which no signature says; result_type gives a dtype.
    taken_apart = {"unchoose", "unselect", "unconcatenate", "unstack", "unjoin", "unsplit", "in_parts"}
    assert silent <= {"result_type", *taken_apart}


def run_if_valid(call: Call) -> Iterator[Any]:
    """The result, or nothing if NumPy does not take the call."""
    try:
        yield run(call)
    except INVALID:
        return


@of_each_function
def test_what_is_inferred_holds_for_other_dtypes(call: Call) -> None:
    function, args, kwargs = call
    for dtype in DTYPES if name_of(call) not in ("expm", "matrix_exp") else (np.float32, np.complex64):
        changed = (function, tuple(converted(arg, dtype) for arg in args), kwargs)
        for result in run_if_valid(changed):
            terms, options = terms_of(changed)
            check(changed, terms, options, result)


@of_each_function
def test_what_is_inferred_of_python_numbers_is_true(call: Call) -> None:
    function, args, kwargs = call
    if name_of(call).endswith(("_to_left", "_to_right", "_transposed")):
        return  # a cotangent has the shape of the product
    narrow = tuple(converted(arg, np.float32) for arg in args)
    arrays = [i for i, arg in enumerate(args) if isinstance(arg, np.ndarray | float)]
    for position, number in itertools.product(arrays, (0.5, 2, True, 0.5j)):
        changed = (function, (*narrow[:position], number, *narrow[position + 1 :]), kwargs)
        for result in run_if_valid(changed):
            terms, options = terms_of(changed)
            check(changed, terms, options, result)
            terms[position] = fact_of(number, "number")
            check(changed, terms, options, result)


def converted(value: Any, dtype: Any) -> Any:
    if isinstance(value, list | tuple):
        return type(value)([converted(item, dtype) for item in value])
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return value.astype(dtype)
    return value


@of_each_function
def test_what_is_inferred_from_less_is_true(call: Call) -> None:
    result = run(call)
    args, kwargs = terms_of(call)
    chance = random.Random(described(call))

    for _ in range(12):
        less = [weakened(arg, value, chance) for arg, value in zip(args, call[1], strict=True)]
        options = {name: weakened(kwargs[name], value, chance) for name, value in call[2].items()}
        check(call, less, options, result)


def weakened(fact: Any, value: Any, chance: random.Random) -> Any:
    """The same argument with less known of it."""
    if isinstance(fact, Const):
        if isinstance(fact.value, str) or fact.value is None or callable(fact.value):
            return chance.choice([fact, fact, fact, UNKNOWN])
        return chance.choice([fact, fact, UNKNOWN, fact_of(value, "k"), without_number(value)])
    if fact.kind in ("list", "tuple") and fact.items is not None:
        items = [weakened(item, part, chance) for item, part in zip(fact.items, value, strict=True)]
        return chance.choice([replace(fact, items=tuple(items)), Fact(fact.kind), UNKNOWN])
    options = [fact, replace(fact, dims=None), replace(fact, dtype=None), UNKNOWN]
    options.append(replace(fact, kind="numeric") if fact.kind in NUMERIC else fact)
    return chance.choice(options)


def without_number(value: Any) -> Fact:
    """A number of which only the type is known."""
    fact = fact_of_constant(value)
    if fact.kind in ("slice", "dict"):
        return Fact(fact.kind)
    items = fact.items if fact.items is None else tuple([without_number(item) for item in value])
    return replace(fact, size=None, items=items)
