"""Arithmetic of lengths: what `x[1:]`, a reshape or a concatenation does to the length of an axis.

A length is a number or a `Size`; the names of sizes say how they came about, so that equal derivations give
equal names.  `n-2` is a length of at least 0: what `x[1:-1]` leaves of n; the difference `n - 2` of two
numbers may be negative.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from tapeless.source.facts import UNNAMED, Dim, Size, derived, may_be_one

# A length of which nothing is known.
ANY = Size(UNNAMED)
# One that is known not to be 1.
MANY = Size(UNNAMED, False)

# What a slice may begin or end with: nothing, a number, a length.
Bound = Dim | None


def is_named(dim: Dim) -> bool:
    """Whether a length can be spoken of: it is a number or has a name."""
    return isinstance(dim, int) or dim.name[0] != UNNAMED


def plus(dim: Dim, k: int) -> Dim:
    """`dim + k`, for k not negative."""
    if isinstance(dim, int):
        return dim + k
    if k == 0 or not is_named(dim):
        return dim if k == 0 else ANY if k == 1 else MANY
    base, offset = _parted(dim.name)
    if offset < 0:
        base, offset = f"({dim.name})", 0
    return Size(f"{base}+{offset + k}", offset + k < 2)


def minus(dim: Dim, k: int) -> Dim:
    """How much is left of `dim` without `k` elements: never less than 0."""
    if isinstance(dim, int):
        return max(dim - k, 0)
    if k == 0 or not is_named(dim):
        return dim if k == 0 else ANY
    base, offset = _parted(dim.name)
    left = offset - k
    if left == 0 and offset > 0:
        return Size(base)
    return Size(f"{base}{left:+d}", left < 2)


def _parted(name: str) -> tuple[str, int]:
    """`n+2` as ("n", 2); names in parentheses are whole."""
    for sign in "+-":
        base, found, offset = name.rpartition(sign)
        if found and offset.isdigit():
            return base, int(found + offset)
    return name, 0


def _whole(dim: Dim) -> str:
    """A length as it stands in the name of another."""
    if isinstance(dim, int):
        return str(dim)
    return f"({dim.name})" if _parted(dim.name)[1] or " " in dim.name else dim.name


def difference(a: Dim, b: Dim) -> Dim | None:
    """`a - b` as a number, which may be negative; None if it has no name."""
    if isinstance(a, int) and isinstance(b, int):
        return a - b
    if a == b:
        return 0
    if isinstance(a, Size) and isinstance(b, int) and b > 0 and " " not in a.name:
        return Size(f"{a.name} - {b}")
    return None


def as_length(dim: Dim) -> Dim:
    """A number that is used as a length, so that it cannot be negative."""
    if isinstance(dim, int) or " - " not in dim.name:
        return dim
    base, _, k = dim.name.rpartition(" - ")
    return minus(Size(base), int(k)) if k.isdigit() else ANY


def may_be_negative(dim: Dim) -> bool:
    """Whether a number that is known to be `dim` may be below zero."""
    return dim < 0 if isinstance(dim, int) else " - " in dim.name


def total(dims: Iterable[Dim]) -> Dim:
    """The sum of lengths."""
    number = 0
    sizes: list[Size] = []
    for dim in dims:
        if isinstance(dim, int):
            number += dim
        else:
            sizes.append(dim)
    if not sizes:
        return number
    if not all(map(is_named, sizes)):
        return ANY if number < 2 else MANY
    if len(sizes) == 1:
        return plus(sizes[0], number)
    names = sorted(_whole(size) for size in sizes)
    is_many = all(not size.stretches for size in sizes)  # each is 0 or at least 2
    return plus(derived(f"({'+'.join(names)})", not is_many), number)


def product(dims: Iterable[Dim]) -> Dim:
    """The product of lengths."""
    number = 1
    sizes: list[Size] = []
    for dim in dims:
        if isinstance(dim, int):
            number *= dim
        else:
            sizes.append(dim)
    if number == 0:
        return 0
    if not sizes:
        return number
    stretches = number == 1 and all(size.stretches for size in sizes)
    if not all(map(is_named, sizes)):
        return ANY if stretches else MANY
    if number == 1 and len(sizes) == 1:
        return sizes[0]
    names = sorted(_whole(size) for size in sizes)
    factors = [str(number), *names] if number != 1 else names
    return derived(f"({'*'.join(factors)})", stretches)


def quotient(whole: Sequence[Dim], parts: Sequence[Dim]) -> Dim:
    """How often the product of `parts` goes into that of `whole`, if it does without rest."""
    left = list(whole)
    others: list[Dim] = []
    number, divisor = 1, 1
    for part in parts:
        if isinstance(part, int):
            divisor *= part
        elif part in left and is_named(part):
            left.remove(part)
        else:
            others.append(part)
    sizes = [dim for dim in left if isinstance(dim, Size)]
    number = math.prod(dim for dim in left if isinstance(dim, int))
    if others or divisor == 0:
        return ANY
    if number % divisor == 0:
        return product([number // divisor, *sizes])
    upper = product([number, *sizes])
    return derived(f"({_whole(upper)}/{divisor})") if isinstance(upper, Size) and is_named(upper) else ANY


def least(dim: Dim, k: int) -> Dim:
    """`min(dim, k)`."""
    if k <= 0:
        return 0
    if isinstance(dim, int):
        return min(dim, k)
    stretches = dim.stretches or k == 1
    return derived(f"min({dim.name},{k})", stretches) if is_named(dim) else ANY if stretches else MANY


def sliced(dim: Dim, start: Bound, stop: Bound, step: Bound) -> Dim:
    """The length of `x[start:stop:step]` where x has the length `dim`."""
    if step is None:
        step = 1
    numbers = all(part is None or isinstance(part, int) for part in (start, stop, step))
    if step == 0:
        return ANY
    if isinstance(dim, int) and numbers:
        return len(range(*slice(start, stop, step).indices(dim)))  # type: ignore[arg-type]
    if start is None and (stop is None or stop == dim) and step in (1, -1) and not (stop and step == -1):
        return dim
    if start == 0 and step == 1 and stop in (None, dim):
        return dim
    if step == 1:
        found = _piece(dim, start or 0, None if stop == dim else _from_the_end(dim, stop))
        if found is not None:
            return found
    parts = [*([] if step == 1 else [step]), *(part for part in (start, stop) if part is not None)]
    if not is_named(dim) or not all(map(is_named, parts)):
        return ANY
    text = ":".join(_text(part) for part in (start, stop, step))
    return derived(f"{_whole(dim)}[{text}]")


def _from_the_end(dim: Dim, stop: Bound) -> Bound:
    """`x[:n - 1]` is `x[:-1]`, also of an empty x; `x[:n - 3]` is not `x[:-3]` of two elements."""
    if (
        isinstance(dim, Size)
        and isinstance(stop, Size)
        and stop.name in (f"{dim.name} - 1", f"{dim.name} - 2")
    ):
        return -int(stop.name[-1])
    return stop


def _piece(dim: Dim, start: Dim, stop: Bound) -> Dim | None:
    if not isinstance(start, int) or not (stop is None or isinstance(stop, int)):
        return None
    if stop is None:
        return minus(dim, start) if start >= 0 else least(dim, -start)
    if stop < 0:
        return minus(dim, start - stop) if start >= 0 else least(minus(dim, -stop), stop - start)
    return least(minus(dim, start), stop - start) if start >= 0 else None


def _text(part: Bound) -> str:
    return "" if part is None else part.name if isinstance(part, Size) else str(part)


def is_one(dim: Dim) -> bool | None:
    """Whether a length is 1; None if only the running program knows."""
    return dim == 1 if isinstance(dim, int) else None if may_be_one(dim) else False
