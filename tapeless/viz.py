"""Pictures of what tensors remember."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tapeless.graph.node import AccumulateGrad, Node
from tapeless.graph.picture import Box, Picture, draw
from tapeless.graph.variable import Variable

__all__ = ["draw_graph"]


def draw_graph(tensor: Any, path: str | Path, names: Mapping[str, Any] | None = None) -> Path:
    """Draw the graph behind a tensor (or several) to an SVG, PNG or PDF file; returns its path.

    Leaves carry their shapes, and their names where `names` (name to tensor) or `tensor.name` tells them.
    MissingExtraError without graphviz and matplotlib.
    """
    results = [tensor] if isinstance(tensor, Variable) else list(tensor)
    for one in results:
        if not isinstance(one, Variable) or not one._needs:
            raise ValueError("there is no graph to draw: the tensor does not require grad")
    known = {id(leaf): name for name, leaf in (names or {}).items()}
    return draw(_picture(results, known), path)


def _picture(results: list[Any], names: dict[int, str]) -> Picture:
    boxes: list[Box] = []
    arrows: list[tuple[str, str]] = []
    seen: set[Node] = set()
    pending: list[Node] = []
    for number, one in enumerate(results, 1):
        key = f"result{number}"
        boxes.append(Box(key, (names.get(id(one), "result"), _kind(one)), "result"))
        node = one.grad_fn
        if node is not None:
            arrows.append((_key(node), key))
            pending.append(node)
    while pending:
        node = pending.pop()
        if node in seen:
            continue
        seen.add(node)
        boxes.append(_box(node, names))
        for before, _ in node.next_functions:
            if before is not None:
                arrows.append((_key(before), _key(node)))
                pending.append(before)
    return Picture(tuple(boxes), tuple(dict.fromkeys(arrows)))


def _box(node: Node, names: dict[int, str]) -> Box:
    if isinstance(node, AccumulateGrad):
        leaf = node.variable
        own = leaf._meta.name if leaf._meta is not None else None
        return Box(_key(node), (names.get(id(leaf)) or own or "leaf", _kind(leaf)), "leaf")
    return Box(_key(node), (node.name(),), "operation")


def _key(node: Node) -> str:
    return f"node{node.seq}"


def _kind(variable: Variable) -> str:
    return f"{tuple(variable._data.shape)} {variable._data.dtype.name}"
