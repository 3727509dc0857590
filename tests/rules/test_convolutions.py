"""Convolutions against their definition, by loops."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tapeless.rules import convolutions
from tapeless.rules.convolutions import (
    convolution,
    convolution_to_weight,
    convolution_with_bias,
)
from tapeless.rules.windows import laid
from tests.rules.samples.convolutions import ALL, output_of


def by_loops(x, w, stride, padding, dilation, groups):
    """Each number of the result by itself, from an input that is read as zero outside."""
    stride, padding, dilation = laid(w.shape, stride, padding, dilation)

    def at(image, channel, place):
        inside = all(0 <= p < n for p, n in zip(place, x.shape[2:], strict=True))
        return x[(image, channel, *place)] if inside else 0.0

    lengths = [
        len(range(-before, n + after - (k - 1) * far, step))
        for n, k, step, (before, after), far in zip(
            x.shape[2:], w.shape[2:], stride, padding, dilation, strict=True
        )
    ]
    y = np.zeros((x.shape[0], w.shape[0], *lengths))
    for image, output, *start in np.ndindex(*y.shape):
        first = output // (w.shape[0] // groups) * w.shape[1]
        for channel, *inner in np.ndindex(*w.shape[1:]):
            place = [
                s * step - before + k * far
                for s, step, (before, _), k, far in zip(start, stride, padding, inner, dilation, strict=True)
            ]
            kept = all(
                max(0, -before) <= p < n - max(0, -after)
                for p, n, (before, after) in zip(place, x.shape[2:], padding, strict=True)
            )
            if kept:
                y[(image, output, *start)] += at(image, first + channel, place) * w[(output, channel, *inner)]
    return y


@pytest.mark.parametrize("case", ALL, ids=str)
def test_each_number_is_the_sum_of_what_the_kernel_covers(case):
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal(case[0]), rng.standard_normal(case[1])

    np.testing.assert_allclose(convolution(x, w, *case[2:]), by_loops(x, w, *case[2:]), atol=1e-12)


@pytest.mark.parametrize("case", ALL, ids=str)
def test_the_bias_is_added_and_the_result_is_contiguous_and_new(case):
    rng = np.random.default_rng(0)
    x, w, bias = (rng.standard_normal(shape) for shape in (case[0], case[1], case[1][:1]))

    found = convolution_with_bias(x, w, bias, *case[2:])

    expected = convolution(x, w, *case[2:]) + bias.reshape(-1, *(1,) * (x.ndim - 2))
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert found.flags.c_contiguous
    assert not np.shares_memory(found, x)


def test_any_memory_layout_of_the_input_will_do():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((5, 6, 2, 3)).transpose(2, 3, 1, 0)[:, :, ::-1]
    w = rng.standard_normal((3, 3, 2, 4)).transpose(3, 1, 0, 2)[:, :, :, ::2]
    options = ((2, 1), ((1, 0), (0, 1)), (1, 1), 1)

    found = convolution(x, w, *options)

    np.testing.assert_allclose(found, convolution(x.copy(), w.copy(), *options), atol=1e-12)


def test_products_of_rows_are_added_up_in_blocks_of_any_size(monkeypatch):
    case = ALL[6]
    c, x = output_of(case), np.random.default_rng(0).standard_normal(case[0])
    whole = convolution_to_weight(c, x, case[1], *case[2:])

    monkeypatch.setattr(convolutions, "BLOCK", 1)
    monkeypatch.setattr(convolutions, "SMALL", 0)

    np.testing.assert_allclose(convolution_to_weight(c, x, case[1], *case[2:]), whole, atol=1e-12)


@pytest.mark.parametrize("case", ALL, ids=str)
def test_views_of_rows_give_what_one_copied_matrix_gives(case, monkeypatch):
    rng = np.random.default_rng(0)
    x, w, c = rng.standard_normal(case[0]), rng.standard_normal(case[1]), output_of(case)
    copied = convolution(x, w, *case[2:]), convolution_to_weight(c, x, case[1], *case[2:])

    monkeypatch.setattr(convolutions, "SMALL", 0)

    np.testing.assert_allclose(convolution(x, w, *case[2:]), copied[0], atol=1e-12)
    np.testing.assert_allclose(convolution_to_weight(c, x, case[1], *case[2:]), copied[1], atol=1e-12)


def test_float32_and_complex_numbers_stay_what_they_are():
    case = ALL[5]
    for dtype in (np.float32, np.complex64, np.float64):
        x, w = np.ones(case[0], dtype), np.ones(case[1], dtype)

        assert convolution(x, w, *case[2:]).dtype == dtype
        assert convolution_with_bias(x, w, np.ones(case[1][0], dtype), *case[2:]).dtype == dtype


@pytest.mark.parametrize(
    ("x", "w", "groups", "message"),
    [
        (
            (2, 3, 8, 8),
            (4, 2, 3, 3),
            1,
            "Given groups=1, weight of size [4, 2, 3, 3], expected input[2, 3, 8, 8] to have 2 channels, "
            "but got 3 channels instead",
        ),
        (
            (8, 8),
            (4, 2, 3, 3),
            1,
            "Expected 3D (unbatched) or 4D (batched) input to conv2d, but got input of size: [8, 8]",
        ),
        (
            (2, 2, 2, 2),
            (4, 2, 3, 3),
            1,
            "Calculated padded input size per channel: (2 x 2). Kernel size: (3 x 3). "
            "Kernel size can't be greater than actual input size",
        ),
        (
            (2, 2, 4, 4),
            (3, 2, 3, 3),
            2,
            "Given groups=2, expected weight to be divisible by 2 at dimension 0, "
            "but got weight of size [[3, 2, 3, 3]] instead",
        ),
        (
            (2, 2, 4, 4),
            (1, 2, 3, 3),
            2,
            "Given groups=2, expected weight to be at least 2 at dimension 0, "
            "but got weight of size [1, 2, 3, 3] instead",
        ),
        ((2, 2, 4, 4), (1, 2, 3, 3), 0, "non-positive groups is not supported"),
        (
            (2, 2, 4, 4),
            (1, 2, 3),
            1,
            "Expected 2D (unbatched) or 3D (batched) input to conv1d, but got input of size: [2, 2, 4, 4]",
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_the_words_people_search_for(x, w, groups, message):
    with pytest.raises(RuntimeError) as refused:
        convolution(np.zeros(x), np.zeros(w), 1, 0, 1, groups)

    assert str(refused.value) == message


def test_a_bias_must_have_a_number_for_each_kernel():
    with pytest.raises(
        RuntimeError, match=r"expected bias to be 1-dimensional with 4 elements, but got bias of"
    ):
        convolution_with_bias(np.zeros((2, 2, 4, 4)), np.zeros((4, 2, 3, 3)), np.zeros(3), 1, 0, 1, 1)


def test_no_output_is_larger_than_its_input_allows():
    for n, k, step, far in itertools.product((3, 5, 8), (1, 2, 3), (1, 2, 3), (1, 2)):
        reach = (k - 1) * far + 1
        if reach <= n:
            y = convolution(np.ones((1, 1, n)), np.ones((1, 1, k)), step, 0, far, 1)

            assert y.shape[2] == len(range(0, n - reach + 1, step))
            assert (y == k).all()
