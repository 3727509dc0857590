"""What all optimisers share: parameter groups, the state of each parameter, saving and loading both."""

from __future__ import annotations

import functools
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any

import numpy as np

from tapeless.graph.messages import type_name
from tapeless.graph.modes import enable_grad, no_grad
from tapeless.graph.variable import Variable, wrap

Group = dict[str, Any]
Closure = Callable[[], Any]

UNORDERED = (
    "optimizer parameters need to be organized in ordered collections, but the ordering of tensors in sets "
    "will change between runs. Please use a list instead."
)
DUPLICATE = (
    "optimizer contains a parameter group with duplicate parameters: each step would move them twice; list "
    "every parameter once"
)
FOREIGN = "loaded state dict is of another optimizer than {2}: parameter {0} has {1}"
NAMES = "all optimizer params should be with/without names. Some param names are missing"
GROUP_NAMES = (
    "all optimizer param groups should be with/without names. cannot add param group {} names to the "
    "optimizer"
)


class Optimizer:
    """Moves parameters against their gradients; the base of all optimisers, and of your own.

    `params` are leaf Tensors, `(name, Tensor)` pairs as `named_parameters()` gives them, or dicts, each a
    parameter group: its "params", and options that replace those in `defaults` for these.  A subclass
    defines `step`, reads options from `self.param_groups`, and keeps what it remembers of a parameter in
    `self.state[parameter]`, a dict.

    TypeError if `params` is a Tensor or holds something else than Tensors; ValueError if it is empty, holds
    a Tensor that an operation made, or one parameter in two groups.  As `torch.optim.Optimizer`.

    >>> import tapeless as tl
    >>> class SignDescent(Optimizer):
    ...     def __init__(self, params, lr):
    ...         super().__init__(params, {"lr": lr})
    ...     @tl.no_grad()
    ...     def step(self, closure=None):
    ...         for group in self.param_groups:
    ...             for p in group["params"]:
    ...                 if p.grad is not None:
    ...                     p -= group["lr"] * p.grad.sign()
    >>> w = tl.tensor([3.0, -4.0], requires_grad=True)
    >>> (w**2).sum().backward()
    >>> SignDescent([w], lr=0.5).step()
    >>> w
    tensor([ 2.5000, -3.5000], requires_grad=True)
    """

    def __init__(self, params: Any, defaults: Group) -> None:
        self._check(defaults)
        if isinstance(params, Variable):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, but got "
                + type_name(params._data)
            )
        self.defaults = defaults
        self.state: defaultdict[Any, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[Group] = []
        self._steps = 0  # how often `step` was called, for the warning of schedulers
        given = list(_ordered(params))
        if not given:
            raise ValueError("optimizer got an empty parameter list")
        for group in given if isinstance(given[0], dict) else [{"params": given}]:
            self.add_param_group(group)

    @staticmethod
    def _check(options: Any) -> None:
        """Refuse options that make no sense: those in `defaults`, and each group's."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "step" in cls.__dict__:
            cls.step = _counted(cls.__dict__["step"])

    def step(self, closure: Closure | None = None) -> Any:
        """Move every parameter that has a gradient; returns what `closure` returns.

        `closure()` computes the loss anew and calls its `backward`; it runs with recording on.
        """
        raise NotImplementedError(f"{type(self).__name__} does not define step")

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or with `set_to_none=False` set them to zero in place."""
        for group in self.param_groups:
            for p in group["params"]:
                if set_to_none:
                    meta = p._meta
                    if meta is not None:
                        meta.grad = None
                elif p.grad is not None:
                    _zero(p.grad)

    # Groups -------------------------------------------------------------------------------------------

    def add_param_group(self, param_group: Group) -> None:
        """Optimise more parameters: `{"params": [...], "lr": 0.1}`; options left out are the defaults.

        TypeError and ValueError as for the constructor's `params`.
        """
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        if "params" not in param_group:
            raise ValueError("a parameter group needs its parameters: {'params': [...], ...}")
        given = param_group["params"]
        items = [given] if isinstance(given, Variable) else list(_ordered(given))
        names, params = _named(items)
        group: Group = {"params": params, **{k: v for k, v in param_group.items() if k != "params"}}
        if names is not None:
            group["param_names"] = names
        self._check_names(names)
        for name, value in self.defaults.items():
            group.setdefault(name, value)
        self._check_params(params)
        self._check(group)
        self.param_groups.append(group)

    def _check_names(self, names: list[str] | None) -> None:
        if self.param_groups and ("param_names" in self.param_groups[0]) != (names is not None):
            raise ValueError(GROUP_NAMES.format("without" if names is None else "with"))

    def _check_params(self, params: list[Any]) -> None:
        for p in params:
            if not isinstance(p, Variable):
                hint = ": give it model.parameters()" if hasattr(p, "parameters") else ""
                raise TypeError(
                    f"optimizer can only optimize Tensors, but one of the params is {type(p).__name__}{hint}"
                )
            if not (p.is_leaf or p.retains_grad):  # type: ignore[attr-defined]
                raise ValueError("can't optimize a non-leaf Tensor")
        new = {id(p) for p in params}
        if len(new) != len(params):
            warnings.warn(DUPLICATE, UserWarning, stacklevel=4)
        if not new.isdisjoint([id(p) for group in self.param_groups for p in group["params"]]):
            raise ValueError("some parameters appear in more than one parameter group")

    # Saving -------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """`{"state": {0: {...}}, "param_groups": [{"lr": ..., "params": [0]}]}`: parameters are numbers.

        What is in it is the optimiser's own: the next step changes it.  `copy.deepcopy` it to keep it while
        training goes on.  As in PyTorch, whose state dicts these are.
        """
        numbers: dict[int, int] = {}
        for p in self._params():
            numbers.setdefault(id(p), len(numbers))
        groups = [
            {**_without_params(group), "params": [numbers[id(p)] for p in group["params"]]}
            for group in self.param_groups
        ]
        state = {(numbers[id(k)] if isinstance(k, Variable) else k): v for k, v in self.state.items()}
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where the optimiser of that state dict stood; its options replace this one's.

        The state is copied, and has the parameters' dtypes.  Options that the state dict lacks stay as they
        are.  ValueError, and nothing is changed, if its groups, their sizes or the shapes do not fit.
        """
        groups = state_dict["param_groups"]
        if len(groups) != len(self.param_groups):
            raise ValueError("loaded state dict has a different number of parameter groups")
        pairs = list(zip(self.param_groups, groups, strict=True))
        if any([len(own["params"]) != len(other["params"]) for own, other in pairs]):
            raise ValueError(
                "loaded state dict contains a parameter group that doesn't match the size of optimizer's "
                "group"
            )
        numbers = chain.from_iterable([group["params"] for group in groups])
        by_number = dict(zip(numbers, self._params(), strict=True))
        state: defaultdict[Any, dict[str, Any]] = defaultdict(dict)
        for key, kept in state_dict["state"].items():
            p = by_number.get(key)
            if p is None and str(key).isdigit():
                raise ValueError(
                    f"loaded state dict has a state for parameter {key!r}, which no group of it has"
                )
            state[key if p is None else p] = _loaded(p, kept)
        self._check_state([(number, p, state[p]) for number, p in by_number.items() if p in state])
        self.state = state
        self.param_groups = [
            {**_without_params(own), **_without_params(other), "params": own["params"]}
            for own, other in pairs
        ]

    def _check_state(self, loaded: list[tuple[Any, Any, dict[str, Any]]]) -> None:
        """ValueError if what is to be loaded does not fit: (number, parameter, its state) of each."""

    def _params(self) -> list[Any]:
        return [p for group in self.param_groups for p in group["params"]]

    def __getstate__(self) -> dict[str, Any]:
        return {"defaults": self.defaults, "state": self.state, "param_groups": self.param_groups}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._steps = 0

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for number, group in enumerate(self.param_groups):
            lines += ["", f"Parameter Group {number}"] if number else ["Parameter Group 0"]
            lines += [f"    {name}: {group[name]}" for name in sorted(group) if name != "params"]
        return "\n".join([*lines, ")"])


def evaluate(closure: Closure) -> Any:
    """The loss of a closure, which is recorded whatever the mode is."""
    with enable_grad():
        return closure()


def _counted(step: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(step)
    def counted(self: Any, *args: Any, **kwargs: Any) -> Any:
        self._steps += 1
        return step(self, *args, **kwargs)

    return counted


def _ordered(params: Any) -> Iterable[Any]:
    if isinstance(params, set | frozenset):
        raise TypeError(UNORDERED)
    if not isinstance(params, Iterable):
        raise TypeError(
            "params argument given to the optimizer should be an iterable of Tensors or dicts, but got "
            + type(params).__name__
        )
    return params


def _named(items: list[Any]) -> tuple[list[str] | None, list[Any]]:
    """The names, if all items are pairs of name and parameter, and the parameters."""
    pairs = [isinstance(item, tuple) and len(item) == 2 for item in items]
    if not any(pairs):
        return None, items
    if not all(pairs):
        raise ValueError(NAMES)
    return [name for name, _ in items], [p for _, p in items]


def _without_params(group: Group) -> Group:
    return {name: value for name, value in group.items() if name != "params"}


def _zero(grad: Variable) -> None:
    if grad._node is not None:
        grad.detach_()  # type: ignore[attr-defined]
    else:
        grad.requires_grad_(False)  # type: ignore[attr-defined]
    with no_grad():
        grad[...] = 0  # type: ignore[index]


def _loaded(p: Any, kept: Any) -> Any:
    """A copy of what a state dict holds of a parameter."""
    if p is None or not isinstance(kept, dict):
        return _copied(kept, None)
    return {name: _copied(value, None if name == "step" else p) for name, value in kept.items()}


def _copied(value: Any, p: Variable | None) -> Any:
    """A copy of a state's value; arrays get the dtype of the parameter `p`."""
    if isinstance(value, Variable):
        data = value._data
        dtype = data.dtype if p is None or p._data.dtype.kind not in "fc" else p._data.dtype
        return wrap(type(value), np.array(data, dtype=dtype))
    if isinstance(value, dict):
        return {name: _copied(one, p) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)([_copied(one, p) for one in value])
    return value
