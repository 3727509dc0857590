"""Makes ports/results.json: what the programs in `ports` give with PyTorch, for which they were written.

    python -m tests.nn.make_ports

Needs torch (2.13 made the file that is stored); the tests do not.
"""

from __future__ import annotations

import importlib
import json
import tempfile
from typing import Any

from tests.nn.porting import NAMES, STORED, program


def rounded(value: Any) -> Any:
    if isinstance(value, list):
        return [rounded(one) for one in value]
    return float(f"{value:.9g}") if isinstance(value, float) else value


def main() -> None:
    importlib.import_module("torch").set_num_threads(1)
    results = {}
    for name in NAMES:
        with tempfile.TemporaryDirectory() as folder:
            results[name] = rounded(program(name, port=str)(folder))
    STORED.write_text(json.dumps(results, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
