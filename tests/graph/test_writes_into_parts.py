"""Writes through real and imaginary parts of complex arrays, on both faces: first and second derivatives."""

from __future__ import annotations

import numpy as np
import pytest

import tapeless
from tapeless.graph.array import Array

X = np.array([0.7, -1.3, 2.1])
DIRECTION = np.array([0.3, -0.8, 1.1])


def imaginary_part_of_a_slice(x):
    z = np.concatenate([x, x**2]) * (1 + 0.5j)
    z.imag[1:4] = x**2
    return np.sum(np.abs(z) ** 2 * np.real(z))


def both_parts_of_a_view(x):
    z = x + 1j * x**2
    w = z[1:]
    z[0] = x[1] * (2.0 - 1.0j)
    w.real[1] = x[2] * x[1]
    w.imag[:1] += x[:1] ** 3
    return np.sum(np.real(z * z * z))


def part_that_has_a_name(x):
    z = np.reshape(np.concatenate([x, x**2]) * 1j, (2, 3))
    y = z.real
    y[0] = x**2
    z.imag[:, 1] = x[:2]
    z[:, 0] = z[:, 1] * (2.0 - 1.0j)
    y *= 1.5
    return np.sum(np.abs(z) ** 2) + np.sum(y**3)


def gradient(function, face, x, direction=None):
    """The gradient, or that of its slope along a direction."""
    leaf = face(x)
    (found,) = tapeless.autograd.grad(function(leaf + 0.0), [leaf], create_graph=direction is not None)
    if direction is not None:
        (found,) = tapeless.autograd.grad((found * face(direction, False)).sum(), [leaf])
    return found.detach().numpy() if hasattr(found, "numpy") else np.asarray(found.detach())


def array(x, needs=True):
    return Array(x.copy(), requires_grad=needs)


def tensor(x, needs=True):
    return tapeless.tensor(x, dtype=tapeless.float64, requires_grad=needs)


FUNCTIONS = pytest.mark.parametrize(
    "function", [imaginary_part_of_a_slice, both_parts_of_a_view, part_that_has_a_name]
)
FACES = pytest.mark.parametrize("face", [array, tensor])


@FACES
@FUNCTIONS
def test_a_write_into_a_part_agrees_with_differences(function, face):
    steps = np.eye(3) * 1e-6
    expected = [(function(X + step) - function(X - step)) / 2e-6 for step in steps]

    np.testing.assert_allclose(gradient(function, face, X), expected, rtol=1e-6)


@FACES
@FUNCTIONS
def test_a_write_into_a_part_agrees_with_differences_of_gradients(function, face):
    step = DIRECTION * 1e-6
    expected = (gradient(function, face, X + step) - gradient(function, face, X - step)) / 2e-6

    np.testing.assert_allclose(gradient(function, face, X, DIRECTION), expected, rtol=1e-6)
