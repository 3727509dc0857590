"""Normalisation: statistics, evaluation, messages, and derivatives of every order."""

from __future__ import annotations

import re

import numpy as np
import pytest

import tapeless as tl
from tapeless import nn
from tapeless.nn import functional as F  # noqa: N812  (as everybody says)

X = np.random.default_rng(0).standard_normal((6, 3)) * 2.0 + 5.0


# Running statistics ---------------------------------------------------------------------------------------


def test_running_statistics_follow_the_batches():
    layer = nn.BatchNorm1d(3, momentum=0.2).double()
    mean, variance = np.zeros(3), np.ones(3)
    for scale in (1.0, 3.0):
        layer(tl.tensor(X * scale))
        mean = 0.8 * mean + 0.2 * np.mean(X * scale, axis=0)
        variance = 0.8 * variance + 0.2 * np.var(X * scale, axis=0, ddof=1)

    np.testing.assert_allclose(layer.running_mean.numpy(), mean)
    np.testing.assert_allclose(layer.running_var.numpy(), variance)
    assert layer.num_batches_tracked.item() == 2
    assert not layer.running_mean.requires_grad


def test_without_momentum_statistics_are_means_over_batches():
    layer = nn.BatchNorm1d(3, momentum=None).double()
    for scale in (1.0, 2.0, 6.0):
        layer(tl.tensor(X * scale))

    np.testing.assert_allclose(layer.running_mean.numpy(), 3.0 * np.mean(X, axis=0))


def test_evaluation_uses_the_running_statistics_and_leaves_them():
    layer = nn.BatchNorm1d(3).double()
    layer(tl.tensor(X))
    mean, variance = layer.running_mean.numpy().copy(), layer.running_var.numpy().copy()
    layer.eval()
    out = layer(tl.tensor(X[:1]))

    np.testing.assert_allclose(out.detach().numpy(), (X[:1] - mean) / np.sqrt(variance + 1e-5))
    np.testing.assert_array_equal(layer.running_mean.numpy(), mean)
    assert layer.num_batches_tracked.item() == 1


def test_without_tracking_the_batch_counts_in_evaluation_too():
    layer = nn.BatchNorm1d(3, track_running_stats=False).double()
    assert layer.running_mean is None
    assert list(layer.state_dict()) == ["weight", "bias"]

    trained = layer(tl.tensor(X)).detach()
    assert tl.equal(layer.eval()(tl.tensor(X)).detach(), trained)


def test_without_affine_there_are_no_parameters():
    layer = nn.BatchNorm2d(2, affine=False)

    assert list(layer.parameters()) == []
    assert layer.weight is layer.bias is None
    assert nn.BatchNorm1d(2, bias=False).bias is None
    np.testing.assert_allclose(layer(tl.randn(4, 2, 3, 3)).mean((0, 2, 3)), 0.0, atol=1e-6)


def test_statistics_can_be_forgotten():
    layer = nn.BatchNorm1d(3)
    layer(tl.randn(4, 3))
    layer.reset_running_stats()

    assert layer.running_mean.tolist() == [0.0] * 3
    assert layer.running_var.tolist() == [1.0] * 3
    assert layer.num_batches_tracked.item() == 0
    nn.init.zeros_(layer.weight)
    layer.reset_parameters()
    assert layer.weight.tolist() == [1.0] * 3


def test_statistics_of_equal_numbers_are_exact():
    layer = nn.BatchNorm1d(1)
    out = layer(tl.full((4, 1), 0.1))

    assert layer.running_var.item() == pytest.approx(0.9, abs=1e-7)
    assert out.detach().abs().max() < 1e-4


def test_statistics_of_frozen_parameters_still_move():
    layer = nn.BatchNorm1d(3).freeze()
    with tl.no_grad():
        layer(tl.tensor(X).float())

    assert layer.running_mean.abs().sum() > 0.0


def test_functions_take_arrays_and_move_their_statistics():
    mean, variance = np.zeros(3), np.ones(3)
    out = F.batch_norm(X, mean, variance, training=True, momentum=1.0)

    np.testing.assert_allclose(mean, X.mean(0))
    np.testing.assert_allclose(variance, X.var(0, ddof=1))
    np.testing.assert_allclose(out.mean(0), 0.0, atol=1e-12)
    np.testing.assert_allclose(out.std(0), 1.0, rtol=1e-4)


