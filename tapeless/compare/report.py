"""What a comparison shows: a table, a mapping, a picture; and whether the roads agree."""

from __future__ import annotations

import importlib
import itertools
import os.path
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tapeless.compare.problem import Arrays, Problem
from tapeless.errors import DisagreementError, TapelessError, TransformError

# By bytes of the least precise number: how far gradients may be apart, and how far from differences.
EXACT = {2: 5e-2, 4: 1e-3, 8: 1e-8, 16: 1e-8}
DIFFERENCES = {2: 2e-1, 4: 2e-3, 8: 1e-5, 16: 1e-5}
NOISE = 1e-9  # of differences, in parts of the value
LISTED = 5  # disagreements in the table
HEAD = ("", "value", "largest difference", "", "per call", "× f", "first call", "memory", "")
REFUSED = "-"
KEYS = ("value", "gradient", "slopes", "seconds", "first", "memory", "absolute", "relative", "error", "note")


@dataclass
class Row(Mapping[str, Any]):
    """One road: a mapping of its value, gradient, seconds (per call), first (call, seconds), memory (bytes),
    absolute and relative (difference from the reference), error and note.
    """

    name: str
    value: Any = None
    gradient: Any = None
    leaves: Arrays | None = None
    slopes: list[float] | None = None
    seconds: float = float("nan")
    first: float = float("nan")
    memory: int = 0
    absolute: float | None = None
    relative: float | None = None
    error: Exception | None = None
    note: str = ""

    def __getitem__(self, key: str) -> Any:
        if key not in KEYS:
            raise KeyError(key)
        return getattr(self, key)

    def __iter__(self) -> Iterator[str]:
        return iter(KEYS)

    def __len__(self) -> int:
        return len(KEYS)


@dataclass(frozen=True)
class Place:
    """An entry of the gradient, `w['a'][2, 1]`, or a direction: the two values there, and how far apart."""

    where: str
    first: Any
    second: Any
    gap: float

    def __str__(self) -> str:
        one, other = _number(self.first, 8), _number(self.second, 8)
        return f"{self.where}: {one} and {other}, {self.gap:.2g} apart"


@dataclass(frozen=True)
class Difference:
    """How far two roads are apart at most: `relative` to the largest entry of the argument's gradient.

    `worst` is the entry that is furthest beyond the tolerance, or nearest to it; `beyond` has those that are
    beyond it, one for each array.
    """

    first: str
    second: str
    absolute: float
    relative: float
    worst: Place
    beyond: tuple[Place, ...]
    rtol: float
    atol: float

    @property
    def agree(self) -> bool:
        return not self.beyond

    def __str__(self) -> str:
        if self.agree:
            return f"{self.first} and {self.second} agree; furthest at {self.worst}"
        places = "; ".join([str(place) for place in self.beyond[:LISTED]])
        more = len(self.beyond) - LISTED
        return f"{self.first} and {self.second} disagree at {places}" + (
            f"; and {more} more" if more > 0 else ""
        )


