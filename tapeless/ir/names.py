"""Fresh names, counted: `x`, `x_1`, `x_2`; the same program always gets the same names."""

from __future__ import annotations

from collections.abc import Iterable


class Names:
    """Hands out names that are not taken yet.

    >>> names = Names(["x"])
    >>> names.fresh("x"), names.fresh("x"), names.fresh("y")
    ('x_1', 'x_2', 'y')
    """

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)

    def fresh(self, wanted: str) -> str:
        name, count = wanted, 0
        while name in self._taken:
            count += 1
            name = f"{wanted}_{count}"
        self._taken.add(name)
        return name
