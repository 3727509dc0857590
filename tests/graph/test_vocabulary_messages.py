"""What each word of Tensor refuses, and PyTorch's message for it, which people search for."""

from __future__ import annotations

import pytest

import tapeless as tl

ROWS = [
    (
        "x + A",
        RuntimeError,
        "The size of tensor a (2) must match the size of tensor b (3) at non-singleton dimension 0",
    ),
    ("x @ x", RuntimeError, "mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)"),
    ("x @ v[:2]", RuntimeError, "size mismatch, got input (2), mat (2x3), vec (2)"),
    (
        "v @ v[:2]",
        RuntimeError,
        "inconsistent tensor size, expected tensor [3] and src [2] to have the same number of "
        "elements, but got 3 and 2 elements respectively",
    ),
    (
        "tl.bmm(B, B)",
        RuntimeError,
        "Expected size for first two dimensions of batch2 tensor to be: [2, 4] but got: [2, 3].",
    ),
    ("x.view(4)", RuntimeError, "shape '[4]' is invalid for input of size 6"),
    ("x.view(-1, 4)", RuntimeError, "shape '[-1, 4]' is invalid for input of size 6"),
    ("x.view(-1, -1)", RuntimeError, "only one dimension can be inferred"),
    (
        "x.t().view(6)",
        RuntimeError,
        "view size is not compatible with input tensor's size and stride (at least one dimension "
        "spans across two contiguous subspaces). Use .reshape(...) instead.",
    ),
    ("x.reshape(5)", RuntimeError, "shape '[5]' is invalid for input of size 6"),
    (
        "x.sum(2)",
        IndexError,
        "Dimension out of range (expected to be in range of [-2, 1], but got 2)",
    ),
    ("x.sum((0, 0))", RuntimeError, "dim 0 appears multiple times in the list of dims"),
    (
        "i.mean()",
        RuntimeError,
        "mean(): could not infer output dtype. Input dtype must be either a floating point or "
        "complex dtype. Got: Long",
    ),
    ("x[5]", IndexError, "index 5 is out of bounds for dimension 0 with size 2"),
    ("x[0, 0, 0]", IndexError, "too many indices for tensor of dimension 2"),
    (
        "s[0]",
        IndexError,
        "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in "
        "C++ to convert a 0-dim tensor to a number",
    ),
    ("x[::-1]", ValueError, "step must be greater than zero"),
    (
        "x[m[:, :2]]",
        IndexError,
        "The shape of the mask [2, 2] at index 1 does not match the shape of the indexed tensor "
        "[2, 3] at index 1",
    ),
    ("x[x]", IndexError, "tensors used as indices must be long, int, byte or bool tensors"),
    (
        "x[1.0]",
        IndexError,
        "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid "
        "indices (got float)",
    ),
    ('x["a"]', TypeError, "new(): invalid data type 'str'"),
    (
        "bool(x)",
        RuntimeError,
        "Boolean value of Tensor with more than one value is ambiguous",
    ),
    ("x.item()", RuntimeError, "a Tensor with 6 elements cannot be converted to Scalar"),
    ("len(s)", TypeError, "len() of a 0-d tensor"),
    ("list(s)", TypeError, "iteration over a 0-d tensor"),
    (
        "v.expand(2, 4)",
        RuntimeError,
        "The expanded size of the tensor (4) must match the existing size (3) at non-singleton "
        "dimension 1.  Target sizes: [2, 4].  Tensor sizes: [3]",
    ),
    ("x.permute(0, 0)", RuntimeError, "permute(): duplicate dims are not allowed."),
    ("B.t()", RuntimeError, "t() expects a tensor with <= 2 dimensions, but self is 3D"),
    ("tl.cat([])", ValueError, "torch.cat(): expected a non-empty list of Tensors"),
    (
        "tl.cat([x, v])",
        RuntimeError,
        "Tensors must have same number of dimensions: got 2 and 1",
    ),
    (
        "tl.cat([x, A[:, :2]])",
        RuntimeError,
        "Sizes of tensors must match except in dimension 0. Expected size 3 but got size 2 for "
        "tensor number 1 in the list.",
    ),
    (
        "tl.cat([s, s])",
        RuntimeError,
        "zero-dimensional tensor (at position 0) cannot be concatenated",
    ),
    (
        "tl.stack([x, v])",
        RuntimeError,
        "stack expects each tensor to be equal size, but got [2, 3] at entry 0 and [3] at entry 1",
    ),
    (
        "x.split([1, 1], dim=1)",
        RuntimeError,
        "split_with_sizes expects split_sizes to sum exactly to 3 (input tensor's size at "
        "dimension 1), but got split_sizes=[1, 1]",
    ),
    ("x.narrow(1, 2, 2)", RuntimeError, "start (2) + length (2) exceeds dimension size (3)."),
    (
        "tl.zeros(3).argmax(5)",
        IndexError,
        "Dimension out of range (expected to be in range of [-1, 0], but got 5)",
    ),
    (
        "tl.zeros(0).max()",
        RuntimeError,
        "max(): Expected reduction dim to be specified for input.numel() == 0. Specify the "
        "reduction dim with the 'dim' argument.",
    ),
    ("x.topk(9)", RuntimeError, "selected index k out of range"),
    (
        "x.clamp()",
        RuntimeError,
        "torch.clamp: At least one of 'min' or 'max' must not be None",
    ),
    (
        "tl.where(i, x, x)",
        RuntimeError,
        "where expected condition to be a boolean tensor, but got a tensor with dtype Long",
    ),
    ("tl.mm(x, x)", RuntimeError, "mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)"),
    ("tl.mm(x, v)", RuntimeError, "mat2 must be a matrix"),
    ("tl.dot(x, v)", RuntimeError, "1D tensors expected, but got 2D and 1D tensors"),
    (
        "tl.inverse(x)",
        RuntimeError,
        "linalg.inv: A must be batches of square matrices, but they are 2 by 3 matrices",
    ),
    (
        "tl.tensor([1, 2], requires_grad=True)",
        RuntimeError,
        "Only Tensors of floating point and complex dtype can require gradients",
    ),
    (
        "tl.tensor([[1, 2], [3]])",
        ValueError,
        "expected sequence of length 2 at dim 1 (got 1)",
    ),
    ('tl.tensor("a")', TypeError, "new(): invalid data type 'str'"),
    (
        "i.div_(2)",
        RuntimeError,
        "result type Float can't be cast to the desired output type Long",
    ),
    (
        "i.add_(1.5)",
        RuntimeError,
        "result type Float can't be cast to the desired output type Long",
    ),
    ("i**-1", RuntimeError, "Integers to negative integer powers are not allowed."),
    (
        "tl.ones(3).add_(tl.ones(2, 3))",
        RuntimeError,
        "output with shape [3] doesn't match the broadcast shape [2, 3]",
    ),
    (
        "tl.ones(3).expand(2, 3).add_(1)",
        RuntimeError,
        "unsupported operation: more than one element of the written-to tensor refers to a single "
        "memory location. Please clone() the tensor before performing the operation.",
    ),
    (
        "tl.ones(2).fill_(tl.ones(2))",
        RuntimeError,
        "fill_ only supports 0-dimension value tensor but got tensor with 1 dimensions.",
    ),
    (
        "x.add_(1)",
        RuntimeError,
        "a leaf Variable that requires grad is being used in an in-place operation.",
    ),
    (
        "x.zero_()",
        RuntimeError,
        "a leaf Variable that requires grad is being used in an in-place operation.",
    ),
    (
        "v[0].fill_(2.0)",
        RuntimeError,
        "a view of a leaf Variable that requires grad is being used in an in-place operation.",
    ),
    (
        "x.gather(1, tl.tensor([[0, 5], [1, 1]]))",
        RuntimeError,
        "index 5 is out of bounds for dimension 1 with size 3",
    ),
    ("x.index_select(0, tl.tensor([5]))", IndexError, "index out of range in self"),
    (
        "x.masked_fill(i, 1.0)",
        RuntimeError,
        "masked_fill_ only supports boolean masks, but got mask with dtype long int",
    ),
    (
        "x.numpy()",
        RuntimeError,
        "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.",
    ),
    ("x.imag", RuntimeError, "imag is not implemented for tensors with non-complex dtypes."),
    (
        "~x",
        TypeError,
        "~ (operator.invert) is only implemented on integer and Boolean-type tensors",
    ),
    (
        "tl.exp(2.0)",
        TypeError,
        "exp(): argument 'input' (position 1) must be Tensor, not float",
    ),
    (
        'tl.div(x, 2, rounding_mode="up")',
        RuntimeError,
        "div expected rounding_mode to be one of None, 'trunc', or 'floor' but found 'up'",
    ),
    (
        "tl.arange(5, 1)",
        RuntimeError,
        "upper bound and lower bound inconsistent with step sign",
    ),
    (
        "tl.randint(3, 1, (2,))",
        RuntimeError,
        "random_ expects 'from' to be less than 'to', but got from=3 >= to=1",
    ),
]


