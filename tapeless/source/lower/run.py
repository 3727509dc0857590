"""From a function and the values it is called with to a program."""

from __future__ import annotations

import dataclasses
import inspect
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import BuiltinFunctionType, FunctionType
from typing import Any

import numpy as np

from tapeless.errors import TransformError
from tapeless.ir.check import check
from tapeless.ir.names import Names
from tapeless.ir.program import Atom, Const, Let, Program, Return, Var, build_dict, build_list, build_tuple
from tapeless.ir.renaming import rename, rename_block
from tapeless.rules import table
from tapeless.source.captured import captured_in
from tapeless.source.facts import Fact, Size, fact_of
from tapeless.source.lower import customs, lifting, nested, stand_ins, watching
from tapeless.source.lower.calls import call
from tapeless.source.lower.iteration import tuple_items
from tapeless.source.lower.machine import Machine
from tapeless.source.lower.notes import Findings
from tapeless.source.lower.pullbacks import check_unwritten
from tapeless.source.lower.reader import reader
from tapeless.source.lower.recursion import RecursionFoundError
from tapeless.source.lower.regions import next_region
from tapeless.source.lower.values import Dyn, Entries, Fields, Items, Known, Ref, Runtime, Tup, Value
from tapeless.source.own import own_rules_of
from tapeless.source.wrappers import unwrapped

REGISTERED = customs, lifting, nested, stand_ins, watching  # importing them fills a table
# The default of NumPy's that says nothing was given.
NOT_GIVEN: Any = inspect.signature(np.sum).parameters["initial"].default


@dataclass(frozen=True, slots=True)
class Leaf:
    """A number or array among the arguments: the name it has in the program."""

    name: str


@dataclass(frozen=True, slots=True)
class Branch:
    """A container among the arguments: how to build one like it, and its parts (with keys if it has any)."""

    build: Callable[..., Any]
    parts: tuple[Any, ...]
    keys: tuple[Any, ...] | None = None
    by_keyword: bool = False


@dataclass(frozen=True, slots=True)
class Lowered:
    """A function as a program: `leaves` are the differentiated arguments, in the order asked for."""

    program: Program
    facts: dict[str, Fact]
    leaves: tuple[Any, ...]  # a tree of Leaf, Branch and None for each
    result: Value
    found: Findings
    written: tuple[int, ...]  # positions of arguments that the function writes into
    regions: tuple[tuple[Any, TransformError], ...] = ()  # functions whose calls are recorded, and why


def lower(
    function: Callable[..., Any],
    names: Sequence[str],
    values: Sequence[Any],
    wrt: Sequence[int],
    *,
    auxiliary: bool = False,
    records: bool = False,
    lifts: bool = False,
) -> Lowered:
    """The program of `function` for arguments like these; TransformError where it cannot be read.

    With `records` the calls of functions that cannot be read are left to the graph; with `lifts`
    CapturedError says where Tensors stand that the function finds around it.
    """
    wanted: set[Any] = set()
    regions: dict[int, Any] = {}
    while True:
        m = reader()
        m.lifts, m.recursions.wanted, m.regions = lifts, wanted, regions
        try:
            return _lowered(m, function, names, values, wrt, auxiliary)
        except RecursionFoundError as found:  # it is read from the start again, now as a procedure
            wanted.add(found.key)
        except TransformError as error:
            _refuse_captured(m, function, values)  # what is in the way may be that they have no type yet
            unreadable = next_region(error, regions, function) if records else None
            if unreadable is None:
                raise
            regions[id(unreadable)] = (unreadable, error.with_traceback(None))  # now without it


def _refuse_captured(m: Machine, function: Any, values: Sequence[Any]) -> None:
    if m.found.captured:
        raise captured_in(m.found.captured, m.found.origins, function, tuple(values)) from None


