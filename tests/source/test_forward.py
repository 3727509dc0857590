"""Tangents of straight lines, branches, loops, writes and containers, to second order."""

from __future__ import annotations

import copy
import operator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tapeless.errors import MissingRuleError
from tapeless.ir import program as ir
from tapeless.ir.check import check
from tapeless.ir.program import UNDEFINED, Const, If, Let, Phi, Program, Return, Var, walk
from tapeless.source.facts import fact_of
from tapeless.source.forward import forward
from tapeless.source.reverse import reverse
from tests.ir.evaluate import evaluate
from tests.source.building import Build, facts_of

X = np.array([0.3, -0.7, 1.1])
A = np.arange(6.0).reshape(2, 3) / 7


def flat(value: Any) -> list[Any]:
    if isinstance(value, dict):
        value = list(value.values())
    return [leaf for item in value for leaf in flat(item)] if isinstance(value, list | tuple) else [value]


def along(args: tuple[Any, ...], ways: dict[str, Any], params: tuple[str, ...], step: float) -> list[Any]:
    moved = [copy.deepcopy(arg) for arg in args]
    for place, param in enumerate(params):
        if param in ways:
            moved[place] += step * ways[param]  # in place: the layout of an array stays
    return moved


def drawn(value: Any, rng: np.random.Generator) -> Any:
    return rng.uniform(0.5, 1.5, value.shape) if isinstance(value, np.ndarray) else rng.uniform(0.5, 1.5)


def tangent(program: Program) -> Program:
    """A program that returns the tangent alone."""
    return replace(program, exit=Return(program.exit.values[-1:]))


def pushes(program: Program, *args: Any, order: int = 2, fixed: tuple[str, ...] = ()) -> Program:
    """Assert that the tangent is that of differences, as often as asked for; the program of the first."""
    rng = np.random.default_rng(3)
    wrt = tuple(
        p
        for p, a in zip(program.params, args, strict=True)
        if p not in fixed and (isinstance(a, float) or (isinstance(a, np.ndarray) and a.dtype.kind == "f"))
    )
    made, _ = forward(program, facts_of(program, *args), wrt)
    check(made)
    ways = {name: drawn(args[program.params.index(name)], rng) for name in wrt}
    moved = [flat(evaluate(program, *along(args, ways, program.params, s))) for s in (1e-6, -1e-6)]
    expected = [(np.asarray(a) - b) / 2e-6 for a, b in zip(*moved, strict=True)]

    given = copy.deepcopy(list(ways.values()))
    found = evaluate(made, *[copy.deepcopy(arg) for arg in args], *given)

    assert len(flat(found[-1])) == len(expected)
    for got, wanted, primal in zip(flat(found[-1]), expected, flat(found[0]), strict=True):
        assert np.shape(got) == np.shape(primal)
        np.testing.assert_allclose(got, wanted, rtol=2e-5, atol=2e-6)
    for one, other in zip(given, ways.values(), strict=True):
        np.testing.assert_array_equal(one, other)
    if order > 1:
        pushes(tangent(made), *args, *ways.values(), order=order - 1, fixed=fixed)
    return made


def test_a_straight_line() -> None:
    b = Build("x", "y")
    t = b(operator.mul, b.x, b.y)
    pushes(b.done(b(operator.add, b(np.sin, t), b(operator.mul, t, b.x))), 0.7, 1.3)


def test_a_tangent_has_the_shape_of_what_was_broadcast() -> None:
    b = Build("x", "n")
    pushes(b.done(b(operator.add, b.x, b(np.arange, b.n))), 0.4, 3)


def test_a_product_with_an_array_needs_no_broadcasting() -> None:
    b = Build("x", "c")
    made, _ = forward(b.done(b(operator.mul, b.x, b.c)), facts_of(b.done(b.x), 0.5, X), ("x",))

    assert all(let.op is not np.broadcast_to for let in made.body if isinstance(let, Let))


def test_single_precision_stays_single() -> None:
    b = Build("x", "c")
    t = b(operator.mul, b(np.tanh, b.x), 2.0)
    program = b.done(b(operator.add, t, b(operator.mul, b.x, b.c)))
    args = (X.astype(np.float32), 0.5)
    made, _ = forward(program, facts_of(program, *args), ("x", "c"))

    out, found = evaluate(made, *args, X.astype(np.float32), 1.0)

    assert found.dtype == out.dtype == np.float32


