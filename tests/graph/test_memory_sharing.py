"""What shares memory knows it; what does not know it shares nothing."""

from __future__ import annotations

import numpy as np
import pytest

import tapeless as tl

SQUARE = np.arange(1.0, 10.0).reshape(3, 3)

COPIES = {
    "flip": lambda t: t.flip(0),
    "fliplr": tl.fliplr,
    "diag": tl.diag,
    "np.flip": lambda t: np.flip(t, 0),
    "matrix_power": lambda t: np.linalg.matrix_power(t, 1),
    "diff of order 0": lambda t: np.diff(t, n=0),
    "real conj": lambda t: np.conj(t),
}


@pytest.mark.parametrize("name", COPIES)
def test_a_result_that_is_no_view_keeps_its_values_when_the_input_is_written_to(name):
    t = tl.tensor(SQUARE, requires_grad=True) * 1.0
    out = COPIES[name](t)
    before = out.detach().clone()
    t.zero_()

    assert tl.equal(out.detach(), before) or out._view is not None


@pytest.mark.parametrize("name", COPIES)
def test_writing_to_a_result_that_is_no_view_leaves_the_input_alone(name):
    x = tl.tensor(SQUARE, requires_grad=True)
    t = x * 1.0
    out = COPIES[name](t)
    if out._view is None:
        out.zero_()

        assert np.array_equal(t.detach().numpy(), SQUARE)


@pytest.mark.parametrize("function", [np.linalg.diagonal, np.linalg.matrix_transpose, np.diagonal])
def test_views_of_numpy_functions_notice_writes_to_their_base(function):
    x = tl.Array(SQUARE, requires_grad=True)
    y = x * 1.0
    squares = function(y) ** 2
    y[...] = 0.0
    np.sum(squares).backward()

    expected = 2 * SQUARE if function is np.linalg.matrix_transpose else 2 * np.diag(np.diag(SQUARE))
    assert np.array_equal(x.grad.detach()._data, expected)


def test_gradients_of_a_tensor_that_was_written_to_are_tensors_in_a_graph_of_gradients():
    x = tl.tensor([1.0, 2.0], requires_grad=True)
    y = x * 1.0
    y[:1] = 1.5
    g_y, g_x = tl.autograd.grad((y * y * y).sum(), [y, x], create_graph=True)

    assert type(g_y) is tl.Tensor
    assert g_y.tolist() == [6.75, 12.0]
    assert g_x.tolist() == [0.0, 12.0]


BUFFERS = {
    "index": ([0, 1], lambda x, i: x[i], [1.0, 1.0, 0.0]),
    "mask": ([True, False, True], lambda x, k: x[k], [1.0, 0.0, 1.0]),
    "masked_fill": ([True, False, True], lambda x, k: x.masked_fill(k, 0.0), [0.0, 1.0, 0.0]),
    "masked_select": ([True, False, True], tl.masked_select, [1.0, 0.0, 1.0]),
    "gather": ([0, 1], lambda x, i: x.gather(0, i), [1.0, 1.0, 0.0]),
    "index_select": ([0, 1], lambda x, i: x.index_select(0, i), [1.0, 1.0, 0.0]),
    "take": ([0, 1], tl.take, [1.0, 1.0, 0.0]),
    "scatter": ([0, 1], lambda x, i: x.scatter(0, i, 7.0), [0.0, 0.0, 1.0]),
    "index_put_": ([0, 1], lambda x, i: (x * 1).index_put_((i,), tl.tensor([1.0, 2.0])), [0.0, 0.0, 1.0]),
    "repeat_interleave": ([1, 2, 1], tl.repeat_interleave, [1.0, 2.0, 1.0]),
}


@pytest.mark.parametrize("name", BUFFERS)
def test_an_index_or_mask_that_is_written_to_later_does_not_change_the_gradient(name):
    values, run, expected = BUFFERS[name]
    x = tl.tensor([1.0, 2.0, 3.0], requires_grad=True)
    buffer = tl.tensor(values)
    y = run(x, buffer)
    buffer.fill_(1)
    y.sum().backward()

    assert x.grad.tolist() == expected


@pytest.mark.parametrize("run", [lambda x, a: x * a, lambda x, a: a * x, np.multiply])
def test_an_ndarray_that_is_written_to_later_does_not_change_the_gradient(run):
    x = tl.tensor([1.0, 2.0], dtype=tl.float64, requires_grad=True)
    buffer = np.array([3.0, 4.0])
    y = run(x, buffer)
    buffer[:] = 0.0
    y.sum().backward()

    assert x.grad.tolist() == [3.0, 4.0]


def test_gradients_have_memory_of_their_own():
    x, w, v = (tl.tensor([1.0, 2.0], requires_grad=True) for _ in range(3))
    weight = tl.ones(2)
    g_x, g_w, g_v = tl.autograd.grad(x + w + v.view(2), [x, w, v], weight)
    g_x.add_(5.0)
    g_v.zero_()

    assert g_w.tolist() == weight.tolist() == [1.0, 1.0]


def test_a_view_that_retains_its_gradient_does_so_after_a_write_to_its_base():
    x = tl.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = x * 2
    view = y[:2]
    view.retain_grad()
    y.mul_(3)
    (view * view).sum().backward()

    assert view.grad.tolist() == [12.0, 24.0]
    assert x.grad.tolist() == [72.0, 144.0, 0.0]
