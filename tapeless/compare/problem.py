"""A function at a point, as all roads see it: what it is differentiated by, how results are weighed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tapeless import _tree
from tapeless.graph.variable import Variable
from tapeless.transforms.arguments import dtype_of, is_number
from tapeless.transforms.callee import Callee, take_apart
from tapeless.transforms.selection import Argnums, Selection, select
from tapeless.transforms.taped import call

ALL = 256  # so many numbers are taken one by one
DIRECTIONS = 24  # along which more are looked at
LEAST = 3  # however long a run takes
BUDGET = 2.0  # seconds for the runs of a road that takes many
RUNS = 4  # of the function for one direction, with differences

Arrays = list[np.ndarray]


@dataclass(frozen=True)
class Leaf:
    """An array or number to differentiate by: `name` is how the user reaches it."""

    name: str
    value: np.ndarray

    @property
    def count(self) -> int:
        """How many real numbers it is."""
        return self.value.size * (2 if self.value.dtype.kind == "c" else 1)


class Problem:
    """`f(*args, **kwargs)`, differentiated by `argnums`."""

    def __init__(self, f: Any, args: Sequence[Any], kwargs: Mapping[str, Any], argnums: Argnums) -> None:
        self.f = f
        self.argnums = tuple(argnums) if isinstance(argnums, list) else argnums
        self.callee: Callee = take_apart(f, "compare")
        self.selection: Selection = select(self.argnums, self.callee, len(args))
        wanted = {one.name for one in self.selection.selected}
        self.args = tuple([_floats(arg) if self._is_selected(k) else arg for k, arg in enumerate(args)])
        self.kwargs = {name: _floats(one) if name in wanted else one for name, one in kwargs.items()}
        self.values = self.bound(self.args, self.kwargs)
        self.structures = [_tree.structure(one.of(self.values)) for one in self.selection.selected]
        self.leaves: list[Leaf] = []
        for one, structure in zip(self.selection.selected, self.structures, strict=True):
            paths = _tree.labels(structure, one.name)
            for path, leaf in zip(paths, _tree.flatten(one.of(self.values))[0], strict=True):
                if is_flowing(leaf):
                    self.leaves.append(Leaf(path, np.asarray(leaf)))
        if not self.leaves:
            advice = ": pass x.detach().numpy()" if _holds_tensors(self.values) else ""
            raise TypeError(
                f"compare differentiates by NumPy's floats: {self.names} of {self} holds none{advice}"
            )
        self.count = sum([leaf.count for leaf in self.leaves])
        self.is_whole = self.count <= ALL
        self.many = DIRECTIONS
        self.writes = True  # into its arguments, until it is known better
        self.weights: Any = None  # of the result's leaves; None where it is a number

    def limit(self, seconds: float) -> None:
        """Fewer directions, if a run of the function takes long."""
        affordable = int(BUDGET / max(RUNS * seconds, 1e-9))
        if min(self.count if self.is_whole else self.many, affordable) == affordable:
            self.is_whole = self.is_whole and self.count <= max(affordable, LEAST)
            self.many = min(self.many, max(affordable, LEAST))

    @property
    def passes(self) -> int:
        """How many directions there are."""
        return self.count if self.is_whole else self.many

    def _is_selected(self, number: int) -> bool:
        lead = len(self.callee.leading)
        return any(number + lead == one.position for one in self.selection.selected if one.key is None)

    @property
    def names(self) -> str:
        return ", ".join([one.name for one in self.selection.selected])

    @property
    def precision(self) -> int:
        """Bytes of the least precise real number to differentiate by."""
        kinds = [leaf.value.dtype for leaf in self.leaves]
        return min([kind.itemsize // (2 if kind.kind == "c" else 1) for kind in kinds])

    def __str__(self) -> str:
        return str(self.callee.parameters)

    # Calls --------------------------------------------------------------------------------------------------

    def bound(self, args: Sequence[Any], kwargs: Mapping[str, Any]) -> tuple[Any, ...]:
        callee = self.callee
        return callee.parameters.bind((*callee.leading, *args), {**callee.keywords, **kwargs})

    def copied(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments, for a call that may write into them."""
        if not self.writes:
            return self.args, self.kwargs
        return _copies(self.args), {name: _copies(one) for name, one in self.kwargs.items()}

    def value(self) -> Any:
        args, kwargs = self.copied()
        return self.f(*args, **kwargs)

    def first_value(self) -> Any:
        """The function's result; from then on it is known whether it writes into its arguments."""
        args, kwargs = self.copied()
        out = self.f(*args, **kwargs)
        before, after = (_tree.flatten(one)[0] for one in ((self.args, self.kwargs), (args, kwargs)))
        self.writes = len(before) != len(after) or any(map(_differs, before, after))
        return out

    def at(self, arrays: Arrays) -> Any:
        """The function with other numbers in the place of the leaves."""
        values, left = list(_copies(self.values)), iter(arrays)
        for one in self.selection.selected:
            leaves, structure = _tree.flatten(one.of(tuple(values)))
            leaves = [_like(next(left), leaf) if is_flowing(leaf) else leaf for leaf in leaves]
            whole = _tree.unflatten(structure, leaves)
            if one.key is None:
                values[one.position] = whole
            else:
                values[one.position] = _with_part(values[one.position], one.key, whole)
        return call(self.callee.function, self.callee.parameters, tuple(values))

    # Results ------------------------------------------------------------------------------------------------

    def weigh_like(self, out: Any) -> None:
        """Decide how results like this one become a number."""
        leaves, structure = _tree.flatten(out)
        if len(leaves) == 1 and structure.type is None and np.size(leaves[0]) == 1 and _is_real(leaves[0]):
            return
        rng = np.random.default_rng(0)
        if not any(is_flowing(leaf) for leaf in leaves):
            raise TypeError(f"{self} returned nothing that has a gradient: {type(out).__name__}")
        self.weights = _tree.unflatten(structure, [_drawn(rng, leaf) for leaf in leaves])

    def number(self, out: Any) -> float:
        """A result as a number: itself, or the sum of its weighed entries."""
        if self.weights is None:
            return float(np.reshape(np.asarray(out), ())[()])
        pairs = zip(_tree.flatten(out)[0], _tree.parts_like(_tree.structure(out), self.weights), strict=True)
        return math.fsum(
            [float(np.sum(np.real(part * leaf))) for leaf, (_, part) in pairs if part is not None]
        )

    def gradient_leaves(self, gradients: Any) -> Arrays:
        """A gradient as arrays, one for each leaf."""
        several = (gradients,) if self.selection.single else gradients
        found: Arrays = []
        for one, structure, gradient in zip(self.selection.selected, self.structures, several, strict=True):
            parts = _tree.parts_like(structure, gradient)
            for leaf, (_, part) in zip(_tree.flatten(one.of(self.values))[0], parts, strict=True):
                if is_flowing(leaf):
                    found.append(np.asarray(part))
        return found

    def whole(self, arrays: Arrays) -> Any:
        """Arrays for the leaves in the structure of a gradient."""
        left, made = iter(arrays), []
        for one, structure in zip(self.selection.selected, self.structures, strict=True):
            leaves = _tree.flatten(one.of(self.values))[0]
            made.append(_tree.unflatten(structure, [next(left) if is_flowing(x) else None for x in leaves]))
        return made[0] if self.selection.single else tuple(made)

    # Directions ---------------------------------------------------------------------------------------------

    def directions(self) -> Iterator[Arrays]:
        """Each number alone, real and imaginary parts apart; of many numbers some random directions."""
        if not self.is_whole:
            rng = np.random.default_rng(1)
            # Shorter than as long as it has entries: differences along it shall see little of the curvature.
            scale = self.count**-0.25
            for _ in range(self.many):
                yield [np.asarray(scale * _drawn(rng, leaf.value), leaf.value.dtype) for leaf in self.leaves]
            return
        for number, leaf in enumerate(self.leaves):
            for place in np.ndindex(leaf.value.shape):
                for unit in (1.0, 1j) if leaf.value.dtype.kind == "c" else (1.0,):
                    arrays = [np.zeros_like(one.value) for one in self.leaves]
                    arrays[number][place] = unit
                    yield arrays

    def from_slopes(self, slopes: Sequence[float]) -> Arrays:
        """The gradient whose products with each of `directions` these are, if those are all."""
        left, found = iter(slopes), []
        for leaf in self.leaves:
            flat = np.zeros(leaf.value.size, np.result_type(leaf.value.dtype, np.float64))
            for k in range(leaf.value.size):
                flat[k] = next(left)
                if flat.dtype.kind == "c":
                    flat[k] -= 1j * next(left)
            found.append(np.reshape(flat, leaf.value.shape))
        return found