def test_a_wider_constant_widens_the_tangent() -> None:
    b = Build("x", "c")
    program = b.done(b(operator.add, b.x, b.c))
    args = (X.astype(np.float32), X)
    made, _ = forward(program, facts_of(program, *args), ("x",))

    assert evaluate(made, *args, X.astype(np.float32))[1].dtype == np.float64


def test_what_does_not_vary_has_zeros() -> None:
    b = Build("x", "c")
    program = b.done(b(np.cos, b.c))
    made, _ = forward(program, facts_of(program, X, X), ("x",))

    np.testing.assert_array_equal(evaluate(made, X, X, X)[1], np.zeros(3))


def test_a_constant_result() -> None:
    b = Build("x")
    made, _ = forward(b.done(Const(2.0)), {}, ("x",))

    assert evaluate(made, 1.0, 1.0) == (2.0, 0.0)


def test_leaves_of_containers_have_tangents_of_their_own() -> None:
    b = Build("p")
    w, c = b(operator.getitem, b.p, 0, name="w"), b(operator.getitem, b.p, 1, name="c")
    program = b.done(b(np.sum, b(operator.mul, w, c)))
    made, _ = forward(program, facts_of(program, (X, 2.0)), ("w", "c"))

    assert made.params == ("p", "tw", "tc")
    assert evaluate(made, (X, 2.0), X, 1.0)[1] == pytest.approx(2.0 * X.sum() + X.sum())


def test_results_in_containers() -> None:
    b = Build("x", "c")
    inner = b(ir.build_list, b(np.sin, b.x), b.c, 3)
    program = b.done(b(ir.build_dict, "a", b.x, "b", inner))
    made, _ = forward(program, facts_of(program, 0.5, X), ("x",))

    found = evaluate(made, 0.5, X, 2.0)[1]

    assert found["a"] == 2.0
    assert found["b"][0] == pytest.approx(2.0 * np.cos(0.5))
    np.testing.assert_array_equal(found["b"][1], np.zeros(3))
    assert found["b"][2] == 0.0


def test_products_of_matrices() -> None:
    b = Build("A", "x")
    y = b(operator.matmul, b.A, b.x)
    z = b(np.einsum, "ij,j,ij->i", b.A, b.x, b.A)
    pushes(b.done(b(operator.mul, y, z)), A, X)


def test_lists_as_arguments() -> None:
    b = Build("x", "c")
    xs = b(ir.build_list, b(np.sin, b.x), b.c, b(operator.mul, b.x, 2.0))
    pushes(b.done(b(operator.mul, b(np.concatenate, xs), 3.0)), X, X)
    b = Build("x", "y")
    pushes(b.done(b(np.max, b(ir.build_list, b(np.sin, b.x), b.y, 0.1))), 0.4, 0.3)


def test_a_rule_without_a_forward_companion() -> None:
    b = Build("x")
    pushes(b.done(b(np.var, b(np.exp, b.x))), X)


def test_a_rule_that_branches() -> None:
    b = Build("x", "A")
    t = b(operator.mul, b(np.linalg.norm, b.x), b(np.linalg.norm, b.A))
    pushes(b.done(t), X, A)


# Branches and loops -----------------------------------------------------------------------------------


def test_a_branch_with_a_side_that_does_not_vary() -> None:
    def program() -> Program:
        b = Build("x", "c")
        test = b(operator.gt, b(np.sum, b.x), 0.5)
        return b.done(b(operator.mul, b.when(test, lambda: b(np.sin, b.x), lambda: b.c), b.x))

    pushes(program(), X, X, fixed=("c",))
    pushes(program(), X - 1, X, fixed=("c",))


def test_a_range_loop() -> None:
    b = Build("x", "n")

    def body(i, s, x):
        return b(operator.add, s, b(operator.mul, x, i)), b(np.sin, x)

    s, x = b.loop(b(range, b.n), {"s": 0.0, "x": b.x}, body)
    program = b.done(b(operator.mul, s, x))
    pushes(program, 0.7, 4)
    pushes(program, 0.7, 0)


def test_a_loop_over_the_rows_of_an_array() -> None:
    b = Build("A")

    def body(row, s):
        return b(operator.add, s, b(np.sum, b(np.sin, row)))

    pushes(b.done(b.loop(b.A, {"s": 0.0}, body)), A)


def test_a_loop_over_pairs() -> None:
    b = Build("x", "y")
    one, two = b(ir.build_tuple, b.x, b.y), b(ir.build_tuple, b.y, 2.0)

    def body(p, q, s):
        return b(operator.add, s, b(operator.mul, p, b(np.cos, q)))

    pushes(b.done(b.loop(b(ir.build_list, one, two), {"s": 0.0}, body, "p q")), 0.3, 0.8)


