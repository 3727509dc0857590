"""The step of every optimiser that moves each element of a parameter by a formula."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from tapeless.graph.engine import mark_written
from tapeless.graph.tensor import Tensor
from tapeless.graph.variable import Variable, wrap
from tapeless.optim.formulas import Formula
from tapeless.optim.optimizer import FOREIGN, Closure, Group, Optimizer, evaluate
from tapeless.optim.pieces import Work, Workspace
from tapeless.optim.writing import is_quick, may_write_memory, write


class FormulaOptimizer(Optimizer):
    """Moves each parameter by `_formula`, in place; after the first step no array is made."""

    _formula: ClassVar[Formula]

    def __init__(self, params: Any, defaults: Group) -> None:
        self._begin()
        super().__init__(params, defaults)

    def _begin(self) -> None:
        self._space = Workspace()
        self._works: dict[Any, Work] = {}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._begin()

    def step(self, closure: Closure | None = None) -> Any:
        loss = None if closure is None else evaluate(closure)
        quick = is_quick()
        for group in self.param_groups:
            self._step_group(group, quick)
        return loss

    def _check_state(self, loaded: list[tuple[Any, Any, dict[str, Any]]]) -> None:
        for number, _, kept in loaded:
            if kept and not any([name in kept for name in self._formula.every]):
                raise ValueError(FOREIGN.format(number, sorted(kept), type(self).__name__))
        misfits = [
            MISFIT_STATE.format(
                f"{name!r} of parameter {number}", list(value._data.shape), list(p._data.shape)
            )
            for number, p, kept in loaded
            for name, value in kept.items()
            if name != "step" and isinstance(value, Variable) and value._data.shape != p._data.shape
        ]
        if misfits:
            raise ValueError("; ".join(misfits))

    def _step_group(self, group: Group, quick: bool) -> None:
        formula = self._formula
        names = formula.slots(group)
        step, dtype, constants = -1, None, ()
        for p in group["params"]:
            meta = p._meta
            if meta is None or meta.grad is None:
                continue
            g = meta.grad._data
            is_direct = quick and may_write_memory(p)
            work = self._work(p, names, group) if is_direct else self._work_apart(p, names, group)
            if g.shape != work.shape:
                raise RuntimeError(MISFIT.format(list(g.shape), list(work.shape)))
            now = work.count()
            if now != step or work.dtype is not dtype:  # all parameters agree, but for those once frozen
                step, dtype = now, work.dtype
                constants = self._space.constants(dtype, formula.constants(group, step))
            work.run(formula, g, constants, group)
            if is_direct:
                mark_written(p)
            else:
                write(p, work.array)

    def _work(self, p: Any, names: tuple[str, ...], group: Group) -> Work:
        work = self._works.get(p)
        if work is None or work.names is not names or work.array is not p._data or self._is_stale(p, work):
            array = p._array()
            if not array.flags.writeable:
                raise RuntimeError(READ_ONLY)
            work = self._works[p] = self._make_work(p, array, names, group)
        return work

    def _work_apart(self, p: Any, names: tuple[str, ...], group: Group) -> Work:
        """Work on a copy: where tapes, forward mode or Arrays must be told of what is written."""
        return self._make_work(p, p._array().copy(), names, group)

    def _is_stale(self, p: Any, work: Work) -> bool:
        """Whether somebody put something else in the place of what is kept for a parameter."""
        kept = work.kept
        if kept:
            state = self.state[p]
            for name, array in kept:
                value = state.get(name)
                if value is None or value._data is not array:
                    return True
        return False

    def _make_work(self, p: Any, array: np.ndarray, names: tuple[str, ...], group: Group) -> Work:
        formula = self._formula
        state = self.state[p] if names or formula.counts else {}
        counter = _counter(state) if formula.counts else None
        start = formula.start(group)
        made = [_slot(state, name, array, start) for name in names]
        is_new = any([new for _, new in made])
        return Work(array, names, tuple([slot for slot, _ in made]), self._space, counter, is_new)


MISFIT = "the gradient of a parameter has shape {}, the parameter has shape {}: clear it with zero_grad()"
MISFIT_STATE = "the state {} has shape {}, the parameter has shape {}"
READ_ONLY = (
    "the memory of a parameter is read-only (it came from a read-only NumPy array): make the parameter of a "
    "copy, tensor(array)"
)


def _counter(state: dict[str, Any]) -> np.ndarray:
    """How often a parameter was moved: a float32 Tensor, as in PyTorch's state."""
    step = state.get("step", 0)
    if not isinstance(step, Tensor) or type(step._data) is not np.ndarray:
        number = step._data.item() if isinstance(step, Variable) else step
        step = state["step"] = wrap(Tensor, np.array(number, dtype=np.float32))
    return step._data


def _slot(state: dict[str, Any], name: str, array: np.ndarray, start: float) -> tuple[np.ndarray, bool]:
    """What is kept for a parameter under a name, as an array to write to; and whether it is new."""
    kept = state.get(name)
    if kept is None:
        kept = state[name] = wrap(Tensor, np.full(array.shape, start, array.dtype))
        return kept._data, True
    data = kept._array()
    if data.shape != array.shape:
        raise RuntimeError(
            MISFIT_STATE.format(f"{name!r} of a parameter", list(data.shape), list(array.shape))
        )
    if not (data.flags.c_contiguous and data.flags.writeable) or data.dtype != array.dtype:
        data = np.array(data, dtype=array.dtype, order="C")
        state[name] = wrap(Tensor, data)
    return data, False
