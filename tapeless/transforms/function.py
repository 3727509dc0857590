"""A function as one operation of the graph: `tapeless.function`.

The source road makes a forward and a backward function of it; called on Tensors it becomes one node, which
keeps what the backward function reads.  Where the backward pass is recorded in turn (`create_graph`), the
pullback is such a function again:

    def layer_pulled(w, x, cotangent):
        _, pullback = vjp(lambda w: layer(w, x), w)
        return pullback(cotangent)
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tapeless import _tree
from tapeless.graph import dual, modes
from tapeless.graph.apply import finish
from tapeless.graph.array import Array
from tapeless.graph.messages import FREED
from tapeless.graph.modes import current
from tapeless.graph.node import MultiNode, Node, edge, needs_grad, version_of
from tapeless.graph.tensor import Tensor
from tapeless.graph.variable import Variable, result, wrap
from tapeless.source.store import Ready
from tapeless.source.wrappers import Transparent
from tapeless.transforms.function_text import Key, derived_function
from tapeless.transforms.ownership import kept, refilled
from tapeless.transforms.pairs import Pair
from tapeless.transforms.selection import Selection
from tapeless.transforms.transform import Mode


class GraphFunction(Transparent):
    """What `tapeless.function` gives; `__wrapped__` is the function itself."""

    def __init__(self, function: Callable[..., Any], mode: Mode = "auto") -> None:
        functools.update_wrapper(self, function)
        self.__wrapped__ = function
        self.mode: Mode = mode
        self._pairs: dict[tuple[Key, ...], Pair] = {}
        self._derived: dict[tuple[Any, ...], GraphFunction] = {}
        name = getattr(function, "__name__", type(function).__name__).strip("<>")
        self._nodes: list[Any] = [
            type(f"{name}Backward", (kind,), {"__slots__": ()}) for kind in (PairNodes, PairNode)
        ]

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else types.MethodType(self, instance)  # type: ignore[arg-type]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        call = Call(self, args, kwargs)
        return call.run() if call.variables else self.__wrapped__(*args, **kwargs)

    def pair(self, keys: tuple[Key, ...]) -> Pair:
        """Forward and backward with respect to some of the arguments."""
        found = self._pairs.get(keys)
        if found is None:
            found = self._pairs.setdefault(keys, Pair(self.__wrapped__, keys, mode=self.mode))
        return found

    @property
    def source(self) -> str:
        """The forward and the backward functions, for each set of arguments that required grad."""
        return "\n\n".join([pair.source for pair in self._pairs.values()])

    def explain(self) -> Any:
        """How the forward and backward functions came about that were made last; None before the first."""
        return next(reversed(self._pairs.values())).explain() if self._pairs else None

    def pulled(self, wrt: tuple[Key, ...], given: Sequence[Key]) -> GraphFunction:
        """(*arguments, cotangent) to the gradients by `wrt`, as a function of the graph."""
        return self._from_text("pulled", wrt, tuple(given))

    def pushed(self, wrt: tuple[Key, ...], given: Sequence[Key]) -> GraphFunction:
        """(*arguments, *tangents of `wrt`) to the tangent of the result."""
        return self._from_text("pushed", wrt, tuple(given))

    def _from_text(self, how: str, wrt: tuple[Key, ...], given: tuple[Key, ...]) -> GraphFunction:
        key = (how, wrt, given)
        found = self._derived.get(key)
        if found is None:
            made = derived_function(self.__wrapped__, how, given, wrt)
            found = self._derived.setdefault(key, GraphFunction(made, self.mode))
        return found

    def __repr__(self) -> str:
        return f"<graph function {getattr(self, '__name__', self.__wrapped__)}>"


def function(f: Callable[..., Any] | None = None, *, mode: Mode = "auto") -> Any:
    """One node of the graph for each call of a function: its derivative is source, not a chain of operations.

    On arrays and numbers the result is the plain function.  On Tensors (or Arrays) it runs on their data, and
    where one requires grad the result's history is a single node, `<layerBackward>`, which keeps what the
    generated backward function reads and nothing more.  It is differentiated again (`create_graph`), takes
    hooks, and runs in forward mode as any operation does.

    >>> import numpy as np, tapeless as tl
    >>> @tl.function
    ... def layer(x, w, b):
    ...     return np.tanh(x @ w + b)
    >>> x, w, b = tl.ones(2, 3), tl.zeros(3, 4, requires_grad=True), tl.zeros(4, requires_grad=True)
    >>> y = layer(x, w, b)
    >>> y.grad_fn.name(), y.shape
    ('layerBackward', torch.Size([2, 4]))
    >>> y.sum().backward()
    >>> b.grad
    tensor([2., 2., 2., 2.])

    Arguments may be containers of Tensors, by position or by keyword.  It decorates methods too.  A function
    that finds Tensors around it, in its closure or in attributes, is recorded operation by operation, and
    runs twice to find that out: pass them as arguments.  `mode` is that of `grad`: with "auto" a function
    that cannot be read is recorded, behind the one node; with "source" it is refused with a TransformError.
    TypeError for functions that write into a Tensor that they are given.
    """
    if f is None:
        return functools.partial(function, mode=mode)
    if not callable(f):
        raise TypeError(f"function() takes a function, got {type(f).__name__}")
    return GraphFunction(f, mode)


class Call:
    """One call: `wrt` are the arguments that require grad, `inputs` the Variables in them that do."""

    __slots__ = (
        "args",
        "arguments",
        "data",
        "face",
        "function",
        "inputs",
        "kwargs",
        "mode",
        "variables",
        "wrt",
    )

    def __init__(self, function: GraphFunction, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.function = function
        self.args = args
        self.kwargs = kwargs
        self.mode = current()
        self.face: Any = Tensor
        self.variables: list[Variable] = []
        self.inputs: list[tuple[int, int, Variable]] = []  # (number in `wrt`, number of the leaf, the Tensor)
        self.arguments: list[_tree.Structure] = []  # of each of `wrt`
        self.data: list[Any] = []  # of all arguments
        wrt: list[Key] = []
        for number, value in enumerate(args):
            if type(value) is np.ndarray:
                self.data.append(value)
            else:
                self._take(number, value, wrt)
        for name, value in kwargs.items():
            self._take(name, value, wrt)
        self.wrt = tuple(wrt)

    def _take(self, key: Key, value: Any, wrt: list[Key]) -> None:
        count = len(self.inputs)
        if isinstance(value, Variable):
            structure = _tree.LEAF
            self.data.append(self._data_of(value, 0, wrt))
        else:
            leaves, structure = _tree.flatten(value)
            for place, leaf in enumerate(leaves):
                if isinstance(leaf, Variable):
                    leaves[place] = self._data_of(leaf, place, wrt)
            self.data.append(_tree.unflatten(structure, leaves))
        if len(self.inputs) > count:
            wrt.append(key)
            self.arguments.append(structure)

    def _data_of(self, leaf: Variable, place: int, wrt: list[Key]) -> Any:
        self.variables.append(leaf)
        if leaf._face is not Tensor:
            self.face = Array
        if leaf._needs or (leaf._view is not None and needs_grad(leaf)):
            self.inputs.append((len(wrt), place, leaf))
        data = leaf._data
        return data if data.ndim else data[()]

    @property
    def given(self) -> dict[Key, Any]:
        """All arguments, by position or name."""
        return {**dict(enumerate(self.args)), **self.kwargs}

    def run(self) -> Any:
        count = len(self.args)
        args, kwargs = tuple(self.data[:count]), dict(zip(self.kwargs, self.data[count:], strict=True))
        if not self.wrt or not self.mode.records:
            out = _tree.map(self.shown, self.function.__wrapped__(*args, **kwargs))
        else:
            plan, ready, values = self.function.pair(self.wrt)._prepare(args, kwargs)
            if ready.derived.written:
                raise TypeError(f"{self.function} writes into its arguments: write into copies of Tensors")
            found = ready.forward(*values)
            if any([isinstance(leaf, Variable) for leaf in _tree.flatten(found[0])[0]]):
                # It found Tensors around it, in a closure or an attribute: these have a history too.
                return self.function.__wrapped__(*self.args, **self.kwargs)
            out = self._recorded(ready, plan.selection, found)
            del found
        if self.mode.dual_level is not None and not self.mode.inference:
            self._push(out)
        return out

    def _recorded(self, ready: Ready, selection: Selection, found: tuple[Any, Any]) -> Any:
        """What the function returned as the results of a node."""
        out, residuals = found
        leaves, structure = ([out], _tree.LEAF) if type(out) is np.ndarray else _tree.flatten(out)
        flowing = [_flows(leaf) for leaf in leaves]
        pull = Pull(self, ready, selection, structure, flowing)
        if self.face._conjugates:
            kinds = [leaf._data.dtype.kind for leaf in self.variables]
            kinds += [leaf.dtype.kind for leaf in leaves if isinstance(leaf, np.ndarray | np.generic)]
            pull.conjugates = "c" in kinds
        nrs = tuple([leaf._nr for _, _, leaf in self.inputs])
        edges = tuple([edge(leaf) for _, _, leaf in self.inputs])
        kind = self.function._nodes[flowing.count(True) == 1]
        node = kind(pull, edges, nrs if any(nrs) else None, (), None, None)  # type: ignore[arg-type]
        node.face = self.face
        infos: list[Any] = []
        for place, leaf in enumerate(leaves):
            if not flowing[place]:
                leaves[place] = self.shown(leaf)
                continue
            data = leaf if isinstance(leaf, np.ndarray | np.generic) else np.asarray(leaf)[()]
            leaves[place] = result(self.face, data, node, len(infos))
            infos.append((data.shape, data.dtype))
        if isinstance(node, MultiNode):
            node.infos = infos
        self._keep(node, residuals)
        finish(node, self.mode)
        return _tree.unflatten(structure, leaves)

    def _keep(self, node: Node, residuals: Any) -> None:
        """What backward reads: a Tensor that is written to is noticed, an Array's values are kept apart."""
        if self.face is Array:
            held = (residuals,)
            del residuals
            node.saved, node.owners = (kept(held[0]),), ()
            return
        read: set[int] = set()
        _note_memory(residuals, read)
        owners = tuple([leaf for leaf in self.variables if _memory(leaf._data) in read])
        versions = tuple([version_of(owner) for owner in owners])
        node.saved, node.owners = (residuals,), owners
        node.versions = versions if any(versions) else None

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


