"""What a derivative is made for, what it rests on, and when it may be used again.

A derivative is made for the `signature` of its arguments.  What the transformation read besides (globals,
closure cells, attributes) it names as `Guard`s, whose value must be the very object of that time, or as
`Refresh`es: read again at each call and given to the generated code, as long as their signature is the same.
"""

from __future__ import annotations

import functools
import types
import weakref
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np

from tapeless import _tree
from tapeless.source.facts import UNKNOWN, Fact

# gradient            function(*values) -> gradients | (gradients, aux)
# value_and_gradient  function(*values) -> (value, gradients) | ((value, aux), gradients)
# pair                forward(*values) -> (out, residuals) | ((out, aux), residuals)
#                     backward(residuals, cotangent of out) -> gradients
# tangent             function(*values, *tangents of wrt) -> (out, tangent of out) | ((out, aux), tangent)
FormName = Literal["gradient", "value_and_gradient", "pair", "tangent", "linear"]


@dataclass(frozen=True, slots=True)
class Form:
    """Which derivative is asked for; with `has_aux` the function returns (what is differentiated, aux).

    With `records` the calls of functions that cannot be read are left to the graph; with `lifts`
    CapturedError says where Tensors stand that the function finds around it.
    """

    name: FormName
    has_aux: bool = False
    records: bool = False
    lifts: bool = False


@dataclass(frozen=True)
class Report:
    """How a derivative came about, for `explain`."""

    inlined: tuple[str, ...] = ()  # the functions whose text became part of it
    called: tuple[str, ...] = ()  # those that it calls as derivatives of their own
    residuals: tuple[str, ...] = ()  # what is kept for the way back, as the text names it
    milliseconds: dict[str, float] = field(default_factory=dict)  # of each stage, in order
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Derived:
    """A generated derivative.  It takes the values of the user's parameters, in their order, by position.

    Gradients are a tuple, one for each position in `wrt`, in the structure of the argument, of its shapes and
    dtypes; in the place of a leaf that is no float or complex number stands None.  They may be the arguments'
    own arrays: who hands them to users copies those.  `backward` may empty the lists among the residuals, but
    writes into no array among them, nor into the cotangent: it runs again on copies of the lists.  Of the
    `sources` of a pair the forward function is the first, the backward function the second.  Of the form
    "linear" they are what runs once and what runs for each direction, which empties no list; or there is
    `function` alone, which gives value and tangent, where the two hang together.  `output` is what
    is known of what is differentiated, without aux.  The functions are plain functions of one namespace.
    """

    function: Callable[..., Any] | None = None
    forward: Callable[..., Any] | None = None
    backward: Callable[..., Any] | None = None
    sources: dict[str, str] = field(default_factory=dict)
    guards: tuple[Guard, ...] = ()
    refreshes: tuple[Refresh, ...] = ()
    output: Fact = UNKNOWN
    report: Report = Report()
    written: tuple[int, ...] = ()  # positions of arguments that the user's function writes into
    # For the transforms' own use:
    single: bool = False  # there is one gradient, and it stands where the tuple of several would
    unsure: bool = False  # `function` gives the value too, whose shape and dtype only the call can tell
    like: tuple[Any, ...] = ()  # values of the same signature, without their data
    empties: bool = True  # the backward function takes items off lists among the residuals


class Transformed:
    """A derivative that can be called, like `grad(f)`: what a program that calls it must know of it.

    `kind` is the name of the public function that made it.
    """

    kind: str
    function: Any  # as the user gave it: another of these, a function, a method, a partial...
    argnums: Any  # an int, a name, or a tuple of these
    form: Form
    has_aux: bool
    holomorphic: bool


# The public functions that make or apply derivatives, by name; `tapeless.transforms` fills it in, so that
# programs that call them can be recognised.
PUBLIC: dict[Any, str] = {}


# Where the transformation read something ------------------------------------------------------------------


class _Missing:
    """What a place is worth that holds nothing: no such global, an empty cell."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Any = _Missing()


class _Place:
    """Made of its slots in order; plain, since eight dataclasses are felt when everything is imported."""

    __slots__ = ()

    def __init__(self, *values: Any) -> None:
        for name, value in zip(self.__slots__, values, strict=True):
            setattr(self, name, value)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join([repr(getattr(self, name)) for name in self.__slots__])})"


class Global(_Place):
    """A name in a namespace: a module's globals, or those of builtins."""

    __slots__ = ("namespace", "name")  # noqa: RUF023  (the order of its arguments)
    namespace: dict[str, Any]
    name: str


