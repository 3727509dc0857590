"""Forward mode on the graph: tangents that travel along with values.

Inside a level every operation on a dual tensor also computes the tangent of its result, with recorded
operations: reverse over forward and forward over reverse work.  Tangents of views are views of tangents: a
write through either is seen by both.  Leaving the level forgets its tangents.
"""

from __future__ import annotations

import operator
import weakref
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from tapeless.errors import MissingRuleError
from tapeless.graph import apply as _apply
from tapeless.graph import keeping, modes, views
from tapeless.graph.apply import Op, apply
from tapeless.graph.backward import grad
from tapeless.graph.modes import Mode, current
from tapeless.graph.node import Node
from tapeless.graph.variable import FRESH, Variable, wrap
from tapeless.rules import table
from tapeless.rules.indexing import index_set
from tapeless.rules.pullback import pullback, pushforward
from tapeless.rules.support import as_dtype, conjugate


class Tangent:
    """A variable's tangent at one level; `value` is None once the level is left."""

    __slots__ = ("__weakref__", "level", "value")

    def __init__(self, level: Level, value: Variable) -> None:
        self.level = level
        self.value: Variable | None = value


class Level:
    """A running forward-mode computation: what `Mode.dual_level` holds."""

    def __init__(self) -> None:
        self.tangents: weakref.WeakSet[Tangent] = weakref.WeakSet()


class UnpackedDualTensor(NamedTuple):
    """What `unpack_dual` gives: the value, and its tangent or None."""

    primal: Any
    tangent: Any


# Levels -----------------------------------------------------------------------------------------------


def enter_dual_level() -> int:
    """Start a forward-mode level and return its number; there is one at a time."""
    if current().dual_level is not None:
        raise RuntimeError("Nested forward mode AD is not supported at the moment")
    modes.change(dual_level=Level())
    return 0


def exit_dual_level(*, level: int | None = None) -> None:
    """Leave the level: every tensor loses its tangent."""
    running = current().dual_level
    if running is None:
        raise RuntimeError("Trying to exit a forward AD level but no level was entered.")
    if level not in (None, 0):
        raise RuntimeError(
            "Trying to exit a forward AD level that was not the last one that was created. This is not "
            "supported."
        )
    modes.change(dual_level=None)
    for tangent in list(running.tangents):
        tangent.value = None


class dual_level(modes.ModeContext):  # noqa: N801  (PyTorch's name)
    """A forward-mode level as a context manager.

    >>> import tapeless as tl
    >>> from tapeless.autograd import forward_ad as fwd
    >>> with fwd.dual_level():
    ...     x = fwd.make_dual(tl.tensor([2.0, 3.0]), tl.tensor([1.0, 0.0]))
    ...     fwd.unpack_dual(x * x).tangent
    tensor([4., 0.])
    """

    def __init__(self) -> None:
        super().__init__()

    def __enter__(self) -> int:
        return enter_dual_level()

    def __exit__(self, *_: object) -> None:
        exit_dual_level()

    def _fresh(self) -> dual_level:
        return dual_level()


def make_dual(tensor: Any, tangent: Any, *, level: int | None = None) -> Any:
    """A view of `tensor` that carries `tangent`; RuntimeError outside a level, or if it has a tangent."""
    running = current().dual_level
    if running is None:
        raise RuntimeError(
            "Trying to create a dual Tensor for forward AD but no level exists, make sure to "
            "enter_dual_level() first."
        )
    for name, given in (("primal", tensor), ("tangent", tangent)):
        if not isinstance(given, Variable):
            raise TypeError(f"make_dual(): {name} must be a Tensor, not {type(given).__name__}")
        if given._data.dtype.kind not in "fc":
            raise ValueError(
                f"Expected {name} to be floating point or complex, but got: torch.{given._data.dtype.name}"
            )
    if tangent_of(tensor, running) is not None:
        raise RuntimeError(
            "Making a dual Tensor based on a Tensor that already has a forward gradient at the same level 0 "
            "is not supported."
        )
    if tangent_of(tangent, running) is not None:
        raise RuntimeError(
            "Setting a forward grad that itself has a forward gradient at the same level 0 is not supported."
        )
    check_shape(tensor, tangent)
    before = modes.change(dual_level=None)
    try:
        dual = alias(tensor)
        set_tangent(dual, _like(tangent, dual), running)
    finally:
        modes.restore(before)
    return dual


