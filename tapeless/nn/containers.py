"""Modules that hold modules: one after the other, in a list, or by name."""

from __future__ import annotations

import operator
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tapeless.nn.module import Module, indented
from tapeless.nn.parameter import Parameter


class _Numbered(Module):
    """What Sequential and ModuleList have in common: modules whose names are 0, 1, 2, ..."""

    _held: tuple[Any, ...] = ()  # the modules in order

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        self._hold()

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)
        self._hold()

    def add_module(self, name: str, module: Module | None) -> None:
        """Make `module` the one of that name; at the end, if there was none."""
        super().add_module(name, module)
        self._hold()

    def _hold(self) -> None:
        own = self.__dict__
        own["_held"] = tuple([own[name] for name in own.get("_module_names", ())])

    def __len__(self) -> int:
        return len(self._held)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._held)

    def _name(self, index: Any) -> str:
        place = operator.index(index)
        if not -len(self) <= place < len(self):
            raise IndexError(f"index {place} is out of range")
        return list(self._module_names)[place % len(self)]

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return self._part(list(self._module_names.items())[index])
        return self.__dict__[self._name(index)]

    def _part(self, chosen: Any) -> Any:
        raise NotImplementedError

    def __setitem__(self, index: Any, module: Module) -> None:
        setattr(self, self._name(index), module)

    def __delitem__(self, index: Any) -> None:
        gone = (
            [self._name(one) for one in range(len(self))[index]]
            if isinstance(index, slice)
            else [self._name(index)]
        )
        for name in gone:
            delattr(self, name)
        self._renumber()

    def _renumber(self) -> None:
        """Names that follow one another again; those that a user gave stay."""
        held = [(name, self.__dict__[name]) for name in self._module_names]
        for name, _ in held:
            delattr(self, name)
        for place, (name, module) in enumerate(held):
            self.add_module(str(place) if name.isdigit() else name, module)

    def append(self, module: Module) -> Any:
        """Add a module at the end."""
        self.add_module(str(len(self)), module)
        return self

    def extend(self, modules: Iterable[Module]) -> Any:
        """Add modules at the end."""
        for module in list(modules):
            self.append(module)
        return self

    def insert(self, index: int, module: Module) -> Any:
        """Add a module before the one at `index`."""
        held = list(self)
        if not -len(held) <= index <= len(held):
            raise IndexError(f"Index out of range: {index}")
        held.insert(index, module)
        for place, one in enumerate(held):
            name = str(place)
            self.add_module(name, one)
        return self

    def pop(self, index: int = -1) -> Any:
        """Take out the module at `index`."""
        found = self[index]
        del self[index]
        return found


class Sequential(_Numbered):
    """Modules one after the other: `Sequential(a, b)`, or named by an OrderedDict.

    As `torch.nn.Sequential`.

    >>> import tapeless as tl
    >>> net = Sequential(tl.nn.Linear(2, 3), tl.nn.ReLU())
    >>> net
    Sequential(
      (0): Linear(in_features=2, out_features=3, bias=True)
      (1): ReLU()
    )
    >>> net[0].weight.shape
    torch.Size([3, 2])
    """

    def __init__(self, *modules: Any) -> None:
        super().__init__()
        if len(modules) == 1 and isinstance(modules[0], OrderedDict):
            for name, module in modules[0].items():
                self.add_module(name, module)
        else:
            self.extend(modules)

    def forward(self, input: Any) -> Any:
        for module in self._held:
            input = module(input)
        return input

    def _part(self, chosen: Any) -> Any:
        return type(self)(OrderedDict([(name, self.__dict__[name]) for name, _ in chosen]))

    def __add__(self, other: Any) -> Any:
        if not isinstance(other, Sequential):
            return NotImplemented
        return Sequential(*self, *other)


class ModuleList(_Numbered):
    """A list of modules, whose parameters are the model's.  As `torch.nn.ModuleList`.

    >>> import tapeless as tl
    >>> layers = ModuleList([tl.nn.Linear(2, 2) for _ in range(3)])
    >>> layers
    ModuleList(
      (0-2): 3 x Linear(in_features=2, out_features=2, bias=True)
    )
    >>> sum(1 for _ in layers.parameters())
    6
    """

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.extend(modules)

    def _part(self, chosen: Any) -> Any:
        return type(self)([self.__dict__[name] for name, _ in chosen])

    def __iadd__(self, modules: Iterable[Module]) -> Any:
        return self.extend(modules)

    def __add__(self, other: Iterable[Module]) -> ModuleList:
        return ModuleList([*self, *other])

    def _child_lines(self) -> list[str]:
        """Neighbours that print alike on one line."""
        runs: list[tuple[int, int, str]] = []
        for place, module in enumerate(self):
            text = repr(module)
            if runs and runs[-1][2] == text:
                runs[-1] = (runs[-1][0], place, text)
            else:
                runs.append((place, place, text))
        return [
            f"({first}): {indented(text)}"
            if first == last
            else f"({first}-{last}): {last - first + 1} x {indented(text)}"
            for first, last, text in runs
        ]


