"""Built-in functions, and those of functools, operator and NumPy that take or make containers."""

from __future__ import annotations

import collections
import dataclasses
import functools
import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from tapeless.ir.lower import BINARY, COMPARE
from tapeless.ir.program import same
from tapeless.source.lower.attributes import get_attribute
from tapeless.source.lower.calls import Args, Kwargs, call, handles, library_call, opaque_call
from tapeless.source.lower.control import branch, is_data, truth
from tapeless.source.lower.iteration import (
    backwards,
    enumerated,
    length_of,
    listed,
    loop,
    mapped,
    nth,
    steps_of,
    zipped,
)
from tapeless.source.lower.lookup import lookup
from tapeless.source.lower.machine import Machine
from tapeless.source.lower.objects import class_attribute, set_attribute
from tapeless.source.lower.operators import binary, unary, update
from tapeless.source.lower.subscripts import append, get_item, set_item
from tapeless.source.lower.trees import parameters
from tapeless.source.lower.values import (
    NOTHING,
    Bound,
    Closure,
    Dyn,
    Entries,
    Fields,
    Items,
    Known,
    Partial,
    Ref,
    Runtime,
    Span,
    Steps,
    Super,
    Tup,
    Value,
)


@handles(range)
def range_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    if len(args) == 1:
        return Span(Known(0), args[0], Known(1))
    return Span(args[0], args[1], args[2] if len(args) > 2 else Known(1))


@handles(len)
def len_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    value = args[0]
    if isinstance(value, Ref) and isinstance(m.content(value), Fields):
        return call(m, class_attribute(m, value, "__len__"), [], {})
    if isinstance(value, Known):
        return Known(len(value.value))
    if isinstance(value, Dyn) or (isinstance(value, Ref) and isinstance(m.content(value), Runtime)):
        return m.let(len, [value], hint="n")
    return length_of(m, steps_of(m, value))


@handles(enumerate)
def enumerate_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    start = args[1] if len(args) > 1 else kwargs.get("start", Known(0))
    return enumerated(m, steps_of(m, args[0]), start)


@handles(zip)
def zip_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    return zipped(m, [steps_of(m, arg) for arg in args])


@handles(reversed)
def reversed_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    return backwards(m, steps_of(m, args[0]))


@handles(map)
def map_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    if len(args) == 2:
        return mapped(m, steps_of(m, args[1]), lambda item: call(m, args[0], [item], {}))
    rows = zipped(m, [steps_of(m, arg) for arg in args[1:]])

    def run(row: Value) -> Value:
        assert isinstance(row, Tup)
        return call(m, args[0], row.items, {})

    return mapped(m, rows, run)


@handles(filter)
def filter_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    made = m.new(Items(()))
    held: list[Value] = [NOTHING]

    def keep() -> None:
        test = held[0] if args[0] == NOTHING else call(m, args[0], [held[0]], {})
        branch(m, test, lambda: append(m, made, held[0]), lambda: None)

    loop(m, steps_of(m, args[1]), lambda item: held.__setitem__(0, item), keep)
    return made


@handles(list, iter)
def list_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    return m.new(Items(())) if not args else as_list(m, args[0])


def as_list(m: Machine, value: Value) -> Ref:
    items = listed(m, value)
    if items is not None:
        return m.new(Items(items))
    made = m.new(Items(()))
    held: list[Value] = [NOTHING]
    loop(m, steps_of(m, value), lambda item: held.__setitem__(0, item), lambda: append(m, made, held[0]))
    return made


@handles(tuple)
def tuple_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    if not args:
        return Tup(())
    items = listed(m, args[0])
    if items is not None:
        return Tup(items)
    return m.let(tuple, [as_list(m, args[0])])


