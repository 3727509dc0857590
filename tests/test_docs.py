"""The programs in README and docs run, and print what the pages say."""

from __future__ import annotations

import functools
import re
import tempfile
from pathlib import Path

import pytest

from tests.pages import PAGES, ROOT, blocks, run

LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


@functools.cache
def printed(page: Path) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        return run(page, Path(folder).resolve())


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_programs_of_a_page_print_what_it_says(page: Path):
    found = blocks(page.read_text(encoding="utf-8"))

    for block, output in zip(found, printed(page), strict=True):
        assert lines(output) == lines(block.expected()), "python -m tests.pages writes outputs anew"


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CONTRIBUTING.md"], ids=lambda page: page.name)
def test_the_links_of_a_page_lead_somewhere(page: Path):
    missing = [
        target
        for target in LINK.findall(page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]

    assert not missing
