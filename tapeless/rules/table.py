"""The table: which function has which derivative rule. Filled on import, read-only in spirit after."""

from __future__ import annotations

import functools
import importlib
import inspect
import math
import operator
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn

import numpy as np

from tapeless.errors import MissingRuleError, RuleError

Kind = Literal["elementwise", "linear", "general", "constant"]
Function = Callable[..., Any]
Call = tuple[tuple[Any, ...], dict[str, Any]]

REQUIRED = inspect.Parameter.empty
# What a ufunc's reduce takes by position, the array by position only; its signature says **kwargs.
REDUCE_ORDER = ("a", "axis", "dtype", "out", "keepdims", "initial", "where")


@dataclass(frozen=True, eq=False)
class Rule:
    """How one function differentiates.

    `params` names the arguments that the rule knows, in the function's order, with their defaults;
    a parameter with a star holds a tuple, those in `lists` (the star among them) several arrays.
    `shaped`: the rule itself gives every cotangent its input's shape.  Through `constants` nothing flows.
    `composites` say what a call with an argument that the rule does not know is in terms of one without.
    `derivative` is what the author wrote; the first `cotangents` of the parameters are those that
    it returns a cotangent (or partial) for.
    """

    function: Function
    kind: Kind
    params: tuple[str, ...]
    defaults: tuple[Any, ...] = ()
    star: str | None = None
    derivative: Function | None = None
    takes_out: bool = False
    pushforward: Function | None = None
    prepare: Callable[..., Call] | None = None
    lists: tuple[str, ...] = ()
    shaped: bool = False
    constants: tuple[str, ...] = ()
    composites: Mapping[str, Function] = field(default_factory=dict[str, Function])

    @property
    def name(self) -> str:
        return getattr(self.function, "__name__", repr(self.function))

    @functools.cached_property
    def _numpy_order(self) -> tuple[str, ...]:
        """The function's own positional parameters: they may hold names that the rule does not know."""
        known = key(self.function)
        if isinstance(known, tuple) and known[1] == "reduce":
            return REDUCE_ORDER
        if isinstance(self.function, np.ufunc):
            return (*self.params, "out")
        try:
            parameters = inspect.signature(self.function).parameters
        except (TypeError, ValueError):  # a C function without one
            return self.params
        positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        names = tuple(p.name for p in parameters.values() if p.kind in positional)
        return names if set(parameters) >= set(self.params) else self.params

    @functools.cached_property
    def _is_in_numpy_order(self) -> bool:
        """Whether `params` is what NumPy takes by position: `out` and others may stand in between."""
        return self._numpy_order[: len(self.params)] == self.params

    @functools.cached_property
    def _ignorable(self) -> dict[str, Any]:
        """The function's own defaults: an argument that equals its default may be left out."""
        try:
            parameters = inspect.signature(self.function).parameters.values()
        except (TypeError, ValueError):
            return {"out": None}
        return {p.name: p.default for p in parameters if p.default is not REQUIRED}

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """The call's arguments in the order of `params`, defaults filled in.

        MissingRuleError names the first argument that the rule does not know.
        """
        if self.prepare is not None:
            args, kwargs = self.prepare(*args, **kwargs)
        if not kwargs and self.star is None and len(args) == len(self.params) and self._is_in_numpy_order:
            return args
        if self.star is not None:
            lead = self.params.index(self.star)
            args, spread = args[:lead], args[lead:]
            given = dict(zip(self.params, args, strict=False)) | {self.star: spread}
        elif len(args) <= len(self._numpy_order):
            given = dict(zip(self._numpy_order, args, strict=False))
        else:
            raise TypeError(
                f"{self.name}() takes at most {len(self._numpy_order)} arguments, got {len(args)}"
            )
        given.update(kwargs)
        known = set(self.params)
        for name in [name for name in given if name not in known]:
            if not _is_default(given.pop(name), self._ignorable.get(name, REQUIRED)):
                self.refuse(name)
        offset = len(self.params) - len(self.defaults)
        bound = []
        for position, name in enumerate(self.params):
            value = given.get(name, self.defaults[position - offset] if position >= offset else REQUIRED)
            if value is REQUIRED:
                raise TypeError(f"{self.name}() is missing its argument {name!r}")
            bound.append(value)
        return tuple(bound)

    def composite(self, kwargs: Mapping[str, Any]) -> Function | None:
        """What such a call is instead: `composite(function, *args, **kwargs)`."""
        return next((made for name, made in self.composites.items() if name in kwargs), None)

    def refuse(self, argument: str) -> NoReturn:
        raise MissingRuleError(f"no derivative rule for np.{self.name} with its argument {argument!r}")

    def call(self, values: tuple[Any, ...]) -> Any:
        """The function itself on bound values."""
        required = len(self.params) - len(self.defaults)
        if self.star is None and required == len(values):
            return self.function(*values)
        positional: list[Any] = []
        for name, value in zip(self.params[:required], values, strict=False):
            positional.extend(value if name == self.star else (value,))
        keywords = {
            name: value
            for name, value, default in zip(
                self.params[required:], values[required:], self.defaults, strict=True
            )
            if not _is_default(value, default)
        }
        return self.function(*positional, **keywords)


