"""What an Array's operations keep for backward stays as it was, whatever the program writes afterwards.

NumPy programs reuse their memory: `state[i + 1] = f(state[i])`, `x += dt * v`.  PyTorch refuses to
differentiate them; here a write first gives a copy of the old values to the nodes that still need them.  The
version counter that all views of a memory share holds, after the version, weak references to those nodes.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from tapeless.graph.node import Node, edge
from tapeless.graph.residuals import Own, Packed
from tapeless.graph.variable import INFERENCE, Variable, result, wrap

# Forward mode is told of what is kept apart before a write: (variable, its copy), and the node that keeps it.
_kept_listeners: list[Callable[[Variable, Variable], None]] = []
_node_listeners: list[Callable[[Node], None]] = []


def remember(node: Node) -> None:
    """Note what a new node keeps."""
    for counter in _counters(node.owners):
        if counter is not INFERENCE:
            if len(counter) & (len(counter) - 1) == 0:  # now and then: forget nodes that are gone
                counter[1:] = [reference for reference in counter[1:] if reference() is not None]
            counter.append(weakref.ref(node))


def rescue(variable: Variable) -> None:
    """Before a write into its memory: the nodes that keep some of it get a copy."""
    counter: Any = variable._counter
    if len(counter) == 1:
        return
    for reference in counter[1:]:
        node = reference()
        if node is not None and node.saved is not None and node.owners is not None:
            _detach(node, counter)
            for listener in _node_listeners:
                listener(node)
    del counter[1:]


def apart(kept: Any, owner: Any) -> Any:
    """A residual, with copies of what nobody sees writes to: ndarrays (indices, masks) and lists."""
    if owner is None:
        return _copied(kept)
    if isinstance(owner, tuple):
        return type(kept)([apart(k, o) for k, o in zip(kept, owner, strict=True)])
    return kept


def _copied(kept: Any) -> Any:
    if type(kept) is np.ndarray:
        if kept.flags.writeable or kept.base is not None:
            kept = kept.copy()
            kept.flags.writeable = False
        return kept
    if type(kept) in (tuple, list):
        return type(kept)([_copied(item) for item in kept])
    return kept


def _counters(owner: Any) -> list[Any]:
    if isinstance(owner, Variable):
        return [owner._own_counter()]
    if isinstance(owner, Own):
        return [owner._counter]
    if isinstance(owner, list):
        return [owner]
    if isinstance(owner, Packed):  # its version is its own
        return []
    return [counter for one in owner or () for counter in _counters(one)]


def _detach(node: Node, counter: Any) -> None:
    """Replace what the node keeps of that memory."""
    assert node.saved is not None
    assert node.owners is not None
    versions = node.versions or (0,) * len(node.owners)
    entries = [_kept_apart(*entry, counter) for entry in zip(node.saved, node.owners, versions, strict=True)]
    saved, owners, versions = zip(*entries, strict=True)
    node.saved, node.owners, node.versions = saved, owners, versions if any(versions) else None


def _kept_apart(kept: Any, owner: Any, version: Any, counter: Any) -> tuple[Any, Any, Any]:
    if isinstance(owner, tuple):
        versions = version or (0,) * len(owner)
        parts = [_kept_apart(*part, counter) for part in zip(kept, owner, versions, strict=True)]
        saved, owners, versions = zip(*parts, strict=True)
        return type(kept)(saved), owners, versions
    if isinstance(owner, list):
        return (_copy(kept), [0], 0) if owner is counter else (kept, owner, version)
    if isinstance(owner, Own):
        return (_copy(kept), Own([0], owner.nr), 0) if owner._counter is counter else (kept, owner, version)
    if not isinstance(owner, Variable) or owner._counter is not counter:
        return kept, owner, version
    data = _copy(kept)
    face = owner._face
    copy = result(face, data, edge(owner), owner._nr) if owner._needs else wrap(face, data)
    for listener in _kept_listeners:
        listener(owner, copy)
    return data, copy, 0


def _copy(kept: Any) -> Any:
    if type(kept) in (tuple, list):
        return type(kept)([_copy(item) for item in kept])
    return kept.copy() if isinstance(kept, np.ndarray) else kept
