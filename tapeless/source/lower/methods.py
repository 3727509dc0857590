"""Methods of arrays, lists, dicts and tuples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tapeless.source.lower.calls import METHODS, Args, Kwargs, library_call
from tapeless.source.lower.conversions import astype as to_dtype
from tapeless.source.lower.iteration import listed
from tapeless.source.lower.machine import Machine
from tapeless.source.lower.subscripts import get_item, set_item
from tapeless.source.lower.values import (
    NOTHING,
    Dyn,
    Entries,
    Known,
    Tup,
    Value,
)

Method = Callable[[Machine, Value, Args, Kwargs], Value]

# Methods that are a function of the array and the same further arguments.
FUNCTIONS: dict[str, Callable[..., Any]] = {
    "all": np.all,
    "any": np.any,
    "argmax": np.argmax,
    "argmin": np.argmin,
    "argsort": np.argsort,
    "clip": np.clip,
    "compress": np.compress,
    "conj": np.conj,
    "conjugate": np.conjugate,
    "cumprod": np.cumprod,
    "cumsum": np.cumsum,
    "diagonal": np.diagonal,
    "dot": np.dot,
    "max": np.max,
    "mean": np.mean,
    "min": np.min,
    "nonzero": np.nonzero,
    "prod": np.prod,
    "ptp": np.ptp,
    "ravel": np.ravel,
    "repeat": np.repeat,
    "round": np.round,
    "searchsorted": np.searchsorted,
    "squeeze": np.squeeze,
    "std": np.std,
    "sum": np.sum,
    "swapaxes": np.swapaxes,
    "take": np.take,
    "trace": np.trace,
    "var": np.var,
}


def method(kind: str, *names: str) -> Callable[[Method], Method]:
    def register(handler: Method) -> Method:
        for name in names:
            METHODS[kind, name] = handler
        return handler

    return register


def _forwarding(function: Callable[..., Any]) -> Method:
    def run(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
        return library_call(m, function, [owner, *args], kwargs)

    return run


for _name, _function in FUNCTIONS.items():
    METHODS["array", _name] = _forwarding(_function)


@method("array", "compress")
def compress(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    return library_call(m, np.compress, [args[0], owner, *args[1:]], kwargs)


@method("array", "reshape")
def reshape(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    shape = args[0] if len(args) == 1 else Tup(tuple(args))
    return library_call(m, np.reshape, [owner, shape], kwargs)


@method("array", "transpose")
def transpose(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    if not args:
        return library_call(m, np.transpose, [owner], kwargs)
    return library_call(m, np.transpose, [owner, args[0] if len(args) == 1 else Tup(tuple(args))], kwargs)


@method("array", "copy")
def copy(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    return library_call(m, np.copy, [owner], {})


@method("array", "flatten")
def flatten(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    return library_call(m, np.copy, [library_call(m, np.ravel, [owner, *args], kwargs)], {})


@method("array", "astype")
def astype(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    dtype = args[0] if args else kwargs["dtype"]
    if (isinstance(dtype, Known) and np.dtype(dtype.value).kind not in "fc") or not m.varies(owner):
        return opaque_if_constant(m, owner, args, kwargs)
    given = zip(("order", "casting", "subok", "copy"), args[1:], strict=False)
    return to_dtype(m, owner, dtype, dict(given) | dict(kwargs))


def opaque_if_constant(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    """A conversion to integers or booleans: nothing flows through it."""
    made = m.let(np.ndarray.astype, [owner, *args], kwargs)
    return Dyn(made.atom, made.fact) if isinstance(made, Dyn) else made


@method("array", "item")
def item(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    if not args:
        return get_item(m, library_call(m, np.ravel, [owner], {}), Known(0))
    return get_item(m, owner, args[0] if len(args) == 1 else Tup(tuple(args)))


@method("array", "fill")
def fill(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    set_item(m, owner, Known(Ellipsis), args[0])
    return NOTHING


@method("array", "sort")
def sort(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    set_item(m, owner, Known(Ellipsis), library_call(m, np.sort, [owner, *args], kwargs))
    return NOTHING


@method("array", "view")
def view(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    if args or kwargs:
        raise m.refuse("this view", "it reads the memory as another type", "use astype")
    return get_item(m, owner, Known(Ellipsis))


@method("array", "tolist")
def tolist(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    return m.call(m, Known(list), [owner], {})


@method("array", "put")
def put(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    indices = {"indices": "ind", "values": "v"}  # what the function's parameters are called
    return m.call(m, Known(np.put), [owner, *args], {indices.get(k, k): v for k, v in kwargs.items()})


@method("array", "__len__")
def length(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    return m.let(len, [owner])


# Tuples and text -------------------------------------------------------------------------------------


@method("tuple", "_replace")
def replace(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    assert isinstance(owner, Tup)
    fields: tuple[str, ...] = owner.cls._fields  # type: ignore[attr-defined]
    return Tup(
        tuple([kwargs.get(name, old) for name, old in zip(fields, owner.items, strict=True)]), owner.cls
    )


@method("tuple", "_asdict")
def asdict(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    assert isinstance(owner, Tup)
    fields: tuple[str, ...] = owner.cls._fields  # type: ignore[attr-defined]
    return m.new(Entries(tuple(zip(fields, owner.items, strict=True))))


@method("str", "join")
def join(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    items = listed(m, args[0])
    if items is not None and all(isinstance(part, Known) for part in (*items, owner)):
        assert isinstance(owner, Known)
        return Known(owner.value.join([part.value for part in items if isinstance(part, Known)]))
    return m.let(str.join, [owner, *args])


@method("str", "format")
def format_(m: Machine, owner: Value, args: Args, kwargs: Kwargs) -> Value:
    return m.let(str.format, [owner, *args], kwargs)
