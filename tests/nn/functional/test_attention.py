"""Scaled dot product attention: against its definition, query by query, on either road."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pytest

import tapeless as tl
from tapeless.nn import functional
from tests.nn.functional.plane_cases import wave

Q, K, V = wave((2, 3, 4), 0.0), wave((2, 5, 4), 1.0), wave((2, 5, 6), 2.0)
SEEN = np.array([[True, False, True, True, False], [False] * 5, [True] * 5])
OPTIONS = [
    {},
    {"is_causal": True},
    {"attn_mask": SEEN},
    {"attn_mask": np.where(SEEN, wave((3, 5), 4.0), -np.inf)},
    {"attn_mask": wave((2, 1, 5), 4.0)},
    {"scale": 0.3},
]


def by_queries(attn_mask=None, is_causal=False, scale=None):
    """The mean of values for each query by itself."""
    added = np.zeros((2, 3, 5))
    if attn_mask is not None:
        added = added + (np.where(attn_mask, 0.0, -np.inf) if attn_mask.dtype == bool else attn_mask)
    out = np.zeros((2, 3, 6))
    for batch, query in np.ndindex(2, 3):
        keys = [k for k in range(5) if added[batch, query, k] > -np.inf and not (is_causal and k > query)]
        scores = [
            float(Q[batch, query] @ K[batch, k]) * (0.5 if scale is None else scale) + added[batch, query, k]
            for k in keys
        ]
        total = sum(math.exp(score) for score in scores)
        for k, score in zip(keys, scores, strict=True):
            out[batch, query] += math.exp(score) / total * V[batch, k]
    return out


def names(options):
    return ",".join(options) or "plain"


@pytest.mark.parametrize("options", OPTIONS, ids=names)
def test_each_result_is_the_mean_of_the_values_that_its_query_sees(options):
    found = functional.scaled_dot_product_attention(Q, K, V, **options)

    np.testing.assert_allclose(found, by_queries(**options), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("options", OPTIONS, ids=names)
def test_functions_of_arrays_are_read_and_give_the_tensors_gradients(options):
    attention = partial(functional.scaled_dot_product_attention, **options)
    weights = wave((2, 3, 6), 5.0)

    def loss(q, k, v):
        return np.sum(weights * attention(q, k, v))

    found = tl.grad(loss, argnums=(0, 1, 2), mode="source")(Q, K, V)

    leaves = [tl.from_numpy(a.copy()).requires_grad_() for a in (Q, K, V)]
    masks = {
        name: tl.from_numpy(value) if isinstance(value, np.ndarray) else value
        for name, value in options.items()
    }
    out = functional.scaled_dot_product_attention(*leaves, **masks)
    (tl.from_numpy(weights) * out).sum().backward()
    for place, (got, leaf) in enumerate(zip(found, leaves, strict=True)):
        np.testing.assert_allclose(got, leaf.grad.numpy(), rtol=1e-12, atol=1e-14)
        up, down = (
            loss(*[a + step if i == place else a for i, a in enumerate((Q, K, V))]) for step in (1e-6, -1e-6)
        )
        np.testing.assert_allclose(np.sum(got), (up - down) / 2e-6, rtol=1e-6, atol=1e-8)


def test_float32_stays_float32():
    narrow = [a.astype(np.float32) for a in (Q, K, V)]

    for options in ({}, {"is_causal": True}, {"attn_mask": SEEN}, {"attn_mask": SEEN.astype(np.float32)}):
        assert functional.scaled_dot_product_attention(*narrow, **options).dtype == np.float32


def test_heads_of_queries_may_share_keys():
    q, k, v = wave((2, 4, 3, 4), 0.0), wave((2, 2, 5, 4), 1.0), wave((2, 2, 5, 6), 2.0)

    found = functional.scaled_dot_product_attention(q, k, v, enable_gqa=True)

    for head in range(4):
        alone = functional.scaled_dot_product_attention(q[:, head], k[:, head // 2], v[:, head // 2])
        np.testing.assert_allclose(found[:, head], alone, rtol=1e-12)


def test_dropout_takes_weights_away():
    tl.manual_seed(0)
    found = functional.scaled_dot_product_attention(Q, K, np.ones_like(V), dropout_p=0.5)

    assert not np.allclose(found, 1.0)


def test_a_mask_of_whole_numbers_and_two_masks_are_refused():
    with pytest.raises(RuntimeError, match="Expected attn_mask dtype to be bool or float"):
        functional.scaled_dot_product_attention(Q, K, V, attn_mask=np.ones((3, 5), int))
    with pytest.raises(RuntimeError, match="Explicit attn_mask should not be set when is_causal=True"):
        functional.scaled_dot_product_attention(Q, K, V, attn_mask=SEEN, is_causal=True)
