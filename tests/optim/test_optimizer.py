"""Groups, gradients, state dicts, messages: what all optimisers share."""

from __future__ import annotations

import copy
import pickle
import tracemalloc
import warnings
from typing import Any

import numpy as np
import pytest

import tapeless as tl
from tapeless import optim

FORMULAS = [optim.SGD, optim.Adam, optim.AdamW, optim.RMSprop, optim.Adagrad, optim.Adadelta]
WITH_STATE = [
    lambda p: optim.SGD(p, lr=0.02, momentum=0.9, dampening=0.5),
    lambda p: optim.Adam(p, lr=0.1, amsgrad=True),
    lambda p: optim.AdamW(p, lr=0.1),
    lambda p: optim.RMSprop(p, momentum=0.5, centered=True),
    lambda p: optim.Adagrad(p, lr=0.3, lr_decay=0.1),
    lambda p: optim.Adadelta(p, lr=2.0),
]


def leaf(*values: float, dtype: Any = None) -> Any:
    return tl.tensor(list(values), requires_grad=True, dtype=dtype or tl.float64)


def loss_of(params: list[Any]) -> Any:
    return sum([((p - 1.5) ** 2).sum() + (p**4).mean() for p in params])


def train(params: list[Any], optimizer: Any, steps: int) -> list[float]:
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = loss_of(params)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


# Steps -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", FORMULAS)
def test_parameters_without_a_gradient_are_left_alone(make: Any):
    a, b = leaf(1.0), leaf(2.0)
    optimizer = make([a, b], lr=0.1)
    optimizer.zero_grad()
    (a * 2).sum().backward()
    optimizer.step()

    assert a.item() != 1.0
    assert b.item() == 2.0
    assert b not in optimizer.state
    assert b._version == 0


@pytest.mark.parametrize("make", FORMULAS)
def test_maximize_moves_as_the_negated_loss(make: Any):
    up, down = leaf(1.0, -2.0), leaf(1.0, -2.0)
    climbing, descending = make([up], maximize=True), make([down])
    for _ in range(5):
        up.grad, down.grad = tl.tensor([0.5, -3.0]).double(), tl.tensor([-0.5, 3.0]).double()
        climbing.step()
        descending.step()

    np.testing.assert_array_equal(up.detach().numpy(), down.detach().numpy())


def test_a_parameter_that_thaws_later_counts_its_own_steps():
    late, alone = leaf(1.0), leaf(1.0)
    early = leaf(3.0)
    optimizer = optim.Adam([early, late], lr=0.1)
    for step in range(5):
        early.grad = tl.tensor([1.0]).double()
        late.grad = tl.tensor([2.0 + step]).double() if step >= 3 else None
        optimizer.step()
    fresh = optim.Adam([alone], lr=0.1)
    for step in (3, 4):
        alone.grad = tl.tensor([2.0 + step]).double()
        fresh.step()

    assert late.item() == alone.item()
    assert optimizer.state[late]["step"].item() == 2
    assert optimizer.state[early]["step"].item() == 5


def test_the_first_gradient_that_momentum_sees_is_not_damped():
    w = leaf(0.0)
    optimizer = optim.SGD([w], lr=1.0, momentum=0.5, dampening=0.9)
    w.grad = tl.tensor([1.0]).double()
    optimizer.step()
    optimizer.step()

    assert w.item() == pytest.approx(-1.0 - (0.5 + 0.1))


def test_a_step_with_a_closure_gives_its_loss_and_records_under_no_grad():
    w = leaf(3.0)
    optimizer = optim.SGD([w], lr=0.1)

    def closure() -> Any:
        optimizer.zero_grad()
        loss = (w**2).sum()
        loss.backward()
        return loss

    with tl.no_grad():
        loss = optimizer.step(closure)

    assert loss.item() == 9.0
    assert w.item() == pytest.approx(2.4)


