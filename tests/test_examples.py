"""Every example runs, prints something and checks its own numbers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
OPTIONS = {
    "classifier.py": ["--quick"],
    "convnet.py": ["--quick"],
    "diabetes.py": ["--quick"],
    "digits.py": ["--quick"],
    "mixture.py": ["--quick"],
    "text.py": ["--quick"],
}
PICTURES = {
    "digits.py": {"loss.png", "confusion.png", "digits.png", "graph.svg"},
    "tape.py": {"tape.svg"},
}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_example_runs_and_checks_itself(example: Path, tmp_path: Path):
    options = [*OPTIONS.get(example.name, []), *(["--out", "out"] if example.name in PICTURES else [])]
    environment = {
        **os.environ,
        "PYTHONWARNINGS": "error",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }

    done = subprocess.run(
        [sys.executable, str(example), *options],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    drawn = {path.name for path in tmp_path.glob("out/*") if path.stat().st_size > 1000}
    assert drawn == PICTURES.get(example.name, set())
