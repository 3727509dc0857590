"""How functions are read: what is known after branches and loops, what is written out, what is too much."""

from __future__ import annotations

import linecache
import operator
import time
import warnings

import numpy as np
import pytest

import tapeless
from tapeless.errors import TransformError
from tapeless.ir.program import For, If, Let, While, walk
from tapeless.source.lower.run import lower
from tests.ir.evaluate import evaluate

X = np.array([0.5, -1.0, 2.0])


def read(function, *values, wrt=(0,)):
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    return lower(function, names, values, wrt)


def kinds(lowered, kind):
    return [statement for statement in walk(lowered.program.body) if isinstance(statement, kind)]


def facts_of(lowered):
    return lowered.facts[lowered.program.exit.values[0].name]


def defined(text, name="f"):
    """A function whose text can be read."""
    filename = f"<{name} {hash(text)}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    scope = {"np": np, "tapeless": tapeless}
    exec(compile(text, filename, "exec"), scope)
    return scope[name]


# Branches --------------------------------------------------------------------------------------------------


def test_a_test_that_is_known_leaves_one_branch():
    def f(x, mode):
        if mode == "square":
            return np.sum(x**2)
        return np.sum(x)

    assert kinds(read(f, X, "square"), If) == []
    assert float(tapeless.grad(f)(X, "square")[0]) == 1.0
    assert float(tapeless.grad(f)(X, "sum")[0]) == 1.0
    assert float(tapeless.grad(f)(X, "square")[1]) == -2.0


def test_what_both_branches_give_is_joined():
    def f(x):
        return 1 if x[0] > 0 else x

    lowered = read(f, X)

    assert facts_of(lowered).dims is None
    assert evaluate(lowered.program, X) == 1
    np.testing.assert_array_equal(evaluate(lowered.program, -X), -X)


def test_the_type_after_a_branch_is_the_wider_one():
    def f(x):
        return 1 if x > 0 else 2.0

    assert facts_of(read(f, 1.0)).dtype in (None, np.dtype(float))


def test_tuples_are_joined_item_by_item():
    def f(x):
        pair = (x, x * 2) if x[0] > 0 else (x * 3, x)
        return np.sum(pair[0] * pair[1])

    (branch,) = kinds(read(f, X), If)

    assert len(branch.outs) == 2


def test_functions_chosen_by_a_branch_are_called_in_it():
    def f(x):
        g = np.sin if x[0] > 0 else np.cos
        return np.sum(g(x))

    for x in (X, -X):
        expected = np.cos(x) if x[0] > 0 else -np.sin(x)
        np.testing.assert_allclose(tapeless.grad(f)(x), expected)


def test_a_name_of_one_branch_stays_unbound_after_the_other():
    def f(x):
        if x[0] > 0:
            y = x * 2
        if x[0] > 0:
            return np.sum(y)
        return np.sum(x)

    np.testing.assert_array_equal(tapeless.grad(f)(X), [2.0, 2.0, 2.0])
    np.testing.assert_array_equal(tapeless.grad(f)(-X), [1.0, 1.0, 1.0])


def test_a_name_that_may_be_unbound_raises_when_it_is():
    def f(x):
        if x[0] > 0:
            y = x * 2
        return np.sum(y)

    np.testing.assert_array_equal(tapeless.grad(f)(X), [2.0, 2.0, 2.0])
    with pytest.raises((UnboundLocalError, NameError)):
        tapeless.grad(f)(-X)


# Loops -----------------------------------------------------------------------------------------------------


def test_a_loop_settles_what_goes_round():
    def f(x, n):
        s, k = 0, 0
        for i in range(n):
            s = s + x
            k = k + i
        return s * k

    lowered = read(f, X, 100)
    (loop,) = kinds(lowered, For)

    assert {carry.name.rstrip("_0123456789") for carry in loop.carries} == {"s", "k", "i"}
    np.testing.assert_allclose(evaluate(lowered.program, X, 100), f(X, 100))
    np.testing.assert_allclose(evaluate(lowered.program, X, 0), f(X, 0))


def test_what_a_loop_carries_in_a_ring_settles():
    def f(x):
        a, b, c, d = 1, 2, 3, x[0]
        for _ in range(50):
            a, b, c, d = b, c, d, a * 0.5
        return a + b + c + d

    np.testing.assert_allclose(evaluate(read(f, X).program, X), f(X))


def test_what_stays_the_same_is_not_carried():
    def f(x, n):
        scale = 2.0
        while n > np.sum(x):
            x = x * scale
            scale = 2.0
        return np.sum(x)

    (loop,) = kinds(read(f, X, 100), While)

    assert len(loop.carries) == 1


def test_a_loop_over_a_short_list_is_written_out():
    def f(x, layers):
        for layer in layers:
            x = layer(x)
        return np.sum(x)

    lowered = read(f, X, (np.sin, np.cos))

    assert kinds(lowered, For) == []
    assert [one.op for one in kinds(lowered, Let)][-3:] == [np.sin, np.cos, np.sum]


