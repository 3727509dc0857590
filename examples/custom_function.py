"""An operation with a backward of its own: the logarithm of 1 + exp(x), safe for large x."""

from typing import Any

import numpy as np

import tapeless as tl


class Softplus(tl.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: tl.Tensor) -> tl.Tensor:
        ctx.save_for_backward(x)
        return tl.relu(x) + tl.log1p(tl.exp(-tl.abs(x)))

    @staticmethod
    def backward(ctx: Any, g: tl.Tensor) -> tl.Tensor:
        (x,) = ctx.saved_tensors
        return g * tl.sigmoid(x)


def main() -> None:
    x = tl.tensor([-800.0, -1.0, 0.0, 1.0, 800.0], dtype=tl.float64, requires_grad=True)
    y = Softplus.apply(x)
    y.sum().backward()
    for at, value, slope in zip(x.tolist(), y.tolist(), x.grad.tolist(), strict=True):
        print(f"softplus({at:6}) = {value:10.6f}   slope {slope:.6f}")
    np.testing.assert_allclose(x.grad.numpy(), [0.0, 0.26894142, 0.5, 0.73105858, 1.0], atol=1e-8)

    z = tl.tensor([-1.0, 0.5, 2.0], dtype=tl.float64, requires_grad=True)
    assert tl.autograd.gradcheck(Softplus.apply, (z,))
    print("gradcheck agrees with differences")


if __name__ == "__main__":
    main()