def _is_default(value: Any, default: Any) -> bool:
    return value is default or (
        type(value) is type(default) and not isinstance(value, np.ndarray) and value == default
    )


_rules: dict[Any, Rule] = {}

# Python's operators, and what it has for single numbers, are NumPy's functions in another notation.
OPERATORS: dict[Function, Function] = {
    operator.add: np.add,
    operator.sub: np.subtract,
    operator.mul: np.multiply,
    operator.truediv: np.true_divide,
    operator.floordiv: np.floor_divide,
    operator.mod: np.remainder,
    operator.pow: np.power,
    operator.matmul: np.matmul,
    operator.neg: np.negative,
    operator.pos: np.positive,
    operator.abs: np.absolute,
    operator.invert: np.invert,
    operator.and_: np.bitwise_and,
    operator.or_: np.bitwise_or,
    operator.xor: np.bitwise_xor,
    operator.eq: np.equal,
    operator.ne: np.not_equal,
    operator.lt: np.less,
    operator.le: np.less_equal,
    operator.gt: np.greater,
    operator.ge: np.greater_equal,
    abs: np.absolute,
    pow: np.power,
    min: np.minimum,
    max: np.maximum,
    float: np.positive,
    math.asin: np.arcsin,
    math.acos: np.arccos,
    math.atan: np.arctan,
    math.atan2: np.arctan2,
    math.asinh: np.arcsinh,
    math.acosh: np.arccosh,
    math.atanh: np.arctanh,
    math.pow: np.power,
    math.ceil: np.ceil,
    math.copysign: np.copysign,
    math.cos: np.cos,
    math.cosh: np.cosh,
    math.degrees: np.degrees,
    math.exp: np.exp,
    math.expm1: np.expm1,
    math.fabs: np.fabs,
    math.floor: np.floor,
    math.fmod: np.fmod,
    math.hypot: np.hypot,
    math.isfinite: np.isfinite,
    math.isinf: np.isinf,
    math.isnan: np.isnan,
    math.log: np.log,
    math.log10: np.log10,
    math.log1p: np.log1p,
    math.log2: np.log2,
    math.radians: np.radians,
    math.sin: np.sin,
    math.sinh: np.sinh,
    math.sqrt: np.sqrt,
    math.tan: np.tan,
    math.tanh: np.tanh,
    math.trunc: np.trunc,
}
for _name in ("cbrt", "exp2"):  # new in Python 3.11 and later
    if hasattr(math, _name):
        OPERATORS[getattr(math, _name)] = getattr(np, _name)


# Functions, types and modules that are NumPy's own in another guise: what each of them means.
STAND_INS: dict[Any, Any] = {}


def meant(value: Any) -> Any:
    """What a stand-in stands for, where a function's source is read; anything else as it is."""
    try:
        return STAND_INS.get(value, value) if STAND_INS else value
    except TypeError:  # nothing that cannot be hashed stands for another
        return value


