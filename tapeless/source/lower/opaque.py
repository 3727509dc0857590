"""Statements that are run as they stand, in a function of their own: nothing that is differentiated goes in.

try:                                     def block(cfg):
    k = int(cfg["k"])                        try:
except KeyError:          k = block(cfg)         k = int(cfg["k"])
    k = 3                                    except KeyError:
                                                 k = 3
                                             return k
"""

from __future__ import annotations

import ast
import types
from typing import Any

import gast

from tapeless.source.lower.machine import MISSING, Machine
from tapeless.source.lower.targets import bind
from tapeless.source.lower.trees import local_names
from tapeless.source.lower.values import Closure, Dyn, Frame, Known, Poison, Value

JUMPS = (gast.Return, gast.Break, gast.Continue, gast.Yield, gast.YieldFrom)


def opaque_statement(m: Machine, tree: Any) -> None:
    """Run the statement in a function that takes the local names it reads and returns those it binds."""
    name = type(tree).__name__.lower()
    if not isinstance(tree, gast.ClassDef) and any(isinstance(node, JUMPS) for node in gast.walk(tree)):
        raise m.refuse(
            f"this {name}", "the function is left from inside of it", "leave the function after it"
        )
    frame = m.frame
    assert frame is not None
    bound = sorted(local_names(gast.Module(body=[tree], type_ignores=[])))
    used = dict.fromkeys(node.id for node in gast.walk(tree) if isinstance(node, gast.Name))
    passed = {}
    for used_name in used:
        value = _local(m, frame, used_name)
        if value is MISSING or isinstance(value, Poison):
            continue
        if isinstance(value, Closure) or m.varies(value):
            raise m.refuse(
                f"this {name}",
                f"it reads {used_name}, which is differentiated"
                if m.varies(value)
                else f"it calls {used_name}",
                f"move the differentiated part out of the {name}",
            )
        passed[used_name] = value
    function = _function(frame, tree, list(passed), bound)
    if isinstance(tree, gast.ClassDef) and all(isinstance(value, Known) for value in passed.values()):
        m.set(
            ("name", frame.number, tree.name),
            Known(function(*[value.value for value in passed.values() if isinstance(value, Known)])),
        )
        return
    m.expose(list(passed.values()))
    result = m.let(function, list(passed.values()), effect=True)
    assert isinstance(result, Dyn)
    if len(bound) == 1:
        _bind(m, bound[0], m.called(result, bound[0]))
    elif bound:
        for bound_name, value in zip(bound, m.unpacked(result, bound, None), strict=True):
            _bind(m, bound_name, value)


def _bind(m: Machine, name: str, value: Value) -> None:
    bind(m, gast.Name(id=name, ctx=gast.Store(), annotation=None, type_comment=None), value)


def _local(m: Machine, frame: Frame | None, name: str) -> Any:
    while frame is not None:
        if name in frame.local:
            return m.get(("name", frame.number, name))
        frame = frame.outer
    return MISSING


def _function(frame: Frame, tree: Any, params: list[str], bound: list[str]) -> Any:
    """The statement as a function; a name that it leaves unbound comes back as None."""
    statement: Any = gast.gast_to_ast(tree)
    names = ", ".join(params)
    before = "".join(f"    {name} = None\n" for name in bound if name not in params)
    after = ", ".join(bound) if bound else "None"
    module = ast.parse(f"def block({names}):\n{before}    pass\n    return {after}\n")
    definition: Any = module.body[0]
    definition.body[-2:-1] = [statement]
    ast.fix_missing_locations(module)
    outermost = frame
    while outermost.outer is not None:
        outermost = outermost.outer
    scope = dict(outermost.function.__globals__)
    cells = outermost.function.__closure__ or ()
    for name, cell in zip(outermost.function.__code__.co_freevars, cells, strict=True):
        scope[name] = cell.cell_contents
    exec(compile(module, outermost.source.filename, "exec"), scope)
    made = scope["block"]
    assert isinstance(made, types.FunctionType)
    return made
