"""A comparison as a picture: time, memory, and how far the roads are apart."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tapeless.errors import missing_extra

if TYPE_CHECKING:
    from tapeless.compare.report import Comparison, Row

COLOURS = {
    "f": "#9ca3af",
    "source": "#2563eb",
    "auto": "#0891b2",
    "tape": "#d97706",
    "forward": "#059669",
    "differences": "#9333ea",
}
MARKERS = {"auto": "D", "tape": "s", "forward": "^", "differences": "o"}
LABELLED = 6  # arrays whose names stand below their entries
LEAST = 1e-18  # what is equal is drawn here


def plot(report: Comparison, path: Path) -> Path:
    """Draw a report to a file; ValueError for endings other than svg, png and pdf."""
    kind = path.suffix.lower().removeprefix(".")
    if kind not in ("svg", "png", "pdf"):
        raise ValueError(f"a picture is svg, png or pdf, not {path.name!r}")
    figure = _figure()(figsize=(11.0, 3.9), layout="constrained")
    refused = [name for name, row in report.rows.items() if row.error is not None]
    aside = f"   ({', '.join(refused)} refused)" if refused else ""
    figure.suptitle(report.title + aside, x=0.01, ha="left", fontsize=11, fontweight="bold")
    times, memory, gaps = figure.subplots(1, 3, width_ratios=(1.0, 1.0, 1.3))
    texts = importlib.import_module("tapeless.compare.report")
    rows = [row for row in (report.f, *report.rows.values()) if row.error is None]
    _bars(times, rows, "seconds", "time of a call (hatched: the first call)", texts.duration, "first")
    _bars(memory, rows, "memory", "peak memory of a call", texts.size)
    memory.tick_params(labelleft=False)
    _gaps(gaps, report)
    figure.savefig(path, format=kind, dpi=150)
    return path


def _figure() -> Any:
    """matplotlib's Figure: no window, no state that others share."""
    try:
        return importlib.import_module("matplotlib.figure").Figure
    except ImportError:
        raise missing_extra("matplotlib", "viz", "drawing a comparison") from None


def _bars(axes: Any, rows: list[Row], key: str, title: str, word: Any, behind: str | None = None) -> None:
    names = [row.name for row in rows]
    values = [max(float(row[key]), 1e-9) for row in rows]
    colours = [COLOURS.get(name, "#374151") for name in names]
    places = np.arange(len(rows))
    most = max(values)
    if behind is not None:
        first = [max(float(row[behind]), 1e-9) for row in rows]
        axes.barh(places, first, color="none", edgecolor=colours, hatch="////", linewidth=0.5, height=0.62)
        most = max(most, *first)
    axes.barh(places, values, color=colours, height=0.62)
    for place, value in zip(places, values, strict=True):
        axes.annotate(
            word(value if key == "seconds" else int(value)), (value, place), (4, 0),
            textcoords="offset points", va="center", fontsize=8,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.85},
        )  # fmt: skip
    axes.set_xscale("log")
    axes.set_xlim(min(values) / 4.0, most * 12.0)
    axes.xaxis.set_major_formatter(lambda value, _: word(value if key == "seconds" else int(value)))
    axes.minorticks_off()
    axes.set_yticks(places, names)
    axes.invert_yaxis()
    _plain(axes, title)


def _gaps(axes: Any, report: Comparison) -> None:
    """For each entry of the gradient, how far each road is from the reference."""
    reference = report.reference
    several = 0
    for name, row in report.rows.items():
        gaps = _relative_gaps(report.rows[reference] if reference else row, row)
        if name == reference or gaps is None:
            continue
        several = max(several, gaps.size)
        size = 5.0 if gaps.size <= 60 else 2.5
        axes.plot(
            np.maximum(gaps, LEAST), MARKERS[name], color=COLOURS[name], markersize=size, label=name,
            fillstyle="none" if size > 3.0 else "full", alpha=0.9,
        )  # fmt: skip
    tolerances = {pair.rtol for pair in report.pairs.values() if reference in (pair.first, pair.second)}
    for rtol in sorted(tolerances):
        axes.axhline(rtol, color="#c1121f", linewidth=0.8, linestyle="--")
        axes.annotate(f"rtol {rtol:.0e}", (1.0, rtol), (-2, 2), xycoords=("axes fraction", "data"),
                      textcoords="offset points", ha="right", fontsize=7, color="#c1121f")  # fmt: skip
    axes.set_yscale("log")
    axes.set_ylim(bottom=LEAST / 5.0)
    axes.axhspan(LEAST / 5.0, LEAST * 5.0, color="#f3f4f6", zorder=0)
    axes.yaxis.set_major_formatter(lambda value, _: "0" if value == LEAST else f"{value:.0e}")
    _name_entries(axes, report)
    _plain(axes, f"difference from {reference}, of the largest entry")
    if several:
        axes.legend(fontsize=8, frameon=False, loc="upper left", ncols=3, borderaxespad=0.1)
        axes.set_ylim(top=max(axes.get_ylim()[1], 1e-3) * 30.0)
    else:
        axes.text(0.5, 0.5, "nothing to compare", transform=axes.transAxes, ha="center", color="#6b7280")


def _name_entries(axes: Any, report: Comparison) -> None:
    """Which arrays the entries belong to."""
    row = report.rows[report.reference] if report.reference else None
    if row is None or row.leaves is None or row.slopes is not None:
        axes.set_xlabel("random direction", fontsize=8)
        axes.xaxis.get_major_locator().set_params(integer=True)
        return
    sizes = [leaf.size for leaf in row.leaves]
    if len(sizes) == 1 or len(sizes) > LABELLED:
        axes.set_xlabel(
            f"entry of the gradient by {', '.join(report.labels)}" if len(sizes) == 1 else "entry"
        )
        axes.xaxis.label.set_size(8)
        axes.xaxis.get_major_locator().set_params(integer=True)
        return
    ends = np.cumsum(sizes)
    for end in ends[:-1]:
        axes.axvline(end - 0.5, color="#d1d5db", linewidth=0.8)
    axes.set_xticks(ends - np.asarray(sizes) / 2.0 - 0.5, report.labels)
    axes.tick_params(axis="x", length=0)


def _relative_gaps(one: Row, other: Row) -> np.ndarray | None:
    if one.slopes is not None and other.slopes is not None:
        return _scaled(np.asarray(one.slopes), np.asarray(other.slopes))
    if one.leaves is None or other.leaves is None:
        return None
    found = [_scaled(a, b) for a, b in zip(one.leaves, other.leaves, strict=True)]
    return np.concatenate([np.ravel(part) for part in found])


def _scaled(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    with np.errstate(all="ignore"):
        scale = np.max(np.abs(a), initial=0.0)
        return np.nan_to_num(np.abs(a - b) / (scale or 1.0))


def _plain(axes: Any, title: str) -> None:
    axes.set_title(title, fontsize=9, loc="left")
    axes.tick_params(labelsize=8)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