class Pull:
    """The pullback of one call, in the place of a rule's slice: from the cotangents of the results on."""

    __slots__ = ("call", "conjugates", "flowing", "is_plain", "ready", "selection", "structure")

    def __init__(
        self, call: Call, ready: Ready, selection: Selection, structure: _tree.Structure, flowing: list[bool]
    ) -> None:
        self.call = call
        self.ready = ready
        self.selection = selection
        self.structure = structure
        self.flowing = flowing  # which leaves of the result have cotangents
        self.conjugates = False  # whether Tensors hold complex numbers
        # One gradient for each input, in their order.
        self.is_plain = selection.is_plain and all([one is _tree.LEAF for one in call.arguments])

    def on_arrays(self, g: Any, residuals: Any) -> tuple[Any, ...]:
        """The cotangents of the inputs, from arrays."""
        if self.conjugates:
            g = _conjugated(g)
        found = self.ready.backward(refilled(residuals), self._in_structure(g))
        if self.ready.derived.single:
            found = (found,)
        if not self.is_plain:
            found = self._by_edge(self._chosen(found))
        return _conjugated(found) if self.conjugates else found

    def on_variables(self, g: Any, residuals: Any) -> tuple[Any, ...]:
        """The same, recorded: by a function that computes both, of the arguments and the cotangents."""
        call = self.call
        given = call.given
        if call.face._conjugates and any(
            [leaf._data.dtype.kind == "c" for leaf in (*call.variables, *_several(g))]
        ):
            raise TypeError("complex Tensors have no second derivatives through functions: use Arrays")
        pulled = call.function.pulled(call.wrt, tuple(given))
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
            for structure, one in zip(self.call.arguments, per_argument, strict=True)
        ]
        return tuple([flat[number][place] for number, place, _ in self.call.inputs])


