"""Hooks: look at gradients, or change them, while backward runs."""

import tapeless as tl


def main() -> None:
    x = tl.tensor([1.0, 2.0, 3.0], requires_grad=True)
    hidden = x * x
    hidden.retain_grad()
    hidden.register_hook(lambda g: print("gradient of hidden:", g.tolist()))
    clipped = hidden.register_hook(lambda g: g.clamp(max=2.0))
    (hidden * tl.tensor([1.0, 2.0, 3.0])).sum().backward()
    print("kept for hidden:   ", hidden.grad.tolist())
    print("gradient of x:     ", x.grad.tolist())
    assert x.grad.tolist() == [2.0, 8.0, 12.0]

    clipped.remove()
    norms: list[float] = []
    x.register_post_accumulate_grad_hook(lambda leaf: norms.append(leaf.grad.norm().item()))
    x.grad = None
    (x**3).sum().backward()
    print(f"norm of x.grad, once it was ready: {norms[0]:.4f}")
    assert abs(norms[0] - (9 + 144 + 729) ** 0.5) < 1e-3

    y = (x * 2).sum()
    y.grad_fn.register_prehook(lambda gs: tuple(g * 10 for g in gs))
    x.grad = None
    y.backward()
    print("ten times the gradient:", x.grad.tolist())
    assert x.grad.tolist() == [20.0, 20.0, 20.0]


if __name__ == "__main__":
    main()
