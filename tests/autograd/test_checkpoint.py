"""Functions that run again in backward."""

from __future__ import annotations

import pytest

import tapeless as tl
from tapeless.autograd import grad
from tapeless.autograd.checkpoint import CheckpointError, checkpoint
from tapeless.autograd.graph import saved_tensors_hooks


@pytest.fixture
def x():
    return tl.tensor([0.5, 2.0], requires_grad=True)


@pytest.fixture
def w():
    return tl.tensor([1.0, 3.0], requires_grad=True)


def close(found, expected):
    return [g.tolist() for g in found] == [pytest.approx(g.tolist()) for g in expected]


def test_gradients_reach_arguments_and_what_is_closed_over(x, w):
    def run(x):
        return ((x * w).sin().exp() * x).sum()

    assert checkpoint(run, x).item() == run(x).item()
    assert close(grad(checkpoint(run, x), (x, w)), grad(run(x), (x, w)))


def test_the_function_runs_once_more_in_each_pass(x):
    calls = []

    def run(x):
        calls.append(tl.is_grad_enabled())
        return (x.sin() * x).exp().sum()

    y = checkpoint(run, x)
    y.backward(retain_graph=True)
    y.backward(retain_graph=True)
    with tl.no_grad():
        checkpoint(run, x)

    assert calls == [True, True, True, False]


def test_what_a_pass_left_over_is_not_kept_for_the_next(x, w):
    calls = []

    def run(x):
        calls.append(1)
        return (x.sin() * w).sum()

    y = checkpoint(run, x)
    grad(y, w, retain_graph=True)
    grad(y, w, retain_graph=True)

    assert len(calls) == 3


def test_nothing_is_kept_but_arguments(x):
    kept = []
    node = checkpoint(lambda x: x.exp().sin().tanh(), x).grad_fn
    while node is not None:
        kept.extend(item for item in node.saved or () if isinstance(item, tl.Tensor))
        node = node.next_functions[0][0] if node.next_functions else None

    assert kept == []


def test_second_derivatives(x, w):
    def run(x):
        return ((x * w).sin().exp() * x).sum()

    def second(call):
        (g,) = grad(call(), x, create_graph=True)
        return grad((g * g).sum(), (x, w))

    assert close(second(lambda: checkpoint(run, x)), second(lambda: run(x)))


def test_checkpoints_nest(x, w):
    def inner(x):
        return (x * w).sin() * x.exp()

    def middle(x):
        return checkpoint(inner, checkpoint(inner, x.cos()))

    def plain(x):
        return inner(inner(inner(inner(x.cos())).cos()))

    def outer(x):
        return inner(inner(checkpoint(middle, x).cos()))

    assert close(grad(checkpoint(outer, x).sum(), (x, w)), grad(plain(x).sum(), (x, w)))


def test_arguments_of_an_inner_checkpoint_are_packed_by_the_outer(x):
    packed = []
    with saved_tensors_hooks(lambda t: packed.append(t.tolist()) or t, lambda t: t):
        y = checkpoint(lambda x: x.exp(), x)
    y.sum().backward()

    assert packed == [[0.5, 2.0]]
    assert x.grad.tolist() == pytest.approx(x.exp().tolist())


def test_keyword_and_other_arguments(x):
    y = checkpoint(lambda x, k, *, power: (x * k) ** power, x, 2.0, power=3)

    assert close(grad(y.sum(), x), [24 * x.detach() ** 2])


def test_several_results_and_structures(x):
    first, rest = checkpoint(lambda x: (x.exp(), {"a": x.sin(), "n": 5}), x)
    (g,) = grad((first + rest["a"]).sum(), x)

    assert rest["n"] == 5
    assert close([g], [x.exp() + x.cos()])


def test_random_numbers_are_drawn_again_alike(x):
    tl.manual_seed(0)
    y = checkpoint(lambda x: (x * tl.rand(2)).sin(), x)
    after = tl.rand(1).item()
    (g,) = grad(y.sum(), x)
    later = tl.rand(1).item()
    tl.manual_seed(0)
    expected = grad((x * tl.rand(2)).sin().sum(), x)

    assert close([g], expected)
    assert (after, later) == (tl.rand(1).item(), tl.rand(1).item())


def test_another_number_of_saved_tensors_is_refused(x):
    calls = []

    def run(x):
        calls.append(1)
        return x.sin() * (x if len(calls) == 1 else 1)

    with pytest.raises(
        CheckpointError, match="A different number of tensors was saved during the original forward"
    ):
        checkpoint(run, x).sum().backward()


def test_another_shape_is_refused_unless_not_looked_at(x):
    calls = []

    def run(x):
        calls.append(1)
        return (x if len(calls) % 2 else tl.cat([x, x])).sin()

    with pytest.raises(CheckpointError, match="have different metadata than during the forward pass"):
        checkpoint(run, x).sum().backward()
    calls.clear()
    y = checkpoint(run, x, determinism_check="none").sum()
    with pytest.raises((RuntimeError, ValueError)):
        y.backward()
    with pytest.raises(ValueError, match="determinism_check should be"):
        checkpoint(run, x, determinism_check="foo")


def test_a_write_between_the_runs_is_noticed(x, w):
    y = checkpoint(lambda x: (x * w).sin(), x).sum()
    with tl.no_grad():
        w.mul_(2)

    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()


def test_the_mode_is_restored_after_an_error(x):
    calls = []

    def run(x):
        calls.append(1)
        if len(calls) > 1:
            raise ZeroDivisionError
        return x.sin()

    y = checkpoint(run, x).sum()
    with pytest.raises(ZeroDivisionError):
        y.backward()
    assert tl.is_grad_enabled()
    assert (x * x).grad_fn._saved_self is x


def test_a_custom_function_inside(x):
    class Exp(tl.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            out = x.exp()
            ctx.save_for_backward(out)
            return out

        @staticmethod
        def backward(ctx, g):
            return g * ctx.saved_tensors[0]

    assert close(grad(checkpoint(Exp.apply, x).sum(), x), [x.exp()])
