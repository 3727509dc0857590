"""`match` in terms of `if`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import gast

from tapeless.ir.names import Names
from tapeless.source.normalise.syntax import (
    Block,
    Function,
    NotNormalisableError,
    again,
    assign,
    at,
    branch,
    constant,
    is_simple,
    joined,
    load,
    names_in,
    negated,
    rewrite_statements,
    store,
    stored,
)

_BUILTINS = frozenset({"isinstance", "len", "list", "tuple"})  # that a test of a sequence calls by name


def plain_branches(tree: Function) -> Function:
    """Say `match` with `if`: literals, names, wildcards, sequences of fixed length, alternatives, guards.

    Before:
        match f(x):
            case 'sum' | 'total':
                return s
            case (1, y) if y > 0:
                return y
            case None:
                return x
    After:
        subject = f(x)
        if subject == 'sum' or subject == 'total':
            return s
        else:
            matched = False
            if isinstance(subject, (list, tuple)) and len(subject) == 2 and (subject[0] == 1):
                y = subject[1]
                if y > 0:
                    matched = True
                    return y
            if not matched:
                if subject is None:
                    return x

    A sequence is a list or a tuple here; strings, arrays and numbers are none in Python either.
    """
    matching = _Matching(tree)
    return rewrite_statements(tree, matching.statement)


@dataclass(frozen=True)
class _Subject:
    """What a pattern is held against: a value or an item inside it, or a tuple that is never built."""

    value: gast.expr | None
    path: tuple[int, ...] = ()
    items: tuple[_Subject, ...] = ()

    def load(self, place: gast.AST) -> gast.expr:
        if self.value is None:
            return at(place, gast.Tuple([item.load(place) for item in self.items], gast.Load()))
        tree = at(place, again(self.value))
        for index in self.path:
            tree = at(place, gast.Subscript(tree, constant(index, place), gast.Load()))
        return tree

    def item(self, index: int) -> _Subject:
        return self.items[index] if self.value is None else _Subject(self.value, (*self.path, index))


@dataclass
class _Match:
    """What must be true for a pattern to match, and what it names then."""

    tests: list[gast.expr] = field(default_factory=list)
    names: Block = field(default_factory=list)


class _Matching:
    def __init__(self, tree: Function) -> None:
        self._tree = tree
        self._taken: Names | None = None
        self._shadowed: list[str] | None = None

    def statement(self, statement: gast.stmt) -> Block:
        if not isinstance(statement, gast.Match):
            return [statement]
        patterns = [case.pattern for case in statement.cases]
        guards = [case.guard for case in statement.cases if case.guard is not None]
        before: Block = []
        subject = self._pin(statement.subject, stored([statement.subject, *patterns, *guards]), before)
        rest: Block = []
        for case in reversed(statement.cases):
            rest = self._case(case, subject, rest)
        # The body of a case that always matches stands here now, and may begin with another `match`.
        return [*before, *(part for step in rest for part in self.statement(step))]

    def _fresh(self, wanted: str) -> str:
        self._taken = self._taken or names_in(self._tree)
        return self._taken.fresh(wanted)

    def _pin(self, value: gast.expr, rebound: set[str], before: Block) -> _Subject:
        """A subject that stays what it is while patterns are tried."""
        if isinstance(value, gast.Tuple) and not any(isinstance(item, gast.Starred) for item in value.elts):
            return _Subject(None, items=tuple([self._pin(item, rebound, before) for item in value.elts]))
        if is_simple(value) and not (isinstance(value, gast.Name) and value.id in rebound):
            return _Subject(value)
        name = self._fresh("subject")
        before.append(assign(store(name, value), value, value))
        return _Subject(load(name, value))

    def _case(self, case: gast.match_case, subject: _Subject, rest: Block) -> Block:
        """One case, and what runs if it is not the one."""
        place = case.pattern
        if isinstance(case.pattern, gast.MatchOr) and stored([case.pattern]):
            return self._alternatives(case, subject, rest)
        match = self._match(case.pattern, subject)
        if match is None:
            return rest
        guards = [] if case.guard is None else [case.guard]
        if not match.names or not guards:
            return _branch([*match.tests, *guards], [*match.names, *case.body], rest, place)
        if not match.tests:
            return [*match.names, *_branch(guards, case.body, rest, place)]
        if not rest:
            return _branch(match.tests, [*match.names, *_branch(guards, case.body, [], place)], [], place)
        matched = self._fresh("matched")
        body = [_flag(matched, True, place), *case.body]
        tried = _branch(match.tests, [*match.names, *_branch(guards, body, [], place)], [], place)
        return [
            _flag(matched, False, place),
            *tried,
            branch(negated(load(matched, place)), rest, [], place),
        ]

    def _alternatives(self, case: gast.match_case, subject: _Subject, rest: Block) -> Block:
        """`case (0, y) | (y, 0)`: which of them matched decides what the names are."""
        matched = self._fresh("matched")
        found: Block = []
        for pattern in reversed(case.pattern.patterns):
            match = self._match(pattern, subject)
            if match is not None:
                found = _branch(match.tests, [*match.names, _flag(matched, True, pattern)], found, pattern)
        place = case.pattern
        guards = [] if case.guard is None else [case.guard]
        chosen = _branch([load(matched, place), *guards], case.body, rest, place)
        return [_flag(matched, False, place), *found, *chosen]

    def _match(self, pattern: gast.pattern, subject: _Subject) -> _Match | None:
        """None: the pattern cannot match."""
        match pattern:
            case gast.MatchValue():
                return _Match([_compared(subject, gast.Eq(), pattern.value)])
            case gast.MatchSingleton() if subject.value is None:
                return None
            case gast.MatchSingleton():
                return _Match([_compared(subject, gast.Is(), constant(pattern.value, pattern))])
            case gast.MatchAs():
                return self._named(pattern, subject)
            case gast.MatchOr() if not stored([pattern]):
                return self._any(pattern, subject)
            case gast.MatchSequence():
                return self._sequence(pattern, subject)
            case gast.MatchOr():
                raise _refusal(pattern, "a pattern with `|` that gives names, inside another pattern")
            case gast.MatchStar():
                raise _refusal(pattern, "a starred pattern")
            case gast.MatchMapping():
                raise _refusal(pattern, "a pattern of a mapping")
            case _:
                raise _refusal(pattern, "a pattern of a class")

    def _named(self, pattern: gast.MatchAs, subject: _Subject) -> _Match | None:
        match = _Match() if pattern.pattern is None else self._match(pattern.pattern, subject)
        if match is not None and pattern.name is not None:
            match.names.append(assign(store(pattern.name, pattern), subject.load(pattern), pattern))
        return match

    def _any(self, pattern: gast.MatchOr, subject: _Subject) -> _Match | None:
        found = [match for part in pattern.patterns if (match := self._match(part, subject)) is not None]
        if not found:
            return None
        if not all(match.tests for match in found):
            return _Match()
        return _Match([joined(gast.Or, [joined(gast.And, match.tests, pattern) for match in found], pattern)])

    def _sequence(self, pattern: gast.MatchSequence, subject: _Subject) -> _Match | None:
        count = len(pattern.patterns)
        whole = _Match()
        for part in pattern.patterns:
            if isinstance(part, gast.MatchStar):
                raise _refusal(part, "a starred pattern")
        if subject.value is None and count != len(subject.items):
            return None
        if subject.value is not None:
            whole.tests += self._length_tests(subject, count, pattern)
        for index, part in enumerate(pattern.patterns):
            match = self._match(part, subject.item(index))
            if match is None:
                return None
            whole.tests += match.tests
            whole.names += match.names
        return whole

    def _length_tests(self, subject: _Subject, count: int, place: gast.AST) -> Iterable[gast.expr]:
        if self._shadowed is None:
            self._shadowed = sorted(_BUILTINS & stored([self._tree]))
        if self._shadowed:
            own = self._shadowed[0]
            raise _refusal(place, f"a pattern of a sequence in a function that has its own `{own}`")
        kinds = at(place, gast.Tuple([load("list", place), load("tuple", place)], gast.Load()))
        length = _called("len", [subject.load(place)], place)
        yield _called("isinstance", [subject.load(place), kinds], place)
        yield at(place, gast.Compare(length, [gast.Eq()], [constant(count, place)]))


def _branch(tests: Sequence[gast.expr], body: Block, rest: Block, place: gast.AST) -> Block:
    """`rest` unless the tests hold; without tests they do."""
    return [branch(joined(gast.And, tests, place), body, rest, place)] if tests else list(body)


def _flag(name: str, value: bool, place: gast.AST) -> gast.stmt:
    return assign(store(name, place), constant(value, place), place)


def _compared(subject: _Subject, op: gast.cmpop, value: gast.expr) -> gast.expr:
    return at(value, gast.Compare(subject.load(value), [op], [value]))


def _called(name: str, args: list[gast.expr], place: gast.AST) -> gast.expr:
    return at(place, gast.Call(load(name, place), args, []))


def _refusal(pattern: gast.AST, what: str) -> NotNormalisableError:
    why = "`match` is read with literals, names, `_`, sequences of fixed length, `|` and guards"
    return NotNormalisableError(pattern, what, why, "write this case with `if`")
