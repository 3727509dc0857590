"""What people call of NumPy: linear algebra, einsum, reductions, sorting, joining, FFT."""

import numpy as np

from tests.source.programs.registry import program

V = np.array([0.7, -1.3, 2.1])
P = np.array([0.7, 1.3, 2.1])
M = np.array([[0.5, -1.2, 0.8], [1.5, 0.3, -0.7]])
S = np.array([[2.0, 0.3, 0.1], [0.3, 1.5, 0.2], [0.1, 0.2, 1.8]])
T = np.linspace(-1, 1, 24).reshape(2, 3, 4) + 0.05


@program(S, V, wrt=(0, 1))
def solve_a_system(A, b):
    x = np.linalg.solve(A, b)
    return x @ x


@program(S)
def inverse_and_determinant(A):
    return np.sum(np.linalg.inv(A)[0]) + np.linalg.det(A) + np.linalg.slogdet(A)[1]


@program(S)
def sign_and_logdet(A):
    sign, logdet = np.linalg.slogdet(A)
    return sign * logdet


@program(S)
def cholesky(A):
    L = np.linalg.cholesky((A + A.T) / 2)
    return np.sum(np.log(np.diag(L))) + L[1, 0]


@program(S)
def eigenvalues(A):
    w, U = np.linalg.eigh((A + A.T) / 2)
    return w[0] * w[2] + np.sum(U[:, 1] ** 2 * np.arange(3))


@program(M)
def singular_values(A):
    U, s, Vt = np.linalg.svd(A, full_matrices=False)
    return s[0] + 2 * s[1]


@program(M)
def nuclear_and_other_norms(A):
    return np.linalg.norm(A) + np.linalg.norm(A, ord=1) + np.linalg.norm(A[0], 3)


@program(S)
def qr(A):
    Q, R = np.linalg.qr(A)
    return np.sum(np.abs(np.diag(R))) + np.sum(R[0] ** 2)


@program(M, V, wrt=(0, 1))
def einsums(A, b):
    return np.einsum("ij,j->", A, b) + np.sum(np.einsum("ij,kj->ik", A, A) ** 2) + np.einsum("i,i", b, b)


@program(T, M)
def einsum_of_batches(A, W):
    return np.sum(np.einsum("bij,bi->bj", A, W) ** 2)


@program(V, V + 1, wrt=(0, 1))
def products_of_vectors(a, b):
    return (
        np.inner(a, b)
        + np.sum(np.outer(a, b) ** 2)
        + np.sum(np.cross(a, b))
        + np.vdot(a, b)
        + np.kron(a, b)[2]
    )


@program(T, T * 0.5)
def tensor_products(A, B):
    return np.sum(np.tensordot(A, B, axes=([0, 2], [0, 2])) ** 2) + np.sum(A @ np.swapaxes(B, 1, 2))


@program(P)
def many_elementwise(x):
    return np.sum(np.exp(-x) + np.log(x) + np.sqrt(x) + np.sin(x) * np.cos(x) + np.tanh(x) + np.arctan(x))


@program(P)
def more_elementwise(x):
    return np.sum(
        np.log1p(x) + np.expm1(x) + np.cbrt(x) + np.square(x) + np.reciprocal(x) + np.sinh(x) + np.log10(x)
    )


@program(V, P + 0.2, wrt=(0, 1))
def two_argument_functions(x, y):
    return np.sum(np.maximum(x, y) + np.minimum(x, 0.5) + np.arctan2(x, y) + np.hypot(x, y) + np.power(y, 2))


@program(V)
def signs_and_steps(x):
    return np.sum(np.abs(x) + np.sign(x) * x + np.heaviside(x, 0.5) * x + np.floor(x) * x)


@program(V)
def softmax(x):
    z = x - np.max(x)
    p = np.exp(z) / np.sum(np.exp(z))
    return np.sum(p**2)


@program(M)
def logsumexp(A):
    m = A.max(axis=1, keepdims=True)
    return np.sum(m.squeeze(1) + np.log(np.sum(np.exp(A - m), axis=1)))


@program(M)
def batch_norm(A):
    mu = np.mean(A, axis=0)
    sigma = np.std(A, axis=0)
    return np.sum((A - mu) / (sigma + 1e-3) * np.arange(3) * A)


@program(V)
def concatenations(x):
    y = np.concatenate([x, x**2, [1.0]])
    z = np.hstack([x, np.vstack([x, x * 2])[1]])
    return np.sum(y[:6] * z) + np.append(x, 5.0)[0]


