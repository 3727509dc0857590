"""Dropout: shares, scales, seeds, gradients, messages."""

from __future__ import annotations

import re

import numpy as np
import pytest

import tapeless as tl
from tapeless import nn
from tapeless.nn import functional as F  # noqa: N812  (as everybody says)


@pytest.mark.parametrize("make", [tl.ones, lambda n: np.ones(n), lambda n: np.ones(n, np.float32)])
def test_dropped_elements_are_zero_and_the_others_make_up_for_them(make):
    tl.manual_seed(0)
    x = make(20000)
    out = F.dropout(x, 0.25)
    values = np.asarray(out)

    assert type(out) is type(x)
    assert out.dtype == x.dtype
    np.testing.assert_allclose(np.unique(values), [0.0, 1.0 / 0.75], rtol=1e-6)
    assert np.mean(values == 0.0) == pytest.approx(0.25, abs=0.01)


def test_the_gradient_goes_where_the_value_went():
    x = tl.ones(50, requires_grad=True)
    out = F.dropout(x, 0.5)
    out.sum().backward()

    assert out.grad_fn.name() == "MulBackward0"
    assert tl.equal(x.grad, out.detach())


def test_seeds_repeat():
    layer, x = nn.Dropout(0.5), tl.ones(100)
    tl.manual_seed(5)
    first = layer(x)
    assert not tl.equal(first, layer(x))

    tl.manual_seed(5)
    assert tl.equal(first, layer(x))


def test_nothing_happens_in_evaluation():
    x = tl.ones(3)
    for layer in (nn.Dropout(0.9), nn.AlphaDropout(0.9)):
        assert layer.eval()(x) is x
    assert F.dropout(x, 0.9, training=False) is x


def test_none_and_all_may_be_dropped():
    x = tl.ones(4, requires_grad=True)

    assert F.dropout(x, 0.0).tolist() == [1.0] * 4
    assert F.dropout(x, 1.0).tolist() == [0.0] * 4
    assert F.dropout(np.ones(4), 1.0).tolist() == [0.0] * 4


def test_whole_channels_are_dropped():
    tl.manual_seed(0)
    for out in (
        F.dropout1d(tl.ones(40, 5, 7)),
        F.dropout2d(tl.ones(40, 5, 7, 3)),
        nn.Dropout2d()(tl.ones(40, 7, 3)),
    ):
        flat = out.reshape(*out.shape[: out.dim() - (1 if out.dim() == 3 and out.shape[1] == 5 else 2)], -1)
        assert tl.equal(flat, flat[..., :1].expand(*flat.shape))
        assert 0.2 < float((flat[..., 0] == 0.0).float().mean()) < 0.8


def test_alpha_dropout_keeps_mean_and_variance():
    tl.manual_seed(0)
    x = tl.randn(100000)
    out = F.alpha_dropout(x, 0.3, training=True)

    assert float(out.mean()) == pytest.approx(0.0, abs=0.02)
    assert float(out.std()) == pytest.approx(1.0, abs=0.02)
    assert F.alpha_dropout(x, 0.0, training=True) is x
    assert float(F.alpha_dropout(x, 1.0, training=True).abs().max()) == 0.0


def test_dropout_may_write_into_its_input():
    x = tl.ones(50, requires_grad=True)
    y = x * 1.0
    out = F.dropout(y, 0.5, inplace=True)
    out.sum().backward()

    assert out is y
    assert tl.equal(x.grad, out.detach())
    values = np.ones(50)
    assert F.dropout(values, 0.5, inplace=True) is values
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        nn.Dropout(0.5, inplace=True)(x)


def test_dropout_is_read():
    def loss(x):
        return np.sum(F.dropout(x, 0.5) + F.dropout(x, 0.5))

    tl.manual_seed(0)
    gradient = tl.grad(loss, mode="source")(np.ones(1000))

    assert sorted(set(gradient.tolist())) == [0.0, 2.0, 4.0]  # the two are drawn apart


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nn.Dropout(1.5), "dropout probability has to be between 0 and 1, but got 1.5"),
        (lambda: F.dropout(tl.ones(2), -0.5), "dropout probability has to be between 0 and 1, but got -0.5"),
    ],
)
def test_probabilities_are(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()


def test_shapes_without_channels_are_refused():
    with pytest.raises(RuntimeError, match="dropout1d: Expected 2D or 3D input, but received a 1D input"):
        F.dropout1d(tl.ones(2))
