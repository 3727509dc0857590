"""Forward mode on tensors."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

import tapeless as tl
from tapeless.autograd import forward_ad as fwd
from tapeless.autograd import grad
from tapeless.graph import dual as dual_module
from tapeless.graph.apply import apply, op_of
from tapeless.graph.array import Array
from tapeless.graph.variable import Variable, wrap
from tests.rules.harness import Call, numerical_jvp
from tests.rules.sample import Sample
from tests.rules.samples import SAMPLES
from tests.rules.test_first_order import as_complex, draw_tangents


@pytest.fixture
def level():
    with fwd.dual_level():
        yield


def dual(values=(2.0, 3.0), tangent=(1.0, 10.0), **options):
    return fwd.make_dual(tl.tensor(values, **options), tl.tensor(tangent, **options))


def tangent_of(tensor):
    tangent = fwd.unpack_dual(tensor).tangent
    return None if tangent is None else tangent.tolist()


# Levels ---------------------------------------------------------------------------------------------------


def test_levels_do_not_nest():
    with (
        fwd.dual_level(),
        pytest.raises(RuntimeError, match="Nested forward mode AD is not supported at the moment"),
    ):
        fwd.enter_dual_level()


def test_a_level_is_entered_and_left_by_functions_too():
    entered = fwd.enter_dual_level()
    x = dual()
    with pytest.raises(RuntimeError, match="Trying to exit a forward AD level that was not the last one"):
        fwd.exit_dual_level(level=entered + 5)
    assert tangent_of(x * 2) == [2.0, 20.0]
    fwd.exit_dual_level(level=entered)

    assert fwd.unpack_dual(x).tangent is None
    with pytest.raises(RuntimeError, match="Trying to exit a forward AD level"):
        fwd.exit_dual_level()


def test_tangents_end_with_their_level():
    with fwd.dual_level():
        x = dual()
        kept = weakref.ref(fwd.unpack_dual(x).tangent)
    with fwd.dual_level():
        assert tangent_of(x) is None
        assert tangent_of(x * 2) is None
    assert kept() is None


def test_a_level_leaves_nothing_behind():
    gc.disable()
    try:
        with fwd.dual_level():
            y = dual().exp() * 2
            kept = weakref.ref(y)
        del y

        assert kept() is None
    finally:
        gc.enable()


def test_leaving_by_an_exception_leaves_the_level():
    with pytest.raises(ZeroDivisionError), fwd.dual_level():
        raise ZeroDivisionError
    with fwd.dual_level():
        pass


# Making and unpacking -------------------------------------------------------------------------------------


@pytest.mark.usefixtures("level")
def test_a_dual_is_a_view_with_a_tangent():
    x, t = tl.tensor([2.0, 3.0]), tl.tensor([1.0, 10.0])
    made = fwd.make_dual(x, t)
    unpacked = fwd.unpack_dual(made)

    assert made is not x
    assert made._base is x
    assert unpacked.tangent is t
    assert unpacked.primal.tolist() == [2.0, 3.0]
    assert fwd.unpack_dual(unpacked.primal).tangent is None
    assert fwd.unpack_dual(x).tangent is None
    assert unpacked._fields == ("primal", "tangent")


def test_outside_of_a_level_nothing_is_dual():
    with pytest.raises(
        RuntimeError, match="Trying to create a dual Tensor for forward AD but no level exists"
    ):
        dual()
    assert fwd.unpack_dual(tl.ones(2)).tangent is None


@pytest.mark.usefixtures("level")
@pytest.mark.parametrize(
    ("primal", "tangent", "error", "message"),
    [
        (
            lambda: tl.ones(2),
            lambda: tl.ones(3),
            RuntimeError,
            r"Tensor is of size \[2\] .* is of size \[3\]",
        ),
        (
            lambda: tl.ones(2).long(),
            lambda: tl.ones(2),
            ValueError,
            "Expected primal to be floating point or complex",
        ),
        (
            lambda: tl.ones(2),
            lambda: tl.ones(2).long(),
            ValueError,
            "Expected tangent to be floating point or complex",
        ),
        (lambda: 5, lambda: tl.ones(2), TypeError, "primal must be a Tensor, not int"),
        (dual, lambda: tl.ones(2), RuntimeError, "already has a forward gradient at the same level"),
        (lambda: tl.ones(2), dual, RuntimeError, "itself has a forward gradient at the same level"),
    ],
)
def test_what_cannot_be_dual(primal, tangent, error, message):
    with pytest.raises(error, match=message):
        fwd.make_dual(primal(), tangent())


# Operations -----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("level")
@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda x: x + 1, [1.0, 10.0]),
        (lambda x: 1 - x, [-1.0, -10.0]),
        (lambda x: x * x, [4.0, 60.0]),
        (lambda x: 6 / x, [-1.5, -20.0 / 3]),
        (lambda x: x**2, [4.0, 60.0]),
        (lambda x: x.sum(), 11.0),
        (lambda x: x.mean(), 5.5),
        (lambda x: x + tl.ones(2, 2), [[1.0, 10.0], [1.0, 10.0]]),
        (lambda x: tl.ones(2) * 3, None),
        (lambda x: x.detach() * 3, None),
        (lambda x: x.data * 3, None),
        (lambda x: x.clone(), [1.0, 10.0]),
        (lambda x: x > 2, None),
        (lambda x: x.double(), [1.0, 10.0]),
        (lambda x: x.long(), None),
        (lambda x: x.max(), 10.0),
        (lambda x: x.max(0)[0], 10.0),
        (lambda x: x[1], 10.0),
        (lambda x: x.view(2, 1), [[1.0], [10.0]]),
        (lambda x: tl.cat([x, tl.ones(1), x]), [1.0, 10.0, 0.0, 1.0, 10.0]),
        (lambda x: tl.stack([tl.ones(2), x]), [[0.0, 0.0], [1.0, 10.0]]),
        (lambda x: x.unbind()[1], 10.0),
        (lambda x: tl.where(x > 2, x, -x), [-1.0, 10.0]),
        (lambda x: x @ x, 64.0),
        (lambda x: x.prod(), 23.0),
        (lambda x: np.multiply(x, x), [4.0, 60.0]),
        (lambda x: np.concatenate([x, x]), [1.0, 10.0, 1.0, 10.0]),
    ],
)
def test_tangents_of_operations(function, expected):
    found = tangent_of(function(dual()))

    assert found == (expected if expected is None else pytest.approx(np.array(expected)))


@pytest.mark.usefixtures("level")
def test_the_tangent_has_its_results_shape_dtype_and_memory():
    x = dual()
    stretched = x + tl.ones(3, 2)
    same = x + 0
    same.mul_(0)

    assert fwd.unpack_dual(stretched).tangent.shape == (3, 2)
    assert fwd.unpack_dual(dual().double() * 1).tangent.dtype == tl.float64
    assert tangent_of(x) == [1.0, 10.0]


@pytest.mark.usefixtures("level")
def test_a_tangent_takes_its_primals_dtype():
    x = fwd.make_dual(tl.ones(2), tl.ones(2, dtype=tl.float64))

    assert fwd.unpack_dual(x).tangent.dtype == tl.float32
    assert fwd.unpack_dual(x * 2).tangent.dtype == tl.float32


@pytest.mark.usefixtures("level")
def test_no_grad_does_not_stop_tangents_and_inference_mode_does():
    x = dual()
    with tl.no_grad():
        assert tangent_of(x * 2) == [2.0, 20.0]
    with tl.inference_mode():
        assert tangent_of(x * 2) is None


# The table ------------------------------------------------------------------------------------------------


def leaves(value):
    return [leaf for item in value for leaf in leaves(item)] if isinstance(value, list | tuple) else [value]


def pushed(call: Call, face, tangents):
    """The tangents of the results of a call on duals."""
    with fwd.dual_level():
        duals = [
            fwd.make_dual(wrap(face, np.array(p)), wrap(face, t))
            for p, t in zip(call.primals, tangents, strict=True)
        ]
        out = apply(op_of(call.rule.function, face), call.with_primals(duals))
        found = [one for one in leaves(out) if isinstance(one, Variable) and one._data.dtype.kind in "fc"]
        return [
            np.zeros_like(one._data) if t is None else t._data
            for one in found
            for t in [fwd.unpack_dual(one)[1]]
        ]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("face", [tl.Tensor, Array], ids=lambda face: face.__name__)
@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_tangents_of_every_row_agree_with_differences(sample: Sample, face):
    call = Call(sample)
    tangents = draw_tangents(call, np.random.default_rng(3))
    differences = numerical_jvp(call, tangents)

    for found, expected in zip(pushed(call, face, tangents), differences, strict=True):
        np.testing.assert_allclose(found, expected, rtol=sample.rtol, atol=1e-6)


@pytest.mark.parametrize("face", [tl.Tensor, Array], ids=lambda face: face.__name__)
@pytest.mark.parametrize("sample", [sample for sample in SAMPLES if sample.complex], ids=str)
def test_tangents_of_complex_numbers_agree_with_differences(sample: Sample, face):
    call = Call(sample, as_complex)
    tangents = draw_tangents(call, np.random.default_rng(3))
    differences = numerical_jvp(call, tangents)

    for found, expected in zip(pushed(call, face, tangents), differences, strict=True):
        np.testing.assert_allclose(found, expected, rtol=sample.rtol, atol=1e-6)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("sample", [s for s in SAMPLES if s.order >= 2], ids=str)
def test_a_pullback_transposed_is_the_pushforward(sample: Sample, monkeypatch):
    call = Call(sample)
    tangents = draw_tangents(call, np.random.default_rng(3))
    expected = pushed(call, Array, tangents)

    def always_transposed(op, values, out, tangents):
        return dual_module._of_transposed(op, tuple(t is not None for t in tangents), values, out, tangents)

    monkeypatch.setattr(dual_module, "tangents_of_results", always_transposed)
    for found, one in zip(pushed(call, Array, tangents), expected, strict=True):
        np.testing.assert_allclose(found, one, rtol=1e-6, atol=1e-9)


# Writing in place -----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("level")
def test_a_write_writes_the_tangent():
    x = dual()
    x.mul_(x.detach())

    assert tangent_of(x) == [2.0, 30.0]


@pytest.mark.usefixtures("level")
def test_a_write_reads_what_the_tensor_was():
    x = dual()
    x.mul_(x)

    assert tangent_of(x) == [4.0, 60.0]


@pytest.mark.usefixtures("level")
def test_a_write_through_a_view_is_seen_by_its_base():
    x = dual() * 1
    v = x[:1]
    v.mul_(5)

    assert x.tolist() == [10.0, 3.0]
    assert tangent_of(x) == [5.0, 10.0]
    assert tangent_of(v) == [5.0]


@pytest.mark.usefixtures("level")
def test_a_write_to_the_base_is_seen_by_its_views():
    x = dual() * 1
    v, whole = x[:1], x.view(2, 1)
    x.mul_(5)

    assert tangent_of(v) == [5.0]
    assert tangent_of(whole) == [[5.0], [50.0]]
    assert tangent_of(x) == [5.0, 50.0]


@pytest.mark.usefixtures("level")
def test_a_base_without_tangent_gets_one_through_its_view():
    base = tl.ones(2)
    v, other = base[:1], base[1:]
    v.copy_(dual()[1:])

    assert tangent_of(base) == [10.0, 0.0]
    assert tangent_of(v) == [10.0]
    assert tangent_of(other) == [0.0]


@pytest.mark.usefixtures("level")
def test_views_made_before_their_base_became_dual_see_its_tangent():
    base = tl.ones(2)
    v = base[1:]
    base.copy_(dual())

    assert tangent_of(v) == [10.0]


@pytest.mark.usefixtures("level")
def test_assignment_by_index_writes_the_tangent():
    x = dual() * 1
    x[0] = x[1] * 2
    y = tl.zeros(3)
    y[1:] = dual()

    assert tangent_of(x) == [20.0, 10.0]
    assert tangent_of(y) == [0.0, 1.0, 10.0]


@pytest.mark.usefixtures("level")
def test_what_is_overwritten_loses_its_tangent():
    x, y = dual() * 1, dual() * 1
    x.zero_()
    y[0] = 5.0

    assert tangent_of(x) == [0.0, 0.0]
    assert tangent_of(y) == [0.0, 10.0]


@pytest.mark.usefixtures("level")
def test_a_write_leaves_other_tangents_alone():
    x = dual()
    y, z = x + 0, x.view(2) + 0
    y.mul_(0)
    z[:1].mul_(0)

    assert tangent_of(x) == [1.0, 10.0]


@pytest.mark.usefixtures("level")
def test_transposed_memory_is_written_to_where_the_primal_is():
    x = fwd.make_dual(tl.arange(6.0).reshape(2, 3).t(), tl.ones(3, 2)) * 1
    x.t()[0].mul_(3)

    assert tangent_of(x) == [[3.0, 1.0], [3.0, 1.0], [3.0, 1.0]]


@pytest.mark.usefixtures("level")
def test_a_reshaped_view_of_transposed_memory_shares_the_tangents_memory():
    x = fwd.make_dual(tl.arange(6.0).reshape(2, 3).t(), tl.ones(3, 2)) * 1
    flat = x.t().view(-1)
    x.mul_(3)
    flat[:2].mul_(2)

    assert x._is_view() is False
    assert tangent_of(flat) == [6.0, 6.0, 3.0, 3.0, 3.0, 3.0]
    assert tangent_of(x) == [[6.0, 3.0], [6.0, 3.0], [3.0, 3.0]]


@pytest.mark.usefixtures("level")
def test_a_write_that_reads_a_view_of_what_it_writes_to():
    x, y = dual() * 1, dual() * 1
    x.mul_(x.view(2))
    y[:1].mul_(y[1:])

    assert tangent_of(x) == [4.0, 60.0]
    assert tangent_of(y) == [23.0, 10.0]


# With reverse mode ----------------------------------------------------------------------------------------


def test_reverse_over_forward():
    x = tl.tensor([2.0, 3.0], requires_grad=True)
    t = tl.tensor([1.0, 10.0], requires_grad=True)
    with fwd.dual_level():
        tangent = fwd.unpack_dual((fwd.make_dual(x, t) ** 3).sum()).tangent
    gx, gt = grad(tangent, (x, t))

    assert tangent.item() == 3 * 4 + 3 * 9 * 10
    assert gx.tolist() == [12.0, 180.0]
    assert gt.tolist() == [12.0, 27.0]


def squared_in_place(x):
    """x * x, written to a tensor that has a view."""
    y = x * 1
    view = y[:1]
    y.mul_(x)
    return y if view._is_view() else x


def written_through(x):
    """exp(x), whose saved result was written to a tensor that has views."""
    y = x * 1
    views = y[:1], y.view(2)
    return y.exp_() if views else y


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize(
    ("function", "hessian"),
    [
        (lambda x: (x**3).sum(), [[12.0, 0.0], [0.0, 18.0]]),
        (lambda x: x.exp().log().prod(), [[0.0, 1.0], [1.0, 0.0]]),
        (lambda x: x[0] ** 2 * x[1], [[6.0, 4.0], [4.0, 0.0]]),
        (lambda x: (x * 2).clone().mul_(x).sum(), [[4.0, 0.0], [0.0, 4.0]]),
        (lambda x: x.cumprod(0).sum(), [[0.0, 1.0], [1.0, 0.0]]),
        (lambda x: squared_in_place(x).sum(), [[2.0, 0.0], [0.0, 2.0]]),
        (lambda x: written_through(x).log().prod(), [[0.0, 1.0], [1.0, 0.0]]),
        (lambda x: (written_through(x) * 2).log().sum(), [[0.0, 0.0], [0.0, 0.0]]),
    ],
)
def test_forward_over_reverse(function, hessian, create_graph):
    rows = []
    for unit in ([1.0, 0.0], [0.0, 1.0]):
        with fwd.dual_level():
            x = fwd.make_dual(
                tl.tensor([2.0, 3.0], dtype=tl.float64, requires_grad=True), tl.tensor(unit).double()
            )
            (g,) = grad(function(x), x, create_graph=create_graph)
            rows.append(tangent_of(g))

    assert np.array(rows) == pytest.approx(np.array(hessian))


def test_backward_in_a_level_accumulates_gradients_with_tangents():
    x = tl.tensor([2.0, 3.0], requires_grad=True)
    with fwd.dual_level():
        (fwd.make_dual(x, tl.tensor([1.0, 10.0])) ** 2).sum().backward()
        (x * 2).sum().backward()

    assert x.grad.tolist() == [6.0, 8.0]
    assert not x.grad.requires_grad


def test_forward_mode_goes_through_a_graph_that_is_walked_twice():
    x = tl.tensor([2.0, 3.0], requires_grad=True)
    with fwd.dual_level():
        y = (fwd.make_dual(x, tl.tensor([1.0, 0.0])).exp()).sum()
        y.backward(retain_graph=True)
        y.backward()

    assert x.grad.tolist() == pytest.approx((2 * x.exp()).tolist())
