"""Layers of convolutions: parameters, print, padding modes, sizes."""

from __future__ import annotations

import copy
import re

import numpy as np
import pytest

import tapeless as tl
from tapeless import nn
from tapeless.nn import functional
from tests.nn.functional.plane_cases import wave

PRINTED = [
    (lambda: nn.Conv1d(3, 4, 3, padding=1), "Conv1d(3, 4, kernel_size=(3,), stride=(1,), padding=(1,))"),
    (lambda: nn.Conv2d(3, 4, 3), "Conv2d(3, 4, kernel_size=(3, 3), stride=(1, 1))"),
    (
        lambda: nn.Conv2d(4, 4, (3, 2), stride=2, padding=(1, 0), dilation=2, groups=2, bias=False),
        "Conv2d(4, 4, kernel_size=(3, 2), stride=(2, 2), padding=(1, 0), dilation=(2, 2), groups=2, "
        "bias=False)",
    ),
    (
        lambda: nn.Conv2d(3, 4, 3, padding="same"),
        "Conv2d(3, 4, kernel_size=(3, 3), stride=(1, 1), padding=same)",
    ),
    (
        lambda: nn.Conv2d(3, 4, 3, padding=1, padding_mode="circular"),
        "Conv2d(3, 4, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), padding_mode=circular)",
    ),
    (lambda: nn.ConvTranspose1d(3, 4, 3), "ConvTranspose1d(3, 4, kernel_size=(3,), stride=(1,))"),
    (
        lambda: nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2, bias=False),
        "ConvTranspose2d(4, 6, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), output_padding=(1, 1), "
        "groups=2, bias=False)",
    ),
]


@pytest.mark.parametrize(("make", "text"), PRINTED, ids=[text for _, text in PRINTED])
def test_layers_are_printed_as_pytorch_prints_them(make, text):
    assert repr(make()) == text


def test_a_layer_is_the_function_of_its_parameters():
    x = tl.from_numpy(wave((2, 4, 6, 7), 0.0)).float()
    layer = nn.Conv2d(4, 6, (3, 2), stride=(1, 2), padding=(1, 0), dilation=(2, 1), groups=2)

    expected = functional.conv2d(x, layer.weight, layer.bias, (1, 2), (1, 0), (2, 1), 2)
    assert layer(x).tolist() == expected.tolist()
    assert layer(x).dtype == tl.float32
    assert layer(x).grad_fn.name() == "ConvolutionBackward0"


def test_state_dicts_have_pytorchs_names_and_shapes():
    def shapes(layer):
        return {name: tuple(value.shape) for name, value in layer.state_dict().items()}

    assert shapes(nn.Conv2d(4, 6, (3, 2), groups=2)) == {"weight": (6, 2, 3, 2), "bias": (6,)}
    assert shapes(nn.Conv1d(4, 6, 3, bias=False)) == {"weight": (6, 4, 3)}
    assert shapes(nn.ConvTranspose2d(4, 6, 3, groups=2)) == {"weight": (4, 3, 3, 3), "bias": (6,)}


def test_first_values_lie_within_one_over_the_root_of_fan_in_and_follow_the_seed():
    tl.manual_seed(0)
    layer = nn.Conv2d(16, 32, 3)
    tl.manual_seed(0)
    again = nn.Conv2d(16, 32, 3)

    bound = 1.0 / 12.0
    for values in (layer.weight.detach().numpy(), layer.bias.detach().numpy()):
        assert np.abs(values).max() <= bound
        assert np.abs(values).max() > 0.8 * bound
        assert abs(values.mean()) < 0.3 * bound
    assert layer.weight.tolist() == again.weight.tolist()


@pytest.mark.parametrize(
    ("mode", "name"), [("reflect", "reflect"), ("replicate", "edge"), ("circular", "wrap")]
)
@pytest.mark.parametrize("shape", [(2, 3, 6, 5), (3, 6, 5)])
def test_what_stands_beyond_the_border_may_be_chosen(mode, name, shape):
    layer = nn.Conv2d(3, 2, (3, 2), padding=(2, 1), padding_mode=mode).double()
    plain = nn.Conv2d(3, 2, (3, 2)).double()
    plain.load_state_dict(layer.state_dict())
    x = wave(shape, 0.0)
    wide = np.pad(x, [(0, 0)] * (x.ndim - 2) + [(2, 2), (1, 1)], mode=name)

    found = layer(tl.from_numpy(x).requires_grad_())

    np.testing.assert_allclose(found.detach().numpy(), plain(tl.from_numpy(wide)).detach().numpy())
    found.sum().backward()
    assert layer.weight.grad is not None


