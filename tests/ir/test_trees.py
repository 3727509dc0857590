"""A function's tree is found wherever the function stands, and it is never another one's."""

from __future__ import annotations

import ast
import functools
import importlib.util
import itertools
import linecache
import math as mathematics
import os
import subprocess
import sys
import textwrap
import time
import types
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tapeless.ir.trees import Found, Missing, find

serial = itertools.count()


def module_of(folder: Path, text: str) -> types.ModuleType:
    """A module made of `text`, imported from a file of its own."""
    path = folder / f"written_{next(serial)}.py"
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def text_of(function: types.FunctionType) -> str:
    """What Python would print for the tree that is found: independent of lines and columns."""
    found = find(function)

    assert isinstance(found, Found)
    return ast.unparse(found.tree)


def plain(x):
    return x + 1


def decorated_by_nothing(function):
    return function


@decorated_by_nothing
@functools.partial(lambda scale, function: function, 2.0)
def twice_decorated(x, *rest, key=lambda y: y, **others):
    """Docstring."""
    return key(x)


class Model:
    __weight = 2.0

    def apply(self, x):
        return self.__weight * x

    def inherited(self, x):
        return super().__eq__(x)

    class Inner:
        def apply(self, x):
            def step(y):
                return y + self.__private

            return step

    scale = lambda self, x: self.__weight * x


def outer(a):
    b = 2.0

    def inner(x):
        return x * a + b

    def recursive(n):
        return recursive(n - 1) * a if n else b

    return inner, recursive, lambda x: x - a


def with_asserts(x):
    assert x > 0, f"{x} is negative"
    if x > 2:
        x = x * 2.0
        assert x is not None
    for _ in range(3):
        x = x + 1
        assert x > 0 or isinstance(x, float)
    return np.sin(x)


def with_a_class(x):
    class Local:
        value = 2.0

        def get(self):
            return x

    return Local().get() * Local.value


def with_everything(x, y=1.0, /, z=2.0, *, w=(1, 2.0, frozenset({3}))):
    try:
        total = sum(a * b for a, b in zip([x, y], [z, x], strict=True) if a)
    except (ValueError, TypeError) as error:
        raise RuntimeError(f"{error!r:>{10}}") from error
    finally:
        x = 0.0
    with np.errstate(all="ignore"):
        total **= 2 if x in {1, 2, 3} else -0.0
    while (n := len([v + 1 for v in w])) and total < 1e300:
        total -= n
        if total:
            break
    else:
        total = mathematics.sin(*[x])
    match total:
        case [a, *_] | {"a": a}:
            return a
        case _:
            del y
    return {**total, "k": [*w], "s": x if y else z}, x[1:2, ..., None], 1 < x <= 2, not x, lambda q=1: q + z


@pytest.mark.parametrize(
    "function",
    [
        plain,
        twice_decorated,
        Model.apply,
        Model.inherited,
        Model.Inner.apply,
        Model.Inner().apply(1),
        outer,
        outer(1.0)[0],
        outer(1.0)[1],
        with_asserts,
        with_a_class,
        with_everything,
        text_of,
        textwrap.dedent,
        linecache.getlines,
        np.savetxt.__wrapped__,
    ],
    ids=lambda function: function.__qualname__,
)
def test_a_function_is_found(function):
    found = find(function)

    assert isinstance(found, Found)
    assert isinstance(found.tree, ast.FunctionDef)
    assert found.tree.name == function.__name__
    assert found.lines[found.tree.lineno - 1].split("(")[0].split() == ["def", function.__name__]


def test_lambdas_of_one_line_are_told_apart():
    f, g, h = lambda x: x, lambda y: y, lambda x: x + 1

    assert [text_of(f), text_of(g), text_of(h)] == ["lambda x: x", "lambda y: y", "lambda x: x + 1"]


def test_lambdas_alike_to_the_letter_are_told_apart_by_their_columns():
    f, g = lambda x: x * 2, lambda x: x * 2
    first, second = find(f), find(g)

    assert isinstance(first, Found)
    assert isinstance(second, Found)
    assert (first.tree.col_offset, second.tree.col_offset) == (11, 28)


def test_a_lambda_in_a_lambda_is_found():
    f = lambda x: lambda y: lambda x: x * y

    assert [
        text_of(f),
        text_of(f(1)),
        text_of(f(1)(2)),
    ] == ["lambda x: lambda y: lambda x: x * y", "lambda y: lambda x: x * y", "lambda x: x * y"]


def test_a_lambda_in_a_default_of_a_lambda_is_found():
    f = lambda x, g=lambda x: x: g(x)

    assert [text_of(f), text_of(f.__defaults__[0])] == ["lambda x, g=lambda x: x: g(x)", "lambda x: x"]


