"""The backward part of what is written in place: take the cotangent of what was written, then clear it."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from tapeless.ir import program as ir
from tapeless.ir.effects import written
from tapeless.ir.inside import add_in, append_at, item_at, pop_at, put_at
from tapeless.ir.program import Argument, Atom, Const, Let, Var
from tapeless.rules.indexing import last_written
from tapeless.rules.lists import zeros_at, zeros_of
from tapeless.rules.puts import along_axis, diagonal_places, last_put
from tapeless.rules.support import as_dtype, dtype_of, unbroadcast
from tapeless.source.analyse.activity import carries_no_derivative
from tapeless.source.analyse.storage import may_repeat
from tapeless.source.facts import UNKNOWN, Fact, fact_of_constant
from tapeless.source.reverse.frame import Frame

Handler = Callable[[Frame, Let], None]


def through_write(frame: Frame, let: Let) -> None:
    """The handler of the operation, or a refusal."""
    handler = HANDLERS.get(_key(let.op))
    if handler is None:
        name = getattr(let.op, "__name__", repr(let.op))
        raise frame.refuse(f"no derivative rule for what np.{name} writes", "write it as a[index] = value")
    target = written(let)
    assert target is not None
    # The cotangent of a list is as long as the list: it follows every change.
    if has_cotangent(frame, target) or let.targets or frame.work.fact(target).kind in ("list", "dict"):
        handler(frame, let)


def has_cotangent(frame: Frame, name: str) -> bool:
    """Whether anything reads a name, or what it is a view of, after the statement at work."""
    if frame.find(name) is not None:
        return True
    view, branch = frame.work.storage.views.get(name), frame.work.storage.choices.get(name)
    bases: list[Any] = [] if view is None else [view.args[0]]
    if branch is not None:
        bases += [side for phi in branch.outs if phi.name == name for side in (phi.then, phi.orelse)]
    return any(isinstance(base, Var) and has_cotangent(frame, base.name) for base in bases)


def _key(op: Any) -> Any:
    owner = getattr(op, "__self__", None)
    return (owner, getattr(op, "__name__", "")) if isinstance(owner, np.ufunc) else op


def _owned(frame: Frame, argument: Argument) -> Atom:
    assert isinstance(argument, Var)
    atom = frame.own(argument.name).atom
    assert atom is not None
    return atom


# Arrays -----------------------------------------------------------------------------------------------


def _set_item(frame: Frame, let: Let) -> None:
    target, index, value = let.args
    if frame.work.fact(target).kind in ("list", "dict"):
        _set_in_container(frame, let)
        return
    whole, place = _owned(frame, target), frame.value(index)
    part = None
    if _is_active(frame, value):
        part = _part(frame, let, whole, place, overwritten=True)
    frame.run(operator.setitem, whole, place, Const(0.0))
    frame.contribute(_atom(value), part)


def _set_imag(frame: Frame, let: Let) -> None:
    """The cotangent of an imaginary part: du = Re(g dz) takes that of z with the other sign."""
    target, index, value = let.args
    whole, place = _owned(frame, target), frame.value(index)
    part: Atom | None = None
    if _is_active(frame, value):
        if frame.work.fact(_atom(value)).dtype is None:
            raise frame.refuse("writes an imaginary part that may be complex", "write z[...] = x + 1j * y")
        part = frame.let("g", np.negative, frame.let("g", np.imag, whole))
        part = frame.let("g", last_written, part, place, frame.shape(_atom(value), np.shape))
        part = _cast(frame, target, part, value)
    frame.run(ir.set_imag, whole, place, Const(0.0))
    frame.contribute(_atom(value), part)


def _copy_to(frame: Frame, let: Let) -> None:
    if len(let.args) != 2 or [name for name, _ in let.kwargs if name != "where"]:
        raise frame.refuse("no derivative rule for np.copyto with casting", "write it as a[...] = value")
    if let.kwargs:
        _copy_where(frame, let)
        return
    whole = _owned(frame, let.args[0])
    part = _read(frame, let.args[0], whole, let.args[1]) if _is_active(frame, let.args[1]) else None
    frame.run(operator.setitem, whole, Const(Ellipsis), Const(0.0))
    frame.contribute(_atom(let.args[1]), part)


def _copy_where(frame: Frame, let: Let) -> None:
    target, value = let.args
    whole, mask = _owned(frame, target), frame.atom(let.kwargs[0][1])
    part: Atom | None = None
    if _is_active(frame, value):
        part = frame.let("g", np.where, mask, whole, Const(0.0))
        part = frame.let("g", unbroadcast, part, frame.shape(_atom(value), np.shape))
        part = _cast(frame, target, part, value)
    frame.out.append(Let((), np.copyto, (whole, Const(0.0)), (("where", mask),), let.line, effect=True))
    frame.contribute(_atom(value), part)


def _fill_diagonal(frame: Frame, let: Let) -> None:
    target, value, *wrap = let.args
    whole = _owned(frame, target)
    part = _on_diagonal(frame, let, whole) if _is_active(frame, value) else None
    frame.run(np.fill_diagonal, whole, _nothing(frame, value), *wrap)
    frame.contribute(_atom(value), part)


def _on_diagonal(frame: Frame, let: Let, whole: Atom) -> Atom:
    """The cotangent of what was written on a diagonal: a number all along it, or values in turn."""
    target, value, *wrap = let.args
    dims, own = frame.work.fact(_atom(target)).dims, frame.work.fact(_atom(value)).dims
    if not wrap and dims is not None and len(dims) == 2 and own == ():
        part: Atom = frame.let("g", np.trace, whole)
    elif not wrap and own is not None and len(own) == 1 and dims == (own[0], own[0]):
        part = frame.let("g", np.copy, frame.let("g", np.diagonal, whole))
    else:
        places = frame.let("places", diagonal_places, frame.shape(_atom(target), np.shape), *wrap)
        part = frame.let("g", last_put, whole, places, frame.shape(_atom(value), np.shape))
    return _cast(frame, target, part, value)


def _put(frame: Frame, let: Let) -> None:
    target, index, value, *mode = let.args
    whole, places = _owned(frame, target), frame.value(index)
    part: Atom | None = None
    if _is_active(frame, value):
        part = frame.let("g", last_put, whole, places, frame.shape(_atom(value), np.shape), *mode)
        part = _cast(frame, target, part, value)
    frame.run(np.put, whole, places, _nothing(frame, value), *mode)
    frame.contribute(_atom(value), part)


def _nothing(frame: Frame, value: Argument) -> Atom:
    """What clears the places of values that are written in turn: of none, nothing is written."""
    dims = () if isinstance(value, Const) else frame.work.fact(_atom(value)).dims
    if dims is not None and all(isinstance(n, int) and n > 0 for n in dims):
        return Const(0.0)
    return frame.let("zero", np.zeros, frame.shape(_atom(value), np.shape))


def _put_along_axis(frame: Frame, let: Let) -> None:
    target, index, value, axis = let.args
    whole, indices = _owned(frame, target), frame.value(index)
    part: Atom | None = None
    if _is_active(frame, value):
        shape = frame.shape(_atom(value), np.shape)
        if _is_one_each(frame.work.fact(_atom(index)), axis):
            taken = frame.let("g", np.take_along_axis, whole, indices, axis)
            part = frame.let("g", unbroadcast, taken, shape)
        else:
            places = frame.let("places", along_axis, frame.shape(_atom(target), np.shape), indices, axis)
            part = frame.let("g", last_written, whole, places, shape)
        part = _cast(frame, target, part, value)
    frame.run(np.put_along_axis, whole, indices, Const(0.0), axis)
    frame.contribute(_atom(value), part)


def _is_one_each(fact: Fact, axis: Argument) -> bool:
    """Whether indices name one place in each line along the axis, so none twice."""
    if fact.dims is None or not isinstance(axis, Const) or not isinstance(axis.value, int):
        return False
    return -len(fact.dims) <= axis.value < len(fact.dims) and fact.dims[axis.value] == 1


def _add_item(frame: Frame, let: Let) -> None:
    target, index, value = let.args
    if not _is_active(frame, value):
        return
    part = _part(frame, let, _owned(frame, target), frame.value(index), overwritten=False)
    frame.contribute(_atom(value), _signed(frame, let, part))


def _add(frame: Frame, let: Let) -> None:
    target, value = let.args
    if _is_active(frame, value):
        part = _read(frame, target, _owned(frame, target), value)
        frame.contribute(_atom(value), _signed(frame, let, part))


def _signed(frame: Frame, let: Let, part: Atom) -> Atom:
    if let.op in (ir.isub, ir.subtract_at) or _key(let.op) == (np.subtract, "at"):
        return frame.let("g", operator.neg, part)
    return part


def _part(frame: Frame, let: Let, whole: Atom, place: Argument, overwritten: bool) -> Atom:
    """The cotangent of what was written at an index, in the shape and dtype of the value."""
    target, index, value = let.args
    fact = frame.work.fact(_atom(value))
    if picks_element(frame.work.fact(_atom(target)), _index_fact(frame, index)):
        part: Atom = frame.let("g", operator.getitem, whole, place)
        if fact.kind != "scalar":
            part = frame.let("g", np.reshape, part, frame.shape(_atom(value), np.shape))
    elif overwritten:
        part = frame.let("g", last_written, whole, place, frame.shape(_atom(value), np.shape))
        part = part if may_repeat(index, frame.work.facts) else frame.let("g", np.copy, part)
    else:
        part = frame.let("g", operator.getitem, whole, place)
        part = frame.let("g", unbroadcast, part, frame.shape(_atom(value), np.shape))
        part = frame.let("g", np.copy, part)
    return _cast(frame, target, part, value)


def _read(frame: Frame, target: Argument, whole: Atom, value: Argument) -> Atom:
    """A copy of a whole cotangent, in the shape and dtype of what was written or added."""
    own, fact = frame.work.fact(_atom(target)), frame.work.fact(_atom(value))
    part = frame.let("g", np.copy, whole, fact=own)
    if own.dims is None or own.dims != fact.dims:
        part = frame.let("g", unbroadcast, part, frame.shape(_atom(value), np.shape))
    return _cast(frame, target, part, value)


def _cast(frame: Frame, target: Argument, part: Atom, value: Argument) -> Atom:
    own, fact = frame.work.fact(_atom(target)), frame.work.fact(_atom(value))
    if own.dtype is not None and (own.dtype == fact.dtype or (fact.weak and own.dtype.kind == "f")):
        return part
    return frame.let("g", as_dtype, part, frame.shape(_atom(value), dtype_of))


def picks_element(fact: Fact, index: Fact | Const) -> bool:
    """Whether an index of integers leaves nothing but a number."""
    if fact.dims is None:
        return False
    items = index.items if isinstance(index, Fact) and index.kind == "tuple" else (index,)
    if isinstance(index, Const) and isinstance(index.value, tuple):
        items = tuple([Const(item) for item in index.value])
    return items is not None and len(items) == len(fact.dims) and all(_is_integer(item) for item in items)


def _is_integer(item: Fact | Const) -> bool:
    if isinstance(item, Const):
        return isinstance(item.value, int | np.integer) and not isinstance(item.value, bool)
    return item.kind == "scalar" and item.dtype is not None and item.dtype.kind in "iu"


def _index_fact(frame: Frame, index: Argument) -> Fact | Const:
    return index if isinstance(index, Const) else frame.work.fact(_atom(index))


def _atom(argument: Argument) -> Atom:
    assert isinstance(argument, Var | Const)
    return argument


def _is_active(frame: Frame, argument: Argument) -> bool:
    return isinstance(argument, Var) and frame.work.is_active(argument.name)


# Stacks, lists and dicts ------------------------------------------------------------------------------


def _push(frame: Frame, let: Let) -> None:
    """What was pushed comes back: `push(s, a, b)` gives `da, db = pop(ds)`."""
    whole = _owned(frame, let.args[0])
    values = _kept(frame, let.args[0], let.args[1:])
    names = tuple([_fresh_for(frame, value) for value in values])
    frame.out.append(Let(names, ir.pop, (whole,), line=let.line, effect=True))
    for name, value in zip(names, values, strict=True):
        frame.contribute(value, Var(name))


def _fresh_for(frame: Frame, value: Argument) -> str:
    if isinstance(value, Var):
        return frame.work.cotangent_name(value.name)
    return frame.work.fresh("g")


def _kept(frame: Frame, stack: Argument, values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Of the values that are pushed or popped together, those that carry derivatives somewhere."""
    assert isinstance(stack, Var)
    sites = frame.work.aliases.of(stack.name)
    return tuple([v for place, v in enumerate(values) if frame.work.activity.keeps(sites, place)])


