"""Control leaves blocks at their ends, and the flags that make it so are few and well named."""

from __future__ import annotations

import textwrap

import pytest

from tapeless.errors import LoweringError
from tapeless.source.normalise.jumps import structured_jumps
from tests.source.normalise.running import agrees, text_of, tree_of

CHOICES = [[], [1], [0, 1], [1, 1], [1, 0, 1], [0, 0, 1], [0, 1, 1, 0], [2, 1, 1, 1, 1], [0, 0, 0, 0, 1, 1]]


def shown(text: str) -> str:
    return textwrap.dedent(text).strip()


def test_an_early_return_leaves_the_rest_to_the_other_branch():
    text = agrees(
        """
        def f(x):
            if take():
                return note(1)
            note(2)
            return x
        """,
        *CHOICES,
    )

    assert text == shown("""
        def f(x):
            if take():
                return note(1)
            else:
                note(2)
                return x
    """)


def test_what_follows_two_open_branches_stands_once_behind_a_flag():
    text = agrees(
        """
        def f(x):
            if take():
                if take():
                    return x
                note(1)
            note(2)
            note(3)
        """,
        *CHOICES,
    )

    assert text == shown("""
        def f(x):
            returned = False
            if take():
                if take():
                    result = x
                    returned = True
                else:
                    note(1)
            if returned:
                return result
            else:
                note(2)
                note(3)
                return None
    """)


def test_a_return_of_a_name_is_rather_repeated_than_flagged():
    text = agrees(
        """
        def f(x):
            if take():
                if take():
                    return -1
                x += 1
            return x
        """,
        *CHOICES,
    )

    assert text.count("return x") == 2
    assert "returned" not in text


def test_functions_without_a_result_need_no_return():
    text = agrees(
        """
        def f(x):
            for i in range(3):
                if take():
                    return
                note(i)
        """,
        *CHOICES,
    )

    assert text == shown("""
        def f(x):
            for i in range(3):
                if take():
                    break
                else:
                    note(i)
    """)


def test_an_endless_loop_that_returns_needs_no_flag():
    text = agrees(
        """
        def f(x):
            while True:
                tick()
                if take():
                    return x
                x += 1
            note('never')
        """,
        *CHOICES,
    )

    assert text == shown("""
        def f(x):
            while True:
                tick()
                if take():
                    result = x
                    break
                else:
                    x += 1
            return result
    """)


def test_the_else_of_a_loop_asks_whether_it_broke():
    text = agrees(
        """
        def f(x):
            for i in range(3):
                if take():
                    break
            else:
                note('else')
            for j in range(2):
                note(j)
            else:
                note('always')
            return x
        """,
        *CHOICES,
    )

    assert text == shown("""
        def f(x):
            broke = False
            for i in range(3):
                if take():
                    broke = True
                    break
            if not broke:
                note('else')
            for j in range(2):
                note(j)
            note('always')
            return x
    """)


def test_a_return_passes_through_loops_by_breaking_each():
    text = agrees(
        """
        def f(x):
            for i in range(2):
                for j in range(2):
                    if take():
                        return i, j
                note(i)
            return x
        """,
        *CHOICES,
    )

    assert text == shown("""
        def f(x):
            returned = False
            for i in range(2):
                for j in range(2):
                    if take():
                        result = (i, j)
                        returned = True
                        break
                if returned:
                    break
                else:
                    note(i)
            if returned:
                return result
            else:
                return x
    """)


def test_flags_of_two_loops_in_a_row_are_set_once():
    text = agrees(
        """
        def f(x):
            for i in range(2):
                if take():
                    return i
            for i in range(2):
                if take():
                    return -i
            return note(x)
        """,
        *CHOICES,
    )

    assert text.count("returned = False") == 1


def test_each_iteration_skips_anew():
    text = agrees(
        """
        def f(x):
            for i in range(3):
                if take():
                    if take():
                        continue
                    note(i)
                note(-i)
            return x
        """,
        *CHOICES,
        [1, 1, 1, 0, 0],
    )

    assert text == shown("""
        def f(x):
            for i in range(3):
                skipped = False
                if take():
                    if take():
                        skipped = True
                    else:
                        note(i)
                if not skipped:
                    note(-i)
            return x
    """)


def test_a_return_in_a_context_at_the_end_stays_there():
    text = agrees("def f(x):\n    with keep(1):\n        return note(x)")

    assert text == "def f(x):\n    with keep(1):\n        return note(x)"


def test_what_follows_a_context_that_returns_runs_if_the_context_swallowed_the_return():
    agrees(
        """
        def f(x):
            with swallow(1):
                return oops(x)
            note(2)
            return x + 1
        """,
        *CHOICES,
    )
    agrees(
        """
        def f(x):
            while True:
                tick()
                with swallow(1):
                    return oops(x)
        """,
        *CHOICES,
    )


