"""Recurrent layers and cells."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from tapeless._types import Array
from tapeless.graph.tensor import Tensor
from tapeless.graph.variable import Variable, wrap
from tapeless.graph.vocabulary.creating import empty
from tapeless.nn import functional, init
from tapeless.nn.functional.recurrent import gru_layer, lstm_layer, rnn_layer
from tapeless.nn.module import Module
from tapeless.nn.parameter import Parameter

# How many gates each kind has.
GATES = {"RNN_TANH": 1, "RNN_RELU": 1, "LSTM": 4, "GRU": 3}


class RNNBase(Module):
    """What recurrent layers have in common: layers above each other, in one direction or both."""

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        _check_sizes(hidden_size, num_layers, dropout)
        self.mode, self.input_size, self.hidden_size = mode, input_size, hidden_size
        self.num_layers, self.bias, self.batch_first = num_layers, bias, batch_first
        self.dropout, self.bidirectional = float(dropout), bidirectional
        rows = GATES[mode] * hidden_size
        for layer in range(num_layers):
            width = hidden_size * self._directions if layer else input_size
            for suffix in self._suffixes(layer):
                shapes = {"weight_ih": (rows, width), "weight_hh": (rows, hidden_size)}
                if bias:
                    shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
                for name, shape in shapes.items():
                    setattr(self, name + suffix, Parameter(empty(*shape, device=device, dtype=dtype)))
        self.reset_parameters()

    @property
    def _directions(self) -> int:
        return 2 if self.bidirectional else 1

    def _suffixes(self, layer: int) -> list[str]:
        return [f"_l{layer}", f"_l{layer}_reverse"][: self._directions]

    def reset_parameters(self) -> None:
        """Draw new first values: uniform between 1 / sqrt(hidden_size) and its negative."""
        bound = 1.0 / math.sqrt(self.hidden_size)
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    def flatten_parameters(self) -> None:
        """Nothing: parameters need no common memory here."""

    def _weights(self, suffix: str) -> list[Any]:
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        return [getattr(self, name + suffix, None) for name in names]

    @property
    def all_weights(self) -> list[list[Any]]:
        """The parameters of each layer and direction."""
        return [
            [weight for weight in self._weights(suffix) if weight is not None]
            for layer in range(self.num_layers)
            for suffix in self._suffixes(layer)
        ]

    # Running ------------------------------------------------------------------------------------------

    def _run(self, input: Array, starts: list[Array] | None, count: int) -> tuple[Array, list[Array]]:
        """The states of the last layer, and the last states (and cells) of all; time comes first.

        `count`: how many arrays the state of a layer is.
        """
        size = (self.num_layers * self._directions, np.shape(input)[1], self.hidden_size)
        if starts is None:
            starts = [_zeros_like(input, self._weights("_l0")[0], size)] * count
        ends: list[list[Array]] = [[] for _ in range(count)]
        for layer in range(self.num_layers):
            outputs = []
            for direction, suffix in enumerate(self._suffixes(layer)):
                place = layer * self._directions + direction
                states = self._layer(input, [start[place] for start in starts], suffix, direction == 1)
                outputs.append(np.flip(states[0], 0) if direction == 1 else states[0])
                for end, steps in zip(ends, states, strict=True):
                    end.append(steps[-1])
            input = outputs[0] if len(outputs) == 1 else np.concatenate(outputs, axis=-1)
            if self.dropout and layer < self.num_layers - 1:
                input = functional.dropout(input, self.dropout, self.training)
        return input, [np.stack(end) for end in ends]

    def _layer(self, input: Array, start: list[Array], suffix: str, reverse: bool) -> list[Array]:
        """All states (and cells) of one layer in one direction, in the order in which they came about."""
        w_ih, w_hh, b_ih, b_hh = self._weights(suffix)
        steps = np.flip(input, 0) if reverse else input
        if self.mode == "LSTM":
            return list(lstm_layer(steps, start[0], start[1], w_ih, w_hh, b_ih, b_hh))
        if self.mode == "GRU":
            return [gru_layer(steps, start[0], w_ih, w_hh, b_ih, b_hh)]
        return [rnn_layer(steps, start[0], w_ih, w_hh, b_ih, b_hh, self.mode == "RNN_RELU")]

    def _forward(self, input: Array, starts: list[Array] | None, count: int) -> tuple[Array, list[Array]]:
        self._check_input(input)
        is_alone = np.ndim(input) == 2
        axis = 1 if is_alone or not self.batch_first else 0
        if is_alone:
            input = np.expand_dims(input, axis)
            starts = None if starts is None else [np.expand_dims(start, 1) for start in starts]
        if axis == 0:
            input = np.swapaxes(input, 0, 1)
        if starts is not None:
            self._check_starts(starts, np.shape(input)[1])
        output, ends = self._run(input, starts, count)
        if is_alone:
            return np.squeeze(output, 1), [np.squeeze(end, 1) for end in ends]
        return np.swapaxes(output, 0, 1) if axis == 0 else output, ends

    def _check_input(self, input: Array) -> None:
        ndim, shape = np.ndim(input), np.shape(input)
        if ndim not in (2, 3):
            tensor = " tensor" if self.mode.startswith("RNN") else ""
            raise ValueError(
                f"{type(self).__name__}: Expected input to be 2D or 3D, got {ndim}D{tensor} instead"
            )
        if shape[-1] != self.input_size:
            raise RuntimeError(
                f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {shape[-1]}"
            )
        if shape[1 if self.batch_first and ndim == 3 else 0] == 0:
            raise RuntimeError("Expected sequence length to be larger than 0 in RNN")

    def _check_starts(self, starts: list[Array], batch: int) -> None:
        wanted = (self.num_layers * self._directions, batch, self.hidden_size)
        for place, start in enumerate(starts):
            name = f"hidden[{place}]" if len(starts) > 1 else "hidden"
            if np.shape(start) != wanted:
                raise RuntimeError(f"Expected {name} size {wanted}, got {list(np.shape(start))}")

    def _check_axes(self, input: Array, hx: Array) -> None:
        given, ndim = np.ndim(input), np.ndim(hx)
        if given in (2, 3) and ndim != given:
            kind = "batched 3-D" if given == 3 else "unbatched 2-D"
            raise RuntimeError(f"For {kind} input, hx should also be {given}-D but got {ndim}-D tensor")

    def extra_repr(self) -> str:
        text = f"{self.input_size}, {self.hidden_size}"
        if self.num_layers != 1:
            text += f", num_layers={self.num_layers}"
        if self.bias is not True:
            text += f", bias={self.bias}"
        if self.batch_first is not False:
            text += f", batch_first={self.batch_first}"
        if self.dropout != 0.0:
            text += f", dropout={self.dropout}"
        return text if self.bidirectional is False else f"{text}, bidirectional={self.bidirectional}"


def _check_sizes(hidden_size: int, num_layers: int, dropout: Any) -> None:
    if isinstance(dropout, bool) or not isinstance(dropout, int | float) or not 0.0 <= dropout <= 1.0:
        raise ValueError(
            "dropout should be a number in range [0, 1] representing the probability of an element being "
            "zeroed"
        )
    if dropout > 0 and num_layers == 1:
        warnings.warn(
            "dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects "
            f"num_layers greater than 1, but got dropout={dropout} and num_layers={num_layers}",
            stacklevel=5,
        )
    if hidden_size <= 0:
        raise ValueError("hidden_size must be greater than zero")
    if num_layers <= 0:
        raise ValueError("num_layers must be greater than zero")


def _zeros_like(input: Array, weight: Array, shape: tuple[int, ...]) -> Array:
    """Zeros of the input's kind and dtype."""
    dtype = np.result_type(_data(input), _data(weight))
    found = np.zeros(shape, dtype)
    return wrap(Tensor, found) if isinstance(weight, Tensor) else found