def _pop(frame: Frame, let: Let) -> None:
    names = _kept(frame, let.args[0], let.targets)
    found = [_cotangent(frame, name) for name in names]
    frame.run(ir.push, _owned(frame, let.args[0]), *found)


def _cotangent(frame: Frame, name: str) -> Atom:
    atom = frame.take(name)
    if atom is not None:
        return atom
    is_discrete = carries_no_derivative(frame.work.fact(name))
    return Const(0.0) if is_discrete and not frame.work.is_active(name) else frame.zero(name)


def _append(frame: Frame, let: Let) -> None:
    whole = _owned(frame, let.args[0])
    name = _fresh_for(frame, let.args[1])
    frame.out.append(Let((name,), list.pop, (whole,), line=let.line, effect=True))
    frame.contribute(let.args[1], Var(name))


def _insert(frame: Frame, let: Let) -> None:
    whole, place = _owned(frame, let.args[0]), let.args[1]
    if not (isinstance(place, Const) and isinstance(place.value, int) and place.value >= 0):
        raise frame.refuse("inserts into a list at a place that is not a plain number", "build a new list")
    name = _fresh_for(frame, let.args[2])
    frame.out.append(Let((name,), list.pop, (whole, place), line=let.line, effect=True))
    frame.contribute(let.args[2], Var(name))


