"""The error function by table is the C library's."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tapeless as tl
from tapeless.rules.error_table import LARGE, error_function_by_table, has_table


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_it_is_right_to_the_last_digit(dtype):
    rng = np.random.default_rng(0)
    spread = [rng.standard_normal(20000) * scale for scale in (1e-30, 1e-3, 0.5, 2.0, 8.0)]
    nodes = np.arange(-1000, 1000) / 128.0
    x = np.concatenate([*spread, nodes]).astype(dtype)
    expected = np.array([math.erf(value) for value in x.tolist()])

    assert has_table(x)
    np.testing.assert_allclose(error_function_by_table(x), expected, 1.5 * np.finfo(dtype).eps, 0.0)


def test_special_numbers():
    found = error_function_by_table(np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 5.9999, 6.0001, 1e300]))

    np.testing.assert_array_equal(found, [np.nan, 1.0, -1.0, 0.0, 0.0, 1.0, 1.0, 1.0])


def test_only_large_arrays_of_floats_have_it():
    assert not has_table(np.zeros(LARGE - 1))
    assert not has_table(np.zeros(LARGE, np.float16))
    assert not has_table(np.zeros(LARGE, np.longdouble))
    assert not has_table(0.5)


def test_large_arrays_have_the_gradient_of_small_ones():
    x = np.linspace(-3.0, 3.0, LARGE)
    small = [tl.grad(tl.nn.functional.gelu)(value) for value in x[::50]]
    large = tl.grad(lambda x: np.sum(tl.nn.functional.gelu(x)))(x)

    np.testing.assert_allclose(large[::50], small, 1e-13)