def _data(value: Any) -> Any:
    return value._data if isinstance(value, Variable) else value


class RNN(RNNBase):
    """h[t] = tanh(weight_ih x[t] + bias_ih + weight_hh h[t - 1] + bias_hh), in `num_layers` layers.

    Input (steps, batch, input_size), with `batch_first` (batch, steps, ...), or without the batch; `h_0`
    (layers * directions, batch, hidden_size), zeros unless given.  `layer(input, h_0)` is the states of the
    last layer (steps, batch, directions * hidden_size) and the last states of all, h_n.  `nonlinearity` may
    be "relu"; `dropout` falls between layers.  RuntimeError where shapes do not fit.  As `torch.nn.RNN`;
    Elman (1990).

    >>> import tapeless as tl
    >>> output, h_n = RNN(3, 4, num_layers=2)(tl.ones(5, 2, 3))
    >>> output.shape, h_n.shape
    (torch.Size([5, 2, 4]), torch.Size([2, 2, 4]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'.")
        mode = f"RNN_{nonlinearity.upper()}"
        options = (num_layers, bias, batch_first, dropout, bidirectional, device, dtype)
        super().__init__(mode, input_size, hidden_size, *options)
        self.nonlinearity = nonlinearity

    def forward(self, input: Array, hx: Array | None = None) -> tuple[Array, Array]:
        if hx is not None:
            self._check_axes(input, hx)
        output, ends = self._forward(input, None if hx is None else [hx], 1)
        return output, ends[0]


class LSTM(RNNBase):
    """Long short-term memory, in `num_layers` layers: states as of `RNN`, and cells beside them.

    `layer(input, (h_0, c_0))` is `output, (h_n, c_n)`; shapes and options as of `RNN`.  Gates stand in the
    rows of weights in the order input, forgetting, cell, output.  RuntimeError where shapes do not fit.  As
    `torch.nn.LSTM` (without projections); Hochreiter and Schmidhuber (1997).

    >>> import tapeless as tl
    >>> output, (h_n, c_n) = LSTM(3, 4, bidirectional=True)(tl.ones(5, 2, 3))
    >>> output.shape, h_n.shape, c_n.shape
    (torch.Size([5, 2, 8]), torch.Size([2, 2, 4]), torch.Size([2, 2, 4]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if proj_size:
            raise NotImplementedError("LSTM: proj_size is not supported; put a Linear layer behind it")
        options = (num_layers, bias, batch_first, dropout, bidirectional, device, dtype)
        super().__init__("LSTM", input_size, hidden_size, *options)
        self.proj_size = 0

    def forward(
        self, input: Array, hx: tuple[Array, Array] | None = None
    ) -> tuple[Array, tuple[Array, Array]]:
        if hx is not None:
            self._check_pair(input, hx)
        output, ends = self._forward(input, None if hx is None else list(hx), 2)
        return output, (ends[0], ends[1])

    def _check_pair(self, input: Array, hx: tuple[Array, Array]) -> None:
        if not isinstance(hx, tuple | list) or len(hx) != 2:
            raise TypeError(f"LSTM: hx must be a pair (h_0, c_0), not {type(hx).__name__}")
        given, ndims = np.ndim(input), [np.ndim(state) for state in hx]
        if given in (2, 3) and ndims != [given, given]:
            kind = "batched 3-D" if given == 3 else "unbatched 2-D"
            raise RuntimeError(
                f"For {kind} input, hx and cx should also be {given}-D "
                f"but got ({ndims[0]}-D, {ndims[1]}-D) tensors"
            )


class GRU(RNNBase):
    """Gated recurrent units, in `num_layers` layers; shapes, options and results as of `RNN`.

    Gates stand in the rows of weights in the order resetting, updating, new state.  RuntimeError where shapes
    do not fit.  As `torch.nn.GRU`; Cho et al. (2014).

    >>> import tapeless as tl
    >>> output, h_n = GRU(3, 4, batch_first=True)(tl.ones(2, 5, 3))
    >>> output.shape, h_n.shape
    (torch.Size([2, 5, 4]), torch.Size([1, 2, 4]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        options = (num_layers, bias, batch_first, dropout, bidirectional, device, dtype)
        super().__init__("GRU", input_size, hidden_size, *options)

    def forward(self, input: Array, hx: Array | None = None) -> tuple[Array, Array]:
        if hx is not None:
            self._check_axes(input, hx)
        output, ends = self._forward(input, None if hx is None else [hx], 1)
        return output, ends[0]
