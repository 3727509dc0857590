"""Pictures of graphs: boxes in layers, arrows between them; by Graphviz if it is there, else Matplotlib."""

from __future__ import annotations

import importlib
import itertools
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tapeless.errors import missing_extra

Kind = Literal["leaf", "constant", "operation", "result"]
COLOURS: dict[str, tuple[str, str]] = {  # filling and border
    "leaf": ("#cfe8cf", "#3b7d3b"),
    "constant": ("#ececec", "#8a8a8a"),
    "operation": ("#dce8f7", "#3f6ea5"),
    "result": ("#fde3c3", "#c2751a"),
}
MEANING: dict[str, str] = {
    "leaf": "input",
    "constant": "constant",
    "operation": "operation",
    "result": "result",
}
LINE = 0.19  # inches
LETTER = 0.078
GAP = 0.28
RISE = 0.45  # between layers


@dataclass(frozen=True, slots=True)
class Box:
    """A node: the first of its `lines` is its name."""

    key: str
    lines: tuple[str, ...]
    kind: Kind

    @property
    def text(self) -> str:
        return "\n".join(line for line in self.lines if line)

    @property
    def width(self) -> float:
        return max(0.6, LETTER * max(len(line) for line in self.lines) + 0.24)

    @property
    def height(self) -> float:
        return LINE * len([line for line in self.lines if line]) + 0.16


@dataclass(frozen=True, slots=True)
class Picture:
    """What is drawn; arrows lead from key to key, and the graph they make has no cycle."""

    boxes: tuple[Box, ...]
    arrows: tuple[tuple[str, str], ...]


def draw(picture: Picture, path: str | Path) -> Path:
    """Write the picture to `path`: SVG, PNG or PDF."""
    target = Path(path)
    kind = target.suffix.lower().removeprefix(".")
    if kind not in ("svg", "png", "pdf"):
        raise ValueError(f"a picture is svg, png or pdf, not {target.name!r}")
    graphviz = _optional("graphviz")
    if graphviz is not None and shutil.which("dot") is not None:
        target.write_bytes(_with_graphviz(graphviz, picture).pipe(format=kind))
        return target
    if _optional("matplotlib") is None:
        raise missing_extra("matplotlib (or graphviz, with its dot program)", "viz", "drawing a graph")
    _with_matplotlib(picture, target, kind)
    return target


def _optional(package: str) -> Any:
    try:
        return importlib.import_module(package)
    except ImportError:
        return None


def _with_graphviz(graphviz: Any, picture: Picture) -> Any:
    graph = graphviz.Digraph(node_attr={"shape": "box", "style": "rounded,filled", "fontname": "Helvetica"})
    graph.attr("node", fontsize="11", margin="0.12,0.06")
    for box in picture.boxes:
        filling, border = COLOURS[box.kind]
        graph.node(box.key, box.text, fillcolor=filling, color=border)
    for source, target in picture.arrows:
        graph.edge(source, target, color="#555555", arrowsize="0.7")
    return graph


# Layers -----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Block:
    """Boxes that touch: `place` is where the first one's centre would like to be, all wishes weighed."""

    keys: list[str]
    offsets: list[float]
    wish: float
    weight: float

    @property
    def place(self) -> float:
        return self.wish / self.weight


