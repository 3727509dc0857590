"""Derivatives against differences, for users' own tests: `check_grads`."""

from __future__ import annotations

import linecache
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from tapeless import _tree
from tapeless.source.cache import PUBLIC
from tapeless.transforms.arguments import dtype_of, is_number
from tapeless.transforms.callee import take_apart
from tapeless.transforms.gradients import Gradient
from tapeless.transforms.matching import zeros_like
from tapeless.transforms.ownership import copies
from tapeless.transforms.pairs import Pair
from tapeless.transforms.products import Tangent, jvp

MODES = {"fwd": "forward-mode tangent", "rev": "reverse-mode gradient"}
ORDERS = ("", "second-order ", "third-order ")
LOCATED = 1000  # so many elements are looked at one by one to say which is wrong

# Steps near the cube root of the precision, where central differences err least; and how much they err.
STEPS = {2: (1e-1, 1e-1), 4: (5e-3, 2e-2), 8: (1e-5, 1e-6), 16: (1e-6, 1e-8)}


class _Check(NamedTuple):
    """A function at a point, and how far its derivatives may be from differences."""

    f: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    eps: float
    atol: float
    rtol: float
    name: str
    order: int = 1

    def value(self, args: Sequence[Any] | None = None) -> Any:
        return self.f(*copies(self.args if args is None else args), **self.kwargs)

    def differences(self, tangents: Any) -> list[Any]:
        """The derivative of each leaf of the output along `tangents`."""
        ends = []
        for sign in (1.0, -1.0):
            moved = _tree.map(lambda x, t, sign=sign: _moved(x, t, sign * self.eps), self.args, tangents)
            ends.append(_floats(self.value(moved)))
        return [(above - below) / (2 * self.eps) for above, below in zip(*ends, strict=True)]

    def refuse(self, mode: str, place: str, found: Any, expected: Any) -> None:
        """AssertionError if the two are not close."""
        if np.allclose(found, expected, rtol=self.rtol, atol=self.atol):
            return
        order = ORDERS[self.order - 1] if self.order <= len(ORDERS) else f"order-{self.order} "
        raise AssertionError(
            f"{order}{MODES[mode]} of {self.name} is wrong {place}: it is {found}, central differences give "
            f"{expected} (eps={self.eps:g}, atol={self.atol:g}, rtol={self.rtol:g})"
        )


def check_grads(
    f: Callable[..., Any],
    args: Sequence[Any],
    kwargs: Mapping[str, Any] | None = None,
    *,
    order: int = 2,
    modes: str | Sequence[str] = ("fwd", "rev"),
    atol: float | None = None,
    rtol: float | None = None,
    eps: float | None = None,
) -> None:
    """Raise AssertionError if derivatives of `f` at `args` are not those that central differences give.

    All positional arguments are differentiated, `kwargs` are not.  Each of `modes` ("fwd", "rev") is checked
    along random directions, up to the given order: derivatives of the gradient, in each mode, at order 2.
    The step and the tolerances depend on the arguments' precision unless they are given.  The function runs
    several times, on copies; it must be smooth within `eps` of the arguments.

    >>> import numpy as np
    >>> check_grads(lambda x: np.sum(np.sin(x) * x), (np.array([0.5, 2.0]),))

    The message names the mode, the order, and the element of the argument with the two numbers for it.
    ValueError for modes and orders that there are not.  Named after JAX's `jax.test_util.check_grads`.
    """
    several = (modes,) if isinstance(modes, str) else tuple(modes)
    unknown = [mode for mode in several if mode not in MODES]
    if unknown or not several:
        raise ValueError(f"check_grads: modes are 'fwd' and 'rev', got {modes!r}")
    if order < 1:
        raise ValueError(f"check_grads: order counts from 1, got {order}")
    if not isinstance(args, tuple | list):
        raise TypeError(f"check_grads takes the arguments as a tuple, got a {type(args).__name__}")
    read = tuple([_tree.map(lambda x: float(x) if type(x) is int else x, arg) for arg in args])
    step, tolerance = STEPS[_precision(read)]
    name = str(take_apart(f, "check_grads").parameters)
    check = _Check(
        f,
        read,
        kwargs or {},
        step if eps is None else eps,
        tolerance if atol is None else atol,
        tolerance if rtol is None else rtol,
        name,
    )
    _check_orders(check, several, order)


def _precision(args: tuple[Any, ...]) -> int:
    """Bytes of the least precise real number among the arguments."""
    sizes = [
        dtype_of(leaf).itemsize // (2 if dtype_of(leaf).kind == "c" else 1)
        for leaf in _tree.flatten(args)[0]
        if is_number(leaf) and dtype_of(leaf).kind in "fc"
    ]
    return min(sizes, default=8)


def _check_orders(check: _Check, modes: tuple[str, ...], order: int) -> None:
    rng = np.random.default_rng(check.order)
    out = check.value()
    tangents = _tree.map(lambda x: _drawn(rng, x), check.args)
    cotangent = _tree.map(lambda x: _drawn(rng, x), out)
    if "fwd" in modes:
        _check_forward(check, tangents)
    if "rev" in modes:
        _check_reverse(check, tangents, cotangent)
    if order > 1:
        derivative = _derivative(check, modes, tangents, cotangent)
        _check_orders(check._replace(f=derivative, kwargs={}, order=check.order + 1), modes, order - 1)


