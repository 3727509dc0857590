"""Running an operation on variables: compute at once, and record what its pullback will need."""

from __future__ import annotations

import functools
import threading
import traceback
from collections.abc import Callable
from typing import Any

import numpy as np

from tapeless.errors import MissingRuleError
from tapeless.graph.keeping import apart, remember
from tapeless.graph.messages import SAVED_INFERENCE
from tapeless.graph.modes import NO_GRAD, NORMAL, Mode, current
from tapeless.graph.node import MultiNode, Node, edge, needs_grad, next_number, pack_residual, version_of
from tapeless.graph.variable import INFERENCE, Variable, new, result, wrap
from tapeless.rules import table
from tapeless.rules.pullback import BROADCAST, CAST, EXACT, OUT, Pullback, cotangent_count, pullback, read
from tapeless.rules.table import Rule


class Op:
    """An operation of the graph: a rule under the name that its nodes carry, for one face.

    `compute` replaces the rule's function where a quicker equal exists (`x * y` for np.multiply(x, y));
    `saved` names the residuals for `_saved_*`; `views`: the result may share its input's memory.
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
        self.is_simple = not (views or self.takes_list or face._keeps_old or rule.kind == "constant")
        self.plans: dict[Any, Plan] = {}
        self.lone_plan: Plan | None = None
        self._saved = saved

    def __repr__(self) -> str:
        return f"Op({self.name})"

    @functools.cached_property
    def inputs(self) -> int:
        """How many of the leading parameters are differentiable."""
        return cotangent_count(self.rule)

    @functools.cached_property
    def is_lone(self) -> bool:
        """One array input, whose cotangent comes out as it is: every call shares one plan."""
        return self.inputs == 1 and self.rule.kind != "elementwise"

    def make_lone_plan(self, needs: tuple[bool, ...]) -> Plan:
        self.lone_plan = Plan(self, needs, (EXACT,) * len(needs), False)
        return self.lone_plan

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
        return type(
            full, (base,), {"__slots__": (), "op": self, "face": self.face, "__module__": "tapeless.graph"}
        )

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
        return table.on_arrays(rule.function)
    return lambda *values: rule.call(values)


_ops: dict[tuple[Rule, type[Variable]], Op] = {}
_lock = threading.Lock()


def op_of(function: Callable[..., Any], face: type[Variable]) -> Op:
    """The operation of a function of the table, under its default name; MissingRuleError without a rule."""
    rule = table.lookup(function)
    op = _ops.get((rule, face))
    if op is None:
        with _lock:
            op = _ops.setdefault((rule, face), Op(rule, face, views=rule.function in VIEWS))
    return op


VIEWS: set[Any] = set()
"""Functions whose result may be a view of their first argument."""


LISTS = (tuple, list)

# The general road -------------------------------------------------------------------------------------


def apply(op: Op, values: tuple[Any, ...]) -> Any:
    """Run `op` on bound values, variables among them (also in lists), in whatever mode."""
    mode = current()
    if op.is_simple and (mode is NORMAL or mode is NO_GRAD):
        return _apply_simple(op, values, mode)
    return _apply_general(op, values, mode)


def _apply_simple(op: Op, values: tuple[Any, ...], mode: Mode) -> Any:
    """One result, and variables only among the first values: no lists, views, nor modes to think of."""
    raw = tuple([v._data if isinstance(v, Variable) else v for v in values])
    computed = op.compute(*raw)
    if not isinstance(computed, np.ndarray | np.generic):
        return _settle(op, values, raw, computed, mode)
    if computed.base is not None or computed is raw[0]:
        computed = _apart(computed, raw)
    if mode is NORMAL:
        needs = tuple([isinstance(v, Variable) and needs_grad(v) for v in values])
        if True in needs and computed.dtype.kind in "fc":
            counter = [0]
            dtype = computed.dtype
            if (
                op.is_lone
                and needs[0]
                and raw[0].dtype is dtype
                and dtype.kind == "f"
                and True not in needs[1:]
            ):
                plan = op.lone_plan or op.make_lone_plan(needs)
                node = _node_of(op, plan, values, raw, computed, counter)
            else:
                node = make_node(op, values, raw, computed, needs, counter)
            out = result(op.face, computed, node)
            out._counter = counter
            return out
    return wrap(op.face, computed)


def _apply_general(op: Op, values: tuple[Any, ...], mode: Mode) -> Any:
    lists = LISTS if op.takes_list else ()
    raw = tuple([v._data if isinstance(v, Variable) else _raw(v) if type(v) in lists else v for v in values])
    if op.views and isinstance(values[0], Variable):
        raw = (values[0]._array(), *raw[1:])
    computed = op.compute(*raw)
    if not op.views and isinstance(computed, np.ndarray):
        computed = _apart(computed, raw)
    out = _settle(op, values, raw, computed, mode)
    if op.views and isinstance(values[0], Variable):
        for track in _view_trackers:
            track(op, values, out, mode)
    if mode.dual_level is not None or mode.tapes:
        for listen in _listeners:
            listen(op, values, out, mode)
    return out


def _apart(computed: Any, raw: tuple[Any, ...]) -> Any:
    """The result on memory of its own: nobody would know that a write to the input is one to this result."""
    if any([isinstance(one, np.ndarray) and np.may_share_memory(computed, one) for one in raw]):
        return computed.copy()
    return computed


def _settle(op: Op, values: tuple[Any, ...], raw: tuple[Any, ...], computed: Any, mode: Mode) -> Any:
    """The results as variables, recorded if the mode and the inputs ask for it."""
    if mode.records and op.rule.kind != "constant":
        lists = LISTS if op.takes_list else ()
        needs = tuple(
            [needs_grad(v) if isinstance(v, Variable) else type(v) in lists and _needs(v) for v in values]
        )
        if True in needs and _is_differentiable(computed):
            return record(op, values, raw, computed, needs, mode)
    return plain(op.face, computed, mode)


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
    if node.outputs == 1:
        out = _output(op.face, computed, node, 0, counter)
    else:
        assert isinstance(node, MultiNode)
        arrays = [np.asarray(item) for item in computed]
        node.infos = [(item.shape, item.dtype) for item in arrays]
        out = repack(
            computed, [_output(op.face, item, node, nr, counter) for nr, item in enumerate(computed)]
        )
    if mode is not NORMAL:
        finish(node, mode)
    return out


def _output(face: type[Variable], data: Any, node: Node, nr: int, counter: list[int]) -> Any:
    differentiable = data.dtype.kind in "fc"
    out = result(face, data, node, nr) if differentiable else wrap(face, data)
    if node.outputs == 1 or node.owners is not None:
        out._counter = counter
    return out


class Plan:
    """What calls of an operation with the same needs have in common: the pullback and what it reads."""

    __slots__ = ("cut", "edges", "kept")

    def __init__(self, op: Op, needs: tuple[bool, ...], fits: tuple[int, ...], conjugate: bool) -> None:
        if True in needs[op.inputs :]:
            position = needs.index(True, op.inputs)
            raise MissingRuleError(
                f"no derivative rule for {op.rule.name} (argument {op.rule.params[position]!r})"
            )
        cut = pullback(op.rule, needs, fits)
        self.cut: Any = Adapted(cut, conjugate, op.takes_list) if conjugate or op.takes_list else cut
        self.kept = tuple((residual.position, residual.of) for residual in cut.residuals)
        self.edges = tuple(position for position, needed in enumerate(needs) if needed)


def make_node(
    op: Op,
    values: tuple[Any, ...],
    raw: tuple[Any, ...],
    computed: Any,
    needs: tuple[bool, ...],
    counter: list[int],
) -> Node:
    """The node of a call whose inputs in `needs` require grad."""
    key = (needs, *_how_to_fit(op, raw, computed, needs))
    plan = op.plans.get(key)
    if plan is None:
        plan = op.plans[key] = Plan(op, *key)
    return _node_of(op, plan, values, raw, computed, counter)


def _node_of(
    op: Op, plan: Plan, values: tuple[Any, ...], raw: tuple[Any, ...], computed: Any, counter: list[int]
) -> Node:
    saved, owners, versions = [], [], []
    is_owned = is_old = False
    for position, of in plan.kept:
        owner: Any = None
        version: Any = 0
        if of is not None:
            saved.append(read(of, computed if position == OUT else raw[position]))
        elif position == OUT:
            saved.append(computed)
            owner, version = counter, counter[0]
        else:
            owner = values[position]
            if isinstance(owner, Variable):
                saved.append(raw[position])
                version = owner._counter[0]
                if version < 0:
                    raise RuntimeError(SAVED_INFERENCE)
            else:
                owner = _owner(owner) if type(owner) in LISTS else None
                saved.append(apart(raw[position], owner))
                version = 0 if owner is None else version_of(owner)
        owners.append(owner)
        versions.append(version)
        is_owned = is_owned or owner is not None
        is_old = is_old or bool(version)
    node = new(op.multi_class if isinstance(computed, tuple | list) else op.node_class)
    node.pullback = plan.cut
    node.edges, node.nrs = _edges(values, plan.edges)
    node.saved = tuple(saved)
    node.owners = tuple(owners) if is_owned else None
    node.versions = tuple(versions) if is_old else None
    node.hooks = None
    node.seq = next_number()
    if op.face._keeps_old and saved:
        remember(node)
    return node


def _how_to_fit(
    op: Op, raw: tuple[Any, ...], computed: Any, needs: tuple[bool, ...]
) -> tuple[tuple[int, ...], bool]:
    """What is left to do with each cotangent (see `pullback`), and whether they must be conjugated."""
    out = computed[0] if isinstance(computed, tuple | list) else computed
    dtype, shape = out.dtype, out.shape
    elementwise = op.rule.kind == "elementwise"
    cast = dtype.kind == "c"
    stretched = []
    for value in raw[: op.inputs]:
        if isinstance(value, np.ndarray | np.generic):
            cast = cast or (value.dtype is not dtype and value.dtype != dtype)
            stretched.append(elementwise and value.shape != shape)
        else:
            stretched.append(False)
            if op.takes_list and isinstance(value, tuple | list):
                cast = cast or any([_is_complex(leaf) for leaf in _leaves(value)])
    if cast:
        conjugate = op.face._conjugates and any([_is_complex(v) for v in (*_leaves(raw), *_leaves(computed))])
        return (CAST,) * len(needs), conjugate
    fits = [BROADCAST if needed and far else EXACT for needed, far in zip(needs, stretched, strict=False)]
    return (*fits, *((EXACT,) * (len(needs) - len(fits)))), False


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
            if owner is not None:
                variable = owner if isinstance(owner, Variable) else node.variable_at(index)
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
        return needs_grad(value)
    return isinstance(value, tuple | list) and any([_needs(item) for item in value])


def repack(like: Any, items: list[Any]) -> Any:
    return type(like)(*items) if hasattr(like, "_fields") else type(like)(items)


def _is_differentiable(computed: Any) -> bool:
    if isinstance(computed, tuple | list):
        return any([_is_differentiable(item) for item in computed])
    return isinstance(computed, np.ndarray | np.generic) and computed.dtype.kind in "fc"


def _edges(
    values: tuple[Any, ...], needed: tuple[int, ...]
) -> tuple[tuple[Node | None, ...], tuple[int, ...] | None]:
    edges: list[Node | None] = []
    nrs: list[int] = []
    for position in needed:
        value = values[position]
        for source in (value,) if isinstance(value, Variable) else _leaves(value):
            if isinstance(source, Variable) and source._needs:
                node = source._node
                edges.append(edge(source) if node is None or source._view is not None else node)
                nrs.append(source._nr)
            else:
                edges.append(None)
                nrs.append(0)
    return tuple(edges), tuple(nrs) if any(nrs) else None


def _leaves(value: Any) -> list[Any]:
    if isinstance(value, tuple | list):
        return [leaf for item in value for leaf in _leaves(item)]
    return [value]


def _owner(value: Any) -> Any:
    if isinstance(value, Variable):
        return value
    if isinstance(value, tuple | list):
        inner = tuple([_owner(item) for item in value])
        return inner if any([item is not None for item in inner]) else None
    return None
