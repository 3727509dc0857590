"""The dtype of a result: categories outrank, numbers and 0-d tensors do not widen."""

from __future__ import annotations

import numpy as np
import pytest

import tapeless as tl
from tapeless.graph.promote import set_default_dtype

NAMES = {
    "f": tl.ones(2),
    "d": tl.ones(2, dtype=tl.float64),
    "h": tl.ones(2, dtype=tl.float16),
    "i": tl.tensor([1, 2]),
    "k": tl.tensor([1, 2], dtype=tl.int32),
    "u": tl.tensor([1, 2], dtype=tl.uint8),
    "b": tl.tensor([True, False]),
    "c": tl.tensor([1j, 2j]),
    "f0": tl.tensor(1.0),
    "d0": tl.tensor(1.0, dtype=tl.float64),
    "i0": tl.tensor(1),
    "c0": tl.tensor(1j, dtype=tl.complex128),
    "tl": tl,
    "np": np,
}

ROWS = [
    ("f + 1", "float32"), ("f + 1.5", "float32"), ("f + 1j", "complex64"), ("d + 1j", "complex128"),
    ("f + d", "float64"), ("f + d0", "float32"), ("h + f", "float32"), ("h + d0", "float16"),
    ("i + 1", "int64"), ("i + 1.5", "float32"), ("i + f", "float32"), ("i + h", "float16"),
    ("i + d0", "float64"), ("i + f0", "float32"), ("k + 1", "int32"), ("k + i0", "int32"),
    ("k + i", "int64"), ("k + u", "int32"), ("u + 1", "uint8"), ("b + 1", "int64"), ("b + 1.5", "float32"),
    ("b + f", "float32"), ("b + b", "bool"), ("c + f", "complex64"), ("c + d", "complex128"),
    ("c + d0", "complex64"), ("f + c0", "complex64"), ("d + c", "complex128"), ("i / i", "float32"),
    ("i / 2", "float32"), ("i // 2", "int64"), ("i ** 2", "int64"), ("i ** 0.5", "float32"),
    ("f ** 2", "float32"), ("f0 + d0", "float64"), ("i0 + f0", "float32"), ("i.sum()", "int64"),
    ("k.sum()", "int64"), ("b.sum()", "int64"), ("h.sum()", "float16"), ("i.exp()", "float32"),
    ("k.sqrt()", "float32"), ("f == i", "bool"), ("i.clamp(0.5, 2)", "float32"),
    ("tl.where(b, f, 2)", "float32"), ("tl.where(b, 1, 2)", "int64"), ("tl.where(b, 1.0, 2)", "float32"),
    ("tl.cat([i, f])", "float32"), ("f * np.float64(2)", "float32"), ("f + np.ones(2)", "float64"),
    ("tl.tensor([1.0])", "float32"), ("tl.tensor(np.ones(2))", "float64"), ("tl.tensor([1, 2])", "int64"),
    ("tl.tensor([True])", "bool"), ("tl.tensor([1, 2.5])", "float32"), ("tl.tensor(1j)", "complex64"),
    ("tl.arange(3)", "int64"), ("tl.arange(3.0)", "float32"), ("tl.full((2,), 3)", "int64"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "dtype"), ROWS, ids=[row[0] for row in ROWS])
def test_result_has_the_dtype_that_pytorch_gives(text, dtype):
    assert str(eval(text, NAMES).dtype) == dtype


def test_gradients_come_back_in_each_input_s_own_dtype():
    a = tl.ones(2, requires_grad=True)
    b = tl.ones(2, dtype=tl.float64, requires_grad=True)

    (a * b).sum().backward()

    assert a.grad.dtype == tl.float32
    assert b.grad.dtype == tl.float64


def test_default_dtype_is_that_of_python_floats():
    try:
        set_default_dtype(tl.float64)

        assert tl.tensor([1.0]).dtype == tl.float64
        assert tl.zeros(2).dtype == tl.float64
        assert repr(tl.tensor([1.5])) == "tensor([1.5000])"
    finally:
        set_default_dtype(tl.float32)


def test_default_dtype_must_be_a_float():
    with pytest.raises(TypeError, match="only floating-point types are supported as the default type"):
        set_default_dtype(tl.int64)
