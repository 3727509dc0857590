"""Programs written for PyTorch, and what changes when they are run with tapeless: their imports."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "ports"
STORED = FOLDER / "results.json"
NAMES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "conftest")

IMPORTS = (
    (r"^import torch$", "import tapeless as torch"),
    (r"^from torch\.utils\.data import", "from tapeless.data import"),
    (r"^(import|from) torch\b", r"\1 tapeless"),
)


def ported(text: str) -> str:
    """The program with other imports.

    >>> print(ported("import torch\\nfrom torch import nn"))
    import tapeless as torch
    from tapeless import nn
    """
    for pattern, replacement in IMPORTS:
        text = re.sub(pattern, replacement, text, flags=re.MULTILINE)
    return text


def program(name: str, port: Callable[[str], str] = ported) -> Callable[..., Any]:
    """The `main` of a program; `port` changes its text."""
    path = FOLDER / f"{name}.py"
    namespace: dict[str, Any] = {"__name__": name}
    exec(compile(port(path.read_text(encoding="utf-8")), str(path), "exec"), namespace)
    return namespace["main"]
