"""Gradients inside of differentiated functions."""

import numpy as np
import tapeless

from tests.source.programs.registry import program

V = np.array([0.7, -1.3, 2.1])


def cubic(x):
    return x**3 + 2 * x


@program(0.7, tape=False)
def gradient_of_a_global(x):
    return tapeless.grad(cubic)(x) * x


@program(0.7, tape=False)
def gradient_closing_over(x):
    inner = tapeless.grad(lambda y: x * y**2)
    return inner(3.0) + inner(x)


@program(0.7, tape=False)
def no_confusion_of_levels(x):
    return x * tapeless.grad(lambda y: x + y)(1.0)


@program(1.2, tape=False)
def product_of_levels(y):
    return tapeless.grad(lambda x: x * tapeless.grad(lambda z: np.sin(z * x * y))(0.5))(2.0)


@program(0.7, tape=False)
def second_derivative_inside(x):
    return tapeless.grad(tapeless.grad(cubic))(x) ** 2


@program(V, tape=False)
def force_from_energy(x):
    def energy(q):
        return np.sum(np.cos(q)) + 0.5 * np.sum(q[1:] * q[:-1])

    force = -tapeless.grad(energy)(x)
    return np.sum(force**2)


@program(V, tape=False)
def gradient_penalty(w):
    def model(inputs):
        return np.tanh(inputs @ w)

    slope = tapeless.grad(model)(np.array([0.2, 0.5, -0.1]))
    return (np.sqrt(np.sum(slope**2)) - 1) ** 2


@program(0.7, tape=False)
def inner_gradient_descent(rate):
    w = 2.0
    for _ in range(3):
        w = w - rate * tapeless.grad(lambda v: (v - 0.5) ** 2)(w) * 0.3
    return w**2


@program(0.7, tape=False)
def value_and_gradient_inside(x):
    value, slope = tapeless.value_and_grad(cubic)(x)
    return value * slope


@program(2.5, tape=False)
def newton_step_inside(x):
    f = lambda u: np.exp(u) - 2.0
    df = tapeless.grad(f)
    for _ in range(2):
        x = x - f(x) / df(x)
    return x**2


@program(0.7, 0.3, wrt=(0, 1), tape=False)
def gradient_of_the_second_argument(x, y):
    return tapeless.grad(lambda a, b: a * b**2, 1)(x, y) + tapeless.grad(lambda a, b: a**2 * b)(x, y)


@program(0.7, tape=False)
def slope_by_forward_mode(x):
    value, slope = tapeless.jvp(cubic, (x,), (1.0,))
    return value * slope


@program(V, tape=False)
def pulled_back(x):
    out, pullback = tapeless.vjp(np.tanh, x)
    (found,) = pullback(out * 2.0)
    return np.sum(found**2)


@program(V, tape=False)
def size_of_a_jacobian(x):
    J = tapeless.jacobian(lambda v: np.sin(v[1:]) * v[:-1])(x)
    return np.sum(J**2)


@tapeless.grad
def slope_of_square(x):
    return x**2 * np.sin(x)


@program(0.7, tape=False)
def decorated_gradient(x):
    return slope_of_square(x) * x
