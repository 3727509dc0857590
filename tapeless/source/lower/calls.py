"""Calls: of an operation with a rule, of a function that is read in its turn, of one that is just run."""

from __future__ import annotations

import functools
import inspect
import math
import operator
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import gast
import numpy as np

from tapeless.errors import TransformError
from tapeless.ir.effects import WRITES, reports
from tapeless.ir.program import call as call_value
from tapeless.ir.program import call_method as _method
from tapeless.rules import table
from tapeless.source.facts import Fact
from tapeless.source.lower.around import is_of_tensors
from tapeless.source.lower.binding import bound_arguments, constant
from tapeless.source.lower.contexts import note_decorators
from tapeless.source.lower.control import branch
from tapeless.source.lower.lookup import is_library
from tapeless.source.lower.machine import MISSING, Machine
from tapeless.source.lower.notes import UnendingError
from tapeless.source.lower.objects import class_attribute, instantiate
from tapeless.source.lower.outlines import Same, outline_of
from tapeless.source.lower.recursion import RecursionFoundError, call_procedure
from tapeless.source.lower.subscripts import wrap
from tapeless.source.lower.trees import Reading, reading_of
from tapeless.source.lower.values import (
    NOTHING,
    Bound,
    Choice,
    Closure,
    Derivative,
    Dyn,
    Entries,
    Fields,
    Frame,
    Items,
    Known,
    Partial,
    Pullback,
    Ref,
    Spread,
    Tup,
    Value,
)
from tapeless.source.own import Opaque

Args = Sequence[Value]
Kwargs = Mapping[str, Value]
Handler = Callable[[Machine, Args, Kwargs], Value]
# Built-in types and functions that are called for their value only.
PURE = frozenset({np.arange, np.empty, np.zeros, np.dtype, range, complex, math.gcd, math.isclose})
# Packages whose functions leave the lists that they are given as they are.
READING = frozenset({"builtins", "math", "numpy", "scipy", "itertools", "collections", "copy", "json"})
QUIET = frozenset({"operator", "statistics"})
# As methods of what they write into.
WRITTEN: dict[Any, str] = {operator.setitem: "__setitem__", operator.delitem: "__delitem__"}
# Functions that take a star of unknown length.
SPREADING = frozenset({max, min})
# Methods that mean something else of Tensors than of arrays; some only if they are given arguments.
DIFFERENT = frozenset({"std", "var", "sort", "nonzero", "size", "view", "repeat", "resize", "split"})
DIFFERENT |= {"item", "tolist"}
DIFFERENT_WITH_ARGUMENTS = frozenset({"transpose", "max", "min", "flatten", "sum", "mean", "put", "round"})
# Functions that tell a Tensor from an array, and that take a number out of one.
ASKING = frozenset({isinstance, type, hasattr, callable})
CUTTING = frozenset({float, int, complex})
DEEPEST = 60

# Functions that are read in a way of their own.
HANDLERS: dict[Any, Handler] = {}
# Methods of arrays, lists, dicts and text: by (kind of owner, name).
METHODS: dict[tuple[str, str], Callable[[Machine, Value, Args, Kwargs], Value]] = {}
# What reads a call of an object that is itself a derivative; None for anything else.
NESTED: list[Callable[[Machine, Any, Args, Kwargs], Value | None]] = []
# What hands a call to the graph.
RECORDERS: list[Callable[[Machine, Any, Args, Kwargs], Value]] = []
DERIVATIVES: list[Callable[[Machine, Derivative | Pullback, Args, Kwargs], Value]] = []


def handles(*functions: Any) -> Callable[[Handler], Handler]:
    """Register how calls of these functions are read."""

    def register(handler: Handler) -> Handler:
        for function in functions:
            HANDLERS[function] = handler
        return handler

    return register


