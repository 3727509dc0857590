"""The backward part of a statement that makes new values: containers, parts, and whatever the table knows."""

from __future__ import annotations

import copy
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from tapeless.ir import program as ir
from tapeless.ir.inside import add_in, item_at
from tapeless.ir.program import Argument, Atom, Const, Let, Star, Var
from tapeless.rules.joining import unarray, unblock
from tapeless.rules.lists import added, placed, zeros_of
from tapeless.rules.support import as_dtype, dtype_of
from tapeless.source.analyse.activity import is_inexact_cast
from tapeless.source.analyse.records import field_names, is_record
from tapeless.source.reverse.frame import Cotangent, Frame
from tapeless.source.reverse.pullbacks import through_rule


def through_call(frame: Frame, let: Let) -> None:
    """The cotangents of a statement's arguments from those of its targets."""
    if len(let.targets) == 1 and let.targets[0] in frame.work.storage.views:
        _through_view(frame, let)
        return
    handler = _record if is_record(let.op) else HANDLERS.get(let.op)
    if handler is not None and handler(frame, let):
        return
    through_rule(frame, let)


def _through_view(frame: Frame, let: Let) -> None:
    """A view of a cotangent has passed everything on already; a reshape may have had to copy."""
    found = frame.known.pop(let.targets[0], None)
    if found is not None and let.op in (np.reshape, np.ravel):
        base = let.args[0]
        assert isinstance(base, Var)
        assert found.atom is not None
        whole = frame.own(base.name).atom
        assert whole is not None
        frame.run(ir.add_unless_shared, whole, found.atom)


# Containers -------------------------------------------------------------------------------------------


def _items(found: Cotangent, frame: Frame, keys: list[Any], values: list[Any]) -> None:
    """The parts of a container's cotangent go to what it was built of."""
    for key, value in zip(keys, values, strict=True):
        if not isinstance(value, Var) or not frame.work.is_active(value.name):
            continue
        if found.atom is not None:
            frame.contribute(value, frame.item(found.atom, Const(key), frame.work.fact(value)))
        if key in found.parts:
            frame.contribute(value, found.parts[key])


def _display(frame: Frame, let: Let) -> bool:
    found = frame.known.pop(let.targets[0], None)
    if found is None:
        return True
    if any(isinstance(arg, Star) for arg in let.args):
        raise frame.refuse("spreads a list into another", "join them with +")
    if let.op is not ir.build_dict:
        _items(found, frame, list(range(len(let.args))), list(let.args))
        return True
    keys = let.args[::2]
    if not all(isinstance(key, Const) for key in keys):
        raise frame.refuse("builds a dict with keys that are computed", "use a list")
    _items(found, frame, [key.value for key in keys if isinstance(key, Const)], list(let.args[1::2]))
    return True


def _record(frame: Frame, let: Let) -> bool:
    """The fields of a named tuple or a dataclass."""
    found = frame.known.pop(let.targets[0], None)
    if found is None:
        return True
    if any(isinstance(arg, Star) for arg in let.args):
        raise frame.refuse("spreads a list into the fields of an object", "name each field")
    names = field_names(let.op)
    for name, value in (*zip(names, let.args, strict=False), *let.kwargs):
        if not isinstance(value, Var) or not frame.work.is_active(value.name):
            continue
        if found.atom is not None:
            frame.contribute(
                value, frame.let("g", getattr, found.atom, Const(name), fact=frame.work.fact(value))
            )
        for key in (name, names.index(name)):
            if key in found.parts:
                frame.contribute(value, found.parts[key])
    return True


def _field(frame: Frame, let: Let) -> bool:
    """`record.name`: zeros for the other fields."""
    owner, name = let.args
    if not isinstance(owner, Var) or frame.work.fact(owner).kind not in ("object", "tuple"):
        return False
    assert isinstance(name, Const)
    atom = frame.take(let.targets[0])
    if atom is not None:
        zeros = frame.let("zero", zeros_of, frame.value(owner))
        frame.contribute(owner, frame.let("g", ir.with_field, zeros, name, atom))
    return True


