"""Functions with derivatives of their authors', on the graph: one node a call.

The rules run on plain arrays, where nothing of them is differentiated in turn; else on Arrays, recorded.
What the forward half keeps is saved like any residual.  Unless it is an argument or a result, it has no
history; to be differentiated again it is made anew, recorded, so the arguments are kept with it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tapeless import _tree
from tapeless.graph import modes
from tapeless.graph.array import Array
from tapeless.graph.backward import grad
from tapeless.graph.function import Function
from tapeless.graph.keeping import remember
from tapeless.graph.modes import current
from tapeless.graph.node import edge
from tapeless.graph.variable import Variable, result, wrap
from tapeless.source.own import OwnRules
from tapeless.transforms.custom_checks import cotangent_leaves, pair_of, tangent_leaves

Leaves = Sequence[Any]


def is_recorded(args: tuple[Any, ...]) -> bool:
    """Whether a call has variables among its arguments, also in containers."""
    return any([_holds(arg) for arg in args])


def _holds(value: Any) -> bool:
    if isinstance(value, np.ndarray | float | int):
        return False
    if isinstance(value, Variable):
        return True
    return not _tree.is_leaf(value) and any(isinstance(leaf, Variable) for leaf in _tree.flatten(value)[0])


def record(own: OwnRules, args: tuple[Any, ...]) -> Any:
    """The function on variables, recorded as one operation if the mode says so and one of them needs it."""
    call = Call(own, args)
    call.check_fixed()
    found = _node_class(own).apply(call, *call.leaves)
    call.leaves = ()  # what must stay, the node has saved
    return _tree.unflatten(call.results, list(found))


class Call:
    """One call: how its arguments are held, and what the rules of its function take and give."""

    def __init__(self, own: OwnRules, args: tuple[Any, ...]) -> None:
        self.own = own
        self.leaves: Leaves
        self.leaves, self.structure = _tree.flatten(args)
        self.face = next(type(leaf)._face for leaf in self.leaves if isinstance(leaf, Variable))
        self.fixed = own.fixed_in(len(args))
        self.results = _tree.LEAF  # how its results are held
        self.kept = _tree.LEAF  # how its residuals are held
        self.places: list[Any] = []  # of each residual its place among what is saved, or itself if no array
        self.inputs = slice(0, 0)  # where among what is saved the arguments are
        data = [leaf._data for leaf in self.leaves if isinstance(leaf, Variable)]
        self.is_complex = any([one.dtype.kind == "c" for one in data])
        # Of what is no variable nobody asks for a cotangent.
        self.shapes = [leaf._data.shape if isinstance(leaf, Variable) else None for leaf in self.leaves]
        whole = _tree.unflatten(self.structure, [_raw(leaf) for leaf in self.leaves])
        self.handed = [whole[position] for position in self.fixed]  # to the rules, as they are

    def check_fixed(self) -> None:
        for position in self.fixed:
            leaves, _ = _tree.flatten(_tree.unflatten(self.structure, self.leaves)[position])
            if any(isinstance(leaf, Variable) and leaf._needs for leaf in leaves):
                raise TypeError(
                    f"{self.own.name}: argument {position} is in nondiff_argnums, and requires grad: take it "
                    "out of nondiff_argnums, or detach it"
                )

    # Arguments --------------------------------------------------------------------------------------------

    def arguments(self, leaves: Leaves) -> tuple[Any, ...]:
        return _tree.unflatten(self.structure, leaves)

    def rest(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments that are not fixed."""
        return tuple([arg for position, arg in enumerate(args) if position not in self.fixed])

    @functools.cached_property
    def moving(self) -> list[tuple[int, _tree.Structure]]:
        """The position and structure of each argument that is differentiated."""
        parts = enumerate(self.structure.parts)
        return [(position, part) for position, part in parts if position not in self.fixed]

    @functools.cached_property
    def where(self) -> list[slice]:
        """Where among the leaves those of each argument are."""
        found, start = [], 0
        for part in self.structure.parts:
            found.append(slice(start, start + part.leaves))
            start += part.leaves
        return found

    @functools.cached_property
    def inner_face(self) -> Any:
        """What the rules run on when they are recorded: the rules speak NumPy."""
        return self.face if self.face._conjugates and self.is_complex else Array

    # Rules ------------------------------------------------------------------------------------------------

    def run_forward(self, args: tuple[Any, ...]) -> tuple[Any, Any]:
        assert self.own.forward is not None
        return pair_of(self.own, "forward", self.own.forward(*args), "(result, residuals)")

    def run_backward(self, kept: Any, g: Any) -> list[Any]:
        """A cotangent, or None, for each leaf."""
        assert self.own.backward is not None
        found: list[Any] = [None] * self.structure.leaves
        structures = [structure for _, structure in self.moving]
        shapes = [self.shapes[self.where[position]] for position, _ in self.moving]
        given = self.own.backward(*self.handed, kept, g)
        for (position, _), some in zip(
            self.moving, cotangent_leaves(self.own, structures, shapes, given), strict=True
        ):
            found[self.where[position]] = some
        return found

    def run_pushforward(self, args: tuple[Any, ...], tangents: Leaves) -> tuple[Any, list[Any]]:
        """The result, and a tangent, or None, for each of its leaves."""
        assert self.own.pushforward is not None
        given = self.own.pushforward(*self.handed, self.rest(args), self.rest(self.arguments(tangents)))
        out, t_out = pair_of(self.own, "pushforward", given, "(result, tangent)")
        return out, tangent_leaves(self.own, out, t_out)


