"""The programs in README and docs run, and print what the comments beside or below `print` say."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FENCE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SAID = re.compile(r"^print\(.*\)(?:  # (?P<beside>.*)$|\n(?P<below>(?:# .*\n)+))", re.MULTILINE)


def programs(page: Path) -> str:
    """The page's blocks of Python, each on the lines that it has in the page."""
    text = page.read_text(encoding="utf-8")
    lines = [""] * (text.count("\n") + 1)
    for block in FENCE.finditer(text):
        start = text[: block.start(1)].count("\n")
        code = block[1].splitlines()
        lines[start : start + len(code)] = code
    return "\n".join(lines) + "\n"


def said(source: str) -> str:
    """What the comments say that the program prints."""
    found = [
        match["beside"] or re.sub("^# ", "", match["below"], flags=re.MULTILINE)
        for match in SAID.finditer(source)
    ]
    return "\n".join(text.strip("\n") for text in found)


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))], ids=lambda page: page.name
)
def test_the_programs_of_a_page_print_what_it_says(page: Path, tmp_path: Path):
    source = programs(page)
    script = tmp_path / f"{page.stem.replace('-', '_')}.py"
    script.write_text(source, encoding="utf-8")

    # A process of its own: rules that a page adds to the table must not meet the other tests.
    command = [sys.executable, "-W", "error", str(script)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)

    assert ran.returncode == 0, ran.stderr
    assert [line.rstrip() for line in ran.stdout.splitlines() if line.strip()] == said(source).splitlines()
