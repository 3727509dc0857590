"""How derivatives are shown: `explain()`, and in notebooks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tapeless import _tree
from tapeless.source.cache import Derived, Identity, Report
from tapeless.transforms.selection import Selection


@dataclass(frozen=True)
class Explanation:
    """What a derivative was made from, for and with; `print` shows it, `source` is the text itself."""

    title: str
    place: str
    arguments: tuple[str, ...]
    report: Report
    source: str

    def __str__(self) -> str:
        report = self.report
        spent = ", ".join(f"{stage} {took:.1f}" for stage, took in report.milliseconds.items())
        total = sum(report.milliseconds.values())
        rows = [
            ("of", self.place),
            ("for", "\n".join(self.arguments)),
            ("inlined", ", ".join(report.inlined)),
            ("calls", ", ".join(report.called)),
            ("keeps", "\n".join(report.residuals)),
            ("took", f"{total:.1f} ms: {spent}" if spent else ""),
            ("notes", "\n".join(report.notes)),
        ]
        lines = [self.title]
        for label, text in rows:
            for number, line in enumerate(text.splitlines()):
                lines.append(f"  {label if not number else '':<8}{line}")
        return "\n".join([*lines, "", self.source])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        text = str(self)
        head = text[: len(text) - len(self.source)]
        return f"<pre>{_escaped(head)}</pre>{highlighted(self.source)}"


def explanation(
    kind: str, function: Any, names: tuple[str, ...], selection: Selection, derived: Derived
) -> Explanation:
    """The facts about a derivative in words."""
    code = getattr(function, "__code__", None)
    called = getattr(function, "__qualname__", None) or getattr(function, "__name__", repr(function))
    place = called if code is None else f"{called}, {code.co_filename}:{code.co_firstlineno}"
    by = ", ".join([one.name for one in selection.selected])
    texts = [text.strip("\n") + "\n" for text in derived.sources.values()]
    return Explanation(
        f"{kind} of {getattr(function, '__name__', called)} by {by}",
        place,
        tuple([f"{name}: {described(like)}" for name, like in zip(names, derived.like, strict=False)]),
        derived.report,
        "\n\n".join(texts),
    )


def described(like: Any) -> str:
    """What of a value a derivative is made for.

    >>> described(np.zeros((5, 1), np.float32)), described([1.0, "same"])
    ('float32[?, 1]', "list([0]: float, [1]: 'same')")
    """
    known = _tree.container(type(like))
    if known is not None:
        if like is None:
            return "None"
        parts, extra = known.flatten(like)
        pairs = zip(known.labels(extra, len(parts)), parts, strict=True)
        return f"{type(like).__name__}({', '.join(f'{label}: {described(part)}' for label, part in pairs)})"
    if isinstance(like, np.ndarray):
        lengths = ", ".join(["1" if n == 1 else "?" for n in like.shape])
        return f"{like.dtype}[{lengths}]"
    if isinstance(like, str | bytes):
        return repr(like)
    if isinstance(like, Identity):
        return f"this {type(like.get()).__name__}"
    return type(like).__name__


def side_by_side(title: str, texts: list[str]) -> str:
    """A table with the texts next to each other."""
    style = "vertical-align: top; text-align: left"
    cells = "".join(f'<td style="{style}">{highlighted(text)}</td>' for text in texts)
    return f"<div><code>{_escaped(title)}</code><table><tr>{cells}</tr></table></div>"


def highlighted(text: str) -> str:
    """Python as HTML, in colours where Pygments is installed."""
    try:
        from pygments import highlight
        from pygments.formatters import HtmlFormatter
        from pygments.lexers import PythonLexer
    except ImportError:
        return f"<pre>{_escaped(text)}</pre>"
    return highlight(text, PythonLexer(), HtmlFormatter(noclasses=True))


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
