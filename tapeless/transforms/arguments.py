"""What may be differentiated with respect to: floats, complex numbers, arrays and containers of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeless import _tree
from tapeless.graph.variable import Variable
from tapeless.source.cache import Identity
from tapeless.source.store import Convert
from tapeless.transforms.callee import Parameters
from tapeless.transforms.selection import Selected, Selection

Values = tuple[Any, ...]


def computes_otherwise(value: Any) -> bool:
    """Whether an array means something else by `*` and by sums than ndarrays do: gradients would be wrong."""
    if type(value) is np.ndarray or not isinstance(value, np.ndarray):
        return False
    return isinstance(
        value, np.matrix | np.ma.MaskedArray
    )  # looked up late: NumPy loads np.ma when it is asked


def is_number(leaf: Any) -> bool:
    """Whether a leaf is an array or number; anything else is passed on, and its gradient is None."""
    return isinstance(leaf, np.ndarray | np.generic | int | float | complex) and type(leaf) is not bool


def dtype_of(leaf: Any) -> np.dtype[Any]:
    """The dtype of an array or number."""
    return leaf.dtype if isinstance(leaf, np.ndarray | np.generic) else np.dtype(type(leaf))


def admit(
    values: Values, selection: Selection, parameters: Parameters, transform: str, holomorphic: bool
) -> Convert | None:
    """How Python ints among the differentiated arguments become floats, None if there are none.

    TypeError names the argument that cannot be differentiated with respect to, or is no plain array.
    """
    for name, value in zip(parameters.names, values, strict=True):
        if computes_otherwise(value):
            kind = type(value).__name__
            raise TypeError(
                f"{transform} reads NumPy programs for plain arrays; argument {name!r} is a {kind}, which "
                "computes otherwise: pass np.asarray of it"
            )
    converted = [
        one
        for one in selection.selected
        if check(_find(one, values, parameters), one, transform, holomorphic)
    ]
    if not converted:
        return None

    def convert(values: Values) -> Values:
        found = list(values)
        for one in converted:
            found[one.position] = _replaced(found[one.position], one.key)
        return tuple(found)

    return convert


def _find(one: Selected, values: Values, parameters: Parameters) -> Any:
    try:
        return one.of(values)
    except LookupError:
        raise TypeError(
            f"{parameters} was called without {one.name}, which argnums wants its gradient of"
        ) from None


def check(value: Any, one: Selected, transform: str, holomorphic: bool) -> bool:
    """Whether there are Python ints to be read as floats; TypeError for what has no derivative."""
    leaves, structure = _tree.flatten(value)
    paths = _tree.labels(structure, one.name)
    for leaf, path in zip(leaves, paths, strict=True):
        _check_leaf(leaf, path, transform, holomorphic, top=structure.type is None)
    return any([type(leaf) is int for leaf in leaves])


def _check_leaf(leaf: Any, path: str, transform: str, holomorphic: bool, top: bool) -> None:
    if isinstance(leaf, Variable):
        leaf = leaf._data
    if not is_number(leaf) and not (top and type(leaf) is bool):
        if top:
            raise TypeError(
                f"{transform} requires float or complex inputs; argument {path!r} is a "
                f"{type(leaf).__name__}: leave it out of argnums"
            )
        return
    dtype = dtype_of(leaf)
    if dtype.kind not in "fc" and type(leaf) is not int:
        raise TypeError(
            f"{transform} requires float or complex inputs; argument {path!r} has dtype {dtype}: convert it "
            "with x.astype(float), or leave it out of argnums"
        )
    if holomorphic and dtype.kind != "c":
        raise TypeError(
            f"{transform} with holomorphic=True requires complex inputs; argument {path!r} has dtype {dtype}"
        )


def _replaced(value: Any, key: int | str | None) -> Any:
    if key is None:
        return _tree.map(_as_float, value)
    parts: Any = dict(value) if isinstance(value, dict) else list(value)
    parts[key] = _tree.map(_as_float, parts[key])
    return parts if isinstance(value, dict) else tuple(parts)


def _as_float(leaf: Any) -> Any:
    return float(leaf) if type(leaf) is int else leaf


def check_apart(values: Values, written: tuple[int, ...], parameters: Parameters) -> None:
    """ValueError if an argument that the function writes into shares memory with another."""
    arrays = [[leaf for leaf in _tree.flatten(value)[0] if isinstance(leaf, np.ndarray)] for value in values]
    for position in written:
        for other, found in enumerate(arrays):
            pairs = [(a, b) for a in arrays[position] for b in found if other != position or a is not b]
            if any([np.may_share_memory(a, b) for a, b in pairs]):
                names = parameters.names
                raise ValueError(
                    f"{parameters} writes into {names[position]!r}, which shares memory with "
                    f"{names[other]!r}: pass a copy"
                )


# Values of the same signature without their data --------------------------------------------------------


class _GoneError(Exception):
    """An object that a stand-in refers to is no more."""


def stand_ins(values: Values) -> Values:
    """Values of the same signature that keep no array alive."""
    return tuple([_tree.map(_stand_in, value) for value in values])


def _stand_in(leaf: Any) -> Any:
    if type(leaf) is np.ndarray:
        return np.broadcast_to(np.zeros((), leaf.dtype), leaf.shape)
    if isinstance(leaf, np.generic | int | float | complex | str | bytes):
        return leaf
    return Identity(leaf)


def stood_in(likes: Values) -> Values | None:
    """What `stand_ins` gave, with the objects themselves again; None if one is no more."""
    try:
        return tuple([_tree.map(_itself, like) for like in likes])
    except _GoneError:
        return None


def _itself(leaf: Any) -> Any:
    if not isinstance(leaf, Identity):
        return leaf
    found = leaf.get()
    if found is None:
        raise _GoneError
    return found
