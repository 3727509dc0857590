"""Pooling against its definition, window by window."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tapeless.rules.pooling import (
    adaptive_average_pool,
    adaptive_places,
    average_pool,
    pool_places,
    take_pooled,
)
from tapeless.rules.windows import adaptive_bounds, adaptive_counts, pooled_lengths, pooling
from tests.rules.sample import distinct
from tests.rules.samples.pooling import ADAPTIVE, AVERAGES, MAXIMA

NAN, INF = math.nan, math.inf


def window(plane, size, stride, padding, dilation, at):
    """The places of the plane under one window, and how many it would have with the padding."""
    axes, held = [], 1
    for n, k, step, pad, far, i in zip(plane, size, stride, padding, dilation, at, strict=True):
        reached = [i * step - pad + j * far for j in range(k)]
        axes.append([place for place in reached if 0 <= place < n])
        held *= sum(place < n + pad for place in reached)
    return [[]] if not axes else list(
        np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, len(axes))
    ), held


@pytest.mark.parametrize("case", MAXIMA, ids=str)
def test_each_maximum_is_the_largest_of_its_window(case):
    shape, axes, *options, ceil_mode = case
    size, stride, padding, dilation = pooling("max_pool", axes, *options)
    x, lead = distinct(*shape), len(shape) - axes

    places = pool_places(x, *case[1:])
    found = take_pooled(x, places, axes)

    assert found.shape[lead:] == pooled_lengths(shape[lead:], size, stride, padding, dilation, ceil_mode)
    for index in np.ndindex(*found.shape):
        under, _ = window(shape[lead:], size, stride, padding, dilation, index[lead:])
        values = [x[(*index[:lead], *place)] for place in under]
        assert found[index] == max(values)
        where = under[values.index(max(values))]
        assert places[index] == np.ravel_multi_index(tuple(where), shape[lead:])


@pytest.mark.parametrize("case", AVERAGES, ids=str)
def test_each_mean_is_the_sum_of_its_window_over_what_counts(case):
    shape, axes, *options, _, count_include_pad, divisor = case
    size, stride, padding, ones = pooling("avg_pool", axes, *options)
    x, lead = np.random.default_rng(0).standard_normal(shape), len(shape) - axes

    found = average_pool(x, *case[1:])

    for index in np.ndindex(*found.shape):
        under, held = window(shape[lead:], size, stride, padding, ones, index[lead:])
        total = sum(x[(*index[:lead], *place)] for place in under)
        over = divisor if divisor is not None else held if count_include_pad else len(under)
        np.testing.assert_allclose(found[index], total / over, atol=1e-12)


@pytest.mark.parametrize("case", ADAPTIVE, ids=str)
def test_adaptive_windows_cover_all_and_give_as_many_numbers_as_asked_for(case):
    shape, axes, _ = case
    x, lead = distinct(*shape), len(shape) - axes
    lengths = adaptive_counts("", shape, *case[1:])
    bounds = [adaptive_bounds(n, m) for n, m in zip(shape[lead:], lengths, strict=True)]

    means = adaptive_average_pool(x, *case[1:])
    largest = take_pooled(x, adaptive_places(x, *case[1:]), axes)

    assert means.shape == largest.shape == (*shape[:lead], *lengths)
    for index in np.ndindex(*means.shape):
        ends = [axis[i] for axis, i in zip(bounds, index[lead:], strict=True)]
        under = x[(*index[:lead], *(slice(*pair) for pair in ends))]
        np.testing.assert_allclose(means[index], under.mean())
        assert largest[index] == under.max()


def places_of(values, **options):
    size, stride, padding = (
        options.get(name, other) for name, other in (("size", 2), ("stride", 1), ("padding", 0))
    )
    return pool_places(np.array(values), 1, size, stride, padding, 1, False).tolist()


def test_the_first_of_equal_numbers_is_taken():
    assert places_of([2.0, 2.0, 2.0], size=3) == [0]
    assert places_of([0.0, -0.0, 0.0], size=2) == [0, 1]
    assert places_of([True, True, False]) == [0, 1]


def test_nan_is_larger_than_all_and_the_last_of_several_is_taken():
    assert places_of([NAN, 5.0, NAN, 1.0], size=3) == [2, 2]
    assert adaptive_places(np.array([NAN, 5.0, NAN, 1.0]), 1, 1).tolist() == [2]


def test_padding_is_never_the_largest():
    assert places_of([-INF, -INF, -INF], size=3, stride=2, padding=1) == [0, 1]
    assert places_of([-5, -7, -9], size=3, stride=2, padding=1) == [0, 1]
    assert pool_places(np.full((2, 2), -INF), 2, 2, 2, 1, 1, False).tolist() == [
        [0, 1],
        [2, 3],
    ]


def test_padding_by_steps_of_a_dilated_window_begins_with_the_first_place_inside():
    # places -1, 1, 3 and 1, 3, 5
    assert pool_places(np.full(6, -INF), 1, 3, 2, 1, 2, False).tolist() == [1, 1]
    # places -2, 1, 4, 7 and 0, 3, 6, 9
    assert pool_places(np.full(10, -INF), 1, 4, 2, 2, 3, False).tolist()[:2] == [1, 0]


def test_float32_stays_float32():
    x = np.ones((1, 1, 4, 4), np.float32)

    assert average_pool(x, 2, 3, 2, 1, True, False, None).dtype == np.float32
    assert average_pool(x, 2, 2, 2, 0, False, True, None).dtype == np.float32
    assert adaptive_average_pool(x, 2, 3).dtype == np.float32


@pytest.mark.parametrize("pool", [pool_places, average_pool])
def test_a_plane_smaller_than_a_window_is_refused_in_the_words_people_search_for(pool):
    rest = (1, False) if pool is pool_places else (False, True, None)

    with pytest.raises(RuntimeError) as refused:
        pool(np.zeros((5, 1, 2, 2)), 2, 3, None, 0, *rest)

    assert str(refused.value) == (
        "Given input size: (1x2x2). Calculated output size: (1x0x0). Output size is too small"
    )


def test_windows_that_hold_nothing_but_padding_are_refused():
    # places -1 and 1 of a single number
    with pytest.raises(RuntimeError, match="a window of dilation 2 holds nothing but padding"):
        pool_places(np.zeros((1, 1)), 1, 2, 1, 1, 2, False)


def test_padding_of_more_than_half_a_window_is_refused_whatever_the_dilation():
    for dilation, message in ((1, "half of effective kernel size"), (3, "half of kernel size")):
        with pytest.raises(RuntimeError, match=message):
            pool_places(np.zeros((1, 9)), 1, 3, 1, 2, dilation, False)


def test_complex_numbers_have_no_largest():
    with pytest.raises(TypeError, match="complex numbers have no largest"):
        pool_places(np.ones((1, 4), complex), 1, 2, None, 0, 1, False)


def test_nothing_cannot_be_shared_among_windows():
    for pool in (adaptive_places, adaptive_average_pool):
        with pytest.raises(
            RuntimeError, match=r"input has sizes \[1, 3, 0, 4\] with dimension 2 being empty"
        ):
            pool(np.zeros((1, 3, 0, 4)), 2, 2)


def test_windows_of_more_than_256_places():
    x = distinct(2, 20, 20)

    places = pool_places(x, 2, 18, 1, 0, 1, False)

    for plane, row, column in np.ndindex(2, 3, 3):
        under = x[plane, row : row + 18, column : column + 18]
        assert x[plane].ravel()[places[plane, row, column]] == under.max()
