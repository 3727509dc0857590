"""The floors of docs/design.md, and that importing tapeless costs little and changes nothing."""

from __future__ import annotations

import ast
import graphlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# A room may import rooms of lower floors, and its own modules.
FLOORS = {
    0: ("errors", "_types", "_tree", "_lazy"),
    1: ("ir",),
    2: ("rules",),
    3: ("graph", "source", "compile"),
    4: ("transforms", "numpy", "testing", "autograd"),
    5: ("extend", "nn", "optim", "data", "saving", "viz", "compare", "cli", "compat"),
}
FLOOR_OF = {room: floor for floor, rooms in FLOORS.items() for room in rooms}
PUBLIC = 6  # tapeless/__init__.py and __main__.py, which nothing imports
STRANGERS = {"tapeless", "__main__"}

# Outside of tapeless and the standard library: always there, and optional.
REQUIRED = {"numpy", "gast", "astor"}
OPTIONAL = {"graphviz", "matplotlib", "mpl_toolkits", "sklearn", "safetensors", "tqdm", "numba", "pygments"}
OPTIONAL |= {"torch", "jax", "autograd", "mygrad", "pandas", "IPython"}

MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted((ROOT / "tapeless").rglob("*.py"))
}


@dataclass(frozen=True)
class Import:
    """One name that a module imports: `target` is a module's full name."""

    target: str
    line: int
    in_function: bool
    for_types: bool  # under `if TYPE_CHECKING`: not there when the program runs


