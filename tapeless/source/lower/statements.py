"""Statements."""

from __future__ import annotations

import importlib
import operator
import sys
from collections.abc import Callable

import gast

from tapeless.ir.lower import BINARY
from tapeless.ir.program import fail, require
from tapeless.source.lower import dict_methods, list_methods
from tapeless.source.lower.attributes import get_attribute
from tapeless.source.lower.calls import call, kind_of
from tapeless.source.lower.contexts import enter
from tapeless.source.lower.control import branch, negate, truth
from tapeless.source.lower.iteration import loop, steps_of
from tapeless.source.lower.lookup import lookup
from tapeless.source.lower.loops import run_while
from tapeless.source.lower.machine import MISSING, STATEMENTS, Machine
from tapeless.source.lower.objects import set_attribute
from tapeless.source.lower.opaque import opaque_statement
from tapeless.source.lower.operators import update, update_item
from tapeless.source.lower.targets import bind, closure, frame_of
from tapeless.source.lower.values import NOTHING, Dyn, Known, Ref, Value


def executes(*kinds: type[gast.AST]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    def register(handler: Callable[..., None]) -> Callable[..., None]:
        for kind in kinds:
            STATEMENTS[kind] = handler
        return handler

    return register


@executes(gast.Assign)
def assign(m: Machine, tree: gast.Assign) -> None:
    value = m.evaluate(tree.value)
    for target in tree.targets:
        owner = target.value if isinstance(target, gast.Subscript) else None
        if isinstance(owner, gast.Attribute) and owner.attr == "flat":
            raise m.refuse(
                "a write through .flat", "it is read as a copy", "write into x.reshape(-1), or x itself"
            )
        bind(m, target, value)


@executes(gast.AugAssign)
def augmented(m: Machine, tree: gast.AugAssign) -> None:
    op, target = BINARY[type(tree.op)], tree.target
    match target:
        case gast.Name():
            old = lookup(m, target.id)
            frame = frame_of(m, target.id)
            new = update(m, op, old, m.evaluate(tree.value))
            m.set(("name", frame.number, target.id), m.called(new, target.id) if new is not old else old)
        case gast.Subscript():
            base, index = m.evaluate(target.value), m.evaluate(target.slice)
            update_item(m, op, base, index, m.evaluate(tree.value))
        case _:
            owner = m.evaluate(target.value)
            old = get_attribute(m, owner, target.attr)
            new = update(m, op, old, m.evaluate(tree.value))
            if new is not old or not isinstance(owner, Dyn):  # what is a part of an array is written already
                set_attribute(m, owner, target.attr, new)


@executes(gast.Expr)
def expression(m: Machine, tree: gast.Expr) -> None:
    m.evaluate(tree.value)


@executes(gast.Pass, gast.Nonlocal)
def nothing(m: Machine, tree: gast.AST) -> None:
    pass


@executes(gast.Global)
def global_(m: Machine, tree: gast.Global) -> None:
    raise m.refuse(
        "a global statement", "what it changes would outlive the function", "return the value instead"
    )


@executes(gast.Return)
def return_(m: Machine, tree: gast.Return) -> None:
    assert m.frame is not None
    value = NOTHING if tree.value is None else m.evaluate(tree.value)
    m.set(("name", m.frame.number, "<return>"), value)


@executes(gast.Break)
def break_(m: Machine, tree: gast.Break) -> None:
    assert m.frame is not None
    m.set(("name", m.frame.number, "<break>"), Known(True))


@executes(gast.If)
def if_(m: Machine, tree: gast.If) -> None:
    test = m.evaluate(tree.test)
    m.node = tree
    branch(m, test, lambda: m.execute(tree.body), lambda: m.execute(tree.orelse))


@executes(gast.For)
def for_(m: Machine, tree: gast.For) -> None:
    steps = steps_of(m, m.evaluate(tree.iter))
    m.node = tree
    hint = tree.target.id if isinstance(tree.target, gast.Name) else m.counter_name()
    loop(m, steps, lambda item: bind(m, tree.target, item), lambda: m.execute(tree.body), hint)


@executes(gast.While)
def while_(m: Machine, tree: gast.While) -> None:
    if any(isinstance(node, gast.NamedExpr) for node in gast.walk(tree.test)):
        leave = gast.copy_location(gast.If(test=_not(tree.test), body=[gast.Break()], orelse=tree.body), tree)
        run_while(m, lambda: Known(True), lambda: m.execute([leave]))
        return
    run_while(m, lambda: m.evaluate(tree.test), lambda: m.execute(tree.body))


def _not(test: gast.AST) -> gast.UnaryOp:
    return gast.copy_location(gast.UnaryOp(op=gast.Not(), operand=test), test)


@executes(gast.FunctionDef)
def function(m: Machine, tree: gast.FunctionDef) -> None:
    from_here: Value = closure(m, tree)
    for decorator in reversed(tree.decorator_list):
        callee = m.evaluate(decorator)
        from_here = call(m, callee, [from_here], {})
    frame = frame_of(m, tree.name)
    m.set(("name", frame.number, tree.name), from_here)


@executes(gast.Assert)
def assert_(m: Machine, tree: gast.Assert) -> None:
    test = m.evaluate(tree.test)
    if tree.msg is None:
        if truth(m, test) is not True:
            m.do(require, [test])
        return
    message = tree.msg
    branch(m, negate(m, test), lambda: _fail(m, m.let(AssertionError, [m.evaluate(message)])), lambda: None)


@executes(gast.Raise)
def raise_(m: Machine, tree: gast.Raise) -> None:
    if tree.exc is None:
        raise m.refuse("a bare raise", "there is no exception in hand here", "raise one by its name")
    error = m.evaluate(tree.exc)
    _fail(m, error, *([m.evaluate(tree.cause)] if tree.cause is not None else []))


def _fail(m: Machine, *error: Value) -> None:
    m.do(fail, error)
    m.dead = True


@executes(gast.Delete)
def delete(m: Machine, tree: gast.Delete) -> None:
    for target in tree.targets:
        if isinstance(target, gast.Name):
            frame = frame_of(m, target.id)
            m.set(("name", frame.number, target.id), MISSING)
        elif isinstance(target, gast.Subscript):
            _delete_item(m, m.evaluate(target.value), m.evaluate(target.slice))
        else:
            raise m.refuse("this del", "only names and items can be deleted", "leave it out")


def _delete_item(m: Machine, base: Value, index: Value) -> None:
    kind = kind_of(m, base)
    if isinstance(base, Ref) and kind == "list":
        list_methods.delete(m, base, index)
    elif isinstance(base, Ref) and kind == "dict":
        dict_methods.delete(m, base, index)
    else:
        m.do(operator.delitem, [base, index])


@executes(gast.With)
def with_(m: Machine, tree: gast.With) -> None:
    if not enter(m, tree):
        opaque_statement(m, tree)


@executes(gast.Import)
def import_(m: Machine, tree: gast.Import) -> None:
    for alias in tree.names:
        module = importlib.import_module(alias.name)
        if alias.asname is None:
            module = sys.modules[alias.name.partition(".")[0]]
        name = alias.asname or alias.name.partition(".")[0]
        m.set(("name", frame_of(m, name).number, name), Known(module))


@executes(gast.ImportFrom)
def import_from(m: Machine, tree: gast.ImportFrom) -> None:
    if tree.level or tree.module is None:
        raise m.refuse(
            "a relative import", "it stands inside of a function", "import at the top of the module"
        )
    module = importlib.import_module(tree.module)
    for alias in tree.names:
        name = alias.asname or alias.name
        value = getattr(module, alias.name, None) or importlib.import_module(f"{tree.module}.{alias.name}")
        m.set(("name", frame_of(m, name).number, name), Known(value))


@executes(gast.Try, gast.ClassDef)
def opaque(m: Machine, tree: gast.AST) -> None:
    opaque_statement(m, tree)
