"""The reader of a function: what its names stand for now, and the statements written so far."""

from __future__ import annotations

import operator
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import is_dataclass, replace
from typing import Any, TypeVar

import gast

from tapeless.errors import TransformError, transform_error
from tapeless.ir.names import Names
from tapeless.ir.program import (
    Atom,
    Const,
    Let,
    Statement,
    Var,
    build_dict,
    build_list,
    build_tuple,
    same,
)
from tapeless.source.facts import UNKNOWN, Fact
from tapeless.source.infer import infer
from tapeless.source.lower.beings import Recursions
from tapeless.source.lower.discrete import READERS, Texts, is_constant
from tapeless.source.lower.handing import Handing
from tapeless.source.lower.memory import Memory
from tapeless.source.lower.notes import Findings, Fork, Key, Place, UnboundError, UnendingError
from tapeless.source.lower.values import (
    Closure,
    Dyn,
    Entries,
    Fields,
    Frame,
    Items,
    Known,
    Part,
    Poison,
    Ref,
    Runtime,
    Span,
    Tup,
    Value,
    inner_values,
    parts_of,
)

T = TypeVar("T")
MISSING: Any = object()

EXPRESSIONS: dict[type[gast.AST], Callable[[Machine, Any], Value]] = {}
STATEMENTS: dict[type[gast.AST], Callable[[Machine, Any], None]] = {}


