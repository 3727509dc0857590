"""state_dict, load_state_dict, functional_call."""

from __future__ import annotations

import copy
from collections import OrderedDict

import numpy as np
import pytest

import tapeless as tl
from tapeless import nn
from tapeless.nn import functional as F  # noqa: N812  (as everybody says)


def net():
    return nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 1))


def test_a_state_dict_shares_memory_and_is_outside_of_the_graph():
    model = net()
    state = model.state_dict()

    assert type(state) is OrderedDict
    assert list(state) == [
        "0.weight",
        "0.bias",
        "1.weight",
        "1.bias",
        "1.running_mean",
        "1.running_var",
        "1.num_batches_tracked",
        "2.weight",
        "2.bias",
    ]
    assert not any(value.requires_grad for value in state.values())
    state["2.bias"].fill_(7.0)
    assert model[2].bias.tolist() == [7.0]
    assert model.state_dict(keep_vars=True)["2.bias"] is model[2].bias
    assert list(nn.Linear(1, 1).state_dict(prefix="a.")) == ["a.weight", "a.bias"]


def test_loading_copies_and_keeps_the_parameters():
    model, other = net(), net()
    model(tl.randn(8, 2))
    weight = other[0].weight
    result = other.load_state_dict(model.state_dict())

    assert str(result) == "<All keys matched successfully>"
    assert other[0].weight is weight
    assert weight.is_leaf
    assert weight.requires_grad
    assert all(
        tl.equal(a, b) for a, b in zip(model.state_dict().values(), other.state_dict().values(), strict=True)
    )
    assert tl.equal(model.eval()(tl.ones(2, 2)), other.eval()(tl.ones(2, 2)))
    model[0].weight.data.zero_()
    assert not tl.equal(model[0].weight, weight)


def test_loading_takes_arrays_and_casts():
    layer = nn.Linear(2, 1)
    layer.load_state_dict({"weight": np.array([[1.0, 2.0]]), "bias": np.array([3])})

    assert layer.weight.tolist() == [[1.0, 2.0]]
    assert layer.bias.dtype == np.float32


def test_all_that_does_not_fit_is_said_at_once_and_nothing_changes():
    layer = nn.Linear(2, 2)
    before = layer.weight.tolist()
    with pytest.raises(RuntimeError) as raised:
        layer.load_state_dict({"weight": tl.ones(3, 3), "bias": 3, "x": tl.ones(1), "y.z": tl.ones(1)})

    assert str(raised.value) == (
        "Error(s) in loading state_dict for Linear:\n"
        '\tUnexpected key(s) in state_dict: "x", "y.z". \n'
        "\tsize mismatch for weight: copying a param with shape torch.Size([3, 3]) from checkpoint, the "
        "shape in current model is torch.Size([2, 2]).\n"
        '\tWhile copying the parameter named "bias", expected torch.Tensor or Tensor-like object from '
        "checkpoint but received <class 'int'>"
    )
    with pytest.raises(RuntimeError) as raised:
        layer.load_state_dict({"weight": tl.zeros(2, 2), "c": tl.ones(1)})
    assert str(raised.value) == (
        "Error(s) in loading state_dict for Linear:\n"
        '\tMissing key(s) in state_dict: "bias". \n'
        '\tUnexpected key(s) in state_dict: "c". '
    )
    assert layer.weight.tolist() == before
    with pytest.raises(TypeError, match="Expected state_dict to be dict-like, got <class 'int'>"):
        layer.load_state_dict(3)
    with pytest.raises(RuntimeError, match="complex numbers do not fit"):
        layer.load_state_dict({"weight": tl.zeros(2, 2) * 1j, "bias": tl.zeros(2)})


def test_loading_part_of_a_state_says_what_was_left():
    layer = nn.Linear(2, 1)
    result = layer.load_state_dict({"bias": tl.ones(1), "more": tl.ones(1)}, strict=False)

    assert result.missing_keys == ["weight"]
    assert result.unexpected_keys == ["more"]
    assert str(result) == "_IncompatibleKeys(missing_keys=['weight'], unexpected_keys=['more'])"
    assert layer.bias.tolist() == [1.0]
    with pytest.raises(RuntimeError, match="size mismatch"):
        layer.load_state_dict({"bias": tl.ones(2)}, strict=False)


def test_loading_may_take_the_tensors_themselves():
    layer, weight = nn.Linear(2, 1).freeze(), tl.ones(1, 2, dtype=tl.float64)
    layer.load_state_dict({"weight": weight, "bias": nn.Parameter(tl.ones(1))}, assign=True)
    weight[0, 0] = 5.0

    assert layer.weight.tolist() == [[5.0, 1.0]]
    assert not layer.weight.requires_grad
    assert type(layer.weight) is nn.Parameter


# functional_call ------------------------------------------------------------------------------------------


