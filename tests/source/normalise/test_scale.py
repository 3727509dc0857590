"""Long functions: time and size in proportion, no recursion from statement to statement."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator

import gast
import pytest

from tapeless.source.normalise import normalise
from tests.source.normalise.running import assert_normal, function_of, tree_of

STATEMENTS = 2000
BRANCHES = 2000


def function(*blocks: str) -> gast.FunctionDef:
    return tree_of(
        "def f(x):\n" + "".join(f"    {line}\n" for block in blocks for line in block.splitlines())
    )


def elifs(count: int, body: str, last: str) -> gast.FunctionDef:
    """A function of one long `elif` chain, put together link by link: parsing it would take a deep stack."""
    tree = function(last)
    for k in reversed(range(count)):
        link = function(f"if x == {k}:\n    {body.format(k)}").body[0]
        link.orelse = tree.body
        tree.body = [link]
    return tree


def depth(tree: gast.AST) -> int:
    """How deeply blocks nest."""
    deepest, waiting = 0, [(tree, 0)]
    while waiting:
        node, level = waiting.pop()
        deepest = max(deepest, level)
        blocks = [part for part in (getattr(node, "body", []), getattr(node, "orelse", [])) if part]
        waiting += [(statement, level + 1) for block in blocks for statement in block]
    return deepest


def size(tree: gast.AST) -> int:
    return sum(1 for _ in gast.walk(tree))


@contextlib.contextmanager
def deep_stack() -> Iterator[None]:
    """For Python's and gast's own converters, which recurse."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(100_000)
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)


@pytest.mark.parametrize(
    "line",
    [
        "x = x + 1",
        "y = z = x + 1",
        "y = 0 < g(x) < 2",
        "if x < 0: continue_ = 1",
        "if x < 0: return x + 1",
        "for i in x:\n    if i: continue\n    if i: break\nelse:\n    x = 1",
        "for i in x:\n    if i: return i",
        "if x:\n    if x: return x\n    x = 1",
        "with a, b: pass",
        "match x:\n    case 1: x = 2\n    case (1, y) if y: x = y",
    ],
)
def test_thousands_of_statements_grow_by_their_number(line):
    tree = function(*[line] * STATEMENTS, "return x")
    some = size(normalise(function(*[line] * 500, "return x")))

    new = normalise(tree)

    assert size(new) < 1.2 * STATEMENTS / 500 * some
    assert depth(new) < 150


@pytest.mark.parametrize(
    "body", ["x = {0}", "return x + {0}", "return 0 < g(x) < {0}", "pass", "y = z = {0}"]
)
@pytest.mark.parametrize("after", ["return g(x)", "x = 3\nif x: return 1\nx = 4"])
def test_thousands_of_elifs_are_no_deeper_than_one(body, after):
    tree = elifs(BRANCHES, body, "x = -1")
    tree.body += function(after).body

    new = normalise(tree)

    assert_normal(new)
    assert size(new) < 3 * size(tree)


def test_thousands_of_elifs_with_jumps_do_what_they_did():
    tree = elifs(BRANCHES, "if x % 3:\n        return {0} + 1\n    x += 1", "x = -1")
    tree.body += function("x = x + 1", "return x").body
    new = normalise(tree)

    with deep_stack():
        before, after = function_of(tree, {}), function_of(new, {})
    inputs = [*range(0, BRANCHES + 5, 97), -1, BRANCHES - 1]

    assert [before(x) for x in inputs] == [after(x) for x in inputs]


@pytest.mark.parametrize(
    "end", ["return x + 1", "x += 1", "while x < 9000:\n    x *= 2\n    if x % 5 == 0: return -x"]
)
@pytest.mark.parametrize(
    "line",
    [
        "x += 1\nif x == 7000 + {0}: return {0} * 2",
        "for i in range(2):\n    if x - i == {0}: return {0} - i\nx += 0",
    ],
)
def test_hundreds_of_exits_in_a_row_leave_where_they_did(line, end):
    tree = function(*[line.format(k) for k in range(300)], end)
    new = normalise(tree)

    before, after = function_of(tree, {}), function_of(new, {})
    inputs = [*range(0, 400, 7), *range(6700, 7300, 13)]

    assert_normal(new)
    assert [before(x) for x in inputs] == [after(x) for x in inputs]


def test_hundreds_of_jumps_in_a_loop_leave_where_they_did():
    lines = [f"    if x == {k}: {'break' if k % 3 else 'continue'}\n    x += 1" for k in range(0, 4 * 130, 4)]
    lines += [f"    if x == {k}: return x" for k in range(1, 200, 5)]
    tree = function("for i in range(3):", *lines, "else:\n    x = -x", "return x + 1")
    new = normalise(tree)

    before, after = function_of(tree, {}), function_of(new, {})

    assert_normal(new)
    assert depth(new) < 150
    assert [before(x) for x in range(-500, 600)] == [after(x) for x in range(-500, 600)]


def test_thousands_of_cases_become_as_many_branches():
    cases = "".join(f"        case {k}:\n            return {k}\n" for k in range(BRANCHES))
    tree = tree_of(f"def f(x):\n    match x:\n{cases}")

    new = normalise(tree)

    assert_normal(new)
    assert size(new) < 3 * size(tree)


def test_choices_in_a_row_do_not_multiply():
    line = (
        "if x:\n    if x > 1: return x * 2\n    x += 1\nelif x > 3:\n    x += 2\n    if x > 5: return x * 3"
    )
    sizes = [size(normalise(function(*[line] * count, "x += 1", "return x * 4"))) for count in (10, 20, 40)]

    assert sizes[2] - sizes[1] == 2 * (sizes[1] - sizes[0])
