"""What printed programs look like."""

from __future__ import annotations

import builtins
import inspect
import operator
from typing import Any

import numpy as np
import pytest

from tapeless.ir.emit import Layout, emit, emit_all, load
from tapeless.ir.program import (
    UNDEFINED,
    Carry,
    Const,
    For,
    If,
    Let,
    Phi,
    Program,
    Return,
    Var,
    While,
    add_at,
    build_dict,
    build_tuple,
    call,
    call_method,
    fail,
    iadd,
    isub,
    join_text,
    new_stack,
    pop,
    push,
    require,
)
from tests.ir.evaluate import evaluate
from tests.ir.writing import ADD, DIV, MUL, SUB, atom, do, let, program, text

STEP = (let("t", np.sin, "x_1"), let("t_1", MUL, 0.01, "t"), let("x_2", ADD, "x_1", "t_1"))


def carry(name: str, init: Any, after: Any, result: str) -> Carry:
    return Carry(name, atom(init), atom(after), result)


def phi(name: str, then: Any, orelse: Any) -> Phi:
    return Phi(name, atom(then), atom(orelse))


def shown(expected: str) -> str:
    return inspect.cleandoc(expected)


def test_what_a_loop_carries_has_one_name():
    loop = For(("i",), Var("r"), (carry("x_1", "x", "x_2", "x_3"),), STEP)

    assert text("x n", let("r", range, "n"), loop, gives="x_3") == shown("""
        for i in range(n):
            x = x + 0.01 * np.sin(x)
        return x
    """)


def gradient_of_a_loop(*after: Any) -> Program:
    there = For(("i",), Var("r"), (carry("x_1", "x", "x_2", "x_3"),), (*STEP, do(push, "saved", "x_1")))
    back = (
        do(pop, "saved", to="x_4"),
        let("t_4", MUL, "dx", 0.01),
        let("t_5", np.cos, "x_4"),
        let("t_6", MUL, "t_4", "t_5"),
        let("dx_2", ADD, "dx", "t_6"),
    )
    again = For(("i_1",), Var("t_2"), (carry("dx", 1.0, "dx_2", "dx_3"),), back)
    body = (let("saved", new_stack), let("r", range, "n"), there, let("t_2", builtins.reversed, "r"), again)
    return program("x n", *body, *after, gives="dx_3")


def test_a_loop_that_empties_a_stack_goes_through_it_backwards():
    found = gradient_of_a_loop()

    assert (
        emit(found).source
        == shown("""
        def f(x, n):
            saved = []
            for i in range(n):
                saved.append(x)
                x = x + 0.01 * np.sin(x)
            dx = 1.0
            for x in reversed(saved):
                dx = dx + dx * 0.01 * np.cos(x)
            return dx
    """)
        + "\n"
    )
    assert load(found)(0.5, 7) == evaluate(found, 0.5, 7)


def test_a_stack_that_somebody_reads_later_is_emptied():
    assert "x = saved.pop()" in emit(gradient_of_a_loop(do(print, "saved"))).source


def test_a_stack_that_is_counted_before_it_is_full_is_emptied():
    pushes = [do(push, "saved", value) for value in (1.0, 2.0, 3.0)]
    body = (do(pop, "saved", to="y"), let("s_1", ADD, "s", "y"))
    loop = For((), Var("r"), (carry("s", 0.0, "s_1", "s_2"),), body)
    count = (let("k", len, "saved"), let("r", range, "k"))

    early = program("", let("saved", new_stack), *pushes[:2], *count, pushes[2], loop, gives="s_2")
    late = program("", let("saved", new_stack), *pushes, *count, loop, gives="s_2")
    assert load(early)() == evaluate(early) == 5.0
    assert load(late)() == evaluate(late) == 6.0
    assert "reversed" in emit(late).source
    assert "reversed" not in emit(early).source


