"""Signatures, guards, and the store of derivatives: nothing is used again where it does not hold."""

from __future__ import annotations

import enum
import functools
import gc
import itertools
import math
import threading
import types
import weakref
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from tapeless.source import store as store_module
from tapeless.source.cache import (
    MISSING,
    Argument,
    Attribute,
    Cell,
    Derived,
    Global,
    Guard,
    Item,
    Refresh,
    in_calls_of,
    read,
    shape_signature,
    signature,
)
from tapeless.source.store import CAPACITY, Store, shared_store


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Thing:
    def __init__(self, w: Any = 1.0) -> None:
        self.w = w

    def method(self) -> None: ...


@dataclass
class Layer:
    w: Any


def plain(x):
    return x


def with_default(x, y=1.0):
    return x


def closure(y):
    return lambda x: x + y


THING = Thing()

# Values of one row have one signature; those of different rows have different ones.
KINDS: list[list[Any]] = [
    [np.zeros(3), np.ones(4), np.zeros(0)],
    [np.zeros(1), np.ones(1)],
    [np.zeros(3, np.float32)],
    [np.zeros(3, ">f8")],
    [np.zeros(3, int)],
    [np.zeros(())],
    [np.zeros((3, 1)), np.zeros((2, 1))],
    [np.zeros((1, 3))],
    [np.zeros((3, 2))],
    [np.zeros(3).view(np.recarray)],
    [1.0, 2.0, math.nan],
    [1, 2],
    [True, False],
    [1j],
    [np.float64(1.0), np.float64(2.0)],
    [np.float32(1.0)],
    [np.int64(1)],
    [np.bool_(True)],
    ["sum"],
    ["mean"],
    [b"sum"],
    [np.str_("sum")],
    [None],
    [...],
    [Colour.RED],
    [Colour.BLUE],
    [np.dtype(np.float64)],
    [np.float64],
    [float],
    [[1.0], [2.0]],
    [[1.0, 2.0]],
    [(1.0,)],
    [[1]],
    [[[1.0]]],
    [[np.zeros(3)], [np.zeros(4)]],
    [{"a": 1.0}, {"a": 2.0}],
    [{"b": 1.0}],
    [{"a": 1.0, "b": 1.0}],
    [{"b": 1.0, "a": 1.0}],
    [Layer(1.0), Layer(2.0)],
    [Layer(1)],
    [THING],
    [Thing()],
    [THING.method, THING.method],
    [Thing().method],
    [plain],
    [with_default],
    [closure(1.0)],
    [closure(1.0)],
    [math.sin],
    [math.cos],
    [np.sin],
    [np.add.reduce, np.add.reduce],
    [np.multiply.reduce],
    [functools.partial(plain, 1.0), functools.partial(plain, 2.0)],
    [functools.partial(plain, 1)],
    [slice(1, 2), slice(3, 5)],
    [slice(1, None)],
    [range(3), range(4)],
    [np.random.default_rng(0), np.random.default_rng(1)],
]


@pytest.mark.parametrize("of", [signature, shape_signature])
def test_different_kinds_have_different_signatures(of):
    firsts = [of(row[0]) for row in KINDS]

    for (i, one), (j, other) in itertools.combinations(enumerate(firsts), 2):
        assert one != other, (KINDS[i][0], KINDS[j][0])


@pytest.mark.parametrize("row", KINDS, ids=[f"{k}-{type(row[0]).__name__}" for k, row in enumerate(KINDS)])
def test_values_of_one_kind_have_one_signature(row):
    for value in row:
        assert signature(value) == signature(row[0])
        assert hash(signature(value)) == hash(signature(row[0]))


def test_equal_shape_signatures_have_equal_signatures():
    values = [value for row in KINDS for value in row]

    for one, other in itertools.combinations(values, 2):
        if shape_signature(one) == shape_signature(other):
            assert signature(one) == signature(other)


def test_a_lambda_without_a_closure_is_known_by_its_code():
    def make():
        return lambda x: x * 2.0

    assert signature(make()) == signature(make())


def test_equal_lambdas_of_different_modules_differ():
    text = "f = lambda x: x * k"
    code = compile(text, "<same>", "exec")
    first, second = {"k": 1.0}, {"k": 2.0}
    exec(code, first)
    exec(code, second)

    assert first["f"].__code__ is second["f"].__code__
    assert signature(first["f"]) != signature(second["f"])


