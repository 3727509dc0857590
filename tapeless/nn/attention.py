"""Attention as a layer, and the encoder of a Transformer."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tapeless._types import Array
from tapeless.graph.variable import Variable
from tapeless.graph.vocabulary.creating import empty
from tapeless.nn import functional, init
from tapeless.nn.containers import ModuleList
from tapeless.nn.dropout import Dropout
from tapeless.nn.functional.attention import seeing_softmax
from tapeless.nn.linear import Linear
from tapeless.nn.module import Module
from tapeless.nn.normalisation import LayerNorm
from tapeless.nn.parameter import Parameter
from tapeless.rules.activations import softmax


class NonDynamicallyQuantizableLinear(Linear):
    """`Linear`, by the name that PyTorch prints for the last step of attention.

    >>> NonDynamicallyQuantizableLinear(2, 2, bias=False)
    NonDynamicallyQuantizableLinear(in_features=2, out_features=2, bias=False)
    """


class MultiheadAttention(Module):
    """Several attentions side by side, each on `embed_dim / num_heads` numbers of projected inputs.

    `layer(query, key, value)`: query (L, batch, embed_dim), key (S, batch, kdim), value (S, batch, vdim),
    with `batch_first` the batch first, or without a batch.  The result is of the query's shape, and with it,
    where `need_weights`, come the weights: (batch, L, S), the mean over heads, or each head's (batch, heads,
    L, S) where not `average_attn_weights`.  `key_padding_mask` (batch, S) and `attn_mask` (L, S) or (batch *
    heads, L, S) are added to the scores, or, of booleans, are True where a key is NOT seen.  ValueError or
    RuntimeError where shapes do not fit.  As `torch.nn.MultiheadAttention`; Vaswani et al. (2017).

    >>> import tapeless as tl
    >>> layer = MultiheadAttention(8, num_heads=2, batch_first=True)
    >>> x = tl.ones(3, 5, 8)
    >>> output, weights = layer(x, x, x)
    >>> output.shape, weights.shape
    (torch.Size([3, 5, 8]), torch.Size([3, 5, 5]))
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(
                "embed_dim and num_heads must be greater than 0, got "
                f"embed_dim={embed_dim} and num_heads={num_heads} instead"
            )
        if embed_dim % num_heads:
            raise ValueError("embed_dim must be divisible by num_heads")
        self.embed_dim, self.num_heads, self.head_dim = embed_dim, num_heads, embed_dim // num_heads
        self.kdim, self.vdim = embed_dim if kdim is None else kdim, embed_dim if vdim is None else vdim
        self.dropout, self.batch_first, self.add_zero_attn = dropout, batch_first, add_zero_attn
        self._make_parameters(bias, add_bias_kv, {"device": device, "dtype": dtype})
        self.reset_parameters()

    def _make_parameters(self, bias: bool, add_bias_kv: bool, options: dict[str, Any]) -> None:
        size = self.embed_dim
        is_one = self.kdim == self.vdim == size
        shapes: dict[str, tuple[int, ...] | None] = {
            "in_proj_weight": (3 * size, size) if is_one else None,
            "q_proj_weight": None if is_one else (size, size),
            "k_proj_weight": None if is_one else (size, self.kdim),
            "v_proj_weight": None if is_one else (size, self.vdim),
            "in_proj_bias": (3 * size,) if bias else None,
            "bias_k": (1, 1, size) if add_bias_kv else None,
            "bias_v": (1, 1, size) if add_bias_kv else None,
        }
        for name, shape in shapes.items():
            own = None if shape is None else Parameter(empty(*shape, **options))
            self.register_parameter(name, own)
        self.out_proj = NonDynamicallyQuantizableLinear(size, size, bias, **options)

    def reset_parameters(self) -> None:
        """Draw new first values: Xavier's for the projections, zeros for their biases."""
        for weight in (self.in_proj_weight, self.q_proj_weight, self.k_proj_weight, self.v_proj_weight):
            if weight is not None:
                init.xavier_uniform_(weight)
        self.out_proj.reset_parameters()
        if self.in_proj_bias is not None:
            init.zeros_(self.in_proj_bias)
            init.zeros_(self.out_proj.bias)
        for extra in (self.bias_k, self.bias_v):
            if extra is not None:
                init.xavier_normal_(extra)

    # Running ------------------------------------------------------------------------------------------

    def forward(
        self,
        query: Array,
        key: Array,
        value: Array,
        key_padding_mask: Array | None = None,
        need_weights: bool = True,
        attn_mask: Array | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Array, Array | None]:
        self._check(query, key, value, key_padding_mask, attn_mask)
        if is_causal and attn_mask is None:
            raise RuntimeError("Need attn_mask if specifying the is_causal hint.")
        axis = 1 if self.batch_first or np.ndim(query) == 2 else 0  # of the places, once there is a batch
        is_alone = np.ndim(query) == 2
        parts = self._projected(query, key, value)
        if is_alone:
            parts = [np.expand_dims(part, 0) for part in parts]
            key_padding_mask = None if key_padding_mask is None else np.expand_dims(key_padding_mask, 0)
        elif axis == 0:
            parts = [np.swapaxes(part, 0, 1) for part in parts]
        output, weights = self._attended(parts, key_padding_mask, attn_mask, need_weights)
        if weights is not None and average_attn_weights:
            weights = np.mean(weights, axis=1)
        if is_alone:
            return np.squeeze(output, 0), None if weights is None else np.squeeze(weights, 0)
        return np.swapaxes(output, 0, 1) if axis == 0 else output, weights

    def _projected(self, query: Array, key: Array, value: Array) -> list[Array]:
        """Queries, keys and values for all heads."""
        bias = self.in_proj_bias
        if self.in_proj_weight is not None and query is key and key is value:
            return list(np.split(functional.linear(query, self.in_proj_weight, bias), 3, axis=-1))
        if self.in_proj_weight is not None:
            weights = np.split(self.in_proj_weight, 3)
        else:
            weights = [self.q_proj_weight, self.k_proj_weight, self.v_proj_weight]
        biases = [None] * 3 if bias is None else np.split(bias, 3)
        return [
            functional.linear(part, weight, own)
            for part, weight, own in zip((query, key, value), weights, biases, strict=True)
        ]

    def _attended(
        self, parts: list[Array], key_padding_mask: Any, attn_mask: Any, need_weights: bool
    ) -> tuple[Array, Array | None]:
        """The output (batch, L, embed_dim) and the weights (batch, heads, L, S), if they are needed."""
        query, key, value = parts
        batch, places = np.shape(query)[:2]
        key, value, extra = self._with_extra(key, value, batch)
        mask = self._mask(attn_mask, key_padding_mask, batch, extra, query)
        query, key, value = (self._heads(part) for part in (query, key, value))
        scores = np.matmul(query * math.sqrt(1.0 / self.head_dim), np.swapaxes(key, -1, -2))
        if mask is not None:
            is_hidden = _data(mask).dtype == np.bool_
            scores = np.where(mask, -math.inf, scores) if is_hidden else scores + mask
        weights = softmax(scores, -1) if need_weights or mask is None else seeing_softmax(scores)
        if self.training and self.dropout:
            weights = functional.dropout(weights, self.dropout)
        joined = np.swapaxes(np.matmul(weights, value), 1, 2)
        output = self.out_proj(np.reshape(joined, (batch, places, self.embed_dim)))
        return output, weights if need_weights else None

    def _heads(self, part: Array) -> Array:
        """(batch, places, embed_dim) as (batch, heads, places, head_dim)."""
        apart = np.reshape(part, (*np.shape(part)[:2], self.num_heads, self.head_dim))
        return np.swapaxes(apart, 1, 2)

    def _with_extra(self, key: Array, value: Array, batch: int) -> tuple[Array, Array, int]:
        """With the keys and values that every query sees besides, and how many these are."""
        extra = 0
        shape = (batch, 1, self.embed_dim)
        if self.bias_k is not None:
            key = np.concatenate([key, np.broadcast_to(self.bias_k, shape)], axis=1)
            value = np.concatenate([value, np.broadcast_to(self.bias_v, shape)], axis=1)
            extra += 1
        if self.add_zero_attn:
            zeros = np.zeros_like(key[:, :1])
            key, value = np.concatenate([key, zeros], axis=1), np.concatenate([value, zeros], axis=1)
            extra += 1
        return key, value, extra

    def _mask(self, attn_mask: Any, key_padding_mask: Any, batch: int, extra: int, query: Array) -> Any:
        """Both masks as one that broadcasts to (batch, heads, L, S): True where hidden, or to be added."""
        masks: list[Any] = []
        if attn_mask is not None:
            shape = np.shape(attn_mask)
            whole = (1, 1, *shape) if len(shape) == 2 else (batch, self.num_heads, *shape[1:])
            masks.append(np.reshape(attn_mask, whole))
        if key_padding_mask is not None:
            masks.append(np.reshape(key_padding_mask, (batch, 1, 1, np.shape(key_padding_mask)[1])))
        if extra:
            masks = [np.pad(mask, [(0, 0), (0, 0), (0, 0), (0, extra)]) for mask in masks]
        if not masks:
            return None
        if all(_data(mask).dtype == np.bool_ for mask in masks):
            return masks[0] if len(masks) == 1 else np.logical_or(masks[0], masks[1])
        dtype = _data(query).dtype
        added = [_as_added(mask, dtype) for mask in masks]
        return added[0] if len(added) == 1 else added[0] + added[1]

    # What does not fit --------------------------------------------------------------------------------

    def _check(self, query: Array, key: Array, value: Array, padding: Any, attn_mask: Any) -> None:
        ndim = np.ndim(query)
        if ndim not in (2, 3):
            raise RuntimeError(
                f"query should be unbatched 2D or batched 3D tensor but received {ndim}-D query tensor"
            )
        words = f"For {'batched' if ndim == 3 else 'unbatched'} ({ndim}-D) `query`, expected"
        if np.ndim(key) != ndim or np.ndim(value) != ndim:
            raise RuntimeError(
                f"{words} `key` and `value` to be {ndim}-D but found {np.ndim(key)}-D and {np.ndim(value)}-D "
                "tensors respectively"
            )
        if padding is not None and np.ndim(padding) != ndim - 1:
            raise RuntimeError(
                f"{words} `key_padding_mask` to be `None` or {ndim - 1}-D "
                f"but found {np.ndim(padding)}-D tensor instead"
            )
        if attn_mask is not None and np.ndim(attn_mask) not in (2, 3):
            raise RuntimeError(
                f"{words} `attn_mask` to be `None`, 2-D or 3-D "
                f"but found {np.ndim(attn_mask)}-D tensor instead"
            )
        self._check_sizes(query, key, value, padding)
        if attn_mask is not None:
            self._check_mask(query, key, attn_mask)

    def _check_sizes(self, query: Array, key: Array, value: Array, padding: Any) -> None:
        sizes = ((query, self.embed_dim), (key, self.kdim), (value, self.vdim))
        for part, size in sizes:
            if np.shape(part)[-1] != size:
                raise RuntimeError(
                    f"was expecting embedding dimension of {size}, but got {np.shape(part)[-1]}"
                )
        if np.shape(key)[:-1] != np.shape(value)[:-1]:
            raise RuntimeError(f"key shape {_size(key)} does not match value shape {_size(value)}")
        if np.ndim(query) == 2:
            return
        axis = 0 if self.batch_first else 1
        if np.shape(query)[axis] != np.shape(key)[axis]:
            raise RuntimeError(
                f"query shape {_size(query)} and key shape {_size(key)} differ in the length of the batch"
            )
        if padding is not None:
            wanted = (np.shape(key)[axis], np.shape(key)[1 - axis])
            for place, (own, length) in enumerate(zip(np.shape(padding), wanted, strict=True)):
                if own != length:
                    raise RuntimeError(
                        f"Expected key_padded_mask.shape[{place}] to be {length}, but got {own}"
                    )

    def _check_mask(self, query: Array, key: Array, mask: Any) -> None:
        if _data(mask).dtype.kind not in "bf":
            raise RuntimeError("only bool and floating types of attn_mask are supported")
        axis = 1 if self.batch_first and np.ndim(query) == 3 else 0
        shape = (np.shape(query)[axis], np.shape(key)[axis])
        if np.ndim(mask) == 3:
            batch = np.shape(query)[1 - axis] if np.ndim(query) == 3 else 1
            shape = (batch * self.num_heads, *shape)
        if np.shape(mask) != shape:
            raise RuntimeError(
                f"The shape of the {np.ndim(mask)}D attn_mask is {_size(mask)}, but should be {shape}."
            )


