"""Comparisons, matches, assignments, contexts: said with less, meaning the same."""

from __future__ import annotations

import gast
import pytest

from tapeless.errors import LoweringError
from tapeless.source.normalise import normalise
from tapeless.source.normalise.comparisons import plain_comparisons
from tests.source.normalise.running import agrees, function_of, text_of, tree_of

BITS = [[a, b, c, d] for a in range(3) for b in range(3) for c in range(3) for d in range(2)]


def test_a_chain_computes_each_side_once_and_only_if_needed():
    agrees("def f(x):\n    return take() < take() <= take() > take()", *BITS)
    agrees("def f(x):\n    return 0 < note(x) in (1, note(2)) is not None", *BITS, args=(1,))
    agrees("def f(x):\n    while 0 < take() < 2:\n        tick()\n    return x", *BITS)


def test_names_and_literals_in_the_middle_need_no_name():
    assert agrees("def f(x):\n    return 1 < x < -2 < x", []) == (
        "def f(x):\n    return 1 < x and x < -2 and (-2 < x)"
    )


def test_a_middle_that_names_itself_keeps_its_name():
    text = agrees("def f(x):\n    a = 0 < (y := take()) < (y := take())\n    return a, y", *BITS)

    assert "middle" not in text


def test_a_chain_in_a_lambda_is_split_and_one_in_a_lambda_inside_is_not():
    tree = gast.parse("lambda x: (0 < g(x) < 2, lambda y: 0 < y < 3)", mode="eval").body

    assert text_of(normalise(tree)) == (
        "lambda x: (0 < (middle := g(x)) and middle < 2, lambda y: 0 < y < 3)"
    )


def test_comprehensions_stay_comprehensions():
    source = "def f(x):\n    return [k for k in range(take() + 2) if 0 <= k < 3 <= k + take() < 5]"
    agrees(source, *BITS)


def test_a_chain_that_a_comprehension_runs_over_stays_if_it_needs_a_name():
    tree = tree_of("def f(x):\n    return [k for k in g(0 < h() < 2, 0 < x < 2)]")

    assert text_of(plain_comparisons(tree)) == (
        "def f(x):\n    return [k for k in g(0 < h() < 2, 0 < x and x < 2)]"
    )


def test_arrays_that_are_compared_in_chains_fail_as_before():
    agrees("def f(x):\n    import numpy as np\n    return 0 < np.ones(2) < 3")


@pytest.mark.parametrize(
    "line",
    [
        "a = b = note(x)",
        "a = b = x",
        "x = y = x",
        "(x, y) = z = x",
        "z = (x, y) = x",
        "(a, b) = a = note((1, 2))",
        "a = (a, b) = c = note((1, 2))",
        "d[note(0)] = d[note(1)] = oops(3)",
        "d[0] = a = d[1] = d",
        "a = d[note(a0)] = a0 = note(1)",
        "a = b = (a0 := note(2))",
        "a: float = note(2)",
        "d[note(1)]: float = note(2)",
        "d[note(1)]: float",
        "a: float",
        "a = b = None",
        "a = b = -1",
    ],
)
def test_assignments_keep_values_and_order(line):
    source = f"""
        def f(x):
            a0 = b = c = z = y = 0
            d = {{0: 5, 1: 6}}
            {line}
            return x, a0, b, c, y, z, sorted(map(str, d))
    """
    agrees(source, [], [1], args=((7, 8),))


def test_two_names_for_a_new_list_are_one_list():
    tree = normalise(tree_of("def f(x):\n    a = b = [x]\n    return a is b"))

    assert function_of(tree, {})(1)


def test_contexts_open_and_close_in_their_order():
    text = agrees(
        "def f(x):\n    with keep(1) as a, keep(a + 1) as b, swallow(3):\n        note(oops(b))", [], [1]
    )

    assert text.count("with") == 3