@dataclass
class Comparison(Mapping[str, Row]):
    """Roads by name.  `pairs` has the difference of each two, `agrees` whether all are within tolerance.

    `f` is the row of the function itself; `notes` what to know of the numbers.
    """

    title: str
    arguments: str
    f: Row
    rows: dict[str, Row]
    pairs: dict[tuple[str, str], Difference]
    notes: tuple[str, ...] = ()
    labels: tuple[str, ...] = field(default=(), repr=False)  # of the arrays differentiated by

    def __getitem__(self, road: str) -> Row:
        return self.rows[road]

    def __iter__(self) -> Iterator[str]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def agrees(self) -> bool:
        """Whether at least two roads have a gradient, and no two of them disagree."""
        return bool(self.pairs) and not self.disagreements

    @property
    def disagreements(self) -> tuple[Difference, ...]:
        """The pairs beyond tolerance, the worst first."""
        found = [pair for pair in self.pairs.values() if not pair.agree]
        return tuple(sorted(found, key=lambda pair: -pair.relative))

    @property
    def reference(self) -> str | None:
        """The road that the others are measured against: the first that has a gradient."""
        return next((name for name, row in self.rows.items() if row.error is None), None)

    def check(self) -> None:
        """Raise DisagreementError unless the roads agree."""
        if self.agrees:
            return
        found = [str(pair) for pair in self.disagreements]
        if not found:
            reasons = [
                f"{name}: {reason(row.error)}" for name, row in self.rows.items() if row.error is not None
            ]
            found = ["there are no two roads to compare", *reasons]
        raise DisagreementError("\n".join([f"{self.title}: {found[0]}", *found[1:]]))

    def plot(self, path: str | Path) -> Path:
        """A picture of times, memory and differences; SVG, PNG or PDF by the file's ending.

        MissingExtraError without matplotlib.
        """
        return importlib.import_module("tapeless.compare.picture").plot(self, Path(path))

    # As text ------------------------------------------------------------------------------------------------

    def table(self) -> list[tuple[str, ...]]:
        """The cells of the table, the first row its head."""
        return [HEAD, *[self._cells(row) for row in (self.f, *self.rows.values())]]

    def _cells(self, row: Row) -> tuple[str, ...]:
        if row.error is not None:
            return (row.name, REFUSED, "", "", "", "", "", "", reason(row.error))
        absolute, relative = "", ""
        if row.name == self.reference:
            absolute = "reference"
        elif row.absolute is not None and row.relative is not None:
            absolute, relative = _gap(row.absolute), _gap(row.relative)
        mark = "" if self._is_fine(row.name) else "DISAGREES"
        return (
            row.name,
            _value(row.value),
            absolute,
            relative,
            duration(row.seconds),
            _times(row.seconds / self.f.seconds),
            duration(row.first),
            size(row.memory),
            "; ".join([part for part in (mark, row.note) if part]),
        )

    def _is_fine(self, name: str) -> bool:
        pair = self.pairs.get((self.reference or "", name))
        return pair is None or pair.agree

    def __str__(self) -> str:
        cells = self.table()
        left = (0, 8)
        widths = [max([len(row[k]) for row in cells if row[1] != REFUSED or not k]) for k in range(len(HEAD))]
        lines = [self.title, *[f"  {line}" for line in self.arguments.splitlines()], ""]
        for number, row in enumerate(cells):
            texts = [
                text.ljust(width) if k in left else text.rjust(width)
                for k, (text, width) in enumerate(zip(row, widths, strict=True))
            ]
            if number == 0:  # one head over two columns
                both = "largest difference".rjust(widths[2] + 2 + widths[3])
                texts[2:4] = [both]
            text = "  ".join(texts).rstrip()
            if row[1] == REFUSED:
                text = f"{texts[0]}  {_cut(f'refuses: {row[8]}', max(len(lines[-1]), 96) - widths[0] - 2)}"
            lines.append(text)
            if number == 0:
                lines.append("-" * len(text))
        return "\n".join([*lines, "", *self.verdict()])

    __repr__ = __str__

    def verdict(self) -> list[str]:
        """Whether they agree, and what to know."""
        found = self.disagreements
        if found:
            known = [pair for pair in found if self.reference in (pair.first, pair.second)] or list(found)
            lines = ["DISAGREE:", *[f"  {pair}" for pair in known]]
        elif self.pairs:
            roads = dict.fromkeys(itertools.chain.from_iterable(self.pairs))
            lines = [f"{', '.join(roads)} agree ({self._tolerances()})"]
        else:
            lines = ["no two roads have a gradient: nothing is compared"]
        return [*lines, *[f"note: {note}" for note in self.notes]]

    def _tolerances(self) -> str:
        """Those of two roads, and those of differences."""
        by_pair = {"differences" in pair: known.rtol for pair, known in self.pairs.items()}
        exact, rough = by_pair.get(False), by_pair.get(True)
        if exact is None or exact == rough:
            return f"rtol {rough if exact is None else exact:.0e}"
        return f"rtol {exact:.0e}" + ("" if rough is None else f", for differences {rough:.0e}")

    def _repr_html_(self) -> str:
        return importlib.import_module("tapeless.compare.html").page(self)


# Made of rows -----------------------------------------------------------------------------------------------


def compared(
    problem: Problem,
    plain: Row,
    rows: dict[str, Row],
    rtol: float | None,
    atol: float | None,
    notes: Sequence[str],
) -> Comparison:
    """The comparison of rows that were measured."""
    good = [row for row in rows.values() if row.error is None]
    pairs: dict[tuple[str, str], Difference] = {}
    for one, other in itertools.combinations(good, 2):
        pairs[one.name, other.name] = _difference(problem, plain, one, other, rtol, atol)
    if good:
        for row in good[1:]:
            pair = pairs[good[0].name, row.name]
            row.absolute, row.relative = pair.absolute, pair.relative
    shapes = [f"{leaf.name}: {leaf.value.dtype}{list(leaf.value.shape) or ''}" for leaf in problem.leaves]
    shown = shapes if len(shapes) <= 8 else [*shapes[:8], f"and {len(shapes) - 8} more"]
    return Comparison(
        f"compare {problem} by {problem.names}",
        "\n".join(shown),
        plain,
        rows,
        pairs,
        tuple(notes),
        tuple([leaf.name for leaf in problem.leaves]),
    )


