"""Jacobians, Hessians and their products."""

from __future__ import annotations

import pytest

import tapeless as tl
from tapeless.autograd import grad
from tapeless.autograd.functional import hessian, hvp, jacobian, jvp, vhp, vjp

X = tl.tensor([1.0, 2.0])
S = tl.tensor(3.0)
LINEAR = "found that the jacobian of the user-provided function with respect to input {} is independent"
NO_GRAD = "Output 0 of the user-provided function does not require gradients. The outputs must be computed in"


def listed(value):
    return tuple(listed(one) for one in value) if isinstance(value, tuple) else value.tolist()


# Values ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options", [{}, {"vectorize": True}, {"vectorize": True, "strategy": "forward-mode"}]
)
@pytest.mark.parametrize(
    ("function", "inputs", "expected"),
    [
        (lambda x: x**2, X, [[2.0, 0.0], [0.0, 4.0]]),
        (lambda x: (x**2, x.sum()), X, ([[2.0, 0.0], [0.0, 4.0]], [1.0, 1.0])),
        (
            lambda x, y: (x**2 * y, x.sum()),
            (X, S),
            (([[6.0, 0.0], [0.0, 12.0]], [1.0, 4.0]), ([1.0, 1.0], 0.0)),
        ),
        (lambda x: x.detach() * 2, X, [[0.0, 0.0], [0.0, 0.0]]),
        (lambda x, y: x, (X, S), ([[1.0, 0.0], [0.0, 1.0]], [0.0, 0.0])),
        (lambda x: x[0], X, [1.0, 0.0]),
        (lambda x: x.view(2, 1), X, [[[1.0, 0.0]], [[0.0, 1.0]]]),
        (lambda x: x * x, S, 6.0),
        (lambda x: x[:0], X, []),
    ],
)
def test_jacobian(function, inputs, expected, options):
    assert listed(jacobian(function, inputs, **options)) == expected


@pytest.mark.parametrize(
    "options", [{}, {"vectorize": True}, {"vectorize": True, "outer_jacobian_strategy": "forward-mode"}]
)
@pytest.mark.parametrize(
    ("function", "inputs", "expected"),
    [
        (lambda x: (x**3).sum(), X, [[6.0, 0.0], [0.0, 12.0]]),
        (lambda x: (x**3).sum()[None], X, [[6.0, 0.0], [0.0, 12.0]]),
        (
            lambda x, y: (x**3 * y).sum(),
            (X, S),
            (([[18.0, 0.0], [0.0, 36.0]], [3.0, 12.0]), ([3.0, 12.0], 0.0)),
        ),
        (lambda x: x.prod(), X, [[0.0, 1.0], [1.0, 0.0]]),
        (lambda x: x.sum(), X, [[0.0, 0.0], [0.0, 0.0]]),
        (lambda x: x.detach().sum(), X, [[0.0, 0.0], [0.0, 0.0]]),
    ],
)
def test_hessian(function, inputs, expected, options):
    assert listed(hessian(function, inputs, **options)) == expected


@pytest.mark.parametrize(
    ("product", "function", "inputs", "v", "expected"),
    [
        (vjp, lambda x: x**2, X, X, ([1.0, 4.0], [2.0, 8.0])),
        (vjp, lambda x: (x**2).sum(), X, None, (5.0, [2.0, 4.0])),
        (vjp, lambda x: x.detach(), X, X, ([1.0, 2.0], [0.0, 0.0])),
        (vjp, lambda x, y: (x * y, y), (X, S), (X, S), (([3.0, 6.0], 3.0), ([3.0, 6.0], 8.0))),
        (jvp, lambda x: x**2, X, X, ([1.0, 4.0], [2.0, 8.0])),
        (jvp, lambda x: x**2, S, None, (9.0, 6.0)),
        (jvp, lambda x: (x**2, x.sum()), X, X, (([1.0, 4.0], 3.0), ([2.0, 8.0], 3.0))),
        (jvp, lambda x: x.detach(), X, X, ([1.0, 2.0], [0.0, 0.0])),
        (jvp, lambda x: x[0] * x, X, tl.tensor([1.0, 0.0]), ([1.0, 2.0], [2.0, 2.0])),
        (vhp, lambda x: (x**3).sum(), X, X, (9.0, [6.0, 24.0])),
        (vhp, lambda x: x.sum(), X, X, (3.0, [0.0, 0.0])),
        (vhp, lambda x, y: (x**2).sum(), (X, S), (X, S), (5.0, ([2.0, 4.0], 0.0))),
        (hvp, lambda x: (x**3).sum(), X, X, (9.0, [6.0, 24.0])),
        (hvp, lambda x: x.sum(), X, X, (3.0, [0.0, 0.0])),
        (hvp, lambda x: x.prod(), X, tl.tensor([1.0, 0.0]), (2.0, [0.0, 1.0])),
    ],
)
def test_products(product, function, inputs, v, expected):
    outputs, found = product(function, inputs, v)

    assert (listed(outputs), listed(found)) == expected


def test_results_are_outside_of_the_graph():
    x = X.clone().requires_grad_()
    found = (jacobian(tl.exp, x), hessian(lambda x: x.exp().sum(), x), *vjp(tl.exp, x, X), *jvp(tl.exp, x, X))

    assert not any(one.requires_grad for one in found)
    assert x.grad is None