def _data(value: Any) -> Any:
    return value._data if isinstance(value, Variable) else value


def _size(value: Any) -> str:
    return f"torch.Size({list(np.shape(value))})"


def _as_added(mask: Any, dtype: Any) -> Any:
    """A mask of booleans as what is added to scores."""
    if _data(mask).dtype != np.bool_:
        return mask
    return np.where(_data(mask), -math.inf, 0.0).astype(dtype)


class TransformerEncoderLayer(Module):
    """Attention of a sequence to itself, then two linear layers at each place; each added to what it is of.

    `layer(src)`: src (places, batch, d_model), with `batch_first` the batch first, or without a batch; the
    result has its shape.  Sums are normalised (LayerNorm) after each step, or, with `norm_first`,
    before.  `activation` is "relu", "gelu" or a function.  `src_mask` and `src_key_padding_mask` are
    `attn_mask` and `key_padding_mask` of `MultiheadAttention`.  RuntimeError for other activations and shapes
    that do not fit.  As `torch.nn.TransformerEncoderLayer`; Vaswani et al. (2017).

    >>> import tapeless as tl
    >>> layer = TransformerEncoderLayer(8, 2, 16, batch_first=True)
    >>> layer(tl.ones(3, 5, 8)).shape
    torch.Size([3, 5, 8])
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Callable[[Array], Array] = "relu",
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        own: dict[str, Any] = {"bias": bias, "device": device, "dtype": dtype}
        self.self_attn = MultiheadAttention(d_model, nhead, dropout, batch_first=batch_first, **own)
        self.linear1 = Linear(d_model, dim_feedforward, **own)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, **own)
        self.norm_first = norm_first
        self.norm1 = LayerNorm(d_model, eps=layer_norm_eps, **own)
        self.norm2 = LayerNorm(d_model, eps=layer_norm_eps, **own)
        self.dropout1, self.dropout2 = Dropout(dropout), Dropout(dropout)
        self.activation = _activation(activation)

    def forward(
        self,
        src: Array,
        src_mask: Array | None = None,
        src_key_padding_mask: Array | None = None,
        is_causal: bool = False,
    ) -> Array:
        masks = (src_mask, src_key_padding_mask, is_causal)
        if self.norm_first:
            middle = src + self._attention(self.norm1(src), *masks)
            return middle + self._each_place(self.norm2(middle))
        middle = self.norm1(src + self._attention(src, *masks))
        return self.norm2(middle + self._each_place(middle))

    def _attention(self, x: Array, mask: Array | None, padding: Array | None, is_causal: bool) -> Array:
        attended, _ = self.self_attn(
            x, x, x, attn_mask=mask, key_padding_mask=padding, need_weights=False, is_causal=is_causal
        )
        return self.dropout1(attended)

    def _each_place(self, x: Array) -> Array:
        return self.dropout2(self.linear2(self.dropout(self.activation(self.linear1(x)))))


def _activation(activation: str | Callable[[Array], Array]) -> Callable[[Array], Array]:
    if not isinstance(activation, str):
        return activation
    if activation not in ("relu", "gelu"):
        raise RuntimeError(f"activation should be relu/gelu, not {activation}")
    return functional.relu if activation == "relu" else functional.gelu


class TransformerEncoder(Module):
    """`num_layers` copies of a `TransformerEncoderLayer`, one after the other; then `norm`, if there is one.

    All begin with the same parameters, of which each then has its own.  `enable_nested_tensor` and
    `mask_check` change nothing here.  As `torch.nn.TransformerEncoder`.

    >>> import tapeless as tl
    >>> encoder = TransformerEncoder(TransformerEncoderLayer(8, 2, 16), num_layers=2)
    >>> encoder(tl.ones(5, 3, 8)).shape
    torch.Size([5, 3, 8])
    """

    def __init__(
        self,
        encoder_layer: Module,
        num_layers: int,
        norm: Module | None = None,
        enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ) -> None:
        super().__init__()
        self.layers = ModuleList([copy.deepcopy(encoder_layer) for _ in range(num_layers)])
        self.num_layers = num_layers
        self.norm = norm

    def forward(
        self,
        src: Array,
        mask: Array | None = None,
        src_key_padding_mask: Array | None = None,
        is_causal: bool = False,
    ) -> Array:
        for layer in self.layers:
            src = layer(src, src_mask=mask, src_key_padding_mask=src_key_padding_mask, is_causal=is_causal)
        return src if self.norm is None else self.norm(src)
