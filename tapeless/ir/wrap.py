"""Lines that are too long, broken within their brackets."""

from __future__ import annotations

import itertools

_OPENING, _CLOSING, _QUOTES = "([{", ")]}", "'\""


def wrap(text: str, indent: int, width: int) -> list[str]:
    """The lines of a statement, each of at most `width` columns where a bracket lets it be broken.

    >>> for line in wrap("total = np.where(condition, first + second, third)", 4, 44):
    ...     print(line)
        total = np.where(
            condition, first + second, third
        )
    """
    pad = " " * indent
    if indent + len(text) <= width:
        return [pad + text]
    pair = _widest_pair(text)
    if pair is None:
        return [pad + text]
    opening, closing = pair
    inside = text[opening + 1 : closing]
    return [pad + text[: opening + 1], *_filled(inside, indent + 4, width), pad + text[closing:]]


def _filled(inside: str, indent: int, width: int) -> list[str]:
    """What stands in brackets, as much on a line as goes; an item that is too long is broken itself."""
    if indent + len(inside) <= width:
        return [" " * indent + inside]
    lines: list[str] = []
    current = ""
    for item in _items(inside):
        if current and indent + len(current) + 1 + len(item) > width:
            lines += wrap(current, indent, width)
            current = item
        else:
            current = f"{current} {item}" if current else item
    return lines + wrap(current, indent, width)


def _items(inside: str) -> list[str]:
    """What commas outside of brackets and quotes separate, each with its comma."""
    ends = [at for at, depth in _marks(inside) if depth == 0 and inside[at] == ","]
    cuts = [0, *[end + 1 for end in ends], len(inside)]
    return [inside[start:end].strip() for start, end in itertools.pairwise(cuts)]


def _widest_pair(text: str) -> tuple[int, int] | None:
    """Of the outermost brackets, those that hold most."""
    best: tuple[int, int] | None = None
    opening = 0
    for at, depth in _marks(text):
        if text[at] in _OPENING and depth == 1:
            opening = at
        elif text[at] in _CLOSING and depth == 0 and at > opening + 1:
            best = max((best or (at, at)), (opening, at), key=lambda pair: pair[1] - pair[0])
    return best


def _marks(text: str) -> list[tuple[int, int]]:
    """The brackets and commas of a text outside of quotes, with the depth after each."""
    found: list[tuple[int, int]] = []
    depth, quote, at = 0, "", 0
    while at < len(text):
        character = text[at]
        if quote:
            if character == "\\":
                at += 1
            elif character == quote:
                quote = ""
        elif character in _QUOTES:
            quote = character
        elif character in _OPENING or character in _CLOSING or character == ",":
            depth += (character in _OPENING) - (character in _CLOSING)
            found.append((at, depth))
        at += 1
    return found
