"""float32, complex numbers inside and as inputs, 0-d arrays, integers and NumPy scalars."""

import numpy as np

from tests.source.programs.registry import program

V = np.array([0.7, -1.3, 2.1])
V32 = V.astype(np.float32)
M32 = np.array([[0.5, -1.2, 0.8], [1.5, 0.3, -0.7]], dtype=np.float32)
Z = np.array([0.5 + 0.3j, -0.2 + 1.1j])


@program(V32, second=False)
def single_precision(x):
    return np.sum(np.tanh(x) * x + 0.5)


@program(M32, V32, wrt=(0, 1), second=False)
def single_precision_layers(W, x):
    h = np.maximum(W @ x, 0) + 1.0
    return np.mean(h**2) / 2


@program(V32, second=False)
def single_precision_loop(x):
    y = x
    for i in range(3):
        y = y * np.float32(0.9) + 0.1 * np.sin(y) / (i + 1)
    return y.sum()


@program(V32, V, wrt=(0, 1), second=False)
def mixed_precision(x, y):
    return np.sum(x * y + x**2)


@program(V32, second=False, tape=False)
def single_into_double_buffer(x):
    a = np.zeros(3)
    a[:] = x
    a[0] *= x[1]
    return np.sum(a**2)


@program(V, second=False, tolerance=2e-3)
def cast_to_single_and_back(x):
    return np.sum((x.astype(np.float32) * 0.5).astype(np.float64) * x)


@program(np.float32(0.7), second=False)
def single_precision_scalar(x):
    return x * x + np.sin(x)


@program(np.float64(0.7))
def numpy_scalar(x):
    return x**2 + np.exp(x)


@program(np.array(0.7))
def zero_dimensional(x):
    y = x * 2
    return y * x + np.sin(x)


@program(np.array(0.7))
def zero_dimensional_indexing(x):
    return x[()] ** 2 + x[...] * 2 + x.item() * 0


@program(np.array([0.7]))
def one_element_array(x):
    return x * x + 1


@program(np.array([[0.7]]))
def one_by_one_result(A):
    return A @ A


@program(0.7, np.array([1, 2, 3]))
def integer_array_untouched(x, n):
    n = n * 2
    n[0] += 5
    k = n[n > 4]
    return x * np.sum(k) + x ** n[1]


@program(V, np.array([2, 0, 1]))
def permutation(x, order):
    inverse = np.argsort(order)
    return np.sum(x[order] * np.arange(3)) + x[inverse][0] ** 2


@program(V)
def complex_in_between(x):
    z = x[0] + 1j * x[1]
    return np.abs(z) ** 2 + (z * z).real + np.imag(z) ** 3


@program(V)
def phases(x):
    z = np.exp(1j * x)
    return np.abs(np.sum(z)) ** 2 + np.real(z[0] * np.conj(z[1]))


@program(0.7)
def complex_powers(x):
    z = complex(0.5, 0.2) * x
    w = z**2 + 1j
    return w.real + w.imag**2


@program(0.7)
def angle_and_modulus(x):
    z = np.cos(x) + 1j * np.sin(2 * x)
    return np.angle(z) + abs(z)


@program(Z, second=False)
def complex_input(z):
    return np.sum(np.abs(z) ** 2) + np.real(z[0] * z[1])


@program(Z, second=False)
def complex_input_not_holomorphic(z):
    return np.sum(np.real(z) ** 2 * np.imag(z)) + np.abs(np.sum(np.exp(z)))


@program(Z, V[:2], wrt=(0, 1), second=False)
def complex_and_real_inputs(z, x):
    return np.sum(np.abs(z * x + 1j * x**2))


@program(V, tape=False)
def complex_matrix(x):
    A = np.array([[x[0], 1j * x[1]], [-1j * x[1], x[2]]])
    return np.real(np.trace(A @ A)) + np.abs(A[0, 1])


@program(V, tape=False)
def complex_buffer(x):
    z = np.zeros(3, dtype=complex)
    z[:] = x
    z[0] += 1j * x[1]
    z *= np.exp(1j * x)
    return np.sum(z.real * z.imag)


@program(V)
def schroedinger_step(x):
    psi = x / np.sqrt(np.sum(x**2)) + 0j
    for _ in range(2):
        psi = psi - 0.1j * np.array([1.0, 2.0, 3.0]) * psi
    return np.sum(np.abs(psi) ** 2 * np.arange(3))


@program(V)
def boolean_arithmetic(x):
    inside = (x > -1) & (x < 2)
    outside = ~inside | (x == 0.4)
    return np.sum(x * inside) ** 2 + np.sum(outside * x**2)


@program(V)
def integer_division_of_sizes(x):
    half = x.size // 2
    return np.sum(x[:half]) * half + x[half] ** 2


@program(V)
def casts_of_numbers(x):
    n = int(3.7)
    f = float("2.5")
    b = bool(1)
    return x[0] * n + x[1] * f + x[2] * b + np.float64(1.5) * x[0] * np.int32(2)


@program(V)
def true_division_of_integers(x):
    a = np.array([1, 2, 4])
    return np.sum(x / a) + np.sum(a / (1 + x**2)) + (3 / 2) * x[0]


@program(V, 3)
def integer_powers_of_arrays(x, n):
    return np.sum(x**n) + np.sum(np.power(x, np.array([1, 2, 3])))


@program(np.array([0.5, 1.5], dtype=np.longdouble), second=False)
def extended_precision(x):
    return np.sum(x**2 * np.sin(x))


@program(np.asfortranarray(np.arange(6.0).reshape(2, 3) * 0.3 + 0.1))
def fortran_order(A):
    B = A * 1.0
    B.ravel(order="K")[1] = A[0, 0] ** 2
    B[0] += A[1]
    return np.sum(B**2 * np.arange(6).reshape(2, 3))


@program(np.arange(12.0).reshape(3, 4)[::2, ::-1] * 0.2)
def strided_input(A):
    B = A.copy()
    B[0, 1:] *= A[1, :3]
    return np.sum(B**2)


@program(np.zeros((0, 3)), V, wrt=(0, 1), zero=True)
def empty_input(A, b):
    return np.sum(A * b) + np.sum(b**2)


@program(V)
def comparison_gives_no_gradient(x):
    return np.sum((x > 0) * 1.0) + np.mean(x == x) + np.sum(x)