def test_one_value_per_channel_cannot_be_normalised_while_training():
    layer = nn.BatchNorm1d(3)
    message = "Expected more than 1 value per channel when training, got input size torch.Size([1, 3])"
    for call in (
        lambda: layer(tl.ones(1, 3)),
        lambda: F.batch_norm(np.ones((1, 3)), None, None, training=True),
    ):
        with pytest.raises(ValueError, match=re.escape(message)):
            call()

    assert layer.eval()(tl.ones(1, 3)).shape == (1, 3)
    assert layer.train()(tl.ones(1, 3, 2)).shape == (1, 3, 2)


# Messages -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: nn.BatchNorm1d(3)(tl.ones(2, 3, 4, 5)),
            ValueError,
            "expected 2D or 3D input (got 4D input)",
        ),
        (lambda: nn.BatchNorm2d(3)(tl.ones(2, 3)), ValueError, "expected 4D input (got 2D input)"),
        (
            lambda: nn.BatchNorm1d(3)(tl.ones(2, 4)),
            RuntimeError,
            "running_mean should contain 4 elements not 3",
        ),
        (
            lambda: F.batch_norm(np.ones((2, 3)), np.ones(3), np.ones(4)),
            RuntimeError,
            "running_var should contain 3 elements not 4",
        ),
        (
            lambda: F.batch_norm(np.ones((2, 3)), np.ones(3), np.ones(3), np.ones(4)),
            RuntimeError,
            "weight should contain 3 elements not 4",
        ),
        (
            lambda: F.batch_norm(np.ones((2, 3)), None, None),
            RuntimeError,
            "running_mean must be defined in evaluation mode",
        ),
        (
            lambda: F.layer_norm(tl.ones(2, 3), (2,)),
            RuntimeError,
            "Given normalized_shape=[2], expected input with shape [*, 2], but got input of size[2, 3]",
        ),
        (
            lambda: F.layer_norm(tl.ones(2, 3), (3,), tl.ones(2)),
            RuntimeError,
            "Expected weight to be of same shape as normalized_shape, but got weight of shape [2] and "
            "normalized_shape = [3]",
        ),
        (
            lambda: F.layer_norm(tl.ones(2, 3), ()),
            RuntimeError,
            "Expected normalized_shape to be at least 1-dim",
        ),
        (lambda: F.rms_norm(tl.ones(2, 3), (4,)), RuntimeError, "Given normalized_shape=[4]"),
        (
            lambda: F.group_norm(tl.ones(2, 3), 2),
            RuntimeError,
            "divisible by num_groups, but got input of shape [2, 3] and num_groups=2",
        ),
        (
            lambda: F.group_norm(tl.ones(2, 4), 2, tl.ones(3)),
            RuntimeError,
            "Expected weight to be a vector of size equal to the number of channels in input",
        ),
        (
            lambda: F.group_norm(tl.ones(3), 3),
            RuntimeError,
            "Expected at least 2 dimensions for input tensor",
        ),
        (lambda: nn.GroupNorm(2, 3), ValueError, "num_channels (3) must be divisible by num_groups (2)"),
        (
            lambda: F.instance_norm(tl.ones(2, 3, 1)),
            ValueError,
            "Expected more than 1 spatial element when training, got input size torch.Size([2, 3, 1])",
        ),
        (
            lambda: nn.InstanceNorm1d(3, affine=True)(tl.ones(2, 4, 5)),
            ValueError,
            "expected input's size at dim=1 to match num_features (3), but got: 4.",
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_pytorchs_words(call, error, message):
    with pytest.raises(error, match=re.escape(message)):
        call()


# Derivatives ----------------------------------------------------------------------------------------------

FUNCTIONS = {
    "batch": lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True),
    "evaluated": lambda x, w, b: F.batch_norm(x, np.ones(3), np.full(3, 2.0), w, b),
    "layer": lambda x, w, b: F.layer_norm(x, (3,), w, b),
    "rms": lambda x, w, b: F.rms_norm(x, (3,), w) + b,
    "group": lambda x, w, b: F.group_norm(x, 1, w, b),
    "instance": lambda x, w, b: F.instance_norm(x[:3, :, None] * x[:1], weight=w, bias=b),
    "normalize": lambda x, w, b: F.normalize(x, dim=1) * w + b,
    "normalize by three": lambda x, w, b: F.normalize(x, p=3.0, dim=0) * w + b,
}
W, B = np.array([0.5, -1.5, 2.0]), np.array([0.1, 0.2, 0.3])


