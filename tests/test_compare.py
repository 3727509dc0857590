"""Comparisons: all roads' numbers, who disagrees and where, what refuses, the table and the picture."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

import tapeless as tl
from tapeless.compare import compare, problem, running
from tapeless.compare.report import duration, size
from tapeless.errors import DisagreementError, MissingExtraError, TransformError
from tapeless.extend import custom_vjp
from tests.graph.programs import PROGRAMS, M, V


@pytest.fixture(autouse=True)
def quickly(monkeypatch):
    """Times are not what is looked at here."""
    monkeypatch.setattr(running, "CALLS", 1)
    monkeypatch.setattr(running, "SHORT", 0.0)


@custom_vjp
def wrong(x):
    return x**3


def wrong_forward(x):
    return x**3, x


def wrong_backward(x, g):
    return (g * 3.001 * x**2,)


wrong.defvjp(wrong_forward, wrong_backward)


def smooth(w, x):
    return np.sum(np.tanh(x @ w) ** 2)


def test_all_roads_give_the_gradient():
    report = compare(smooth, M, V[:2])

    expected = tl.grad(smooth)(M, V[:2])
    assert list(report) == ["source", "tape", "forward", "differences"]
    for road, row in report.items():
        np.testing.assert_allclose(row["gradient"], expected, 1e-7, err_msg=road)
        np.testing.assert_allclose(row["value"], smooth(M, V[:2]))
        assert row["error"] is None
        assert row["seconds"] > 0.0
        assert row["first"] > 0.0
        assert row["memory"] > 0
    assert report.agrees
    assert report.reference == "source"
    assert set(report.pairs) == {
        ("source", "tape"), ("source", "forward"), ("source", "differences"),
        ("tape", "forward"), ("tape", "differences"), ("forward", "differences"),
    }  # fmt: skip
    report.check()


@pytest.mark.parametrize(("f", "x"), PROGRAMS, ids=lambda one: getattr(one, "__name__", ""))
def test_the_corpus_agrees(f, x):
    report = compare(f, x)

    assert not report.disagreements, str(report)
    assert report["tape"]["error"] is None
    assert report["differences"]["error"] is None


def test_a_row_is_a_mapping():
    row = compare(smooth, M, V[:2])["tape"]

    assert set(row) >= {"value", "gradient", "seconds", "first", "memory", "absolute", "relative", "error"}
    assert len(row) == len(dict(row))
    with pytest.raises(KeyError):
        row["name"]


def test_gradients_come_in_the_structure_of_the_arguments():
    def f(params, scale, power=2):
        return np.sum(params["w"] ** power) * scale[0] * params["b"]

    report = compare(f, {"w": V, "b": 2, "n": "text"}, (3.0, 1), argnums=(0, "scale"), power=3)

    for row in report.values():
        params, scale = row["gradient"]
        np.testing.assert_allclose(params["w"], 18.0 * V**2, 1e-7)
        np.testing.assert_allclose(scale[0], 2.0 * np.sum(V**3), 1e-7)
        assert params["n"] is None
    assert "params['w']: float64[3]" in str(report)


def test_what_is_wrong_is_found_and_named():
    def f(x, w):
        return np.sum(x**2) + wrong(w["b"][0]) + w["a"]

    with pytest.raises(
        DisagreementError, match=r"source and differences disagree at w\['b'\]\[0\]: "
    ) as error:
        compare(f, V, {"a": 1.0, "b": [0.7]}, argnums=(0, 1), strict=True)
    assert "1.47049 and 1.47, 0.00049 apart" in str(error.value)
    assert isinstance(error.value, AssertionError)

    report = compare(f, V, {"a": 1.0, "b": [0.7]}, argnums=(0, 1))
    assert not report.agrees
    assert report.pairs["source", "tape"].agree
    assert [place.where for place in report.pairs["tape", "differences"].beyond] == ["w['b'][0]"]
    assert "DISAGREES" in str(report)
    assert len(report.disagreements) == 3


def test_the_entry_that_is_wrong_is_named():
    def f(x):
        return np.sum(x[1] * np.array([1.0, 1.0, 0.0])) + wrong(x[1, 2])

    worst = compare(f, M).pairs["source", "differences"].worst

    assert worst.where == "x[1, 2]"
    np.testing.assert_allclose([worst.first, worst.second], [3.001 * 0.49, 3.0 * 0.49], 1e-6)


def test_tolerances_can_be_given():
    def f(x):
        return wrong(x)

    assert compare(f, 0.7, rtol=1e-2).agrees
    assert compare(f, 0.7, rtol=0.0, atol=1e-2).agrees
    assert not compare(f, 0.7, rtol=1e-5).agrees
    assert not compare(smooth, M, V[:2], rtol=0.0, atol=0.0).agrees


def test_single_precision_is_judged_as_such():
    report = compare(smooth, M.astype(np.float32), V[:2].astype(np.float32))

    assert report.agrees
    assert report["source"]["gradient"].dtype == np.float32
    assert report["differences"]["relative"] < 1e-3


def test_a_road_that_refuses_says_why_and_the_others_go_on():
    def f(x):
        try:
            y = np.sum(x) / x[0]
        except ZeroDivisionError:
            y = 0.0
        return y * x[1]

    report = compare(f, V)

    assert isinstance(report["source"]["error"], TransformError)
    assert list(report) == ["source", "auto", "tape", "forward", "differences"]
    assert report.reference == "auto"
    assert report.agrees
    assert "refuses: test_compare.py" in str(report)
    assert "this try" in str(report)


def test_nothing_to_compare_is_no_agreement():
    report = compare(lambda x: np.sum(np.unwrap(x)), V)

    assert not report.agrees
    assert report["differences"]["gradient"].tolist() == pytest.approx([1.0, 1.0, 1.0])
    assert "nothing is compared" in str(report)
    with pytest.raises(DisagreementError, match=r"no two roads to compare\nsource: .*np\.unwrap"):
        report.check()


def test_results_that_are_no_numbers_are_weighed():
    report = compare(lambda x: {"a": np.sin(x), "n": 3, "b": [np.sum(x), x * 1j]}, V)

    assert report.agrees, str(report)
    assert "weighed at random" in str(report)
    with pytest.raises(TypeError, match="nothing that has a gradient"):
        compare(lambda x: x > 0, V)


def test_complex_arguments():
    report = compare(lambda z: np.sum(np.abs(z) ** 2 * z.real), np.array([1.0 + 2.0j, 0.5j]))

    assert report.agrees
    np.testing.assert_allclose(report["differences"]["gradient"], report["source"]["gradient"], 1e-8)


def test_many_numbers_are_compared_along_directions():
    x = np.random.default_rng(0).normal(size=1000)

    report = compare(lambda x: np.sum(np.cumsum(np.sin(x)) ** 2), x)

    assert report.agrees
    assert report["forward"]["gradient"] is None
    assert len(report["forward"]["slopes"]) == 24
    assert "24 random directions" in str(report)

    def f(x):
        return 1e-6 * np.sum(x) + wrong(x[0])

    beyond = compare(f, x).pairs["source", "differences"].beyond
    assert beyond[0].where.startswith("random direction")


def test_slow_functions_are_run_fewer_times(monkeypatch):
    calls = []

    def f(x):
        calls.append(1)
        return np.sum(x * x)

    monkeypatch.setattr(problem, "BUDGET", 0.0)

    report = compare(f, np.ones(100))

    assert report.agrees, str(report)
    assert len(report["differences"]["slopes"]) == 3
    assert "along 3 random directions" in str(report)


def test_functions_that_write_into_their_arguments_find_them_untouched():
    def f(x, y):
        x[0] = y[1]
        return np.sum(x * y)

    x, y = V.copy(), V * 2

    assert compare(f, x, y, argnums=(0, 1)).agrees
    assert x.tolist() == V.tolist()


def test_kinks_are_said():
    report = compare(lambda x: np.sum(np.maximum(x, 0.0)), np.array([1e-5, 2.0]))

    assert not report.agrees
    assert "not smooth along 1 of 2 directions" in report["differences"]["note"]


def test_functions_with_a_mind_of_their_own_are_said():
    generator = np.random.default_rng(0)

    assert "another value at each call" in str(compare(lambda x: np.sum(x) * generator.normal(), V))


def test_nan_agrees_with_nan_and_with_nothing_else():
    report = compare(lambda x: np.sum(np.sqrt(x)), np.array([-1.0, 4.0]))

    assert report.pairs["source", "tape"].agree


def test_integers_and_methods_and_keywords():
    class Model:
        def loss(self, x, *rest, weight):
            return x**2 * rest[0] + weight

    model = Model()

    assert compare(model.loss, 3, 2.0, weight=1.0, argnums=(0, 1)).agrees
    assert compare(model.loss, 3.0, 2.0, weight=2.0, argnums="weight")["tape"]["gradient"] == 1.0
    with pytest.raises(TypeError, match="holds none"):
        compare(lambda x: 1.0, np.arange(3))


def test_memory_is_measured_within_another_measurement():
    tracemalloc.start()
    try:
        compare(smooth, M, V[:2])
        assert tracemalloc.is_tracing()
    finally:
        tracemalloc.stop()


# Shown ------------------------------------------------------------------------------------------------------


def test_the_table_is_aligned():
    lines = str(compare(smooth, M, V[:2])).splitlines()
    head = next(k for k, line in enumerate(lines) if "per call" in line)

    assert lines[0] == "compare smooth(w, x) by w"
    assert lines[1] == "  w: float64[2, 3]"
    assert [line.split()[0] for line in lines[head + 2 : head + 7]] == [
        "f", "source", "tape", "forward", "differences"
    ]  # fmt: skip
    ends = {
        line.index(" kB") if " kB" in line else line.index(" B") + 1 for line in lines[head + 2 : head + 7]
    }
    assert len(ends) == 1
    assert lines[-1] == "source, tape, forward, differences agree (rtol 1e-08, for differences 1e-05)"


def test_units():
    assert [duration(x) for x in (3e-9, 1e-6, 9.999e-4, 0.5, 12.0)] == [
        "3.00 ns", "1.00 µs", "1000 µs", "500 ms", "12.0 s"
    ]  # fmt: skip
    assert [size(n) for n in (0, 999, 1000, 2_500_000, 3 * 10**9)] == [
        "0 B", "999 B", "1.00 kB", "2.50 MB", "3.00 GB"
    ]  # fmt: skip


def test_notebooks_show_a_table():
    html = compare(lambda x: np.sum(np.unwrap(x)) if x[0] < 0 else np.sum(x), V)._repr_html_()

    assert html.count("<tr>") == 7
    assert "&lt;lambda&gt;" in html
    assert "agree" in html


@pytest.mark.parametrize(("kind", "starts"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_a_comparison_is_drawn(kind, starts, tmp_path):
    pytest.importorskip("matplotlib")
    report = compare(lambda w, x: np.sum(np.tanh(x @ w["a"]) * w["b"]), {"a": M, "b": V}, V[:2])

    path = report.plot(tmp_path / f"report.{kind}")

    assert path.read_bytes().startswith(starts)
    with pytest.raises(ValueError, match="svg, png or pdf"):
        report.plot(tmp_path / "report.jpeg")


def test_what_refuses_is_not_drawn(tmp_path):
    pytest.importorskip("matplotlib")

    assert compare(lambda x: np.sum(np.unwrap(x)), V).plot(tmp_path / "a.png").exists()


def test_drawing_without_the_extra_says_what_to_install(tmp_path, monkeypatch):
    picture = pytest.importorskip("tapeless.compare.picture")

    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(picture.importlib, "import_module", missing)

    with pytest.raises(MissingExtraError, match=r"pip install 'tapeless\[viz\]'"):
        picture._figure()
