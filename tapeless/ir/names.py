"""Fresh names, counted: `x`, `x_1`, `x_2`; the same program always gets the same names."""

from __future__ import annotations

from collections.abc import Iterable

TEMPORARY = "t"


class Names:
    """Hands out names that are not taken yet.

    >>> names = Names(["x"])
    >>> names.fresh("x"), names.fresh("x"), names.fresh("y")
    ('x_1', 'x_2', 'y')
    """

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)
        self._counts: dict[str, int] = {}
        self._given: list[tuple[str, str]] = []

    def fresh(self, wanted: str) -> str:
        count = self._counts.get(wanted, 0)
        name = f"{wanted}_{count}" if count else wanted
        while name in self._taken:
            count += 1
            name = f"{wanted}_{count}"
        self._counts[wanted] = count
        self._taken.add(name)
        self._given.append((wanted, name))
        return name

    def take(self, name: str) -> None:
        """From now on the name is taken."""
        self._taken.add(name)

    def is_taken(self, name: str) -> bool:
        return name in self._taken

    def mark(self) -> int:
        """A point to which `back` can return."""
        return len(self._given)

    def back(self, mark: int) -> None:
        """Forget the names handed out since the mark.

        >>> names = Names()
        >>> mark = names.mark()
        >>> names.fresh("x"), names.back(mark), names.fresh("x")
        ('x', None, 'x')
        """
        while len(self._given) > mark:
            wanted, name = self._given.pop()
            self._taken.discard(name)
            self._counts.pop(wanted, None)


def base_name(name: str) -> str:
    """What all versions of a value, and versions of versions, are called after: `x` for `x_1`, `x_1_2`.

    >>> base_name("x_2"), base_name("x_2_1"), base_name("x"), base_name("_1")
    ('x', 'x', 'x', '_1')
    """
    stem, _, count = name.rpartition("_")
    while stem and count.isdigit():
        name = stem
        stem, _, count = name.rpartition("_")
    return name


def is_temporary(name: str) -> bool:
    """Whether a name is none that a user gave.

    >>> is_temporary("t_1"), is_temporary("x_1")
    (True, False)
    """
    return base_name(name) == TEMPORARY
