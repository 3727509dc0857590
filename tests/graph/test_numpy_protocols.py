"""NumPy's functions on tensors: what they compute is NumPy's, and it is recorded."""

from __future__ import annotations

import numpy as np
import pytest

import tapeless as tl
from tapeless.errors import MissingRuleError
from tapeless.graph.tensor import Tensor

T = np.array([[0.5, -1.2, 0.8], [1.5, 0.3, -0.7]])
V = np.array([0.7, 1.3, 2.1])
S = np.array([[2.0, 0.3, 0.1], [0.3, 1.5, 0.2], [0.1, 0.2, 1.8]])

CALLS = {
    "sin": lambda t: np.sin(t),
    "exp and log": lambda t: np.log(np.exp(t) + 1),
    "concatenate": lambda t: np.concatenate([t, t * 2]),
    "concatenate with an ndarray": lambda t: np.concatenate([T, t]),
    "stack": lambda t: np.stack([t, t], axis=1),
    "where": lambda t: np.where(t > 0, t, 0.1 * t),
    "ndarray times tensor": lambda t: T * t,
    "ndarray plus tensor": lambda t: T + t,
    "ndarray over tensor": lambda t: T / (t + 3),
    "ndarray minus tensor": lambda t: T - t,
    "ndarray to the tensor": lambda t: np.abs(T) ** t,
    "ndarray @ tensor": lambda t: T.T @ t,
    "tensor @ ndarray": lambda t: t @ V,
    "NumPy scalar times tensor": lambda t: np.float64(2.0) * t,
    "add.reduce": lambda t: np.add.reduce(t),
    "add.reduce over an axis": lambda t: np.add.reduce(t, axis=1, keepdims=True),
    "multiply.reduce": lambda t: np.multiply.reduce(t, axis=1),
    "maximum.reduce": lambda t: np.maximum.reduce(t, axis=0),
    "add.accumulate": lambda t: np.add.accumulate(t, axis=1),
    "multiply.outer": lambda t: np.multiply.outer(t, V),
    "subtract.outer from the left": lambda t: np.subtract.outer(V, t),
    "sum": lambda t: np.sum(t, axis=0),
    "mean, var, std": lambda t: np.mean(t) + np.var(t, axis=1) + np.std(t, axis=1, ddof=1),
    "max and min": lambda t: np.max(t, axis=0) - np.min(t),
    "cumsum and diff": lambda t: np.diff(np.cumsum(t, axis=1), axis=1),
    "reshape, transpose, ravel": lambda t: np.ravel(np.transpose(np.reshape(t, (3, 2)))),
    "split": lambda t: np.split(t, 3, axis=1)[1],
    "sort": lambda t: np.sort(t, axis=1),
    "take": lambda t: np.take(t, [0, 2, 2], axis=1),
    "einsum": lambda t: np.einsum("ij,kj->ik", t, T),
    "tensordot": lambda t: np.tensordot(t, T, axes=2),
    "outer": lambda t: np.outer(t[0], V),
    "pad": lambda t: np.pad(t, 1),
    "tile": lambda t: np.tile(t, (2, 1)),
    "norm": lambda t: np.linalg.norm(t),
    "solve": lambda t: np.linalg.solve(S, t[0]),
    "inv": lambda t: np.linalg.inv(S + np.outer(t[0], t[0])),
    "det": lambda t: np.linalg.det(S + np.outer(t[0], t[0])),
    "svd": lambda t: np.linalg.svd(t, compute_uv=False),
    "interp": lambda t: np.interp(V, V + 0.1, t[0]),
    "clip": lambda t: np.clip(t, -1.0, 1.0),
    "atleast_3d": lambda t: np.atleast_3d(t),
    "broadcast_arrays": lambda t: np.broadcast_arrays(t, V)[0],
    "full_like": lambda t: t * np.full_like(t, 3.0),
}


