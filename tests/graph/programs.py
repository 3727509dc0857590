"""Ordinary NumPy programs: each runs on ndarrays and, unmodified, on Arrays."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

V = np.array([0.7, -1.3, 2.1])
M = np.array([[0.5, -1.2, 0.8], [1.5, 0.3, -0.7]])
S = np.array([[2.0, 0.3, 0.1], [0.3, 1.5, 0.2], [0.1, 0.2, 1.8]])


def total(x: Any) -> Any:
    return np.sum(x * np.arange(1.0, np.size(x) + 1.0).reshape(np.shape(x)))


def arithmetic(x):
    return total((2.0 * x - x / 3.0 + x**2 - (-x)) * (1.0 - x) + 1.0 / (2.0 + x * x) + 2.0**x)


def reflected(x):
    a = np.arange(1.0, 4.0)
    return total(a * x + a / (x + 3.0) - (a - x) + np.float64(2.0) * x + a @ x + [1.0, 2.0, 3.0] * x + a**x)


def remainders(x):
    return total(x % 0.4 + x // 0.4 + np.mod(2.0, x) + divmod(x, 0.6)[1] + abs(x) + (+x))


def matrices(x):
    return total(x @ x.T) + total(np.dot(x, S)) + total(np.ones((1, 2)) @ x) + np.trace(x.T @ x)


def methods(x):
    found = x.sum() + x.mean() + x.max() + x.min() + x.std() + x.var(ddof=1) + x.prod() + x.cumsum()[1]
    found = (
        found + x.cumprod()[2] + x.dot(x) + x.clip(-1.0, 1.0).sum() + x.repeat(2)[3] + x.take([0, 2]).sum()
    )
    return found + x.copy()[0] + x.astype(np.float64)[1] + x.conj()[0] + x.real[1] + x.round(1)[0]


def shapes(x):
    found = (
        total(x.reshape(3, 2)) + total(x.reshape((6,))) + total(x.ravel()) + total(x.flatten()) + total(x.T)
    )
    found = (
        found + total(x.transpose(1, 0)) + total(x.transpose((1, 0))) + total(x.swapaxes(0, 1)) + total(x.mT)
    )
    found = found + total(x[None].squeeze(0)) + total(x.diagonal()) + x.trace() + total(np.atleast_3d(x))
    return (
        found + total(np.moveaxis(x, 0, 1)) + total(x.compress([True, False, True], axis=1)) + x.size + x.ndim
    )


def indexing(x):
    found = x[0] + x[-1] + total(x[1:]) + total(x[::-1]) + total(x[[0, 0, 2]]) + total(x[x > 0])
    found = found + total(x[np.array([2, 1])]) + total(x[None, :, None]) + x[np.argmax(x)] + total(x[..., 1])
    return found + sum(x) + total(x[: np.argmin(x) + 1]) + x.flat[1] + total(x.flat[1:])


def joining(x):
    found = total(np.concatenate([x, x * 2])) + total(np.stack([x, x**2])) + total(np.vstack([x, V]))
    found = found + total(np.hstack([V, x])) + total(np.where(x > 0, x, 2 * x)) + total(np.append(x, x[0]))
    return (
        found
        + total(np.array([x[0], 1.0, x[1]], like=x))
        + total(np.block([x, x]))
        + total(np.split(x, 3)[1])
    )


def writing(x):
    y = np.zeros_like(x)
    y[0] = x[1] * 2
    y[1:] = x[:2] ** 2
    y[y > 1.0] = x[0]
    y[[0, 1]] = y[[1, 0]]
    y[1] += x[2]
    y[:2] *= x[1:]
    return total(y)


def in_place(x):
    y = x.copy()
    z = y * y
    y += x
    y *= 2.0
    y -= z
    y /= 3.0
    y **= 2
    y[...] = y * z
    y @= S
    return total(y * z)


def through_views(x):
    y = np.zeros_like(x)
    row, column = y[0], y[:, 1]
    row += x[1]
    column[...] = column * 2 + x[:, 0]
    y.T[2] = x[:, 0] * x[:, 1]
    y.reshape(6)[1:3] *= 2.0
    return total(y) + total(row * column[0])


def stepping(x):
    """What was computed from stays although its memory is written to."""
    state = np.zeros_like(x, shape=(4, 3))
    state[0] = x
    for i in range(3):
        state[i + 1] = state[i] * np.sin(state[i]) + x
    v = x.copy()
    for _ in range(3):
        step = np.cos(v) * v
        v += 0.1 * step
    return total(state) + total(v)


def buffer(x):
    """An ndarray that is used again and again."""
    weight = np.zeros(3)
    found = 0.0
    for i in range(3):
        weight[:] = i + 1
        found += (x * weight).sum() + np.dot(weight, x**2)
    places = np.array([0, 1])
    found += x[places].sum()
    places[0] = 2
    return found


def scalars(x):
    history = []
    s = 0.0
    for i in range(3):
        s += x[i] ** 2
        history.append(s)
    s *= 2.0
    return s + history[0] * history[1] + float(np.size(x))


def outs(x):
    y = np.zeros_like(x)
    np.multiply(x, x, out=y)
    z = y * x
    np.add(y, x, out=y, where=x > 0)
    np.exp(y, out=y)
    np.sum(np.stack([y, z]), axis=0, out=y)
    w = np.cumsum(y, out=np.zeros_like(y))
    return total(w + y * z)


def at(x):
    y = x * 2.0
    np.add.at(y, [0, 0, 2], x)
    np.subtract.at(y, 1, x[0])
    np.multiply.at(y, [0, 2], x[1:])
    np.negative.at(y, [1])
    return total(y)


def ufunc_methods(x):
    found = np.add.reduce(x) + np.multiply.reduce(x) + np.maximum.reduce(x) + np.logaddexp.reduce(x)
    found = found + total(np.add.accumulate(x)) + total(np.multiply.accumulate(x))
    return found + total(np.multiply.outer(x, x)) + total(np.subtract.outer(V, x))


def writers(x):
    y = np.outer(x, x)
    np.fill_diagonal(y, x)
    np.put_along_axis(y, np.array([[0], [2], [1]]), np.reshape(x**2, (3, 1)), axis=1)
    np.copyto(y[0], x * 3, where=[True, False, True])
    np.put(y, [4, 8], x[:2])
    np.place(y, y > 1.0, x[:1])
    np.putmask(y, np.eye(3, dtype=bool), y * x)
    y[0].sort()
    y[1].fill(x[2])
    y.flat[2:4] = x[:2]
    y[2].partition(1)
    return total(y)


def branches(x):
    found = 0.0
    for value in x:
        found = found + (value**2 if value > 0 else np.sin(value))
    if (x < 0).any() and not np.all(x > 5) and x[0] < 1 and int(x[0]) < 1 and x[0] in x:
        found = found * x[int(np.argmax(x))]
    return found * len(x)


def copies(x):
    y = copy.deepcopy(x * 2)
    z = copy.copy(y)
    z += 1
    return total(y * z)


def algebra(x):
    a = S + np.outer(x, x)
    return np.linalg.det(a) + total(np.linalg.solve(a, x)) + np.linalg.norm(x) + total(np.linalg.inv(a))


PROGRAMS: list[tuple[Callable[[Any], Any], np.ndarray]] = [
    (arithmetic, V), (reflected, V), (remainders, V), (matrices, M), (methods, V), (shapes, M), (indexing, V),
    (joining, V), (writing, V), (in_place, V), (through_views, M), (stepping, V), (buffer, V), (scalars, V),
    (outs, V), (at, V), (ufunc_methods, V), (writers, V), (branches, V), (copies, V), (algebra, V),
]  # fmt: skip
