"""Recurrent cells: one step of a recurrent layer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tapeless._types import Array
from tapeless.graph.tensor import Tensor
from tapeless.graph.variable import Variable, wrap
from tapeless.graph.vocabulary.creating import empty
from tapeless.nn import init
from tapeless.nn.functional.recurrent import gru_cell, lstm_cell, rnn_relu_cell, rnn_tanh_cell
from tapeless.nn.module import Module
from tapeless.nn.parameter import Parameter


class RNNCellBase(Module):
    """What cells have in common: weights for `gates` gates, checks, and the first state."""

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool, gates: int, device: Any, dtype: Any
    ) -> None:
        super().__init__()
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        shapes = {
            "weight_ih": (gates * hidden_size, input_size),
            "weight_hh": (gates * hidden_size, hidden_size),
        }
        for name, shape in shapes.items():
            setattr(self, name, Parameter(empty(*shape, device=device, dtype=dtype)))
        for name in ("bias_ih", "bias_hh"):
            own = Parameter(empty(gates * hidden_size, device=device, dtype=dtype)) if bias else None
            self.register_parameter(name, own)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new first values: uniform between 1 / sqrt(hidden_size) and its negative."""
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0.0
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    def _weights(self) -> tuple[Any, Any, Any, Any]:
        return self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh

    def _start(self, input: Array) -> Array:
        """Zeros for the first state."""
        dtype = np.result_type(*(v._data if isinstance(v, Variable) else v for v in (input, self.weight_ih)))
        found = np.zeros((*np.shape(input)[:-1], self.hidden_size), dtype)
        return wrap(Tensor, found) if isinstance(self.weight_ih, Tensor) else found

    def _check(self, input: Array, *states: Array) -> None:
        shape = np.shape(input)
        if len(shape) not in (1, 2):
            raise ValueError(
                f"{type(self).__name__}: Expected input to be 1D or 2D, got {len(shape)}D instead"
            )
        if shape[-1] != self.input_size:
            raise RuntimeError(
                f"input has inconsistent input_size: got {shape[-1]} expected {self.input_size}"
            )
        for place, state in enumerate(states):
            own = np.shape(state)
            if len(own) != len(shape):
                raise ValueError(
                    f"{type(self).__name__}: Expected hidden to be {len(shape)}D as the input is, "
                    f"got {len(own)}D instead"
                )
            if own[:-1] != shape[:-1]:
                raise RuntimeError(
                    f"Input batch size {shape[0]} doesn't match hidden{place} batch size {own[0]}"
                )
            if own[-1] != self.hidden_size:
                raise RuntimeError(
                    f"hidden{place} has inconsistent hidden_size: got {own[-1]}, expected {self.hidden_size}"
                )

    def extra_repr(self) -> str:
        text = f"{self.input_size}, {self.hidden_size}"
        if self.bias is not True:
            text += f", bias={self.bias}"
        nonlinearity = getattr(self, "nonlinearity", "tanh")
        return text if nonlinearity == "tanh" else f"{text}, nonlinearity={nonlinearity}"


class RNNCell(RNNCellBase):
    """tanh(weight_ih x + bias_ih + weight_hh h + bias_hh), or relu of it: the next state.

    Input ([batch,] input_size) and state ([batch,] hidden_size), zeros unless given.  RuntimeError where
    shapes do not fit.  As `torch.nn.RNNCell`.

    >>> import tapeless as tl
    >>> RNNCell(3, 4)(tl.ones(2, 3)).shape
    torch.Size([2, 4])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"Unknown nonlinearity: {nonlinearity}")
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Array, hx: Array | None = None) -> Array:
        self._check(input, *([] if hx is None else [hx]))
        state = self._start(input) if hx is None else hx
        cell = rnn_tanh_cell if self.nonlinearity == "tanh" else rnn_relu_cell
        return cell(input, state, *self._weights())


class LSTMCell(RNNCellBase):
    """The next state and cell of a long short-term memory: `cell(x, (h, c))` is `(h, c)`.

    Shapes as of `RNNCell`; gates as of `LSTM`.  As `torch.nn.LSTMCell`.

    >>> import tapeless as tl
    >>> h, c = LSTMCell(3, 4)(tl.ones(2, 3))
    >>> h.shape, c.shape
    (torch.Size([2, 4]), torch.Size([2, 4]))
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(self, input: Array, hx: tuple[Array, Array] | None = None) -> tuple[Array, Array]:
        if hx is not None and (not isinstance(hx, tuple | list) or len(hx) != 2):
            raise TypeError(f"LSTMCell: hx must be a pair (h, c), not {type(hx).__name__}")
        self._check(input, *([] if hx is None else hx))
        pair = (self._start(input),) * 2 if hx is None else hx
        return lstm_cell(input, pair, *self._weights())


class GRUCell(RNNCellBase):
    """The next state of a gated recurrent unit.

    Shapes as of `RNNCell`; gates as of `GRU`.  As `torch.nn.GRUCell`.

    >>> import tapeless as tl
    >>> GRUCell(3, 4)(tl.ones(3)).shape
    torch.Size([4])
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input: Array, hx: Array | None = None) -> Array:
        self._check(input, *([] if hx is None else [hx]))
        state = self._start(input) if hx is None else hx
        return gru_cell(input, state, *self._weights())
