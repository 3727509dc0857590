"""Memory for time: what a function's operations save is let go, and computed again in backward."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tapeless.graph import modes
from tapeless.graph.engine import current_pass
from tapeless.graph.modes import Mode, current
from tapeless.graph.node import Packed, edge
from tapeless.graph.variable import Variable, wrap
from tapeless.graph.vocabulary.sampling import default_generator

__all__ = ["CheckpointError", "checkpoint"]


class CheckpointError(RuntimeError):
    """The function did something else when it ran again: it must be deterministic."""


COUNT = (
    "torch.utils.checkpoint: A different number of tensors was saved during the original forward and "
    "recomputation.\n"
    "Number of tensors saved during forward: {}\nNumber of tensors saved during recomputation: {}."
)
METADATA = (
    "torch.utils.checkpoint: Recomputed values for the following tensors have different metadata than "
    "during the forward pass.\n{}"
)
WRITTEN = (
    "one of the variables needed for gradient computation has been modified by an inplace operation: a "
    "tensor of shape {} that a checkpointed function reads is at version {}; expected version {} instead."
)


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    preserve_rng_state: bool = True,
    determinism_check: str = "default",
    **kwargs: Any,
) -> Any:
    """`function(*args, **kwargs)`, keeping nothing for backward but the arguments: it runs again then.

    Tensors that the function closes over get their gradients too; checkpoints nest; gradients of gradients
    work.  CheckpointError if the second run saves other tensors; `determinism_check="none"` looks at
    their number only.
    `use_reentrant` is accepted and means nothing.  As `torch.utils.checkpoint.checkpoint`.

    >>> import tapeless as tl
    >>> from tapeless.autograd.checkpoint import checkpoint
    >>> x = tl.tensor([1.0, 2.0], requires_grad=True)
    >>> checkpoint(lambda x: (x * x).exp(), x).sum().backward()
    >>> x.grad
    tensor([  5.4366, 218.3926])
    """
    if determinism_check not in ("default", "none"):
        raise ValueError(f"determinism_check should be 'default' or 'none', but got {determinism_check!r}")
    if not current().grad:
        return function(*args, **kwargs)
    region = _Region(function, args, kwargs, preserve_rng_state, determinism_check == "default")
    with region.hooks(region.pack, region.unpack):
        return function(*args, **kwargs)


class _Held:
    """What stands in a saved tensor's place."""

    __slots__ = ("counter", "index", "version")

    def __init__(self, index: int, tensor: Variable) -> None:
        self.index = index
        self.counter = tensor._counter
        self.version = tensor._counter[0]


class _Region:
    """One checkpointed call: how to run it again, and what it saved."""

    def __init__(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        rng: bool,
        strict: bool,
    ) -> None:
        self.function = function
        self.mode: Mode = current()
        self.args = [self._kept(arg) for arg in args]
        self.kwargs = {name: self._kept(value) for name, value in kwargs.items()}
        self.rng_state = default_generator().get_state() if rng else None
        self.strict = strict
        self.saved: list[tuple[tuple[int, ...], Any]] = []  # shapes and dtypes
        self.values: dict[int, Variable] = {}
        self.values_of: Any = None  # the pass that they were computed for

    def hooks(self, pack: Callable[..., Any], unpack: Callable[..., Any]) -> modes.ModeContext:
        return modes.ModeContext(saved_hooks=(pack, unpack))

    def _kept(self, value: Any) -> Any:
        """An argument; inside another checkpoint as that one's hooks keep it."""
        if (
            self.mode.saved_hooks is None
            or not isinstance(value, Variable)
            or value._data.dtype.kind not in "fc"
        ):
            return value
        return Packed(value, edge(value) if value._needs else None, *self.mode.saved_hooks)

    def pack(self, tensor: Variable) -> _Held:
        self.saved.append((tensor._data.shape, tensor._data.dtype))
        return _Held(len(self.saved) - 1, tensor)

    def unpack(self, held: _Held) -> Variable:
        if held.counter[0] != held.version:
            shape = list(self.saved[held.index][0])
            raise RuntimeError(WRITTEN.format(shape, held.counter[0], held.version))
        running = current_pass()
        if self.values_of is not running:
            self.values, self.values_of = {}, running
        if held.index not in self.values:
            self.values = self._run_again()
        return self.values.pop(held.index)

    def _run_again(self) -> dict[int, Variable]:
        found: list[Variable] = []

        def collect(tensor: Variable) -> Variable:
            found.append(wrap(tensor._face, tensor._data))
            return tensor

        before = current()
        modes.restore(self.mode._replace(grad=True, dual_level=None, tapes=(), anomaly=False))
        state = default_generator().get_state()
        try:
            args = [_given(arg) for arg in self.args]
            kwargs = {name: _given(value) for name, value in self.kwargs.items()}
            if self.rng_state is not None:
                default_generator().set_state(self.rng_state)
            with self.hooks(collect, _same):
                self.function(*args, **kwargs)
        finally:
            if self.rng_state is not None:
                default_generator().set_state(state)
            modes.restore(before)
        self._check(found)
        return dict(enumerate(found))

    def _check(self, found: list[Variable]) -> None:
        if len(found) != len(self.saved):
            raise CheckpointError(COUNT.format(len(self.saved), len(found)))
        if not self.strict:
            return
        differences = [
            f"tensor at position {index}:\nsaved metadata: {expected}\nrecomputed metadata: {got}"
            for index, (expected, got) in enumerate(
                zip(self.saved, [(one._data.shape, one._data.dtype) for one in found], strict=True)
            )
            if expected != got
        ]
        if differences:
            raise CheckpointError(METADATA.format("\n".join(differences)))


def _same(tensor: Variable) -> Variable:
    return tensor


def _given(value: Any) -> Any:
    return value.unpack() if isinstance(value, Packed) else value
