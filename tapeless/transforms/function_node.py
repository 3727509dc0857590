"""One call of a graph function: what it runs, and the node that it leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from tapeless import _tree
from tapeless.errors import TransformError
from tapeless.graph import dual, modes
from tapeless.graph.apply import finish
from tapeless.graph.array import Array
from tapeless.graph.messages import FREED, SAVED_INFERENCE
from tapeless.graph.modes import Mode, current
from tapeless.graph.node import MultiNode, Node, edge, modified, needs_grad, writes
from tapeless.graph.tensor import Tensor
from tapeless.graph.variable import Variable, result, wrap
from tapeless.source.captured import Lifted
from tapeless.source.store import Ready
from tapeless.transforms.function_text import Key
from tapeless.transforms.ownership import kept, memory, memory_of, packed, refilled, unpacked
from tapeless.transforms.pairs import Pair
from tapeless.transforms.selection import Selection

if TYPE_CHECKING:
    from tapeless.transforms.function import GraphFunction

FLOATS = (np.dtype(np.float64), np.dtype(np.float32))  # single objects, quickly told
ONE = (True,)


class LiftingPair(Pair):
    """Forward and backward of a function; CapturedError where it finds Tensors around it."""

    def _begin(self) -> None:
        self.form = replace(self.form, lifts=True)
        super()._begin()

    @property
    def is_made(self) -> bool:
        """Whether there is a source."""
        return bool(self._log)


class Call:
    """One call, and the pullback of its node, in the place of a rule's slice.

    `wrt` are the arguments that require grad, `arguments` their structures; `inputs` the Variables in them
    that do, each with its argument's number in `wrt` and its own among that argument's leaves.
    """

    __slots__ = (
        "args",
        "arguments",
        "conjugates",
        "data",
        "face",
        "flowing",
        "function",
        "inputs",
        "is_plain",
        "kwargs",
        "mode",
        "ready",
        "selection",
        "structure",
        "variables",
        "versions",
        "wrt",
    )
    # Of a call that became a node: what was called, how the result is held, which of its leaves have
    # cotangents, whether Tensors hold complex numbers, whether there is one gradient for each input.
    ready: Ready
    selection: Selection
    structure: _tree.Structure
    flowing: Sequence[bool]
    conjugates: bool
    is_plain: bool
    versions: tuple[int, ...]  # of the variables, when it ran

    def __init__(self, function: GraphFunction, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.function = function
        self.args = args
        self.kwargs = kwargs
        self.mode: Mode = current()
        self.face: Any = Tensor
        variables: list[Variable] = []
        inputs: list[tuple[int, int, Variable]] = []
        arguments: list[_tree.Structure] = []
        found: list[Any] = []
        wrt: list[Key] = []
        self.variables, self.inputs, self.arguments, self.data, self.wrt = (
            variables, inputs, arguments, found, wrt,
        )  # fmt: skip
        for number, value in enumerate(args):
            if type(value) is np.ndarray:
                found.append(value)
            elif isinstance(value, Variable):  # here, without calls: the commonest
                variables.append(value)
                if value._needs or (value._view is not None and needs_grad(value)):
                    inputs.append((len(wrt), 0, value))
                    arguments.append(_tree.LEAF)
                    wrt.append(number)
                if value._face is not Tensor:
                    self.face = Array
                data = value._data
                found.append(data if data.ndim else data[()])
            else:
                self._take(number, value)
        for name, value in kwargs.items():
            self._take(name, value)

    def _take(self, key: Key, value: Any) -> None:
        count = len(self.inputs)
        leaves, structure = _tree.flatten(value)
        for place, leaf in enumerate(leaves):
            if isinstance(leaf, Variable):
                leaves[place] = self._data_of(leaf, place)
        self.data.append(_tree.unflatten(structure, leaves))
        if len(self.inputs) > count:
            self.wrt.append(key)
            self.arguments.append(structure)

    def _data_of(self, leaf: Variable, place: int) -> Any:
        self.variables.append(leaf)
        if leaf._face is not Tensor:
            self.face = Array
        if leaf._needs or (leaf._view is not None and needs_grad(leaf)):
            self.inputs.append((len(self.wrt), place, leaf))
        data = leaf._data
        return data if data.ndim else data[()]

    @property
    def given(self) -> dict[Key, Any]:
        """All arguments, by position or name."""
        return {**dict(enumerate(self.args)), **self.kwargs}

    def split(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The data by position and by name."""
        if not self.kwargs:
            return tuple(self.data), {}
        count = len(self.args)
        return tuple(self.data[:count]), dict(zip(self.kwargs, self.data[count:], strict=True))

    # Forward -----------------------------------------------------------------------------------------------

    def run(self) -> Any:
        function, mode = self.function, self.mode
        if not self.wrt or not mode.records:
            out = self._unrecorded()
        else:
            args, kwargs = self.split()
            try:
                plan, ready, values = function.pair(tuple(self.wrt))._prepare(args, kwargs)
            except (TypeError, TransformError) as error:
                return self._by_operations(error)
            if ready.derived.written and self._writes([values[at] for at in ready.derived.written]):
                return function.__wrapped__(*self.args)
            self.ready, self.selection = ready, plan.selection
            try:
                found = ready.forward(*values)
            except TypeError as error:
                return self._by_operations(error)
            if type(found[0]) is not np.ndarray and _holds_variables(found[0]):
                # It found Tensors around it where it could not be read: these have a history too.
                return function.__wrapped__(*self.args, **self.kwargs)
            out = self._recorded(found)
            del found
        if mode.dual_level is not None and not mode.inference:
            self._push(out)
        return out

    def _by_operations(self, error: Exception) -> Any:
        """A function with Tensors around it that cannot be read, or that met one, is recorded on Tensors."""
        if self.function.mode == "source":
            raise error
        try:
            out = self.function.__wrapped__(*self.args, **self.kwargs)
        except TypeError:
            raise error from None
        self.function.refusal = error.with_traceback(None)
        return out

    def _writes(self, written: list[Any]) -> bool:
        """Whether it writes into Tensors that it finds around it; TypeError for those that it is given."""
        held = {id(leaf._data) for leaf in self.variables}
        if not any([id(leaf) in held for leaf in _tree.flatten(written)[0]]):
            return False
        if not isinstance(self.function.__wrapped__, Lifted):
            raise TypeError(f"{self.function} writes into its arguments: write into copies of Tensors")
        return True

    def _unrecorded(self) -> Any:
        """On the data; on Tensors what finds Tensors around it, and is written for them perhaps."""
        function, original = self.function, self.function.__wrapped__
        if not isinstance(original, Lifted) and not function.meets_tensors:
            args, kwargs = self.split()
            try:
                out = original(*args, **kwargs)
            except (TypeError, AttributeError) as error:
                try:
                    out = original(*self.args, **self.kwargs)
                except (TypeError, AttributeError):
                    raise error from None
                function.meets_tensors = True
                return out
            if not _holds_variables(out):
                return _tree.map(self.shown, out)
            function.meets_tensors = True
        return original(*self.args, **self.kwargs)

    def _recorded(self, found: tuple[Any, Any]) -> Any:
        """What the function returned as the results of a node."""
        out, residuals = found
        if (type(out) is np.ndarray or isinstance(out, np.floating)) and out.dtype in FLOATS:
            leaves, self.structure, self.flowing = [out], _tree.LEAF, ONE
        else:
            leaves, self.structure = _tree.flatten(out)
            self.flowing = [_flows(leaf) for leaf in leaves]
        self.conjugates = bool(self.face._conjugates) and self._is_complex(leaves)
        self.is_plain = self.selection.is_plain and not any([one.type for one in self.arguments])
        edges: list[Node] = []
        nrs = None
        for _, _, leaf in self.inputs:
            source = leaf._node
            edges.append(edge(leaf) if source is None or leaf._view is not None else source)
            if leaf._nr:
                nrs = tuple([leaf._nr for _, _, leaf in self.inputs])
        kind = self.function.nodes[self.flowing is ONE or self.flowing.count(True) == 1]
        self.versions = tuple([leaf._counter[0] for leaf in self.variables])
        node = kind(self, tuple(edges), nrs, None, None, self.versions)
        node.face = self.face
        infos: list[Any] = []
        for place, leaf in enumerate(leaves):
            if not self.flowing[place]:
                leaves[place] = self.shown(leaf)
                continue
            data = leaf if isinstance(leaf, np.ndarray | np.generic) else np.asarray(leaf)[()]
            leaves[place] = result(self.face, data, node, len(infos))
            infos.append((data.shape, data.dtype))
        if isinstance(node, MultiNode):
            node.infos = infos
        held = (residuals,)
        del residuals, out, found
        self._keep(node, held)
        return leaves[0] if self.structure is _tree.LEAF else _tree.unflatten(self.structure, leaves)

    def _is_complex(self, leaves: list[Any]) -> bool:
        kinds = [leaf._data.dtype.kind for leaf in self.variables]
        return "c" in kinds or any(
            [isinstance(leaf, np.ndarray | np.generic) and leaf.dtype.kind == "c" for leaf in leaves]
        )

    def _keep(self, node: Node, held: tuple[Any]) -> None:
        """What backward reads: a Tensor that is written to is noticed, an Array's values are kept apart."""
        mode = self.mode
        if self.face is Array or mode.mutation is not None:
            node.saved, node.owners = (kept(held[0]),), ()
        else:
            node.saved, node.owners = held, tuple(self.variables)
            if min(self.versions) < 0:
                read = memory_of(held[0])
                if any([leaf._counter[0] < 0 and memory(leaf._data) in read for leaf in self.variables]):
                    raise RuntimeError(SAVED_INFERENCE)
        if mode.saved_hooks is not None:
            node.saved = (packed(node.saved[0], *mode.saved_hooks),)
            node.owners = ()
            node.own_hooks().packed = True
        if mode.anomaly:
            finish(node, mode._replace(saved_hooks=None, mutation=None))

    def shown(self, leaf: Any) -> Any:
        return wrap(self.face, leaf) if isinstance(leaf, np.ndarray | np.generic | float | complex) else leaf

    def _push(self, out: Any) -> None:
        """Forward mode: the results get their tangents."""
        level = self.mode.dual_level
        given = self.given
        wrt = tuple([key for key, value in given.items() if _has_tangent(value, level)])
        if not wrt:
            return
        before = modes.change(dual_level=None)
        try:
            tangents = [_tree.map(lambda leaf: _tangent(leaf, level), given[key]) for key in wrt]
            found = self.function.pushed(wrt, tuple(given))(*given.values(), *tangents)
        finally:
            modes.restore(before)
        for leaf, (_, tangent) in zip(
            _tree.flatten(out)[0], _tree.parts_like(_tree.structure(out), found), strict=True
        ):
            if isinstance(leaf, Variable) and isinstance(tangent, Variable):
                dual.set_tangent(leaf, tangent, level)

    # Backward ----------------------------------------------------------------------------------------------

    def on_arrays(self, g: Any, residuals: Any) -> tuple[Any, ...]:
        """The cotangents of the inputs, from arrays."""
        if self.conjugates:
            g = _conjugated(g)
        derived = self.ready.derived
        if derived.empties:
            residuals = refilled(residuals)
        found = self.ready.backward(residuals, g if self.structure is _tree.LEAF else self._in_structure(g))
        if derived.single:
            found = (found,)
        if not self.is_plain:
            found = self._by_edge(self._chosen(found))
        return _conjugated(found) if self.conjugates else found

    def on_variables(self, g: Any, residuals: Any) -> tuple[Any, ...]:
        """The same, recorded: by a function that computes both, of the arguments and the cotangents."""
        given = self.given
        if self.face._conjugates and any(
            [leaf._data.dtype.kind == "c" for leaf in (*self.variables, *_several(g))]
        ):
            raise TypeError("complex Tensors have no second derivatives through functions: use Arrays")
        for leaf, version in zip(self.variables, self.versions, strict=True):
            if leaf._counter[0] != version:
                raise RuntimeError(
                    f"an argument of {self.function} was written to since: its second derivatives need the "
                    "values of that time, so write into a copy"
                )
        pulled = self.function.pulled(tuple(self.wrt), tuple(given))
        return self._by_edge(pulled(*given.values(), self._in_structure(g)))

    def _in_structure(self, g: Any) -> Any:
        """The cotangent of what the function returned."""
        if self.structure is _tree.LEAF:
            return g
        left = iter(_several(g))
        return _tree.unflatten(self.structure, [next(left) if flows else None for flows in self.flowing])

    def _chosen(self, gradients: Sequence[Any]) -> Sequence[Any]:
        """Of the selected arguments, which may be parts of parameters."""
        if self.selection.is_plain:
            return gradients
        places = {position: at for at, position in enumerate(self.selection.wrt)}
        parts = [(gradients[places[one.position]], one.key) for one in self.selection.selected]
        return [part if key is None else part[key] for part, key in parts]

    def _by_edge(self, per_argument: Sequence[Any]) -> tuple[Any, ...]:
        flat = [
            (one,) if structure is _tree.LEAF else [part for _, part in _tree.parts_like(structure, one)]
            for structure, one in zip(self.arguments, per_argument, strict=True)
        ]
        return tuple([flat[number][place] for number, place, _ in self.inputs])