def test_of_the_sizes_that_a_stride_leaves_open_one_may_be_asked_for():
    layer = nn.ConvTranspose2d(2, 3, 3, stride=(2, 3), padding=1)
    x = tl.ones(1, 2, 4, 4)

    assert layer(x).shape == (1, 3, 7, 10)
    assert layer(x, output_size=(8, 12)).shape == (1, 3, 8, 12)
    assert layer(x, output_size=(1, 3, 8, 11)).shape == (1, 3, 8, 11)
    with pytest.raises(
        ValueError, match=r"requested an output size of \[9, 10\], but valid sizes range from"
    ):
        layer(x, output_size=(9, 10))
    with pytest.raises(ValueError, match="output_size must have 2 or 4 elements"):
        layer(x, output_size=(9,))


def test_a_transposed_layer_undoes_the_shape_of_its_counterpart():
    x = tl.ones(2, 3, 9, 9)
    there = nn.Conv2d(3, 5, 3, stride=2, padding=1)
    back = nn.ConvTranspose2d(5, 3, 3, stride=2, padding=1)

    assert back(there(x), output_size=x.shape).shape == x.shape


REFUSED = [
    (lambda: nn.Conv2d(3, 4, 3, groups=2), "in_channels must be divisible by groups"),
    (lambda: nn.Conv2d(4, 3, 3, groups=2), "out_channels must be divisible by groups"),
    (lambda: nn.Conv2d(4, 3, 3, groups=0), "groups must be a positive integer"),
    (
        lambda: nn.Conv2d(4, 3, 3, padding="x"),
        "Invalid padding string 'x', should be one of {'same', 'valid'}",
    ),
    (
        lambda: nn.Conv2d(4, 3, 3, padding="same", stride=2),
        "padding='same' is not supported for strided convolutions",
    ),
    (
        lambda: nn.Conv2d(4, 3, 3, padding_mode="x"),
        "padding_mode must be one of {'zeros', 'reflect', 'replicate', 'circular'}, but got padding_mode='x'",
    ),
    (
        lambda: nn.ConvTranspose2d(4, 3, 3, padding_mode="reflect"),
        'Only "zeros" padding mode is supported for ConvTranspose2d',
    ),
]


@pytest.mark.parametrize(("attempt", "message"), REFUSED, ids=[message for _, message in REFUSED])
def test_what_a_layer_cannot_be_is_refused_in_pytorchs_words(attempt, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        attempt()


def test_a_wrong_number_of_channels_is_refused_when_the_layer_is_called():
    with pytest.raises(RuntimeError, match=r"to have 3 channels, but got 4 channels instead"):
        nn.Conv2d(3, 4, 3)(tl.ones(1, 4, 8, 8))


def test_a_small_network_of_layers_is_trained_by_its_gradients():
    tl.manual_seed(0)
    rng = np.random.default_rng(0)
    images = tl.from_numpy(rng.standard_normal((8, 1, 8, 8)))
    targets = images[:, 0, :4, :4].mean(dim=(1, 2))
    convolve, pool, head = nn.Conv2d(1, 4, 3), nn.AvgPool2d(3), nn.Conv2d(4, 1, 2)
    for layer in (convolve, head):
        layer.double()
    parameters = [*convolve.parameters(), *head.parameters()]

    def loss():
        return ((head(pool(convolve(images).tanh()))[:, 0, 0, 0] - targets) ** 2).mean()

    losses = []
    for _ in range(60):
        value = loss()
        losses.append(value.item())
        gradients = tl.autograd.grad(value, parameters)
        with tl.no_grad():
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter -= 0.1 * gradient

    assert losses[-1] < 0.1 * losses[0]


def test_layers_are_copied_deeply():
    layer = nn.Conv2d(2, 3, 3, padding=1)
    other = copy.deepcopy(layer)
    with tl.no_grad():
        other.weight.zero_()

    assert layer.weight.abs().sum().item() > 0.0
    assert repr(other) == repr(layer)
