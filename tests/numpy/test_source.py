"""Functions that say `import tapeless.numpy as np` are read as those that say `import numpy as np`."""

import importlib.util
import re
import sys
from pathlib import Path

import numpy as np
import pytest

import tapeless as tl
import tapeless.numpy as tnp
from tapeless.errors import TapelessError
from tapeless.numpy import array, zeros

PROGRAMS = Path(__file__).parent.parent / "source" / "programs"
THEMES = ("arithmetic", "dtypes", "everyday", "indexing", "library", "puts", "writes")

REGISTER = """
def program(*args, wrt=0, kwargs=None, **marks):
    def register(function):
        PROGRAMS.append((function, args, wrt, kwargs or {}))
        return function
    return register

PROGRAMS = []
"""


def programs(theme: str, folder: Path, module: str):
    """The programs of a theme, written with another NumPy."""
    text = (PROGRAMS / f"{theme}.py").read_text(encoding="utf-8")
    text = text.replace("import numpy as np", f"import {module} as np", 1)
    text = text.replace("from tests.source.programs.registry import program\n", REGISTER, 1)
    path = folder / f"{theme}_{module.replace('.', '_')}.py"
    path.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = loaded
    spec.loader.exec_module(loaded)
    return loaded.PROGRAMS


def outcome(function, args, wrt, kwargs):
    """The generated text, or the refusal."""
    derivative = tl.elementwise_grad(function, wrt, mode="source")
    try:
        derivative.specialise(*args, **kwargs)
    except (TapelessError, TypeError) as error:
        return re.sub(r"\S+\.py:", "", str(error))
    return re.sub(r"\S+\.py:", "", derivative.source)


@pytest.mark.parametrize("theme", THEMES)
def test_the_generated_text_is_the_same(theme: str, tmp_path: Path):
    ours = programs(theme, tmp_path, "tapeless.numpy")
    theirs = programs(theme, tmp_path, "numpy")

    assert len(ours) == len(theirs) > 5
    for one, other in zip(ours, theirs, strict=True):
        assert outcome(*other) == outcome(*one)


def test_names_that_were_imported_one_by_one_are_read():
    def f(x):
        y = zeros(2)
        y[1] = x
        return np.sum(array([x, y[1] * x]))

    assert tl.grad(f, mode="source")(3.0) == pytest.approx(7.0)


def test_an_import_inside_of_the_function_is_read():
    def f(x):
        import tapeless.numpy as other
        from tapeless.numpy import float64

        return other.sum(other.asarray([x, float64(x) * x])) * other.pi

    assert tl.grad(f, mode="source")(3.0) == pytest.approx(7.0 * np.pi)


def test_a_type_among_the_defaults_is_read():
    def f(x, dtype=tnp.float32):
        return tnp.sum(tnp.array([x, x], dtype=dtype))

    gradient = tl.grad(f, mode="source")

    assert gradient(1.5) == pytest.approx(2.0)
    assert "np.float32" in gradient.source


def test_functions_handed_over_as_values_are_read():
    def f(x):
        return sum([make([x, x * x])[1] for make in (tnp.array, tnp.asarray)])

    assert tl.grad(f, mode="source")(3.0) == pytest.approx(12.0)
