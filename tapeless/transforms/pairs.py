"""Forward and backward apart: what `vjp` runs, and what `g.forward` and `g.backward` are."""

from __future__ import annotations

from typing import Any

from tapeless import _tree
from tapeless.source.cache import Derived
from tapeless.source.places import says_where
from tapeless.source.store import Values
from tapeless.transforms import continued
from tapeless.transforms.matching import Slot
from tapeless.transforms.outputs import check_flows
from tapeless.transforms.ownership import chosen, kept, refilled
from tapeless.transforms.selection import Selection
from tapeless.transforms.transform import Transform, calls, values_like


class Pair(Transform):
    """`forward(*args)` gives the value and a `Pullback`, with has_aux also what is not differentiated."""

    kind = "vjp"
    form_name = "pair"
    _at_variables = continued.pair

    @calls
    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        plan, ready, values = self._prepare(args, kwargs)
        found = ready.forward(*values)
        out, aux = found[0] if self.has_aux else (found[0], None)
        check_flows(out, self.kind, self._callee.parameters)
        residuals = (found[1],)
        del found
        pullback = Pullback(ready.backward, kept(residuals[0]), out, plan.selection, ready.derived)
        return (out, pullback, aux) if self.has_aux else (out, pullback)


class Pullback:
    """The map from a cotangent of the output to the gradients: what `vjp` gives besides the value.

    It may be called any number of times.
    """

    __slots__ = ("_backward", "_derived", "_output", "_residuals", "_selection")

    def __init__(
        self, backward: Any, residuals: Any, out: Any, selection: Selection, derived: Derived
    ) -> None:
        self._backward = backward
        self._residuals = residuals
        leaves, structure = _tree.flatten(out)
        self._output = structure, [Slot.of(leaf) for leaf in leaves]
        self._selection = selection
        self._derived = derived

    @says_where
    def __call__(self, cotangent: Any) -> tuple[Any, ...]:
        """The gradients of <cotangent, output>; the cotangent has the structure and shapes of the output."""
        structure, slots = self._output
        given = _tree.parts_like(structure, cotangent, "the cotangent")
        leaves = [slot.fill(part, path, "output") for slot, (path, part) in zip(slots, given, strict=True)]
        given = refilled(self._residuals), _tree.unflatten(structure, leaves)
        found = (self._backward(*given),) if self._derived.single else self._backward(*given)
        del given, leaves
        return chosen(found, self._selection)

    @property
    def source(self) -> str:
        """The text of the backward function."""
        return list(self._derived.sources.values())[1]

    def __repr__(self) -> str:
        return f"<pullback to {', '.join([one.name for one in self._selection.selected])}>"


# What a gradient shows of itself ----------------------------------------------------------------------------


class Residuals:
    """What the forward function keeps for the backward function."""

    __slots__ = ("pullback",)

    def __init__(self, pullback: Pullback) -> None:
        self.pullback = pullback


class Half:
    """The forward or the backward function of a gradient: `source` is its text.

    forward(*args) gives (value, residuals); backward(residuals, cotangent) gives the gradients, a tuple where
    `argnums` is one.
    """

    def __init__(self, gradient: Transform, pair: Pair, is_backward: bool) -> None:
        self._gradient = gradient
        self._pair = pair
        self._is_backward = is_backward

    def made(self) -> Derived:
        """The pair, for the types of the gradient's latest call."""
        self._pair.specialise_for(values_like(self._gradient.made()))
        return self._pair.made()

    @property
    def source(self) -> str:
        """The generated text, for the types of the latest call."""
        texts = list(self.made().sources.values())
        return texts[1] if self._is_backward else "\n\n".join([texts[0], *texts[2:]])

    def __repr__(self) -> str:
        return f"<{'backward' if self._is_backward else 'forward'} of {self._gradient!r}>"

    @says_where
    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        return self._backward(*args, **kwargs) if self._is_backward else self._forward(args, kwargs)

    def _forward(self, args: Values, kwargs: dict[str, Any]) -> Any:
        out, pullback, *aux = self._pair(*args, **kwargs)
        return ((out, *aux) if aux else out), Residuals(pullback)

    def _backward(self, residuals: Residuals, cotangent: Any = 1.0) -> Any:
        found = residuals.pullback(cotangent)
        return found if isinstance(self._pair.argnums, tuple) else found[0]
