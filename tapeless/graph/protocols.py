"""NumPy's protocols: what `np.function(...)` does when a variable is among its arguments.

Nearly everything is one row of the table.  Here is the rest: results written into `out=`, the methods of
ufuncs, the functions that write into their argument, and those through which nothing flows.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tapeless.errors import MissingRuleError
from tapeless.graph.apply import LISTS, Op, _listeners, apply, op_of, plain
from tapeless.graph.modes import current, note_reading
from tapeless.graph.node import needs_grad
from tapeless.graph.variable import Variable, wrap
from tapeless.graph.views import write
from tapeless.rules import table
from tapeless.rules.indexing import index_add, index_set, may_repeat
from tapeless.rules.table import Rule

Face = type[Variable]
Index = Any
BASIC = (slice, int, np.integer, type(None), type(...))

INTO_PLAIN = (
    "{} writes into an ordinary ndarray, which cannot remember where its values came from. Write into an "
    "Array (what np.zeros_like(x) gives for an Array x), or use the form that returns its result."
)


class Keywords(dict[str, Any]):
    """The keywords of a call through which nothing flows, after its positional arguments: for listeners."""


# Calls ------------------------------------------------------------------------------------------------------


def call_function(face: Face, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """`function(*args, **kwargs)` on variables, recorded by its row of the table."""
    special = SPECIAL.get(function)
    return special(*args, **kwargs) if special is not None else call_row(face, function, args, kwargs)


def call_row(face: Face, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """By the row of the table, whatever else there may be to the function."""
    out = kwargs.get("out")
    if out is not None:
        kwargs = {name: value for name, value in kwargs.items() if name != "out"}
        return store(out, call_row(face, function, args, kwargs), _name(function))
    op = _operation(face, function, (*args, *kwargs.values()))
    if op.rule.kind == "constant":
        return constant(op, args, kwargs)
    composite = op.rule.composite(kwargs) if kwargs and op.rule.composites else None
    if composite is not None:
        return composite(function, *args, **kwargs)
    return apply(op, op.rule.bind(args, kwargs))


def call_ufunc(
    face: Face, ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]
) -> Any:
    """A ufunc, or one of its methods, on variables."""
    if method == "at":
        return add_at(ufunc, *inputs)
    out = kwargs.pop("out", None)
    where = True if out is None or method != "__call__" else kwargs.pop("where", True)
    if method == "outer":
        found = _outer(ufunc, *inputs, **kwargs)
    else:
        function = ufunc if method == "__call__" else getattr(ufunc, method)
        found = call_function(face, function, inputs, kwargs)
    if out is None:
        return found
    if len(out) == 1:
        return store(out[0], found, f"np.{ufunc.__name__} with out=", where)
    pairs = zip(out, found, strict=True)
    return tuple([one if into is None else store(into, one, _name(ufunc), where) for into, one in pairs])


def constant(op: Op, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A function through which nothing flows: computed on the data."""
    mode = current()
    found = op.rule.function(*data_of(args), **{name: data_of(value) for name, value in kwargs.items()})
    out = plain(op.face, found, mode)
    if mode.tapes or mode.dual_level is not None:
        for listen in _listeners:
            listen(op, (*args, Keywords(kwargs)) if kwargs else args, out, mode)
    return out


def data_of(value: Any) -> Any:
    """The data of a variable, also within lists, tuples and slices; anything else as it is."""
    if isinstance(value, Variable):
        return value._data
    if type(value) in LISTS:
        return type(value)([data_of(item) for item in value])
    if isinstance(value, slice):
        return slice(data_of(value.start), data_of(value.stop), data_of(value.step))
    return value


def _operation(face: Face, function: Any, values: tuple[Any, ...]) -> Op:
    """The row's operation; a function without a row may still run where no derivative can be asked for."""
    if table.find(function) is not None:
        return op_of(function, face)
    mode = current()
    if (mode.records and any_needs(values)) or mode.dual_level is not None:
        raise MissingRuleError(f"no derivative rule for {_name(function)}")
    return _without_rule(table.key(function), function, face)