def test_an_object_is_not_kept_alive_by_its_signature():
    thing = Thing()
    ref, key = weakref.ref(thing), signature(thing)
    del thing

    assert ref() is None
    assert key == key
    assert key != signature(Thing())


# Places ------------------------------------------------------------------------------------------------


def test_places_are_read_when_asked():
    namespace: dict[str, Any] = {"a": 1.0}
    thing = Thing([10.0, 20.0])
    cell = types.CellType(5.0)

    assert read(Global(namespace, "a")) == 1.0
    assert read(Global(namespace, "b")) is MISSING
    assert read(Cell(cell)) == 5.0
    assert read(Cell(types.CellType())) is MISSING
    assert read(Argument(1), None, (1.0, 2.0)) == 2.0
    assert read(Item(Attribute(Argument(0), "w"), 1), None, (thing,)) == 20.0
    assert read(Attribute(thing, "none")) is MISSING
    assert read(Item(thing.w, 5)) is MISSING


def test_guards_want_the_very_object():
    namespace: dict[str, Any] = {"a": 1000.5}
    guard = Guard(Global(namespace, "a"), namespace["a"])

    assert guard.holds()
    namespace["a"] = float("1000.5")
    assert not guard.holds()
    del namespace["a"]
    assert not guard.holds()


@pytest.mark.parametrize(
    ("found", "expected", "holds"),
    [
        (3, 3, True),
        (3, 4, False),
        (3, 3.0, False),
        (1, True, False),
        ((1, "a"), (1, "a"), True),
        ((1,), (1.0,), False),
        ((1,), (1, 2), False),
    ],
)
def test_equal_guards_compare_type_and_value(found, expected, holds):
    assert Guard(Argument(0), expected, equal=True).holds(None, (found,)) is holds


def test_places_move_to_the_function_that_is_called():
    first, second = closure(1.0), closure(2.0)
    (cell,) = first.__closure__

    assert read(in_calls_of(Cell(cell), first), second) == 2.0
    assert read(in_calls_of(Global(first.__globals__, "plain"), first), second) is plain
    assert read(in_calls_of(Cell(types.CellType(7.0)), first), second) == 7.0


def test_places_on_arguments_move_to_the_arguments_of_the_call():
    first, second = Thing(1.0), Thing(2.0)
    place = in_calls_of(Attribute(first, "w"), plain, (first,))

    assert read(place, plain, (second,)) == 2.0


# The store ---------------------------------------------------------------------------------------------


def made_by(text: str, refreshes: tuple[Refresh, ...] = (), **scope: Any) -> Derived:
    """A derivative of that text, with guards and refreshes for nothing but what is given."""
    exec(text, scope)
    return Derived(scope["d"], refreshes=refreshes)


class Maker:
    """Counts what it makes."""

    def __init__(self, derive: Any = None) -> None:
        self.made: list[Any] = []
        self._derive = derive or (lambda values: Derived(lambda *values: len(self.made)))

    def __call__(self, store: Store, function: Any, *values: Any) -> Any:
        found = store.find(function, values)
        if found is None:
            found = store.make(function, values, lambda values: None, self.derive)
        ready, values = found
        return ready.function(*values)

    def derive(self, values: Any) -> Derived:
        self.made.append(len(self.made))  # not the values: they must be free to die
        return self._derive(values)


def test_one_derivative_serves_all_shapes_that_broadcast_alike():
    store, maker = Store(), Maker()
    for array in (np.zeros(3), np.ones(3), np.ones(5)):
        maker(store, plain, array)
    assert len(maker.made) == 1

    maker(store, plain, np.ones(1))
    maker(store, plain, np.ones(3, np.float32))
    maker(store, plain, np.ones((3, 3)))
    maker(store, plain, 1.0)
    assert len(maker.made) == len(store) == 5


def test_a_guard_that_fails_makes_another_and_one_that_holds_again_is_found():
    namespace: dict[str, Any] = {"scale": plain, "__builtins__": {}}
    function = eval("lambda x: x", namespace)
    store = Store()
    maker = Maker(
        lambda values: Derived(
            lambda x, which=namespace["scale"]: which,
            guards=(Guard(Global(namespace, "scale"), namespace["scale"]),),
        )
    )

    assert maker(store, function, 1.0) is plain
    namespace["scale"] = with_default
    assert maker(store, function, 1.0) is with_default
    namespace["scale"] = plain
    assert maker(store, function, 1.0) is plain
    assert len(maker.made) == 2