def test_what_is_returned_after_a_context_is_not_moved_into_it():
    agrees(
        """
        def f(x):
            with swallow(1):
                if take():
                    return note(x)
                x = oops(5)
            return x
        """,
        *CHOICES,
    )
    agrees(
        """
        def f(x):
            for i in range(3):
                with swallow(1):
                    if take():
                        continue
                    x += oops(5)
                break
            return x
        """,
        *CHOICES,
    )


def test_an_endless_loop_may_break_or_return():
    agrees(
        """
        def f(x):
            while True:
                tick()
                if take():
                    break
                if take():
                    return note(1)
            else:
                note('never')
            note(x)
            return x
        """,
        *CHOICES,
    )


def test_the_else_of_a_loop_may_leave_the_loop_around_it():
    source = """
        def f(x):
            for i in range(3):
                for j in range(2):
                    if take():
                        LEAVE
                    note(j)
                else:
                    if take():
                        continue
                    if take():
                        break
                    return note(-1)
                note(i)
            else:
                return x
            note(x)
    """
    for leave in ("break", "continue", "return note(j)", "note('stay')"):
        agrees(source.replace("LEAVE", leave), *CHOICES, [0, 0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0, 0, 1, 1])


def test_nothing_follows_a_loop_whose_else_returns_and_that_never_breaks():
    text = agrees(
        """
        def f(x):
            for i in range(3):
                note(i)
            else:
                return x
            note('never')
        """,
        [],
    )

    assert "never" not in text
    text = agrees(
        """
        def f(x):
            if take():
                for i in range(3):
                    note(i)
                else:
                    return x
            note(x)
            return -x
        """,
        *CHOICES,
    )

    assert "returned" not in text


def test_a_flag_of_its_own_is_set_inside_a_region_that_knows_others():
    agrees(
        """
        def f(x):
            for i in range(3):
                for j in range(3):
                    if take():
                        if take():
                            continue
                        if take():
                            return note(j)
                        note(1)
                    note(2)
                note(3)
            note(x)
        """,
        *CHOICES,
        [1, 1, 1, 0, 0, 1, 0, 1],
    )


def test_unreachable_statements_are_dropped():
    text = agrees(
        "def f(x):\n    if take():\n        raise Oops\n        note(0)\n    return x\n    note(1)", *CHOICES
    )

    assert "note" not in text


def test_a_raise_stays_where_it_is():
    text = agrees("def f(x):\n    if take():\n        raise Oops(x)\n    note(1)\n    return x", *CHOICES)

    assert text == "def f(x):\n    if take():\n        raise Oops(x)\n    note(1)\n    return x"


def test_flags_take_no_name_that_the_function_or_one_inside_it_uses():
    text = agrees(
        """
        def f(result):
            def inner():
                return returned
            for broke in range(3):
                if take():
                    return broke
                try:
                    note(inner())
                except NameError:
                    note('free')
            note(result)
        """,
        *CHOICES,
    )

    assert "returned_1 = False" in text
    assert "result_1 = broke" in text


def test_functions_inside_keep_their_jumps():
    text = agrees(
        """
        def f(x):
            def inner(y):
                for i in range(3):
                    if i > y: return i
                    continue
                else:
                    return -1
            return inner(x)
        """,
        [],
    )

    assert "continue" in text


def test_a_function_without_jumps_is_given_back_as_it_is():
    tree = tree_of("def f(x):\n    for i in x:\n        x += i")

    assert structured_jumps(tree) is tree


def test_what_has_no_jump_is_shared_with_the_input():
    tree = tree_of("def f(x):\n    for i in x:\n        x += i\n    if x: return 1\n    return 2")

    assert structured_jumps(tree).body[0] is tree.body[0]


@pytest.mark.parametrize(
    ("source", "line", "message"),
    [
        ("def f(x):\n  try:\n    x += 1\n    return x\n  finally:\n    x = 2", 4, "`return` inside `try`"),
        ("def f(x):\n  for i in x:\n    try: g()\n    except E: continue", 4, "`continue` inside `try`"),
        ("def f(x):\n  while x:\n    try: g()\n    finally:\n      if x: break", 5, "`break` inside `try`"),
        (
            "def f(x):\n  while x:\n    try: g()\n    except* E:\n      x = 1\n    else: break",
            6,
            "`break` inside `try`",
        ),
    ],
)
def test_a_jump_out_of_a_try_is_refused_where_it_stands(source, line, message):
    with pytest.raises(LoweringError, match=message) as caught:
        structured_jumps(tree_of(source))

    assert caught.value.node.lineno == line


def test_a_try_keeps_its_own_loops_and_functions():
    source = """
        def f(x):
            try:
                for i in range(3):
                    if take(): break
                    if take(): continue
                    note(i)
                else:
                    note('else')
                x = (lambda: x)
            except Oops:
                def g():
                    return 1
            for j in range(2):
                if take(): return j
    """
    tree = tree_of(source)

    assert structured_jumps(tree).body[0] is tree.body[0]
    assert "returned" in text_of(structured_jumps(tree))