class _Residuals:
    """What both kinds of node have in common: the residuals are one value, whatever the function is like."""

    __slots__ = ()
    saved: Any
    owners: Any
    check_versions: Callable[[], None]

    def arrays(self) -> tuple[Any, ...]:
        if self.saved is None:
            raise RuntimeError(FREED)
        self.check_versions()
        return self.saved

    variables = arrays

    def free(self) -> None:
        self.saved = self.owners = self.pullback = None


class PairNode(_Residuals, Node):
    """A call of a function with one result, pulled back by the generated backward function."""

    __slots__ = ("face",)


class PairNodes(_Residuals, MultiNode):
    """The same with several results."""

    __slots__ = ("face",)


# Small words ------------------------------------------------------------------------------------------------


def _flows(leaf: Any) -> bool:
    if isinstance(leaf, np.ndarray | np.generic):
        return leaf.dtype.kind in "fc"
    return isinstance(leaf, float | complex)


def _several(g: Any) -> tuple[Any, ...]:
    """The cotangents of one result or of several."""
    return g if isinstance(g, tuple) else (g,)


def _conjugated(gs: Any) -> Any:
    if isinstance(gs, tuple):
        return tuple([_conjugated(g) for g in gs])
    return np.conjugate(gs) if gs.dtype.kind == "c" else gs


def _has_tangent(value: Any, level: Any) -> bool:
    return any(
        [
            isinstance(leaf, Variable) and dual.tangent_of(leaf, level) is not None
            for leaf in _tree.flatten(value)[0]
        ]
    )


def _tangent(leaf: Any, level: Any) -> Any:
    if not isinstance(leaf, Variable) or leaf._data.dtype.kind not in "fc":
        return None
    found = dual.tangent_of(leaf, level)
    return wrap(leaf._face, np.zeros_like(leaf._data)) if found is None else found


def _note_memory(value: Any, found: set[int]) -> None:
    """The objects that own the memory of the arrays in residuals."""
    for item in value if type(value) is tuple or type(value) is list else (value,):
        kind = type(item)
        if kind is np.ndarray:
            found.add(_memory(item))
        elif kind is tuple or kind is list:
            _note_memory(item, found)


def _memory(data: Any) -> int:
    base = getattr(data, "base", None)  # NumPy leads all views to the owner itself
    return id(data if base is None else base)
