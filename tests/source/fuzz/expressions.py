"""Strategies that write expressions: numbers (s), vectors of three (v), matrices of two by three (m)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

SMOOTH = ("np.tanh", "np.sin", "np.cos", "np.arctan", "np.exp(-0.5 * {} ** 2)", "np.log1p({} ** 2)")
CONSTANTS = ("0.5", "1.0", "-0.7", "0.3", "2", "1.3")


@dataclass
class Scope:
    """The names that may be read, by kind; `i`: whole numbers that index, `f`, `g`: functions of numbers and
    vectors, `l`: lists of numbers, `d`: dicts with a number under "a" and a vector under "b"."""

    names: dict[str, list[str]] = field(default_factory=dict)

    def of(self, kind: str) -> list[str]:
        return self.names.get(kind, [])

    def add(self, kind: str, name: str) -> str:
        if name not in self.of(kind):
            self.names.setdefault(kind, []).append(name)
        return name

    def inner(self) -> Scope:
        return Scope({kind: list(names) for kind, names in self.names.items()})


class Expressions:
    """Writes expressions over a scope; the first choices are the simplest, towards which failures shrink."""

    def __init__(self, draw: Callable[[Any], Any], scope: Scope) -> None:
        self.draw = draw
        self.scope = scope

    def pick(self, options: Any) -> Any:
        return self.draw(st.sampled_from(options))

    def name(self, kind: str) -> str:
        return self.pick(self.scope.of(kind))

    def bounded(self, kind: str) -> str:
        """An expression whose value stays small however often it is fed back."""
        return f"{self.pick(('np.tanh', 'np.sin'))}({self.of(kind)})"

    def of(self, kind: str, depth: int = 2) -> str:
        return {"s": self.number, "v": self.vector, "m": self.matrix}[kind](depth)

    def index(self) -> str:
        return self.pick(["0", "-1", "1", *self.scope.of("i")])

    def test(self) -> str:
        """A comparison that rarely is a tie."""
        bound = self.pick(("0.11", "-0.23", "0.57"))
        whole = [f"{name} % 2 == 0" for name in self.scope.of("i")]
        plain = [f"{self.number(1)} > {bound}", f"{self.number(0)} < {bound}"]
        both = [f"{self.number(0)} > {bound} and {self.number(0)} < 0.9"]
        return self.pick([*plain, *whole, f"not {self.number(0)} > {bound}", *both])

    def binary(self, kind: str, depth: int) -> str:
        left, right = self.of(kind, depth - 1), self.of(kind, depth - 1)
        form = self.pick(("({} + {})", "({} * {})", "({} - {})", "(0.5 * ({} + {}))", "{} / (1.5 + {} ** 2)"))
        return form.format(left, right)

    def smooth(self, kind: str, depth: int) -> str:
        function, inner = self.pick(SMOOTH), self.of(kind, depth - 1)
        return function.format(inner) if "{}" in function else f"{function}({inner})"

    def number(self, depth: int) -> str:
        if depth <= 0:
            return self.pick([*self.scope.of("s"), *CONSTANTS])
        make = self.pick(
            [
                lambda: self.name("s"),
                lambda: self.binary("s", depth),
                lambda: self.smooth("s", depth),
                lambda: f"np.sum({self.vector(depth - 1)})",
                lambda: f"{self.name('v')}[{self.index()}]",
                lambda: f"{self.name('m')}[{self.pick((0, 1))}, {self.index()}]",
                lambda: f"({self.name('v')} @ ({self.vector(depth - 1)}))",
                lambda: f"np.mean({self.matrix(depth - 1)})",
                lambda: f"({self.number(0)} if {self.test()} else {self.number(depth - 1)})",
                *[lambda f=f: f"{f}({self.number(depth - 1)})" for f in self.scope.of("f")],
                *[lambda n=n: f"{n}[{self.pick((0, -1))}]" for n in self.scope.of("l")],
                *[lambda n=n: f"sum([{self.element()} for p in {n}])" for n in self.scope.of("l")],
                *[lambda n=n: f'{n}["a"]' for n in self.scope.of("d")],
                lambda: f"sum({self.element()} for p in {self.name('v')})",
                lambda: f"{self.name('v')}.{self.pick(('sum', 'mean', 'max', 'min'))}()",
            ]
        )
        return make()

    def element(self) -> str:
        return self.pick(("p", "p * p", f"p * {self.number(0)}", "np.sin(p)"))

    def vector(self, depth: int) -> str:
        if depth <= 0:
            return self.name("v")
        make = self.pick(
            [
                lambda: self.name("v"),
                lambda: self.binary("v", depth),
                lambda: self.smooth("v", depth),
                lambda: f"({self.vector(depth - 1)} * {self.number(depth - 1)})",
                lambda: f"{self.name('m')}[{self.pick((0, 1))}]",
                lambda: f"{self.vector(depth - 1)}[::-1]",
                lambda: f"np.sum({self.matrix(depth - 1)}, axis=0)",
                lambda: f"np.array([{self.number(0)}, {self.number(depth - 1)}, {self.number(0)}])",
                lambda: f"np.concatenate([{self.name('v')}[1:], {self.name('v')}[:1]])",
                lambda: f"np.where({self.name('v')} > 0.11, {self.vector(0)}, {self.vector(depth - 1)})",
                lambda: f"np.cumsum({self.vector(depth - 1)})",
                lambda: f"{self.name('v')}[[2, 0, 0]]",
                lambda: f"np.array([{self.element()} for p in {self.name('v')}])",
                *[lambda f=f: f"{f}({self.vector(depth - 1)})" for f in self.scope.of("g")],
                *[lambda n=n: f'{n}["b"]' for n in self.scope.of("d")],
            ]
        )
        return make()

    def matrix(self, depth: int) -> str:
        if depth <= 0:
            return self.name("m")
        make = self.pick(
            [
                lambda: self.name("m"),
                lambda: self.binary("m", depth),
                lambda: self.smooth("m", depth),
                lambda: f"({self.matrix(depth - 1)} * {self.vector(depth - 1)})",
                lambda: f"np.stack([{self.vector(depth - 1)}, {self.vector(0)}])",
                lambda: f"np.outer({self.name('v')}[:2], {self.vector(depth - 1)})",
                lambda: f"{self.name('m')}[::-1]",
                lambda: f"({self.matrix(depth - 1)} * {self.number(0)})",
            ]
        )
        return make()
