"""Losses: PyTorch's numbers, gradients and messages; on Tensors, arrays and both roads."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path

import numpy as np
import pytest

import tapeless as tl
from tapeless.errors import MissingRuleError
from tapeless.nn import functional as F  # noqa: N812  (as everybody says)
from tests.nn.functional.loss_cases import cases, cotangent, numbers

STORED = json.loads((Path(__file__).parent / "loss_values.json").read_text())
CASES = list(cases())
MEANS = [(name, case) for name, case in CASES if case[3].get("reduction", "mean") == "mean"]

pytestmark = pytest.mark.filterwarnings("ignore:reduction. 'mean' divides:UserWarning")


def check(name, value, gradients, rtol=1e-9, atol=1e-12):
    np.testing.assert_allclose(np.ravel(value), STORED[name]["value"], rtol, atol)
    for actual, expected in zip(gradients, STORED[name]["gradients"], strict=True):
        np.testing.assert_allclose(np.ravel(actual), expected, rtol, atol)


def tensors(args, wrt, options, dtype=np.float64):
    def convert(a):
        return a.astype(dtype) if a.dtype.kind == "f" else a

    values = [tl.tensor(convert(a), requires_grad=place in wrt) for place, a in enumerate(args)]
    return values, {k: tl.tensor(convert(o)) if isinstance(o, np.ndarray) else o for k, o in options.items()}


@pytest.mark.parametrize(("name", "case"), CASES, ids=[name for name, _ in CASES])
def test_losses_of_tensors_are_pytorchs(name, case):
    loss, args, wrt, options = case
    values, options = tensors(args, wrt, options)

    out = getattr(F, loss)(*values, **options)
    out.backward(tl.tensor(cotangent(tuple(out.shape))))

    check(name, out.detach().numpy(), [values[place].grad.numpy() for place in wrt])


@pytest.mark.parametrize(("name", "case"), CASES, ids=[name for name, _ in CASES])
def test_losses_of_arrays_are_pytorchs(name, case):
    loss, args, _, options = case

    out = getattr(F, loss)(*args, **options)

    assert isinstance(out, np.ndarray | np.generic)
    np.testing.assert_allclose(np.ravel(out), STORED[name]["value"], 1e-9, 1e-12)


@pytest.mark.parametrize("mode", ["source", "tape"])
@pytest.mark.parametrize(("name", "case"), MEANS, ids=[name for name, _ in MEANS])
def test_losses_of_arrays_have_the_same_gradient_on_either_road(name, case, mode):
    loss, args, wrt, options = case
    function = functools.partial(getattr(F, loss), **options)

    def total(*values):
        out = function(*values)
        return np.sum(out * cotangent(np.shape(out)))

    gradients = tl.grad(total, argnums=wrt, mode=mode)(*args)

    check(name, function(*args), gradients)


@pytest.mark.parametrize(("name", "case"), MEANS, ids=[name for name, _ in MEANS])
def test_float32_stays_float32(name, case):
    loss, args, wrt, options = case
    values, options = tensors(args, wrt, options, np.float32)

    out = getattr(F, loss)(*values, **options)
    out.backward(tl.tensor(cotangent(tuple(out.shape)), dtype=tl.float32))

    assert out.dtype == tl.float32
    assert {values[place].grad.dtype for place in wrt} == {tl.float32}
    check(name, out.detach().numpy(), [values[place].grad.numpy() for place in wrt], 2e-3, 1e-5)


def test_labels_of_whole_numbers_do_not_widen_float32():
    x, y = numbers(2, 3).astype(np.float32), np.array([[1, 0, 1], [0, 0, 1]])

    assert F.mse_loss(x, y).dtype == np.float32
    assert F.binary_cross_entropy_with_logits(x, y).dtype == np.float32
    assert F.mse_loss(tl.tensor(x), tl.tensor(y)).dtype == tl.float32
    assert F.binary_cross_entropy_with_logits(tl.tensor(x), tl.tensor(y.astype(bool))).dtype == tl.float32


@pytest.mark.parametrize("mode", ["source", "tape"])
def test_gradients_of_float32_arrays_are_float32(mode):
    x, y = numbers(2, 3).astype(np.float32), np.array([[1, -1, 1], [-1, -1, 1]])

    assert tl.grad(F.hinge_embedding_loss, mode=mode)(x, y).dtype == np.float32
    assert tl.grad(F.smooth_l1_loss, mode=mode)(x, y).dtype == np.float32
    assert tl.grad(F.cross_entropy, mode=mode)(x, np.array([2, 0])).dtype == np.float32


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_cross_entropy_of_large_logits_loses_nothing(dtype):
    logits = np.array([[1e4, 1e4 - 3.0, -1e4]] * 3, dtype)
    x = tl.tensor(logits, requires_grad=True)

    losses = F.cross_entropy(x, tl.tensor([0, 1, 2]), reduction="none")
    losses.sum().backward()

    share = 1.0 / (1.0 + np.exp(-3.0))
    np.testing.assert_allclose(
        losses.tolist(), [-np.log(share), 3 - np.log(share), 2e4 - np.log(share)], 1e-6
    )
    np.testing.assert_allclose(x.grad.numpy().sum(1), 0.0, atol=1e-6)
    np.testing.assert_allclose(x.grad.numpy()[2], [share, 1.0 - share, -1.0], 1e-5)


def test_a_class_that_is_ruled_out_costs_the_others_nothing():
    logits = tl.tensor([[-np.inf, 1.0, 1.0]], requires_grad=True)

    loss = F.cross_entropy(logits, tl.tensor([1]))
    loss.backward()

    assert loss.item() == pytest.approx(np.log(2.0))
    assert logits.grad.tolist() == [[0.0, -0.5, 0.5]]


def test_ignored_samples_have_no_gradient_and_no_part_in_the_mean():
    logits, labels = numbers(4, 3), np.array([0, -100, 2, -100])
    x = tl.tensor(logits, requires_grad=True)

    loss = F.cross_entropy(x, tl.tensor(labels))
    loss.backward()

    assert loss.item() == pytest.approx(float(F.cross_entropy(logits[::2], labels[::2])))
    assert not x.grad.numpy()[1::2].any()


def test_the_mean_of_nothing_is_nan_and_its_gradient_zero():
    x = tl.zeros(2, 3, requires_grad=True)

    loss = F.cross_entropy(x, tl.tensor([-100, -100]))
    loss.backward()

    assert np.isnan(loss.item())
    assert x.grad.tolist() == [[0.0] * 3] * 2
    assert np.isnan(F.mse_loss(tl.zeros(0), tl.zeros(0)).item())
    assert F.cross_entropy(tl.zeros(0, 3), tl.zeros(0, dtype=tl.long), reduction="sum").item() == 0.0


@pytest.mark.parametrize("dtype", ["int64", "int32", "uint8"])
def test_classes_may_be_of_any_integer_type(dtype):
    x, labels = numbers(3, 4), np.array([0, 3, 1])

    assert F.cross_entropy(x, labels.astype(dtype)) == F.cross_entropy(x, labels)
    assert F.nll_loss(tl.tensor(x), tl.tensor(labels.astype(dtype))).item() == F.nll_loss(x, labels)


def test_second_derivatives_agree_with_differences():
    x, labels, soft = numbers(3, 4), np.array([0, 3, 1]), np.full((3, 4), 0.25)
    for loss in (
        lambda z: F.cross_entropy(z, labels, weight=np.array([1.0, 2.0, 0.5, 1.5])),
        lambda z: F.cross_entropy(z, labels, label_smoothing=0.2),
        lambda z: F.cross_entropy(z, soft),
        lambda z: F.binary_cross_entropy_with_logits(z, soft, pos_weight=np.array(3.0)),
        lambda z: F.binary_cross_entropy(0.5 + 0.4 * z, soft),
        lambda z: F.huber_loss(3.0 * z, soft),
        lambda z: F.cosine_similarity(z, soft).sum(),
    ):
        tl.check_grads(loss, (x,), order=2)


def test_soft_targets_and_both_inputs_are_differentiated():
    logits, p = tl.tensor(numbers(2, 3), requires_grad=True), tl.full((2, 3), 1.0 / 3.0, requires_grad=True)

    F.cross_entropy(logits, p.double()).backward()

    assert logits.grad is not None
    assert p.grad is not None


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda x, y: F.mse_loss(x, y), "MseLossBackward0"),
        (lambda x, y: F.l1_loss(x, y), "MeanBackward0"),
        (lambda x, y: F.l1_loss(x, y, reduction="none"), "AbsBackward0"),
        (lambda x, y: F.smooth_l1_loss(x, y), "SmoothL1LossBackward0"),
        (lambda x, y: F.huber_loss(x, y), "HuberLossBackward0"),
        (lambda x, y: F.cross_entropy(x, tl.tensor([0, 1])), "NllLossBackward0"),
        (lambda x, y: F.nll_loss(x, tl.tensor([0, 1])), "NllLossBackward0"),
        (lambda x, y: F.binary_cross_entropy(x.sigmoid(), y.sigmoid()), "BinaryCrossEntropyBackward0"),
        (lambda x, y: F.binary_cross_entropy_with_logits(x, y), "BinaryCrossEntropyWithLogitsBackward0"),
        (lambda x, y: F.kl_div(x, y), "MeanBackward0"),
    ],
)
def test_nodes_have_pytorchs_names(make, name):
    x = tl.tensor(numbers(2, 3), requires_grad=True)

    assert type(make(x, tl.tensor(numbers(2, 3, seed=1))).grad_fn).__name__ == name


X = tl.tensor(numbers(4, 3))
Y = tl.tensor([0, 1, 2, 1])
REFUSED = [
    (lambda: F.mse_loss(X, X, reduction="foo"), ValueError, "foo is not a valid value for reduction"),
    (lambda: F.kl_div(X, X, reduction="foo"), ValueError, "foo is not a valid value for reduction"),
    (lambda: F.mse_loss(X, 1.0), TypeError, "argument 'target' (position 2) must be Tensor, not float"),
    (lambda: F.mse_loss(Y, Y), TypeError, "losses are of floats: the input has dtype"),
    (
        lambda: F.mse_loss(X, X, weight=tl.ones(4, 2)),
        ValueError,
        "Weights and input must have the same size.",
    ),
    (
        lambda: F.huber_loss(X, X, delta=0.0),
        RuntimeError,
        "huber_loss does not support non-positive values for delta.",
    ),
    (
        lambda: F.smooth_l1_loss(X, X, beta=-1.0),
        RuntimeError,
        "smooth_l1_loss does not support negative values for beta.",
    ),
    (
        lambda: F.cross_entropy(X, Y[:3]),
        ValueError,
        "Expected input batch_size (4) to match target batch_size (3).",
    ),
    (
        lambda: F.cross_entropy(X, Y[0]),
        ValueError,
        "Expected input batch_size (4) to match target batch_size (0).",
    ),
    (
        lambda: F.cross_entropy(X, X[:3]),
        ValueError,
        "Expected input batch_size (4) to match target batch_size (3).",
    ),
    (
        lambda: F.cross_entropy(X, Y.double()),
        RuntimeError,
        "expected target dtype to be Long or Byte, but got Double",
    ),
    (
        lambda: F.nll_loss(X, Y.float()),
        RuntimeError,
        "expected target dtype to be Long or Byte, but got Float",
    ),
    (lambda: F.cross_entropy(X, tl.tensor([0, 1, 2, 3])), IndexError, "Target 3 is out of bounds."),
    (lambda: F.cross_entropy(X, tl.tensor([0, 1, 2, -1])), IndexError, "Target -1 is out of bounds."),
    (
        lambda: F.cross_entropy(X, Y, label_smoothing=1.5),
        RuntimeError,
        "label_smoothing must be between 0.0 and 1.0. Got: 1.5",
    ),
    (
        lambda: F.cross_entropy(X, Y, weight=tl.ones(2)),
        RuntimeError,
        "all 3 classes or no classes but got weight tensor of shape: [2]",
    ),
    (
        lambda: F.cross_entropy(X, X, ignore_index=0),
        RuntimeError,
        "ignore_index is not supported for floating point target",
    ),
    (
        lambda: F.cross_entropy(tl.zeros(2, 3, 5), tl.zeros(2, 4, dtype=tl.long)),
        RuntimeError,
        "Expected target size [2, 5], got [2, 4]",
    ),
    (
        lambda: F.cross_entropy(X, None),
        TypeError,
        "cross_entropy_loss(): argument 'target' (position 2) must be Tensor, not NoneType",
    ),
    (lambda: F.cross_entropy(tl.zeros(4, 3, dtype=tl.long), Y), TypeError, "losses are of floats"),
    (lambda: F.nll_loss(tl.tensor(1.0), tl.tensor(1)), ValueError, "Expected 1 or more dimensions (got 0)"),
    (
        lambda: F.binary_cross_entropy(3 * X, 0.0 * X),
        RuntimeError,
        "all elements of input should be between 0 and 1",
    ),
    (
        lambda: F.binary_cross_entropy(0.0 * X, 3 * X),
        RuntimeError,
        "all elements of target should be between 0 and 1",
    ),
    (
        lambda: F.binary_cross_entropy(X, X[:2]),
        ValueError,
        "target size (torch.Size([2, 3])) that is different to the input size (torch.Size([4, 3])) is "
        "deprecated. Please ensure they have the same size.",
    ),
    (
        lambda: F.binary_cross_entropy_with_logits(X, X[:2]),
        ValueError,
        "Target size (torch.Size([2, 3])) must be the same as input size (torch.Size([4, 3]))",
    ),
    (
        lambda: F.cosine_embedding_loss(X, X, tl.ones(4, 1)),
        RuntimeError,
        "0D or 1D target tensor expected, multi-target not supported",
    ),
    (
        lambda: F.cosine_embedding_loss(X, X, tl.ones(3)),
        RuntimeError,
        "The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 0",
    ),
    (lambda: F.gaussian_nll_loss(X, X, -tl.ones(4, 3)), ValueError, "var has negative entry/entries"),
    (lambda: F.gaussian_nll_loss(X, X, tl.ones(4, 2)), ValueError, "var is of incorrect size"),
    (lambda: F.gaussian_nll_loss(X, X, tl.ones(4, 3), reduction="foo"), ValueError, "foo is not valid"),
    (
        lambda: F.triplet_margin_loss(X, X, X, margin=-1.0),
        ValueError,
        "margin must be greater than 0, got -1.0",
    ),
    (
        lambda: F.margin_ranking_loss(X, X[0], tl.ones(4, 3)),
        RuntimeError,
        "margin_ranking_loss : All input tensors should have same dimension but got sizes: "
        "input1: torch.Size([4, 3]), input2: torch.Size([3]), target: torch.Size([4, 3]) ",
    ),
]


@pytest.mark.parametrize(("call", "kind", "text"), REFUSED, ids=[text[:40] for _, _, text in REFUSED])
def test_what_is_refused_is_said_in_pytorchs_words(call, kind, text):
    with pytest.raises(kind, match=re.escape(text)):
        call()


def test_a_wrong_label_is_refused_where_the_function_is_read():
    gradient = tl.grad(F.cross_entropy, mode="source")
    gradient(numbers(2, 3), np.array([0, 1]))

    with pytest.raises(IndexError, match="Target 3 is out of bounds"):
        gradient(numbers(2, 3), np.array([0, 3]))


def test_shapes_that_differ_are_broadcast_with_a_warning():
    for make in (tl.tensor, np.asarray):
        x, y = make(numbers(4, 1)), make(numbers(4))
        for loss in (F.mse_loss, F.l1_loss, F.smooth_l1_loss, F.huber_loss):
            with pytest.warns(
                UserWarning, match=re.escape("target size (torch.Size([4])) that is different")
            ):
                assert loss(x, y, reduction="none").shape == (4, 4)
    with pytest.raises(RuntimeError, match="must match the size"):
        F.mse_loss(tl.zeros(4, 3), tl.zeros(2, 3))


def test_size_average_and_reduce_are_what_they_were():
    for options, expected in (
        ({"size_average": False}, "sum"),
        ({"size_average": True}, "mean"),
        ({"reduce": False}, "none"),
    ):
        with pytest.warns(UserWarning, match=f"please use reduction='{expected}' instead"):
            found = F.mse_loss(X, 0 * X, **options)
        np.testing.assert_array_equal(found.numpy(), F.mse_loss(X, 0 * X, reduction=expected).numpy())


def test_weights_have_no_gradient_and_say_so():
    weight = tl.ones(3, requires_grad=True)
    x = tl.tensor(numbers(4, 3), requires_grad=True)

    with pytest.raises(MissingRuleError, match="weight"):
        F.cross_entropy(x, Y, weight=weight)


def test_cross_entropy_trains_a_linear_classifier_on_either_road():
    x, labels = numbers(20, 4), (numbers(20, 4) @ np.arange(4.0) > 0).astype(int)
    w = np.zeros((4, 2))
    v = tl.zeros(4, 2, dtype=tl.float64, requires_grad=True)
    gradient = tl.value_and_grad(lambda w: F.cross_entropy(x @ w, labels), mode="source")
    first = float(gradient(w)[0])
    for _ in range(30):
        _, g = gradient(w)
        w = w - g
        loss = F.cross_entropy(tl.tensor(x) @ v, tl.tensor(labels))
        loss.backward()
        with tl.no_grad():
            v -= v.grad
        v.grad = None

    assert float(gradient(w)[0]) < 0.3 * first
    np.testing.assert_allclose(v.detach().numpy(), w, 1e-10)


def test_gradients_of_losses_are_printed_in_numpys_words():
    x = numbers(4, 3)
    gradient = tl.grad(lambda x, y: F.mse_loss(x, y), mode="source")
    gradient(x, x)

    assert "(x - y)" in gradient.source
    assert "share" not in gradient.source
    gradient = tl.grad(lambda x, y: F.cross_entropy(x, y), mode="source")
    gradient(x, np.array([0, 1, 2, 1]))
    assert "as_dtype" not in gradient.source
    assert "unbroadcast" not in gradient.source
