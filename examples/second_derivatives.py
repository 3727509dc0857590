"""Derivatives of derivatives: `create_graph=True` records the backward pass itself."""

import numpy as np

import tapeless as tl


def rosenbrock(x: tl.Tensor) -> tl.Tensor:
    return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2


def derivatives(x: tl.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """The gradient, and the Hessian row by row."""
    (gradient,) = tl.autograd.grad(rosenbrock(x), x, create_graph=True)
    rows = [tl.autograd.grad(slope, x, retain_graph=True)[0] for slope in gradient]
    return gradient.detach().numpy(), np.stack([row.numpy() for row in rows])


def main() -> None:
    x = tl.tensor([-1.2, 1.0], dtype=tl.float64, requires_grad=True)
    print("Newton's method on Rosenbrock's valley")
    for step in range(8):
        gradient, hessian = derivatives(x)
        print(f"step {step}   f = {rosenbrock(x).item():.3e}   x = {np.round(x.detach().numpy(), 6)}")
        with tl.no_grad():
            x -= tl.from_numpy(np.linalg.solve(hessian, gradient))
    np.testing.assert_allclose(x.detach().numpy(), [1.0, 1.0], atol=1e-8)

    y = tl.tensor(0.5, dtype=tl.float64, requires_grad=True)
    value, found = tl.sin(y), []
    for _ in range(4):
        (value,) = tl.autograd.grad(value, y, create_graph=True)
        found.append(value.item())
    print("four derivatives of sin at 0.5:", np.round(found, 6))
    np.testing.assert_allclose(found, [np.cos(0.5), -np.sin(0.5), -np.cos(0.5), np.sin(0.5)])


if __name__ == "__main__":
    main()
