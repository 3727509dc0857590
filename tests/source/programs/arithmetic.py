"""Operators, builtins and `math` on numbers and arrays."""

import math
import operator

import numpy as np

from tests.source.programs.registry import program

V = np.array([0.7, -1.3, 2.1])
P = np.array([0.4, 1.7, 2.6])
M = np.array([[0.5, -1.2, 0.8], [1.5, 0.3, -0.7]])


@program(1.3)
def polynomial(x):
    return 3 * x**3 - 2 * x**2 + x - 7


@program(1.3, 0.6, wrt=(0, 1))
def every_operator(x, y):
    return (x + y) * (x - y) / (x * y) + x**y - (-x) + (+y) * 2


@program(2.7, 0.6, wrt=(0, 1))
def floor_and_remainder(x, y):
    whole = x // y
    rest = x % y
    return whole * x + rest * rest * y


@program(7.3, 2.0, wrt=(0, 1))
def quotient_and_remainder(x, y):
    q, r = divmod(x, y)
    return q * x + r**2 * y


@program(-1.3)
def absolute(x):
    return abs(x) * x


@program(1.7, 2.2, wrt=(0, 1))
def powers(x, y):
    return pow(x, 3) + pow(x, y) + pow(2.0, y) + x**-1.5


@program(3.3)
def integer_powers(x):
    return x**0 + x**1 + x**2 + x**-2 + x**0.5


@program(0.3)
def number_to_the_power_of_an_input(x):
    return 2**x + math.e**x + 10.0**-x


@program(2.345, tape=False)
def rounded_offsets(x):
    return (x - round(x)) ** 2 + (x - round(x, 1)) * 3


@program(P)
def reflected_operators(x):
    return np.sum(1 - x) + np.sum(2 / x) + np.sum(3**x) + np.sum(5 % x) + np.sum(4 + x) + np.sum(2 * x)


@program(V)
def list_times_array(x):
    return np.sum([1.0, 2.0, 3.0] * x + x * (4.0, 5.0, 6.0))


@program(M, V, wrt=(0, 1))
def matrix_times_vector(A, b):
    r = A @ b
    return r @ r


@program(M, M * 2, wrt=(0, 1))
def matrix_products(A, B):
    return np.sum(A @ B.T) + np.sum(np.dot(A.T, B)) + np.trace(np.matmul(A, B.T))


@program(V, 1.5, wrt=(0, 1))
def array_and_number(x, c):
    return np.sum(c * x + x / c - c)


@program(V, M, wrt=(0, 1))
def broadcasting_rows(x, A):
    return np.sum((A - x) ** 2 / (1 + x * x))


@program(np.array([[0.3], [0.9]]), V, wrt=(0, 1))
def broadcasting_outwards(col, row):
    table = col * row + col**2
    return np.sum(np.sin(table))


@program(0.4, tape=False)
def math_functions(x):
    return math.sin(x) * math.exp(x) + math.sqrt(x) + math.log(x + 1) + math.tanh(x) + math.cos(x) ** 2


@program(0.4, 1.2, wrt=(0, 1), tape=False)
def math_of_two(x, y):
    return math.pow(x, y) + math.atan2(y, x) + math.hypot(x, y) + math.log(y + 1, 2)


@program(0.4, tape=False)
def more_math(x):
    return math.asin(x) + math.acos(x) + math.atan(x) + math.sinh(x) + math.cosh(x) + math.tan(x)


@program(0.4, tape=False)
def math_with_precise_versions(x):
    return math.expm1(x) + math.log1p(x) + math.log2(x) + math.log10(x) + math.asinh(x) + math.atanh(x)


@program(0.4, tape=False)
def error_function(x):
    return 0.5 * (1.0 + math.erf(x / math.sqrt(2.0))) * math.erfc(x)


@program(-2.6, tape=False)
def math_rounding(x):
    return math.floor(x) * x + math.ceil(x) * x**2 + math.trunc(x) * x + math.fabs(x) + math.copysign(x, 1.0)


