"""Programs built by hand, facts of the values that they meet, and differences to hold gradients to."""

from __future__ import annotations

import copy
import operator
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from tapeless.ir.check import check
from tapeless.ir.names import Names
from tapeless.ir.program import (
    Argument,
    Carry,
    Const,
    For,
    If,
    Let,
    Phi,
    Program,
    Return,
    Star,
    Statement,
    Var,
    While,
    new_stack,
    walk,
)
from tapeless.source.facts import UNKNOWN, Fact
from tapeless.source.infer import infer
from tapeless.source.reverse import reverse
from tests.ir import evaluate as evaluator
from tests.ir.evaluate import evaluate


def atom(value: Any) -> Argument:
    return value if isinstance(value, Var | Const | Star) else Const(value)


class Build:
    """A program in the making: call it with an operation to add a statement.

    >>> b = Build("x")
    >>> b.done(b(np.sin, b.x)).body[0].targets
    ('t',)
    """

    def __init__(self, *params: str) -> None:
        self.params = params
        self.names = Names(params)
        self.lists: list[list[Statement]] = [[]]

    def __getattr__(self, name: str) -> Var:
        if name.startswith("_") or name not in self.params:
            raise AttributeError(name)
        return Var(name)

    def __call__(self, op: Callable[..., Any], *args: Any, name: str = "t", **kwargs: Any) -> Var:
        new = self.names.fresh(name)
        keywords = tuple((key, atom(value)) for key, value in kwargs.items())
        self.lists[-1].append(Let((new,), op, tuple(atom(a) for a in args), keywords))  # type: ignore[misc]
        return Var(new)

    def get(self, op: Callable[..., Any], *args: Any, names: str = "t") -> Any:
        """A statement with an effect and results."""
        new = tuple(self.names.fresh(name) for name in names.split())
        self.lists[-1].append(Let(new, op, tuple(atom(a) for a in args), effect=True))
        return Var(new[0]) if len(new) == 1 else tuple(map(Var, new))

    def unpack(self, op: Callable[..., Any], *args: Any, names: str) -> tuple[Var, ...]:
        new = tuple(self.names.fresh(name) for name in names.split())
        self.lists[-1].append(Let(new, op, tuple(atom(a) for a in args)))
        return tuple(map(Var, new))

    def do(self, op: Callable[..., Any], *args: Any) -> None:
        self.lists[-1].append(Let((), op, tuple(atom(a) for a in args), effect=True))

    def block(self, make: Callable[..., Any], *args: Any) -> tuple[Any, tuple[Statement, ...]]:
        self.lists.append([])
        result = make(*args)
        return result, tuple(self.lists.pop())

    def when(self, test: Any, then: Callable[[], Any], orelse: Callable[[], Any]) -> Any:
        """A branch; what the two functions return comes out."""
        first, then_block = self.block(then)
        second, else_block = self.block(orelse)
        single = not isinstance(first, tuple)
        pairs = [(first, second)] if single else list(zip(first, second, strict=True))
        phis = [
            Phi(self.names.fresh("p"), atom(a), atom(b))
            for a, b in pairs
            if a is not None  # type: ignore[arg-type]
        ]
        self.lists[-1].append(If(atom(test), then_block, else_block, tuple(phis)))  # type: ignore[arg-type]
        results = tuple(Var(phi.name) for phi in phis)
        return results[0] if single and results else results

    def loop(
        self,
        over: Any,
        inits: dict[str, Any],
        body: Callable[..., Any],
        targets: str = "i",
        until: bool = False,
    ) -> Any:
        """A loop; body(*targets, *carried) returns what is next, with `until` also whether to end."""
        items = tuple(self.names.fresh(name) for name in targets.split())
        carried = [self.names.fresh(name) for name in inits]
        out, block = self.block(body, *map(Var, items), *map(Var, carried))
        out = out if isinstance(out, tuple) else () if out is None else (out,)
        end = atom(out[-1]) if until else None
        out = out[:-1] if until else out
        carries = self._carries(inits, carried, out)
        self.lists[-1].append(For(items, atom(over), carries, block, end))  # type: ignore[arg-type]
        return self._results(carries)

    def repeat(self, inits: dict[str, Any], head: Callable[..., Any], body: Callable[..., Any]) -> Any:
        """A while loop: `head(*carried)` gives the test, `body(*carried)` what is next."""
        carried = [self.names.fresh(name) for name in inits]
        test, head_block = self.block(head, *map(Var, carried))
        out, block = self.block(body, *map(Var, carried))
        out = out if isinstance(out, tuple) else (out,)
        carries = self._carries(inits, carried, out)
        self.lists[-1].append(While(head_block, atom(test), carries, block))  # type: ignore[arg-type]
        return self._results(carries)

    def _carries(self, inits: dict[str, Any], carried: list[str], out: tuple[Any, ...]) -> tuple[Carry, ...]:
        return tuple(
            Carry(name, atom(init), atom(following), self.names.fresh(wanted))  # type: ignore[arg-type]
            for (wanted, init), name, following in zip(inits.items(), carried, out, strict=True)
        )

    def _results(self, carries: tuple[Carry, ...]) -> Any:
        results = tuple(Var(carry.result) for carry in carries)
        return results[0] if len(results) == 1 else results

    def done(self, *values: Any) -> Program:
        (body,) = self.lists
        exit_ = Return(tuple(atom(v) for v in values), len(values) != 1)  # type: ignore[arg-type]
        return check(Program("f", self.params, tuple(body), exit_))


