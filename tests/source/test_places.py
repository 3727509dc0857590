"""The texts of generated functions, and which of the user's lines stand behind theirs."""

from __future__ import annotations

import linecache

import pytest

from tapeless.source.places import remember, says_where

SOURCE = "def df(x):\n    y = x[0]\n    return y\n"
PLACES = ("", "model.py:3: y = x[0]", "")


def test_a_text_stays_as_long_as_its_code():
    code = compile(SOURCE, "<df 1>", "exec")
    remember("<df 1>", code, SOURCE, SOURCE, PLACES)

    assert linecache.getline("<df 1>", 2) == "    y = x[0]\n"
    del code
    assert linecache.getline("<df 1>", 2) == ""


@pytest.mark.parametrize("head", ["", "    if True:\n"])
def test_an_exception_says_where_it_comes_from_once(head: str):
    body = SOURCE.split("\n", 1)[1]
    if head:
        body = "".join(f"    {line}\n" for line in body.splitlines())
    text = f"def df(x):\n{head}{body}"
    filename = f"<df {len(text)}>"  # the other's is forgotten when its code goes
    code = compile(text, filename, "exec")
    remember(filename, code, text, SOURCE, PLACES)
    scope = {}
    exec(code, scope)

    with pytest.raises(TypeError) as caught:
        says_where(says_where(scope["df"]))(None)
    assert caught.value.__notes__ == ["in the derivative of model.py:3: y = x[0]"]


def test_other_exceptions_have_no_note():
    with pytest.raises(ZeroDivisionError) as caught:
        says_where(lambda: 1 / 0)()
    assert not hasattr(caught.value, "__notes__")