@program(V)
def stacks(x):
    A = np.stack([x, x**2], axis=1)
    B = np.column_stack([x, x + 1])
    return np.sum(A * B) + np.sum(np.dstack([x, x])[0, :, 1] ** 2)


@program(T)
def splits(A):
    a, b = np.split(A, 2, axis=2)
    first, rest = np.array_split(A.ravel(), [5])
    return np.sum(a * b) + np.sum(first) ** 2 + rest[0]


@program(V)
def tiles_and_rolls(x):
    return (
        np.sum(np.tile(x, 2) * np.arange(6))
        + np.sum(np.roll(x, 1) * x)
        + np.sum(np.repeat(x, [1, 2, 3]) ** 2)
    )


@program(V)
def pads_and_flips(x):
    p = np.pad(x, 1)
    q = np.pad(x, (1, 2), mode="edge")
    return np.sum(p[1:] * p[:-1]) + np.sum(np.flip(x) * x) + np.sum(q**2)


@program(S)
def triangles(A):
    return np.sum(np.tril(A) ** 2) + np.sum(np.triu(A, 1)) + np.sum(np.diag(np.diag(A)) @ A) + np.trace(A)


@program(V)
def sorting(x):
    return np.sum(np.sort(x) * np.array([1.0, 2.0, 3.0])) + np.median(x) + np.sort(x)[::-1][0] ** 2


@program(V)
def order_statistics(x):
    return np.max(x) - np.min(x) + np.ptp(x) * np.partition(x, 1)[1] + np.percentile(x, 30)


@program(V)
def means(x):
    return np.mean(x) ** 2 + np.var(x) + np.std(x) + np.average(x, weights=[1.0, 2.0, 3.0])


@program(M)
def covariances(A):
    centred = A - A.mean(axis=1, keepdims=True)
    C = centred @ centred.T / (A.shape[1] - 1)
    d = np.sqrt(np.diag(C))
    return C[0, 1] ** 2 + np.sum(C / np.outer(d, d) * np.arange(4).reshape(2, 2))


@program(V)
def differences_and_integrals(x):
    return np.sum(np.diff(x) ** 2) + np.trapezoid(x**2, dx=0.5)


@program(V)
def polynomials(x):
    powers = x[:, None] ** np.arange(4)
    return powers @ np.array([1.0, -2.0, 0.5, 0.1]) @ x


@program(V)
def interpolation(x):
    grid = np.array([-2.0, 0.0, 1.0, 3.0])
    return np.sum(np.interp(x, grid, np.array([0.0, 1.0, 4.0, 2.0])) ** 2)


@program(V)
def convolutions(x):
    return (
        np.sum(np.convolve(x, [1.0, 0.5]) ** 2)
        + np.sum(np.convolve(x, x, mode="same"))
        + np.correlate(x, x)[0]
    )


@program(V)
def fourier_by_matrix(x):
    k = np.arange(3)
    X = np.exp(-2j * np.pi * k[:, None] * k / 3) @ x
    power = X.real**2 + X.imag**2
    return np.sum(power * k) + np.abs(X[1]) ** 3


@program(V)
def grids(x):
    a, b = np.meshgrid(x, x[:2])
    return np.sum(a * b**2) + np.sum(np.linspace(0, 1, 3) * x)


@program(V)
def linspace_of_inputs(x):
    t = x[1] + (x[2] - x[1]) * np.linspace(0.0, 1.0, 5)
    return np.sum(t**2)


@program(V)
def clips_and_nans(x):
    y = np.nan_to_num(np.clip(x, -1.0, 2.0))
    return np.nansum(y**2) + np.nanmean(x) + np.isnan(x).sum()


@program(P)
def accumulations(x):
    return np.sum(np.cumsum(x) * np.cumprod(x)) + np.add.reduce(x) ** 2


@program(V)
def ufunc_methods(x):
    return np.sum(np.multiply.outer(x, x)) + np.logaddexp.reduce(x) + np.add.accumulate(x)[1] * x[0]


@program(V)
def constants_from_numpy(x):
    A = np.eye(3) + np.ones((3, 3)) * 0.1
    return x @ A @ x + np.arange(3) @ x + np.zeros(3) @ x


@program(V)
def random_but_seeded(x):
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(5, 3))
    z = x[0] + np.exp(x[1]) * noise
    return np.mean(z**2) + rng.uniform() * x[2]