def fact_of(value: Any) -> Fact:
    if isinstance(value, np.ndarray):
        return Fact("array", value.dtype, value.shape)
    if isinstance(value, np.generic):
        return Fact("scalar", value.dtype, ())
    if isinstance(value, bool | int | float | complex):
        return Fact("scalar", np.asarray(value).dtype, (), weak=True)
    if isinstance(value, tuple):
        return Fact("tuple", items=tuple(fact_of(item) for item in value))
    if isinstance(value, list):
        return Fact("list")
    if isinstance(value, dict):
        return Fact("dict")
    return Fact("slice") if isinstance(value, slice) else UNKNOWN


def facts_of(program: Program, *args: Any) -> dict[str, Fact]:
    """What a run shows of each value: as exact as facts can be."""
    known = dict(zip(program.params, copy.deepcopy(args), strict=True))
    evaluator._block(program.body, known)
    facts = {name: fact_of(value) for name, value in known.items()}
    for statement in walk(program.body):
        if isinstance(statement, Let) and statement.op is new_stack:
            facts[statement.targets[0]] = Fact("stack")
    for statement in walk(program.body):
        if isinstance(statement, If):
            for phi in statement.outs:
                sides = [
                    facts.get(a.name, UNKNOWN).kind for a in (phi.then, phi.orelse) if isinstance(a, Var)
                ]
                if "stack" in sides:
                    facts[phi.name] = Fact("stack")
        _guess(statement, facts)
    return facts


def _guess(statement: Statement, facts: dict[str, Fact]) -> None:
    """What did not run: as it would be if it had."""

    def known(argument: Any) -> Any:
        return argument if isinstance(argument, Const) else facts.get(argument.name, UNKNOWN)

    match statement:
        case Let():
            if len(statement.targets) == 1 and statement.targets[0] not in facts:
                found = infer(statement.op, [known(arg) for arg in statement.args], {})
                facts[statement.targets[0]] = found if isinstance(found, Fact) else UNKNOWN
        case If():
            for phi in statement.outs:
                sides = [known(a) for a in (phi.then, phi.orelse) if isinstance(a, Var)]
                facts.setdefault(phi.name, sides[0] if sides else UNKNOWN)
        case For() | While():
            for carry in statement.carries:
                init = known(carry.init)
                start = fact_of(init.value) if isinstance(init, Const) else init
                facts.setdefault(carry.name, start)
                facts.setdefault(carry.result, start)
            if isinstance(statement, For):
                for name in statement.targets:
                    facts.setdefault(name, fact_of(0))