def test_a_module_is_called_with_other_values_and_left_as_it_was():
    layer = nn.Linear(2, 1)
    weight = layer.weight
    out = nn.functional_call(layer, {"weight": tl.ones(1, 2), "bias": tl.zeros(1)}, tl.ones(3, 2))

    assert out.tolist() == [[2.0], [2.0], [2.0]]
    assert layer.weight is weight
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        nn.functional_call(layer, {"weight": tl.ones(1, 7)}, (tl.ones(3, 2),))
    assert layer.weight is weight


def test_gradients_flow_to_the_values():
    layer, x = nn.Linear(2, 1), tl.randn(3, 2)
    weight = layer.weight.detach().clone().requires_grad_()
    nn.functional_call(layer, ({"weight": weight}, {"bias": tl.zeros(1)}), (x,)).sum().backward()

    assert layer.weight.grad is None
    assert tl.allclose(weight.grad, x.sum(0, keepdim=True))


def test_tied_parameters_take_one_value():
    layer = nn.Linear(2, 2, bias=False)
    both = nn.Sequential(layer, layer)
    twice = nn.functional_call(both, {"0.weight": 2.0 * tl.eye(2)}, tl.ones(1, 2))

    assert twice.tolist() == [[4.0, 4.0]]


def test_names_that_do_not_exist_are_refused():
    layer = nn.Linear(2, 1)
    with pytest.raises(KeyError, match=r'Unexpected key\(s\): "w"'):
        nn.functional_call(layer, {"w": tl.ones(1)}, tl.ones(1, 2))
    with pytest.raises(KeyError, match=r'Missing key\(s\): "bias"'):
        nn.functional_call(layer, {"weight": tl.ones(1, 2)}, tl.ones(1, 2), strict=True)
    with pytest.raises(ValueError, match="appeared in multiple dictionaries"):
        nn.functional_call(layer, ({"bias": tl.ones(1)}, {"bias": tl.ones(1)}), tl.ones(1, 2))


def test_a_model_of_arrays_has_the_gradient_of_the_model_of_tensors():
    tl.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.LayerNorm(5), nn.Linear(5, 3)).double()
    x, y = np.random.default_rng(0).standard_normal((8, 4)), np.arange(8) % 3
    params = {name: p.detach().numpy().copy() for name, p in model.named_parameters()}

    def loss(params):
        return F.cross_entropy(nn.functional_call(model, params, x), y)

    value, gradients = tl.value_and_grad(loss)(params)
    expected = F.cross_entropy(model(tl.tensor(x)), tl.tensor(y))
    expected.backward()

    assert value == pytest.approx(expected.item(), rel=1e-12)
    for name, parameter in model.named_parameters():
        np.testing.assert_allclose(gradients[name], parameter.grad.numpy(), 1e-10, 1e-13)


def test_running_statistics_may_be_arrays_too():
    model = nn.BatchNorm1d(2).double()
    state = {name: value.numpy().copy() for name, value in model.state_dict().items()}
    x = np.array([[1.0, 2.0], [3.0, 6.0]])
    out = nn.functional_call(model, state, x)

    assert type(out) is np.ndarray
    np.testing.assert_allclose(state["running_mean"], [0.2, 0.4])
    np.testing.assert_allclose(state["running_var"], [1.1, 1.7])
    assert state["num_batches_tracked"] == 1
    assert model.num_batches_tracked == 0


# Read -----------------------------------------------------------------------------------------------------

X, Y = np.random.default_rng(1).standard_normal((6, 4)), np.arange(6) % 3


def arrays(model):
    return {name: p.detach().numpy().copy() for name, p in model.named_parameters()}


def loss_of(model):
    def loss(params, x, y):
        return F.cross_entropy(nn.functional_call(model, params, x), y)

    return loss


def gradients(model):
    model.zero_grad()
    F.cross_entropy(model(tl.tensor(X)), tl.tensor(Y)).backward()
    return {name: p.grad.numpy() for name, p in model.named_parameters()}


def same(found, expected):
    assert found.keys() == expected.keys()
    for name, value in found.items():
        np.testing.assert_allclose(value, expected[name], 1e-10, 1e-13)


def test_a_model_is_read_as_the_operations_of_its_layers():
    model = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3)).double()
    gradient = tl.grad(loss_of(model), mode="source")

    same(gradient(arrays(model), X, Y), gradients(model))
    assert "np.tanh(" in gradient.source
    assert "x @ params_1.T" in gradient.source
    assert "Sequential" not in gradient.source