@program(M)
def broadcast_functions(A):
    B = np.broadcast_to(A[0], (4, 3))
    return np.sum(B**2 * np.arange(4)[:, None]) + np.sum(np.expand_dims(A, 1) * A)


@program(V)
def selects(x):
    y = np.select([x < 0, x > 1], [x**2, np.sqrt(np.abs(x))], default=x)
    return np.sum(y)


@program(V)
def atleast(x):
    return np.sum(np.atleast_2d(x).T @ np.atleast_2d(x)) + np.atleast_1d(x[0])[0]


@program(M)
def multi_dot(A):
    return np.sum(np.linalg.multi_dot([A, A.T, A])) + np.sum(np.linalg.matrix_power(A @ A.T, 3))


@program(S, V)
def least_squares(A, b):
    return np.sum(np.linalg.pinv(A) @ b)


@program(V)
def unravel(x):
    i = np.unravel_index(2, (3, 1))
    A = x[:, None]
    return A[i] ** 2 + A[np.ix_([0, 2], [0])].sum()


@program(V)
def sinc_and_friends(x):
    return np.sum(np.sinc(x) + np.deg2rad(x) * x + np.exp2(x) + np.logaddexp(x, 0.0))


@program(V)
def allclose_and_asserts(x):
    if np.allclose(x, x) and np.array_equal(x, x) and np.isclose(x[0], 0.75, atol=0.2):
        return np.sum(x**2)
    return x[0]


@program(np.array([0.3, 1.2]), np.array([0, 0, 1, 1, 0]))
def bincount_as_constant(x, labels):
    counts = np.bincount(labels)
    values, index = np.unique(labels, return_inverse=True)
    return np.sum(x * counts) ** 2 + np.sum(x[index] ** 3)


@program(V, tape=False)
def asarray_of_inputs(x):
    y = np.asarray(x) if isinstance(x, list) else x
    z = np.array([x, x * 2])
    return np.sum(z[1] * y) + np.asarray([x[0], x[1]]).sum()


@program([0.5, 1.5, -0.3], tape=False)
def list_turned_into_an_array(values):
    x = np.array(values)
    y = np.asarray(values, dtype=float)
    return np.sum(x**2 * np.arange(3)) + y @ y


@program(V, tape=False)
def arrays_in_the_form_of_the_input(x):
    full = np.full_like(x, x[0] ** 2)
    rows = np.full_like(np.zeros((2, 3)), x**3)
    return np.sum(full * np.ones_like(x) * x) + np.sum(rows * x) + np.sum(np.zeros_like(x) * x)


@program(np.array([[0.4, 1.2], [0.7, -0.9]]))
def form_of_what_was_computed(A):
    B = A @ A.T
    out = np.empty_like(B)
    out[:] = np.full_like(B, np.trace(B)) * A
    return np.sum(out * B)


@program(V, tape=False)
def choices_by_numbers_of_the_input(x):
    """What is chosen depends on values that vary; how much of each does not."""
    kept = np.compress(x, x**2) if np.all(x) else x
    found = np.extract(np.floor(x) > 0, x**3)
    return np.sum(kept) + np.sum(found * found)


@program(V, tape=False)
def lists_among_arrays_that_are_joined(x):
    a = np.concatenate([x, [x[0] * x[1], 2.0]])
    b = np.vstack([x, [x[0], 2.0, x[1] * x[2]]])
    c = np.stack([[x[0], x[1]], x[:2] ** 2])
    d = np.column_stack([x, [x[2], 1.0, x[0]]])
    return np.sum(a**3) + np.sum(b @ d) + np.sum(c * np.concatenate([[x[1:]], [x[:2] * x[0]]]))


@program(V, tape=False)
def list_of_pairs_joined(x):
    pairs = [[v, v**2] for v in x]
    pairs.append([x[0] * x[2]])
    return np.sum(np.concatenate(pairs) ** 3 * np.arange(7))


@program(V, tape=False)
def lists_among_arrays_that_are_chosen_from(x):
    where = [np.abs(x) > 1, [True, False, True]]
    chosen = np.select(where, [x**2, [x[0], x[1], x[2] * x[0]]], 0.0)
    return np.sum(chosen) + np.sum(np.choose([0, 1, 1], [x**2, [x[0], x[1] * x[2], x[2]]]) ** 2)


@program(V)
def blocks_of_a_matrix(x):
    A = np.block([[x[0] * np.eye(2), np.ones((2, 1))], [np.append(x[1:], 1.0)[None]]])
    return np.sum(A @ A) * x[1]