@functools.lru_cache(maxsize=1024)
def _without_rule(key: Any, function: Any, face: Face) -> Op:
    return Op(Rule(function, "constant", ()), face)


def any_needs(value: Any) -> bool:
    """Whether a variable that requires grad is among the values."""
    if isinstance(value, Variable):
        return needs_grad(value)
    return type(value) in LISTS and any(any_needs(item) for item in value)


def _name(function: Any) -> str:
    owner = getattr(function, "__self__", None)
    if isinstance(owner, np.ufunc):
        return f"np.{owner.__name__}.{function.__name__}"
    module = (getattr(function, "__module__", None) or "numpy").replace("numpy", "np")
    return f"{module}.{getattr(function, '__name__', repr(function))}"


# Writing ----------------------------------------------------------------------------------------------------


def assign(target: Any, index: Index, value: Any) -> None:
    """`target[index] = value`, recorded; what `target` shares memory with sees it."""
    if isinstance(target._data, np.generic):
        raise TypeError(
            f"{type(target._data).__name__!r} object does not support item assignment: it is a scalar"
        )
    if type(value) in LISTS:
        value = np.asarray(value, like=target) if any_needs(value) else np.asarray(data_of(value))
    if isinstance(value, Variable) and value._face is not target._face:
        raise TypeError(f"a {value._face.__name__} cannot be written into a {target._face.__name__}")
    index = data_of(index)
    if is_basic(index):
        index = with_ellipsis(index)
        if isinstance(value, Variable) and _is_same_memory(value._data, target._array()[index]):
            return  # the last step of Python's `x[index] += v`: it has been written
        target, index = apply(op_of(operator.getitem, target._face), (target, index)), ...
    write(op_of(index_set, target._face), target, index, value)


def _is_same_memory(one: Any, other: Any) -> bool:
    return isinstance(one, np.ndarray) and one.__array_interface__ == other.__array_interface__


def is_basic(index: Index) -> bool:
    """Whether an index gives a view: slices, integers, None and Ellipsis alone."""
    items = index if type(index) is tuple else (index,)
    return all(isinstance(item, BASIC) and not isinstance(item, bool) for item in items)


def with_ellipsis(index: Index) -> tuple[Any, ...]:
    """The basic index that gives a view of one element where `index` gives a scalar."""
    items = index if type(index) is tuple else (index,)
    return items if any(item is ... for item in items) else (*items, ...)


def store(out: Any, value: Any, what: str, where: Any = True) -> Any:
    """Write a result into what the caller gave as `out`."""
    if isinstance(out, tuple):
        (out,) = out
    data = data_of(value)
    if not isinstance(out, Variable):
        if any_needs(value) and current().grad:
            raise TypeError(INTO_PLAIN.format(what))
        np.copyto(out, data, casting="same_kind", where=data_of(where))
        return out
    if not np.can_cast(data, out._data.dtype, "same_kind") if isinstance(data, np.ndarray) else False:
        raise TypeError(
            f"{what}: cannot cast from {data.dtype!r} to {out._data.dtype!r} with casting rule 'same_kind'"
        )
    if where is not True:
        value = np.where(where, value, out)  # type: ignore[call-overload]
    assign(out, ..., value)
    return out


def add_at(ufunc: np.ufunc, a: Any, indices: Index, *values: Any) -> None:
    """`ufunc.at(a, indices, values)`: an index that comes twice counts twice."""
    index = data_of(indices)
    if not isinstance(a, Variable):
        if any_needs(values) and current().grad:
            raise TypeError(INTO_PLAIN.format(f"np.{ufunc.__name__}.at"))
        ufunc.at(a, index, *data_of(values))
    elif ufunc in (np.add, np.subtract):
        places = np.broadcast_to(np.empty(()), a._data.shape)[index].shape
        part = np.broadcast_to(values[0] * np.ones((), a._data.dtype), places)  # sums in the wider dtype
        write(op_of(ufunc, a._face), a, index_add(part, a._data.shape, index))
    elif may_repeat(index) and _repeats(index, a._data.shape):
        raise MissingRuleError(
            f"no derivative rule for np.{ufunc.__name__}.at with an index that comes more than once"
        )
    else:
        assign(a, index, ufunc(apply(op_of(operator.getitem, a._face), (a, index)), *values))


