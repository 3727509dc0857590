"""Samples of tapeless/rules/class_losses.py."""

import math

import numpy as np

from tapeless.rules.class_losses import (
    class_cross_entropy,
    class_likelihood,
    counted,
    over_classes,
    pick_classes,
    place_classes,
    softmax_less_one,
)
from tests.rules.sample import Edge, Sample, array, positive

LABELS = np.array([2, 0, 1, 2])
HOLES = np.array([2, -100, 1, -100])
IMAGES = np.array([[0, 2], [1, -100]])
DOUBLE = np.dtype(np.float64)
WAYS = ("none", "sum", "mean")


def row(*values):
    return np.array(values, np.float64)


SAMPLES = [
    *[
        Sample(function, (array(4, 3), LABELS, 1, None, -100, how))
        for function in (class_cross_entropy, class_likelihood)
        for how in WAYS
    ],
    *[
        Sample(function, (array(4, 3), HOLES, 1, positive(3), -100, how), note="weights, holes")
        for function in (class_cross_entropy, class_likelihood)
        for how in WAYS
    ],
    *[
        Sample(function, (array(2, 3, 2), IMAGES, 1, None, 2, "mean"), note="images")
        for function in (class_cross_entropy, class_likelihood)
        for IMAGES in (np.array([[0, 2], [1, 2]]),)
    ],
    Sample(class_cross_entropy, (array(3), np.array(1), 0, positive(3), -100, "mean"), note="one sample"),
    Sample(class_likelihood, (array(3), np.array(1), 0, None, -100, "none"), note="one sample"),
    Sample(softmax_less_one, (array(4, 3), HOLES, 1)),
    Sample(softmax_less_one, (array(2, 3, 2), IMAGES, 1)),
    Sample(counted, (array(4), np.array([0.0, 0.5, 1.0, 0.0]))),
    Sample(over_classes, (array(4), 1)),
    Sample(over_classes, (array(), 1)),
    Sample(pick_classes, (array(4, 3), LABELS, 1)),
    Sample(pick_classes, (array(2, 3, 2), IMAGES, 1)),
    Sample(place_classes, (array(4), LABELS, (4, 3), DOUBLE, 1)),
    Sample(place_classes, (array(), LABELS, (4, 3), DOUBLE, 1)),
    Sample(place_classes, (array(), np.array(1), (3,), DOUBLE, 0)),
]

EDGES = [
    # softmax is (1, 0); the second sample's class gets all of the slope
    Edge(
        class_cross_entropy,
        (np.array([[1e4, 0.0], [0.0, 1e4]]), np.array([0, 0]), 1, None, -100, "sum"),
        (np.array([[0.0, 0.0], [-1.0, 1.0]]),),
        note="large",
    ),
    Edge(
        class_cross_entropy,
        (np.array([[-math.inf, 0.0, 0.0]]), np.array([1]), 1, None, -100, "mean"),
        (np.array([[0.0, -0.5, 0.5]]),),
        note="masked class",
    ),
    Edge(
        class_cross_entropy,
        (np.array([[-math.inf, 0.0], [0.0, 0.0]]), np.array([-100, 1]), 1, None, -100, "mean"),
        (np.array([[0.0, 0.0], [0.5, -0.5]]),),
        note="ignored",
    ),
    Edge(
        class_cross_entropy,
        (np.zeros((0, 3)), np.zeros((0,), int), 1, None, -100, "mean"),
        (np.zeros((0, 3)),),
        note="empty",
    ),
    Edge(
        class_cross_entropy,
        (np.zeros((1, 3)), np.array([-100]), 1, None, -100, "mean"),
        (np.zeros((1, 3)),),
        note="all ignored",
    ),
    # the mean is over the weights of the samples' classes, 1 and 3
    Edge(
        class_likelihood,
        (np.zeros((2, 2)), np.array([0, 1]), 1, row(1.0, 3.0), -100, "mean"),
        (np.array([[-0.25, 0.0], [0.0, -0.75]]),),
        note="weights",
    ),
    Edge(counted, (row(math.inf, 1.0), row(0.0, 2.0)), (row(0.0, 2.0),)),
    Edge(place_classes, (np.zeros((0,)), np.zeros((0,), int), (0, 3), DOUBLE, 1), (np.zeros((0,)),)),
]
