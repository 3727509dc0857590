"""Functions that take lists as arrays: here also lists that hold Arrays, which NumPy does not look into.

np.mean([x, y])   =>   np.mean(np.array([x, y]))
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
