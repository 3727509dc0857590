"""Containers of arrays: lists, tuples, dicts, named tuples, dataclasses, and what users register.

    flatten({"w": a, "b": [b, None]})     ([a, b], {'w': *, 'b': [*, None]})

Only exact types are containers: a subclass of dict may mean anything by its items.  None is an empty one.
"""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

# What a container holds, and what else it takes to make it again.
Parts = tuple[Sequence[Any], Hashable]
C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class Container:
    """How a type is taken apart and put together; `labels` are how its parts are written after its name.

    `is_foreign`: registered by a user; whether it holds its parts or makes them anew is not known.
    """

    flatten: Callable[[Any], Parts]
    unflatten: Callable[[Any, list[Any]], Any]
    labels: Callable[[Any, int], list[str]] = lambda extra, n: [f"[{i}]" for i in range(n)]
    is_foreign: bool = False


@dataclass(frozen=True, slots=True)
class Structure:
    """How leaves are held: the container's type, what makes it whole, and the structures of its parts.

    A leaf is a structure of no type.  Equal structures have equal keys in equal order.
    """

    type: type | None
    extra: Hashable = None
    parts: tuple[Structure, ...] = ()

    @property
    def leaves(self) -> int:
        """How many leaves there are."""
        return 1 if self.type is None else sum(part.leaves for part in self.parts)

    def __str__(self) -> str:
        if self.type is None:
            return "*"
        labels = _labels(self)
        inside = ", ".join(f"{label}: {part}" for label, part in zip(labels, self.parts, strict=True))
        return f"{self.type.__name__}({inside})"


LEAF = Structure(None)


def _of_fields(extra: Any, n: int) -> list[str]:
    return [f".{name}" for name in extra]


def _of_keys(extra: Any, n: int) -> list[str]:
    return [f"[{key!r}]" for key in extra]


def _keep_factory(value: Any) -> Parts:
    return tuple(value.values()), (value.default_factory, *value)


def _put_factory(extra: Any, parts: list[Any]) -> Any:
    return collections.defaultdict(extra[0], zip(extra[1:], parts, strict=True))


_containers: dict[type, Container] = {
    type(None): Container(lambda value: ((), None), lambda extra, parts: None),
    list: Container(lambda value: (value, None), lambda extra, parts: parts),
    tuple: Container(lambda value: (value, None), lambda extra, parts: tuple(parts)),
    dict: Container(
        lambda value: (tuple(value.values()), tuple(value)),
        lambda extra, parts: dict(zip(extra, parts, strict=True)),
        _of_keys,
    ),
    collections.OrderedDict: Container(
        lambda value: (tuple(value.values()), tuple(value)),
        lambda extra, parts: collections.OrderedDict(zip(extra, parts, strict=True)),
        _of_keys,
    ),
    collections.defaultdict: Container(
        _keep_factory, _put_factory, lambda extra, n: [f"[{key!r}]" for key in extra[1:]]
    ),
}
_NO_CONTAINER = Container(lambda value: ((), None), lambda extra, parts: None)
_known: dict[type, Container] = dict(_containers)  # and every type that was met: _NO_CONTAINER for a leaf's


def register_container(
    type: type[C],
    flatten: Callable[[C], tuple[Iterable[Any], Hashable]],
    unflatten: Callable[[Any, list[Any]], C],
) -> type[C]:
    """Differentiate through objects of a class of your own; gradients come back as objects of that class.

    `flatten(value)` gives what the object holds, and a hashable value that says what else it takes to make
    it; `unflatten(extra, parts)` makes one.  Lists, tuples, dicts, named tuples and dataclasses are known.
    TypeError if the type is a container already.  As JAX's `register_pytree_node`.

    >>> class Pair:
    ...     def __init__(self, left, right):
    ...         self.left, self.right = left, right
    >>> _ = register_container(Pair, lambda p: ((p.left, p.right), None), lambda _, parts: Pair(*parts))
    >>> flatten(Pair(1.0, [2.0]))[0]
    [1.0, 2.0]
    """
    if _containers.get(type) is not None:
        raise TypeError(f"{type.__name__} is registered as a container already")

    def taken_apart(value: Any) -> Parts:
        parts, extra = flatten(value)
        return tuple(parts), extra

    _containers[type] = _known[type] = Container(taken_apart, unflatten, is_foreign=True)
    return type


def container(kind: type) -> Container | None:
    """How a type is taken apart, or None for the type of a leaf."""
    known = _known.get(kind)
    if known is None:
        if len(_known) > 1000:  # classes that are made again and again are not kept alive for ever
            _known.clear()
            _known.update(_containers)
        known = _known[kind] = _recognise(kind)
    return None if known is _NO_CONTAINER else known


def _recognise(kind: type) -> Container:
    if issubclass(kind, tuple) and hasattr(kind, "_fields"):
        make = kind._make  # type: ignore[attr-defined]
        return Container(lambda value: (value, kind._fields), lambda extra, parts: make(parts), _of_fields)  # type: ignore[attr-defined]
    if dataclasses.is_dataclass(kind):
        names = tuple(field.name for field in dataclasses.fields(kind))
        return Container(
            lambda value: ([getattr(value, name) for name in names], names),
            lambda extra, parts: _filled(kind, extra, parts),
            _of_fields,
        )
    return _NO_CONTAINER


def _filled(kind: type, names: Sequence[str], parts: list[Any]) -> Any:
    """An object without its __init__, which may refuse or change what is no parameter but a gradient."""
    made = object.__new__(kind)
    for name, part in zip(names, parts, strict=True):
        object.__setattr__(made, name, part)
    return made


def is_leaf(value: Any) -> bool:
    """Whether a value is no container."""
    return container(type(value)) is None