@handles(dict)
def dict_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    entries: dict[Any, Value] = {}
    if args:
        content = m.content(args[0]) if isinstance(args[0], Ref) else None
        if isinstance(content, Entries):
            entries.update(content.entries)
        else:
            pairs = listed(m, args[0])
            if pairs is None:
                raise m.refuse("this dict", "its items are not known beforehand")
            for pair in pairs:
                key, value = get_item(m, pair, Known(0)), get_item(m, pair, Known(1))
                if not isinstance(key, Known):
                    raise m.refuse("this dict", "its keys are not known beforehand")
                entries[key.value] = value
    return m.new(Entries(tuple((entries | dict(kwargs)).items())))


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
        items = args if len(args) > 1 else listed(m, args[0])
        if items is None:
            if keyed != NOTHING:
                return _best_of_many(m, args[0], keyed, better)
            return library_call(m, np.max if function is max else np.min, [_joined(m, args[0])], {})
        if not items:
            if default is not None:
                return default
            raise m.refuse(f"this {function.__name__}", "there is nothing to choose from")
        if keyed != NOTHING:
            return _by_key(m, items, keyed, better)
        if all(isinstance(item, Known) for item in items):
            return Known(function([item.value for item in items if isinstance(item, Known)]))
        best = items[0]
        for item in items[1:]:
            best = m.let(function, [best, item])
        return best

    return run


def _best_of_many(m: Machine, value: Value, key: Value, better: Any) -> Value:
    steps = steps_of(m, value)
    place, name = m.temporary()[:2]
    best: Any = (place, name, "best")
    first = nth(m, steps, Known(0))
    m.set(best, Tup((first, call(m, key, [first], {}))))

    def choose(item: Value) -> None:
        current, score = m.get(best), call(m, key, [item], {})
        test = binary(m, better, score, current.items[1])
        branch(m, test, lambda: m.set(best, Tup((item, score))), lambda: None)

    loop(m, steps, choose, lambda: None)
    return m.take(best).items[0]  # type: ignore[union-attr]


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


@handles(abs, operator.abs)
def abs_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    return unary(m, operator.abs, args[0])


@handles(pow, math.pow)
def pow_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    if len(args) != 2:
        return opaque_call(m, pow, args, kwargs)
    return binary(m, operator.pow, args[0], args[1])


@handles(divmod)
def divmod_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    return Tup((binary(m, operator.floordiv, *args), binary(m, operator.mod, *args)))


@handles(round)
def round_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    value = args[0]
    if isinstance(value, Known) and all(isinstance(arg, Known) for arg in args):
        return Known(round(*[arg.value for arg in args if isinstance(arg, Known)]))
    return m.let(round, args)


@handles(float)
def float_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    value = args[0] if args else Known(0.0)
    if isinstance(value, Known) and value.atom is None:
        return Known(float(value.value))
    return m.let(float, [value])


@handles(complex)
def complex_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    if all(isinstance(arg, Known) for arg in args):
        return Known(complex(*[arg.value for arg in args if isinstance(arg, Known)]))
    if len(args) == 1:
        return binary(m, operator.mul, args[0], Known(1 + 0j))
    return binary(m, operator.add, args[0], binary(m, operator.mul, args[1], Known(1j)))


def _converting(function: Any) -> Any:
    def run(m: Machine, args: Args, kwargs: Kwargs) -> Value:
        if args and all(isinstance(arg, Known) and arg.atom is None for arg in args) and not kwargs:
            return Known(function(*[arg.value for arg in args if isinstance(arg, Known)]))
        value = m.let(function, args, kwargs)
        return Dyn(value.atom, value.fact) if isinstance(value, Dyn) else value

    return run


for _conversion in (int, bool, str, repr, ord, chr, format):
    handles(_conversion)(_converting(_conversion))


@handles(bool)
def bool_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    decided = truth(m, args[0])
    return Known(decided) if isinstance(decided, bool) else m.let(bool, [args[0]])


@handles(isinstance)
def isinstance_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    classes = args[1]
    if isinstance(classes, Tup):
        wanted: Any = tuple([item.value for item in classes.items if isinstance(item, Known)])
    else:
        assert isinstance(classes, Known)
        wanted = classes.value
    known = type_of(m, args[0])
    if known is not None:
        return Known(issubclass(known, wanted))
    return m.let(isinstance, [args[0], Known(wanted)])


def type_of(m: Machine, value: Value) -> type | None:
    """The class of a value, if it is known."""
    match value:
        case Known():
            return type(value.value)
        case Tup():
            return value.cls
        case Ref():
            content = m.content(value)
            if isinstance(content, Fields):
                return content.cls
            if isinstance(content, Runtime):
                return {"list": list, "dict": dict}.get(content.value.fact.kind)
            return list if isinstance(content, Items) else dict
        case Dyn():
            fact = value.fact
            if fact.kind == "array":
                return np.ndarray
            if fact.kind == "scalar" and fact.dtype is not None:
                if not fact.weak:
                    return fact.dtype.type
                return {"b": bool, "i": int, "f": float, "c": complex}.get(fact.dtype.kind)
            return None
        case Closure():
            return type(type_of)
        case _:
            return None