class Cell(_Place):
    """A variable of an enclosing function."""

    __slots__ = ("cell",)
    cell: types.CellType


class OwnGlobal(_Place):
    """A name in the globals of the function that is called."""

    __slots__ = ("name",)
    name: str


class OwnCell(_Place):
    """A variable of an enclosing function, of the function that is called: by its place in `__closure__`."""

    __slots__ = ("position",)
    position: int


class Called(_Place):
    """The function that is called, itself: what only one of all functions of its text may use rests on it."""

    __slots__ = ()


class Argument(_Place):
    """The value at a position of the arguments."""

    __slots__ = ("position",)
    position: int


class Attribute(_Place):
    """An attribute of an object, or of what is found at another place."""

    __slots__ = ("of", "name")  # noqa: RUF023  (the order of its arguments)
    of: Any
    name: str


class Item(_Place):
    """An item of a container, or of what is found at another place."""

    __slots__ = ("of", "key")  # noqa: RUF023
    of: Any
    key: Any


Place: TypeAlias = Global | Cell | OwnGlobal | OwnCell | Called | Argument | Attribute | Item


@dataclass(slots=True, eq=False)
class Guard:
    """What is found at a place is `expected`: that very object, or with `equal` one of its type and value.

    `equal` is for numbers, strings and tuples of them that the transformation has used as constants.
    """

    place: Place
    expected: Any
    equal: bool = False

    def holds(self, function: Any = None, values: tuple[Any, ...] = ()) -> bool:
        """Whether the place still holds it, in a call of `function` with `values`."""
        return matches(read(self.place, function, values), self.expected, self.equal)


@dataclass(slots=True, eq=False)
class Refresh:
    """What is found at a place is read at each call and must have this signature.

    The generated code finds it as the global `name`; without a name it is only looked at.
    """

    name: str | None
    place: Place
    signature: Hashable


def matches(found: Any, expected: Any, equal: bool) -> bool:
    """Whether what was found is what a guard expects."""
    return found is expected or (equal and _equal(found, expected))


def _equal(found: Any, expected: Any) -> bool:
    if type(found) is not type(expected):  # 1 == 1.0 == True
        return False
    if isinstance(found, tuple):
        return len(found) == len(expected) and all(map(_equal, found, expected))
    return bool(found == expected)


def read(place: Any, function: Any = None, values: tuple[Any, ...] = ()) -> Any:
    """What is found at a place in a call `function(*values)`, MISSING if nothing; no place is itself."""
    match place:
        case Global():
            return place.namespace.get(place.name, MISSING)
        case Cell():
            return contents(place.cell)
        case OwnGlobal():
            return function.__globals__.get(place.name, MISSING)
        case OwnCell():
            return contents(function.__closure__[place.position])
        case Called():
            return function
        case Argument():
            return values[place.position]
        case Attribute():
            return getattr(read(place.of, function, values), place.name, MISSING)
        case Item():
            return _item(read(place.of, function, values), place.key)
    return place


def in_calls_of(place: Any, function: Any, values: tuple[Any, ...] = ()) -> Any:
    """The place as seen from a call of any function of the same text, with arguments of the same signature.

    Where this function's globals and cells are, and these arguments, it is the called one's: functions made
    from one text share their derivatives, and these keep neither the first function nor its arguments alive.
    """
    match place:
        case Global() if place.namespace is getattr(function, "__globals__", None):
            return OwnGlobal(place.name)
        case Cell():
            for position, cell in enumerate(getattr(function, "__closure__", None) or ()):
                if cell is place.cell:
                    return OwnCell(position)
        case Attribute():
            return Attribute(
                _argument(place.of, values) or in_calls_of(place.of, function, values), place.name
            )
        case Item():
            return Item(_argument(place.of, values) or in_calls_of(place.of, function, values), place.key)
    return place


def _argument(owner: Any, values: tuple[Any, ...]) -> Argument | None:
    for position, value in enumerate(values):
        if value is owner:
            return Argument(position)
    return None


