"""The passes together: gradients come out as a person would write them, and the same each time."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from tapeless.ir.check import check
from tapeless.ir.program import Carry, For, Let, Program, Return, Statement, Var, iadd
from tapeless.rules.support import as_dtype, dtype_of, masked, spread, unbroadcast
from tapeless.source.facts import Fact
from tapeless.source.simplify import simplify
from tests.ir.listing import listing
from tests.source.simplify.writing import N, do, let, real


def simplified(facts: dict[str, Fact], *body: Statement, returns: str) -> str:
    whole = check(Program("f", tuple(facts), body, Return(tuple(map(Var, returns.split())))))
    once = check(simplify(whole, facts))

    assert simplify(once, facts) == once
    assert listing(simplify(whole, facts)) == listing(once)
    return listing(once)


def test_the_gradient_of_a_sum_of_products_is_a_line():
    body = (
        let("t", operator.mul, "x", "y"),
        let("s", np.shape, "t"),
        let("c", spread, 1.0, "s", None, False),
        let("d", masked, "c", True),
        let("e", operator.mul, "d", "y"),
        let("p", np.shape, "x"),
        let("q", dtype_of, "x"),
        let("h", unbroadcast, "e", "p"),
        let("k", as_dtype, "h", "q"),
        let("m", np.cos, "x"),
        let("r", operator.mul, "k", "m"),
    )

    assert simplified({"x": real(N), "y": real(N)}, *body, returns="r") == "m = cos(x)\nr = y * m\nreturn r"


def test_a_constant_that_is_found_out_chooses_a_branch_whose_rest_goes():
    def twice(name: str, source: Any) -> tuple[Let, ...]:
        return let(f"{name}s", np.shape, source), let(f"{name}c", spread, 3.0, f"{name}s", None, False)

    body = (
        *twice("a", "x"),
        let("e", operator.mul, "ac", 2.0),
        let("d", operator.mul, "e", "x"),
        let("z", np.zeros_like, "x"),
        do(iadd, "z", "d"),
    )

    assert simplified({"x": real(N)}, *body, returns="d") == "d = 6.0 * x\nreturn d"


def test_a_value_carried_round_a_loop_keeps_its_facts():
    loop = For(
        ("i",),
        Var("n"),
        (Carry("a", Var("x"), Var("k"), "b"),),
        (
            let("q", dtype_of, "x"),
            let("s", np.shape, "x"),
            let("t", operator.mul, "a", 2.0),
            let("h", unbroadcast, "t", "s"),
            let("k", as_dtype, "h", "q"),
        ),
    )

    assert simplified({"x": real(N), "n": Fact()}, loop, returns="b") == (
        "for i in n (a: x, t -> b):\n    t = a * 2.0\nreturn b"
    )


def test_ten_thousand_statements_are_simplified():
    body: list[Statement] = []
    for i in range(0, 10_000, 4):
        last = f"v{i - 1}" if i else "x"
        body += [
            let(f"v{i}", operator.mul, 1.0, last),
            let(f"v{i + 1}", np.sin, f"v{i}"),
            let(f"v{i + 2}", dtype_of, "x"),
            let(f"v{i + 3}", as_dtype, f"v{i + 1}", f"v{i + 2}"),
        ]

    assert simplified({"x": real(N)}, *body, returns="v9999").count("\n") == 2500