def _repeats(index: Index, shape: tuple[int, ...]) -> bool:
    positions = np.arange(math.prod(shape)).reshape(shape)[index]
    return len(np.unique(positions)) < positions.size


def _outer(ufunc: np.ufunc, x: Any, y: Any, **kwargs: Any) -> Any:
    """Every pair: broadcasting does it."""
    return ufunc(np.reshape(x, (*np.shape(x), *(1,) * np.ndim(y))), y, **kwargs)


# Functions that write into their argument -------------------------------------------------------------------


def _writing(name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """An ndarray is not written to with values that require grad; others are just written."""

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(function)
        def guarded(target: Any, *args: Any, **kwargs: Any) -> None:
            if isinstance(target, Variable):
                if name in ("put", "place", "putmask") and args and isinstance(args[0], Variable):
                    note_reading(args[0], f"np.{name}()")  # where it writes is read off the data
                return function(target, *args, **kwargs)
            if any_needs((*args, *kwargs.values())) and current().grad:
                raise TypeError(INTO_PLAIN.format(f"np.{name}"))
            keywords = {key: data_of(value) for key, value in kwargs.items()}
            return getattr(np, name)(target, *data_of(args), **keywords)

        return guarded

    return decorate


@_writing("copyto")
def _copyto(dst: Any, src: Any, casting: Any = "same_kind", where: Any = True) -> None:
    if not np.can_cast(getattr(data_of(src), "dtype", np.bool_), dst._data.dtype, casting):
        raise TypeError(
            f"cannot cast from {data_of(src).dtype!r} to {dst._data.dtype!r} with rule {casting!r}"
        )
    assign(dst, ..., src if where is True else np.where(where, src, dst))


@_writing("put_along_axis")
def _put_along_axis(arr: Any, indices: Any, values: Any, axis: int | None = -1) -> None:
    places = data_of(indices)
    if axis is None:
        _put(arr, places, values)
        return
    at = axis % arr._data.ndim
    grid = np.ogrid[tuple([slice(0, n) for n in arr._data.shape])]  # indices of length 1 serve all of an axis
    assign(arr, (*grid[:at], places, *grid[at + 1 :]), values)


@_writing("put")
def _put(a: Any, ind: Any, v: Any, mode: Any = "raise") -> None:
    if np.size(v) == 0:
        return
    flat = np.arange(a._data.size)
    places = np.take(flat, np.ravel(data_of(ind)), mode=mode)
    assign(a, np.unravel_index(places, a._data.shape), _cycled(v, len(places)))


@_writing("fill_diagonal")
def _fill_diagonal(a: Any, val: Any, wrap: bool = False) -> None:
    marks = np.zeros(a._data.shape, np.bool_)
    np.fill_diagonal(marks, True, wrap)
    places = np.nonzero(marks)
    assign(a, places, _cycled(val, len(places[0])))


@_writing("place")
def _place(arr: Any, mask: Any, vals: Any) -> None:
    places = np.nonzero(data_of(mask))
    assign(arr, places, _cycled(vals, len(places[0])))


@_writing("putmask")
def _putmask(a: Any, mask: Any, values: Any) -> None:
    places = np.nonzero(data_of(mask))
    if np.shape(values) != a._data.shape:
        values = np.reshape(_cycled(values, a._data.size), a._data.shape)
    assign(a, places, values[places])


def _cycled(values: Any, count: int) -> Any:
    """The first `count` of the values, over and over."""
    if np.ndim(values) == 0:
        return values if count else np.zeros(0)
    flat = np.ravel(values)
    return flat[np.arange(count) % flat.size]


# Functions that may hand back their argument itself ---------------------------------------------------------


def _at_least(ndim: int) -> Callable[..., Any]:
    def shaped(x: Any) -> Any:
        shape = np.shape(x)
        if len(shape) >= ndim:
            return x
        if ndim == 3 and shape:
            return np.reshape(x, (1, *shape, 1) if len(shape) == 1 else (*shape, 1))
        return np.reshape(x, (1,) * (ndim - len(shape)) + shape)

    def run(*arys: Any) -> Any:
        found = tuple([shaped(one if isinstance(one, Variable) else np.asanyarray(one)) for one in arys])
        return found[0] if len(found) == 1 else found

    return run


def _broadcast_arrays(*args: Any, subok: bool = False) -> tuple[Any, ...]:
    shape = np.broadcast_shapes(*[np.shape(one) for one in args])
    return tuple([np.broadcast_to(one, shape) for one in args])


def _real_if_close(a: Any, tol: float = 100) -> Any:
    data = np.asanyarray(a._data)
    return np.real(a) if np.isrealobj(np.real_if_close(data, tol)) else a


def _einsum(*operands: Any, **kwargs: Any) -> Any:
    """NumPy may give a view of the one operand, which nothing here would know of."""
    variables = [one for one in operands if isinstance(one, Variable)]
    found = call_row(variables[0]._face if variables else kwargs["out"]._face, np.einsum, operands, kwargs)
    if any(np.may_share_memory(found._data, one._data) for one in variables):
        found._data = found._data.copy()
    return found


def _where(*args: Any, **kwargs: Any) -> Any:
    """With the condition alone np.where is np.nonzero."""
    if len(args) == 1 and not kwargs:
        return np.nonzero(args[0])
    return call_row(_face_among((*args, *kwargs.values())), np.where, args, kwargs)


def _joining(function: Callable[..., Any]) -> Callable[..., Any]:
    """Lists among what is to be joined are read as arrays."""

    def run(*args: Any, **kwargs: Any) -> Any:
        face = _face_among((*args, *kwargs.values()))
        if args and type(args[0]) in LISTS and any(type(one) in LISTS for one in args[0]):
            like = wrap(face, np.empty(0))
            items = [np.asarray(one, like=like) if type(one) in LISTS else one for one in args[0]]
            args = (items, *args[1:])
        return call_row(face, function, args, kwargs)

    return run


def _face_among(values: Any) -> Face:
    return next(_faces_in(values))


def _faces_in(values: Any) -> Iterator[Face]:
    for value in values:
        if isinstance(value, Variable):
            yield value._face
        elif type(value) in LISTS:
            yield from _faces_in(value)


def _full_like(a: Any, fill_value: Any, **kwargs: Any) -> Any:
    """Of `a` only the shape and the dtype are read."""
    face = (a if isinstance(a, Variable) else fill_value)._face
    return call_row(face, np.full_like, (wrap(face, data_of(a)), fill_value), kwargs)


SPECIAL: dict[Any, Callable[..., Any]] = {
    np.copyto: _copyto,
    np.put_along_axis: _put_along_axis,
    np.put: _put,
    np.fill_diagonal: _fill_diagonal,
    np.place: _place,
    np.putmask: _putmask,
    np.atleast_1d: _at_least(1),
    np.atleast_2d: _at_least(2),
    np.atleast_3d: _at_least(3),
    np.broadcast_arrays: _broadcast_arrays,
    np.real_if_close: _real_if_close,
    np.einsum: _einsum,
    np.full_like: _full_like,
    np.where: _where,
    **{
        function: _joining(function)
        for function in (np.concatenate, np.stack, np.vstack, np.hstack, np.dstack, np.column_stack)
    },
}
