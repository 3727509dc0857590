"""Names of a package whose modules are imported when somebody first asks for them."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any


def on_demand(package: str, places: Mapping[str, str]) -> Callable[[str], Any]:
    """The `__getattr__` of a package: each name is a module, or `module:name` for what is in one.

    >>> on_demand("tapeless", {"Fraction": "fractions:Fraction"})("Fraction")(1, 3)
    Fraction(1, 3)
    """

    def find(name: str) -> Any:
        place = places.get(name)
        if place is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module, _, inner = place.partition(":")
        found = importlib.import_module(module)
        if inner:
            found = getattr(found, inner)
        setattr(sys.modules[package], name, found)
        return found

    return find