def call(m: Machine, callee: Value, args: Args, kwargs: Kwargs) -> Value:
    if args and isinstance(args[-1], Spread):
        _check_spread(m, callee, args)
    match callee:
        case Known():
            return _call_known(m, callee, args, kwargs)
        case Closure():
            return inline(m, callee, args, kwargs)
        case Bound():
            return call_method(m, callee, args, kwargs)
        case Partial():
            merged = dict(callee.kwargs) | dict(kwargs)
            return call(m, callee.function, [*callee.args, *args], merged)
        case Derivative() | Pullback():
            return DERIVATIVES[0](m, callee, args, kwargs)
        case Choice():
            return _call_choice(m, callee, args, kwargs)
        case Ref() if isinstance(m.content(callee), Fields):
            method = class_attribute(m, callee, "__call__")
            return call(m, method, args, kwargs)
        case _:
            return _call_unknown(m, callee, args, kwargs)


def _check_spread(m: Machine, callee: Value, args: Args) -> None:
    """A star of unknown length goes to functions that are read."""
    function = callee.value if isinstance(callee, Known) else None
    is_read = isinstance(function, types.FunctionType) and not is_library(function)
    if not is_read and not isinstance(callee, Closure) and function not in SPREADING:
        star = next((tree for tree in getattr(m.node, "args", ()) if isinstance(tree, gast.Starred)), None)
        why = "how many items there are is not known beforehand"
        raise m.refuse("this star", why, "pass the items one by one", star)


def _call_known(m: Machine, callee: Known, args: Args, kwargs: Kwargs) -> Value:
    function = table.meant(callee.value)
    handler = HANDLERS.get(function) if _hashable(function) else None
    if args and _hashable(function) and function in ASKING | CUTTING and is_of_tensors(m):
        _refuse_asking(m, function, args[0])
    if handler is not None:
        return handler(m, args, kwargs)
    for read in NESTED:
        value = read(m, function, args, kwargs)
        if value is not None:
            return value
    is_ufunc = isinstance(function, np.ufunc) or isinstance(getattr(function, "__self__", None), np.ufunc)
    if table.find(function) is not None or is_ufunc or is_writing(function):
        return library_call(m, function, args, kwargs)
    if isinstance(function, types.MethodType):
        owner = classify_instance(function.__self__)
        return call(m, Known(function.__func__), [owner, *args], kwargs)
    if isinstance(function, functools.partial):
        fixed = [constant(m, item) for item in function.args]
        merged = {name: constant(m, item) for name, item in function.keywords.items()} | dict(kwargs)
        return call(m, Known(function.func), [*fixed, *args], merged)
    if isinstance(function, type):
        return instantiate(m, function, args, kwargs, python_call, opaque_call)
    if isinstance(function, types.FunctionType) or hasattr(function, "__wrapped__"):
        return python_call(m, function, args, kwargs)
    if isinstance(function, Opaque):
        return opaque_call(m, function, args, kwargs)
    own_call = inspect.getattr_static(type(function), "__call__", None)
    if isinstance(own_call, types.FunctionType) and not is_library(type(function)):
        return call(m, Known(own_call), [callee, *args], kwargs)
    return opaque_call(m, function, args, kwargs)


def classify_instance(value: Any) -> Value:
    return Known(value)


def _hashable(function: Any) -> bool:
    return getattr(type(function), "__hash__", None) is not None


def is_writing(function: Any) -> bool:
    owner = getattr(function, "__self__", None)
    key = (owner, getattr(function, "__name__", "")) if isinstance(owner, np.ufunc) else function
    return _hashable(key) and key in WRITES


