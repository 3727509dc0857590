"""Writes in place: what is in the tensor after, and what flows back, as in PyTorch."""

from __future__ import annotations

import numpy as np
import pytest

import tapeless as tl
from tapeless.graph.backward import grad

# statement, values after, gradients of sum(k * k-th element)
ROWS = [
    (
        "a[0] = 1.0",
        [[1.0, 1.0, 1.0], [4.0, 5.0, -6.0]],
        {"x": [[0.0, 0.0, 0.0], [4.0, 5.0, 6.0]]},
    ),
    (
        "a[0] = v",
        [[1.0, 2.0, -3.0], [4.0, 5.0, -6.0]],
        {"x": [[0.0, 0.0, 0.0], [4.0, 5.0, 6.0]],
         "v": [1.0, 2.0, 3.0]},
    ),
    (
        "a[0, 1] = s",
        [[1.0, 2.0, 3.0], [4.0, 5.0, -6.0]],
        {"x": [[1.0, 0.0, 3.0], [4.0, 5.0, 6.0]],
         "s": 2.0},
    ),
    (
        "a[:, 1:] = y[:, :2]",
        [[1.0, 2.0, 1.0], [4.0, 0.5, -3.0]],
        {"x": [[1.0, 0.0, 0.0], [4.0, 0.0, 0.0]],
         "y": [[2.0, 3.0, 0.0], [5.0, 6.0, 0.0]]},
    ),
    (
        "a[:] = y",
        [[2.0, 1.0, -1.0], [0.5, -3.0, 4.0]],
        {"x": [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]],
         "y": [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]},
    ),
    (
        "a[x > 0] = 0.0",
        [[0.0, -2.0, 0.0], [0.0, 0.0, -6.0]],
        {"x": [[0.0, 2.0, 0.0], [0.0, 0.0, 6.0]]},
    ),
    (
        "a[[0, 1], [1, 2]] = v[:2]",
        [[1.0, 1.0, 3.0], [4.0, 5.0, 2.0]],
        {"x": [[1.0, 0.0, 3.0], [4.0, 5.0, 0.0]],
         "v": [2.0, 6.0, 0.0]},
    ),
    (
        "a[:, [0, 2]] = s",
        [[2.0, -2.0, 2.0], [2.0, 5.0, 2.0]],
        {"x": [[0.0, 2.0, 0.0], [0.0, 5.0, 0.0]],
         "s": 14.0},
    ),
    (
        "a[0, [0, 1]] = v[:2]",
        [[1.0, 2.0, 3.0], [4.0, 5.0, -6.0]],
        {"x": [[0.0, 0.0, 3.0], [4.0, 5.0, 6.0]],
         "v": [1.0, 2.0, 0.0]},
    ),
    (
        "a[x > 0] *= 2",
        [[2.0, -2.0, 6.0], [8.0, 10.0, -6.0]],
        {"x": [[2.0, 2.0, 6.0], [8.0, 10.0, 6.0]]},
    ),
    (
        "a[0] += y[1]",
        [[1.5, -5.0, 7.0], [4.0, 5.0, -6.0]],
        {"x": [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]],
         "y": [[0.0, 0.0, 0.0], [1.0, 2.0, 3.0]]},
    ),
    (
        "a += v",
        [[2.0, 0.0, 0.0], [5.0, 7.0, -9.0]],
        {"x": [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]],
         "v": [5.0, 7.0, 9.0]},
    ),
    (
        "a -= 1",
        [[0.0, -3.0, 2.0], [3.0, 4.0, -7.0]],
        {"x": [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]},
    ),
    (
        "a *= y",
        [[2.0, -2.0, -3.0], [2.0, -15.0, -24.0]],
        {"x": [[2.0, 2.0, -3.0], [2.0, -15.0, 24.0]],
         "y": [[1.0, -4.0, 9.0], [16.0, 25.0, -36.0]]},
    ),
    (
        "a /= 4",
        [[0.25, -0.5, 0.75], [1.0, 1.25, -1.5]],
        {"x": [[0.25, 0.5, 0.75], [1.0, 1.25, 1.5]]},
    ),
    (
        "a **= 2",
        [[1.0, 4.0, 9.0], [16.0, 25.0, 36.0]],
        {"x": [[2.0, -8.0, 18.0], [32.0, 50.0, -72.0]]},
    ),
    (
        "a.add_(y, alpha=2)",
        [[5.0, 0.0, 1.0], [5.0, -1.0, 2.0]],
        {"x": [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]],
         "y": [[2.0, 4.0, 6.0], [8.0, 10.0, 12.0]]},
    ),
    (
        "a.sub_(y).mul_(y).div_(4)",
        [[-0.5, -0.75, -1.0], [0.4375, -6.0, -10.0]],
        {"x": [[0.5, 0.5, -0.75], [0.5, -3.75, 6.0]],
         "y": [[-0.75, -2.0, 3.75], [3.0, 13.75, -21.0]]},
    ),
    (
        "a.exp_()",
        [[2.71828, 0.135335, 20.0855], [54.5981, 148.413, 0.00247875]],
        {"x": [[2.71828, 0.270671, 60.2566], [218.393, 742.066, 0.0148725]]},
    ),
    (
        "a.clamp_(-1, 3)",
        [[1.0, -1.0, 3.0], [3.0, 3.0, -1.0]],
        {"x": [[1.0, 0.0, 3.0], [0.0, 0.0, 0.0]]},
    ),
    (
        "a.zero_()",
        [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]],
        {"x": [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]},
    ),
    (
        "a.fill_(3)",
        [[3.0, 3.0, 3.0], [3.0, 3.0, 3.0]],
        {"x": [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]},
    ),
    (
        "a.fill_(s)",
        [[2.0, 2.0, 2.0], [2.0, 2.0, 2.0]],
        {"x": [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]],
         "s": 21.0},
    ),
    (
        "a.copy_(v)",
        [[1.0, 2.0, -3.0], [1.0, 2.0, -3.0]],
        {"x": [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]],
         "v": [5.0, 7.0, 9.0]},
    ),
    (
        "a.masked_fill_(x > 0, s)",
        [[2.0, -2.0, 2.0], [2.0, 2.0, -6.0]],
        {"x": [[0.0, 2.0, 0.0], [0.0, 0.0, 6.0]],
         "s": 13.0},
    ),
    (
        "a.pow_(3)",
        [[1.0, -8.0, 27.0], [64.0, 125.0, -216.0]],
        {"x": [[3.0, 24.0, 81.0], [192.0, 375.0, 648.0]]},
    ),
    (
        "a.sigmoid_()",
        [[0.731059, 0.119203, 0.952574], [0.982014, 0.993307, 0.00247262]],
        {"x": [[0.196612, 0.209987, 0.13553], [0.0706509, 0.0332402, 0.0147991]]},
    ),
    (
        "a.neg_().abs_()",
        [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]],
        {"x": [[1.0, -2.0, 3.0], [4.0, 5.0, -6.0]]},
    ),
    (
        "a.lerp_(y, 0.25)",
        [[1.25, -1.25, 2.0], [3.125, 3.0, -3.5]],
        {"x": [[0.75, 1.5, 2.25], [3.0, 3.75, 4.5]],
         "y": [[0.25, 0.5, 0.75], [1.0, 1.25, 1.5]]},
    ),
    (
        "a.view(6)[0] = s",
        [[2.0, -2.0, 3.0], [4.0, 5.0, -6.0]],
        {"x": [[0.0, 2.0, 3.0], [4.0, 5.0, 6.0]],
         "s": 1.0},
    ),
    (
        "a.t()[0] = 2.0",
        [[2.0, -2.0, 3.0], [2.0, 5.0, -6.0]],
        {"x": [[0.0, 2.0, 3.0], [0.0, 5.0, 6.0]]},
    ),
    (
        "a[0].mul_(y[0])",
        [[2.0, -2.0, -3.0], [4.0, 5.0, -6.0]],
        {"x": [[2.0, 2.0, -3.0], [4.0, 5.0, 6.0]],
         "y": [[1.0, -4.0, 9.0], [0.0, 0.0, 0.0]]},
    ),
    (
        "a.scatter_add_(1, tl.tensor([[0, 0, 1], [1, 1, 2]]), y)",
        [[4.0, -3.0, 3.0], [4.0, 2.5, -2.0]],
        {"x": [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]],
         "y": [[1.0, 1.0, 2.0], [5.0, 5.0, 6.0]]},
    ),
    (
        "a.index_add_(0, tl.tensor([1, 1]), y)",
        [[1.0, -2.0, 3.0], [6.5, 3.0, -3.0]],
        {"x": [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]],
         "y": [[4.0, 5.0, 6.0], [4.0, 5.0, 6.0]]},
    ),
    (
        "a.diagonal().zero_()",
        [[0.0, -2.0, 3.0], [4.0, 0.0, -6.0]],
        {"x": [[0.0, 2.0, 3.0], [4.0, 0.0, 6.0]]},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("statement", "after", "gradients"), ROWS, ids=[row[0] for row in ROWS])