@program(V)
def power_spectrum(x):
    spectrum = np.fft.rfft(x * np.hanning(5)[1:4], n=8)
    return np.sum(np.abs(spectrum) ** 2 * np.fft.rfftfreq(8))


@program(V, P, wrt=(0, 1))
def convolution_by_fourier(x, kernel):
    n = len(x) + len(kernel) - 1
    y = np.fft.irfft(np.fft.rfft(x, n) * np.fft.rfft(kernel, n), n)
    return np.sum(y**2)


@program(M)
def filtered_image(A):
    F = np.fft.fftshift(np.fft.fft2(A, norm="ortho"))
    F[0, 1:] = 0.0
    return np.sum(np.fft.ifft2(np.fft.ifftshift(F)).real ** 3)


@program(T)
def derivative_by_fourier(u):
    k = 2j * np.pi * np.fft.fftfreq(4, 0.25)
    for _ in range(2):
        u = u - 0.001 * np.real(np.fft.ifft(k * np.fft.fft(u, axis=2), axis=2)) * u
    return np.sum(u**2) + np.sum(np.fft.irfftn(np.fft.rfftn(u, axes=(0, 2)), s=(2, 5), axes=(0, 2)) ** 2)


@program(np.array([[1.0, 0.3], [0.5, -1.2], [0.2, 0.7]]), np.array([0.4, -1.0, 2.0]))
def least_squares_fit(a, b):
    fit, missed, rank, sizes = np.linalg.lstsq(a, b, rcond=None)
    return np.sum(fit**2) + np.sum(missed) * rank + sizes[0]


@program(M)
def slopes_along_axes(A):
    rows, columns = np.gradient(np.vstack([A, A[0] * A[1]]), 0.5, 2.0)
    both = np.gradient(A, axis=(0, 1))
    return np.sum(rows**2 * columns) + np.sum(both[0] * both[1])


@program(V)
def slope_of_unevenly_spaced(x):
    slope = np.gradient(x**2, np.array([0.0, 0.5, 2.0]), edge_order=2)
    return np.sum(slope**3) + np.sum(np.gradient(x) * x)


@program(M, V, wrt=(0, 1))
def covariance_of_variables(A, x):
    C = np.cov(A, x)
    return np.sum(C**2) + np.cov(x, bias=True) * np.corrcoef(A, rowvar=True)[0, 1] + C[2, 0]


@program(V)
def running_extremes(x):
    peaks = np.maximum.accumulate(x)
    drop = np.max(peaks - np.minimum.accumulate(x))
    return drop**2 + np.sum(peaks * np.arange(3))


@program(V, P, wrt=(0, 1))
def algebra_of_polynomials(p, x):
    slope = np.polyval(np.polyder(p), x)
    area = np.polyint(np.polymul(p, np.polyadd(p[1:], 2.0)))
    return np.sum(np.polyval(p, x) * slope) + np.sum(area**2) + np.polyval(area, 0.5)


@program(V, P, wrt=(0, 1))
def points_between_ends(a, b):
    line = np.linspace(a[0], b[2], 4)
    lines = np.linspace(a, b, 3, endpoint=False, axis=1)
    return (
        np.sum(line**2) + np.sum(lines**3) + np.sum(np.geomspace(b[0], b[1], 3) * np.logspace(a[0], a[1], 3))
    )


@program(V)
def least_squares_by_powers(x):
    X = np.vander(x, 2)
    return np.sum(np.linalg.solve(X.T @ X, X.T @ (x**3)) ** 2) + np.sum(np.vander(x, increasing=True))


@program(T)
def moving_average(u):
    windows = np.lib.stride_tricks.sliding_window_view(u, 3, axis=2)
    patches = np.lib.stride_tricks.sliding_window_view(u[0], (2, 2))
    return np.sum(windows.mean(axis=-1) ** 2) + np.sum(np.max(patches, axis=(2, 3)))


@program(M)
def sums_and_products_from_a_value(A):
    rows = np.sum(A, axis=0, initial=A[0, 1] ** 2)
    columns = A.prod(axis=1, keepdims=True, initial=rows[2], where=A > -1)
    total = np.multiply.reduce(np.add.reduce(A, initial=1.5), initial=A[1, 1])
    for k in range(3):
        total = np.sum(A * k, initial=total) * 0.5 + A[0, 0]
    return np.sum(rows * columns) * total
