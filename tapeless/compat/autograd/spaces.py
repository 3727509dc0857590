"""The vector space that a value lives in: an array's, or that of a container of arrays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tapeless import _tree
from tapeless.graph.variable import Variable


class VSpace:
    """The space of values of one structure, of given shapes and dtypes."""

    def __init__(self, value: Any) -> None:
        leaves, self._structure = _tree.flatten(value)
        self._leaves = [np.asarray(leaf._data if isinstance(leaf, Variable) else leaf) for leaf in leaves]
        for leaf in self._leaves:
            if leaf.dtype.kind not in "fc":
                raise TypeError(f"a value of dtype {leaf.dtype} lives in no vector space")

    @property
    def size(self) -> int:
        """How many real numbers it takes to write an element down."""
        return sum([leaf.size * (2 if leaf.dtype.kind == "c" else 1) for leaf in self._leaves])

    @property
    def shape(self) -> tuple[int, ...]:
        """An array's."""
        return self._only("shape").shape

    @property
    def ndim(self) -> int:
        """An array's."""
        return self._only("ndim").ndim

    @property
    def dtype(self) -> Any:
        """An array's."""
        return self._only("dtype").dtype

    @property
    def iscomplex(self) -> bool:
        """Whether some of the numbers are complex."""
        return any([leaf.dtype.kind == "c" for leaf in self._leaves])

    def _only(self, what: str) -> np.ndarray:
        if self._structure.type is not None:
            raise AttributeError(f"a {self._structure.type.__name__} has no {what}: its parts have")
        return self._leaves[0]

    def _made(self, leaves: list[Any]) -> Any:
        return _tree.unflatten(self._structure, leaves)

    def zeros(self) -> Any:
        """The element that is zero everywhere."""
        return self._made([np.zeros_like(leaf) for leaf in self._leaves])

    def ones(self) -> Any:
        """The element that is one everywhere."""
        return self._made([np.ones_like(leaf) for leaf in self._leaves])

    def randn(self) -> Any:
        """An element drawn from a normal distribution, by NumPy's global generator."""
        return self._made([_drawn(leaf) for leaf in self._leaves])

    def standard_basis(self) -> Iterator[Any]:
        """Each element that is one (or 1j) at one place and zero elsewhere."""
        for number, leaf in enumerate(self._leaves):
            for index in np.ndindex(leaf.shape):
                for unit in (1.0, 1j) if leaf.dtype.kind == "c" else (1.0,):
                    found = [np.zeros_like(one) for one in self._leaves]
                    found[number][index] = unit
                    yield self._made(found)

    def add(self, x: Any, y: Any) -> Any:
        """The sum of two elements."""
        return self._made([a + b for a, b in zip(_tree.flatten(x)[0], _tree.flatten(y)[0], strict=True)])

    def scalar_mul(self, x: Any, a: Any) -> Any:
        """An element times a number."""
        return self._made([one * a for one in _tree.flatten(x)[0]])

    def inner_prod(self, x: Any, y: Any) -> Any:
        """The real inner product."""
        pairs = zip(_tree.flatten(x)[0], _tree.flatten(y)[0], strict=True)
        return sum([np.real(np.vdot(a, b)) for a, b in pairs])

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> Any:
        return self._structure, tuple([(leaf.shape, leaf.dtype) for leaf in self._leaves])

    def __repr__(self) -> str:
        inside = ", ".join([f"{leaf.dtype}{leaf.shape}" for leaf in self._leaves])
        return f"VSpace({inside})"


def _drawn(leaf: np.ndarray) -> np.ndarray:
    found = np.asarray(np.random.randn(*leaf.shape), leaf.dtype)
    return found + 1j * np.random.randn(*leaf.shape) if leaf.dtype.kind == "c" else found


def vspace(value: Any) -> VSpace:
    """The space that a value lives in.

    >>> vspace([1.0, np.ones(2)]).zeros()
    [array(0.), array([0., 0.])]
    """
    return VSpace(value)
