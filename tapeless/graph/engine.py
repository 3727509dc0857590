"""The backward pass: nodes by descending sequence number, cotangents added up, residuals freed on the way.

Every consumer of a node was recorded after it, so the youngest pending node has received all that it will.
No recursion and no pass over the graph beforehand, unless only some inputs are asked for.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Sequence
from contextvars import ContextVar, copy_context
from heapq import heappop, heappush
from sys import getrefcount
from typing import Any

import numpy as np

from tapeless.graph import modes
from tapeless.graph.messages import FREED, type_name
from tapeless.graph.node import AccumulateGrad, MultiNode, Node, next_number, writes
from tapeless.graph.variable import Variable, wrap

Root = tuple[Node, int, Any]  # node, output number, cotangent
_grad_lock = threading.RLock()
_running: ContextVar[Pass | None] = ContextVar("tapeless_pass", default=None)
current_pass = _running.get
NESTED = 30  # passes within passes that one thread's stack takes


def _alone() -> int:
    probe = np.empty(0)
    return getrefcount(probe)


ALONE = _alone()  # the count of an array that one local variable holds, and nothing else


class Pass:
    """One run.  `capture`, (node, output number) to None, is filled in; without it leaves accumulate."""

    def __init__(
        self,
        *,
        retain: bool,
        differentiable: bool,
        capture: dict[tuple[Node, int], Any] | None = None,
        only: set[Node] | None = None,
    ) -> None:
        self.retain = retain
        self.differentiable = differentiable
        self.capture = capture
        self.only = only  # leaves that may accumulate; None: all
        self.useful: dict[Node, bool] | None = None
        self.captured_nodes = {node for node, _ in capture} if capture else set()
        self.pending: dict[Node, Any] = {}
        self.heap: list[tuple[int, Node]] = []
        self.is_running = False
        self.depth = 0
        self.roots: list[Node] = []
        self.reached: set[Node] | None = None

    def run(self, roots: Sequence[Root]) -> None:
        """Run to the end; deep inside other passes (backward in a hook of backward) on a stack of its own."""
        outer = current_pass()
        self.depth = 0 if outer is None else outer.depth + 1
        if self.depth and self.depth % NESTED == 0:
            _on_another_stack(self._run, roots)
        else:
            self._run(roots)

    def _run(self, roots: Sequence[Root]) -> None:
        self.roots = [node for node, _, _ in roots]
        targets = self.captured_nodes if self.capture is not None else self.only
        if targets is not None:
            self.useful = _leading_to(targets, self.roots)
        before = modes.current()
        modes.restore(modes.with_grad(before, self.differentiable))
        if before.dual_level is not None:  # cotangents have tangents, which operations on variables compute
            self.differentiable = True
            roots = [(node, nr, self.lift(face_of(node), cotangent)) for node, nr, cotangent in roots]
        token = _running.set(self)
        self.is_running = True
        try:
            for node, nr, cotangent in roots:
                self.send(node, nr, cotangent)
            with np.errstate(all="ignore"):
                self.walk()
        finally:
            self.is_running = False
            _running.reset(token)
            modes.restore(modes.with_grad(modes.current(), before.grad))

    def will_reach(self, node: Node) -> bool:
        """Whether a cotangent comes to a node in this pass."""
        if self.useful is not None:
            return self.useful.get(node, False)
        if self.reached is None:
            self.reached = _reachable(self.roots)
        return node in self.reached

    def send(self, node: Node | None, nr: int, cotangent: Any) -> None:
        """Add a cotangent to what waits for a node's output."""
        if node is None or cotangent is None or (self.useful is not None and not self.useful.get(node)):
            return
        waiting = self.pending.get(node)
        if waiting is None:
            heappush(self.heap, (-node.seq, node))
        if node.outputs == 1:
            self.pending[node] = cotangent if waiting is None else waiting + cotangent
        else:
            slots = self.pending.setdefault(node, {})
            slots[nr] = cotangent if nr not in slots else slots[nr] + cotangent

    def walk(self) -> None:
        """Plain nodes here, without calls of our own; what has hooks or several outputs in `visit`."""
        heap, pending, useful = self.heap, self.pending, self.useful
        differentiable, retain = self.differentiable, self.retain
        watched = {node for node in self.captured_nodes if node.pullback is not None}
        quick = not modes.current().anomaly
        plain_leaves = quick and not differentiable and self.capture is None and self.only is None
        while heap:
            node = heappop(heap)[1]
            g = pending.pop(node)
            while True:
                pullback = node.pullback
                if (
                    pullback is None
                    or node.hooks is not None
                    or type(g) is dict  # several results
                    or (watched and node in watched)
                    or not quick
                ):
                    if plain_leaves and type(node) is AccumulateGrad and node.hooks is None:
                        meta = node.variable._own_meta()
                        if meta.grad is None and not meta.hooks and not meta.post_hooks:
                            cotangents = cotangent = None  # no second name for what the leaf may keep
                            is_ours = type(g) is np.ndarray and g.base is None and getrefcount(g) == ALONE
                            with _grad_lock:
                                if meta.grad is None:
                                    meta.grad = wrap(node.variable._face, g if is_ours else np.array(g))
                                    break
                    self.visit(node, g)
                    break
                saved = node.saved
                if saved is None:
                    raise RuntimeError(FREED)
                if differentiable:
                    if node.owners is not None:
                        saved = node.variables()
                    pull = pullback.on_variables
                else:
                    if node.seq < writes.last:
                        node.check_versions()
                    pull = pullback.on_arrays
                count = len(saved)  # a call that spreads its arguments takes twice as long
                if count == 2:
                    cotangents = pull(g, saved[0], saved[1])
                elif count == 1:
                    cotangents = pull(g, saved[0])
                else:
                    cotangents = pull(g, *saved)
                if not retain and node.owners is not None:
                    node.saved = node.owners = None
                if type(cotangents) is not tuple:
                    sole: Node = node.edges[0]  # pyright: ignore[reportAssignmentType]  (never None)
                    if (
                        node.nrs is None
                        and sole.outputs == 1
                        and (not heap or sole.seq > -heap[0][0])
                        and (useful is None or useful.get(sole))
                    ):
                        node, g = sole, cotangents  # nothing pending is younger: go on without the heap
                        continue
                    cotangents = (cotangents,)
                if node.nrs is not None:
                    for following, nr, cotangent in zip(node.edges, node.nrs, cotangents, strict=True):
                        self.send(following, nr, cotangent)
                    break
                youngest = None
                for following, cotangent in zip(node.edges, cotangents):  # noqa: B905  (a hot loop)
                    if following is None or (useful is not None and not useful.get(following)):
                        continue
                    if following is youngest:
                        g = g + cotangent
                        continue
                    waiting = pending.get(following)
                    if waiting is not None and type(waiting) is not dict:
                        pending[following] = waiting + cotangent
                    elif following.outputs != 1:
                        self.send(following, 0, cotangent)
                    elif youngest is None:
                        youngest, g = following, cotangent
                    elif following.seq > youngest.seq:
                        heappush(heap, (-youngest.seq, youngest))
                        pending[youngest] = g
                        youngest, g = following, cotangent
                    else:
                        heappush(heap, (-following.seq, following))
                        pending[following] = cotangent
                if youngest is None:
                    break
                if heap and youngest.seq < -heap[0][0]:
                    heappush(heap, (-youngest.seq, youngest))
                    pending[youngest] = g
                    break
                node = youngest

    # One node, with everything that may be attached to it -----------------------------------------------

    def visit(self, node: Node, g: Any) -> None:
        gs = [g.get(nr) for nr in range(len(node.infos))] if isinstance(node, MultiNode) else [g]
        gs = self.arrived(node, gs)
        if node in self.captured_nodes:
            self.keep(node, gs)
        if isinstance(node, AccumulateGrad):
            if self.capture is None and (self.only is None or node in self.only):
                gs = self.before(node, gs)
                self.accumulate(node.variable, gs[0])
                for hook in list(node.variable._own_meta().post_hooks.values()):
                    hook(node.variable)
                self.after(node, [], gs)
            return
        if self.useful is not None and not any(e is not None and self.useful.get(e) for e in node.edges):
            return
        gs = self.before(node, gs)
        cotangents = self.pull(node, gs)
        cotangents = self.after(node, cotangents, gs)
        if not self.retain:
            node.free()
        nrs = node.nrs or (0,) * len(node.edges)
        for following, nr, cotangent in zip(node.edges, nrs, cotangents, strict=True):
            self.send(following, nr, cotangent)

    def pull(self, node: Node, gs: list[Any]) -> list[Any]:
        """The cotangents of the node's inputs, one for each edge."""
        mode = modes.current()
        if not mode.anomaly:
            return node.pull(gs, self.differentiable)
        try:
            cotangents = node.pull(gs, self.differentiable)
            if mode.check_nan:
                _refuse_nan(node, cotangents)
        except Exception:
            _tell_origin(node)
            raise
        return cotangents

    def arrived(self, node: Node, gs: list[Any]) -> list[Any]:
        """Hooks of the tensors that the cotangents belong to, then the gradients that they retain."""
        if isinstance(node, AccumulateGrad) and node.variable._meta is not None and node.variable._meta.hooks:
            gs = [self.hooked(node.variable._face, gs[0], node.variable._meta.hooks)]
        hooks = node.hooks
        if hooks is None:
            return gs
        for nr, registry in hooks.tensor.items():
            if gs[nr] is not None:
                gs[nr] = self.hooked(node.face, gs[nr], registry)
        for nr, reference in hooks.retained.items():
            variable = reference()
            if variable is not None and gs[nr] is not None:
                meta = variable._own_meta()
                kept = self.lift(variable._face, gs[nr], copy=meta.grad is None)
                meta.grad = kept if meta.grad is None else meta.grad + kept
        return gs

    def before(self, node: Node, gs: list[Any]) -> list[Any]:
        """The node's prehooks, which may replace what comes in."""
        if node.hooks is None:
            return gs
        for hook in list(node.hooks.pre.values()):
            replaced = hook(tuple([self.lift(face_of(node), g) for g in gs]))
            if replaced is not None:
                gs = [self.lower(g) for g in _replaced(hook, replaced, gs)]
        return gs

    def after(self, node: Node, cotangents: list[Any], gs: list[Any]) -> list[Any]:
        """The node's hooks, which may replace what it sends on; None stands for inputs that need nothing."""
        if node.hooks is None or not node.hooks.post:
            return cotangents
        mask = node.input_mask()
        for hook in list(node.hooks.post.values()):
            needed = iter(cotangents)
            given = [self.lift(face_of(node), next(needed)) if need else None for need in mask]
            found = hook(tuple(given), tuple([self.lift(face_of(node), g) for g in gs]))
            if found is not None:
                replaced = _replaced(hook, found, given)
                if any(one is not None for one, need in zip(replaced, mask, strict=True) if not need):
                    raise RuntimeError("can't replace a None gradient with a non-None value")
                cotangents = [self.lower(c) for c, need in zip(replaced, mask, strict=True) if need]
        return cotangents

    def hooked(self, face: type[Variable], g: Any, registry: dict[int, Any]) -> Any:
        for hook in list(registry.values()):
            given = self.lift(face, g)
            replaced = hook(given)
            if replaced is not None:
                _check_replacement(hook, given, replaced)
                g = self.lower(replaced)
        return g

    def keep(self, node: Node, gs: list[Any]) -> None:
        """Store what `autograd.grad` asked for."""
        assert self.capture is not None
        for nr, g in enumerate(gs):
            if (node, nr) in self.capture and g is not None:
                self.capture[node, nr] = self.lift(face_of(node), g)

    def accumulate(self, variable: Variable, g: Any) -> None:
        """Add a cotangent to a leaf's `grad`: in place, unless the sum must be differentiable."""
        with _grad_lock:
            meta = variable._own_meta()
            if meta.grad is None:
                meta.grad = self.lift(variable._face, g, copy=True)
            elif self.differentiable or meta.grad._needs:
                meta.grad = meta.grad + self.lift(variable._face, g)
            else:
                array = meta.grad._array()
                np.add(array, g, out=array, casting="same_kind")
                mark_written(meta.grad)

    def lift(self, face: type[Variable], g: Any, copy: bool = False) -> Any:
        """A cotangent as a variable, for users' eyes."""
        if g is None or isinstance(g, Variable):
            return g.clone() if copy and g is not None else g  # pyright: ignore[reportAttributeAccessIssue]
        return wrap(face, np.array(g) if copy else g)

    def lower(self, g: Any) -> Any:
        """A user's variable as what the pass works on."""
        return g if g is None or self.differentiable else g._data


