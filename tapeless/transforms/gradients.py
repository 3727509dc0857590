"""Gradients of functions with one real output: `grad`, `value_and_grad`, `elementwise_grad`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from tapeless.source.cache import PUBLIC, Derived, Form
from tapeless.source.places import say_where
from tapeless.source.store import Values
from tapeless.transforms import continued
from tapeless.transforms.arguments import dtype_of, is_number
from tapeless.transforms.display import Explanation, side_by_side
from tapeless.transforms.outputs import check_dtype, check_scalar, is_surely_scalar
from tapeless.transforms.ownership import chosen, owned
from tapeless.transforms.pairs import Half, Pair
from tapeless.transforms.selection import Argnums
from tapeless.transforms.transform import Mode, Plan, Transform, VariablesMet, calls

T = TypeVar("T", bound=Transform)


class _WithPair(Transform):
    """A gradient that can be looked at as a forward and a backward function."""

    def _pair(self) -> Pair:
        pair = Pair(self.function, self.argnums, has_aux=self.has_aux, mode=self.mode)
        seen_from_class = self._callee.leading and not self._leading
        return pair.__get__(None) if seen_from_class else pair

    @property
    def forward(self) -> Half:
        """`forward(*args)` gives (value, residuals); `forward.source` is its text."""
        return Half(self, self._pair(), False)

    @property
    def backward(self) -> Half:
        """`backward(residuals, cotangent=1.0)` gives the gradients; `backward.source` is its text."""
        return Half(self, self._pair(), True)

    def explain(self, *args: Any, **kwargs: Any) -> Explanation:
        """What was transformed and how, for the latest call, or for arguments of the types given here.

        What is kept for the way back is what `forward` keeps for `backward`.
        """
        found = super().explain(*args, **kwargs)
        kept = self.backward.made().report.residuals
        return replace(found, report=replace(found.report, residuals=kept))

    def _repr_html_(self) -> str | None:
        if not self._log:
            return None
        return side_by_side(repr(self), [self.forward.source, self.backward.source])


class _OfScalar(_WithPair):
    """What gradients and values with gradients have in common: the output is one number."""

    def _derive(self, plan: Plan, values: Values) -> Derived:
        derived = self._derived(plan, values, self.form)
        if is_surely_scalar(derived.output, self.holomorphic):
            return derived
        # Only the value itself can tell, and the message for a wrong one shows its shape.
        if self.form.name == "gradient":
            form = Form("value_and_gradient", self.has_aux)
            derived = self._derived(plan, values, form)
        return replace(derived, unsure=True)

    def _check(self, value: Any) -> None:
        check_scalar(value, self.kind, self._callee.parameters, self.holomorphic)


class Gradient(_OfScalar):
    """`grad(f)`: takes f's arguments and gives the gradient of its result."""

    kind = "grad"
    form_name = "gradient"
    _at_variables = continued.gradient

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        try:  # not by `calls`: this is called the most
            plan, ready, values = self._prepare(args, kwargs)
            derived, aux = ready.derived, None
            if derived.unsure:
                value, gradients = ready.function(*values)
                if self.has_aux:
                    value, aux = value
                self._check(value)
            elif self.has_aux:
                gradients, aux = ready.function(*values)
            elif derived.single:  # no variable may refer to it
                gradients = (ready.function(*values),)
            else:
                gradients = ready.function(*values)
            if derived.single and (derived.unsure or self.has_aux):
                gradients = (gradients,)
            if plan.alone:
                found: Any = owned(gradients[0])
            else:
                several = chosen(gradients, plan.selection)
                found = several[0] if plan.selection.single else several
            return (found, aux) if self.has_aux else found
        except VariablesMet as met:
            return self._at_variables(met.plan, met.values)
        except Exception as error:
            say_where(error)
            raise


class ValueAndGradient(_OfScalar):
    """`value_and_grad(f)`: takes f's arguments and gives (result, gradient)."""

    kind = "value_and_grad"
    form_name = "value_and_gradient"
    _at_variables = continued.value_and_gradient

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        try:  # not by `calls`: this is called the most
            plan, ready, values = self._prepare(args, kwargs)
            value, gradients = ready.function(*values)
            if ready.derived.single:
                gradients = (gradients,)
            if ready.derived.unsure:
                self._check(value[0] if self.has_aux else value)
            if plan.alone:
                return value, owned(gradients[0])
            several = chosen(gradients, plan.selection)
            return value, several[0] if plan.selection.single else several
        except VariablesMet as met:
            return self._at_variables(met.plan, met.values)
        except Exception as error:
            say_where(error)
            raise


