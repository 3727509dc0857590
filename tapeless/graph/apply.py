"""Running an operation on variables: compute at once, and record what its pullback will need."""

from __future__ import annotations

import functools
import threading
import traceback
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from tapeless.errors import MissingRuleError
from tapeless.graph.modes import Mode, current
from tapeless.graph.node import MultiNode, Node, edge, pack_residual, version_of
from tapeless.graph.variable import INFERENCE, Variable, result, wrap
from tapeless.rules import table
from tapeless.rules.pullback import OUT, Pullback, Residual, cotangent_count, pullback
from tapeless.rules.table import Rule


class Op:
    """An operation of the graph: a rule under the name that its nodes carry, for one face.

    `compute` replaces the rule's function where a quicker equal exists (`x * y` for np.multiply(x, y)); `saved`
    names the residuals for `_saved_*`; `views`: the result may share its input's memory.
    """

    def __init__(
        self,
        rule: Rule,
        face: type[Variable],
        name: str | None = None,
        *,
        compute: Callable[..., Any] | None = None,
        saved: tuple[str, ...] | None = None,
        views: bool = False,
    ) -> None:
        self.rule = rule
        self.face = face
        self.name = name or "".join(part.title() for part in rule.name.split("_"))
        self.compute = compute or _call(rule)
        self.views = views
        self.takes_list = bool(rule.lists)
        self._saved = saved

    def __repr__(self) -> str:
        return f"Op({self.name})"

    @functools.cached_property
    def inputs(self) -> int:
        """How many of the leading parameters are differentiable."""
        return cotangent_count(self.rule)

    @functools.cached_property
    def node_class(self) -> type[Node]:
        return self._make(Node)

    @functools.cached_property
    def multi_class(self) -> type[MultiNode]:
        return self._make(MultiNode)

    def _make(self, base: type[Any]) -> type[Any]:
        stem = self.name.rstrip("0123456789")
        number = self.name[len(stem) :] or "0"
        full = self.name if "Backward" in self.name else f"{stem}Backward{number}"
        return type(full, (base,), {"__slots__": (), "op": self, "face": self.face, "__module__": "tapeless.graph"})

    def saved_name(self, position: int) -> str:
        """What the residual at `position` is called after `_saved_`."""
        if position == OUT:
            return "result"
        if self._saved is not None:
            return self._saved[position]
        if self.rule.kind == "elementwise" and position < 2:
            return ("self", "other")[position]
        return "self" if position == 0 else self.rule.params[position]


def _call(rule: Rule) -> Callable[..., Any]:
    if rule.star is None and not rule.defaults:
        return rule.function
    return lambda *values: rule.call(values)


_ops: dict[tuple[Rule, type[Variable]], Op] = {}
_lock = threading.Lock()


def op_of(function: Callable[..., Any], face: type[Variable]) -> Op:
    """The operation of a function of the table, under its default name; MissingRuleError if it has no rule."""
    rule = table.lookup(function)
    op = _ops.get((rule, face))
    if op is None:
        with _lock:
            op = _ops.setdefault((rule, face), Op(rule, face, views=rule.function in VIEWS))
    return op


VIEWS: set[Any] = set()
"""Functions whose result may be a view of their first argument."""


# The general road -------------------------------------------------------------------------------------


def apply(op: Op, values: tuple[Any, ...]) -> Any:
    """Run `op` on bound values, variables among them (also in lists), in whatever mode."""
    mode = current()
    raw = tuple([_raw(value) for value in values])
    if op.views and isinstance(values[0], Variable):
        raw = (values[0]._array(), *raw[1:])
    computed = op.compute(*raw)
    needs = ()
    if mode.grad and op.rule.kind != "constant":
        needs = tuple([_needs(value) for value in values])
    recorded = True in needs and _is_differentiable(computed)
    out = record(op, values, raw, computed, needs, mode) if recorded else plain(op.face, computed, mode)
    if op.views and isinstance(values[0], Variable):
        for track in _view_trackers:
            track(op, values, out, mode)
    if mode.dual_level is not None or mode.tapes:
        for listen in _listeners:
            listen(op, values, out, mode)
    return out


