"""Functions that take lists as arrays: here also lists that hold Arrays, which NumPy does not look into.

np.mean([x, y])              =>   np.mean(np.array([x, y]))
np.concatenate([[x, y], z])  =>   np.concatenate([np.array([x, y]), z])
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from tapeless.numpy.creation import LISTS, with_arrays
from tapeless.numpy.names import stands_for

Function = Callable[..., Any]


def _of_one(function: Function) -> Function:
    """The first argument may be a list."""

    @stands_for(function)
    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        if args and type(args[0]) in LISTS:
            return function(with_arrays(args[0]), *args[1:], **kwargs)
        return function(*args, **kwargs)

    return run


def _of_all(function: Function) -> Function:
    """All positional arguments may be lists."""

    @stands_for(function)
    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        for arg in args:
            if type(arg) in LISTS:
                return function(*map(with_arrays, args), **kwargs)
        return function(*args, **kwargs)

    return run


def _of_several(function: Function) -> Function:
    """The first argument is a sequence of arrays, each of which may be a list."""

    @stands_for(function)
    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        if args and type(args[0]) in LISTS:
            return function([with_arrays(item) for item in args[0]], *args[1:], **kwargs)
        return function(*args, **kwargs)

    return run


amax = _of_one(np.amax)
amin = _of_one(np.amin)
cumprod = _of_one(np.cumprod)
cumsum = _of_one(np.cumsum)
diag = _of_one(np.diag)
max = _of_one(np.max)
mean = _of_one(np.mean)
median = _of_one(np.median)
min = _of_one(np.min)
ndim = _of_one(np.ndim)
prod = _of_one(np.prod)
ravel = _of_one(np.ravel)
reshape = _of_one(np.reshape)
shape = _of_one(np.shape)
size = _of_one(np.size)
std = _of_one(np.std)
sum = _of_one(np.sum)
transpose = _of_one(np.transpose)
var = _of_one(np.var)

atleast_1d = _of_all(np.atleast_1d)
atleast_2d = _of_all(np.atleast_2d)
atleast_3d = _of_all(np.atleast_3d)
dot = _of_all(np.dot)
inner = _of_all(np.inner)
kron = _of_all(np.kron)
outer = _of_all(np.outer)
tensordot = _of_all(np.tensordot)
vdot = _of_all(np.vdot)
where = _of_all(np.where)

ONE = (
    "argmax", "argmin", "argsort", "average", "count_nonzero", "cov", "diff", "expand_dims", "flip",
    "nanmean", "nansum", "partition", "percentile", "ptp", "quantile", "repeat", "roll", "sort", "squeeze",
    "swapaxes", "tile", "trace", "tril", "triu",
)  # fmt: skip
ALL = (
    "append", "array_equal", "copyto", "cross", "fill_diagonal", "insert", "interp", "place", "polyval",
    "put", "putmask", "trapezoid",
)  # fmt: skip
SEVERAL = ("column_stack", "concatenate", "dstack", "hstack", "stack", "vstack")
LINALG = ("cholesky", "cond", "det", "eigh", "eigvalsh", "inv", "norm", "pinv", "slogdet", "solve", "svd")

more: dict[str, Function] = {
    **{name: _of_one(getattr(np, name)) for name in ONE},
    **{name: _of_all(getattr(np, name)) for name in ALL},
    **{name: _of_several(getattr(np, name)) for name in SEVERAL},
}
of_linalg: dict[str, Function] = {name: _of_all(getattr(np.linalg, name)) for name in LINALG}
