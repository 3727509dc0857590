"""choose is np.where."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from tapeless.rules.activations import relu
from tapeless.rules.choosing import LARGE, choose
from tapeless.rules.pullback import pullback
from tapeless.rules.table import lookup

SHAPE = (LARGE // 16, 17)
rng = np.random.default_rng(0)


def array(dtype, shape=SHAPE):
    found = rng.standard_normal(shape).astype(dtype)
    found.flat[:6] = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-40]
    return found


def same_bits(actual, expected):
    assert actual.dtype == expected.dtype
    assert actual.shape == expected.shape
    assert actual.tobytes() == expected.tobytes()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble, np.complex64, np.int64])
@pytest.mark.parametrize("second", ["array", 0.0, -0.0, 1.0, np.float64(2.0), 3])
def test_every_element_is_that_of_where(dtype, second):
    condition = rng.random(SHAPE) < 0.5
    x = (rng.standard_normal(SHAPE) * 9.0).astype(dtype)
    other = (rng.standard_normal(SHAPE) * 9.0).astype(dtype) if second == "array" else second

    same_bits(choose(condition, x, other), np.where(condition, x, other))
    same_bits(choose(condition, other, x), np.where(condition, other, x))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_special_numbers_keep_their_bits(dtype):
    for turn in range(2):
        condition = (np.arange(np.prod(SHAPE)).reshape(SHAPE) + turn) % 2 == 0
        x, y = array(dtype), array(dtype)[::1]
        for one, other in ((x, y), (x, 0.0), (0.0, x), (x, 0.1), (-np.inf, x), (np.nan, x)):
            same_bits(choose(condition, one, other), np.where(condition, one, other))


def test_what_must_be_broadcast_or_is_not_contiguous_is_chosen_too():
    condition = rng.random(SHAPE) < 0.5
    x, row, turned = array(np.float32), array(np.float32, SHAPE[1:]), array(np.float32, SHAPE[::-1]).T
    wide = array(np.float64)
    for one, other in ((x, row), (row, 0.0), (turned, x), (x, wide), (x, np.float32(2.0)), (1.0, 2.0)):
        same_bits(choose(condition, one, other), np.where(condition, one, other))
        same_bits(
            choose(condition.T, one.T if np.ndim(one) == 2 else 1.0, 0.0),
            np.where(condition.T, one.T if np.ndim(one) == 2 else 1.0, 0.0),
        )
    same_bits(choose(x > 0.0, x, np.ones(SHAPE, int)), np.where(x > 0.0, x, np.ones(SHAPE, int)))
    same_bits(choose(np.ones(SHAPE, int), x, 0.0), x)
    same_bits(choose(True, x, 0.0), x)
    same_bits(choose(np.zeros((0, 3), bool), np.ones((0, 3)), 0.0), np.ones((0, 3)))


def test_arguments_are_left_as_they_are():
    condition = rng.random(SHAPE) < 0.5
    x, y = array(np.float64), array(np.float64)
    before = condition.copy(), x.copy(), y.copy()
    choose(condition, x, y)
    choose(condition, x, 0.0)

    for now, then in zip((condition, x, y), before, strict=True):
        np.testing.assert_array_equal(now, then)


def test_pullbacks_choose_so_on_arrays_and_print_where():
    cut = pullback(lookup(relu), needs=(True,), fits=False)
    x, g = array(np.float64), array(np.float64)

    assert "np.where(" in cut.source
    assert "choose(" in inspect.getsource(cut.on_arrays)
    same_bits(cut.on_arrays(g, np.maximum(x, 0.0)), np.where(np.maximum(x, 0.0) <= 0.0, 0.0, g))
