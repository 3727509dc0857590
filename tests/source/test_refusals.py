"""What cannot be read is refused at its place in the text: what it is, why, and what to write instead."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

import tapeless
from tapeless.errors import TransformError
from tapeless.rules.activations import softplus
from tapeless.source import lower

X = np.array([1.0, 2.0])
REFUSED = []
ROOM = Path(lower.__file__).parent


def refused(place, what, why, rewrite, *args):
    """A function that is refused for X and `args`; the carets stand below `place`."""

    def register(function):
        REFUSED.append(pytest.param(function, args, place, what, why, rewrite, id=function.__name__))
        return function

    return register


class Box:
    def __init__(self, x):
        self.x = x


@refused(
    "np.roots(x)",
    "np.roots",
    "no derivative rule for np.roots (argument 'p')",
    "compute it from functions that have one, or on values that are not differentiated (stop_gradient)",
)
def no_rule(x):
    return np.sum(np.roots(x))


@refused(
    "float(text)",
    "a number that is read from text",
    "the text was made of a differentiated value",
    "use the value itself",
)
def number_read_from_text(x):
    text = f"{x[0]:.2f}"
    return float(text) * x[0]


@refused("x.view(np.int64)", "this view", "it reads the memory as another type", "use astype")
def view_as_another_type(x):
    return np.sum(x.view(np.int64))


@refused(
    "x.byteswap()",
    "the method .byteswap",
    "there is no derivative rule for it",
    "call a NumPy function instead, or use values that are not differentiated",
)
def unknown_method(x):
    return np.sum(x.byteswap())


@refused(
    "x.flat[0] = 3.0",
    "a write through .flat",
    "it is read as a copy",
    "write into x.reshape(-1), or x itself",
)
def write_through_flat(x):
    x.flat[0] = 3.0
    return np.sum(x)


@refused(
    "with open('/dev/null'):",
    "this with",
    "it reads x, which is differentiated",
    "move the differentiated part out of the with",
)
def open_around(x):
    with open("/dev/null"):
        y = x * 2
    return np.sum(y)


@refused(
    "try:",
    "this try",
    "it reads x, which is differentiated",
    "move the differentiated part out of the try",
)
def try_around(x):
    try:
        y = x * 2
    except ValueError:
        y = x * 3
    return np.sum(y)


@refused(
    "return 1.0",
    "`return` inside `try`",
    "where it goes on from there cannot be said without the `try`",
    "keep what happened in a name, and `return` after it",
)
def return_from_try(x):
    try:
        return 1.0
    except ValueError:
        return np.sum(x)


@refused(
    "box.x = x",
    "the assignment to .x",
    "a differentiated value would be kept in an object that outlives the function",
    "return the value instead",
    Box(1.0),
)
def kept_in_an_object(x, box):
    box.x = x
    return np.sum(x)


@refused(
    "raise",
    "a bare raise",
    "there is no exception in hand here",
    "raise one by its name",
)
def bare_raise(x):
    if x[0] > 10:
        raise
    return np.sum(x)


@refused(
    "getattr(box, str(k))",
    "this getattr",
    "the name is not known beforehand",
    "write owner.name",
    Box(1.0),
    3,
)
def dynamic_attribute(x, box, k):
    return np.sum(x) * getattr(box, str(k))


@refused(
    "missing",
    "the name missing",
    "it is not defined",
    "",
)
def unknown_name(x):
    return np.sum(x) * missing  # noqa: F821


@refused(
    "np.nonsense",
    "numpy.nonsense",
    "there is no such attribute",
    "",
)
def unknown_attribute(x):
    return np.nonsense(x)


@refused(
    "for v in np:",
    "this loop",
    "module cannot be iterated",
    "loop over a list",
)
def loop_over_a_module(x):
    for v in np:
        x = x * v
    return np.sum(x)


@refused(
    "g(x, 3.0)",
    "this call",
    "g() takes 1 positional arguments, not 2",
    "",
)
def too_many_arguments(x):
    def g(y):
        return np.sum(y)

    return g(x, 3.0)


@refused(
    "g()",
    "this call",
    "g() is missing its argument 'y'",
    "",
)
def too_few_arguments(x):
    def g(y):
        return np.sum(y)

    return np.sum(x) * g()


@refused(
    "a, b, c = x, x",
    "this unpacking",
    "there are 2 values for 3 names",
    "",
)
def wrong_unpacking(x):
    a, b, c = x, x
    return np.sum(a + b + c)


@refused(
    "(x, x)[5]",
    "this index",
    "IndexError: tuple index out of range",
    "",
)
def index_out_of_range(x):
    return np.sum((x, x)[5])


@refused(
    "eval('x * 2')",
    "this call",
    "it reads names that only the running program knows",
    "write the expression itself, or pass what it needs as arguments",
)
def evaluated(x):
    return np.sum(eval("x * 2"))


@refused(
    "tapeless.jvp(np.sin, x, x, 3)",
    "this jvp",
    "primals and tangents are two tuples of equal length",
    "write jvp(f, (x,), (t,))",
)
def jvp_without_tuples(x):
    return np.sum(tapeless.jvp(np.sin, x, x, 3)[1])


@refused(
    "tapeless.grad(np.sum, argnums=3)(x)",
    "this derivative",
    "there is no argument number 3",
    "",
)
def no_such_argument(x):
    return np.sum(tapeless.grad(np.sum, argnums=3)(x))


@refused(
    "y",
    "the name y",
    "it may have no value yet here",
    "give it one before",
)
def name_without_a_value(x):
    if 3 > 4:
        y = x
    return np.sum(y)


@refused(
    "*rows",
    "this star",
    "how many items there are is not known beforehand",
    "pass the items one by one",
)
def star_of_unknown_length(x):
    rows = [v * 2 for v in x]
    return np.sum(np.add(*rows))


def text_at(where):
    return where.text[where.column - 1 : where.end_column - 1]


@pytest.mark.parametrize(("function", "args", "place", "what", "why", "rewrite"), REFUSED)
def test_a_refusal_says_what_and_why_and_what_to_write(function, args, place, what, why, rewrite):
    with pytest.raises(TransformError) as caught:
        tapeless.grad(function, mode="source")(X.copy(), *args)

    error = caught.value
    assert (error.what, error.why, error.rewrite) == (what, why, rewrite)
    assert error.where is not None
    assert error.where.filename == __file__
    assert error.lineno == error.where.line
    assert text_at(error.where) == place.replace("'", '"')
    assert "^" in str(error)
    assert error.why in str(error)


def test_a_refusal_inside_of_a_called_function_stands_there():
    def outer(x):
        return view_as_another_type(x) * 2

    with pytest.raises(TransformError) as caught:
        tapeless.grad(outer, mode="source")(X)

    assert caught.value.where is not None
    assert caught.value.where.function == "view_as_another_type"


OF_PYTHON = (  # what Python itself would raise: that there is nothing else to write is plain
    "takes",
    "missing",
    "several values",
    "no parameter",
    "no argument",
    "no such",
    "not defined",
    "do not have it",
    "values for",
    "{type(error)",
    "has no value yet in the enclosing function",
    "has no key",
)


def refusals():
    for path in sorted(ROOM.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "refuse":
                yield pytest.param(node, id=f"{path.stem}:{node.lineno}")


@pytest.mark.parametrize("call", list(refusals()))
def test_every_refusal_ends_with_what_to_write(call):
    text = ast.unparse(call)

    assert len(call.args) >= 3 or any(word in text for word in OF_PYTHON), text


def softplus_of_two(x, beta):
    return np.sum(softplus(x, beta))


@pytest.mark.parametrize(
    "derivative",
    [
        lambda: tapeless.grad(softplus_of_two, 1)(X, 2.0),
        lambda: tapeless.jvp(lambda beta: softplus_of_two(X, beta), (2.0,), (1.0,)),
    ],
    ids=["reverse", "forward"],
)
def test_an_argument_that_a_rule_has_no_cotangent_for_is_refused_not_ignored(derivative):
    with pytest.raises(TransformError, match=r"no derivative rule for .*softplus \(argument 'beta'\)"):
        derivative()
