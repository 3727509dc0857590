"""Runs the programs on HIPS autograd, changing only their imports, and on tapeless; compares them.

    python -m tests.compat.programs PYTHON [--accept]

PYTHON is an interpreter that has autograd and SciPy.  With `--accept` its numbers are stored.
"""

from __future__ import annotations

import argparse
import importlib
import json
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parent
NAMES = ("neural_net", "gaussian_process", "ode_fit", "operators", "extensions", "special")

RUN = """
import json, time, {name}
start = time.perf_counter()
{name}.main()
first = time.perf_counter() - start
start = time.perf_counter()
found = {name}.main()
print(json.dumps([found, first, time.perf_counter() - start]))
"""


def on_autograd(name: str, python: str) -> Any:
    """What the program gives there, and the seconds that it takes the first and the second time."""
    with tempfile.TemporaryDirectory() as folder:
        for one in NAMES:
            text = (FOLDER / f"{one}.py").read_text(encoding="utf-8")
            changed = text.replace("tapeless.compat.autograd", "autograd").replace(
                "tests.compat.programs.", ""
            )
            (Path(folder) / f"{one}.py").write_text(changed, encoding="utf-8")
        found = subprocess.run(
            [python, "-c", RUN.format(name=name)], cwd=folder, stdout=subprocess.PIPE, check=True
        )
    return json.loads(found.stdout)


def here(name: str) -> Any:
    """The same on tapeless."""
    program = importlib.import_module(f"tests.compat.programs.{name}")
    start = time.perf_counter()
    program.main()
    first = time.perf_counter() - start
    start = time.perf_counter()
    found = program.main()
    return found, first, time.perf_counter() - start


def largest_difference(one: dict[str, Any], other: dict[str, Any]) -> float:
    """Of any number that a program gives, relative to the larger of it and one."""
    pairs = [(np.asarray(one[key]), np.asarray(other[key])) for key in one]
    return max(float(np.max(np.abs(a - b) / np.maximum(1.0, np.abs(b)))) for a, b in pairs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("python")
    parser.add_argument("--accept", action="store_true")
    given = parser.parse_args()
    results = {}
    for name in NAMES:
        theirs, first, again = on_autograd(name, given.python)
        ours, our_first, our_again = here(name)
        results[name] = theirs
        print(
            f"{name:18} difference {largest_difference(ours, theirs):.1e}   "
            f"autograd {first:.3f} s, then {again:.3f} s   "
            f"tapeless {our_first:.3f} s, then {our_again:.3f} s   "
            f"{again / our_again:.1f} times as fast"
        )
    if given.accept:
        (FOLDER / "results.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
