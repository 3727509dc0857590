"""From what a tape holds to a straight-line program: the same operations, in NumPy's own words."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tapeless.graph.apply import LISTS
from tapeless.graph.depends import (
    Taped,
    is_basic,
    is_default,
    is_literal,
    out_of_sight,
    owners_in,
    results_of,
)
from tapeless.graph.entries import Described, Entry, Given, Line, Reading, Result, places_in
from tapeless.graph.naming import OTHERWISE, as_name, named_values
from tapeless.ir.names import TEMPORARY, Names
from tapeless.ir.program import (
    Argument,
    Atom,
    Const,
    Let,
    Program,
    Return,
    Statement,
    Var,
    add_at,
    build_list,
    build_tuple,
    iadd,
    isub,
    require,
    set_imag,
    subtract_at,
)
from tapeless.rules.indexing import index_set

LOST = (
    "the tape cannot be lifted: {} ({} {}) was made before the tape and written to in place while it "
    "recorded; make it (or a copy of it) inside the with block"
)
UNSEEN = (
    "the tape cannot be lifted: {} ({} {}) was computed by {}, which a tape does not hear of; use NumPy's "
    "functions there, or leave that part out"
)
HIDDEN = (
    "the tape cannot be lifted: {}{} wrote, while gradients were off, into an array that has a gradient; its "
    "gradient would go on as if nothing had been written, which no program can say"
)
OPERATORS: dict[Any, Any] = {
    np.add: operator.add,
    np.subtract: operator.sub,
    np.multiply: operator.mul,
    np.true_divide: operator.truediv,
    np.floor_divide: operator.floordiv,
    np.remainder: operator.mod,
    np.power: operator.pow,
    np.matmul: operator.matmul,
    np.negative: operator.neg,
    np.equal: operator.eq,
    np.not_equal: operator.ne,
    np.less: operator.lt,
    np.less_equal: operator.le,
    np.greater: operator.gt,
    np.greater_equal: operator.ge,
}
WHOLE = ("int()", "an index or a range()")  # what Python makes whole numbers of
IN_PLACE: dict[Any, tuple[Any, Any]] = {np.add: (iadd, add_at), np.subtract: (isub, subtract_at)}
# The axis along which an array is split, for its rank and the axis that was asked for.
SPLITS: dict[Any, Callable[[int, int], int]] = {
    np.split: lambda rank, axis: axis % rank,
    np.array_split: lambda rank, axis: axis % rank,
    np.hsplit: lambda rank, _: min(1, rank - 1),
    np.vsplit: lambda rank, _: 0,
    np.dsplit: lambda rank, _: 2,
}


@dataclass(frozen=True)
class Lifted:
    """A program, and what is known of it besides.

    `constants` are what its free names stand for; `inputs` the values of the parameters when they were
    recorded, of which only dtypes and shapes count; `results` describes names by shape and dtype.  `lines`
    says which of the user's stands behind a statement's line number.  `readings` are the numbers that Python
    took out of what depends on the inputs, `checked` whether the program looks at them again; `sized` are the
    lines where the length of an array depends on them.
    """

    program: Program
    constants: dict[str, Any]
    inputs: dict[str, Any]
    results: dict[str, Described]
    lines: dict[int, Line]
    readings: tuple[Reading, ...]
    sized: tuple[Line | None, ...]
    checked: bool = False


def lift(
    taped: Taped, outputs: Iterable[Any], name: str, taken: Iterable[str] = (), checks: bool = False
) -> Lifted:
    """The program of what ran, from the inputs and parameters to `outputs`; others keep the names in `taken`.

    With `checks` it fails, in the words of OTHERWISE, where Python would now decide otherwise.

    v1 = multiply x, x        def f(x):
    v2 = sum v1           =>      return np.sum(x * x)

    RuntimeError for what no program can do again: see LOST, UNSEEN, HIDDEN.
    """
    return _Lifting(taped, name, Names(taken), checks).run(tuple(outputs))


@dataclass
class _Lifting:
    taped: Taped
    name: str
    names: Names = field(default_factory=Names)
    checks: bool = False
    body: list[Statement] = field(default_factory=list)
    atoms: dict[Result | Given, Atom] = field(default_factory=dict)
    constants: dict[str, Any] = field(default_factory=dict)
    results: dict[str, Described] = field(default_factory=dict)
    lines: dict[int, Line] = field(default_factory=dict)
    numbers: dict[Line, int] = field(default_factory=dict)
    line: int = 0

    def run(self, outputs: tuple[Any, ...]) -> Lifted:
        params, inputs = self._parameters()
        readings, sized = out_of_sight(self.taped)
        decided = sorted(readings, key=lambda one: one.after) if self.checks else []
        self._find_uses((*places_in(outputs), *[one.place for one in decided]))
        hints = named_values(self.taped.entries)
        for entry in self.taped.entries:
            while decided and decided[0].after < entry.number:
                self._check(decided.pop(0))
            if entry.number in self.needed:
                self.line = self._line(entry.line)
                self._entry(entry, hints)
        for one in decided:
            self._check(one)
        for entry in self.taped.hidden:
            if entry.number in self.needed:
                raise RuntimeError(
                    HIDDEN.format(entry.name, "" if entry.line is None else f" at {entry.line}")
                )
        values = tuple([self._result(value) for value in outputs])
        program = Program(
            self.name,
            params,
            tuple(self.body),
            Return(values, as_tuple=len(values) != 1),
            tuple(self.constants),
        )
        return Lifted(program, self.constants, inputs, self.results, self.lines, readings, sized, self.checks)

    # What there is ------------------------------------------------------------------------------------------

    def _parameters(self) -> tuple[tuple[str, ...], dict[str, Any]]:
        inputs: dict[str, Any] = {}
        for number, (source, name, kind) in enumerate(
            zip(self.taped.sources, self.taped.names, self.taped.kinds, strict=True)
        ):
            if kind != "constant":
                own = self.names.fresh(as_name(name))
                inputs[own] = source.data
                self.atoms[Given(number)] = Var(own)
        return tuple(inputs), inputs

    def _find_uses(self, outputs: tuple[Result | Given, ...]) -> None:
        """The entries that the outputs depend on, and how often each place is read by these.

        Whoever writes into an array, or a part of it, is needed if the array is: seen from the end.
        """
        owners = self.owners = owners_in(self.taped.entries)
        wanted = {owners.get(place, place) for place in outputs} | set(outputs)
        self.needed: set[int] = set()
        self.uses: dict[Result | Given, int] = dict.fromkeys(outputs, 1)
        again = True
        while again:
            again = False
            for entry in reversed(self.taped.entries):
                if entry.number in self.needed or not self._is_wanted(entry, wanted, owners):
                    continue
                self.needed.add(entry.number)
                for place in places_in((*entry.inputs, *entry.keywords.values())):
                    self.uses[place] = self.uses.get(place, 0) + 1
                    for one in (place, owners.get(place, place)):
                        again = again or one not in wanted
                        wanted.add(one)
        self.writers = {entry.inputs[0]: entry for entry in self.taped.entries if entry.writes}
        self.written = {
            owners.get(entry.inputs[0], entry.inputs[0])
            for entry in self.taped.entries
            if entry.writes and entry.number in self.needed
        }

    def _is_wanted(self, entry: Entry, wanted: set[Any], owners: Mapping[Any, Any]) -> bool:
        if entry.writes:
            return owners.get(entry.inputs[0], entry.inputs[0]) in wanted
        return any(place in wanted for place in results_of(entry))

    def _result(self, value: Any) -> Atom:
        """What is returned belongs to the caller."""
        atom = self._atom(value)
        is_constant = isinstance(atom, Var) and atom.name in self.constants
        return self.let(np.copy, (atom,)) if is_constant else atom

    # Statements ---------------------------------------------------------------------------------------------

    def _line(self, line: Line | None) -> int:
        if line is None:
            return 0
        number = self.numbers.get(line)
        if number is None:
            number = line.number if line.number not in self.lines else max(self.lines) + 1
            self.numbers[line], self.lines[number] = number, line
        return number

    def let(self, op: Any, args: Sequence[Argument], kwargs: Any = (), hint: str = TEMPORARY) -> Var:
        if isinstance(op, np.ufunc) and not kwargs and any(isinstance(arg, Var) for arg in args):
            op = OPERATORS.get(op, op)  # of NumPy's numbers, too, these are the same
        name = self.names.fresh(hint)
        self.body.append(Let((name,), op, tuple(args), tuple(kwargs), self.line))
        return Var(name)

    def do(self, op: Any, *args: Argument) -> None:
        self.body.append(Let((), op, args, line=self.line, effect=True))

    def _entry(self, entry: Entry, hints: Mapping[int, tuple[str, ...]]) -> None:
        if entry.writes:
            self._write(entry)
        elif not self._is_only_written_through(entry):
            self._operation(entry, hints.get(entry.number, ()))

    def _operation(self, entry: Entry, hints: tuple[str, ...]) -> None:
        if entry.function in SPLITS and self._is_written(entry):
            self._split(entry)
            return
        args, kwargs = self._call(entry)
        if not entry.several:
            hint = hints[0] if hints else TEMPORARY
            made: Atom = self.let(entry.function, args, kwargs, hint)
            made = self._on_own_memory(entry, made)
            self._know(Result(entry.number), made, entry.outputs[0])
            return
        if len(hints) != len(entry.outputs):
            hints = (TEMPORARY,) * len(entry.outputs)
        used = [part for part in range(len(hints)) if Result(entry.number, part) in self.uses]
        if len(used) == 1 or len(hints) == 1:
            whole = self.let(entry.function, args, kwargs)
            part = used[0]
            made = self.let(operator.getitem, (whole, Const(part)), hint=hints[part])
            self._know(Result(entry.number, part), made, entry.outputs[part])
            return
        targets = tuple([self.names.fresh(hint) for hint in hints])
        self.body.append(Let(targets, entry.function, tuple(args), tuple(kwargs), self.line))
        for part, target in enumerate(targets):
            self._know(Result(entry.number, part), Var(target), entry.outputs[part])

    def _know(self, place: Result, atom: Atom, described: Described) -> None:
        self.atoms[place] = atom
        if isinstance(atom, Var):
            self.results[atom.name] = described

    def _on_own_memory(self, entry: Entry, made: Var) -> Var:
        """What is written to later is an array, and where the graph made no view it is none."""
        place, seen = Result(entry.number), entry.outputs[0]
        if place in self.written and seen.shape == () and not seen.is_view:
            return self.let(np.copy, (made,))
        may_view = entry.op.views and not (entry.function is operator.getitem and is_basic(entry.inputs[1]))
        if self._is_written(entry) and not seen.is_view and (may_view or entry.function is np.einsum):
            return self.let(np.copy, (made,))
        return made

    def _is_written(self, entry: Entry) -> bool:
        """Whether the memory of a result, or of what it may be a view of, is written to."""
        near = (*results_of(entry), *places_in(entry.inputs))
        return not self.written.isdisjoint([self.owners.get(place, place) for place in near])

    def _split(self, entry: Entry) -> None:
        """Parts that are written to, or whose array is, as views that are known to be some."""
        whole = self._place(entry.inputs[0])
        rank = len(entry.outputs[0].shape or ())
        given = entry.inputs[2] if len(entry.inputs) > 2 else 0
        axis = SPLITS[entry.function](rank, given)
        start = 0
        for part, seen in enumerate(entry.outputs):
            assert seen.shape is not None
            stop = start + seen.shape[axis]
            index = (*(slice(None),) * axis, slice(start, stop))
            made = self.let(operator.getitem, (whole, Const(index if axis else index[0])))
            self._know(Result(entry.number, part), made, seen)
            start = stop

    def _call(self, entry: Entry) -> tuple[list[Argument], list[tuple[str, Atom]]]:
        """The arguments as the function takes them, where they are bound to its rule's parameters, too."""
        rule = entry.op.rule
        if not rule.params or rule.kind == "constant" or len(rule.params) != len(entry.inputs):
            keywords = [(name, self._atom(value)) for name, value in entry.keywords.items()]
            return [self._atom(value) for value in entry.inputs], keywords
        required = len(rule.params) - len(rule.defaults)
        args: list[Argument] = []
        for name, value in zip(rule.params[:required], entry.inputs, strict=False):
            if name == rule.star:
                args += [self._atom(item) for item in value]
            else:
                args.append(self._atom(value))
        optional = zip(rule.params[required:], entry.inputs[required:], rule.defaults, strict=True)
        given = [(name, value) for name, value, default in optional if not is_default(value, default)]
        return args, [(name, self._atom(value)) for name, value in given]

    def _check(self, reading: Reading) -> None:
        """Python decided by a value: it must be the same again."""
        self.line = self._line(reading.line)
        atom = self._atom(reading.place)
        value = np.asarray(reading.value)
        if reading.what in WHOLE:
            number = atom if reading.what != "int()" else self.let(int, (atom,))
            test = self.let(operator.eq, (number, Const(int(value))))
        elif reading.what == "bool()" or (value.dtype.kind == "b" and not value.ndim):
            test = atom if bool(value) else self.let(operator.not_, (atom,))
        else:
            test = self.let(np.array_equal, (atom, self._atom(value)))
        where = "" if reading.line is None else f"{reading.line}: {reading.line.text} "
        self.do(require, test, Const(where + OTHERWISE))

    # Writing ------------------------------------------------------------------------------------------------

    def _is_only_written_through(self, entry: Entry) -> bool:
        """A part of an array that is taken to be written to, and for nothing else: `y[0] = x`."""
        place = Result(entry.number)
        if (
            entry.function is not operator.getitem
            or self.uses.get(place) != 1
            or not is_basic(entry.inputs[1])
        ):
            return False
        writer = self.writers.get(place)
        if writer is None or writer.number not in self.needed:
            return False
        return (writer.function is index_set and writer.inputs[1] is ...) or writer.function in IN_PLACE

    def _write(self, entry: Entry) -> None:
        place, *rest = entry.inputs
        op = entry.function
        maker = self._maker(place)
        if maker is not None and place not in self.atoms:  # see `_is_only_written_through`
            base, index = self._place(maker.inputs[0]), self._index(maker.inputs[1])
            if op is index_set:
                self.do(operator.setitem, base, index, self._atom(rest[1]))
            else:
                self.do(IN_PLACE[op][1], base, index, self._atom(rest[0]))
            return
        if maker is not None and maker.function is np.imag and self._is_complex(maker.inputs[0]):
            self._write_imaginary(entry, maker.inputs[0])
            return
        target = self._place(place)
        if op is index_set:
            self.do(operator.setitem, target, self._index(rest[0]), self._atom(rest[1]))
        elif op in IN_PLACE:
            self.do(IN_PLACE[op][0], target, self._atom(rest[0]))
        else:
            args, kwargs = self._call(entry)
            self.do(operator.setitem, target, Const(...), self.let(op, args, kwargs))

    def _write_imaginary(self, entry: Entry, whole: Result | Given) -> None:
        """Into the imaginary part of an array: a view that only writes of this kind are followed through."""
        target = self._place(whole)
        if entry.function is index_set:
            self.do(set_imag, target, self._index(entry.inputs[1]), self._atom(entry.inputs[2]))
            return
        args, kwargs = self._call(entry)
        self.do(set_imag, target, Const(...), self.let(entry.function, args, kwargs))

    def _maker(self, place: Any) -> Entry | None:
        return self.taped.entries[place.entry - 1] if isinstance(place, Result) else None

    def _is_complex(self, place: Result | Given) -> bool:
        if isinstance(place, Given):
            return self.taped.sources[place.number].data.dtype.kind == "c"
        return self.taped.entries[place.entry - 1].outputs[place.part or 0].dtype.startswith("complex")

    # Arguments ----------------------------------------------------------------------------------------------

    def _atom(self, value: Any) -> Atom:
        if isinstance(value, Result | Given):
            return self._place(value)
        if isinstance(value, np.ndarray):
            return Const(value[()]) if value.ndim == 0 else self._constant(value)
        if type(value) in LISTS and not is_literal(value):
            build = build_list if type(value) is list else build_tuple
            return self.let(build, [self._atom(item) for item in value])
        if type(value) is slice and not is_literal(value):
            return self.let(slice, [self._atom(part) for part in (value.start, value.stop, value.step)])
        return Const(value)

    def _index(self, value: Any) -> Atom:
        """What stands in brackets before `=`, without the Ellipsis that only makes a view of an element."""
        if type(value) is tuple and len(value) > 1 and value[-1] is ...:
            value = value[:-1]
        return self._atom(value[0] if type(value) is tuple and len(value) == 1 else value)

    def _constant(self, value: np.ndarray) -> Var:
        for name, known in self.constants.items():
            if known is value or (
                known.dtype == value.dtype
                and known.shape == value.shape
                and known.tobytes() == value.tobytes()
            ):
                return Var(name)
        name = self.names.fresh(f"c{len(self.constants) + 1}")
        self.constants[name] = value
        return Var(name)

    def _place(self, place: Result | Given) -> Atom:
        known = self.atoms.get(place)
        if known is not None:
            return known
        assert isinstance(place, Given), place
        source = self.taped.sources[place.number]
        if source.lost:
            self._refuse_lost(place)
        if source.unseen is not None:
            raise RuntimeError(UNSEEN.format(*self._described(place), source.unseen))
        data = np.asarray(source.data)
        if place in self.written:
            atom: Atom = self._new_array(data)
        else:
            atom = Const(data[()]) if data.ndim == 0 else self._constant(data)
        self.atoms[place] = atom
        return atom

    def _new_array(self, data: np.ndarray) -> Var:
        """What the program writes to is made anew in each run."""
        if not data.any():
            dtype = () if data.dtype == np.float64 else (Const(data.dtype),)
            return self.let(np.zeros, (Const(data.shape), *dtype))
        return self.let(np.copy, (Const(data[()]) if data.ndim == 0 else self._constant(data),))

    def _refuse_lost(self, place: Given) -> None:
        raise RuntimeError(LOST.format(*self._described(place)))

    def _described(self, place: Given) -> tuple[str, str, str]:
        data = self.taped.sources[place.number].data
        return self.taped.names[place.number], str(data.dtype), str(data.shape)
