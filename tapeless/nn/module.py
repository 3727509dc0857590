"""Module: parameters, buffers and other modules under one name, and a function of them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from tapeless.graph.hooks import RemovableHandle
from tapeless.graph.messages import type_name
from tapeless.graph.modes import no_grad
from tapeless.graph.variable import Variable
from tapeless.graph.vocabulary.creating import check_device, zeros_like
from tapeless.graph.vocabulary.dtypes import dtype_from
from tapeless.nn import state, walking
from tapeless.nn.hooks import ModuleHooks
from tapeless.nn.parameter import Buffer, Parameter

NAMES = ("_parameter_names", "_buffer_names", "_module_names")
WORDS = {"_parameter_names": "parameters", "_buffer_names": "buffer", "_module_names": "module"}


class Module:
    """What layers and models are subclasses of: give it attributes in `__init__`, and define `forward`.

    Parameters, buffers and modules that are made attributes are listed, in the order in which they were
    first set. As `torch.nn.Module`.

    >>> import tapeless as tl
    >>> class Scaled(tl.nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.linear = tl.nn.Linear(2, 1)
    ...         self.scale = tl.nn.Parameter(tl.ones(1))
    ...
    ...     def forward(self, x):
    ...         return self.scale * self.linear(x)
    >>> model = Scaled()
    >>> model
    Scaled(
      (linear): Linear(in_features=2, out_features=1, bias=True)
    )
    >>> [name for name, _ in model.named_parameters()]
    ['scale', 'linear.weight', 'linear.bias']
    >>> model(tl.ones(3, 2)).shape
    torch.Size([3, 1])
    """

    # Parameters, buffers and modules are plain attributes, found as quickly as any; these are their names.
    _parameter_names: dict[str, None]
    _buffer_names: dict[str, bool]  # whether it is persistent
    _module_names: dict[str, None]
    _hooks: ModuleHooks | None = None
    training: bool = True
    of_tensors = True  # `forward` is written in their dialect: the source road asks

    def __init__(self) -> None:
        own = self.__dict__
        own["_parameter_names"], own["_buffer_names"], own["_module_names"] = {}, {}, {}
        own["_hooks"], own["training"] = None, True

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What calling the module computes; every subclass defines its own."""
        raise NotImplementedError(
            f'Module [{type(self).__name__}] is missing the required "forward" function'
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._hooks is None:
            return self.forward(*args, **kwargs)
        return self._hooks.call(self, args, kwargs)

    # Attributes ---------------------------------------------------------------------------------------

    def __getattr__(self, name: str) -> Any:
        if name in NAMES:
            raise AttributeError(
                f"{type(self).__name__}'s parameters are not known before Module.__init__() call"
            )
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Parameter):
            self._enlist("_parameter_names", name)
        elif isinstance(value, Module):
            self._enlist("_module_names", name)
        elif isinstance(value, Buffer):
            self._enlist("_buffer_names", name, value.persistent)
        elif value is not None:
            self._check_kind(name, value)
        object.__setattr__(self, name, value)

    def _enlist(self, kind: str, name: str, note: Any = None) -> None:
        own = self.__dict__
        if kind not in own:
            raise AttributeError(f"cannot assign {WORDS[kind]} before Module.__init__() call")
        for other in NAMES:
            if other != kind:
                own[other].pop(name, None)
        own[kind][name] = note

    def _check_kind(self, name: str, value: Any) -> None:
        own = self.__dict__
        if name in own.get("_parameter_names", ()):
            raise TypeError(
                f"cannot assign '{_kind(value)}' as parameter '{name}' (torch.nn.Parameter or None expected)"
            )
        if name in own.get("_module_names", ()):
            raise TypeError(
                f"cannot assign '{_kind(value)}' as child module '{name}' (torch.nn.Module or None expected)"
            )
        if name in own.get("_buffer_names", ()) and not isinstance(value, Variable):
            raise TypeError(
                f"cannot assign '{_kind(value)}' as buffer '{name}' "
                "(torch.nn.Buffer, torch.Tensor or None expected)"
            )

    def __delattr__(self, name: str) -> None:
        object.__delattr__(self, name)
        for kind in NAMES:
            self.__dict__.get(kind, {}).pop(name, None)

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Make `param` the attribute `name`; None keeps the name for later. KeyError if the name is taken."""
        self._check_new("parameter", "_parameter_names", name)
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                f"cannot assign '{_kind(param)}' object to parameter '{name}' "
                "(torch.nn.Parameter or None required)"
            )
        self._enlist("_parameter_names", name)
        self.__dict__[name] = param

    def register_buffer(self, name: str, tensor: Any, persistent: bool = True) -> None:
        """Make `tensor` the attribute `name`: state that is not trained; saved if `persistent`."""
        self._check_new("buffer", "_buffer_names", name)
        if tensor is not None and not isinstance(tensor, Variable):
            raise TypeError(
                f"cannot assign '{_kind(tensor)}' object to buffer '{name}' (torch Tensor or None required)"
            )
        self._enlist("_buffer_names", name, persistent)
        self.__dict__[name] = tensor

    def add_module(self, name: str, module: Module | None) -> None:
        """Make `module` the attribute `name`. KeyError if the name is taken by something else."""
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"{_kind(module)} is not a Module subclass")
        self._check_new("module", "_module_names", name)
        self._enlist("_module_names", name)
        self.__dict__[name] = module

    def register_module(self, name: str, module: Module | None) -> None:
        """The same as `add_module`."""
        self.add_module(name, module)

    def _check_new(self, word: str, kind: str, name: Any) -> None:
        if kind not in self.__dict__:
            raise AttributeError(f"cannot assign {word} before Module.__init__() call")
        if not isinstance(name, str):
            raise TypeError(f"{word} name should be a string. Got {_kind(name)}")
        if "." in name:
            got = f", got: {name}" if word == "module" else ""
            raise KeyError(f'{word} name can\'t contain "."{got}')
        if name == "":
            raise KeyError(f'{word} name can\'t be empty string ""')
        if hasattr(self, name) and name not in self.__dict__[kind]:
            raise KeyError(f"attribute '{name}' already exists")

    @property
    def _parameters(self) -> Mapping[str, Parameter | None]:
        """The module's own parameters by name, to read: set attributes to change them."""
        return MappingProxyType({name: self.__dict__[name] for name in self._parameter_names})

    @property
    def _buffers(self) -> Mapping[str, Any]:
        return MappingProxyType({name: self.__dict__[name] for name in self._buffer_names})

    @property
    def _modules(self) -> Mapping[str, Module | None]:
        return MappingProxyType({name: self.__dict__[name] for name in self._module_names})

    # What is in it ------------------------------------------------------------------------------------

    def named_modules(
        self, memo: set[Any] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """The module itself and all within, outermost first, with dotted names; each once."""
        yield from walking.modules(self, set() if memo is None else memo, prefix, remove_duplicate)

    def modules(self) -> Iterator[Module]:
        """The module itself and all within; each once."""
        for _, module in self.named_modules():
            yield module

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules that are attributes of this one, with their names; each once."""
        yield from walking.children(self)

    def children(self) -> Iterator[Module]:
        """The modules that are attributes of this one; each once."""
        for _, module in self.named_children():
            yield module

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """All parameters with dotted names; one with several under the first, unless told otherwise."""
        yield from walking.members(self, "_parameter_names", prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """All parameters, for an optimizer; each once."""
        for _, parameter in self.named_parameters(recurse=recurse):
            yield parameter

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Any]]:
        """All buffers with dotted names."""
        yield from walking.members(self, "_buffer_names", prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Any]:
        """All buffers; each once."""
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    def get_submodule(self, target: str) -> Module:
        """The module under a dotted name; AttributeError if there is none."""
        return walking.submodule(self, target, Module)

    def get_parameter(self, target: str) -> Parameter:
        """The parameter under a dotted name; AttributeError if there is none."""
        owner, name = walking.owner_of(self, target, Module)
        found = getattr(owner, name)
        if not isinstance(found, Parameter):
            raise AttributeError(f"`{name}` is not an nn.Parameter")
        return found

    def get_buffer(self, target: str) -> Any:
        """The buffer under a dotted name; AttributeError if there is none."""
        owner, name = walking.owner_of(self, target, Module)
        if name not in owner._buffer_names:
            raise AttributeError(f"`{name}` is not a buffer")
        return getattr(owner, name)

    def apply(self, fn: Callable[[Module], Any]) -> Module:
        """`fn(module)` for every module within, innermost first, then for this one."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    # Training -----------------------------------------------------------------------------------------

    def train(self, mode: bool = True) -> Module:
        """Set `training` in all modules within: dropout drops, batch norm uses the batch's statistics."""
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Module:
        """`train(False)`: compute as when the model is used."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Module:
        """Set `requires_grad` of all parameters."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def freeze(self) -> Module:
        """`requires_grad_(False)`: no gradient for any parameter here, so that optimizers leave them alone.

        >>> import tapeless as tl
        >>> layer = tl.nn.Linear(2, 2).freeze()
        >>> any(p.requires_grad for p in layer.parameters())
        False
        """
        return self.requires_grad_(False)

    def unfreeze(self) -> Module:
        """`requires_grad_(True)`."""
        return self.requires_grad_(True)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all parameters' gradients, or fill them with zeros."""
        for parameter in self.parameters():
            grad = parameter.grad
            if grad is None:
                continue
            if set_to_none:
                parameter.grad = None
            elif grad.grad_fn is not None:  # it may be a view of something that is needed
                parameter.grad = zeros_like(grad.detach())
            else:
                grad.requires_grad_(False).zero_()

    # State --------------------------------------------------------------------------------------------

    def state_dict(self, *, prefix: str = "", keep_vars: bool = False) -> OrderedDict[str, Any]:
        """All parameters and persistent buffers by dotted name, detached but on the same memory.

        `keep_vars`: the parameters themselves. The names are those of PyTorch's layers.
        """
        return state.state_dict(self, prefix, keep_vars)

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> state.IncompatibleKeys:
        """Copy Tensors or arrays into the parameters and buffers of their names; the keys that did not fit.

        `strict=False` leaves keys that only one side has alone. `assign`: take the Tensors themselves.
        RuntimeError that lists all missing, unexpected and mis-shaped keys; nothing has been changed then.
        """
        return state.load_state_dict(self, state_dict, strict, assign)

    def to(self, *args: Any, dtype: Any = None, device: Any = None) -> Module:
        """Change the dtype of all floating-point parameters and buffers: `to(dtype)`, `to(tensor)`."""
        for arg in args:
            if isinstance(arg, Variable):
                dtype = arg._data.dtype
            elif isinstance(arg, np.dtype | type):
                dtype = arg
            elif arg is not None:
                device = arg
        check_device(device)
        if dtype is None:
            return self
        wanted = dtype_from(dtype)
        if wanted.kind not in "fc":
            raise TypeError(
                "nn.Module.to only accepts floating point or complex dtypes, "
                f"but got desired dtype=torch.{wanted.name}"
            )
        return self._cast(wanted)

    def _cast(self, dtype: np.dtype[Any]) -> Module:
        with no_grad():
            for module in self.modules():
                state.cast_own(module, dtype)
        return self

    def float(self) -> Module:
        """`to(float32)`."""
        return self._cast(np.dtype(np.float32))

    def double(self) -> Module:
        """`to(float64)`."""
        return self._cast(np.dtype(np.float64))

    def half(self) -> Module:
        """`to(float16)`."""
        return self._cast(np.dtype(np.float16))

    def cpu(self) -> Module:
        """The module itself: all memory is the processor's."""
        return self

    # Hooks --------------------------------------------------------------------------------------------

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """`hook(module, args)` runs before forward; what it returns, if not None, replaces the arguments.

        `with_kwargs`: `hook(module, args, kwargs)`, which returns None or both.
        """
        return self._own_hooks().add("before", hook, prepend, with_kwargs)

    def register_forward_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """`hook(module, args, output)` runs after forward; what it returns, if not None, replaces the output.

        `with_kwargs`: `hook(module, args, kwargs, output)`.
        """
        return self._own_hooks().add("after", hook, prepend, with_kwargs)

    def _own_hooks(self) -> ModuleHooks:
        if self._hooks is None:
            self._hooks = ModuleHooks()
        return self._hooks

    # Text ---------------------------------------------------------------------------------------------

    def extra_repr(self) -> str:
        """What stands in the brackets of the printed form."""
        return ""

    def _get_name(self) -> str:
        return type(self).__name__

    def _child_lines(self) -> list[str]:
        return [f"({name}): {indented(repr(child))}" for name, child in self._modules.items()]

    def __repr__(self) -> str:
        extra = self.extra_repr()
        own, inner = extra.split("\n") if extra else [], self._child_lines()
        if len(own) + len(inner) == 0 or (len(own) == 1 and not inner):
            return f"{self._get_name()}({extra})"
        return self._get_name() + "(\n  " + "\n  ".join(own + inner) + "\n)"


def indented(text: str) -> str:
    return text.replace("\n", "\n  ")


def _kind(value: Any) -> str:
    return type_name(value._data) if isinstance(value, Variable) else type(value).__name__
