"""A tape as a table of text."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeless.graph.apply import LISTS
from tapeless.graph.entries import Described, Entry, Given

HEAD = ("#", "operation", "inputs", "output", "shape", "dtype", "line")
SHOWN = 60  # a longer table is shown without its middle
Row = tuple[str, ...]


def table(rows: list[Row]) -> str:
    """Columns aligned, numbers to the right."""
    rows = [HEAD, *rows]
    if len(rows) > SHOWN:
        half = SHOWN // 2
        left_out = len(rows) - 2 * half
        rows[half:-half] = [("...", f"{left_out} more", "", "", "", "", "")]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    return "\n".join(
        "  ".join(
            [row[0].rjust(widths[0]), *[c.ljust(w) for c, w in zip(row[1:], widths[1:], strict=True)]]
        ).rstrip()
        for row in rows
    )


def row(entry: Entry, names: list[str]) -> Row:
    """One entry."""
    parts = [
        text
        for position, value in enumerate(entry.inputs)
        if (text := _argument(entry, position, value, names)) is not None
    ]
    parts += [f"{name}={_text(value, names)}" for name, value in entry.keywords.items()]
    first = entry.outputs[0] if entry.outputs else Described(None, "")
    shape = "" if first.shape is None else str(first.shape)
    output = f"into {_text(entry.inputs[0], names)}" if entry.writes else f"v{entry.number}"
    if entry.several:
        output += f".0-{len(entry.outputs) - 1}"
    line = "" if entry.line is None else str(entry.line)
    return str(entry.number), entry.name, _short(", ".join(parts), 44), output, shape, first.dtype, line


def _argument(entry: Entry, position: int, value: Any, names: list[str]) -> str | None:
    rule = entry.op.rule
    required = len(rule.params) - len(rule.defaults)
    if position < required or position >= len(rule.params):
        return _text(value, names)
    default = rule.defaults[position - required]
    if value is default or (
        type(value) is type(default) and not isinstance(value, np.ndarray) and value == default
    ):
        return None
    return f"{rule.params[position]}={_text(value, names)}"


def _text(value: Any, names: list[str]) -> str:
    if isinstance(value, Given):
        return names[value.number]
    if isinstance(value, np.ndarray):
        shown = np.array2string(value, separator=", ") if value.size <= 4 else f"array{value.shape}"
        return " ".join(shown.split())
    if isinstance(value, slice):
        text = ":".join("" if part is None else _text(part, names) for part in (value.start, value.stop))
        return f"{text}:{_text(value.step, names)}" if value.step is not None else text
    if type(value) in LISTS:
        inner = ", ".join(_text(item, names) for item in value)
        return f"[{inner}]" if type(value) is list else f"({inner}{',' if len(value) == 1 else ''})"
    return "..." if value is ... else str(value)


def _short(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 3]}..."


def shape_and_dtype(data: Any) -> tuple[str, str]:
    return str(data.shape), data.dtype.name
