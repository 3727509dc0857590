"""The normalised tree of a function, read once for each code object, and the names that are local to it."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import gast

from tapeless.errors import transform_error
from tapeless.source.lower.values import Closure, Frame
from tapeless.source.normalise import normalise
from tapeless.source.normalise.syntax import NotNormalisableError
from tapeless.source.parse import Source, parse
from tapeless.source.wrappers import unwrapped

Tree = gast.FunctionDef | gast.Lambda
SCOPES = (
    gast.FunctionDef,
    gast.Lambda,
    gast.ClassDef,
    gast.ListComp,
    gast.SetComp,
    gast.DictComp,
    gast.GeneratorExp,
)


@dataclass(frozen=True, slots=True)
class Reading:
    """A function ready to be read."""

    tree: Tree
    source: Source
    local: frozenset[str]
    function: Any


_lock = threading.Lock()
_known: weakref.WeakKeyDictionary[Any, tuple[Tree, Source, frozenset[str]]] = weakref.WeakKeyDictionary()
_inner: weakref.WeakKeyDictionary[Any, tuple[Tree, frozenset[str]]] = weakref.WeakKeyDictionary()


def reading_of(function: Any, frame: Frame | None) -> Reading:
    """A function, lambda or closure as it is read: normalised, with its local names."""
    if isinstance(function, Closure):
        found = _inner.get(function.tree)
        if found is None:
            tree = _normalised(function.tree, function.frame.source)
            found = (tree, local_names(tree))
            with _lock:
                _inner[function.tree] = found
        return Reading(found[0], function.frame.source, found[1], None)
    plain, _ = unwrapped(function)
    known = _known.get(plain.__code__)
    # Code is equal to other code of the same text, in whatever file that stands.
    if known is None or known[1].filename != plain.__code__.co_filename:
        source = replace(
            parse(plain), function=None
        )  # a closure may hold much, and would live as long as its code
        tree = _normalised(source.tree, source)
        known = (tree, source, local_names(tree))
        with _lock:
            _known[plain.__code__] = known
    return Reading(known[0], known[1], known[2], plain)


def _normalised(tree: Tree, source: Source) -> Tree:
    try:
        return normalise(tree)
    except NotNormalisableError as error:
        raise transform_error(source.location(error.node), error.what, error.why, error.rewrite) from None


def parameters(tree: Tree) -> list[str]:
    """The names of all parameters, in the order of the signature."""
    args = tree.args
    ordered = [*args.posonlyargs, *args.args]
    ordered += [args.vararg] if args.vararg is not None else []
    ordered += args.kwonlyargs
    ordered += [args.kwarg] if args.kwarg is not None else []
    return [arg.id for arg in ordered]


def local_names(tree: Any) -> frozenset[str]:
    """The names that a function (or comprehension) binds, its parameters among them."""
    own = set(parameters(tree)) if isinstance(tree, Tree) else set()
    outside: set[str] = set()
    body = tree.body if isinstance(tree.body, list) else [tree.body]
    for node in _own_nodes(body):
        match node:
            case gast.Name() if isinstance(node.ctx, gast.Store | gast.Del):
                own.add(node.id)
            case gast.FunctionDef() | gast.ClassDef():
                own.add(node.name)
            case gast.Nonlocal() | gast.Global():
                outside.update(node.names)
            case gast.Import() | gast.ImportFrom():
                own.update((alias.asname or alias.name).partition(".")[0] for alias in node.names)
            case gast.ExceptHandler() if node.name is not None:
                own.add(node.name.id if isinstance(node.name, gast.Name) else node.name)
            case _:
                pass
    return frozenset(own - outside)


def _own_nodes(body: list[Any]) -> Iterator[Any]:
    """Every node of a function's own scope; of a comprehension only what it assigns outside, by `:=`."""
    waiting = list(reversed(body))
    while waiting:
        node = waiting.pop()
        if isinstance(node, gast.ListComp | gast.SetComp | gast.DictComp | gast.GeneratorExp):
            for inner in gast.walk(node):
                if isinstance(inner, gast.NamedExpr):
                    yield inner.target
            continue
        yield node
        if not isinstance(node, SCOPES):
            waiting.extend(reversed(list(gast.iter_child_nodes(node))))
