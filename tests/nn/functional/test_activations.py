"""Activations and linear functions: in place, names in the graph, shares, messages."""

from __future__ import annotations

import re

import numpy as np
import pytest

import tapeless as tl
from tapeless import nn
from tapeless.nn import functional as F  # noqa: N812  (as everybody says)

IN_PLACE = [
    "relu",
    "relu6",
    "leaky_relu",
    "elu",
    "selu",
    "celu",
    "silu",
    "mish",
    "hardtanh",
    "hardswish",
    "hardsigmoid",
]
X = np.array([-4.0, -1.5, -0.2, 0.3, 0.9, 2.0, 5.0, 7.0])


@pytest.mark.parametrize("name", IN_PLACE)
def test_written_into_its_input_an_activation_has_the_same_gradient(name):
    function = getattr(F, name)
    leaf, other = tl.tensor(X, requires_grad=True), tl.tensor(X, requires_grad=True)
    inner = leaf * 1.0
    out = function(inner, inplace=True)
    (out**2).sum().backward()
    (function(other) ** 2).sum().backward()
    array = X.copy()

    assert out is inner
    assert tl.equal(leaf.grad, other.grad)
    assert function(array, inplace=True) is array
    np.testing.assert_allclose(array, function(X))
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad is being used in an in-place"):
        function(leaf, inplace=True)


def test_names_that_write_in_place():
    for name in ("relu_", "leaky_relu_", "elu_", "hardtanh_"):
        x = tl.tensor(X)
        assert getattr(F, name)(x) is x
        assert tl.equal(x, getattr(F, name[:-1])(tl.tensor(X)))
    x = tl.tensor(X)
    assert F.threshold(x, 0.0, -1.0, inplace=True) is x


def test_operations_have_pytorchs_names_in_the_graph():
    x = tl.ones(2, 4, requires_grad=True)
    w, b = tl.ones(3, 4), tl.ones(3)
    names = {
        "relu": "ReluBackward0",
        "leaky_relu": "LeakyReluBackward0",
        "elu": "EluBackward0",
        "hardtanh": "HardtanhBackward0",
        "softplus": "SoftplusBackward0",
        "sigmoid": "SigmoidBackward0",
        "tanh": "TanhBackward0",
    }
    for name, expected in names.items():
        assert getattr(F, name)(x).grad_fn.name() == expected

    out = F.linear(x, w, b)
    assert out.grad_fn.name() == "AddmmBackward0"
    assert F.linear(x, w).grad_fn.name() == "MmBackward0"
    assert F.linear(x[None], w, b).grad_fn.name() == "ViewBackward0"
    assert F.softmax(x, 1).grad_fn.name() == "SoftmaxBackward0"
    weight = nn.Parameter(w)
    turned = F.linear(x, weight, b).grad_fn.next_functions[2][0]
    assert turned.name() == "TBackward0"
    assert turned.next_functions[0][0].variable is weight


def test_linear_takes_any_number_of_axes():
    x, w, b = np.random.default_rng(0).standard_normal((2, 3, 5, 4)), np.ones((6, 4)), np.arange(6.0)
    expected = x.sum(-1)[..., None] + b

    np.testing.assert_allclose(F.linear(x, w, b), expected)
    np.testing.assert_allclose(F.linear(tl.tensor(x), tl.tensor(w), tl.tensor(b)).numpy(), expected)
    np.testing.assert_allclose(F.linear(x[0, 0, 0], w, b), expected[0, 0, 0])
    np.testing.assert_allclose(F.linear(x, w[0], np.array(2.0)), x.sum(-1) + 2.0)


