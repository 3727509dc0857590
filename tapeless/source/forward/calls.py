"""The tangent of what a statement makes: containers, their parts, numbers, and whatever the table knows."""

from __future__ import annotations

import copy
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from tapeless.ir import program as ir
from tapeless.ir.inside import item_at
from tapeless.ir.program import Argument, Atom, Const, Let, Star, Var
from tapeless.source.analyse.activity import is_cut
from tapeless.source.analyse.records import is_record
from tapeless.source.analyse.storage import base_name
from tapeless.source.forward.pushforwards import through_rule
from tapeless.source.forward.work import Work, tangent_fact

SEQUENCES = ("list", "tuple")


def through_call(work: Work, let: Let) -> None:
    """Write the tangents of a statement's targets."""
    if let.op is ir.new_stack:
        work.tangents[let.targets[0]] = work.let("t" + base_name(let.targets[0]), ir.new_stack)
        return
    if is_cut(let) or not any(work.carries(atom) for atom in ir.atoms(let)):
        for name in let.targets:
            if work.carries(name):
                work.tangents[name] = work.zero(Var(name))
        return
    handler = HANDLERS.get(let.op)
    if handler is None and isinstance(let.op, type):
        handler = _record
    if handler is None or not handler(work, let):
        through_rule(work, let)


def mirrored(work: Work, let: Let, op: Callable[..., Any], args: list[Argument], kwargs: Any = ()) -> None:
    """Tangents by an operation on tangents: one for each target."""
    names = tuple([work.tangent_name(name) for name in let.targets])
    work.out.append(Let(names, op, tuple(args), tuple(kwargs), line=let.line))
    for name, tangent in zip(let.targets, names, strict=True):
        if work.carries(name):
            work.tangents[name] = Var(tangent)


# Containers -------------------------------------------------------------------------------------------


def _display(work: Work, let: Let) -> bool:
    mirrored(work, let, let.op, [work.spread(arg) for arg in let.args])
    return True


def _dict_display(work: Work, let: Let) -> bool:
    args = [work.spread(arg) if place % 2 else arg for place, arg in enumerate(let.args)]
    mirrored(work, let, let.op, args)
    return True


def _record(work: Work, let: Let) -> bool:
    """A named tuple or a dataclass of tangents."""
    op: Any = let.op
    if not is_record(op):
        return False
    kwargs = [(name, work.tangent(atom)) for name, atom in let.kwargs]
    mirrored(work, let, op, [work.spread(arg) for arg in let.args], kwargs)
    return True


def _same(work: Work, let: Let) -> bool:
    source = let.args[0]
    if len(let.targets) == 1:
        work.tangents[let.targets[0]] = work.tangent(source)
    else:
        mirrored(work, let, let.op, [work.tangent(source)])
    return True


def _part(work: Work, let: Let) -> bool:
    """`xs[i]`, `record.field`, `xs.copy()`: the same of the tangent."""
    first, *rest = let.args
    mirrored(work, let, let.op, [work.spread(first), *rest], let.kwargs)
    return True


def _with_field(work: Work, let: Let) -> bool:
    record, name, value = let.args
    mirrored(work, let, let.op, [work.spread(record), name, work.spread(value)])
    return True


def _all_mirrored(work: Work, let: Let) -> bool:
    mirrored(work, let, let.op, [work.spread(arg) for arg in let.args], let.kwargs)
    return True


def _joined(work: Work, let: Let) -> bool:
    """`xs + ys`, `xs * n` of lists."""
    sequences = [_is_sequence(work, arg) for arg in let.args]
    if let.op is not operator.mul and all(sequences):
        return _all_mirrored(work, let)
    if let.op is operator.mul and work.fact(let.targets[0]).kind in SEQUENCES and any(sequences):
        pairs = zip(let.args, sequences, strict=True)
        mirrored(work, let, let.op, [work.spread(arg) if whole else arg for arg, whole in pairs])
        return True
    return False


def _is_sequence(work: Work, argument: Argument) -> bool:
    if isinstance(argument, Const):
        return isinstance(argument.value, list | tuple)
    return work.fact(ir.named(argument)).kind in SEQUENCES


def _get(work: Work, let: Let) -> bool:
    """`d.get(key, default)`."""
    owner, key, *default = let.args
    mirrored(work, let, let.op, [work.spread(owner), key, *map(work.spread, default)])
    return True


def _in_order(work: Work, let: Let) -> bool:
    """`x.ravel(order="K")` goes by the layout of its array, so the tangent takes on the same."""
    order = next((atom for key, atom in let.kwargs if key == "order"), None)
    source = let.args[0]
    by_layout = order is not None and order not in (Const("C"), Const("F"))
    if not by_layout or not isinstance(source, Var) or not work.carries(source):
        return False
    tangent = work.tangent(source)
    if not work.aliases.is_ever_written(source.name):  # else it is laid out alike already
        tangent = work.laid_out(source.name, tangent)
    mirrored(work, let, let.op, [tangent, *let.args[1:]], let.kwargs)
    return True


# Numbers ----------------------------------------------------------------------------------------------


def _number(work: Work, let: Let) -> bool:
    """`float(x)`, `x.item()`: the number itself."""
    source = let.args[0]
    if isinstance(source, Star):
        return False
    found = work.tangent(source)
    if work.fact(ir.named(source)).kind != "scalar":
        found = work.let("t" + base_name(let.targets[0]), let.op, found, fact=work.fact(let.targets[0]))
    work.tangents[let.targets[0]] = found
    return True


def _cast(work: Work, let: Let) -> bool:
    """`x.astype(dtype)`."""
    name = let.targets[0]
    kind = _dtype_kind(work, let)
    if kind is None:
        raise work.refuse("casts to a dtype that is not known", "name the dtype: x.astype(np.float64)")
    if kind not in "fc":
        work.tangents[name] = work.zero(Var(name))
        return True
    args: list[Atom] = [atom for atom in let.args[1:] if not isinstance(atom, Star)]
    found = work.tangent(let.args[0])
    fact = tangent_fact(work.fact(name))
    work.tangents[name] = work.let("t" + base_name(name), let.op, found, *args, kwargs=let.kwargs, fact=fact)
    return True


def _dtype_kind(work: Work, let: Let) -> str | None:
    fact = work.fact(let.targets[0])
    if fact.dtype is not None:
        return fact.dtype.kind
    wanted = next(
        (atom for key, atom in let.kwargs if key == "dtype"), let.args[1] if len(let.args) > 1 else None
    )
    return np.dtype(wanted.value).kind if isinstance(wanted, Const) else None


HANDLERS: dict[Any, Callable[[Work, Let], bool]] = {
    ir.build_tuple: _display,
    ir.build_list: _display,
    ir.build_dict: _dict_display,
    ir.same: _same,
    operator.getitem: _part,
    item_at: _part,
    getattr: _part,
    ir.with_field: _with_field,
    ir.reshaped_part: _part,
    operator.add: _joined,
    operator.mul: _joined,
    operator.concat: _joined,
    list: _all_mirrored,
    tuple: _all_mirrored,
    dict: _all_mirrored,
    reversed: _all_mirrored,
    zip: _all_mirrored,
    enumerate: _part,
    copy.copy: _part,
    list.copy: _part,
    dict.copy: _part,
    dict.values: _part,
    dict.items: _part,
    dict.get: _get,
    float: _number,
    np.ndarray.item: _number,
    np.ravel: _in_order,
    np.reshape: _in_order,
    np.ndarray.astype: _cast,
}