def key(function: Any) -> Any:
    """What the table is looked up by; a ufunc's method is made anew on each access, so its name stands in."""
    owner = getattr(function, "__self__", None)
    if isinstance(owner, np.ufunc) or (
        isinstance(function, types.MethodType) and type(owner).__module__.startswith("scipy.stats.")
    ):
        return owner, function.__name__
    return OPERATORS.get(function, function)


def add(rule: Rule) -> None:
    """Put a rule into the table; RuleError if the function has one."""
    if key(rule.function) in _rules:
        raise RuleError(f"{rule.name} has a rule already")
    replace(rule)


def replace(rule: Rule) -> None:
    """Put a rule in the place of the one that its function has."""
    _rules[key(rule.function)] = rule
    _texts.update([text for text in (rule.derivative, rule.pushforward) if text is not None])


_texts: set[Function] = set()


def is_rule(function: Any) -> bool:
    """Whether a function is what an author of a rule wrote."""
    return isinstance(function, types.FunctionType) and function in _texts


def find(function: Any) -> Rule | None:
    """The rule of a function, or None; those of SciPy's functions are read when the first is asked for."""
    try:
        found = _rules.get(key(function))
        if found is None and "scipy" in sys.modules and _met_scipy(function):
            found = _rules.get(key(function))
        if found is None and (plain := on_arrays(function)) is not function:
            return find(plain)
    except TypeError:  # an unhashable callable
        return None
    return found


# SciPy's subpackages whose functions have rows, until these are read: importing tapeless imports no SciPy.
_waiting = {part: f"tapeless.rules.scipy_{part}" for part in ("special", "stats", "linalg", "signal")}


def _met_scipy(function: Any) -> bool:
    """Read the rows of the subpackage that a function is of, if that was not done."""
    part = _part_of_scipy(function) if _waiting else None
    if part not in _waiting:
        return False
    importlib.import_module(_waiting[part])  # other threads wait for its end
    _waiting.pop(part, None)
    return True


def _part_of_scipy(function: Any) -> str | None:
    if isinstance(function, np.ufunc):  # which does not say where it is from
        special = sys.modules.get("scipy.special")
        return "special" if getattr(special, function.__name__, None) is function else None
    owner = getattr(function, "__self__", None)
    made_by = function if owner is None or isinstance(owner, types.ModuleType) else type(owner)
    parts = str(getattr(made_by, "__module__", "")).split(".")
    return parts[1] if parts[0] == "scipy" and len(parts) > 1 else None


def lookup(function: Any) -> Rule:
    """The rule of a function; MissingRuleError if it has none."""
    rule = find(function)
    if rule is None:
        module = getattr(function, "__module__", None) or "numpy"
        name = getattr(function, "__name__", repr(function))
        raise MissingRuleError(f"no derivative rule for {module.replace('numpy', 'np')}.{name}")
    return rule


def rules() -> Iterator[Rule]:
    """Every rule, in the order in which the families are imported."""
    return iter(list(_rules.values()))


def primitive(function: Function) -> Function:
    """A function of arrays that the graph records as one operation, like a NumPy function.

    Give it a rule with `elementwise`, `linear`, `general` or `constant`, unless the function has one: of
    another library's function this is what takes Tensors and Arrays.  On plain arrays it is the function
    itself (`on_arrays`); on anything that speaks NumPy's function protocol it is handed over.

    >>> @primitive
    ... def cube(x):
    ...     return x * x * x
    >>> float(cube(np.float64(2.0)))
    8.0
    """

    @functools.wraps(function)
    def dispatching(*args: Any, **kwargs: Any) -> Any:
        for arg in args:
            if type(arg) is np.ndarray:
                continue
            for item in arg if isinstance(arg, list | tuple) else (arg,):
                if type(item) is not np.ndarray and hasattr(type(item), "__array_function__"):
                    return item.__array_function__(dispatching, (type(item),), args, kwargs)
        return function(*args, **kwargs)

    dispatching.on_arrays = function  # type: ignore[attr-defined]
    return dispatching


def on_arrays(function: Any) -> Any:
    """A primitive without its dispatch; anything else as it is."""
    return getattr(function, "on_arrays", function) if isinstance(function, types.FunctionType) else function
