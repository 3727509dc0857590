"""Calls that the source road leaves to the graph: their forward and backward halves run and record them.

y = hard(x)                  y, kept = hard_forward(x)        hard runs on Arrays
                             ...
                             dx = hard_backward(kept, dy)     and back over what they have recorded
"""

from __future__ import annotations

import functools
import inspect
from typing import Any

import numpy as np

from tapeless import _tree
from tapeless.graph.node import needs_grad
from tapeless.graph.tensor import Tensor
from tapeless.graph.variable import Variable
from tapeless.source.own import DATA_OF, IS_CONSTANT, REGIONS, Opaque, OwnRules
from tapeless.transforms.callee import Parameters
from tapeless.transforms.taped import Recorded, Run


class _Half(Opaque):
    """One half, as a function of the arguments by position; it is called as it stands."""

    def __init__(self, region: Region, role: str, parameters: list[str]) -> None:
        self.region = region
        self.__name__ = role if role == "call" else f"{region.name}_{role}"
        kind = inspect.Parameter.POSITIONAL_ONLY
        self.__signature__ = inspect.Signature([inspect.Parameter(name, kind) for name in parameters])


class _Plain(_Half):
    def __call__(self, *args: Any) -> Any:
        return self.region.original(*args)


class _Forward(_Half):
    def __call__(self, *args: Any) -> tuple[Any, Run]:
        out, run = self.region.recorded(len(args)).forward(*self.region.guarded(args))
        for leaf in _tree.flatten(out)[0]:
            if not isinstance(leaf, np.ndarray | np.generic | int | float | complex | str):
                raise TypeError(
                    f"{self.region.name} is recorded on the graph, and gives a {type(leaf).__name__} there, "
                    'which derivatives cannot be followed through: use mode="tape" for the whole function'
                )
        return out, run


class _Backward(_Half):
    def __call__(self, *args: Any) -> tuple[Any, ...]:
        *_, run, cotangent = args
        return run.pull(cotangent)


class _Pushforward(_Half):
    def __call__(self, *args: Any) -> tuple[Any, Any]:
        *fixed, primals, tangents = args
        values = self.region.arranged(fixed, primals)
        return self.region.recorded(len(values)).tangent(*self.region.guarded(values), *tangents)


class Region(OwnRules):
    """A function whose calls are recorded; `fixed` are the arguments that are not differentiated."""

    def __init__(self, function: Any, fixed: tuple[int, ...]) -> None:
        super().__init__(function, fixed)
        self.original = function
        _ = self.signature  # of the function itself, before another stands in its place
        names = [] if self.signature is None else list(self.signature.parameters)
        held = [f"fixed_{k}" for k in fixed]
        self.function = _Plain(self, "call", names)
        self.forward = _Forward(self, "forward", names)
        self.backward = _Backward(self, "backward", [*held, "run", "cotangent"])
        self.pushforward = _Pushforward(self, "pushforward", [*held, "primals", "tangents"])

    def recorded(self, count: int) -> Recorded:
        """The function of so many arguments by position, to be recorded."""
        names = tuple([f"argument_{k}" for k in range(count)])
        moving = tuple([k for k in range(count) if k not in self.fixed])
        return Recorded(self.original, Parameters(self.name, names), moving, False, None, writes=False)

    def guarded(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments; arrays that nobody would see writes to are not to be written into."""
        return tuple(
            [
                _read_only(value) if k in self.fixed and isinstance(value, np.ndarray) else value
                for k, value in enumerate(values)
            ]
        )

    def arranged(self, fixed: list[Any], moving: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments in the function's order."""
        held, others = iter(fixed), iter(moving)
        count = len(fixed) + len(moving)
        return tuple([next(held) if k in self.fixed else next(others) for k in range(count)])


def _read_only(array: np.ndarray) -> np.ndarray:
    view = array.view()
    view.flags.writeable = False
    return view


@functools.lru_cache(maxsize=1024)
def _region(function: Any, fixed: tuple[int, ...]) -> Region:
    return Region(function, fixed)


def _data_of(value: Any) -> Any:
    """What a program finds in the place of a Tensor; None for anything else."""
    if not isinstance(value, Variable):
        return None
    return value._data if value._data.ndim else value._data[()]


def _is_constant(value: Any) -> bool:
    is_plain = isinstance(value, Tensor) and (value._meta is None or value._meta.tangent is None)
    return is_plain and not needs_grad(value)


REGIONS.append(_region)
IS_CONSTANT.append(_is_constant)
DATA_OF.append(_data_of)
