"""What operations save for backward: packed by hooks, kept safe from writes."""

from __future__ import annotations

import gc
import weakref

import pytest

import tapeless as tl
from tapeless.autograd import grad
from tapeless.autograd.graph import (
    allow_mutation_on_saved_tensors,
    disable_saved_tensors_hooks,
    increment_version,
    save_on_cpu,
    saved_tensors_hooks,
)


@pytest.fixture
def x():
    return tl.tensor([1.0, 2.0], requires_grad=True)


def same(tensor):
    return tensor


def test_packing_happens_once_and_unpacking_at_each_read(x):
    log = []
    b = x * 1

    def pack(t):
        log.append("pack")
        return t.clone()

    def unpack(t):
        log.append("unpack")
        return t

    with saved_tensors_hooks(pack, unpack):
        c = b * x
    first = len(log)
    c.grad_fn._saved_self
    second = len(log)
    c.grad_fn._saved_self
    third = len(log)
    c.sum().backward()

    assert log[:first] == ["pack", "pack"]
    assert (second - first, third - second, len(log) - third) == (1, 1, 2)
    assert x.grad.tolist() == [2.0, 4.0]


def test_hooks_see_tensors_outside_of_the_graph(x):
    seen = []
    with saved_tensors_hooks(lambda t: seen.append((t.requires_grad, tl.is_grad_enabled())) or t, same):
        x.exp()
        x * x

    assert seen == [(False, False)] * 3


def test_the_innermost_pair_counts(x):
    log = []
    with saved_tensors_hooks(lambda t: log.append("outer") or t, same):
        with saved_tensors_hooks(lambda t: log.append("inner") or t, same):
            x.exp()
        x.exp()

    assert log == ["inner", "outer"]


def test_nothing_is_packed_where_nothing_is_saved(x):
    log = []
    with saved_tensors_hooks(lambda t: log.append(1) or t, same):
        x + 1
        x.sum()
        tl.ones(2).exp()
        with tl.no_grad():
            x.exp()

    assert log == []


def test_anything_may_stand_for_a_tensor(x):
    with saved_tensors_hooks(lambda t: t.tolist(), tl.tensor):
        y = x.exp() * x
    y.sum().backward()

    assert x.grad.tolist() == pytest.approx(((x + 1) * x.exp()).tolist())


@pytest.mark.parametrize(
    "run", [tl.exp, tl.tanh, lambda x: x**3, lambda x: x * x, lambda x: (x * 1).sin() * x]
)
def test_second_derivatives_of_packed_tensors_are_right(x, run):
    (expected,) = grad(grad(run(x).sum(), x, create_graph=True)[0].sum(), x)
    with saved_tensors_hooks(lambda t: t.tolist(), tl.tensor):
        y = run(x).sum()
    (g,) = grad(y, x, create_graph=True)
    (found,) = grad(g.sum(), x)

    assert found.tolist() == pytest.approx(expected.tolist())


def test_what_a_hook_keeps_makes_no_cycle(x):
    gc.disable()
    try:
        with saved_tensors_hooks(same, same):
            y = x.exp()
        node = weakref.ref(y.grad_fn)
        del y

        assert node() is None
    finally:
        gc.enable()


def test_a_write_to_what_an_identity_keeps_is_noticed(x):
    b = x * 1
    with saved_tensors_hooks(same, same):
        y = (b**2).sum()
    b.mul_(5)

    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()


def test_what_was_copied_may_be_written_to(x):
    b, c = x * 1, x * 1
    with save_on_cpu():
        y = (b**2).sum()
    with saved_tensors_hooks(lambda t: t.clone(), same):
        z = (c**2).sum()
    b.mul_(5)
    c.mul_(5)
    (y + z).backward()

    assert x.grad.tolist() == [4.0, 8.0]


def test_wrong_hooks_are_refused(x):
    with saved_tensors_hooks(same, lambda t: 5):
        y = x.exp().sum()
    with pytest.raises(
        TypeError,
        match="Output of saved tensor unpack_hook expected to be a Tensor but got result of type int",
    ):
        y.backward()
    with (
        saved_tensors_hooks(lambda t: t.mul_(2), same),
        pytest.raises(RuntimeError, match="A saved tensor pack hook is modifying its input in place"),
    ):
        (x * 1).exp()


def test_a_wrong_shape_from_a_hook_is_refused(x):
    with saved_tensors_hooks(same, lambda t: tl.ones(3)):
        y = x.exp().sum()
    with pytest.raises((RuntimeError, ValueError)):
        y.backward()


# Raw saved tensors ----------------------------------------------------------------------------------------


def test_one_saved_tensor_may_have_hooks_of_its_own(x):
    y = x.exp()
    y.grad_fn._raw_saved_result.register_hooks(lambda t: t * 2, same)
    y.sum().backward()

    assert x.grad.tolist() == pytest.approx((2 * x.exp()).tolist())


def test_a_saved_tensor_takes_one_pair(x):
    with saved_tensors_hooks(same, same):
        y = x.exp()

    with pytest.raises(
        RuntimeError, match="Calling register_hooks on a saved tensor whose hooks have already been set"
    ):
        y.grad_fn._raw_saved_result.register_hooks(same, same)


