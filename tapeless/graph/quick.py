"""The quick road of operations with one or two inputs: no loops, no containers but the node's own.

What it does not cover (modes, mixed dtypes, integers) falls through to `apply`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tapeless.graph.apply import Op, apply, record
from tapeless.graph.messages import SAVED_INFERENCE
from tapeless.graph.modes import NO_GRAD, NORMAL, current
from tapeless.graph.node import Node, edge, needs_grad, next_number
from tapeless.graph.variable import FRESH, Variable, new
from tapeless.rules.pullback import BROADCAST, EXACT, OUT, Pullback, pullback, read

ndarray = np.ndarray
FLOAT64, FLOAT32 = np.dtype(np.float64), np.dtype(np.float32)  # single objects: `is` is the quickest test


def unary(op: Op) -> Callable[[Any], Any]:
    """`f(x)` for an elementwise operation of one variable."""
    compute, face = op.compute, op.face
    cut: Any = None
    layout: Any = None
    node_class: Any = None

    def prepare() -> None:
        nonlocal cut, layout, node_class
        node_class = op.node_class
        found = pullback(op.rule, (True,), False)
        layout = _layout(found)
        cut = found  # last: another thread takes it as the sign that all is there

    def run(x: Any) -> Any:
        mode = current()
        if mode is not NORMAL and mode is not NO_GRAD:
            return apply(op, (x,))
        data = x._data
        done = compute(data)
        needs = mode is NORMAL and (x._needs or (x._view is not None and needs_grad(x)))
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
        if layout == "out":
            counter = out._counter = [0]
            node.saved, node.owners = (done,), (counter,)
        elif layout == "":
            node.saved, node.owners = (), None
        else:
            version = x._counter[0]
            if version < 0:
                raise RuntimeError(SAVED_INFERENCE)
            if layout == "x":
                node.saved, node.owners = (data,), (x,)
                if version:
                    node.versions = (version,)
            else:
                _keep(node, layout, (data,), (x,), out)
        node.seq = next_number()
        return out

    return run


def binary(
    op: Op, slow: Callable[[Any, Any], Any], numbers_as_arrays: bool = False
) -> Callable[[Any, Any], Any]:
    """`f(x, y)` for an operation of two inputs: x a variable, y a variable or a number; else `slow(x, y)`.

    `numbers_as_arrays`: NumPy converts a Python number at each call; here once for both ways.
    """
    compute, face = op.compute, op.face
    is_elementwise = op.rule.kind == "elementwise"
    # By needs (2 the first input, 1 the second) and what must be summed down (8, 4).
    made: dict[int, tuple[Pullback, Any]] = {}
    node_class: Any = None

    def prepare(which: int) -> tuple[Pullback, Any]:
        nonlocal node_class
        node_class = op.node_class
        fits = (BROADCAST if which & 8 else EXACT, BROADCAST if which & 4 else EXACT)
        cut = pullback(op.rule, (which & 2 != 0, which & 1 != 0), fits)
        made[which] = (cut, _layout(cut))
        return made[which]

    def run(x: Any, y: Any) -> Any:
        mode = current()
        if mode is not NORMAL and mode is not NO_GRAD:
            return slow(x, y)
        xd = x._data
        kind = type(y)
        if kind is face or (kind is not float and kind is not int and isinstance(y, face)):
            kind = face  # also of parameters, which are a kind of Tensor
            yd = y._data
            if xd.dtype is not yd.dtype:
                return slow(x, y)
            y_needs = y._needs or (y._view is not None and needs_grad(y))
        elif kind is float or kind is int:
            yd = y
            y_needs = False
            if type(xd) is ndarray and numbers_as_arrays and (xd.dtype is FLOAT64 or xd.dtype is FLOAT32):
                yd = np.array(y, xd.dtype)
        else:
            return slow(x, y)
        try:
            done = compute(xd, yd)
        except ValueError:
            return slow(x, y)
        dtype = done.dtype
        if dtype is not xd.dtype or (dtype is not FLOAT64 and dtype is not FLOAT32):
            return slow(x, y)
        x_needs = x._needs or (x._view is not None and needs_grad(x))
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
        x_version = x._counter[0]
        y_version = y._counter[0] if kind is face else 0
        if x_version < 0 or y_version < 0:
            return record(op, (x, y), (xd, yd), done, (x_needs, y_needs), mode)
        out._needs = True
        nrs = None
        which = 0
        if x_needs:
            which = 2
            first = x._node
            if first is None or x._view is not None:
                first = edge(x)
            if y_needs:
                which = 3
                second = y._node
                if second is None or y._view is not None:
                    second = edge(y)
                edges = (first, second)
                if x._nr or y._nr:
                    nrs = (x._nr, y._nr)
            else:
                edges = (first,)
                if x._nr:
                    nrs = (x._nr,)
        else:
            which = 1
            second = y._node
            if second is None or y._view is not None:
                second = edge(y)
            edges = (second,)
            if y._nr:
                nrs = (y._nr,)
        if is_elementwise and type(done) is ndarray:  # numbers come of numbers alone
            shape = done.shape
            if x_needs and xd.shape != shape:
                which |= 8
            if y_needs and yd.shape != shape:
                which |= 4
        cut, layout = made.get(which) or prepare(which)
        node = out._node = new(node_class)
        node.pullback = cut
        node.edges = edges
        node.nrs = nrs
        node.versions = node.hooks = None
        if layout == "xy":
            node.saved, node.owners = (xd, yd), (x, y if kind is face else None)
            if x_version or y_version:
                node.versions = (x_version, y_version)
        elif layout == "y":
            node.saved, node.owners = (yd,), (y,) if kind is face else None
            if y_version:
                node.versions = (y_version,)
        elif layout == "x":
            node.saved, node.owners = (xd,), (x,)
            if x_version:
                node.versions = (x_version,)
        elif layout == "":
            node.saved, node.owners = (), None
        else:
            _keep(node, layout, (xd, yd), (x, y if kind is face else None), out)
        node.seq = next_number()
        return out

    return run


def _layout(cut: Pullback) -> Any:
    """The residuals in a word where they are simple, else each one's place and what is read of it."""
    places = tuple((residual.position, residual.of) for residual in cut.residuals)
    words = {
        (): "",
        ((0, None),): "x",
        ((1, None),): "y",
        ((0, None), (1, None)): "xy",
        ((OUT, None),): "out",
    }
    return words.get(places, places)


def _keep(node: Node, layout: Any, raw: tuple[Any, ...], values: tuple[Any, ...], out: Variable) -> None:
    """Give a node the residuals of a layout that is not just inputs."""
    saved, owners, versions = [], [], []
    for position, of in layout:
        if of is not None:
            saved.append(read(of, raw[position]))
            owners.append(None)
            versions.append(0)
        elif position == OUT:
            saved.append(out._data)
            owners.append(out._own_counter())
            versions.append(0)
        else:
            owner = values[position]
            saved.append(raw[position])
            owners.append(owner)
            versions.append(owner._counter[0] if owner is not None else 0)
    node.saved = tuple(saved)
    node.owners = tuple(owners) if any([owner is not None for owner in owners]) else None
    node.versions = tuple(versions) if any(versions) else None
