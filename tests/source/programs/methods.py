"""Methods and attributes of arrays."""

import numpy as np

from tests.source.programs.registry import program

V = np.array([0.7, -1.3, 2.1, 0.4])
P = np.array([0.7, 1.3, 2.1, 0.4])
M = np.array([[0.5, -1.2, 0.8], [1.5, 0.3, -0.7]])
T = np.linspace(-1, 1, 24).reshape(2, 3, 4) + 0.05


@program(M)
def sums_by_axis(A):
    return (A.sum() * A.sum(axis=0)[1] + A.sum(1) @ A.sum(axis=1, keepdims=True).ravel()) * A.sum(axis=-1)[0]


@program(M)
def means_and_spreads(A):
    return A.mean() + A.mean(axis=0)[0] * A.std() + A.var(axis=1).sum() + A.var(ddof=1)


@program(M)
def extremes(A):
    return A.max() * A.min() + A.max(axis=0).sum() + A.min(axis=1, keepdims=True).sum() ** 2


@program(P)
def products(x):
    return x.prod() + x.cumprod()[2] * x.cumsum()[1] + np.diff(x).sum()


@program(T)
def reshapes(A):
    B = A.reshape(6, -1)
    C = A.reshape((4, 6))
    return np.sum(B[0] * C[1, :4]) + A.reshape(-1)[5] ** 2 + A.ravel()[2] * A.flatten()[7]


@program(T)
def transposes(A):
    return (
        np.sum(A.T[0] ** 2) + np.sum(A.transpose(1, 0, 2)[0] * A.transpose((0, 2, 1))[0, 0, 0]) + A.T[1, 1, 1]
    )


@program(M)
def transpose_products(A):
    return np.trace(A @ A.T) + (A.T @ A)[0, 1] + A.T.dot(A).trace()


@program(T)
def axes_moved(A):
    return np.sum(A.swapaxes(0, 2)[1] ** 2) + np.sum(np.moveaxis(A, 0, -1)[0, 0] ** 3) + A.squeeze().sum()


@program(V)
def dots(x):
    return x.dot(x) ** 2 + x.dot(np.arange(4.0))


@program(M)
def shape_attributes(A):
    n, m = A.shape
    return A.sum() * n / m + A.size * A[0, 0] + A.ndim * A[1, 1] + len(A.shape) + A.shape[0] * A[0, 1]


@program(V)
def copies_and_casts(x):
    y = x.copy()
    z = y.astype(np.float64) * x.astype(float)
    return np.sum(z * y) + x.astype(int)[2] * x[0]


@program(V)
def clipping(x):
    return x.clip(-1, 1).sum() ** 2 + np.clip(x, 0.0, None).sum() + x.clip(min=0.5)[0]


@program(V)
def repeats_and_takes(x):
    return np.sum(x.repeat(2) * np.arange(8)) + x.take([0, 0, 3]).sum() ** 2


@program(V)
def arg_methods(x):
    return x[x.argmax()] * x[x.argmin()] + x[x.argsort()[1]] ** 2


@program(V)
def any_and_all(x):
    if (x > 2).any() and not (x > 0).all():
        return (x**2).sum()
    return x.sum()


@program(V)
def rounding_methods(x):
    return np.sum((x - x.round()) ** 2) + np.sum(x * np.floor(x))


@program(V)
def conjugates(x):
    return np.sum(x.conj() * x.real) + x.imag.sum() + x.conjugate()[0]


@program(M)
def diagonals_and_traces(A):
    return A.diagonal().sum() ** 2 + A.trace() + A.diagonal(1) @ A.diagonal(1)


@program(V)
def item_of_constants(x):
    c = np.array([2.0, 3.0])
    return x[0] * c[0].item() + c.sum().item() * x[1] + c.tolist()[1] * x[2]


@program(V, tape=False)
def item_of_inputs(x):
    return x[0].item() ** 2 + x.item(1) * x.sum().item()


@program(V, tape=False)
def list_of_inputs(x):
    a, b, c, d = x.tolist()
    return a * b + c**2 * d


@program(V)
def method_chains(x):
    return (x * 2).reshape(2, 2).T.sum(axis=0).max() ** 2


@program(V)
def bound_method_kept(x):
    total = x.sum
    return total() ** 2 + (x**2).mean()


@program(V)
def nbytes_and_dtype(x):
    y = np.zeros(x.shape, dtype=x.dtype)
    if x.dtype == np.float64 and x.dtype.kind == "f":
        y = y + x**2
    return y.sum() / x.itemsize


@program(V)
def shape_in_expressions(x):
    A = np.ones((x.shape[0], 2)) * x[:, None]
    return A.sum() / x.shape[-1] + np.zeros(x.shape).sum() + x.size


@program(T)
def swap_of_axes_in_a_loop(A):
    total = 0.0
    for axis in range(3):
        total += np.sum(A.max(axis=axis) ** 2)
    return total


@program(T)
def reductions_over_two_axes(A):
    return np.sum(A.sum(axis=(0, 2)) ** 2) + np.sum(A.mean(axis=(1, 2), keepdims=True) * A)


@program(M)
def cumulative_by_axis(A):
    return np.sum(A.cumsum(axis=1) ** 2) + np.sum(A.cumsum(0)[1] * A[0]) + A.cumsum()[4]


@program(M)
def unary_operators_on_arrays(A):
    return np.sum(-A * +A) + np.sum(abs(A) ** 1.5)


@program(M)
def iteration_by_attribute(A):
    total = 0.0
    for i in range(A.shape[0]):
        for j in range(A.shape[1]):
            total += A.item((i, j)) * 0.0 + A[i, j] ** 2 if False else A[i, j] ** 3
    return total


@program(M)
def sorted_rows(A):
    return np.sum(np.sort(A, axis=1) * np.arange(3)) + np.sort(A, axis=None)[2] ** 2


@program(V)
def searching(x):
    k = np.arange(5.0).searchsorted(1.5)
    return x[k] ** 2 * x.nonzero()[0].sum()


@program(M)
def flat_iteration(A):
    total = 0.0
    for v in A.flat:
        total += v**2
    for v in A.ravel():
        total *= 1 + 0.1 * v
    return total


@program(V)
def view_of_itself(x):
    y = x.view()
    return np.sum(y * x)


@program(M)
def matrix_transpose_attribute(A):
    return np.sum((A.mT @ A) ** 2)


@program(M)
def norm_of_rows(A):
    return np.sqrt((A**2).sum(axis=1)).sum() + np.linalg.norm(A, axis=0).max()


@program(V)
def array_protocol_calls(x):
    return np.asarray(x).sum() ** 2 if False else np.sum(np.square(x)) + x.__len__() * x[0]