# Nodes ------------------------------------------------------------------------------------------------------


class _Residuals:
    """What both kinds of node have in common: the residuals are one value, whatever the function is like.

    The owners are all Variables among the arguments; whether the residuals are in the memory of one is looked
    at when it was written to.
    """

    __slots__ = ()
    saved: Any
    owners: Any
    versions: Any
    seq: int

    def arrays(self) -> tuple[Any, ...]:
        if self.saved is None:
            raise RuntimeError(FREED)
        self.check_versions()
        return (unpacked(self.saved[0]),) if self.hooks is not None and self.hooks.packed else self.saved

    variables = arrays
    hooks: ClassVar[Any]

    def check_versions(self) -> None:
        if not self.owners or self.seq > writes.last:
            return
        for owner, then in zip(self.owners, self.versions, strict=True):
            now = owner._counter[0]
            if now != then and memory(owner._data) in memory_of(self.saved[0]):
                raise RuntimeError(modified(self, owner, now, then))

    def free(self) -> None:
        self.saved = self.owners = self.pullback = None


class PairNode(_Residuals, Node):
    """A call of a function with one result, pulled back by the generated backward function."""

    __slots__ = ("face",)


class PairNodes(_Residuals, MultiNode):
    """The same with several results."""

    __slots__ = ("face",)


