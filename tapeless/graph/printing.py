"""Tensors as PyTorch prints them: four digits, one exponent rule for all elements, long tensors cut short."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tapeless.graph.promote import default_complex, default_dtype

DIGITS = 4
WIDTH = 80
EDGE = 3  # how many elements are shown at each end of a long dimension
LONG = 1000  # tensors of more elements are cut short

Format = Callable[[Any], str]


def show(tensor: Any) -> str:
    """`tensor([2., 3.], requires_grad=True)`."""
    data = np.asarray(tensor._data)
    prefix = "tensor("
    notes = _notes(tensor, data)
    body = _body(data, len(prefix))
    text = prefix + body
    last = len(text) - text.rfind("\n") - 1 + (1 if "\n" in text else 0)
    for note in notes:
        if last + len(note) + 2 > WIDTH:
            text += ",\n" + " " * len(prefix) + note
            last = len(prefix) + len(note)
        else:
            text += ", " + note
            last += len(note) + 2
    return text + ")"


def _notes(tensor: Any, data: np.ndarray) -> list[str]:
    notes = []
    if data.size == 0 and data.ndim != 1:
        notes.append(f"size={data.shape}")
    usual = (default_dtype(), default_complex(), np.dtype(np.bool_))
    if data.size == 0:
        shown = data.dtype != default_dtype()
    else:
        shown = data.dtype not in (*usual, np.dtype(np.int64))
    if shown:
        notes.append(f"dtype=torch.{data.dtype.name}")
    if tensor.grad_fn is not None:
        notes.append(f"grad_fn=<{tensor.grad_fn.name()}>")
    elif tensor.requires_grad:
        notes.append("requires_grad=True")
    return notes


def _body(data: np.ndarray, indent: int) -> str:
    if data.size == 0:
        return "[]"
    cut = data.size > LONG
    write, width = _format(_shown(data) if cut else data)
    if data.ndim == 0:
        return write(data.item())
    return _nested(data, indent, cut, write, width)


def _shown(data: np.ndarray) -> np.ndarray:
    """The elements that a tensor cut short shows."""
    for axis, n in enumerate(data.shape):
        if n > 2 * EDGE:
            data = np.take(data, [*range(EDGE), *range(n - EDGE, n)], axis)
    return data


def _nested(data: np.ndarray, indent: int, cut: bool, write: Format, width: int) -> str:
    n = data.shape[0]
    short = cut and n > 2 * EDGE
    shown = [*data[:EDGE], *data[n - EDGE :]] if short else list(data)
    if data.ndim == 1:
        return _row([write(value.item()) for value in shown], short, indent, width)
    parts = [_nested(item, indent + 1, cut, write, width) for item in shown]
    if short:
        parts.insert(EDGE, "...")
    return "[" + ("," + "\n" * (data.ndim - 1) + " " * (indent + 1)).join(parts) + "]"


def _row(words: list[str], short: bool, indent: int, width: int) -> str:
    if short:
        words.insert(EDGE, " ...")
    each = max(1, (WIDTH - indent) // (width + 2))
    lines = [", ".join(words[start : start + each]) for start in range(0, len(words), each)]
    return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"


# Elements -------------------------------------------------------------------------------------------------


def _format(data: np.ndarray) -> tuple[Format, int]:
    """How to write an element, all equally wide, and how wide."""
    values = data.ravel()
    if data.dtype.kind == "c":
        return _format_complex(values)
    write = _float_format(values) if data.dtype.kind == "f" else str
    if data.dtype.kind == "f":
        return _aligned(write, values[np.isfinite(values) & (values != 0)])
    return _aligned(write, values)


def _aligned(write: Format, values: np.ndarray) -> tuple[Format, int]:
    width = max([1, *[len(write(value)) for value in values.tolist()]])
    return (lambda value: write(value).rjust(width)), width


def _float_format(values: np.ndarray) -> Format:
    seen = np.abs(values[np.isfinite(values) & (values != 0)].astype(np.float64))
    whole = bool(np.all(seen == np.ceil(seen)))
    if seen.size:
        low, high = float(seen.min()), float(seen.max())
        if high / low > 1000.0 or high > 1e8 or (not whole and low < 1e-4):
            return lambda value: f"{value:.{DIGITS}e}"
    if whole:
        return lambda value: f"{value:.0f}." if math.isfinite(value) else f"{value:.0f}"
    return lambda value: f"{value:.{DIGITS}f}"


def _format_complex(values: np.ndarray) -> tuple[Format, int]:
    real, width = _format(np.real(values))
    imaginary, imaginary_width = _format(np.abs(np.imag(values)))

    def write(value: complex) -> str:
        sign = "-" if math.copysign(1.0, value.imag) < 0 else "+"
        return f"{real(value.real)}{sign}{imaginary(abs(value.imag)).lstrip()}j"

    return write, width + imaginary_width + 2