def test_a_swap_is_a_tuple():
    swap = For((), Var("r"), (carry("a_1", "a", "b_1", "a_2"), carry("b_1", "b", "a_1", "b_2")), ())

    assert text("a b n", let("r", range, "n"), swap, gives=["a_2", "b_2"]) == shown("""
        for _ in range(n):
            a, b = b, a
        return a, b
    """)


def test_values_are_handed_on_in_an_order_in_which_none_is_lost():
    carries = (carry("a", 0, "b", "a_2"), carry("b", 1, "c", "b_2"))
    loop = For((), Var("r"), carries, (let("c", ADD, "a", "b"),))

    assert text("n", let("r", range, "n"), loop, gives="a_2") == shown("""
        a = 0
        b = 1
        for _ in range(n):
            c = a + b
            a = b
            b = c
        return a
    """)


def test_a_value_from_before_a_loop_that_is_read_later_keeps_a_name_of_its_own():
    loop = For(("i",), Var("r"), (carry("x_1", "x", "x_2", "x_3"),), STEP)

    last = let("y", SUB, "x_3", "x")
    assert text("x n", let("r", range, "n"), loop, last, gives="y") == shown("""
        x_1 = x
        for i in range(n):
            x_1 = x_1 + 0.01 * np.sin(x_1)
        return x_1 - x
    """)


def test_what_a_loop_runs_over_is_computed_from_values_that_are_still_there():
    loop = For((), Var("r"), (carry("n_1", 0, "n_2", "n_3"),), (let("n_2", ADD, "n_1", 1),))

    found = program("n", let("r", range, "n"), loop, gives="n_3")
    assert load(found)(5) == 5
    assert "for _ in range(n):" in emit(found).source


def test_a_loop_is_left_in_the_branch_that_asks_for_it():
    body = (
        let("x_2", ADD, "x_1", 1.0),
        let("t", operator.gt, "x_2", 3.0),
        If(
            Var("t"),
            (),
            (let("x_4", MUL, "x_2", 2.0),),
            (phi("done", True, False), phi("x_5", "x_2", "x_4")),
        ),
    )
    loop = For(("i",), Var("r"), (carry("x_1", "x", "x_5", "x_6"),), body, until=Var("done"))

    found = program("x n", let("r", range, "n"), loop, gives="x_6")
    assert (
        emit(found).source
        == shown("""
        def f(x, n):
            for i in range(n):
                x = x + 1.0
                if x > 3.0:
                    break
                x = x * 2.0
            return x
    """)
        + "\n"
    )
    assert [load(found)(x, 4) for x in (-8.0, 0.0, 3.0)] == [evaluate(found, x, 4) for x in (-8.0, 0.0, 3.0)]


def test_what_a_loop_hands_on_is_handed_on_before_it_is_left():
    test = (let("t", operator.gt, "b", "m"), If(Var("t"), (), (), (phi("done", True, False),)))
    carries = (carry("a", 0, "b", "a_2"), carry("b", 1, "c", "b_2"))
    loop = While((), Const(True), carries, (let("c", ADD, "a", "b"), *test), until=Var("done"))

    found = program("m", loop, gives=["a_2", "b_2"])
    assert load(found)(50) == evaluate(found, 50) == (55, 89)
    assert (
        emit(found).source
        == shown("""
        def f(m):
            a = 0
            b = 1
            while True:
                c = a + b
                if b > m:
                    a = b
                    b = c
                    break
                a = b
                b = c
            return a, b
    """)
        + "\n"
    )


def test_a_flag_that_others_read_stays():
    body = (If(Var("x"), (), (), (phi("done", True, False),)),)
    loop = For(("i",), Var("r"), (carry("found", False, "done", "found_1"),), body, until=Var("done"))

    assert text("x n", let("r", range, "n"), loop, gives="found_1") == shown("""
        found = False
        for i in range(n):
            if x:
                found = True
                break
            found = False
        return found
    """)


