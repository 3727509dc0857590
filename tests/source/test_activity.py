"""Which names carry derivatives, which share storage, which cotangents are views."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from tapeless.ir.program import Program, Var, build_tuple, new_stack, pop, push
from tapeless.source.reverse.work import Work
from tests.source.building import Build, facts_of

X = np.array([0.3, -0.7, 1.1])
get, put, mul, add = operator.getitem, operator.setitem, operator.mul, operator.add


def work(program: Program, *args: Any, wrt: tuple[str, ...] = ("x",)) -> Work:
    return Work(program, facts_of(program, *args), wrt)


def is_active(found: Work, atom: Var) -> bool:
    return found.is_active(atom.name)


def test_what_does_not_lead_to_the_result_is_not_active() -> None:
    b = Build("x", "y")
    used, unused, other = b(np.sin, b.x), b(np.cos, b.x), b(np.exp, b.y)
    found = work(b.done(b(mul, used, other)), X, X)

    assert is_active(found, used)
    assert not is_active(found, unused)
    assert not is_active(found, other)


def test_comparisons_shapes_and_integers_cut() -> None:
    b = Build("x")
    test, shape, place = b(operator.gt, b.x, 0.0), b(np.shape, b.x), b(np.argmax, b.x)
    n = b(get, shape, 0)
    found = work(b.done(b(mul, b(get, b.x, place), b(mul, n, b(np.sum, test)))), X)

    assert not any(is_active(found, atom) for atom in (test, shape, place, n))


def test_activity_goes_round_a_loop() -> None:
    b = Build("x", "n")
    seen: list[Var] = []

    def body(i: Var, p: Var, q: Var) -> Any:
        seen.extend([p, q])
        return q, b(mul, q, 2.0)

    first, _ = b.loop(b(range, b.n), {"p": 1.0, "q": b.x}, body)
    found = work(b.done(first), 0.5, 3)

    assert all(is_active(found, atom) for atom in seen)


def test_a_write_makes_the_array_and_its_views_active() -> None:
    b = Build("x")
    a = b(np.zeros, 3)
    view = b(get, a, slice(1, None))
    b.do(put, a, 1, b(get, b.x, 0))
    found = work(b.done(b(np.sum, view)), X)

    assert is_active(found, a)
    assert is_active(found, view)
    assert view.name in found.storage.views
    assert found.aliases.may_share(a.name, view.name)


def test_a_view_that_is_dead_before_the_write_is_a_value() -> None:
    b = Build("x")
    a = b(np.copy, b.x)
    view = b(get, a, slice(1, None))
    total = b(np.sum, view)
    b.do(put, a, 1, total)
    found = work(b.done(b(np.sum, a)), X)

    assert view.name not in found.storage.views


def test_stacks_know_which_of_their_values_are_active() -> None:
    b = Build("x")
    s = b(new_stack)
    b.do(push, s, b.x, 3.0)
    p, q = b.get(pop, s, names="p q")
    found = work(b.done(b(mul, p, q)), 0.5)

    assert is_active(found, p)
    assert not is_active(found, q)


def test_new_arrays_of_a_round_are_not_those_of_the_round_before() -> None:
    b = Build("x", "n")
    seen: list[Var] = []

    def body(i: Var, u: Var) -> Any:
        new = b(np.zeros, 3)
        b.do(put, new, 0, b(get, u, 1))
        seen.extend([u, new])
        return new

    u = b.loop(b(range, b.n), {"u": b.x}, body)
    found = work(b.done(b(np.sum, u)), X, 2)
    carried, new = seen

    assert not found.aliases.may_share(carried.name, new.name)
    assert found.aliases.is_ever_written(new.name)


def test_the_way_back_ends_at_names_that_are_asked_for() -> None:
    b = Build("params", "x")
    w = b(get, Var("params"), 0)
    t = b(build_tuple, b(mul, w, b.x))
    found = Work(b.done(b(get, t, 0)), facts_of(b.done(b(get, t, 0)), [2.0], 0.5), (w.name,))

    assert is_active(found, w)
    assert not found.is_active("params")