def test_what_changes_in_a_model_that_was_read_is_seen():
    model = nn.Sequential(nn.Linear(4, 5), nn.ELU(0.5), nn.BatchNorm1d(5), nn.Linear(5, 3)).double()
    gradient = tl.grad(lambda p, s: F.cross_entropy(nn.functional_call(model, (p, s), X), Y), mode="source")

    def found():
        return gradient(arrays(model), {name: b.numpy().copy() for name, b in model.named_buffers()})

    same(found(), gradients(model))
    model.eval()
    same(found(), gradients(model))
    model[1].alpha = 1.5
    same(found(), gradients(model))
    model[1] = nn.Tanh()
    same(found(), gradients(model))
    model.append(nn.Softplus())
    same(found(), gradients(model))
    del model[4]
    model[0] = nn.Linear(4, 5, bias=False).double()
    same(found(), gradients(model))
    model[0].register_forward_hook(lambda module, args, out: 2.0 * out)
    with pytest.raises(tl.errors.TransformError, match="what is called is not known"):
        found()


def test_models_with_hooks_are_recorded():
    model = nn.Sequential(nn.Linear(4, 3)).double()
    model[0].register_forward_hook(lambda module, args, out: 2.0 * out)

    same(tl.grad(loss_of(model))(arrays(model), X, Y), gradients(model))


def test_tied_parameters_are_read_as_one():
    layer = nn.Linear(4, 4).double()
    model = nn.Sequential(layer, nn.Sigmoid(), layer)

    same(tl.grad(loss_of(model), mode="source")(arrays(model), X, Y), gradients(model))


def test_a_model_of_modules_by_name_is_read():
    class Residual(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.ModuleList([nn.Linear(4, 4) for _ in range(3)])
            self.heads = nn.ModuleDict({"out": nn.Linear(4, 3)})
            self.scale = nn.Parameter(tl.full((4,), 0.5))

        def forward(self, x):
            for layer in self.layers:
                x = x + self.scale * F.gelu(layer(x))
            return self.heads["out"](x)

    model = Residual().double()

    same(tl.grad(loss_of(model))(arrays(model), X, Y), gradients(model))


def test_attributes_that_forward_sets_are_set():
    class Remembering(nn.Linear):
        def forward(self, x):
            self.seen = x.shape[0]
            return super().forward(x)

    model = Remembering(4, 3).double()
    with pytest.raises(tl.errors.TransformError, match="the module sets attributes of its own"):
        tl.grad(loss_of(model), mode="source")(arrays(model), X, Y)

    same(tl.grad(loss_of(model))(arrays(model), X, Y), gradients(model))
    assert model.seen == 6


def test_names_that_do_not_exist_are_refused_when_read_too():
    model = nn.Linear(4, 3)
    with pytest.raises(tl.errors.TransformError, match="the module has no w"):
        tl.grad(loss_of(model), mode="source")({"w": np.ones((3, 4))}, X, Y)


@pytest.mark.parametrize("mode", ["auto", "source", "tape"])
def test_buffers_that_are_not_given_are_arrays_among_arrays(mode: str):
    model = nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Linear(5, 3)).double()
    twin = copy.deepcopy(model)
    gradient = tl.grad(loss_of(model), mode=mode)
    for training in (True, False, True):
        model.train(training)
        twin.train(training)

        same(gradient(arrays(model), X, Y), gradients(twin))
        np.testing.assert_allclose(model[1].running_mean, twin[1].running_mean, 1e-12)
        np.testing.assert_allclose(model[1].running_var, twin[1].running_var, 1e-12)
        assert model[1].num_batches_tracked == twin[1].num_batches_tracked
    assert type(nn.functional_call(model, arrays(model), X)) is np.ndarray
    assert type(nn.functional_call(model, arrays(model), tl.tensor(X))) is tl.Tensor
    assert type(model[1].running_mean) is tl.Tensor


def test_a_convolutional_model_is_read():
    layers = nn.Conv2d(1, 2, 2), nn.BatchNorm2d(2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8, 3)
    model = nn.Sequential(*layers).double()
    images = np.random.default_rng(2).standard_normal((6, 1, 5, 5))
    gradient = tl.grad(loss_of(model), mode="source")(arrays(model), images, Y)
    F.cross_entropy(model(tl.tensor(images)), tl.tensor(Y)).backward()

    same(gradient, {name: p.grad.numpy() for name, p in model.named_parameters()})


@pytest.mark.parametrize(
    "first",
    [nn.Flatten(), nn.Tanh(), nn.BatchNorm1d(4, affine=False), nn.Sequential(nn.ReLU(), nn.Softplus())],
)
def test_a_model_whose_first_layers_have_no_parameters_is_read(first: nn.Module):
    model = nn.Sequential(first, nn.Linear(4, 3)).double()
    twin = copy.deepcopy(model)

    same(tl.grad(loss_of(model), mode="source")(arrays(model), X, Y), gradients(twin))
    for buffer, expected in zip(model.buffers(), twin.buffers(), strict=True):
        np.testing.assert_allclose(buffer.numpy(), expected.numpy(), 1e-12)