def _difference(
    problem: Problem, plain: Row, one: Row, other: Row, rtol: float | None, atol: float | None
) -> Difference:
    by_differences = "differences" in (one.name, other.name)
    if rtol is None:
        rtol = (DIFFERENCES if by_differences else EXACT)[problem.precision]
    if atol is None:
        number = problem.number(plain.value)
        atol = NOISE * max(1.0, abs(number)) if by_differences and np.isfinite(number) else 1e-300
    found: list[tuple[float, Place]] = []
    absolute, relative = 0.0, 0.0
    for label, a, b in _sides(problem, one, other):
        gap, scale = _gaps(a, b), _largest(a, b)
        if not gap.size:
            continue
        place = np.unravel_index(int(np.argmax(np.where(np.isnan(gap), np.inf, gap))), gap.shape)
        here = float(gap[place]) if np.isfinite(gap[place]) else float("inf")
        absolute = max(absolute, here)
        relative = max(relative, here / scale if scale else (0.0 if here == 0.0 else float("inf")))
        allowed = atol + rtol * scale
        excess = here / allowed if allowed else (0.0 if here == 0.0 else float("inf"))
        found.append((excess, Place(_entry(label, place, gap), a[place], b[place], here)))
    found.sort(key=lambda pair: -pair[0])
    beyond = tuple([place for excess, place in found if excess > 1.0])
    return Difference(one.name, other.name, absolute, relative, found[0][1], beyond, rtol, atol)


def _sides(problem: Problem, one: Row, other: Row) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Values, then gradients: leaf by leaf, or along directions."""
    if problem.weights is None or all(row.value is not None for row in (one, other)):
        numbers = [np.asarray(problem.number(row.value)) for row in (one, other)]
        yield "the value", numbers[0], numbers[1]
    if one.leaves is not None and other.leaves is not None:
        for leaf, a, b in zip(problem.leaves, one.leaves, other.leaves, strict=True):
            yield leaf.name, a, b
    else:
        yield "direction", np.asarray(one.slopes), np.asarray(other.slopes)


def _gaps(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """|a - b|; 0 where both are nan or the same infinity."""
    with np.errstate(all="ignore"):
        wide = np.result_type(a, b, np.float64)
        x, y = a.astype(wide), b.astype(wide)
        same = (x == y) | (np.isnan(x) & np.isnan(y))
        return np.where(same, 0.0, np.abs(x - y))


def _largest(a: np.ndarray, b: np.ndarray) -> float:
    both = np.abs(np.concatenate([np.ravel(a), np.ravel(b)]))
    return float(np.max(both, initial=0.0, where=np.isfinite(both)))


def _entry(label: str, place: tuple[Any, ...], gap: np.ndarray) -> str:
    index = f"[{', '.join([str(int(k)) for k in place])}]"
    if label == "direction":
        return f"random direction {int(place[0])}"
    return label if gap.shape == () else f"{label}{index}"


# Words ------------------------------------------------------------------------------------------------------


def reason(error: Exception | None) -> str:
    """Why a road cannot take the function, in one line."""
    if isinstance(error, TransformError) and error.where is not None:
        return f"{os.path.basename(error.where.filename)}:{error.where.line}: {error.what}: {error.why}"
    text = str(error).strip().splitlines()
    first = text[0] if text else type(error).__name__
    return first if isinstance(error, TapelessError) else f"{type(error).__name__}: {first}"


def _gap(value: float) -> str:
    return "0" if value == 0.0 else f"{value:.1e}"


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 3]}..."


def duration(seconds: float) -> str:
    """A time with its unit.

    >>> duration(1.23e-5), duration(0.0123), duration(4.0)
    ('12.3 µs', '12.3 ms', '4.00 s')
    """
    if seconds != seconds:
        return ""
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= scale:
            return f"{_three(seconds / scale)} {unit}"
    return f"{_three(seconds / 1e-9)} ns"


def size(count: int) -> str:
    """Bytes with their unit.

    >>> size(12), size(12_300), size(4_000_000)
    ('12 B', '12.3 kB', '4.00 MB')
    """
    for unit, scale in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= scale:
            return f"{_three(count / scale)} {unit}"
    return f"{count} B"


def _three(value: float) -> str:
    return f"{value:.2f}" if value < 9.995 else f"{value:.1f}" if value < 99.95 else f"{value:.0f}"


def _times(ratio: float) -> str:
    return "" if ratio != ratio else _three(ratio)


def _value(value: Any) -> str:
    if isinstance(value, np.ndarray) and value.size > 1:
        return f"{value.dtype}{list(value.shape)}"
    if isinstance(value, np.ndarray | np.generic | int | float | complex):
        return _number(np.reshape(np.asarray(value), ())[()], 6)
    return type(value).__name__


def _number(value: Any, digits: int) -> str:
    return f"{complex(value):.{digits}g}" if np.iscomplexobj(value) else f"{float(value):.{digits}g}"
