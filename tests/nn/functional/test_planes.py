"""Convolutions and pooling: against PyTorch's numbers, on both roads, and what they refuse."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import tapeless as tl
from tapeless.autograd import forward_ad
from tapeless.nn import functional
from tests.nn.functional.plane_cases import CASES, WITH_INDICES, arrays_of, wave

STORED = json.loads(Path(__file__).with_name("planes.json").read_text(encoding="utf-8"))
PAIRS = list(zip(CASES, STORED, strict=True))


def tensors(arrays, requires_grad=True):
    return [tl.from_numpy(a.copy()).requires_grad_(requires_grad) for a in arrays]


def call(case, arrays):
    return getattr(functional, case[0])(*arrays, **case[2])


@pytest.mark.parametrize(("case", "stored"), PAIRS, ids=str)
def test_results_and_gradients_are_pytorchs(case, stored):
    leaves = tensors(arrays_of(case))

    out = call(case, leaves)
    out.backward(tl.from_numpy(wave(tuple(out.shape), 0.5)))

    assert out.is_contiguous()
    np.testing.assert_allclose(out.detach().numpy(), stored["out"], rtol=1e-10, atol=1e-11)
    for leaf, expected in zip(leaves, stored["gradients"], strict=True):
        np.testing.assert_allclose(leaf.grad.numpy(), expected, rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize(("case", "stored"), PAIRS, ids=str)
def test_arrays_give_arrays_of_their_dtype_with_the_same_numbers(case, stored):
    out = call(case, arrays_of(case))
    narrow = call(case, [a.astype(np.float32) for a in arrays_of(case)])

    assert type(out) is type(narrow) is np.ndarray
    assert out.dtype == np.float64
    assert narrow.dtype == np.float32
    np.testing.assert_allclose(out, stored["out"], rtol=1e-10, atol=1e-11)
    np.testing.assert_allclose(narrow, stored["out"], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_functions_of_arrays_are_read_and_give_the_tensors_gradients(case):
    arrays = arrays_of(case)
    function = partial(getattr(functional, case[0]), **case[2])
    weights = wave(call(case, arrays).shape, 0.5)

    def loss(*arrays):
        return np.sum(weights * function(*arrays))

    gradient = tl.grad(loss, argnums=tuple(range(len(arrays))), mode="source")
    found = gradient(*arrays)

    leaves = tensors(arrays)
    (call(case, leaves) * tl.from_numpy(weights)).sum().backward()
    for got, leaf in zip(found, leaves, strict=True):
        np.testing.assert_allclose(got, leaf.grad.numpy(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_gradients_of_gradients_agree_with_differences(case):
    leaves = tensors(arrays_of(case))

    assert tl.autograd.gradgradcheck(lambda *given: call(case, given).tanh(), leaves)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_tangents_pair_with_cotangents(case):
    arrays = arrays_of(case)
    moves = [wave(a.shape, 2.5 + place) for place, a in enumerate(arrays)]

    with forward_ad.dual_level():
        duals = [
            forward_ad.make_dual(tl.from_numpy(a), tl.from_numpy(t))
            for a, t in zip(arrays, moves, strict=True)
        ]
        tangent = forward_ad.unpack_dual(call(case, duals)).tangent.numpy()

    leaves = tensors(arrays)
    weights = wave(tangent.shape, 0.5)
    call(case, leaves).backward(tl.from_numpy(weights))
    pairing = sum(np.sum(leaf.grad.numpy() * t) for leaf, t in zip(leaves, moves, strict=True))
    np.testing.assert_allclose(np.sum(weights * tangent), pairing, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize(("case", "stored"), [pair for pair in PAIRS if pair[0][0] in WITH_INDICES], ids=str)
def test_indices_are_places_in_the_plane(case, stored):
    (x,) = tensors(arrays_of(case))

    _, indices = getattr(functional, case[0])(x, **case[2], return_indices=True)

    assert indices.dtype == tl.int64
    assert not indices.requires_grad
    assert indices.tolist() == stored["indices"]


def test_nodes_carry_pytorchs_names():
    x, w = tl.ones(1, 1, 4, 4, requires_grad=True), tl.ones(1, 1, 2, 2, requires_grad=True)

    assert functional.conv2d(x, w).grad_fn.name() == "ConvolutionBackward0"
    assert functional.conv2d(x, w, tl.ones(1)).grad_fn.name() == "ConvolutionBackward0"
    assert functional.conv_transpose2d(x, w).grad_fn.name() == "ConvolutionBackward0"
    assert functional.max_pool2d(x, 2).grad_fn.name() == "MaxPool2DWithIndicesBackward0"
    assert functional.avg_pool2d(x, 2).grad_fn.name() == "AvgPool2DBackward0"
    assert functional.adaptive_avg_pool2d(x, 2).grad_fn.name() == "AdaptiveAvgPool2DBackward0"


def test_a_small_network_has_one_gradient_on_both_roads():
    rng = np.random.default_rng(0)
    params = {
        "kernels": 0.5 * rng.standard_normal((3, 1, 3, 3)),
        "bias": rng.standard_normal(3),
        "weight": 0.1 * rng.standard_normal((2, 12)),
    }
    images, labels = rng.standard_normal((5, 1, 6, 6)), np.array([0, 1, 1, 0, 1])

    def loss(params, images):
        hidden = np.tanh(functional.conv2d(images, params["kernels"], params["bias"], padding=1))
        pooled = functional.max_pool2d(hidden, 3)
        scores = np.reshape(pooled, (len(images), -1)) @ params["weight"].T
        return np.mean(scores[np.arange(5), 0] ** 2 + scores[np.arange(5), labels])

    read = tl.grad(loss, mode="source")(params, images)
    recorded = tl.grad(loss, mode="tape")(params, images)

    for name, gradient in read.items():
        np.testing.assert_allclose(gradient, recorded[name], rtol=1e-12, atol=1e-14)
        up, down = (loss(params | {name: params[name] + step}, images) for step in (1e-6, -1e-6))
        np.testing.assert_allclose(np.sum(gradient), (up - down) / 2e-6, rtol=1e-6)


def zeros(*shape):
    return np.zeros(shape)


X, W = zeros(2, 2, 4, 4), zeros(1, 2, 3, 3)
REFUSED = [
    (lambda f: f.conv2d(X, W, stride=0), "non-positive stride is not supported"),
    (lambda f: f.conv2d(X, W, dilation=0), "non-positive dilation is not supported"),
    (lambda f: f.conv2d(X, W, padding=-1), "negative padding is not supported"),
    (lambda f: f.conv2d(X, W, padding="even"), "Invalid padding string: 'even'"),
    (
        lambda f: f.conv2d(X, W, padding="same", stride=2),
        "padding='same' is not supported for strided convolutions",
    ),
    (
        lambda f: f.conv2d(X, W, stride=(1, 2, 3)),
        "expected stride to be a single integer value or a list of 2 values to match the convolution "
        "dimensions, but got stride=[1, 2, 3]",
    ),
    (
        lambda f: f.conv2d(zeros(8, 8), zeros(4, 2, 3, 3)),
        "Expected 3D (unbatched) or 4D (batched) input to conv2d, but got input of size: [8, 8]",
    ),
    (
        lambda f: f.conv1d(zeros(2, 2, 4), zeros(1, 2, 3, 3)),
        "Expected 4-dimensional input for 4-dimensional weight [1, 2, 3, 3], but got 3-dimensional input of "
        "size [2, 2, 4] instead",
    ),
    (
        lambda f: f.conv_transpose2d(zeros(2, 3, 4, 4), zeros(2, 4, 3, 3)),
        "Given transposed=1, weight of size [2, 4, 3, 3], expected input[2, 3, 4, 4] to have 2 channels, "
        "but got 3 channels instead",
    ),
    (
        lambda f: f.conv_transpose2d(X, zeros(2, 4, 3, 3), zeros(3)),
        "Given transposed=1, weight of size [2, 4, 3, 3], expected bias to be 1-dimensional with 4 elements, "
        "but got bias of size [3] instead",
    ),
    (
        lambda f: f.conv_transpose2d(X, zeros(2, 4, 3, 3), output_padding=-1),
        "negative output_padding is not supported",
    ),
    (lambda f: f.max_pool2d(zeros(4, 4), 2), "non-empty 3D or 4D (batch mode) tensor expected for input"),
    (
        lambda f: f.max_pool2d(zeros(1, 4, 4), 2, padding=2),
        "pad should be at most half of effective kernel size, but got pad=2, kernel_size=2 and dilation=1",
    ),
    (
        lambda f: f.max_pool2d(zeros(1, 2, 2), 3),
        "Given input size: (1x2x2). Calculated output size: (1x0x0). Output size is too small",
    ),
    (lambda f: f.max_pool2d(zeros(1, 2, 2), 2, stride=0), "stride should not be zero"),
    (
        lambda f: f.max_pool2d(zeros(1, 2, 2), (1, 2, 3)),
        "max_pool2d: kernel_size must either be a single int, or a tuple of two ints",
    ),
    (lambda f: f.avg_pool2d(zeros(1, 2, 2), 2, divisor_override=0), "divisor must be not zero"),
    (
        lambda f: f.avg_pool1d(zeros(4), 2),
        "Expected 2 to 3 dimensions, but got 1-dimensional tensor for argument #1 'self' "
        "(while checking arguments for avg_pool1d)",
    ),
    (
        lambda f: f.adaptive_avg_pool2d(zeros(2, 2), 3),
        "adaptive_avg_pool2d(): Expected 3D or 4D tensor, but got [2, 2]",
    ),
    (
        lambda f: f.adaptive_avg_pool2d(zeros(1, 2, 2), -3),
        "adaptive_avg_pool2d: elements of output_size must be greater than or equal to 0 "
        "but received {-3, -3}",
    ),
]


@pytest.mark.parametrize(("attempt", "message"), REFUSED, ids=[message for _, message in REFUSED])
def test_what_does_not_fit_is_refused_in_pytorchs_words(attempt, message):
    with pytest.raises(RuntimeError) as refused:
        attempt(functional)

    assert str(refused.value) == message


def test_what_a_transposed_convolution_cannot_make_is_refused():
    with pytest.raises(RuntimeError, match="output padding must be smaller than either stride or dilation"):
        functional.conv_transpose2d(X, zeros(2, 4, 3, 3), output_padding=1)
    with pytest.raises(RuntimeError, match=r"Calculated output size per channel: \(-1 x -1\)"):
        functional.conv_transpose2d(zeros(2, 2, 1, 1), zeros(2, 4, 3, 3), padding=2)


def test_what_is_no_tensor_and_tensors_of_two_dtypes_are_refused():
    with pytest.raises(
        TypeError, match=r"conv2d\(\): argument 'input' \(position 1\) must be Tensor, not list"
    ):
        functional.conv2d([[1.0]], W)
    with pytest.raises(
        TypeError, match=r"conv_transpose1d\(\): argument 'weight' \(position 2\) must be Tensor"
    ):
        functional.conv_transpose1d(X, None)
    with pytest.raises(
        RuntimeError, match=r"Input type \(torch.DoubleTensor\) and weight type \(torch.FloatTensor"
    ):
        functional.conv2d(tl.from_numpy(X), tl.from_numpy(W).float())