@pytest.mark.parametrize("shape", [(), (5,), (3, 4), (200, 100), (20000,), (2, 3, 5000), (0,), (1, 30000)])
@pytest.mark.parametrize("make", WITH_STATE)
def test_large_parameters_move_as_their_elements_do(make: Any, shape: tuple[int, ...]):
    rng = np.random.default_rng(0)
    start, grads = rng.normal(size=shape), rng.normal(size=(3, *shape))
    w = tl.tensor(start, requires_grad=True)
    optimizer = make([w])
    picks = range(0, start.size, max(1, start.size // 7))
    ones = [tl.tensor([start.flat[i]], requires_grad=True) for i in picks]
    others = make(ones or [leaf(1.0)])
    for grad in grads:
        w.grad = tl.tensor(grad)
        for i, one in zip(picks, ones, strict=True):
            one.grad = tl.tensor([grad.flat[i]])
        optimizer.step()
        others.step()

    moved = w.detach().numpy()
    np.testing.assert_allclose([moved.flat[i] for i in picks], [one.item() for one in ones], rtol=1e-13)


@pytest.mark.parametrize("size", [4, 150, 300])
@pytest.mark.parametrize("make", WITH_STATE)
def test_the_layout_of_parameters_and_gradients_does_not_matter(make: Any, size: int):
    rng = np.random.default_rng(1)
    start, grads = rng.normal(size=(size, size)), rng.normal(size=(3, size, size))
    plain = tl.tensor(start, requires_grad=True)
    turned = tl.from_numpy(start.copy().T.copy().T).requires_grad_()
    strided = tl.from_numpy(np.repeat(start, 2, axis=0)[::2]).requires_grad_()
    params = [plain, turned, strided]
    optimizer = make(params)
    for grad in grads:
        layouts = [grad, grad.T.copy().T, np.repeat(grad, 3, axis=1)[:, ::3]]
        for p, g in zip(params, layouts, strict=True):
            p.grad = tl.from_numpy(g)
        optimizer.step()

    assert not turned._data.flags.c_contiguous
    np.testing.assert_array_equal(turned.detach().numpy(), plain.detach().numpy())
    np.testing.assert_array_equal(strided.detach().numpy(), plain.detach().numpy())


@pytest.mark.parametrize("size", [3, 9000])
@pytest.mark.parametrize("make", WITH_STATE)
def test_complex_parameters_move_as_pairs_of_real_ones(make: Any, size: int):
    rng = np.random.default_rng(2)
    start = rng.normal(size=(size, 2))
    pair = tl.tensor(start, requires_grad=True)
    number = tl.tensor(start[:, 0] + 1j * start[:, 1], requires_grad=True)
    optimizer = make([pair, number])
    for _ in range(3):
        grad = rng.normal(size=(size, 2))
        pair.grad, number.grad = tl.tensor(grad), tl.tensor(grad[:, 0] + 1j * grad[:, 1])
        optimizer.step()

    expected = pair.detach().numpy()
    np.testing.assert_allclose(number.detach().numpy(), expected[:, 0] + 1j * expected[:, 1], rtol=1e-14)


@pytest.mark.parametrize("make", WITH_STATE)
def test_no_array_is_made_after_the_first_step(make: Any):
    params = [
        tl.tensor(np.ones(shape), requires_grad=True) for shape in [(40,), (300, 50), (100, 200), (7, 9)]
    ]
    optimizer = make(params)
    for p in params:
        p.grad = tl.tensor(np.full(p.shape, 0.3))
    params[2].grad = tl.from_numpy(np.full((200, 100), 0.3).T)
    optimizer.step()
    tracemalloc.start()
    optimizer.step()
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    for _ in range(3):
        optimizer.step()
    now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak - before < 2000  # bytes: numbers and the heads of views; 40 elements have 320
    assert now - before < 400


# The graph -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", FORMULAS)
def test_backward_through_weights_that_were_moved_since_is_refused(make: Any):
    w = leaf(1.0, 2.0)
    loss = (w * w).sum()
    w.grad = tl.tensor([1.0, 1.0]).double()
    make([w]).step()

    assert w._version == 1
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_steps_are_not_recorded_and_parameters_stay_leaves():
    w = leaf(1.0)
    optimizer = optim.Adam([w], lr=0.1)
    with tl.enable_grad():
        train([w], optimizer, 2)

    assert w.is_leaf
    assert w.requires_grad
    assert not optimizer.state[w]["exp_avg"].requires_grad


def test_a_gradient_with_a_graph_of_its_own_moves_its_parameter():
    w = leaf(2.0)
    w.grad = tl.autograd.grad((w**3).sum(), w, create_graph=True)[0]
    optim.SGD([w], lr=0.1).step()

    assert w.item() == pytest.approx(2.0 - 0.1 * 12.0)
    assert w.is_leaf


def test_arrays_are_moved_and_their_graph_keeps_the_old_weights():
    w = tl.Array([1.0, 2.0], requires_grad=True)
    loss = np.sum(w**2)
    w.grad = tl.Array([1.0, 1.0])
    optim.SGD([w], lr=0.5).step()
    w.grad = None
    loss.backward()

    assert list(w.detach()) == [0.5, 1.5]
    assert list(w.grad) == [2.0, 4.0]


def test_a_tape_sees_the_step():
    w = leaf(1.0)
    optimizer = optim.SGD([w], lr=0.5)
    with tl.Tape() as tape:
        (w * w).sum().backward()
        optimizer.step()
        again = (w * 3.0).sum()

    assert again.item() == 0.0
    assert "overwrite" in str(tape)


def test_weights_that_were_made_in_inference_mode_are_not_moved_outside():
    with tl.inference_mode():
        w = tl.tensor([1.0], requires_grad=True)
        w.grad = tl.tensor([1.0])
    with pytest.raises(RuntimeError, match="Inplace update to inference tensor outside InferenceMode"):
        optim.SGD([w], lr=0.5).step()


def test_read_only_memory_is_refused_before_anything_is_counted():
    data = np.ones(2)
    data.flags.writeable = False
    w = tl.tensor([0.0, 0.0], dtype=tl.float64, requires_grad=True)
    w._data = data
    w.grad = tl.tensor([1.0, 1.0], dtype=tl.float64)
    optimizer = optim.Adam([w])
    with pytest.raises(RuntimeError, match="read-only"):
        optimizer.step()

    assert optimizer.state_dict()["state"] == {}


def test_a_gradient_of_another_shape_is_refused():
    w = leaf(1.0, 2.0)
    optimizer = optim.SGD([w], lr=0.1)
    w.grad = tl.tensor([1.0, 1.0]).double()
    w.data = tl.tensor([[1.0, 2.0], [3.0, 4.0]]).double()
    with pytest.raises(RuntimeError, match=r"gradient of a parameter has shape \[2\].* \[2, 2\]"):
        optimizer.step()


def test_new_memory_under_a_parameter_is_noticed():
    w = leaf(1.0, 2.0)
    optimizer = optim.SGD([w], lr=0.5)
    w.grad = tl.tensor([1.0, 1.0]).double()
    optimizer.step()
    w.data = tl.tensor([10.0, 20.0]).double()
    optimizer.step()

    assert w.tolist() == [9.5, 19.5]


def test_what_is_put_into_the_state_is_used():
    w = leaf(1.0)
    optimizer = optim.SGD([w], lr=1.0, momentum=0.5)
    w.grad = tl.tensor([1.0]).double()
    optimizer.step()
    optimizer.state[w]["momentum_buffer"] = tl.tensor([10.0]).double()
    optimizer.step()
    assert w.item() == 0.0 - (5.0 + 1.0)

    optimizer.state[w]["momentum_buffer"].zero_()
    optimizer.step()
    assert w.item() == -6.0 - 1.0

    optimizer.state.clear()
    optimizer.step()
    assert w.item() == -7.0 - 1.0


def test_a_state_whose_elements_lie_apart_is_kept_in_one_piece():
    w = tl.zeros(3000, dtype=tl.float64).requires_grad_()
    w.grad = tl.zeros(3000, dtype=tl.float64)
    optimizer = optim.SGD([w], lr=1.0, momentum=0.5)
    optimizer.step()
    apart = tl.from_numpy(np.arange(6000.0)[::2])
    optimizer.state[w]["momentum_buffer"] = apart
    optimizer.step()
    optimizer.step()

    np.testing.assert_array_equal(w.detach().numpy(), -(0.5 + 0.25) * np.arange(6000.0)[::2])
    assert apart[1].item() == 2.0


def test_a_real_gradient_moves_the_real_part():
    z = tl.tensor([1.0], dtype=tl.float64).requires_grad_()
    optimizer = optim.SGD([z], lr=1.0)
    z.grad = tl.tensor([0.25], dtype=tl.float64)
    z.data = tl.tensor([1.0 + 2.0j])
    optimizer.step()

    assert z.item() == 0.75 + 2.0j


def test_options_may_change_between_steps():
    w, v = leaf(1.0), leaf(1.0)
    optimizer, other = optim.Adam([w], lr=0.1), optim.Adam([v], lr=0.1, amsgrad=True)
    w.grad = v.grad = tl.tensor([1.0]).double()
    optimizer.step()
    optimizer.param_groups[0]["amsgrad"] = True
    optimizer.param_groups[0]["lr"] = 0.2
    optimizer.step()
    other.step()
    other.param_groups[0]["lr"] = 0.2
    other.step()

    assert w.item() == v.item()
    assert "max_exp_avg_sq" in optimizer.state[w]


# zero_grad -------------------------------------------------------------------------------------------------


def test_zero_grad_forgets_gradients_or_writes_zeros():
    w = leaf(1.0)
    optimizer = optim.SGD([w, leaf(2.0)], lr=0.1)
    optimizer.zero_grad()
    optimizer.zero_grad(set_to_none=False)
    (w * w).sum().backward()
    grad = w.grad
    optimizer.zero_grad(set_to_none=False)
    assert grad is w.grad
    assert grad.item() == 0.0

    optimizer.zero_grad()
    assert w.grad is None


def test_zero_grad_takes_gradients_out_of_their_graph():
    w = leaf(1.0)
    w.grad = tl.autograd.grad((w**3).sum(), w, create_graph=True)[0]
    optim.SGD([w], lr=0.1).zero_grad(set_to_none=False)

    assert not w.grad.requires_grad
    assert w.grad.item() == 0.0


# Groups ----------------------------------------------------------------------------------------------------


def test_groups_have_options_of_their_own():
    a, b, c = leaf(1.0), leaf(1.0), leaf(1.0)
    optimizer = optim.SGD([{"params": [a]}, {"params": b, "lr": 1.0}], lr=0.1)
    optimizer.add_param_group({"params": [c], "weight_decay": 0.5})
    for p in (a, b, c):
        p.grad = tl.tensor([1.0]).double()
    optimizer.step()

    assert [a.item(), b.item(), c.item()] == pytest.approx([0.9, 0.0, 1.0 - 0.15])
    assert [group["lr"] for group in optimizer.param_groups] == [0.1, 1.0, 0.1]


def test_parameters_may_come_with_names():
    a, b = leaf(1.0), leaf(2.0)
    optimizer = optim.SGD(iter([("a", a), ("b", b)]), lr=0.1)

    assert optimizer.param_groups[0]["param_names"] == ["a", "b"]
    assert optimizer.param_groups[0]["params"] == [a, b]
    assert optimizer.state_dict()["param_groups"][0]["param_names"] == ["a", "b"]
    with pytest.raises(ValueError, match="Some param names are missing"):
        optim.SGD([("a", a), b])
    with pytest.raises(ValueError, match="cannot add param group without names to the optimizer"):
        optim.SGD([{"params": [("a", a)]}, {"params": [b]}])


def test_optimisers_print_as_in_torch():
    optimizer = optim.SGD([{"params": [leaf(1.0)], "lr": 0.5}, {"params": [leaf(2.0)]}], momentum=0.9)

    assert repr(optimizer) == (
        "SGD (\nParameter Group 0\n    dampening: 0\n    lr: 0.5\n    maximize: False\n    momentum: 0.9\n"
        "    nesterov: False\n    weight_decay: 0\n\nParameter Group 1\n    dampening: 0\n    lr: 0.001\n"
        "    maximize: False\n    momentum: 0.9\n    nesterov: False\n    weight_decay: 0\n)"
    )


w1 = leaf(1.0)
REFUSALS = [
    (lambda: optim.SGD([]), ValueError, "optimizer got an empty parameter list"),
    (lambda: optim.SGD([w1 * 2]), ValueError, "can't optimize a non-leaf Tensor"),
    (
        lambda: optim.SGD(tl.ones(2)),
        TypeError,
        "params argument given to the optimizer should be an iterable of Tensors or dicts, "
        "but got torch.FloatTensor",
    ),
    (lambda: optim.SGD(3), TypeError, "should be an iterable of Tensors or dicts, but got int"),
    (lambda: optim.SGD([1]), TypeError, "optimizer can only optimize Tensors, but one of the params is int"),
    (lambda: optim.SGD([np.ones(2)]), TypeError, "one of the params is ndarray"),
    (lambda: optim.SGD({w1}), TypeError, "Please use a list instead"),
    (lambda: optim.SGD([{"params": {w1}}]), TypeError, "Please use a list instead"),
    (lambda: optim.SGD([{"lr": 1.0}]), ValueError, "a parameter group needs its parameters"),
    (
        lambda: optim.SGD([w1]).add_param_group([w1]),
        TypeError,
        "param_group must be a dict, but got <class 'list'>",
    ),
    (
        lambda: optim.SGD([{"params": [w1]}] * 2),
        ValueError,
        "some parameters appear in more than one parameter group",
    ),
    (lambda: optim.SGD([w1], lr=-1), ValueError, "Invalid learning rate: -1"),
    (lambda: optim.SGD([w1], lr=float("nan")), ValueError, "Invalid learning rate: nan"),
    (
        lambda: optim.SGD([w1], lr=lambda step: 0.1),
        TypeError,
        "must be a number, not a function.*lr_scheduler",
    ),
    (lambda: optim.SGD([w1], lr="0.1"), TypeError, "the learning rate must be a number, not str"),
    (lambda: optim.SGD([w1], lr=None), TypeError, "the learning rate must be a number, not NoneType"),
    (lambda: optim.SGD([{"params": [w1], "lr": -3}], lr=0.1), ValueError, "Invalid learning rate: -3"),
    (lambda: optim.SGD([tl.nn.Linear(2, 1)]), TypeError, r"params is Linear: give it model.parameters\(\)"),
    (lambda: optim.SGD([w1], foreach=True), TypeError, "foreach"),  # type: ignore[call-arg]
    (lambda: optim.Adam([w1], betas=0.9), ValueError, "betas must be a pair of decay rates"),
    (lambda: optim.SGD([w1], momentum=-1), ValueError, "Invalid momentum value: -1"),
    (lambda: optim.SGD([w1], weight_decay=-1), ValueError, "Invalid weight_decay value: -1"),
    (
        lambda: optim.SGD([w1], nesterov=True),
        ValueError,
        "Nesterov momentum requires a momentum and zero dampening",
    ),
    (lambda: optim.Adam([w1], betas=(1.0, 0.9)), ValueError, "Invalid beta parameter at index 0: 1.0"),
    (lambda: optim.Adam([w1], betas=(0.9, 1.0)), ValueError, "Invalid beta parameter at index 1: 1.0"),
    (lambda: optim.AdamW([w1], eps=-1), ValueError, "Invalid epsilon value: -1"),
    (lambda: optim.RMSprop([w1], alpha=-1), ValueError, "Invalid alpha value: -1"),
    (lambda: optim.Adagrad([w1], lr_decay=-1), ValueError, "Invalid lr_decay value: -1"),
    (
        lambda: optim.Adagrad([w1], initial_accumulator_value=-1),
        ValueError,
        "Invalid initial_accumulator_value value: -1",
    ),
    (lambda: optim.Adadelta([w1], rho=2), ValueError, "Invalid rho value: 2"),
    (lambda: optim.Optimizer([w1], {}).step(), NotImplementedError, "does not define step"),
]


@pytest.mark.parametrize(("make", "error", "message"), REFUSALS)
def test_what_cannot_be_optimised_is_refused(make: Any, error: type[Exception], message: str):
    with pytest.raises(error, match=message):
        make()


def test_a_parameter_twice_in_one_group_is_warned_of():
    with pytest.warns(UserWarning, match="duplicate parameters"):
        optim.SGD([w1, w1])


def test_a_refused_group_is_not_added():
    optimizer = optim.SGD([w1])
    with pytest.raises(ValueError):
        optimizer.add_param_group({"params": [w1 * 2]})

    assert len(optimizer.param_groups) == 1


# State dicts -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", WITH_STATE)
def test_training_that_is_resumed_goes_on_as_if_never_stopped(make: Any):
    params = [leaf(1.0, -2.0), leaf(0.5)]
    whole = train(params, make(params), 20)

    params = [leaf(1.0, -2.0), leaf(0.5)]
    optimizer = make(params)
    first = train(params, optimizer, 8)
    stored = copy.deepcopy((optimizer.state_dict(), [p.detach() for p in params]))
    train(params, optimizer, 3)  # what is stored stays as it is
    params = [p.clone().requires_grad_() for p in stored[1]]
    optimizer = make(params)
    optimizer.load_state_dict(stored[0])
    second = train(params, optimizer, 12)

    assert first + second == whole


@pytest.mark.parametrize("make", WITH_STATE)
def test_optimisers_are_pickled_and_copied_with_their_parameters(make: Any):
    params = [leaf(1.0, -2.0)]
    optimizer = make(params)
    train(params, optimizer, 3)
    copies = [pickle.loads(pickle.dumps((params, optimizer))), copy.deepcopy((params, optimizer))]
    expected = train(params, optimizer, 3)

    for others, again in copies:
        assert again.param_groups[0]["params"][0] is others[0]
        assert train(others, again, 3) == expected


def test_a_loaded_state_dict_shares_nothing_and_replaces_the_options():
    w, v = leaf(1.0), leaf(1.0, dtype=tl.float32)
    optimizer = optim.Adam([w], lr=0.5)
    train([w], optimizer, 2)
    other = optim.Adam([v], lr=0.1)
    other.load_state_dict(optimizer.state_dict())

    kept, loaded = optimizer.state[w], other.state[v]
    assert other.param_groups[0]["lr"] == 0.5
    assert other.param_groups[0]["params"][0] is v
    assert loaded["exp_avg"].dtype == tl.float32
    assert not np.may_share_memory(kept["exp_avg"]._data, loaded["exp_avg"]._data)
    assert loaded["step"].item() == 2
    other.load_state_dict(
        {"state": {0: {**kept, "step": 7}}, "param_groups": optimizer.state_dict()["param_groups"]}
    )
    v.grad = tl.tensor([1.0])
    other.step()
    assert other.state[v]["step"].item() == 8


def test_state_dicts_have_torch_s_form():
    a, b = leaf(1.0, 2.0), leaf(3.0)
    optimizer = optim.Adam([{"params": [a]}, {"params": [b], "lr": 0.5}])
    b.grad = tl.tensor([2.0]).double()
    optimizer.step()
    stored = optimizer.state_dict()

    assert list(stored) == ["state", "param_groups"]
    assert [group["params"] for group in stored["param_groups"]] == [[0], [1]]
    assert stored["param_groups"][1]["lr"] == 0.5
    assert list(stored["state"]) == [1]
    assert list(stored["state"][1]) == ["step", "exp_avg", "exp_avg_sq"]
    assert repr(stored["state"][1]["step"]) == "tensor(1.)"
    assert stored["state"][1]["exp_avg"].tolist() == [pytest.approx(0.2)]


def test_state_dicts_that_do_not_fit_are_refused_and_change_nothing():
    a, b = leaf(1.0), leaf(2.0)
    one, two = optim.SGD([a], lr=0.1), optim.SGD([{"params": [a]}, {"params": [b]}])
    with pytest.raises(ValueError, match="different number of parameter groups"):
        one.load_state_dict(two.state_dict())
    with pytest.raises(ValueError, match="doesn't match the size of optimizer's group"):
        one.load_state_dict(optim.SGD([a, b]).state_dict())
    long = leaf(1.0, 2.0)
    other = optim.Adam([long])
    train([long], other, 1)
    adam = optim.Adam([a], lr=0.25)
    with pytest.raises(
        ValueError, match=r"'exp_avg' of parameter 0 has shape \[2\], the parameter has shape \[1\]"
    ):
        adam.load_state_dict(other.state_dict())

    with pytest.raises(
        ValueError, match=r"of another optimizer than SGD: parameter 0 has \['exp_avg', 'exp_avg_sq'"
    ):
        optim.SGD([long]).load_state_dict(other.state_dict())
    with pytest.raises(ValueError, match="of another optimizer than LBFGS"):
        optim.LBFGS([long]).load_state_dict(other.state_dict())
    stored = other.state_dict()
    with pytest.raises(ValueError, match="state for parameter '0', which no group of it has"):
        other.load_state_dict({**stored, "state": {"0": stored["state"][0]}})

    assert adam.param_groups[0]["lr"] == 0.25
    assert one.param_groups[0]["lr"] == 0.1


def test_optimisers_of_one_s_own_are_counted_and_stored():
    class Signs(optim.Optimizer):
        def __init__(self, params: Any, lr: float) -> None:
            super().__init__(params, {"lr": lr})

        def step(self, closure: Any = None) -> None:
            with tl.no_grad():
                for p in self.param_groups[0]["params"]:
                    p -= self.param_groups[0]["lr"] * p.grad.sign()
                    self.state[p]["seen"] = self.state[p].get("seen", 0) + 1

    w = leaf(1.0)
    w.grad = tl.tensor([3.0]).double()
    optimizer = Signs([w], lr=0.25)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        optimizer.step()

    assert w.item() == 0.75
    assert optimizer.state_dict()["state"] == {0: {"seen": 1}}