def _node_class(own: OwnRules) -> Any:
    made = own.__dict__.get("_node_class")
    if made is None:
        made = own.__dict__["_node_class"] = type(own.name, (_Recorded,), {"__module__": __name__})
    return made


class _Recorded(Function):
    """The operation; the class of its nodes is named after the function."""

    @staticmethod
    def forward(ctx: Any, call: Call, *leaves: Any) -> tuple[Any, ...]:
        own, args = call.own, call.arguments([_raw(leaf) for leaf in leaves])
        ctx.call, kept = call, None
        ctx.statics = [None if isinstance(leaf, Variable) else leaf for leaf in leaves]
        ctx.variables = [isinstance(leaf, Variable) for leaf in leaves]
        keeps = own.backward is not None and (True in ctx.needs_input_grad or own.pushforward is None)
        if keeps:
            out, kept = call.run_forward(args)
        else:
            out = own.function(*args)
        found, call.results = _tree.flatten(out)
        results = tuple([_result(call.face, one, leaves) for one in found])
        if keeps:
            _save(ctx, call, kept, leaves, results)
        else:
            ctx.save_for_backward(*[leaf for leaf in leaves if isinstance(leaf, Variable)])
            call.inputs = slice(0, len(ctx.to_save))
        ctx.to_push = (ctx.to_save, results)
        return results

    @staticmethod
    def backward(ctx: Any, *gs: Any) -> tuple[Any, ...]:
        pull = _transposed_jvp if ctx.call.own.backward is None else _pulled
        return (None, *_given_back(ctx, pull(ctx, gs, current().grad)))

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> tuple[Any, ...]:
        push = _transposed_vjp if ctx.call.own.pushforward is None else _pushed
        return tuple(push(ctx, tangents[1:], current().grad))

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        found = super().apply(*args, **kwargs)
        node = next((one._node for one in found if isinstance(one, Variable) and one._needs), None)
        if node is not None:
            node.ctx.to_push = ()
            if node.face._keeps_old:
                remember(node)
        return found


# Results and residuals ------------------------------------------------------------------------------------


def _raw(leaf: Any) -> Any:
    return leaf._data if isinstance(leaf, Variable) else leaf


def _result(face: Any, value: Any, leaves: Leaves) -> Any:
    """A result as a variable, on memory of its own."""
    if isinstance(value, Variable):
        value = value._data
    if isinstance(value, float | complex) and not isinstance(value, np.generic):
        value = np.asarray(value)[()]
    if not isinstance(value, np.ndarray | np.generic):
        return value
    if isinstance(value, np.ndarray) and any([_shares(value, leaf) for leaf in leaves]):
        value = value.copy()
    return wrap(face, value)


