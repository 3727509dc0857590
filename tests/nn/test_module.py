"""Module: attributes, what is listed, training, hooks, printing, copies; messages in PyTorch's words."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import tapeless as tl
from tapeless import nn


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(2, 2)
        self.scale = nn.Parameter(tl.ones(2))
        self.register_buffer("seen", tl.zeros(1))
        self.register_buffer("scratch", tl.zeros(1), persistent=False)
        self.register_parameter("none", None)
        self.size = 2

    def forward(self, x):
        return self.scale * self.inner(x)


def net():
    return nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))


# Attributes -----------------------------------------------------------------------------------------------


def test_parameters_buffers_and_modules_are_listed_in_the_order_in_which_they_were_set():
    block = Block()

    assert [name for name, _ in block.named_parameters()] == ["scale", "inner.weight", "inner.bias"]
    assert [name for name, _ in block.named_buffers()] == ["seen", "scratch"]
    assert [name for name, _ in block.named_modules()] == ["", "inner"]
    assert [name for name, _ in block.named_children()] == ["inner"]
    assert [name for name, _ in block.named_parameters(prefix="a", recurse=False)] == ["a.scale"]
    assert list(block.state_dict()) == ["scale", "seen", "inner.weight", "inner.bias"]
    assert next(iter(block.parameters())) is block.scale
    assert list(block.buffers(recurse=False)) == [block.seen, block.scratch]


def test_what_is_shared_is_listed_once():
    layer = nn.Linear(2, 2)
    both = nn.Sequential(layer, layer)

    assert len(list(both.parameters())) == 2
    assert [name for name, _ in both.named_modules()] == ["", "0"]
    assert [name for name, _ in both.named_modules(remove_duplicate=False)] == ["", "0", "1"]
    assert [name for name, _ in both.named_parameters(remove_duplicate=False)] == [
        "0.weight",
        "0.bias",
        "1.weight",
        "1.bias",
    ]
    assert list(both.state_dict()) == ["0.weight", "0.bias", "1.weight", "1.bias"]


def test_setting_anew_keeps_the_place_and_deleting_forgets():
    block = Block()
    block.scale = nn.Parameter(tl.zeros(2))
    assert next(block.parameters()).tolist() == [0.0, 0.0]

    block.scale = None
    assert [name for name, _ in block.named_parameters()] == ["inner.weight", "inner.bias"]

    del block.scale
    assert not hasattr(block, "scale")
    block.scale = 3.0  # a plain attribute now
    assert [name for name, _ in block.named_parameters()] == ["inner.weight", "inner.bias"]


def test_a_name_is_of_one_kind():
    block = Block()
    block.scale = nn.Linear(1, 1)
    assert [name for name, _ in block.named_children()] == ["inner", "scale"]

    block.scale = nn.Buffer(tl.zeros(1), persistent=False)
    assert [name for name, _ in block.named_children()] == ["inner"]
    assert [name for name, _ in block.named_buffers()] == ["seen", "scratch", "scale"]
    assert "scale" not in block.state_dict()


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (
            lambda m: setattr(m, "scale", tl.ones(1)),
            TypeError,
            "cannot assign 'torch.FloatTensor' as parameter 'scale' (torch.nn.Parameter or None expected)",
        ),
        (
            lambda m: setattr(m, "inner", 3),
            TypeError,
            "cannot assign 'int' as child module 'inner' (torch.nn.Module or None expected)",
        ),
        (
            lambda m: setattr(m, "seen", 3),
            TypeError,
            "cannot assign 'int' as buffer 'seen' (torch.nn.Buffer, torch.Tensor or None expected)",
        ),
        (lambda m: m.missing, AttributeError, "'Block' object has no attribute 'missing'"),
        (lambda m: m.register_parameter(3, None), TypeError, "parameter name should be a string. Got int"),
        (lambda m: m.register_parameter("forward", None), KeyError, "attribute 'forward' already exists"),
        (lambda m: m.register_buffer("a.b", None), KeyError, 'buffer name can\'t contain "."'),
        (lambda m: m.register_buffer("", None), KeyError, 'buffer name can\'t be empty string ""'),
        (
            lambda m: m.register_buffer("q", 3),
            TypeError,
            "cannot assign 'int' object to buffer 'q' (torch Tensor or None required)",
        ),
        (
            lambda m: m.register_parameter("q", tl.ones(1)),
            TypeError,
            "cannot assign 'torch.FloatTensor' object to parameter 'q' (torch.nn.Parameter or None required)",
        ),
        (lambda m: m.add_module("a.b", None), KeyError, 'module name can\'t contain ".", got: a.b'),
        (lambda m: m.add_module("q", 3), TypeError, "int is not a Module subclass"),
        (lambda m: m.train(1), ValueError, "training mode is expected to be boolean"),
        (
            lambda m: nn.Module()(1),
            NotImplementedError,
            'Module [Module] is missing the required "forward" function',
        ),
        (lambda m: m.get_submodule("inner.x"), AttributeError, "Linear has no attribute `x`"),
        (lambda m: m.get_submodule("scale"), AttributeError, "`scale` is not an nn.Module"),
        (lambda m: m.get_parameter("seen"), AttributeError, "`seen` is not an nn.Parameter"),
        (lambda m: m.get_buffer("scale"), AttributeError, "`scale` is not a buffer"),
        (
            lambda m: m.to(tl.int64),
            TypeError,
            "nn.Module.to only accepts floating point or complex dtypes, but got desired dtype=torch.int64",
        ),
        (lambda m: m.register_forward_hook(3), TypeError, "a hook must be callable: int is not"),
        (lambda m: m._parameters.__setitem__("a", None), AttributeError, "__setitem__"),
    ],
)
def test_what_is_refused_is_said_in_pytorchs_words(change, error, message):
    with pytest.raises(error) as raised:
        change(Block())

    assert message in str(raised.value.args[0])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (lambda: nn.Parameter(tl.ones(1)), "cannot assign parameters before Module.__init__() call"),
        (lambda: nn.Linear(1, 1), "cannot assign module before Module.__init__() call"),
        (lambda: nn.Buffer(tl.ones(1)), "cannot assign buffer before Module.__init__() call"),
    ],
)
def test_attributes_wait_for_init(value, message):
    class Early(nn.Module):
        def __init__(self):
            self.plain = 1  # is fine
            self.value = value()

    with pytest.raises(AttributeError, match=message.replace("(", r"\(").replace(")", r"\)")):
        Early()


def test_parts_are_found_by_their_dotted_names():
    model = nn.Sequential(Block(), nn.ReLU())

    assert model.get_submodule("0.inner") is model[0].inner
    assert model.get_submodule("") is model
    assert model.get_parameter("0.inner.weight") is model[0].inner.weight
    assert model.get_buffer("0.seen") is model[0].seen


# Training -------------------------------------------------------------------------------------------------


def test_train_and_eval_reach_all_modules_and_return_the_module():
    model = nn.Sequential(nn.Sequential(nn.Dropout(0.5)), nn.BatchNorm1d(2))
    assert model.training

    assert model.eval() is model
    assert [module.training for module in model.modules()] == [False] * 4
    assert all(module.training for module in model.train().modules())


def test_frozen_parameters_get_no_gradient():
    model = net()
    assert model[0].freeze() is model[0]
    model(tl.ones(4, 2)).sum().backward()

    assert model[0].weight.grad is None
    assert model[2].weight.grad is not None
    assert all(p.requires_grad for p in model.unfreeze().parameters())
    assert not any(p.requires_grad for p in model.requires_grad_(False).parameters())


def test_zero_grad_forgets_gradients_or_fills_them_with_zeros():
    model = net()
    model(tl.ones(4, 2)).sum().backward()
    kept = model[2].bias.grad
    model.zero_grad(set_to_none=False)
    assert kept is model[2].bias.grad
    assert kept.tolist() == [0.0]

    model.zero_grad()
    assert all(p.grad is None for p in model.parameters())


def test_zero_grad_cuts_gradients_off_their_graph():
    model = nn.Linear(1, 1)
    loss = (model(tl.ones(1, 1)) ** 2).sum()
    (model.weight.grad,) = tl.autograd.grad(loss, model.weight, create_graph=True)
    assert model.weight.grad.grad_fn is not None

    model.zero_grad(set_to_none=False)

    assert model.weight.grad.grad_fn is None


def test_apply_goes_from_the_inside_out():
    names = []
    model = nn.Sequential(nn.Sequential(nn.ReLU()), nn.Tanh())

    assert model.apply(lambda module: names.append(type(module).__name__)) is model
    assert names == ["ReLU", "Sequential", "Tanh", "Sequential"]


@pytest.mark.parametrize(
    "change", [lambda m: m.double(), lambda m: m.to(tl.float64), lambda m: m.to(tl.ones(1, dtype=tl.float64))]
)
def test_changing_the_dtype_keeps_the_parameters_themselves(change):
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    weight, values = model[0].weight, model[0].weight.detach().clone()
    model(tl.randn(4, 2)).sum().backward()

    assert change(model) is model
    assert model[0].weight is weight
    assert (
        {p.dtype for p in model.parameters()}
        == {p.grad.dtype for p in model.parameters()}
        == {np.dtype("f8")}
    )
    assert model[1].running_mean.dtype == np.float64
    assert model[1].num_batches_tracked.dtype == np.int64
    assert tl.allclose(weight.detach(), values.double())
    model.zero_grad()
    model(tl.randn(4, 2).double()).sum().backward()
    assert weight.grad.dtype == np.float64
    assert model.half()[0].weight.dtype == np.float16
    assert model.float()[0].weight.dtype == np.float32


def test_other_devices_than_the_processor_are_refused():
    assert net().to("cpu").cpu() is not None
    with pytest.raises(RuntimeError, match="device 'cpu', not 'cuda'"):
        net().to("cuda")


# Hooks ----------------------------------------------------------------------------------------------------


def test_hooks_see_and_replace_arguments_and_results():
    layer = nn.Linear(2, 1)
    seen = []
    before = layer.register_forward_pre_hook(lambda module, args: (args[0] * 0.0,))
    after = layer.register_forward_hook(lambda module, args, out: seen.append((module is layer, args, out)))
    out = layer(tl.ones(1, 2))

    assert out.tolist() == [layer.bias.tolist()]
    assert seen[0][0]
    assert seen[0][1][0].tolist() == [[0.0, 0.0]]
    assert seen[0][2] is out

    before.remove()
    layer.register_forward_hook(lambda module, args, out: out * 2.0)
    doubled = layer(tl.ones(1, 2))
    after.remove()
    assert len(seen) == 2
    assert doubled.item() == 2.0 * layer.forward(tl.ones(1, 2)).item()


def test_hooks_run_in_order_and_may_be_put_first():
    layer, order = nn.Identity(), []
    layer.register_forward_hook(lambda *_: order.append("second"))
    layer.register_forward_hook(lambda *_: order.append("third"))
    layer.register_forward_hook(lambda *_: order.append("first"), prepend=True)
    layer(1)

    assert order == ["first", "second", "third"]


def test_hooks_may_take_keyword_arguments():
    class Scaled(nn.Module):
        def forward(self, x, factor=1.0):
            return x * factor

    layer, seen = Scaled(), []
    layer.register_forward_pre_hook(lambda m, args, kwargs: (args, {"factor": 3.0}), with_kwargs=True)
    layer.register_forward_hook(lambda m, args, kwargs, out: seen.append(kwargs), with_kwargs=True)

    assert layer(2.0, factor=5.0) == 6.0
    assert seen == [{"factor": 3.0}]

    layer.register_forward_pre_hook(lambda m, args, kwargs: 3, with_kwargs=True)
    with pytest.raises(RuntimeError, match="must return None or a tuple of"):
        layer(2.0)


def test_a_hook_may_be_registered_for_a_block_only():
    layer, seen = nn.Identity(), []
    with layer.register_forward_pre_hook(lambda m, args: seen.append(args)):
        layer(1)
    layer(2)

    assert seen == [(1,)]


# Text and copies ------------------------------------------------------------------------------------------


def test_modules_print_nested():
    class Two(nn.Module):
        def extra_repr(self):
            return "a\nb"

    assert repr(nn.Sequential(nn.Sequential(Two(), nn.ReLU()), Block())) == (
        "Sequential(\n"
        "  (0): Sequential(\n"
        "    (0): Two(\n"
        "      a\n"
        "      b\n"
        "    )\n"
        "    (1): ReLU()\n"
        "  )\n"
        "  (1): Block(\n"
        "    (inner): Linear(in_features=2, out_features=2, bias=True)\n"
        "  )\n"
        ")"
    )
    assert repr(nn.Sequential()) == "Sequential()"


def test_copies_have_parameters_of_their_own():
    model = nn.Sequential(Block(), nn.BatchNorm1d(2))
    model(tl.randn(4, 2)).sum().backward()
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(nn.Sequential(nn.Linear(2, 2))))):
        for _name, parameter in other.named_parameters():
            assert type(parameter) is nn.Parameter
            assert parameter.requires_grad
            assert parameter.grad is None
        other.add_module("more", nn.ReLU())
    twin = copy.deepcopy(model)
    with tl.no_grad():
        twin[0].scale.zero_()

    assert model[0].scale.tolist() == [1.0, 1.0]
    assert len(model) == 2
    assert tl.equal(twin[1].running_mean, model[1].running_mean)
    assert twin[1].running_mean is not model[1].running_mean


def test_a_pickled_module_computes_the_same():
    model = nn.Sequential(nn.Linear(2, 3), nn.LayerNorm(3), nn.Dropout(0.3), nn.GELU()).eval()
    other = pickle.loads(pickle.dumps(model))
    x = tl.randn(4, 2)

    assert tl.equal(model(x), other(x))
    assert not other.training
    assert repr(other) == repr(model)


def test_deep_copies_keep_what_is_shared_shared():
    layer = nn.Linear(2, 2)
    twin = copy.deepcopy(nn.Sequential(layer, layer))

    assert twin[0] is twin[1]
    assert twin[0] is not layer