def test_a_short_loop_that_needs_its_counter_is_written_out():
    def f(x, parts):
        total = 0.0
        for i in range(3):
            total = total + np.sum(parts[("a", "b", "c")[i]] * x)
        return total

    parts = {"a": 1.0, "b": 2.0, "c": 3.0}

    np.testing.assert_allclose(tapeless.grad(f)(X, parts), [6.0, 6.0, 6.0])


def test_a_while_loop_asks_before_each_iteration():
    def f(x):
        while np.sum(x) > 1.0:
            x = x * 0.5
        return np.sum(x)

    (loop,) = kinds(read(f, X), While)

    assert [statement.op for statement in loop.head] == [np.sum, operator.gt]


def test_break_and_else_of_a_loop():
    def f(x, n):
        for i in range(n):
            if x[i] < 0:
                break
            x = x * 2
        else:
            x = x * 100
        return np.sum(x)

    for x in (X, np.abs(X)):
        assert evaluate(read(f, x, 3).program, x, 3) == f(x, 3)


# Functions inside ------------------------------------------------------------------------------------------


def test_closures_see_the_names_around_them_as_they_are_when_called():
    def f(x):
        scale = 1.0

        def g(y):
            return y * scale

        scale = 3.0
        return np.sum(g(x))

    np.testing.assert_array_equal(tapeless.grad(f)(X), [3.0, 3.0, 3.0])


def test_defaults_are_taken_when_a_function_is_made():
    def f(x):
        functions = [lambda y, k=k: y * k for k in range(4)]
        return np.sum(functions[2](x))

    np.testing.assert_array_equal(tapeless.grad(f)(X), [2.0, 2.0, 2.0])


def test_lambdas_of_a_loop_share_its_name():
    def f(x):
        functions = []
        for k in range(4):
            functions.append(lambda y: y * k)  # noqa: B023, PERF401
        return np.sum(functions[0](x))

    np.testing.assert_array_equal(tapeless.grad(f)(X), [3.0, 3.0, 3.0])


def test_nonlocal_names_change_outside():
    def f(x):
        count = 0.0

        def g(y):
            nonlocal count
            count = count + 1.0
            return y * count

        return np.sum(g(x) + g(x))

    np.testing.assert_array_equal(tapeless.grad(f)(X), [3.0, 3.0, 3.0])


# How much --------------------------------------------------------------------------------------------------


def test_five_thousand_statements_in_a_row():
    lines = [f"    x = np.sin(x) + {k}.0" for k in range(5000)]
    f = defined("\n".join(["def f(x):", *lines, "    return np.sum(x)", ""]))

    start = time.perf_counter()
    lowered = read(f, X)

    assert len(lowered.program.body) == 10_001
    assert evaluate(lowered.program, X) == f(X)
    assert time.perf_counter() - start < 30


@pytest.mark.parametrize("depth", [5, 15])
def test_branches_within_branches(depth):
    lines = ["def f(x):"]
    for level in range(depth):
        indent = "    " * (level + 1)
        lines += [f"{indent}x = x * 1.1", f"{indent}if x[0] > {level / 10}:"]
    lines += ["    " * (depth + 1) + "x = x * 2", "    return np.sum(x)", ""]
    f = defined("\n".join(lines))

    for x in (X, X * 100):
        assert evaluate(read(f, X).program, x) == f(x)


def test_a_recursion_whose_end_is_known_is_written_out():
    def power(x, n):
        return x * power(x, n - 1) if n else 1.0

    def f(x):
        return np.sum(power(x, 4))

    np.testing.assert_allclose(tapeless.grad(f)(X), 4 * X**3)


# Silence ---------------------------------------------------------------------------------------------------


def gradient_with_warnings_as_errors(f, x):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return tapeless.grad(f)(x)


def silent_by_with(x):
    with np.errstate(divide="ignore"):
        y = np.log(x)
    return np.sum(y)


def silent_by_catching(x):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        y = np.log(x)
    return np.sum(y)


@np.errstate(divide="ignore")
def silent_by_decorator(x):
    return np.sum(np.log(x))


def silent_inside(x):
    return silent_by_decorator(x)


@pytest.mark.parametrize("f", [silent_by_with, silent_by_catching, silent_by_decorator, silent_inside])
def test_what_the_function_silences_is_silent_on_the_way_back(f):
    found = gradient_with_warnings_as_errors(f, np.array([0.0, 2.0]))

    np.testing.assert_array_equal(found, [np.inf, 0.5])


def test_what_it_does_not_silence_is_heard():
    def f(x):
        with np.errstate(over="ignore"):
            return np.sum(np.log(x))

    with pytest.raises(RuntimeWarning, match="divide by zero"):
        gradient_with_warnings_as_errors(f, np.array([0.0, 2.0]))


