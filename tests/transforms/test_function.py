"""Functions as one node of the graph: against the same operations recorded one by one."""

from __future__ import annotations

import numpy as np
import pytest

import tapeless as tl
import tapeless.extend
from tapeless.autograd import forward_ad
from tapeless.graph.array import Array

rng = np.random.default_rng(3)
X, W, B = rng.normal(size=(5, 3)), rng.normal(size=(3, 4)), rng.normal(size=4)


@tl.function
def layer(x, w, b):
    return np.tanh(x @ w + b)


def recorded(x, w, b):
    return (x @ w + b).tanh()


def leaves(requires=(False, True, True)):
    return [tl.from_numpy(a.copy()).requires_grad_(need) for a, need in zip((X, W, B), requires, strict=True)]


def close(found, expected):
    for mine, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(mine.detach().numpy(), theirs.detach().numpy(), rtol=1e-12, atol=1e-14)


def test_on_arrays_it_is_the_plain_function():
    assert type(layer(X, W, B)) is np.ndarray
    assert layer.__name__ == "layer"


def test_a_call_is_one_node_with_the_functions_name():
    x, w, b = leaves()
    y = layer(x, w, b)

    assert y.grad_fn.name() == "layerBackward"
    assert [node.name() for node, _ in y.grad_fn.next_functions] == ["AccumulateGrad"] * 2
    assert layer(x, w.detach(), b.detach()).grad_fn is None
    with tl.no_grad():
        assert layer(x, w, b).requires_grad is False


@pytest.mark.parametrize("requires", [(False, True, True), (True, True, True), (True, False, False)])
def test_gradients_are_those_of_the_recorded_operations(requires):
    wrt = [one for one in leaves(requires) if one.requires_grad]
    found, expected = [], []
    for f, into in ((layer, found), (recorded, expected)):
        given = leaves(requires)
        (f(*given) ** 3).sum().backward()
        into += [one.grad for one in given if one.requires_grad]

    assert len(found) == len(wrt)
    close(found, expected)


@pytest.mark.parametrize("depth", [2, 3])
def test_derivatives_of_derivatives(depth):
    def derivative(f):
        x, w, b = leaves()
        value = (f(x, w, b) ** 3).sum()
        for _ in range(depth - 1):
            grads = tl.autograd.grad(value, [w, b], create_graph=True)
            value = sum((g**2).sum() for g in grads)
        return tl.autograd.grad(value, [w, b])

    close(derivative(layer), derivative(recorded))


def test_forward_mode_and_reverse_over_it():
    tangent = tl.from_numpy(rng.normal(size=W.shape))

    def pushed(f):
        x, w, b = leaves()
        with forward_ad.dual_level():
            out = forward_ad.unpack_dual(f(x, forward_ad.make_dual(w, tangent), b)).tangent
        return [out, *tl.autograd.grad((out**2).sum(), [w, b])]

    close(pushed(layer), pushed(recorded))


def test_several_results_and_containers():
    @tl.function
    def parts(weights, n):
        scaled = weights["w"] * weights["rate"]
        return {"sum": np.sum(scaled, axis=0), "n": n, "both": (scaled, len(weights["w"]))}

    w, rate = tl.from_numpy(W.copy()).requires_grad_(), tl.tensor(0.5, dtype=tl.float64, requires_grad=True)
    out = parts({"w": w, "rate": rate, "name": "kept"}, n=2)
    assert (out["n"], out["both"][1]) == (2, 3)
    (out["sum"].sum() + (out["both"][0] ** 2).sum()).backward()

    np.testing.assert_allclose(w.grad.numpy(), 0.5 + 0.5 * W, rtol=1e-12)
    np.testing.assert_allclose(rate.grad.item(), W.sum() + (W**2).sum(), rtol=1e-12)


def test_methods():
    class Scale:
        def __init__(self, factor):
            self.factor = factor

        @tl.function
        def apply(self, x):
            return x**2 * self.factor

    x = tl.tensor([1.0, 2.0], requires_grad=True)
    Scale(3.0).apply(x).sum().backward()

    assert x.grad.tolist() == [6.0, 12.0]