@program(40.0)
def with_constants_of_math(degrees):
    return np.sin(degrees * math.pi / 180) + math.tau * degrees / 360


@program(V)
def builtin_sum(x):
    return sum(x) ** 2 + sum(x * x)


@program(V)
def sum_with_start(x):
    return sum(x, 10.0) * sum([v**2 for v in x], start=1.5)


@program(1.2, 0.7, wrt=(0, 1))
def builtin_extremes(a, b):
    return max(a, b) ** 2 + min(a, b) * 3 + max(a, b, 1.0) * min(2.0, a)


@program(V)
def extremes_of_a_list(x):
    values = [v * v for v in x]
    return max(values) - min(values)


@program(V)
def extremes_of_an_array(x):
    return max(x) * min(x)


@program(V)
def extreme_by_key(x):
    furthest = max(x, key=lambda v: abs(v - 1.0))
    return furthest**2 + min([x[0], x[1]], key=abs)


@program(1.9, tape=False)
def float_and_int(x):
    return float(x) ** 2 + int(x) * x


@program(2.5, 3, tape=False)
def number_of_times(x, n):
    if isinstance(n, int) and isinstance(x, float):
        return x**n
    return x


@program(V, tape=False)
def kind_of_argument(x):
    if isinstance(x, np.ndarray):
        return np.sum(x**2)
    return x**3


@program(1.5)
def kind_of_number(x):
    if isinstance(x, (list, tuple)):
        return sum(x)
    return x * x


@program(V)
def length_of_arrays(x):
    n = len(x)
    return np.sum(x) / n + x[n - 1] * n


@program(1.3, 0.6, wrt=(0, 1))
def operators_as_functions(x, y):
    product = operator.mul(x, y)
    return operator.add(product, operator.truediv(x, y)) - operator.neg(operator.pow(y, 2))


@program(V, 1, wrt=0)
def item_by_operator(x, i):
    return operator.getitem(x, i) ** 2 + operator.itemgetter(2)(x)


@program(0.8)
def long_expression(x):
    return (
        x * (1 + x * (2 + x * (3 + x * (4 + x))))
        / (1 + x * (1 + x * (1 + x)))
        - np.exp(-x * x / 2) / np.sqrt(2 * np.pi)
    )  # fmt: skip


@program(0.8)
def same_value_many_times(x):
    y = x * x
    return y * y + y * x + y / x + y


@program(0.8)
def unused_results(x):
    waste = np.exp(x) * 100
    y = x * 2
    waste = waste + y
    return y * x


@program(0.5, 2, wrt=0)
def integer_partner(x, n):
    return x * n + n // 2 - x / n + n % 2 * x


@program(1.2, True)
def boolean_partner(x, flag):
    return x * flag + x**2 * (not flag) + x * (flag + 1)


@program(V)
def complement_of_probabilities(x):
    p = 1 / (1 + np.exp(-x))
    return -np.sum(p * np.log(p) + (1 - p) * np.log(1 - p))


@program(P)
def unary_chains(x):
    return np.sum(-(-x)) + np.sum(-np.log(x)) + np.sum(abs(-x) ** 1.5)


@program(6.2, 0.5, wrt=(0, 1))
def subtracting_from_itself(x, y):
    return (x - x) * 5 + y * x + x / x


@program(V)
def dividing_by_a_sum(x):
    weights = np.exp(x)
    return (weights / weights.sum()) @ np.arange(3)


@program(0.7, tape=False)
def product_of_a_list(x):
    return math.prod([x, x + 1, 2.0]) + math.fsum([x, x * x, 0.1])


@program([0.5, 1.5, -0.3], tape=False)
def distance_in_plain_python(p):
    return math.dist(p, [1.0, 0.0, 2.0]) + math.hypot(*p)


@program(3, zero=False)
def whole_number_as_input(x):
    return x**2 / 2


@program(V)
def bits_and_shifts_of_constants(x):
    n = (1 << 3) | 2
    return np.sum(x) * (n & 6) + x[~0] * (n ^ 3) + x[0] * (n >> 1)