def test_write_in_place_gives_values_and_gradients(statement, after, gradients):
    x = tl.tensor([[1.0, -2, 3], [4, 5, -6]], requires_grad=True)
    y = tl.tensor([[2.0, 1, -1], [0.5, -3, 4]], requires_grad=True)
    v = tl.tensor([1.0, 2, -3], requires_grad=True)
    names = {"tl": tl, "a": x.clone(), "x": x, "y": y, "v": v, "s": tl.tensor(2.0, requires_grad=True)}

    exec(statement, names)
    a = names["a"]
    got = grad((a * tl.arange(1.0, 7.0).reshape(2, 3)).sum(), [names[name] for name in gradients])

    np.testing.assert_allclose(a.detach().numpy(), after, rtol=2e-5)
    for one, expected in zip(got, gradients.values(), strict=True):
        np.testing.assert_allclose(one.numpy(), expected, rtol=2e-5, atol=1e-5)


def test_random_numbers_repeat_with_their_seed():
    tl.manual_seed(3)
    first = tl.randn(4)
    tl.manual_seed(3)

    assert tl.equal(first, tl.randn(4))
    assert not tl.equal(first, tl.randn(4))


def test_generator_is_independent_of_the_global_seed():
    own = tl.Generator().manual_seed(5)
    first = tl.rand(3, generator=own)
    tl.manual_seed(0)

    assert tl.equal(first, tl.rand(3, generator=tl.Generator().manual_seed(5)))