def unpack_dual(tensor: Any, *, level: int | None = None) -> UnpackedDualTensor:
    """The value without its tangent (a view), and the tangent; None where there is none."""
    if not isinstance(tensor, Variable):
        raise TypeError(
            f"unpack_dual(): argument 'dual' (position 1) must be Tensor, not {type(tensor).__name__}"
        )
    running = current().dual_level
    if running is None:
        return UnpackedDualTensor(tensor, None)
    tangent = tangent_of(tensor, running)
    before = modes.change(dual_level=None)
    try:
        return UnpackedDualTensor(alias(tensor), tangent)
    finally:
        modes.restore(before)


def alias(variable: Variable) -> Any:
    """A view of the whole of a variable."""
    op = _aliases.get(variable._face)
    if op is None:
        rule = table.lookup(operator.getitem)
        op = _aliases.setdefault(variable._face, Op(rule, variable._face, "Alias", views=True))
    return apply(op, (variable, Ellipsis))


_aliases: dict[type[Variable], Op] = {}

# Tangents of variables ----------------------------------------------------------------------------------


def tangent_of(variable: Variable, level: Level) -> Any:
    """The tangent at `level`, None if there is none; a view finds its base's."""
    meta = variable._meta
    held = meta.tangent if meta is not None else None
    if held is not None and held.level is level and held.value is not None:
        return held.value
    view = variable._view
    if view is None:
        return None
    of_base = tangent_of(view.base, level)
    if of_base is None:
        return None
    tangent = views.replay(view.steps, of_base)
    set_tangent(variable, tangent, level)
    return tangent


def current_tangent(variable: Variable) -> Any:
    """The tangent at the running level; None if there is none."""
    level = current().dual_level
    return None if level is None else tangent_of(variable, level)


def set_tangent(variable: Variable, tangent: Any, level: Level) -> None:
    held = Tangent(level, tangent)
    variable._own_meta().tangent = held
    level.tangents.add(held)
    if variable._node is not None:  # which may keep its result, and must not keep the variable
        variable._node.own_hooks().tangents[variable._nr] = held


def check_shape(variable: Variable, tangent: Variable) -> None:
    """RuntimeError unless a tangent has its variable's shape."""
    if tangent._data.shape != variable._data.shape:
        raise RuntimeError(
            "Trying to set a forward gradient that has a different size than that of the original Tensor, "
            "this is "
            f"not supported. Tensor is of size {list(variable._data.shape)} while the given forward "
            f"gradient is of size {list(tangent._data.shape)}."
        )


def _like(tangent: Variable, variable: Variable) -> Any:
    """The tangent in the dtype and memory layout of its variable: views of both must share memory alike."""
    data = variable._data
    if tangent._data.dtype != data.dtype:
        tangent = as_dtype(tangent, data.dtype)
    if data.ndim and tangent._data.strides != data.strides and data.size:
        tangent = np.copy(tangent)  # type: ignore[assignment]
        laid_out = np.empty_like(data)
        laid_out[...] = tangent._data
        tangent._data = laid_out
    return tangent


# Tangents of operations ---------------------------------------------------------------------------------


def _after_operation(op: Op, values: tuple[Any, ...], out: Any, mode: Mode) -> None:
    """Give the results of an operation their tangents."""
    level: Level | None = mode.dual_level
    if level is None or mode.inference or op.rule.kind == "constant":
        return
    before = modes.change(dual_level=None, tapes=(), saved_hooks=None)
    try:
        tangents = tuple([_tangents_in(value, level) for value in values])
        if any(t is not None for t in tangents):
            _assign(out, tangents_of_results(op, values, out, tangents), tangents, level)
    finally:
        modes.restore(before)


