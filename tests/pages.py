"""Pages whose programs run: README and docs.  `python -m tests.pages` writes anew what their programs print.

A block of `python` is followed by a block of `python output` or `text output` that shows all that it prints;
or it says in comments, beside or below each `print`, what that prints.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGES = (ROOT / "README.md", *sorted(ROOT.glob("docs/*.md")))

_FENCE = re.compile(
    r"^```(?P<kind>python|python output|text output)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
_SAID = re.compile(r"^print\(.*\)(?:  # (?P<beside>.*)$|\n(?P<below>(?:# .*\n)+))", re.MULTILINE)
_END = "\0"
# Each block is a file of its own, so that messages show its lines; all run in one namespace.
_DRIVER = f"""
import sys
for name in sys.argv[1:]:
    with open(name, encoding="utf-8") as file:
        exec(compile(file.read(), name, "exec"), globals())
    print({_END!r})
"""


@dataclass(frozen=True, slots=True)
class Block:
    """A program of a page, and where the page shows its output: None if in comments."""

    code: str
    output: re.Match[str] | None

    def expected(self) -> str:
        """What the page says that the program prints."""
        if self.output is not None:
            return self.output["text"]
        found = [
            match["beside"] or re.sub("^# ", "", match["below"], flags=re.MULTILINE)
            for match in _SAID.finditer(self.code)
        ]
        return "".join(text.strip("\n") + "\n" for text in found)


def blocks(text: str) -> list[Block]:
    """The programs of a page in order, each with the block that shows its output."""
    found: list[Block] = []
    for fence in _FENCE.finditer(text):
        if fence["kind"] == "python":
            found.append(Block(fence["text"], None))
        else:
            assert found, "output before any program"
            assert found[-1].output is None, "two blocks of output in a row"
            found[-1] = Block(found[-1].code, fence)
    return found


def run(page: Path, folder: Path) -> list[str]:
    """What each program of a page prints, all of them run in a process of their own."""
    names: list[str] = []
    for number, block in enumerate(blocks(page.read_text(encoding="utf-8"))):
        inside = folder / str(number)
        inside.mkdir()
        (inside / "example.py").write_text(block.code, encoding="utf-8")
        names.append(str(inside / "example.py"))
    # Rules that a page adds to the table must not meet the tests.
    command = [sys.executable, "-W", "error", "-c", _DRIVER, *names]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert ran.returncode == 0, ran.stderr
    printed = re.sub(re.escape(str(folder)) + r"[/\\]\d+[/\\]", "", ran.stdout)
    return [_tidy(part) for part in printed.split(_END + "\n")[: len(names)]]


def updated(text: str, printed: list[str]) -> str:
    """The page with its blocks of output as they should be."""
    for block, output in reversed(list(zip(blocks(text), printed, strict=True))):
        if block.output is not None:
            text = text[: block.output.start("text")] + output + text[block.output.end("text") :]
    return text


def _tidy(printed: str) -> str:
    lines = [line.rstrip() for line in printed.splitlines()]
    return "\n".join(lines).strip("\n") + "\n"


def main() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory() as folder:
            new = updated(text, run(page, Path(folder).resolve()))
        if new != text:
            page.write_text(new, encoding="utf-8")
            print("written anew:", page.relative_to(ROOT))


if __name__ == "__main__":
    main()