def _with_field(frame: Frame, let: Let) -> bool:
    record, name, value = let.args
    found = frame.take(let.targets[0])
    if found is not None:
        assert isinstance(name, Const)
        part = frame.let("g", getattr, found, name)
        frame.contribute(_atom(value), part)
        frame.contribute(
            _atom(record), frame.let("g", ir.with_field, found, name, frame.let("g", zeros_of, part))
        )
    return True


def _atom(argument: Argument) -> Atom:
    assert isinstance(argument, Var | Const)
    return argument


def _same(frame: Frame, let: Let) -> bool:
    source = let.args[0]
    assert isinstance(source, Var)
    if len(let.targets) == 1:
        found = frame.known.pop(let.targets[0], None)
        if found is not None:
            for key, part in found.parts.items():
                frame.contribute_part(source, key, part)
            frame.contribute(source, found.atom, found.owned)
        return True
    for index, name in enumerate(let.targets):
        atom = frame.take(name)
        if atom is not None:
            _to_part(frame, source, Const(index), atom)
    return True


def _getitem(frame: Frame, let: Let) -> bool:
    owner, index = let.args
    assert isinstance(owner, Var)
    kind = frame.work.fact(owner).kind
    if frame.work.is_active(owner.name) and (
        frame.work.is_buffer(owner.name) or kind not in ("array", "numeric")
    ):
        atom = whole(frame, let)
        if atom is not None:
            _to_part(frame, owner, frame.value(index), atom)
        return True
    return False


def _item_at(frame: Frame, let: Let) -> bool:
    owner, *path = let.args
    assert isinstance(owner, Var)
    if frame.work.is_active(owner.name):
        atom = whole(frame, let)
        if atom is not None:
            held = frame.own(owner.name).atom
            assert held is not None
            frame.run(add_in, held, atom, *[frame.value(key) for key in path])
    return True


def whole(frame: Frame, let: Let) -> Atom | None:
    """The cotangent of all that a call gives, None if there is none."""
    if len(let.targets) == 1:
        return frame.take(let.targets[0])
    found = [frame.take(name) for name in let.targets]
    if all(atom is None for atom in found):
        return None
    pairs = zip(let.targets, found, strict=True)
    return frame.tuple_of([frame.zero(name) if atom is None else atom for name, atom in pairs])


def _to_part(frame: Frame, owner: Var, index: Any, atom: Atom) -> None:
    """Add to the part of a cotangent that an index names."""
    kind = frame.work.fact(owner).kind
    if kind in ("array", "numeric") or frame.work.is_buffer(owner.name):
        whole = frame.own(owner.name).atom
        assert whole is not None
        frame.add_part(owner, whole, index, atom)
    elif kind in ("list", "tuple", "dict") and isinstance(index, Const):
        _to_items(frame, owner, index.value, atom)
    else:
        frame.contribute(owner, frame.let("g", placed, atom, owner, index))


def _to_items(frame: Frame, owner: Var, key: Any, atom: Atom) -> None:
    """To one item of a container that nobody writes into, or to those of a slice."""
    if not isinstance(key, slice):
        frame.contribute_part(owner, key, atom)
        return
    items = frame.work.fact(owner).items
    if items is None:
        raise frame.refuse(f"takes a slice of {owner.name}, of which not even the length is known")
    for place, item in enumerate(range(len(items))[key]):
        frame.contribute_part(owner, item, frame.item(atom, Const(place)))


def _list_of(frame: Frame, let: Let) -> bool:
    """`list(xs)`, `tuple(xs)`: the items as they are."""
    if len(let.args) != 1:
        return False
    source = let.args[0]
    atom = frame.take(let.targets[0])
    if atom is None:
        return True
    if not isinstance(source, Var) or frame.work.fact(source).kind not in ("list", "tuple"):
        raise frame.refuse("makes a list of what is not known to be one")
    op: Callable[..., Any] = list if frame.work.fact(source).kind == "list" else tuple
    frame.contribute(source, frame.let("g", op, atom, fact=frame.work.fact(source)))
    return True


