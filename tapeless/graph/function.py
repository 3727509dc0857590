"""Operations that users differentiate themselves."""

from __future__ import annotations

import inspect
import warnings
import weakref
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from tapeless.graph import dual, modes
from tapeless.graph.apply import finish
from tapeless.graph.engine import mark_written
from tapeless.graph.function_node import BackwardCFunction, FunctionCtx, FunctionNode
from tapeless.graph.modes import Mode, current
from tapeless.graph.node import refresh
from tapeless.graph.variable import Variable, wrap
from tapeless.graph.views import rebase

NO_FORWARD = "You must implement the forward function for custom autograd.Function."
NO_BACKWARD = (
    "You must implement either the backward or vjp method for your custom autograd.Function to use it with "
    "backward mode AD."
)
NO_JVP = "You must implement the jvp function for custom autograd.Function to use it with forward mode AD."
BOTH = (
    "Implementing both 'backward' and 'vjp' for a custom Function is not allowed. You should only implement "
    "one of them."
)
LEGACY = (
    "Legacy autograd function with non-static forward method is deprecated. Please use new-style autograd "
    "function with static forward method. (Example: "
    "https://pytorch.org/docs/stable/autograd.html#torch.autograd.Function)"
)
NOT_RETURNED = (
    "Some elements marked as dirty during the forward method were not returned as output. The inputs that "
    "are modified inplace must all be outputs of the Function."
)
DIRTY_LEAF = "a leaf Variable that requires grad has been used in an in-place operation."
DIRTY_VIEW = (
    "If your Function modifies inplace an input that is a view of another Tensor, your Function cannot "
    "return more than one Tensor, and that input must be the first Tensor among its inputs. Make sure that "
    "the input is not a view (with .clone()), or split the Function in two."
)
NOT_AN_INPUT = (
    "ctx.mark_dirty() received a tensor that was not an input. Only input Tensors that have been mutated "
    "should be passed to ctx.mark_dirty()."
)
VIEW_WITHOUT_VIEW = (
    "A custom Function's forward is returning a view (or an input as-is) but the jvp is not returning a view."
)
WRITE_WITHOUT_WRITE = (
    "An inplace custom Function is not modifying the forward mode gradients inplace. If the forward is "
    "modifying an input inplace, then the jvp function must modify the corresponding gradient inplace."
)


class _FunctionMeta(type):
    def __init__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> None:
        super().__init__(name, bases, body)
        contents = {"__slots__": (), "function": cls, "__module__": cls.__module__}
        cls._backward_cls = type(f"{name}Backward", (BackwardCFunction,), contents)


