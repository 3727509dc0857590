"""What is told of a traced function: what it was made for, what is fixed in it, where Python decided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tapeless import _tree
from tapeless.graph.entries import Reading
from tapeless.graph.variable import Variable

SHOWN = 12  # lines of a kind


@dataclass(frozen=True)
class TraceExplanation:
    """What a trace was made from and what is fixed in it; `print` shows it."""

    title: str
    place: str
    variant: Any  # tracing.Variant

    @property
    def decisions(self) -> tuple[Reading, ...]:
        """Where Python decided by a value while tracing."""
        return self.variant.lifted.readings

    def __str__(self) -> str:
        variant, lifted = self.variant, self.variant.lifted
        decided = [
            f"{one.what} at {one.line}: {one.line.text}" if one.line else one.what for one in self.decisions
        ]
        sized = [f"{line}: {line.text}" for line in lifted.sized if line is not None]
        constants = [f"{name}: {value.dtype} {value.shape}" for name, value in lifted.constants.items()]
        rows = [
            ("of", [self.place]),
            ("for", list(variant.arguments)),
            ("steps", [str(variant.operations)]),
            ("fixed", constants),
            ("decided", _counted(decided)),
            ("lengths", _counted(sized)),
        ]
        lines = [self.title]
        for label, texts in rows:
            lines += [f"  {label if not k else '':<9}{text}" for k, text in enumerate(_shortened(texts))]
        if decided and lifted.checked:
            lines.append(
                "  Python decided by values there: each call looks again, and others are traced anew."
            )
        elif decided:
            lines.append("  Python decided by values there: other values may take other branches, unseen.")
        if sized:
            lines.append("  Lengths follow from values there: what Python made of them is as it was.")
        return "\n".join([*lines, "", variant.source])

    __repr__ = __str__


def _counted(texts: list[str]) -> list[str]:
    """Each once, with how often it came if that is more."""
    counts: dict[str, int] = {}
    for text in texts:
        counts[text] = counts.get(text, 0) + 1
    return [text if count == 1 else f"{text}  ({count} times)" for text, count in counts.items()]


def _shortened(texts: list[str]) -> list[str]:
    return texts if len(texts) <= SHOWN else [*texts[:SHOWN], f"and {len(texts) - SHOWN} more"]


def place_of(function: Any) -> str:
    code = getattr(function, "__code__", None)
    called = getattr(function, "__qualname__", None) or repr(function)
    return called if code is None else f"{called}, {code.co_filename}:{code.co_firstlineno}"


def described(value: Any) -> str:
    """A value by what the trace is specialised to: dtypes and whole shapes; values of what is no array."""
    known = _tree.container(type(value))
    if known is not None and value is not None:
        parts, extra = known.flatten(value)
        pairs = zip(known.labels(extra, len(parts)), parts, strict=True)
        return f"{type(value).__name__}({', '.join(f'{label}: {described(part)}' for label, part in pairs)})"
    data = value._data if isinstance(value, Variable) else value
    if isinstance(data, np.ndarray):
        return f"{data.dtype}{list(data.shape)}"
    return type(data).__name__ if isinstance(data, np.generic | float | complex) else repr(data)
