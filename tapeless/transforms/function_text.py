"""The text of the functions that a graph function's own derivatives are: who reads them finds a few lines.

def layer_pulled(w, x, cotangent):              the pullback, of the arguments and the cotangent
    _, pullback = vjp(lambda w: function(w, x), w)
    return pullback(cotangent)

def layer_pushed(w, x, tw):                     the pushforward
    return jvp(lambda w: function(w, x), (w,), (tw,))[1]
"""

from __future__ import annotations

import itertools
import linecache
from typing import Any

from tapeless.ir.names import Names
from tapeless.transforms.callee import Parameters, parameters_of
from tapeless.transforms.products import jvp, vjp

_serial = itertools.count()
Key = int | str  # an argument: its position, or its name


def derived_function(function: Any, how: str, given: tuple[Key, ...], wrt: tuple[Key, ...]) -> Any:
    """The function that is "pulled" or "pushed" of another one, called with these arguments."""
    name = f"{getattr(function, '__name__', 'function').strip('<>')}_{how}"
    write = _pulled_text if how == "pulled" else _pushed_text
    return _defined(write(name, _names(given, parameters_of_call(function)), wrt), name, function)


def parameters_of_call(function: Any) -> Parameters | None:
    """Its parameters, where they can be known."""
    try:
        return parameters_of(function)
    except (TypeError, ValueError):
        return None


def _names(given: tuple[Key, ...], parameters: Parameters | None) -> dict[Key, str]:
    """A parameter name for each argument: the function's own where it has one."""
    own = () if parameters is None else parameters.positional
    return {
        key: key if isinstance(key, str) else own[key] if key < len(own) else f"argument_{key}"
        for key in given
    }


def _lambda(names: dict[Key, str], wrt: tuple[Key, ...]) -> str:
    call = ", ".join([name if isinstance(key, int) else f"{key}={name}" for key, name in names.items()])
    return f"lambda {', '.join([names[key] for key in wrt])}: function({call})"


def _pulled_text(name: str, names: dict[Key, str], wrt: tuple[Key, ...]) -> str:
    fresh = Names(names.values())
    cotangent, pullback = fresh.fresh("cotangent"), fresh.fresh("pullback")
    by = ", ".join([names[key] for key in wrt])
    return (
        f"def {name}({', '.join([*names.values(), cotangent])}):\n"
        f"    _, {pullback} = vjp({_lambda(names, wrt)}, {by})\n"
        f"    return {pullback}({cotangent})\n"
    )


def _pushed_text(name: str, names: dict[Key, str], wrt: tuple[Key, ...]) -> str:
    fresh = Names(names.values())
    tangents = [fresh.fresh(f"t{names[key]}") for key in wrt]
    by = ", ".join([names[key] for key in wrt])
    return (
        f"def {name}({', '.join([*names.values(), *tangents])}):\n"
        f"    return jvp({_lambda(names, wrt)}, ({by},), ({', '.join(tangents)},))[1]\n"
    )


def _defined(text: str, name: str, function: Any) -> Any:
    """The function that a text defines, whose source can be read."""
    filename = f"<tapeless {name} {next(_serial)}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    scope = {
        "function": function,
        "vjp": vjp,
        "jvp": jvp,
        "__name__": getattr(function, "__module__", "") or "",
    }
    exec(compile(text, filename, "exec"), scope)
    return scope[name]
