"""LBFGS: on Tensors by a closure, on arrays by a function that gives value and gradient."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

import tapeless as tl
from tapeless import _tree, optim
from tapeless.optim import pure
from tapeless.optim.line_search import Point, Search, _inside, lowest, strong_wolfe
from tests.optim import problems


def closure_of(optimizer: Any, params: list[Any]) -> Any:
    def closure() -> Any:
        optimizer.zero_grad()
        loss = problems.valley(tl, *params)
        loss.backward()
        return loss

    return closure


def valley_params() -> list[Any]:
    return [tl.tensor(start, dtype=tl.float64, requires_grad=True) for start in problems.VALLEY_STARTS]


def test_a_smooth_valley_is_left_at_its_lowest_point():
    starts = ([1.5, 0.7, 0.5], [0.3])
    params = [tl.tensor(start, dtype=tl.float64, requires_grad=True) for start in starts]
    optimizer = optim.LBFGS(params, line_search_fn="strong_wolfe", max_iter=200)
    optimizer.step(closure_of(optimizer, params))

    np.testing.assert_allclose(params[0].detach().numpy(), 1.0, rtol=1e-4)
    assert optimizer.state[params[0]]["func_evals"] < 120


def test_a_quadratic_is_solved_as_a_linear_system():
    rng = np.random.default_rng(0)
    root = rng.normal(size=(6, 6))
    A, b = root @ root.T + np.eye(6), rng.normal(size=6)
    x = tl.zeros(6, dtype=tl.float64).requires_grad_()
    optimizer = optim.LBFGS([x], line_search_fn="strong_wolfe", max_iter=100, tolerance_change=1e-14)

    def closure() -> Any:
        optimizer.zero_grad()
        loss = 0.5 * x @ tl.tensor(A) @ x - tl.tensor(b) @ x
        loss.backward()
        return loss

    optimizer.step(closure)

    np.testing.assert_allclose(x.detach().numpy(), np.linalg.solve(A, b), atol=1e-6)


def test_a_step_gives_its_first_loss_and_runs_the_closure_with_recording_on():
    params = valley_params()
    optimizer = optim.LBFGS(params, line_search_fn="strong_wolfe")
    first = problems.valley(tl, *params).item()
    with tl.no_grad():
        loss = optimizer.step(closure_of(optimizer, params))

    assert loss.item() == first
    assert problems.valley(tl, *params).item() < first


def test_where_the_gradient_vanishes_nothing_moves():
    params = [tl.ones(3, dtype=tl.float64).requires_grad_(), tl.ones(1, dtype=tl.float64).requires_grad_()]
    optimizer = optim.LBFGS(params)
    optimizer.step(closure_of(optimizer, params))

    assert params[0].tolist() == [1.0, 1.0, 1.0]
    assert optimizer.state[params[0]]["n_iter"] == 0


def test_parameters_without_a_gradient_stay():
    w, unused = tl.tensor([3.0], requires_grad=True), tl.tensor([[7.0]], requires_grad=True)
    optimizer = optim.LBFGS([unused, w], line_search_fn="strong_wolfe")

    def closure() -> Any:
        optimizer.zero_grad()
        loss = ((w - 1.0) ** 2).sum()
        loss.backward()
        return loss

    optimizer.step(closure)

    assert w.item() == pytest.approx(1.0)
    assert unused.item() == 7.0


def test_complex_parameters_are_pairs_of_real_ones():
    z = tl.tensor([3.0 + 1.0j, -2.0j], requires_grad=True)
    optimizer = optim.LBFGS([z], line_search_fn="strong_wolfe")

    def closure() -> Any:
        optimizer.zero_grad()
        loss = ((z - (1.0 + 2.0j)).abs() ** 2).sum()
        loss.backward()
        return loss

    optimizer.step(closure)

    np.testing.assert_allclose(z.detach().numpy(), 1.0 + 2.0j, rtol=1e-6)


def test_backward_through_weights_that_were_moved_since_is_refused():
    params = valley_params()
    optimizer = optim.LBFGS(params, max_iter=1, lr=1e-3)
    loss = problems.valley(tl, *params)
    optimizer.step(closure_of(optimizer, params))

    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


@pytest.mark.parametrize("options", [{"lr": 0.01}, {"line_search_fn": "strong_wolfe", "max_iter": 3}])
def test_training_that_is_resumed_goes_on_as_if_never_stopped(options: dict[str, Any]):
    params = valley_params()
    optimizer = optim.LBFGS(params, **options)
    optimizer.step(closure_of(optimizer, params))
    stored = copy.deepcopy(optimizer.state_dict())
    others = [p.detach().clone().requires_grad_() for p in params]
    for _ in range(3):
        optimizer.step(closure_of(optimizer, params))
    again = optim.LBFGS(others, **options)
    again.load_state_dict(stored)
    for _ in range(3):
        again.step(closure_of(again, others))

    for p, q in zip(params, others, strict=True):
        assert p.tolist() == q.tolist()


def test_torch_s_state_is_loaded_with_its_scratch():
    params = valley_params()
    optimizer = optim.LBFGS(params)
    optimizer.step(closure_of(optimizer, params))
    stored = optimizer.state_dict()
    stored["state"][0] = {**stored["state"][0], "al": [None], "H_diag": tl.tensor(0.5)}
    optimizer.load_state_dict(stored)
    optimizer.step(closure_of(optimizer, params))

    longer = optim.LBFGS([tl.zeros(9, requires_grad=True), tl.zeros(1, requires_grad=True)])
    with pytest.raises(ValueError, match="the state 'd' has 4 elements, the parameters have 10"):
        longer.load_state_dict(stored)


w1 = tl.tensor([1.0], requires_grad=True)
REFUSALS = [
    (
        lambda: optim.LBFGS([{"params": [w1]}, {"params": [tl.tensor([1.0], requires_grad=True)]}]),
        ValueError,
        r"LBFGS doesn't support per-parameter options \(parameter groups\)",
    ),
    (lambda: optim.LBFGS([w1], lr=-1), ValueError, "Invalid learning rate: -1"),
    (lambda: optim.LBFGS([w1], line_search_fn="x"), ValueError, "must be None or 'strong_wolfe', not 'x'"),
    (lambda: optim.LBFGS([w1]).step(), TypeError, "closure"),
    (lambda: optim.LBFGS([w1]).step(lambda: None), TypeError, "the closure of LBFGS must return the loss"),
]


@pytest.mark.parametrize(("make", "error", "message"), REFUSALS)
def test_what_cannot_be_optimised_is_refused(make: Any, error: type[Exception], message: str):
    with pytest.raises(error, match=message):
        make()


# The line search -------------------------------------------------------------------------------------------


def walk(f: Any, df: Any, tries: int = 25) -> tuple[Search, list[float]]:
    visited: list[float] = []

    def at(t: float) -> Point:
        visited.append(t)
        return Point(t, f(t), np.array([df(t)]), df(t))

    start = Point(0.0, f(0.0), np.array([df(0.0)]), df(0.0))
    return Search(at, start, 1.0, 1e-9, tries), visited


@pytest.mark.parametrize("first", [1e-3, 0.1, 1.0, 50.0])
@pytest.mark.parametrize(
    ("f", "df"),
    [
        (lambda t: (t - 2.0) ** 2, lambda t: 2.0 * (t - 2.0)),
        (lambda t: t**4 - 3.0 * t, lambda t: 4.0 * t**3 - 3.0),
        (lambda t: -t / (t * t + 2.0), lambda t: (t * t - 2.0) / (t * t + 2.0) ** 2),
        (lambda t: np.cosh(t - 1.0) - 0.5 * t, lambda t: np.sinh(t - 1.0) - 0.5),
    ],
)
def test_the_point_that_is_found_is_low_and_flat(f: Any, df: Any, first: float):
    search, visited = walk(f, df)
    point, count = strong_wolfe(search, first)

    assert count == len(visited)
    assert f(point.t) <= f(0.0) + 1e-4 * point.t * df(0.0)
    assert abs(df(point.t)) <= -0.9 * df(0.0)


def test_a_search_that_may_not_go_on_gives_the_lowest_point_so_far():
    search, visited = walk(lambda t: (t - 2.0) ** 2, lambda t: 2.0 * (t - 2.0), tries=0)
    point, count = strong_wolfe(search, 1e-3)

    assert (point.t, count) == (1e-3, 1)
    assert visited == [1e-3]


def test_the_second_point_may_be_higher_than_the_first():
    given = iter([(-0.5, -0.95), (-0.4, -0.95), (-1.0, 0.0)])  # still falling, and lower than the start
    visited: list[float] = []

    def at(t: float) -> Point:
        visited.append(t)
        loss, slope = next(given)
        return Point(t, loss, np.zeros(1), slope)

    point, count = strong_wolfe(Search(at, Point(0.0, 0.0, np.zeros(1), -1.0), 1.0, 1e-9, 25), 1.0)

    assert count == 3
    assert point.t == visited[2] > visited[1] > 1.0


@pytest.mark.parametrize(
    ("t", "was_poor", "expected"),
    [
        (0.5, True, (0.5, False)),
        (0.95, False, (0.95, True)),  # once it may be
        (0.95, True, (0.9, False)),
        (0.05, True, (0.1, False)),
        (1.0, False, (0.9, False)),
        (0.0, False, (0.1, False)),
    ],
)
def test_points_at_the_edge_of_a_bracket_are_moved_inwards(t: float, was_poor: bool, expected: Any):
    assert _inside(t, 0.0, 1.0, was_poor) == expected


@pytest.mark.parametrize(("tolerance", "iterations"), [(8e-5, 1), (4e-5, 20)])
def test_a_step_ends_where_the_loss_hardly_changes(tolerance: float, iterations: int):
    w = tl.tensor([1.0], dtype=tl.float64, requires_grad=True)
    optimizer = optim.LBFGS([w], lr=0.5, tolerance_change=tolerance)

    def closure() -> Any:
        optimizer.zero_grad()
        loss = 0.01 * w.sum()  # each iteration moves by 0.005, and the loss by 0.00005
        loss.backward()
        return loss

    optimizer.step(closure)

    assert optimizer.state[w]["n_iter"] == iterations


def test_the_cubic_is_lowest_where_calculus_says():
    def f(t: float) -> float:
        return (t - 1.0) ** 2 * (t + 2.0)

    a, b = (Point(t, f(t), np.zeros(1), 3.0 * t * t - 3.0) for t in (0.25, 3.0))

    assert lowest(a, b, (0.25, 3.0)) == pytest.approx(1.0)
    assert lowest(b, a, (0.25, 3.0)) == pytest.approx(1.0)
    assert lowest(a, b, (1.5, 3.0)) == 1.5


# On arrays -------------------------------------------------------------------------------------------------


def valley_of_arrays(params: Any) -> Any:
    x, y = params["x"], params["y"]
    first = 100 * np.sum((x[1:] - x[:-1] ** 2) ** 2) + np.sum((1 - x[:-1]) ** 2)
    return first + 100 * (y - x[2] ** 2) ** 2 + (1 - x[2]) ** 2


@pytest.mark.parametrize("options", [{"lr": 0.01}, {"line_search_fn": "strong_wolfe", "max_iter": 5}])
def test_arrays_go_where_tensors_go(options: dict[str, Any]):
    params = {"x": np.array(problems.VALLEY_STARTS[0]), "y": problems.VALLEY_STARTS[1][0]}
    tensors = valley_params()
    optimizer, other = pure.LBFGS(**options), optim.LBFGS(tensors, **options)
    state = optimizer.init(params)
    for _ in range(3):
        params, state = optimizer.update(tl.value_and_grad(valley_of_arrays), state, params)
        other.step(closure_of(other, tensors))

    np.testing.assert_allclose(params["x"], tensors[0].detach().numpy(), rtol=1e-9)
    assert params["y"] == pytest.approx(tensors[1].item(), rel=1e-9)
    assert type(params["y"]) is float
    assert state.func_evals == other.state[tensors[0]]["func_evals"]


def test_nothing_that_is_given_is_written():
    optimizer = pure.LBFGS(line_search_fn="strong_wolfe", max_iter=4)
    params = {"x": np.array(problems.VALLEY_STARTS[0]), "y": 0.3}
    moved, state = optimizer.update(tl.value_and_grad(valley_of_arrays), optimizer.init(params), params)
    before = str((moved, state))
    for array in _tree.flatten((moved, state))[0]:
        if isinstance(array, np.ndarray):
            array.flags.writeable = False
    once = optimizer.update(tl.value_and_grad(valley_of_arrays), state, moved)
    again = optimizer.update(tl.value_and_grad(valley_of_arrays), state, moved)

    assert str((moved, state)) == before
    assert str(once) == str(again)


def test_a_function_that_gives_no_gradient_is_refused():
    optimizer = pure.LBFGS()
    with pytest.raises(
        TypeError, match=r"value_and_grad\(params\) must give a pair, the loss and its gradient"
    ):
        optimizer.update(lambda p: 3.0, optimizer.init(1.0), 1.0)
    with pytest.raises(TypeError, match=r"a function, tapeless.value_and_grad\(loss\) for one, not ndarray"):
        optimizer.update(np.ones(2), optimizer.init(np.ones(2)), np.ones(2))
