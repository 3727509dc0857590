"""Expressions."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import gast

from tapeless.ir.lower import BINARY, COMPARE, UNARY
from tapeless.ir.program import join_text
from tapeless.source.lower.attributes import get_attribute
from tapeless.source.lower.calls import call, kind_of
from tapeless.source.lower.control import branch, is_data, negate, truth
from tapeless.source.lower.forms import may_equal
from tapeless.source.lower.iteration import listed, loop, steps_of
from tapeless.source.lower.lookup import lookup
from tapeless.source.lower.machine import EXPRESSIONS, Machine
from tapeless.source.lower.operators import binary, unary
from tapeless.source.lower.subscripts import append, get_item, set_item
from tapeless.source.lower.targets import bind, closure
from tapeless.source.lower.trees import local_names
from tapeless.source.lower.values import (
    Bound,
    Dyn,
    Entries,
    Frame,
    Items,
    Known,
    Part,
    Ref,
    Runtime,
    Spread,
    Tup,
    Value,
)


def reads(*kinds: type[gast.AST]) -> Callable[[Callable[..., Value]], Callable[..., Value]]:
    def register(handler: Callable[..., Value]) -> Callable[..., Value]:
        for kind in kinds:
            EXPRESSIONS[kind] = handler
        return handler

    return register


@reads(gast.Constant)
def constant(m: Machine, tree: gast.Constant) -> Value:
    return Known(tree.value)


@reads(gast.Name)
def name(m: Machine, tree: gast.Name) -> Value:
    return lookup(m, tree.id)


@reads(gast.Attribute)
def attribute(m: Machine, tree: gast.Attribute) -> Value:
    return get_attribute(m, m.evaluate(tree.value), tree.attr)


@reads(gast.BinOp)
def binop(m: Machine, tree: gast.BinOp) -> Value:
    chain: list[Any] = []  # a + b + c + ...: a long sum is a deep tree
    while isinstance(tree, gast.BinOp):
        chain.append(tree)
        tree = tree.left
    left = m.evaluate(tree)
    for node in reversed(chain):
        right = m.evaluate(node.right)
        m.node = node
        left = binary(m, BINARY[type(node.op)], left, right)
    return left


@reads(gast.UnaryOp)
def unaryop(m: Machine, tree: gast.UnaryOp) -> Value:
    operand = m.evaluate(tree.operand)
    if isinstance(tree.op, gast.Not):
        return negate(m, operand)
    return unary(m, UNARY[type(tree.op)], operand)


COMPARISONS = {
    **COMPARE,
    gast.Is: operator.is_,
    gast.IsNot: operator.is_not,
    gast.In: operator.contains,
    gast.NotIn: None,
}


@reads(gast.Compare)
def compare(m: Machine, tree: gast.Compare) -> Value:
    left, right = m.evaluate(tree.left), m.evaluate(tree.comparators[0])
    kind = type(tree.ops[0])
    if kind in (gast.Is, gast.IsNot):
        same = _is(m, left, right)
        if isinstance(same, bool):
            return Known(same if kind is gast.Is else not same)
        if same is not None:
            return same if kind is gast.Is else negate(m, same)
        return m.let(COMPARISONS[kind], [left, right])
    if kind in (gast.In, gast.NotIn):
        found = _contains(m, right, left)
        return found if kind is gast.In else negate(m, found)
    return binary(m, COMPARE[kind], left, right)


def _is(m: Machine, left: Value, right: Value) -> Value | bool | None:
    """Whether two values are one object, if that is known."""
    if isinstance(left, Known) and isinstance(right, Known):
        return left.value is right.value
    if isinstance(left, Ref) and isinstance(right, Ref):
        return _is_one(m, left, right)
    for one, other in ((left, right), (right, left)):
        if isinstance(one, Dyn) and isinstance(other, Known) and other.value is None:
            return False if one.fact.kind in ("array", "scalar", "list", "tuple") else None
    return None if is_data(left) and is_data(right) else False


def _is_one(m: Machine, left: Ref, right: Ref) -> Value | bool:
    """Whether two lists, dicts or objects are one: parts of a container are, if they stand in one place."""
    if left == right:
        return True
    one, other = m.raw(left), m.raw(right)
    found: Value | bool | None = None
    if isinstance(one, Part) and isinstance(other, Part):
        (root, path), (other_root, other_path) = m.place(one), m.place(other)
        if not m.is_kept_within(root) and not m.is_kept_within(other_root):
            is_apart = root != other_root or len(path) != len(other_path)
            found = False if is_apart else _all_equal(m, path, other_path)
    elif not any(m.is_kept(ref) or ref.location in m.joined for ref in (left, right)):
        found = False
    if found is None:
        raise m.refuse(
            "this comparison",
            "whether these are one object is not known before the program runs",
            "compare numbers that tell them apart",
        )
    return found


def _all_equal(m: Machine, one: Sequence[Value], other: Sequence[Value]) -> Value | bool | None:
    """Whether two ways to an item are the same; None if one of them is counted from the end."""
    tests: list[Value] = []
    for a, b in zip(one, other, strict=True):
        if isinstance(a, Known) and isinstance(b, Known) and not may_equal(a, b):
            return False
        if a == b:
            continue
        if any(isinstance(key, Known) and isinstance(key.value, int) and key.value < 0 for key in (a, b)):
            return None
        tests.append(m.let(operator.eq, [a, b]))
    found: Value | bool = True
    for test in tests:
        found = test if isinstance(found, bool) else m.let(operator.and_, [found, test])
    return found


def _contains(m: Machine, container: Value, item: Value) -> Value:
    content = m.content(container) if isinstance(container, Ref) else None
    if isinstance(content, Entries) and isinstance(item, Known):
        return Known(item.value in dict(content.entries))
    items = (
        listed(m, container) if isinstance(container, Ref | Tup) and not _is_runtime(m, container) else None
    )
    if items is not None and isinstance(item, Known) and all(isinstance(i, Known) for i in items):
        return Known(item.value in [i.value for i in items if isinstance(i, Known)])
    if isinstance(container, Known) and isinstance(item, Known):
        return Known(item.value in container.value)
    return m.let(operator.contains, [container, item])


def _is_runtime(m: Machine, container: Value) -> bool:
    return isinstance(container, Ref) and isinstance(m.content(container), Runtime)


@reads(gast.BoolOp)
def boolop(m: Machine, tree: gast.BoolOp) -> Value:
    is_and = isinstance(tree.op, gast.And)
    return _chain(m, is_and, tree.values)


def _chain(m: Machine, is_and: bool, values: list[gast.AST]) -> Value:
    first = m.evaluate(values[0])
    if len(values) == 1:
        return first
    decided = truth(m, first)
    if isinstance(decided, bool):
        return _chain(m, is_and, values[1:]) if decided == is_and else first
    key = m.temporary()

    def rest() -> None:
        m.set(key, _chain(m, is_and, values[1:]))

    def stop() -> None:
        m.set(key, first)

    branch(m, first, rest if is_and else stop, stop if is_and else rest)
    return m.take(key)


@reads(gast.IfExp)
def conditional(m: Machine, tree: gast.IfExp) -> Value:
    key = m.temporary()
    branch(
        m,
        m.evaluate(tree.test),
        lambda: m.set(key, m.evaluate(tree.body)),
        lambda: m.set(key, m.evaluate(tree.orelse)),
    )
    return m.take(key)


@reads(gast.NamedExpr)
def walrus(m: Machine, tree: gast.NamedExpr) -> Value:
    bind(m, tree.target, m.evaluate(tree.value))
    return m.evaluate(gast.copy_location(gast.Name(tree.target.id, gast.Load(), None, None), tree.target))


@reads(gast.Subscript)
def subscript(m: Machine, tree: gast.Subscript) -> Value:
    return get_item(m, m.evaluate(tree.value), m.evaluate(tree.slice))


@reads(gast.Slice)
def slice_(m: Machine, tree: gast.Slice) -> Value:
    bounds = [
        Known(None) if part is None else m.evaluate(part) for part in (tree.lower, tree.upper, tree.step)
    ]
    if all(isinstance(bound, Known) for bound in bounds):
        return Known(slice(*[bound.value for bound in bounds if isinstance(bound, Known)]))
    return m.let(slice, bounds)


@reads(gast.Tuple)
def tuple_(m: Machine, tree: gast.Tuple) -> Value:
    found = _items(m, tree.elts)
    return m.let(tuple, [found]) if isinstance(found, Ref) else Tup(tuple(found))


@reads(gast.List)
def list_(m: Machine, tree: gast.List) -> Value:
    made = m.new(Items(()))
    for element in tree.elts:
        if isinstance(element, gast.Starred):
            m.call(m, Bound(made, "extend"), [m.evaluate(element.value)], {})
        else:
            append(m, made, m.evaluate(element))
    return made


@reads(gast.Set)
def set_(m: Machine, tree: gast.Set) -> Value:
    items = _items(m, tree.elts)
    if isinstance(items, Ref) or not all(isinstance(item, Known) for item in items):
        raise m.refuse("this set", "what is in it is not known beforehand", "use a list")
    return Known({item.value for item in items if isinstance(item, Known)})


def _items(m: Machine, elements: list[gast.AST]) -> list[Value] | Ref:
    """The items of a display; in a list if only a run can tell how many they are."""
    found: list[Value] = []
    rest: Ref | None = None
    for element in elements:
        is_star = isinstance(element, gast.Starred)
        value = m.evaluate(element.value if is_star else element)
        items = listed(m, value) if is_star else (value,)
        if rest is None and items is not None:
            found.extend(items)
            continue
        if rest is None:
            rest = m.new(Items(tuple(found)))
        m.call(m, Bound(rest, "extend"), [value if items is None else Tup(items)], {})
    return found if rest is None else rest


@reads(gast.Dict)
def dict_(m: Machine, tree: gast.Dict) -> Value:
    made = m.new(Entries(()))
    for key, value in zip(tree.keys, tree.values, strict=True):
        if key is not None:
            found = m.evaluate(key)
            set_item(m, made, found, m.evaluate(value))
            continue
        other = m.evaluate(value)
        if not isinstance(other, Ref) or kind_of(m, other) != "dict":
            raise m.refuse("this double star", "it is not known to be a dict", "assign its items one by one")
        m.call(m, Bound(made, "update"), [other], {})
    return made


@reads(gast.Lambda)
def lambda_(m: Machine, tree: gast.Lambda) -> Value:
    return closure(m, tree)


@reads(gast.Call)
def call_(m: Machine, tree: gast.Call) -> Value:
    callee = _callee(m, tree.func)
    args = _arguments(m, tree.args)
    kwargs: dict[str, Value] = {}
    for keyword in tree.keywords:
        value = m.evaluate(keyword.value)
        if keyword.arg is not None:
            kwargs[keyword.arg] = value
            continue
        content = m.content(value) if isinstance(value, Ref) else None
        if not isinstance(content, Entries):
            raise m.refuse(
                "this double star", "the keywords are not known beforehand", "write them out", keyword.value
            )
        kwargs.update(content.entries)
    m.node = tree
    return call(m, callee, args, kwargs)


def _arguments(m: Machine, trees: list[gast.AST]) -> list[Value]:
    """What is passed by position; after the first star of unknown length in one list."""
    stars = [k for k, tree in enumerate(trees) if isinstance(tree, gast.Starred)]
    lead = stars[0] if stars else len(trees)
    args = [m.evaluate(tree) for tree in trees[:lead]]
    rest = _items(m, trees[lead:])
    return [*args, Spread(rest)] if isinstance(rest, Ref) else [*args, *rest]


def _callee(m: Machine, tree: gast.AST) -> Value:
    """What is called; an attribute of a value that only the running program knows is a method then."""
    if not isinstance(tree, gast.Attribute):
        return m.evaluate(tree)
    owner = m.evaluate(tree.value)
    m.node, m.calling = tree, True
    try:
        return get_attribute(m, owner, tree.attr)
    finally:
        m.calling = False


@reads(gast.JoinedStr)
def text(m: Machine, tree: gast.JoinedStr) -> Value:
    parts = [m.evaluate(part) for part in tree.values]
    if all(isinstance(part, Known) for part in parts):
        return Known("".join([str(part.value) for part in parts if isinstance(part, Known)]))
    return m.let(join_text, parts)


@reads(gast.FormattedValue)
def formatted(m: Machine, tree: gast.FormattedValue) -> Value:
    value = m.evaluate(tree.value)
    form = m.evaluate(tree.format_spec) if tree.format_spec is not None else Known("")
    if tree.conversion in (ord("r"), ord("s"), ord("a")):
        value = m.let({ord("r"): repr, ord("s"): str, ord("a"): ascii}[tree.conversion], [value])
    if isinstance(value, Known) and value.atom is None and isinstance(form, Known):
        return Known(format(value.value, form.value))
    return m.let(format, [value] if form == Known("") else [value, form])


@reads(gast.ListComp, gast.GeneratorExp, gast.SetComp)
def comprehension(m: Machine, tree: gast.ListComp) -> Value:
    made = m.new(Items(()))

    def add() -> None:
        item = m.evaluate(tree.elt)
        append(m, made, item)

    _each(m, tree, add)
    return made


@reads(gast.DictComp)
def dict_comprehension(m: Machine, tree: gast.DictComp) -> Value:
    made = m.new(Entries(()))

    def add() -> None:
        set_item(m, made, m.evaluate(tree.key), m.evaluate(tree.value))

    _each(m, tree, add)
    return made


def _each(m: Machine, tree: Any, add: Callable[[], None]) -> None:
    """Run `add` in each turn of a comprehension, in a scope of its own."""
    first = m.evaluate(tree.generators[0].iter)
    outer = m.frame
    assert outer is not None
    m.frames += 1
    targets = gast.Module(body=[generator.target for generator in tree.generators], type_ignores=[])
    local = local_names(targets)
    m.frame = Frame(m.frames, outer.source, outer, local, None, outer.caller)
    try:
        _generate(m, tree.generators, 0, first, add)
    finally:
        m.frame = outer


def _generate(
    m: Machine, generators: list[Any], level: int, iterable: Value, add: Callable[[], None]
) -> None:
    generator = generators[level]

    def inside(tests: list[gast.AST]) -> None:
        if tests:
            branch(m, m.evaluate(tests[0]), lambda: inside(tests[1:]), lambda: None)
        elif level + 1 == len(generators):
            add()
        else:
            _generate(m, generators, level + 1, m.evaluate(generators[level + 1].iter), add)

    hint = generator.target.id if isinstance(generator.target, gast.Name) else m.counter_name()
    loop(
        m,
        steps_of(m, iterable),
        lambda item: bind(m, generator.target, item),
        lambda: inside(generator.ifs),
        hint,
    )