@pytest.mark.parametrize("name", ["uniform_", "normal_", "bernoulli_", "random_", "exponential_"])
def test_filling_with_random_numbers_counts_as_a_write(name):
    x = tl.zeros(100)

    getattr(x, name)()

    assert x._version == 1
    assert float(x.detach().abs().sum()) > 0


def test_shapes_of_random_tensors():
    assert tl.rand(2, 3).shape == (2, 3)
    assert tl.randn((2, 3), dtype=tl.float64).dtype == tl.float64
    assert tl.randint(2, 5, (50,)).unique().tolist() == [2, 3, 4]
    assert tl.randperm(5).sort().values.tolist() == [0, 1, 2, 3, 4]
    assert tl.multinomial(tl.tensor([0.0, 1.0]), 3, replacement=True).tolist() == [1, 1, 1]
    assert tl.bernoulli(tl.ones(3)).tolist() == [1.0, 1.0, 1.0]


def test_from_numpy_shares_memory_and_tensor_copies():
    array = np.zeros(2)
    shared, copied = tl.from_numpy(array), tl.tensor(array)

    shared[0] = 5.0

    assert array.tolist() == [5.0, 0.0]
    assert copied.tolist() == [0.0, 0.0]


def test_an_element_of_a_vector_is_a_view():
    x = tl.zeros(3)

    x[1].fill_(7.0)

    assert x.tolist() == [0.0, 7.0, 0.0]
    assert x[1]._base is x


def test_floor_division_refuses_its_derivative():
    x = tl.tensor([5.0, -5.0], requires_grad=True)
    y = (x // 3).sum()

    with pytest.raises(NotImplementedError, match="derivative for aten::floor_divide is not implemented"):
        y.backward()


def test_variance_of_one_element_is_nan_without_a_warning():
    x = tl.tensor([1.0], requires_grad=True)

    x.var().backward()

    assert np.isnan(x.grad.numpy()).all()
