"""Functions that call functions: arguments of every kind, closures, lambdas, recursion."""

import functools
import operator
from functools import partial, reduce

import numpy as np

from tests.source.programs.registry import program

V = np.array([0.7, -1.3, 2.1])
M = np.array([[0.5, -1.2, 0.8], [1.5, 0.3, -0.7]])
GAIN = 2.5
WEIGHTS = np.array([0.2, 0.5, 0.3])


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def scale(x, factor=2.0, *, offset=0.0):
    return x * factor + offset


@program(0.7)
def helper(x):
    return sigmoid(x) * sigmoid(2 * x)


@program(V)
def helper_of_helper(x):
    def loss(y):
        return np.sum(sigmoid(y) ** 2)

    return loss(x * 2)


@program(0.7)
def defaults_and_keywords(x):
    return scale(x) + scale(x, 3.0) * scale(factor=x, x=2.0) + scale(x, offset=x**2)


@program(0.7, kwargs={"power": 3})
def keyword_argument(x, power=2):
    return x**power


@program(0.7, wrt=0)
def default_left_out(x, factor=1.5, shift=(1.0, 2.0)):
    return factor * x**2 + shift[1] * x


def total(*values, weight=1.0):
    s = 0.0
    for v in values:
        s += v
    return s * weight


@program(0.7)
def variadic_helper(x):
    return total(x, x**2, 3.0) + total(*[x, x], weight=x) + total()


@program(0.7, 1.2, 0.4, wrt=(0, 2))
def variadic_program(*values):
    return values[0] * values[1] + values[-1] ** 2 + len(values)


@program(0.7, 1.2, wrt=(0, 1))
def first_and_the_rest(x, *others):
    return x * sum(others) + x**2


def configured(x, **options):
    y = x * options.get("gain", 1.0)
    if "power" in options:
        y = y ** options["power"]
    return y


@program(0.7)
def keyword_dict_helper(x):
    settings = {"gain": x, "power": 2}
    return configured(x, gain=3.0) + configured(x, **settings) + configured(x)


@program(0.7, kwargs={"a": 2.0, "b": 3.0})
def keyword_dict_program(x, **kwargs):
    return x ** kwargs["a"] + sum(kwargs.values()) * x


@program(0.7)
def passing_arguments_on(x):
    def outer(*args, **kwargs):
        return scale(*args, **kwargs)

    return outer(x, 3.0, offset=x) + outer(x, factor=x)


@program(0.7, 2.0)
def positional_only_and_keyword_only(x, c, /, *, k=2):
    return x**k * c


@program(V)
def closure_over_a_global_array(x):
    return WEIGHTS @ x**2 * GAIN


@program(0.7)
def closure_over_a_local(x):
    y = x**2

    def inner(z):
        return y * z + x

    return inner(3.0) + inner(x)


@program(V)
def closure_over_a_rebound_array(x):
    w = x * 2

    def apply(v):
        return np.sum(w * v)

    first = apply(x)
    w = np.sin(w)
    return first + apply(x)


@program(0.7)
def closure_changes_a_nonlocal(x):
    count = 0.0

    def add(v):
        nonlocal count
        count = count + v
        return count

    add(x)
    add(x**2)
    return count * x


@program(0.7)
def closure_made_in_a_loop(x):
    functions = []
    for k in range(3):
        functions.append(lambda v, k=k: v ** (k + 1))
    return sum([f(x) for f in functions])


@program(0.7)
def late_binding_in_a_loop(x):
    functions = []
    for k in range(3):
        functions.append(lambda v: v * k)
    return functions[0](x) * functions[2](x)


def make_scaler(factor):
    def scaler(v):
        return v * factor

    return scaler


double = make_scaler(2.0)


@program(0.7)
def function_factory(x):
    by_x = make_scaler(x)
    return by_x(3.0) + by_x(x) * double(x)


program(V, name="closure_from_a_factory")(make_scaler(np.array([1.0, 2.0, 3.0])))


@program(0.7)
def lambda_inside(x):
    square = lambda v: v * v
    return square(x) + (lambda a, b=2.0: a * b)(x)


program(0.7, name="a_lambda")(lambda x: np.sin(x) * x)
first, second = lambda x: x**2, lambda x: x**3
program(0.7, name="first_of_two_lambdas_on_a_line")(first)
program(0.7, name="second_of_two_lambdas_on_a_line")(second)
TABLE = {"sin": lambda x: np.sin(x) * 2, "square": lambda x: x**2}
program(0.7, name="lambda_in_a_dict")(TABLE["sin"])
program(0.7, 1.2, name="lambda_over_two_lines", wrt=(0, 1))(
    lambda x, y: (
        x * y  #
        + x**2
    )
)


@program(V)
def function_as_argument(x):
    def integrate(f, a, b, n=4):
        h = (b - a) / n
        s = 0.0
        for i in range(n):
            s += f(a + (i + 0.5) * h)
        return s * h

    return integrate(np.sin, x[0], x[2]) + integrate(lambda t: t**2, 0.0, x[1])


@program(0.7, np.tanh)
def function_given_to_it(x, f):
    return f(x) * f(2 * x)


@program(0.7, sigmoid)
def own_function_given_to_it(x, f):
    return f(f(x))


@program(0.7)
def functions_in_a_list(x):
    for f in [np.sin, np.exp, sigmoid, lambda v: v**2]:
        x = f(x)
    return x


@program(V)
def functions_in_a_dict(x):
    ops = {"s": np.sum, "m": np.mean, "own": sigmoid}
    total = 0.0
    for name, op in ops.items():
        total += np.sum(op(x))
    return total


