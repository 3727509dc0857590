"""Minimise a quadratic bowl by gradient descent: `backward()` gives the slope, `no_grad` the step."""

import numpy as np

import tapeless as tl

A = tl.tensor([[3.0, 1.0], [1.0, 2.0]])
b = tl.tensor([1.0, -2.0])


def bowl(x: tl.Tensor) -> tl.Tensor:
    return x @ A @ x / 2 - b @ x


def main() -> None:
    x = tl.tensor([4.0, 4.0], requires_grad=True)
    for step in range(81):
        y = bowl(x)
        y.backward()
        if step % 10 == 0:
            print(f"step {step:2}   f = {y.item():8.4f}   x = {np.round(x.detach().numpy(), 4)}")
        with tl.no_grad():
            x -= 0.12 * x.grad
        x.grad = None

    lowest = np.linalg.solve(A.numpy(), b.numpy())
    print(f"the lowest point is {lowest}")
    np.testing.assert_allclose(x.detach().numpy(), lowest, atol=1e-4)


if __name__ == "__main__":
    main()
