"""Products with the Jacobian from either side, and with the Hessian: `vjp`, `jvp`, `linearize`, `hvp`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tapeless import _tree
from tapeless.graph.variable import Variable
from tapeless.source.cache import PUBLIC, Derived
from tapeless.source.places import says_where
from tapeless.source.store import Ready, Values
from tapeless.transforms import continued
from tapeless.transforms.gradients import Gradient
from tapeless.transforms.matching import conform, whole_tangents, zeros_like
from tapeless.transforms.ownership import copies, kept, owned
from tapeless.transforms.pairs import Pair, Pullback
from tapeless.transforms.selection import Selected, Selection
from tapeless.transforms.transform import Mode, Transform, VariablesMet, calls


class Tangent(Transform):
    """A function with its directional derivative: (*args) and a tangent for each selected argument."""

    kind = "jvp"
    form_name = "tangent"

    @says_where
    def __call__(self, args: Sequence[Any], tangents: Sequence[Any], /, **kwargs: Any) -> Any:
        try:
            plan, ready, values = self._prepare(tuple(args), kwargs)
        except VariablesMet as met:
            return continued.tangent(self, met.plan, met.values, tangents)
        if any([isinstance(leaf, Variable) for leaf in _tree.flatten(list(tangents))[0]]):
            return continued.tangent(self, plan, values, tangents)
        return self.push(plan.selection, ready, values, tangents)

    def push(self, selection: Selection, ready: Ready, values: Values, tangents: Sequence[Any]) -> Any:
        """(value, tangent), or (value, tangent, aux), for arguments that are bound already."""
        given = fitted(selection, values, tangents)
        found = ready.function(*values, *whole_tangents(selection, values, given))
        # Not taken apart into variables: a second name for the tangent would make `owned` copy it.
        if self.has_aux:
            out, aux = found[0]
            return out, owned(found[1]), aux
        return found[0], owned(found[1])


def fitted(selection: Selection, values: Values, tangents: Sequence[Any]) -> dict[Selected, Any]:
    """The tangent of each selected argument; TypeError or ValueError for what does not fit."""
    selected = selection.selected
    if len(tangents) != len(selected):
        raise TypeError(f"this linear map takes {len(selected)} tangents, got {len(tangents)}")
    return {
        one: conform(one.of(values), tangent, f"the tangent of {one.name}")
        for one, tangent in zip(selected, tangents, strict=True)
    }


def vjp(f: Callable[..., Any], *primals: Any, has_aux: bool = False, mode: Mode = "auto") -> Any:
    """The value of `f(*primals)` and the map from a cotangent of the value to gradients: (out, pullback).

    `pullback(cotangent)` gives a tuple with a gradient for each of the primals; it may be called many times.
    The cotangent has the structure, shapes and dtypes of the value.  With `has_aux` the function returns
    (what is differentiated, aux), and (out, pullback, aux) comes back.  `pullback.source` is its text.

    >>> import numpy as np
    >>> out, pullback = vjp(lambda x, y: x * y, np.array([1.0, 2.0]), 3.0)
    >>> dx, dy = pullback(np.array([1.0, 10.0]))
    >>> dx, float(dy)
    (array([ 3., 30.]), 21.0)

    What the way back needs is kept apart from the caller's arrays: writing into those later changes nothing.
    ValueError or TypeError for a cotangent that does not fit; TypeError for arguments as in `grad`, and for
    values without floats.  As JAX's.
    """
    return Pair(f, tuple(range(len(primals))), has_aux=has_aux, mode=mode)(*primals)


def jvp(
    f: Callable[..., Any],
    primals: Sequence[Any],
    tangents: Sequence[Any],
    *,
    has_aux: bool = False,
    mode: Mode = "auto",
) -> Any:
    """The value of `f(*primals)` and its derivative along `tangents`: (out, tangent of out).

    There is a tangent for each primal, in its structure, shapes and dtypes.  With `has_aux` the function
    returns (what is differentiated, aux), and (out, tangent, aux) comes back.

    >>> import numpy as np
    >>> out, t = jvp(lambda x, y: x * np.sin(y), (2.0, 0.0), (1.0, 10.0))
    >>> float(out), float(t)
    (0.0, 20.0)

    TypeError if primals or tangents are no tuples or lists, or are not equally many; ValueError or TypeError
    for tangents that do not fit; for arguments as in `grad`.  As JAX's.
    """
    check_sequences("jvp", primals, tangents)
    return Tangent(f, tuple(range(len(primals))), has_aux=has_aux, mode=mode)(primals, tangents)


def check_sequences(transform: str, primals: Any, tangents: Any) -> None:
    """TypeError if primals and tangents are not two sequences of equal length."""
    if not (isinstance(primals, tuple | list) and isinstance(tangents, tuple | list)):
        raise TypeError(
            f"{transform} takes primals and tangents as tuples: {transform}(f, (x,), (t,)), got "
            f"{type(primals).__name__} and {type(tangents).__name__}"
        )
    if len(primals) != len(tangents):
        raise TypeError(f"{transform} got {len(primals)} primals but {len(tangents)} tangents")


class Pushforward:
    """What the function computes at one point, and the linear map of tangents there.

    Where the two cannot be taken apart the function runs again for each tangent, on the arguments as they
    were; `out` is None before.
    """

    __slots__ = ("_has_aux", "_ready", "_values", "aux", "out", "residuals")

    def __init__(self, ready: Ready, values: Values, has_aux: bool = False) -> None:
        self.out, self.aux, self.residuals = None, None, None
        self._has_aux = has_aux
        self._ready = ready
        self._values: Values = values if ready.function is not None else ()
        if ready.function is None:
            self.out, self.residuals = ready.forward(*values)
            if has_aux:
                self.out, self.aux = self.out

    def __call__(self, *tangents: Any) -> Any:
        """The tangent of the output."""
        if self._ready.function is None:
            return self._ready.backward(self.residuals, *tangents)
        values = copies(self._values) if self._ready.derived.written else self._values
        found = self._ready.function(*values, *tangents)
        self.out, self.aux = found[0] if self._has_aux else (found[0], None)
        return found[1]

    def keep(self) -> None:
        """From now on it may be that the user writes into what he was given."""
        residuals = (self.residuals,)
        self.residuals = None
        self.residuals = kept(residuals[0])


class Linearization(Transform):
    """A function with its derivative as a linear map: (*args) to (value, `Linear`)."""

    kind = "linearize"
    form_name = "linear"
    _at_variables = continued.linearization

    @calls
    def __call__(self, /, *args: Any) -> Any:
        plan, ready, values = self._prepare(copies(args), {})
        selection = plan.selection
        push = Pushforward(ready, values)
        linear = Linear(push, selection, values, ready.derived)
        if ready.function is not None:
            linear(*[zeros_like(one.of(values)) for one in selection.selected])
        push.keep()
        return push.out, linear


class Linear:
    """The derivative of a function at one point as a linear map of tangents: what `linearize` gives."""

    __slots__ = ("_derived", "_push", "_selection", "_values")

    def __init__(self, push: Pushforward, selection: Selection, values: Values, derived: Derived) -> None:
        self._push = push
        self._selection = selection
        self._values = values
        self._derived = derived

    def __call__(self, *tangents: Any) -> Any:
        """The derivative along these tangents, one for each primal."""
        selection = self._selection
        given = fitted(selection, self._values, tangents)
        found = (self._push(*whole_tangents(selection, self._values, given)),)
        return owned(found[0])

    @property
    def source(self) -> str:
        """The text that computes it; without the value, where the two can be taken apart."""
        return list(self._derived.sources.values())[-1]

    def __repr__(self) -> str:
        return f"<linear map of {', '.join([one.name for one in self._selection.selected])}>"


def linearize(f: Callable[..., Any], *primals: Any, mode: Mode = "auto") -> tuple[Any, Linear]:
    """The value of `f(*primals)` and its derivative there, a linear function of tangents: (out, linear).

    `linear(*tangents)` gives what `jvp` gives as the tangent.  The function runs once; what its derivative
    needs is kept, for each iteration of a loop, and only the tangent is computed each time.  Where the two
    cannot be taken apart, as in a function that calls itself, it runs again each time, side effects and
    random numbers included.

    >>> import numpy as np
    >>> out, linear = linearize(np.sin, 0.0)
    >>> float(out), float(linear(3.0))
    (0.0, 3.0)

    Errors are those of `jvp`.  As JAX's.
    """
    return Linearization(f, tuple(range(len(primals))), mode=mode)(*primals)


def hvp(f: Callable[..., Any], primals: Any, tangents: Any, *, mode: Mode = "auto") -> Any:
    """The product of the Hessian of a real scalar function with `tangents`, forward over reverse.

    The product comes in the structure of `primals`: a tuple or list of arguments, with a tangent for each, or
    one argument that is neither, with its tangent.  It costs a few runs of the function, whatever the size.

    >>> import numpy as np
    >>> f = lambda x: np.sum(x**3)
    >>> hvp(f, np.array([1.0, 2.0]), np.array([1.0, 1.0]))
    array([ 6., 12.])
    >>> (product,) = hvp(f, (np.array([1.0, 2.0]),), (np.array([1.0, 1.0]),))

    This is what JAX's documentation recommends as `jvp(grad(f), primals, tangents)[1]`, with respect to all
    primals.  Errors are those of `grad` and `jvp`.
    """
    if type(primals) not in (tuple, list):  # a named tuple is one argument
        return _hessian_product(f, (primals,), (tangents,), mode)[0]
    check_sequences("hvp", primals, tangents)
    return type(primals)(_hessian_product(f, primals, tangents, mode))


def _hessian_product(f: Any, primals: Sequence[Any], tangents: Sequence[Any], mode: Mode) -> tuple[Any, ...]:
    argnums = tuple(range(len(primals)))
    return Tangent(Gradient(f, argnums, mode=mode), argnums, mode=mode)(primals, tangents)[1]


PUBLIC.update({vjp: "vjp", jvp: "jvp", linearize: "linearize", hvp: "hvp"})

__all__ = ["Linear", "Pullback", "Tangent", "hvp", "jvp", "linearize", "vjp"]
