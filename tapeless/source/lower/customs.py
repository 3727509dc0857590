"""Calls of functions with rules of their own: each becomes a procedure that knows them.

y = f(x)                   `f` is read as a procedure of the numbers and arrays in its arguments, and so
                           are its rules, for what they are given: nothing else of them is kept.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from tapeless.errors import TransformError
from tapeless.ir.names import Names
from tapeless.ir.procedures import Procedure
from tapeless.ir.program import Let, Var, names_of
from tapeless.source.facts import UNKNOWN
from tapeless.source.lower.beings import Being
from tapeless.source.lower.binding import constant
from tapeless.source.lower.calls import NESTED, Args, Kwargs, call
from tapeless.source.lower.leaves import plain_name
from tapeless.source.lower.machine import Machine
from tapeless.source.lower.outlines import Same, outline_of, plain, revived
from tapeless.source.lower.own_values import (
    as_built,
    as_dyn,
    cotangent_like,
    dyn_leaves,
    fresh_like,
    has_derivative,
    leaves_in,
    parameter_names,
    parts_in,
    rule_name,
    shape_of,
    tangent_like,
    unchanged,
    varying,
    with_further,
    zero_like,
)
from tapeless.source.lower.recursion import call_procedure
from tapeless.source.lower.values import (
    Closure,
    Dyn,
    Known,
    Partial,
    Ref,
    Runtime,
    Tup,
    Value,
)
from tapeless.source.own import CHECKPOINTS, Opaque, OwnRules, own_rules_of
from tapeless.source.own_read import OwnRead

PARTS = ("forward", "backward", "pushforward")


def _read(m: Machine, function: Any, args: Args, kwargs: Kwargs) -> Value | None:
    found = own_rules_of(function)
    if found is None:
        return _checkpoint_of(m, function, args, kwargs)
    own, position = found
    m.found.guards.append(("cell", function, position, "own", own))
    for name in PARTS:
        m.found.guards.append(("attribute", own, name, getattr(own, name)))
    if own.kind == "checkpoint":
        if not any(map(m.varies, [*args, *kwargs.values()])):
            return call(m, Known(own.function), args, kwargs)
        return Call(m, own, [*args, *kwargs.values()], tuple(kwargs)).written()
    values = positional(m, own, args, kwargs)
    if not any(map(m.varies, values)):
        return call(m, Known(own.function), values, {})
    if own.backward is None and own.pushforward is None:
        raise m.refuse(f"the call of {own.name}", "it has no derivative rule yet", own.remedy)
    return written(m, own, values)


def written(m: Machine, own: OwnRules, values: list[Value]) -> Value:
    """The call as a statement, its result as a value."""
    return Call(m, own, values).written()


NESTED.append(_read)


def _checkpoint_of(m: Machine, function: Any, args: Args, kwargs: Kwargs) -> Value | None:
    """`checkpoint(f)` in a function that is read, of a function known there only."""
    applied = CHECKPOINTS.get(function) if isinstance(function, types.FunctionType) else None
    if applied is None:
        return None
    if len(args) != 1 or kwargs:
        raise m.refuse("this checkpoint", "it takes a function", "write checkpoint(f)(x)")
    return Partial(Known(applied), (args[0],), ())


def positional(m: Machine, own: OwnRules, args: Args, kwargs: Kwargs) -> list[Value]:
    """The arguments by position, defaults filled in, as the rules take them."""
    if own.signature is None:
        if kwargs:
            raise m.refuse(
                f"the call of {own.name}", "its signature is not known", "pass arguments by position"
            )
        return list(args)
    try:
        bound = own.signature.bind(*args, **kwargs)
    except TypeError as error:
        remedy = f"call it as its signature says: {own.name}{own.signature}"
        raise m.refuse(f"the call of {own.name}", str(error), remedy) from None
    given, strange = set(bound.arguments), bound.kwargs
    bound.apply_defaults()
    for name, value in bound.arguments.items():
        if name not in given and own.signature.parameters[name].kind not in (
            inspect.Parameter.VAR_POSITIONAL,
            inspect.Parameter.VAR_KEYWORD,
        ):
            bound.arguments[name] = constant(m, value)
    if strange:
        name = next(iter(strange))
        raise m.refuse(
            f"the call of {own.name}",
            f"its argument {name!r} is keyword-only, and rules take arguments by position",
            "make it a plain parameter",
        )
    return list(bound.args)


class Call:
    """One call of one such function."""

    def __init__(self, m: Machine, own: OwnRules, values: list[Value], names: tuple[str, ...] = ()) -> None:
        self.m = m
        self.own = own
        self.values = values
        self.names = names  # of the last ones, which are passed by keyword
        self.closure: Closure | None = None  # which its rules rest on
        try:
            self.fixed = own.fixed_in(len(values))
        except ValueError as error:
            remedy = "count its arguments from 0 in nondiff_argnums"
            raise m.refuse(f"the call of {own.name}", str(error), remedy) from None
        self.title = own.name if own.name.isidentifier() else "function"
        self.moving = [k for k in range(len(values)) if k not in self.fixed]

    def written(self) -> Value:
        """The call as a statement, its result as a value."""
        function = self.own.function
        read = self._run if self.own.kind != "checkpoint" else self._called
        result, procedure, being = self._procedure(
            "function", self.values, parameter_names(function), lambda m, args: read(m, function, args)
        )
        if procedure.rules is None:
            procedure.rules = OwnRead(self.own, self.title)  # before they are read: they may call it
            if self.own.kind != "checkpoint":
                beings = [being]
                self._read_rules(being, procedure.rules, beings)
                self._share_captured(procedure, beings, procedure.rules)
        return result

    def _share_captured(self, procedure: Procedure, beings: Sequence[Being], rules: OwnRead) -> None:
        """What one of the functions finds around it all take as further arguments, in one order."""
        captured = tuple(dict.fromkeys([name for being in beings for name in being.captured]))
        rules.outside = len(captured)
        if not captured:
            return
        for being in beings:
            program = being.procedure.program
            if program is None:
                why = "a function made inside, or an object, is handed to it in a function that calls itself"
                raise self.m.refuse(f"the call of {self.own.name}", why, "pass what that reads as arguments")
            count = len(program.params) - len(being.captured)
            names = Names(names_of(program))
            own = dict(zip(being.captured, program.params[count:], strict=True))
            outside = tuple([own.get(name) or names.fresh(plain_name(name)) for name in captured])
            being.procedure.facts.update({name: UNKNOWN for name in outside if name not in own.values()})
            body = with_further(program.body, procedure, len(beings[0].params), outside)
            being.procedure.program = replace(program, params=(*program.params[:count], *outside), body=body)
            being.captured = captured
        made = self.m.block[-1]
        assert isinstance(made, Let)
        self.m.block[-1] = replace(made, args=(*made.args[: len(beings[0].params)], *map(Var, captured)))

    def _procedure(
        self, part: str, values: Sequence[Value], names: Sequence[str], read: Callable[[Machine, Args], Value]
    ) -> tuple[Value, Procedure, Being]:
        m = self.m
        whole = () if values is self.values else ("for", *[outline_of(m, value) for value in self.values])
        key = ("own", Same(self.own), part, *self.names, *[outline_of(m, value) for value in values], *whole)
        title = self.title if part == "function" else f"{self.title}_{part}"

        def run(m: Machine, args: Args, kwargs: Kwargs) -> Value:
            return read(m, args)

        closure = self.closure or next((value for value in values if isinstance(value, Closure)), None)
        result = call_procedure(m, key, closure, names, values, {}, run, title)
        made = m.block[-1]
        assert isinstance(made, Let)
        assert isinstance(made.op, Procedure)
        being = next(being for being in m.recursions.known[key] if being.procedure is made.op)
        return result, made.op, being

    def _called(self, m: Machine, function: Any, args: Args) -> Value:
        """A call that must be read."""
        count = len(args) - len(self.names)
        return call(m, Known(function), args[:count], dict(zip(self.names, args[count:], strict=True)))

    def _run(self, m: Machine, function: Any, args: Args, results: int = 0) -> Value:
        """A call that is read; one that cannot be is made as it is, for nothing of it is differentiated."""
        mark = m.names.mark()
        outcome: list[Value] = []
        try:
            fork = m.fork(lambda: outcome.append(call(m, Known(function), args, {})))
        except TransformError:
            m.back(mark)
            # What is handed to the graph may print, and stays where it is.
            made = m.let(function, [as_built(m, arg) for arg in args], effect=isinstance(function, Opaque))
            if not results:
                return varying(made)
            assert isinstance(made, Dyn)
            several = m.unpacked(made, ["t"] * results, None)
            return Tup(tuple(map(varying, several)))
        m.join_fork(fork)
        return outcome[0]

    # Rules ------------------------------------------------------------------------------------------------

    def _read_rules(self, being: Being, rules: OwnRead, beings: list[Being]) -> None:
        """Read the rules on the side: as procedures of leaves."""
        m = self.m
        ends, start = [], 0
        for value in self.values:
            start += len(leaves_in(m, value))
            ends.append(start)
        starts = [0, *ends[:-1]]
        places = [tuple(range(a, b)) for a, b in zip(starts, ends, strict=True)]
        rules.fixed = tuple([place for k in self.fixed for place in places[k]])
        rules.moving = tuple([place for k in self.moving for place in places[k]])
        leaves = dyn_leaves(being.template)
        rules.facts = tuple([leaf.fact for leaf in leaves])
        rules.flows = tuple([has_derivative(fact) for fact in rules.facts])
        active, m.active = m.active, []  # what calls the function is not what its rules are called from
        try:
            m.fork(lambda: self._read_halves(being, rules, places, beings))
        finally:
            m.active = active

    def _read_halves(
        self, being: Being, rules: OwnRead, places: list[tuple[int, ...]], beings: list[Being]
    ) -> None:
        own = self.own
        if own.backward is not None:
            assert own.forward is not None
            _, rules.forward, half = self._procedure(
                "fwd",
                self.values,
                parameter_names(own.forward),
                lambda m, args: Tup(self._pair(m, own.forward, args, "forward half")),
            )
            out, kept = half.template.items
            self._check_structure(own.forward, "forward half", being.template, out)
            rules.kept = len(dyn_leaves(kept))
            beings.extend([half, self._read_backward(rules, kept, being.template, places)])
        if own.pushforward is not None:
            beings.append(self._read_pushforward(rules, being.template, places))

    def _pair(self, m: Machine, rule: Any, args: Args, role: str) -> tuple[Value, Value]:
        found = self._run(m, rule, args, results=2)
        if not isinstance(found, Tup) or len(found.items) != 2:
            raise m.refuse(
                f"{rule_name(rule)}, the {role} of {self.own.name}",
                "it does not return a pair",
                "return (result, residuals)" if role == "forward half" else "return (result, tangent)",
            )
        return found.items[0], found.items[1]

    def _check_structure(self, rule: Any, role: str, function: Any, rules: Any) -> None:
        if shape_of(function) != shape_of(rules):
            raise self.m.refuse(
                f"{rule_name(rule)}, the {role} of {self.own.name}",
                f"its result has another structure than that of {self.own.name}",
                "return the same",
            )

    def _read_backward(self, rules: OwnRead, kept: Any, out: Any, places: list[tuple[int, ...]]) -> Being:
        m, rule = self.m, self.own.backward
        residuals = revived(m, kept, lambda leaf: fresh_like(m, leaf, "r"))
        cotangent = revived(m, out, lambda leaf: cotangent_like(m, leaf))
        given = [*[self.values[k] for k in self.fixed], residuals, cotangent]
        found: list[int] = []

        def read(m: Machine, args: Args) -> Value:
            found.clear()
            return self._cotangents(m, self._run(m, rule, args, results=len(self.moving)), places, found)

        _, rules.backward, being = self._procedure("bwd", given, parameter_names(rule), read)
        rules.found = tuple(found)
        return being

    def _cotangents(self, m: Machine, given: Value, places: list[tuple[int, ...]], found: list[int]) -> Value:
        """The cotangents of the arguments' leaves; `found` takes the leaves' places."""
        several = parts_in(m, given)
        count = len(self.moving)
        title = f"{rule_name(self.own.backward)}, the backward half of {self.own.name}"
        if several is None or len(several) != count:
            got = "something else" if several is None else f"{len(several)}"
            raise m.refuse(
                title,
                f"it must return a tuple of {count} cotangent{'s' * (count != 1)}, one for each "
                f"differentiated argument; it returned {got}",
                "return None for an argument without a cotangent",
            )
        leaves: list[Value] = []
        for k, one in zip(self.moving, several, strict=True):
            matched: list[tuple[Value, Value]] = []
            self._match(m, self.values[k], one, title, matched)
            numbered = iter(places[k])
            for leaf, value in matched:
                if not isinstance(leaf, Dyn):
                    continue
                place = next(numbered)
                if value != Known(None) and has_derivative(leaf.fact):
                    found.append(place)
                    leaves.append(value)
        return Tup(tuple(leaves))

    def _match(self, m: Machine, model: Value, given: Value, title: str, found: list[Any]) -> None:
        """Each leaf of an argument, and what is given for it."""
        parts = parts_in(m, model)
        if parts is None:
            content = m.content(model) if isinstance(model, Ref) else None
            found.append((content.value if isinstance(content, Runtime) else model, given))
            return
        if given == Known(None):
            others: Sequence[Value] = [given] * len(parts)
        else:
            others = parts_in(m, given) or ()
            if len(others) != len(parts):
                raise m.refuse(
                    title, "a cotangent has another structure than its argument", "give it the same"
                )
        for one, other in zip(parts, others, strict=True):
            self._match(m, one, other, title, found)

    def _read_pushforward(self, rules: OwnRead, out: Any, places: list[tuple[int, ...]]) -> Being:
        m, rule = self.m, self.own.pushforward
        primals = Tup(tuple([self.values[k] for k in self.moving]))
        trees = [plain(m, value, lambda leaf: tangent_like(m, leaf)) for value in primals.items]
        tangents = Tup(tuple([revived(m, tree, unchanged) for tree in trees]))
        rules.pushed = tuple(
            [
                place
                for k in self.moving
                for place, leaf in zip(places[k], leaves_in(m, self.values[k]), strict=True)
                if has_derivative(leaf.fact)
            ]
        )
        given = [*[self.values[k] for k in self.fixed], primals, tangents]

        def read(m: Machine, args: Args) -> Value:
            result, tangent = self._pair(m, rule, args, "forward-mode rule")
            self._check_structure(rule, "forward-mode rule", out, plain(m, result, as_dyn))
            matched: list[tuple[Value, Value]] = []
            title = f"{rule_name(rule)}, the forward-mode rule of {self.own.name}"
            self._match(m, result, tangent, title, matched)
            along = [
                zero_like(m, leaf) if value == Known(None) else value
                for (leaf, value), flows in zip(matched, rules.flows, strict=True)
                if flows
            ]
            return Tup((result, Tup(tuple(along))))

        _, rules.pushforward, being = self._procedure("jvp", given, parameter_names(rule), read)
        return being
