"""What a user's callable is: a function, the arguments it brings along, and its parameters.

obj.method                 method,  (obj,)
partial(f, 2.0, n=3)       f,       (2.0,), {"n": 3}
an object with __call__    type(obj).__call__,  (obj,)
"""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tapeless.graph.variable import Variable
from tapeless.source.cache import Guard, Transformed
from tapeless.source.captured import Lifted
from tapeless.source.own import own_rules_of
from tapeless.source.wrappers import sets_errstate, unwrapped

CALL = "__call__"  # wanted as the plain function that a class defines, not to see whether it does

_REQUIRED: Any = object()


@dataclass(frozen=True)
class Parameters:
    """A function's parameters, in order: by position, `*star`, by keyword only, `**stars`."""

    function: str  # its name, for messages
    positional: tuple[str, ...]
    only_positional: int = 0
    star: str | None = None
    keyword: tuple[str, ...] = ()
    stars: str | None = None
    defaults: Mapping[str, Any] = field(default_factory=dict)

    @functools.cached_property
    def names(self) -> tuple[str, ...]:
        """All of them."""
        star = () if self.star is None else (self.star,)
        return (*self.positional, *star, *self.keyword, *(() if self.stars is None else (self.stars,)))

    @functools.cached_property
    def is_plain(self) -> bool:
        """Whether as many positional arguments as there are parameters are its values as they stand."""
        return len(self.names) == len(self.positional)

    def bind(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[Any, ...]:
        """The value of each parameter, defaults filled in; TypeError where the call itself would raise it."""
        values, used = list(args), 0
        if not self.only_positional and self.is_plain:
            for name in self.positional[len(args) :]:
                if name in kwargs:
                    values.append(kwargs[name])
                    used += 1
                elif name in self.defaults:
                    values.append(self.defaults[name])
        # All found, nothing left over: else it is looked at more closely.
        if used == len(kwargs) and len(values) == len(self.names) and self.is_plain:
            return tuple(values)
        return self._bind(args, kwargs)

    def _bind(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[Any, ...]:
        count = len(self.positional)
        if len(args) > count and self.star is None:
            given = f"{len(args)} {'was' if len(args) == 1 else 'were'} given"
            plural = "" if count == 1 else "s"
            raise TypeError(f"{self.function}() takes {count} positional argument{plural} but {given}")
        left = dict(kwargs)
        for name in self.positional[self.only_positional : len(args)]:
            if name in left:
                raise TypeError(f"{self.function}() got multiple values for argument {name!r}")
        values = list(args[:count])
        missing: list[str] = []
        for position in range(len(values), count):
            self._take(self.positional[position], left, values, missing, position >= self.only_positional)
        if self.star is not None:
            values.append(tuple(args[count:]))
        for name in self.keyword:
            self._take(name, left, values, missing)
        if missing:
            raise TypeError(f"{self.function}() is missing its argument {missing[0]!r}")
        if self.stars is not None:
            values.append(left)
        elif left:
            raise TypeError(f"{self.function}() got an unexpected keyword argument {next(iter(left))!r}")
        return tuple(values)

    def _take(
        self, name: str, left: dict[str, Any], values: list[Any], missing: list[str], by_name: bool = True
    ) -> None:
        value = left.pop(name, _REQUIRED) if by_name else _REQUIRED
        if value is _REQUIRED:
            value = self.defaults.get(name, _REQUIRED)
        if value is _REQUIRED:
            missing.append(name)
        values.append(value)

    def __str__(self) -> str:
        star = ("*",) if self.keyword and self.star is None else ()
        star = star if self.star is None else (f"*{self.star}",)
        stars = () if self.stars is None else (f"**{self.stars}",)
        return f"{self.function}({', '.join([*self.positional, *star, *self.keyword, *stars])})"


@dataclass(frozen=True)
class Callee:
    """A callable taken apart: `function(*leading, *args, **keywords, **kwargs)` is what it does."""

    function: Any
    parameters: Parameters
    leading: tuple[Any, ...] = ()
    keywords: Mapping[str, Any] = field(default_factory=dict)


class Rewritten:
    """A callable that has a text for each kind of arguments: `for_values` gives what is read for some."""

    @property
    def parameters(self) -> Parameters:
        raise NotImplementedError

    def for_values(self, values: tuple[Any, ...]) -> tuple[Callable[..., Any], tuple[Guard, ...]]:
        raise NotImplementedError


def take_apart(f: Any, transform: str) -> Callee:
    """The function behind a callable; TypeError, in the name of `transform`, for what is none."""
    leading: tuple[Any, ...] = ()
    keywords: Mapping[str, Any] = {}
    refuse_tensors(f, transform)
    while True:
        if isinstance(f, Rewritten | Lifted):
            break
        if isinstance(f, Transformed):
            inner: Any = f
            f, more = inner.canonical()
            leading, keywords = (*more.leading, *leading), {**more.keywords, **keywords}
            break
        seen, _ = unwrapped(f)
        if sets_errstate(f):
            break  # what it silences is read with it
        if seen is not f:
            f = seen
        elif isinstance(f, functools.partial):
            leading, keywords, f = (*f.args, *leading), {**f.keywords, **keywords}, f.func
        elif isinstance(f, types.MethodType):
            leading, f = (f.__self__, *leading), f.__func__
        elif isinstance(f, types.FunctionType | types.BuiltinFunctionType | np.ufunc | type):
            break
        elif isinstance(call := getattr(type(f), CALL, None), types.FunctionType):
            leading, f = (f, *leading), call
        elif callable(f):
            break
        else:
            raise TypeError(f"{transform} differentiates functions, got {f!r} of type {type(f).__name__}")
    return Callee(f, parameters_of(f), leading, keywords)


def refuse_tensors(f: Any, transform: str) -> None:
    """PyTorch's grad takes tensors, ours a function: whoever mixes them up is told where the other is."""
    several = f if isinstance(f, list | tuple) else (f,)
    if several and all([isinstance(one, Variable) for one in several]):
        raise TypeError(
            f"tapeless.{transform} differentiates functions: {transform}(f)(x). For the gradient of a tensor "
            "that was computed from others use tapeless.autograd.grad(outputs, inputs)."
        )


def parameters_of(function: Any) -> Parameters:
    """The parameters of a function that `take_apart` gave."""
    if isinstance(function, Transformed | Rewritten):
        transformed: Any = function
        return transformed.parameters
    plain, _ = unwrapped(function)
    own = own_rules_of(plain)
    if own is not None:
        return replace(parameters_of(own[0].function), function=own[0].name)
    if isinstance(plain, types.FunctionType):
        return _of_code(plain)
    if isinstance(function, np.ufunc):
        names = ("x",) if function.nin == 1 else tuple([f"x{i + 1}" for i in range(function.nin)])
        return Parameters(function.__name__, names, len(names))
    return _of_signature(function)


def _of_code(function: types.FunctionType) -> Parameters:
    """From the code object: a lambda in a loop is looked at each time, and `inspect` takes longer."""
    code = function.__code__
    count, last = code.co_argcount, code.co_argcount + code.co_kwonlyargcount
    names = code.co_varnames
    extra = list(names[last : last + 2])
    star = extra.pop(0) if code.co_flags & inspect.CO_VARARGS else None
    stars = extra.pop(0) if code.co_flags & inspect.CO_VARKEYWORDS else None
    given = function.__defaults__ or ()
    defaults = dict(zip(names[count - len(given) : count], given, strict=True))
    defaults.update(function.__kwdefaults__ or {})
    positional, only = names[:count], code.co_posonlyargcount
    return Parameters(function.__name__, positional, only, star, names[count:last], stars, defaults)


def _of_signature(function: Callable[..., Any]) -> Parameters:
    name = getattr(function, "__name__", repr(function))
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # a function in C that does not say
        return Parameters(name, (), star="args")
    by_kind: dict[Any, list[str]] = {}
    for one in found:
        by_kind.setdefault(one.kind, []).append(one.name)
    kind = inspect.Parameter
    only = by_kind.get(kind.POSITIONAL_ONLY, [])
    return Parameters(
        name,
        positional=(*only, *by_kind.get(kind.POSITIONAL_OR_KEYWORD, [])),
        only_positional=len(only),
        star=next(iter(by_kind.get(kind.VAR_POSITIONAL, [])), None),
        keyword=tuple(by_kind.get(kind.KEYWORD_ONLY, [])),
        stars=next(iter(by_kind.get(kind.VAR_KEYWORD, [])), None),
        defaults={one.name: one.default for one in found if one.default is not kind.empty},
    )


def anchor_of(function: Any) -> Any:
    """The function at the bottom of transforms of transforms: its globals and cells are what is read."""
    while isinstance(function, Transformed):
        function = function.function
    return function
