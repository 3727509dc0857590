"""What happens to tensors that operations save for backward: packed by hooks, or kept safe from writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tapeless.graph import modes
from tapeless.graph.keeping import remember
from tapeless.graph.modes import ModeContext, current
from tapeless.graph.node import Node
from tapeless.graph.variable import Variable, wrap


class saved_tensors_hooks(ModeContext):  # noqa: N801  (PyTorch's name)
    """Inside, `pack_hook(tensor)` is called on what is saved, and `unpack_hook(packed)` whenever it is read.

    Of nested contexts the innermost counts.  RuntimeError while `disable_saved_tensors_hooks` holds.

    >>> import tapeless as tl
    >>> x = tl.tensor([1.0, 2.0], requires_grad=True)
    >>> with tl.autograd.graph.saved_tensors_hooks(lambda t: t.numpy().copy(), tl.from_numpy):
    ...     y = (x**3).sum()
    >>> y.backward()
    >>> x.grad
    tensor([ 3., 12.])
    """

    def __init__(self, pack_hook: Callable[[Any], Any], unpack_hook: Callable[[Any], Any]) -> None:
        super().__init__(saved_hooks=(pack_hook, unpack_hook))

    def __enter__(self) -> None:
        refusal = current().hooks_disabled
        if refusal is not None:
            raise RuntimeError(refusal)
        super().__enter__()


class save_on_cpu(saved_tensors_hooks):  # noqa: N801
    """What is saved is copied; later writes to the tensors do not matter.  (All memory is the CPU's here.)"""

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        super().__init__(_copied, _same)


def _copied(tensor: Variable) -> Variable:
    return wrap(tensor._face, np.array(tensor._data))


def _same(tensor: Variable) -> Variable:
    return tensor


class disable_saved_tensors_hooks(ModeContext):  # noqa: N801
    """Inside, entering `saved_tensors_hooks` raises RuntimeError(error_message)."""

    def __init__(self, error_message: str) -> None:
        super().__init__(hooks_disabled=error_message)
        self._message = error_message

    def __enter__(self) -> None:
        if current().saved_hooks is not None:
            raise RuntimeError(self._message)
        super().__enter__()


class allow_mutation_on_saved_tensors:  # noqa: N801
    """Inside, tensors that were saved may be written to: operations that need their old values get a copy.

    >>> import tapeless as tl
    >>> x = tl.ones(2, requires_grad=True)
    >>> with tl.autograd.graph.allow_mutation_on_saved_tensors():
    ...     y = x.clone()
    ...     z = (y**2).sum()
    ...     _ = y.mul_(5)
    >>> z.backward()
    >>> x.grad
    tensor([2., 2.])
    """

    def __enter__(self) -> Keeper:
        if current().mutation is not None:
            raise RuntimeError("allow_mutation_on_saved_tensors contexts cannot be nested")
        keeper = Keeper()
        modes.change(mutation=keeper)
        return keeper

    def __exit__(self, *_: object) -> None:
        modes.change(mutation=None)


class Keeper:
    """Notes what is saved while the context is on; the copies belong to the nodes, and go with them."""

    def watch(self, node: Node) -> None:
        remember(node)

    def clear(self) -> None:
        """Nothing to clear: a node lets go of its copies when it is freed."""