def test_a_name_that_appears_in_the_module_is_noticed():
    namespace: dict[str, Any] = {}
    store = Store()
    maker = Maker(lambda values: Derived(lambda x: 0, guards=(Guard(Global(namespace, "abs"), MISSING),)))

    maker(store, plain, 1.0)
    namespace["abs"] = math.fabs
    with pytest.raises(AssertionError, match="does not hold for the call"):
        maker(store, plain, 1.0)


def test_cells_are_those_of_the_function_that_is_called():
    store = Store()

    def derive(values):
        (cell,) = functions[0].__closure__
        return made_by("def d(x): return x + y", (Refresh("y", Cell(cell), signature(1.0)),))

    maker = Maker(derive)
    functions = [closure(1.0), closure(10.0)]

    assert [maker(store, f, 1.0) for f in functions] == [2.0, 11.0]
    assert len(maker.made) == 1


def test_a_function_in_a_cell_must_be_the_very_one():
    def over(inner):
        return lambda x: inner(x)

    store = Store()
    functions = [over(plain), over(with_default)]

    def derive(values):
        (cell,) = calling.__closure__
        which = cell.cell_contents
        return Derived(lambda x: which, guards=(Guard(Cell(cell), which),))

    maker = Maker(derive)
    for calling in (*functions, *functions):
        assert maker(store, calling, 1.0) is calling.__closure__[0].cell_contents
    assert len(maker.made) == 2


def test_what_is_read_again_must_be_of_the_same_kind():
    namespace: dict[str, Any] = {"w": np.ones(3)}
    store = Store()
    maker = Maker(
        lambda values: made_by(
            "def d(x): return x + w", (Refresh("w", Global(namespace, "w"), signature(namespace["w"])),)
        )
    )

    assert maker(store, plain, 1.0).tolist() == [2.0] * 3
    namespace["w"] = np.zeros(4)
    assert maker(store, plain, 1.0).tolist() == [1.0] * 4
    assert len(maker.made) == 1
    namespace["w"] = np.zeros((1, 4))
    assert maker(store, plain, 1.0).shape == (1, 4)
    namespace["w"] = 5.0
    assert maker(store, plain, 1.0) == 6.0
    assert len(maker.made) == 3


def test_generated_functions_that_call_each_other_are_renewed_together():
    namespace: dict[str, Any] = {"w": 1.0}
    text = "def helper(x): return x + w\ndef d(x): return helper(x)\n"
    store = Store()
    maker = Maker(lambda values: made_by(text, (Refresh("w", Global(namespace, "w"), signature(1.0)),)))

    assert maker(store, plain, 1.0) == 2.0
    namespace["w"] = 10.0
    assert maker(store, plain, 1.0) == 11.0


def test_an_attribute_of_an_argument_is_looked_at():
    store = Store()
    thing = Thing(np.ones(3))
    maker = Maker(
        lambda values: made_by(
            "def d(thing): return thing.w",
            (Refresh(None, Attribute(values[0], "w"), signature(values[0].w)),),
        )
    )

    maker(store, plain, thing)
    thing.w = np.ones(4)
    maker(store, plain, thing)
    assert len(maker.made) == 1
    thing.w = np.ones((2, 2))
    maker(store, plain, thing)
    assert len(maker.made) == 2


def test_an_object_at_the_address_of_one_that_died_is_another():
    store, maker = Store(), Maker()
    thing = Thing()
    address = id(thing)
    maker(store, plain, thing)
    del thing
    others = [Thing() for _ in range(1000)]
    (same,) = [other for other in others if id(other) == address]
    maker(store, plain, same)

    assert len(maker.made) == 2


def test_the_number_of_derivatives_is_bounded_and_the_oldest_goes():
    store, maker = Store(), Maker()
    for i in range(CAPACITY + 10):
        maker(store, plain, str(i))
    assert len(store) == CAPACITY

    maker(store, plain, str(CAPACITY))
    assert len(maker.made) == CAPACITY + 10
    maker(store, plain, "0")
    assert len(maker.made) == CAPACITY + 11


