"""A place in a function where its backward pass can be watched, and changed."""

from __future__ import annotations

import ast
import functools
import linecache
import sys
from types import CodeType, FrameType
from typing import Any

import numpy as np

from tapeless.graph.array import Array
from tapeless.graph.modes import current
from tapeless.graph.variable import Variable, wrap
from tapeless.source.cache import PUBLIC


class _LeftError(Exception):
    """The block is not run: it runs in the backward pass."""


class grad_of:  # noqa: N801  (it is called in a `with` statement)
    """`with grad_of(x) as dx:` runs its block in the backward pass, with the cotangent of `x` as `dx`.

    In the function itself, called on arrays or differentiated, the block does nothing.  In the backward pass
    it may print, stop in a debugger, check, or change the cotangent, in place or by a new value for `dx`:

    >>> import numpy as np
    >>> import tapeless as tl
    >>> def loss(x):
    ...     y = x * x
    ...     with grad_of(y) as dy:
    ...         dy[:] = np.clip(dy, -1.0, 1.0)
    ...     return np.sum(y * y)
    >>> tl.grad(loss)(np.array([0.1, 2.0]))  # of 4 * x ** 3, the factor 2 * y clipped
    array([0.004, 4.   ])

    It stands behind the line that gives `x` its value: `dx` is the cotangent from what is computed of the
    name afterwards.  The block sees the other names as they are there, and what it assigns stays in it.  It
    holds where the function is read and where it is recorded; forward mode passes by.  SyntaxError if the
    block has no source that can be found, or is left by `return`.

    Derivatives of derivatives go through what the block does.  On Tensors and Arrays it is a hook: it gets
    the cotangent of all uses of `x`, and runs in every backward pass that comes by, that of a gradient's
    gradient too.
    """

    def __init__(self, x: Any) -> None:
        self.x = x
        self._before: tuple[Any, Any, bool] | None = None

    def __enter__(self) -> Any:
        frame = sys._getframe(1)
        x = self.x
        if isinstance(x, Variable) and x._needs and current().records:
            x.register_hook(functools.partial(_run, _block(frame), dict(frame.f_locals)))  # type: ignore[attr-defined]
        self._leave(frame)
        return None

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        if self._before is not None:
            frame = sys._getframe(1)
            trace, frame.f_trace, frame.f_trace_opcodes = self._before
            sys.settrace(trace)
            self._before = None
        return kind is _LeftError

    def _leave(self, frame: FrameType) -> None:
        """Raise at the first instruction of the block: a context cannot skip it otherwise."""
        self._before = sys.gettrace(), frame.f_trace, frame.f_trace_opcodes

        def leave(*_: Any) -> Any:
            raise _LeftError

        frame.f_trace, frame.f_trace_opcodes = leave, True
        sys.settrace(_ignore)


PUBLIC[grad_of] = "grad_of"


def _ignore(*_: Any) -> None:
    """Tracing is on for the frame that is left alone."""


def _run(block: Any, names: dict[str, Any], g: Any) -> Any:
    """The block on a copy of a cotangent."""
    plain = isinstance(g, Array) and not g._needs
    cotangent = np.array(g._data)[()] if plain else np.copy(g)
    found = block(cotangent, names)
    return wrap(Array, np.asarray(found, g._data.dtype)) if plain else found


# The block as a function ----------------------------------------------------------------------------------


def _block(frame: FrameType) -> Any:
    """`block(dx, names)` runs the block on a cotangent and gives what it is then."""
    code = _compiled(frame.f_code, frame.f_lineno)
    scope = dict(frame.f_globals)

    def block(cotangent: Any, names: dict[str, Any]) -> Any:
        within = {**scope, **names}
        exec(code, within)
        return within["<block>"](cotangent)

    return block


@functools.lru_cache(maxsize=256)
def _compiled(code: CodeType, line: int) -> CodeType:
    """The definition of a function of the block, at its lines of the user's file."""
    lines = linecache.getlines(code.co_filename)
    statement = _statement("".join(lines), line) if lines else None
    if statement is None:
        raise SyntaxError(f"{code.co_filename}:{line}: the source of the block of grad_of cannot be found")
    name = statement.items[0].optional_vars
    if len(statement.items) != 1 or not isinstance(name, ast.Name):
        raise SyntaxError(f"{code.co_filename}:{line}: write it as  with grad_of(x) as dx:")
    leaving = (ast.Return, ast.Yield, ast.YieldFrom)
    if any(isinstance(node, leaving) for one in statement.body for node in ast.walk(one)):
        raise SyntaxError(f"{code.co_filename}:{line}: the block of grad_of is left before its end")
    module = ast.parse(f"def block({name.id}):\n    return {name.id}\n")
    definition: Any = module.body[0]
    ending = ast.copy_location(definition.body[0], statement)
    definition.body = [*statement.body, ending]
    kept = ast.parse("globals()['<block>'] = block").body
    for node in (definition, *kept):
        ast.copy_location(node, statement)
    module.body = [definition, *kept]
    return compile(ast.fix_missing_locations(module), code.co_filename, "exec")


def _statement(text: str, line: int) -> ast.With | None:
    """The innermost `with` statement whose context stands at a line."""
    found: ast.With | None = None
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.With):
            context = node.items[0].context_expr
            if node.lineno <= line <= (context.end_lineno or context.lineno):
                found = node
    return found