_view_trackers: list[Callable[[Op, tuple[Any, ...], Any, Mode], None]] = []
"""`graph.views`: a result that shares memory with its input must know it."""

_listeners: list[Callable[[Op, tuple[Any, ...], Any, Mode], None]] = []
"""Who else wants to know of an operation when the mode says so: forward mode, tapes."""


def plain(face: type[Variable], computed: Any, mode: Mode) -> Any:
    """Results that are not recorded."""
    if isinstance(computed, tuple | list):
        return repack(computed, [plain(face, item, mode) for item in computed])
    if not isinstance(computed, np.ndarray | np.generic):
        return computed
    out = wrap(face, computed)
    if mode.inference:
        out._counter = INFERENCE
    return out


def record(
    op: Op, values: tuple[Any, ...], raw: tuple[Any, ...], computed: Any, needs: tuple[bool, ...], mode: Mode
) -> Any:
    """The results, and the node that pulls their cotangents back."""
    counter = [0]
    node = make_node(op, values, raw, computed, needs, counter)
    if isinstance(computed, tuple | list):
        assert isinstance(node, MultiNode)
        arrays = [np.asarray(item) for item in computed]
        node.infos = [(item.shape, item.dtype) for item in arrays]
        out = repack(computed, [_output(op.face, item, node, nr, counter) for nr, item in enumerate(computed)])
    else:
        out = _output(op.face, computed, node, 0, counter)
    finish(node, mode)
    return out


def _output(face: type[Variable], data: Any, node: Node, nr: int, counter: list[int]) -> Any:
    differentiable = data.dtype.kind in "fc"
    out = result(face, data, node, nr) if differentiable else wrap(face, data)
    if node.outputs == 1 or node.owners is not None:
        out._counter = counter
    return out


def make_node(
    op: Op, values: tuple[Any, ...], raw: tuple[Any, ...], computed: Any, needs: tuple[bool, ...], counter: list[int]
) -> Node:
    """The node of a call whose inputs in `needs` require grad."""
    cut = pullback(op.rule, _supported(op, needs), _must_fit(op, raw, computed))
    edges, nrs = _edges(values, needs)
    owners: tuple[Any, ...] | None = tuple([_owner(values, residual, counter) for residual in cut.residuals])
    versions = None
    if any(owner is not None for owner in owners):
        versions = tuple([version_of(owner) for owner in owners])
        versions = versions if any(versions) else None
    else:
        owners = None
    kind = op.multi_class if isinstance(computed, tuple | list) else op.node_class
    kept = cut.keep(raw, computed)
    return kind(_adapted(op, cut, raw, computed), edges, nrs, kept, owners, versions)


class Adapted:
    """A pullback in the face's convention: conjugated for complex numbers, lists of cotangents made flat."""

    def __init__(self, cut: Pullback, conjugate: bool, flat: bool) -> None:
        self.residuals = cut.residuals
        self.needs = cut.needs
        self.on_arrays = functools.partial(_adapt, cut.on_arrays, conjugate, flat)
        self._cut = cut
        self._how = (conjugate, flat)

    @functools.cached_property
    def on_variables(self) -> Callable[..., Any]:
        return functools.partial(_adapt, self._cut.on_variables, *self._how)


def _adapted(op: Op, cut: Pullback, raw: tuple[Any, ...], computed: Any) -> Any:
    conjugate = op.face._conjugates and any([_is_complex(leaf) for leaf in (*_leaves(raw), *_leaves(computed))])
    flat = bool(op.rule.lists)
    return Adapted(cut, conjugate, flat) if conjugate or flat else cut


def _adapt(run: Callable[..., Any], conjugate: bool, flat: bool, g: Any, *residuals: Any) -> Any:
    found = run(_conjugate(g) if conjugate else g, *residuals)
    if flat:
        found = tuple(_leaves(found))
    return _conjugate(found) if conjugate else found


