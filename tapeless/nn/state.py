"""A module's parameters and buffers as a dictionary; loading one; calling a module with other values."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from tapeless import _tree
from tapeless.graph.modes import no_grad
from tapeless.graph.tensor import Size, Tensor
from tapeless.graph.variable import Variable, wrap
from tapeless.nn import walking
from tapeless.nn.parameter import Parameter
from tapeless.source.cache import PUBLIC


class IncompatibleKeys(NamedTuple):
    """What `load_state_dict` found on one side only."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"_IncompatibleKeys(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"


def entries(module: Any, prefix: str = "") -> dict[str, tuple[Any, str]]:
    """Of each name in a state_dict the module and attribute; those under several names under all of them."""
    found: dict[str, tuple[Any, str]] = {}
    for place, owner in walking.modules(module, set(), prefix.removesuffix("."), remove_duplicate=False):
        persistent = [name for name, is_saved in owner._buffer_names.items() if is_saved]
        for name in (*owner._parameter_names, *persistent):
            if owner.__dict__[name] is not None:
                found[walking.joined(place, name)] = (owner, name)
    return found


def state_dict(module: Any, prefix: str = "", keep_vars: bool = False) -> OrderedDict[str, Any]:
    """See `Module.state_dict`."""
    result: OrderedDict[str, Any] = OrderedDict()
    for key, (owner, name) in entries(module, prefix).items():
        value = owner.__dict__[name]
        result[key] = value if keep_vars else value.detach()
    return result


def load_state_dict(
    module: Any, given: Mapping[str, Any], strict: bool = True, assign: bool = False
) -> IncompatibleKeys:
    """See `Module.load_state_dict`."""
    if not isinstance(given, Mapping):
        raise TypeError(f"Expected state_dict to be dict-like, got {type(given)}.")
    own = entries(module)
    missing = [key for key in own if key not in given]
    unexpected = [key for key in given if key not in own]
    reports: list[str] = []
    if strict and missing:
        reports.append(f"Missing key(s) in state_dict: {_quoted(missing)}. ")
    if strict and unexpected:
        reports.append(f"Unexpected key(s) in state_dict: {_quoted(unexpected)}. ")
    reports.extend(_misfits(own, given))
    if reports:
        lines = "\n\t".join(reports)
        raise RuntimeError(f"Error(s) in loading state_dict for {type(module).__name__}:\n\t{lines}")
    with no_grad():
        for key, (owner, name) in own.items():
            if key in given:
                _put(owner, name, given[key], assign)
    return IncompatibleKeys(missing, unexpected)


def _quoted(keys: list[str]) -> str:
    return ", ".join(f'"{key}"' for key in keys)


def _misfits(own: dict[str, tuple[Any, str]], given: Mapping[str, Any]) -> list[str]:
    reports: list[str] = []
    for key, (owner, name) in own.items():
        if key not in given:
            continue
        value, mine = given[key], owner.__dict__[name]
        if not isinstance(value, Variable | np.ndarray | np.generic):
            reports.append(
                f'While copying the parameter named "{key}", expected torch.Tensor or Tensor-like object '
                f"from checkpoint but received {type(value)}"
            )
        elif np.shape(_data(value)) != mine._data.shape:
            reports.append(
                f"size mismatch for {key}: copying a param with shape {Size(np.shape(_data(value)))} from "
                f"checkpoint, the shape in current model is {mine.shape}."
            )
        elif _data(value).dtype.kind == "c" and mine._data.dtype.kind != "c":
            reports.append(f"dtype mismatch for {key}: complex numbers do not fit into {mine._data.dtype}.")
    return reports


def _data(value: Any) -> Any:
    return value._data if isinstance(value, Variable) else value


def _put(owner: Any, name: str, value: Any, assign: bool) -> None:
    mine = owner.__dict__[name]
    if not assign:
        mine.copy_(value if isinstance(value, Variable) else wrap(Tensor, np.asarray(value)))
    elif name in owner._parameter_names and not isinstance(value, Parameter):
        owner.__dict__[name] = Parameter(value, mine.requires_grad)
    else:
        owner.__dict__[name] = value if isinstance(value, Variable) else wrap(Tensor, np.asarray(value))


def cast_own(module: Any, dtype: np.dtype[Any]) -> None:
    """The floating-point parameters and buffers of one module in another dtype."""
    for name in module._parameter_names:
        parameter = module.__dict__[name]
        if parameter is None or parameter._data.dtype.kind not in "fc" or parameter._data.dtype == dtype:
            continue
        grad = parameter.grad
        parameter.grad = None
        parameter.data = parameter.detach().to(dtype)
        if grad is not None:
            parameter.grad = grad.to(dtype)
    for name in module._buffer_names:
        buffer = module.__dict__[name]
        if buffer is not None and buffer._data.dtype.kind in "fc" and buffer._data.dtype != dtype:
            module.__dict__[name] = buffer.to(dtype)


def functional_call(
    module: Any,
    parameters_and_buffers: Any,
    args: Any = None,
    kwargs: Mapping[str, Any] | None = None,
    *,
    strict: bool = False,
) -> Any:
    """`module(*args, **kwargs)` with other values in the place of its parameters and buffers, by name.

    Values (of tied parameters, one is enough) are Tensors, Arrays or plain arrays, of any shape that
    forward can do with; several dictionaries may be given as a tuple. `args` that are no tuple are one
    argument. Where no Tensor is given, buffers that are not given are arrays too. Afterwards the module is
    as it was; what forward writes into a buffer's memory stays. KeyError for names that the module does not
    have, and with `strict` for names of it that are missing. As `torch.func.functional_call`.

    >>> import numpy as np
    >>> import tapeless as tl
    >>> layer = tl.nn.Linear(2, 1)
    >>> values = {"weight": np.array([[1.0, 2.0]]), "bias": np.array([0.5])}
    >>> functional_call(layer, values, np.array([[1.0, 1.0]]))
    array([[3.5]])
    """
    values = _merged(parameters_and_buffers)
    places = _places(module, values, strict)
    given = args if isinstance(args, tuple) else () if args is None else (args,)
    if not _holds_tensors((values, given, kwargs)):
        places += _buffers_as_arrays(module, {(id(owner), name) for owner, name, _ in places})
    before = [(owner.__dict__, name, owner.__dict__[name]) for owner, name, _ in places]
    try:
        for owner, name, value in places:
            owner.__dict__[name] = value
        return module(*given, **(kwargs or {}))
    finally:
        for own, name, value in before:
            own[name] = value


def _holds_tensors(values: Any) -> bool:
    return any([isinstance(leaf, Tensor) for leaf in _tree.flatten(values)[0]])


def _buffers_as_arrays(module: Any, given: set[tuple[int, str]]) -> list[tuple[Any, str, Any]]:
    """The places and arrays of all buffers but those: a Tensor would not go with the arrays around it."""
    return [
        (owner, name, owner.__dict__[name]._array())
        for _, owner in walking.modules(module, set(), "", remove_duplicate=True)
        for name in owner._buffer_names
        if (id(owner), name) not in given and isinstance(owner.__dict__[name], Variable)
    ]


def _merged(given: Any) -> dict[str, Any]:
    if isinstance(given, Mapping):
        return dict(given)
    merged: dict[str, Any] = {}
    for one in given:
        twice = [key for key in one if key in merged]
        if twice:
            raise ValueError(
                f"{_quoted(twice)} appeared in multiple dictionaries; behavior of functional call is "
                "ambiguous"
            )
        merged.update(one)
    return merged


def _places(module: Any, values: Mapping[str, Any], strict: bool) -> list[tuple[Any, str, Any]]:
    """The module and attribute of each value that is given; also of the other names of one object."""
    own: dict[str, tuple[Any, str]] = {}
    for place, owner in walking.modules(module, set(), "", remove_duplicate=False):
        for name in (*owner._parameter_names, *owner._buffer_names):
            own[walking.joined(place, name)] = (owner, name)
    unknown = [key for key in values if key not in own]
    if unknown:
        known = _quoted(list(own))
        raise KeyError(f"Unexpected key(s): {_quoted(unknown)}. {type(module).__name__} has: {known}.")
    held = {key: owner.__dict__[name] for key, (owner, name) in own.items()}
    tied = {id(held[key]): value for key, value in values.items() if held[key] is not None}
    missing = [key for key, value in held.items() if value is not None and id(value) not in tied]
    if strict and missing:
        raise KeyError(f"Missing key(s): {_quoted(missing)}.")
    return [
        (*place, values[key] if key in values else tied[id(held[key])])
        for key, place in own.items()
        if key in values or id(held[key]) in tied
    ]


PUBLIC[functional_call] = "functional_call"
