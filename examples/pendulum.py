"""Find the length and the friction of a pendulum from how it swung: the gradient goes through an ODE solver.

The solver is a plain loop of classical Runge-Kutta steps; nothing in it knows of derivatives.
"""

import numpy as np

import tapeless as tl

STEP, STEPS = 0.05, 100
TRUE = {"length": 1.3, "friction": 0.4}


def slope(state: np.ndarray, parameters: dict[str, float]) -> np.ndarray:
    angle, speed = state
    pull = 9.81 / parameters["length"] * np.sin(angle)
    return np.array([speed, -pull - parameters["friction"] * speed])


def swing(parameters: dict[str, float]) -> np.ndarray:
    """The angle after each step."""
    state = np.array([1.0, 0.0])
    angles = np.zeros(STEPS)
    for i in range(STEPS):
        k1 = slope(state, parameters)
        k2 = slope(state + 0.5 * STEP * k1, parameters)
        k3 = slope(state + 0.5 * STEP * k2, parameters)
        k4 = slope(state + STEP * k3, parameters)
        state = state + STEP / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
        angles[i] = state[0]
    return angles


def misfit(parameters: dict[str, float], seen: np.ndarray) -> float:
    return np.mean((swing(parameters) - seen) ** 2)


def main() -> None:
    seen = swing(TRUE)
    found = {"length": 1.0, "friction": 0.0}
    value_and_slope = tl.value_and_grad(misfit)
    momentum = dict.fromkeys(found, 0.0)
    for step in range(301):
        value, gradient = value_and_slope(found, seen)
        if step % 50 == 0:
            print(
                f"step {step:3}   misfit {value:.2e}   "
                + "   ".join(f"{k} {v:.5f}" for k, v in found.items())
            )
        for name in found:
            momentum[name] = 0.9 * momentum[name] - 0.01 * float(gradient[name])
            found[name] += momentum[name]

    for name, value in TRUE.items():
        np.testing.assert_allclose(found[name], value, atol=1e-3)


if __name__ == "__main__":
    main()