def test_what_ends_a_loop_after_an_iteration_stands_at_its_end():
    body = (let("x_2", MUL, "x_1", 2.0), let("t", operator.gt, "x_2", 9.0), do(print, "x_2"))
    loop = While((), Const(True), (carry("x_1", "x", "x_2", "x_3"),), body, until=Var("t"))

    assert text("x", loop, gives="x_3") == shown("""
        while True:
            x = x * 2.0
            t = x > 9.0
            print(x)
            if t:
                break
        return x
    """)


def test_a_head_that_is_an_expression_is_the_test_of_its_loop():
    head = (let("t", MUL, "x_1", "x_1"), let("t_1", SUB, "t", 2.0), let("t_2", operator.gt, "t_1", "e"))
    body = (let("t_3", DIV, 2.0, "x_1"), let("t_4", ADD, "x_1", "t_3"), let("x_2", MUL, 0.5, "t_4"))
    loop = While(head, Var("t_2"), (carry("x_1", "x", "x_2", "x_3"),), body)

    assert text("x e", loop, gives="x_3") == shown("""
        while x * x - 2.0 > e:
            x = 0.5 * (x + 2.0 / x)
        return x
    """)


def test_a_head_of_statements_stands_in_the_body():
    head = (do(print, "x_1"), let("t", operator.is_, "x_1", None))
    loop = While(head, Var("t"), (carry("x_1", "x", "x_2", "x_3"),), (let("x_2", np.sin, "x_1"),))

    assert text("x", loop, gives="x_3") == shown("""
        while True:
            print(x)
            if x is not None:
                break
            x = np.sin(x)
        return x
    """)


def chain(depth: int) -> tuple[Any, ...]:
    block: tuple[Any, ...] = (let(f"z_{depth}", np.cos, "x"),)
    for at in reversed(range(depth)):
        test = let(f"t_{at}", operator.gt, "x", at)
        outs = (phi(f"z_{at}", f"y_{at}", f"z_{at + 1}"),)
        block = (test, If(Var(f"t_{at}"), (let(f"y_{at}", MUL, "x", at),), block, outs))
    return block


def test_branches_in_branches_are_a_chain():
    assert text("x", *chain(2), gives="z_0") == shown("""
        if x > 0:
            z = x * 0
        elif x > 1:
            z = x * 1
        else:
            z = np.cos(x)
        return z
    """)


def test_a_chain_may_be_longer_than_python_recurses():
    lines = emit(Program("f", ("x",), chain(1500), Return((Var("z_0"),)))).source.splitlines()

    assert sum(line.startswith("    elif ") for line in lines) == 1499


def test_what_a_branch_in_a_branch_leaves_under_two_names_is_handed_on_after_it():
    inner = If(Var("d"), (let("z", np.sin, "x"),), (let("z_1", np.cos, "x"),), (phi("z_2", "z", "z_1"),))
    outs = (phi("y", "x", "z_2"), phi("w", "x", "z_2"))
    found = program("x c d", If(Var("c"), (), (inner,), outs), let("v", SUB, "y", "w"), gives=["v", "y"])

    assert load(found)(0.5, False, True) == evaluate(found, 0.5, False, True)
    assert "elif" not in emit(found).source


def test_a_branch_that_does_nothing_is_not_printed():
    branch = If(Var("x"), (), (do(print, "x"),))
    both = If(Var("x"), (), ())

    assert text("x", branch, both) == shown("""
        if not x:
            print(x)
        if x:
            pass
        return None
    """)


def test_what_is_unbound_is_not_assigned():
    branch = If(Var("x"), (let("y", np.sin, "x"),), (), (Phi("y_1", Var("y"), UNDEFINED),))

    assert text("x", branch, gives="y_1") == shown("""
        if x:
            y = np.sin(x)
        return y
    """)


def test_a_name_that_may_be_unbound_is_no_older_value():
    first = (let("y", np.sin, "x"), do(print, "y"), do(print, "y"))
    branch = If(Var("x"), (let("y_1", np.cos, "x"),), (), (Phi("y_2", Var("y_1"), UNDEFINED),))

    found = load(program("x", *first, branch, gives="y_2"))
    with pytest.raises(UnboundLocalError):
        found(0.0)