def run(program: Program, *args: Any) -> Any:
    return evaluate(program, *copy.deepcopy(args))


def scalars(program: Program, *args: Any) -> float:
    value = run(program, *args)
    return float(value[0] if program.exit.as_tuple else value)


def differences(f: Callable[..., float], args: tuple[Any, ...], position: int, h: float = 1e-6) -> Any:
    """Central differences with respect to one argument, a number or an array."""
    x = args[position]
    if not isinstance(x, np.ndarray):
        pair = [f(*args[:position], x + s, *args[position + 1 :]) for s in (h, -h)]
        return (pair[0] - pair[1]) / (2 * h)
    out = np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        pair = []
        for s in (h, -h):
            moved = x.copy(order="K")
            moved[index] += s
            pair.append(f(*args[:position], moved, *args[position + 1 :]))
        out[index] = (pair[0] - pair[1]) / (2 * h)
    return out


def gradients(program: Program, wrt: tuple[str, ...], *args: Any) -> tuple[Program, tuple[Any, ...]]:
    joint, _, found = differentiated(program, wrt, args, {})
    return joint, found


def differentiated(
    program: Program, wrt: tuple[str, ...], args: tuple[Any, ...], known: dict[str, Fact]
) -> tuple[Program, dict[str, Fact], tuple[Any, ...]]:
    """The joint program, its facts, what it returns; `known` are facts from elsewhere."""
    joint, facts = reverse(program, facts_of(program, *args) | known, wrt)
    joint = check(joint)
    found = run(joint, *args)
    return joint, facts, found if len(wrt) != 1 else (found,)


def agrees(
    program: Program,
    *args: Any,
    wrt: tuple[str, ...] | None = None,
    order: int = 2,
    known: dict[str, Fact] | None = None,
) -> Program:
    """Assert that gradients, and second ones, are those of differences; the program of the first."""
    if wrt is None:
        wrt = tuple(
            name
            for name, value in zip(program.params, args, strict=True)
            if isinstance(value, float) or (isinstance(value, np.ndarray) and value.dtype.kind == "f")
        )
    joint, facts, found = differentiated(program, wrt, args, known or {})
    for name, cotangent in zip(wrt, found, strict=True):
        position = program.params.index(name)
        expected = differences(lambda *a: scalars(program, *a), args, position)
        assert np.shape(cotangent) == np.shape(args[position]), name
        np.testing.assert_allclose(cotangent, expected, rtol=2e-5, atol=2e-6, err_msg=f"d{name}")
    if order > 1:
        agrees(weighed(joint), *args, wrt=wrt, order=order - 1, known=facts)
    return joint


def weighed(program: Program) -> Program:
    """One number made of all that a program returns."""
    names = Names([*program.params, *(n for s in walk(program.body) for n in _all(s))])
    body = list(program.body)
    total: Any = Const(0.0)
    for k, value in enumerate(program.exit.values):
        made = [names.fresh("w") for _ in range(4)]
        body.append(Let((made[0],), np.sin, (value,)))
        body.append(Let((made[1],), operator.mul, (Var(made[0]), Const(1.0 + 0.5 * k))))
        body.append(Let((made[2],), np.sum, (Var(made[1]),)))
        body.append(Let((made[3],), operator.add, (total, Var(made[2]))))
        total = Var(made[3])
    return replace(program, body=tuple(body), exit=Return((total,)))


def _all(statement: Statement) -> list[str]:
    from_loops = [c.name for c in getattr(statement, "carries", ())]
    results = [c.result for c in getattr(statement, "carries", ())]
    phis = [p.name for p in getattr(statement, "outs", ())]
    return [*getattr(statement, "targets", ()), *from_loops, *results, *phis]
