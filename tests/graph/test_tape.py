"""Tapes: what they list, the gradients they give, running them again, and that they keep nothing alive."""

from __future__ import annotations

import gc
import itertools
import threading
import weakref

import numpy as np
import pytest

import tapeless as tl
from tapeless.errors import MissingExtraError
from tapeless.graph import picture
from tapeless.graph.array import Array
from tapeless.graph.entries import Given, Result
from tapeless.graph.picture import Layout
from tapeless.graph.tape import Tape
from tests.graph.programs import PROGRAMS, M, V


def test_every_operation_is_listed_with_its_line():
    x = Array(V)
    with Tape() as tape:
        tape.watch(x)
        y = np.sum(x * 2.0, axis=0)

    assert y.requires_grad
    assert not x.requires_grad
    assert len(tape) == 2
    assert [line.split() for line in str(tape).splitlines()] == [
        ["#", "operation", "inputs", "output", "shape", "dtype", "line"],
        ["input", "x1", "(3,)", "float64"],
        ["1", "multiply", "x1,", "2.0", "v1", "(3,)", "float64", f"test_tape.py:{tape[0].line.number}"],
        ["2", "sum", "v1,", "axis=0", "v2", "()", "float64", f"test_tape.py:{tape[1].line.number}"],
    ]
    assert tape[0].line.text == "y = np.sum(x * 2.0, axis=0)"
    assert repr(tape) == "<Tape: 2 operations, 1 inputs>"


def test_entries_say_what_a_program_needs():
    x, w = tl.tensor(V), tl.tensor(V, requires_grad=True)
    with Tape() as tape:
        tape.watch(x)
        y = (x * w)[1:]
        y.sum()

    multiply, getitem, total = tape
    assert multiply.function is np.multiply
    assert multiply.inputs == (Given(0), Given(1))
    assert getitem.inputs[0] == Result(1)
    assert total.inputs[0] == Result(2)
    assert (total.outputs[0].shape, total.outputs[0].dtype) == ((), "float64")
    assert [entry.number for entry in tape] == [1, 2, 3]
    with pytest.raises(AttributeError):
        total.number = 5


def test_columns_are_aligned_and_long_tapes_lose_their_middle():
    x = Array(V)
    with Tape() as tape:
        tape.watch(x)
        y = x
        for _ in range(500):
            y = np.tanh(y)

    lines = str(tape).splitlines()
    assert len(lines) < 70
    assert any("more" in line for line in lines)
    assert lines[-1].split()[:2] == ["500", "tanh"]
    assert len({line.index("float64") for line in lines[1:] if "float64" in line}) == 1


def test_nothing_is_recorded_outside():
    x = Array(V)
    with Tape() as tape:
        pass
    x * 2.0

    assert len(tape) == 0
    with pytest.raises(RuntimeError, match="inside the tape's with block"):
        tape.watch(x)


# Gradients --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [Array, tl.tensor], ids=["Array", "Tensor"])
def test_gradient_comes_in_the_structure_of_the_sources(make):
    x, y, z = make(V), make(V + 1), make(V)
    with Tape(persistent=True) as tape:
        tape.watch(x, y, z)
        out = (x * y).sum()

    assert np.allclose(np.asarray(tape.gradient(out, x)), V + 1)
    assert [np.asarray(one).tolist() for one in tape.gradient(out, [x, y])] == [(V + 1).tolist(), V.tolist()]
    assert set(tape.gradient(out, {"x": x, "z": z})) == {"x", "z"}
    assert tape.gradient(out, (x, z))[1] is None
    assert np.asarray(tape.gradient(out, (x, z), unconnected="zero")[1]).tolist() == [0.0, 0.0, 0.0]
    assert type(tape.gradient(out, (x, z))) is tuple


def test_targets_are_summed_and_weighed():
    x = Array(V)
    with Tape(persistent=True) as tape:
        tape.watch(x)
        a, b = x * x, np.sum(x)

    np.testing.assert_allclose(np.asarray(tape.gradient(a, x)), 2 * V)
    np.testing.assert_allclose(np.asarray(tape.gradient([a, b], x)), 2 * V + 1)
    np.testing.assert_allclose(np.asarray(tape.gradient(a, x, np.array([1.0, 0.0, 2.0]))), 2 * V * [1, 0, 2])


def test_an_ordinary_tape_gives_gradients_once():
    x = Array(V)
    with Tape() as tape:
        tape.watch(x)
        y = np.sum(x**2)
    tape.gradient(y, x)

    with pytest.raises(RuntimeError, match=r"Tape\(persistent=True\)"):
        tape.gradient(y, x)


def test_nested_tapes_give_second_derivatives():
    x = tl.tensor(V)
    with Tape() as outer:
        outer.watch(x)
        with Tape() as inner:
            inner.watch(x)
            y = (x**3).sum()
        first = inner.gradient(y, x)
    second = outer.gradient(first, x)

    np.testing.assert_allclose(first.detach().numpy(), 3 * V**2)
    np.testing.assert_allclose(second.numpy(), 6 * V)
    assert not x.requires_grad


