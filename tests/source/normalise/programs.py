"""Random control flow, as text."""

from __future__ import annotations

from hypothesis import strategies as st

_LEAVES = 3  # blocks are at most that deep


@st.composite
def programs(draw: st.DrawFn) -> str:
    """A function of `x` that decides by `take()`; its loops `tick()`, so that none runs for ever."""
    writer = _Writer(draw)
    return "def f(x):\n" + "\n".join(writer.block(1, in_loop=False))


class _Writer:
    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw
        self._notes = 0

    def block(self, depth: int, in_loop: bool) -> list[str]:
        count = self._draw(st.integers(1, 4 if depth < _LEAVES else 2))
        return [line for _ in range(count) for line in self._statement(depth, in_loop)]

    def _statement(self, depth: int, in_loop: bool) -> list[str]:
        kinds = ["note", "note", "add", "jump"]
        if depth <= _LEAVES:
            kinds += ["if", "if", "if", "for", "while", "with", "match", "try", "inner"]
        pad = "    " * depth
        kind = self._draw(st.sampled_from(kinds))
        return [pad + line for line in getattr(self, f"_{kind}")(in_loop, depth)]

    def _inside(self, depth: int, in_loop: bool) -> list[str]:
        """A block, indented once only: its statement indents all its lines."""
        return [line[4 * depth :] for line in self.block(depth + 1, in_loop)]

    def _next(self) -> int:
        self._notes += 1
        return self._notes

    def _note(self, *_: object) -> list[str]:
        return [f"note({self._next()})"]

    def _add(self, *_: object) -> list[str]:
        forms = [
            "x += {0}",
            "y = z = note(x + {0})",
            "x: int = x + {0}",
            "pass",
            "'text'",
            "x = y = x",
            "x = y = -1",
        ]
        return [self._draw(st.sampled_from(forms)).format(self._next())]

    def _jump(self, in_loop: bool, depth: int) -> list[str]:
        k = self._next()
        forms = [
            "return",
            "return x",
            f"return {k}",
            f"return oops({k})",
            "return None",
            "return -1",
            "raise Oops(x)",
        ]
        forms += ["break", "break", "continue", "continue", "break", "continue"] if in_loop else []
        return [self._draw(st.sampled_from(forms))]

    def _test(self) -> str:
        tests = [
            "take()",
            "not take()",
            "0 < take() <= take()",
            "take() and x",
            "x > 3",
            f"x > {self._notes} > take()",
        ]
        return self._draw(st.sampled_from(tests))

    def _if(self, in_loop: bool, depth: int) -> list[str]:
        lines = [f"if {self._test()}:", *self._inside(depth, in_loop)]
        for _ in range(self._draw(st.sampled_from([0, 0, 0, 1, 2]))):
            lines += [f"elif {self._test()}:", *self._inside(depth, in_loop)]
        return lines + self._orelse(in_loop, depth)

    def _orelse(self, in_loop: bool, depth: int) -> list[str]:
        return ["else:", *self._inside(depth, in_loop)] if self._draw(st.booleans()) else []

    def _for(self, in_loop: bool, depth: int) -> list[str]:
        head = f"for i in range({self._draw(st.integers(0, 3))}):"
        return [head, "    tick()", *self._inside(depth, True), *self._orelse(in_loop, depth)]

    def _while(self, in_loop: bool, depth: int) -> list[str]:
        test = self._draw(st.sampled_from(["True", "take()", "x < 9", "1"]))
        return [f"while {test}:", "    tick()", *self._inside(depth, True), *self._orelse(in_loop, depth)]

    def _with(self, in_loop: bool, depth: int) -> list[str]:
        contexts = ["keep({0})", "swallow({0})", "errstate({0})", "keep({0}) as y, swallow(y)"]
        head = self._draw(st.sampled_from(contexts)).format(self._next())
        return [f"with {head}:", *self._inside(depth, in_loop)]

    def _match(self, in_loop: bool, depth: int) -> list[str]:
        subject = self._draw(st.sampled_from(["take()", "x", "(take(), x)", "[take(), (x, 2)]"]))
        patterns = [
            "0 | 1",
            "1",
            "None",
            "y if y > 1",
            "(0, y)",
            "(0, z) | (z, 0) if z",
            "(y, (z, 2))",
            "(x, 1 | 2) as y",
        ]
        lines = [f"match {subject}:"]
        for _ in range(self._draw(st.integers(1, 3))):
            lines.append(f"    case {self._draw(st.sampled_from(patterns))}:")
            lines += ["    " + line for line in self._inside(depth, in_loop)]
        if self._draw(st.booleans()):
            lines += ["    case _:", *("    " + line for line in self._inside(depth, in_loop))]
        return lines

    def _try(self, *_: object) -> list[str]:
        k = self._next()
        return ["try:", f"    x = oops({k})", "except Oops:", f"    note({k})", "finally:", "    note(x)"]

    def _inner(self, *_: object) -> list[str]:
        k = self._next()
        lines = ["def inner(y):", "    for j in range(3):", "        if j > y: return j", "        continue"]
        return [*lines, f"    else: return -{k}", "note(inner(take()))"]
