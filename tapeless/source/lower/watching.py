"""`with grad_of(x) as dx:` is a call of the identity, whose rule runs the block on the way back.

with grad_of(x) as dx:              def x_bwd(dx):
    dx[:] = np.clip(dx, -1, 1)  =>      dx = np.copy(dx)
y = f(x)                                dx[:] = np.clip(dx, -1, 1)
                                        return dx
"""

from __future__ import annotations

import threading
import weakref
from typing import Any

import gast
import numpy as np

from tapeless.source.lower.calls import Args, call
from tapeless.source.lower.contexts import CONTEXTS
from tapeless.source.lower.customs import Call
from tapeless.source.lower.machine import Machine
from tapeless.source.lower.targets import bind
from tapeless.source.lower.values import NOTHING, Closure, Dyn, Tup, Value
from tapeless.source.own import OwnRules

LEAVING = (gast.Return, gast.Yield, gast.YieldFrom)
_lock = threading.Lock()
_known: weakref.WeakKeyDictionary[Any, tuple[OwnRules, gast.FunctionDef]] = weakref.WeakKeyDictionary()


def watch(m: Machine, tree: gast.With) -> None:
    """Read the statement: nothing happens unless `x` is differentiated."""
    item = tree.items[0]
    args = item.context_expr.args
    target, name = args[0] if len(args) == 1 else None, item.optional_vars
    if not isinstance(target, gast.Name) or item.context_expr.keywords or not isinstance(name, gast.Name):
        raise m.refuse(
            "this grad_of",
            "it takes the name of a value, and gives its cotangent one",
            "with grad_of(x) as dx:",
        )
    assert m.frame is not None
    if _is_left(m.frame.source.tree, tree.lineno):
        raise m.refuse("this grad_of", "its block is left before its end", "write it without return")
    value = m.evaluate(target)
    if not m.varies(value):
        return
    if not isinstance(value, Dyn):
        raise m.refuse("this grad_of", f"{target.id} is no array or number", "name one of the arrays in it")
    own, block = _own(tree, target.id, name.id)
    bind(m, target, _Watched(m, own, value, Closure(block, m.frame)).written())


CONTEXTS["grad_of"] = watch


def _is_left(text: gast.AST, line: int) -> bool:
    """Whether the block at a line is left by `return`, as its author wrote it."""
    blocks = [node for node in gast.walk(text) if isinstance(node, gast.With) and node.lineno == line]
    return any(isinstance(node, LEAVING) for block in blocks for node in gast.walk(block))


def _own(tree: gast.With, title: str, name: str) -> tuple[OwnRules, gast.FunctionDef]:
    """The identity, and the block as a function of the cotangent; the same at each reading."""
    with _lock:
        found = _known.get(tree)
        if found is None:
            own = OwnRules(_same)
            own.name, own.kind = title, "watch"
            own.forward, own.backward, own.pushforward = _kept, _unread, _passed
            found = _known[tree] = own, _as_function(tree, name)
    return found


def _as_function(tree: gast.With, name: str) -> gast.FunctionDef:
    def named(context: Any) -> gast.Name:
        return gast.Name(id=name, ctx=context, annotation=None, type_comment=None)

    parameters = gast.arguments(
        args=[named(gast.Param())],
        posonlyargs=[],
        vararg=None,
        kwonlyargs=[],
        kw_defaults=[],
        kwarg=None,
        defaults=[],
    )
    last: Any = gast.Return(value=named(gast.Load()))
    gast.copy_location(last, tree)
    gast.fix_missing_locations(last)
    made: Any = gast.FunctionDef(
        name=name,
        args=parameters,
        body=[*tree.body, last],
        decorator_list=[],
        returns=None,
        type_comment=None,
    )
    gast.copy_location(made, tree)
    return gast.fix_missing_locations(made)


def _same(x: Any) -> Any:
    return x


def _kept(x: Any) -> Any:
    return x, None


def _passed(primals: Any, tangents: Any) -> Any:
    return primals[0], tangents[0]


def _unread(kept: Any, g: Any) -> Any:
    raise AssertionError("the block is read in its place")


class _Watched(Call):
    """The call of the identity."""

    def __init__(self, m: Machine, own: OwnRules, value: Dyn, block: Closure) -> None:
        super().__init__(m, own, [value])
        self.closure = self.block = block

    def _run(self, m: Machine, function: Any, args: Args, results: int = 0) -> Value:
        if function is not _unread:
            return super()._run(m, function, args, results)
        cotangent = args[-1]
        if isinstance(cotangent, Dyn) and cotangent.fact.kind != "scalar":
            hint = getattr(self.block.tree, "name", "g")
            cotangent = m.let(np.copy, [cotangent], hint=hint)  # the block may write into it
        found = call(m, self.block, [cotangent], {})
        if found == NOTHING or not isinstance(found, Dyn):
            raise m.refuse("this grad_of", "its block leaves no array behind", "give the cotangent its shape")
        return Tup((found,))
