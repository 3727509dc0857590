"""np.put, np.fill_diagonal and their like: as operations that write, or as `a[index] = value`.

np.fill_diagonal(A, val=x)   =>   np.fill_diagonal(A, x)
np.putmask(y, y < 0, 0.0)    =>   y[y < 0] = 0.0
np.maximum.at(y, [0, 0], x)  =>   for places, items in turns(np.shape(y), [0, 0]):
                                      y[places] = np.maximum(y[places], x[items])

The last one goes through an element that is named twice in two rounds.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeless.ir.program import Var
from tapeless.rules.puts import turns
from tapeless.source.facts import INT, Fact, Size
from tapeless.source.lower.calls import HANDLERS, Args, Kwargs, handles, library_call
from tapeless.source.lower.iteration import loop
from tapeless.source.lower.machine import Machine
from tapeless.source.lower.operators import is_basic
from tapeless.source.lower.subscripts import get_item, set_item
from tapeless.source.lower.values import NOTHING, Dyn, Known, Ref, Steps, Tup, Value

UFUNCS = [value for value in vars(np).values() if isinstance(value, np.ufunc)]
BINARY = [ufunc for ufunc in UFUNCS if (ufunc.nin, ufunc.nout, ufunc.signature) == (2, 1, None)]
UNARY = [ufunc for ufunc in UFUNCS if (ufunc.nin, ufunc.nout, ufunc.signature) == (1, 1, None)]


def _bound(m: Machine, names: tuple[str, ...], args: Args, kwargs: Kwargs) -> list[Value | None]:
    """The arguments in the order of the parameters; None for those that are left out."""
    given = dict(zip(names, args, strict=False)) | dict(kwargs)
    if len(args) > len(names) or not set(given) <= set(names) or len(given) < len(args) + len(kwargs):
        raise m.refuse("this call", f"its arguments are not ({', '.join(names)})", "give them by position")
    return [given.get(name) for name in names]


def _required(m: Machine, *values: Value | None) -> list[Value]:
    found = [value for value in values if value is not None]
    if len(found) < len(values):
        raise m.refuse("this call", "an argument is missing", "give all of them")
    return found


def _target(m: Machine, value: Value) -> Dyn:
    if not isinstance(value, Dyn):
        raise m.refuse("this call", "what it writes into is not an array", "make it one: np.array(...)")
    return value


def _rank(m: Machine, value: Value) -> int | None:
    """How many axes a value has; a list of numbers is made an array first."""
    fact = m.known(value)
    if not isinstance(fact, Fact):
        return 0 if isinstance(fact.value, int | float | complex | np.generic) else None
    return len(fact.dims) if fact.dims is not None else None


def _array(m: Machine, value: Value) -> Value:
    """Lists and tuples of what is computed, as an array."""
    is_list = isinstance(value, Ref | Tup) and m.varies(value)
    return library_call(m, np.array, [value], {}) if is_list else value


@handles(np.fill_diagonal)
def fill_diagonal(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    a, value, wrap = _bound(m, ("a", "val", "wrap"), args, kwargs)
    target, value = _required(m, a, value)
    rest = [] if wrap is None or wrap == Known(False) else [wrap]
    return library_call(m, np.fill_diagonal, [_target(m, target), _array(m, value), *rest], {})


@handles(np.put)
def put(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    a, index, value, mode = _bound(m, ("a", "ind", "v", "mode"), args, kwargs)
    target, index, value = _required(m, a, index, value)
    rest = [] if mode is None or mode == Known("raise") else [mode]
    return library_call(m, np.put, [_target(m, target), index, _array(m, value), *rest], {})


@handles(np.put_along_axis)
def put_along_axis(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    a, indices, value, axis = _bound(m, ("arr", "indices", "values", "axis"), args, kwargs)
    target, indices, value = _required(m, a, indices, value)
    rest = [axis if axis is not None else Known(-1)]
    return library_call(m, np.put_along_axis, [_target(m, target), indices, _array(m, value), *rest], {})


@handles(np.putmask)
def putmask(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    """Of values in another shape the n-th is for the n-th element, whether the mask holds there or not."""
    target, mask, value = _required(m, *_bound(m, ("a", "mask", "values"), args, kwargs))
    if not any(map(m.varies, (target, value))):
        return library_call(m, np.putmask, [target, mask, value], {})
    target, mask, value = _target(m, target), _mask(m, target, mask), _array(m, value)
    if _rank(m, value) == 0:
        set_item(m, target, mask, value)
        return NOTHING
    fact = m.known(value)
    if not isinstance(fact, Fact) or fact.dims is None or fact.dims != target.fact.dims:
        value = library_call(m, np.resize, [value, m.let(np.shape, [target])], {})
    return library_call(m, np.copyto, [target, value], {"where": mask})


@handles(np.place)
def place(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    """The values are for the elements where the mask holds, in turn."""
    target, mask, value = _required(m, *_bound(m, ("arr", "mask", "vals"), args, kwargs))
    if not any(map(m.varies, (target, value))):
        return library_call(m, np.place, [target, mask, value], {})
    target, mask, value = _target(m, target), _mask(m, target, mask), _array(m, value)
    if _rank(m, value) != 0:
        value = library_call(m, np.resize, [value, m.let(np.count_nonzero, [mask], hint="n")], {})
    set_item(m, target, mask, value)
    return NOTHING


def _mask(m: Machine, target: Value, mask: Value) -> Value:
    """The mask as truth values in the shape of the array; only their number must agree."""
    own, whole = m.known(mask), m.known(target)
    if not isinstance(own, Fact) or own.kind != "array" or own.dtype is None or own.dtype.kind != "b":
        mask = library_call(m, np.asarray, [mask, Known(bool)], {})
        own = m.known(mask)
    if isinstance(own, Fact) and isinstance(whole, Fact) and own.dims == whole.dims and own.dims is not None:
        return mask
    return library_call(m, np.reshape, [mask, m.let(np.shape, [target])], {})


@handles(np.nan_to_num)
def nan_to_num(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    """With copy=False the array itself is written into, and given back."""
    names = ("x", "copy", "nan", "posinf", "neginf")
    x, copy, *rest = _bound(m, names, args, kwargs)
    (value,) = _required(m, x)
    given = {name: option for name, option in zip(names[2:], rest, strict=True) if option is not None}
    made = library_call(m, np.nan_to_num, [value], given)
    if copy is None or copy == Known(True) or not isinstance(value, Dyn) or value.fact.kind == "scalar":
        return made
    if copy != Known(False) or value.fact.kind != "array":
        raise m.refuse("this copy=", "whether it writes into its argument is not known", "leave copy= out")
    set_item(m, value, Known(Ellipsis), made)
    return value


# ufunc.at ---------------------------------------------------------------------------------------------


def _at(ufunc: np.ufunc) -> Any:
    def read(m: Machine, args: Args, kwargs: Kwargs) -> Value:
        names = ("a", "indices", "b")[: 1 + ufunc.nin]
        target, index, *operand = _required(m, *_bound(m, names, args, kwargs))
        if not any(map(m.varies, (target, *operand))):
            return library_call(m, ufunc.at, [target, index, *operand], {})
        target, operand = _target(m, target), [_array(m, value) for value in operand]
        if _names_none_twice(m, index):
            _update(m, ufunc, target, index, operand)
        else:
            _in_turns(m, ufunc, target, index, operand)
        return NOTHING

    return read


def _names_none_twice(m: Machine, index: Value) -> bool:
    fact = m.known(index)
    is_mask = isinstance(fact, Fact) and fact.dtype is not None and fact.dtype.kind == "b"
    return is_mask or is_basic(m, index)


def _update(m: Machine, ufunc: np.ufunc, target: Dyn, index: Value, operand: list[Value]) -> None:
    old = get_item(m, target, index)
    set_item(m, target, index, library_call(m, ufunc, [old, *operand], {}))


def _in_turns(m: Machine, ufunc: np.ufunc, target: Dyn, index: Value, operand: list[Value]) -> None:
    """Rounds in which no element is named twice, one after the other."""
    rank = _rank(m, target)
    if rank is None:
        raise m.refuse(
            f"np.{ufunc.__name__}.at",
            "how many axes the array has is not known beforehand",
            "write  a[i] = ...  for one index after the other",
        )
    rounds = m.let(turns, [m.let(np.shape, [target]), index], hint="rounds")
    if operand and _rank(m, operand[0]) != 0:
        shape = m.let(np.shape, [get_item(m, target, index)])
        stretched = library_call(m, np.broadcast_to, [operand[0], shape], {})
        operand = [library_call(m, np.ravel, [stretched], {})]
    held: list[Value] = [NOTHING, NOTHING]

    def bind(item: Value) -> None:
        assert isinstance(item, Tup)
        held[:] = _integers(m, item.items[0], rank), _integers(m, item.items[1], 1)

    def body() -> None:
        own = operand if not operand or _rank(m, operand[0]) == 0 else [get_item(m, operand[0], held[1])]
        _update(m, ufunc, target, held[0], own)

    loop(m, Steps(None, opaque=rounds, width=2), bind, body, "turn")


def _integers(m: Machine, places: Value, rank: int) -> Value:
    """One array of integers, or one for each axis."""
    assert isinstance(places, Dyn)
    assert isinstance(places.atom, Var)
    fact = Fact("array", INT, (Size(f"{places.atom.name}.0"),))
    return m.refined(places, fact if rank == 1 else Fact("tuple", items=(fact,) * rank))


for _ufunc in BINARY:
    if _ufunc not in (np.add, np.subtract):
        HANDLERS[_ufunc.at] = _at(_ufunc)
for _ufunc in UNARY:
    HANDLERS[_ufunc.at] = _at(_ufunc)