def _conjugate(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return tuple([_conjugate(item) for item in value])
    return np.conjugate(value) if _is_complex(value) else value


def _is_complex(value: Any) -> bool:
    data = value._data if isinstance(value, Variable) else value
    return isinstance(data, np.ndarray | np.generic) and data.dtype.kind == "c"


def finish(node: Node, mode: Mode) -> None:
    """What the mode adds to a new node: the traceback for anomaly mode, packed residuals."""
    if mode.anomaly:
        node.own_hooks().trace = "".join(traceback.format_stack(limit=20)[:-3])
    if mode.saved_hooks is not None and node.owners is not None:
        pack, unpack = mode.saved_hooks
        for index, owner in enumerate(node.owners):
            if owner is not None and not isinstance(owner, tuple):
                variable = node.variables()[index] if isinstance(owner, list) else owner
                pack_residual(node, index, variable, pack, unpack)
    if mode.mutation is not None and node.owners is not None:
        mode.mutation.watch(node)


def _raw(value: Any) -> Any:
    if isinstance(value, Variable):
        return value._data
    if isinstance(value, tuple | list) and any(isinstance(item, Variable | tuple | list) for item in value):
        return type(value)([_raw(item) for item in value])
    return value


def _needs(value: Any) -> bool:
    if isinstance(value, Variable):
        return value._needs
    return isinstance(value, tuple | list) and any([_needs(item) for item in value])


def repack(like: Any, items: list[Any]) -> Any:
    return type(like)(*items) if hasattr(like, "_fields") else type(like)(items)


def _is_differentiable(computed: Any) -> bool:
    if isinstance(computed, tuple | list):
        return any([_is_differentiable(item) for item in computed])
    return isinstance(computed, np.ndarray | np.generic) and computed.dtype.kind in "fc"


def _supported(op: Op, needs: tuple[bool, ...]) -> tuple[bool, ...]:
    if True in needs[op.inputs :]:
        _refuse(op, needs.index(True, op.inputs))
    return needs


def _refuse(op: Op, position: int) -> NoReturn:
    raise MissingRuleError(f"no derivative rule for {op.rule.name} (argument {op.rule.params[position]!r})")


def _must_fit(op: Op, raw: tuple[Any, ...], computed: Any) -> bool:
    """Whether a cotangent may come out in another shape or dtype than its input's."""
    out = computed[0] if isinstance(computed, tuple | list) else computed
    dtype = out.dtype
    if dtype.kind == "c":
        return True
    elementwise = op.rule.kind == "elementwise"
    for value in raw[: op.inputs]:
        if isinstance(value, np.ndarray | np.generic):
            if value.dtype != dtype or (elementwise and value.shape != out.shape):
                return True
        elif elementwise and np.shape(value) != ():
            return True
    return False


def _edges(values: tuple[Any, ...], needs: tuple[bool, ...]) -> tuple[tuple[Node | None, ...], tuple[int, ...] | None]:
    sources: list[Variable | None] = []
    for value, needed in zip(values, needs, strict=True):
        if needed and isinstance(value, Variable):
            sources.append(value)
        elif needed:
            sources.extend([leaf if isinstance(leaf, Variable) and leaf._needs else None for leaf in _leaves(value)])
    edges = tuple([None if source is None else edge(source) for source in sources])
    if any([source is not None and source._nr for source in sources]):
        return edges, tuple([0 if source is None else source._nr for source in sources])
    return edges, None


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, tuple | list):
        return [leaf for item in value for leaf in _leaves(item)]
    return [value]


def _owner(values: tuple[Any, ...], residual: Residual, counter: list[int]) -> Any:
    if residual.of is not None:
        return None
    if residual.position == OUT:
        return counter
    return _owners(values[residual.position])


def _owners(value: Any) -> Any:
    if isinstance(value, Variable):
        return value
    if isinstance(value, tuple | list):
        inner = tuple([_owners(item) for item in value])
        return inner if any(item is not None for item in inner) else None
    return None
