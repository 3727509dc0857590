"""Several names that get their values at once, one after the other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tapeless.ir.program import Atom, For, If, Program, Var, While, is_undefined, walk
from tapeless.ir.sites import Leaves


@dataclass(frozen=True, slots=True)
class Move:
    """`target = source` in the source; `read` is the name that the source is, if it is one."""

    target: str
    source: Atom
    read: str | None


def in_order(moves: Iterable[Move]) -> list[tuple[Move, ...]]:
    """The moves in an order in which none overwrites what a later one reads; swaps stay together.

    >>> moves = [Move("a", Var("b"), "b"), Move("b", Var("a"), "a"), Move("c", Var("a"), "a")]
    >>> [[move.target for move in group] for group in in_order(moves)]
    [['c'], ['a', 'b']]
    """
    waiting = {move.target: move for move in moves if move.target != move.read}
    readers: dict[str, int] = {}
    for move in waiting.values():
        if move.read is not None:
            readers[move.read] = readers.get(move.read, 0) + 1
    found: list[tuple[Move, ...]] = []
    ready = [target for target in waiting if not readers.get(target)]
    while ready:
        move = waiting.pop(ready.pop(0))
        found.append((move,))
        if move.read is not None:
            readers[move.read] -= 1
            if not readers[move.read] and move.read in waiting:
                ready.insert(0, move.read)
    while waiting:  # rings only: each name is read by exactly one other
        first = next(iter(waiting))
        ring = [waiting.pop(first)]
        while ring[-1].read in waiting:
            ring.append(waiting.pop(ring[-1].read or ""))
        found.append(tuple(ring))
    return found


def maybe_unbound(program: Program, leaves: Leaves) -> frozenset[str]:
    """The names that may never have been assigned where they are handed on."""
    sources: dict[str, list[str]] = {}  # by name, what it is handed on under
    waiting: list[str] = []
    for statement in walk(program.body):
        moves: list[tuple[str, Atom]] = []
        if isinstance(statement, If):
            moves = [(phi.name, atom) for phi in statement.outs for atom in (phi.then, phi.orelse)]
        elif isinstance(statement, For | While):
            for carry in statement.carries:
                moves += [(carry.name, carry.init), (carry.name, carry.next), (carry.result, Var(carry.name))]
        for target, source in moves:
            atom = leaves.atom(source)
            if is_undefined(atom):
                waiting.append(target)
            elif isinstance(atom, Var):
                sources.setdefault(atom.name, []).append(target)
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += sources.get(name, ())
    return frozenset(found)