class ElementwiseGradient(_WithPair):
    """`elementwise_grad(f)`: takes f's arguments and gives the gradient of the sum of its result."""

    kind = "elementwise_grad"
    form_name = "pair"
    _at_variables = continued.elementwise_gradient

    @calls
    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        plan, ready, values = self._prepare(args, kwargs)
        out, residuals = ready.forward(*values)
        aux = None
        if self.has_aux:
            out, aux = out
        function = self._callee.parameters
        if not is_number(out):
            raise TypeError(
                f"{self.kind} requires an array as output; {function} returned a {type(out).__name__}"
            )
        check_dtype(dtype_of(out), self.kind, function, self.holomorphic)
        ones = np.ones_like(out) if isinstance(out, np.ndarray) else dtype_of(out).type(1)
        single = ready.derived.single  # no variable may refer to a gradient
        given = (ready.backward(residuals, ones),) if single else ready.backward(residuals, ones)
        several = chosen(given, plan.selection)
        found = several[0] if plan.selection.single else several
        return (found, aux) if self.has_aux else found


# The public functions -------------------------------------------------------------------------------------


def grad(
    f: Callable[..., Any] | None = None,
    argnums: Argnums = 0,
    *,
    argnum: Argnums | None = None,
    has_aux: bool = False,
    holomorphic: bool = False,
    mode: Mode = "auto",
) -> Any:
    """The gradient of a function whose result is one real number, as a function of the same arguments.

    The gradient has the argument's structure, shapes and dtypes.  `argnums` says which argument: a number
    (from the end if negative), a parameter's name, or a tuple of these, for a tuple of gradients; `argnum` is
    another word for it.  With `has_aux` the function returns (number, anything), and (gradient, anything)
    comes back.  On complex arguments it is du/dx - i du/dy; `holomorphic=True` gives the derivative of a
    holomorphic function of complex arguments.

    >>> import numpy as np
    >>> def loss(w, x):
    ...     return np.sum(np.tanh(x @ w) ** 2)
    >>> g = grad(loss)
    >>> g(np.zeros(3), np.ones((2, 3))).shape
    (3,)

    It is a decorator too, with and without arguments, of functions and methods; of a method `argnums` counts
    from the argument after `self`.  `g.source` is the generated code, `g.explain()` says how it came about.

    TypeError for results that are no real number of shape (), (1,) or (1, 1), for integer and boolean arrays
    among the differentiated arguments (Python ints are read as floats), and for Tensors, whose gradients are
    `tapeless.autograd.grad`'s.  TransformError for functions that cannot be read.  The conventions are JAX's;
    `argnum` and the acceptance of ints are HIPS autograd's.
    """
    return applied(Gradient, f, argnums, argnum, has_aux, holomorphic, mode)


def value_and_grad(
    f: Callable[..., Any] | None = None,
    argnums: Argnums = 0,
    *,
    argnum: Argnums | None = None,
    has_aux: bool = False,
    holomorphic: bool = False,
    mode: Mode = "auto",
) -> Any:
    """The value of a function together with its gradient: `grad` that gives (value, gradient).

    Both come out of one run of the function.  With `has_aux` it is ((value, aux), gradient), as in JAX.

    >>> import numpy as np
    >>> value, gradient = value_and_grad(lambda x: np.sum(x * x))(np.array([1.0, 2.0]))
    >>> float(value), gradient
    (5.0, array([2., 4.]))

    Arguments, decorating and errors are those of `grad`.
    """
    return applied(ValueAndGradient, f, argnums, argnum, has_aux, holomorphic, mode)


def elementwise_grad(
    f: Callable[..., Any] | None = None,
    argnums: Argnums = 0,
    *,
    argnum: Argnums | None = None,
    has_aux: bool = False,
    holomorphic: bool = False,
    mode: Mode = "auto",
) -> Any:
    """The gradient of the sum of a function's result: for functions of each element alone, their derivative.

    >>> import numpy as np
    >>> elementwise_grad(np.sin)(np.array([0.0, np.pi]))
    array([ 1., -1.])

    Where elements of the result depend on several of the argument, the derivatives add up; `jacobian` gives
    them one by one.  As HIPS autograd's function of this name.  TypeError for results that are no array or
    number; arguments and other errors are those of `grad`.
    """
    return applied(ElementwiseGradient, f, argnums, argnum, has_aux, holomorphic, mode)


def applied(
    kind: type[T],
    f: Any,
    argnums: Argnums,
    argnum: Argnums | None,
    has_aux: bool,
    holomorphic: bool,
    mode: Mode,
) -> T | Callable[[Any], T]:
    """A transform of `f`, or the decorator that makes one."""
    if argnum is not None:
        if argnums != 0:
            raise TypeError(f"{kind.kind}: argnum is another word for argnums; give one of them")
        argnums = argnum

    def decorate(f: Any) -> T:
        return kind(f, argnums, has_aux=has_aux, holomorphic=holomorphic, mode=mode)

    return decorate if f is None else decorate(f)


PUBLIC.update({grad: "grad", value_and_grad: "value_and_grad", elementwise_grad: "elementwise_grad"})
