"""What `argnums` means: which parameters, and which parts of `*args` and `**kwargs`, are differentiated."""

from __future__ import annotations

import functools
import operator
from dataclasses import dataclass
from typing import Any

from tapeless.transforms.callee import Callee

Argnums = int | str | tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class Selected:
    """One differentiated argument: a parameter's position, or a part of the container that it holds."""

    position: int
    key: int | str | None
    name: str

    def of(self, values: tuple[Any, ...]) -> Any:
        """The argument among a call's values."""
        value = values[self.position]
        return value if self.key is None else value[self.key]


@dataclass(frozen=True)
class Selection:
    """The differentiated arguments, in the order in which their gradients are given."""

    selected: tuple[Selected, ...]
    single: bool  # one gradient, not a tuple of one

    @functools.cached_property
    def wrt(self) -> tuple[int, ...]:
        """The positions of the parameters that hold them."""
        return tuple(dict.fromkeys([one.position for one in self.selected]))

    @functools.cached_property
    def is_plain(self) -> bool:
        """Whether all are whole parameters."""
        return all([one.key is None for one in self.selected])


def depends_on_call(argnums: Argnums, callee: Callee) -> bool:
    """Whether the number of arguments decides what `argnums` means: from the end of `*args`."""
    several = argnums if isinstance(argnums, tuple) else (argnums,)
    return callee.parameters.star is not None and any(
        [not isinstance(one, str) and operator.index(one) < 0 for one in several]
    )


def select(argnums: Argnums, callee: Callee, given: int = 0) -> Selection:
    """What `argnums` names; `given` is the number of positional arguments, where that matters.

    Numbers count from the first argument that the callable takes: a method's `self` is not counted.
    """
    several = argnums if isinstance(argnums, tuple) else (argnums,)
    if not several:
        raise ValueError(f"argnums of {callee.parameters} is empty: name at least one argument")
    selected: list[Selected] = []
    for one in several:
        if isinstance(one, str):
            selected.append(_by_name(one, callee))
        elif isinstance(one, bool) or not hasattr(one, "__index__"):
            raise TypeError(
                f"argnums of {callee.parameters} must be an int, a parameter's name, or a tuple of these, "
                f"got {argnums!r}"
            )
        else:
            selected.append(_by_number(operator.index(one), callee, given))
    for number, one in enumerate(selected):
        if one in selected[:number]:
            raise ValueError(f"argnums={argnums!r} names the argument {one.name!r} twice")
    return Selection(tuple(selected), not isinstance(argnums, tuple))


def _by_number(number: int, callee: Callee, given: int) -> Selected:
    parameters, lead = callee.parameters, len(callee.leading)
    count = len(parameters.positional)
    total = max(given, count - lead) if parameters.star is not None else count - lead
    position = lead + (number if number >= 0 else total + number)
    if lead <= position < count:
        return Selected(position, None, parameters.positional[position])
    if position >= count and parameters.star is not None:
        part = position - count
        return Selected(count, part, f"{parameters.star}[{part}]")
    raise ValueError(
        f"argnums={number} is out of range: {parameters} takes {max(count - lead, 0)} positional arguments"
    )


def _by_name(name: str, callee: Callee) -> Selected:
    parameters = callee.parameters
    if name in parameters.names:
        return Selected(parameters.names.index(name), None, name)
    if parameters.stars is not None:
        return Selected(len(parameters.names) - 1, name, f"{parameters.stars}[{name!r}]")
    raise ValueError(f"argnums={name!r} is no parameter of {parameters}")