def test_a_lambda_over_several_lines_is_found():
    functions = [
        lambda x: (
            x
            + 1
        ),
        lambda y: np.sin(
            y
        ),
    ]  # fmt: skip

    assert [text_of(f) for f in functions] == ["lambda x: x + 1", "lambda y: np.sin(y)"]


def test_lambdas_in_arguments_decorators_and_defaults_are_found():
    seen = []

    def keep(f, *_):
        seen.append(f)
        return lambda g: g

    @keep(lambda x: x - 1)
    def f(x, g=keep(lambda x: x - 2, 3)): ...  # noqa: B008

    keep(
        lambda x:
        x - 3,
        lambda x: x - 4)  # fmt: skip
    keep({"a": [lambda x: x - 5]}["a"][0])

    assert [f"lambda x: x - {n}" for n in (1, 2, 3, 5)] == [text_of(f) for f in seen]


def test_text_and_brackets_on_the_left_margin_do_not_end_a_function(tmp_path):
    module = module_of(
        tmp_path,
        '''
        def f(x):
            text = """
        return 1
            """
            y = (
        x + 1
        )
            return y
            """
        def f(x):
            """

        def g(x):
            """One
        two
        """
        class A:
            def h(self): (
                1
        )
        # a comment
            # another
            k = lambda self: [
        self]
        last = lambda: 0''',
    )

    assert "def f(x):" in text_of(module.f)
    assert "return y" in text_of(module.f)
    assert "two" in text_of(module.g)
    assert text_of(module.A.h) == "def h(self):\n    1"
    assert text_of(module.A.k) == "lambda self: [self]"
    assert text_of(module.last) == "lambda: 0"


def test_a_function_in_the_middle_of_a_statement_is_found_in_the_whole_file(tmp_path):
    module = module_of(
        tmp_path,
        """
        if not __name__:
            pass
        else:
            f = dict(
                key=lambda x:
                x + 1)["key"]
        """,
    )

    assert text_of(module.f) == "lambda x: x + 1"


def test_tabs_and_wide_characters_are_no_trouble(tmp_path):
    module = module_of(tmp_path, "class A:\n\tdef f(self, größe):\n\t\treturn größe + 'ü漢𝒳', lambda ß: ß\n")

    assert text_of(module.A.f) == "def f(self, größe):\n    return (größe + 'ü漢𝒳', lambda ß: ß)"
    assert text_of(module.A().f("")[1]) == "lambda ß: ß"


def test_names_of_globals_do_not_matter_to_the_comparison(tmp_path):
    module = module_of(
        tmp_path,
        """
        from __future__ import annotations
        import math
        from math import pi as math_pi
        from pathlib import Path
        made = __import__("math")

        class f:
            def f(self):
                return f.f, bare, outer

            def bare(self):
                return f, bare, outer

        def bare(x: int) -> f:
            y: float = 1.0
            return bare(outer(x)), math.sin(y), made.sin(y), Path.cwd(), math_pi.hex(), math.sin(*[x])

        def outer(f=lambda: outer, outer=bare):
            return f(), outer
        """,
    )

    for function in (module.f.f, module.f.bare, module.bare, module.outer, module.outer.__defaults__[0]):
        assert isinstance(find(function), Found)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="type parameters are new in Python 3.12")
def test_functions_with_type_parameters_are_found(tmp_path):
    module = module_of(
        tmp_path,
        """
        class A[T]:
            def f[U](self, x: T) -> U:
                return U, T, x

        def f[T](x: T) -> T:
            return T, x
        """,
    )

    assert isinstance(find(module.A.f), Found)
    assert isinstance(find(module.f), Found)


BEFORE = "def f(x):\n    y = x * 2.0\n    if y > 1:\n        y = g(y, 1)\n    return y\n"


@pytest.mark.parametrize(
    "after",
    [
        BEFORE.replace("2.0", "3.0"),
        BEFORE.replace("2.0", "2"),
        BEFORE.replace("2.0", "-2.0"),
        BEFORE.replace("*", "/"),
        BEFORE.replace(">", "<"),
        BEFORE.replace("g(", "h("),
        BEFORE.replace("y, 1", "y, True"),
        BEFORE.replace("y, 1", "y, k=1"),
        BEFORE.replace("f(x)", "f(x, z=0)"),
        BEFORE.replace("f(x)", "f(*x)"),
        BEFORE.replace("x", "z"),
        BEFORE.replace("    return y", "        return y"),
        BEFORE.replace("        y = g", "        pass\n    y = g"),
        "import this_is_new\n" + BEFORE,
        BEFORE.replace("def f", "def h"),
        BEFORE + "    def",
        "",
    ],
)
def test_a_function_of_a_file_that_was_edited_is_not_found(tmp_path, after):
    module = module_of(tmp_path, BEFORE)
    Path(module.__file__).write_text(after)

    assert find(module.f) in (Missing.CHANGED, Missing.NO_SOURCE)


