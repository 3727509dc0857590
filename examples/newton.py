"""Newton's method on Rosenbrock's valley: the Hessian of a plain function, and a product with it."""

import numpy as np

import tapeless as tl


def valley(x: np.ndarray) -> float:
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def main() -> None:
    slope, curvature = tl.grad(valley), tl.hessian(valley)
    x = np.array([0.5, 1.5, -0.5, 0.0])
    for step in range(40):
        gradient = slope(x)
        print(f"step {step:2}   f = {valley(x):12.3e}   |slope| = {np.linalg.norm(gradient):.1e}")
        if np.linalg.norm(gradient) < 1e-9:
            break
        move = np.linalg.solve(curvature(x), -gradient)
        if gradient @ move > 0.0:  # uphill: the valley is not convex here
            move = -gradient
        while valley(x + move) > valley(x) + 1e-4 * (gradient @ move):
            move = 0.5 * move
        x = x + move
    np.testing.assert_allclose(x, np.ones(4), atol=1e-9)

    # One product costs a few runs of the function, whatever the size; the matrix is never there.
    large = np.linspace(-1.0, 1.0, 10_000)
    along = np.ones_like(large)
    product = tl.hvp(valley, large, along)
    differences = (slope(large + 1e-5 * along) - slope(large - 1e-5 * along)) / 2e-5
    print(f"a product with a Hessian of {large.size} x {large.size}: {product[:3]}...")
    np.testing.assert_allclose(product, differences, rtol=1e-5, atol=1e-4)


if __name__ == "__main__":
    main()