def test_the_number_of_shapes_is_bounded(monkeypatch):
    monkeypatch.setattr(store_module, "SHAPES", 8)
    store, maker = Store(), Maker()
    for n in range(2, 40):
        maker(store, plain, np.zeros(n))

    assert len(store._by_shape) <= 8
    assert len(maker.made) == 1


def test_a_derivative_that_could_not_be_made_is_tried_again():
    store = Store()

    def derive(values):
        raise ValueError("no")

    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            Maker(derive)(store, plain, 1.0)
    assert not store._by_signature
    assert Maker()(store, plain, 1.0) == 1


def test_ints_are_converted_before_they_are_looked_up():
    store, maker = Store(), Maker(lambda values: Derived(lambda x: x))

    def admit(values):
        return (lambda values: (float(values[0]),)) if type(values[0]) is int else None

    for value in (3, 3.0, 3):
        found = store.find(plain, (value,)) or store.make(plain, (value,), admit, maker.derive)
        assert type(found[1][0]) is float
    assert len(maker.made) == 1


def test_nothing_of_a_call_is_kept():
    store = Store()

    def call() -> list[Any]:
        batch, argument = np.ones(3), np.ones(3)
        function = closure(batch)
        (cell,) = function.__closure__
        refreshes = (Refresh("y", Cell(cell), signature(batch)),)
        Maker(lambda values: made_by("def d(x): return 0.0", refreshes, y=batch))(store, function, argument)
        return [weakref.ref(one) for one in (batch, argument, function)]

    refs = call()

    gc.collect()
    assert [ref() for ref in refs] == [None, None, None]


def test_an_object_that_is_looked_at_is_not_kept():
    store, thing = Store(), Thing()
    ref = weakref.ref(thing)
    maker = Maker(
        lambda values: Derived(lambda x: 0, guards=(Guard(Attribute(values[0], "w"), values[0].w),))
    )
    found = store.make(plain, (thing,), lambda values: None, maker._derive)
    assert found is not None
    del thing, found

    assert ref() is None


def test_no_garbage_is_made_by_reading_again():
    namespace: dict[str, Any] = {"w": np.ones(3)}
    store = Store()
    maker = Maker(
        lambda values: made_by(
            "def d(x): return x + w", (Refresh("w", Global(namespace, "w"), signature(np.ones(3))),)
        )
    )
    maker(store, plain, 1.0)
    ref = weakref.ref(namespace["w"])
    gc.disable()
    try:
        maker(store, plain, 1.0)
        namespace["w"] = np.zeros(3)
        assert ref() is None
    finally:
        gc.enable()


def test_threads_make_a_derivative_once_and_see_their_own_cells():
    store = Store()
    wrong: list[Any] = []

    def derive(values):
        (cell,) = functions[0].__closure__
        return made_by("def d(x): return x + y", (Refresh("y", Cell(cell), signature(1.0)),))

    maker = Maker(derive)
    functions = [closure(float(i)) for i in range(8)]

    def work(i):
        wrong.extend([i for _ in range(300) if maker(store, functions[i], 1.0) != 1.0 + i])

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wrong == []
    assert len(maker.made) == 1


# Sharing -----------------------------------------------------------------------------------------------


def test_stores_are_shared_by_code_and_key():
    assert shared_store(plain.__code__, "a") is shared_store(plain.__code__, "a")
    assert shared_store(plain.__code__, "a") is not shared_store(plain.__code__, "b")
    assert shared_store(plain.__code__, "a") is not shared_store(with_default.__code__, "a")
    assert shared_store(np.sin, "a") is shared_store(np.sin, "a")


def test_the_store_of_a_function_that_is_gone_goes_with_it():
    namespace: dict[str, Any] = {}
    exec("def f(x): return x", namespace)
    shared_store(namespace["f"].__code__, "a")
    number = id(namespace["f"].__code__)
    assert number in store_module._shared

    del namespace
    gc.collect()
    assert number not in store_module._shared


def test_the_number_of_functions_with_stores_is_bounded(monkeypatch):
    monkeypatch.setattr(store_module, "FUNCTIONS", len(store_module._shared) + 5)
    kept = []
    for _ in range(20):
        namespace: dict[str, Any] = {}
        exec("def f(x): return x", namespace)
        kept.append(namespace["f"])
        shared_store(kept[-1].__code__, "a")

    assert len(store_module._shared) <= store_module.FUNCTIONS
