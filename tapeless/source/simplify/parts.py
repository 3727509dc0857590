"""Cotangents of what was joined are read where they stand."""

from __future__ import annotations

import operator
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tapeless.ir.program import Const, Let, Program, Return, Statement, Var, reads, walk
from tapeless.rules.joining import unarray, unstack
from tapeless.source.facts import Dims, Fact, known_of, same_dtype
from tapeless.source.simplify.helpers import dims_of_shape
from tapeless.source.simplify.known import Known, copied, plain_arguments, rewrite

Readers = Mapping[str, Sequence[Statement | Return]]


def read_in_place(program: Program, facts: dict[str, Fact]) -> Program:
    """Read the cotangents of the numbers in a list from that of the array that was made of it.

    parts = unarray(g, layout)
    c = parts[0]                    c = g[0]        the list held two numbers
    d = parts[1]               =>   d = g[1]
    """
    if not any(isinstance(s, Let) and s.op in (unarray, unstack) for s in walk(program.body)):
        return program
    known = Known(program, facts)
    readers: Readers = _readers(program)

    def change(statement: Let) -> Sequence[Let] | None:
        if statement.op not in (unarray, unstack) or len(statement.targets) != 1:
            return None
        args = plain_arguments(statement)
        if args is None or (statement.op is unstack and args[2] != Const(0)):
            return None
        fact, layout, name = known.fact(args[0]), known.fact(args[1]), statement.targets[0]
        whole = _joined(layout)
        if whole is None or fact.kind != "array" or layout.kind != "list":
            return None
        if not _are_one_shape(fact.dims, whole[0]) or not same_dtype(fact.dtype, whole[1]):
            return None
        if not known.is_steady(args[0]) or not _is_only_indexed(name, layout, readers):
            return None
        facts[name] = fact
        return copied(statement, args[0])

    return rewrite(program, change)


def _readers(program: Program) -> Readers:
    found: dict[str, list[Statement | Return]] = defaultdict(list)
    for statement in (*walk(program.body), program.exit):
        for name in reads(statement):
            found[name].append(statement)
    return found


def _joined(layout: Fact) -> tuple[Dims, np.dtype[Any] | None] | None:
    """Shape and dtype of the array that is made of nested lists of numbers; None if that is not sure."""
    if layout.items is None or not layout.items:
        return None
    if layout.kind == "object":
        shape, dtype = layout.items
        return None if dims_of_shape(shape) != () else ((), known_of(dtype).dtype)
    inner = [_joined(known_of(item)) for item in layout.items]
    first = inner[0]
    if first is None or any(one is None or one[0] != first[0] for one in inner):
        return None
    if any(one is None or not same_dtype(one[1], first[1]) for one in inner):
        return None
    return (len(inner), *first[0]), first[1]


def _are_one_shape(a: Dims | None, b: Dims) -> bool:
    """Whether arrays of one size, as these are, have one shape: one length follows from the others."""
    return a is not None and len(a) == len(b) and sum(map(operator.ne, a, b)) <= 1


def _is_only_indexed(name: str, layout: Fact, readers: Readers) -> bool:
    """Whether of nested lists nothing is read but single numbers at known places."""
    for reader in readers.get(name, ()):
        if not isinstance(reader, Let) or reader.op is not operator.getitem or reader.args[0] != Var(name):
            return False
        place = reader.args[1]
        if not isinstance(place, Const) or type(place.value) is not int or layout.items is None:
            return False
        item = known_of(layout.items[place.value])
        if item.kind == "list" and not _is_only_indexed(reader.targets[0], item, readers):
            return False
    return True
