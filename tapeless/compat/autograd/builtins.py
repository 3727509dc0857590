"""Python's containers, which are differentiated as they are; `isinstance` and `type` of what is traced."""

from __future__ import annotations

import builtins
from typing import Any

from tapeless.graph.variable import Variable
from tapeless.numpy.names import stands_for

list = builtins.list
dict = builtins.dict
tuple = builtins.tuple


@stands_for(builtins.isinstance)
def isinstance(instance: Any, kind: Any, /) -> bool:
    """Whether a value is an instance of a class; of one that is traced, whether its data is."""
    if builtins.isinstance(instance, Variable):
        return builtins.isinstance(instance, kind) or builtins.isinstance(instance._data, kind)
    return builtins.isinstance(instance, kind)


@stands_for(builtins.type)
def type(value: Any, /) -> Any:
    """The class of a value, or of the data of one that is traced."""
    return builtins.type(value._data if builtins.isinstance(value, Variable) else value)