def test_what_cannot_be_read_is_recorded_behind_the_node():
    def halves(x):
        yield x / 2.0

    @tl.function
    def unreadable(x):
        return sum([np.sum(half**2) for half in halves(x)])

    x = tl.tensor([1.0, 2.0], requires_grad=True)
    (g,) = tl.autograd.grad(unreadable(x), x, create_graph=True)
    assert g.tolist() == [0.5, 1.0]
    assert tl.autograd.grad(g.sum(), x)[0].tolist() == [0.5, 0.5]
    with pytest.raises(tl.errors.TransformError):
        tl.function(unreadable.__wrapped__, mode="source")(x)


def test_a_residual_that_was_written_to_is_noticed():
    x, w, b = leaves((True, True, True))
    y = layer(x, w, b)
    with tl.no_grad():
        w.mul_(2.0)

    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_arrays_keep_what_was_there():
    x = Array(X[0], requires_grad=True)
    y = x * 1.0
    z = tl.function(lambda a: np.sum(a**3))(y)
    y *= 0.0
    z.backward()

    np.testing.assert_allclose(x.grad._data, 3.0 * X[0] ** 2)


def test_the_graph_is_freed_as_any_other():
    x, w, b = leaves()
    y = layer(x, w, b).sum()
    y.backward(retain_graph=True)
    y.backward()
    with pytest.raises(RuntimeError, match="second time"):
        y.backward()


def test_hooks_and_anomaly_mode():
    x, w, b = leaves()
    seen = []
    y = layer(x, w, b)
    y.register_hook(lambda g: seen.append(g.shape) or g * 2.0)
    y.grad_fn.register_hook(lambda grads, _: seen.append(len(grads)))
    with pytest.warns(UserWarning, match="Anomaly"), tl.autograd.detect_anomaly(check_nan=False):
        y.sum().backward()

    assert seen == [(5, 4), 2]
    close([w.grad], [2.0 * tl.autograd.grad(recorded(x, w, b).sum(), w)[0]])


def test_complex_tensors_have_conjugated_gradients():
    z = tl.tensor([1.0 + 2.0j, -0.5j], requires_grad=True)

    @tl.function
    def energy(z):
        return np.sum(np.abs(z) ** 2)

    energy(z).backward()
    np.testing.assert_allclose(z.grad.numpy(), 2.0 * z.detach().numpy(), rtol=1e-6)


def test_functions_within_functions_that_are_read():
    gradient = tl.grad(lambda w: np.sum(layer(X, w, B)))

    np.testing.assert_allclose(gradient(W), X.T @ (1.0 - np.tanh(X @ W + B) ** 2), rtol=1e-12)
    assert "tanh" in gradient.source


def test_what_writes_into_a_tensor_is_refused():
    @tl.function
    def doubled(x):
        x *= 2.0
        return np.sum(x)

    with pytest.raises(TypeError, match="writes into its arguments"):
        doubled(tl.ones(2, requires_grad=True))


def test_only_functions_are_decorated():
    with pytest.raises(TypeError, match="takes a function"):
        tl.function(3.0)


def test_tensors_around_a_function_have_gradients_too():
    scale = tl.tensor([2.0, 3.0], requires_grad=True)

    class Layer:
        def __init__(self):
            self.w = tl.tensor([1.0, -1.0], requires_grad=True)

        @tl.function
        def apply(self, x):
            return np.sum(x * self.w * scale)

    layer_, x = Layer(), tl.tensor([5.0, 7.0], requires_grad=True)
    layer_.apply(x).backward()

    assert x.grad.tolist() == [2.0, -3.0]
    assert layer_.w.grad.tolist() == [10.0, 21.0]
    assert scale.grad.tolist() == [5.0, -7.0]


def test_a_primitive_may_be_a_lambda():
    wave = tl.extend.primitive(lambda x: np.sin(x))
    tl.extend.elementwise(wave, lambda out, x: np.cos(x))
    t = tl.tensor([1.0, 2.0], requires_grad=True)
    wave(t).sum().backward()

    np.testing.assert_allclose(t.grad.numpy(), np.cos([1.0, 2.0]), rtol=1e-6)