class Layout:
    """Boxes in layers, top down; an arrow over several layers bends at a point in each.

    The order within layers is improved by moving each box to the mean place of its neighbours; then boxes are
    moved sideways towards them as far as there is room.
    """

    def __init__(self, picture: Picture) -> None:
        self.boxes = {box.key: box for box in picture.boxes}
        self.layer = _layers(picture)
        self.width = {key: box.width for key, box in self.boxes.items()}
        self.paths: list[list[str]] = []
        self.above: dict[str, list[str]] = {key: [] for key in self.boxes}
        self.below: dict[str, list[str]] = {key: [] for key in self.boxes}
        for source, target in picture.arrows:
            self._add_path(source, target)
        count = max(self.layer.values(), default=-1) + 1
        self.rows: list[list[str]] = [[] for _ in range(count)]
        for key, layer in self.layer.items():
            self.rows[layer].append(key)
        self._order()
        self.x = self._places()
        self.y = self._heights()

    def _add_path(self, source: str, target: str) -> None:
        path = [source]
        for layer in range(self.layer[source] + 1, self.layer[target]):
            bend = f"{source}>{target}@{layer}"
            self.layer[bend], self.width[bend] = layer, 0.1
            self.above[bend], self.below[bend] = [], []
            path.append(bend)
        path.append(target)
        for upper, lower in itertools.pairwise(path):
            self.below[upper].append(lower)
            self.above[lower].append(upper)
        self.paths.append(path)

    def _order(self) -> None:
        best, crossings = [list(row) for row in self.rows], self._crossings()
        for sweep in range(24):
            down = sweep % 2 == 0
            neighbours = self.above if down else self.below
            for row in self.rows if down else self.rows[::-1]:
                place = {key: index for other in self.rows for index, key in enumerate(other)}
                row.sort(key=lambda key: _mean([place[one] for one in neighbours[key]], place[key]))
            now = self._crossings()
            if now < crossings:
                best, crossings = [list(row) for row in self.rows], now
        self.rows = best

    def _crossings(self) -> int:
        total = 0
        for upper, lower in itertools.pairwise(self.rows):
            place = {key: index for index, key in enumerate(lower)}
            ends = [place[one] for key in upper for one in sorted(self.below[key], key=place.__getitem__)]
            total += sum(ends[i] > ends[j] for i in range(len(ends)) for j in range(i + 1, len(ends)))
        return total

    def _places(self) -> dict[str, float]:
        x: dict[str, float] = {}
        for row in self.rows:
            at = 0.0
            for key in row:
                x[key] = at + self.width[key] / 2
                at += self.width[key] + GAP
            for key in row:
                x[key] -= (at - GAP) / 2
        for sweep in range(40):
            rows = self.rows if sweep % 2 == 0 else self.rows[::-1]
            for row in rows:
                self._settle(row, x)
        return x

    def _settle(self, row: list[str], x: dict[str, float]) -> None:
        """Towards the neighbours' mean; what collides moves as one block.  Boxes without input give way."""
        blocks: list[Block] = []
        for key in row:
            near = [(one, self._weight(one)) for one in self.above[key] + self.below[key]]
            total = sum(weight for _, weight in near)
            wish = sum(x[one] * weight for one, weight in near) / total if near else x[key]
            blocks.append(Block([key], [0.0], wish * self._weight(key), self._weight(key)))
            while len(blocks) > 1 and self._collide(blocks[-2], blocks[-1]):
                self._merge(blocks)
        for block in blocks:
            for key, offset in zip(block.keys, block.offsets, strict=True):
                x[key] = block.place + offset

    def _weight(self, key: str) -> float:
        return 1.0 if self.above[key] else 0.05

    def _collide(self, left: Block, right: Block) -> bool:
        end = left.place + left.offsets[-1] + self.width[left.keys[-1]] / 2
        return end + GAP > right.place - self.width[right.keys[0]] / 2

    def _merge(self, blocks: list[Block]) -> None:
        right = blocks.pop()
        left = blocks[-1]
        shift = left.offsets[-1] + (self.width[left.keys[-1]] + self.width[right.keys[0]]) / 2 + GAP
        left.wish += right.wish - shift * right.weight
        left.weight += right.weight
        left.keys += right.keys
        left.offsets += [offset + shift for offset in right.offsets]

    def _heights(self) -> list[float]:
        """The centre of each layer, from the top downwards."""
        y, at = [], 0.0
        for row in self.rows:
            height = max([self.boxes[key].height for key in row if key in self.boxes], default=0.3)
            y.append(at - height / 2)
            at -= height + RISE
        return y


