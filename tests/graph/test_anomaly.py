"""Anomaly mode says where a nan came from."""

from __future__ import annotations

import warnings

import pytest

import tapeless as tl
from tapeless.autograd import (
    detect_anomaly,
    is_anomaly_check_nan_enabled,
    is_anomaly_enabled,
    set_detect_anomaly,
)

ENABLED = "Anomaly Detection has been enabled. This mode will increase the runtime"


@pytest.fixture
def x():
    return tl.ones(2, requires_grad=True)


def nan_from_sqrt(x):
    y = (x - 1).sqrt()
    return (y * 0).sum()


def test_a_nan_is_refused_and_its_origin_told(x):
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        with (
            detect_anomaly(),
            pytest.raises(
                RuntimeError, match=r"Function 'SqrtBackward0' returned nan values in its 0th output."
            ),
        ):
            nan_from_sqrt(x).backward()

    first, second = [str(one.message) for one in told]
    assert first.startswith(ENABLED)
    assert second.startswith(
        "Error detected in SqrtBackward0. Traceback of forward call that caused the error:"
    )
    assert "in nan_from_sqrt" in second
    assert "y = (x - 1).sqrt()" in second


def test_without_a_recorded_forward_it_says_so(x):
    y = nan_from_sqrt(x)
    with (
        set_detect_anomaly(True),
        pytest.warns(
            UserWarning, match=r"Error detected in SqrtBackward0. No forward pass information available."
        ),
        pytest.raises(RuntimeError, match="returned nan values"),
    ):
        y.backward()


def test_nan_may_be_left_alone(x):
    with set_detect_anomaly(True, check_nan=False):
        assert is_anomaly_enabled()
        assert not is_anomaly_check_nan_enabled()
        nan_from_sqrt(x).backward()

    assert x.grad.isnan().all()


def test_errors_in_backward_are_traced_too(x):
    with set_detect_anomaly(True):
        b = x * 1
        y = (b**2).sum()
        b.mul_(2)
        with (
            pytest.warns(UserWarning, match=r"Error detected in PowBackward0(.|\n)*y = \(b\*\*2\).sum\(\)"),
            pytest.raises(RuntimeError, match="modified by an inplace operation"),
        ):
            y.backward()


def test_errors_of_custom_functions_are_traced(x):
    class Fails(tl.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def backward(ctx, g):
            raise ZeroDivisionError

    with (
        set_detect_anomaly(True),
        pytest.warns(UserWarning, match=r"Error detected in FailsBackward(.|\n)*Fails.apply\(x\)"),
        pytest.raises(ZeroDivisionError),
    ):
        Fails.apply(x).sum().backward()


def test_gradients_are_the_same_in_anomaly_mode(x):
    with set_detect_anomaly(True):
        (x.exp() * x).sum().backward()

    assert x.grad.tolist() == pytest.approx((2 * x.exp()).tolist())


def test_the_mode_is_set_at_once_and_undone_by_its_block():
    set_detect_anomaly(True)
    first = is_anomaly_enabled()
    set_detect_anomaly(False)
    with set_detect_anomaly(True):
        inside = is_anomaly_enabled()

    assert (first, inside, is_anomaly_enabled()) == (True, True, False)
