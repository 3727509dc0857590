"""The programs of source_vs_peers.py: in plain NumPy, with the gradient as a careful person writes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = Any
rng = np.random.default_rng(0)


@dataclass(frozen=True)
class Case:
    """`function(*args)` is differentiated with respect to its first `wrt` arguments.

    `by_hand(*args)` gives the same gradients; `target`: the time of tapeless must be at most this many times
    that of `by_hand`.  `write(np)` makes the function for another library's NumPy; None: it cannot run there.
    `kind`: what is asked for: gradient, hessian or jacobian.
    """

    name: str
    write: Callable[[Any], Callable[..., Any]]
    by_hand: Callable[..., Any]
    args: tuple[Any, ...]
    target: float
    wrt: int = 1
    kind: str = "gradient"
    jax: bool = True


# sum(tanh(x) * x) -----------------------------------------------------------------------------------------


def write_tanh(np: Any) -> Callable[..., Any]:
    def tanh_product(x):
        return np.sum(np.tanh(x) * x)

    return tanh_product


def tanh_by_hand(x: Array) -> Array:
    t = np.tanh(x)
    return t + x * (1.0 - t * t)


# 100 multiplications of scalars ----------------------------------------------------------------------------


def write_chain(np: Any) -> Callable[..., Any]:
    def chain(x, y):
        for _ in range(100):
            x = x * y
        return x

    return chain


def chain_by_hand(x: float, y: float) -> tuple[float, float]:
    saved = []
    for _ in range(100):
        saved.append(x)
        x = x * y
    dx, dy = 1.0, 0.0
    for x in reversed(saved):
        dy = dy + dx * x
        dx = dx * y
    return dx, dy


# perceptron 64-128-10 --------------------------------------------------------------------------------------

IMAGES = rng.normal(size=(32, 64))
LABELS = np.eye(10)[rng.integers(0, 10, 32)]
W1, B1 = rng.normal(size=(64, 128)) / 8, np.zeros(128)
W2, B2 = rng.normal(size=(128, 10)) / 11, np.zeros(10)


def write_perceptron(np: Any) -> Callable[..., Any]:
    def perceptron(w1, b1, w2, b2, images, labels):
        hidden = np.tanh(images @ w1 + b1)
        logits = hidden @ w2 + b2
        shifted = logits - np.max(logits, axis=1, keepdims=True)
        log_norm = np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
        return -np.sum(labels * (shifted - log_norm)) / 32.0

    return perceptron


def perceptron_by_hand(
    w1: Array, b1: Array, w2: Array, b2: Array, images: Array, labels: Array
) -> tuple[Array, ...]:
    hidden = np.tanh(images @ w1 + b1)
    logits = hidden @ w2 + b2
    weights = np.exp(logits - np.max(logits, axis=1, keepdims=True))
    g = weights / np.sum(weights, axis=1, keepdims=True)
    g -= labels
    g /= 32.0
    dw2, db2 = hidden.T @ g, np.add.reduce(g, axis=0)
    g = (g @ w2.T) * (1.0 - hidden * hidden)
    return images.T @ g, np.add.reduce(g, axis=0), dw2, db2


# 1,000 scalar steps ----------------------------------------------------------------------------------------


def write_steps(np: Any) -> Callable[..., Any]:
    def steps(x, n=1000):
        for _ in range(n):
            x = x + 0.01 * np.sin(x)
        return x

    return steps


def steps_by_hand(x: float, n: int = 1000) -> float:
    saved = []
    for _ in range(n):
        saved.append(x)
        x = x + 0.01 * np.sin(x)
    dx = 1.0
    for x in reversed(saved):
        dx = dx + dx * 0.01 * np.cos(x)
    return dx


# logistic regression 10,000 x 50 ---------------------------------------------------------------------------

FEATURES = rng.normal(size=(10_000, 50))
SIGNS = np.sign(rng.normal(size=10_000))


def write_logistic(np: Any) -> Callable[..., Any]:
    def logistic(w, features, signs):
        margins = signs * (features @ w)
        return np.sum(np.log(1.0 + np.exp(-margins))) + 0.5 * np.sum(w * w)

    return logistic


def logistic_by_hand(w: Array, features: Array, signs: Array) -> Array:
    e = np.exp(-(signs * (features @ w)))
    return w - features.T @ (signs * (e / (1.0 + e)))


# RNN, 50 steps, hidden 64, batch 16 ------------------------------------------------------------------------

SEQUENCE = rng.normal(size=(50, 16, 32))
U, V, C = rng.normal(size=(32, 64)) / 6, rng.normal(size=(64, 64)) / 8, np.zeros(64)


def write_rnn(np: Any) -> Callable[..., Any]:
    def rnn(u, v, c, xs):
        h = np.zeros((16, 64))
        for t in range(50):
            h = np.tanh(xs[t] @ u + h @ v + c)
        return np.sum(h * h)

    return rnn


def rnn_by_hand(u: Array, v: Array, c: Array, xs: Array) -> tuple[Array, Array, Array]:
    h = np.zeros((16, 64))
    states = [h]
    for t in range(50):
        h = np.tanh(xs[t] @ u + h @ v + c)
        states.append(h)
    du, dv, dc = np.zeros_like(u), np.zeros_like(v), np.zeros_like(c)
    dh = 2.0 * h
    for t in reversed(range(50)):
        h = states[t + 1]
        g = dh * (1.0 - h * h)
        du += xs[t].T @ g
        dv += states[t].T @ g
        dc += np.add.reduce(g, axis=0)
        dh = g @ v.T
    return du, dv, dc


# element loop ----------------------------------------------------------------------------------------------


def write_elements(np: Any) -> Callable[..., Any]:
    def elements(x):
        total = 0.0
        for i in range(len(x) - 1):
            total = total + x[i] * x[i + 1]
        return total

    return elements


def elements_by_hand(x: Array) -> Array:
    dx = np.zeros_like(x)
    for i in range(len(x) - 1):
        dx[i] += x[i + 1]
        dx[i + 1] += x[i]
    return dx


# Hessian and Jacobian --------------------------------------------------------------------------------------


def write_rosenbrock(np: Any) -> Callable[..., Any]:
    def rosenbrock(x):
        return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)

    return rosenbrock


def rosenbrock_hessian_by_hand(x: Array) -> Array:
    n = len(x)
    hessian = np.zeros((n, n))
    for k in range(n):  # one direction after the other, as forward over reverse does
        t = np.zeros(n)
        t[k] = 1.0
        a, ta = x[:-1], t[:-1]
        r, tr = x[1:] - a**2, t[1:] - 2.0 * a * ta
        row = np.zeros(n)
        row[1:] += 200.0 * tr
        row[:-1] += -400.0 * (tr * a + r * ta) + 2.0 * ta
        hessian[k] = row
    return hessian


MATRIX = rng.normal(size=(50, 50)) / 7


def write_layer(np: Any) -> Callable[..., Any]:
    def layer(x, matrix):
        return np.tanh(matrix @ x)

    return layer


def layer_jacobian_by_hand(x: Array, matrix: Array) -> Array:
    out = np.tanh(matrix @ x)
    jacobian = np.zeros((50, 50))
    for k in range(50):  # one row after the other, as a pullback does
        g = np.zeros(50)
        g[k] = 1.0
        jacobian[k] = matrix.T @ (g * (1.0 - out * out))
    return jacobian


CASES = [
    Case("sum(tanh(x) * x), n = 10", write_tanh, tanh_by_hand, (np.linspace(0.1, 2, 10),), 2.5),
    Case("sum(tanh(x) * x), n = 1000", write_tanh, tanh_by_hand, (np.linspace(0.1, 2, 1000),), 1.3),
    Case("sum(tanh(x) * x), n = 10^6", write_tanh, tanh_by_hand, (np.linspace(0.1, 2, 10**6),), 1.1),
    Case("100 multiplications of scalars", write_chain, chain_by_hand, (1.001, 1.002), 1.5, wrt=2),
    Case(
        "perceptron 64-128-10, batch 32",
        write_perceptron,
        perceptron_by_hand,
        (W1, B1, W2, B2, IMAGES, LABELS),
        1.15,
        wrt=4,
    ),
    Case("1,000 scalar steps", write_steps, steps_by_hand, (1.3,), 1.3),
    Case(
        "logistic regression 10,000 x 50",
        write_logistic,
        logistic_by_hand,
        (rng.normal(size=50) / 7, FEATURES, SIGNS),
        1.1,
    ),
    Case("RNN, 50 steps, hidden 64, batch 16", write_rnn, rnn_by_hand, (U, V, C, SEQUENCE), 1.15, wrt=3),
    Case(
        "element loop, n = 1000",
        write_elements,
        elements_by_hand,
        (np.linspace(0.1, 2, 1000),),
        1.5,
        jax=False,
    ),
    Case(
        "Rosenbrock Hessian, n = 30",
        write_rosenbrock,
        rosenbrock_hessian_by_hand,
        (np.linspace(-1, 1, 30),),
        2.0,
        kind="hessian",
    ),
    Case(
        "Jacobian of tanh(Ax), 50 x 50",
        write_layer,
        layer_jacobian_by_hand,
        (rng.normal(size=50), MATRIX),
        2.0,
        kind="jacobian",
    ),
]