class ModuleDict(Module):
    """Modules by name, whose parameters are the model's.  As `torch.nn.ModuleDict`.

    >>> import tapeless as tl
    >>> ModuleDict({"act": tl.nn.ReLU()})["act"]
    ReLU()
    """

    def __init__(self, modules: Any = None) -> None:
        super().__init__()
        if modules is not None:
            self.update(modules)

    def __getitem__(self, key: str) -> Any:
        return self._modules[key]

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        if key not in self._module_names:
            raise KeyError(key)
        delattr(self, key)

    def __len__(self) -> int:
        return len(self._module_names)

    def __iter__(self) -> Iterator[str]:
        return iter(self._module_names)

    def __contains__(self, key: object) -> bool:
        return key in self._module_names

    def keys(self) -> Iterable[str]:
        """The names."""
        return self._modules.keys()

    def values(self) -> Iterable[Any]:
        """The modules."""
        return self._modules.values()

    def items(self) -> Iterable[tuple[str, Any]]:
        """Names and modules."""
        return self._modules.items()

    def update(self, modules: Any) -> None:
        """Add modules, from a dictionary or pairs."""
        pairs = modules.items() if isinstance(modules, Mapping | ModuleDict) else modules
        for name, module in pairs:
            self[name] = module

    def pop(self, key: str) -> Any:
        """Take out the module of that name."""
        found = self[key]
        del self[key]
        return found

    def clear(self) -> None:
        """Take out all."""
        for name in list(self._module_names):
            del self[name]


class ParameterList(Module):
    """A list of parameters; Tensors become parameters.  As `torch.nn.ParameterList`.

    >>> import tapeless as tl
    >>> [name for name, _ in ParameterList([tl.zeros(2), tl.ones(1)]).named_parameters()]
    ['0', '1']
    """

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        super().__init__()
        for value in values or ():
            self.append(value)

    def append(self, value: Any) -> ParameterList:
        """Add one at the end."""
        self.register_parameter(str(len(self)), value if isinstance(value, Parameter) else Parameter(value))
        return self

    def __len__(self) -> int:
        return len(self._parameter_names)

    def __iter__(self) -> Iterator[Any]:
        return iter([self.__dict__[name] for name in self._parameter_names])

    def __getitem__(self, index: Any) -> Any:
        return list(self)[index]

    def __setitem__(self, index: int, value: Any) -> None:
        name = str(range(len(self))[index])
        setattr(self, name, value if isinstance(value, Parameter) else Parameter(value))

    def extra_repr(self) -> str:
        return "\n".join(_line(name, value) for name, value in self._parameters.items())


class ParameterDict(Module):
    """Parameters by name; Tensors become parameters.  As `torch.nn.ParameterDict`.

    >>> import tapeless as tl
    >>> ParameterDict({"scale": tl.ones(1)})["scale"].requires_grad
    True
    """

    def __init__(self, values: Any = None) -> None:
        super().__init__()
        for name, value in dict(values or {}).items():
            self[name] = value

    def __getitem__(self, key: str) -> Any:
        return self._parameters[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.register_parameter(key, value if isinstance(value, Parameter) else Parameter(value))

    def __delitem__(self, key: str) -> None:
        if key not in self._parameter_names:
            raise KeyError(key)
        delattr(self, key)

    def __len__(self) -> int:
        return len(self._parameter_names)

    def __iter__(self) -> Iterator[str]:
        return iter(self._parameter_names)

    def __contains__(self, key: object) -> bool:
        return key in self._parameter_names

    def keys(self) -> Iterable[str]:
        """The names."""
        return self._parameters.keys()

    def values(self) -> Iterable[Any]:
        """The parameters."""
        return self._parameters.values()

    def items(self) -> Iterable[tuple[str, Any]]:
        """Names and parameters."""
        return self._parameters.items()

    def extra_repr(self) -> str:
        return "\n".join(_line(name, value) for name, value in self._parameters.items())


def _line(name: str, value: Any) -> str:
    size = "x".join(str(length) for length in value.shape)
    return f"({name}): Parameter containing: [{value.type()} of size {size}]"