def face_of(node: Node) -> type[Variable]:
    """The face of the variable whose gradient a node receives."""
    return node.variable._face if isinstance(node, AccumulateGrad) else node.face


def _on_another_stack(run: Callable[[Sequence[Root]], None], roots: Sequence[Root]) -> None:
    """Run in a thread of its own, in a copy of the context; what is raised there is raised here."""
    raised: list[BaseException] = []
    context = copy_context()

    def work() -> None:
        try:
            context.run(run, roots)
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=work, name="tapeless-nested-backward")
    thread.start()
    thread.join()
    if raised:
        raise raised[0]


def _reachable(roots: list[Node]) -> set[Node]:
    seen: set[Node] = set()
    stack = list(roots)
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            stack.extend([following for following in node.edges if following is not None])
    return seen


def mark_written(variable: Variable) -> None:
    """Note that a variable's memory was written to."""
    counter = variable._own_counter()
    if isinstance(counter, list):  # inference tensors count nothing
        counter[0] += 1
        writes.last = next_number()


def _leading_to(targets: set[Node], roots: list[Node]) -> dict[Node, bool] | None:
    """Which nodes between the roots and the targets lie on a way to a target; None if all do."""
    oldest = min([node.seq for node in targets], default=0)
    seen = set(roots)
    stack = list(seen)
    dead_end = False
    while stack:
        node = stack.pop()
        if not node.edges and node not in targets:
            dead_end = True
        for following in node.edges:
            if following is None or following in seen:
                continue
            if following.seq < oldest:
                dead_end = True
            else:
                seen.add(following)
                stack.append(following)
    if not dead_end and not any(node.edges for node in targets):
        return None
    useful: dict[Node, bool] = {}
    for node in sorted(seen, key=lambda one: one.seq):
        useful[node] = node in targets or any(useful.get(e, False) for e in node.edges if e is not None)
    return useful