def library_call(m: Machine, function: Any, args: Args, kwargs: Kwargs) -> Value:
    """A NumPy function, or anything else with a rule."""
    kwargs = dict(kwargs)
    args = list(args)
    out = kwargs.pop("out", NOTHING)
    if isinstance(out, Tup) and len(out.items) == 1:
        out = out.items[0]
    if isinstance(function, np.ufunc) and len(args) > function.nin:
        out = args[function.nin]
        args = args[: function.nin]
    owner = getattr(function, "__self__", None)
    if isinstance(owner, np.ufunc) and function.__name__ == "outer":
        return _outer(m, owner, args)
    if is_writing(function) and isinstance(args[0], Ref):
        return call(m, Bound(args[0], WRITTEN.get(function, function.__name__)), args[1:], kwargs)
    if is_writing(function):
        m.do(function, args, kwargs)
        if isinstance(args[0], Dyn):
            for value in (*args[1:], *kwargs.values()):
                m.taint(args[0], value)
        return NOTHING
    rule = table.find(function)
    varies = any(map(m.varies, [*args, *kwargs.values()]))
    if rule is None and varies:
        _refuse_missing(m, function, args, kwargs)
    composite = rule.composite(kwargs) if rule is not None and varies else None
    if composite is not None:
        value = inline(m, composite, [Known(function), *args], kwargs)
    else:
        value = wrap(m, m.let(function, args, kwargs))
    if out == NOTHING:
        return value
    if not isinstance(out, Dyn):
        raise m.refuse("this out=", "what it names is not an array", "write  y[...] = f(x)  instead")
    m.do(operator.setitem, [out, Known(Ellipsis), value])
    m.taint(out, value)
    return out


def _outer(m: Machine, ufunc: np.ufunc, args: list[Value]) -> Value:
    """`ufunc.outer(a, b)`: the first gets an axis of length one for each of the second."""
    fact = m.known(args[1])
    rank = len(fact.dims) if isinstance(fact, Fact) and fact.dims is not None else None
    if rank is None:
        raise m.refuse(
            f"np.{ufunc.__name__}.outer",
            "how many axes its arguments have is not known beforehand",
            "write a[:, None] * b",
        )
    index = Known((Ellipsis, *(None,) * rank))
    first = args[0] if not rank else m.let(operator.getitem, [args[0], index])
    return m.let(ufunc, [first, args[1]])


def _refuse_missing(m: Machine, function: Any, args: Args, kwargs: Kwargs) -> None:
    name = _title(function)
    position = next((k for k, arg in enumerate(args) if m.varies(arg)), None)
    argument = next((key for key, value in kwargs.items() if m.varies(value)), "")
    if position is not None:
        argument = _parameter(function, position)
    raise m.refuse(
        f"{name}",
        f"no derivative rule for {name} (argument {argument!r})",
        "compute it from functions that have one, or on values that are not differentiated (stop_gradient)",
    )


def _parameter(function: Any, position: int) -> str:
    try:
        return list(inspect.signature(function).parameters)[position]
    except (TypeError, ValueError, IndexError):
        return f"number {position + 1}"


def _title(function: Any) -> str:
    module = str(getattr(function, "__module__", None) or "")
    name = getattr(function, "__qualname__", None) or getattr(function, "__name__", None) or repr(function)
    module = "np" if module == "numpy" else module.replace("numpy.", "np.")
    return f"{module}.{name}" if module not in ("", "builtins", "__main__") else name


def python_call(m: Machine, function: Any, args: Args, kwargs: Kwargs) -> Value:
    """A function written in Python: read in its turn; just run if it cannot be read and nothing varies."""
    varying = any(map(m.varies, [*args, *kwargs.values()]))
    if is_library(function):
        return opaque_call(m, function, args, kwargs)
    if varying and id(function) in m.regions:
        return RECORDERS[0](m, function, args, kwargs)
    if varying:
        try:
            return inline(m, function, args, kwargs)
        except TransformError as error:
            error.through = (*error.through, function)
            raise
    key = _call_of(m, function, args, kwargs)
    is_part = any([isinstance(arg, Ref) and arg in m.stand_ins for arg in args])
    if key in m.run_as_they_are or (key in m.active if is_part else _recurs(m, key)):
        return opaque_call(m, function, args, kwargs)
    mark, tensors = m.names.mark(), m.tensors_read
    result: list[Value] = [NOTHING]

    def attempt() -> None:
        result[0] = inline(m, function, args, kwargs)

    try:
        fork = m.fork(attempt)
    except TransformError as error:
        if m.tensors_read > tensors:  # it finds Tensors around it: these vary
            error.through = (*error.through, function)
            raise
        m.back(mark)
        m.run_as_they_are.add(key)  # or else what it calls would be tried again and again
        return opaque_call(m, function, args, kwargs)
    if fork.dead and m.recursions.is_guessing:
        raise UnendingError
    m.join_fork(fork)
    return result[0]


