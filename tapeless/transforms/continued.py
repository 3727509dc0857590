"""Derivatives at Tensors and Arrays: what comes out is differentiable again, and goes on in their history.

    g = grad(f)(x)      x: a Tensor that requires grad
    g.sum().backward()  second derivatives arrive in x.grad

The function runs on Arrays, whatever it is given; results have the face that its arguments have.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tapeless import _tree
from tapeless.graph.apply import apply, op_of
from tapeless.graph.array import Array
from tapeless.graph.modes import current, enable_grad
from tapeless.graph.tensor import Tensor
from tapeless.graph.variable import Variable, wrap
from tapeless.source.store import Values
from tapeless.transforms.arguments import check
from tapeless.transforms.matching import whole_tangents
from tapeless.transforms.outputs import check_flows, check_scalar
from tapeless.transforms.ownership import chosen
from tapeless.transforms.taped import Recorded, Run, data_of, flows

if TYPE_CHECKING:
    from tapeless.transforms.transform import Plan, Transform


class Continued:
    """One run of a transform's function at Variables, and its derivatives as Variables."""

    def __init__(self, transform: Transform, plan: Plan, values: Values, others: Any = ()) -> None:
        self.transform = transform
        self.selection = plan.selection
        self.values = values
        for one in plan.selection.selected:
            check(one.of(values), one, transform.kind, transform.holomorphic)
        mode = current()
        self.create = mode.records or mode.dual_level is not None
        leaves = _tree.flatten((values, others))[0]
        is_tensor = any([isinstance(leaf, Variable) and leaf._face is Tensor for leaf in leaves])
        self.face: Any = Tensor if is_tensor else Array
        callee = transform._callee
        work = Recorded(callee.function, callee.parameters, plan.wrt, transform.has_aux, None)
        self.run: Run = work.run(values)

    @property
    def out(self) -> Any:
        """What the function gave."""
        return self.shown(self.run.out)

    @property
    def aux(self) -> Any:
        """What it gave besides."""
        return self.shown(self.run.aux[0])

    def shown(self, value: Any) -> Any:
        """In the face of the arguments."""
        return _tree.map(self._faced, value)

    def _faced(self, leaf: Any) -> Any:
        if isinstance(leaf, np.ndarray | np.generic):
            return wrap(self.face, leaf)
        if isinstance(leaf, Variable) and leaf._face is not self.face:
            return apply(op_of(np.copy, self.face), (leaf,))
        return leaf

    def pull(self, cotangent: Any) -> tuple[Any, ...]:
        """The gradients of the selected arguments."""
        found = self.run.pull(cotangent, self.create)
        return chosen([self.shown(one) for one in found], self.selection)

    def push(self, tangents: Sequence[Any]) -> Any:
        """The tangent of `out` along a tangent for each selected argument."""
        if len(tangents) != len(self.selection.selected):
            raise TypeError(
                f"this linear map takes {len(self.selection.selected)} tangents, got {len(tangents)}"
            )
        given = dict(zip(self.selection.selected, tangents, strict=True))
        whole = tuple(whole_tangents(self.selection, self.values, given))
        return self.shown(self.run.push(whole, self.create))

    def ones(self) -> Any:
        """The cotangent that sums up all outputs."""
        leaves, structure = _tree.flatten(self.run.out)
        return _tree.unflatten(
            structure, [np.ones_like(data_of(leaf)) if flows(leaf) else None for leaf in leaves]
        )

    def alone(self, several: tuple[Any, ...]) -> Any:
        """A gradient where one argument was named, else the tuple."""
        return several[0] if self.selection.single else several


def gradient(transform: Any, plan: Plan, values: Values) -> Any:
    """What `grad` gives."""
    run, found = _of_scalar(transform, plan, values)
    return (found, run.aux) if transform.has_aux else found


def value_and_gradient(transform: Any, plan: Plan, values: Values) -> Any:
    """What `value_and_grad` gives."""
    run, found = _of_scalar(transform, plan, values)
    return ((run.out, run.aux) if transform.has_aux else run.out), found


def _of_scalar(transform: Any, plan: Plan, values: Values) -> tuple[Continued, Any]:
    run = Continued(transform, plan, values)
    check_scalar(data_of(run.run.out), transform.kind, transform._callee.parameters, transform.holomorphic)
    return run, run.alone(run.pull(run.ones()))


def elementwise_gradient(transform: Any, plan: Plan, values: Values) -> Any:
    """What `elementwise_grad` gives."""
    run = Continued(transform, plan, values)
    found = run.alone(run.pull(run.ones()))
    return (found, run.aux) if transform.has_aux else found


def pair(transform: Any, plan: Plan, values: Values) -> Any:
    """What `vjp` gives: the value and a pullback, of which both are recorded."""
    run = Continued(transform, plan, values)
    check_flows(_tree.map(data_of, run.run.out), transform.kind, transform._callee.parameters)
    out = _tree.map(_another, run.out)
    return (out, run.pull, run.aux) if transform.has_aux else (out, run.pull)


def _another(leaf: Any) -> Any:
    """What may be written into: the pullback goes by what it was."""
    return (
        apply(op_of(np.copy, leaf._face), (leaf,)) if isinstance(leaf, Variable) and leaf._data.ndim else leaf
    )


def tangent(transform: Any, plan: Plan, values: Values, tangents: Sequence[Any]) -> Any:
    """What `jvp` gives."""
    run = Continued(transform, plan, values, list(tangents))
    moved = run.push(tangents)
    return (run.out, moved, run.aux) if transform.has_aux else (run.out, moved)


def linearization(transform: Any, plan: Plan, values: Values) -> Any:
    """What `linearize` gives."""
    run = Continued(transform, plan, values)
    return run.out, lambda *tangents: run.push(tangents)


def jacobian(transform: Any, plan: Plan, values: Values) -> Any:
    """What `jacrev`, `jacfwd` and `hessian` give: rows of gradients, stacked."""
    run = Continued(transform, plan, values)
    leaves, structure = _tree.flatten(run.run.out)
    blocks = [_block(run, leaf) for leaf in leaves]
    found = _tree.unflatten(structure, [run.alone(block) for block in blocks])
    return (found, run.aux) if transform.has_aux else found


def _block(run: Continued, leaf: Any) -> tuple[Any, ...]:
    """The derivatives of one output by each selected argument."""
    shape, dtype = np.shape(data_of(leaf)), np.asarray(data_of(leaf)).dtype
    rows: list[list[Any]] = []
    none = chosen(run.run.gradients([], [], create=run.create), run.selection)
    structure = _tree.structure(none)
    for index in np.ndindex(shape) if isinstance(leaf, Variable) and leaf._needs else ():
        unit = np.zeros(shape, dtype)
        unit[index] = 1
        row = chosen(run.run.gradients([leaf], [wrap(Array, unit)], create=run.create), run.selection)
        rows.append(_tree.flatten(row)[0])
    if not rows:
        zeros = [
            np.zeros((*shape, *np.shape(data_of(one))), data_of(one).dtype) for one in _tree.flatten(none)[0]
        ]
        return run.shown(_tree.unflatten(structure, zeros))
    with enable_grad():
        stacked = [np.stack(column) for column in zip(*rows, strict=True)]
        found = [one.reshape((*shape, *one.shape[1:])) for one in stacked]
    return run.shown(_tree.unflatten(structure, found))