def test_choices_stand_in_expressions():
    both = (
        let("t", operator.gt, "n", 3),
        If(Var("t"), (let("t_1", operator.lt, "x", 0.0),), (), (phi("t_2", "t_1", "t"),)),
    )
    value = (
        let("t_3", operator.lt, "n", 9),
        If(Var("t_3"), (let("t_4", np.sin, "x"),), (), (phi("t_5", "t_4", "x"),)),
    )
    body = (*both, If(Var("t_2"), (do(print, "n"),), ()), *value, let("y", MUL, "t_5", 2.0))

    assert text("x n", *body, gives="y") == shown("""
        if n > 3 and x < 0.0:
            print(n)
        return (np.sin(x) if n < 9 else x) * 2.0
    """)


def test_one_side_of_a_choice_is_not_computed_before_it():
    division = let("t", operator.floordiv, 1, "n")
    branch = If(Var("n"), (let("t_1", ADD, "t", 1),), (), (phi("t_2", "t_1", 0),))
    found = program("n", division, branch, gives="t_2")

    assert "t = 1 // n" in emit(found).source


def test_effects_are_statements():
    body = (
        do(operator.setitem, "x", 0, 1.0),
        do(operator.delitem, "x", slice(1, None, 2)),
        do(setattr, "obj", Const("w"), "x"),
        do(iadd, "x", 2.0),
        do(isub, "g", "x"),
        let("a b", getattr, "obj", Const("shape")),
        do(list.append, "b", "a"),
        do(require, "a", Const("no a")),
        do(fail, "a", None),
        do(fail),
        do(np.add.at, "x", "b", 1.0),
        do(call_method, "obj", Const("fit"), "x"),
        do(call, "obj", "x", to="c"),
        do(list.pop, "b", to="d"),
    )

    assert text("x obj", *body, gives="d", free="g") == shown("""
        x[0] = 1.0
        del x[1::2]
        obj.w = x
        x += 2.0
        operator.isub(g, x)
        a, b = obj.shape
        b.append(a)
        assert a, 'no a'
        raise a from None
        raise
        np.add.at(x, b, 1.0)
        obj.fit(x)
        obj(x)
        return b.pop()
    """)


def test_displays_and_texts_are_written_as_such():
    body = (
        let("t", format, "a", Const(".3f")),
        let("t_1", repr, "b"),
        let("t_2", join_text, Const("a {is} "), "t", Const(" it's "), "t_1"),
        do(print, "t_2"),
        let("t_3", operator.getitem, "b", Const("k")),
        let("t_4", format, "t_3"),
        let("t_5", join_text, Const("k: "), "t_4"),
        do(print, "t_5"),
        let("t_6", build_dict, Const("k"), "a", Const("m"), "b"),
        let("t_7", operator.contains, "t_6", "a"),
        let("t_8", operator.not_, "t_7"),
        do(print, "t_8"),
        let("t_9", build_tuple),
        let("t_10", operator.getitem, "a", "t_9"),
    )

    assert text("a b", *body, gives="t_10") == shown("""
        print(f"a {{is}} {a:.3f} it's {b!r}")
        print(''.join(('k: ', format(b['k']))))
        print(a not in {'k': a, 'm': b})
        return a[()]
    """)


def test_indices_are_repeated_where_they_stand():
    body = (
        let("dx", np.zeros_like, "x"),
        let("t", len, "x"),
        let("t_1", SUB, "t", 1),
        let("t_2", range, "t_1"),
        For(
            ("i",),
            Var("t_2"),
            (),
            (
                let("t_3", operator.getitem, "dy", "i"),
                let("t_4", ADD, "i", 1),
                let("t_5", operator.getitem, "x", "t_4"),
                let("t_6", MUL, "t_3", "t_5"),
                do(add_at, "dx", "i", "t_6"),
                let("t_7", slice, "t_4", None),
                let("t_8", build_tuple, "t_7", ..., None),
                let("t_9", operator.getitem, "x", "t_8"),
                do(add_at, "dx", "t_8", "t_9"),
            ),
        ),
    )

    assert text("x dy", *body, gives="dx") == shown("""
        dx = np.zeros_like(x)
        for i in range(len(x) - 1):
            dx[i] += dy[i] * x[i + 1]
            dx[i + 1:, ..., None] += x[i + 1:, ..., None]
        return dx
    """)