def contents(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # empty: not assigned yet
        return MISSING


def _item(owner: Any, key: Any) -> Any:
    try:
        return owner[key]
    except (LookupError, TypeError):
        return MISSING


# Signatures ------------------------------------------------------------------------------------------------


class Identity:
    """An object as a key: equal to itself only, held weakly where its type allows."""

    __slots__ = ("_hash", "find")

    def __init__(self, value: Any) -> None:
        self._hash = hash((type(value), id(value)))
        try:
            self.find: Callable[[], Any] = weakref.ref(value)
        except TypeError:
            self.find = lambda: value

    def get(self) -> Any:
        """The object; None once it is gone."""
        return self.find()

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        mine = self.get()
        return isinstance(other, Identity) and mine is not None and mine is other.get()


# The values of these say nothing that the type does not: data flows through a program, it does not shape it.
# A flag is data too; what the transformation takes as a constant it notes as a Guard.
_NUMBERS = [np.dtype(code).type for code in "?bhilqBHILQefdgFDG"]
_BY_TYPE: frozenset[type] = frozenset({bool, int, float, complex, range, type(MISSING), *_NUMBERS})
# These shape it: the names of axes and modes, keys, dtypes. The type goes with them: "a" is not b"a".
_BY_VALUE: frozenset[type] = frozenset({str, bytes, type(None), type(...), type(NotImplemented)})
# Types that were met and are none of the others: what is of them is itself only.
object_types: set[type] = set()


def signature(value: Any) -> Hashable:
    """What is the same of two values for which one derivative serves.

    An array is its dtype and which of its axes are 1 long (they broadcast); a number its type; a container
    its structure and its parts; a string its value; a function without a closure its code and its module; any
    other object itself.  An object's own attributes are not part of it: whoever reads them notes it.

    >>> signature(np.zeros((5, 1))) == signature(np.ones((7, 1))) != signature(np.ones((7, 2)))
    True
    """
    return _of(value, _ones, Identity)


def shape_signature(value: Any) -> Hashable:
    """The same with arrays' whole shapes and with objects' addresses: quick to make, to look a signature up.

    Equal ones have equal signatures as long as the objects are alive: `objects_in` the signature tells.
    """
    return _of(value, tuple, id)


def objects_in(key: Hashable) -> tuple[Identity, ...]:
    """The objects that a signature is of."""
    if isinstance(key, Identity):
        return (key,)
    return tuple([one for part in key for one in objects_in(part)]) if isinstance(key, tuple) else ()


def _ones(shape: tuple[int, ...]) -> tuple[bool, ...]:
    return tuple([n == 1 for n in shape])


Shaped = Callable[[tuple[int, ...]], Hashable]
Identified = Callable[[Any], Hashable]


def _of(value: Any, shaped: Shaped, identified: Identified) -> Hashable:
    kind = type(value)
    if kind is np.ndarray:
        return value.dtype, shaped(value.shape)
    if kind in _BY_TYPE:
        return kind
    if kind in _BY_VALUE:
        return kind, value
    container = _tree.container(kind)
    if container is not None:
        parts, extra = container.flatten(value)
        return kind, extra, *[_of(part, shaped, identified) for part in parts]
    if kind in object_types:
        return kind, identified(value)
    return _of_rare(kind, value, shaped, identified)


def _of_rare(kind: type, value: Any, shaped: Shaped, identified: Identified) -> Hashable:
    if issubclass(kind, np.character):
        return kind, value.item()
    if issubclass(kind, np.ndarray | np.generic):
        return kind, value.dtype, shaped(value.shape)
    if issubclass(kind, np.dtype):
        return np.dtype, value
    if kind.__module__.startswith("numpy.random"):  # a generator; to name its class would import them all
        return kind
    parts: tuple[Any, ...] | None = None
    if kind is slice:
        parts = value.start, value.stop, value.step
    elif kind is types.MethodType:  # made anew on each access
        parts = value.__func__, value.__self__
    elif kind is types.BuiltinMethodType and value.__self__ is not None:
        parts = value.__name__, value.__self__
    elif kind is functools.partial:
        parts = value.func, value.args, value.keywords
    if parts is not None:
        return kind, *[_of(part, shaped, identified) for part in parts]
    if kind is types.FunctionType and not (value.__closure__ or value.__defaults__ or value.__kwdefaults__):
        # A lambda that is written in the call is another object each time. Its globals are looked up, and
        # noted, in this dict; one that died and left its address to another was never read from.
        return kind, identified(value.__code__), id(value.__globals__)
    if kind not in (types.FunctionType, types.BuiltinMethodType):
        if len(object_types) > 1000:  # classes that are made again and again are not kept alive for ever
            object_types.clear()
        object_types.add(kind)
    return kind, identified(value)