def slope(gradient: Arrays, direction: Arrays) -> float:
    """The derivative along a direction, of the gradient du/dx - i du/dy."""
    return math.fsum([float(np.sum(np.real(g * t))) for g, t in zip(gradient, direction, strict=True)])


def is_flowing(leaf: Any) -> bool:
    return is_number(leaf) and dtype_of(leaf).kind in "fc"


def _floats(value: Any) -> Any:
    return _tree.map(lambda leaf: float(leaf) if type(leaf) is int else leaf, value)


def _copies(value: Any) -> Any:
    return _tree.map(lambda leaf: leaf.copy() if isinstance(leaf, np.ndarray) else leaf, value)


def _is_real(leaf: Any) -> bool:
    return is_number(leaf) and dtype_of(leaf).kind == "f"


def _differs(before: Any, after: Any) -> bool:
    if isinstance(before, np.ndarray) and isinstance(after, np.ndarray):
        return not np.array_equal(before, after, equal_nan=before.dtype.kind in "fc")
    return before is not after


def _holds_tensors(values: tuple[Any, ...]) -> bool:
    return any([isinstance(leaf, Variable) for leaf in _tree.flatten(values)[0]])


def _like(data: np.ndarray, leaf: Any) -> Any:
    return data if isinstance(leaf, np.ndarray) else data[()]


def _with_part(container: Any, key: Any, part: Any) -> Any:
    if isinstance(container, dict):
        return {**container, key: part}
    return (*container[:key], part, *container[key + 1 :])


def _drawn(rng: np.random.Generator, leaf: Any) -> Any:
    """Random numbers of the leaf's shape and dtype; None for what has no gradient."""
    if not is_flowing(leaf):
        return None
    dtype, shape = dtype_of(leaf), np.shape(leaf)
    drawn = rng.normal(size=shape)
    if dtype.kind == "c":
        drawn = drawn + 1j * rng.normal(size=shape)
    return np.asarray(drawn, dtype) if isinstance(leaf, np.ndarray) else dtype.type(drawn)
