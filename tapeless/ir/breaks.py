"""Loops that end early: where `break` may stand in the branch that asks for it, instead of behind a flag."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tapeless.ir.program import Atom, Block, For, If, Var, While


@dataclass(frozen=True, slots=True)
class Breaks:
    """The branches at whose ends a loop is left, and the flags that said so.

    A branch goes by the identity of its `If` and whether it is `then`.
    """

    branches: frozenset[tuple[int, bool]] = frozenset()
    flags: tuple[str, ...] = ()


def breaks(loop: For | While) -> Breaks | None:
    """Where to leave the loop, if its flag is True and False at the ends of the branches that come last.

    if x > 1.0:                    if x > 1.0:
        done_1 = True                  break
    else:                    =>    x = x * 2.0
        x_1 = x * 2.0
        done_2 = False
    (until done: True after the one, False after the other)
    """
    branches: set[tuple[int, bool]] = set()
    flags: list[str] = []
    waiting: list[tuple[Atom | None, Block]] = [(loop.until, loop.body)]
    while waiting:
        flag, block = waiting.pop()
        last = block[-1] if block else None
        phis = [phi for phi in last.outs if flag == Var(phi.name)] if isinstance(last, If) else []
        if not phis or not isinstance(last, If):
            return None
        flags.append(phis[0].name)
        for is_then, end, branch in ((True, phis[0].then, last.then), (False, phis[0].orelse, last.orelse)):
            if isinstance(end, Var):
                waiting.append((end, branch))
            elif end.value is True:
                branches.add((id(last), is_then))
            elif end.value is not False:
                return None
    return Breaks(frozenset(branches), tuple(flags)) if branches else None


def needless(found: Breaks, counts: Mapping[str, int]) -> frozenset[str]:
    """The flags that nobody reads any more."""
    return frozenset(flag for flag in found.flags if counts[flag] == 1)
