"""Padding: the last axis first, on either road."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

import tapeless as tl
from tapeless.nn import functional
from tests.nn.functional.plane_cases import wave

X = wave((2, 3, 4), 0.0)
SAME = [
    (((1, 2),), {}, lambda x: np.pad(x, ((0, 0), (0, 0), (1, 2)))),
    (
        ((1, 0, 2, 3, 0, 1),),
        {"value": 0.5},
        lambda x: np.pad(x, ((0, 1), (2, 3), (1, 0)), constant_values=0.5),
    ),
    (((-1, 2, 0, -2),), {}, lambda x: np.pad(x[:, :1, 1:], ((0, 0), (0, 0), (0, 2)))),
    (((2, 3),), {"mode": "reflect"}, lambda x: np.pad(x, ((0, 0), (0, 0), (2, 3)), mode="reflect")),
    (((2, 1, 1, 5),), {"mode": "replicate"}, lambda x: np.pad(x, ((0, 0), (1, 5), (2, 1)), mode="edge")),
    (((4, 1, 0, 2),), {"mode": "circular"}, lambda x: np.pad(x, ((0, 0), (0, 2), (4, 1)), mode="wrap")),
    (((-1, -1),), {"mode": "reflect"}, lambda x: x[:, :, 1:-1]),
    (((),), {}, lambda x: x),
]


@pytest.mark.parametrize(("args", "options", "expected"), SAME, ids=[f"{a}{o}" for a, o, _ in SAME])
def test_numbers_are_put_around_the_last_axis_first(args, options, expected):
    pad = partial(functional.pad, pad=args[0], **options)

    found = pad(X)
    np.testing.assert_array_equal(found, expected(X))
    assert pad(X.astype(np.float32)).dtype == np.float32

    weights = wave(found.shape, 1.0)
    leaf = tl.from_numpy(X.copy()).requires_grad_()
    (tl.from_numpy(weights) * pad(leaf)).sum().backward()
    gradient = tl.grad(lambda x: np.sum(weights * pad(x)), mode="source")(X)
    np.testing.assert_allclose(gradient, leaf.grad.numpy(), rtol=1e-12)
    for place in np.ndindex(*X.shape):  # linear: each gradient is what one element gives
        one = np.zeros_like(X)
        one[place] = 1.0
        expected_here = np.sum(weights * (expected(X + one) - expected(X)))
        np.testing.assert_allclose(gradient[place], expected_here, rtol=1e-9, atol=1e-12)


REFUSED = [
    (RuntimeError, ((1,),), {}, "Padding length must be divisible by 2"),
    (RuntimeError, ((1,) * 8,), {}, "but got padding length 8 and input of dimension 3"),
    (RuntimeError, ((-5, 0),), {}, "resulted in a negative output size at dimension 2"),
    (RuntimeError, ((4, 1),), {"mode": "reflect"}, r"but got: padding \(4, 1\) at dimension 2 of input"),
    (RuntimeError, ((5, 1),), {"mode": "circular"}, "Padding value causes wrapping around more than once"),
    (NotImplementedError, ((1, 1),), {"mode": "mirror"}, "Unrecognised padding mode mirror"),
    (RuntimeError, ((1, 1),), {"mode": "reflect", "value": 1.0}, "doesn't take in value argument"),
]


@pytest.mark.parametrize(("error", "args", "options", "message"), REFUSED, ids=[r[3] for r in REFUSED])
def test_what_does_not_fit_is_refused_in_pytorchs_words(error, args, options, message):
    with pytest.raises(error, match=message):
        functional.pad(X, *args, **options)
