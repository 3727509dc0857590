"""Logistic regression by Newton's method without the Hessian: conjugate gradients on products with it."""

import numpy as np

import tapeless as tl


def loss(weights: np.ndarray, points: np.ndarray, labels: np.ndarray) -> float:
    """Mean of log(1 + exp(-label * score)), and a small penalty; labels are -1 and 1."""
    scores = points @ weights
    return np.mean(np.logaddexp(0.0, -labels * scores)) + 0.005 * np.sum(weights**2)


def solve(product, right: np.ndarray) -> np.ndarray:
    """Conjugate gradients for `product(x) = right`."""
    found = np.zeros_like(right)
    residual = right.copy()
    direction = residual.copy()
    for _ in range(len(right)):
        image = product(direction)
        step = (residual @ residual) / (direction @ image)
        found += step * direction
        previous = residual @ residual
        residual = residual - step * image
        if residual @ residual < 1e-24:
            break
        direction = residual + (residual @ residual) / previous * direction
    return found


def main() -> None:
    random = np.random.default_rng(0)
    points = random.normal(size=(500, 20))
    truth = random.normal(size=20)
    labels = np.where(random.random(500) < 1.0 / (1.0 + np.exp(-points @ truth)), 1.0, -1.0)

    slope = tl.grad(loss)
    weights = np.zeros(20)
    for step in range(8):
        gradient = slope(weights, points, labels)
        print(
            f"step {step}   loss {loss(weights, points, labels):.6f}   |slope| {np.linalg.norm(gradient):.1e}"
        )

        def product(v: np.ndarray, at: np.ndarray = weights) -> np.ndarray:
            return tl.hvp(lambda w: loss(w, points, labels), at, v)

        weights = weights - solve(product, gradient)

    right = np.mean((points @ weights > 0.0) == (labels > 0.0))
    print(f"{right:.1%} of the labels are on the right side")
    assert np.linalg.norm(slope(weights, points, labels)) < 1e-12
    assert right > 0.8


if __name__ == "__main__":
    main()
