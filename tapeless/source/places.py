"""Which of the user's lines stands behind each line of generated code; exceptions say so."""

from __future__ import annotations

import functools
import linecache
import weakref
from collections.abc import Callable, Sequence
from types import CodeType
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
_places: dict[str, tuple[str, ...]] = {}  # by the name of the generated file: for each line the user's


def remember(filename: str, code: CodeType, text: str, source: str, places: Sequence[str]) -> None:
    """Show debuggers and tracebacks a text, as long as the code that was compiled from it is there.

    `places` are those of the lines of `source`, to which others may have been added in `text`.
    """
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    found: list[str] = []
    waiting = list(zip(source.splitlines(), places, strict=True))[::-1]
    for line in text.splitlines():
        is_known = bool(waiting) and waiting[-1][0].strip() == line.strip()
        found.append(waiting.pop()[1] if is_known else "")
    _places[filename] = tuple(found)
    weakref.finalize(code, _forget, filename).atexit = False


def _forget(filename: str) -> None:
    linecache.cache.pop(filename, None)
    _places.pop(filename, None)


def says_where(call: Callable[P, R]) -> Callable[P, R]:
    """Exceptions out of generated code get a note: which of the user's lines they come from."""

    @functools.wraps(call)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return call(*args, **kwargs)
        except Exception as error:
            say_where(error)
            raise

    return run


def say_where(error: Exception) -> None:
    """Add to an exception which of the user's lines it comes from."""
    found, step = "", error.__traceback__
    while step is not None:
        places = _places.get(step.tb_frame.f_code.co_filename, ())
        if 0 < step.tb_lineno <= len(places):
            found = places[step.tb_lineno - 1] or found
        step = step.tb_next
    note = f"in the derivative of {found}"
    if found and note not in getattr(error, "__notes__", ()):
        error.add_note(note)
