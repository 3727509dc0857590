"""Tensors print as PyTorch prints them."""

from __future__ import annotations

import math

import pytest

import tapeless as tl

ROWS = [
    ("tl.tensor([2.0, 3.0], requires_grad=True)", "tensor([2., 3.], requires_grad=True)"),
    ("tl.tensor(5.0)", "tensor(5.)"),
    ("tl.tensor(5)", "tensor(5)"),
    ("tl.tensor([1.5, 2, -3])", "tensor([ 1.5000,  2.0000, -3.0000])"),
    ("tl.tensor([True, False])", "tensor([ True, False])"),
    ("tl.tensor([1e-5, 1.0])", "tensor([1.0000e-05, 1.0000e+00])"),
    ("tl.tensor([1e9, 1.0])", "tensor([1.0000e+09, 1.0000e+00])"),
    ("tl.tensor([1000.0, 1.0])", "tensor([1000.,    1.])"),
    ("tl.tensor([1001.0, 1.0])", "tensor([1.0010e+03, 1.0000e+00])"),
    ("tl.tensor([1000.5, 1.0])", "tensor([1.0005e+03, 1.0000e+00])"),
    ("tl.tensor([1001.5, 1.0])", "tensor([1.0015e+03, 1.0000e+00])"),
    ("tl.tensor([1.0, math.nan])", "tensor([1., nan])"),
    ("tl.tensor([1.5, math.nan, math.inf, -math.inf])", "tensor([1.5000,    nan,    inf,   -inf])"),
    ("tl.tensor([0.0, -0.0])", "tensor([0., -0.])"),
    ("tl.tensor([])", "tensor([])"),
    ("tl.zeros(0, 3)", "tensor([], size=(0, 3))"),
    ("tl.zeros(2, 0, dtype=tl.int64)", "tensor([], size=(2, 0), dtype=torch.int64)"),
    ("tl.zeros(0, dtype=tl.float64)", "tensor([], dtype=torch.float64)"),
    ("tl.tensor([1, 2], dtype=tl.uint8)", "tensor([1, 2], dtype=torch.uint8)"),
    ("tl.tensor([1.5 - 2.25j, 3])", "tensor([1.5000-2.2500j, 3.0000+0.0000j])"),
    (
        "tl.tensor([[1.0, -2.0], [30.0, 4.0]])",
        "tensor([[ 1., -2.],\n        [30.,  4.]])",
    ),
    (
        "tl.arange(24.0).reshape(2, 3, 4) / 7",
        "tensor([[[0.0000, 0.1429, 0.2857, 0.4286],\n"
        "         [0.5714, 0.7143, 0.8571, 1.0000],\n"
        "         [1.1429, 1.2857, 1.4286, 1.5714]],\n"
        "\n"
        "        [[1.7143, 1.8571, 2.0000, 2.1429],\n"
        "         [2.2857, 2.4286, 2.5714, 2.7143],\n"
        "         [2.8571, 3.0000, 3.1429, 3.2857]]])",
    ),
    ("tl.arange(1001)", "tensor([   0,    1,    2,  ...,  998,  999, 1000])"),
    (
        "tl.zeros(40, 40)",
        "tensor([[0., 0., 0.,  ..., 0., 0., 0.],\n"
        "        [0., 0., 0.,  ..., 0., 0., 0.],\n"
        "        [0., 0., 0.,  ..., 0., 0., 0.],\n"
        "        ...,\n"
        "        [0., 0., 0.,  ..., 0., 0., 0.],\n"
        "        [0., 0., 0.,  ..., 0., 0., 0.],\n"
        "        [0., 0., 0.,  ..., 0., 0., 0.]])",
    ),
    (
        "tl.arange(30)",
        "tensor([ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15, 16, 17,\n"
        "        18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29])",
    ),
    ("tl.ones(2, requires_grad=True) * 2", "tensor([2., 2.], grad_fn=<MulBackward0>)"),
    ("tl.ones(2, requires_grad=True).sum()", "tensor(2., grad_fn=<SumBackward0>)"),
    (
        "tl.ones(20, requires_grad=True) * 1.5",
        "tensor([1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000,\n"
        "        1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000,\n"
        "        1.5000, 1.5000], grad_fn=<MulBackward0>)",
    ),
    (
        "tl.ones(2, 2, dtype=tl.float16)",
        "tensor([[1., 1.],\n        [1., 1.]], dtype=torch.float16)",
    ),
    (
        "tl.tensor([1.0, 2.0]).max(0)",
        "torch.return_types.max(\nvalues=tensor(2.),\nindices=tensor(1))",
    ),
    ("tl.ones(2, 3).shape", "torch.Size([2, 3])"),
]


@pytest.mark.parametrize(("text", "printed"), ROWS, ids=[row[0] for row in ROWS])
def test_tensor_prints_as_in_pytorch(text, printed):
    assert repr(eval(text, {"tl": tl, "math": math})) == printed


def test_number_in_a_tensor_takes_a_format():
    assert f"{tl.tensor(1.5):.2f}" == "1.50"


def test_number_in_a_tensor_is_written_as_a_number_in_a_text():
    x = tl.tensor(1.5, requires_grad=True)

    assert f"{tl.tensor(9)} {x} {2 * x} {tl.ones(1)}" == "9 1.5 3.0 tensor([1.])"
    assert str(x) == "tensor(1.5000, requires_grad=True)"
