"""Views and writes in place, as PyTorch has them.

A view shares its base's memory and version counter, and knows the steps that lead from the base to it.
A write through either changes the history of the base (a CopySlices node: the written part pulls back through
the write, the rest passes by); a view whose base has changed since makes its own node anew from the base's.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from tapeless.graph import modes
from tapeless.graph.apply import VIEWS, Op, _view_trackers, apply, finish, make_node
from tapeless.graph.engine import mark_written
from tapeless.graph.keeping import rescue
from tapeless.graph.messages import FREED, type_name
from tapeless.graph.modes import Mode, current
from tapeless.graph.node import Node, edge, needs_grad, refreshers
from tapeless.graph.variable import FRESH, INFERENCE, Variable, View, result, wrap
from tapeless.rules import support
from tapeless.rules.indexing import index_set

LEAF = "a leaf Variable that requires grad is being used in an in-place operation."
VIEW_OF_LEAF = "a view of a leaf Variable that requires grad is being used in an in-place operation."
INFERENCE_WRITE = (
    "Inplace update to inference tensor outside InferenceMode is not allowed.You can make a clone to get a "
    "normal tensor before doing inplace update.See https://github.com/pytorch/rfcs/pull/17 for more details."
)
OVERLAP = (
    "unsupported operation: more than one element of the written-to tensor refers to a single memory "
    "location. Please clone() the tensor before performing the operation."
)
FUNCTION_VIEW = (
    "Output {} of {} is a view and {} modified inplace. This view was created inside a custom Function (or "
    "because an input was returned as-is) and the autograd logic to handle view+inplace would override the "
    "custom backward associated with the custom Function, leading to incorrect gradients. This behavior is "
    "forbidden. You can fix this by cloning the output of the custom Function."
)
MULTI = (
    "Output {} of {} is a view and is being modified inplace. This view is the output of a function that "
    "returns multiple views. Such functions do not allow the output views to be modified inplace. You should "
    "replace the inplace operation by an out-of-place one."
)
NO_GRAD_VIEW = (
    "A view was created in no_grad mode and is being modified inplace with grad mode enabled. Given that "
    "this use case is ambiguous and error-prone, it is forbidden. You can clarify your code by moving both "
    "the view and the inplace either both inside the no_grad block (if you don't want the inplace to be "
    "tracked) or both outside (if you want the inplace to be tracked)."
)

Step = tuple[Op, tuple[Any, ...], int | None]


def track(op: Op, values: tuple[Any, ...], out: Any, mode: Mode) -> None:
    """Tell the results of `op` that share memory with `values[0]` that they are its views."""
    source: Variable = values[0]
    several = isinstance(out, tuple | list)
    for index, one in enumerate(out if several else (out,)):
        if not isinstance(one, Variable) or not _shares(one._data, source._data):
            continue
        one._counter = source._own_counter()
        if source._counter is INFERENCE:
            continue
        before = source._view
        base = source if before is None else before.base
        steps = (() if before is None else before.steps) + ((op, values[1:], index if several else None),)
        creation = "multi" if several and not source._keeps_old else None  # NumPy writes to parts
        if not mode.grad:
            creation = "no_grad"
        elif before is not None and creation is None:
            creation = before.creation
        one._view = View(base, steps, base._counter[0], creation)


_view_trackers.append(track)
VIEWS.update(
    {operator.getitem, np.reshape, np.ravel, np.transpose, np.swapaxes, np.moveaxis, np.rollaxis, np.squeeze},
    {
        np.expand_dims,
        np.broadcast_to,
        np.broadcast_arrays,
        np.diagonal,
        np.diag,
        np.real,
        np.imag,
        np.flip,
        np.fliplr,
    },
    {np.flipud, np.rot90, np.matrix_transpose, np.atleast_1d, np.atleast_2d, np.atleast_3d, np.astype},
    {np.split, np.array_split, np.hsplit, np.vsplit, np.dsplit, support.as_dtype, support.unbroadcast},
    {np.linalg.diagonal, np.linalg.matrix_transpose},
    {np.diff, *[getattr(np, name) for name in ("unstack",) if hasattr(np, name)]},
)


def _shares(view: Any, source: Any) -> bool:
    return isinstance(view, np.ndarray) and (
        view is source or (view.base is not None and np.may_share_memory(view, source))
    )


def replay(steps: tuple[Step, ...], base: Any) -> Any:
    """The view again, from another base: an array, or a variable (recorded)."""
    value = base
    for op, rest, index in steps:
        value = apply(op, (value, *rest)) if isinstance(value, Variable) else op.compute(value, *rest)
        if index is not None:
            value = value[index]
    return value


def bring_up_to_date(view: Variable) -> None:
    """Make the node of a view whose base was written to, from the base's new node."""
    info = view._view
    assert info is not None
    if info.creation == "function" and view._needs:
        raise RuntimeError(_function_view(view, "its base or another view of its base has been"))
    info.version = info.base._counter[0]
    if info.base._needs and info.creation not in ("no_grad", "function"):
        before = modes.change(grad=True, saved_hooks=None, tapes=(), dual_level=None)
        try:
            again = replay(info.steps, info.base)
        finally:
            modes.restore(before)
        if again._node is not None:
            _retain_at(view, again._node, again._nr)
        view._node, view._nr, view._needs = again._node, again._nr, again._needs


