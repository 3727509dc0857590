"""The derivatives made so far of one function, and the short way to the one that a call needs.

A call looks its arguments' dtypes and shapes up in a dict, looks at what the derivative rests on, and has it.
Nothing here holds the arguments or the function object.
"""

from __future__ import annotations

import threading
import types
import weakref
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Any

import numpy as np

from tapeless.source.cache import (
    MISSING,
    Derived,
    Guard,
    OwnCell,
    OwnGlobal,
    Refresh,
    contents,
    in_calls_of,
    matches,
    object_types,
    objects_in,
    read,
    shape_signature,
    signature,
)

CAPACITY = 256  # derivatives of one function, of one form
SHAPES = 4096  # combinations of shapes that are found at once
FUNCTIONS = 512  # functions whose derivatives are shared between transforms

Values = tuple[Any, ...]
Convert = Callable[[Values], Values]

# Making is rare and slow, and may itself ask for other derivatives: one lock for all of it cannot deadlock.
_making = threading.RLock()


class Ready:
    """A derivative whose functions can be called."""

    __slots__ = ("backward", "derived", "forward", "function")

    def __init__(self, derived: Derived, function: Any, forward: Any, backward: Any) -> None:
        self.derived = derived
        self.function: Callable[..., Any] = function
        self.forward: Callable[..., Any] = forward
        self.backward: Callable[..., Any] = backward


class Specialised:
    """A derivative, and what it rests on, sorted by how quickly it is looked at."""

    __slots__ = ("_cells", "_globals", "_ready", "_refreshed", "_rest", "derived")

    def __init__(self, derived: Derived, function: Any, values: Values) -> None:
        names: list[tuple[str, Any]] = []
        cells: list[tuple[int, Any]] = []
        rest: list[Guard] = []
        for guard in derived.guards:
            place = in_calls_of(guard.place, function, values)
            if isinstance(place, OwnGlobal) and not guard.equal:
                names.append((place.name, guard.expected))
            elif isinstance(place, OwnCell) and not guard.equal:
                cells.append((place.position, guard.expected))
            else:
                rest.append(replace(guard, place=place))
        self._globals, self._cells, self._rest = tuple(names), tuple(cells), tuple(rest)
        # Guards and functions know the first function's globals and cells, and what those held.
        self.derived = replace(derived, guards=(), refreshes=(), function=None, forward=None, backward=None)
        self._refreshed = Refreshed(derived, function, values) if derived.refreshes else None
        roles = (derived.function, derived.forward, derived.backward)
        self._ready = None if derived.refreshes else Ready(self.derived, *roles)

    def ready(self, function: Any, values: Values) -> Ready | None:
        """What is to be called, or None if something that it rests on has changed."""
        if self._globals:
            namespace = function.__globals__
            for name, expected in self._globals:
                if namespace.get(name, MISSING) is not expected:
                    return None
        if self._cells:
            closure = function.__closure__
            for position, expected in self._cells:
                if contents(closure[position]) is not expected:
                    return None
        for guard in self._rest:
            if not matches(read(guard.place, function, values), guard.expected, guard.equal):
                return None
        if self._refreshed is not None:
            return self._refreshed.ready(self.derived, function, values)
        return self._ready


class Refreshed:
    """Generated functions whose globals are read again at each call.

    Each call gets functions of its own, so that threads, and calls of closures over other values, do not see
    each other's; making a function object takes a tenth of a microsecond.
    """

    __slots__ = ("_base", "_named", "_one", "_roles", "_watched")

    def __init__(self, derived: Derived, function: Any, values: Values) -> None:
        roles = (derived.function, derived.forward, derived.backward)
        shared = next(role for role in roles if role is not None).__globals__
        own = {
            name: value
            for name, value in shared.items()
            if isinstance(value, types.FunctionType) and value.__globals__ is shared
        }
        called = {name for value in own.values() for name in _names(value.__code__)}
        # What no other calls stays out of its own globals: that would be a cycle, and keep arrays for longer.
        self._named = [(name, value.__code__) for name, value in own.items() if name in called]
        self._roles = [None if role is None else role.__code__ for role in roles]
        self._one = derived.function.__code__ if derived.function is not None and not self._named else None
        left_out = {*own, *[one.name for one in derived.refreshes]}
        self._base = {name: value for name, value in shared.items() if name not in left_out}
        self._watched = [Watched(one, function, values) for one in derived.refreshes]

    def ready(self, derived: Derived, function: Any, values: Values) -> Ready | None:
        """The derivative with what is found now, or None if that is of another kind than at first."""
        namespace = self._base.copy()
        for one in self._watched:
            found = one.found(function, values)
            if found is CHANGED:
                return None
            if one.name is not None:
                namespace[one.name] = found
        if self._one is not None:
            return Ready(derived, types.FunctionType(self._one, namespace), None, None)
        made: dict[types.CodeType | None, Any] = {None: None}
        for name, code in self._named:
            made[code] = namespace[name] = types.FunctionType(code, namespace)
        for code in self._roles:
            if code is not None and code not in made:
                made[code] = types.FunctionType(code, namespace)
        return Ready(derived, *[made[code] for code in self._roles])


CHANGED: Any = object()


