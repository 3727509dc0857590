"""Attention, with PyTorch's name and defaults: of Tensors, Arrays and plain arrays."""

from __future__ import annotations

import math

import numpy as np

from tapeless._types import Array
from tapeless.nn.functional.dropout import dropout
from tapeless.rules.activations import softmax


def scaled_dot_product_attention(
    query: Array,
    key: Array,
    value: Array,
    attn_mask: Array | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Array:
    """softmax(query @ key.T * scale) @ value: for each query the mean of values, by how its key fits.

    Query (..., L, E), key (..., S, E), value (..., S, V); the result is (..., L, V).  `attn_mask`, of a shape
    that broadcasts to (..., L, S), is added to the scores, or, of booleans, says which take part.
    `is_causal`: a query sees no key after its own place.  A query that sees none gives zeros.  `scale` is
    1 / sqrt(E) unless given; `enable_gqa`: several heads of queries (axis -3) share one of keys.
    RuntimeError for a mask of whole numbers, and for two masks.  As PyTorch's; Vaswani et al. (2017).

    >>> q = np.array([[1.0, 0.0]])
    >>> scaled_dot_product_attention(q, np.zeros((2, 2)), np.array([[1.0], [3.0]]))
    array([[2.]])
    """
    if enable_gqa:
        shared = query.shape[-3] // key.shape[-3]
        key, value = np.repeat(key, shared, -3), np.repeat(value, query.shape[-3] // value.shape[-3], -3)
    factor = 1.0 / math.sqrt(query.shape[-1]) if scale is None else scale
    scores = np.matmul(query * factor, np.swapaxes(key, -1, -2))
    if is_causal and attn_mask is not None:
        raise RuntimeError("Explicit attn_mask should not be set when is_causal=True")
    if is_causal:
        seen = np.tri(query.shape[-2], key.shape[-2], dtype=bool)
        weights = softmax(np.where(seen, scores, -math.inf), -1)
    elif attn_mask is None:
        weights = softmax(scores, -1)
    else:
        weights = seeing_softmax(masked_scores(scores, attn_mask))
    return np.matmul(weights if dropout_p == 0.0 else dropout(weights, dropout_p), value)


def masked_scores(scores: Array, mask: Array) -> Array:
    """Scores with the mask added, or, of booleans, -inf where it is False."""
    if mask.dtype == np.bool_:
        return np.where(mask, scores, -math.inf)
    if mask.dtype not in (np.float16, np.float32, np.float64):
        raise RuntimeError(
            "Expected attn_mask dtype to be bool or float or to match query dtype, "
            f"but got attn_mask.dtype: {mask.dtype} and query.dtype: {scores.dtype} instead."
        )
    return scores + mask


def seeing_softmax(scores: Array) -> Array:
    """`softmax` along the last axis; zeros where all is -inf."""
    blind = np.all(scores == -math.inf, axis=-1, keepdims=True)
    return np.where(blind, 0.0, softmax(np.where(blind, 0.0, scores), -1))