refreshers.append(bring_up_to_date)


# Writing ------------------------------------------------------------------------------------------------


def write(op: Op, variable: Any, *rest: Any) -> Any:
    """`variable[...] = op(variable, *rest)`, recorded; returns the variable.

    RuntimeError where PyTorch refuses: leaves that require grad, their views, overlapping memory, another
    shape, or a dtype that cannot hold the result.
    """
    mode = current()
    _check_history(variable, rest, mode)
    array = variable._array()
    _check_memory(array)
    if variable._keeps_old or mode.mutation is not None:
        rescue(variable)
    needs = (needs_grad(variable), *[_needs(value) for value in rest])
    recorded = mode.records and True in needs and array.dtype.kind in "fc"
    kept = recorded or mode.dual_level is not None
    before = _before(variable, array, kept)
    if kept:  # what shares the written memory goes into the record as it was
        rest = tuple([before if value is variable else _apart(value, variable) for value in rest])
    raw = (before._data, *[_raw(value) for value in rest])
    _compute_into(op, array, raw)
    if variable._counter is INFERENCE and not mode.inference:
        raise RuntimeError(INFERENCE_WRITE)  # after the write, as PyTorch does
    mark_written(variable)
    node: Any = None
    if recorded:
        counter = variable._own_counter()
        node = make_node(op, (before, *rest), raw, array, needs, counter)
        rebase(variable, node, before._needs)
        finish(node, mode)
    for listen in _write_listeners if (mode.dual_level is not None or mode.tapes) else ():
        listen(op, (before, *rest), variable, mode)
    if recorded and mode.dual_level is not None and variable._view is not None:
        for tell in _inner_listeners:
            tell(node, variable)
    return variable


_write_listeners: list[Callable[[Op, tuple[Any, ...], Any, Mode], None]] = []
_inner_listeners: list[Callable[[Node, Variable], None]] = []
"""Told of the node that made what was written through a view, and of the view."""


def _needs(value: Any) -> bool:
    return isinstance(value, Variable) and needs_grad(value)


def _raw(value: Any) -> Any:
    return value._data if isinstance(value, Variable) else value


def _apart(value: Any, written: Variable) -> Any:
    """The value, on memory of its own if it shares that of the variable that is being written to."""
    if not isinstance(value, Variable) or value._counter is not written._counter or written._counter is FRESH:
        return value
    return _before(value, value._array(), True)


