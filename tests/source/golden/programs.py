"""The functions whose generated code is kept as text."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import tapeless

V = np.array([0.4, -0.7, 1.1])
M = np.arange(6.0).reshape(2, 3) * 0.3 - 0.5
SCALE = np.array([1.0, 2.0, 3.0])


@dataclass(frozen=True)
class Golden:
    """One text: the derivative of `function` that `make` gives, made for `args`."""

    name: str
    function: Callable[..., Any]
    args: tuple[Any, ...]
    make: Callable[..., Any]
    argnums: Any = 0

    def text(self) -> str:
        derivative = self.make(self.function, self.argnums)
        derivative.specialise(*self.args)
        return derivative.source


GOLDENS: list[Golden] = []


def golden(*args: Any, make: Callable[..., Any] = tapeless.grad, argnums: Any = 0) -> Callable[[Any], Any]:
    def register(function: Any) -> Any:
        GOLDENS.append(Golden(function.__name__, function, args, make, argnums))
        return function

    return register


@golden(V)
def sum_of_squares(x):
    return np.sum(x * x)


@golden(V)
def tanh_product(x):
    return np.sum(np.tanh(x) * x)


@golden(1.0, 5)
def scalar_loop(x, n):
    for _ in range(n):
        x = x + 0.01 * np.sin(x)
    return x


@golden(1.0, 2.0, argnums=(0, 1))
def product_chain(x, y):
    for _ in range(100):
        x = x * y
    return x


@golden(V)
def neighbours(x):
    total = 0.0
    for i in range(len(x) - 1):
        total = total + x[i] * x[i + 1]
    return total


@golden(M, np.ones(2), V, np.ones(2), argnums=(0, 1))
def linear_layer(w, b, x, y):
    error = w @ x + b - y
    return np.sum(error**2)


@golden(M, np.ones(3), np.ones((3, 2)), np.ones(2), np.ones((5, 2)), np.ones((5, 2)), argnums=(0, 1, 2, 3))
def perceptron(w1, b1, w2, b2, images, targets):
    hidden = np.tanh(images @ w1 + b1)
    error = hidden @ w2 + b2 - targets
    return np.mean(error**2)


@golden(V, M, np.ones(2))
def logistic_regression(w, features, signs):
    margins = signs * (features @ w)
    return np.sum(np.log(1.0 + np.exp(-margins))) + 0.5 * np.sum(w * w)


@golden(0.5)
def branch(x):
    if x > 0:
        y = x**2
    else:
        y = math.exp(x)
    return y * x


@golden(0.5)
def early_return(x):
    if x > 1:
        return x
    y = np.sin(x)
    return y * y


@golden(0.5)
def doubling(x):
    while x < 10:
        x = x * 2
    return x


@golden(V)
def until_large(x):
    total = 0.0
    for v in x:
        if v < 0:
            continue
        total += v * v
        if total > 1:
            break
    return total


def softplus(v):
    return np.log(1.0 + np.exp(v))


@golden(V)
def inlined_helper(x):
    return np.sum(softplus(x) * softplus(-x))


@golden(V)
def module_array(x):
    return np.sum(SCALE * x**3)


@golden({"w": M, "b": np.ones(2)}, V)
def dict_of_parameters(parameters, x):
    return np.sum(np.tanh(parameters["w"] @ x + parameters["b"]))


@golden([(M, np.ones(2)), (np.ones((1, 2)), np.ones(1))], V)
def list_of_layers(layers, x):
    for w, b in layers:
        x = np.tanh(w @ x + b)
    return x[0]


@golden(V)
def written_array(x):
    y = np.zeros(4)
    y[0] = x[0]
    y[1:] = x * 2
    y[1:] += x
    return np.sum(y * y)


@golden(V)
def through_a_view(x):
    y = x * 1.0
    tail = y[1:]
    tail *= x[0]
    return np.sum(y)


@golden(V)
def recurrence(x):
    y = np.empty_like(x)
    y[0] = x[0]
    for i in range(1, len(x)):
        y[i] = 0.5 * y[i - 1] + x[i]
    return y[-1]


@golden(V)
def growing_list(x):
    states = [x]
    for _ in range(3):
        states.append(np.sin(states[-1]))
    return np.sum(np.stack(states) ** 2)


@golden(V)
def comprehension(x):
    return sum([v**k for k, v in enumerate(x)])


@golden(M)
def reductions(a):
    centred = a - np.mean(a, axis=0)
    return np.sum(np.sqrt(np.sum(centred**2, axis=1)))


@golden(M)
def log_sum_exp(a):
    top = np.max(a, axis=1, keepdims=True)
    return np.sum(np.log(np.sum(np.exp(a - top), axis=1)))


@golden(V)
def choice(x):
    return np.sum(np.where(x > 0, x**2, -x))


@golden(V)
def picked(x):
    return np.sum(x[[0, 2, 0]] * x[::-1])


@golden(M)
def contraction(a):
    return np.einsum("ij,ik->", a, a)


@golden(np.eye(2) * 2, np.ones(2), argnums=(0, 1))
def linear_solve(a, b):
    return np.sum(np.linalg.solve(a, b) ** 2)


@golden(V, M)
def gradient_inside(x, a):
    slope = tapeless.grad(lambda v: np.sum(np.sin(a @ v)))(x)
    return np.sum(slope**2)


@golden(V, make=tapeless.value_and_grad)
def value_too(x):
    y = np.exp(-x * x)
    return np.sum(y)


@golden(V, make=tapeless.hessian)
def curvature(x):
    return np.sum(x[1:] * x[:-1] ** 2)


@golden(V, make=tapeless.jacrev)
def forward_and_backward(x):
    for _ in range(3):
        x = np.tanh(x) * x
    return x