def test_a_line_that_is_too_long_is_broken_within_its_brackets():
    numbers = [123456.789 * i for i in range(1, 13)]
    params = " ".join(f"condition_number_{i}" for i in range(3))

    found = text(params, let("y", np.select, *params.split(), *numbers), let("z", ADD, "y", "y"), gives="z")
    assert found == shown("""
        y = np.select(
            condition_number_0, condition_number_1, condition_number_2, 123456.789, 246913.578,
            370370.367, 493827.156, 617283.9450000001, 740740.734, 864197.523, 987654.312,
            1111111.101, 1234567.8900000001, 1358024.679, 1481481.468
        )
        return y + y
    """)


def test_a_layout_gives_a_docstring_and_comments_on_the_way_back():
    body = (
        let("y", np.sin, "x", line=3),
        let("z", np.cos, "y", line=4),
        let("dy", MUL, "y", "z", line=-4),
        let("dx", MUL, "dy", "z", line=-3),
        do(print, "dx", line=-3),
    )
    comments = {-4: "line 4: z = np.cos(y)", -3: "line 3: y = np.sin(x)"}
    layout = Layout(docstring='Gradient of "f".\n\nAnd more.', line_comments=comments)

    source, _, lines = emit(program("x", *body, gives=["y", "z", "dx", "dy"]), layout)
    assert (
        source
        == shown('''
        def f(x):
            """Gradient of "f".

            And more.
            """
            y = np.sin(x)
            z = np.cos(y)
            # line 4: z = np.cos(y)
            dy = y * z
            # line 3: y = np.sin(x)
            dx = dy * z
            print(dx)
            return y, z, dx, dy
    ''')
        + "\n"
    )
    assert lines == (*[()] * 5, (3,), (4,), (), (-4,), (), (-3,), (-3,), (0,))


@pytest.mark.parametrize(
    "docstring", ["One line.", 'Ends with "quotes"', "Back\\slash", 'a """ b', "two\nlines"]
)
def test_a_docstring_is_what_it_was(docstring: str):
    scope: dict[str, Any] = {}
    exec(emit(program("x"), Layout(docstring=docstring)).source, scope)

    assert inspect.cleandoc(scope["f"].__doc__).strip() == docstring


def test_several_functions_stand_in_one_module():
    one = Program("one", ("x",), (let("y", np.sin, "x"),), Return((Var("y"),)))
    two = Program("two", ("np",), (let("y", np.cos, "np"),), Return((Var("y"),)))

    source, names, lines = emit_all([one, two])

    assert source == "def one(x):\n    return np_1.sin(x)\n\n\ndef two(np):\n    return np_1.cos(np)\n"
    assert names == {"np_1": np}
    assert len(lines) == len(source.splitlines())


def test_what_a_module_gives_keeps_its_name_and_nothing_else_has_it():
    body = (
        let("g_1", np.sin, "g"),
        let("t", MUL, "g_1", "g_1"),
        let("sin", np.cos, "t"),
        do(print, "sin", "sin"),
    )

    assert text("", *body, gives="g", free="g") == shown("""
        g_1 = np.sin(g)
        sin = np.cos(g_1 * g_1)
        print(sin, sin)
        return g
    """)


def test_the_users_own_numbered_names_stay():
    body = (
        let("W_1", np.sin, "x"),
        let("y", MUL, "W_1", "W_1"),
        Let((), print, (Var("y"), Var("y")), effect=True),
    )

    layout = Layout(own_names=frozenset({"W_1"}))
    assert "W = np.sin(x)" in emit(program("x", *body, gives="y")).source
    assert "W_1 = np.sin(x)" in emit(program("x", *body, gives="y"), layout).source
