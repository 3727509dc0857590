"""L-BFGS: steps that take the curvature from the last gradients."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np

from tapeless.graph.tensor import Tensor
from tapeless.graph.variable import Variable, wrap
from tapeless.optim import checks
from tapeless.optim.optimizer import FOREIGN, Closure, Optimizer, evaluate
from tapeless.optim.pieces import flat_real, parted
from tapeless.optim.quasi_newton import Memory, minimise
from tapeless.optim.writing import write

FIELDS = tuple(field.name for field in fields(Memory))


class LBFGS(Optimizer):
    """A quasi-Newton method for losses without noise: each `step(closure)` makes up to `max_iter` iterations.

    `closure()` clears the gradients, computes the loss, calls its `backward`, and returns it; it runs several
    times a step, at most about `max_eval` times (by default 5/4 of `max_iter`).  `history_size` pairs of
    vectors as long as all parameters together are kept.  `line_search_fn="strong_wolfe"` finds out how far to
    go in each direction; without it each goes `lr` times the direction's length.

    A step ends early where no element of the gradient is greater than `tolerance_grad`, or where neither
    loss nor parameters change by more than `tolerance_change`.  ValueError for several parameter groups, a
    negative `lr` or another `line_search_fn`.  As `torch.optim.LBFGS`; Liu and Nocedal (1989).

    >>> import tapeless as tl
    >>> w = tl.tensor([-1.2, 1.0], dtype=tl.float64, requires_grad=True)
    >>> optimizer = LBFGS([w], line_search_fn="strong_wolfe", max_iter=50)
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = 100 * (w[1] - w[0] ** 2) ** 2 + (1 - w[0]) ** 2
    ...     loss.backward()
    ...     return loss
    >>> optimizer.step(closure).item()
    24.199999999999996
    >>> w.detach()
    tensor([1.0000, 1.0000], dtype=torch.float64)
    """

    _check = staticmethod(checks.lbfgs)

    def __init__(
        self,
        params: Any,
        lr: float = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        defaults = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        super().__init__(params, defaults)
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")

    def _check_state(self, loaded: list[tuple[Any, Any, dict[str, Any]]]) -> None:
        size = sum([flat_real(p._array()).size for p in self._params()])
        for number, _, kept in loaded:
            if kept and "n_iter" not in kept:
                raise ValueError(FOREIGN.format(number, sorted(kept), "LBFGS"))
            d = kept.get("d")
            if d is not None and d._data.size != size:
                raise ValueError(f"the state 'd' has {d._data.size} elements, the parameters have {size}")

    def step(self, closure: Closure) -> Any:  # type: ignore[override]
        """Up to `max_iter` iterations; returns the first loss that `closure` gives."""
        group = self.param_groups[0]
        params, losses = group["params"], []

        def loss_and_gradient() -> tuple[float, np.ndarray]:
            losses.append(evaluate(closure))
            if losses[-1] is None:
                raise TypeError("the closure of LBFGS must return the loss")
            return float(losses[-1]), _gradient(params)

        def place(x: np.ndarray) -> None:
            for p, part in zip(params, parted(x, [p._array() for p in params]), strict=True):
                write(p, part)

        kept = self.state[params[0]]
        memory = Memory(**{name: _raw(kept[name]) for name in FIELDS if name in kept})
        start = np.concatenate([flat_real(p._array()) for p in params])
        memory = minimise(start, place, loss_and_gradient, memory, group)
        kept.update({name: _tensors(value) for name, value in vars(memory).items()})
        return losses[0]


def _gradient(params: list[Any]) -> np.ndarray:
    """All gradients in one vector; of parameters without one, zeros."""
    parts = [np.zeros_like(p._array()) if p.grad is None else np.asarray(p.grad._data) for p in params]
    return np.concatenate([flat_real(part) for part in parts])


def _raw(value: Any) -> Any:
    """What is in a Tensor, or in a list of them; numbers as Python's."""
    if isinstance(value, list):
        return [_raw(one) for one in value]
    if isinstance(value, Variable):
        return value._data if value._data.ndim else value._data.item()
    return value


def _tensors(value: Any) -> Any:
    if isinstance(value, list):
        return [_tensors(one) for one in value]
    return wrap(Tensor, value) if isinstance(value, np.ndarray) else value