def _after_write(op: Op, values: tuple[Any, ...], variable: Variable, mode: Mode) -> None:
    """Give a variable that was written to its new tangent; `values[0]` is what it was."""
    level: Level | None = mode.dual_level
    if level is None or mode.inference:
        return
    before = modes.change(dual_level=None, tapes=(), saved_hooks=None)
    try:
        tangents = tuple([_tangents_in(value, level) for value in values])
        if all(t is None for t in tangents):
            return
        if op.rule.kind == "constant":
            tangent = np.zeros_like(tangents[0])
        else:
            tangent = _fitted(tangents_of_results(op, values, variable, tangents), variable, tangents)
        _write_tangent(variable, tangent, level)
    finally:
        modes.restore(before)


def _before_write(variable: Variable, copy: Variable) -> None:
    """A copy of what is about to be written to has a copy of its tangent."""
    level: Level | None = current().dual_level
    if level is None:
        return
    before = modes.change(dual_level=None, tapes=(), saved_hooks=None)
    try:
        tangent = tangent_of(variable, level)
        if tangent is not None:
            set_tangent(copy, np.copy(tangent), level)  # type: ignore[arg-type]
    finally:
        modes.restore(before)


def _keep_tangents(node: Node) -> None:
    """A node that may keep a copy of its own result keeps its tangent as it was, too."""
    level: Level | None = current().dual_level
    if level is None or node.hooks is None:
        return
    for nr, held in list(node.hooks.tangents.items()):
        if held.level is level and held.value is not None:
            _keep_tangent(node, nr, held.value, level)


def _keep_tangent(node: Node, nr: int, tangent: Any, level: Level) -> None:
    before = modes.change(dual_level=None, tapes=(), saved_hooks=None)
    try:
        node.own_hooks().tangents[nr] = held = Tangent(level, np.copy(tangent))  # type: ignore[arg-type]
        level.tangents.add(held)
    finally:
        modes.restore(before)


def _after_write_through_view(node: Node, view: Variable) -> None:
    """The node that made the written part is not the view's own: it must know the tangent of what it made."""
    tangent = current_tangent(view)
    if tangent is not None:
        _keep_tangent(node, 0, tangent, current().dual_level)


_apply._listeners.append(_after_operation)
keeping._kept_listeners.append(_before_write)
keeping._node_listeners.append(_keep_tangents)
views._inner_listeners.append(_after_write_through_view)
views._copy_listeners.append(_before_write)
views._write_listeners.append(_after_write)


def _write_tangent(variable: Variable, tangent: Any, level: Level) -> None:
    """Replace a tangent: in its memory, if views of it share that."""
    view = variable._view
    if view is not None and tangent_of(view.base, level) is None:
        set_tangent(view.base, wrap(variable._face, np.zeros_like(view.base._data)), level)
        if variable._meta is not None:
            variable._meta.tangent = None
    held = tangent_of(variable, level)
    if held is None or (view is None and held._counter is FRESH):
        set_tangent(variable, tangent, level)
    else:
        views.write(_apply.op_of(index_set, variable._face), held, Ellipsis, tangent)
        set_tangent(variable, held, level)


def _tangents_in(value: Any, level: Level) -> Any:
    """A value's tangent; for a list of values the list of theirs; None if there is none."""
    if isinstance(value, Variable):
        return tangent_of(value, level)
    if isinstance(value, tuple | list):
        found = [_tangents_in(item, level) for item in value]
        return found if any(t is not None for t in found) else None
    return None


def tangents_of_results(op: Op, values: tuple[Any, ...], out: Any, tangents: tuple[Any, ...]) -> Any:
    """The tangent of the result, or those of the results, of one operation."""
    rule = op.rule
    for position, tangent in enumerate(tangents):
        if tangent is not None and position >= op.inputs:
            raise MissingRuleError(f"no derivative rule for {rule.name} (argument {rule.params[position]!r})")
    needs = tuple(t is not None for t in tangents)
    if rule.kind == "linear":
        return _of_linear(op, values, tangents)
    if rule.pushforward is not None:
        slots = [_filled(t, value) for t, value in zip(tangents[: op.inputs], values, strict=False)]
        return rule.pushforward(*slots, out, **dict(zip(rule.params, values, strict=True)))
    if rule.kind == "elementwise":
        cut = pushforward(rule, needs)
        return cut.on_variables(*[t for t in tangents if t is not None], *cut.keep(values, out))
    return _of_transposed(op, needs, values, out, tangents)


