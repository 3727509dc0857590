"""Functions that call themselves: values, gradients, higher orders, refusals, and the text of one."""

from __future__ import annotations

import numpy as np
import pytest

import tapeless
from tapeless.errors import TransformError

X = np.array([0.7, 0.4, 1.1])
N = 3
WEIGHTS = np.array([0.5, 2.0, -1.0])


def halves(v):
    if len(v) == 1:
        return v[0] ** 2
    middle = len(v) // 2
    return halves(v[:middle]) * 2 + halves(v[middle:]) * v[0]


def product(x, n):
    if n == 0:
        return 1.0
    return x * n * product(x / 2, n - 1)


def depth_known_by_a_run(x):
    return product(x[1], N) * x[0]


def depth_known_by_data(x):
    def until_small(v):
        if v < 0.1:
            return v
        return until_small(v * 0.5) + v**2

    return until_small(x[0]) * x[1]


def deeper_than_calls_are_read(x):
    def go(v, k):
        return v if k == 0 else go(np.sin(v) * 1.1, k - 1)

    return go(x[0], 100)


def even(n, v):
    return v if n == 0 else odd(n - 1, v * v + 0.1)


def odd(n, v):
    return 2 * v if n == 0 else even(n - 1, np.sin(v))


def mutual(x):
    return even(N, x[0]) * x[1] + odd(N, x[2])


def tree(x):
    def node(v, depth):
        if depth <= 0 or v[0] > 5:
            return np.sum(v**3)
        return node(v * 1.3, depth - 1) * v[0] + node(v * v, depth - 2) * v[1]

    return node(x, N)


def closure_over_arrays(x):
    y = np.sin(x)

    def go(v, k):
        return np.sum(v * y * WEIGHTS) if k == 0 else go(v * y, k - 1) + v[0]

    first = go(x, N)
    y = y * 2
    return first + go(x, N) + go(first * x, N)


def closure_made_in_a_loop(x):
    total = 0.0
    for i in range(N):
        weight = x[i] * 2

        def go(v, k, weight=weight):
            return v * weight if k <= 0 else go(np.sin(v) * v, k - 1, weight)

        total = total + go(x[i], i) * x[0]
    return total


def slices(x):
    def go(v):
        return v[0] ** 2 * x[0] + go(v[1:]) if len(v) else 0.0

    return go(x)


def pairs(x):
    def go(a, b, n):
        if n == 0:
            return a, b
        c, d = go(a * b, a, n - 1)
        return d * a, c

    u, v = go(x[0], x[1], N)
    return u * v


def lists(x):
    def go(vs, k):
        if k == 0:
            return [v * v for v in vs]
        found = go([np.sin(vs[0]), vs[1] * vs[0]], k - 1)
        return [found[1], found[0] * vs[1]]

    a, b = go([x[0], x[1]], N)
    return a * b


def dicts(x):
    def go(d, k):
        if k == 0:
            return d
        return {"a": go({"a": d["b"], "b": d["a"] * d["b"]}, k - 1)["b"], "b": d["a"]}

    found = go({"a": x[0], "b": x[1]}, N)
    return found["a"] * found["b"]


def keywords(x):
    def go(v, *, k=3, scale=1.0):
        return v * scale if k == 0 else go(v * v, k=k - 1, scale=scale * v)

    return go(x[0], k=N)


def starred(x):
    def go(k, *vs):
        return vs[0] * vs[1] if k == 0 else go(k - 1, vs[1], vs[0] * vs[1])

    return go(N, x[0], x[1])


def call_within_a_call(x):
    def go(m, n):
        if m <= 0:
            return n + x[0]
        if n <= 0:
            return go(m - 1, 1.0 * x[1] ** 2)
        return go(m - 1, go(m, n - 1) * 0.3)

    return go(N, 1.5)


def functions_as_arguments(x):
    def repeat(f, v, k):
        return f(v) if k == 0 else repeat(f, f(v), k - 1)

    return repeat(np.sin, x[0], N) * repeat(lambda v: v * x[1], x[2], N)