def _shares(value: np.ndarray, other: Any) -> bool:
    data = _raw(other)
    return isinstance(data, np.ndarray) and np.may_share_memory(value, data)


def _save(ctx: Any, call: Call, kept: Any, leaves: Leaves, results: Leaves) -> None:
    """Keep the residuals: an argument or result as the variable that it is, with its history."""
    found, call.kept = _tree.flatten(kept)
    known = [one for one in (*leaves, *results) if isinstance(one, Variable)]
    saved: list[Any] = []
    is_fresh = False
    for value in found:
        if not isinstance(value, np.ndarray | np.generic):
            call.places.append((False, value))
            continue
        same = next((one for one in known if one._data is value), None)
        if same is None:
            is_fresh = is_fresh or value.dtype.kind in "fc"
            if isinstance(value, np.ndarray) and any([_shares(value, one) for one in known]):
                value = value.copy()
            same = wrap(call.face, value)
        call.places.append((True, len(saved)))
        saved.append(same)
    if is_fresh:
        inputs = [leaf for leaf in leaves if isinstance(leaf, Variable)]
        call.inputs = slice(len(saved), len(saved) + len(inputs))
        saved.extend(inputs)
    ctx.save_for_backward(*saved)


def _arguments(ctx: Any, saved: Leaves, read: Callable[[Any], Any]) -> list[Any]:
    """The leaves of the arguments, variables as `read` gives them."""
    inputs = iter(saved[ctx.call.inputs])
    pairs = zip(ctx.variables, ctx.statics, strict=True)
    return [read(next(inputs)) if is_variable else static for is_variable, static in pairs]


def _residuals(ctx: Any, saved: Leaves, read: Callable[[Any], Any], differentiable: bool) -> Any:
    """What the forward half kept: with its history, if that is to be differentiated."""
    call: Call = ctx.call
    if differentiable and call.inputs.stop:
        return call.run_forward(call.arguments(_arguments(ctx, saved, read)))[1]
    values = [read(saved[value]) if is_saved else value for is_saved, value in call.places]
    return _tree.unflatten(call.kept, values)


def _in_face(face: Any, value: Any) -> Any:
    """The same variable under another face: the same array at the same place of the graph."""
    if not isinstance(value, Variable) or value._face is face:
        return value
    if value._needs:
        return result(face, value._data, edge(value), value._nr)
    return wrap(face, value._data)


# Backward -------------------------------------------------------------------------------------------------


def _pulled(ctx: Any, gs: Leaves, differentiable: bool) -> Leaves:
    """The cotangents of the arguments' leaves, by the backward half."""
    call: Call = ctx.call
    read = functools.partial(_in_face, call.inner_face) if differentiable else _raw
    gs = [_turned(call, read(g)) if _flows(g) else None for g in gs]
    kept = _residuals(ctx, ctx.saved_tensors, read, differentiable)
    return [_turned(call, c) for c in call.run_backward(kept, _tree.unflatten(call.results, gs))]


def _transposed_jvp(ctx: Any, gs: Leaves, differentiable: bool) -> Leaves:
    """The pushforward is linear in the tangents: transposed, by a backward pass, it is the pullback."""
    call: Call = ctx.call
    face = call.inner_face
    before = modes.change(grad=True)
    try:
        read = functools.partial(_in_face, face) if differentiable else lambda v: wrap(face, v._data)
        leaves = _arguments(ctx, ctx.saved_tensors, read)
        tangents = [_tangent_for(face, leaf, True) for leaf in leaves]
        _, pushed = call.run_pushforward(call.arguments(leaves), tangents)
        wanted = [t for t in tangents if isinstance(t, Variable)]
        gs = [_in_face(face, g) if _flows(g) else None for g in gs]  # the face transposes in its own way
        found = iter(_of_weighted(pushed, gs, wanted, differentiable))
    finally:
        modes.restore(before)
    return [next(found) if isinstance(t, Variable) else None for t in tangents]


def _flows(value: Any) -> bool:
    data = _raw(value)
    return isinstance(data, np.ndarray | np.generic) and data.dtype.kind in "fc"


