"""`backward` and `grad`: check what the user gave, run a pass, hand back what it found."""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np

from tapeless.graph.engine import Pass, Root
from tapeless.graph.node import AccumulateGrad, Node, edge
from tapeless.graph.variable import Variable, wrap
from tapeless.graph.within import inner_leaves
from tapeless.rules.support import as_dtype

NOT_USED = (
    "The differentiated Tensor at index {} appears to not have been used in the graph. Set allow_unused=True "
    "if this is the desired behavior."
)
CYCLE = (
    "Using backward() with create_graph=True will create a reference cycle between the parameter and its "
    "gradient which can cause a memory leak. We recommend using autograd.grad when creating the graph to "
    "avoid this. If you have to use this function, make sure to reset the .grad fields of your parameters to "
    "None after use to break the cycle and avoid the leak."
)


class GradientEdge(tuple):  # (node, output number)
    """A place in the graph: `get_gradient_edge` gives it, `backward` and `grad` take it for a tensor."""

    __slots__ = ()

    def __new__(cls, node: Node, output_nr: int) -> GradientEdge:
        return super().__new__(cls, (node, output_nr))

    @property
    def node(self) -> Node:
        return self[0]

    @property
    def output_nr(self) -> int:
        return self[1]


def backward(
    tensors: Any,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Any = None,
) -> None:
    """Add the gradients of `tensors`, weighted by `grad_tensors`, to the leaves' `grad`.

    A weight may be left out for tensors of one element; `inputs` restricts what is accumulated.
    RuntimeError where nothing requires grad, shapes differ, or the graph was freed.
    As `torch.autograd.backward`.
    """
    within = inner_leaves.get()
    if within is not None and inputs is None and within:
        outputs = _sequence(tensors)
        roots = _roots(outputs, _weights(outputs, grad_tensors), create_graph=True)
        leaves = {_target(_retained(one))[0] for one in within}
        Pass(retain=True, differentiable=True, only=leaves).run(roots)
        return
    if grad_tensors is None and inputs is None and not create_graph and _is_loss(tensors):
        one = tensors._data.dtype.type(1) if tensors._data.shape == () else np.ones_like(tensors._data)
        Pass(retain=bool(retain_graph), differentiable=False).run([(edge(tensors), tensors._nr, one)])
        return
    outputs = _sequence(tensors)
    if inputs is not None and not isinstance(inputs, Variable | GradientEdge) and len(inputs) == 0:
        raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
    roots = _roots(outputs, _weights(outputs, grad_tensors), create_graph)
    only = None if inputs is None else {_target(_retained(one))[0] for one in _sequence(inputs)}
    if create_graph and only is None:
        warnings.warn(CYCLE, stacklevel=3)
    retain = create_graph if retain_graph is None else retain_graph
    Pass(retain=retain, differentiable=create_graph, only=only).run(roots)


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> Any:
    """The gradients of the sum of `outputs`, weighted by `grad_outputs`, for each of `inputs`.

    `inputs` may be a dict: so is the result then.  `create_graph` makes the gradients differentiable again.
    `is_grads_batched`: the weights have a leading axis, and so have the results.  Touches no `.grad`.
    As `torch.autograd.grad`.
    """
    if materialize_grads and allow_unused is False:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, but got: "
            "allow_unused=False."
        )
    if isinstance(inputs, dict):
        found = grad(
            outputs,
            list(inputs.values()),
            grad_outputs,
            retain_graph,
            create_graph,
            allow_unused,
            is_grads_batched,
            materialize_grads,
        )
        return dict(zip(inputs, found, strict=True))
    wanted = _sequence(inputs)
    if not wanted:
        raise RuntimeError("`inputs` argument to `grad()` cannot be empty.")
    results = _sequence(outputs)
    if is_grads_batched:
        return _batched(
            results, wanted, grad_outputs, retain_graph, create_graph, allow_unused, materialize_grads
        )
    roots = _roots(results, _weights(results, grad_outputs), create_graph)
    targets = [_target(one) for one in wanted]
    capture: dict[tuple[Node, int], Any] = dict.fromkeys(targets)
    retain = create_graph if retain_graph is None else retain_graph
    Pass(retain=retain, differentiable=create_graph, capture=capture).run(roots)
    found = [capture[target] for target in targets]
    if not create_graph:
        found = _apart(found, [weight for _, _, weight in roots])
    for index, (one, got) in enumerate(zip(wanted, found, strict=True)):
        if got is None and materialize_grads:
            found[index] = wrap(one._face, np.zeros_like(one._data))
        elif got is None and not allow_unused:
            raise RuntimeError(NOT_USED.format(index))
    return tuple(found)


def _apart(found: list[Any], weights: list[Any]) -> list[Any]:
    """Gradients that may be written to: addition hands the same array to both of its sides."""
    seen = {_memory(weight) for weight in weights}
    for index, one in enumerate(found):
        if one is None:
            continue
        if _memory(one._data) in seen:
            found[index] = wrap(one._face, one._data.copy())
        seen.add(_memory(found[index]._data))
    return found


def _memory(data: Any) -> int:
    """The object that owns an array's memory."""
    while isinstance(data, np.ndarray) and data.base is not None:
        data = data.base
    return id(data)


def _is_loss(value: Any) -> bool:
    """Whether a backward pass from here has nothing to check: one real element that requires grad."""
    if not isinstance(value, Variable) or not value._needs:
        return False
    return value._data.size == 1 and value._data.dtype.kind == "f"


