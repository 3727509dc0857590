"""Operations on what stands within the items of a list or dict: `groups[j][k]`, `groups[j].append(v)`.

Items that are containers are values here: what changes within one puts a changed copy in its place, so a name
that stands for the old one still does.

    >>> groups = [[1.0], [2.0]]
    >>> first = groups[0]
    >>> append_at(groups, 3.0, 0)
    >>> groups, first
    ([[1.0, 3.0], [2.0]], [1.0])
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from tapeless._tree import sum_of


def item_at(whole: Any, *path: Any) -> Any:
    """`whole[i][j]...`."""
    for key in path:
        whole = whole[key]
    return whole


def put_at(whole: Any, value: Any, *path: Any) -> None:
    """`whole[i][j]... = value`."""
    _change(whole, path[:-1], lambda part: _replaced(part, path[-1], value))


def append_at(whole: Any, value: Any, *path: Any) -> None:
    """`whole[i]....append(value)`."""
    _change(whole, path, lambda part: [*part, value])


def pop_at(whole: Any, *path: Any) -> Any:
    """`whole[i]....pop()`."""
    last = item_at(whole, *path)[-1]
    _change(whole, path, lambda part: part[:-1])
    return last


def add_in(whole: Any, value: Any, *path: Any) -> None:
    """`whole[i][j]... += value`, where what stands there may be a container itself."""
    _change(whole, path, lambda part: sum_of(part, value))


def _change(whole: Any, path: tuple[Any, ...], change: Callable[[Any], Any]) -> None:
    """What stands at the end of the path changed, the items around it copied; `whole` stays itself."""
    holders: list[Any] = [whole]
    for key in path:
        holders.append(holders[-1][key])
    changed = change(holders.pop())
    for key in reversed(path[1:]):
        changed = _replaced(holders.pop(), key, changed)
    whole[path[0]] = changed


def _replaced(part: Any, key: Any, value: Any) -> Any:
    """A copy of a container with another item."""
    if isinstance(part, dict):
        return {**cast("dict[Any, Any]", part), key: value}
    items = list(part)
    items[key] = value
    if isinstance(part, list):
        return items
    return type(part)(*items) if hasattr(part, "_fields") else tuple(items)
