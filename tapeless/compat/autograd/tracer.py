"""What is traced, and its data."""

from __future__ import annotations

from typing import Any

from tapeless.compat.autograd.extend import notrace_primitive, primitive
from tapeless.graph.variable import Variable
from tapeless.graph.variable import Variable as Box
from tapeless.numpy.names import stands_for
from tapeless.rules.support import stop_gradient


@stands_for(stop_gradient)
def getval(x: Any) -> Any:
    """The data of a value that is traced, through which nothing flows; anything else as it is.

    >>> from tapeless import grad
    >>> grad(lambda x: x * getval(x))(3.0)
    3.0
    """
    return x._data if isinstance(x, Variable) else x


def isbox(x: Any) -> bool:
    """Whether a value is traced."""
    return isinstance(x, Variable)


__all__ = ["Box", "getval", "isbox", "notrace_primitive", "primitive"]
