"""Functions that find Tensors around them: in their closure, in globals, in attributes of their arguments.

The Tensors' data become arguments of the function that is differentiated:

    class Layer:                         self, x               the parameters
        def forward(self, x):            self.w                the place of a Tensor
            return np.tanh(x @ self.w)   forward(self, x, w)   the lifted function, where self.w is w
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, NamedTuple

from tapeless.source.cache import Attribute, Cell, Global, Item, OwnCell, OwnGlobal, Place, in_calls_of, read

POSITIONAL = inspect.Parameter.POSITIONAL_ONLY


class Captured(NamedTuple):
    """Where a Tensor stands, as seen from any call of the function, and what its parameter is called."""

    place: Place
    name: str


class CapturedError(Exception):
    """A function finds Tensors around it that are no arguments: it is to be lifted."""

    def __init__(self, found: Sequence[Captured]) -> None:
        super().__init__(f"Tensors are found, not given: {', '.join([one.name for one in found])}")
        self.found = tuple(found)


class Lifted:
    """`function` with parameters for what it finds around it: by position, after its own (`own`, in order).

    Who reads it puts these in the places of the Tensors; who calls it calls the function as it is.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        own: Sequence[inspect.Parameter],
        captured: Sequence[Captured],
    ) -> None:
        self.function = function
        self.own = tuple(own)
        self.captured = tuple(captured)
        self.__name__ = getattr(function, "__name__", type(function).__name__)
        self.__module__ = getattr(function, "__module__", __name__)
        names = [*[one.name for one in own], *[one.name for one in captured]]
        self.__signature__ = inspect.Signature([inspect.Parameter(name, POSITIONAL) for name in names])

    def found(self, values: tuple[Any, ...]) -> list[Any]:
        """What stands in the places in a call of the function."""
        return [read(one.place, self.function, values) for one in self.captured]

    def addresses(self, values: tuple[Any, ...]) -> list[Hashable]:
        """The same as `address` gives it, for each of the places."""
        return [address(_seen(one.place, self.function, values)) for one in self.captured]

    def arranged(self, values: Sequence[Any]) -> tuple[list[Any], dict[str, Any]]:
        """The values of its own parameters, as a call passes them; stars are tuples and dicts."""
        args: list[Any] = []
        kwargs: dict[str, Any] = {}
        for parameter, value in zip(self.own, values, strict=False):
            if parameter.kind is parameter.VAR_POSITIONAL:
                args.extend(value)
            elif parameter.kind is parameter.VAR_KEYWORD:
                kwargs.update(value)
            elif parameter.kind is parameter.KEYWORD_ONLY:
                kwargs[parameter.name] = value
            else:
                args.append(value)
        return args, kwargs

    def __call__(self, *values: Any) -> Any:
        args, kwargs = self.arranged(values)
        return self.function(*args, **kwargs)


# Places ----------------------------------------------------------------------------------------------------


def place_of(where: tuple[Any, ...], origins: Mapping[int, tuple[Any, ...]] | None = None) -> Any:
    """The place that reading has noted; `origins`: where the objects stand that the places are in."""

    def of(owner: Any) -> Any:
        known = None if origins is None else origins.get(id(owner))
        return owner if known is None else place_of(known, origins)

    match where:
        case ("global", scope, name):
            return Global(scope, name)
        case ("cell", function, position, _):
            return Cell(function.__closure__[position])
        case ("attribute", owner, name):
            return Attribute(of(owner), name)
        case ("item", owner, key):
            return Item(of(owner), key)
        case _:
            raise AssertionError(f"an unknown place: {where[0]}")


def address(place: Any) -> Hashable:
    """A place as a key, equal for two that are the same; its owner is an object, no other place."""
    match place:
        case Global():
            return "global", id(place.namespace), place.name
        case Cell():
            return "cell", id(place.cell)
        case Attribute():
            return "attribute", id(place.of), place.name
        case Item():
            return "item", id(place.of), place.key
        case _:
            raise AssertionError(f"a place without an address: {place!r}")


def _seen(place: Any, function: Any, values: tuple[Any, ...]) -> Any:
    """The place in a certain call: its owner is an object."""
    match place:
        case OwnGlobal():
            return Global(function.__globals__, place.name)
        case OwnCell():
            return Cell(function.__closure__[place.position])
        case Attribute():
            return Attribute(read(place.of, function, values), place.name)
        case Item():
            return Item(read(place.of, function, values), place.key)
    return place


def captured_in(
    found: Sequence[tuple[tuple[Any, ...], str]],
    origins: Mapping[int, tuple[Any, ...]],
    function: Any,
    values: tuple[Any, ...],
) -> CapturedError:
    """What reading has found in a call of `function`, as seen from any of its calls."""
    return CapturedError(
        [Captured(in_calls_of(place_of(where, origins), function, values), name) for where, name in found]
    )
