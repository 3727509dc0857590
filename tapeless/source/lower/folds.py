"""Built-in functions that make one value of many: sums, extremes, sorting, quantifiers."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from tapeless.rules.lists import order_of
from tapeless.source.lower.calls import Args, Kwargs, call, handles, library_call
from tapeless.source.lower.containers import as_list
from tapeless.source.lower.control import branch
from tapeless.source.lower.iteration import (
    length_of,
    listed,
    loop,
    mapped,
    nth,
    steps_of,
)
from tapeless.source.lower.list_methods import SORTERS, permuted
from tapeless.source.lower.machine import MISSING, Machine
from tapeless.source.lower.operators import binary
from tapeless.source.lower.subscripts import copied, get_item
from tapeless.source.lower.values import (
    NOTHING,
    Bound,
    Dyn,
    Entries,
    Fields,
    Items,
    Known,
    Ref,
    Span,
    Spread,
    Steps,
    Tup,
    Value,
)


@handles(sum)
def sum_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    total = args[1] if len(args) > 1 else kwargs.get("start", Known(0))
    steps = steps_of(m, args[0])
    key = m.temporary()
    key = (key[0], key[1], "total")
    m.set(key, total)
    loop(
        m,
        steps,
        lambda item: m.set(key, m.called(binary(m, operator.add, m.get(key), item), "total")),
        lambda: None,
    )
    return m.take(key)


def _extreme(function: Any, better: Any) -> Any:
    def run(m: Machine, args: Args, kwargs: Kwargs) -> Value:
        rest = dict(kwargs)
        keyed, default = rest.pop("key", NOTHING), rest.pop("default", None)
        if isinstance(args[-1], Spread):
            args = [args[-1].items] if len(args) == 1 else [_with_rest(m, args)]
        items = args if len(args) > 1 else listed(m, args[0])
        if items is None:
            if keyed != NOTHING:
                return _best_of_many(m, args[0], keyed, better)
            return library_call(m, np.max if function is max else np.min, [_joined(m, args[0])], {})
        if not items:
            if default is not None:
                return default
            raise m.refuse(
                f"this {function.__name__}", "there is nothing to choose from", "give it a default"
            )
        if keyed != NOTHING:
            return _by_key(m, items, keyed, better)
        if all(isinstance(item, Known) for item in items):
            return Known(function([item.value for item in items if isinstance(item, Known)]))
        best = items[0]
        for item in items[1:]:
            best = m.let(function, [best, item])
        return best

    return run


def _with_rest(m: Machine, args: Args) -> Ref:
    """All arguments of a call in one list."""
    whole = m.new(Items(tuple(args[:-1])))
    m.call(m, Bound(whole, "extend"), [args[-1].items], {})  # type: ignore[union-attr]
    return whole


def _best_of_many(m: Machine, value: Value, key: Value, better: Any) -> Value:
    ref = value if isinstance(value, Ref | Dyn) else as_list(m, value)
    steps = steps_of(m, ref)
    best: Any = (*m.temporary()[:2], "best")
    score: Any = (*m.temporary()[:2], "score")
    first = nth(m, steps, Known(0))
    m.set(best, first)
    m.set(score, call(m, key, [first], {}))

    def choose(item: Value) -> None:
        other = call(m, key, [item], {})

        def take() -> None:
            m.set(best, item)
            m.set(score, other)

        branch(m, binary(m, better, other, m.get(score)), take, lambda: None)

    loop(m, steps, choose, lambda: None)
    m.set(score, MISSING)
    return m.take(best)


def _joined(m: Machine, value: Value) -> Value:
    return value if isinstance(value, Dyn | Ref) else as_list(m, value)


def _by_key(m: Machine, items: Sequence[Value], key: Value, better: Any) -> Value:
    best, score = items[0], call(m, key, [items[0]], {})
    for item in items[1:]:
        other = call(m, key, [item], {})
        place = m.temporary()
        pair, current = Tup((item, other)), Tup((best, score))
        branch(
            m,
            binary(m, better, other, score),
            lambda place=place, pair=pair: m.set(place, pair),
            lambda place=place, current=current: m.set(place, current),
        )
        chosen = m.take(place)
        best, score = get_item(m, chosen, Known(0)), get_item(m, chosen, Known(1))
    return best


handles(min)(_extreme(min, operator.lt))


handles(max)(_extreme(max, operator.gt))


@handles(sorted)
def sorted_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    value, key = args[0], kwargs.get("key", NOTHING)
    descending = kwargs.get("reverse", Known(False))
    if isinstance(value, Dyn) and value.fact.kind in ("array", "numeric") and key == NOTHING:
        return _sorted_array(m, value, descending)
    content = m.raw(value) if isinstance(value, Ref) else None
    ref = value if isinstance(value, Ref) and not isinstance(content, Fields | Entries) else as_list(m, value)
    items = listed(m, ref) if isinstance(m.raw(ref), Items) else None
    if items is not None:
        ref = m.new(Items(items))
    order = order_of_items(m, ref, key, descending)
    if isinstance(order, Known) and items is not None:
        return m.new(Items(tuple([items[k] for k in order.value])))
    return copied(m, ref, permuted(m, ref, order))


def order_of_items(m: Machine, ref: Ref, key: Value, descending: Value) -> Value:
    """The positions of the items of a list, in their order."""
    content = m.raw(ref)
    items = content.items if isinstance(content, Items) else None
    if items is None:
        scores: Value = ref
        if key != NOTHING:
            scores = as_list(m, mapped(m, steps_of(m, ref), lambda item: call(m, key, [item], {})))
    else:
        found = items if key == NOTHING else [call(m, key, [item], {}) for item in items]
        if all(isinstance(score, Known) for score in (*found, descending)):
            values = [score.value for score in (*found, descending) if isinstance(score, Known)]
            return Known(order_of(values[:-1], bool(values[-1])))
        scores = m.new(Items(tuple(found)))
    if key == NOTHING and getattr(m.form_of(scores), "item", None) is not None:
        raise m.refuse("this sort", "its items are objects", "give it a key that is a number")
    return m.let(order_of, [scores] if descending == Known(False) else [scores, descending], hint="order")


SORTERS.append(order_of_items)


def _sorted_array(m: Machine, value: Dyn, descending: Value) -> Value:
    """The numbers of an array, by a stable order of them."""
    if not isinstance(descending, Known):
        raise m.refuse("this sorted", "its direction is not known beforehand", "write reverse=True or False")
    keys = m.let(operator.neg, [value]) if descending.value else value
    order = m.let(np.argsort, [keys], {"kind": Known("stable")})
    return as_list(m, get_item(m, value, order))


def _quantifier(function: Any, stops_at: bool) -> Any:
    def run(m: Machine, args: Args, kwargs: Kwargs) -> Value:
        items = listed(m, args[0])
        if items is None:
            reduce = np.any if function is any else np.all
            return library_call(m, reduce, [m.let(np.array, [_joined(m, args[0])])], {})
        result: Value = Known(not stops_at)
        for item in reversed(items):
            place = m.temporary()
            rest = result
            decided = Known(stops_at)
            branch(
                m,
                item,
                lambda place=place, rest=rest, decided=decided: m.set(place, decided if stops_at else rest),
                lambda place=place, rest=rest, decided=decided: m.set(place, rest if stops_at else decided),
            )
            result = m.take(place)
        return result

    return run


handles(any)(_quantifier(any, True))


handles(all)(_quantifier(all, False))


@handles(functools.reduce)
def reduce(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    items = listed(m, args[1])
    key = (m.temporary()[0], m.temporary()[1], "result")
    if items is not None:
        whole = [*args[2:], *items]
        total = whole[0]
        for item in whole[1:]:
            total = call(m, args[0], [total, item], {})
        return total
    steps = steps_of(m, args[1])
    first = args[2] if len(args) > 2 else nth(m, steps, Known(0))
    if len(args) < 3:
        rest = Steps(None, span=Span(Known(1), length_of(m, steps), Known(1)))
        steps = mapped(m, rest, lambda k, whole=steps: nth(m, whole, k))
    m.set(key, first)
    loop(
        m,
        steps,
        lambda item: m.set(key, call(m, args[0], [m.get(key), item], {})),
        lambda: None,
    )
    return m.take(key)


@handles(math.prod)
def prod(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    start = kwargs.get("start", Known(1))
    return reduce(m, [Known(operator.mul), args[0], start], {})


@handles(math.fsum)
def fsum(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    return sum_(m, [args[0], Known(0.0)], {})
