"""Layers: PyTorch's numbers, gradients, names and printed forms."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import tapeless as tl
from tapeless import nn
from tapeless.nn import functional as F  # noqa: N812  (as everybody says)
from tests.nn.layer_cases import ELEMENTWISE, LAYERS, POINTS, build, inputs, run

STORED = json.loads((Path(__file__).parent / "layer_values.json").read_text())
NUMBERS = ("out 0", "inputs 0", "out 1", "inputs 1", "parameters", "buffers", "eval")


def close(actual, expected, rtol=1e-9, atol=1e-11):
    if expected and isinstance(expected[0], list):
        assert len(actual) == len(expected)
        for one, other in zip(actual, expected, strict=True):
            np.testing.assert_allclose(one, other, rtol, atol)
    else:
        np.testing.assert_allclose(actual, expected, rtol, atol)


@pytest.mark.parametrize("name", LAYERS)
def test_training_and_evaluation_give_pytorchs_numbers(name):
    found = run(nn, name, tl.tensor)

    for key in NUMBERS:
        close(found[key], STORED[name][key])


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_prints_and_names_its_parts_as_pytorchs(name):
    layer = build(nn, name, tl.tensor)

    assert repr(layer) == STORED[name]["repr"]
    assert list(layer.state_dict()) == STORED[name]["keys"]


@pytest.mark.parametrize("name", LAYERS)
def test_float32_stays_float32(name):
    layer = build(nn, name, tl.tensor).float()
    given = [tl.tensor(x.astype(np.float32), requires_grad=True) for x in inputs(name)]

    out = layer(*given)
    out.sum().backward()

    assert out.dtype == np.float32
    assert all(x.grad.dtype == np.float32 for x in given)
    assert all(p.grad.dtype == np.float32 for p in layer.parameters())
    np.testing.assert_allclose(np.ravel(out.detach()), STORED[name]["out 0"], 2e-5, 2e-5)


@pytest.mark.parametrize("name", LAYERS)
def test_first_and_second_derivatives_agree_with_differences(name):
    layer = build(nn, name, tl.tensor)
    given = tuple(tl.tensor(x, requires_grad=True) for x in inputs(name))

    assert tl.autograd.gradcheck(layer, given, check_forward_ad=True)
    if layer.training and not list(layer.buffers()):  # a second call would be of other statistics
        assert tl.autograd.gradgradcheck(layer, given)


@pytest.mark.parametrize("mode", ["tape", "source"])
@pytest.mark.parametrize("name", LAYERS)
def test_a_call_on_arrays_gives_the_gradients_of_tensors(name, mode):
    layer = build(nn, name, tl.tensor)
    values = {key: value.numpy().copy() for key, value in layer.state_dict().items()}
    first, *rest = inputs(name)
    second = rest[0] if rest else None
    weights = np.array(STORED[name]["out 0"])

    def loss(x, values, state):
        out = nn.functional_call(layer, (values, state), (x,) if second is None else (x, second))
        return np.sum(np.ravel(out) * weights)

    trained = {key: value for key, value in values.items() if key in dict(layer.named_parameters())}
    rest_of_state = {key: value for key, value in values.items() if key not in trained}
    x = tl.tensor(first, requires_grad=True)
    (np.ravel(layer(x, *map(tl.tensor, rest))) * tl.tensor(weights)).sum().backward()

    got, gots = tl.grad(loss, argnums=(0, 1), mode=mode)(first, trained, rest_of_state)
    np.testing.assert_allclose(got, x.grad.numpy(), 1e-9, 1e-12)
    for key, parameter in layer.named_parameters():
        np.testing.assert_allclose(gots[key], parameter.grad.numpy(), 1e-9, 1e-12)


# Functions at kinks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_values_and_slopes_at_kinks_are_pytorchs(name):
    x = tl.tensor(POINTS, requires_grad=True)
    out = getattr(F, name)(x)
    out.sum().backward()

    np.testing.assert_allclose(out.detach().numpy(), STORED[f"F.{name}"]["out"], 1e-9, 1e-13)
    expected = STORED[f"F.{name}"]["gradient"]
    if name == "hardswish":
        expected[-1] = np.nan  # one in PyTorch
    np.testing.assert_allclose(x.grad.numpy(), expected, 1e-7, 1e-11)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_an_activation_is_the_same_on_arrays_and_read(name):
    x = POINTS[:-1]

    def loss(x):
        return np.sum(getattr(F, name)(x))

    np.testing.assert_allclose(getattr(F, name)(x), STORED[f"F.{name}"]["out"][:-1], 1e-9, 1e-13)
    for mode in ("source", "tape"):
        gradient = tl.grad(loss, mode=mode)(x)
        np.testing.assert_allclose(gradient, STORED[f"F.{name}"]["gradient"][:-1], 1e-7, 1e-11)