def test_edits_elsewhere_in_the_file_do_no_harm_below_the_function(tmp_path):
    module = module_of(tmp_path, BEFORE)
    Path(module.__file__).write_text(BEFORE + "def g(x, y): return x\n")

    assert text_of(module.f).startswith("def f(x)")


def test_an_edited_function_with_asserts_is_not_found(tmp_path):
    """Asserts of test modules run in another form: the rest of the function must agree all the same."""
    changed = module_of(tmp_path, Path(__file__).read_text().replace("x * 2.0", "x * 3.0"))
    moved = types.FunctionType(
        with_asserts.__code__.replace(co_filename=changed.__file__), with_asserts.__globals__
    )

    assert isinstance(find(with_asserts), Found)
    assert find(moved) is Missing.CHANGED


def test_lines_that_linecache_read_before_an_edit_and_a_reload_are_read_again(tmp_path):
    module = module_of(tmp_path, BEFORE)
    assert "2.0" in text_of(module.f)

    path = Path(module.__file__)
    path.write_text("# moved\n" + BEFORE.replace("2.0", "3.0"))
    os.utime(path, (time.time() + 10, time.time() + 10))
    exec(compile(path.read_text(), str(path), "exec"), vars(module))

    assert "3.0" in text_of(module.f)


def test_what_linecache_holds_is_enough(tmp_path):
    text, filename = "f = lambda x: x + 1\ndef g(x):\n    return f(x)", "<a cell of a notebook>"
    scope = {}
    exec(compile(text, filename, "exec"), scope)
    assert find(scope["f"]) is Missing.NO_SOURCE

    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)

    assert [text_of(scope["f"]), text_of(scope["g"])] == ["lambda x: x + 1", "def g(x):\n    return f(x)"]


def test_modules_in_zip_files_are_asked_for_their_source(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "packed.zip", "w") as archive:
        archive.writestr("module_in_a_zip_file.py", BEFORE)
    monkeypatch.syspath_prepend(tmp_path / "packed.zip")
    module = importlib.import_module("module_in_a_zip_file")

    assert text_of(module.f).startswith("def f(x)")


@pytest.mark.skipif(sys.version_info < (3, 13), reason="older prompts keep no lines")
def test_what_was_typed_at_a_prompt_is_found():
    typed = "import linecache\ntext = 'def f(x):\\n    return x'\n"
    typed += "linecache._register_code('<python-input-1>', text, '<stdin>')\n"
    typed += "exec(compile(text, '<python-input-1>', 'single'))\n"
    typed += "from tapeless.ir.trees import find\nprint(find(f).tree.name)\n"
    ran = subprocess.run([sys.executable, "-"], input=typed, capture_output=True, text=True, check=True)

    assert ran.stdout == "f\n"


def test_warnings_of_the_users_text_are_not_given_again(tmp_path):
    path = tmp_path / "warns.py"
    path.write_text("def f(x):\n    return x is 1, '\\d'\n")
    code = "import runpy, warnings\nwarnings.simplefilter('ignore')\n"
    code += f"f = runpy.run_path({str(path)!r})['f']\n"
    code += "warnings.simplefilter('error')\nfrom tapeless.ir.trees import find\nprint(find(f).tree.name)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (ran.stdout, ran.stderr) == ("f\n", "")


def test_one_function_of_a_large_file_costs_its_own_lines_only(tmp_path, monkeypatch):
    others = "".join(f"def f{n}(x):\n" + "    x = x + 1\n" * 48 + "    return x\n" for n in range(400))
    module = module_of(tmp_path, others)
    parsed = []
    parse = ast.parse
    monkeypatch.setattr(
        ast, "parse", lambda text, *args, **kwargs: parsed.append(text) or parse(text, *args, **kwargs)
    )

    assert isinstance(find(module.f200), Found)
    assert sum(len(text.strip()) for text in parsed) < len(others) / 100


def test_long_functions_are_found(tmp_path):
    module = module_of(tmp_path, "def f(x):\n" + "    x = x + 1\n" * 5000 + "    return x\n")
    found = find(module.f)

    assert isinstance(found, Found)
    assert len(found.tree.body) == 5001