def _of_linear(op: Op, values: tuple[Any, ...], tangents: tuple[Any, ...]) -> Any:
    """The function itself on each tangent in turn, summed."""
    total: Any = None
    for position, tangent in enumerate(tangents):
        if tangent is None:
            continue
        replaced = (*values[:position], _filled(tangent, values[position]), *values[position + 1 :])
        term = apply(op, replaced)
        total = term if total is None else _added(total, term)
    return total


def _added(a: Any, b: Any) -> Any:
    if isinstance(a, tuple | list):
        return type(a)([_added(x, y) for x, y in zip(a, b, strict=True)])
    return a + b


def _filled(tangent: Any, value: Any) -> Any:
    """A tangent with zeros where there is none."""
    if isinstance(value, tuple | list):
        parts = tangent if tangent is not None else [None] * len(value)
        return type(value)([_filled(t, item) for t, item in zip(parts, value, strict=True)])
    if tangent is not None or value is None:
        return tangent
    return np.zeros_like(value)


def _of_transposed(op: Op, needs: tuple[bool, ...], values: Any, out: Any, tangents: Any) -> Any:
    """A pullback is linear in its cotangent: transposed again, it is the pushforward."""
    differentiable = current().grad
    before = modes.change(grad=True)
    try:
        cotangents: list[Variable] = []

        def probe(result: Variable) -> Any:
            cotangents.append(wrap(op.face, np.zeros_like(result._data), result._data.dtype.kind in "fc"))
            return cotangents[-1]

        cut = pullback(op.rule, needs, True)
        found = cut.on_variables(_map(probe, out), *cut.keep(values, out))
        pairs = list(zip(_leaves(found), _leaves([t for t in tangents if t is not None]), strict=True))
        pairs = [(c, t) for c, t in pairs if t is not None and isinstance(c, Variable) and c._needs]
        given = grad(
            [c for c, _ in pairs],
            [w for w in cotangents if w._needs],
            [_conjugate(op, t) for _, t in pairs],
            create_graph=differentiable,
            materialize_grads=True,
        )
    finally:
        modes.restore(before)
    results = iter([_conjugate(op, one) for one in given])
    return _map(lambda result: next(results) if result._data.dtype.kind in "fc" else None, out)


def _conjugate(op: Op, value: Any) -> Any:
    return conjugate(value) if op.face._conjugates else value


def _map(function: Callable[[Any], Any], value: Any) -> Any:
    return [_map(function, item) for item in value] if isinstance(value, tuple | list) else function(value)


def _leaves(value: Any) -> list[Any]:
    return [leaf for item in value for leaf in _leaves(item)] if isinstance(value, tuple | list) else [value]


def _assign(out: Any, found: Any, sources: Any, level: Level) -> None:
    if isinstance(out, tuple | list):
        for one, tangent in zip(out, found, strict=True):
            _assign(one, tangent, sources, level)
    elif isinstance(out, Variable) and found is not None and out._data.dtype.kind in "fc":
        set_tangent(out, _fitted(found, out, sources), level)


def _fitted(tangent: Any, out: Variable, sources: Any) -> Any:
    """A tangent in its result's shape, dtype and layout, in memory of its own unless the result is a view."""
    if not isinstance(tangent, Variable):
        tangent = wrap(out._face, np.asarray(tangent))
    if tangent._data.shape != out._data.shape:
        tangent = np.copy(np.broadcast_to(tangent, out._data.shape))  # type: ignore[assignment]
    elif out._view is None and (tangent._view is not None or any(tangent is t for t in _leaves(sources))):
        tangent = np.copy(tangent)  # type: ignore[assignment]
    return tangent if tangent._view is not None else _like(tangent, out)