def _mean(values: list[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _layers(picture: Picture) -> dict[str, int]:
    """The longest way from a start; what has no arrow coming in stands right above its first reader."""
    layer = {box.key: 0 for box in picture.boxes}
    after: dict[str, list[str]] = {}
    waiting = dict.fromkeys(layer, 0)
    for source, target in picture.arrows:
        after.setdefault(source, []).append(target)
        waiting[target] += 1
    starts = [key for key, count in waiting.items() if not count]
    ready = list(starts)
    while ready:
        key = ready.pop()
        for target in after.get(key, ()):
            layer[target] = max(layer[target], layer[key] + 1)
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    for key in starts:
        if key in after:
            layer[key] = min(layer[target] for target in after[key]) - 1
    return layer


# Matplotlib -------------------------------------------------------------------------------------------------


def _with_matplotlib(picture: Picture, target: Path, kind: str) -> None:
    figures = importlib.import_module("matplotlib.figure")
    layout = Layout(picture)
    left = min([layout.x[key] - layout.width[key] / 2 for key in layout.x], default=0.0) - 0.3
    right = max([layout.x[key] + layout.width[key] / 2 for key in layout.x], default=1.0) + 0.3
    right = max(right, left + 4.4)  # the legend's width
    bottom = (layout.y[-1] if layout.y else 0.0) - 0.95
    figure = figures.Figure(figsize=(right - left, 0.3 - bottom))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(left, right)
    axes.set_ylim(bottom, 0.3)
    axes.axis("off")
    for path in layout.paths:
        _draw_arrow(axes, layout, path)
    for key, box in layout.boxes.items():
        _draw_box(axes, box, layout.x[key], layout.y[layout.layer[key]])
    _draw_legend(axes, {box.kind for box in picture.boxes}, (left + right) / 2, bottom + 0.25)
    figure.savefig(target, format=kind, dpi=144, facecolor="white")


def _draw_box(axes: Any, box: Box, x: float, y: float) -> None:
    patches = importlib.import_module("matplotlib.patches")
    filling, border = COLOURS[box.kind]
    corner = x - box.width / 2 + 0.06, y - box.height / 2 + 0.06
    axes.add_patch(
        patches.FancyBboxPatch(
            corner,
            box.width - 0.12,
            box.height - 0.12,
            boxstyle="round,pad=0.06",
            facecolor=filling,
            edgecolor=border,
            linewidth=1.1,
            zorder=2,
        )
    )
    lines = [line for line in box.lines if line]
    for index, line in enumerate(lines):
        at = y + LINE * ((len(lines) - 1) / 2 - index)
        weight, size, colour = ("bold", 9, "#222222") if index == 0 else ("normal", 7.5, "#555555")
        axes.text(x, at, line, ha="center", va="center", fontsize=size, weight=weight, color=colour, zorder=3)


def _draw_arrow(axes: Any, layout: Layout, keys: list[str]) -> None:
    patches = importlib.import_module("matplotlib.patches")
    paths = importlib.import_module("matplotlib.path")
    first, last = layout.boxes[keys[0]], layout.boxes[keys[-1]]
    points = [(layout.x[key], layout.y[layout.layer[key]]) for key in keys]
    points[0] = points[0][0], points[0][1] - first.height / 2
    points[-1] = points[-1][0], points[-1][1] + last.height / 2 + 0.02
    vertices, codes = [points[0]], [1]
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        middle = (y0 + y1) / 2
        vertices += [(x0, middle), (x1, middle), (x1, y1)]
        codes += [4, 4, 4]
    arrow = patches.FancyArrowPatch(
        path=paths.Path(vertices, codes),
        arrowstyle="-|>",
        mutation_scale=9,
        color="#666666",
        linewidth=0.9,
        zorder=1,
    )
    axes.add_patch(arrow)


def _draw_legend(axes: Any, kinds: set[Kind], x: float, y: float) -> None:
    patches = importlib.import_module("matplotlib.patches")
    shown = [(kind, *COLOURS[kind]) for kind in COLOURS if kind in kinds]
    at = x - len(shown) * 0.5
    for kind, filling, border in shown:
        axes.add_patch(
            patches.Rectangle((at, y - 0.06), 0.16, 0.12, facecolor=filling, edgecolor=border, linewidth=0.8)
        )
        axes.text(at + 0.22, y, MEANING[kind], ha="left", va="center", fontsize=7.5, color="#444444")
        at += 1.0
