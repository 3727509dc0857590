"""A recorded operation: what it needs to pull a cotangent back, and where to send what comes out."""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tapeless.graph.hooks import Hooks, RemovableHandle
from tapeless.graph.messages import FREED, SAVED_INFERENCE, type_name
from tapeless.graph.residuals import Packed
from tapeless.graph.variable import INFERENCE, Variable, result, wrap
from tapeless.rules.pullback import Pullback

next_number: Callable[[], int] = itertools.count(1).__next__


class writes:  # noqa: N801  (a namespace)
    """The sequence number of the last in-place write: a younger node need not check versions."""

    last = 0


class Node:
    """One operation.

    edges: the nodes of the inputs that need cotangents, in order; nrs: which of those nodes' outputs the
    inputs were, None if all were output 0.
    saved: the residuals, ready for the pullback; owners: the variables that they came from (a list, the
    version counter, for the node's own output; a tuple for a list of variables), None if no residual is an
    array; versions: the owners' versions then, None if all were 0.
    """

    __slots__ = ("__weakref__", "edges", "hooks", "nrs", "owners", "pullback", "saved", "seq", "versions")

    outputs = 1
    face: type[Variable] = Variable
    op: Any = None  # the Op that the node's class stands for

    def __init__(
        self,
        pullback: Pullback | None,
        edges: tuple[Node | None, ...],
        nrs: tuple[int, ...] | None,
        saved: tuple[Any, ...] | None,
        owners: tuple[Any, ...] | None,
        versions: tuple[int, ...] | None,
    ) -> None:
        self.pullback = pullback
        self.edges = edges
        self.nrs = nrs
        self.saved = saved
        self.owners = owners
        self.versions = versions
        self.hooks: Hooks | None = None
        self.seq = next_number()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} object at {id(self):#x}>"

    # What users call ------------------------------------------------------------------------------

    def name(self) -> str:
        """The operation's name, as PyTorch spells it."""
        return type(self).__name__

    @property
    def metadata(self) -> dict[Any, Any]:
        """A dictionary for whatever the user wants to keep with the node."""
        return self.own_hooks().metadata

    @property
    def next_functions(self) -> tuple[tuple[Node | None, int], ...]:
        """(node, output number) for each differentiable input, (None, 0) where no cotangent is needed."""
        nrs = self.nrs or (0,) * len(self.edges)
        needed = iter(zip(self.edges, nrs, strict=True))
        mask = self.input_mask()
        return tuple(next(needed) if need else (None, 0) for need in mask)

    def input_mask(self) -> tuple[bool, ...]:
        """Which differentiable inputs the edges stand for."""
        if self.op is None or self.pullback is None or self.op.takes_list:
            return (True,) * len(self.edges)
        return self.pullback.needs[: self.op.inputs]

    def register_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """`hook(grad_inputs, grad_outputs)` runs after the node; what it returns replaces `grad_inputs`."""
        return RemovableHandle(self.own_hooks().post, hook)

    def register_prehook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """`hook(grad_outputs)` runs before the node; what it returns replaces them."""
        return RemovableHandle(self.own_hooks().pre, hook)

    def own_hooks(self) -> Hooks:
        if self.hooks is None:
            self.hooks = Hooks()
        return self.hooks

    def __call__(self, *gs: Any) -> Any:
        """Pull cotangents (variables) back through this node alone."""
        expected = len(self.infos) if isinstance(self, MultiNode) else 1
        if len(gs) != expected:
            raise TypeError(f"{self.name()} expected {expected} arguments, got {len(gs)} instead")
        cotangents = self.pull(list(gs), differentiable=True)
        return cotangents[0] if len(cotangents) == 1 else tuple(cotangents)

    def pull(self, gs: list[Any], differentiable: bool) -> list[Any]:
        """The cotangents of the inputs, one for each edge, from those of the outputs."""
        assert self.pullback is not None
        if differentiable:
            cotangents = self.pullback.on_variables(self.whole(gs, differentiable), *self.variables())
        else:
            cotangents = self.pullback.on_arrays(self.whole(gs, differentiable), *self.arrays())
        return list(cotangents) if type(cotangents) is tuple else [cotangents]

    def whole(self, gs: list[Any], differentiable: bool) -> Any:
        """What the pullback takes for `g`."""
        return gs[0]

    # Residuals --------------------------------------------------------------------------------------

    def arrays(self) -> tuple[Any, ...]:
        """The residuals as the pullback takes them, packed ones unpacked; RuntimeError if they were freed."""
        if self.saved is None:
            raise RuntimeError(FREED)
        self.check_versions()
        if self.hooks is None or not self.hooks.packed:
            return self.saved
        return tuple([self._unpacked(kept) for kept in self.saved])

    def _unpacked(self, kept: Any) -> Any:
        if isinstance(kept, Packed):
            return kept.unpack(self)._data
        if isinstance(kept, list) and any(isinstance(item, Packed | list) for item in kept):
            return [self._unpacked(item) for item in kept]
        return kept

    def variables(self) -> tuple[Any, ...]:
        """The residuals with variables in the place of arrays: what is differentiated again."""
        if self.saved is None:
            raise RuntimeError(FREED)
        if self.owners is None:
            return self.saved
        if self.seq < writes.last:
            self.check_versions()
        face = self.face
        for owner in self.owners:
            if not isinstance(owner, face):
                break
        else:
            return self.owners
        return tuple(
            [
                owner if isinstance(owner, Variable) else self._variable(kept, owner)
                for kept, owner in zip(self.saved, self.owners, strict=True)
            ]
        )

    def variable_at(self, index: int) -> Any:
        """One residual as `variables` gives it; the others are left packed."""
        if self.saved is None:
            raise RuntimeError(FREED)
        return self._variable(self.saved[index], None if self.owners is None else self.owners[index])

    def _variable(self, kept: Any, owner: Any) -> Any:
        if isinstance(kept, Packed):
            return kept.unpack(self)
        if owner is None or isinstance(owner, Variable):
            return kept if owner is None else owner
        if isinstance(owner, list):
            return self._own_output(kept, owner)
        return [
            o if isinstance(o, Variable) else self._variable(k, o) for k, o in zip(kept, owner, strict=True)
        ]

    def _own_output(self, kept: Any, counter: list[int]) -> Any:
        """The result again: another object on the same memory, at the same place in the graph."""
        if isinstance(kept, tuple | list):
            items = [self._own_output_at(nr, item, counter) for nr, item in enumerate(kept)]
            return type(kept)(*items) if hasattr(kept, "_fields") else tuple(items)
        return self._own_output_at(0, kept, counter)

    def _own_output_at(self, nr: int, data: Any, counter: list[int]) -> Any:
        out = result(self.face, data, self, nr) if data.dtype.kind in "fc" else wrap(self.face, data)
        out._counter = counter
        self._restore_tangent(out, nr)
        return out

    def _restore_tangent(self, out: Variable, nr: int) -> None:
        if self.hooks is not None and nr in self.hooks.tangents:
            out._own_meta().tangent = self.hooks.tangents[nr]

    def check_versions(self) -> None:
        """RuntimeError if a residual was written to since."""
        if self.owners is None or self.seq > writes.last:
            return
        versions = self.versions or (0,) * len(self.owners)
        for owner, expected in zip(self.owners, versions, strict=True):
            for one, then in _pairs(owner, expected):
                now = one[0] if isinstance(one, list) else one._counter[0]
                if now != then:
                    raise RuntimeError(modified(self, one, now, then))

    def free(self) -> None:
        """Drop the residuals, if any of them is an array."""
        if self.owners is not None:
            self.saved = None
            self.owners = None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_raw_saved_"):
            return RawSaved(self, self._residual_index(name.removeprefix("_raw_saved_")))
        if name.startswith("_saved_"):
            return self._saved(name.removeprefix("_saved_"))
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def _saved(self, name: str) -> Any:
        if self.saved is None:
            raise RuntimeError(FREED)
        index = self._residual_index(name, missing=name in ("self", "other", "result"))
        self.check_versions()
        return None if index is None else self.variable_at(index)

    def _residual_index(self, name: str, missing: bool = False) -> Any:
        if self.pullback is not None and self.op is not None:
            for index, residual in enumerate(self.pullback.residuals):
                if residual.of is None and self.op.saved_name(residual.position) == name:
                    return index
            if missing:
                return None
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '_saved_{name}'")


class AccumulateGrad(Node):
    """Where a cotangent meets its leaf: it is added to `variable.grad`."""

    __slots__ = ("variable",)

    def __init__(self, variable: Variable) -> None:
        self.pullback = self.nrs = self.owners = self.versions = self.hooks = None
        self.edges = self.saved = ()
        self.seq = next_number()
        self.variable = variable


class MultiNode(Node):
    """An operation with several results; `infos` holds each one's shape and dtype."""

    __slots__ = ("infos",)

    outputs = 2  # more than one

    infos: list[Any]  # None where a custom function returned no tensor

    def whole(self, gs: list[Any], differentiable: bool) -> Any:
        """All cotangents: zeros for the outputs that none came for."""
        filled = []
        for g, (shape, dtype) in zip(gs, self.infos, strict=True):
            zeros = np.zeros(shape, dtype) if g is None else g
            filled.append(wrap(self.face, zeros) if differentiable and g is None else zeros)
        return tuple(filled)


def edge(variable: Variable) -> Node:
    """The node that receives the cotangent of a variable that requires grad."""
    if variable._view is not None:
        refresh(variable)
    if variable._node is not None:
        return variable._node
    meta = variable._meta
    if meta is not None and meta.accumulator is not None:
        node = meta.accumulator()
        if node is not None:
            return node
    return accumulator(variable)


def accumulator(variable: Variable) -> Node:
    """The leaf's AccumulateGrad: the same object as long as a graph holds it."""
    meta = variable._own_meta()
    node = meta.accumulator() if meta.accumulator is not None else None
    if node is None:
        node = AccumulateGrad(variable)
        meta.accumulator = weakref.ref(node)
    return node


def needs_grad(variable: Variable) -> bool:
    """Whether operations on a variable are recorded; a view notices that its base has come to need it."""
    if not variable._needs and variable._view is not None:
        refresh(variable)
    return variable._needs


def refresh(variable: Variable) -> None:
    """Bring a view's node up to date with its base (`graph.views` knows how)."""
    view = variable._view
    assert view is not None
    if view.version != view.base._counter[0]:
        for bring_up_to_date in refreshers:
            bring_up_to_date(variable)


refreshers: list[Callable[[Variable], None]] = []


class RawSaved:
    """A residual before it is unpacked; `register_hooks(pack, unpack)` packs it."""

    def __init__(self, node: Node, index: int) -> None:
        self._node = node
        self._index = index

    def register_hooks(self, pack: Callable[..., Any], unpack: Callable[..., Any]) -> None:
        node = self._node
        if node.saved is None:
            raise RuntimeError(FREED)
        if isinstance(node.saved[self._index], Packed):
            raise RuntimeError(
                "Calling register_hooks on a saved tensor whose hooks have already been set. Hint: only one "
                "pair of hooks is allowed at a time."
            )
        variable = node.variable_at(self._index)
        if not isinstance(variable, Variable):
            raise RuntimeError("Can't register hooks on a saved value that is None or not a Tensor.")
        pack_residual(node, self._index, variable, pack, unpack)


def pack_residual(node: Node, index: int, variable: Any, pack: Any, unpack: Any) -> None:
    """Put the packed form of one residual (a variable, or a list of them) in its place."""
    assert node.saved is not None
    assert node.owners is not None
    kept, owner, version = _packed(node, node.saved[index], variable, pack, unpack)
    node.saved = (*node.saved[:index], kept, *node.saved[index + 1 :])
    node.owners = (*node.owners[:index], owner, *node.owners[index + 1 :])
    versions = node.versions or (0,) * len(node.saved)
    node.versions = (*versions[:index], version, *versions[index + 1 :])
    node.own_hooks().packed = True


def _packed(node: Node, kept: Any, variable: Any, pack: Any, unpack: Any) -> tuple[Any, Any, Any]:
    """What is saved, its owner and its version, once `variable` went through the pack hook."""
    if isinstance(variable, tuple | list):
        parts = [_packed(node, k, v, pack, unpack) for k, v in zip(kept, variable, strict=True)]
        return [part[0] for part in parts], tuple([part[1] for part in parts]), tuple([p[2] for p in parts])
    if not isinstance(variable, Variable):
        return kept, None, 0
    target = edge(variable) if variable._needs else None
    packed = Packed(variable, None if target is node else target, pack, unpack)
    return packed, packed, packed.version


def _pairs(owner: Any, expected: Any) -> Iterator[tuple[Any, int]]:
    """Each thing that has a version, with the version expected."""
    if owner is None:
        return
    if isinstance(owner, tuple):
        for one, then in zip(owner, expected or (0,) * len(owner), strict=True):
            yield from _pairs(one, then)
    else:
        yield owner, expected


def version_of(owner: Any) -> Any:
    """The version of a residual's owner as it is saved; RuntimeError for inference tensors."""
    if owner is None:
        return 0
    if isinstance(owner, tuple):
        return tuple(version_of(one) for one in owner)
    if isinstance(owner, list):
        return owner[0]
    if owner._counter is INFERENCE:
        raise RuntimeError(SAVED_INFERENCE)
    return owner._counter[0]


def operation_name(node: Node) -> str:
    """A node's name without "Backward0": what messages call the operation."""
    return node.name().rstrip("0123456789").removesuffix("Backward")


def modified(node: Any, owner: Any, version: int, expected: int) -> str:
    """What to say where a residual was written to."""
    if isinstance(owner, Variable):
        data, made_by, nr = owner._data, owner._node, owner._nr
    else:
        assert node.saved is not None
        assert node.owners is not None
        data = next(kept for kept, one in zip(node.saved, node.owners, strict=True) if one is owner)
        made_by, nr = node, getattr(owner, "nr", 0)
    what = f"[{type_name(data)} {list(data.shape)}]" if hasattr(data, "dtype") else "a saved value"
    origin = f", which is output {nr} of {operation_name(made_by)}," if made_by is not None else ""
    return (
        "one of the variables needed for gradient computation has been modified by an inplace operation: "
        f"{what}{origin} is at version {version}; expected version {expected} instead. Hint: enable anomaly "
        "detection to find the operation that failed to compute its gradient, with "
        "torch.autograd.set_detect_anomaly(True, check_nan=False)."
    )