def test_a_freed_tensor_takes_none(x):
    y = x.exp()
    raw = y.grad_fn._raw_saved_result
    y.sum().backward()

    with pytest.raises(RuntimeError, match="after they have already been freed"):
        raw.register_hooks(same, same)


# Disabling ------------------------------------------------------------------------------------------------


def test_hooks_can_be_forbidden():
    with disable_saved_tensors_hooks("not here"):
        with pytest.raises(RuntimeError, match="not here"), saved_tensors_hooks(same, same):
            pass
        with disable_saved_tensors_hooks("nor here"):
            pass
        with pytest.raises(RuntimeError, match="not here"), saved_tensors_hooks(same, same):
            pass
    with saved_tensors_hooks(same, same):
        pass


def test_they_cannot_be_forbidden_where_they_run():
    with (
        saved_tensors_hooks(same, same),
        pytest.raises(RuntimeError, match="too late"),
        disable_saved_tensors_hooks("too late"),
    ):
        pass


def test_hooks_decorate_functions(x):
    log = []

    @saved_tensors_hooks(lambda t: log.append(1) or t, same)
    def run():
        return x.exp()

    run()
    x.exp()

    assert log == [1]


# Mutation -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (lambda b: ((b**2).sum(), b.mul_(5)), [2.0, 4.0]),
        (lambda b: ((b**2).sum(), b[:1].mul_(5)), [2.0, 4.0]),
        (lambda b: ((b[:1] ** 2).sum() + b.sum(), b.mul_(5)), [3.0, 1.0]),
        (lambda b: ((b.view(2, 1) ** 2).sum(), b[1:].mul_(5), b.zero_()), [2.0, 4.0]),
        (lambda b: ((b.detach() * b).sum(), b.mul_(5)), [1.0, 2.0]),
        (lambda b: ((b * b.detach()[1]).sum(), b.mul_(5)), [2.0, 2.0]),
    ],
)
def test_saved_tensors_may_be_written_to_in_the_context(x, run, expected):
    with allow_mutation_on_saved_tensors():
        run(x.clone())[0].backward()

    assert x.grad.tolist() == expected


def test_the_copies_outlive_the_context(x):
    with allow_mutation_on_saved_tensors() as context:
        b = x.clone()
        y = (b**2).sum()
        b.mul_(5)
        context.clear()
    y.backward()

    assert x.grad.tolist() == [2.0, 4.0]


def test_the_result_of_an_operation_may_be_written_to(x):
    with allow_mutation_on_saved_tensors():
        y = x.exp()
        z = y * 1
        y.mul_(5)
        (y + z).sum().backward()

    assert x.grad.tolist() == pytest.approx((6 * x.exp()).tolist())


def test_writes_under_no_grad_are_seen_too(x):
    with allow_mutation_on_saved_tensors():
        y = (x**2).sum()
        with tl.no_grad():
            x.fill_(7)
        y.backward()

    assert x.grad.tolist() == [2.0, 4.0]


def test_what_a_function_saved_is_kept_as_well(x):
    class Exp(tl.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            out = x.exp()
            ctx.save_for_backward(x, out)
            return out

        @staticmethod
        def backward(ctx, g):
            x, out = ctx.saved_tensors
            return g * out * x

    with allow_mutation_on_saved_tensors():
        b = x.clone()
        y = Exp.apply(b)
        z = y * 1
        b.zero_()
        y.zero_()
        z.sum().backward()

    assert x.grad.tolist() == pytest.approx((x * x.exp()).tolist())


def test_second_derivatives_after_a_write(x):
    with allow_mutation_on_saved_tensors():
        b = x.clone()
        y = (b**3).sum()
        b.zero_()
        (g,) = grad(y, x, create_graph=True)
        (again,) = grad(g.sum(), x)

    assert (g.tolist(), again.tolist()) == ([3.0, 12.0], [6.0, 12.0])


def test_what_was_saved_before_the_context_is_not_kept(x):
    b = x.clone()
    y = (b**2).sum()
    with allow_mutation_on_saved_tensors():
        b.mul_(5)
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            y.backward()


def test_contexts_do_not_nest():
    with (
        allow_mutation_on_saved_tensors(),
        pytest.raises(RuntimeError, match="allow_mutation_on_saved_tensors contexts cannot be nested"),
        allow_mutation_on_saved_tensors(),
    ):
        pass


def test_a_version_may_be_incremented_by_hand(x):
    y = (x**2).sum()
    increment_version(x)
    increment_version([x, x])

    assert x._version == 3
    with pytest.raises(RuntimeError, match="is at version 3; expected version 0"):
        y.backward()


def test_lists_of_saved_tensors_are_packed_one_by_one():
    a, b = tl.tensor([[1.0, 2.0]], requires_grad=True), tl.tensor([[3.0], [4.0]], requires_grad=True)
    packed = []

    def pack(t):
        packed.append(tuple(t.shape))
        return t.detach().numpy().copy()

    with tl.autograd.graph.saved_tensors_hooks(pack, tl.from_numpy):
        out = tl.einsum("ij,jk->ik", a, b)
    first = tl.autograd.grad(out.sum(), a, create_graph=True)[0]
    second = tl.autograd.grad(first.sum(), b)[0]

    assert packed == [(1, 2), (2, 1)]
    assert first.tolist() == [[3.0, 4.0]]
    assert second.tolist() == [[1.0], [1.0]]
