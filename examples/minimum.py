"""The lowest point of a polynomial, by steps downhill: `optim.SGD`, and what momentum is for."""

import numpy as np
from numpy.polynomial import Polynomial

import tapeless as tl


def polynomial(x: tl.Tensor) -> tl.Tensor:
    """Lowest at x = 9/4, and level at 0, where it is no minimum."""
    return x**4 - 3 * x**3 + 2


def descend(start: float, momentum: float, steps: int) -> list[float]:
    """The way from `start` downhill: x after every step."""
    x = tl.tensor(start, dtype=tl.float64, requires_grad=True)
    optimizer = tl.optim.SGD([x], lr=0.01, momentum=momentum)
    way = [x.item()]
    for _ in range(steps):
        optimizer.zero_grad()
        y = polynomial(x)
        y.backward()
        optimizer.step()
        way.append(x.item())
    return way


def main() -> None:
    # Where the derivative is zero, by algebra.
    curve = Polynomial([2.0, 0.0, 0.0, -3.0, 1.0])
    level = curve.deriv().roots().real
    lowest = min(level, key=curve)
    print(f"x^4 - 3 x^3 + 2 is lowest at x = {lowest:g}, where it is {curve(lowest):.6f}")

    ways = {
        "from 4": descend(4.0, 0.0, 200),
        "from -1": descend(-1.0, 0.0, 200),
        "with momentum": descend(-1.0, 0.8, 200),
    }
    print("\n step" + "".join(f"{name:>16}" for name in ways))
    for step in (0, 1, 2, 5, 10, 20, 50, 100, 200):
        print(f"{step:5}" + "".join(f"{way[step]:16.6f}" for way in ways.values()))

    print("\nWhere the curve is level, at 0, the second way does not get on; with momentum it rolls across.")
    np.testing.assert_allclose(ways["from 4"][-1], lowest, rtol=1e-6)
    assert -0.1 < ways["from -1"][-1] < 0.0
    np.testing.assert_allclose(ways["with momentum"][-1], lowest, rtol=1e-6)


if __name__ == "__main__":
    main()
