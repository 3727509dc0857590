"""Random programs of views and writes in place: backward gives what differences give, or refuses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tapeless as tl

SHAPE = (3, 4)
WEIGHTS = np.random.default_rng(0).uniform(0.5, 1.5, (8, 12))

VIEWS = {
    "row": lambda t: t[t.shape[0] // 2],
    "part": lambda t: t[..., 1:],
    "skip": lambda t: t[::2],
    "back": lambda t: t[..., ::2],
    "turned": lambda t: t.transpose(0, -1),
    "flat": lambda t: t.view(-1) if t.is_contiguous() else t[...],
    "taller": lambda t: t.unsqueeze(0),
    "one": lambda t: t[(0,) * t.dim()],
}
MAKERS = {
    "scaled": lambda t, u: t * 1.5,
    "waved": lambda t, u: t.sin(),
    "shrunk": lambda t, u: (t * 0.3).exp(),
    "product": lambda t, u: t * fitted(u, t),
    "copy": lambda t, u: t.clone(),
    "picked": lambda t, u: t[[0, 0, -1]],
}
WRITES = {
    "mul_": lambda t, u: t.mul_(0.7),
    "mul_by": lambda t, u: t.mul_(fitted(u, t)),
    "add_": lambda t, u: t.add_(fitted(u, t)),
    "sin_": lambda t, u: t.sin_(),
    "exp_": lambda t, u: t.mul_(0.2).exp_(),
    "zero_": lambda t, u: t.zero_(),
    "copy_": lambda t, u: t.copy_(fitted(u, t)),
    "set_first": lambda t, u: t.__setitem__(0, fitted(u, t[0]) * 2.0),
    "set_mask": lambda t, u: t.__setitem__(t.detach() > 0.9, 0.25),
    "set_places": lambda t, u: t.__setitem__(([0, -1],), fitted(u, t[0])),
}


def fitted(u, t):
    """Something made of `u` that has the shape of `t`."""
    return u.mean() if u.shape != t.shape else u


def instructions():
    operand = st.integers(0, 7)
    view = st.tuples(st.just("view"), st.sampled_from(sorted(VIEWS)), operand, operand)
    make = st.tuples(st.just("make"), st.sampled_from(sorted(MAKERS)), operand, operand)
    write = st.tuples(st.just("write"), st.sampled_from(sorted(WRITES)), operand, operand)
    return st.lists(st.one_of(view, make, write, write), min_size=2, max_size=9)


def run(program, x):
    """The loss of a program: everything alive at the end counts."""
    alive = [x * 1.0]
    for kind, name, first, second in program:
        t, u = alive[first % len(alive)], alive[second % len(alive)]
        if t.dim() == 0 and (kind == "view" or name in ("picked", "set_first", "set_places")):
            continue
        if kind == "view":
            alive.append(VIEWS[name](t))
        elif kind == "make":
            alive.append(MAKERS[name](t, u))
        else:
            WRITES[name](t, u)
    total = (x * 0.0).sum()
    for number, t in enumerate(alive):
        weights = (
            WEIGHTS[number % 8].ravel()[: t.numel()] if t.numel() <= 12 else np.resize(WEIGHTS, t.numel())
        )
        total = total + (t * tl.tensor(weights.reshape(tuple(t.shape)))).sum()
    return total


def differences(program, data):
    eps = 1e-6
    found = np.zeros_like(data)
    for place in np.ndindex(data.shape):
        moved = [data.copy(), data.copy()]
        moved[0][place] += eps
        moved[1][place] -= eps
        with tl.no_grad():
            up, down = (run(program, tl.tensor(m)).item() for m in moved)
        found[place] = (up - down) / (2 * eps)
    return found


def is_refusal(error):
    refusals = (
        "modified by an inplace operation",
        "single memory location",
        "is a view and is being modified",
    )
    return any(text in str(error) for text in refusals)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(instructions())
def test_gradients_through_views_and_writes_agree_with_differences_or_are_refused(program):
    data = np.random.default_rng(1).uniform(0.2, 0.8, SHAPE)
    x = tl.tensor(data, requires_grad=True)
    loss = run(program, x)
    try:
        loss.backward()
    except RuntimeError as error:
        if not is_refusal(error):
            raise
        return

    np.testing.assert_allclose(x.grad.numpy(), differences(program, data), rtol=2e-5, atol=1e-6)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(instructions())
def test_second_derivatives_through_views_and_writes_agree_with_differences_or_are_refused(program):
    data = np.random.default_rng(2).uniform(0.2, 0.8, SHAPE)
    direction = np.random.default_rng(3).standard_normal(SHAPE)

    def first(values, create_graph=False):
        x = tl.tensor(values, requires_grad=True)
        (g,) = tl.autograd.grad(run(program, x), x, create_graph=create_graph)
        return x, g

    try:
        x, g = first(data, create_graph=True)
        second = np.zeros(SHAPE)
        if g.requires_grad:
            second = tl.autograd.grad((g * tl.tensor(direction)).sum(), x, materialize_grads=True)[0].numpy()
    except RuntimeError as error:
        if not is_refusal(error):
            raise
        return

    eps = 1e-6
    up, down = (first(data + sign * eps * direction)[1].numpy() for sign in (1, -1))
    np.testing.assert_allclose(second, (up - down) / (2 * eps), rtol=2e-5, atol=2e-6)


def test_the_fuzzer_sees_a_wrong_gradient():
    program = [("write", "mul_", 0, 0)]
    data = np.full(SHAPE, 0.5)
    x = tl.tensor(data, requires_grad=True)
    run(program, x).backward()

    with pytest.raises(AssertionError):
        np.testing.assert_allclose(-x.grad.numpy(), differences(program, data), rtol=2e-5, atol=1e-6)


def test_a_write_through_a_view_has_a_part_in_the_graph_of_a_gradient():
    x = tl.tensor([0.1, 0.2, 0.3], dtype=tl.float64, requires_grad=True)
    a = x * 1.0
    a[:].exp_()
    (g,) = tl.autograd.grad((a * a).sum(), x, create_graph=True)
    (second,) = tl.autograd.grad(g.sum(), x)
    np.testing.assert_allclose(second.numpy(), 4 * np.exp(2 * x.detach().numpy()))
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        a.sum().backward()
