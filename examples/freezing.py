"""Train a part of a model: parameters that do not require grad cost nothing and stay as they are."""

import numpy as np

import tapeless as tl


def main() -> None:
    tl.manual_seed(0)
    features = tl.randn(3, 20)  # frozen: random features
    weights = tl.zeros(20, requires_grad=True)
    x = tl.randn(200, 3)
    target = tl.sin(x[:, 0]) + x[:, 1] * x[:, 2] / 2
    frozen = features.clone()

    for step in range(401):
        hidden = tl.tanh(x @ features)
        assert not hidden.requires_grad  # nothing was recorded so far
        loss = ((hidden @ weights - target) ** 2).mean()
        loss.backward()
        with tl.no_grad():
            weights -= 0.1 * weights.grad
        weights.grad = None
        if step % 100 == 0:
            print(f"step {step:3}   loss {loss.item():.4f}")
    assert loss.item() < 0.25
    assert tl.equal(features, frozen)
    assert features.grad is None

    features.requires_grad_()
    loss = ((tl.tanh(x @ features) @ weights.detach() - target) ** 2).mean()
    loss.backward()
    print("thawed: gradient of the features", tuple(features.grad.shape), "- of the weights", weights.grad)
    assert weights.grad is None
    assert np.isfinite(features.grad.numpy()).all()


if __name__ == "__main__":
    main()
