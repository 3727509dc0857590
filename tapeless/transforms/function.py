"""A function as one operation of the graph: `tapeless.function`.

The source road makes a forward and a backward function of it; called on Tensors it becomes one node, which
keeps what the backward function reads.  Where the backward pass is recorded in turn (`create_graph`), the
pullback is such a function again:

    def layer_pulled(w, x, cotangent):
        _, pullback = vjp(lambda w: layer(w, x), w)
        return pullback(cotangent)

Tensors that the function finds around it become arguments of a lifted function, which is one in its turn.
"""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable, Sequence
from typing import Any

from tapeless.graph.modes import current
from tapeless.graph.variable import Variable
from tapeless.ir.names import Names
from tapeless.source.captured import Captured, CapturedError, Lifted
from tapeless.source.wrappers import Transparent
from tapeless.transforms import engine
from tapeless.transforms.callee import Parameters, take_apart
from tapeless.transforms.function_node import Call, LiftingPair, node_types
from tapeless.transforms.function_text import Key, derived_function
from tapeless.transforms.transform import Mode


class GraphFunction(Transparent):
    """What `tapeless.function` gives; `__wrapped__` is the function itself."""

    def __init__(self, function: Callable[..., Any], mode: Mode = "auto") -> None:
        functools.update_wrapper(self, function)
        self.__wrapped__ = function
        self.mode: Mode = mode
        self._pairs: dict[tuple[Key, ...], LiftingPair] = {}
        self._derived: dict[tuple[Any, ...], GraphFunction] = {}
        self._lifted: Surrounded | None = None
        self._can_lift = mode != "tape"  # or nothing is known yet
        self.meets_tensors = False  # around it, so that it runs on Tensors even where nothing is recorded
        self.refusal: Exception | None = None  # why it is recorded operation by operation
        self.nodes = node_types(getattr(function, "__name__", type(function).__name__).strip("<>"))

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else types.MethodType(self, instance)  # type: ignore[arg-type]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.refusal is not None and current().records:
            return self.__wrapped__(*args, **kwargs)
        lifted = self._lifted
        if lifted is not None and current().records:
            given = lifted.given(args, kwargs)
            if given is not None:
                return lifted.function(*given)
        call = Call(self, args, kwargs)
        try:
            out = call.run() if call.variables else self.__wrapped__(*args, **kwargs)
        except CapturedError as error:
            self._lifted = Surrounded(self, error.found)
            return self(*args, **kwargs)
        if not call.wrt and self._can_lift and isinstance(out, Variable) and out._needs:
            self._lift(*call.split())
        return out

    def pair(self, keys: tuple[Key, ...]) -> LiftingPair:
        """Forward and backward with respect to some of the arguments."""
        found = self._pairs.get(keys)
        if found is None:
            # With Tensors around it nothing is recorded on Arrays, which they would meet there.
            mode = "source" if isinstance(self.__wrapped__, Lifted) else self.mode
            found = self._pairs.setdefault(keys, LiftingPair(self.__wrapped__, keys, mode=mode))
        return found

    def _lift(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Tensors came out though none was given: from now on those around the function are arguments."""
        self._can_lift = False
        callee = take_apart(self.__wrapped__, "function")
        values = callee.parameters.bind((*callee.leading, *args), {**callee.keywords, **kwargs})
        found = engine.captured(callee.function, callee.parameters.names, values)
        if found:
            self._lifted = Surrounded(self, found)

    @property
    def source(self) -> str:
        """The forward and the backward functions, for each set of arguments that required grad."""
        texts = [pair.source for pair in self._made()]
        return "\n\n".join(texts if self._lifted is None else [*texts, self._lifted.function.source])

    def explain(self) -> Any:
        """How the forward and backward functions came about that were made last; None before the first.

        Where there are none, because each operation is recorded: the error that says why.
        """
        if self.refusal is not None:
            return self.refusal
        if self._lifted is not None:
            return self._lifted.function.explain()
        return next((pair.explain() for pair in reversed(self._made())), None)

    def _made(self) -> list[LiftingPair]:
        return [pair for pair in self._pairs.values() if pair.is_made]

    def pulled(self, wrt: tuple[Key, ...], given: Sequence[Key]) -> GraphFunction:
        """(*arguments, cotangent) to the gradients by `wrt`, as a function of the graph."""
        return self._from_text("pulled", wrt, tuple(given))

    def pushed(self, wrt: tuple[Key, ...], given: Sequence[Key]) -> GraphFunction:
        """(*arguments, *tangents of `wrt`) to the tangent of the result."""
        return self._from_text("pushed", wrt, tuple(given))

    def _from_text(self, how: str, wrt: tuple[Key, ...], given: tuple[Key, ...]) -> GraphFunction:
        key = (how, wrt, given)
        found = self._derived.get(key)
        if found is None:
            made = derived_function(self.__wrapped__, how, given, wrt)
            found = self._derived.setdefault(key, GraphFunction(made, self.mode))
        return found

    def __repr__(self) -> str:
        return f"<graph function {getattr(self, '__name__', self.__wrapped__)}>"


class Surrounded:
    """A function with Tensors around it, as one that takes them after its own arguments."""

    def __init__(self, outer: GraphFunction, found: Sequence[Captured]) -> None:
        self.callee = callee = take_apart(outer.__wrapped__, "function")
        names = Names(callee.parameters.names)
        captured = [Captured(one.place, names.fresh(one.name)) for one in found]
        self.lifted = Lifted(callee.function, _as_inspected(callee.parameters), captured)
        self.function = GraphFunction(self.lifted, outer.mode)

    def given(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...] | None:
        """The arguments of the lifted function; None if there are no Tensors in the places any more."""
        callee = self.callee
        values = callee.parameters.bind((*callee.leading, *args), {**callee.keywords, **kwargs})
        found = self.lifted.found(values)
        return (*values, *found) if all([isinstance(one, Variable) for one in found]) else None


def _as_inspected(parameters: Parameters) -> list[inspect.Parameter]:
    kinds = inspect.Parameter
    star = [] if parameters.star is None else [kinds(parameters.star, kinds.VAR_POSITIONAL)]
    stars = [] if parameters.stars is None else [kinds(parameters.stars, kinds.VAR_KEYWORD)]
    return [
        *[kinds(name, kinds.POSITIONAL_OR_KEYWORD) for name in parameters.positional],
        *star,
        *[kinds(name, kinds.KEYWORD_ONLY) for name in parameters.keyword],
        *stars,
    ]


def function(f: Callable[..., Any] | None = None, *, mode: Mode = "auto") -> Any:
    """One node of the graph for each call of a function: its derivative is source, not a chain of operations.

    On arrays and numbers the result is the plain function.  On Tensors (or Arrays) it runs on their data, and
    where one requires grad the result's history is a single node, `<layerBackward>`, which keeps what the
    generated backward function reads and nothing more.  It is differentiated again (`create_graph`), takes
    hooks, and runs in forward mode as any operation does.

    >>> import numpy as np, tapeless as tl
    >>> @tl.function
    ... def layer(x, w, b):
    ...     return np.tanh(x @ w + b)
    >>> x, w, b = tl.ones(2, 3), tl.zeros(3, 4, requires_grad=True), tl.zeros(4, requires_grad=True)
    >>> y = layer(x, w, b)
    >>> y.grad_fn.name(), y.shape
    ('layerBackward', torch.Size([2, 4]))
    >>> y.sum().backward()
    >>> b.grad
    tensor([2., 2., 2., 2.])

    Arguments may be containers of Tensors, by position or by keyword.  It decorates methods too.  Tensors
    that the function finds around it count as arguments: those of its closure, of globals, of attributes
    (`self.w`, a module's parameters) and of lists and dicts there.  A function of no Tensor but such ones is
    recorded operation by operation in its first call.  `mode` is that of `grad`: with "auto" a function that
    cannot be read is recorded, behind the one node (operation by operation if it finds Tensors around it);
    with "source" it is refused with a TransformError.  TypeError for functions that write into a Tensor that
    they are given.
    """
    if f is None:
        return functools.partial(function, mode=mode)
    if not callable(f):
        raise TypeError(f"function() takes a function, got {type(f).__name__}")
    return GraphFunction(f, mode)