def node_types(name: str) -> tuple[Any, Any]:
    """The nodes of a function's calls: with several results, and with one."""
    several, one = [type(f"{name}Backward", (kind,), {"__slots__": ()}) for kind in (PairNodes, PairNode)]
    return several, one


# Small words ------------------------------------------------------------------------------------------------


def _flows(leaf: Any) -> bool:
    if isinstance(leaf, np.ndarray | np.generic):
        return leaf.dtype.kind in "fc"
    return isinstance(leaf, float | complex)


def _holds_variables(out: Any) -> bool:
    return any([isinstance(leaf, Variable) for leaf in _tree.flatten(out)[0]])


def _several(g: Any) -> tuple[Any, ...]:
    """The cotangents of one result or of several."""
    return g if isinstance(g, tuple) else (g,)


def _conjugated(gs: Any) -> Any:
    if isinstance(gs, tuple):
        return tuple([_conjugated(g) for g in gs])
    return np.conjugate(gs) if gs.dtype.kind == "c" else gs


def _has_tangent(value: Any, level: Any) -> bool:
    leaves = _tree.flatten(value)[0]
    return any([isinstance(leaf, Variable) and dual.tangent_of(leaf, level) is not None for leaf in leaves])


def _tangent(leaf: Any, level: Any) -> Any:
    if not isinstance(leaf, Variable) or leaf._data.dtype.kind not in "fc":
        return None
    found = dual.tangent_of(leaf, level)
    return wrap(leaf._face, np.zeros_like(leaf._data)) if found is None else found
