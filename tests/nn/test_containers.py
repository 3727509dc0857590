"""Containers: lists, dictionaries and sequences of modules and parameters."""

from __future__ import annotations

import copy
from collections import OrderedDict

import pytest

import tapeless as tl
from tapeless import nn


def three():
    return nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))


def test_a_sequence_runs_its_modules_one_after_the_other():
    model, x = three(), tl.randn(4, 2)

    assert tl.equal(model(x), model[2](model[1](model[0](x))))
    assert tl.equal(nn.Sequential()(x), x)


def test_modules_are_found_by_place_and_slice():
    model = three()

    assert len(model) == 3
    assert model[-1] is model[2]
    assert isinstance(model[1:], nn.Sequential)
    assert [module is model[place] for place, module in enumerate(model)] == [True] * 3
    assert list(model[1:].state_dict()) == ["2.weight", "2.bias"]  # names stay, as in PyTorch
    with pytest.raises(IndexError, match="index 3 is out of range"):
        model[3]


def test_modules_are_exchanged_added_and_taken_out():
    model = three()
    model[1] = nn.Tanh()
    model.append(nn.Sigmoid()).insert(0, nn.Flatten())
    assert [type(module).__name__ for module in model] == ["Flatten", "Linear", "Tanh", "Linear", "Sigmoid"]

    del model[0]
    assert list(model.state_dict()) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert isinstance(model.pop(), nn.Sigmoid)
    del model[1:]
    assert repr(model) == "Sequential(\n  (0): Linear(in_features=2, out_features=3, bias=True)\n)"
    assert len(model + three()) == 4
    assert model(tl.ones(1, 2)).shape == (1, 3)


def test_a_changed_sequence_runs_what_it_holds_now():
    model = three()
    x = tl.randn(2, 2)
    model(x)
    model[1] = nn.Identity()
    assert tl.equal(model(x), model[2](model[0](x)))

    model.add_module("last", nn.Tanh())
    assert tl.equal(model(x), tl.tanh(model[2](model[0](x))))
    del model.last
    twin = copy.deepcopy(model)
    twin[0] = nn.Identity()
    assert tl.equal(model(x), model[2](model[0](x)))


def test_modules_may_have_names():
    model = nn.Sequential(OrderedDict(first=nn.Linear(2, 2), act=nn.ReLU()))

    assert list(model.state_dict()) == ["first.weight", "first.bias"]
    assert model.act is model[1]


def test_what_is_no_module_is_refused():
    with pytest.raises(TypeError, match="int is not a Module subclass"):
        nn.Sequential(3)
    with pytest.raises(TypeError, match="int is not a Module subclass"):
        nn.ModuleList([3])


def test_a_list_of_modules_prints_neighbours_on_one_line():
    layers = nn.ModuleList([nn.Linear(1, 1), nn.Linear(1, 1), nn.ReLU(), nn.Linear(1, 2)])
    layers += [nn.Linear(1, 2)]

    assert repr(layers) == (
        "ModuleList(\n"
        "  (0-1): 2 x Linear(in_features=1, out_features=1, bias=True)\n"
        "  (2): ReLU()\n"
        "  (3-4): 2 x Linear(in_features=1, out_features=2, bias=True)\n"
        ")"
    )
    assert isinstance(layers[1:3], nn.ModuleList)
    assert len(layers + list(three())) == 8
    assert len(list(layers.parameters())) == 8
    with pytest.raises(
        NotImplementedError, match='Module \\[ModuleList\\] is missing the required "forward"'
    ):
        layers(1)


def test_a_dictionary_of_modules():
    heads = nn.ModuleDict({"a": nn.Linear(1, 1)})
    heads["b"] = nn.ReLU()
    heads.update([("c", nn.Tanh())])

    assert "b" in heads
    assert list(heads) == list(heads.keys()) == ["a", "b", "c"]
    assert [name for name, _ in heads.named_parameters()] == ["a.weight", "a.bias"]
    assert [type(m).__name__ for _, m in heads.items()] == [type(m).__name__ for m in heads.values()]
    assert isinstance(heads.pop("c"), nn.Tanh)
    del heads["b"]
    assert repr(heads) == "ModuleDict(\n  (a): Linear(in_features=1, out_features=1, bias=True)\n)"
    heads.clear()
    assert len(heads) == 0
    for missing in (lambda: heads["a"], lambda: heads.__delitem__("a")):
        with pytest.raises(KeyError, match="a"):
            missing()


def test_parameters_in_lists_and_dictionaries_are_the_models():
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.some = nn.ParameterList([tl.ones(2), nn.Parameter(tl.zeros(1))])
            self.named = nn.ParameterDict({"w": tl.ones(3, 1)})

    model = Model()
    assert [name for name, _ in model.named_parameters()] == ["some.0", "some.1", "named.w"]
    assert len(model.some) == 2
    assert model.some[0] is next(iter(model.some))
    model.some[1] = tl.ones(4)
    model.named["v"] = tl.ones(1)
    assert list(model.state_dict()["some.1"].shape) == [4]
    assert list(model.named) == list(model.named.keys()) == ["w", "v"]
    assert "v" in model.named
    del model.named["v"]
    assert len(model.named) == len(list(model.named.items())) == len(list(model.named.values())) == 1
    assert repr(model.some) == (
        "ParameterList(\n"
        "  (0): Parameter containing: [torch.FloatTensor of size 2]\n"
        "  (1): Parameter containing: [torch.FloatTensor of size 4]\n"
        ")"
    )
    assert "(w): Parameter containing: [torch.FloatTensor of size 3x1]" in repr(model.named)
