"""Which function infers which operation."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from tapeless.ir.program import build_dict, build_list, build_tuple, new_stack, same
from tapeless.source.facts import Fact, known_of
from tapeless.source.infer import contractions, creation, indexing, pointwise, reductions, shapes
from tapeless.source.infer.operators import operators
from tapeless.source.infer.terms import Result

HANDLERS: dict[Any, Callable[..., Result]] = {
    **operators(),
    build_tuple: lambda *items: Fact("tuple", items=items),
    build_list: lambda *items: Fact("list", items=items),
    build_dict: lambda *items: Fact("dict", items=items),
    same: known_of,
    new_stack: lambda: Fact("stack"),
    slice: indexing.make_slice,
    len: indexing.length,
    operator.getitem: indexing.getitem,
    operator.matmul: contractions.matmul,
    np.matmul: contractions.matmul,
    np.linalg.matmul: contractions.matmul,
    np.dot: contractions.dot,
    np.where: pointwise.where,
    np.clip: pointwise.clip,
    np.nonzero: indexing.nonzero,
    np.shape: shapes.shape,
    np.ndim: shapes.ndim,
    np.size: shapes.size,
    np.reshape: shapes.reshape,
    np.ravel: shapes.ravel,
    np.squeeze: shapes.squeeze,
    np.expand_dims: shapes.expand_dims,
    np.transpose: shapes.transpose,
    np.swapaxes: shapes.swapaxes,
    np.moveaxis: shapes.moveaxis,
    np.broadcast_to: shapes.broadcast_to,
    np.zeros: creation.of_shape,
    np.ones: creation.of_shape,
    np.empty: creation.of_shape,
    np.full: creation.full,
    np.zeros_like: creation.like,
    np.ones_like: creation.like,
    np.empty_like: creation.like,
    np.array: creation.make_array,
    np.asarray: creation.as_array,
    np.copy: creation.copy,
}
for _function in (np.sum, np.mean, np.prod, np.std, np.var, np.nansum, np.nanmean):
    HANDLERS[_function] = reductions.reduction(_function)
for _function in (np.max, np.min, np.amax, np.amin, np.any, np.all):
    HANDLERS[_function] = reductions.extreme(_function)
