"""Use a number, or an array of fewer elements, as it is where it was first repeated over a shape."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tapeless.ir.effects import written
from tapeless.ir.program import Argument, Atom, Const, Let, Program, Var, add_at, iadd, isub, subtract_at
from tapeless.rules.support import as_dtype, divide_or_zero, masked, spread
from tapeless.source.facts import FLOAT, Fact, same_dtype, stretched
from tapeless.source.simplify.helpers import axes_of
from tapeless.source.simplify.known import Known, computed, plain_arguments, rewrite


def narrow_spreads(program: Program, facts: dict[str, Fact]) -> Program:
    """Use a number, or an array of fewer elements, as it is where it was first repeated over a shape.

    c = spread(g, np.shape(x), None, False)        d = g * x
    d = c * x                                 =>   return d
    return d
    """
    known = Known(program, facts)
    narrowing = _Narrowing(known)
    return rewrite(program, narrowing.change)


@dataclass(frozen=True, slots=True)
class _Narrow:
    """A value is this one, in `dtype`, repeated over `shape` (None: over one that has no name).

    It is `args[0]` itself, or what `op` makes of the arguments; `fact` is what is known of it then.
    """

    fact: Fact
    dtype: np.dtype[Any]
    shape: Atom | None
    op: Callable[..., Any] | None
    args: tuple[Atom | _Narrow, ...]

    def depth(self) -> int:
        return 1 + max([arg.depth() for arg in self.args if isinstance(arg, _Narrow)], default=0)

    def fits(self, dtype: np.dtype[Any]) -> bool:
        """Whether it comes to the same in `dtype`: a Python number is rounded once, not twice."""
        return self.fact.weak is False or self.dtype in (FLOAT, dtype)


class _Narrowing:
    def __init__(self, known: Known) -> None:
        self.known = known
        self.narrow: dict[str, _Narrow] = {}

    def change(self, statement: Let) -> Sequence[Let] | None:
        args = plain_arguments(statement)
        if args is None:
            return None
        if statement.effect:
            return self._write(statement, args)
        if len(statement.targets) != 1:
            return None
        made = self._made(statement, args)
        if made is not None:
            if self.known.is_steady(Var(statement.targets[0])):
                self.narrow[statement.targets[0]] = made
            return self._filled(statement, made)
        return self._used(statement, args) if id(statement.op) in _ELEMENTWISE else None

    # Where a value is repeated ------------------------------------------------------------------------

    def _made(self, statement: Let, args: tuple[Atom, ...]) -> _Narrow | None:
        match statement.op, args:
            case op, (x, shape, axis, keepdims) if op is spread:
                return self._spread(x, shape, axis, keepdims)
            case op, (x, shape) if op is np.broadcast_to:
                return self._whole(x, shape)
            case op, (shape, x) if op is np.full:
                return self._whole(x, shape)
            case op, (_,) if op is np.ones_like:
                return self._filled_like(statement, Const(1.0))
            case op, (_, x) if op is np.full_like:
                return self._filled_like(statement, x)
            case op, (x, dtype) if op is as_dtype:
                return self._cast(x, self.known.dtype(dtype), dtype)
            case op, (x, *_) if id(op) in _MOVES:
                found = self._narrow(x)
                return found if found is not None and found.fact.dims == () else None
            case _:
                return None

    def _whole(self, x: Atom, shape: Atom) -> _Narrow | None:
        fact = self.known.fact(x)
        is_known = fact.dtype is not None and fact.dims is not None and self.known.is_steady(x)
        return _Narrow(fact, fact.dtype, shape, None, (x,)) if is_known and fact.dtype is not None else None

    def _filled_like(self, statement: Let, x: Atom) -> _Narrow | None:
        """Of a Python number in the dtype of the array that it is like."""
        fact, dtype = self.known.fact(x), self.known.fact(Var(statement.targets[0])).dtype
        is_real = fact.weak is True and fact.dtype == FLOAT and dtype is not None and dtype.kind == "f"
        return _Narrow(fact, dtype, None, None, (x,)) if is_real and dtype is not None else None

    def _spread(self, x: Atom, shape: Atom, axis: Atom, keepdims: Atom) -> _Narrow | None:
        found = self._whole(x, shape)
        if not isinstance(axis, Const) or not isinstance(keepdims, Const):
            return None
        dims = self.known.shape(shape)
        if found is None or dims is None or axis.value is None or keepdims.value is True or dims == ():
            return found
        axes = axes_of(axis, len(dims))
        if axes is None or found.fact.dims is None or len(found.fact.dims) + len(axes) != len(dims):
            return None
        return replace(
            found, fact=self.known.infer(np.expand_dims, x, axis), op=np.expand_dims, args=(x, axis)
        )

    def _cast(self, x: Atom, dtype: np.dtype[Any] | None, atom: Atom) -> _Narrow | None:
        found = self._narrow(x)
        if found is None or dtype is None or dtype.kind != "f" or found.dtype.kind != "f":
            return None
        if found.fact.weak is None:
            return None
        if found.fact.weak:
            return replace(found, dtype=dtype) if found.fits(dtype) else None
        fact = replace(found.fact, dtype=dtype)
        return _Narrow(fact, dtype, found.shape, as_dtype, (found, atom))

    def _filled(self, statement: Let, made: _Narrow) -> Sequence[Let] | None:
        """Of a number that is known, an array of its own is made plainly."""
        x, shape = made.args[0], made.shape
        if statement.op is not spread or made.op is not None or shape is None:
            return None
        is_float = isinstance(x, Const) and type(x.value) is float
        return computed(statement, np.full, shape, x) if is_float and isinstance(x, Const) else None

    # Where it is used ---------------------------------------------------------------------------------

    def _narrow(self, atom: Argument) -> _Narrow | None:
        return self.narrow.get(atom.name) if isinstance(atom, Var) else None

    def _used(self, statement: Let, args: tuple[Atom, ...]) -> Sequence[Let] | None:
        found = [self._narrow(arg) for arg in args]
        result = self.known.fact(Var(statement.targets[0]))
        if not any(found) or result.dtype is None or result.dims is None:
            return None
        if not all([narrow is None or narrow.fits(result.dtype) for narrow in found]):
            return None
        mixed = [arg if narrow is None else narrow for arg, narrow in zip(args, found, strict=True)]
        facts = [self.known.fact(m) if not isinstance(m, _Narrow) else m.fact for m in mixed]
        fact = self.known.infer_from(statement.op, facts)
        if not same_dtype(fact.dtype, result.dtype):
            return None
        others = [known for known, narrow in zip(facts, found, strict=True) if narrow is None]
        if any([other.dims and stretched(other, result) == () for other in others]):
            return self._with_narrow(statement, mixed)
        if all([other.dims == () for other in others]) and id(statement.op) in _EXACT:
            return self._sink(statement, mixed, fact, next(filter(None, found)))
        return None

    def _sink(
        self, statement: Let, mixed: list[Atom | _Narrow], fact: Fact, model: _Narrow
    ) -> Sequence[Let] | None:
        """What is computed of repeated values alone is itself one."""
        target = Var(statement.targets[0])
        result = self.known.fact(target)
        assert result.dtype is not None
        made = _computed(_Narrow(fact, result.dtype, model.shape, statement.op, tuple(mixed)))
        steady = [self.known.is_steady(m) for m in mixed if not isinstance(m, _Narrow)]
        raises = (
            made.op in (operator.truediv, np.true_divide) and made.fact.weak is not False
        )  # 1.0 / 0.0, as arrays do not
        is_useful = made.fits(result.dtype) and made.depth() < DEEPEST and not raises
        if not is_useful or not all(steady) or not self.known.is_steady(target):
            return None
        self.narrow[target.name] = made
        (x, *rest), shape = made.args, made.shape
        if rest or shape is None or not isinstance(x, Const) or made.op is not None or made.dtype != FLOAT:
            return None
        return computed(statement, np.full, shape, x) if self.known.shape(shape) == result.dims else None

    def _write(self, statement: Let, args: tuple[Atom, ...]) -> Sequence[Let] | None:
        """Arrays broadcast what is written into them."""
        narrow = self._narrow(args[-1]) if id(statement.op) in _WRITES else None
        name = written(statement)
        if narrow is None or name is None:
            return None
        target = self.known.fact(Var(name))
        if target.kind != "array" or target.dtype is None or target.dtype.kind not in "fc":
            return None
        if narrow.fact.weak is not False and narrow.dtype != target.dtype:
            return None
        return self._with_narrow(statement, [*args[:-1], narrow])

    def _with_narrow(self, statement: Let, mixed: Sequence[Atom | _Narrow]) -> Sequence[Let]:
        lets: list[Let] = []
        args = tuple([self._atom(part, lets, statement.line) for part in mixed])
        return (*lets, replace(statement, args=args))

    def _atom(self, part: Atom | _Narrow, lets: list[Let], line: int) -> Atom:
        if not isinstance(part, _Narrow):
            return part
        args = [self._atom(arg, lets, line) for arg in part.args]
        if part.op is None:
            return args[0]
        lets.append(self.known.let("g", part.op, *args, line=line))
        return Var(lets[-1].targets[0])


def _computed(narrow: _Narrow) -> _Narrow:
    """Of numbers that are known, the result is known."""
    numbers = [_number(arg) for arg in narrow.args]
    if narrow.op is None or None in numbers or narrow.dtype != FLOAT:
        return narrow
    with np.errstate(all="ignore"):
        value = float(narrow.op(*[np.float64(number) for number in numbers if number is not None]))
    return replace(narrow, op=None, args=(Const(value),)) if math.isfinite(value) else narrow


def _number(arg: Atom | _Narrow) -> float | None:
    if isinstance(arg, _Narrow):
        return _number(arg.args[0]) if arg.op is None else None
    return arg.value if isinstance(arg, Const) and type(arg.value) in (int, float) else None


DEEPEST = 8
# Rounded exactly, so that a number gives what an array of it gives.
_EXACT = frozenset(map(id, (
    operator.add, operator.sub, operator.mul, operator.truediv, operator.neg,
    np.add, np.subtract, np.multiply, np.true_divide, np.negative,
)))  # fmt: skip
_ELEMENTWISE = _EXACT | frozenset(map(id, (
    masked, np.where, np.maximum, np.minimum, divide_or_zero,
)))  # fmt: skip
# Of a number they make a number repeated over another shape.
_MOVES = frozenset(map(id, (
    np.expand_dims, np.reshape, np.ravel, np.squeeze, np.transpose, np.swapaxes, np.moveaxis, np.broadcast_to,
)))  # fmt: skip
_WRITES = frozenset(map(id, (iadd, isub, operator.setitem, add_at, subtract_at)))