def test_statements_that_do_nothing_go():
    assert agrees("def f(x):\n    'doc'\n    ...\n    pass\n    1.5\n    x: int\n    return x", []) == (
        "def f(x):\n    return x"
    )
    assert agrees("def f(x):\n    'doc'", []) == "def f(x):\n    pass"
    assert agrees("def f(x):\n    if x:\n        'only'\n    else:\n        pass\n    x", []) == (
        "def f(x):\n    if x:\n        pass\n    x"
    )


SUBJECTS = [
    0,
    1,
    2.5,
    "text",
    "ab",
    None,
    True,
    (),
    (0, 1),
    [1, 2],
    (1, (2, 3)),
    [1, [0, 3]],
    (1, 2, 3),
    b"ab",
    {1: 2},
]

MATCHES = [
    "case 0 | 2.5: return 'number'",
    "case 'text': return 'text'",
    "case None | True: return 'single'",
    "case (): return 'empty'",
    "case (a, b): return a, b",
    "case [1, b]: return b",
    "case (1, (a, 3)) | (1, a, _): return a",
    "case (a, _) | (a, _, _) if take(): return a",
    "case (1, (2 | 0, a)): return a",
    "case (1, [_, _] as a) as b: return a, b",
    "case a if note(a) == 1: return a, 'guarded'",
    "case (1, a) if note(a) == 2: return 'guarded'",
    "case x if take(): return x",
    "case (x, 2): return x",
    "case (_, y) if (y := note(y)): return y",
    "case -1 | 1: x = 5",
]


@pytest.mark.parametrize("first", MATCHES)
@pytest.mark.parametrize("second", [*MATCHES[::3], "case _: return 'rest'"])
def test_a_match_chooses_the_same_case(first, second):
    source = f"""
        def f(x):
            a = b = y = 'before'
            match x:
                {first}
                {second}
            return x, a, b, y
    """
    for subject in SUBJECTS:
        agrees(source, [], [1], [0, 1], args=(subject,))


@pytest.mark.parametrize(
    "subject",
    ["(take(), x)", "[take(), x]", "take(), (x, take())", "*(take(),), x", "x, (x := 3)", "note(x)"],
)
def test_the_items_of_a_subject_are_computed_once_in_order(subject):
    source = f"""
        def f(x):
            y = z = None
            match {subject}:
                case (1, 2): return 'both'
                case (y, (0, z)): note('nested')
                case (0 | 2, 0) as z if take(): note('as')
                case (x, y) if y != x: note('names')
                case (y, x): note('swapped')
                case y: note('one')
            return x, y, z
    """
    for x in (0, 2, 3):
        agrees(source, *BITS[::3], args=(x,))


def test_a_name_that_a_pattern_rebinds_is_matched_as_it_was():
    agrees(
        "def f(x):\n    match x:\n        case (x, y) if take(): return 1\n        case (_, _): return x",
        [0],
        [1],
        args=((3, 4),),
    )


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("float()", "a pattern of a class"),
        ("{'a': 1}", "a pattern of a mapping"),
        ("(1, *rest)", "a starred pattern"),
        ("(1, (a, 0) | (0, a))", "that gives names, inside another pattern"),
    ],
)
def test_other_patterns_are_refused_where_they_stand(pattern, message):
    with pytest.raises(LoweringError, match=message) as caught:
        normalise(tree_of(f"def f(x):\n    match x:\n        case 0: pass\n        case {pattern}: pass"))

    assert caught.value.node.lineno == 4
    assert caught.value.node.col_offset >= 13


def test_a_pattern_of_a_sequence_is_refused_where_its_words_mean_something_else():
    with pytest.raises(LoweringError, match="has its own `len`"):
        normalise(tree_of("def f(x, len):\n    match x:\n        case (1, 2): pass"))


def test_an_augmented_assignment_and_a_deletion_stay():
    source = (
        "def f(x):\n    x += 1\n    assert x > 0, 'text'\n    y = [x]\n    y[0] -= 2\n    del x\n    return y"
    )

    assert agrees(source, []) == source
