"""Functions that find Tensors around them: one node with these as inputs, against recorded operations."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

import tapeless as tl
from tapeless import nn
from tapeless.autograd import forward_ad
from tapeless.autograd import graph as autograd_graph

rng = np.random.default_rng(5)
scale = tl.tensor([2.0, 3.0], requires_grad=True)


def normal(*shape):
    return tl.from_numpy(rng.normal(size=shape)).requires_grad_()


class Layer:
    def __init__(self, n_in=2, n_out=2):
        self.w = normal(n_in, n_out)
        self.pairs = [(normal(n_out), normal(n_out)) for _ in range(2)]
        self.named = {"shift": normal(n_out), "kind": "tanh"}

    def plain(self, x):
        h = x @ self.w
        for left, right in self.pairs:
            h = np.tanh(h * left) + right
        return h + self.named["shift"]

    apply = tl.function(plain)

    def parameters(self):
        return [self.w, *[one for pair in self.pairs for one in pair], self.named["shift"]]


def agree(function, plain, wrt, order=1):
    found, expected = [], []
    for f, into in ((function, found), (plain, expected)):
        value = (f() ** 2).sum()
        for _ in range(order - 1):
            value = sum((g**2).sum() for g in tl.autograd.grad(value, wrt, create_graph=True))
        into += tl.autograd.grad(value, wrt)
    for mine, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(mine.numpy(), theirs.numpy(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("order", [1, 2])
def test_attributes_and_what_is_in_lists_and_dicts_there(order):
    layer, x = Layer(), normal(3, 2)
    y = layer.apply(x)

    assert y.grad_fn.name() == "plainBackward"
    assert len(y.grad_fn.next_functions) == 7
    agree(lambda: layer.apply(x), lambda: layer.plain(x), [x, *layer.parameters()], order)


def test_each_object_has_its_own():
    first, second, x = Layer(), Layer(), normal(3, 2)
    for layer in (first, second, first):
        agree(lambda layer=layer: layer.apply(x), lambda layer=layer: layer.plain(x), layer.parameters())


def test_forward_mode():
    layer, tangent = Layer(), tl.from_numpy(rng.normal(size=(3, 2)))

    def pushed(f):
        with forward_ad.dual_level():
            return forward_ad.unpack_dual(f(forward_ad.make_dual(tl.ones(3, 2, dtype=tl.float64), tangent)))

    np.testing.assert_allclose(pushed(layer.apply)[1].detach(), pushed(layer.plain)[1].detach(), rtol=1e-12)


def test_another_tensor_in_the_place_is_seen():
    layer, x = Layer(), normal(3, 2)
    layer.apply(x)
    layer.w = normal(2, 2)
    layer.named["shift"] = normal(2)
    layer.pairs[0] = (normal(2), normal(2))

    agree(lambda: layer.apply(x), lambda: layer.plain(x), layer.parameters())


def test_another_kind_of_thing_in_the_place_is_seen():
    layer, x = Layer(), normal(3, 2)
    layer.apply(x)
    layer.named["shift"] = np.ones(2)
    layer.pairs.append((normal(2), normal(2)))
    wrt = [x, layer.w, *[one for pair in layer.pairs for one in pair]]

    agree(lambda: layer.apply(x), lambda: layer.plain(x), wrt)
    assert layer.apply(x).grad_fn.name() == "plainBackward"


def test_tied_weights_that_part():
    class Tied:
        def __init__(self):
            self.a = self.b = normal(2)

        @tl.function
        def apply(self, x):
            return np.tanh(x * self.a) * self.b

    tied, x = Tied(), normal(2)
    agree(lambda: tied.apply(x), lambda: np.tanh(x * tied.a) * tied.b, [tied.a])
    tied.b = normal(2)
    agree(lambda: tied.apply(x), lambda: np.tanh(x * tied.a) * tied.b, [tied.a, tied.b])


def test_globals_and_closures():
    weight, shifts = normal(2), {"a": normal(2)}

    @tl.function
    def scaled(x, *rest, power=2, **named):
        return (x * weight) ** power * scale + shifts["a"] * rest[0] + named["last"]

    x, rest = normal(2), np.ones(2)
    y = scaled(x, rest, last=x)
    assert y.grad_fn.name() == "scaledBackward"
    agree(
        lambda: scaled(x, rest, last=x, power=3),
        lambda: (x * weight) ** 3 * scale + shifts["a"] + x,
        [x, weight, scale, shifts["a"]],
    )


def test_where_no_tensor_is_given_from_the_second_call_on():
    layer, x = Layer(), rng.normal(size=(3, 2))
    names = [layer.apply(x).grad_fn.name() for _ in range(2)]

    assert names == ["AddBackward0", "plainBackward"]
    agree(lambda: layer.apply(x), lambda: layer.plain(x), layer.parameters())


def test_without_grad_nothing_is_recorded():
    layer, x = Layer(), normal(3, 2)
    layer.apply(x)
    with tl.no_grad():
        y = layer.apply(x)

    assert y.grad_fn is None
    np.testing.assert_array_equal(y.numpy(), layer.plain(x).detach().numpy())


def test_functions_that_it_calls_and_modules():
    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.LayerNorm(4), nn.Linear(4, 2))
            self.scale = nn.Parameter(tl.ones(2))
            self.register_buffer("shift", tl.ones(2))

        def forward(self, x):
            return self.layers(x) * self.scale + self.shift

    model = Network().double()
    loss = tl.function(lambda x, y: nn.functional.cross_entropy(model(x), y))
    x, y = normal(5, 3), tl.tensor([0, 1, 1, 0, 1])
    wrt = [x, *model.parameters()]

    assert len(loss(x, y).grad_fn.next_functions) == 8
    agree(lambda: loss(x, y), lambda: nn.functional.cross_entropy(model(x), y), wrt)
    agree(lambda: tl.function(model)(x), lambda: model(x), wrt)


def test_what_cannot_be_read_is_recorded():
    layer = Layer()

    def halves(x):
        yield x @ layer.w

    unreadable = tl.function(lambda x: sum([np.sum(half**2) for half in halves(x)]))
    x = normal(3, 2)

    agree(lambda: unreadable(x), lambda: ((x @ layer.w) ** 2).sum(), [x, layer.w])


def test_methods_that_mean_something_else_of_tensors_are_recorded_on_tensors():
    class Turned(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(3, 3)

        def forward(self, x):
            return self.linear(x).transpose(0, 1).std(0)

    model = Turned().double()
    turned, x = tl.function(model), normal(3, 3)

    for _ in range(2):
        agree(lambda: turned(x), lambda: model(x), [x, *model.parameters()])
    assert "the method .transpose" in str(turned.explain())


FORWARDS = {
    "float": lambda w, x: x * w * float(w.sum()),
    "item": lambda w, x: x * w * w.sum().item(),
    "a question about the input": lambda w, x: x * w if isinstance(x, tl.Tensor) else 3.0 * x * w,
    "a question about the weight": lambda w, x: x * w if isinstance(w, nn.Parameter) else 3.0 * x * w,
    "type": lambda w, x: x * w if type(x) is tl.Tensor else 3.0 * x * w,
    "detach": lambda w, x: x * w.detach() * w,
    "data": lambda w, x: x * w.data * w,
    "largest": lambda w, x: (x * w).max(1)[0],
    "sizes": lambda w, x: x * w / len(w) * x.shape[0] * x.size(0),
    "branch": lambda w, x: x * w if w[0] > 0 else -x * w**2,
    "names of Tensors' functions": lambda w, x: tl.relu(x * w) + tl.cat([x, x], 0).sum(0),
}


@pytest.mark.parametrize("name", FORWARDS)
@pytest.mark.parametrize("needs", [False, True])
def test_a_module_that_is_written_for_tensors_is_what_it_is_without(name, needs):
    class Written(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(normal(3).detach())

        def forward(self, x):
            return FORWARDS[name](self.w, x)

    model = Written()
    function, x = tl.function(model), normal(4, 3).detach().requires_grad_(needs)
    for _ in range(2):
        np.testing.assert_allclose(function(x).detach(), model(x).detach(), rtol=1e-12)
        agree(lambda: function(x), lambda: model(x), [model.w])
        with tl.no_grad():
            np.testing.assert_allclose(function(x), model(x), rtol=1e-12)


def test_what_is_written_around_it():
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4)).double()
    x, function = normal(5, 3), tl.function(model)
    function(x)
    seen = [model[1].running_mean.clone()]
    y = function(x)
    seen.append(model[1].running_mean.clone())

    assert not np.allclose(*seen)
    model.eval()
    agree(lambda: function(x), lambda: model(x), [x, *model.parameters()])
    np.testing.assert_allclose(tl.autograd.grad(y.sum(), x)[0].numpy(), np.zeros((5, 3)), atol=1e-12)


def test_the_text_and_how_it_came_about():
    layer = Layer()
    layer.apply(normal(3, 2))

    assert "plain_backward" in Layer.__dict__["apply"].source
    assert "plain" in str(Layer.__dict__["apply"].explain())


def test_objects_are_not_kept_alive():
    class Small:
        def __init__(self):
            self.w = normal(2)

        @tl.function
        def apply(self, x):
            return x * self.w

    small = Small()
    small.apply(normal(2)).sum().backward()
    seen = weakref.ref(small)
    del small
    gc.collect()

    assert seen() is None


# On arrays ------------------------------------------------------------------------------------------------


def test_frozen_tensors_are_constants_of_gradients_on_arrays():
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).double().freeze()
    shift, x = tl.ones(2, dtype=tl.float64), normal(5, 3)
    gradient = tl.grad(lambda x: np.sum((model(x) + shift) ** 2), mode="source")

    def check():
        (expected,) = tl.autograd.grad(((model(x) + shift) ** 2).sum(), x)
        np.testing.assert_allclose(gradient(x.detach().numpy()), expected, rtol=1e-12)

    check()
    with tl.no_grad():
        model[0].weight.mul_(2.0)
        shift.add_(1.0)
    check()
    model[2] = nn.Linear(4, 2).double().freeze()
    check()
    model.unfreeze()  # now they are no constants
    with pytest.raises((tl.errors.TransformError, RuntimeError)):
        gradient(x.detach().numpy())


def test_methods_beside_constant_tensors_are_those_of_tensors():
    shift = tl.ones(2, dtype=tl.float64)

    with pytest.raises(tl.errors.TransformError, match=r"the method \.std"):
        tl.grad(lambda x: (x + shift).std(), mode="source")(np.array([1.0, 3.0]))


# Of any graph function ------------------------------------------------------------------------------------


def test_saved_tensors_hooks_see_the_residuals():
    layer, x, packed = Layer(), normal(3, 2), []
    with autograd_graph.saved_tensors_hooks(lambda t: packed.append(t.shape) or t, lambda t: t):
        y = layer.apply(x)
    (mine,) = tl.autograd.grad(y.sum(), layer.w)

    assert packed
    np.testing.assert_allclose(mine, tl.autograd.grad(layer.plain(x).sum(), layer.w)[0], rtol=1e-12)


def test_mutation_of_what_is_saved():
    layer, x = Layer(), normal(3, 2)
    (expected,) = tl.autograd.grad(layer.plain(x).sum(), x)
    with autograd_graph.allow_mutation_on_saved_tensors():
        y = layer.apply(x)
        with tl.no_grad():
            layer.w.mul_(2.0)
        (found,) = tl.autograd.grad(y.sum(), x)

    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_second_derivatives_need_the_arguments_as_they_were():
    x = tl.graph.array.Array(rng.normal(size=2), requires_grad=True)
    y = x * 1.0
    z = tl.function(lambda a: np.sum(a**3))(y)
    y *= 2.0

    with pytest.raises(RuntimeError, match="written to since"):
        tl.autograd.grad(z, x, create_graph=True)
