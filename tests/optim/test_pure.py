"""Updates of containers of arrays: nothing that is given is written."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pytest

import tapeless as tl
from tapeless import _tree, optim
from tapeless.optim import pure

OPTIMISERS = [
    pure.SGD(0.1),
    pure.SGD(0.1, momentum=0.9, nesterov=True),
    pure.Adam(0.1, amsgrad=True),
    pure.AdamW(0.1),
    pure.RMSprop(0.1, momentum=0.9, centered=True),
    pure.Adagrad(0.5, initial_accumulator_value=0.1),
    pure.Adadelta(2.0, eps=1e-2),
]
each_optimiser = pytest.mark.parametrize(
    "optimizer", OPTIMISERS, ids=[type(one).__name__ for one in OPTIMISERS]
)


class Pair(NamedTuple):
    left: Any
    right: Any


@dataclass
class Layer:
    weight: Any
    bias: Any


def loss(params: Any) -> Any:
    layer, pair = params["layer"], params["pair"]
    inner = np.sum((layer.weight - 1.0) ** 2) + np.sum((layer.bias + 2.0) ** 2)
    return inner + np.sum((pair.left * 2.0 - 1.0) ** 2) + (pair.right - 0.5) ** 2


def start() -> Any:
    return {"layer": Layer(np.array([[3.0, -1.0]]), np.array([0.5])), "pair": Pair(np.float64(2.0), 1.0)}


@each_optimiser
def test_containers_of_any_kind_go_downhill_and_keep_their_form(optimizer: Any):
    params = start()
    state = optimizer.init(params)
    for _ in range(60):
        params, state = optimizer.update(tl.grad(loss)(params), state, params)

    assert loss(params) < 0.5 * loss(start())
    assert _tree.structure(params) == _tree.structure(start())
    assert isinstance(params["layer"], Layer)
    assert type(params["pair"].left) is np.float64
    assert type(params["pair"].right) is float
    assert state.step == 60


@each_optimiser
def test_nothing_that_is_given_is_written_or_shared(optimizer: Any):
    params, grads = [np.ones((3, 2)), np.ones(9000)], [np.full((3, 2), 0.5), np.full(9000, 0.5)]
    _, state = optimizer.update(grads, optimizer.init(params), params)
    before = copy.deepcopy((params, grads, state))
    given = _tree.flatten((params, grads, state.slots))[0]
    for array in given:
        array.flags.writeable = False
    moved, after = optimizer.update(grads, state, params)

    assert str((params, grads, state)) == str(before)
    for new in _tree.flatten((moved, after.slots))[0]:
        assert new.flags.writeable
        assert not any([np.may_share_memory(new, old) for old in given])


@each_optimiser
def test_the_update_is_that_of_tensors(optimizer: Any):
    rng = np.random.default_rng(0)
    params = [rng.normal(size=(4, 3)), rng.normal(size=(100, 120)).T]
    tensors = [tl.tensor(p, requires_grad=True) for p in params]
    other = getattr(optim, type(optimizer).__name__)(tensors, **_options(optimizer))
    state = optimizer.init(params)
    for _ in range(4):
        grads = [rng.normal(size=p.shape) for p in params]
        params, state = optimizer.update(grads, state, params)
        for tensor, grad in zip(tensors, grads, strict=True):
            tensor.grad = tl.tensor(grad)
        other.step()

    for p, tensor in zip(params, tensors, strict=True):
        np.testing.assert_array_equal(p, tensor.detach().numpy())


def _options(optimizer: Any) -> dict[str, Any]:
    options = dict(vars(optimizer))
    if isinstance(optimizer, pure.AdamW):
        del options["decoupled_weight_decay"]
    return options


def test_a_learning_rate_may_be_a_function_of_the_updates_made_so_far():
    seen = []

    def lr(step: int) -> float:
        seen.append(step)
        return 1.0 / (1 + step)

    optimizer = pure.SGD(lr)
    params, state = 0.0, optimizer.init(0.0)
    for _ in range(3):
        params, state = optimizer.update(1.0, state, params)

    assert seen == [0, 1, 2]
    assert params == pytest.approx(-(1 + 1 / 2 + 1 / 3))


def test_updates_are_functions_so_that_a_state_can_be_used_twice():
    optimizer = pure.Adam(0.1)
    params = np.array([1.0, 2.0])
    _, state = optimizer.update(params, optimizer.init(params), params)
    once, first = optimizer.update(params, state, params)
    again, second = optimizer.update(params, state, params)

    np.testing.assert_array_equal(once, again)
    assert first.step == second.step == 2


def test_what_is_float32_stays_float32_and_integers_are_read_as_floats():
    optimizer = pure.Adam(0.5)
    params = {"a": np.ones(2, np.float32), "b": np.float32(1.0), "c": 2, "d": None}
    grads = {"a": np.ones(2, np.float32), "b": 1.0, "c": -1.0, "d": None}
    params, _ = optimizer.update(grads, optimizer.init(params), params)

    assert params["a"].dtype == np.float32
    assert type(params["b"]) is np.float32
    assert params["c"] == pytest.approx(2.5)
    assert params["d"] is None


def test_complex_parameters_go_downhill_with_conjugated_gradients():
    optimizer = pure.Adam(0.1)
    z = np.array([3.0 + 1.0j, -2.0j])
    state = optimizer.init(z)
    for _ in range(200):
        grads = tl.grad(lambda z: np.sum(np.abs(z - (1.0 + 2.0j)) ** 2))(z)
        z, state = optimizer.update(np.conj(grads), state, z)

    np.testing.assert_allclose(z, 1.0 + 2.0j, atol=0.02)


w = {"w": np.ones(2)}
REFUSALS = [
    (
        lambda: pure.Adam().init({"n": np.arange(3)}),
        TypeError,
        r"params\['n'\] has dtype int64; only floating point",
    ),
    (lambda: pure.Adam().init(["text"]), TypeError, r"params\[0\] has dtype <U4"),
    (
        lambda: pure.Adam().init([tl.ones(2)]),
        TypeError,
        r"params\[0\] is of type Tensor: .*classes of tapeless.optim",
    ),
    (lambda: pure.SGD().update({"v": 1.0}, pure.SGD().init(w), w), ValueError, "grads lacks the key 'w'"),
    (
        lambda: pure.SGD().update({"w": np.ones(3)}, pure.SGD().init(w), w),
        ValueError,
        r"grads\['w'\] has shape \(3,\), its parameter has shape \(2,\)",
    ),
    (
        lambda: pure.Adam().update(w, pure.Adam().init({"w": np.ones(3)}), w),
        ValueError,
        r"exp_avg\['w'\] has shape \(3,\)",
    ),
    (
        lambda: pure.Adam().update(w, pure.SGD().init(w), w),
        ValueError,
        r"the state has no 'exp_avg': make it with this optimizer's init\(params\)",
    ),
    (
        lambda: pure.Adam().update(w, None, w),
        TypeError,
        "the state must be what init or update gave, not NoneType",
    ),
    (lambda: pure.Adam("x"), TypeError, "the learning rate must be a number, not str"),
    (lambda: pure.Adam(-1), ValueError, "Invalid learning rate: -1"),
    (lambda: pure.SGD(nesterov=True), ValueError, "Nesterov momentum requires a momentum"),
    (lambda: pure.AdamW(betas=(0.9, 1.5)), ValueError, "Invalid beta parameter at index 1: 1.5"),
]


@pytest.mark.parametrize(("make", "error", "message"), REFUSALS)
def test_what_cannot_be_updated_is_refused(make: Any, error: type[Exception], message: str):
    with pytest.raises(error, match=message):
        make()


def test_updates_are_not_differentiated_silently():
    optimizer = pure.SGD(0.1)

    def after_a_step(x: Any) -> Any:
        moved, _ = optimizer.update(2.0 * x, optimizer.init(x), x)
        return np.sum(moved**2)

    with pytest.raises((TypeError, tl.errors.TapelessError)):
        tl.grad(after_a_step)(np.ones(2))