class Function(metaclass=_FunctionMeta):
    """An operation with a derivative of the user's own: subclass it, and call `apply`.

    >>> import tapeless as tl
    >>> class Square(tl.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x * x
    ...
    ...     @staticmethod
    ...     def backward(ctx, g):
    ...         (x,) = ctx.saved_tensors
    ...         return 2 * x * g
    >>> x = tl.tensor(3.0, requires_grad=True)
    >>> Square.apply(x).backward()
    >>> x.grad
    tensor(6.)
    """

    _backward_cls: type[FunctionNode]
    generate_vmap_rule = False

    def __init__(self, *_: Any, **__: Any) -> None:
        warnings.warn(
            f"{type(self)} should not be instantiated. Methods on autograd functions are all static, so you "
            f"should "
            "invoke them on the class itself. Instantiating an autograd function will raise an error in a "
            "future version of PyTorch.",
            DeprecationWarning,
            stacklevel=2,
        )

    def __call__(self, *_: Any, **__: Any) -> NoReturn:
        raise RuntimeError(LEGACY)

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """`forward(ctx, *args)`; or `forward(*args)` together with `setup_context`."""
        raise NotImplementedError(NO_FORWARD)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> Any:
        """Save what `backward` needs, where `forward` does not take `ctx`."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """The gradient of each argument of `forward` (None for what is no tensor), given its results'."""
        raise NotImplementedError(NO_BACKWARD)

    @staticmethod
    def vjp(ctx: Any, *grad_outputs: Any) -> Any:
        """Another name of `backward`."""
        raise NotImplementedError(NO_BACKWARD)

    @staticmethod
    def jvp(ctx: Any, *grad_inputs: Any) -> Any:
        """The tangents of the results from those of the arguments."""
        raise NotImplementedError(NO_JVP)

    @classmethod
    def _pull(cls, ctx: FunctionCtx, *gs: Any) -> Any:
        """Run `backward`, or `vjp` where the user calls it so."""
        if cls.vjp is Function.vjp:
            return cls.backward(ctx, *gs)
        if cls.backward is not Function.backward:
            raise RuntimeError(BOTH)
        return cls.vjp(ctx, *gs)

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run `forward`, unrecorded, and record the whole as one operation."""
        with_setup = cls.setup_context is not Function.setup_context
        if kwargs or with_setup:
            args = _bound(cls.forward, args if with_setup else (None, *args), kwargs, with_setup)
        return _Call(cls, args, with_setup).run()


def _bound(
    forward: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], defaults: bool
) -> tuple[Any, ...]:
    """The arguments by position; `forward` without `ctx` gets its defaults too."""
    bound = inspect.signature(forward).bind(*args, **kwargs)
    if defaults:
        bound.apply_defaults()
        return bound.args
    return bound.args[1:]


class _Call:
    """One application of a Function."""

    def __init__(self, function: type[Function], args: tuple[Any, ...], with_setup: bool) -> None:
        self.function = function
        self.args = args
        self.with_setup = with_setup
        self.mode = current()
        self.tensors = [arg for arg in args if isinstance(arg, Variable)]
        for tensor in self.tensors:
            if tensor._view is not None:
                refresh(tensor)
        needs = tuple([isinstance(arg, Variable) and arg._needs for arg in args])
        self.ctx = FunctionCtx(needs)
        self.node: FunctionNode | None = None
        if self.mode.records and True in needs:
            self.node = function._backward_cls(args, self.ctx)

    def run(self) -> Any:
        tangents = self._tangents()
        before = modes.change(grad=False, dual_level=None)
        try:
            if self.with_setup:
                returned = self.function.forward(*self.args)
                self.function.setup_context(self.ctx, self.args, returned)
            else:
                returned = self.function.forward(self.ctx, *self.args)
        finally:
            modes.change(grad=before.grad, dual_level=before.dual_level)
        outputs = returned if isinstance(returned, tuple) else (returned,)
        outputs = self._outputs(outputs)
        if tangents is not None:
            self._push(tangents, outputs)
        self.ctx.dirty_tensors = self.ctx.non_differentiable = ()  # outputs hold the node, which holds ctx
        return outputs if isinstance(returned, tuple) else outputs[0]

    # Results ----------------------------------------------------------------------------------------------

    def _outputs(self, outputs: tuple[Any, ...]) -> tuple[Any, ...]:
        self._check_dirty(outputs)
        wrapped = tuple(
            [
                self._output(nr, out, outputs) if isinstance(out, Variable) else out
                for nr, out in enumerate(outputs)
            ]
        )
        if self.node is not None:
            self.node.infos = [
                (out._data.shape, out._data.dtype) if isinstance(out, Variable) else None for out in outputs
            ]
            self._save(outputs, wrapped)
        return wrapped

    def _check_dirty(self, outputs: tuple[Any, ...]) -> None:
        for dirty in self.ctx.dirty_tensors:
            if not any(dirty is out for out in outputs):
                raise RuntimeError(NOT_RETURNED)
            if not self._is_input(dirty):
                warnings.warn(NOT_AN_INPUT, UserWarning, stacklevel=5)
            elif dirty._counter[0] >= 0:
                mark_written(dirty)

    def _is_input(self, variable: Any) -> bool:
        return any(variable is tensor for tensor in self.tensors)

    def _output(self, nr: int, out: Variable, outputs: tuple[Any, ...]) -> Variable:
        node = self.node
        is_input = self._is_input(out)
        is_dirty = is_input and any(out is dirty for dirty in self.ctx.dirty_tensors)
        differentiable = (
            node is not None
            and out._data.dtype.kind in "fc"
            and not any(out is one for one in self.ctx.non_differentiable)
        )
        if is_dirty:
            if differentiable:
                self._rebase(out, nr, outputs)
            return out
        if is_input:
            out = _returned_input(out)
        elif out._view is not None:
            out._view.creation = "function"
        if differentiable:
            out._node, out._nr, out._needs = node, nr, True
        elif not is_input or node is not None:
            out._node, out._nr, out._needs = None, 0, False
        return out

    def _rebase(self, out: Variable, nr: int, outputs: tuple[Any, ...]) -> None:
        """The input that was written to is now this node's result."""
        assert self.node is not None
        if out._node is None and out._needs and out._view is None:
            raise RuntimeError(DIRTY_LEAF)
        if out._view is None:
            out._node, out._nr, out._needs = self.node, nr, True
            return
        base = out._view.base
        if base._needs and base._node is None:
            raise RuntimeError(DIRTY_LEAF)
        if sum(isinstance(one, Variable) for one in outputs) > 1 or self.tensors[0] is not out:
            raise RuntimeError(DIRTY_VIEW)
        rebase(out, self.node, self.node.edges[0] is not None)

    def _save(self, outputs: tuple[Any, ...], wrapped: tuple[Any, ...]) -> None:
        """Keep what `save_for_backward` named; an input returned as it was is saved as the input it is."""
        assert self.node is not None
        self.node.save(self.ctx.to_save)
        self.ctx.to_save = ()
        self.ctx._node = weakref.ref(self.node)
        finish(self.node, self.mode)

    # Forward mode -----------------------------------------------------------------------------------------

    def _tangents(self) -> list[Any] | None:
        level = self.mode.dual_level
        if level is None or self.mode.inference:
            return None
        found = [dual.tangent_of(arg, level) if isinstance(arg, Variable) else None for arg in self.args]
        return found if any(t is not None for t in found) else None

    def _push(self, tangents: list[Any], outputs: tuple[Any, ...]) -> None:
        """Call `jvp` and give the results their tangents."""
        before = modes.change(dual_level=None)
        ctx, node = self.ctx, self.ctx._node
        try:
            given = [self._materialized(t, arg) for t, arg in zip(tangents, self.args, strict=True)]
            versions = [None if t is None else t._counter[0] for t in given]
            ctx._node, ctx.to_save = None, ctx.saved_for_forward or ()
            found = self.function.jvp(ctx, *given)
        finally:
            ctx._node, ctx.to_save = node, ()
            modes.restore(before)
        found = found if isinstance(found, tuple) else (found,)
        if len(found) != len(outputs):
            raise RuntimeError(
                "Function's jvp returned an invalid number of forward gradients (expected "
                f"{len(outputs)} but got {len(found)})"
            )
        for index, (out, tangent) in enumerate(zip(outputs, found, strict=True)):
            if tangent is not None and not isinstance(tangent, Variable):
                raise RuntimeError(
                    f"expected Variable or None (got {type(tangent).__name__}) for grad output {index}."
                )
            if isinstance(out, Variable) and tangent is not None:
                self._set_tangent(out, tangent, given, versions)

    def _materialized(self, tangent: Any, arg: Any) -> Any:
        if tangent is not None or not isinstance(arg, Variable) or not self.ctx.materialize_grads:
            return tangent
        return wrap(arg._face, np.zeros_like(arg._data))

    def _set_tangent(self, out: Variable, tangent: Variable, given: list[Any], versions: list[Any]) -> None:
        dual.check_shape(out, tangent)
        if any(out is dirty for dirty in self.ctx.dirty_tensors):
            place = next(i for i, arg in enumerate(self.args) if arg is out)
            if tangent is not given[place] or tangent._counter[0] == versions[place]:
                raise RuntimeError(WRITE_WITHOUT_WRITE)
        elif out._view is not None and self._is_view_of_input(out) and tangent._view is None:
            raise RuntimeError(VIEW_WITHOUT_VIEW)
        dual.set_tangent(out, tangent, self.mode.dual_level)

    def _is_view_of_input(self, out: Variable) -> bool:
        assert out._view is not None
        bases = [tensor._view.base if tensor._view is not None else tensor for tensor in self.tensors]
        return any(out._view.base is base for base in bases)


def _returned_input(variable: Variable) -> Variable:
    """A view of an input that `forward` returned as it was."""
    out = dual.alias(variable) if not variable._needs else _unrecorded_alias(variable)
    if out._view is not None:
        out._view.creation = "function"
    return out


def _unrecorded_alias(variable: Variable) -> Variable:
    before: Mode = modes.change(grad=False, dual_level=None)
    try:
        return dual.alias(variable)
    finally:
        modes.restore(before)