def flatten(value: Any) -> tuple[list[Any], Structure]:
    """The leaves of a value, in order, and how it holds them.

    >>> leaves, structure = flatten({"w": 1.0, "b": (2.0, None)})
    >>> leaves, str(structure)
    ([1.0, 2.0], "dict(['w']: *, ['b']: tuple([0]: *, [1]: NoneType()))")
    """
    leaves: list[Any] = []
    return leaves, _collect(value, leaves)


def _collect(value: Any, leaves: list[Any]) -> Structure:
    kind = type(value)
    known = container(kind)
    if known is None:
        leaves.append(value)
        return LEAF
    parts, extra = known.flatten(value)
    return Structure(kind, extra, tuple([_collect(part, leaves) for part in parts]))


def unflatten(structure: Structure, leaves: Sequence[Any]) -> Any:
    """The container of that structure with these leaves; ValueError if there are too many or too few."""
    if structure.leaves != len(leaves):
        raise ValueError(f"{structure} holds {structure.leaves} leaves, got {len(leaves)}")
    return _fill(structure, iter(leaves))


def _fill(structure: Structure, leaves: Any) -> Any:
    if structure.type is None:
        return next(leaves)
    known = container(structure.type)
    assert known is not None
    return known.unflatten(structure.extra, [_fill(part, leaves) for part in structure.parts])


def map(function: Callable[..., Any], value: Any, *others: Any) -> Any:
    """The container with `function(leaf, *leaves of the others)` in each leaf's place.

    The others have the structure of the first, dicts by their keys, in any order; ValueError if not.

    >>> map(lambda x, y: x - y, {"a": 3.0, "b": [4.0]}, {"b": [1.0], "a": 1.0})
    {'a': 2.0, 'b': [3.0]}
    """
    leaves, structure = flatten(value)
    columns = [leaves_like(structure, other) for other in others]
    return unflatten(structure, [function(*row) for row in zip(leaves, *columns, strict=True)])


def structure(value: Any) -> Structure:
    """How a value holds its leaves."""
    return flatten(value)[1]


def leaves_like(structure: Structure, value: Any, name: str = "the value") -> list[Any]:
    """The leaves of a value that must have this structure, in the structure's order.

    ValueError says where it differs, after `name`.

    >>> leaves_like(flatten({"a": 1.0, "b": 2.0})[1], {"b": 20.0, "a": 10.0})
    [10.0, 20.0]
    """
    found: list[Any] = []
    for path, part in parts_like(structure, value, name):
        if container(type(part)) is not None:
            raise ValueError(f"{path} is a {type(part).__name__} where an array or number is expected")
        found.append(part)
    return found


def parts_like(structure: Structure, value: Any, name: str = "the value") -> list[tuple[str, Any]]:
    """The same for values that may have containers where the structure has leaves; each with its path."""
    found: list[tuple[str, Any]] = []
    _match(structure, value, name, found)
    return found


def _match(structure: Structure, value: Any, path: str, found: list[tuple[str, Any]]) -> None:
    if structure.type is None:
        found.append((path, value))
        return
    known = container(type(value))
    if type(value) is not structure.type or known is None:
        raise ValueError(f"{path} is a {type(value).__name__} where a {structure.type.__name__} is expected")
    parts, extra = known.flatten(value)
    if known.labels is _of_keys:
        parts, extra = _in_order(structure.extra, parts, extra, path), structure.extra
    if len(parts) != len(structure.parts):
        raise ValueError(f"{path} has {len(parts)} parts where {len(structure.parts)} are expected")
    if extra != structure.extra:
        raise ValueError(f"{path} is made with {extra!r} where {structure.extra!r} is expected")
    for label, inside, part in zip(_labels(structure), structure.parts, parts, strict=True):
        _match(inside, part, path + label, found)


def _in_order(keys: Any, parts: Sequence[Any], found: Any, path: str) -> Sequence[Any]:
    """The values of a dict in the order of `keys`."""
    if found == keys:
        return parts
    missing = [key for key in keys if key not in found]
    strange = [key for key in found if key not in keys]
    if missing or strange:
        told = [f"lacks the key {missing[0]!r}"] if missing else [f"has the key {strange[0]!r} too many"]
        raise ValueError(f"{path} {told[0]}")
    values = dict(zip(found, parts, strict=True))
    return [values[key] for key in keys]


def labels(structure: Structure, name: str = "") -> list[str]:
    """How each leaf is reached from a value of that name.

    >>> labels(flatten({"w": 1.0, "b": (2.0, 3.0)})[1], "p")
    ["p['w']", "p['b'][0]", "p['b'][1]"]
    """
    if structure.type is None:
        return [name]
    pairs = zip(_labels(structure), structure.parts, strict=True)
    return [path for label, part in pairs for path in labels(part, name + label)]


def _labels(structure: Structure) -> list[str]:
    assert structure.type is not None
    known = container(structure.type)
    assert known is not None
    return known.labels(structure.extra, len(structure.parts))


def sum_of(a: Any, b: Any) -> Any:
    """The sum of two numbers or arrays, or of two containers of one structure, item by item."""
    kind: Any = a.__class__
    if issubclass(kind, dict):
        return {key: sum_of(a[key], b[key]) for key in a}
    if hasattr(kind, "__dataclass_fields__"):
        whole: Any = container(kind)
        (parts, names), (others, _) = whole.flatten(a), whole.flatten(b)
        return whole.unflatten(names, [sum_of(x, y) for x, y in zip(parts, others, strict=True)])
    if not issubclass(kind, list | tuple):
        return a + b
    items = [sum_of(x, y) for x, y in zip(a, b, strict=True)]
    build: Any = kind
    return build(*items) if hasattr(build, "_fields") else build(items)