def own_array_written(x):
    def go(v, k):
        if k == 0:
            return np.sum(v**2)
        new = np.zeros(3)
        new[0] = v[1]
        new[1:] = v[:2] * v[2]
        return go(new, k - 1)

    return go(x, N)


def argument_written_after(x):
    def go(v, k):
        return np.sum(v**2) if k == 0 else go(v * 2, k - 1)

    y = x * 1.0
    first = go(y, N)
    y[0] = 5.0
    return first * np.sum(y)


def an_int_at_its_end(x):
    def go(k):
        return 0 if k == 0 else x[0] * k + go(k - 1)

    return go(N)


def any_rank(x):
    def go(v):
        return v if np.ndim(v) == 0 else go(np.sum(v, axis=0))

    return go(np.outer(x, x))


def loops_and_branches_within(x):
    def go(v, n):
        if n == 0:
            return v
        for _ in range(n):
            v = np.sin(v) * v if v > 0.2 else v * 3
        return go(v, n - 1) * v

    return go(x[0], N)


def calls_in_a_loop(x):
    def go(v, n):
        total = 0.0
        for i in range(n):
            total = total + np.sin(go(v * (i + 1), n - 1)) * v
        return total + v

    return go(x[1], N)


def sorted_by_hand(x):
    def sort(values):
        if len(values) <= 1:
            return values
        pivot = values[0]
        left = [v for v in values[1:] if v < pivot]
        right = [v for v in values[1:] if v >= pivot]
        return sort(left) + [pivot] + sort(right)  # noqa: RUF005

    return sum([(i + 1) * v**2 for i, v in enumerate(sort(list(x)))])


ALL = [
    halves, depth_known_by_a_run, depth_known_by_data, deeper_than_calls_are_read, mutual, tree,
    closure_over_arrays, closure_made_in_a_loop, slices, pairs, lists, dicts, keywords, starred,
    call_within_a_call, functions_as_arguments, own_array_written, argument_written_after,
    an_int_at_its_end, any_rank, loops_and_branches_within, calls_in_a_loop, sorted_by_hand,
]  # fmt: skip


def each(functions):
    return pytest.mark.parametrize("function", functions, ids=[one.__name__ for one in functions])


def differences(function, x, step=1e-6):
    found = np.zeros_like(x)
    for i in range(len(x)):
        move = np.zeros_like(x)
        move[i] = step
        found[i] = (function(x + move) - function(x - move)) / (2 * step)
    return found


@each(ALL)
def test_the_value_is_that_of_the_function_and_the_gradient_that_of_differences(function):
    value, gradient = tapeless.value_and_grad(function)(X.copy())

    assert value == function(X)
    np.testing.assert_allclose(gradient, differences(function, X), rtol=1e-6, atol=1e-8)


@each(ALL)
def test_forward_mode_agrees_with_reverse_mode(function):
    direction = np.array([1.0, -0.5, 0.3])

    _, slope = tapeless.jvp(function, (X,), (direction,))

    np.testing.assert_allclose(slope, tapeless.grad(function)(X) @ direction, rtol=1e-10, atol=1e-14)


@each(ALL)
def test_reverse_over_reverse_agrees_with_differences_of_gradients(function):
    direction, gradient = np.array([1.0, -0.5, 0.3]), tapeless.grad(function)

    def slope(x):
        return np.sum(gradient(x) * direction)

    np.testing.assert_allclose(tapeless.grad(slope)(X), differences(slope, X), rtol=1e-5, atol=1e-7)


@each(ALL)
def test_forward_over_reverse_agrees_with_differences_of_gradients(function):
    direction, gradient = np.array([1.0, -0.5, 0.3]), tapeless.grad(function)

    def slope(x):
        return np.sum(gradient(x) * direction)

    _, along = tapeless.jvp(gradient, (X,), (direction,))

    np.testing.assert_allclose(along, differences(slope, X), rtol=1e-5, atol=1e-7)


