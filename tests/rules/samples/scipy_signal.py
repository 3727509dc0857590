"""Samples of tapeless/rules/scipy_signal.py."""

import pytest

from tests.rules.sample import Edge, Sample, array

signal = pytest.importorskip("scipy.signal")
from tapeless.rules.scipy_signal import convolution, out_of_full, placed_in  # noqa: E402

MODES = ("full", "same", "valid")
pairs = [(array(7), array(3, seed=1)), (array(4, 5), array(2, 3, seed=1)), (array(6), array(4, seed=1))]

SAMPLES = [
    *[
        Sample(signal.convolve, (*pair, mode), wrt=(0, 1), note=f" {mode}")
        for pair in pairs
        for mode in MODES
    ],
    *[
        Sample(signal.fftconvolve, (*pair, mode), wrt=(0, 1), note=f" {mode}")
        for pair in pairs
        for mode in MODES
    ],
    *[Sample(convolution, (*pair, mode), wrt=(0, 1), note=f" {mode}") for pair in pairs for mode in MODES],
    Sample(signal.convolve, (array(3), array(7, seed=1), "valid"), wrt=(0, 1), note=" the second larger"),
    Sample(
        signal.convolve, (array(3), array(6, seed=1), "same"), wrt=(0, 1), note=" same, the second larger"
    ),
    Sample(out_of_full, (array(5, 4), (2, 3))),
    Sample(placed_in, (array(2, 3), (5, 4))),
]

EDGES: list[Edge] = []
