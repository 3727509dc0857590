"""All derivatives of all outputs: `jacrev` row by row, `jacfwd` column by column, `hessian`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tapeless import _tree
from tapeless.source.cache import PUBLIC, Derived, Form
from tapeless.source.store import Values
from tapeless.transforms import continued
from tapeless.transforms.arguments import dtype_of, is_number
from tapeless.transforms.gradients import Gradient, applied
from tapeless.transforms.matching import whole_tangents, zeros_like
from tapeless.transforms.outputs import check_dtype
from tapeless.transforms.ownership import refilled
from tapeless.transforms.pairs import Pair
from tapeless.transforms.products import Pushforward
from tapeless.transforms.selection import Argnums, Selection
from tapeless.transforms.transform import Mode, Plan, Transform, calls

# The derivatives of one leaf by another: an array with the axes of the first, then those of the second.
Block = Any


class JacobianByRows(Pair):
    """`jacrev(f)`: one run forward, then one backward for each element of the output."""

    kind = "jacrev"
    _at_variables = continued.jacobian

    @calls
    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        plan, ready, values = self._prepare(args, kwargs)
        out, residuals = ready.forward(*values)
        aux = None
        if self.has_aux:
            out, aux = out
        selection = plan.selection
        wrt = tuple([one.of(values) for one in selection.selected])
        outs, ins = _leaves(out), _tree.flatten(wrt)[0]
        _check_outputs(outs, self)
        if ready.derived.single and type(out) is type(wrt[0]) is np.ndarray and selection.is_plain:
            rows = _rows(ready.backward, residuals, out, wrt[0])
            rows = rows if selection.single else (rows,)
            return (rows, aux) if self.has_aux else rows
        structure = _tree.structure(wrt)
        blocks = [[_block(leaf, by, dtype_of(by)) for by in ins] for leaf in outs]
        for number, element, cotangent in _units(out):
            found = ready.backward(refilled(residuals), cotangent)
            found = _selected((found,) if ready.derived.single else found, selection)
            for block, (_, part) in zip(blocks[number], _tree.parts_like(structure, found), strict=True):
                if block is not None:
                    block.reshape(np.size(outs[number]), *np.shape(part))[element] = part
        found = _assembled(out, wrt, blocks, selection.single)
        return (found, aux) if self.has_aux else found


def _rows(backward: Any, residuals: Any, out: np.ndarray[Any, Any], by: np.ndarray[Any, Any]) -> Any:
    """The Jacobian of one array by another."""
    jacobian = np.empty((*out.shape, *by.shape), dtype_of(by))
    rows = jacobian.reshape(out.size, *by.shape)
    cotangent = np.zeros(out.shape, out.dtype)
    elements = cotangent.reshape(-1)
    for k in range(out.size):
        elements[k] = 1
        rows[k] = backward(refilled(residuals), cotangent)
        elements[k] = 0
    return jacobian


def _columns(push: Pushforward, out: np.ndarray[Any, Any], by: np.ndarray[Any, Any]) -> Any:
    """The same, column by column."""
    columns = np.empty((by.size, *out.shape), out.dtype)
    tangent = np.zeros(by.shape, by.dtype)
    elements = tangent.reshape(-1)
    for k in range(by.size):
        elements[k] = 1
        columns[k] = push(tangent)
        elements[k] = 0
    return np.moveaxis(columns, 0, -1).reshape(*out.shape, *by.shape)


class Jacobian(JacobianByRows):
    """`jacobian(f)`: the same under its other name."""

    kind = "jacobian"


class JacobianByColumns(Transform):
    """`jacfwd(f)`: one run of the function, then one of its tangent for each element of the arguments."""

    kind = "jacfwd"
    form_name = "linear"
    _at_variables = continued.jacobian

    @calls
    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        plan, ready, values = self._prepare(args, kwargs)
        selection = plan.selection
        wrt = tuple([one.of(values) for one in selection.selected])
        ins = _tree.flatten(wrt)[0]
        self._check_inputs(ins)
        push = Pushforward(ready, values, self.has_aux)
        blocks = None
        out: Any = push.out
        aux = push.aux
        if type(out) is type(wrt[0]) is np.ndarray and selection.is_plain and len(wrt) == 1:
            _check_outputs([out], self)
            columns = _columns(push, out, wrt[0])
            columns = columns if selection.single else (columns,)
            return (columns, aux) if self.has_aux else columns
        for number, element, tangents in _units(wrt, or_none=True):
            given = dict(zip(selection.selected, tangents, strict=True))
            tangent = push(*whole_tangents(selection, values, given))
            out, aux = push.out, push.aux
            if blocks is None:
                outs = _leaves(out)
                _check_outputs(outs, self)
                blocks = [[_block(leaf, by, dtype_of(leaf)) for by in ins] for leaf in outs]
            for row, (_, part) in zip(blocks, _tree.parts_like(_tree.structure(out), tangent), strict=True):
                if number is not None:
                    row[number].reshape(*np.shape(part), np.size(ins[number]))[..., element] = part
        found = _assembled(out, wrt, blocks or [], selection.single)
        return (found, aux) if self.has_aux else found

    def _derive(self, plan: Plan, values: Values) -> Derived:
        """For a single number there is one direction: value and tangent together, which keep nothing."""
        leaves = _tree.flatten(tuple([one.of(values) for one in plan.selection.selected]))[0]
        if len(leaves) != 1 or np.ndim(leaves[0]):
            return super()._derive(plan, values)
        return self._derived(plan, values, Form("tangent", self.has_aux))

    def _check_inputs(self, leaves: list[Any]) -> None:
        kinds = [dtype_of(leaf).kind for leaf in leaves if is_number(leaf)]
        if "c" in kinds and not self.holomorphic:
            raise TypeError(
                f"{self.kind} takes complex arguments with holomorphic=True only: use jacrev for real "
                "functions of complex arguments"
            )


class Hessian(JacobianByColumns):
    """`hessian(f)`: the Jacobian, forward, of the gradient; `function` is the gradient."""

    kind = "hessian"


def _leaves(out: Any) -> list[Any]:
    return _tree.flatten(out)[0]


def _check_outputs(leaves: list[Any], transform: Transform) -> None:
    function = transform.parameters
    for leaf in leaves:
        if not is_number(leaf):
            raise TypeError(f"{transform.kind} requires arrays; {function} returned a {type(leaf).__name__}")
        check_dtype(dtype_of(leaf), transform.kind, function, transform.holomorphic)


def _block(of: Any, by: Any, dtype: np.dtype[Any]) -> Block:
    return np.zeros((*np.shape(of), *np.shape(by)), dtype) if is_number(by) else None


def _selected(gradients: Any, selection: Selection) -> tuple[Any, ...]:
    places = {position: at for at, position in enumerate(selection.wrt)}
    parts = [(gradients[places[one.position]], one.key) for one in selection.selected]
    return tuple([part if key is None else part[key] for part, key in parts])


def _units(value: Any, or_none: bool = False) -> Iterator[tuple[Any, Any, Any]]:
    """Every unit vector in the structure of a value: the leaf's number, the element's, the vector.

    One array is filled anew for each.  With `or_none` there is at least one vector, zeros without numbers.
    """
    zeros, structure = _slots(value)
    met = False
    for number, zero in enumerate(zeros):
        if zero is None:
            continue
        unit = np.array(zero)
        for element in range(unit.size):
            unit.flat[element] = 1
            given = unit if isinstance(zero, np.ndarray) else zero.dtype.type(1)
            met = True
            yield number, element, _tree.unflatten(structure, [*zeros[:number], given, *zeros[number + 1 :]])
            unit.flat[element] = 0
    if or_none and not met:
        yield None, None, _tree.unflatten(structure, zeros)


def _slots(value: Any) -> tuple[list[Any], _tree.Structure]:
    leaves, structure = _tree.flatten(value)
    return [zeros_like(leaf) for leaf in leaves], structure


def _assembled(out: Any, wrt: tuple[Any, ...], blocks: list[list[Block]], single: bool) -> Any:
    """The blocks in the structure of the output, and within each in that of the arguments."""
    inner = _tree.structure(wrt)
    rows = [_tree.unflatten(inner, [None if one is None else one[()] for one in row]) for row in blocks]
    return _tree.unflatten(_tree.structure(out), [row[0] if single else row for row in rows])


# The public functions -------------------------------------------------------------------------------------


def jacrev(
    f: Callable[..., Any] | None = None,
    argnums: Argnums = 0,
    *,
    argnum: Argnums | None = None,
    has_aux: bool = False,
    holomorphic: bool = False,
    mode: Mode = "auto",
) -> Any:
    """The Jacobian of a function, as a function of the same arguments; computed by rows, in reverse mode.

    Its shape is that of the output followed by that of the argument.  Where outputs or arguments are
    containers it is a container of the outputs' structure that holds containers of the argument's; a tuple
    for `argnums` gives tuples within those of the output.  It costs a run of the function and one backward
    for each element of the output.

    >>> import numpy as np
    >>> a = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    >>> jacrev(lambda x: a @ x)(np.zeros(2))
    array([[1., 2.],
           [3., 4.],
           [5., 6.]])

    With `has_aux` the function returns (what is differentiated, aux), and (Jacobian, aux) comes back.
    TypeError for outputs that are integers, or complex without `holomorphic=True`; arguments and other errors
    are those of `grad`.  As JAX's.
    """
    return applied(JacobianByRows, f, argnums, argnum, has_aux, holomorphic, mode)


def jacfwd(
    f: Callable[..., Any] | None = None,
    argnums: Argnums = 0,
    *,
    argnum: Argnums | None = None,
    has_aux: bool = False,
    holomorphic: bool = False,
    mode: Mode = "auto",
) -> Any:
    """The Jacobian of a function, computed by columns, in forward mode: for more outputs than arguments.

    The result is that of `jacrev`.  It costs a run of the function and one of its tangent for each element
    of the arguments; where the two cannot be taken apart, both for each, side effects included.

    >>> import numpy as np
    >>> jacfwd(lambda x: np.array([1.0, 2.0, 3.0]) * x)(1.0)
    array([1., 2., 3.])

    TypeError for complex arguments without `holomorphic=True`; other errors are those of `jacrev`.  As JAX's.
    """
    return applied(JacobianByColumns, f, argnums, argnum, has_aux, holomorphic, mode)


def jacobian(
    f: Callable[..., Any] | None = None,
    argnums: Argnums = 0,
    *,
    argnum: Argnums | None = None,
    has_aux: bool = False,
    holomorphic: bool = False,
    mode: Mode = "auto",
) -> Any:
    """The Jacobian of a function: `jacrev` under the name that HIPS autograd and JAX know too.

    >>> import numpy as np
    >>> jacobian(lambda x: x**2)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """
    return applied(Jacobian, f, argnums, argnum, has_aux, holomorphic, mode)


def hessian(
    f: Callable[..., Any] | None = None,
    argnums: Argnums = 0,
    *,
    argnum: Argnums | None = None,
    has_aux: bool = False,
    holomorphic: bool = False,
    mode: Mode = "auto",
) -> Any:
    """The Hessian of a function with one real output, as a function of the same arguments.

    Its shape is that of the argument, twice; containers and a tuple for `argnums` give containers of
    containers: `h[i][j]` is by the i-th, then the j-th.  Forward over reverse: it costs a few runs of the
    function for each element of the arguments; `hvp` gives a product with it for the price of one.

    >>> import numpy as np
    >>> hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 2.0]))
    array([[4., 2.],
           [2., 0.]])

    Outputs of shape (1,) and (1, 1) count as one number here, where JAX's has their axes in front.  TypeError
    for other outputs; arguments and other errors are those of `grad`.
    """

    def decorate(f: Any) -> Hessian:
        if argnum is not None and argnums != 0:
            raise TypeError("hessian: argnum is another word for argnums; give one of them")
        by = argnums if argnum is None else argnum
        gradient = Gradient(f, by, has_aux=has_aux, holomorphic=holomorphic, mode=mode)
        return Hessian(gradient, by, has_aux=has_aux, holomorphic=holomorphic, mode=mode)

    return decorate if f is None else decorate(f)


PUBLIC.update({jacrev: "jacrev", jacfwd: "jacfwd", jacobian: "jacobian", hessian: "hessian"})
