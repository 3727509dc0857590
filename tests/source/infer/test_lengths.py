"""The arithmetic of lengths says nothing that is not so for some lengths."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest

from tapeless.source.facts import Dim, Fact, Size, derived
from tapeless.source.infer.lengths import (
    as_length,
    difference,
    least,
    minus,
    plus,
    product,
    quotient,
    sliced,
    total,
)
from tapeless.source.infer.linalg import smaller
from tests.source.infer.truth import Truth

N, S = Size("n.0", False), Size("s.0")
DIMS: list[Dim] = [
    0, 1, 3, N, S, plus(N, 1), plus(N, 2), minus(N, 1), minus(N, 3), plus(S, 1), minus(S, 2), product((N, S)),
    total((N, S)), least(N, 1), least(N, 2), minus(plus(N, 1), 2), plus(minus(N, 1), 1), minus(plus(N, 3), 1),
]  # fmt: skip
BOUNDS = (None, 0, 1, 2, 5, -1, -2, -4)


def cases() -> Iterator[Truth]:
    """All small lengths: n is not 1 long, s may be."""
    for n, s in itertools.product((0, 2, 3, 6), (0, 1, 2, 5)):
        truth = Truth()
        truth.lengths |= {"n.0": n, "s.0": s}
        yield truth


def value(truth: Truth, dim: Dim) -> int:
    found = dim if isinstance(dim, int) else truth.length(dim.name)
    assert found is not None
    return int(found)


def check(found: Dim | None, expected: Callable[..., int], dims: Sequence[Dim]) -> None:
    """Assert that `found` is what `expected` gives for the lengths, in every case."""
    assert found is not None
    for truth in cases():
        real = expected(*[value(truth, dim) for dim in dims])
        if isinstance(found, Size) and found.name == "?":
            assert found.stretches or real != 1
        else:
            truth.check(Fact("array", None, (found,)), np.zeros(real))


@pytest.mark.parametrize("dim", DIMS, ids=str)
def test_one_length_and_a_number(dim: Dim) -> None:
    for k in range(5):
        check(plus(dim, k), lambda n, k=k: n + k, [dim])
        check(minus(dim, k), lambda n, k=k: max(n - k, 0), [dim])
        check(least(dim, k), lambda n, k=k: min(n, k), [dim])


@pytest.mark.parametrize("dim", DIMS, ids=str)
def test_two_lengths(dim: Dim) -> None:
    for other in DIMS:
        check(total((dim, other)), lambda m, n: m + n, [dim, other])
        check(total((dim, other, 2)), lambda m, n: m + n + 2, [dim, other])
        check(product((dim, other)), lambda m, n: m * n, [dim, other])
        check(product((dim, 3, other)), lambda m, n: 3 * m * n, [dim, other])
        check(smaller(dim, other), min, [dim, other])


@pytest.mark.parametrize("dim", DIMS, ids=str)
def test_slices_with_numbers(dim: Dim) -> None:
    for start, stop, step in itertools.product(BOUNDS, BOUNDS, (None, 1, 2, -1, -2)):
        part = slice(start, stop, step)
        check(sliced(dim, start, stop, step), lambda n, part=part: len(range(n)[part]), [dim])


@pytest.mark.parametrize("dim", DIMS, ids=str)
def test_slices_up_to_lengths(dim: Dim) -> None:
    ends: list[Any] = [*DIMS, *(difference(dim, k) for k in (1, 2, 3)), difference(N, 2)]
    for start, stop in itertools.product((None, 0, 1, 2, -1, N, S), ends):
        if stop is None:
            continue
        for truth in cases():
            a, b = (None if bound is None else value(truth, bound) for bound in (start, stop))
            found = sliced(dim, start, stop, None)
            expected = len(range(value(truth, dim))[a:b])
            truth.check(Fact("array", None, (found,)), np.zeros(expected))


def test_a_difference_that_is_used_as_a_length_is_not_negative() -> None:
    for k in range(1, 4):
        found = difference(N, k)
        assert found is not None
        assert minus(N, k) == as_length(found)


@pytest.mark.parametrize(
    ("whole", "parts"),
    [
        ((N, S), (N,)),
        ((N, S), (S,)),
        ((N, 6), (2,)),
        ((N, 6), (3, N)),
        ((N, S, 2), ()),
        ((N,), (2,)),
        ((N, 3), (S,)),
    ],
    ids=str,
)
def test_what_is_left_of_a_shape(whole: Sequence[Dim], parts: Sequence[Dim]) -> None:
    found = quotient(whole, parts)
    for truth in cases():
        size, rest = (math.prod(value(truth, dim) for dim in dims) for dims in (whole, parts))
        if rest and size % rest == 0 and (isinstance(found, int) or found.name != "?"):
            truth.check(Fact("array", None, (found,)), np.zeros(size // rest))


def test_names_of_any_length_stay_short_and_tell_lengths_apart() -> None:
    long = [derived("n.0+" * 60 + str(k)) for k in range(3)]

    assert all(len(size.name) < 40 for size in long)
    assert len(set(long)) == 3
    assert derived("n.0+" * 60 + "1") == long[1]


def test_lengths_that_cannot_be_one_are_known_not_to_be() -> None:
    found = [product((N, S)), product((2, S)), total((N, N)), plus(S, 2), least(N, 2), minus(plus(N, 3), 1)]

    assert [size.stretches for size in found if isinstance(size, Size)] == [False] * 6
