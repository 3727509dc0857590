"""Strategies that write functions: blocks of statements, nested, which keep their values small."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from tests.source.fuzz.expressions import Expressions, Scope

HELPERS = """\
def bend(a):
    if a > 0.2:
        return np.sin(a) * a
    b = 0.5 * a
    return b + np.tanh(b) * a


def turn(u):
    w = u * 0.5
    w[0] = u[2] * u[1]
    for i in range(2):
        w[i + 1] += 0.5 * w[i]
    return w


def fade(u):
    u *= 0.9
    u[1] = np.sin(u[0])
    return u


"""
# The same names, of functions that cannot be read: what is called is left to the graph.
UNREADABLE = """\
def once(a):
    yield a


def bend(a):
    for a in once(a):
        if a > 0.2:
            return np.sin(a) * a
        b = 0.5 * a
    return b + np.tanh(b) * a


def turn(u):
    return sum([np.roll(w, 1) * np.tanh(w) for w in once(0.5 * u)])


def fade(u):
    for w in once(u):
        w *= 0.9
        w[1] = np.sin(w[0])
    return u


"""
START = {"s": ["s"], "v": ["x"], "m": ["A"], "f": ["bend"], "g": ["turn"]}


class Writer:
    """Lines of one function; what a block defines is not known after it."""

    def __init__(self, draw: Callable[[Any], Any]) -> None:
        self.draw = draw
        self.lines: list[str] = []
        self.count = 0
        self.scope = Scope({kind: list(names) for kind, names in START.items()})
        self.depth = 0
        self.loops = 0

    @property
    def say(self) -> Expressions:
        return Expressions(self.draw, self.scope)

    def put(self, text: str) -> None:
        self.lines.append("    " * (self.depth + 1) + text)

    def fresh(self, stem: str) -> str:
        self.count += 1
        return f"{stem}{self.count}"

    def function(self) -> str:
        self.block(self.draw(st.integers(1, 5)))
        terms = [self.say.of("s")]
        terms += [f"np.sum({name} * {name})" for name in self.scope.of("v")[-2:]]
        terms += [f"np.sum(np.sin({name}))" for name in self.scope.of("m")[-1:]]
        self.put(f"return {' + '.join(terms)}")
        return HELPERS + "def f(x, A, s):\n" + "\n".join(self.lines) + "\n"

    def block(self, count: int) -> None:
        for _ in range(count):
            self.statement()

    def within(self, head: str, body: Callable[[], None]) -> None:
        outer = self.scope
        self.put(head)
        self.scope, self.depth = outer.inner(), self.depth + 1
        body()
        self.scope, self.depth = outer, self.depth - 1

    def statement(self) -> None:
        plain = [self.define, self.rebind, self.write, self.write, self.view, self.several, self.contain]
        nested = [self.branch, self.loop, self.while_loop, self.row_loop, self.local_function, self.both]
        jumps = [self.leave] if self.loops or self.depth else []
        self.say.pick([*plain, *(nested if self.depth < 2 else []), *jumps])()

    def define(self) -> None:
        kind = self.say.pick(("s", "v", "m"))
        text = self.say.bounded(kind) if self.loops else self.say.of(kind)
        if text in self.scope.of(kind):
            text += ".copy()" if kind != "s" else " * 1.0"
        name = self.fresh({"s": "a", "v": "u", "m": "M"}[kind])
        self.put(f"{name} = {text}")
        self.scope.add(kind, name)

    def rebind(self) -> None:
        kind = self.say.pick(("s", "v", "m"))
        self.put(f"{self.say.name(kind)} = {self.say.bounded(kind)}")

    def write(self) -> None:
        say = self.say
        v, m = say.name("v"), say.name("m")
        number, vector = say.bounded("s"), say.bounded("v")
        forms = [
            f"{v}[{say.index()}] = {number}",
            f"{v}[{say.index()}] += {number}",
            f"{v} *= {vector}",
            f"{v} += {say.pick((number, vector))}",
            f"{v}[:] = {vector}",
            f"{v}[1:] = {vector}[:2]",
            f"{v}[::2] *= {number}",
            f"{m}[{say.pick((0, 1))}] = {vector}",
            f"{m}[{say.pick((0, 1))}, {say.index()}] -= {number}",
            f"{m}[:, {say.index()}] = {number}",
            f"{m} += {vector}",
            f"{m}[::-1][0] *= {vector}",
            f"{v}[{v} > 0.11] = {number}",
            f"{say.name('s')} += {number}",
            f"{v}[{say.index()}], {v}[0] = {v}[0], {v}[{say.index()}]",
            f"np.add.at({v}, [0, 0, 1], {vector})",
            f"np.multiply({v}, {vector}, out={v})",
            f"fade({v})",
        ]
        self.put(say.pick(forms))

    def view(self) -> None:
        say, name = self.say, self.fresh("w")
        v, m = say.name("v"), say.name("m")
        kind, text = say.pick(
            [
                ("v", f"{m}[{say.pick((0, 1))}]"),
                ("v", f"{v}[::-1]"),
                ("v", f"{v}.copy()"),
                ("v", f"{m}.reshape(6)[1:4]"),
                ("v", f"{m}.ravel()[::2]"),
                ("m", f"{m}[::-1]"),
                ("m", f"np.flip({m}, 1)"),
                ("v", f"({v} if {say.test()} else {m}[0]).copy()"),
            ]
        )
        self.put(f"{name} = {text}")
        self.scope.add(kind, name)

    def several(self) -> None:
        kind = self.say.pick(("s", "v"))
        names = self.scope.of(kind)
        if len(names) > 1 and self.draw(st.booleans()):
            first, second = self.say.pick(names), self.say.pick(names)
            if first != second:
                self.put(f"{first}, {second} = {second}, {first}")
                return
        first, second = self.fresh("p"), self.fresh("q")
        self.put(f"{first}, {second} = {self.say.bounded(kind)}, {self.say.bounded(kind)}")
        self.scope.add(kind, first)
        self.scope.add(kind, second)

    def contain(self) -> None:
        say = self.say
        lists, dicts = self.scope.of("l"), self.scope.of("d")
        if dicts and self.draw(st.booleans()):
            d = say.pick(dicts)
            forms = [
                f'{d}["a"] = {say.bounded("s")}',
                f'{d}["b"] = {say.bounded("v")}',
                f'{d}["b"][{say.index()}] += {say.bounded("s")}',
                f'{d}["a"] *= 0.5',
            ]
            self.put(say.pick(forms))
        elif lists and self.draw(st.booleans()):
            n = say.pick(lists)
            forms = [
                f"{n}.append({say.bounded('s')})",
                f"{n}[0] = {say.bounded('s')}",
                f"{n}[-1] += 0.5 * {n}[0]",
            ]
            self.put(say.pick(forms))
        elif self.draw(st.booleans()):
            name = self.fresh("d")
            self.put(f'{name} = {{"a": {say.of("s")}, "b": {say.of("v")} * 1.0}}')
            self.scope.add("d", name)
        else:
            name = self.fresh("items")
            forms = [
                f"[{say.of('s')}, {say.of('s')}]",
                f"[{say.element()} for p in {say.name('v')}]",
                f"[{say.element()} for p in {say.name('v')} if p > -0.23] + [{say.number(0)}]",
            ]
            self.put(f"{name} = {say.pick(forms)}")
            self.scope.add("l", name)

    def branch(self) -> None:
        self.within(f"if {self.say.test()}:", lambda: self.block(self.draw(st.integers(1, 2))))
        if self.draw(st.booleans()):
            self.within("else:", lambda: self.block(self.draw(st.integers(1, 2))))

    def both(self) -> None:
        """A name that either branch defines."""
        kind = self.say.pick(("s", "v"))
        name = self.fresh("e")
        self.within(f"if {self.say.test()}:", lambda: self.put(f"{name} = {self.say.of(kind)}"))
        self.within("else:", lambda: self.put(f"{name} = {self.say.bounded(kind)}"))
        self.scope.add(kind, name)

    def round(self, *bound: tuple[str, str], first: str = "") -> Callable[[], None]:
        def body() -> None:
            for kind, name in bound:
                self.scope.add(kind, name)
            if first:
                self.put(first)
            self.loops += 1
            self.block(self.draw(st.integers(1, 3)))
            self.loops -= 1

        return body

    def loop(self) -> None:
        i = self.fresh("i")
        over = self.say.pick(("range(3)", "range(2)", "range(1, 3)", "reversed(range(3))", "range(0)"))
        self.within(f"for {i} in {over}:", self.round(("i", i)))

    def row_loop(self) -> None:
        say, i, r = self.say, self.fresh("i"), self.fresh("r")
        v, m = say.name("v"), say.name("m")
        head, bound = say.pick(
            [
                (f"for {r} in {v}.copy():", [("s", r)]),
                (f"for {i}, {r} in enumerate({v} * 0.5):", [("i", i), ("s", r)]),
                (f"for {r} in {m}:", [("v", r)]),
                (f"for {r}, {r}b in zip({v} * 1.0, {say.vector(1)}):", [("s", r), ("s", f"{r}b")]),
                *[(f"for {r} in list({n}):", [("s", r)]) for n in self.scope.of("l")],
            ]
        )
        self.within(head, self.round(*bound))

    def while_loop(self) -> None:
        k = self.fresh("k")
        self.put(f"{k} = 0")
        test = f" and {self.say.number(0)} < 0.57" if self.draw(st.booleans()) else ""
        self.within(f"while {k} < {self.say.pick((2, 3))}{test}:", self.round(first=f"{k} += 1"))

    def leave(self) -> None:
        jumps = ["break", "continue"] if self.loops else []
        self.within(
            f"if {self.say.test()}:",
            lambda: self.put(self.say.pick([*jumps, f"return {self.say.of('s')}"])),
        )

    def local_function(self) -> None:
        name = self.fresh("h")
        inner = Expressions(self.draw, self.scope.inner())
        inner.scope.add("s", "p")
        if self.draw(st.booleans()):
            self.put(f"{name} = lambda p: np.tanh({inner.number(1)} * p)")
        else:
            self.put(f"def {name}(p):")
            self.put(f"    if p > {inner.pick(('0.11', '-0.23'))}:")
            self.put(f"        return {inner.number(1)}")
            self.put(f"    return 0.5 * p + {inner.number(1)}")
        self.scope.add("f", name)


@st.composite
def programs(draw: Callable[[Any], Any]) -> str:
    """The text of a function f of a vector, a matrix and a number, and of its helpers."""
    return Writer(draw).function()
