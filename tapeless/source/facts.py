"""What is known of a value before the program runs: is it an array, of which dtype, rank and lengths."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

import numpy as np

from tapeless.ir.atoms import Const

# scalar: a Python or NumPy number, which nobody can write into; array: an np.ndarray; numeric: one of
# the two; list, tuple, dict, slice, stack: the container; object: anything else, or nothing is known.
Kind = Literal["scalar", "array", "numeric", "list", "tuple", "dict", "slice", "stack", "object"]
NUMERIC = ("scalar", "array", "numeric")
NUMBERS = "biufc"  # the kinds of dtypes that these have: an array of anything else is an object


@dataclass(frozen=True, slots=True)
class Size:
    """A length that only the running program knows: one name, one length.

    `stretches`: it may be 1 and so be broadcast.
    """

    name: str
    stretches: bool = field(default=True, compare=False)


# The name of lengths of which nothing is known: `infer` gives each another one.
UNNAMED = "?"

# Names that say how a length came about grow; longer ones have a number, which is as good a name.
LONGEST = 100
_short: dict[str, str] = {}
_numbers = itertools.count()


def derived(name: str, stretches: bool = True) -> Size:
    """A length that is named after those that it was computed from."""
    if len(name) > LONGEST:
        name = _short.setdefault(name, f"#{next(_numbers)}")
    return Size(name, stretches)


Dim: TypeAlias = int | Size
Dims: TypeAlias = tuple[Dim, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Fact:
    """What is known of one value.

    `dtype` and `dims` are None where unknown; `weak`: a Python number, which does not widen an array;
    None: perhaps one, else a number of NumPy's of that dtype.
    `items` are those of a tuple, list or slice of known length, of a dict its keys and values in turn;
    `item` is what each element of a list of unknown length is.  `size`: what a Python int is known to be, a
    number or the length of some axis.  What is said of a list or dict holds until it is written into.
    An `object` with a dtype is that dtype.
    """

    kind: Kind = "object"
    dtype: np.dtype[Any] | None = None
    dims: Dims | None = None
    weak: bool | None = False
    items: tuple[Fact | Const, ...] | None = None
    item: Fact | None = None
    size: Dim | None = None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Fact):
            return NotImplemented
        return (
            self.kind == other.kind
            and same_dtype(self.dtype, other.dtype)
            and self.dims == other.dims
            and self.weak == other.weak
            and self.items == other.items
            and self.item == other.item
            and self.size == other.size
        )

    def __hash__(self) -> int:
        return hash((self.kind, self.dtype, self.dims, self.weak, self.size))


def same_dtype(a: np.dtype[Any] | None, b: np.dtype[Any] | None) -> bool:
    """Whether both are the same dtype, or unknown: `==` takes None for float64."""
    return a is b or (a is not None and b is not None and a == b)


UNKNOWN = Fact()
# Of the items of a container in which none is yet.
NEVER = Fact(size=-1)

BOOL = np.dtype(np.bool_)
INT = np.dtype(np.int64)
FLOAT = np.dtype(np.float64)
COMPLEX = np.dtype(np.complex128)

NUMPY_NUMBERS = (np.number, np.bool_)
PYTHON_NUMBERS: dict[type, Fact] = {
    bool: Fact("scalar", BOOL, (), weak=True),
    int: Fact("scalar", INT, (), weak=True),
    float: Fact("scalar", FLOAT, (), weak=True),
    complex: Fact("scalar", COMPLEX, (), weak=True),
}


def fact_of(value: Any, name: str) -> Fact:
    """What the cache's key says of an actual argument: its dtype, its rank, and which of its axes are 1 long.

    >>> fact_of(np.zeros((3, 1)), "x").dims
    (Size(name='x.0', stretches=False), 1)
    """
    known = PYTHON_NUMBERS.get(type(value))
    if known is not None:
        return known
    if type(value) is np.ndarray and value.dtype.kind in NUMBERS:
        dims = tuple([1 if n == 1 else Size(f"{name}.{i}", False) for i, n in enumerate(value.shape)])
        return Fact("array", value.dtype, dims)
    if isinstance(value, NUMPY_NUMBERS):
        return Fact("scalar", value.dtype, ())
    if type(value) in (list, tuple):
        items = tuple([fact_of(item, f"{name}[{i}]") for i, item in enumerate(value)])
        return Fact("list" if type(value) is list else "tuple", items=items)
    if type(value) is dict:
        return Fact("dict", items=_entries(value, [fact_of(v, f"{name}[{k!r}]") for k, v in value.items()]))
    return fact_of_constant(value) if isinstance(value, slice) else UNKNOWN


def fact_of_constant(value: Any) -> Fact:
    """What is known of a value that stands in the program: lengths are numbers."""
    known = PYTHON_NUMBERS.get(type(value))
    if known is not None:
        if type(value) is int:
            return Fact("scalar", INT, (), weak=True, size=value) if abs(value) < 2**63 else UNKNOWN
        return known
    if type(value) is np.ndarray and value.dtype.kind in NUMBERS:
        return Fact("array", value.dtype, value.shape)
    if isinstance(value, NUMPY_NUMBERS):
        return Fact("scalar", value.dtype, ())
    if type(value) in (list, tuple):
        return Fact("list" if type(value) is list else "tuple", items=tuple([_item(item) for item in value]))
    if type(value) is dict:
        return Fact("dict", items=_entries(value, [_item(item) for item in value.values()]))
    if isinstance(value, slice):
        return Fact("slice", items=tuple([_item(part) for part in (value.start, value.stop, value.step)]))
    return UNKNOWN


def _item(value: Any) -> Fact | Const:
    simple = value is None or value is Ellipsis or type(value) in PYTHON_NUMBERS or type(value) is str
    return Const(value) if simple else fact_of_constant(value)


def _entries(keys: Any, values: Sequence[Fact | Const]) -> tuple[Fact | Const, ...]:
    return tuple([part for key, value in zip(keys, values, strict=True) for part in (Const(key), value)])


def known_of(value: Fact | Const) -> Fact:
    """A fact, of a constant too."""
    return value if type(value) is Fact else fact_of_constant(value.value)  # type: ignore[union-attr]


def as_one(result: Fact | tuple[Fact, ...]) -> Fact:
    """What `infer` gave, for one target: a tuple of facts is the fact of a tuple."""
    return Fact("tuple", items=result) if isinstance(result, tuple) else result


def as_several(result: Fact | tuple[Fact, ...], count: int) -> tuple[Fact, ...]:
    """What `infer` gave, for `count` targets that unpack it."""
    if isinstance(result, tuple):
        return result if len(result) == count else (UNKNOWN,) * count
    if result.kind in ("tuple", "list") and result.items is not None:
        found = tuple([known_of(item) for item in result.items])
        return found if len(found) == count else (UNKNOWN,) * count
    return (UNKNOWN if result.items is not None else item_of(result, ""),) * count


def item_of(iterable: Fact, name: str) -> Fact:
    """What is known of each element that a loop over `iterable` meets and calls `name`."""
    if iterable.kind in ("tuple", "list"):
        if iterable.item is not None:
            return iterable.item
        found = None
        for item in iterable.items or ():
            found = known_of(item) if found is None else join(found, known_of(item), name)
        return UNKNOWN if found is None else found
    if iterable.kind in ("array", "numeric"):
        if not iterable.dims:
            return Fact("numeric", iterable.dtype) if iterable.dtype is not None else UNKNOWN
        return Fact("array" if len(iterable.dims) > 1 else "scalar", iterable.dtype, iterable.dims[1:])
    return UNKNOWN


def may_be_one(dim: Dim) -> bool:
    """Whether a length may be 1."""
    return dim == 1 if isinstance(dim, int) else dim.stretches


# The least that two facts have in common ---------------------------------------------------------------


def join(a: Fact | None, b: Fact, name: str) -> Fact:
    """What holds of a value that is as `a` says or as `b` says; lengths that differ get a name of their own.

    Without `a`, for a name that was not bound before: `b` with lengths named anew, so that a length that
    differs from one iteration of a loop to the next is not taken for that of this iteration.

    >>> join(Fact("scalar", np.dtype(float), ()), Fact("array", np.dtype(float), (3,)), "y")
    Fact(kind='numeric', dtype=dtype('float64'), dims=None, weak=False, items=None, item=None, size=None)
    """
    if a is None:
        return _renamed(b, name)
    if a is b or b == NEVER:
        return a
    if a == NEVER:
        return b
    if a.kind != b.kind:
        if a.kind not in NUMERIC or b.kind not in NUMERIC:
            return UNKNOWN
        kind = "numeric"
    else:
        kind = a.kind
    dtype = a.dtype if same_dtype(a.dtype, b.dtype) else None
    item = join(a.item, b.item, f"{name}[]") if a.item is not None and b.item is not None else None
    return Fact(
        kind,
        dtype,
        _joined_dims(a.dims, b.dims, name),
        a.weak if a.weak == b.weak else None,
        _joined_items(a.items, b.items, name),
        item,
        a.size if a.size == b.size else None,
    )


def _joined_dims(a: Dims | None, b: Dims | None, name: str) -> Dims | None:
    if a == b or a is None or b is None or len(a) != len(b):
        return a if a == b else None
    return tuple(
        [
            m if m == n else Size(f"{name}.{axis}", may_be_one(m) or may_be_one(n))
            for axis, (m, n) in enumerate(zip(a, b, strict=True))
        ]
    )


def _joined_items(
    a: tuple[Fact | Const, ...] | None, b: tuple[Fact | Const, ...] | None, name: str
) -> tuple[Fact | Const, ...] | None:
    if a is None or b is None or len(a) != len(b):
        return None
    return tuple([_joined_item(m, n, f"{name}[{i}]") for i, (m, n) in enumerate(zip(a, b, strict=True))])


def _joined_item(a: Fact | Const, b: Fact | Const, name: str) -> Fact | Const:
    if isinstance(a, Const) and isinstance(b, Const) and _is_same(a.value, b.value):
        return a
    return join(known_of(a), known_of(b), name)


def _is_same(a: Any, b: Any) -> bool:
    return a is b or (type(a) is type(b) and bool(a == b))


def _renamed(fact: Fact, name: str) -> Fact:
    dims, items, size = fact.dims, fact.items, fact.size
    if dims is not None:
        dims = tuple(
            [
                dim if isinstance(dim, int) else Size(f"{name}.{axis}", dim.stretches)
                for axis, dim in enumerate(dims)
            ]
        )
    if items is not None:
        items = tuple(
            [
                item if isinstance(item, Const) else _renamed(item, f"{name}[{i}]")
                for i, item in enumerate(items)
            ]
        )
    item = None if fact.item is None else _renamed(fact.item, f"{name}[]")
    return replace(fact, dims=dims, items=items, item=item, size=size if isinstance(size, int) else None)


# Broadcasting -----------------------------------------------------------------------------------------


def broadcast(a: Dims | None, b: Dims | None) -> Dims | None:
    """The dims of two arrays broadcast against each other; None if one of them is unknown.

    >>> broadcast((Size("x.0", False), 1), (Size("y.0", False),))
    (Size(name='x.0', stretches=False), Size(name='y.0', stretches=False))
    """
    if a is None or b is None:
        return None
    if a == b:
        return a
    if len(a) < len(b):
        a, b = b, a
    lead = len(a) - len(b)
    return a[:lead] + tuple([_stretched_to(m, n) for m, n in zip(a[lead:], b, strict=True)])


def _stretched_to(a: Dim, b: Dim) -> Dim:
    if a == b or b == 1:
        return a
    if a == 1:
        return b
    if isinstance(a, int) or isinstance(b, int):  # not 1: the other is it, or stretches to it
        return a if isinstance(a, int) else b
    if a.stretches != b.stretches:
        return b if a.stretches else a
    if a.stretches:
        return a if a.name == UNNAMED else b if b.name == UNNAMED else derived(f"({a.name}|{b.name})")
    return a


def stretched(input: Fact, output: Fact) -> tuple[int, ...] | None:
    """The axes of `output` over which a cotangent is summed to come back to the shape of `input`.

    They are the leading ones, which the input lacks, and those along which it is 1 long; None where only
    the running program can tell.

    >>> stretched(Fact("array", dims=(1, 3)), Fact("array", dims=(2, 5, 3)))
    (0, 1)
    """
    if input.dims is None or output.dims is None:
        return None
    lead = len(output.dims) - len(input.dims)
    if lead < 0:
        return None
    axes = list(range(lead))
    for axis, (own, whole) in enumerate(zip(input.dims, output.dims[lead:], strict=True), lead):
        if own == whole or whole == 1:
            continue
        if own == 1:
            axes.append(axis)
        elif may_be_one(own):
            return None
    return tuple(axes)


def same_shape(a: Fact, b: Fact) -> bool:
    """Whether two values are known to have the same shape."""
    return a.dims is not None and a.dims == b.dims