def test_a_loop_over_a_list_that_grows() -> None:
    b = Build("x")
    xs = b(ir.build_list, b.x)

    def body(v, s):
        more = b(operator.lt, b(len, xs), 4)
        b.when(more, lambda: b.do(list.append, xs, b(np.sin, v)), lambda: None)
        return b(operator.add, s, b(operator.mul, v, v))

    pushes(b.done(b.loop(xs, {"s": 0.0}, body)), 0.6)


def test_a_while_loop() -> None:
    b = Build("x")

    def head(s):
        return b(operator.lt, s, 10.0)

    def body(s):
        return b(operator.mul, s, b(operator.add, s, 0.5))

    pushes(b.done(b.repeat({"s": b(operator.add, b.x, 1.0)}, head, body)), 0.7)


def test_a_name_that_is_unbound_until_a_loop_sets_it() -> None:
    b = Build("x", "n")

    def body(i, last, s):
        found = b(operator.mul, b.x, i)
        is_first = b(operator.eq, i, 0)
        added = b.when(is_first, lambda: 0.0, lambda: b(operator.mul, last, last))
        return found, b(operator.add, s, added)

    _, s = b.loop(b(range, b.n), {"last": UNDEFINED, "s": 0.0}, body)
    pushes(b.done(s), 0.7, 4)


def test_zeros_are_not_made_of_what_is_unbound() -> None:
    """
    if b: y = np.cos(c)
    if d: y = np.sin(x)
    return y if b or d else x
    """
    first = If(Var("b"), (Let(("y",), np.cos, (Var("c"),)),), (), (Phi("y_1", Var("y"), UNDEFINED),))
    second = If(Var("d"), (Let(("z",), np.sin, (Var("x"),)),), (), (Phi("y_2", Var("z"), Var("y_1")),))
    either = Let(("e",), operator.or_, (Var("b"), Var("d")))
    third = If(Var("e"), (), (), (Phi("out", Var("y_2"), Var("x")),))
    program = check(Program("f", ("x", "c", "b", "d"), (first, second, either, third), Return((Var("out"),))))
    expected = {(True, False): np.zeros(3), (False, True): np.cos(X), (False, False): np.ones(3)}

    for (b, d), wanted in expected.items():
        made, _ = forward(program, {"x": fact_of(X, "x"), "c": fact_of(X, "c")}, ("x",))
        np.testing.assert_allclose(evaluate(check(made), X, X, b, d, np.ones(3))[1], wanted)


# Writes -----------------------------------------------------------------------------------------------


def test_elements_written_and_added_to() -> None:
    b = Build("x", "n")
    a = b(np.zeros, b.n, name="a")
    b.do(operator.setitem, a, 0, b(operator.getitem, b.x, 1))
    b.do(operator.setitem, a, slice(1, None), b(np.sin, b(operator.getitem, b.x, slice(1, None))))
    b.do(ir.add_at, a, 2, b(operator.getitem, b.x, 0))
    b.do(operator.setitem, a, 1, 5.0)
    b.do(ir.iadd, a, b(operator.mul, a, b.x))
    pushes(b.done(b(operator.mul, a, a)), X, 3)


def test_what_was_read_before_a_write_keeps_its_tangent() -> None:
    b = Build("x")
    a = b(operator.mul, b.x, 2.0)
    same_values = b(operator.add, a, 1.0)
    b.do(operator.setitem, a, slice(None), 0.0)
    pushes(b.done(b(operator.mul, same_values, b.x)), X)


def test_an_argument_written_into_leaves_the_given_tangent_alone() -> None:
    b = Build("x")
    b.do(operator.setitem, b.x, 0, b(np.sin, b(operator.getitem, b.x, 1)))
    pushes(b.done(b(np.sum, b(operator.mul, b.x, b.x))), X)


def test_writes_through_views_and_reshapes() -> None:
    b = Build("A")
    a = b(operator.mul, b.A, 1.0)
    row = b(operator.getitem, a, 1)
    b.do(ir.iadd, row, b(operator.getitem, b.A, 0))
    flat_view = b(np.reshape, a, -1)
    b.do(operator.setitem, flat_view, 1, b(np.sum, row))
    turned = b(np.transpose, a)
    b.do(operator.setitem, turned, (0, 0), b(operator.getitem, flat_view, 4))
    pushes(b.done(b(operator.mul, a, a)), A)