def _lowered(
    m: Machine,
    function: Callable[..., Any],
    names: Sequence[str],
    values: Sequence[Any],
    wrt: Sequence[int],
    auxiliary: bool,
) -> Lowered:
    for name in names:
        m.names.take(name)
    bound: list[Value] = []
    trees: list[Any] = []
    for position, (name, value) in enumerate(zip(names, values, strict=True)):
        read, tree = _argument(m, Var(name), name, value, position in wrt)
        bound.append(read)
        trees.append(tree)
    args, kwargs = arranged(m, function, bound, values)
    if isinstance(function, BuiltinFunctionType) and table.find(function) is None:
        raise TransformError(
            f"{function.__name__} is not written in Python: differentiate a function that calls it"
        )
    result = call(m, Known(function), args, kwargs)
    _refuse_captured(m, function, values)
    for pulled in m.recursions.maps:
        check_unwritten(m, pulled)
    if auxiliary and isinstance(result, Tup) and len(result.items) == 2:
        exit_ = Return(tuple([m.atom(item) for item in result.items]), as_tuple=True)
    else:
        exit_ = Return((m.atom(result),))
    title: str = getattr(function, "__name__", type(function).__name__)  # pyright: ignore[reportAssignmentType]
    title = title if title.isidentifier() else "function"
    body = rename_block(tuple(m.block), m.renamed)
    exit_ = rename(exit_, m.renamed)
    program = Program(title, tuple(names), body, exit_, tuple(m.found.free))
    written = tuple([k for k, name in enumerate(names) if m.memory.is_written(name)])
    leaves = tuple([trees[position] for position in wrt])
    return Lowered(check(program), m.facts, leaves, result, m.found, written, tuple(m.regions.values()))


def arranged(
    m: Machine, function: Any, bound: Sequence[Value], values: Sequence[Any]
) -> tuple[list[Value], dict[str, Value]]:
    """What is bound to the parameters as a call passes it: without what NumPy takes for nothing given."""
    own = None
    try:
        plain, _ = unwrapped(function)
        own = own_rules_of(plain)
        plain = plain if own is None else own[0].function
        follows = not isinstance(plain, FunctionType)  # a wrapper of the user's has parameters of its own
        parameters = list(inspect.signature(plain, follow_wrapped=follows).parameters.values())
    except (TypeError, ValueError):
        if isinstance(function, np.ufunc):
            return list(bound), {}
        # What does not tell its parameters is bound as *args.
        stars = [isinstance(value, tuple) for value in values]
        items = [tuple_items(m, one) if star else (one,) for star, one in zip(stars, bound, strict=True)]
        return [item for each in items for item in each], {}
    args: list[Value] = []
    kwargs: dict[str, Value] = {}
    by_name = False
    for parameter, value, given in zip(parameters, bound, values, strict=False):
        if given is NOT_GIVEN:
            by_name = True
        elif own is not None and parameter.kind is parameter.KEYWORD_ONLY and given is parameter.default:
            pass  # its rules do not know it
        elif parameter.kind is parameter.VAR_POSITIONAL:
            args.extend(tuple_items(m, value))
        elif parameter.kind is parameter.VAR_KEYWORD:
            content = m.content(value) if isinstance(value, Ref) else None
            assert isinstance(content, Entries)
            kwargs.update(content.entries)
        elif parameter.kind is parameter.KEYWORD_ONLY or by_name:
            kwargs[parameter.name] = value
        else:
            args.append(value)
    return args, kwargs