class Machine(Handing):
    """Reads statements one after the other; `state` says what each name and each container is now."""

    def __init__(self) -> None:
        super().__init__()
        self.block: list[Statement] = []
        self.undo: dict[Key, Any] | None = None
        self.dead = False
        self.names = Names()
        self.facts: dict[str, Fact] = {}
        self.found = Findings()
        self.texts = Texts()
        self.frame: Frame | None = None
        self.node: gast.AST | None = None
        self.frames = 0
        self.depth = 0
        self.active: list[Any] = []  # the functions that are being read, and what is known of their arguments
        self.call: Callable[[Machine, Value, Sequence[Value], Mapping[str, Value]], Value]
        self.method: Callable[[Value, str], Value]
        self.renamed: dict[str, Var] = {}  # names that statements still read, and what they are called now
        self.recursions = Recursions()
        self.loops: list[Any] = []  # the loops whose bodies are being read, innermost last
        self.calling = False  # whether the attribute that is being read is called at once
        self.memory = Memory()
        self.regions: dict[int, Any] = {}  # by id, functions whose calls are recorded, and why
        self.run_as_they_are: set[Any] = set()  # calls of constants that could not be read
        self.lifts = False  # whether Tensors found outside are differentiated
        self.stand_ins: set[Ref] = set()  # objects that are read in the place of modules
        self.tensors_read = 0  # how often one was met
        self.captured: dict[Hashable, Value | None] = {}  # what stands for the Tensor at an address

    # State ---------------------------------------------------------------------------------------

    def get(self, key: Key) -> Any:
        return self.state.get(key, MISSING)

    def set(self, key: Key, value: Any) -> None:
        if self.undo is not None and key not in self.undo:
            self.undo[key] = self.state.get(key, MISSING)
        if value is MISSING:
            self.state.pop(key, None)
        else:
            self.state[key] = value

    def fork(self, run: Callable[[], object]) -> Fork:
        """Run a branch on the side: the state and the block are as before afterwards."""
        before = self.undo, self.block, self.dead
        self.undo, self.block, self.dead = {}, [], False
        try:
            try:
                run()
            except UnendingError:
                self.dead = True
            changes = {key: self.state.get(key, MISSING) for key in self.undo}
            return Fork(self.block, changes, self.dead)
        finally:
            self.restore(self.undo)
            self.undo, self.block, self.dead = before

    def restore(self, old: Mapping[Key, Any]) -> None:
        """Set back what was changed."""
        for key, value in old.items():
            if value is MISSING:
                self.state.pop(key, None)
            else:
                self.state[key] = value

    def join_fork(self, fork: Fork) -> None:
        """Go on from the end of a branch that was tried on the side."""
        self.block.extend(fork.block)
        for key, value in fork.changes.items():
            self.set(key, value)
        self.dead = self.dead or fork.dead

    @contextmanager
    def within(self, fork: Fork) -> Iterator[None]:
        """Write further statements at the end of a branch that was run."""
        before, self.block = self.block, fork.block
        try:
            yield
        finally:
            self.block = before

    @contextmanager
    def at_end_of(self, fork: Fork) -> Iterator[None]:
        """Go on at the end of a branch that was run: what is changed there belongs to it, too."""
        before, self.undo = self.undo, {}
        for key, value in fork.changes.items():
            self.set(key, value)
        try:
            with self.within(fork):
                yield
        finally:
            fork.changes.update({key: self.state.get(key, MISSING) for key in self.undo})
            self.restore(self.undo)
            self.undo = before

    # Reading -------------------------------------------------------------------------------------

    def execute(self, statements: Sequence[gast.AST]) -> None:
        for statement in statements:
            if self.dead:
                return
            self.node = statement
            handler = STATEMENTS.get(type(statement))
            if handler is None:
                raise self.refuse(
                    f"the statement {type(statement).__name__}",
                    "it is not read",
                    "move it out of the function",
                )
            handler(self, statement)

    def evaluate(self, tree: gast.AST) -> Value:
        outer, self.node = self.node, tree
        handler = EXPRESSIONS.get(type(tree))
        if handler is None:
            raise self.refuse(
                f"the expression {type(tree).__name__}", "it is not read", "move it out of the function"
            )
        value = handler(self, tree)
        self.node = outer
        return value

    def refuse(self, what: str, why: str, rewrite: str = "", node: gast.AST | None = None) -> TransformError:
        """The error to raise, at the place that is being read."""
        node = node or self.node
        if self.frame is None or node is None:
            return TransformError(f"{what} cannot be differentiated: {why}")
        return transform_error(self.frame.source.location(node), what, why, rewrite)

    @property
    def line(self) -> Place:
        """The line of the function that is differentiated, 0 in others; and the place, for error messages."""
        is_own = self.frame is None or self.frame.caller is None
        place = Place(getattr(self.node, "lineno", 0) if is_own else 0)
        place.node, place.source = self.node, self.frame.source if self.frame is not None else None
        return place

    def temporary(self) -> Key:
        """A key of its own for a value that branches set."""
        self.locations += 1
        return ("name", -self.locations, "t")

    def take(self, key: Key) -> Value:
        """The value of a temporary key, which ends with this; nothing if no branch came to its end."""
        value = self.get(key)
        if value is MISSING:
            return Poison("no branch comes to its end")
        self.set(key, MISSING)
        if isinstance(value, Poison):
            raise self.refuse("this expression", value.why, "make it one kind of value on every way")
        return value

    def called(self, value: Value, name: str) -> Value:
        """The value under the user's name for it, if it was computed just now and has none yet."""
        if not isinstance(value, Dyn) or not isinstance(value.atom, Var) or not self.block:
            return value
        last, old = self.block[-1], value.atom.name
        if not isinstance(last, Let) or last.targets != (old,) or not is_temporary(old):
            return value
        fresh = self.fresh(name, self.facts[old])
        self.block[-1] = replace(last, targets=(fresh,))
        self.renamed[old] = Var(fresh)
        self.memory.renamed(old, fresh)
        self.texts.renamed(old, fresh)
        return Dyn(Var(fresh), value.fact, value.varies)

    # Writing -------------------------------------------------------------------------------------

    def fresh(self, hint: str, fact: Fact = UNKNOWN) -> str:
        name = self.names.fresh(hint)
        self.facts[name] = fact
        return name

    def let(
        self,
        op: Callable[..., Any],
        args: Sequence[Value],
        kwargs: Mapping[str, Value] | None = None,
        hint: str = "t",
        *,
        effect: bool = False,
    ) -> Value:
        """`op(*args, **kwargs)` in the running program."""
        kwargs = kwargs or {}
        facts = [self.known(arg) for arg in args]
        result = infer(op, facts, {name: self.known(value) for name, value in kwargs.items()})
        varies = any(map(self.varies, args)) or any(map(self.varies, kwargs.values()))
        atoms = tuple([self.atom(arg) for arg in args])
        keywords = tuple([(name, self.atom(value)) for name, value in kwargs.items()])
        if op in READERS and self.texts.holds(atoms):
            raise self.refuse(
                "a number that is read from text",
                "the text was made of a differentiated value",
                "use the value itself",
            )
        is_text = varies
        if varies and is_constant(op):
            varies = False
        retained = self.retain(op, [*args, *kwargs.values()], result, effect=effect)
        if isinstance(result, tuple) and len(result) == 1:
            result = Fact("tuple", items=result)
        results = result if isinstance(result, tuple) else (result,)
        targets = tuple([self.fresh(hint, fact) for fact in results])
        self.texts.note(op, atoms, is_text, targets)
        made = Let(targets, op, atoms, keywords, self.line, effect)
        self.block.append(made)
        self.memory.note(made, [fact.kind for fact in results])
        if retained:
            self.retaining.update(targets)
        values = tuple([_dyn(name, fact, varies) for name, fact in zip(targets, results, strict=True)])
        return Tup(values) if isinstance(result, tuple) else values[0]

    def unpacked(
        self, value: Dyn, hints: Sequence[str], facts: Sequence[Fact | Const] | None
    ) -> tuple[Value, ...]:
        """The items of a tuple that the program computes, by one unpacking."""
        own = [fact if isinstance(fact, Fact) else UNKNOWN for fact in facts or [UNKNOWN] * len(hints)]
        if len(hints) == 1:  # several targets unpack, one does not
            return (self.called(self.let(operator.getitem, [value, Known(0)]), hints[0]),)
        names = tuple([self.fresh(hint, fact) for hint, fact in zip(hints, own, strict=True)])
        self.block.append(Let(names, same, (value.atom,), line=self.line))
        return tuple([_dyn(name, fact, value.varies) for name, fact in zip(names, own, strict=True)])

    def back(self, mark: int) -> None:
        """Forget the names handed out since the mark."""
        self.names.back(mark)
        for name in self.found.free:  # found while reading, and still there
            self.names.take(name)
        for old in [old for old, new in self.renamed.items() if not self.names.is_taken(new.name)]:
            del self.renamed[old]
        self.recursions.forget(self.names.is_taken)
        maps = self.recursions.maps
        maps[:] = [one for one in maps if all(map(self.names.is_taken, one.inputs))]

    def missing(self, key: Key) -> None:
        """A name without a value: if it is set later in a loop's body, that is to be read again with one."""
        for loop in reversed(self.loops):
            if key[0] == "name" and loop.frame.number == key[1] and key[2] in loop.assigned:
                raise UnboundError(loop, key)

    def counter_name(self) -> str:
        """What the counter of a loop over rows may be called: a name that the function does not use."""
        local = self.frame.local if self.frame is not None else frozenset()
        return next((name for name in ("i", "j", "k", "l") if name not in local), "index")

    def do(
        self, op: Callable[..., Any], args: Sequence[Value], kwargs: Mapping[str, Value] | None = None
    ) -> None:
        """Run `op` for its effect."""
        atoms = tuple([self.atom(arg) for arg in args])
        keywords = tuple([(name, self.atom(value)) for name, value in (kwargs or {}).items()])
        self.block.append(Let((), op, atoms, keywords, self.line, effect=True))
        if atoms and isinstance(atoms[0], Var):
            self.memory.write(atoms[0].name)

    def atom(self, value: Value) -> Atom:
        """The value as the running program has it; containers are built."""
        match value:
            case Known():
                return value.atom or Const(value.value)
            case Dyn():
                return value.atom
            case Tup():
                build = build_tuple if value.cls is tuple else value.cls
                return self.built(build, value.items)
            case Span():
                parts = [value.start, value.stop, value.step]
                if parts[2] == Known(1):
                    parts = parts[1:2] if parts[0] == Known(0) else parts[:2]
                return self.built(range, parts)
            case Ref():
                return self._container(value)
            case Poison():
                raise self.refuse("this value", value.why, "make it one kind of value on every way")
            case Closure():
                name = getattr(value.tree, "name", "the lambda")
                raise self.refuse(
                    f"{name} as a value",
                    "a function made inside is handed to code that cannot be read",
                    "call it here, or define it outside",
                )
            case _:
                raise self.refuse(
                    "this value",
                    "it cannot be handed to code that is not read",
                    "call it here, or pass what it holds",
                )

    def _container(self, ref: Ref) -> Atom:
        content = self.content(ref)
        match content:
            case Runtime():
                if content.form is not None:
                    raise self.refuse(
                        "a list of objects as a value",
                        "it is handed to code that cannot be read",
                        "hand over lists of their attributes",
                    )
                return content.value.atom
            case Items():
                return self._own(content) or self.built(build_list, content.items)
            case Entries():
                flat = [part for key, value in content.entries for part in (Known(key), value)]
                return self._own(content) or self.built(build_dict, flat)
            case Fields():
                own = self._own(content)
                if own is None and is_dataclass(content.cls):
                    return self.atom(self.let(content.cls, [], dict(content.fields)))
                if own is None:
                    raise self.refuse(
                        f"an object of class {content.cls.__name__} as a value",
                        "it is handed to code that cannot be read",
                        "hand over its attributes",
                    )
                return own

    def _own(self, content: Items | Entries | Fields) -> Var | None:
        """The caller's own container, unless it holds what is differentiated: that has other names."""
        return None if any(map(self.varies, parts_of(content))) else content.atom

    def built(self, build: Callable[..., Any], items: Sequence[Value]) -> Atom:
        made = self.let(build, items)
        return self.atom(made)

    def refined(self, value: Dyn, fact: Fact) -> Dyn:
        """The value with more known of it."""
        if isinstance(value.atom, Var):
            self.facts[value.atom.name] = fact
        return Dyn(value.atom, fact, value.varies)

    def taint(self, target: Dyn, value: Value) -> None:
        """What is written into an array makes it vary, and whatever shares its memory."""
        if isinstance(target.atom, Var) and self.varies(value):
            self.memory.taint(target.atom.name)

    # Knowing -------------------------------------------------------------------------------------

    def known(self, value: Value) -> Fact | Const:
        """What is known of a value before the program runs."""
        match value:
            case Known():
                return Const(value.value)
            case Dyn():
                return Const(value.atom.value) if isinstance(value.atom, Const) else value.fact
            case Tup():
                return Fact("tuple", items=tuple([self.known(item) for item in value.items]))
            case Ref():
                content = self.raw(value)
                if isinstance(content, Part):
                    return self.fact_at(*self.place(content))
                if isinstance(content, Items):
                    return Fact("list", items=tuple([self.known(item) for item in content.items]))
                return content.value.fact if isinstance(content, Runtime) else Fact("dict")
            case _:
                return UNKNOWN

    def varies(self, value: Value) -> bool:
        """Whether a value may depend on what is differentiated."""
        match value:
            case Dyn():
                return value.varies or (
                    isinstance(value.atom, Var) and self.memory.is_tainted(value.atom.name)
                )
            case Tup():
                return any(map(self.varies, value.items))
            case Ref():
                return any(map(self.varies, self.parts(value)))
            case Closure():
                return self._closes_over_varying(value)
            case _:
                return any(map(self.varies, inner_values(value)))

    def _closes_over_varying(self, closure: Closure) -> bool:
        frame: Frame | None = closure.frame
        used = {node.id for node in gast.walk(closure.tree) if isinstance(node, gast.Name)}
        while frame is not None:
            for name in sorted(used & frame.local):
                value = self.get(("name", frame.number, name))
                if value is not MISSING and not isinstance(value, Closure) and self.varies(value):
                    return True
            frame = frame.outer
        return False


def is_temporary(name: str) -> bool:
    """Whether a name was made for an unnamed value: `t`, `t_1`..."""
    return name == "t" or (name.startswith("t_") and name[2:].isdigit())


def _dyn(name: str, fact: Fact, varies: bool) -> Dyn:
    discrete = fact.dtype is not None and fact.dtype.kind not in "fc"
    return Dyn(Var(name), fact, varies and not discrete and fact.kind not in ("slice", "dict"))
