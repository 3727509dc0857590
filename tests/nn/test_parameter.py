"""Parameters and buffers: Tensors that know what they are."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import tapeless as tl
from tapeless import nn


def test_a_parameter_is_a_leaf_tensor_that_requires_grad():
    p = nn.Parameter(tl.tensor([1.0, 2.0]))

    assert isinstance(p, tl.Tensor)
    assert p.is_leaf
    assert p.requires_grad
    assert repr(p) == "Parameter containing:\ntensor([1., 2.], requires_grad=True)"
    assert not nn.Parameter(tl.ones(1), requires_grad=False).requires_grad
    with tl.no_grad():
        assert nn.Parameter(tl.ones(1)).requires_grad


def test_a_parameter_shares_the_memory_that_it_is_made_of():
    x = tl.zeros(2)
    p, q = nn.Parameter(x), nn.Parameter(np.zeros(2))
    x[0] = 5.0

    assert p.tolist() == [5.0, 0.0]
    assert q.dtype == np.float64
    assert nn.Parameter().shape == (0,)


def test_whole_numbers_get_no_gradient():
    with pytest.raises(RuntimeError, match="Only Tensors of floating point and complex dtype can require"):
        nn.Parameter(tl.tensor([1]))

    assert nn.Parameter(tl.tensor([1]), requires_grad=False).tolist() == [1]


@pytest.mark.parametrize(
    "operation",
    [
        lambda p: p * 2.0,
        lambda p: 2.0 - p,
        lambda p: tl.ones(2) * p,
        lambda p: p * p,
        lambda p: p.sum(),
        lambda p: p[0],
        lambda p: p.view(2, 1),
        lambda p: p.detach(),
        lambda p: p.data,
        lambda p: p.clone(),
        lambda p: np.sin(p),
        lambda p: p.double(),
        lambda p: tl.zeros_like(p),
    ],
)
def test_what_operations_give_is_no_parameter(operation):
    assert type(operation(nn.Parameter(tl.ones(2)))) is tl.Tensor


def test_operations_record_the_same_on_parameters_as_on_tensors():
    p, x = nn.Parameter(tl.tensor([1.0, 2.0])), tl.tensor([1.0, 2.0], requires_grad=True)
    for leaf in (p, x):
        other = tl.tensor([3.0, 4.0])
        out = (other * leaf + leaf / other - leaf * leaf).sum()
        out.backward()
        (second,) = tl.autograd.grad((leaf**3 * leaf).sum(), leaf, create_graph=True)
        second.sum().backward()

    assert tl.equal(p.grad, x.grad)
    assert p.grad.tolist() == pytest.approx([3.0 + 1 / 3 - 2.0 + 12.0, 4.0 + 1 / 4 - 4.0 + 48.0])


def test_updates_in_place_keep_it_a_parameter():
    p = nn.Parameter(tl.ones(2))
    same = p
    with tl.no_grad():
        p -= 0.5
    p.data = tl.full((3,), 7.0)

    assert p is same
    assert type(p) is nn.Parameter
    assert p.tolist() == [7.0, 7.0, 7.0]
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad is being used in an in-place"):
        p += 1.0


def test_parameters_are_copied_and_pickled_as_parameters():
    p = nn.Parameter(tl.tensor([1.0, 2.0]), requires_grad=False)
    p.grad = tl.ones(2)
    for other in (copy.deepcopy(p), copy.copy(p), pickle.loads(pickle.dumps(p))):
        assert type(other) is nn.Parameter
        assert other.tolist() == [1.0, 2.0]
        assert not other.requires_grad
        assert other.grad is None
    twin = copy.deepcopy([p, p])
    assert twin[0] is twin[1]


def test_buffers_keep_whether_they_are_saved():
    buffer = nn.Buffer(tl.ones(2), persistent=False)
    for other in (copy.deepcopy(buffer), copy.copy(buffer), pickle.loads(pickle.dumps(buffer))):
        assert type(other) is nn.Buffer
        assert not other.persistent
        assert other.tolist() == [1.0, 1.0]
    assert type(buffer + 1.0) is tl.Tensor
