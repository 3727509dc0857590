"""What all derivatives that can be called have in common: how a call finds its code, and what it tells.

A call takes the short way where it can: as many positional arguments as there are parameters are the values
as they stand; their dtypes and shapes lead to the generated function.  All else happens once for each kind of
arguments.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, get_args

from tapeless import _tree
from tapeless.errors import NotSpecialisedError, TransformError
from tapeless.graph.variable import Variable
from tapeless.rules import table
from tapeless.source.cache import Derived, Form, FormName, Transformed
from tapeless.source.places import say_where
from tapeless.source.store import Ready, Store, Values, shared_store
from tapeless.transforms import engine, regions, taped
from tapeless.transforms.arguments import admit, check_apart, stand_ins, stood_in
from tapeless.transforms.callee import Callee, Parameters, anchor_of, parameters_of, take_apart
from tapeless.transforms.display import Explanation, explanation, side_by_side
from tapeless.transforms.selection import Argnums, Selection, depends_on_call, select

REGISTERED = regions  # importing it fills a table

# Which road: the source alone, the graph alone, or the source where it can be read.
Mode = Literal["auto", "source", "tape"]
MODES = get_args(Mode)


class VariablesMet(Exception):  # noqa: N818  (no error)
    """Tensors or Arrays are among the values: the call goes on in `_at_variables`."""

    def __init__(self, plan: Plan, values: Values) -> None:
        super().__init__()
        self.plan = plan
        self.values = values


def calls(call: Callable[..., Any]) -> Callable[..., Any]:
    """What the `__call__` of a derivative does besides: exceptions say where, Variables are followed."""

    @functools.wraps(call)
    def run(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        try:
            return call(self, *args, **kwargs)
        except VariablesMet as met:
            return self._at_variables(met.plan, met.values)
        except Exception as error:
            say_where(error)
            raise

    return run


@dataclass(frozen=True, slots=True)
class Plan:
    """What `argnums` means for a call, and the derivatives made for that."""

    selection: Selection
    wrt: tuple[int, ...]
    store: Store
    alone: bool  # one whole parameter is asked for, and no tuple of one


def _moved(argnums: Argnums, lead: int) -> Argnums:
    """The same arguments of a function that has `lead` more parameters in front."""
    if isinstance(argnums, tuple):
        return tuple([one if isinstance(one, str) or one < 0 else one + lead for one in argnums])
    return argnums if isinstance(argnums, str) or argnums < 0 else argnums + lead


class Transform(Transformed):
    """The derivative of a function, as an object that is called like the function.

    `source` is the generated text, `explain()` says how it came about.  Both are those of the latest call:
    a derivative is made for the types of its arguments, and again for others.
    """

    kind: ClassVar[str]  # type: ignore[misc]
    form_name: ClassVar[FormName]
    _at_variables: ClassVar[Callable[..., Any]]  # (plan, values): the same at Tensors and Arrays, recorded

    def __init__(
        self,
        function: Any,
        argnums: Argnums = 0,
        *,
        has_aux: bool = False,
        holomorphic: bool = False,
        mode: Mode = "auto",
    ) -> None:
        if mode not in MODES:
            raise ValueError(f"mode={mode!r} is none of {', '.join(map(repr, MODES))}")
        self.function = function
        self.mode: Mode = mode
        self.argnums = tuple(argnums) if isinstance(argnums, list) else argnums
        self.has_aux = has_aux
        self.holomorphic = holomorphic
        self.form = Form(self.form_name, has_aux)
        self._callee = take_apart(function, self.kind)
        self._leading = self._callee.leading
        self._method: Any = None  # this as a method, made when it is first bound to an object
        self._log: list[Derived] = []  # what the latest call ran; the methods bound to objects share it
        for name in functools.WRAPPER_ASSIGNMENTS:
            if (value := getattr(function, name, None)) is not None:
                setattr(self, name, value)
        self.__wrapped__ = function
        self._begin()

    def _begin(self) -> None:
        """Look at the function as it is now; again if its code was replaced, as reloading does."""
        inner = self._callee.function
        if isinstance(inner, Transform):
            inner._begin()
        callee = self._callee = replace(self._callee, parameters=parameters_of(inner))
        self._anchor = anchor_of(callee.function)
        self._code = getattr(self._anchor, "__code__", None)
        outer, _, _ = getattr(self.function, "__qualname__", "").rpartition(".")
        self._in_class = bool(outer) and not outer.endswith("<locals>") and not callee.leading
        simple = callee.parameters.is_plain and not callee.keywords
        self._arity = len(callee.parameters.names) if simple else -1
        self._plans: dict[int, Plan] = {}
        self._plan = None if depends_on_call(self.argnums, callee) else self._planned(0)

    def _planned(self, given: int) -> Plan:
        selection = select(self.argnums, self._callee, given)
        # What has a row is not read: another function of the same code, as all primitives are, has another.
        has_row = table.find(self._anchor) is not None or table.meant(self._anchor) is not self._anchor
        owner = self._anchor if has_row else self._code or self._anchor
        store = shared_store(owner, (*self._key(), selection))
        alone = selection.single and selection.selected[0].key is None
        return Plan(selection, selection.wrt, store, alone)

    def _key(self) -> tuple[Hashable, ...]:
        """What tells the derivatives of one function apart: those of one form are shared."""
        inner = self._callee.function
        below = (type(inner), inner.argnums, inner._key()) if isinstance(inner, Transform) else ()
        return (self.form, self.holomorphic, self.mode, below)

    @property
    def parameters(self) -> Parameters:
        """The parameters that a call binds its arguments to."""
        return self._callee.parameters

    def canonical(self) -> tuple[Transform, Callee]:
        """The same derivative of the plain function behind a method or partial; and what comes along."""
        callee = self._callee
        if callee.function is self.function and not callee.leading:
            return self, callee
        argnums = _moved(self.argnums, len(callee.leading))
        return type(self)(callee.function, argnums, **self._flags()), replace(callee, leading=self._leading)

    def _flags(self) -> dict[str, Any]:
        return {"has_aux": self.has_aux, "holomorphic": self.holomorphic, "mode": self.mode}

    def _behind(self, lead: int) -> Transform:
        """The same derivative of a function that has `lead` more parameters in front."""
        function = self._callee.function
        if isinstance(function, Transform):
            function = function._behind(lead)
        return type(self)(function, _moved(self.argnums, lead), **self._flags())

    # Calls -------------------------------------------------------------------------------------------------

    def _prepare(self, args: Values, kwargs: Mapping[str, Any]) -> tuple[Plan, Ready, Values]:
        """The derivative that fits the arguments, and the values it is called with."""
        if getattr(self._anchor, "__code__", None) is not self._code:
            self._begin()
        if self._in_class and self._has_class_first(args):
            return self.__get__(None)._prepare(args, kwargs)
        values = (*self._leading, *args) if self._leading else args
        if kwargs or len(values) != self._arity:
            values = self._bind(values, kwargs)
        plan = self._plan
        if plan is None:
            plan = self._plans.get(len(args)) or self._plans.setdefault(len(args), self._planned(len(args)))
        found = plan.store.find(self._anchor, values)
        ready, values = self._make(plan, values) if found is None else found
        derived = ready.derived
        self._log[:] = (derived,)
        if derived.written:
            check_apart(values, derived.written, self._callee.parameters)
        return plan, ready, values

    def _bind(self, args: Values, kwargs: Mapping[str, Any]) -> Values:
        callee = self._callee
        return callee.parameters.bind(args, {**callee.keywords, **kwargs} if callee.keywords else kwargs)

    def _make(self, plan: Plan, values: Values) -> tuple[Ready, Values]:
        if any([isinstance(leaf, Variable) for leaf in _tree.flatten(values)[0]]):
            raise VariablesMet(plan, values)
        parameters = self._callee.parameters
        return plan.store.make(
            self._anchor,
            values,
            lambda values: admit(values, plan.selection, parameters, self.kind, self._wants_complex),
            lambda values: replace(self._derive(plan, values), like=stand_ins(values)),
        )

    @property
    def _wants_complex(self) -> bool:
        return self.holomorphic

    def _derive(self, plan: Plan, values: Values) -> Derived:
        return self._derived(plan, values, self.form)

    def _derived(self, plan: Plan, values: Values, form: Form) -> Derived:
        """By reading the source; by recording what runs if that is asked for, or nothing can be read."""
        callee, reason = self._callee, None
        if self.mode != "tape":
            try:
                form = replace(form, records=self.mode == "auto")
                return engine.derive(callee.function, callee.parameters.names, values, plan.wrt, form)
            except TransformError as error:
                if self.mode == "source":
                    raise
                reason = error.with_traceback(None)
        return taped.derive(callee.function, callee.parameters, plan.wrt, form, reason)

    # Methods -----------------------------------------------------------------------------------------------

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """As a method: `self` is an argument that comes along, and `argnums` counts from the one after it."""
        function: Any = self.function
        if isinstance(function, classmethod):
            instance, function = owner, function.__func__
        method = self._method
        if method is None or method._code is not getattr(self._anchor, "__code__", None):
            if not isinstance(function, types.FunctionType | Transformed):
                return self  # as with other callables that are no functions
            method = self._method = self._as_method()
        bound = object.__new__(type(self))
        own = method.__dict__.copy()
        if instance is None:
            own["_leading"] = ()
        else:
            own["_leading"] = (instance,)
            own["function"] = types.MethodType(function, instance)  # type: ignore[arg-type]
        bound.__dict__ = own
        return bound

    def _as_method(self) -> Any:
        method = object.__new__(type(self))
        method.__dict__.update(self.__dict__)
        function = self._callee.function
        if isinstance(function, Transform):
            function = function._behind(1)
        # None is in the place of what `_leading` will be.
        method._callee = replace(self._callee, function=function, leading=(None,))
        method._begin()
        return method

    def _has_class_first(self, args: Values) -> bool:
        """Whether this is called as a class method, with the class as an argument: from Python 3.13 on."""
        plan = self._plan
        return bool(args) and isinstance(args[0], type) and plan is not None and 0 in plan.wrt

    # What it tells -----------------------------------------------------------------------------------------

    def specialise(self, *args: Any, **kwargs: Any) -> Any:
        """Make the derivative for arguments of these types without running it; gives back `self`."""
        self._prepare(args, kwargs)
        return self

    def specialise_for(self, values: Values) -> None:
        """The same for bound values, one for each parameter."""
        plan = self._plan or self._planned(self._given(values))
        found = plan.store.find(self._anchor, values) or self._make(plan, values)
        self._log[:] = (found[0].derived,)

    def _given(self, values: Values) -> int:
        """How many positional arguments bound values came from, without those that come along."""
        count = len(self._callee.parameters.positional)
        return count - len(self._callee.leading) + len(values[count])

    def made(self) -> Derived:
        """The derivative of the latest call; made for the defaults alone if there was no call."""
        if not self._log:
            try:
                self._prepare((), {})
            except TypeError as error:
                name = self._callee.parameters
                raise NotSpecialisedError(
                    f"{self.kind} of {name} has no source yet: it is made for the types of the arguments. "
                    "Call it first, or use g.specialise(*args)."
                ) from error
        return self._log[0]

    @property
    def source(self) -> str:
        """The generated text that the latest call ran; NotSpecialisedError if there was none."""
        return "\n\n".join([text.strip("\n") + "\n" for text in self.made().sources.values()])

    def explain(self, *args: Any, **kwargs: Any) -> Explanation:
        """What was transformed and how, for the latest call, or for arguments of the types given here."""
        if args or kwargs:
            self._prepare(args, kwargs)
        made = self.made()
        plan = self._plan or next(iter(self._plans.values()))
        return explanation(self.kind, self._anchor, self._callee.parameters.names, plan.selection, made)

    def _repr_html_(self) -> str | None:
        """Notebooks show forward and backward side by side, once there is a source."""
        return side_by_side(repr(self), list(self._log[0].sources.values())) if self._log else None

    def __reduce__(self) -> Any:
        """Pickled and copied as what it is made from: derivatives are made anew."""
        return functools.partial(type(self), self.function, self.argnums, **self._flags()), ()

    def __repr__(self) -> str:
        several = self.argnums if isinstance(self.argnums, tuple) else (self.argnums,)
        try:
            names = [one.name for one in select(self.argnums, self._callee).selected]
        except ValueError:  # from the end of *args
            names = [str(one) for one in several]
        return f"<{self.kind} of {self._callee.parameters} by {', '.join(names)}>"


def values_like(derived: Derived) -> Values:
    """Values of the signature that a derivative was made for; NotSpecialisedError if an object died since."""
    values = stood_in(derived.like)
    if values is None:
        raise NotSpecialisedError("an object that the derivative was made for is no more: call it again")
    return values