def _repeated(frame: Frame, let: Let) -> bool:
    """`[0.0] * n`: nothing flows into a list of constants."""
    if frame.work.fact(let.targets[0]).kind not in ("list", "tuple"):
        return False
    for argument in let.args:
        if isinstance(argument, Var) and frame.work.is_active(argument.name):
            raise frame.refuse("repeats a list", "append its items in a loop")
    frame.take(let.targets[0])
    return True


def _dict_of(frame: Frame, let: Let) -> bool:
    """`dict(d)`: the values as they are."""
    source = let.args[0] if len(let.args) == 1 and not let.kwargs else None
    if not isinstance(source, Var) or frame.work.fact(source).kind != "dict":
        return False
    atom = frame.take(let.targets[0])
    if atom is not None:
        frame.contribute(source, frame.let("g", dict, atom, fact=frame.work.fact(source)))
    return True


def _number(frame: Frame, let: Let) -> bool:
    """`float(x)`, `x.item()`: the number itself."""
    source = let.args[0]
    atom = frame.take(let.targets[0])
    if atom is not None and isinstance(source, Var):
        if frame.work.fact(source).kind != "scalar":
            atom = frame.let("g", np.broadcast_to, atom, frame.shape(source, np.shape))
        frame.contribute(source, atom)
    return True


def _joined(frame: Frame, let: Let) -> bool:
    """`xs + ys` of lists."""
    kinds = [frame.work.fact(arg).kind for arg in let.args if isinstance(arg, Var)]
    if "list" not in kinds and "tuple" not in kinds:
        return False
    atom = frame.take(let.targets[0])
    if atom is None:
        return True
    first, second = let.args
    assert isinstance(first, Var | Const)
    assert isinstance(second, Var | Const)
    middle = frame.shape(first, len)
    for argument, bounds in ((first, (Const(None), middle)), (second, (middle, Const(None)))):
        if isinstance(argument, Var) and frame.work.is_active(argument.name):
            place = frame.let("part", slice, *bounds, Const(None))
            frame.contribute(argument, frame.item(atom, place, frame.work.fact(argument)))
    return True


def _astype(frame: Frame, let: Let) -> bool:
    """`x.astype(dtype)`, however it copies."""
    source = let.args[0]
    atom = frame.take(let.targets[0])
    if atom is not None and isinstance(source, Var):
        if frame.work.fact(let.targets[0]).dtype is None and not is_inexact_cast(let):
            raise frame.refuse("casts to a dtype that is not known", "name the dtype: x.astype(float)")
        frame.contribute(source, frame.let("g", as_dtype, atom, frame.shape(source, dtype_of)))
    return True


def _unarrayed(frame: Frame, let: Let) -> bool:
    """Nested lists out of an array become an array again."""
    source = let.args[0]
    atom = frame.take(let.targets[0])
    if atom is not None and isinstance(source, Var):
        joined = frame.let("g", np.block if let.op is unblock else np.array, atom)
        frame.contribute(source, frame.let("g", np.reshape, joined, frame.shape(source, np.shape)))
    return True


def _added(frame: Frame, let: Let) -> bool:
    atom = frame.take(let.targets[0])
    for argument in let.args:
        frame.contribute(argument, atom)
    return True


HANDLERS: dict[Any, Callable[[Frame, Let], bool]] = {
    ir.build_tuple: _display,
    ir.build_list: _display,
    ir.build_dict: _display,
    ir.same: _same,
    getattr: _field,
    ir.with_field: _with_field,
    operator.getitem: _getitem,
    item_at: _item_at,
    operator.add: _joined,
    operator.mul: _repeated,
    list: _list_of,
    tuple: _list_of,
    dict: _dict_of,
    float: _number,
    copy.copy: _added,
    np.ndarray.astype: _astype,
    unarray: _unarrayed,
    unblock: _unarrayed,
    added: _added,
}
