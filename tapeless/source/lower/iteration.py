"""What a loop, a comprehension or an unpacking goes through."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence

from tapeless.errors import TransformError
from tapeless.ir.program import Atom
from tapeless.rules.lists import keys_of
from tapeless.source.facts import PYTHON_NUMBERS, Fact
from tapeless.source.lower.loops import run_each, run_for
from tapeless.source.lower.machine import Machine
from tapeless.source.lower.subscripts import get_item, wrap
from tapeless.source.lower.values import (
    Dyn,
    Entries,
    Items,
    Known,
    Ref,
    Runtime,
    Span,
    Steps,
    Tup,
    Value,
)

LONGEST_UNROLLED = 32


def steps_of(m: Machine, value: Value) -> Steps:
    """The items of an iterable: all known, or their number and the k-th of them, or what a run can tell."""
    match value:
        case Steps():
            return value
        case Span():
            return Steps(None, span=value)
        case Tup():
            return Steps(None, items=value.items)
        case Known():
            return _known_steps(m, value)
        case Ref():
            content = m.raw(value)
            if isinstance(content, Runtime) and content.window is not None:
                length = m.let(len, [content.window.positions], hint="n")
                return Steps(length, lambda k: get_item(m, value, k), source=value)
            content = m.content(value)
            if isinstance(content, Items):
                return Steps(None, items=content.items, source=value)
            if isinstance(content, Entries):
                return Steps(None, items=tuple([Known(key) for key, _ in content.entries]))
            if isinstance(content, Runtime) and content.value.fact.kind == "list":
                return _indexed(m, value, content.value)
            if isinstance(content, Runtime):
                keys = m.let(keys_of, [content.value], hint="keys")
                assert isinstance(keys, Dyn)
                return _indexed(m, keys, keys)
            raise m.refuse("a loop over an object", "its class decides what comes", "loop over its data")
        case Dyn():
            items = value.fact.items
            if value.fact.kind in ("list", "tuple") and not m.varies(value):
                steps = _indexed(m, value, value)
                return Steps(steps.length, steps.item, opaque=value)
            if value.fact.kind in ("tuple", "list") and items is not None and len(items) <= 64:
                parts = [get_item(m, value, Known(k)) for k in range(len(items))]
                return Steps(None, items=tuple(parts))
            if m.varies(value) or value.fact.kind in ("array", "numeric"):
                return _indexed(m, value, value)
            return Steps(None, lambda k: get_item(m, value, k), opaque=value)
        case _:
            raise m.refuse(
                "this loop",
                "it goes through something that cannot be iterated",
                "loop over a list or an array",
            )


def _known_steps(m: Machine, value: Known) -> Steps:
    if isinstance(value.value, range):
        bounds = [Known(value.value.start), Known(value.value.stop), Known(value.value.step)]
        return Steps(None, span=Span(*bounds))
    try:
        items = list(value.value)
    except TypeError:
        raise m.refuse(
            "this loop", f"{type(value.value).__name__} cannot be iterated", "loop over a list"
        ) from None
    if len(items) > 200:
        return Steps(None, opaque=value)
    return Steps(None, items=tuple([Known(item) for item in items]))


def _indexed(m: Machine, value: Value, dyn: Dyn) -> Steps:
    length = m.let(len, [dyn], hint="n")
    return Steps(length, lambda k: get_item(m, value, k), source=value if isinstance(value, Ref) else None)


def length_of(m: Machine, steps: Steps) -> Value:
    if steps.items is not None:
        return Known(len(steps.items))
    if steps.span is not None:
        return span_length(m, steps.span)
    if steps.length is not None:
        return steps.length
    if steps.opaque is not None and steps.item is not None:
        return m.let(len, [steps.opaque], hint="n")
    raise m.refuse(
        "the length of this iterable", "only the running program knows it", "make a list of it first"
    )


def span_length(m: Machine, span: Span) -> Value:
    bounds = (span.start, span.stop, span.step)
    if all(isinstance(bound, Known) for bound in bounds):
        return Known(len(range(*[bound.value for bound in bounds if isinstance(bound, Known)])))
    return m.let(len, [span], hint="n")


def nth(m: Machine, steps: Steps, k: Value) -> Value:
    """The k-th item."""
    if steps.items is not None:
        return get_item(m, Tup(steps.items), k)
    if steps.span is not None:
        span = steps.span
        if span.start == Known(0) and span.step == Known(1):
            return k
        scaled = k if span.step == Known(1) else m.let(operator.mul, [k, span.step])
        return scaled if span.start == Known(0) else m.let(operator.add, [span.start, scaled])
    if steps.item is None:
        raise m.refuse(
            "this use of an iterable", "its items come only one after the other", "make a list of it first"
        )
    return steps.item(k)


def enumerated(m: Machine, steps: Steps, start: Value) -> Steps:
    if steps.items is not None and isinstance(start, Known):
        pairs = [Tup((Known(start.value + k), item)) for k, item in enumerate(steps.items)]
        return Steps(None, items=tuple(pairs))
    if steps.opaque is not None:
        return Steps(None, opaque=m.let(enumerate, [steps.opaque, start]), width=2)

    def pair(k: Value) -> Value:
        count = k if start == Known(0) else m.let(operator.add, [k, start])
        return Tup((count, nth(m, steps, k)))

    return Steps(length_of(m, steps), pair)


def zipped(m: Machine, parts: Sequence[Steps]) -> Steps:
    if not parts:
        return Steps(None, items=())
    varying = any(m.varies(Tup(part.items)) for part in parts if part.items is not None)
    opaque = [part for part in parts if part.opaque is not None and (part.length is None or not varying)]
    if opaque and all(part.opaque is not None or part.items is not None for part in parts):
        atoms: list[Value] = [part.opaque or Tup(part.items or ()) for part in parts]
        return Steps(None, opaque=m.let(zip, atoms), width=len(parts))
    known = [len(part.items) for part in parts if part.items is not None]
    if known:
        count = min(known)
        if len(known) == len(parts):
            rows = zip(*[part.items or () for part in parts], strict=False)
            return Steps(None, items=tuple([Tup(tuple(row)) for row in rows]))
        if count <= 64 and all(part.opaque is None or part.length is not None for part in parts):
            rows = [Tup(tuple([nth(m, part, Known(k)) for part in parts])) for k in range(count)]
            return Steps(None, items=tuple(rows))
    lengths = list(dict.fromkeys([length_of(m, part) for part in parts]))
    length = lengths[0] if len(lengths) == 1 else m.let(min, lengths, hint="n")
    return Steps(length, lambda k: Tup(tuple([nth(m, part, k) for part in parts])))


def backwards(m: Machine, steps: Steps) -> Steps:
    if steps.items is not None:
        return Steps(None, items=steps.items[::-1])
    if steps.opaque is not None:
        return Steps(None, opaque=m.let(reversed, [steps.opaque]))
    length = length_of(m, steps)
    last = m.let(operator.sub, [length, Known(1)])
    return Steps(length, lambda k: nth(m, steps, m.let(operator.sub, [last, k])))


def mapped(m: Machine, steps: Steps, change: Callable[[Value], Value]) -> Steps:
    if steps.items is not None:
        return Steps(None, items=tuple([change(item) for item in steps.items]))
    return Steps(length_of(m, steps), lambda k: change(nth(m, steps, k)))


def loop(
    m: Machine, steps: Steps, bind: Callable[[Value], None], body: Callable[[], object], hint: str = "i"
) -> None:
    """Run the body for each item."""
    place = steps.source.location if steps.source is not None else 0
    before = m.resized.get(place)
    _each(m, steps, bind, body, hint)
    if place and m.resized.get(place) != before:
        raise m.refuse(
            "this loop",
            "it makes the list that it goes through longer or shorter",
            "loop over a copy, list(xs), or write  while i < len(xs)",
        )


def _each(
    m: Machine, steps: Steps, bind: Callable[[Value], None], body: Callable[[], object], hint: str
) -> None:
    if steps.items is not None:
        run_each(m, steps.items, bind, body)
        return
    if steps.opaque is not None:
        atom: Atom = m.atom(steps.opaque)
        run_for(m, hint, atom, Fact(), lambda item: bind(_unpacked(m, item, steps.width)), body)
        return
    if steps.span is not None:
        _count(m, steps.span, bind, body, hint)
        return
    assert steps.length is not None
    iterable = m.atom(Span(Known(0), steps.length, Known(1)))
    run_for(m, m.counter_name(), iterable, PYTHON_NUMBERS[int], lambda k: bind(nth(m, steps, k)), body)


def _count(
    m: Machine, span: Span, bind: Callable[[Value], None], body: Callable[[], object], hint: str
) -> None:
    """A loop over a range; a short one whose body needs to know the counter is written out."""
    length = span_length(m, span)
    if not isinstance(length, Known) or length.value > LONGEST_UNROLLED:
        run_for(m, hint, m.atom(span), PYTHON_NUMBERS[int], bind, body)
        return
    mark = m.names.mark()
    try:
        fork = m.fork(lambda: run_for(m, hint, m.atom(span), PYTHON_NUMBERS[int], bind, body))
    except TransformError:
        m.back(mark)
        run_each(m, tuple([Known(k) for k in _range(span)]), bind, body)
    else:
        m.join_fork(fork)


def _unpacked(m: Machine, item: Value, width: int) -> Value:
    if not width:
        return item
    return Tup(tuple([wrap(m, m.let(operator.getitem, [item, Known(k)])) for k in range(width)]))


def listed(m: Machine, value: Value) -> tuple[Value, ...] | None:
    """The items of an iterable if they are all known."""
    steps = steps_of(m, value)
    if steps.items is not None:
        return steps.items
    if steps.span is not None:
        length = span_length(m, steps.span)
        if isinstance(length, Known) and length.value <= 64:
            return tuple([Known(value) for value in _range(steps.span)])
    return None


def tuple_items(m: Machine, value: Value) -> Sequence[Value]:
    """The items of a tuple among the arguments, whose length is known."""
    if isinstance(value, Tup):
        return value.items
    fact = m.known(value)
    assert isinstance(fact, Fact)
    assert fact.items is not None
    return [m.let(operator.getitem, [value, Known(k)]) for k in range(len(fact.items))]


def _range(span: Span) -> range:
    return range(*[part.value for part in (span.start, span.stop, span.step) if isinstance(part, Known)])