def _before(variable: Variable, array: np.ndarray, kept: bool) -> Any:
    """What the variable was: at its old place in the graph, its values kept if they may be read."""
    if not kept:
        return wrap(variable._face, array)
    data = array.copy()
    if variable._needs:
        out = result(variable._face, data, edge(variable), variable._nr)
    else:
        out = wrap(variable._face, data)
    mode = current()
    for listen in _copy_listeners if (mode.dual_level is not None or mode.tapes) else ():
        listen(variable, out)
    return out


_copy_listeners: list[Callable[[Variable, Variable], None]] = []
"""Who else must know of the copy of a variable that is written to: forward mode, which copies its tangent,
and tapes, for which both are one value."""


def _compute_into(op: Op, array: np.ndarray, raw: tuple[Any, ...]) -> None:
    function = op.rule.function
    if isinstance(function, np.ufunc) and function.nout == 1 and len(raw) == function.nin:
        _check_result(array, np.result_type(*raw), np.broadcast_shapes(*[np.shape(one) for one in raw]))
        function(*raw, out=array, casting="same_kind")
        return
    computed = op.compute(*raw)
    _check_result(array, computed.dtype, computed.shape)
    array[...] = computed


def _check_result(array: np.ndarray, dtype: np.dtype[Any], shape: tuple[int, ...]) -> None:
    if shape != array.shape:
        raise RuntimeError(
            f"output with shape {list(array.shape)} doesn't match the broadcast shape {list(shape)}"
        )
    if not np.can_cast(dtype, array.dtype, "same_kind"):
        source, target = (type_name(np.empty(0, one))[6:-6] for one in (dtype, array.dtype))
        raise RuntimeError(f"result type {source} can't be cast to the desired output type {target}")


def _check_memory(array: np.ndarray) -> None:
    if array.size > 1 and any(
        stride == 0 and n > 1 for stride, n in zip(array.strides, array.shape, strict=True)
    ):
        raise RuntimeError(OVERLAP)
    if not array.flags.writeable:
        raise RuntimeError(
            "the memory of this tensor is read-only (it came from a read-only NumPy array): clone() the "
            "tensor before writing to it"
        )


def _check_history(variable: Variable, rest: tuple[Any, ...], mode: Mode) -> None:
    if variable._counter is INFERENCE or not mode.grad:
        return
    view = variable._view
    if view is None:
        if variable._needs and variable._node is None:
            raise RuntimeError(LEAF)
        return
    if view.base._needs and view.base._node is None:
        raise RuntimeError(VIEW_OF_LEAF)
    if variable._needs or view.base._needs or any([_needs(value) for value in rest]):
        if view.creation == "multi":
            name = variable._node.name() if variable._node is not None else view.steps[-1][0].name
            raise RuntimeError(MULTI.format(variable._nr, name.removesuffix("0").removesuffix("Backward")))
        if view.creation == "no_grad":
            raise RuntimeError(NO_GRAD_VIEW)
        if view.creation == "function":
            raise RuntimeError(_function_view(variable, "is being"))


def _function_view(variable: Variable, verb: str) -> str:
    node = variable._node
    name = node.name().removesuffix("Backward") if node is not None else "a custom Function"
    return FUNCTION_VIEW.format(variable._nr, name, verb)


def rebase(variable: Variable, node: Node, first: bool) -> None:
    """Give the written variable, and the base if it is a view, their new history.

    `first`: the first edge of `node` leads to what the variable was.
    """
    view = variable._view
    if view is None:
        _retain_at(variable, node)
        variable._node, variable._nr, variable._needs = node, 0, True
        return
    base = view.base
    copy = CopySlices(base, view.steps, node, first)
    _retain_at(base, copy)
    base._node, base._nr, base._needs = copy, 0, True
    variable._needs = True
    view.version = -1  # its own node is made from the base's when somebody asks
    if variable._node is None:
        variable._node = node


