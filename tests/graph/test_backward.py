"""`backward` and `grad`: what they take, what they give, what they refuse."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import tapeless as tl
from tapeless.autograd import backward, grad

SECOND_TIME = "Trying to backward through the graph a second time"


@pytest.fixture
def x():
    return tl.ones(2, requires_grad=True)


# backward -------------------------------------------------------------------------------------------------


def test_gradients_of_several_tensors_add_up(x):
    backward([x.sum(), (x * 2).sum()])
    backward([x * 1, (x * 2).sum()], [tl.ones(2), None])

    assert x.grad.tolist() == [6.0, 6.0]


def test_a_gradient_accumulates_in_place_unless_it_is_differentiable(x):
    (x * x).sum().backward()
    first = x.grad
    (x * x).sum().backward()
    second = x.grad
    with pytest.warns(
        UserWarning, match=r"Using backward\(\) with create_graph=True will create a reference cycle"
    ):
        (x * x).sum().backward(create_graph=True)
    third = x.grad
    x.grad = None

    assert first is second
    assert third is not second
    assert third.requires_grad
    assert (second.tolist(), third.tolist()) == ([4.0, 4.0], [6.0, 6.0])


def test_the_gradient_is_no_alias_of_what_was_given(x):
    weight = tl.ones(2)
    x.backward(weight)
    x.grad.mul_(5)

    assert weight.tolist() == [1.0, 1.0]


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_one_element_needs_no_weight(shape):
    x = tl.ones(shape, requires_grad=True)
    (x * 2).backward()

    assert x.grad.shape == shape
    assert x.grad.item() == 2.0


@pytest.mark.parametrize("weight", [tl.ones(2).double(), tl.ones(2).long()])
def test_weights_are_cast_to_the_outputs_dtype(x, weight):
    (x * 2).backward(weight)

    assert x.grad.dtype == tl.float32
    assert x.grad.tolist() == [2.0, 2.0]


def test_inputs_restrict_what_accumulates(x):
    w = tl.ones(2, requires_grad=True)
    y = x * w
    y.sum().backward(inputs=[x], retain_graph=True)

    assert x.grad.tolist() == [1.0, 1.0]
    assert w.grad is None
    y.sum().backward(inputs=w)
    assert w.grad.tolist() == [1.0, 1.0]


def test_inputs_may_be_non_leaves(x):
    y = x * 2
    z = (y * 3).sum()
    z.backward(inputs=[y, x], retain_graph=True)
    z.backward(inputs=y)

    assert y.grad.tolist() == [6.0, 6.0]
    assert x.grad.tolist() == [6.0, 6.0]


def test_inputs_that_take_no_part_get_nothing(x):
    w = tl.ones(2, requires_grad=True)
    (x * 3).sum().backward(inputs=[w])

    assert (x.grad, w.grad) == (None, None)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda x: (x * 2).backward(),
            RuntimeError,
            "grad can be implicitly created only for scalar outputs",
        ),
        (
            lambda x: tl.ones(2).sum().backward(),
            RuntimeError,
            "element 0 of tensors does not require grad and does not",
        ),
        (
            lambda x: (x * 2).backward(tl.ones(3)),
            RuntimeError,
            r"Mismatch in shape: grad_output\[0\] has a shape of torch.Size\(\[3\]\) and output\[0\] has a "
            r"shape of torch.Size\(\[2\]\).",
        ),
        (lambda x: backward([x * 1, x.sum()], [tl.ones(2)]), RuntimeError, "got 2 tensors and 1 gradients"),
        (lambda x: (x * 2).backward(5), TypeError, "gradients can be either Tensors or None, but got int"),
        (
            lambda x: x.sum().backward(inputs=[]),
            RuntimeError,
            r"`inputs` argument to `backward\(\)` cannot be empty.",
        ),
        (
            lambda x: x.sum().backward(inputs=[tl.ones(2)]),
            RuntimeError,
            "can't retain_grad on Tensor that has requires",
        ),
        (
            lambda x: grad(x.sum(), [tl.ones(2)]),
            RuntimeError,
            "One of the differentiated Tensors does not require",
        ),
        (lambda x: grad(x.sum(), []), RuntimeError, r"`inputs` argument to `grad\(\)` cannot be empty."),
        (lambda x: grad(x.sum(), 5), TypeError, "int"),
        (lambda x: grad(5, x), TypeError, "int"),
        (
            lambda x: grad(x.sum(), tl.ones(2, requires_grad=True)),
            RuntimeError,
            "Tensor at index 0 appears to not have",
        ),
        (
            lambda x: grad(x.sum(), x, allow_unused=False, materialize_grads=True),
            ValueError,
            "Expected allow_unused to be True or not passed when materialize_grads=True",
        ),
    ],
)
def test_what_is_refused(x, call, error, message):
    with pytest.raises(error, match=message):
        call(x)
    assert x.grad is None


def test_a_complex_output_needs_a_weight():
    z = tl.ones(1, dtype=tl.complex64, requires_grad=True)

    with pytest.raises(RuntimeError, match=r"only for real scalar outputs but got torch.complex64"):
        (z * 2).backward()


# The second time ------------------------------------------------------------------------------------------


def test_a_graph_is_freed_unless_it_is_retained(x):
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()

    with pytest.raises(RuntimeError, match=SECOND_TIME):
        y.backward()
    assert x.grad.tolist() == [4.0, 4.0]


def test_what_saved_nothing_may_be_walked_again(x):
    y = (x + x).sum()
    y.backward()
    y.backward()

    assert x.grad.tolist() == [4.0, 4.0]


def test_create_graph_retains_the_graph(x):
    y = (x * x).sum()
    grad(y, x, create_graph=True)
    (g,) = grad(y, x)

    assert g.tolist() == [2.0, 2.0]


# grad -----------------------------------------------------------------------------------------------------


def test_grad_gives_a_tuple_and_touches_no_grad(x):
    y = x * 2
    z = y.exp()
    of_y, of_x, of_z = grad(z.sum(), [y, x, z])

    assert of_y.tolist() == pytest.approx(z.tolist())
    assert of_x.tolist() == pytest.approx((2 * z).tolist())
    assert of_z.tolist() == [1.0, 1.0]
    assert x.grad is None


def test_inputs_may_repeat_and_be_outputs(x):
    assert [g.tolist() for g in grad([x.sum(), (x * 2).sum()], [x, x])] == [[3.0, 3.0], [3.0, 3.0]]
    assert grad(x, x, tl.ones(2))[0].tolist() == [1.0, 1.0]


def test_a_dict_of_inputs_gives_a_dict(x):
    found = grad((x * 2).sum(), {"a": x})

    assert list(found) == ["a"]
    assert found["a"].tolist() == [2.0, 2.0]


def test_unused_inputs_give_none_or_zeros_if_asked(x):
    w = tl.ones(3, requires_grad=True)

    assert grad(x.sum(), [x, w], allow_unused=True)[1] is None
    assert grad(x.sum(), [x, w], materialize_grads=True)[1].tolist() == [0.0, 0.0, 0.0]


def test_batched_weights_give_batched_gradients(x):
    w = tl.ones(2, requires_grad=True)
    found, none = grad(x**2, [x, w], tl.eye(2), is_grads_batched=True, allow_unused=True)

    assert found.tolist() == [[2.0, 0.0], [0.0, 2.0]]
    assert none is None
    with pytest.raises(
        RuntimeError, match="If `is_grads_batched=True`, we interpret the first dimension of each"
    ):
        grad(x**2, x, tl.eye(3), is_grads_batched=True)
    with pytest.raises(RuntimeError, match="grad can be implicitly created only for scalar outputs"):
        grad(x**2, x, is_grads_batched=True)


def test_batched_gradients_are_differentiable(x):
    (rows,) = grad(x**3, x, tl.eye(2), is_grads_batched=True, create_graph=True)
    (g,) = grad(rows.sum(), x)

    assert g.tolist() == [6.0, 6.0]


def test_constant_gradients_require_no_grad(x):
    (linear,) = grad((x * 2).sum(), x, create_graph=True)
    (curved,) = grad((x * x).sum(), x, create_graph=True)

    assert (linear.requires_grad, curved.requires_grad) == (False, True)


# Complex numbers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda z: (z.abs() ** 2).sum(), [2 + 4j, 6 + 0j]),
        (lambda z: (z * (1 + 1j)).real.sum(), [1 - 1j, 1 - 1j]),
        (lambda z: (z**2).imag.sum(), [4 + 2j, 0 + 6j]),
        (lambda z: (z * z.conj()).real.sum(), [2 + 4j, 6 + 0j]),
        (lambda z: z.exp().real[0], [np.conj(np.exp(1 + 2j)), 0]),
    ],
)
def test_gradients_of_complex_numbers_are_du_dx_plus_i_du_dy(function, expected):
    z = tl.tensor([1 + 2j, 3 + 0j], dtype=tl.complex128, requires_grad=True)

    assert grad(function(z), z)[0].numpy() == pytest.approx(np.array(expected))


def test_a_real_input_of_a_complex_computation_has_a_real_gradient():
    x = tl.tensor([1.0, 2.0], dtype=tl.float64, requires_grad=True)
    (g,) = grad((x * (1 + 2j) * (x + 1j)).abs().sum(), x)

    assert g.dtype == tl.float64


# Copies ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("duplicate", [copy.deepcopy, copy.copy, lambda x: pickle.loads(pickle.dumps(x))])
def test_leaves_are_copied_and_pickled(x, duplicate):
    other = duplicate(x)

    assert other is not x
    assert other.requires_grad
    assert other.is_leaf
    assert other.tolist() == x.tolist()
    assert other.dtype == x.dtype


def test_a_deep_copy_has_memory_and_a_gradient_of_its_own(x):
    x.sum().backward()
    other = copy.deepcopy(x)
    with tl.no_grad():
        other.zero_()
        other.grad.zero_()

    assert x.tolist() == [1.0, 1.0]
    assert x.grad.tolist() == [1.0, 1.0]


def test_a_shallow_copy_shares_memory_and_version(x):
    other = copy.copy(x)
    with tl.no_grad():
        other.mul_(5)

    assert x.tolist() == [5.0, 5.0]
    assert x._version == 1


def test_only_leaves_are_copied(x):
    with pytest.raises(
        RuntimeError, match=r"Only Tensors created explicitly by the user \(graph leaves\) support"
    ):
        copy.deepcopy(x * 1)
