"""Random structured programs: their gradients, and those of their gradients, against differences."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tapeless.errors import MissingRuleError
from tapeless.ir.program import Program, Var, add_at, iadd
from tapeless.source.reverse import reverse
from tests.source.building import Build, agrees, facts_of, run

SIZE = 3
MILD = [np.sin, np.cos, np.tanh, np.arctan]
BINARY = [operator.add, operator.sub, operator.mul]


class Writer:
    """Draws statements into a program; scalars and arrays of SIZE that are in sight."""

    def __init__(self, draw: Any, budget: int) -> None:
        self.draw = draw
        self.build = Build("x", "y", "n")
        self.budget = budget

    def pick(self, items: list[Any]) -> Any:
        return items[self.draw(st.integers(0, len(items) - 1))]

    def choice(self, count: int) -> int:
        return self.draw(st.integers(0, count - 1))

    def statements(self, scalars: list[Var], arrays: list[Var], ints: list[Any], depth: int) -> None:
        for _ in range(self.choice(4) + 1):
            if self.budget <= 0:
                return
            self.budget -= 1
            self.statement(scalars, arrays, ints, depth)

    def statement(self, scalars: list[Var], arrays: list[Var], ints: list[Any], depth: int) -> None:
        b = self.build
        kind = self.choice(13 if depth < 3 else 9)
        if kind == 0:
            scalars.append(b(self.pick(MILD), self.pick(scalars)))
        elif kind == 1:
            t = b(self.pick(BINARY), self.pick(scalars), self.pick(scalars))
            scalars.append(b(np.sin, t))
        elif kind == 2:
            scalars.append(b(operator.getitem, self.pick(arrays), self.pick(ints)))
        elif kind == 3:
            t = b(self.pick(BINARY), self.pick(arrays), self.pick([*arrays, *scalars]))
            arrays.append(b(np.sin, t))
        elif kind == 4:
            b.do(operator.setitem, self.pick(arrays), self.pick(ints), self.pick(scalars))
        elif kind == 5:
            b.do(add_at, self.pick(arrays), self.pick(ints), self.pick(scalars))
        elif kind == 6:
            b.do(iadd, self.pick(arrays), b(np.sin, self.pick([*arrays, *scalars])))
        elif kind == 7:
            arrays.append(b(np.copy, self.pick(arrays)))
        elif kind == 8:
            view = b(operator.getitem, self.pick(arrays), slice(None, None, self.pick([1, -1])))
            arrays.append(view)
        elif kind in (9, 10):
            self.branch(scalars, arrays, ints, depth)
        else:
            self.loop(scalars, arrays, ints, depth)

    def branch(self, scalars: list[Var], arrays: list[Var], ints: list[Any], depth: int) -> None:
        b = self.build
        test = b(operator.gt, self.pick(scalars), self.pick([0.0, 0.3, -0.4]))

        def side() -> Any:
            inner, grids = list(scalars), list(arrays)
            self.statements(inner, grids, ints, depth + 1)
            return self.pick(inner), b(operator.mul, self.pick(grids), 1.5)

        s, a = b.when(test, side, side)
        scalars.append(s)
        arrays.append(a)

    def loop(self, scalars: list[Var], arrays: list[Var], ints: list[Any], depth: int) -> None:
        b = self.build
        ends = self.choice(3) == 0

        def body(i: Any, s: Any, a: Any) -> Any:
            inner, grids = [*scalars, s], [*arrays, a]
            self.statements(inner, grids, [*ints, i], depth + 1)
            following = b(np.sin, b(operator.add, self.pick(inner), s))
            made = grids[len(arrays) + 1 :]
            grid = self.pick(made) if made and self.choice(2) else b(np.sin, self.pick(grids))
            if ends:
                return following, grid, b(operator.gt, self.pick(inner), 0.5)
            return following, grid

        inits = {"s": self.pick(scalars), "a": b(np.copy, self.pick(arrays))}
        s, a = b.loop(b(range, self.pick([0, 2, 3, Var("n")])), inits, body, until=ends)
        scalars.append(s)
        arrays.append(a)

    def program(self) -> Program:
        b = self.build
        scalars, arrays = [b.y], [b.x, b(np.copy, b.x)]
        self.statements(scalars, arrays, [0, 1, -1], 0)
        self.statements(scalars, arrays, [0, 1, -1], 0)
        total = b(np.sum, b(np.sin, self.pick(arrays[-3:])))
        return b.done(b(operator.add, total, self.pick(scalars)))


@st.composite
def programs(draw: Any) -> Program:
    return Writer(draw, 14).program()


X = np.array([0.31, -0.74, 1.13])


def is_smooth(program: Program) -> bool:
    """Not so near to where a branch turns that differences see both sides."""
    values = [run(program, X + d, 0.57 + d, 2) for d in (-2e-6, 0.0, 2e-6)]
    bend = values[0] - 2 * values[1] + values[2]
    return bool(np.isfinite(values).all()) and abs(bend) < 1e-8 and abs(values[0] - values[2]) < 1e-3


def is_refused(program: Program) -> bool:
    """Whether one array goes on under two names while it is written into."""
    try:
        reverse(program, facts_of(program, X, 0.57, 2), ("x", "y"))
    except MissingRuleError as refusal:
        return "second name" in str(refusal)
    return False


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(programs())
def test_gradients_of_random_programs(program: Program) -> None:
    assume(is_smooth(program))
    if not is_refused(program):
        agrees(program, X, 0.57, 2, order=2)
