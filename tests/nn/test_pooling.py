"""Layers that pool: they are the functions with their options."""

from __future__ import annotations

import pytest

import tapeless as tl
from tapeless import nn
from tapeless.nn import functional
from tests.nn.functional.plane_cases import wave

PRINTED = [
    (lambda: nn.MaxPool1d(2), "MaxPool1d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)"),
    (
        lambda: nn.MaxPool2d((3, 2), stride=2, padding=1, dilation=2, ceil_mode=True),
        "MaxPool2d(kernel_size=(3, 2), stride=2, padding=1, dilation=2, ceil_mode=True)",
    ),
    (lambda: nn.AvgPool1d(2), "AvgPool1d(kernel_size=(2,), stride=(2,), padding=(0,))"),
    (lambda: nn.AvgPool2d(3, 2, 1), "AvgPool2d(kernel_size=3, stride=2, padding=1)"),
    (lambda: nn.AdaptiveAvgPool1d(3), "AdaptiveAvgPool1d(output_size=3)"),
    (lambda: nn.AdaptiveAvgPool2d((None, 3)), "AdaptiveAvgPool2d(output_size=(None, 3))"),
    (lambda: nn.AdaptiveMaxPool1d(3), "AdaptiveMaxPool1d(output_size=3)"),
    (lambda: nn.AdaptiveMaxPool2d(3, return_indices=True), "AdaptiveMaxPool2d(output_size=3)"),
]


@pytest.mark.parametrize(("make", "text"), PRINTED, ids=[text for _, text in PRINTED])
def test_layers_are_printed_as_pytorch_prints_them(make, text):
    assert repr(make()) == text


SAME = [
    (nn.MaxPool1d(3, 2, 1, ceil_mode=True), lambda x: functional.max_pool1d(x[0], 3, 2, 1, ceil_mode=True)),
    (nn.MaxPool2d(3, 1, 1, 2), lambda x: functional.max_pool2d(x, 3, 1, 1, 2)),
    (
        nn.AvgPool1d(3, 2, 1, True, False),
        lambda x: functional.avg_pool1d(x[0], 3, 2, 1, ceil_mode=True, count_include_pad=False),
    ),
    (nn.AvgPool2d(2, divisor_override=3), lambda x: functional.avg_pool2d(x, 2, divisor_override=3)),
    (nn.AdaptiveAvgPool1d(2), lambda x: functional.adaptive_avg_pool1d(x[0], 2)),
    (nn.AdaptiveAvgPool2d((2, None)), lambda x: functional.adaptive_avg_pool2d(x, (2, None))),
    (nn.AdaptiveMaxPool1d(2), lambda x: functional.adaptive_max_pool1d(x[0], 2)),
    (nn.AdaptiveMaxPool2d((2, 3)), lambda x: functional.adaptive_max_pool2d(x, (2, 3))),
]


@pytest.mark.parametrize(("layer", "function"), SAME, ids=lambda value: getattr(value, "_get_name", str)())
def test_a_layer_is_the_function_with_its_options(layer, function):
    x = tl.from_numpy(wave((2, 3, 7, 6), 0.0))

    given = x[0] if type(layer).__name__.endswith("1d") else x
    assert layer(given).tolist() == function(x).tolist()


def test_places_are_given_when_asked_for():
    x = tl.from_numpy(wave((1, 4, 4), 0.0))

    for layer in (nn.MaxPool2d(2, return_indices=True), nn.AdaptiveMaxPool2d(2, return_indices=True)):
        values, places = layer(x)

        assert x.reshape(-1)[places.reshape(-1)].tolist() == values.reshape(-1).tolist()