@each(ALL)
def test_a_pullback_can_be_asked_twice(function):
    _, pull = tapeless.vjp(function, X)

    first, second = pull(1.0), pull(1.0)

    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_allclose(first[0], tapeless.grad(function)(X), rtol=1e-12)


def test_a_third_derivative_goes_through_procedures_of_procedures():
    def f(x):
        return product(x, N)  # x**3 * 6 / 8

    third = tapeless.grad(tapeless.grad(tapeless.grad(f)))

    np.testing.assert_allclose(third(1.7), 6 * 6 / 8, rtol=1e-12)


def test_what_a_recursion_prints_is_printed_once_and_in_order(capsys):
    def countdown(v, k):
        print("at", k)
        return v if k == 0 else countdown(v * v, k - 1)

    tapeless.grad(lambda x: countdown(x, N))(0.5)

    assert capsys.readouterr().out == "at 3\nat 2\nat 1\nat 0\n"


def test_a_result_that_nobody_reads_still_raises():
    def checked(v, k):
        if k > 2:
            raise ValueError("too deep")
        return v if k == 0 else checked(v, k - 1)

    def f(x):
        checked(x, N)
        return x * x

    with pytest.raises(ValueError, match="too deep"):
        tapeless.grad(f)(0.5)


# Refusals ---------------------------------------------------------------------------------------------


def fill(y, i, value):
    if i >= len(y):
        return
    y[i] = value
    fill(y, i + 1, value * value)


def writes_into_an_argument(x):
    y = x * 1.0
    fill(y, 0, x[1] ** 2)
    return np.sum(y * x)


def writes_into_a_result(x):
    def go(v, k):
        return v if k == 0 else go(v, k - 1)

    y = go(x, N)
    y[0] = 3.0
    return np.sum(y * x)


def appends_to_a_list_outside(x):
    out = []

    def go(k):
        if k == 0:
            return 0.0
        out.append(x[0] * k)
        return go(k - 1)

    go(N)
    return sum(out)


def rebinds_a_name_outside(x):
    total = 0.0

    def go(k):
        nonlocal total
        if k == 0:
            return 0.0
        total = total + x[0] * k
        return go(k - 1)

    go(N)
    return total


def never_ends(x):
    def go(v):
        return go(v * 2)

    return go(x[0])


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (writes_into_an_argument, "writes into y, which may be an array or list that it is given"),
        (writes_into_a_result, "writes into y, which a function that calls itself takes or gives"),
        (appends_to_a_list_outside, "it changes what it finds in the function around it"),
        (rebinds_a_name_outside, "it changes what it finds in the function around it"),
        (never_ends, "no way through the function comes to its end"),
    ],
    ids=lambda case: getattr(case, "__name__", ""),
)
def test_what_a_procedure_cannot_do_is_refused(function, reason):
    with pytest.raises(TransformError, match=reason):
        tapeless.grad(function, mode="source")(X)


# Text -------------------------------------------------------------------------------------------------


def test_a_recursion_is_written_as_a_pair_of_functions():
    gradient = tapeless.grad(product)
    gradient(1.5, 3)

    assert EXPECTED.lstrip("\n") == gradient.source


EXPECTED = '''
def dproduct(x, n):
    """Gradient of product with respect to x."""
    t, kept = product_forward(x, n)
    return product_backward(kept, 1.0)


def product_forward(x, n):
    t = n == 0
    if t:
        result = 1.0
        t_2 = None
        t_1 = None
        kept = ()
    else:
        t_1 = x * n
        t_2, kept = product_forward(x / 2, n - 1)
        result = t_1 * t_2
    return result, (t, t_2, t_1, kept, n)


def product_backward(residuals, dresult):
    t, t_1, t_2, kept, n = residuals
    if t:
        dx = 0.0
    else:
        g = dresult * t_1
        c = dresult * t_2
        dt = product_backward(kept, c)
        g_1 = dt / 2
        g = g * n
        dx = g_1 + g
    return dx
'''
