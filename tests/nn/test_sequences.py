"""Layers for sequences: against PyTorch's numbers, on either road, and what they refuse."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path

import numpy as np
import pytest

import tapeless as tl
from tapeless import nn
from tests.nn.functional.plane_cases import wave
from tests.nn.sequence_cases import CASES, arrays_of, cotangents, first_values, flat

STORED = json.loads(Path(__file__).with_name("sequences.json").read_text(encoding="utf-8"))
PAIRS = list(zip(CASES, STORED, strict=True))


def made(case):
    """The layer with parameters that PyTorch's had."""
    layer = getattr(nn, case.name)(*case.args, **case.options).double()
    values = first_values({name: tuple(p.shape) for name, p in layer.named_parameters()})
    layer.load_state_dict(values)
    return layer


def tensors(value, requires_grad=True):
    if isinstance(value, tuple):
        return tuple(tensors(one, requires_grad) for one in value)
    return tl.from_numpy(value.copy()).requires_grad_(requires_grad)


def call(layer, case, inputs):
    masks = {name: tl.from_numpy(mask) for name, mask in case.masks.items()}
    return flat(layer(*inputs, **masks, **case.keywords))


@pytest.mark.parametrize(("case", "stored"), PAIRS, ids=str)
def test_results_and_gradients_are_pytorchs(case, stored):
    layer = made(case)
    inputs = [tensors(array) for array in arrays_of(case)]

    outs = call(layer, case, inputs)
    weights = [tl.from_numpy(w) for w in cotangents([tuple(out.shape) for out in outs])]
    leaves = [*flat(inputs), *layer.parameters()]
    gradients = tl.autograd.grad(outs, leaves, weights, allow_unused=True)

    assert list(layer.state_dict()) == stored["names"]
    for out, expected in zip(outs, stored["outs"], strict=True):
        np.testing.assert_allclose(out.detach().numpy(), expected, rtol=1e-10, atol=1e-11)
    for gradient, expected in zip(gradients, stored["gradients"], strict=True):
        assert (gradient is None) == (expected is None)
        if gradient is not None:
            np.testing.assert_allclose(gradient.numpy(), expected, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_float32_stays_float32(case):
    layer = made(case).float()
    inputs = [tensors(array) for array in arrays_of(case)]
    narrow = [tuple(x.float() for x in one) if isinstance(one, tuple) else one.float() for one in inputs]
    masks = {
        name: tl.from_numpy(mask if mask.dtype == bool else mask.astype(np.float32))
        for name, mask in case.masks.items()
    }

    outs = flat(layer(*narrow, **masks, **case.keywords))

    assert {out.dtype for out in outs} == {np.dtype(np.float32)}
    for out, wide in zip(outs, call(made(case), case, inputs), strict=True):
        np.testing.assert_allclose(out.detach().numpy(), wide.detach().numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_gradients_of_functional_calls_on_arrays_are_the_tensors(case):
    layer = made(case)
    params = {name: p.detach().numpy().copy() for name, p in layer.named_parameters()}
    arrays, keywords = arrays_of(case), case.masks | case.keywords
    shapes = [tuple(out.shape) for out in call(layer, case, [tensors(array) for array in arrays])]
    weights = cotangents(shapes)

    def loss(params):
        outs = flat(nn.functional_call(layer, params, tuple(arrays), keywords))
        return sum(np.sum(w * out) for w, out in zip(weights, outs, strict=True))

    found = tl.grad(loss)(params)

    outs = call(layer, case, [tensors(array) for array in arrays])
    gradients = tl.autograd.grad(
        outs, list(layer.parameters()), [tl.from_numpy(w) for w in weights], allow_unused=True
    )
    for name, gradient in zip(params, gradients, strict=True):
        expected = np.zeros_like(params[name]) if gradient is None else gradient.numpy()
        np.testing.assert_allclose(found[name], expected, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("case", [case for case in CASES if not case.masks], ids=str)
def test_gradients_agree_with_differences(case):
    layer = made(case)
    inputs = [tensors(array) for array in arrays_of(case)]

    def function(*leaves):
        rest = iter(leaves)
        rebuilt = [tuple(next(rest) for _ in one) if isinstance(one, tuple) else next(rest) for one in inputs]
        return tuple(call(layer, case, rebuilt))

    assert tl.autograd.gradcheck(function, flat(inputs))


# Recurrent layers -----------------------------------------------------------------------------------------


PRINTED = [
    (lambda: nn.RNN(3, 4), "RNN(3, 4)"),
    (lambda: nn.RNN(3, 4, nonlinearity="relu"), "RNN(3, 4)"),
    (
        lambda: nn.LSTM(3, 4, 2, batch_first=True, dropout=0.5, bidirectional=True, bias=False),
        "LSTM(3, 4, num_layers=2, bias=False, batch_first=True, dropout=0.5, bidirectional=True)",
    ),
    (lambda: nn.GRU(3, 4, num_layers=2), "GRU(3, 4, num_layers=2)"),
    (lambda: nn.RNNCell(3, 4), "RNNCell(3, 4)"),
    (
        lambda: nn.RNNCell(3, 4, bias=False, nonlinearity="relu"),
        "RNNCell(3, 4, bias=False, nonlinearity=relu)",
    ),
    (lambda: nn.LSTMCell(3, 4), "LSTMCell(3, 4)"),
    (lambda: nn.GRUCell(3, 4), "GRUCell(3, 4)"),
    (
        lambda: nn.MultiheadAttention(8, 2),
        "MultiheadAttention(\n"
        "  (out_proj): NonDynamicallyQuantizableLinear(in_features=8, out_features=8, bias=True)\n)",
    ),
    (
        lambda: nn.TransformerEncoderLayer(8, 2, 16),
        """TransformerEncoderLayer(
  (self_attn): MultiheadAttention(
    (out_proj): NonDynamicallyQuantizableLinear(in_features=8, out_features=8, bias=True)
  )
  (linear1): Linear(in_features=8, out_features=16, bias=True)
  (dropout): Dropout(p=0.1, inplace=False)
  (linear2): Linear(in_features=16, out_features=8, bias=True)
  (norm1): LayerNorm((8,), eps=1e-05, elementwise_affine=True, bias=True)
  (norm2): LayerNorm((8,), eps=1e-05, elementwise_affine=True, bias=True)
  (dropout1): Dropout(p=0.1, inplace=False)
  (dropout2): Dropout(p=0.1, inplace=False)
)""",
    ),
]


@pytest.mark.parametrize(("make", "text"), PRINTED, ids=[text.splitlines()[0] for _, text in PRINTED])
def test_layers_are_printed_as_pytorch_prints_them(make, text):
    assert repr(make()) == text


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
def test_a_layer_is_its_cell_step_by_step(name):
    layer, cell = getattr(nn, name)(2, 3), getattr(nn, f"{name}Cell")(2, 3)
    cell.load_state_dict({key.removesuffix("_l0"): value for key, value in layer.state_dict().items()})
    steps = tl.from_numpy(wave((5, 2, 2), 0.0)).float()

    state, states = None, []
    for step in steps:
        state = cell(step, state)
        states.append(state[0] if name == "LSTM" else state)

    output, _ = layer(steps)
    np.testing.assert_allclose(
        output.detach().numpy(), tl.stack(states).detach().numpy(), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
def test_parameters_have_pytorchs_names_and_lie_within_one_over_the_root_of_the_size(name):
    gates = {"RNN": 1, "LSTM": 4, "GRU": 3}[name]
    layer = getattr(nn, name)(3, 4, 2, bidirectional=True)

    shapes = {key: tuple(value.shape) for key, value in layer.state_dict().items()}
    assert list(shapes)[:5] == [
        "weight_ih_l0",
        "weight_hh_l0",
        "bias_ih_l0",
        "bias_hh_l0",
        "weight_ih_l0_reverse",
    ]
    assert shapes["weight_ih_l0"] == (4 * gates, 3)
    assert shapes["weight_ih_l1_reverse"] == (4 * gates, 8)
    assert [len(weights) for weights in layer.all_weights] == [4, 4, 4, 4]
    assert all(p.detach().abs().max() <= 0.5 for p in layer.parameters())


def test_dropout_falls_between_layers_while_training_only():
    tl.manual_seed(0)
    layer = nn.LSTM(2, 3, num_layers=2, dropout=0.5)
    x = tl.ones(4, 2, 2)

    assert layer(x)[0].tolist() != layer(x)[0].tolist()
    layer.eval()
    assert layer(x)[0].tolist() == layer(x)[0].tolist()


def test_dropout_of_one_layer_is_warned_of():
    with pytest.warns(UserWarning, match="dropout option adds dropout after all but last recurrent layer"):
        nn.RNN(3, 4, dropout=0.5)


def zeros(*shape):
    return tl.zeros(*shape)


REFUSED = [
    (
        RuntimeError,
        lambda: nn.RNN(3, 4)(zeros(5, 2, 4)),
        "input.size(-1) must be equal to input_size. Expected 3, got 4",
    ),
    (ValueError, lambda: nn.RNN(3, 4)(zeros(3)), "RNN: Expected input to be 2D or 3D, got 1D tensor instead"),
    (ValueError, lambda: nn.LSTM(3, 4)(zeros(3)), "LSTM: Expected input to be 2D or 3D, got 1D instead"),
    (
        RuntimeError,
        lambda: nn.RNN(3, 4)(zeros(5, 2, 3), zeros(1, 3, 4)),
        "Expected hidden size (1, 2, 4), got [1, 3, 4]",
    ),
    (
        RuntimeError,
        lambda: nn.GRU(3, 4)(zeros(5, 2, 3), zeros(1, 4)),
        "For batched 3-D input, hx should also be 3-D but got 2-D tensor",
    ),
    (
        RuntimeError,
        lambda: nn.GRU(3, 4)(zeros(5, 3), zeros(1, 4, 4)),
        "For unbatched 2-D input, hx should also be 2-D but got 3-D tensor",
    ),
    (
        RuntimeError,
        lambda: nn.LSTM(3, 4, 2)(zeros(5, 2, 3), (zeros(2, 2, 4), zeros(2, 2, 3))),
        "Expected hidden[1] size (2, 2, 4), got [2, 2, 3]",
    ),
    (
        RuntimeError,
        lambda: nn.LSTM(3, 4, 2)(zeros(5, 2, 3), (zeros(2, 4), zeros(2, 4))),
        "For batched 3-D input, hx and cx should also be 3-D but got (2-D, 2-D) tensors",
    ),
    (
        RuntimeError,
        lambda: nn.RNN(3, 4)(zeros(0, 2, 3)),
        "Expected sequence length to be larger than 0 in RNN",
    ),
    (
        ValueError,
        lambda: nn.RNN(3, 4, nonlinearity="x"),
        "Unknown nonlinearity 'x'. Select from 'tanh' or 'relu'.",
    ),
    (ValueError, lambda: nn.RNN(3, 0), "hidden_size must be greater than zero"),
    (ValueError, lambda: nn.RNN(3, 4, num_layers=0), "num_layers must be greater than zero"),
    (
        ValueError,
        lambda: nn.LSTM(3, 4, dropout=2),
        "dropout should be a number in range [0, 1] representing the probability of an element being zeroed",
    ),
    (
        RuntimeError,
        lambda: nn.RNNCell(3, 4)(zeros(2, 4)),
        "input has inconsistent input_size: got 4 expected 3",
    ),
    (
        ValueError,
        lambda: nn.GRUCell(3, 4)(zeros(2, 3, 1)),
        "GRUCell: Expected input to be 1D or 2D, got 3D instead",
    ),
    (
        RuntimeError,
        lambda: nn.RNNCell(3, 4)(zeros(2, 3), zeros(3, 4)),
        "Input batch size 2 doesn't match hidden0 batch size 3",
    ),
    (
        RuntimeError,
        lambda: nn.RNNCell(3, 4)(zeros(2, 3), zeros(2, 5)),
        "hidden0 has inconsistent hidden_size: got 5, expected 4",
    ),
    (ValueError, lambda: nn.MultiheadAttention(8, 3), "embed_dim must be divisible by num_heads"),
    (
        RuntimeError,
        lambda: nn.MultiheadAttention(8, 2)(zeros(5, 2, 7), zeros(4, 2, 8), zeros(4, 2, 8)),
        "was expecting embedding dimension of 8, but got 7",
    ),
    (
        RuntimeError,
        lambda: nn.MultiheadAttention(8, 2)(zeros(5, 2, 8), zeros(4, 2, 8), zeros(3, 2, 8)),
        "key shape torch.Size([4, 2, 8]) does not match value shape torch.Size([3, 2, 8])",
    ),
    (
        RuntimeError,
        lambda: nn.MultiheadAttention(8, 2)(zeros(5, 2, 8), zeros(4, 8), zeros(3, 8)),
        "For batched (3-D) `query`, expected `key` and `value` to be 3-D but found 2-D and 2-D tensors "
        "respectively",
    ),
    (
        RuntimeError,
        lambda: nn.MultiheadAttention(8, 2)(*[zeros(5, 2, 8)] * 3, attn_mask=zeros(5, 4)),
        "The shape of the 2D attn_mask is torch.Size([5, 4]), but should be (5, 5).",
    ),
    (
        RuntimeError,
        lambda: nn.MultiheadAttention(8, 2)(*[zeros(5, 2, 8)] * 3, attn_mask=zeros(3, 5, 5)),
        "The shape of the 3D attn_mask is torch.Size([3, 5, 5]), but should be (4, 5, 5).",
    ),
    (
        RuntimeError,
        lambda: nn.MultiheadAttention(8, 2)(*[zeros(5, 2, 8)] * 3, key_padding_mask=zeros(3, 5)),
        "Expected key_padded_mask.shape[0] to be 2, but got 3",
    ),
    (
        RuntimeError,
        lambda: nn.MultiheadAttention(8, 2)(*[zeros(5, 2, 8)] * 3, attn_mask=zeros(5, 5).long()),
        "only bool and floating types of attn_mask are supported",
    ),
    (
        RuntimeError,
        lambda: nn.TransformerEncoderLayer(8, 2, activation="x"),
        "activation should be relu/gelu, not x",
    ),
]


@pytest.mark.parametrize(("error", "attempt", "message"), REFUSED, ids=[message for *_, message in REFUSED])
def test_what_does_not_fit_is_refused_in_pytorchs_words(error, attempt, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        attempt()


def test_the_state_of_a_memory_is_a_pair():
    with pytest.raises(TypeError, match=r"LSTM: hx must be a pair \(h_0, c_0\), not Tensor"):
        nn.LSTM(3, 4)(zeros(5, 2, 3), zeros(1, 2, 4))
    with pytest.raises(TypeError, match=r"LSTMCell: hx must be a pair \(h, c\), not Tensor"):
        nn.LSTMCell(3, 4)(zeros(2, 3), zeros(2, 4))


# Attention ------------------------------------------------------------------------------------------------


def test_an_encoder_is_copies_of_its_layer_with_parameters_of_their_own():
    layer = nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0, batch_first=True)
    encoder = nn.TransformerEncoder(layer, 2, nn.LayerNorm(4), enable_nested_tensor=False)
    x = tl.from_numpy(wave((2, 3, 4), 0.0)).float()

    once, other = (copy.deepcopy(layer) for _ in range(2))
    expected = nn.LayerNorm(4)(other(once(x)))
    np.testing.assert_allclose(encoder(x).detach().numpy(), expected.detach().numpy(), rtol=1e-5, atol=1e-6)
    encoder(x).sum().backward()
    assert len(list(encoder.parameters())) == 2 * len(list(layer.parameters())) + 2
    assert layer.linear1.weight.grad is None


def test_a_causal_mask_keeps_what_comes_later_from_what_came_before():
    layer = nn.TransformerEncoderLayer(4, 2, 8, batch_first=True).eval()
    mask = tl.from_numpy(np.triu(np.full((5, 5), -np.inf, np.float32), 1))
    x = tl.from_numpy(wave((1, 5, 4), 0.0)).float().requires_grad_()

    layer(x, src_mask=mask)[0, 1, 0].backward()

    assert (x.grad[:, 2:] == 0.0).all()
    assert (x.grad[:, :2] != 0.0).any()
