"""Each pass does to the text in its docstring what the docstring says."""

from __future__ import annotations

import inspect
import textwrap

import gast
import pytest

from tapeless.source.normalise import PASSES
from tests.source.normalise.running import text_of, tree_of


def examples(simplify) -> tuple[str, str]:
    """The text below `Before:` and the text below `After:`, each as far as it is indented."""
    text = inspect.getdoc(simplify)
    before, after = text.partition("Before:\n")[2].split("After:\n")
    return indented(before), indented(after)


def indented(text: str) -> str:
    lines: list[str] = []
    for line in text.splitlines():
        if line and not line.startswith(" "):
            break
        lines.append(line)
    return textwrap.dedent("\n".join(lines)).strip()


def body_of(text: str) -> gast.FunctionDef:
    return tree_of("def f(x, n, s, u):\n" + textwrap.indent(text, "    "))


@pytest.mark.parametrize("simplify", PASSES, ids=lambda simplify: simplify.__name__)
def test_a_pass_does_what_its_docstring_shows(simplify):
    before, after = examples(simplify)

    assert text_of(simplify(body_of(before))) == text_of(body_of(after))
    assert text_of(body_of(before)) != text_of(body_of(after))