# create_graph ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda x: jacobian(lambda x: x**3, x, create_graph=True).sum(), [6.0, 12.0]),
        (lambda x: jacobian(lambda x: x**3, x, create_graph=True, vectorize=True).sum(), [6.0, 12.0]),
        (lambda x: hessian(lambda x: (x**3).sum(), x, create_graph=True).sum(), [6.0, 6.0]),
        (lambda x: vjp(lambda x: x**3, x, tl.ones(2), create_graph=True)[1].sum(), [6.0, 12.0]),
        (lambda x: vjp(lambda x: x**3, x, tl.ones(2), create_graph=True)[0].sum(), [3.0, 12.0]),
        (lambda x: jvp(lambda x: x**3, x, tl.ones(2), create_graph=True)[1].sum(), [6.0, 12.0]),
        (lambda x: vhp(lambda x: (x**3).sum(), x, tl.ones(2), create_graph=True)[1].sum(), [6.0, 6.0]),
        (lambda x: hvp(lambda x: (x**3).sum(), x, tl.ones(2), create_graph=True)[1].sum(), [6.0, 6.0]),
    ],
)
def test_results_are_differentiable_with_create_graph(function, expected):
    x = X.clone().requires_grad_()

    assert grad(function(x), x)[0].tolist() == expected


def test_gradients_reach_the_vector_too():
    v = X.clone().requires_grad_()
    for product in (vjp, jvp):
        found = product(lambda x: x**2, X.clone().requires_grad_(), v, create_graph=True)[1]

        assert grad(found.sum(), v)[0].tolist() == [2.0, 4.0]


# Refusals -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: jacobian(lambda x: 5, X),
            TypeError,
            "The outputs of the user-provided function given to jacobian must be either a Tensor or a tuple "
            "of Tensors but the given outputs of the user-provided function has type <class 'int'>.",
        ),
        (
            lambda: jacobian(lambda x: x, (X, 5)),
            TypeError,
            "The inputs given to jacobian must be either a Tensor or a tuple of Tensors but the value at "
            "index 1 has",
        ),
        (lambda: jacobian(lambda x: x.detach(), X, strict=True), RuntimeError, NO_GRAD),
        (
            lambda: jacobian(lambda x, y: x, (X, S), strict=True),
            RuntimeError,
            "Output 0 of the user-provided function is independent of input 1. This is not allowed in strict "
            "mode.",
        ),
        (
            lambda: jacobian(lambda x: x * 1, X, strict=True, create_graph=True),
            RuntimeError,
            "The jacobian of the user-provided function is independent of input 0. This is not allowed in "
            "strict mode when create_graph=True.",
        ),
        (
            lambda: jacobian(lambda x: x, X, strict=True, vectorize=True),
            RuntimeError,
            "are not supported together",
        ),
        (
            lambda: jacobian(lambda x: x, X, strategy="forward-mode"),
            NotImplementedError,
            "isonly implemented for",
        ),
        (
            lambda: jacobian(lambda x: x, X, strategy="foo"),
            AssertionError,
            'Expected strategy to be either "forward-mode"',
        ),
        (
            lambda: jacobian(lambda x: x, X, strategy="forward-mode", vectorize=True, create_graph=True),
            NotImplementedError,
            '`create_graph=True` and `strategy="forward-mode"` are not supported together',
        ),
        (
            lambda: hessian(lambda x: x**3, X),
            RuntimeError,
            "The Tensor returned by the function given to hessian should contain a single element",
        ),
        (lambda: hessian(lambda x: (x.sum(), x.sum()), X), RuntimeError, "should return a single Tensor"),
        (lambda: hessian(lambda x: x.sum(), X, strict=True), RuntimeError, LINEAR.format(0)),
        (lambda: hessian(lambda x, y: (x**2).sum() + y, (X, S), strict=True), RuntimeError, LINEAR.format(1)),
        (lambda: hessian(lambda x: x.detach().sum(), X, strict=True), RuntimeError, NO_GRAD),
        (
            lambda: hessian(lambda x: x.sum(), X, outer_jacobian_strategy="foo"),
            AssertionError,
            "Expected strategy to be",
        ),
        (
            lambda: vjp(lambda x: x**2, X),
            RuntimeError,
            "The vector v can only be None if the user-provided function returns a single Tensor with a "
            "single element.",
        ),
        (
            lambda: jvp(lambda x: x**2, X),
            RuntimeError,
            "The vector v can only be None if the input to the user-provided function is a single Tensor "
            "with a single",
        ),
        (
            lambda: vjp(lambda x: x**2, X, tl.ones(3)),
            RuntimeError,
            r"v has invalid size: should be torch.Size\(\[2\]\) but got torch.Size\(\[3\]\).",
        ),
        (lambda: vjp(lambda x: x**2, X, (X, X)), RuntimeError, "The given v should contain a single Tensor."),
        (
            lambda: hvp(lambda x, y: x.sum(), (X, S), X),
            RuntimeError,
            "v is a tuple of invalid length: should be 2 but got 1.",
        ),
        (lambda: vjp(lambda x: x.detach(), X, X, strict=True), RuntimeError, NO_GRAD),
        (
            lambda: vjp(lambda x, y: x, (X, S), X, strict=True),
            RuntimeError,
            "The output of the user-provided function is independent of input 1. This is not allowed in "
            "strict mode.",
        ),
        (
            lambda: jvp(lambda x: x * 1, X, X, strict=True, create_graph=True),
            RuntimeError,
            "The jacobian of the user-provided function is independent of input 0.",
        ),
        (
            lambda: vhp(lambda x: x**3, X, X),
            RuntimeError,
            "The Tensor returned by the function given to vhp should contain a single element",
        ),
        (lambda: hvp(lambda x: x.sum(), X, X, strict=True), RuntimeError, LINEAR.format(0)),
    ],
)
def test_refusals(call, error, message):
    with pytest.raises(error, match=message):
        call()