def _call_of(m: Machine, function: Any, args: Args, kwargs: Kwargs) -> tuple[Any, ...]:
    """A function and what is known of its arguments: what tells a call from another."""
    tree = function.tree if isinstance(function, Closure) else getattr(function, "__code__", function)
    return (Same(tree), *kwargs, *[outline_of(m, value) for value in [*args, *kwargs.values()]])


def _recurs(m: Machine, key: tuple[Any, ...]) -> bool:
    """Whether a call of constants is one within itself: of an object that is not differentiated it runs as it
    is; another object's method may find Tensors there.
    """
    if m.lifts:
        return key in m.active
    return key[0].value in [one[0].value for one in m.active if one[0] != "wide"]


def opaque_call(m: Machine, function: Any, args: Args, kwargs: Kwargs) -> Value:
    """A function that is run as it is; nothing that is differentiated may go through it."""
    if reports(function):
        m.do(function, args, kwargs)
        return NOTHING
    if any(map(m.varies, [*args, *kwargs.values()])):
        _refuse_missing(m, function, args, kwargs)
    pure = str(getattr(function, "__module__", "")) == "numpy" or function in PURE
    if str(getattr(function, "__module__", "")).partition(".")[0] not in READING | QUIET:
        m.expose([*args, *kwargs.values()])
    return wrap(m, m.let(function, args, kwargs, effect=not pure))


def _call_unknown(m: Machine, callee: Value, args: Args, kwargs: Kwargs) -> Value:
    if any(map(m.varies, [callee, *args, *kwargs.values()])):
        raise m.refuse(
            "this call",
            "what is called is not known before the program runs",
            "call a function that is defined in the module, or passed as an argument",
        )
    m.expose([*args, *kwargs.values()])
    return wrap(m, m.let(call_value, [callee, *args], kwargs, effect=True))


def _call_choice(m: Machine, choice: Choice, args: Args, kwargs: Kwargs) -> Value:
    key = m.temporary()
    branch(
        m,
        Dyn(choice.test),
        lambda: m.set(key, call(m, choice.then, args, kwargs)),
        lambda: m.set(key, call(m, choice.orelse, args, kwargs)),
    )
    return m.take(key)


def call_method(m: Machine, bound: Bound, args: Args, kwargs: Kwargs) -> Value:
    if bound.function is not None:
        return call(m, bound.function, [bound.owner, *args], kwargs)
    kind = kind_of(m, bound.owner)
    if kind == "array" and (args or kwargs or bound.name in DIFFERENT) and is_of_tensors(m):
        _refuse_dialect(m, bound.name)
    handler = METHODS.get((kind, bound.name))
    if handler is not None:
        return handler(m, bound.owner, args, kwargs)
    method = getattr(bound.owner.value, bound.name, None) if isinstance(bound.owner, Known) else None
    if method is not None and reports(method):
        m.do(method, args, kwargs)
        return NOTHING
    if any(map(m.varies, [bound.owner, *args, *kwargs.values()])):
        raise m.refuse(
            f"the method .{bound.name}",
            "there is no derivative rule for it",
            "call a NumPy function instead, or use values that are not differentiated",
        )
    return opaque_method(m, bound.owner, bound.name, args, kwargs)


def _refuse_dialect(m: Machine, name: str) -> None:
    """A module's forward is written for Tensors."""
    if name in DIFFERENT or name in DIFFERENT_WITH_ARGUMENTS:
        why = "it means one thing of arrays and another of Tensors"
        raise m.refuse(f"the method .{name}", why, "use NumPy's function, or a layer")