def loss_of(name):
    def loss(x, w, b):
        out = FUNCTIONS[name](x, w, b)
        return np.sum(np.sin(out) * np.cos(np.reshape(np.arange(np.size(out)), np.shape(out))))

    return loss


@pytest.mark.parametrize("name", FUNCTIONS)
def test_derivatives_agree_with_differences_on_every_road(name):
    loss = loss_of(name)
    tl.check_grads(loss, (X, W, B), order=2, modes=("fwd", "rev"), rtol=1e-4, atol=1e-5)
    by_source = tl.grad(loss, argnums=(0, 1, 2), mode="source")(X, W, B)
    by_tape = tl.grad(loss, argnums=(0, 1, 2), mode="tape")(X, W, B)
    tensors = [tl.tensor(one, requires_grad=True) for one in (X, W, B)]
    out = FUNCTIONS[name](*tensors)
    places = tl.arange(out.numel()).reshape(out.shape).double()
    (tl.sin(out) * tl.cos(places)).sum().backward()

    for one, other, tensor in zip(by_source, by_tape, tensors, strict=True):
        np.testing.assert_allclose(one, other, 1e-9, 1e-12)
        np.testing.assert_allclose(one, tensor.grad.numpy(), 1e-9, 1e-12)


@pytest.mark.parametrize("name", ["batch", "layer", "group"])
def test_second_derivatives_go_through_the_statistics(name):
    x = tl.tensor(X, requires_grad=True)
    w, b = tl.tensor(W, requires_grad=True), tl.tensor(B, requires_grad=True)

    assert tl.autograd.gradgradcheck(FUNCTIONS[name], (x, w, b))


@pytest.mark.parametrize("layer", [nn.BatchNorm1d(3), nn.LayerNorm(3), nn.GroupNorm(1, 3)])
def test_a_gradient_penalty_trains_through_normalisation(layer):
    layer = layer.double()
    x = tl.tensor(X, requires_grad=True)
    (slope,) = tl.autograd.grad((layer(x) ** 3).sum(), x, create_graph=True)
    (slope**2).sum().backward()
    step = 1e-6

    def penalty(change):
        with tl.no_grad():
            layer.weight[0] += change
        inner = tl.tensor(X, requires_grad=True)
        (slope,) = tl.autograd.grad((layer(inner) ** 3).sum(), inner)
        with tl.no_grad():
            layer.weight[0] -= change
        return (slope**2).sum().item()

    expected = (penalty(step) - penalty(-step)) / (2.0 * step)
    assert layer.weight.grad[0].item() == pytest.approx(expected, rel=1e-4)


def test_numbers_far_from_zero_lose_no_digits():
    x = (X + 1e4).astype(np.float32)
    out = F.batch_norm(x, None, None, training=True)

    assert out.dtype == np.float32
    np.testing.assert_allclose(out, (x - x.mean(0, dtype="f8")) / x.std(0, dtype="f8"), atol=2e-3)


def test_half_precision_does_not_overflow_in_sums():
    x = np.full((70000, 1), 2.0, np.float16)
    x[::2] = 0.0
    out = F.batch_norm(x, None, None, training=True)

    assert out.dtype == np.float16
    np.testing.assert_allclose(out[:2, 0], [-1.0, 1.0], rtol=1e-2)


def test_the_printed_derivative_names_what_it_does():
    def loss(x, w, b):
        return np.sum(F.layer_norm(x, (3,), w, b) ** 2)

    derivative = tl.grad(loss, mode="source")
    derivative(X, W, B)

    assert "standardised(x, axes, 1e-05)" in derivative.source
    assert "raise" not in derivative.source