def test_what_it_wants_to_hear_of_elsewhere_is_heard():
    def f(x):
        with np.errstate(divide="ignore"):
            y = x * 2
        with np.errstate(divide="warn"):
            return np.sum(np.log(y))

    with pytest.raises(RuntimeWarning, match="divide by zero"):
        gradient_with_warnings_as_errors(f, np.array([0.0, 2.0]))


def test_printing_options_hold_where_they_are_set(capsys):
    def f(x):
        with np.printoptions(precision=2):
            print(x)
        print(x)
        return np.sum(x)

    before = np.get_printoptions()
    x = np.array([0.123456, 1.0])
    tapeless.grad(f)(x)
    assert capsys.readouterr().out == "[0.12 1.  ]\n[0.123456 1.      ]\n"
    assert np.get_printoptions() == before


def test_printing_options_are_restored_when_the_function_raises():
    def f(x):
        with np.printoptions(precision=2):
            if x[0] > 0:
                raise ValueError("positive")
        return np.sum(x)

    before = np.get_printoptions()
    with pytest.raises(ValueError, match="positive"):
        tapeless.grad(f)(X)
    assert np.get_printoptions() == before


# Derivatives inside ----------------------------------------------------------------------------------------


def cubic(v):
    return np.sum(v**3) * v[0]


def looping(v):
    s = v
    for _ in range(50):
        s = np.sin(s) * v
    return s


INSIDE = {
    "grad": lambda x: np.sum(tapeless.grad(cubic)(x) ** 2),
    "value_and_grad": lambda x: np.sum(tapeless.value_and_grad(cubic)(x)[1] ** 2),
    "elementwise_grad": lambda x: np.sum(tapeless.elementwise_grad(lambda v: np.sin(v) * v**2)(x) ** 2),
    "jacobian": lambda x: np.sum(tapeless.jacobian(lambda v: np.sin(v[1:]) * v[:-1])(x) ** 2),
    "jacobian of a number": lambda x: tapeless.jacobian(np.sin)(x[0]) * x[1],
    "hessian": lambda x: np.sum(tapeless.hessian(cubic)(x) ** 2),
    "hvp": lambda x: np.sum(tapeless.hvp(cubic, x, x * 2) ** 2),
    "jvp": lambda x: np.sum(tapeless.jvp(lambda a: np.sin(a) * a, (x,), (x * x,))[1] ** 2),
    "jvp of grad": lambda x: np.sum(tapeless.jvp(tapeless.grad(cubic), (x,), (x,))[1] ** 2),
    "jvp of a loop": lambda x: np.sum(tapeless.jvp(looping, (x,), (x,))[1] ** 2),
    "vjp": lambda x: np.sum(tapeless.vjp(np.tanh, x)[1](x * x)[0] ** 2),
    "vjp of a loop": lambda x: np.sum(tapeless.vjp(looping, x)[1](x * x)[0] ** 2),
    "levels apart": lambda x: tapeless.grad(lambda a: a * tapeless.grad(lambda b: a * b)(1.0))(x[0]) * x[1],
    "a constant": lambda x: np.sum(tapeless.grad(lambda v: 3.0)(x)) + np.sum(x**2),
}


@pytest.mark.parametrize("f", INSIDE.values(), ids=INSIDE)
def test_derivatives_inside_of_a_function_are_differentiated(f):
    steps = 1e-5 * np.eye(3)
    expected = [(f(X + step) - f(X - step)) / 2e-5 for step in steps]

    np.testing.assert_allclose(tapeless.grad(f)(X), expected, rtol=1e-6, atol=1e-6)


def test_a_pullback_may_be_called_twice():
    def f(x):
        out, pullback = tapeless.vjp(np.tanh, x)
        (one,) = pullback(out * 2.0)
        (two,) = pullback(out * out)
        return np.sum(one**2 * two)

    expected = [(f(X + step) - f(X - step)) / 2e-5 for step in 1e-5 * np.eye(3)]

    np.testing.assert_allclose(tapeless.grad(f)(X), expected, rtol=1e-6, atol=1e-8)


def test_the_pullback_of_a_loop_may_be_called_twice():
    def f(x):
        out, pullback = tapeless.vjp(looping, x)
        return np.sum(pullback(out)[0] * pullback(out * 2.0)[0])

    expected = [(f(X + step) - f(X - step)) / 2e-5 for step in 1e-5 * np.eye(3)]

    np.testing.assert_allclose(tapeless.grad(f)(X), expected, rtol=1e-6, atol=1e-8)


def test_the_gradient_of_an_array_inside_is_an_error():
    def f(x):
        return np.sum(tapeless.grad(lambda v: v * v)(x))

    with pytest.raises((TypeError, TransformError), match="elementwise_grad"):
        tapeless.grad(f)(X)