@handles(type)
def type_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    known = type_of(m, args[0])
    return Known(known) if known is not None else m.let(type, [args[0]])


@handles(callable)
def callable_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    value = args[0]
    return Known(callable(value.value) if isinstance(value, Known) else not is_data(value))


@handles(hasattr)
def hasattr_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    owner, name = args
    assert isinstance(name, Known)
    if isinstance(owner, Known):
        return Known(hasattr(owner.value, name.value))
    if isinstance(owner, Ref) and isinstance(content := m.content(owner), Fields):
        return Known(name.value in dict(content.fields) or hasattr(content.cls, name.value))
    known = type_of(m, owner)
    return Known(hasattr(known, name.value)) if known is not None else m.let(hasattr, [owner, name])


@handles(getattr)
def getattr_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    if not isinstance(args[1], Known):
        raise m.refuse("this getattr", "the name is not known beforehand")
    if len(args) > 2 and hasattr_(m, args[:2], {}) == Known(False):
        return args[2]
    return get_attribute(m, args[0], args[1].value)


@handles(setattr)
def setattr_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    if not isinstance(args[1], Known):
        raise m.refuse("this setattr", "the name is not known beforehand")
    set_attribute(m, args[0], args[1].value, args[2])
    return NOTHING


@handles(print)
def print_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    m.do(print, args, kwargs)
    return NOTHING


@handles(sorted)
def sorted_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    items = listed(m, args[0])
    descending = kwargs.get("reverse", Known(False))
    key = kwargs.get("key", NOTHING)
    if not isinstance(descending, Known):
        raise m.refuse("this sorted", "its direction is not known beforehand")
    if items is not None:
        scores = items if key == NOTHING else [call(m, key, [item], {}) for item in items]
        if all(isinstance(score, Known) for score in scores):
            order = sorted(
                range(len(items)),
                key=lambda k: scores[k].value,  # type: ignore[union-attr]
                reverse=bool(descending.value),
            )
            return m.new(Items(tuple([items[k] for k in order])))
    else:
        scores = None
    return _sorted_at_run_time(m, args[0], items, scores, key, bool(descending.value))


def _sorted_at_run_time(
    m: Machine, value: Value, items: Any, scores: Any, key: Value, descending: bool
) -> Value:
    """The order is found by a stable argsort, the items follow it."""
    kinds = [item for item in (items or ()) if not is_data(item)]
    content = m.content(value) if isinstance(value, Ref) else None
    if isinstance(content, Runtime) and content.value.fact.item is not None:
        kinds += [value] if content.value.fact.item.kind not in ("scalar", "numeric", "array") else []
    if kinds and key == NOTHING:
        raise m.refuse("this sort", "its items are containers", "give it a key that is a number")
    if kinds:
        stacked: Value = NOTHING
        scored = mapped(m, steps_of(m, value), lambda item: call(m, key, [item], {}))
        keys = m.let(np.array, [as_list(m, scored)])
    elif items is not None:
        stacked = m.let(np.array, [m.new(Items(tuple(items)))])
        keys = m.let(np.array, [m.new(Items(tuple(scores)))])
    else:
        if key != NOTHING:
            made = as_list(m, mapped(m, steps_of(m, value), lambda item: call(m, key, [item], {})))
            keys = m.let(np.array, [made])
        stacked = m.let(np.array, [_joined(m, value)])
        keys = stacked if key == NOTHING else keys  # type: ignore[possibly-undefined]
    if descending:
        keys = m.let(operator.neg, [keys])
    order = m.let(np.argsort, [keys], {"kind": Known("stable")})
    if kinds:
        return as_list(m, mapped(m, steps_of(m, order), lambda k: get_item(m, value, k)))
    return as_list(m, get_item(m, stacked, order))


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