def test_a_reshape_shares_memory_exactly_when_the_primal_does() -> None:
    b = Build("A")
    a = b(operator.mul, b.A, 1.0)
    view = b(np.reshape, a, -1)
    b.do(operator.setitem, view, 1, b(np.sum, b.A))
    pushes(b.done(b(operator.mul, a, 2.0)), np.asfortranarray(A))


def test_lists_that_grow_and_shrink() -> None:
    b = Build("x", "n")
    xs = b(ir.build_list, 1.0)

    def body(i, x):
        b.do(list.append, xs, b(operator.mul, x, x))
        return b(np.sin, x)

    b.loop(b(range, b.n), {"x": b.x}, body)
    last = b.get(list.pop, xs)
    b.do(operator.setitem, xs, 0, b(operator.mul, last, last))
    pushes(b.done(b(operator.add, b(operator.getitem, xs, 0), b(operator.getitem, xs, 1))), 0.7, 3)


def test_stacks_hand_tangents_on() -> None:
    b = Build("x", "n")
    stack = b(ir.new_stack)

    def keep(i, x):
        b.do(ir.push, stack, x, i)
        return b(np.sin, x)

    x = b.loop(b(range, b.n), {"x": b.x}, keep)

    def take(i, s):
        kept, k = b.get(ir.pop, stack, names="x i")
        return b(operator.add, b(operator.mul, s, kept), k)

    made = pushes(b.done(b.loop(b(range, b.n), {"s": x}, take)), 0.7, 3)

    assert [len(s.args) - 1 for s in walk(made.body) if isinstance(s, Let) and s.op is ir.push] == [2, 1]


def test_hessians_by_forward_over_reverse() -> None:
    b = Build("x", "n")
    a = b(np.zeros, 3, name="a")

    def body(i, s):
        b.do(operator.setitem, a, i, b(operator.mul, b(operator.getitem, b.x, i), s))
        return b(operator.add, s, b(np.sin, b(operator.getitem, a, i)))

    s = b.loop(b(range, b.n), {"s": 1.0}, body)
    program = b.done(b(operator.add, s, b(np.sum, b(operator.mul, a, a))))
    gradient, facts = reverse(program, facts_of(program, X, 3), ("x",))
    made, _ = forward(gradient, facts, ("x",))
    way = np.array([0.2, 1.0, -0.5])
    up, down = (evaluate(gradient, X + h * way, 3) for h in (1e-6, -1e-6))

    np.testing.assert_allclose(evaluate(check(made), X, 3, way)[1], (up - down) / 2e-6, rtol=1e-6)


# Refusals ---------------------------------------------------------------------------------------------


def without_rule(x: Any) -> Any:
    return x


def test_a_function_without_a_rule_is_named() -> None:
    b = Build("x")
    program = b.done(b(without_rule, b.x))

    with pytest.raises(MissingRuleError, match=r"no derivative rule for .*without_rule \(argument 'x'\)"):
        forward(program, facts_of(program, X), ("x",))


def test_an_argument_without_a_rule_is_named() -> None:
    b = Build("x", "y")
    program = b.done(b(np.quantile, b.x, b.y))

    with pytest.raises(MissingRuleError, match=r"quantile \(argument 'q'\)"):
        forward(program, facts_of(program, X, 0.5), ("x", "y"))


def test_a_cast_to_what_is_not_known_is_refused() -> None:
    b = Build("x", "d")
    program = b.done(b(np.ndarray.astype, b.x, b.d))

    with pytest.raises(MissingRuleError, match="dtype"):
        forward(program, {}, ("x",))


def test_a_cast_to_integers_has_no_tangent() -> None:
    b = Build("x")
    program = b.done(b(operator.mul, b(np.ndarray.astype, b.x, int), b.x))
    made, _ = forward(program, {}, ("x",))

    np.testing.assert_array_equal(evaluate(made, 3.0 * X, np.ones(3))[1], (3.0 * X).astype(int))


def test_no_stack_is_doubled_that_keeps_no_tangent() -> None:
    b = Build("x", "n")
    stack = b(ir.new_stack)
    b.loop(b(range, b.n), {}, lambda i: b.do(ir.push, stack, i))
    program = b.done(b(operator.mul, b.get(ir.pop, stack), b.x))
    made, _ = forward(program, facts_of(program, 0.5, 2), ("x",))

    assert [s.op for s in walk(made.body) if isinstance(s, Let)].count(ir.new_stack) == 1
