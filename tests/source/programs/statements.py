"""Printing, asserting, raising, formatting, with, try around constants, annotations, docstrings."""

import sys
from typing import Any

import numpy as np

from tests.source.programs.registry import program

V = np.array([0.7, -1.3, 2.1])


@program(0.7)
def prints(x):
    print("start")
    y = x**2
    print("y is", y, sep=": ", end="!\n")
    return y * x


@program(V)
def prints_in_a_loop(x):
    total = 0.0
    for i, v in enumerate(x):
        total += v**2
        print(f"step {i}: total = {total:.3f}")
    print()
    return total


@program(0.7)
def prints_in_branches(x):
    if x > 0:
        print("positive")
        y = x**2
    else:
        print("negative")
        y = -x
    print("done")
    return y


def noisy(name, value):
    print("computing", name)
    return value


@program(0.7, 0.3, wrt=(0, 1))
def order_of_evaluation(x, y):
    return noisy("a", x) * noisy("b", y) + noisy("c", x * y) ** noisy("d", 2)


@program(0.7)
def order_in_short_circuits(x):
    if noisy("first", x) > 1 and noisy("second", x) > 0:
        x = x * 2
    if noisy("third", x) > 0 or noisy("fourth", x) > 0:
        x = x * 3
    return x**2 if noisy("fifth", True) else noisy("never", x)


@program(0.7)
def order_in_chained_comparison(x):
    if noisy("low", 0.0) < noisy("x", x) < noisy("high", 0.5) < noisy("never", 9.0):
        return x
    return x**2


@program(0.7)
def order_in_arguments_and_items(x):
    d = {noisy("key", "k"): noisy("value", x)}
    values = [noisy("one", x), noisy("two", d["k"])]
    values[noisy("index", 0)] = noisy("new", x**2)
    return values[0] * values[1]


@program(0.7)
def expression_statement(x):
    noisy("alone", x * 2)
    x * 3
    "a string"
    ...
    return x**2


@program(0.7)
def asserts(x):
    assert x > 0
    y = np.log(x)
    assert np.isfinite(y), f"log of {x}"
    return y * x


@program(0.7)
def raise_not_reached(x):
    if x < 0:
        raise ValueError(f"negative: {x}")
    if not np.isfinite(x):
        raise ValueError("not finite", x) from None
    return np.sqrt(x)


@program(0.7)
def docstring_and_comments(x):
    """Square the input.

    >>> docstring_and_comments(2.0)
    4.0
    """
    # a comment
    return x**2  # another


@program(V, 2)
def annotated(x: np.ndarray, n: int = 3) -> float:
    total: float = 0.0
    unused: Any
    for i in range(n):
        term: np.ndarray = x**i
        total += np.sum(term)
    return total


@program(V)
def errstate(x):
    with np.errstate(divide="ignore", invalid="ignore"):
        y = x / np.abs(x)
        z = x**2 / (1 + x)
    return np.sum(y * z)


@program(V, second=False, tape=False)
def errstate_with_hidden_nan(x):
    with np.errstate(invalid="ignore"):
        root = np.sqrt(x)
    return np.sum(np.where(x > 0, root, x**2))


@program(V)
def nested_with(x):
    with np.errstate(all="ignore"), np.errstate(over="raise"):
        y = x * 2
    with np.errstate(under="ignore"):
        with np.errstate(divide="raise"):
            z = y * x
    return np.sum(z)


@program(0.7)
def with_in_a_loop(x):
    for _ in range(3):
        with np.errstate(over="ignore"):
            x = np.exp(-x)
    return x


@program(V)
def print_options(x):
    with np.printoptions(precision=2):
        print(x * 2)
    return np.sum(x**2)


@program(0.7, {"b": 2.0})
def try_around_constants(x, settings):
    try:
        scale = settings["a"]
    except KeyError:
        scale = 3.0
    return scale * x**2


@program(0.7)
def try_else_finally(x):
    try:
        n = int("3")
    except ValueError as error:
        n = 0
    else:
        n += 1
    finally:
        m = 2
    return x**n * m


@program(0.7)
def formatted_text_used_as_key(x):
    table = {f"w{i}": i * 1.5 for i in range(3)}
    name = "w" + str(2)
    label = "%s-%d" % ("run", 3)
    text = "{} {}".format(name, label).upper()
    return table[name] * x + table[f"w{1}"] * x**2 + len(text)


@program(0.7)
def strings_switch_code(x):
    for step in "square sin double".split():
        if step.startswith("sq"):
            x = x**2
        elif step == "sin":
            x = np.sin(x)
        else:
            x = 2 * x
    return x


@program(0.7)
def global_read(x):
    y = x * len(sys.argv) / len(sys.argv)
    return y * V[0]


@program(0.7)
def ellipsis_body(x):
    def later(): ...

    later()
    return x**2


@program(0.7)
def semicolons_and_one_liners(x):
    y = x; z = y * 2  # fmt: skip
    if z > 0: z = z * x  # fmt: skip
    for _ in range(2): z += x  # fmt: skip
    return z


@program(0.7)
def line_continuations(x):
    y = x + \
        x**2  # fmt: skip
    return (
        y
        * 2
    )  # fmt: skip


@program(0.7)
def printed_between_writes(x):
    a = np.zeros(2) + x
    print(a[0] > 0, len(a))
    a[0] = x**2
    print("after", a.shape)
    return a[0] * a[1]


@program(0.7)
def multiline_strings(x):
    text = """
    if x:
        return 0
    """
    return x * len(text.strip().splitlines())


@program(0.7)
def literals_of_all_kinds(x):
    n = 0x10 + 0b11 + 1_000
    return x * n / 1e3 + x * 1.5e-1 + len(b"ab") * x + len("abcd")