def test_the_source_of_a_linear_layer_is_what_a_person_would_write():
    def loss(w, b, x):
        return np.sum(F.linear(x, w, b) ** 2)

    gradient = tl.grad(loss, argnums=(0, 1), mode="source")
    gradient(np.ones((3, 2)), np.ones(3), np.ones((4, 2)))

    assert "x @ w.T + b" in gradient.source


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: F.linear(tl.ones(2, 3), tl.ones(4, 2), tl.ones(4)),
            RuntimeError,
            "mat1 and mat2 shapes cannot be multiplied (2x3 and 2x4)",
        ),
        (
            lambda: F.bilinear(tl.ones(2, 3), tl.ones(2, 4), tl.ones(5, 3, 3)),
            RuntimeError,
            "bilinear(): input2 size does not match weight size: got 4 but expected 3",
        ),
        (
            lambda: F.bilinear(tl.ones(2, 3), tl.ones(1, 4), tl.ones(5, 3, 4)),
            RuntimeError,
            "bilinear(): input batch dimensions do not match",
        ),
        (
            lambda: F.glu(tl.ones(3)),
            RuntimeError,
            "Halving dimension must be even, but dimension 0 is size 3",
        ),
        (
            lambda: F.prelu(tl.ones(2, 3), tl.ones(2)),
            RuntimeError,
            "Found parameter numbers = 2 and channel size = 3.",
        ),
        (lambda: F.hardtanh(tl.ones(2), 2.0, 1.0), ValueError, "min_val cannot be greater than max_val"),
        (lambda: F.softshrink(tl.ones(2), -1.0), RuntimeError, "lambda must be greater or equal to 0"),
        (lambda: F.gelu(tl.ones(2), "x"), RuntimeError, "approximate argument must be either none or tanh."),
        (lambda: F.celu(tl.ones(2), 0.0), RuntimeError, "ZeroDivisionError: alpha cannot be 0 for CELU"),
        (
            lambda: F.softmax(tl.ones(2, 2), 2),
            IndexError,
            "Dimension out of range (expected to be in range of [-2, 1]",
        ),
        (
            lambda: nn.Softmax2d()(tl.ones(2, 2)),
            ValueError,
            "Softmax2d: expected input to be 3D or 4D, got 2D instead",
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_pytorchs_words(call, error, message):
    with pytest.raises(error, match=re.escape(message)):
        call()


# Shares ---------------------------------------------------------------------------------------------------


def test_large_numbers_do_not_overflow():
    for make in (tl.tensor, np.array):
        assert F.softmax(make([1e4, 0.0]), 0).tolist() == [1.0, 0.0]
        assert F.log_softmax(make([1e4, 0.0]), 0).tolist() == [0.0, -1e4]
        assert F.softmin(make([1e4, 0.0]), 0).tolist() == [0.0, 1.0]
        assert F.logsigmoid(make([-1e4, 1e4])).tolist() == [-1e4, 0.0]


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "softmin"])
def test_without_a_dimension_there_is_a_warning(name):
    function = getattr(F, name)
    for shape, dim in (((4,), 0), ((2, 4), 1), ((2, 3, 4), 0), ((2, 3, 4, 5), 1)):
        x = tl.randn(*shape)
        with pytest.warns(UserWarning, match=f"Implicit dimension choice for {name} has been deprecated"):
            out = function(x)
        assert tl.equal(out, function(x, dim))


def test_shares_are_computed_in_the_dtype_that_is_asked_for():
    for x in (tl.ones(2), np.ones(2, np.float32)):
        assert F.softmax(x, 0, dtype=tl.float64).dtype == np.float64
        assert F.log_softmax(x, 0, dtype=tl.float64).dtype == np.float64


def test_samples_of_a_softmax():
    tl.manual_seed(0)
    logits = tl.log(tl.tensor([0.7, 0.2, 0.1])).expand(20000, 3)
    often = F.gumbel_softmax(logits, hard=True).mean(0)
    np.testing.assert_allclose(often, [0.7, 0.2, 0.1], atol=0.015)

    x = tl.zeros(4, 3, requires_grad=True)
    hard = F.gumbel_softmax(x, tau=0.5, hard=True)
    (hard * tl.tensor([1.0, 2.0, 3.0])).sum().backward()
    assert sorted(set(hard.detach().round().ravel().tolist())) == [0.0, 1.0]
    assert float(x.grad.abs().sum()) > 0.0
    assert F.gumbel_softmax(np.zeros((4, 3)), dim=0).sum(0).round(6).tolist() == [1.0] * 3