def _retain_at(variable: Variable, node: Node, nr: int = 0) -> None:
    """`retain_grad` follows a variable to its new node; hooks stay where they were registered."""
    before = variable._node
    if variable._meta is None or not variable._meta.retains or before is None:
        return
    if before.hooks is not None:
        reference = before.hooks.retained.pop(variable._nr, None)
        if reference is not None:
            node.own_hooks().retained[nr] = reference


def _halves(g: Any, sign: float) -> Any:
    """Of complex cotangents those of the real and imaginary parts in turn, flat."""
    flat = np.reshape(g, (-1,))
    return np.reshape(np.stack([np.real(flat), sign * np.imag(flat)], axis=1), (-1,))


def _of_halves(x: Any, sign: float) -> Any:
    pairs = np.reshape(x, (-1, 2))
    return pairs[:, 0] + sign * 1j * pairs[:, 1]


class CopySlices(Node):
    """The history of a base after a write through a view: `inner` made the part, the rest is as it was."""

    __slots__ = ("face", "first", "inner", "layout", "steps")

    def __init__(self, base: Variable, steps: tuple[Step, ...], inner: Node, first: bool) -> None:
        others = inner.edges[1:] if first else inner.edges
        other_nrs = (inner.nrs or (0,) * len(inner.edges))[1 if first else 0 :]
        edges = (edge(base) if base._needs else None, *others)
        nrs = (base._nr if base._needs else 0, *other_nrs)
        super().__init__(None, edges, nrs, (), None, None)
        self.face = base._face
        self.inner: Node | None = inner
        self.first = first  # whether the write read what was there before, differentiably
        self.steps = steps
        array = base._array()
        self.layout = as_strided(np.empty(1, array.dtype), array.shape, array.strides)  # never read

    def pull(self, gs: list[Any], differentiable: bool) -> list[Any]:
        inner = self.inner
        if inner is None:
            raise RuntimeError(FREED)
        if differentiable:
            return self._pull_variables(inner, gs[0])
        whole = np.empty_like(self.layout)
        whole[...] = gs[0]
        part = replay(self.steps, whole)
        is_turned = part.dtype.kind != whole.dtype.kind and not self.face._conjugates
        if is_turned:  # the cotangent of an imaginary part is that of the conjugate
            np.conjugate(whole, out=whole)
        found = inner.pull([part.copy()], differentiable)
        part[...] = found[0] if self.first and found[0] is not None else 0
        if is_turned:
            np.conjugate(whole, out=whole)
        return [whole, *(found[1:] if self.first else found)]

    def _pull_variables(self, inner: Node, g: Any) -> list[Any]:
        """The same by indices, which can be differentiated again."""
        index, is_half = self._places()
        sign = 1.0 if self.face._conjugates else -1.0
        flat = _halves(g, sign) if is_half else np.reshape(g, (-1,))
        part = flat[index]
        found = inner.pull([part], True)
        inside = found[0] if self.first and found[0] is not None else np.zeros(index.shape, part.dtype)
        whole = index_set(flat, index, inside)
        whole = _of_halves(whole, sign) if is_half else whole
        return [np.reshape(whole, self.layout.shape), *(found[1:] if self.first else found)]

    def _places(self) -> tuple[np.ndarray, bool]:
        """Where the part stands in the whole, flat; among real and imaginary parts if it is made of these."""
        places = np.arange(self.layout.size).reshape(self.layout.shape)
        if self.layout.dtype.kind != "c":
            return replay(self.steps, places), False
        halves = replay(self.steps, 2 * places + 1j * (2 * places + 1))
        is_half = halves.dtype.kind != "c"
        return (halves if is_half else halves.real // 2).astype(np.intp), is_half

    def check_versions(self) -> None:
        if self.inner is not None:
            self.inner.check_versions()

    def free(self) -> None:
        """Let go of the inner node, which may have a part of its own in the graph of a gradient."""
        self.inner = None
