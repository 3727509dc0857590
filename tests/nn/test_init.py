"""First values: bounds, spreads and shapes."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tapeless as tl
from tapeless import nn
from tapeless.nn import init

MANY = (400, 300)


def drawn(function, *args, shape=MANY, **options):
    tl.manual_seed(3)
    x = tl.empty(*shape, dtype=tl.float64)
    assert function(x, *args, **options) is x
    return x.numpy()


@pytest.mark.parametrize(
    ("function", "args", "options", "std", "bound"),
    [
        (init.uniform_, (-3.0, 1.0), {}, 4.0 / math.sqrt(12.0), 3.0),
        (init.normal_, (0.0, 0.3), {}, 0.3, math.inf),
        (init.xavier_uniform_, (2.0,), {}, 2.0 * math.sqrt(2.0 / 700.0), 2.0 * math.sqrt(6.0 / 700.0)),
        (init.xavier_normal_, (), {}, math.sqrt(2.0 / 700.0), math.inf),
        (init.kaiming_uniform_, (), {}, math.sqrt(2.0 / 300.0), math.sqrt(6.0 / 300.0)),
        (init.kaiming_uniform_, (math.sqrt(5.0),), {}, math.sqrt(1.0 / 900.0), 1.0 / math.sqrt(300.0)),
        (
            init.kaiming_normal_,
            (),
            {"mode": "fan_out", "nonlinearity": "relu"},
            math.sqrt(2.0 / 400.0),
            math.inf,
        ),
        (init.trunc_normal_, (), {}, 0.8796256610342398, 2.0),
        (init.trunc_normal_, (0.0, 0.02), {}, 0.02, 2.0),
    ],
)
def test_random_numbers_have_the_spread_and_the_bounds_that_are_asked_for(
    function, args, options, std, bound
):
    x = drawn(function, *args, **options)

    assert x.std() == pytest.approx(std, rel=0.01)
    assert np.abs(x).max() <= bound
    if math.isfinite(bound) and bound < 2.0:
        assert np.abs(x).max() > 0.99 * bound


def test_kernels_count_as_inputs_and_outputs():
    x = drawn(init.xavier_uniform_, shape=(40, 30, 3, 3))

    assert np.abs(x).max() == pytest.approx(math.sqrt(6.0 / (70 * 9)), rel=0.001)


def test_values_far_from_the_middle_are_drawn_as_well():
    with pytest.warns(UserWarning, match="mean is more than 2 std"):
        x = drawn(init.trunc_normal_, 0.0, 1.0, 3.0, 5.0)

    assert x.min() >= 3.0
    assert x.max() <= 5.0
    # mean of a normal number between 3 and 5: (density(3) - density(5)) / chance
    assert x.mean() == pytest.approx(3.2830986, rel=0.001)


@pytest.mark.parametrize("shape", [(5, 5), (3, 7), (7, 3), (4, 3, 2)])
def test_orthogonal_matrices_are(shape):
    x = drawn(init.orthogonal_, 2.0, shape=shape).reshape(shape[0], -1)
    small = x @ x.T if x.shape[0] <= x.shape[1] else x.T @ x

    np.testing.assert_allclose(small, 4.0 * np.eye(len(small)), atol=1e-12)


def test_known_values():
    assert init.constant_(tl.empty(2), 3.0).tolist() == [3.0, 3.0]
    assert init.eye_(tl.empty(2, 2)).tolist() == [[1.0, 0.0], [0.0, 1.0]]
    kernels = init.dirac_(tl.empty(4, 2, 3, 3), groups=2)
    x = tl.randn(1, 2, 5, 5)
    assert tl.equal(nn.functional.conv2d(x, kernels, padding=1)[:, :2], x)
    assert np.count_nonzero(drawn(init.sparse_, 0.25, shape=(8, 5)) == 0.0, axis=0).tolist() == [2] * 5


def test_parameters_are_filled_outside_of_the_graph():
    layer = nn.Linear(4, 3)
    version = layer.weight._version
    assert init.ones_(layer.weight) is layer.weight
    assert layer.weight.requires_grad
    assert layer.weight.is_leaf
    assert layer.weight._version == version + 1
    assert init.xavier_uniform_(tl.empty(3, 4, requires_grad=True)).is_leaf


def test_seeds_repeat_and_generators_stand_alone():
    tl.manual_seed(1)
    first = nn.Linear(3, 3).weight
    generator = tl.Generator().manual_seed(1)
    tl.manual_seed(1)
    init.normal_(tl.empty(5), generator=generator)

    assert tl.equal(first, nn.Linear(3, 3).weight)
    assert not tl.equal(first, nn.Linear(3, 3).weight)


def test_layers_begin_as_pytorchs():
    tl.manual_seed(0)
    layer = nn.Linear(100, 200)
    table = nn.Embedding(500, 20, padding_idx=3)

    for values in (layer.weight, layer.bias):
        assert 0.0975 < float(values.abs().max()) <= 0.1
        assert float(values.std()) == pytest.approx(0.1 / math.sqrt(3.0), rel=0.1)
    assert float(table.weight.std()) == pytest.approx(1.0, rel=0.05)
    assert table.weight[3].tolist() == [0.0] * 20
    assert float(nn.Bilinear(16, 9, 50).weight.abs().max()) <= 0.25
    assert nn.PReLU(2).weight.tolist() == [0.25, 0.25]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda x: init.xavier_uniform_(x),
            "Fan in and fan out can not be computed for tensor with fewer than 2",
        ),
        (lambda x: init.eye_(x), "Only tensors with 2 dimensions are supported"),
        (lambda x: init.sparse_(x, 0.1), "Only tensors with 2 dimensions are supported"),
        (lambda x: init.dirac_(x), "Only tensors with 3, 4, or 5 dimensions are supported"),
        (lambda x: init.dirac_(tl.ones(3, 2, 2), 2), "dim 0 must be divisible by groups"),
        (lambda x: init.orthogonal_(x), "Only tensors with 2 or more dimensions are supported"),
        (lambda x: init.kaiming_normal_(tl.ones(2, 3), mode="x"), "Mode x not supported, please use one of"),
        (lambda x: init.kaiming_normal_(tl.ones(2, 3), nonlinearity="x"), "Unsupported nonlinearity x"),
        (lambda x: init.calculate_gain("leaky_relu", "a"), "negative_slope a not a valid number"),
        (lambda x: init.calculate_gain("leaky_relu", True), "negative_slope True not a valid number"),
    ],
)
def test_what_cannot_be_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(tl.ones(3))


def test_what_is_no_tensor_is_refused_and_nothing_is_done_to_nothing():
    with pytest.raises(TypeError, match="values are put into a Tensor, not ndarray"):
        init.zeros_(np.zeros(3))
    with pytest.warns(UserWarning, match="zero-element tensors is a no-op"):
        assert init.kaiming_uniform_(tl.empty(0, 2)).shape == (0, 2)


@pytest.mark.parametrize(
    ("name", "gain"),
    [("linear", 1.0), ("tanh", 5.0 / 3.0), ("relu", math.sqrt(2.0)), ("selu", 0.75), ("conv2d", 1.0)],
)
def test_gains_are_pytorchs(name, gain):
    assert init.calculate_gain(name) == gain
    assert init.calculate_gain("leaky_relu", 1.0) == 1.0
