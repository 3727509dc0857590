"""Pictures of the graph behind a tensor."""

from __future__ import annotations

import numpy as np
import pytest

import tapeless as tl
from tapeless import viz
from tapeless.graph.picture import Box, Layout, Picture


@pytest.fixture
def weights():
    return tl.tensor(np.ones((3, 2)), requires_grad=True)


def test_leaves_have_shapes_and_operations_their_names(weights):
    bias = tl.zeros(2, dtype=tl.float64, requires_grad=True)
    loss = tl.tanh(tl.ones(4, 3, dtype=tl.float64) @ weights + bias).sum()

    picture = viz._picture([loss], {id(weights): "weights"})

    assert {box.lines for box in picture.boxes if box.kind == "leaf"} == {
        ("weights", "(3, 2) float64"),
        ("leaf", "(2,) float64"),
    }
    assert [box.text for box in picture.boxes if box.kind == "operation"].count("TanhBackward0") == 1
    assert [box.lines for box in picture.boxes if box.kind == "result"] == [("result", "() float64")]
    keys = {box.key for box in picture.boxes}
    assert all(source in keys and target in keys for source, target in picture.arrows)


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_a_graph_is_drawn(weights, tmp_path, kind):
    hidden = tl.exp(weights)

    path = viz.draw_graph([hidden.sum(), (hidden * hidden).sum()], tmp_path / f"graph.{kind}", {"w": weights})

    assert path == tmp_path / f"graph.{kind}"
    assert path.stat().st_size > 1000


def test_without_a_graph_there_is_nothing_to_draw(tmp_path):
    with pytest.raises(ValueError, match="does not require grad"):
        viz.draw_graph(tl.ones(2), tmp_path / "graph.svg")


def test_a_long_arrow_passes_boxes_by():
    boxes = tuple(Box(key, (key,), "operation") for key in "abcd")
    layout = Layout(Picture(boxes, (("a", "b"), ("b", "c"), ("c", "d"), ("a", "d"))))

    (long,) = [path for path in layout.paths if path[0] == "a" and path[-1] == "d"]
    assert [layout.layer[key] for key in long] == [0, 1, 2, 3]
    for bend, box in zip(long[1:-1], "bc", strict=True):
        assert abs(layout.x[bend] - layout.x[box]) > layout.boxes[box].width / 2


def test_a_leaf_stands_right_above_its_first_reader():
    boxes = tuple(Box(key, (key,), "operation") for key in ("x", "a", "b", "c", "w"))
    layout = Layout(Picture(boxes, (("x", "a"), ("a", "b"), ("b", "c"), ("w", "c"))))

    assert layout.layer["w"] == layout.layer["c"] - 1
