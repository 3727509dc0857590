"""Reading elements, slices, masks and fancy indices."""

import numpy as np

from tests.source.programs.registry import program

V = np.array([0.7, -1.3, 2.1, 0.4])
M = np.array([[0.5, -1.2, 0.8], [1.5, 0.3, -0.7]])
T = np.linspace(-1, 1, 24).reshape(2, 3, 4) + 0.05


@program(V)
def single_elements(x):
    return x[0] * x[1] + x[-1] ** 2


@program(V, 2)
def element_by_variable(x, i):
    return x[i] * x[i - 1] + x[-i]


@program(M)
def matrix_elements(A):
    return A[0, 1] * A[1, 2] + A[0][0] ** 2 + A[-1, -1]


@program(M)
def rows_and_columns(A):
    return A[0] @ A[1] + np.sum(A[:, 1] ** 2) + A[1, :][0]


@program(V)
def slices(x):
    return np.sum(x[1:] * x[:-1]) + np.sum(x[1:3] ** 2)


@program(V)
def strided_slices(x):
    return np.sum(x[::2] * x[1::2]) + np.sum(x[::-1] * np.arange(4)) + np.sum(x[3:0:-2] ** 2)


@program(V)
def negative_slices(x):
    return np.sum(x[-2:] ** 2) + np.sum(x[:-2]) + x[-3:-1] @ x[:2]


@program(M)
def blocks(A):
    return np.sum(A[:, 1:] * A[:, :-1]) + np.sum(A[0:1, ::2])


@program(T)
def ellipsis_and_none(A):
    return np.sum(A[..., 0] ** 2) + np.sum(A[0, ..., 1:] * A[1, ..., :-1]) + np.sum(A[:, None, 0] ** 3)


@program(V)
def outer_by_none(x):
    return np.sum(np.sin(x[:, None] - x[None, :]) ** 2) + np.sum(x[np.newaxis] * 2)


@program(V)
def pairwise_distances(x):
    d = x[:, None] - x[None, :]
    return np.sum(np.exp(-(d**2)))


@program(V)
def fancy_with_repeats(x):
    return np.sum(x[[0, 2, 2, 0, 0]] ** 2 * np.arange(5))


@program(V, np.array([1, 1, 3]))
def integer_array_argument(x, idx):
    picked = x[idx]
    return picked @ np.array([1.0, 2.0, 3.0]) * picked[0]


@program(M)
def fancy_in_two_axes(A):
    return np.sum(A[[0, 1, 1], [2, 0, 0]] ** 2) + np.sum(A[[1, 1]][:, [0, 2]])


@program(M)
def fancy_and_slice(A):
    return np.sum(A[:, [0, 0, 2]] ** 2) + np.sum(A[[1, 0], 1:])


@program(np.array([[0.2, 1.2, 0.4], [2.0, -1.0, 0.1]]), np.array([1, 0]))
def picking_class_scores(logits, labels):
    shifted = logits - np.max(logits, axis=1, keepdims=True)
    logp = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
    return -np.mean(logp[np.arange(len(labels)), labels])


@program(V)
def mask(x):
    return np.sum(x[x > 0] ** 2)


@program(M)
def mask_of_a_matrix(A):
    positive = A > 0
    return np.sum(A[positive]) * np.sum(A[~positive] ** 2)


@program(M)
def mask_of_rows(A):
    keep = np.array([False, True])
    return np.sum(A[keep] ** 2) + np.sum(A[:, np.array([True, False, True])])


@program(V, np.array([True, False, True, False]))
def mask_argument(x, keep):
    return np.prod(x[keep]) + np.sum(np.where(keep, x, 0.0) ** 2)


@program(V)
def index_of_the_largest(x):
    return x[np.argmax(x)] ** 2 - x[x.argmin()]


@program(V)
def index_from_a_search(x):
    order = np.argsort(x)
    return x[order[0]] * x[order[-1]] + np.sum(x[order] * np.arange(4))


@program(V)
def nonzero_indices(x):
    (where,) = np.nonzero(x > 0.5)
    return np.sum(x[where] ** 2)


@program(V)
def index_by_slice_object(x):
    part = slice(1, None, 2)
    return np.sum(x[part] ** 3) + np.sum(x[slice(2)])


@program(T)
def index_by_tuple_variable(A):
    where = (1, 2)
    return np.sum(A[where] ** 2) + A[(0, 1, 2)] + np.sum(A[(slice(None), 0)])


@program(V)
def index_computed_from_data(x):
    k = int(np.floor(x[2]))
    return x[k] ** 2 + x[int(x[0] > 0)]


@program(V)
def nested_indexing(x):
    return x[1:][::2][0] * x[::-1][1:3][1] + x[[3, 1]][0]


@program(T)
def three_axes(A):
    return np.sum(A[0, :, 1] * A[1, :, 2]) + A[1, 2, 3] ** 2 + np.sum(A[:, 1:, ::2])


@program(T)
def advanced_apart(A):
    return np.sum(A[[0, 1], :, [1, 2]] ** 2 * np.arange(6).reshape(2, 3))


@program(M)
def diagonal_elements(A):
    n = min(A.shape)
    return np.sum(A[np.arange(n), np.arange(n)] ** 2) + A[range(2), range(2)][1]


@program(M)
def take_and_friends(A):
    picked = np.take(A, [0, 2, 2], axis=1)
    along = np.take_along_axis(A, np.argsort(A, axis=1), axis=1)
    return np.sum(picked**2) + np.sum(along * np.arange(3)) + A.take(4)


@program(V)
def flat_access(x):
    A = x.reshape(2, 2)
    return A.flat[2] * A.ravel()[1] + A.flatten()[0]


@program(V)
def compress_and_choose(x):
    return np.sum(np.compress([True, False, True, True], x) ** 2) + np.sum(np.choose([0, 1], [x[:2], x[2:]]))


@program(V)
def scalar_index_of_numpy_type(x):
    i = np.int64(1)
    k = np.array([0, 2])[1]
    return x[i] * x[k]


@program(V)
def empty_slice(x):
    return np.sum(x[2:2]) + np.sum(x[10:]) + np.sum(x**2)


@program(np.array([[1.0, 2.0], [3.0, 4.0]]), 3)
def wrapped_index(A, k):
    n = A.shape[0]
    return sum([A[i, (i + k) % n] ** 2 for i in range(n)])


@program(M)
def loop_of_gathers(E):
    words = [0, 1, 1, 0]
    state = np.zeros(3)
    for w in words:
        state = np.tanh(state + E[w])
    return np.sum(state)


@program(V, tape=False)
def moving_average(x):
    w = 2
    return np.sum([np.mean(x[i : i + w]) ** 2 for i in range(len(x) - w + 1)])


@program(M)
def windows(A):
    windows = np.stack([A[0][k : k + 2] for k in range(2)])
    return np.sum(windows**2 * np.array([1.0, 2.0]))