def _list_pop(frame: Frame, let: Let) -> None:
    if len(let.targets) != 1:
        raise frame.refuse("unpacks or drops what it pops from a list", "give it one name first")
    atom = _cotangent(frame, let.targets[0])
    whole = _owned(frame, let.args[0])
    if len(let.args) == 1 or _is_last(let.args[1]):
        frame.run(list.append, whole, atom)
    elif isinstance(let.args[1], Const) and isinstance(let.args[1].value, int) and let.args[1].value >= 0:
        frame.run(list.insert, whole, let.args[1], atom)
    else:
        raise frame.refuse("pops from a list at a place that is not a plain number", "build a new list")


def _is_last(index: Argument) -> bool:
    return isinstance(index, Const) and isinstance(index.value, int) and index.value == -1


def _extend(frame: Frame, let: Let) -> None:
    """The cotangents of the last items leave the list again."""
    whole, other = _owned(frame, let.args[0]), let.args[1]
    if frame.work.fact(_atom(other)).kind not in ("list", "tuple"):
        raise frame.refuse("extends a list by what is not a list", "extend it by list(...)")
    count = frame.shape(_atom(other), len)
    names = _fresh_for(frame, other)
    frame.out.append(Let((names,), ir.take_last, (whole, count), line=let.line, effect=True))
    frame.contribute(other, Var(names))


