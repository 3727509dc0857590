"""Helpers say in NumPy's words what they do, and it is what they did."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest

from tapeless.ir.program import Const, Let, Program, Return, Var
from tapeless.rules.contractions import dot_to_left, dot_to_right, matmul_to_left, matmul_to_right
from tapeless.rules.norms import norm
from tapeless.rules.reductions import count_reduced
from tapeless.rules.smooth import power_derivative
from tapeless.rules.support import restore_axes
from tapeless.source.facts import Fact, fact_of
from tapeless.source.simplify.learn import learn
from tapeless.source.simplify.plain import say_plainly
from tests.ir.evaluate import evaluate
from tests.source.simplify.writing import PYTHON_FLOAT, M, N, let, made, real

RANDOM = np.random.default_rng(0)


def plain(op: Any, *args: Any) -> Program:
    """The call with arrays as parameters, said plainly; it is held to what the call gives."""
    names = [f"x{i}" if isinstance(arg, np.ndarray) else None for i, arg in enumerate(args)]
    params = {name: arg for name, arg in zip(names, args, strict=True) if name is not None}
    atoms = tuple(Const(a) if n is None else Var(n) for n, a in zip(names, args, strict=True))
    whole = Program("f", tuple(params), (Let(("d",), op, atoms),), Return((Var("d"),)))
    changed = say_plainly(whole, learn(whole, {name: fact_of(arg, name) for name, arg in params.items()}))

    np.testing.assert_allclose(evaluate(changed, *params.values()), op(*args), rtol=1e-15)
    return changed


def helper_is_left(changed: Program, op: Any) -> bool:
    return any(isinstance(s, Let) and s.op is op for s in changed.body)


def numbers(*shape: int) -> np.ndarray:
    return RANDOM.normal(size=shape)


@pytest.mark.parametrize(
    ("op", "product", "other", "shape"),
    [
        (matmul_to_left, (2, 4), (3, 4), (2, 3)),
        (matmul_to_left, (2,), (3,), (2, 3)),
        (matmul_to_left, (4,), (3, 4), (3,)),
        (matmul_to_right, (2, 4), (2, 3), (3, 4)),
        (matmul_to_right, (2,), (2, 3), (3,)),
        (matmul_to_right, (4,), (3,), (3, 4)),
        (dot_to_left, (2, 4), (3, 4), (2, 3)),
        (dot_to_left, (2,), (3,), (2, 3)),
        (dot_to_left, (4,), (3, 4), (3,)),
        (dot_to_right, (2, 4), (2, 3), (3, 4)),
        (dot_to_right, (2,), (2, 3), (3,)),
        (dot_to_right, (4,), (3,), (3, 4)),
        (matmul_to_left, (), (3,), (3,)),
        (dot_to_right, (), (3,), (3,)),
    ],
)
def test_cotangents_of_products_of_matrices_and_vectors_are_products(
    op: Any, product: tuple[int, ...], other: tuple[int, ...], shape: tuple[int, ...]
):
    g: Any = numbers(*product) if product else np.float64(0.7)

    assert not helper_is_left(plain(op, g, numbers(*other), shape), op)


def test_a_python_number_that_would_be_made_an_array_first_is_left_to_the_helper():
    facts = {"g": PYTHON_FLOAT, "x": real(N, dtype=np.float32), "y": real(N)}

    for_x = made(say_plainly, facts, let("s", np.shape, "x"), let("d", dot_to_left, "g", "x", "s"))

    assert "dot_to_left" in for_x


@pytest.mark.parametrize(
    ("product", "other", "shape"), [((5, 2, 4), (3, 4), (5, 2, 3)), ((5, 2, 4), (5, 3, 4), (2, 3))]
)
def test_stacks_of_matrices_are_left_to_the_helper(product: Any, other: Any, shape: Any):
    assert helper_is_left(plain(matmul_to_left, numbers(*product), numbers(*other), shape), matmul_to_left)


@pytest.mark.parametrize("m", [1, 2, 3])
@pytest.mark.parametrize("exponent", [3, 3.0, 0.5, 1.5, -1, 4, 2.5, -0.5])
def test_powers_by_a_number_are_products(exponent: float, m: int):
    changed = plain(power_derivative, np.abs(numbers(4)) + 0.1, exponent, m, 0)

    assert not helper_is_left(changed, power_derivative)


@pytest.mark.parametrize(
    ("exponent", "m", "k"), [(0, 1, 0), (1, 2, 0), (2, 1, 1), (2, 0, 1), (np.float64(2.0), 1, 0)]
)
def test_other_powers_are_left_to_the_helper(exponent: Any, m: int, k: int):
    assert helper_is_left(plain(power_derivative, np.abs(numbers(4)) + 0.1, exponent, m, k), power_derivative)


@pytest.mark.parametrize(("axis", "g"), [(0, (4,)), (1, (3,)), (-1, (3,)), ((0, 1), ()), ((0,), (4,))])
def test_axes_are_restored_by_expand_dims(axis: Any, g: tuple[int, ...]):
    changed = plain(restore_axes, np.asarray(numbers(*g)), (3, 4), axis, False)

    assert not helper_is_left(changed, restore_axes)


def test_the_euclidean_norm_is_said_in_a_line():
    x = numbers(3)
    facts = {"g": real(), "t": real(), "x": real(N)}

    assert made(say_plainly, facts, let("d", norm, "g", "t", "x", None, None, False)) == (
        "t_1 = divide_or_zero(x, t)\nd = g * t_1\nreturn d"
    )
    assert not helper_is_left(plain(norm, np.float64(2.0), np.linalg.norm(x), x, None, None, False), norm)
    assert helper_is_left(plain(norm, np.float64(2.0), np.linalg.norm(x, 1), x, 1, None, False), norm)


def test_counts_are_sizes():
    facts = {"x": real(N, M)}
    ask = let("s", np.shape, "x")

    def counted(axis: Any, facts: dict[str, Fact] = facts) -> str:
        return made(say_plainly, facts, ask, let("d", count_reduced, "s", axis, True, np.dtype(float)))

    assert counted(None) == "d = size(x)\nreturn d"
    assert counted(1) == "s = shape(x)\nd = getitem(s, 1)\nreturn d"
    assert counted(1, {"x": real(N, 3)}) == "return 3"
    assert counted(None, {"x": real(2, 3)}) == "return 6"
    assert "count_reduced" in counted((0, 1))


def test_what_numpy_does_anyway_is_not_said():
    body = let("d", np.mean, "x", axis=None, keepdims=True, where=True, dtype=None)

    assert made(say_plainly, {"x": real(N)}, body) == "d = mean(x, keepdims=True)\nreturn d"
    assert made(say_plainly, {"x": real(N)}, let("d", np.add.reduce, "x", axis=None)) == (
        "d = add.reduce(x, axis=None)\nreturn d"
    )


def test_arrays_of_ones_are_like_an_array():
    ask = let("s", np.shape, "x")

    assert made(say_plainly, {"x": real(N)}, ask, let("d", np.full, "s", 1.0)) == "d = ones_like(x)\nreturn d"
    assert made(say_plainly, {"x": real(N)}, ask, let("d", np.full, "s", 2.0)) == (
        "d = full_like(x, 2.0)\nreturn d"
    )
    assert "full(s" in made(say_plainly, {"x": real(N, dtype=np.float32)}, ask, let("d", np.full, "s", 1.0))


def test_nothing_is_computed_for_its_shape_alone():
    facts = {"x": real(N), "y": real(M, N)}
    body = (let("a", np.sin, "x"), let("b", operator.mul, "a", "y"), let("c", np.exp, "b"))

    assert made(say_plainly, facts, *body, let("d", np.size, "c")) == "d = size(y)\nreturn d"
    assert made(say_plainly, facts, *body, let("d", np.shape, "a")) == "d = shape(x)\nreturn d"
    assert "sum(y)" in made(say_plainly, facts, let("a", np.sum, "y"), let("d", np.shape, "a"))
