"""Runs the acceptance cases of a folder against tapeless: every case whose rooms tapeless has.

    python -m tests.acceptance ../shared/acceptance [--list]

A case that speaks of `torch.nn` or `torch.optim`, itself or through a function of its file, waits until
tapeless has a room of that name; from then on it must pass like all others.
"""

from __future__ import annotations

import argparse
import importlib
import re
import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import tapeless

ROOMS = ("nn", "optim")


def rooms_of(case: Callable[..., Any]) -> set[str]:
    """The rooms that a case enters: which of their names its code reads, helpers of its module included."""
    names: set[str] = set()
    waiting, seen = [case.__code__], set[types.CodeType]()
    while waiting:
        code = waiting.pop()
        if code in seen:
            continue
        seen.add(code)
        names.update(code.co_names)
        helpers = (case.__globals__.get(name) for name in code.co_names)
        waiting += [helper.__code__ for helper in helpers if isinstance(helper, types.FunctionType)]
        waiting += [const for const in code.co_consts if isinstance(const, types.CodeType)]
    return names.intersection(ROOMS)


def open_cases(cases: list[Callable[..., Any]]) -> Iterator[str]:
    """The names of the cases that need no room that tapeless lacks."""
    missing = {room for room in ROOMS if not hasattr(tapeless, room)}
    return (case.__name__ for case in cases if not rooms_of(case) & missing)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where run_seed_cases.py and its cases are")
    parser.add_argument("--list", action="store_true", help="only name the cases that would run")
    options = parser.parse_args()
    sys.path.insert(0, str(options.folder.resolve()))
    cases = importlib.import_module("seed_cases").CASES
    names = list(open_cases(cases))
    if options.list:
        print("\n".join(names))
    print(
        f"acceptance: {len(names)} of {len(cases)} cases, {len(cases) - len(names)} wait for nn or optim",
        flush=True,
    )
    if options.list:
        return 0
    command = [sys.executable, str(options.folder / "run_seed_cases.py"), "--module", "tapeless"]
    command += ["--path", str(Path(__file__).parent.parent)]
    command += ["--reference", str(options.folder / "reference_torch.json")]
    command += ["--only", "^(" + "|".join(map(re.escape, names)) + ")$"]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