def _take_last(frame: Frame, let: Let) -> None:
    atom = _cotangent(frame, let.targets[0])
    frame.run(list.extend, _owned(frame, let.args[0]), atom)


def _reverse(frame: Frame, let: Let) -> None:
    frame.run(list.reverse, _owned(frame, let.args[0]))


def _set_in_container(frame: Frame, let: Let) -> None:
    target, index, value = let.args
    whole, place = _owned(frame, target), frame.value(index)
    part = frame.let("g", operator.getitem, whole, place, fact=frame.work.fact(_atom(value)))
    if not _is_key(frame, index):
        raise frame.refuse("replaces a slice of a list", "build a new list")
    frame.run(operator.setitem, whole, place, _before(frame, let, part, [index]))
    frame.contribute(_atom(value), part)


def _before(frame: Frame, let: Let, part: Atom, path: list[Argument]) -> Atom:
    """Zeros in the structure of what was overwritten, which may be another than that of the new value."""
    target, value = _atom(let.args[0]), let.args[2 if let.op is operator.setitem else 1]
    old = frame.work.fact(target).item
    for _ in path[1:]:
        old = None if old is None or old.kind == "tuple" else old.item
    new = fact_of_constant(value.value) if isinstance(value, Const) else frame.work.fact(_atom(value))
    if old is not None and old.kind == new.kind == "scalar":
        return Const(0.0)
    if old is not None and old.kind == new.kind == "array" and old.dims is not None and old.dims == new.dims:
        return frame.let("g", zeros_of, part, fact=UNKNOWN)
    return frame.found_before(zeros_at, target, *path)