def _batched(
    outputs: list[Any],
    inputs: list[Any],
    grad_outputs: Any,
    retain_graph: bool | None,
    create_graph: bool,
    *rest: Any,
) -> tuple[Any, ...]:
    """One pass for each entry along the weights' first axis; the results are stacked."""
    weights = _weights(outputs, grad_outputs)
    size = _batch_size(outputs, weights)
    rows = []
    allow_unused, materialize = rest
    for index in range(size):
        row = [None if one is None else one[index] for one in weights]
        keep = retain_graph or create_graph or index < size - 1
        rows.append(grad(outputs, inputs, row, keep, create_graph, allow_unused, False, materialize))
    columns = zip(*rows, strict=True)
    return tuple([None if column[0] is None else np.stack(column) for column in columns])


def _batch_size(outputs: list[Any], weights: list[Any]) -> int:
    for index, (output, weight) in enumerate(zip(outputs, weights, strict=True)):
        if weight is None or not isinstance(output, Variable):
            continue
        if weight._data.shape[1:] != output._data.shape:
            raise RuntimeError(
                "If `is_grads_batched=True`, we interpret the first dimension of each grad_output as the "
                "batch dimension. The sizes of the remaining dimensions are expected to match the shape of "
                f"corresponding output, but a mismatch was detected: grad_output[{index}] has a shape of "
                f"torch.Size({list(weight._data.shape)}) and output[{index}] has a shape of "
                f"torch.Size({list(output._data.shape)})."
            )
    sizes = [weight._data.shape[0] for weight in weights if weight is not None]
    if not sizes:
        raise RuntimeError("grad can be implicitly created only for scalar outputs")
    return sizes[0]


def _sequence(value: Any) -> list[Any]:
    if isinstance(value, Variable | GradientEdge) or value is None:
        return [value]
    return list(value)


def _weights(outputs: Sequence[Any], given: Any) -> list[Any]:
    if given is not None and not isinstance(given, Variable | Sequence):
        raise TypeError(f"gradients can be either Tensors or None, but got {type(given).__name__}")
    weights = [None] * len(outputs) if given is None else _sequence(given)
    if len(weights) != len(outputs):
        raise RuntimeError(f"got {len(outputs)} tensors and {len(weights)} gradients")
    return weights


def _roots(outputs: Sequence[Any], weights: Sequence[Any], create_graph: bool) -> list[Root]:
    roots: list[Root] = []
    for index, (output, weight) in enumerate(zip(outputs, weights, strict=True)):
        if isinstance(output, GradientEdge):
            if weight is None:
                raise RuntimeError("grad can be implicitly created only for scalar outputs")
            roots.append((output.node, output.output_nr, weight if create_graph else weight._data))
            continue
        if not isinstance(output, Variable):
            raise TypeError(f"expected a Tensor at index {index} of the tensors, got {type(output).__name__}")
        if not output._needs:
            raise RuntimeError(
                f"element {index} of tensors does not require grad and does not have a grad_fn"
            )
        if weight is None:
            weight = _implicit_weight(output)
        _check_weight(index, output, weight)
        if weight._data.dtype != output._data.dtype:
            weight = as_dtype(weight, output._data.dtype)
        data = weight._data if weight._data.shape else weight._data[()]  # numbers are quicker than 0-d arrays
        roots.append((edge(output), output._nr, weight if create_graph else data))
    return roots


def _implicit_weight(output: Variable) -> Variable:
    data = output._data
    if data.size != 1:
        raise RuntimeError("grad can be implicitly created only for scalar outputs")
    if data.dtype.kind == "c":
        raise RuntimeError(
            f"grad can be implicitly created only for real scalar outputs but got torch.{data.dtype.name}"
        )
    return wrap(output._face, np.ones(data.shape, data.dtype))


def _check_weight(index: int, output: Variable, weight: Any) -> None:
    if not isinstance(weight, Variable):
        raise TypeError(f"gradients can be either Tensors or None, but got {type(weight).__name__}")
    if weight._data.shape != output._data.shape:
        raise RuntimeError(
            f"Mismatch in shape: grad_output[{index}] has a shape of torch.Size({list(weight._data.shape)}) "
            f"and output[{index}] has a shape of torch.Size({list(output._data.shape)})."
        )
    if weight._data.dtype.kind == "c" and output._data.dtype.kind != "c":
        raise RuntimeError(
            "For complex Tensors, both grad_output and output are required to have the same dtype. Mismatch "
            f"in dtype: grad_output[{index}] has a dtype of torch.{weight._data.dtype.name} and "
            f"output[{index}] has a dtype of torch.{output._data.dtype.name}."
        )


def _retained(one: Any) -> Any:
    """A tensor whose gradient was asked for by `backward`: it is kept though the tensor be no leaf."""
    if isinstance(one, Variable):
        retain_grad(one)
    return one


def retain_grad(variable: Variable) -> None:
    """Keep the gradient of a variable in `grad` though it is no leaf."""
    if not variable._needs:
        raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
    node = edge(variable)
    if not isinstance(node, AccumulateGrad):
        node.own_hooks().retained[variable._nr] = weakref.ref(variable)
        variable._own_meta().retains = True


def _target(one: Any) -> tuple[Node, int]:
    if isinstance(one, GradientEdge):
        return one.node, one.output_nr
    if not isinstance(one, Variable):
        raise TypeError(f"inputs must be Tensors, got {type(one).__name__}")
    if not one._needs:
        raise RuntimeError("One of the differentiated Tensors does not require grad")
    return edge(one), one._nr
