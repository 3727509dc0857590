"""Samples of tapeless/rules/convolutions.py."""

import numpy as np

from tapeless.rules.convolutions import (
    convolution,
    convolution_to_input,
    convolution_to_weight,
    convolution_with_bias,
    over_channels,
    sum_of_channels,
)
from tests.rules.sample import Edge, Sample, array

# shapes of the input and the kernels; stride, padding, dilation, groups
SIGNALS = [
    ((2, 3, 7), (4, 3, 3), 1, "valid", 1, 1),
    ((2, 4, 8), (6, 2, 3), (2,), (1,), (1,), 2),
    ((1, 2, 9), (2, 2, 2), 1, "same", 2, 1),
    ((2, 2, 7), (2, 2, 3), 1, ((-1, -1),), 1, 1),
    ((2, 2, 7), (2, 2, 2), 3, ((2, -1),), 1, 1),
]
IMAGES = [
    ((2, 3, 5, 6), (4, 3, 3, 3), 1, 0, 1, 1),
    ((2, 3, 5, 4), (2, 3, 3, 2), 1, "same", 1, 1),
    ((2, 4, 6, 7), (6, 2, 3, 3), 2, 1, 1, 2),
    ((1, 2, 7, 8), (3, 2, 2, 3), 1, ((2, 1), (0, 2)), (2, 3), 1),
    ((1, 2, 9, 8), (2, 1, 3, 3), (3, 2), [1, 2], [2, 2], 2),
    ((2, 3, 4, 4), (3, 1, 2, 2), 2, "valid", 1, 3),
    ((2, 3, 4, 5), (2, 3, 1, 1), (2, 1), 0, 1, 1),
    ((1, 1, 6, 6), (1, 1, 3, 3), 1, ((-1, 0), (0, -2)), 1, 1),
]
ALL = [*SIGNALS, *IMAGES]


def output_of(case):
    x, w, *options = case
    return array(*convolution(np.zeros(x), np.zeros(w), *options).shape, seed=5)


SAMPLES = [
    *(
        Sample(convolution, (array(*x), array(*w, seed=1), *options), wrt=(0, 1), complex=len(x) == 3)
        for x, w, *options in ALL
    ),
    *(
        Sample(
            convolution_with_bias,
            (array(*x), array(*w, seed=1), array(w[0], seed=2), *options),
            wrt=(0, 1, 2),
        )
        for x, w, *options in ALL
    ),
    *(
        Sample(
            convolution_to_input, (output_of(case), array(*case[1], seed=1), case[0], *case[2:]), wrt=(0, 1)
        )
        for case in ALL
    ),
    *(
        Sample(convolution_to_weight, (output_of(case), array(*case[0]), case[1], *case[2:]), wrt=(0, 1))
        for case in ALL
    ),
    Sample(convolution, (array(*IMAGES[0][0]), array(*IMAGES[0][1], seed=1), *IMAGES[0][2:]), wrt=(1,)),
    Sample(
        convolution_with_bias,
        (array(*IMAGES[0][0]), array(*IMAGES[0][1], seed=1), array(4, seed=2), *IMAGES[0][2:]),
        wrt=(2,),
    ),
    Sample(sum_of_channels, (array(2, 3, 4),)),
    Sample(sum_of_channels, (array(2, 3, 4, 2),)),
    Sample(over_channels, (array(3), (2, 3, 4))),
    Sample(over_channels, (array(3), (2, 3, 4, 2))),
]

PLAIN = (1, 0, 1, 1)
EDGES = [
    # the kernel on each of the four places; each weight meets the four numbers under it
    Edge(
        convolution,
        (np.arange(9.0).reshape(1, 1, 3, 3), np.array([[[[1.0, 10.0], [100.0, 1000.0]]]]), *PLAIN),
        (
            np.array([[[[1.0, 11.0, 10.0], [101.0, 1111.0, 1010.0], [100.0, 1100.0, 1000.0]]]]),
            np.array([[[[8.0, 12.0], [20.0, 24.0]]]]),
        ),
        wrt=(0, 1),
    ),
    # a stride that leaves out the last row and column: nothing flows there
    Edge(
        convolution,
        (np.ones((1, 1, 2, 2)), np.full((1, 1, 1, 1), 3.0), 2, *PLAIN[1:]),
        (np.array([[[[3.0, 0.0], [0.0, 0.0]]]]), np.full((1, 1, 1, 1), 1.0)),
        wrt=(0, 1),
    ),
    Edge(
        convolution,
        (np.zeros((0, 2, 3, 3)), np.ones((4, 2, 2, 2)), *PLAIN),
        (np.zeros((0, 2, 3, 3)), np.zeros((4, 2, 2, 2))),
        wrt=(0, 1),
        note="no images",
    ),
    Edge(
        convolution,
        (np.zeros((0, 2, 3, 3)), np.ones((4, 2, 2, 2)), 2, *PLAIN[1:]),
        (np.zeros((0, 2, 3, 3)), np.zeros((4, 2, 2, 2))),
        wrt=(0, 1),
        note="no images, stride",
    ),
]