def _is_key(frame: Frame, index: Argument) -> bool:
    if isinstance(index, Const):
        return not isinstance(index.value, slice)
    fact = frame.work.fact(_atom(index))
    return frame.work.fact(_atom(index)).kind != "slice" and fact.kind in ("scalar", "object", "tuple")


def _add_part(frame: Frame, let: Let) -> None:
    target, index, value = let.args
    if _is_active(frame, value):
        fact = frame.work.fact(_atom(value))
        part = frame.let("g", operator.getitem, _owned(frame, target), frame.value(index), fact=fact)
        frame.contribute(_atom(value), part)


def _put_at(frame: Frame, let: Let) -> None:
    target, value, *path = let.args
    whole, place = _owned(frame, target), [frame.value(key) for key in path]
    part = frame.let("g", item_at, whole, *place, fact=frame.work.fact(_atom(value)))
    frame.run(put_at, whole, _before(frame, let, part, path), *place)
    frame.contribute(_atom(value), part)


def _append_at(frame: Frame, let: Let) -> None:
    target, value, *path = let.args
    whole, name = _owned(frame, target), _fresh_for(frame, value)
    place = tuple([frame.value(key) for key in path])
    frame.out.append(Let((name,), pop_at, (whole, *place), line=let.line, effect=True))
    frame.contribute(value, Var(name))


def _pop_at(frame: Frame, let: Let) -> None:
    target, *path = let.args
    atom = _cotangent(frame, let.targets[0])
    frame.run(append_at, _owned(frame, target), atom, *[frame.value(key) for key in path])


def _add_in(frame: Frame, let: Let) -> None:
    target, value, *path = let.args
    if _is_active(frame, value):
        place = [frame.value(key) for key in path]
        part = frame.let("g", item_at, _owned(frame, target), *place, fact=frame.work.fact(_atom(value)))
        frame.contribute(_atom(value), part)


def _delete(frame: Frame, let: Let) -> None:
    """What was deleted is there again, and nothing came for it; an item of a list is popped instead."""
    target, key = let.args
    if frame.work.fact(_atom(target)).kind != "dict":
        raise frame.refuse("deletes an item", "build a new list")
    old = frame.found_before(zeros_at, target, key)
    frame.run(operator.setitem, _owned(frame, target), frame.value(key), old)


def _add_unless_shared(frame: Frame, let: Let) -> None:
    """The same with the arguments' parts exchanged: they share memory exactly when the primal's do."""
    source = let.args[1]
    assert isinstance(source, Var)
    frame.run(let.op, _owned(frame, source), _owned(frame, let.args[0]))


HANDLERS: dict[Any, Handler] = {
    operator.setitem: _set_item,
    operator.delitem: _delete,
    np.copyto: _copy_to,
    ir.set_imag: _set_imag,
    np.fill_diagonal: _fill_diagonal,
    np.put: _put,
    np.put_along_axis: _put_along_axis,
    ir.add_at: _add_item,
    ir.subtract_at: _add_item,
    (np.add, "at"): _add_item,
    (np.subtract, "at"): _add_item,
    ir.iadd: _add,
    ir.isub: _add,
    ir.push: _push,
    ir.pop: _pop,
    list.append: _append,
    list.insert: _insert,
    list.pop: _list_pop,
    list.extend: _extend,
    list.reverse: _reverse,
    ir.take_last: _take_last,
    ir.add_part: _add_part,
    ir.add_unless_shared: _add_unless_shared,
    put_at: _put_at,
    append_at: _append_at,
    pop_at: _pop_at,
    add_in: _add_in,
}
