"""The same optimisers for containers of arrays, as functions that change nothing they are given.

    optimizer = Adam(1e-3)
    state = optimizer.init(params)
    params, state = optimizer.update(grads, state, params)

`params` is what `tapeless.grad` differentiates by: an array or number, or lists, tuples, dicts, named tuples
and dataclasses of them, nested; `grads` is what it gives.  `lr` is a number, or a function of the number of
updates made so far (0 at first).

`init` and `update` are optax's convention, but that `update` gives the new parameters themselves, so that
there is no `apply_updates`.  Options and their defaults are PyTorch's.  Who comes from optax, or from
`jax.example_libraries.optimizers`:

    optax                                      here
    adam(learning_rate, b1, b2, eps)           Adam(lr, betas=(b1, b2), eps=eps)
    adam(cosine_decay_schedule(...))           Adam(lambda step: ...)
    sgd(learning_rate, momentum, nesterov)     SGD(lr, momentum=momentum, nesterov=nesterov)
    rmsprop(learning_rate, decay, eps)         RMSprop(lr, alpha=decay, eps=eps)
    adamw(learning_rate, weight_decay=1e-4)    AdamW(lr, weight_decay=1e-4)
    state.count, state.mu, state.nu            state.step, state.slots["exp_avg"], state.slots["exp_avg_sq"]
    opt_update(i, grads, opt_state)            update(grads, state, params)       (jax.example_libraries)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from tapeless import _tree
from tapeless.graph.variable import Variable
from tapeless.optim import checks, formulas
from tapeless.optim.formulas import Formula, Options
from tapeless.optim.pieces import Work, Workspace, flat_real, parted
from tapeless.optim.quasi_newton import Memory, minimise

Schedule = Callable[[int], float]


class State(NamedTuple):
    """How many updates were made, and what is kept for the parameters: containers like theirs, by name."""

    step: int
    slots: dict[str, Any]


@dataclass(frozen=True)
class _Pure:
    """`init` and `update` of every formula."""

    lr: float | Schedule = 1e-3

    _formula: ClassVar[Formula]
    _check: ClassVar[Callable[[Options], None]]

    def __post_init__(self) -> None:
        type(self)._check({**self.__dict__, "lr": 0.0} if callable(self.lr) else self.__dict__)

    def init(self, params: Any) -> State:
        """The state before the first update.

        TypeError if `params` holds something else than floating point or complex arrays and numbers.
        """
        options = self.__dict__
        leaves, structure = _tree.flatten(params)
        arrays = _arrays(leaves, structure, "params")
        start = self._formula.start(options)
        slots = {
            name: _tree.unflatten(structure, [np.full(one.shape, start, one.dtype) for one in arrays])
            for name in self._formula.slots(options)
        }
        return State(0, slots)

    def update(self, grads: Any, state: State, params: Any) -> tuple[Any, State]:
        """The parameters and the state after one step; what is given stays as it is.

        ValueError, which names the place, if `grads` or `state` are not made as `params` are.
        """
        if not isinstance(state, State):
            raise TypeError(f"the state must be what init or update gave, not {type(state).__name__}")
        leaves, structure = _tree.flatten(params)
        arrays = _arrays(leaves, structure, "params")
        towards = _arrays(_tree.leaves_like(structure, grads, "grads"), structure, "grads", arrays)
        kept = {
            name: [
                one.copy()
                for one in _arrays(_tree.leaves_like(structure, slot, name), structure, name, arrays)
            ]
            for name, slot in state.slots.items()
        }
        moved = [np.array(one, order="C") for one in arrays]
        self._move(moved, towards, kept, state.step)
        found = [_like(leaf, array) for leaf, array in zip(leaves, moved, strict=True)]
        slots = {name: _tree.unflatten(structure, slot) for name, slot in kept.items()}
        return _tree.unflatten(structure, found), State(state.step + 1, slots)

    def _move(
        self, arrays: list[np.ndarray], grads: list[np.ndarray], kept: dict[str, list[np.ndarray]], step: int
    ) -> None:
        """One step, in place."""
        options, space = self._options(step), Workspace(2 * max([one.size for one in arrays], default=0))
        names = self._formula.slots(options)
        for name in names:
            if name not in kept:
                raise ValueError(f"the state has no {name!r}: make it with this optimizer's init(params)")
        numbers = self._formula.constants(options, step + 1)
        for index, (array, g) in enumerate(zip(arrays, grads, strict=True)):
            slots = tuple([kept[name][index] for name in names])
            work = Work(array, names, slots, space, None, is_new=step == 0)
            work.run(self._formula, g, space.constants(work.dtype, numbers), options)

    def _options(self, step: int) -> dict[str, Any]:
        lr = self.lr(step) if callable(self.lr) else self.lr
        return {**self.__dict__, "lr": lr}


def _arrays(
    leaves: list[Any], structure: _tree.Structure, name: str, like: list[np.ndarray] | None = None
) -> list[np.ndarray]:
    """The leaves as arrays; `like`: those whose shapes they must have."""
    for index, leaf in enumerate(leaves):
        if isinstance(leaf, Variable):
            raise TypeError(
                f"{_tree.labels(structure, name)[index]} is of type {type(leaf).__name__}: these updates are "
                "for arrays, and are not recorded; optimise Tensors with the classes of tapeless.optim"
            )
    arrays = [np.asarray(float(leaf) if type(leaf) is int else leaf) for leaf in leaves]
    for index, array in enumerate(arrays):
        if array.dtype.kind not in "fc":
            raise TypeError(
                f"{_tree.labels(structure, name)[index]} has dtype {array.dtype}; only floating point and "
                "complex arrays can be optimised: keep it out of the container"
            )
        if like is not None and array.shape != like[index].shape:
            raise ValueError(
                f"{_tree.labels(structure, name)[index]} has shape {array.shape}, its parameter has shape "
                f"{like[index].shape}"
            )
    return arrays


def _like(leaf: Any, array: np.ndarray) -> Any:
    """An array for an array, a NumPy scalar for one, a Python number for one."""
    if isinstance(leaf, np.ndarray):
        return array
    return array[()] if isinstance(leaf, np.generic) else array.item()


@dataclass(frozen=True)
class SGD(_Pure):
    """As `tapeless.optim.SGD`.  State: `momentum_buffer` if there is momentum.

    >>> import tapeless as tl
    >>> def loss(params):
    ...     return ((params["w"] - 1.0) ** 2).sum()
    >>> params = {"w": np.array([3.0, -2.0])}
    >>> optimizer = SGD(lambda step: 0.4 if step < 2 else 0.1)
    >>> state = optimizer.init(params)
    >>> for _ in range(3):
    ...     params, state = optimizer.update(tl.grad(loss)(params), state, params)
    >>> params["w"]
    array([1.064, 0.904])
    """

    momentum: float = 0
    dampening: float = 0
    weight_decay: float = 0
    nesterov: bool = False
    maximize: bool = False

    _formula = formulas.SGD
    _check = checks.sgd


@dataclass(frozen=True)
class Adam(_Pure):
    """As `tapeless.optim.Adam`.  State: `exp_avg`, `exp_avg_sq`, and with amsgrad `max_exp_avg_sq`.

    >>> import tapeless as tl
    >>> params = (np.array([3.0]), 0.5)
    >>> optimizer = Adam(0.1)
    >>> state = optimizer.init(params)
    >>> grads = tl.grad(lambda p: np.sum(p[0] * p[1]))(params)
    >>> params, state = optimizer.update(grads, state, params)
    >>> params, state.step
    ((array([2.9]), 0.400000000333...), 1)
    """

    betas: tuple[float, float] = (0.9, 0.999)
    eps: float = 1e-8
    weight_decay: float = 0
    amsgrad: bool = False
    maximize: bool = False
    decoupled_weight_decay: bool = False

    _formula = formulas.ADAM
    _check = checks.adam


@dataclass(frozen=True)
class AdamW(Adam):
    """As `tapeless.optim.AdamW`: Adam with `decoupled_weight_decay`.

    >>> optimizer = AdamW(0.1, weight_decay=0.5)
    >>> optimizer.update(0.0, optimizer.init(2.0), 2.0)[0]
    1.9
    """

    weight_decay: float = 1e-2
    decoupled_weight_decay: bool = True


@dataclass(frozen=True)
class RMSprop(_Pure):
    """As `tapeless.optim.RMSprop`.  State: `square_avg`, and as asked for `momentum_buffer`, `grad_avg`.

    >>> optimizer = RMSprop(0.25, alpha=0.0, eps=0.0)
    >>> optimizer.update([4.0, -0.5], optimizer.init([1.0, 1.0]), [1.0, 1.0])[0]
    [0.75, 1.25]
    """

    lr: float | Schedule = 1e-2
    alpha: float = 0.99
    eps: float = 1e-8
    weight_decay: float = 0
    momentum: float = 0
    centered: bool = False
    maximize: bool = False

    _formula = formulas.RMSPROP
    _check = checks.rmsprop


@dataclass(frozen=True)
class Adagrad(_Pure):
    """As `tapeless.optim.Adagrad`.  State: `sum`.

    >>> optimizer = Adagrad(0.25, eps=0.0)
    >>> optimizer.update([4.0, -0.5], optimizer.init([1.0, 1.0]), [1.0, 1.0])
    ([0.75, 1.25], State(step=1, slots={'sum': [array(16.), array(0.25)]}))
    """

    lr: float | Schedule = 1e-2
    lr_decay: float = 0
    weight_decay: float = 0
    initial_accumulator_value: float = 0
    eps: float = 1e-10
    maximize: bool = False

    _formula = formulas.ADAGRAD
    _check = checks.adagrad


@dataclass(frozen=True)
class Adadelta(_Pure):
    """As `tapeless.optim.Adadelta`.  State: `square_avg`, `acc_delta`.

    >>> optimizer = Adadelta(0.5, rho=0.0, eps=1.0)
    >>> params, state = optimizer.update(0.0, optimizer.init(2.0), 2.0)
    >>> params, sorted(state.slots)
    (2.0, ['acc_delta', 'square_avg'])
    """

    lr: float | Schedule = 1.0
    rho: float = 0.9
    eps: float = 1e-6
    weight_decay: float = 0
    maximize: bool = False

    _formula = formulas.ADADELTA
    _check = checks.adadelta


@dataclass(frozen=True)
class LBFGS:
    """As `tapeless.optim.LBFGS`: each update makes up to `max_iter` iterations, so it takes a function.

    `update(value_and_grad, state, params)`, where `value_and_grad(params)` gives the loss and its gradient.
    The state is a `Memory`, whose `prev_loss` is the loss at the last point but one.

    >>> import tapeless as tl
    >>> def loss(w):
    ...     return 100 * (w[1] - w[0] ** 2) ** 2 + (1 - w[0]) ** 2
    >>> w = np.array([-1.2, 1.0])
    >>> optimizer = LBFGS(line_search_fn="strong_wolfe", max_iter=50)
    >>> w, state = optimizer.update(tl.value_and_grad(loss), optimizer.init(w), w)
    >>> w.round(3), state.n_iter
    (array([1., 1.]), 35)
    """

    lr: float = 1
    max_iter: int = 20
    max_eval: int | None = None
    tolerance_grad: float = 1e-7
    tolerance_change: float = 1e-9
    history_size: int = 100
    line_search_fn: str | None = None

    def __post_init__(self) -> None:
        checks.lbfgs(self.__dict__)

    def init(self, params: Any) -> Memory:
        """The state before the first update; TypeError as for the other optimisers."""
        leaves, structure = _tree.flatten(params)
        _arrays(leaves, structure, "params")
        return Memory()

    def update(
        self, value_and_grad: Callable[[Any], tuple[Any, Any]], state: Memory, params: Any
    ) -> tuple[Any, Memory]:
        """The parameters and the state after some iterations; what is given stays as it is."""
        if not callable(value_and_grad):
            raise TypeError(
                "LBFGS asks for the loss at several points: give its update a function, "
                f"tapeless.value_and_grad(loss) for one, not {type(value_and_grad).__name__}"
            )
        if not isinstance(state, Memory):
            raise TypeError(f"the state must be what init or update gave, not {type(state).__name__}")
        leaves, structure = _tree.flatten(params)
        arrays = _arrays(leaves, structure, "params")
        here = np.concatenate([flat_real(array) for array in arrays])

        def place(x: np.ndarray) -> None:
            nonlocal here
            here = x

        def filled() -> Any:
            cut = parted(here, arrays)
            return _tree.unflatten(
                structure, [_like(leaf, one) for leaf, one in zip(leaves, cut, strict=True)]
            )

        def evaluate() -> tuple[float, np.ndarray]:
            given = value_and_grad(filled())
            if not isinstance(given, tuple) or len(given) != 2:
                raise TypeError("value_and_grad(params) must give a pair, the loss and its gradient")
            grads = _arrays(_tree.leaves_like(structure, given[1], "grads"), structure, "grads", arrays)
            return float(given[0]), np.concatenate([flat_real(g) for g in grads])

        state = minimise(here, place, evaluate, state, self._options())
        return filled(), state

    def _options(self) -> dict[str, Any]:
        most = self.max_iter * 5 // 4 if self.max_eval is None else self.max_eval
        return {**self.__dict__, "max_eval": most}