def hook_name(hook: Any) -> str:
    return getattr(hook, "__name__", type(hook).__name__)


def _check_replacement(hook: Any, given: Any, replaced: Any) -> None:
    if not isinstance(replaced, Variable):
        raise TypeError(f"expected Variable, but hook returned '{type(replaced).__name__}'")
    if replaced._data.shape != given._data.shape:
        raise RuntimeError(f"hook '{hook_name(hook)}' has changed the size of value")
    if replaced._data.dtype != given._data.dtype:
        raise RuntimeError(
            f"hook '{hook_name(hook)}' has changed the type of value "
            f"(was {type_name(given._data)} got {type_name(replaced._data)})"
        )


def _replaced(hook: Any, found: Any, given: Sequence[Any]) -> tuple[Any, ...]:
    if not isinstance(found, tuple):
        raise TypeError(f"expected tuple, but hook returned '{type(found).__name__}'")
    if len(found) != len(given):
        raise RuntimeError(
            f"hook '{hook_name(hook)}' has returned an incorrect number of values "
            f"(got {len(found)}, but expected {len(given)})"
        )
    return found


def _refuse_nan(node: Node, cotangents: list[Any]) -> None:
    for index, cotangent in enumerate(cotangents):
        data = cotangent._data if isinstance(cotangent, Variable) else cotangent
        if data is not None and np.isnan(data).any():
            raise RuntimeError(f"Function '{node.name()}' returned nan values in its {index}th output.")


def _tell_origin(node: Node) -> None:
    """Warn with the traceback of the call that made a node."""
    trace = node.hooks.trace if node.hooks is not None else None
    if trace is None:
        told = (
            f"Error detected in {node.name()}. No forward pass information available. Enable detect anomaly "
            "during forward pass for more information."
        )
    else:
        told = f"Error detected in {node.name()}. Traceback of forward call that caused the error:\n{trace}"
    warnings.warn(told, UserWarning, stacklevel=2)
