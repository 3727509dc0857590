"""Jacobians, Hessians and their products with vectors, of functions of tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np

from tapeless.graph import dual, modes
from tapeless.graph.backward import grad
from tapeless.graph.variable import Variable, wrap

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]

Function = Callable[..., Any]

NO_OUTPUT_GRAD = (
    "Output {} of the user-provided function does not require gradients. The outputs must be computed in a "
    "differentiable manner from the input when running in strict mode."
)
LINEAR = (
    "While computing the hessian, found that the jacobian of the user-provided function with respect to "
    "input {} is independent of the input. This is not allowed in strict mode. You should ensure that your "
    "function is twice differentiable and that the jacobian depends on the inputs (this would be violated "
    "by a linear function for example)."
)
INDEPENDENT = (
    "The output of the user-provided function is independent of input {}. This is not allowed in strict mode."
)
PAIR_INDEPENDENT = (
    "Output {} of the user-provided function is independent of input {}. This is not allowed in strict mode."
)
CONSTANT_JACOBIAN = (
    "The jacobian of the user-provided function is independent of input {}. This is not allowed in strict "
    "mode when create_graph=True."
)
CONSTANT_HESSIAN = (
    "The hessian of the user-provided function is independent of input {}. This is not allowed "
    "in strict mode."
)
NO_VECTOR = "The vector v can only be None if {} a single Tensor with a single element."
STRATEGIES = ("forward-mode", "reverse-mode")


def vjp(
    func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """`func(*inputs)`, and the product of `v` with its Jacobian.

    >>> import tapeless as tl
    >>> tl.autograd.functional.vjp(lambda x: x**2, tl.tensor([1.0, 2.0]), tl.tensor([1.0, 10.0]))
    (tensor([1., 4.]), tensor([ 2., 40.]))
    """
    with modes.enable_grad():
        call = _Call(func, inputs, "vjp", create_graph, strict)
        weights = _vector(v, call.outputs, call.single_output, "the user-provided function returns")
        found = call.gradients(call.outputs, weights, create_graph)
        found = _filled(found, call.inputs, INDEPENDENT if strict else None)
        if strict and create_graph:
            _check_needs(found, CONSTANT_JACOBIAN)
    return call.results(create_graph), _packed(found, call.single_input, create_graph)


def jvp(
    func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """`func(*inputs)`, and the product of its Jacobian with `v`.

    >>> import tapeless as tl
    >>> tl.autograd.functional.jvp(lambda x: x.sum() * x, tl.tensor([1.0, 2.0]), tl.tensor([1.0, 0.0]))
    (tensor([3., 6.]), tensor([4., 2.]))
    """
    with modes.enable_grad():
        call = _Call(func, inputs, "jvp", create_graph, strict)
        vector = _vector(v, call.inputs, call.single_input, "the input to the user-provided function is")
        # A vector-Jacobian product is linear in the vector: its own product with `v` is the other one.
        probes = [wrap(out._face, np.zeros_like(out._data), True) for out in call.outputs]
        pulled = _filled(
            call.gradients(call.outputs, probes, True), call.inputs, INDEPENDENT if strict else None
        )
        found = _filled(_gradients(pulled, probes, vector, create_graph), call.outputs, None)
        if strict and create_graph:
            _check_needs(found, CONSTANT_JACOBIAN)
    return call.results(create_graph), _packed(found, call.single_output, create_graph)


def vhp(
    func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """`func(*inputs)`, one number, and the product of `v` with its Hessian.

    >>> import tapeless as tl
    >>> tl.autograd.functional.vhp(lambda x: (x**3).sum(), tl.tensor([1.0, 2.0]), tl.tensor([1.0, 1.0]))
    (tensor(9.), tensor([ 6., 12.]))
    """
    return _hessian_product("vhp", func, inputs, v, create_graph, strict)


def hvp(
    func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """`func(*inputs)`, one number, and the product of its Hessian with `v`: as `vhp`, for it is symmetric."""
    return _hessian_product("hvp", func, inputs, v, create_graph, strict)


def _hessian_product(
    name: str, func: Function, inputs: Any, v: Any, create_graph: bool, strict: bool
) -> tuple[Any, Any]:
    with modes.enable_grad():
        call = _Call(func, inputs, name, create_graph, strict)
        vector = _vector(v, call.inputs, call.single_input, "the input to the user-provided function is")
        if not call.single_output:
            raise RuntimeError(f"The function given to {name} should return a single Tensor")
        if call.outputs[0]._data.size != 1:
            raise RuntimeError(
                f"The Tensor returned by the function given to {name} should contain a single element"
            )
        first = call.gradients(call.outputs, [None], True)
        first = _filled(first, call.inputs, INDEPENDENT if strict else None)
        if strict:
            _check_needs(first, LINEAR)
        found = _gradients(first, call.inputs, vector, create_graph)
        found = _filled(found, call.inputs, CONSTANT_HESSIAN if strict else None)
    return call.results(create_graph), _packed(found, call.single_input, create_graph)


def jacobian(
    func: Function,
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """The Jacobian: for each output and each input a tensor of the output's shape followed by the input's.

    `strategy="forward-mode"` computes it by columns.  As `torch.autograd.functional.jacobian`.

    >>> import tapeless as tl
    >>> tl.autograd.functional.jacobian(lambda x: x**2, tl.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    if strategy not in STRATEGIES:
        raise AssertionError(
            'Expected strategy to be either "forward-mode" or "reverse-mode". Hint: If your function has '
            'more outputs than inputs, "forward-mode" tends to be more performant. Otherwise, prefer to use '
            '"reverse-mode".'
        )
    if strategy == "forward-mode":
        if create_graph:
            raise NotImplementedError(
                'torch.autograd.functional.jacobian: `create_graph=True` and `strategy="forward-mode"` are '
                "not supported together (yet). Please either set `create_graph=False` or "
                '`strategy="reverse-mode"`.'
            )
        return _jacobian_by_columns(func, inputs, strict, vectorize)
    if strict and vectorize:
        _refuse_strict()
    with modes.enable_grad():
        call = _Call(func, inputs, "jacobian", create_graph, strict)
        rows = [_rows(call, nr, create_graph, strict) for nr in range(len(call.outputs))]
    return _nested(rows, call.single_output, call.single_input, create_graph)


def _rows(call: _Call, nr: int, create_graph: bool, strict: bool) -> list[Any]:
    """The Jacobians of one output with respect to each input, an element of the output at a time."""
    out = call.outputs[nr]
    shape, dtype = out._data.shape, out._data.dtype
    rows: list[list[Any]] = [[] for _ in call.inputs]
    for position in np.ndindex(shape) if out._needs else ():
        weight = np.zeros(shape, dtype)
        weight[position] = 1.0
        found = call.gradients([out], [wrap(out._face, weight)], create_graph)
        for index, (one, source) in enumerate(zip(found, call.inputs, strict=True)):
            if one is None and strict:
                raise RuntimeError(PAIR_INDEPENDENT.format(nr, index))
            filled = wrap(source._face, np.zeros_like(source._data)) if one is None else one
            if strict and create_graph and not filled._needs:
                raise RuntimeError(CONSTANT_JACOBIAN.format(index))
            rows[index].append(filled)
    return [_stacked(row, shape, source) for row, source in zip(rows, call.inputs, strict=True)]


def _stacked(rows: list[Any], shape: tuple[int, ...], source: Any) -> Any:
    whole = shape + source._data.shape
    if not rows:
        return wrap(source._face, np.zeros(whole, source._data.dtype))
    return np.reshape(np.stack(rows), whole)


def _jacobian_by_columns(func: Function, inputs: Any, strict: bool, vectorize: bool) -> Any:
    if strict and vectorize:
        _refuse_strict()
    if not vectorize:
        raise NotImplementedError(
            "Computing Jacobian using forward-AD or forward-over-reverse Hessian isonly implemented for "
            "`vectorize=True`."
        )
    single_input, sources = _as_tuple(inputs, "inputs", "jacobian")
    columns: list[list[list[Any]]] = []
    single_output, shapes = True, []
    for index, source in enumerate(sources):
        data = source._data
        of_input: list[list[Any]] = []
        for position in np.ndindex(data.shape):
            tangent = np.zeros_like(data)
            tangent[position] = 1.0
            single_output, found, shapes = _column(func, sources, index, tangent)
            of_input.append(found)
        columns.append(of_input)
    if not any(columns):
        return jacobian(func, inputs)
    rows = [
        [
            _beside([column[nr] for column in of_input], shape, source)
            for of_input, source in zip(columns, sources, strict=True)
        ]
        for nr, shape in enumerate(shapes)
    ]
    return _nested(rows, single_output, single_input, create_graph=True)


def _column(
    func: Function, sources: Sequence[Any], index: int, tangent: Any
) -> tuple[bool, list[Any], list[Any]]:
    with dual.dual_level():
        given = [source.detach() for source in sources]
        given[index] = dual.make_dual(given[index], wrap(given[index]._face, tangent))
        single, outputs = _as_tuple(func(*given), "outputs", "jacobian")
        tangents = [dual.unpack_dual(out).tangent for out in outputs]
    filled = [
        np.zeros_like(out._data) if t is None else t._data for out, t in zip(outputs, tangents, strict=True)
    ]
    return single, filled, [out._data.shape for out in outputs]


def _beside(columns: list[Any], shape: tuple[int, ...], source: Any) -> Any:
    whole = shape + source._data.shape
    if not columns:
        return wrap(source._face, np.zeros(whole, source._data.dtype))
    return wrap(source._face, np.reshape(np.stack(columns, axis=-1), whole))


def _refuse_strict() -> NoReturn:
    raise RuntimeError(
        "torch.autograd.functional.jacobian: `strict=True` and `vectorized=True` are not supported "
        "together. Please either set `strict=False` or `vectorize=False`."
    )


def hessian(
    func: Function,
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """The Hessian of a function of one number: for each pair of inputs a tensor of both their shapes.

    >>> import tapeless as tl
    >>> tl.autograd.functional.hessian(lambda x: (x**3).sum(), tl.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    if outer_jacobian_strategy not in STRATEGIES:
        raise AssertionError('Expected strategy to be either "forward-mode" or "reverse-mode".')
    single, sources = _as_tuple(inputs, "inputs", "hessian")

    def number(*given: Any) -> Any:
        single_output, outputs = _as_tuple(func(*given), "outputs", "hessian")
        if not single_output:
            raise RuntimeError("The function given to hessian should return a single Tensor")
        if outputs[0]._data.size != 1:
            raise RuntimeError(
                "The Tensor returned by the function given to hessian should contain a single element"
            )
        return np.reshape(outputs[0], ())

    def gradient(*given: Any) -> Any:
        found = jacobian(number, given[0] if single else given, create_graph=True, strict=False)
        several = (found,) if single else found
        if strict:
            _check_needs(several, LINEAR)
        return found

    if strict:
        with modes.enable_grad():
            _check_needs(_Call(number, inputs, "hessian", False, True).outputs, NO_OUTPUT_GRAD)
    return jacobian(
        gradient, sources[0] if single else sources, create_graph, strict, vectorize, outer_jacobian_strategy
    )


# What they share ----------------------------------------------------------------------------------------


class _Call:
    """A call of the user's function on inputs of our own, that require grad."""

    def __init__(self, func: Function, inputs: Any, name: str, create_graph: bool, strict: bool) -> None:
        self.single_input, given = _as_tuple(inputs, "inputs", name)
        self.inputs = [_own(one, create_graph) for one in given]
        self.single_output, self.outputs = _as_tuple(
            func(*self.inputs), "outputs of the user-provided function", name
        )
        if strict:
            _check_needs(self.outputs, NO_OUTPUT_GRAD)

    def gradients(self, outputs: Sequence[Any], weights: Sequence[Any], create_graph: bool) -> list[Any]:
        return _gradients(outputs, self.inputs, weights, create_graph)

    def results(self, create_graph: bool) -> Any:
        return _packed(self.outputs, self.single_output, create_graph)


def _own(one: Any, create_graph: bool) -> Any:
    """Another tensor on the same values, that requires grad; at the old place in the graph if so wanted."""
    if create_graph and one._needs:
        return dual.alias(one)
    out = one.detach()
    if out._data.dtype.kind in "fc":
        out._needs = True
    tangent = dual.current_tangent(one)
    return out if tangent is None else dual.make_dual(out, tangent)


def _gradients(
    outputs: Sequence[Any], inputs: Sequence[Any], weights: Sequence[Any], create_graph: bool
) -> list[Any]:
    pairs = [(out, weight) for out, weight in zip(outputs, weights, strict=True) if out._needs]
    if not pairs:
        return [None] * len(inputs)
    kept, given = zip(*pairs, strict=True)
    wanted = [one for one in inputs if one._needs]
    found = iter(grad(kept, wanted, given, retain_graph=True, create_graph=create_graph, allow_unused=True))
    return [next(found) if one._needs else None for one in inputs]


def _as_tuple(value: Any, what: str, name: str) -> tuple[bool, tuple[Any, ...]]:
    """Whether a single tensor was given, and the tensors; TypeError for anything else."""
    single = not isinstance(value, tuple | list)
    several = (value,) if single else tuple(value)
    what = "outputs of the user-provided function" if what == "outputs" else what
    for index, one in enumerate(several):
        if isinstance(one, Variable):
            continue
        subject = f"The {what} given to {name} must be either a Tensor or a tuple of Tensors but"
        if single:
            raise TypeError(f"{subject} the given {what} has type {type(one)}.")
        raise TypeError(f"{subject} the value at index {index} has type {type(one)}.")
    return single, several


def _vector(v: Any, like: Sequence[Any], single: bool, subject: str) -> list[Any]:
    if v is None:
        if len(like) != 1 or like[0]._data.size != 1:
            raise RuntimeError(NO_VECTOR.format(subject))
        return [wrap(like[0]._face, np.ones_like(like[0]._data))]
    _, given = _as_tuple(v, "v", "vjp")
    if len(given) != len(like):
        if len(like) == 1 and single:
            raise RuntimeError("The given v should contain a single Tensor.")
        raise RuntimeError(f"v is a tuple of invalid length: should be {len(like)} but got {len(given)}.")
    for index, (one, of) in enumerate(zip(given, like, strict=True)):
        if one._data.shape != of._data.shape:
            prefix = "" if len(like) == 1 else f"Entry {index} in "
            raise RuntimeError(
                f"{prefix}v has invalid size: should be torch.Size({list(of._data.shape)}) but got "
                f"torch.Size({list(one._data.shape)})."
            )
    return list(given)


def _filled(found: Sequence[Any], like: Sequence[Any], refusal: str | None) -> list[Any]:
    """Zeros for what is independent; RuntimeError if that is refused."""
    filled: list[Any] = []
    for index, (one, of) in enumerate(zip(found, like, strict=True)):
        if one is None and refusal is not None:
            raise RuntimeError(refusal.format(index))
        filled.append(wrap(of._face, np.zeros_like(of._data)) if one is None else one)
    return filled


def _check_needs(values: Sequence[Any], refusal: str) -> None:
    for index, value in enumerate(values):
        if not value._needs:
            raise RuntimeError(refusal.format(index))


def _packed(values: Sequence[Any], single: bool, keep_graph: bool) -> Any:
    kept = tuple(values) if keep_graph else tuple([value.detach() for value in values])
    return kept[0] if single else kept


def _nested(rows: list[list[Any]], single_output: bool, single_input: bool, create_graph: bool) -> Any:
    packed = tuple([_packed(row, single_input, create_graph) for row in rows])
    return packed[0] if single_output else packed
