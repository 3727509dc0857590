"""What a Python expression stands for while its function is read: known now, or only when it runs.

A number or array that the running program computes is a `Dyn`: a name and what is known of it.  Modules,
functions, classes, text and literals are `Known`.  Tuples, lists, dicts and objects of known structure exist
only while reading: their items are values in turn, and no code is written for building them until something
needs them whole.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import gast

from tapeless.ir.program import Atom, Block, Var
from tapeless.source.facts import UNKNOWN, Fact

if TYPE_CHECKING:
    from tapeless.source.parse import Source


@dataclass(frozen=True, slots=True)
class Known:
    """An object that is known now; `atom` is what the running program calls it, if that is not a literal."""

    value: Any
    atom: Var | None = None


@dataclass(frozen=True, slots=True)
class Dyn:
    """A value that the running program computes; `varies`: it may depend on what is differentiated."""

    atom: Atom
    fact: Fact = UNKNOWN
    varies: bool = False


@dataclass(frozen=True, slots=True)
class Tup:
    """A tuple (or named tuple) of known length."""

    items: tuple[Value, ...]
    cls: type = tuple


@dataclass(frozen=True, slots=True)
class Ref:
    """A list, dict or object that can change: its content stands in the state under `location`."""

    location: int


@dataclass(frozen=True, slots=True)
class Closure:
    """A function or lambda made by the function that is read: its tree, and the frame it was made in."""

    tree: gast.FunctionDef | gast.Lambda
    frame: Frame
    defaults: tuple[Value, ...] = ()
    keyword_defaults: tuple[tuple[str, Value], ...] = ()


@dataclass(frozen=True, slots=True)
class Bound:
    """`owner.name`, to be called: a method of an array or container; or `function` of an object's class."""

    owner: Value
    name: str
    function: Value | None = None


@dataclass(frozen=True, slots=True)
class Partial:
    """functools.partial of values."""

    function: Value
    args: tuple[Value, ...]
    kwargs: tuple[tuple[str, Value], ...]


@dataclass(frozen=True, slots=True)
class Super:
    """`super()` in a method of `cls`."""

    owner: Value
    cls: type


@dataclass(frozen=True, slots=True)
class Derivative:
    """`grad(function)` and its like, made inside."""

    kind: str
    function: Value
    argnums: Any
    has_aux: bool


@dataclass(frozen=True, slots=True, eq=False)
class Pullback:
    """What `vjp` or `linearize` gives to be called: statements that read what they are given as `inputs`."""

    kind: str
    body: Block
    inputs: tuple[str, ...]
    found: tuple[Atom, ...]  # of a pullback the cotangents of `leaves`, else the tangent of the output
    leaves: tuple[str, ...]
    args: tuple[Value, ...]  # the output, and the arguments that the leaves are parts of
    varies: bool
    key: tuple[str, int, str]  # set once it has been called
    loops: int  # how many loops it was made in
    place: Any  # where it was made
    since: int  # and when, by the clock of what is written


@dataclass(frozen=True, slots=True)
class Span:
    """A range."""

    start: Value
    stop: Value
    step: Value


@dataclass(frozen=True, slots=True)
class Steps:
    """What a loop goes through.

    `length` items, the k-th of them `item(k)`; or `items`, all known; or a range; or an iterable of the
    running program, whose items are tuples of `width` if that is not 0.  `source`: the list it is.
    """

    length: Value | None
    item: Callable[[Value], Value] | None = None
    items: tuple[Value, ...] | None = None
    span: Span | None = None
    opaque: Value | None = None
    width: int = 0
    source: Ref | None = None


@dataclass(frozen=True, slots=True)
class Spread:
    """The rest of a call's arguments, in a list: only the running program knows how many there are."""

    items: Ref


@dataclass(frozen=True, slots=True)
class Choice:
    """One of two functions or objects, as the running program decides."""

    test: Atom
    then: Value
    orelse: Value


@dataclass(frozen=True, slots=True)
class Poison:
    """A name whose value cannot be known here; reading it is refused for the reason `why`."""

    why: str


Value: TypeAlias = (
    Known
    | Dyn
    | Tup
    | Ref
    | Closure
    | Bound
    | Partial
    | Derivative
    | Pullback
    | Super
    | Span
    | Steps
    | Spread
    | Choice
    | Poison
)
UNBOUND = Poison("it has no value here")
NOTHING = Known(None)


@dataclass(frozen=True, slots=True)
class Items:
    """The content of a list of known length; `atom`: it is the caller's own, whose changes are kept."""

    items: tuple[Value, ...]
    atom: Var | None = None


@dataclass(frozen=True, slots=True)
class Entries:
    """The content of a dict of known keys."""

    entries: tuple[tuple[Any, Value], ...]
    atom: Var | None = None
    missing: Value | None = None  # what a defaultdict calls for a key it lacks


@dataclass(frozen=True, slots=True)
class Fields:
    """The content of an object: its class and attributes."""

    cls: type
    fields: tuple[tuple[str, Value], ...]
    atom: Var | None = None


@dataclass(frozen=True, slots=True)
class Form:
    """What the running program's own containers hold, where that is more than data.

    Of an object its class and the names of its attributes, which are kept as a tuple; of a named tuple the
    same; of a tuple its `parts`; of a list or dict what each `item` is.  A part may be a value that is the
    same in all objects of the list: a function, a setting.
    """

    cls: type | None = None
    names: tuple[str, ...] = ()
    parts: tuple[Form | Known | None, ...] = ()
    item: Form | Known | None = None


@dataclass(frozen=True, slots=True)
class Runtime:
    """The content of a list or dict whose structure only the running program knows.

    `own`: this function made it and nobody else knows it; `form`: what each of its items is;
    `missing`: what a defaultdict calls for a key it lacks.  `window`: its items are those of another list, at
    these positions.
    """

    value: Dyn
    own: bool = False
    form: Form | Known | None = None
    missing: Value | None = None
    window: Window | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """A slice of a list of containers or objects: these are still parts of that list."""

    owner: Ref
    positions: Dyn  # a range
    part: Value  # the slice
    size: int  # how often the list had been made longer or shorter


@dataclass(frozen=True, slots=True)
class Part:
    """The content of a list, dict or object that stands in a container of the running program.

    It is `owner[path[0]][path[1]]...`, read from there and written there each time.
    """

    owner: Ref
    path: tuple[Value, ...]


Content: TypeAlias = Items | Entries | Fields | Runtime
Raw: TypeAlias = Content | Part


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One call of one function: where its names are looked up."""

    number: int
    source: Source
    outer: Frame | None  # the frame whose local names a closure sees
    local: frozenset[str]
    function: Any  # the function object; None for closures, which have `outer`
    caller: Frame | None = None


def parts_of(content: Raw) -> tuple[Value, ...]:
    """The values in a container."""
    match content:
        case Items():
            return content.items
        case Entries():
            return tuple([value for _, value in content.entries])
        case Fields():
            return tuple([value for _, value in content.fields])
        case Runtime():
            return (content.value,)
        case Part():
            return (content.owner, *content.path)


def inner_values(value: Value) -> tuple[Value, ...]:
    """The values that a callable or iterable holds."""
    items = [getattr(value, name, None) for name in ("owner", "function", "then", "orelse", "start", "stop")]
    held = [item for item in items if item is not None and not callable(item)]
    held.extend(getattr(value, "args", ()))
    held.extend(item for _, item in getattr(value, "kwargs", ()))
    return tuple(held)