def _check_forward(check: _Check, tangents: Any) -> None:
    function = Tangent(check.f, tuple(range(len(check.args))))
    out, tangent = function(copies(check.args), tangents, **check.kwargs)
    pairs = zip(_tree.flatten(out)[0], _tree.parts_like(_tree.structure(out), tangent), strict=True)
    found = [(path, part) for leaf, (path, part) in pairs if _is_float(leaf)]
    for (path, part), wanted in zip(found, check.differences(tangents), strict=True):
        check.refuse("fwd", f"at {path.removeprefix('the ')}, along a random direction", part, wanted)


def _check_reverse(check: _Check, tangents: Any, cotangent: Any) -> None:
    _, pullback = Pair(check.f, tuple(range(len(check.args))))(*copies(check.args), **check.kwargs)
    gradients = pullback(cotangent)
    _check_kinds(check, gradients)
    found, expected = _both(check, gradients, tangents, cotangent)
    if np.allclose(found, expected, rtol=check.rtol, atol=check.atol):
        return
    for place, unit in _units(check.args):
        check.refuse("rev", f"by {place}", *_both(check, gradients, unit, cotangent))
    check.refuse("rev", "along a random direction", found, expected)


def _both(check: _Check, gradients: Any, tangents: Any, cotangent: Any) -> tuple[Any, Any]:
    """The derivative of <cotangent, output> along tangents: by the gradients, and by differences."""
    found = sum([np.real(np.sum(g * t)) for g, t in zip(_floats(gradients), _floats(tangents), strict=True)])
    pairs = zip(_floats(cotangent), check.differences(tangents), strict=True)
    return found, sum([np.real(np.sum(c * d)) for c, d in pairs])


def _check_kinds(check: _Check, gradients: Any) -> None:
    for (path, arg), (_, gradient) in zip(_float_leaves(check.args), _float_leaves(gradients), strict=True):
        mine, theirs = (np.shape(gradient), dtype_of(gradient)), (np.shape(arg), dtype_of(arg))
        if mine != theirs:
            raise AssertionError(
                f"the gradient of {check.name} by args{path} has shape {mine[0]} and dtype {mine[1]}, the "
                f"argument has shape {theirs[0]} and dtype {theirs[1]}"
            )


def _derivative(check: _Check, modes: tuple[str, ...], tangents: Any, cotangent: Any) -> Callable[..., Any]:
    """The function that is checked for the next order."""
    f, kwargs = check.f, check.kwargs
    if "rev" not in modes:
        return lambda *args: jvp(lambda *inner: f(*inner, **kwargs), args, tangents)[1]
    return Gradient(_weighted(f, kwargs, cotangent), tuple(range(len(check.args))))


def _weighted(f: Callable[..., Any], kwargs: Mapping[str, Any], weights: Any) -> Callable[..., Any]:
    """The sum of all parts of the output, each times its weight: a text, for a source to differentiate."""
    scope: dict[str, Any] = {"np": np, "f": f, "kwargs": kwargs}
    terms: list[str] = []
    for number, (path, weight) in enumerate(_float_leaves(weights)):
        scope[f"w{number}"] = weight
        term = f"np.sum(w{number} * out{path})"
        terms.append(f"np.real({term})" if dtype_of(weight).kind == "c" else term)
    call = "f(*args, **kwargs)" if kwargs else "f(*args)"
    text = f"def weighted(*args):\n    out = {call}\n    return {' + '.join(terms)}\n"
    filename = f"<tapeless check_grads {len(terms)} {terms[0]} {call}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    exec(compile(text, filename, "exec"), scope)
    return scope["weighted"]


def _units(args: tuple[Any, ...]) -> Iterator[tuple[str, Any]]:
    """Unit tangents, each with the place where it is not zero."""
    leaves, structure = _tree.flatten(args)
    zeros = [
        leaf if zero is None else zero for leaf, zero in zip(leaves, map(zeros_like, leaves), strict=True)
    ]
    counted = 0
    for number, (path, leaf) in enumerate(zip(_tree.labels(structure), leaves, strict=True)):
        for index in np.ndindex(np.shape(leaf)) if _is_float(leaf) else ():
            counted += 1
            if counted > LOCATED:
                return
            unit = np.array(zeros[number])
            unit[index] = 1
            at = f", element {list(index)}" if index else ""
            yield (
                f"args{path}{at}",
                _tree.unflatten(structure, [*zeros[:number], unit[()], *zeros[number + 1 :]]),
            )


def _moved(x: Any, t: Any, step: float) -> Any:
    if not _is_float(x):
        return x
    moved = x + step * t
    return moved if isinstance(x, np.ndarray) else type(x)(moved)


def _drawn(rng: np.random.Generator, leaf: Any) -> Any:
    if not _is_float(leaf):
        return leaf
    drawn = rng.standard_normal(np.shape(leaf))
    if dtype_of(leaf).kind == "c":
        drawn = drawn + 1j * rng.standard_normal(np.shape(leaf))
    return np.asarray(drawn, dtype_of(leaf))[()]


def _is_float(leaf: Any) -> bool:
    return is_number(leaf) and dtype_of(leaf).kind in "fc"


def _float_leaves(value: Any) -> list[tuple[str, Any]]:
    leaves, structure = _tree.flatten(value)
    pairs = zip(_tree.labels(structure), leaves, strict=True)
    return [(path, leaf) for path, leaf in pairs if _is_float(leaf)]


def _floats(value: Any) -> list[Any]:
    return [leaf for _, leaf in _float_leaves(value)]


PUBLIC[check_grads] = "check_grads"
