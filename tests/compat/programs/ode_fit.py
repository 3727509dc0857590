"""Rates of a chemical reaction, fitted to what was measured: by Runge-Kutta steps, and by SciPy's solver."""

import tapeless.compat.autograd.numpy as np
import tapeless.compat.autograd.numpy.random as npr
from tapeless.compat.autograd import grad, jacobian, make_jvp, value_and_grad
from tapeless.compat.autograd.builtins import tuple
from tapeless.compat.autograd.scipy.integrate import odeint


def reaction(state, t, params):
    """A turns into B, B into C, and B back into A."""
    forward, back, decay = params
    a, b, c = state
    return np.array([back * b - forward * a, forward * a - (back + decay) * b, decay * b])


def rk4_step(f, y, t, dt, params):
    k1 = f(y, t, params)
    k2 = f(y + dt / 2 * k1, t + dt / 2, params)
    k3 = f(y + dt / 2 * k2, t + dt / 2, params)
    k4 = f(y + dt * k3, t + dt, params)
    return y + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def simulate(log_params, y0, times):
    params = np.exp(log_params)
    states = [y0]
    for i in range(len(times) - 1):
        states.append(rk4_step(reaction, states[-1], times[i], times[i + 1] - times[i], params))
    return np.stack(states)


def main():
    rs = npr.RandomState(1)
    times = np.linspace(0.0, 4.0, 41)
    y0 = np.array([1.0, 0.0, 0.0])
    true_params = np.log(np.array([1.2, 0.4, 0.7]))
    measured = simulate(true_params, y0, times) + 0.01 * rs.randn(len(times), 3)

    def loss(log_params):
        return np.mean((simulate(log_params, y0, times) - measured) ** 2)

    loss_and_grad = value_and_grad(loss)
    params, losses = np.zeros(3), []
    for _ in range(60):
        value, gradient = loss_and_grad(params)
        losses.append(float(value))
        params = params - 4.0 * gradient

    sensitivities = jacobian(lambda p: simulate(p, y0, times)[-1])(params)
    _, along = make_jvp(lambda p: simulate(p, y0, times)[-1])(params)(np.ones(3))

    def end(log_params):
        out = odeint(reaction, y0, times[::10], tuple((np.exp(log_params),)), rtol=1e-12, atol=1e-13)
        return np.sum((out - measured[::10]) ** 2)

    return {
        "losses": losses,
        "params": params.tolist(),
        "sensitivities": sensitivities.tolist(),
        "along": along.tolist(),
        "solved": grad(end)(params).tolist(),
    }