def test_integers_cannot_be_watched():
    with Tape() as tape, pytest.raises(TypeError, match="int64"):
        tape.watch(tl.tensor([1, 2]))
    with Tape() as tape, pytest.raises(TypeError, match="not ndarray"):
        tape.watch(V)


def test_another_thread_is_not_recorded():
    x = Array(V)
    with Tape() as tape:
        tape.watch(x)
        thread = threading.Thread(target=lambda: x * 2.0)
        thread.start()
        thread.join()
        x * 3.0

    assert len(tape) == 1


# Running again ----------------------------------------------------------------------------------------------

CHOOSES = {"branches"}  # Python itself decides: a replay repeats the recorded choice


@pytest.mark.parametrize(
    ("program", "x"),
    [pair for pair in PROGRAMS if pair[0].__name__ not in CHOOSES],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_replay_is_the_program_on_other_inputs(program, x):
    a = Array(x)
    new = x * 0.9 + 0.05
    with Tape() as tape:
        tape.watch(a)
        out = program(a)

    again = tape.replay(new, outputs=out)
    tensor = tape.replay(Array(new, requires_grad=True), outputs=out)

    np.testing.assert_allclose(again, program(new.copy()), rtol=1e-12)
    np.testing.assert_allclose(tensor.item(), program(new.copy()), rtol=1e-12)
    assert isinstance(again, np.ndarray | np.generic)
    assert tensor.requires_grad


def test_replay_takes_other_shapes_and_gives_what_nobody_read():
    x = Array(V)
    with Tape() as tape:
        tape.watch(x)
        y = x * 2
        np.sum(y), np.max(x)

    total, largest = tape.replay(np.arange(5.0))

    assert (float(total), float(largest)) == (20.0, 4.0)
    with pytest.raises(TypeError, match=r"replay takes 1 inputs \(x1\), got 2"):
        tape.replay(V, V)


def test_without_watching_the_leaves_that_require_grad_are_the_inputs():
    w = tl.tensor(V, requires_grad=True)
    with Tape() as tape:
        (w * tl.tensor(V)).sum()

    assert tape.inputs == ("x1",)
    np.testing.assert_allclose(tape.replay(np.ones(3)), V.sum())


def test_replay_follows_masks_indices_and_detached_tensors():
    x = Array(V)
    with Tape() as tape:
        tape.watch(x)
        y = x[x > 1.0].sum() + x[np.argmin(x)] + (x.detach() * 2).sum()

    new = np.array([2.0, 0.5, 3.0])
    assert tape.replay(new, outputs=y) == 5.0 + 0.5 + 11.0


def test_an_array_from_before_that_was_written_to_cannot_be_replayed():
    x, buffer = Array(V), Array(np.zeros(3))
    with Tape() as tape:
        tape.watch(x)
        buffer[1:] += x[1:]
        buffer.sum()

    with pytest.raises(RuntimeError, match="written to in place while it recorded"):
        tape.replay(V)


# Memory -----------------------------------------------------------------------------------------------------


def test_a_tape_keeps_no_tensor_alive_and_makes_no_cycle():
    gc.collect()
    gc.disable()
    try:
        x = Array(V)
        with Tape() as tape:
            tape.watch(x)
            y = np.sum(x * x)
        refs = weakref.ref(x), weakref.ref(y), weakref.ref(tape), weakref.ref(y.grad_fn)
        del x, y
        assert [ref() for ref in refs[:2]] == [None, None]
        del tape
        assert [ref() for ref in refs] == [None] * 4
    finally:
        gc.enable()


# Pictures ---------------------------------------------------------------------------------------------------


@pytest.fixture
def tape():
    x, w = Array(M), Array(np.ones((3, 4)), requires_grad=True)
    with Tape() as tape:
        tape.watch(x)
        h = np.tanh(x @ w)
        np.sum(h * h, axis=1) + x[:, 0]
    return tape


@pytest.mark.parametrize(("kind", "starts"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_a_tape_is_drawn(tape, tmp_path, kind, starts):
    path = tape.draw(tmp_path / f"tape.{kind}")

    assert path.read_bytes().startswith(starts)
    with pytest.raises(ValueError, match="svg, png or pdf"):
        tape.draw(tmp_path / "tape.jpeg")


def test_boxes_do_not_overlap_and_arrows_lead_down(tape):
    drawn = tape.picture()
    layout = Layout(drawn)

    for row in layout.rows:
        for left, right in itertools.pairwise(row):
            assert layout.x[left] + layout.width[left] / 2 < layout.x[right] - layout.width[right] / 2
    for source, target in drawn.arrows:
        assert layout.layer[source] < layout.layer[target]
    assert {box.kind for box in drawn.boxes} == {"leaf", "operation", "result"}


def test_drawing_without_the_extra_says_what_to_install(tape, tmp_path, monkeypatch):
    monkeypatch.setattr(picture, "_optional", lambda package: None)

    with pytest.raises(MissingExtraError, match=r"pip install 'tapeless\[viz\]'"):
        tape.draw(tmp_path / "tape.svg")