def _argument(m: Machine, atom: Atom, name: str, value: Any, varies: bool) -> tuple[Value, Any]:
    """An argument as it is read, and the tree of its leaves."""
    own = atom.name if isinstance(atom, Var) else name  # of arrays of one name the lengths are others
    if isinstance(value, np.ndarray | np.generic | int | float | complex):
        fact = fact_of(value, own)
        m.lengths.update([dim.name for dim in fact.dims or () if isinstance(dim, Size)])
        varies = varies and fact.dtype is not None and fact.dtype.kind in "fc"
        read = Dyn(atom, fact, varies)
        if isinstance(atom, Var):
            m.facts[atom.name] = fact
            return read, Leaf(atom.name) if varies else None
    if type(value) in (list, tuple) and not varies and value and _is_data(value):
        fact = fact_of(value, own)
        if isinstance(atom, Var):
            m.facts[atom.name] = fact
        read = Dyn(atom, fact)
        return (m.new(Runtime(read)) if type(value) is list else read), None
    if isinstance(value, tuple):
        pairs = [
            _part(m, atom, operator.getitem, k, f"{name}_{k}", item, varies) for k, item in enumerate(value)
        ]
        build = build_tuple if type(value) is tuple else type(value)
        return Tup(tuple([read for read, _ in pairs]), type(value)), Branch(
            build, tuple([t for _, t in pairs])
        )
    assert isinstance(atom, Var)
    if type(value) in (list, dict):
        m.facts[atom.name] = Fact("list" if type(value) is list else "dict")
    if isinstance(value, list):
        pairs = [
            _part(m, atom, operator.getitem, k, f"{name}_{k}", item, varies) for k, item in enumerate(value)
        ]
        ref = m.new(Items(tuple([read for read, _ in pairs]), atom))
        return ref, Branch(build_list, tuple([t for _, t in pairs]))
    if isinstance(value, dict):
        keys = tuple(value)
        pairs = [
            _part(m, atom, operator.getitem, key, _hint(name, key), item, varies)
            for key, item in value.items()
        ]
        ref = m.new(Entries(tuple(zip(keys, [read for read, _ in pairs], strict=True)), atom))
        return ref, Branch(build_dict, tuple([t for _, t in pairs]), keys)
    if dataclasses.is_dataclass(value) and not isinstance(value, type) and varies:
        return _dataclass(m, atom, value, varies)
    if value is None or isinstance(value, str | bytes):
        return Known(value), None
    return Known(value, atom), None


def _is_data(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_data, value))
    return isinstance(value, np.ndarray | np.generic | int | float | complex)


def _dataclass(m: Machine, atom: Var, value: Any, varies: bool) -> tuple[Value, Any]:
    names = tuple([field.name for field in dataclasses.fields(value)])
    pairs = [_part(m, atom, getattr, name, name, getattr(value, name), varies) for name in names]
    ref = m.new(Fields(type(value), tuple(zip(names, [read for read, _ in pairs], strict=True)), atom))
    return ref, Branch(type(value), tuple([t for _, t in pairs]), names, by_keyword=True)


def _hint(name: str, key: Any) -> str:
    return key if isinstance(key, str) and key.isidentifier() else name


def _part(
    m: Machine, owner: Atom, read: Any, key: Any, hint: str, value: Any, varies: bool
) -> tuple[Value, Any]:
    made = m.let(read, [Dyn(owner), Known(key)], hint=hint)
    assert isinstance(made, Dyn)
    return _argument(m, made.atom, hint, value, varies)


def built(names: Names, tree: Any, cotangents: dict[str, Atom], body: list[Any]) -> Atom:
    """The gradient in the structure of its argument: statements that build it are added to `body`."""
    match tree:
        case Leaf():
            return cotangents[tree.name]
        case Branch():
            parts = [built(names, part, cotangents, body) for part in tree.parts]
            name = names.fresh("gradient")
            if tree.by_keyword:
                keywords = tuple(zip(tree.keys or (), parts, strict=True))
                body.append(Let((name,), tree.build, (), keywords))
            else:
                flat = (
                    parts
                    if tree.keys is None
                    else [a for k, p in zip(tree.keys, parts, strict=True) for a in (Const(k), p)]
                )
                body.append(Let((name,), tree.build, tuple(flat)))
            return Var(name)
        case _:
            return Const(None)


def leaf_names(tree: Any) -> list[str]:
    """The names of the leaves of a tree, in order."""
    if isinstance(tree, Leaf):
        return [tree.name]
    return [name for part in tree.parts for name in leaf_names(part)] if isinstance(tree, Branch) else []