def compose(*functions):
    def composed(v):
        for f in functions:
            v = f(v)
        return v

    return composed


@program(0.7)
def composition(x):
    pipeline = compose(np.sin, sigmoid, np.sqrt)
    return pipeline(x) + compose()(x)


@program(0.7)
def partial_application(x):
    triple = partial(scale, factor=3.0)
    shifted = partial(scale, x, offset=x)
    return triple(x) * shifted() + shifted(factor=2.0)


program(V, name="a_partial")(partial(lambda w, x: np.sum(w * x**2), WEIGHTS))
program(V, name="a_partial_of_a_ufunc_chain")(functools.partial(np.sum))
program(V, name="numpy_function_itself")(np.prod)
program(0.7, name="ufunc_itself")(np.tanh)
program(V, name="numpy_linalg_function_itself")(np.linalg.norm)


@program(V)
def reduce_a_list(x):
    product = reduce(lambda a, b: a * b, [v + 2 for v in x])
    return product + reduce(operator.add, x) + functools.reduce(np.maximum, list(x), 1.0)


@program(3.0, 4)
def factorial_like_recursion(x, n):
    if n == 0:
        return 1.0
    return x * n * factorial_like_recursion(x / 2, n - 1)


def power(x, n):
    if n == 0:
        return 1.0
    half = power(x, n // 2)
    if n % 2 == 0:
        return half * half
    return half * half * x


@program(1.1)
def recursive_helper(x):
    return power(x, 6) + power(x, 5)


def tree_sum(tree, x):
    if isinstance(tree, tuple):
        left, right = tree
        return tree_sum(left, x) * tree_sum(right, x) + x
    return tree * x


@program(0.7)
def recursion_over_a_tree(x):
    return tree_sum(((1.0, 2.0), (3.0, (0.5, 1.5))), x)


def is_even(n, x):
    return x if n == 0 else is_odd(n - 1, x * x + 0.1)


def is_odd(n, x):
    return 2 * x if n == 0 else is_even(n - 1, np.sin(x))


@program(0.7)
def mutual_recursion(x):
    return is_even(4, x) + is_even(3, x)


@program(np.array([0.3, 0.9, -0.5, 1.4]))
def recursive_halving(x):
    if len(x) == 1:
        return x[0] ** 2
    mid = len(x) // 2
    return recursive_halving(x[:mid]) * 2 + recursive_halving(x[mid:]) * x[0]


@program(0.7)
def recursion_in_a_nested_function(x):
    def fib(n):
        if n < 2:
            return x if n else 1.0
        return fib(n - 1) + fib(n - 2) * x

    return fib(5)


def until_small(x):
    if x < 0.1:
        return x
    return until_small(x * 0.5) + x**2


@program(0.9)
def recursion_depth_by_data(x):
    return until_small(x)


def traced(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs) * 2

    return wrapper


@traced
def cube(x):
    return x**3


@program(0.7)
def decorated_helper(x):
    return cube(x) + x


@program(0.7)
@traced
def decorated_program(x):
    return np.sin(x)


@program(0.7)
def helper_with_early_return(x):
    def clip(v, low, high):
        if v < low:
            return low
        if v > high:
            return high
        return v * 1.0

    return clip(x, 0.0, 1.0) ** 2 + clip(x * 10, 0.0, 1.0) * x


@program(V)
def helper_returning_nothing(x):
    def check(v):
        if len(v) != 3:
            raise ValueError("three numbers, please")

    check(x)
    return np.sum(x**2)


@program(0.7, tape=False)
def same_helper_with_different_types(x):
    def norm2(v):
        return np.sum(v * v)

    return norm2(x) + norm2(np.array([x, 2 * x])) + norm2(np.array([[x, 1.0], [x, 2.0]]))


@program(0.7)
def helper_ignoring_its_input(x):
    def constant(v):
        return 3.0

    return constant(x) * x


@program(0.7)
def default_evaluated_once(x):
    def f(v, base=x**2):
        return v + base

    return f(x) * f(1.0)


COUNTS = []


@program(0.7)
def mutable_default(x, cache=[1.0]):
    return x * cache[0] + len(cache)


@program(0.7)
def immediately_called(x):
    return (lambda f: f(x) + f(2.0))(lambda v: v * x)


@program(0.7)
def returns_a_function_result(x):
    def adder(a):
        def add(b):
            def again(c):
                return a * b + c * x

            return again

        return add

    return adder(x)(x**2)(3.0)


@program(0.7)
def shadowing_an_outer_name(x):
    def f(x):
        x = x * 2
        return x

    y = f(x)
    return y * x


@program(M, V, wrt=(0, 1))
def local_import_free_model(A, b):
    def model(params, inputs):
        return np.tanh(params @ inputs)

    def loss(params, inputs, targets):
        errors = model(params, inputs) - targets
        return np.mean(errors**2)

    return loss(A, b, np.array([0.1, 0.2]))


@program(0.7)
def callable_by_condition(x):
    f = np.sin if x > 0 else np.cos
    g = sigmoid if x > 5 else double
    return f(x) * g(x)


@program(V)
def vectorised_apply(x):
    return np.sum(np.apply_along_axis(lambda r: r**2, 0, x)) if False else np.sum(x**2) + x[0]


@program(0.7, 2.0, wrt=(0, 1))
def helper_used_many_times(x, y):
    def f(a, b):
        c = a * b
        return c + np.sin(c)

    return f(f(x, y), f(y, x)) + f(x, x)
