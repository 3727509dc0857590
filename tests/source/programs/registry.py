"""A program of the corpus: a function as somebody wrote it, what to call it on, what may be asked of it."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Program:
    """One function and one call of it.

    `wrt`: positions of the differentiated arguments; `second`: twice differentiable where it is called;
    `tape`: plain operations that Arrays can follow; `zero`: its gradient is zero on purpose;
    `tolerance`: of first derivatives, against differences.
    """

    name: str
    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: dict[str, Any] = field(default_factory=dict)
    wrt: int | tuple[int, ...] = 0
    second: bool = True
    tape: bool = True
    zero: bool = False
    tolerance: float = 1e-7

    def fresh(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments of one call, which it may write to."""
        return copy.deepcopy((self.args, self.kwargs))

    @property
    def positions(self) -> tuple[int, ...]:
        return self.wrt if isinstance(self.wrt, tuple) else (self.wrt,)


REGISTERED: dict[str, Program] = {}


def program(*args: Any, name: str | None = None, kwargs: Any = None, **marks: Any) -> Callable[[Any], Any]:
    """Put the function in the corpus, called on `args`; the function stays as it is."""
    theme = sys._getframe(1).f_globals["__name__"].rsplit(".", 1)[-1]

    def register(function: Any) -> Any:
        title = f"{theme}.{name or function.__name__}"
        if title in REGISTERED:
            raise ValueError(f"two programs are called {title}")
        REGISTERED[title] = Program(title, function, args, kwargs or {}, **marks)
        return function

    return register