def _refuse_asking(m: Machine, function: Any, value: Value) -> None:
    """What it is asked of would be a Tensor; and a number that is taken out of one has no history."""
    is_array = isinstance(value, Dyn) and value.fact.weak is not True
    if is_array if function in ASKING else m.varies(value):
        why = "of a Tensor it gives something else than of an array"
        raise m.refuse(f"this {function.__name__}", why, "leave it out, or call it before")


def opaque_method(m: Machine, owner: Value, name: str, args: Args, kwargs: Kwargs) -> Value:
    given = [arg.value for arg in args if isinstance(arg, Known)]
    fixed = owner.value if isinstance(owner, Known) else None
    if isinstance(fixed, str | bytes | tuple | frozenset) and not kwargs and len(given) == len(args):
        return Known(getattr(fixed, name)(*given))
    m.expose([*args, *kwargs.values()])
    return wrap(m, m.let(_method, [owner, Known(name), *args], kwargs, effect=True))


def kind_of(m: Machine, owner: Value) -> str:
    """Whose methods a value has: an array's, a list's, a dict's; '' for others."""
    match owner:
        case Ref():
            content = m.content(owner)
            if isinstance(content, Items):
                return "list"
            if isinstance(content, Entries):
                return "dict"
            return content.value.fact.kind if not isinstance(content, Fields) else ""
        case Tup():
            return "tuple"
        case Dyn() if owner.fact.kind in ("array", "scalar", "numeric") or m.varies(owner):
            return "array"
        case Known() if isinstance(owner.value, str):
            return "str"
        case _:
            return ""


# Reading a function ----------------------------------------------------------------------------------


def inline(m: Machine, function: Any, args: Args, kwargs: Kwargs) -> Value:
    """The statements of a Python function in the place of its call; a call of a procedure if it recurs."""
    closure = function if isinstance(function, Closure) else None
    call_of = _call_of(m, function, args, kwargs)
    identity, values = call_of[0], [*args, *kwargs.values()]
    wide = ("wide", identity, *kwargs, *[outline_of(m, value, wide=True) for value in values])
    is_wide = ("wide", identity) in m.recursions.wanted
    reading = reading_of(closure or function, m.frame)
    note_decorators(m, function)
    if is_wide or call_of in m.recursions.wanted:
        names = [arg.id for arg in [*reading.tree.args.posonlyargs, *reading.tree.args.args]]
        title = getattr(reading.tree, "name", "recursion")

        def read(m: Machine, args: Args, kwargs: Kwargs) -> Value:
            return _inlined(m, reading, closure, wide if is_wide else call_of, args, kwargs)

        return call_procedure(m, wide if is_wide else call_of, function, names, args, kwargs, read, title)
    if call_of in m.active:
        raise RecursionFoundError(call_of)
    if m.depth >= DEEPEST:
        if any(other[0] == identity for other in m.active):
            raise RecursionFoundError(("wide", identity))
        raise m.refuse("this call", f"functions call each other {DEEPEST} deep here", "use a loop")
    return _inlined(m, reading, closure, call_of, args, kwargs)


def _inlined(
    m: Machine, reading: Reading, closure: Closure | None, call_of: Any, args: Args, kwargs: Kwargs
) -> Value:
    m.frames += 1
    outer = closure.frame if closure is not None else None
    frame = Frame(
        m.frames, reading.source, outer, reading.local, None if closure else reading.function, m.frame
    )
    bound = bound_arguments(m, reading, closure, args, kwargs)
    caller, node, m.frame, m.depth = m.frame, m.node, frame, m.depth + 1
    m.active.append(call_of)
    try:
        for name, value in bound.items():
            m.set(("name", frame.number, name), value)
        if isinstance(reading.tree, gast.Lambda):
            return m.evaluate(reading.tree.body)
        m.execute(reading.tree.body)
        result = m.get(("name", frame.number, "<return>"))
        return NOTHING if result is MISSING else result
    finally:
        m.active.pop()
        m.frame, m.node, m.depth = caller, node, m.depth - 1
        title = getattr(reading.tree, "name", "<lambda>")
        if caller is not None:
            m.found.inlined[title] = m.found.inlined.get(title, 0) + 1
