"""A comparison in a notebook."""

from __future__ import annotations

from html import escape

from tapeless.compare.report import REFUSED, Comparison

CELL = "padding: 2px 10px; white-space: nowrap"
GOOD, BAD, FAINT = "#1a7f37", "#c1121f", "#6b7280"


def page(report: Comparison) -> str:
    """The table, and below it whether the roads agree."""
    head, *rows = report.table()
    titles = "".join([_head(text, 2 if k == 2 else 1) for k, text in enumerate(head) if k != 3])
    body = "".join([_row(cells) for cells in rows])
    lines = report.verdict()
    colour = GOOD if report.agrees else BAD
    verdict = "".join(
        [
            f'<div style="color: {colour if not k else FAINT}">{escape(line)}</div>'
            for k, line in enumerate(lines)
        ]
    )
    arguments = escape(", ".join(report.arguments.splitlines()))
    return (
        f"<div><b>{escape(report.title)}</b> <span style='color: {FAINT}'>{arguments}</span>"
        f"<table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table>{verdict}</div>"
    )


def _head(text: str, span: int) -> str:
    side = "center" if span > 1 else "right"
    return f'<th colspan="{span}" style="{CELL}; text-align: {side}">{escape(text)}</th>'


def _row(cells: tuple[str, ...]) -> str:
    name, *numbers, note = cells
    if numbers[0] == REFUSED:  # it could not take the function
        told = (
            f'<td colspan="8" style="{CELL}; text-align: left; color: {FAINT}">refuses: {escape(note)}</td>'
        )
        return f'<tr><th style="{CELL}; text-align: left">{escape(name)}</th>{told}</tr>'
    colour = BAD if note.startswith("DISAGREES") else FAINT
    texts = "".join([f'<td style="{CELL}; text-align: right">{escape(text)}</td>' for text in numbers])
    told = f'<td style="{CELL}; text-align: left; color: {colour}">{escape(note)}</td>'
    return f'<tr><th style="{CELL}; text-align: left">{escape(name)}</th>{texts}{told}</tr>'
