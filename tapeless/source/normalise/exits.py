"""Where control leaves each statement: to the next one, or by a jump out of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import gast

from tapeless.source.normalise.syntax import SCOPES, Block, NotNormalisableError, is_elif

# Contexts that let every exception through.  After any other, control may go on whatever its body does.
_TRANSPARENT = frozenset({"errstate"})
_LOOPS = (gast.For, gast.While, gast.AsyncFor)


class Jump(Enum):
    """A way out of a block that isn't its end."""

    RETURN = "returned"
    BREAK = "broke"
    CONTINUE = "skipped"


@dataclass(frozen=True)
class Exits:
    """How control leaves a statement or block.

    `jumps`: those that lead out of it; `completes`: it may reach what follows; `plain`: nothing in it jumps
    at all, and nothing is unreachable.  Of an `if` or loop also the exits of its blocks.
    """

    jumps: frozenset[Jump] = frozenset()
    completes: bool = True
    plain: bool = True
    body: Exits | None = None
    orelse: Exits | None = None


_ON = Exits()


class ExitTable:
    """The exits of every statement that can be reached, found in one walk; by identity.

    `gives_value`: some path returns a value other than None.
    """

    def __init__(self, body: Block) -> None:
        self._of: dict[int, tuple[gast.AST, Exits]] = {}  # with the node, so that no other gets its identity
        self.order: dict[int, int] = {}
        self.gives_value = False
        self.whole = self._block(body)

    def __getitem__(self, statement: gast.AST) -> Exits:
        return self._of[id(statement)][1]

    def add(self, statement: gast.AST, exits: Exits) -> Exits:
        """Say how control leaves a statement that was not in the function."""
        self._of[id(statement)] = (statement, exits)
        return exits

    def _block(self, block: Block) -> Exits:
        jumps: frozenset[Jump] = frozenset()
        plain = True
        for statement in block:
            exits = self._statement(statement)
            jumps |= exits.jumps
            plain = plain and exits.plain
            if not exits.completes:
                return Exits(jumps, completes=False, plain=plain and statement is block[-1])
        return Exits(jumps, plain=plain)

    def _statement(self, statement: gast.stmt) -> Exits:
        self.order[id(statement)] = len(self.order)
        match statement:
            case gast.If():
                return self._chain(statement)
            case gast.For() | gast.While():
                return self.add(statement, self._loop(statement))
            case gast.With():
                return self.add(statement, self._context(statement))
            case _:
                return self.add(statement, self._simple(statement))

    def _simple(self, statement: gast.stmt) -> Exits:
        match statement:
            case gast.Return():
                value = statement.value
                is_none = value is None or (isinstance(value, gast.Constant) and value.value is None)
                self.gives_value = self.gives_value or not is_none
                return Exits(frozenset({Jump.RETURN}), completes=False, plain=False)
            case gast.Break():
                return Exits(frozenset({Jump.BREAK}), completes=False, plain=False)
            case gast.Continue():
                return Exits(frozenset({Jump.CONTINUE}), completes=False, plain=False)
            case gast.Raise():
                return Exits(completes=False)
            case _:
                _refuse_jumps_out_of(statement)
                return _ON

    def _chain(self, first: gast.If) -> Exits:
        """An `if` with its `elif`s, which nest as deeply as they are many."""
        links, bodies = [first], [self._block(first.body)]
        while is_elif(links[-1].orelse):
            link = links[-1].orelse[0]
            self.order[id(link)] = len(self.order)
            links.append(link)
            bodies.append(self._block(link.body))
        rest = self._block(links[-1].orelse)
        for link, body in zip(reversed(links), reversed(bodies), strict=True):
            rest = self.add(link, either(body, rest))
        return rest

    def _loop(self, loop: gast.For | gast.While) -> Exits:
        body = self._block(loop.body)
        breaks = Jump.BREAK in body.jumps
        orelse = Exits(completes=False) if is_endless(loop) else self._block(loop.orelse)
        jumps = (body.jumps & {Jump.RETURN}) | orelse.jumps
        plain = body.plain and not loop.orelse
        return Exits(jumps, breaks or orelse.completes, plain, body, orelse)

    def _context(self, statement: gast.With) -> Exits:
        body = self._block(statement.body)
        transparent = all(_is_transparent(item.context_expr) for item in statement.items)
        return Exits(body.jumps, body.completes or not transparent, body.plain, body)


def is_endless(loop: gast.AST) -> bool:
    """Whether a loop ends by a jump only: `while True`."""
    return isinstance(loop, gast.While) and isinstance(loop.test, gast.Constant) and bool(loop.test.value)


def either(body: Exits, orelse: Exits) -> Exits:
    """The exits of an `if` with these branches."""
    completes = body.completes or orelse.completes
    return Exits(body.jumps | orelse.jumps, completes, body.plain and orelse.plain, body, orelse)


def _is_transparent(context: gast.expr) -> bool:
    callee = context.func if isinstance(context, gast.Call) else context
    name = callee.attr if isinstance(callee, gast.Attribute) else getattr(callee, "id", None)
    return name in _TRANSPARENT


def _refuse_jumps_out_of(statement: gast.stmt) -> None:
    """What is not entered (`try`, asynchronous statements) may hold loops of its own, but no jump out."""
    waiting: list[tuple[gast.AST, bool]] = [(statement, False)]
    while waiting:
        node, in_loop = waiting.pop()
        if isinstance(node, (*SCOPES, gast.expr)):
            continue
        leaves = isinstance(node, gast.Return) or (
            isinstance(node, gast.Break | gast.Continue) and not in_loop
        )
        if leaves:
            raise _refusal(node, statement)
        of_loop = {id(child) for child in node.body} if isinstance(node, _LOOPS) else ()
        children = [(child, in_loop or id(child) in of_loop) for child in gast.iter_child_nodes(node)]
        waiting.extend(reversed(children))


def _refusal(jump: gast.AST, statement: gast.stmt) -> NotNormalisableError:
    word = type(jump).__name__.lower()
    place = {"Try": "try", "TryStar": "try", "Match": "match"}.get(type(statement).__name__, "async")
    why = f"where it goes on from there cannot be said without the `{place}`"
    return NotNormalisableError(
        jump, f"`{word}` inside `{place}`", why, f"keep what happened in a name, and `{word}` after it"
    )