@handles(functools.partial)
def partial(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    return Partial(args[0], tuple(args[1:]), tuple(kwargs.items()))


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


@handles(super)
def super_(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    frame = m.frame
    assert frame is not None
    if args:
        cls, owner = args
        assert isinstance(cls, Known)
        return Super(owner, cls.value)
    first = parameters(frame.source.tree)[0]
    cls = lookup(m, "__class__")
    assert isinstance(cls, Known)
    return Super(lookup(m, first), cls.value)


@handles(operator.itemgetter)
def itemgetter(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    return Bound(args[0], "itemgetter", Known(_get_item))


def _get_item(index: Any, value: Any) -> Any:
    return value[index]


@handles(operator.getitem)
def getitem(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    return get_item(m, args[0], args[1])


@handles(operator.setitem)
def setitem(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    set_item(m, args[0], args[1], args[2])
    return NOTHING


def _operating(op: Any) -> Any:
    def run(m: Machine, args: Args, kwargs: Kwargs) -> Value:
        return binary(m, op, args[0], args[1])

    return run


for _op in (*BINARY.values(), *COMPARE.values()):
    handles(_op)(_operating(_op))

for _in_place, _plain in (
    (operator.iadd, operator.add),
    (operator.isub, operator.sub),
    (operator.imul, operator.mul),
    (operator.itruediv, operator.truediv),
    (operator.ipow, operator.pow),
):
    handles(_in_place)(lambda m, args, kwargs, op=_plain: update(m, op, args[0], args[1]))


@handles(operator.neg, operator.pos)
def neg(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    return unary(m, operator.neg, args[0])


@handles(np.shape)
def shape(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    return get_attribute(m, args[0], "shape") if isinstance(args[0], Dyn) else m.let(np.shape, args)


@handles(np.asarray, np.asanyarray, np.ascontiguousarray)
def asarray(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    value = args[0]
    if isinstance(value, Dyn) and value.fact.kind == "array" and len(args) == 1 and not kwargs:
        return m.let(same, [value])
    return library_call(m, np.array, args, kwargs)


@handles(dataclasses.replace)
def replace(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    owner = args[0]
    content = m.content(owner) if isinstance(owner, Ref) else None
    if isinstance(content, Fields):
        return m.new(Fields(content.cls, tuple((dict(content.fields) | dict(kwargs)).items())))
    assert isinstance(owner, Known)
    names = [field.name for field in dataclasses.fields(owner.value)]
    fields = {name: get_attribute(m, owner, name) for name in names} | dict(kwargs)
    return m.new(Fields(type(owner.value), tuple(fields.items())))


@handles(collections.OrderedDict)
def ordered_dict(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    return dict_(m, args, kwargs)


@handles(collections.defaultdict)
def default_dict(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    made = dict_(m, args[1:], kwargs)
    content = m.content(made) if isinstance(made, Ref) else None
    assert isinstance(content, Entries)
    return m.new(Entries(content.entries, None, args[0] if args else None))


@handles(math.log)
def log(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    if len(args) == 1:
        return library_call(m, math.log, args, kwargs) if m.varies(args[0]) else m.let(math.log, args)
    return binary(m, operator.truediv, m.let(math.log, args[:1]), m.let(math.log, args[1:]))


@handles(math.prod)
def prod(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    start = kwargs.get("start", Known(1))
    return reduce(m, [Known(operator.mul), args[0], start], {})


@handles(math.fsum)
def fsum(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    return sum_(m, [args[0], Known(0.0)], {})


@handles(math.hypot)
def hypot(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    if len(args) == 2:
        return library_call(m, math.hypot, args, kwargs)
    return library_call(m, np.linalg.norm, [m.new(Items(tuple(args)))], {})


@handles(math.dist)
def dist(m: Machine, args: Args, kwargs: Kwargs) -> Value:
    one, two = [m.let(np.array, [arg]) for arg in args]
    return library_call(m, np.linalg.norm, [binary(m, operator.sub, one, two)], {})


def _casting(kind: type) -> Any:
    def run(m: Machine, args: Args, kwargs: Kwargs) -> Value:
        if not args or not m.varies(args[0]):
            return m.let(kind, args, kwargs)
        return library_call(m, np.array, [args[0]], {"dtype": Known(kind)})

    return run


for _kind in (np.float16, np.float32, np.float64, np.longdouble, np.complex64, np.complex128):
    handles(_kind)(_casting(_kind))
