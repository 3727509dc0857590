"""Ordinary differential equations by Runge-Kutta: fixed steps for a fit, adaptive steps for an orbit."""

import numpy as np

from tests.source.programs.registry import Program

OBSERVED = np.array([[1.0, 0.5], [1.3, 0.4], [1.6, 0.45]])


def rk4(f, y, t, dt):
    k1 = f(y, t)
    k2 = f(y + dt / 2 * k1, t + dt / 2)
    k3 = f(y + dt / 2 * k2, t + dt / 2)
    k4 = f(y + dt * k3, t + dt)
    return y + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def predator_prey(params):
    a, b, c, d = params

    def f(y, t):
        return np.stack([a * y[0] - b * y[0] * y[1], c * y[0] * y[1] - d * y[1]])

    return f


def misfit(params, y0, observed, steps=3):
    f = predator_prey(params)
    y, t = y0, 0.0
    error = 0.0
    for k, target in enumerate(observed):
        if k > 0:
            for _ in range(steps):
                y = rk4(f, y, t, 0.1)
                t += 0.1
        error += np.sum((y - target) ** 2)
    return error


def adaptive(y, end, tolerance=1e-3):
    """Heun's method with Euler's inside; a step is taken again, smaller, if they differ."""

    def f(y):
        return np.stack([y[1], -np.sin(y[0])])

    t, dt, rejected = 0.0, 0.4, 0
    while t < end:
        if t + dt > end:
            dt = end - t
        slope = f(y)
        euler = y + dt * slope
        heun = y + dt / 2 * (slope + f(euler))
        error = np.max(np.abs(heun - euler))
        if error > tolerance * 10:
            dt = dt / 2
            rejected += 1
            continue
        y = heun
        t = t + dt
        if error < tolerance:
            dt = dt * 2
    return y[0] ** 2 + y[1] * rejected


PROGRAMS = [
    Program(
        "runge_kutta_fit",
        misfit,
        (np.array([1.1, 0.9, 0.6, 0.8]), np.array([1.0, 0.5]), OBSERVED),
        wrt=(0, 1),
    ),
    Program("runge_kutta_adaptive", adaptive, (np.array([0.9, 0.2]), 1.5)),
]