class Watched:
    """Something that is read again at each call."""

    __slots__ = ("_global", "_place", "_seen", "_signature", "name")

    def __init__(self, refresh: Refresh, function: Any, values: Values) -> None:
        self.name = refresh.name
        self._place = in_calls_of(refresh.place, function, values)
        self._global = self._place.name if isinstance(self._place, OwnGlobal) else None
        self._signature = refresh.signature
        self._seen: tuple[Any, Any] | None = None  # an array's dtype and shape that had the signature

    def found(self, function: Any, values: Values) -> Any:
        """What is there now, CHANGED if it is of another kind than at first."""
        if self._global is not None:
            found = function.__globals__.get(self._global, MISSING)
        else:
            found = read(self._place, function, values)
        if type(found) is np.ndarray:
            kind = found.dtype, found.shape
            if kind != self._seen:
                if signature(found) != self._signature:
                    return CHANGED
                self._seen = kind
            return found
        return found if signature(found) == self._signature else CHANGED


def _names(code: types.CodeType) -> set[str]:
    """The globals that a function may read, those of functions within it too."""
    inner = [_names(const) for const in code.co_consts if isinstance(const, types.CodeType)]
    return set(code.co_names).union(*inner)


class _Met:
    """Arguments of some shapes: what is done to them, and the derivatives to try, newest first.

    `objects` finds those among them: their addresses are theirs only as long as they live.
    """

    __slots__ = ("convert", "made", "objects")

    def __init__(self, convert: Convert | None, made: list[Specialised], kind: Hashable) -> None:
        self.convert = convert
        self.made = made
        self.objects = tuple([one.find for one in objects_in(kind)])


class Store:
    """What was made of one function for one form, at most `CAPACITY` derivatives.

    Reading takes no lock: a reader who misses what is being added or dropped looks again, with the lock.
    """

    __slots__ = ("_by_shape", "_by_signature", "_order")

    def __init__(self) -> None:
        self._by_shape: dict[Hashable, _Met] = {}
        self._by_signature: dict[Hashable, list[Specialised]] = {}
        self._order: deque[Hashable] = deque()  # the signature of each derivative, oldest first

    def __len__(self) -> int:
        return len(self._order)

    def find(self, function: Any, values: Values) -> tuple[Ready, Values] | None:
        """The derivative for `function(*values)` and the values to call it with; None if there is none."""
        met = self._by_shape.get(_shapes(values))
        if met is None:
            return None
        for one in met.objects:
            if one() is None:
                return None
        if met.convert is not None:
            values = met.convert(values)
        for specialised in met.made:
            ready = specialised.ready(function, values)
            if ready is not None:
                return ready, values
        return None

    def make(
        self,
        function: Any,
        values: Values,
        admit: Callable[[Values], Convert | None],
        derive: Callable[[Values], Derived],
    ) -> tuple[Ready, Values]:
        """The same, made if there is none.

        `admit` says what is to be done to values of these types and shapes, and raises if they are not right.
        """
        shapes = _shapes(values)
        convert = admit(values)
        if convert is not None:
            values = convert(values)
        kind = signature(values)
        with _making:
            for specialised in self._by_signature.get(kind, ()):  # for other shapes, or by another thread
                ready = specialised.ready(function, values)
                if ready is not None:
                    break
            else:
                ready = self._add(kind, Specialised(derive(values), function, values), function, values)
            if len(self._by_shape) >= SHAPES:
                self._by_shape.clear()
            self._by_shape[shapes] = _Met(convert, self._by_signature[kind], kind)
        return ready, values

    def _add(self, kind: Hashable, specialised: Specialised, function: Any, values: Values) -> Ready:
        ready = specialised.ready(function, values)
        if ready is None:
            raise AssertionError("a derivative does not hold for the call that it was made for")
        while len(self._order) >= CAPACITY:
            self._drop()
        self._by_signature.setdefault(kind, []).insert(0, specialised)
        self._order.append(kind)
        return ready

    def _drop(self) -> None:
        kind = self._order.popleft()
        self._by_signature[kind].pop()
        if not self._by_signature[kind]:
            del self._by_signature[kind]
            self._by_shape.clear()  # who met these arguments holds the list that is gone


def _shapes(values: Values) -> Hashable:
    found: list[Any] = []
    for value in values:
        kind = type(value)
        if kind is np.ndarray:  # the commonest, without a call and a tuple of their own
            found.append(value.dtype)
            found.append(value.shape)
        elif kind in object_types:
            found.append(kind)
            found.append(id(value))
        else:
            found.append(shape_signature(value))
    return tuple(found)


# Sharing --------------------------------------------------------------------------------------------------

# By the identity of what is held weakly: a function's code, so that a lambda that is made again finds its
# derivatives. What a derivative rests on may in turn hold the code (a module's globals do), hence the bound.
_shared: OrderedDict[int, tuple[Any, dict[Hashable, Store]]] = OrderedDict()


def shared_store(anchor: Any, key: Hashable) -> Store:
    """The store of all transforms of one `anchor` (a function's code) that have one `key`."""
    with _making:
        entry = _shared.get(id(anchor))
        if entry is None or entry[0]() is not anchor:
            entry = _shared[id(anchor)] = (_held(anchor), {})
            if len(_shared) > FUNCTIONS:
                _shared.popitem(last=False)
        _shared.move_to_end(id(anchor))
        return entry[1].setdefault(key, Store())


def _held(anchor: Any) -> Callable[[], Any]:
    number = id(anchor)

    def forget(ref: Any, shared: OrderedDict[int, Any] = _shared) -> None:  # globals may be gone at exit
        entry = shared.get(number)
        if entry is not None and entry[0] is ref:
            shared.pop(number, None)

    try:
        return weakref.ref(anchor, forget)
    except TypeError:  # a ufunc
        return lambda: anchor
