"""The quick road of elementwise operations with one or two inputs: no loops, no containers but the node's own.

What it does not cover (modes, mixed dtypes or shapes, modified inputs) falls through to `apply`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tapeless.graph.apply import Op, apply, record
from tapeless.graph.modes import NO_GRAD, NORMAL, current
from tapeless.graph.node import SAVED_INFERENCE, edge, next_number
from tapeless.graph.variable import FRESH, new
from tapeless.rules.pullback import OUT, Pullback, pullback


def unary(op: Op) -> Callable[[Any], Any]:
    """`f(x)` for an elementwise operation of one variable."""
    compute, face = op.compute, op.face
    cut: Any = None
    reads_x = reads_out = False
    node_class: Any = None

    def prepare() -> None:
        nonlocal cut, reads_x, reads_out, node_class
        node_class = op.node_class
        cut = pullback(op.rule, (True,), fitted=False)
        reads_x, reads_out = _reads(cut, 0), _reads(cut, OUT)

    def run(x: Any) -> Any:
        mode = current()
        if mode is not NORMAL and mode is not NO_GRAD:
            return apply(op, (x,))
        data = x._data
        done = compute(data)
        needs = mode is NORMAL and x._needs
        if needs and (done.dtype is not data.dtype or done.dtype.kind != "f"):
            return record(op, (x,), (data,), done, (True,), mode)
        out = new(face)
        out._data = done
        out._nr = 0
        out._needs = needs
        out._counter = FRESH
        out._view = None
        out._meta = None
        if not needs:
            out._node = None
            return out
        if cut is None:
            prepare()
        source = x._node
        if source is None or x._view is not None:
            source = edge(x)
        node = out._node = new(node_class)
        node.pullback = cut
        node.edges = (source,)
        node.nrs = (x._nr,) if x._nr else None
        node.versions = node.hooks = None
        if reads_x:
            version = x._counter[0]
            if version < 0:
                raise RuntimeError(SAVED_INFERENCE)
            if reads_out:
                counter = out._counter = [0]
                node.saved, node.owners = (data, done), (x, counter)
                if version:
                    node.versions = (version, 0)
            else:
                node.saved, node.owners = (data,), (x,)
                if version:
                    node.versions = (version,)
        elif reads_out:
            counter = out._counter = [0]
            node.saved, node.owners = (done,), (counter,)
        else:
            node.saved, node.owners = (), None
        node.seq = next_number()
        return out

    return run


def binary(op: Op, slow: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """`f(x, y)` for an elementwise operation: x a variable, y a variable or a number; else `slow(x, y)`."""
    compute, face = op.compute, op.face
    cuts: list[Any] = [None, None, None, None]  # by needs: 1 the second, 2 the first, 3 both
    node_class: Any = None

    def prepare(which: int) -> Any:
        nonlocal node_class
        node_class = op.node_class
        cut = pullback(op.rule, (which >= 2, which % 2 == 1), fitted=False)
        made = cuts[which] = (cut, _reads(cut, 0), _reads(cut, 1), _reads(cut, OUT))
        return made

    def run(x: Any, y: Any) -> Any:
        mode = current()
        if mode is not NORMAL and mode is not NO_GRAD:
            return slow(x, y)
        xd = x._data
        kind = type(y)
        if kind is face:
            yd = y._data
            if xd.dtype is not yd.dtype:
                return slow(x, y)
            y_needs = y._needs
        elif kind is float or kind is int:
            yd = y
            y_needs = False
        else:
            return slow(x, y)
        try:
            done = compute(xd, yd)
        except (ValueError, TypeError):  # shapes or dtypes that do not fit: the slow road has the words for it
            return slow(x, y)
        dtype = done.dtype
        if dtype is not xd.dtype or dtype.kind != "f":
            return slow(x, y)
        x_needs = x._needs
        out = new(face)
        out._data = done
        out._nr = 0
        out._counter = FRESH
        out._view = None
        out._meta = None
        if mode is NO_GRAD or not (x_needs or y_needs):
            out._needs = False
            out._node = None
            return out
        shape = done.shape
        x_version = x._counter[0]
        y_version = y._counter[0] if kind is face else 0
        if (
            (x_needs and xd.shape != shape)
            or (y_needs and yd.shape != shape)
            or x_version < 0
            or y_version < 0
        ):
            return record(op, (x, y), (xd, yd), done, (x_needs, y_needs), mode)
        out._needs = True
        nrs = None
        if x_needs:
            first = x._node
            if first is None or x._view is not None:
                first = edge(x)
        if y_needs:
            second = y._node
            if second is None or y._view is not None:
                second = edge(y)
            if x_needs:
                which = 3
                edges = (first, second)  # type: ignore[reportPossiblyUnbound]
                if x._nr or y._nr:
                    nrs = (x._nr, y._nr)
            else:
                which = 1
                edges = (second,)
                if y._nr:
                    nrs = (y._nr,)
        else:
            which = 2
            edges = (first,)  # type: ignore[reportPossiblyUnbound]
            if x._nr:
                nrs = (x._nr,)
        cut, reads_x, reads_y, reads_out = cuts[which] or prepare(which)
        node = out._node = new(node_class)
        node.pullback = cut
        node.edges = edges
        node.nrs = nrs
        node.versions = node.hooks = None
        if reads_out:
            counter = out._counter = [0]
            owner = y if kind is face else None
            node.saved = (*((xd,) if reads_x else ()), *((yd,) if reads_y else ()), done)
            node.owners = (*((x,) if reads_x else ()), *((owner,) if reads_y else ()), counter)
            if x_version or y_version:
                node.versions = (*((x_version,) if reads_x else ()), *((y_version,) if reads_y else ()), 0)
        elif reads_x:
            if reads_y:
                node.saved, node.owners = (xd, yd), (x, y if kind is face else None)
                if x_version or y_version:
                    node.versions = (x_version, y_version)
            else:
                node.saved, node.owners = (xd,), (x,)
                if x_version:
                    node.versions = (x_version,)
        elif reads_y:
            node.saved, node.owners = (yd,), (y,) if kind is face else None
            if y_version:
                node.versions = (y_version,)
        else:
            node.saved, node.owners = (), None
        node.seq = next_number()
        return out

    return run


def _reads(cut: Pullback, position: int) -> bool:
    """Whether a pullback keeps that input (or OUT).  Elementwise rules never read a shape unless they must fit."""
    return any(residual.position == position for residual in cut.residuals)