@pytest.mark.parametrize("name", CALLS)
def test_numpy_functions_are_recorded_on_tensors(name):
    f = CALLS[name]
    t = tl.tensor(T, requires_grad=True)
    direction = np.cos(np.arange(6.0)).reshape(2, 3)

    out = f(t)

    expected = f(T)
    weight = np.sin(np.arange(1.0, expected.size + 1)).reshape(expected.shape)
    assert isinstance(out, Tensor)
    assert out.dtype == expected.dtype
    np.testing.assert_allclose(out.detach().numpy(), expected, rtol=1e-12)
    out.backward(tl.tensor(weight))
    difference = (f(T + 1e-6 * direction) - f(T - 1e-6 * direction)) / 2e-6
    np.testing.assert_allclose(
        np.sum(t.grad.numpy() * direction), np.sum(weight * difference), rtol=1e-6, atol=1e-7
    )


def test_what_needs_no_gradient_needs_no_rule():
    t = tl.tensor(V)

    assert isinstance(np.unwrap(t), Tensor)
    assert np.argmax(t).item() == 2
    assert np.shape(t) == (3,)
    assert np.allclose(t, V)
    assert not (t > 1).requires_grad


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("np.unwrap", lambda t: np.unwrap(t)),
        ("np.add.reduceat", lambda t: np.add.reduceat(t, [0, 1])),
        ("np.piecewise", lambda t: np.piecewise(t, [t > 0], [1.0])),
        ("np.hypot.accumulate", lambda t: np.hypot.accumulate(t)),
    ],
)
def test_a_function_without_a_rule_is_named(name, call):
    with pytest.raises(MissingRuleError, match=name.replace(".", r"\.")):
        call(tl.tensor(V, requires_grad=True))


def test_an_argument_without_a_rule_is_named():
    with pytest.raises(MissingRuleError, match="'order'"):
        np.sort(tl.tensor(V, requires_grad=True), order="x")


def test_out_is_refused_where_it_would_cut_the_graph():
    t = tl.tensor(V, requires_grad=True)

    with pytest.raises(RuntimeError, match=r"functions with out=\.\.\. arguments don't support"):
        np.add(t, 1.0, out=np.zeros(3))
    with pytest.raises(TypeError, match="ordinary ndarray"):
        np.sum(t, out=np.zeros(()))
    out = tl.zeros(3, dtype=tl.float64)
    np.add(tl.tensor(V), 1.0, out=out)
    np.testing.assert_allclose(out.numpy(), V + 1)


def test_at_writes_into_a_tensor():
    t = tl.tensor(V, requires_grad=True)
    total = tl.zeros(3, dtype=tl.float64)

    np.add.at(total, [0, 0, 2], t)

    np.testing.assert_allclose(total.detach().numpy(), [V[0] + V[1], 0.0, V[2]])
    total[0].backward()
    np.testing.assert_allclose(t.grad.numpy(), [1.0, 1.0, 0.0])


@pytest.mark.parametrize("face", [lambda v: tl.tensor(v, requires_grad=True), lambda v: tl.Array(v, True)])
def test_lists_among_what_is_joined_are_arrays(face):
    t = face(V)
    joined = np.concatenate([t, [t[0], 2.0], np.stack([t, [1.0, t[1], 3.0]])[1], np.hstack(([5.0], t))])
    (joined * np.arange(12.0)).sum().backward()

    expected = np.concatenate([V, [V[0], 2.0], [1.0, V[1], 3.0], [5.0], V])
    np.testing.assert_array_equal(joined.detach()._data, expected)
    np.testing.assert_array_equal(t.grad._data, np.array([12.0, 17.0, 13.0]))


def test_where_with_a_condition_alone_gives_places():
    t = tl.tensor([0.0, 2.0, 3.0], requires_grad=True)
    (places,) = np.where(t > 1.0)

    assert places.tolist() == [1, 2]
    assert np.where(t)[0].tolist() == [1, 2]


def test_parts_of_an_array_are_written_to_as_in_numpy():
    x = tl.Array(np.arange(1.0, 5.0), requires_grad=True)
    y = x * 1.0
    first, second = np.split(y, 2)
    second *= first
    np.sum(y * y).backward()

    assert y.tolist() == [1.0, 2.0, 3.0, 8.0]
    assert x.grad.tolist() == [20.0, 68.0, 6.0, 32.0]


def test_add_at_sums_in_the_wider_dtype():
    a = tl.Array(np.zeros(1), requires_grad=True) * 1.0
    np.add.at(a, [0, 0], np.array([1.0, 1e-8], np.float32))

    assert a.item() == 1.0 + np.float64(np.float32(1e-8))
