"""np.einsum: multilinear, and its transposes are einsums too, so that every order closes."""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any

import numpy as np

from tapeless._types import Array
from tapeless.rules.kinds import forward_rule, general
from tapeless.rules.support import dtype_of, in_dtype
from tapeless.rules.table import Call, primitive

# How einsum's own list form numbers its subscripts; it is also their order in an implicit output.
LETTERS = string.ascii_uppercase + string.ascii_lowercase


def string_form(*operands: Any, **kwargs: Any) -> Call:
    """`einsum(a, [0, 1], b, [1, 2], [0, 2])` as `einsum("AB,BC->AC", a, b)`."""
    if isinstance(operands[0], str):
        return operands, kwargs
    pairs = len(operands) // 2
    terms = [_letters(operands[2 * i + 1]) for i in range(pairs)]
    output = f"->{_letters(operands[-1])}" if len(operands) % 2 else ""
    return (",".join(terms) + output, *operands[: 2 * pairs : 2]), kwargs


def _letters(sublist: Sequence[Any]) -> str:
    return "".join("..." if item is Ellipsis else LETTERS[item] for item in sublist)


@primitive
def einsum_to(
    subscripts: str, position: int, shape: tuple[int, ...], optimize: Any, *operands: Array
) -> Array:
    """The cotangent of one operand of einsum, whose shape is `shape`.

    `operands` are the cotangent of the result and the other operands: an einsum, stretched along subscripts
    that only this operand has, on the diagonal where it repeats one.
    """
    shapes = [np.shape(operand) for operand in operands[1:]]
    shapes.insert(position, shape)
    terms, output = _explicit(subscripts, [len(s) for s in shapes])
    own = terms.pop(position)
    size = dict(zip(own, shape, strict=True))
    found = set(output).union(*terms)
    # Where this operand has one element and others have more, it was stretched: sum.
    kept = "".join(letter for letter in size if letter in found and size[letter] != 1)
    back = np.einsum(f"{','.join([output, *terms])}->{kept}", *operands, optimize=optimize)
    missing = [axis for axis, letter in enumerate(size) if letter not in kept]
    back = np.broadcast_to(np.expand_dims(back, missing), tuple(size.values()))
    if len(size) == len(own):
        return back
    scattered = np.zeros(shape, back.dtype)
    np.einsum(f"{own}->{''.join(size)}", scattered)[...] = back
    return scattered


def _explicit(subscripts: str, ndims: Sequence[int]) -> tuple[list[str], str]:
    """The terms and the output with a letter for every axis, those under an ellipsis too."""
    inputs, arrow, output = subscripts.replace(" ", "").partition("->")
    terms = inputs.split(",")
    if not arrow:
        named = inputs.replace(".", "").replace(",", "")
        once = sorted(letter for letter in set(named) if named.count(letter) == 1)
        output = ("..." if "..." in inputs else "") + "".join(once)
    free = [letter for letter in LETTERS if letter not in subscripts]
    hidden = [ndim - len(term.replace("...", "")) for term, ndim in zip(terms, ndims, strict=True)]
    most = max((n for term, n in zip(terms, hidden, strict=True) if "..." in term), default=0)
    letters = "".join(free[:most])
    terms = [term.replace("...", letters[most - n :]) for term, n in zip(terms, hidden, strict=True)]
    return terms, output.replace("...", letters)


@general(np.einsum, prepare=string_form)
def einsum(g: Array, subscripts: str, *operands: Array, optimize: Any = False) -> Any:
    return None, tuple(
        in_dtype(
            einsum_to(subscripts, i, np.shape(x), optimize, g, *operands[:i], *operands[i + 1 :]), dtype_of(x)
        )
        for i, x in enumerate(operands)
    )


@forward_rule(np.einsum)
def einsum_forward(
    t_subscripts: None,
    t: Sequence[Array],
    out: Array,
    subscripts: str,
    operands: Sequence[Array],
    optimize: Any = False,
) -> Array:
    terms = [
        np.einsum(subscripts, *operands[:i], t[i], *operands[i + 1 :], optimize=optimize)
        for i in range(len(operands))
    ]
    return sum(terms[1:], terms[0])


@general(einsum_to)
def einsum_to_rule(
    g: Array, subscripts: str, position: int, shape: tuple[int, ...], optimize: Any, *operands: Array
) -> Any:
    c, others = operands[0], operands[1:]
    # The call that is transposed here, with this cotangent in the place of the operand that it gave one for.
    whole = [*others[:position], g, *others[position:]]
    cotangents = [in_dtype(np.einsum(subscripts, *whole, optimize=optimize), dtype_of(c))]
    for i, x in enumerate(others):
        place = i if i < position else i + 1
        rest = [*whole[:place], *whole[place + 1 :]]
        cotangents.append(
            in_dtype(einsum_to(subscripts, place, np.shape(x), optimize, c, *rest), dtype_of(x))
        )
    return None, None, None, None, tuple(cotangents)


@forward_rule(einsum_to)
def einsum_to_forward(
    t_subscripts: None,
    t_position: None,
    t_shape: None,
    t_optimize: None,
    t: Sequence[Array],
    out: Array,
    subscripts: str,
    position: int,
    shape: tuple[int, ...],
    optimize: Any,
    operands: Sequence[Array],
) -> Array:
    terms = [
        einsum_to(subscripts, position, shape, optimize, *operands[:i], t[i], *operands[i + 1 :])
        for i in range(len(operands))
    ]
    return sum(terms[1:], terms[0])