def _of_weighted(outs: Leaves, weights: Leaves, wanted: Leaves, differentiable: bool) -> Leaves:
    pairs = [
        (o, w)
        for o, w in zip(outs, weights, strict=True)
        if isinstance(o, Variable) and o._needs and w is not None
    ]
    if not pairs:
        return [None] * len(wanted)
    return grad(
        [o for o, _ in pairs],
        list(wanted),
        [w for _, w in pairs],
        create_graph=differentiable,
        materialize_grads=True,
    )


def _tangent_for(face: Any, leaf: Any, needs: bool) -> Any:
    """Zeros to differentiate by; None for what has no tangent."""
    data = _raw(leaf)
    if isinstance(data, float | complex) and not isinstance(data, np.generic):
        return 0.0
    if not isinstance(data, np.ndarray | np.generic):
        return None
    if data.dtype.kind not in "fc":
        return np.zeros(data.shape)
    return wrap(face, np.zeros_like(data), needs) if isinstance(leaf, Variable) else np.zeros_like(data)


def _turned(call: Call, value: Any) -> Any:
    """Between a face's convention for complex numbers and that of rules, which transpose."""
    if not call.face._conjugates or not call.is_complex or value is None:
        return value
    return np.conjugate(value)


def _given_back(ctx: Any, found: Leaves) -> list[Any]:
    """Cotangents as the node takes them: variables of its face, None for what is no variable."""
    face = ctx.call.face
    return [
        None
        if c is None or not is_variable
        else _in_face(face, c)
        if isinstance(c, Variable)
        else wrap(face, np.asarray(c))
        for c, is_variable in zip(found, ctx.variables, strict=True)
    ]


# Forward mode ---------------------------------------------------------------------------------------------


def _pushed(ctx: Any, tangents: Leaves, differentiable: bool) -> list[Any]:
    """The tangents of the results, by the pushforward."""
    call: Call = ctx.call
    leaves, results = call.leaves, ctx.to_push[1]
    moving = [v for v in (*leaves, *tangents) if isinstance(v, Variable)]
    recorded = differentiable and any([v._needs for v in moving])
    read = functools.partial(_in_face, call.inner_face) if recorded else _raw
    given = [read(_along(leaf, t)) for leaf, t in zip(leaves, tangents, strict=True)]
    _, found = call.run_pushforward(call.arguments([read(leaf) for leaf in leaves]), given)
    return [_as_tangent(call, one, t) for one, t in zip(results, found, strict=True)]


def _along(leaf: Any, tangent: Any) -> Any:
    return tangent if tangent is not None else _raw(_tangent_for(Array, leaf, False))


def _as_tangent(call: Call, out: Any, tangent: Any) -> Any:
    if not isinstance(out, Variable) or out._data.dtype.kind not in "fc":
        return None
    if tangent is None:
        return wrap(call.face, np.zeros_like(out._data))
    if isinstance(tangent, Variable):
        return _in_face(call.face, tangent)
    return wrap(call.face, np.array(tangent, out._data.dtype))


def _transposed_vjp(ctx: Any, tangents: Leaves, differentiable: bool) -> list[Any]:
    """The pullback is linear in the cotangent: transposed, by a backward pass, it pushes forward."""
    call: Call = ctx.call
    face = call.inner_face
    saved, results = ctx.to_push
    before = modes.change(grad=True)
    try:
        read = functools.partial(_in_face, face) if differentiable else lambda v: wrap(face, v._data)
        kept = _residuals(ctx, saved, read, differentiable)
        probes = [_tangent_for(face, out, True) if _flows(out) else None for out in results]
        cotangents = call.run_backward(kept, _tree.unflatten(call.results, probes))
        weights = [_turned(call, _in_face(face, t)) for t in tangents]
        wanted = [probe for probe in probes if isinstance(probe, Variable)]
        found = iter([_turned(call, t) for t in _of_weighted(cotangents, weights, wanted, differentiable)])
    finally:
        modes.restore(before)
    pushed = [next(found) if isinstance(probe, Variable) else None for probe in probes]
    return [_as_tangent(call, out, t) for out, t in zip(results, pushed, strict=True)]
