"""One random program, differentiated in every way; each way must agree with differences of its values."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from hypothesis import reject

import tapeless
from tapeless.errors import TransformError
from tests.source.programs.containers import assert_same
from tests.source.programs.registry import Program
from tests.source.programs.runs import (
    along_inputs,
    built,
    derivative_along,
    differences,
    directions,
    forward_slope,
    inner,
    inputs,
    plain,
    slope,
    source_gradient,
    source_run,
    source_second,
    with_inputs,
)

ARGUMENTS = (
    np.array([0.31, -0.62, 0.83]),
    np.array([[0.47, -0.35, 0.91], [-0.74, 0.26, 0.52]]),
    0.64,
)
POSITIONS = (0, 1, 2)
CLOSE = 1e-6


class MismatchError(AssertionError):
    """Two ways to differentiate a program that do not agree; the program's text."""


def program_of(text: str) -> Program:
    name = hashlib.sha256(text.encode()).hexdigest()[:12]
    function = built(text, f"<fuzz {name}>", "f")
    return Program(f"fuzz.{name}", function, ARGUMENTS, wrt=POSITIONS)


def agree(text: str, *, second: bool, tape: bool = True, mode: str = "source") -> str | None:
    """Hold a program to all ways in a mode; why it was refused, if it was.

    A program that is not smooth where it is called is no example: differences with two steps tell.
    """
    program = program_of(text)
    ran = plain(program)
    value = ran.value
    if type(value) is int or np.ndim(value) or not np.isfinite(value) or abs(value) > 1e3:
        reject()
    expected = _sure(program, text)
    try:
        found = source_run(program, mode)
        _hold(text, "value", lambda: assert_same(found.value[0], value))
        _hold(text, "arguments", lambda: assert_same(list(found.args), list(ran.args)))
        gradient = list(found.value[1])
        _hold(text, "reverse mode", lambda: _close(gradient, expected))
        along = inner(expected, directions(inputs(program)))
        _hold(text, "forward mode", lambda: _close([forward_slope(program, mode)], [along]))
        if second:
            _check_second(program, text, mode)
    except TransformError as refused:
        return str(refused)
    except (MismatchError, KeyboardInterrupt):
        raise
    except Exception as crash:
        if type(crash).__module__.startswith("hypothesis"):
            raise
        raise MismatchError(f"crash: {type(crash).__name__}: {crash}\n\n{text}") from crash
    if tape:
        _check_tape(program, text, expected)
    return None


def _sure(program: Program, text: str) -> list[Any]:
    """Differences, where they do not depend on the step."""
    expected = differences(program)
    ways = directions(inputs(program))
    values = inputs(program)

    def along(t: float) -> Any:
        moved = [value + t * way for value, way in zip(values, ways, strict=True)]
        args, kwargs = with_inputs(program, moved)
        return program.function(*args, **kwargs)

    once, coarse = inner(expected, ways), slope(along, 3e-3)
    scale = max([1.0, *[float(np.max(np.abs(one))) for one in expected]])
    if not np.isfinite(once) or abs(once - coarse) > 1e-4 * scale or scale > 1e4:
        reject()
    return expected


def _check_tape(program: Program, text: str, expected: list[Any]) -> None:
    try:
        found = source_gradient(program, mode="tape")
    except (RuntimeError, TypeError, ValueError, IndexError, NotImplementedError):
        return  # what Arrays cannot follow, such as np.array([s, s]), they refuse
    _hold(text, "the tape", lambda: _close(found, expected))


def _check_second(program: Program, text: str, mode: str) -> None:
    values, ways = inputs(program), directions(inputs(program))
    expected = derivative_along(lambda new: source_gradient(program, new, mode), values)
    if max([float(np.max(np.abs(one))) for one in expected]) > 1e3:
        return
    found = source_second(program, mode)
    _hold(text, "reverse over reverse", lambda: _close(found, expected, 1e-5))
    function = along_inputs(program, program.function, "second")
    tangents = tuple(ways)
    gradient = tapeless.grad(function, POSITIONS, mode=mode)
    _, tangent = tapeless.jvp(gradient, tuple(program.fresh()[0]), tangents, mode=mode)
    _hold(text, "forward over reverse", lambda: _close(list(tangent), expected, 1e-5))


def _close(actual: list[Any], expected: list[Any], tolerance: float = CLOSE) -> None:
    scale = max([1.0, *[float(np.max(np.abs(one))) for one in expected]])
    for mine, theirs in zip(actual, expected, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=tolerance, atol=tolerance * scale)


def _hold(text: str, what: str, check: Any) -> None:
    try:
        check()
    except TransformError:
        raise
    except AssertionError as wrong:
        raise MismatchError(f"{what} is wrong\n{wrong}\n\n{text}") from wrong