@pytest.mark.parametrize(("text", "error", "message"), ROWS, ids=[row[0] for row in ROWS])
def test_refusal_has_the_words_of_pytorch(text, error, message):
    names = {
        "x": tl.tensor([[1.0, -2, 3], [4, 5, -6]], requires_grad=True),
        "v": tl.tensor([1.0, 2, -3], requires_grad=True),
        "s": tl.tensor(2.0, requires_grad=True),
        "A": tl.ones(3, 3),
        "B": tl.ones(2, 3, 4),
        "i": tl.tensor([[1, 2, 3], [4, 5, 6]]),
    }
    names["m"] = names["i"] > 2

    with pytest.raises(error) as caught:
        eval(text, {"tl": tl, **names})

    assert str(caught.value) == message


def test_matrix_that_is_not_positive_definite_is_named():
    with pytest.raises(tl.linalg.LinAlgError, match="the leading minor of order 2 is not positive-definite"):
        tl.linalg.cholesky(tl.tensor([[1.0, 2.0], [2.0, 1.0]]))


def test_a_hook_must_be_callable_and_requires_grad_a_bool():
    x = tl.tensor([1.0], requires_grad=True)

    with pytest.raises(TypeError, match="a hook must be callable: int is not"):
        x.register_hook(3)
    with pytest.raises(TypeError, match="must be bool, not int"):
        x.requires_grad_(1)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda t: t.mm(3.0), r"mm\(\): argument 'mat2' \(position 2\) must be Tensor, not float"),
        (lambda t: tl.dot(None, t), r"dot\(\): argument 'input' \(position 1\) must be Tensor, not NoneType"),
        (lambda t: tl.sum([t]), r"sum\(\): argument 'input' \(position 1\) must be Tensor, not list"),
        (lambda t: tl.allclose(t, 1.0), r"allclose\(\): argument 'other' \(position 2\) must be Tensor"),
        (lambda t: tl.zeros_like("a"), r"argument 'input' \(position 1\) must be Tensor, not str"),
        (lambda t: tl.hstack([t, 1.0]), "expected Tensor as element 1 in argument 0, but got float"),
        (lambda t: tl.linalg.inv(2), r"inv\(\): argument 'A' \(position 1\) must be Tensor, not int"),
    ],
)
def test_what_is_no_tensor_is_named_with_its_argument(call, text):
    with pytest.raises(TypeError, match=text):
        call(tl.ones(2, 2, requires_grad=True))


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda t: tl.tril(t), "tril: input tensor must have at least 2 dimensions"),
        (lambda t: tl.cross(t, t), "no dimension of size 3 in input"),
        (lambda t: tl.tensor(1.0).narrow(0, 0, 1), r"narrow\(\) cannot be applied to a 0-dim tensor"),
    ],
)
def test_dimensions_that_are_not_there_are_named(call, text):
    with pytest.raises(RuntimeError, match=text):
        call(tl.ones(2))


@pytest.mark.parametrize("function", [tl.kron, tl.inner, lambda a, b: tl.einsum("i,i", a, b)])
def test_products_promote_as_operators_do(function):
    assert function(tl.ones(2), tl.tensor([1, 2])).dtype == tl.float32


def test_comparisons_are_made_in_the_promoted_dtype():
    assert (tl.tensor([0.1]) == tl.tensor(0.1, dtype=tl.float64)).tolist() == [True]
    assert tl.tensor([1, 2]).masked_fill(tl.tensor([True, False]), 7.5).tolist() == [7, 2]