def imports(source: str, importer: str, is_package: bool = False) -> list[Import]:
    """Every import of a module; `from package import module` counts as an import of the module."""
    package = importer if is_package else importer.rpartition(".")[0]
    found: list[Import] = []

    def visit(tree: ast.AST, in_function: bool, for_types: bool) -> None:
        for node in ast.iter_child_nodes(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                targets = _targets(node, package)
                found.extend(Import(target, node.lineno, in_function, for_types) for target in targets)
            function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            types = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
            visit(node, in_function or function, for_types or types)

    visit(ast.parse(source), in_function=False, for_types=False)
    return found


def _targets(node: ast.Import | ast.ImportFrom, package: str) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    base = node.module or ""
    if node.level:
        up = package.split(".")[: len(package.split(".")) - node.level + 1]
        base = ".".join([*up, base] if base else up)
    whole = [f"{base}.{alias.name}" for alias in node.names]
    return list(dict.fromkeys(name if name in MODULES else base for name in whole))


def floor(module: str) -> int:
    """The floor of a module of tapeless; KeyError for a room that has none."""
    room = _room(module)
    return PUBLIC if room in STRANGERS else FLOOR_OF[room]


def _room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else parts[0]


def breaches(source: str, importer: str, is_package: bool = False) -> list[str]:
    """What a module imports against the floors, in words."""
    found: list[str] = []
    for item in imports(source, importer, is_package):
        top = item.target.split(".")[0]
        if top == "tapeless":
            if item.in_function:
                found.append(f"{importer}:{item.line} imports {item.target} inside a function")
            elif _room(item.target) != _room(importer) and floor(item.target) >= floor(importer):
                same = floor(item.target) == floor(importer)
                if not same or floor(importer) == 3:
                    found.append(f"{importer}:{item.line} imports {item.target} from its own floor or above")
        elif top in OPTIONAL:
            if not item.in_function:
                found.append(f"{importer}:{item.line} imports the optional {top} outside of a function")
        elif item.in_function:
            found.append(f"{importer}:{item.line} imports {item.target} inside a function")
        elif top not in sys.stdlib_module_names and top not in REQUIRED:
            found.append(f"{importer}:{item.line} imports {top}, which tapeless does not depend on")
        elif top == "astor" and importer != "tapeless.ir.emit":
            found.append(f"{importer}:{item.line} imports astor, which is for tapeless.ir.emit alone")
    return found


def test_every_room_has_a_floor():
    rooms = {_room(module) for module in MODULES} - STRANGERS

    assert rooms - set(FLOOR_OF) == set()


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_down(module: str):
    path = MODULES[module]
    assert breaches(path.read_text(encoding="utf-8"), module, path.name == "__init__.py") == []


@pytest.mark.parametrize(
    ("source", "importer", "reason"),
    [
        ("from tapeless.rules import table", "tapeless.ir.lower", "floor or above"),
        ("from tapeless.source import parse", "tapeless.graph.engine", "floor or above"),
        ("from ..rules import table", "tapeless.ir.lower", "floor or above"),
        ("import tapeless", "tapeless.nn.linear", "floor or above"),
        ("def f():\n    from tapeless.errors import RuleError", "tapeless.rules.kinds", "inside a function"),
        ("def f():\n    import math", "tapeless.rules.kinds", "inside a function"),
        ("import matplotlib.pyplot as plt", "tapeless.viz", "outside of a function"),
        (
            "try:\n    import numba\nexcept ImportError:\n    numba = None",
            "tapeless.viz",
            "outside of a function",
        ),
        ("import scipy", "tapeless.rules.special", "does not depend on"),
        ("import astor", "tapeless.rules.pullback", "alone"),
    ],
)
def test_a_breach_of_the_floors_is_seen(source: str, importer: str, reason: str):
    (breach,) = breaches(source, importer)

    assert reason in breach


def test_modules_import_each_other_in_no_cycle():
    graph = {
        module: {
            item.target
            for item in imports(path.read_text(encoding="utf-8"), module, path.name == "__init__.py")
            if item.target in MODULES and not item.for_types
        }
        for module, path in MODULES.items()
    }

    graphlib.TopologicalSorter(graph).prepare()  # CycleError names the modules of a cycle


@pytest.mark.parametrize("module", [name for name, path in MODULES.items() if path.name == "__init__.py"])
def test_packages_do_nothing_but_name_what_is_public(module: str):
    extra = [
        ast.unparse(node) for node in ast.parse(MODULES[module].read_text("utf-8")).body if not _names(node)
    ]
    assert extra == []


def _names(node: ast.stmt) -> bool:
    """Whether a statement is a docstring, an import (for types or not), or `__all__ = ...` and the like."""
    if isinstance(node, ast.Assign):
        return all(isinstance(target, ast.Name) and target.id.startswith("__") for target in node.targets)
    if isinstance(node, ast.If):
        return ast.unparse(node.test) == "TYPE_CHECKING" and not node.orelse and all(map(_names, node.body))
    docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return docstring or isinstance(node, ast.Import | ast.ImportFrom)


IMPORT = """
import json, os, random, sys, threading, time, warnings
import numpy as np

def world():
    return [
        repr(warnings.filters), repr(np.geterr()), repr(np.get_printoptions()), repr(np.random.get_state()),
        repr(random.getstate()), repr(dict(os.environ)), repr(sys.path), repr(sys.getrecursionlimit()),
        repr(sys.gettrace()), repr(sys.excepthook), repr(threading.enumerate()),
    ]

before, loaded = world(), set(sys.modules)
start = time.thread_time()
import tapeless
seconds = time.thread_time() - start
after = world()
json.dump({
    "changed": [pair for pair in zip(before, after) if pair[0] != pair[1]],
    "loaded": sorted({name.partition(".")[0] for name in set(sys.modules) - loaded}),
    "seconds": seconds,
}, sys.stderr)
"""


def import_in_a_fresh_interpreter(bytecode: Path | None = None) -> dict:
    """What importing does and costs; `bytecode`: where compiled modules are kept, as an installation does."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    if bytecode is not None:
        env["PYTHONPYCACHEPREFIX"] = str(bytecode)
    command = [sys.executable, "-W", "error", "-c", IMPORT]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=env)

    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == ""
    return json.loads(ran.stderr)  # not JSON alone if the import wrote to stderr


def test_import_is_silent_and_changes_nothing():
    seen = import_in_a_fresh_interpreter()

    assert seen["changed"] == []


def test_import_loads_no_optional_package():
    loaded = import_in_a_fresh_interpreter()["loaded"]

    assert OPTIONAL.intersection(loaded) == set()
    assert {"tapeless"} <= set(loaded) <= {"tapeless", *REQUIRED, *sys.stdlib_module_names}


def test_import_takes_less_than_80_ms_on_top_of_numpy(tmp_path):
    import_in_a_fresh_interpreter(tmp_path)  # compiles

    assert min(import_in_a_fresh_interpreter(tmp_path)["seconds"] for _ in range(5)) < 0.080
