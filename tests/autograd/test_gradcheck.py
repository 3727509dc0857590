"""gradcheck finds what is wrong, and nothing else."""

from __future__ import annotations

import pytest

import tapeless as tl
from tapeless.autograd import Function, GradcheckError, gradcheck, gradgradcheck


@pytest.fixture
def x():
    return tl.tensor([1.0, 2.0], dtype=tl.float64, requires_grad=True)


@pytest.fixture
def z():
    return tl.tensor([1 + 2j, 3 - 1j], dtype=tl.complex128, requires_grad=True)


def squared(slope):
    class Squared(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, g):
            return slope(g, *ctx.saved_tensors)

        @staticmethod
        def jvp(ctx, t):
            return t * 3

    return Squared.apply


@pytest.mark.parametrize("fast_mode", [False, True])
def test_right_gradients_pass(x, fast_mode):
    w = tl.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=tl.float64, requires_grad=True)

    assert gradcheck(lambda x: x.exp() * x, x, fast_mode=fast_mode, check_forward_ad=True)
    assert gradcheck(lambda x, w: (w @ x, x.sum(), w.long()), (x, w), fast_mode=fast_mode)
    assert gradgradcheck(lambda x, w: (w @ x).tanh(), (x, w), fast_mode=fast_mode, check_fwd_over_rev=True)


@pytest.mark.parametrize("fast_mode", [False, True])
def test_a_wrong_gradient_is_shown_next_to_the_differences(x, fast_mode):
    wrong = squared(lambda g, x: g * 3 * x)

    with pytest.raises(
        GradcheckError, match="Jacobian mismatch for output 0 with respect to input 0,\nnumerical:tensor"
    ):
        gradcheck(wrong, x, fast_mode=fast_mode)
    assert gradcheck(wrong, x, fast_mode=fast_mode, raise_exception=False) is False


def test_a_small_error_in_one_element_is_found(x):
    mask = tl.tensor([1.0, 1.01], dtype=tl.float64)

    assert gradcheck(squared(lambda g, x: g * 2 * x * mask), x, raise_exception=False) is False


def test_a_wrong_tangent_is_found(x):
    right_back = squared(lambda g, x: g * 2 * x)

    assert gradcheck(right_back, x)
    with pytest.raises(GradcheckError, match="Jacobian computed with forward mode mismatch for output 0"):
        gradcheck(right_back, x, check_forward_ad=True)


def test_a_second_derivative_that_stops_is_found(x):
    assert gradgradcheck(squared(lambda g, x: g * 2 * x), x)
    with pytest.raises(GradcheckError, match="Jacobian mismatch"):
        gradgradcheck(squared(lambda g, x: g * 2 * x.detach()), x)


def test_an_output_that_is_cut_off_must_not_depend_on_the_input(x):
    with pytest.raises(GradcheckError, match="Numerical gradient for function expected to be zero"):
        gradcheck(lambda x: x.detach() ** 2, x)
    assert gradcheck(lambda x: (x.detach() * 0, x * 1), x)


def test_a_backward_that_draws_lots_is_found(x):
    calls = []

    def uneven(g, x):
        calls.append(1)
        return g * 2 * x * (1 + 1e-7 * len(calls))

    with pytest.raises(GradcheckError, match="Backward is not reentrant"):
        gradcheck(squared(uneven), x)
    calls.clear()
    assert gradcheck(squared(uneven), x, nondet_tol=1e-3)


@pytest.mark.parametrize(
    "function",
    [
        lambda z: z * (1 + 2j),
        lambda z: z.exp(),
        lambda z: z.abs(),
        lambda z: (z * z.conj()).real,
        lambda z: z.real * z.imag,
        lambda z: z.angle(),
    ],
)
def test_complex_numbers(z, function):
    assert gradcheck(function, z, check_forward_ad=True)
    assert gradgradcheck(function, z)


def test_a_missing_conjugate_is_found(z):
    class Times(Function):
        @staticmethod
        def forward(ctx, z):
            return z * (1 + 2j)

        @staticmethod
        def backward(ctx, g):
            return g * (1 + 2j)

    with pytest.raises(GradcheckError, match="Jacobian mismatch"):
        gradcheck(Times.apply, z)


def test_a_real_function_of_real_and_complex(x, z):
    assert gradcheck(lambda x, z: (x * z).abs(), (x, z))


def test_what_cannot_be_checked(x):
    with pytest.raises(
        ValueError, match="gradcheck expects at least one input tensor to require gradient, but none"
    ):
        gradcheck(lambda x: x, tl.ones(2).double())
    with pytest.raises(RuntimeError, match="The 0th input has a dimension with stride 0"):
        gradcheck(lambda x: x, tl.ones(1, 3).double().expand(2, 3).requires_grad_())
    with pytest.raises(
        AssertionError, match="Expected at least one of check_forward_ad or check_backward_ad"
    ):
        gradcheck(lambda x: x, x, check_backward_ad=False)
    with pytest.warns(
        UserWarning, match="Input #0 requires gradient and is not a double precision floating point"
    ):
        gradcheck(lambda x: x * 2, tl.ones(2, requires_grad=True), atol=1.0)


def test_inputs_are_left_as_they_were(x):
    gradcheck(lambda x: x**2, x)

    assert x.tolist() == [1.0, 2.0]
    assert x.grad is None
    assert issubclass(GradcheckError, RuntimeError)
