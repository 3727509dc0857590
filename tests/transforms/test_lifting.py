"""Lifted text: it computes what the tape computed, with the tape's gradients, and reads well."""

from __future__ import annotations

import numpy as np
import pytest

import tapeless as tl
from tapeless.errors import MissingRuleError, TransformError
from tapeless.graph.array import Array
from tapeless.graph.tape import Tape
from tests.graph.programs import PROGRAMS, M, V
from tests.graph.test_random_programs import is_precise, loss, random_program, run


def taped(f, *values):
    """The tape of a function of Arrays, its result and the Arrays."""
    arrays = [Array(value) for value in values]
    with Tape(persistent=True) as tape:
        for number, one in enumerate(arrays):
            tape.watch(**{"xyz"[number]: one})
        out = f(*arrays)
    return tape, out, arrays


def agrees(f, *values):
    """The text gives the tape's value and gradients; it comes back."""
    tape, out, arrays = taped(f, *values)
    text = tape.source(out)
    made = text.functions()
    expected = [
        np.zeros_like(value) if found is None else found._data
        for found, value in zip(tape.gradient(out, arrays), values, strict=True)
    ]

    value, gradients = made["f_and_gradient"](*[np.array(one) for one in values])

    np.testing.assert_allclose(value, out.detach()._data, 1e-11)
    np.testing.assert_allclose(made["f"](*[np.array(one) for one in values]), value, 1e-12)
    for found, wanted in zip(gradients if len(values) > 1 else (gradients,), expected, strict=True):
        np.testing.assert_allclose(found, wanted, 1e-9, 1e-9, err_msg=text)
    return text


@pytest.mark.parametrize(("f", "x"), PROGRAMS, ids=lambda one: getattr(one, "__name__", ""))
def test_the_text_of_a_program_gives_its_gradient(f, x):
    agrees(f, x)


@pytest.mark.parametrize("seed", range(6000, 6120))
def test_the_text_of_a_random_program_gives_its_gradient_or_is_refused(seed):
    lines, x = random_program(seed)
    if not is_precise(lines):
        pytest.skip("float32 differs in the last places")

    try:
        agrees(lambda a: loss(run(lines, a)), x)
    except (MissingRuleError, TransformError) as error:
        if "written" not in str(error) and "writes" not in str(error):
            raise


def test_inputs_are_named_as_python_allows():
    x = Array(V)
    with Tape() as tape:
        tape.watch(**{"my x": x, "lambda": x * 1.0})
        out = np.sum(x * x)

    assert "def f(my_x):" in tape.source(out)


def test_several_inputs_have_several_gradients():
    text = agrees(lambda x, y: np.sum(np.tanh(x @ M) * y), V[:2], V)

    assert "def f_and_gradient(x, y):" in text


def test_text_without_long_constants_stands_alone():
    tape, out, _ = taped(lambda x: np.sum(x * np.array([1.0, 2.0, 3.0]) + np.float32(2.0)), V)
    names = {}
    exec(tape.source(out, name="weighed"), names)

    value, gradient = names["weighed_and_gradient"](V)

    np.testing.assert_allclose(value, out.detach()._data)
    np.testing.assert_allclose(gradient, [1.0, 2.0, 3.0])


def test_long_constants_come_with_the_text():
    large = np.random.default_rng(0).normal(size=(3, 40))
    tape, out, _ = taped(lambda x: np.sum(np.exp(x @ large)), V)
    text = tape.source(out)

    assert "# c1: float64 (3, 40), as it was recorded" in text
    np.testing.assert_allclose(text.functions()["f"](V), np.sum(np.exp(V @ large)))


@pytest.mark.parametrize(
    "constant",
    [
        np.zeros((0, 3)),
        np.array([True, False, True]),
        np.array([1, 2, 3], np.int32),
        np.array([1.0, np.nan, 2.0]),
        np.array([0.1, 0.2, 0.3], np.float32),
        np.array([1j, 2.0, 3.0]),
    ],
    ids=["empty", "bool", "int32", "nan", "float32", "complex"],
)
def test_constants_keep_dtype_and_shape(constant):
    tape, out, _ = taped(lambda x: x * constant, V)

    found = tape.source(out).functions()["f"](V)

    np.testing.assert_array_equal(found, V * constant)
    assert found.dtype == (V * constant).dtype


def test_a_result_that_is_no_number_takes_a_cotangent():
    tape, out, (x,) = taped(np.sin, V)
    text = tape.source(out)

    value, gradient = text.functions()["f_and_gradient"](V, np.array([1.0, 2.0, 3.0]))

    np.testing.assert_allclose(value, np.sin(V))
    np.testing.assert_allclose(gradient, tape.gradient(out, x, np.array([1.0, 2.0, 3.0]))._data)
    assert "for the cotangent" in text


def test_several_results_take_several_cotangents():
    tape, (s, y), _ = taped(lambda x: (np.sum(x * x), np.exp(x)), V)

    (first, second), gradient = tape.source([s, y]).functions()["f_and_gradient"](V, (2.0, np.ones(3)))

    np.testing.assert_allclose(first, np.sum(V * V))
    np.testing.assert_allclose(second, np.exp(V))
    np.testing.assert_allclose(gradient, 4.0 * V + np.exp(V))


def test_text_is_what_one_would_write():
    def f(x, y):
        hidden = np.tanh(x @ M)
        return np.sum(hidden * y)

    tape, out, _ = taped(f, V[:2], V)

    assert (
        tape.source(out).partition("\n\n\n")[2]
        == '''\
def f(x, y):
    return np.sum(np.tanh(x @ c1) * y)


def f_and_gradient(x, y):
    """Value of f and its gradient with respect to x, y."""
    hidden = np.tanh(x @ c1)
    g = hidden * hidden
    g = y * (1.0 - g)
    gradient = c1 @ g, hidden
    return np.sum(hidden * y), gradient
'''
    )


def test_decisions_of_python_stand_above_the_text():
    def f(x):
        if x[0] > 0:
            return np.sum(x)
        return np.prod(x)

    tape, out, _ = taped(f, V)

    assert "# What Python decided here is as it was" in tape.source(out)
    assert "if x[0] > 0:" in tape.source(out)


def test_longer_programs_say_which_line_they_come_from():
    def f(x):
        a = np.sin(x) + 1.0
        b = np.exp(a * x)
        c = np.cumsum(b)
        d = c * c
        e = d[1:] - d[:-1]
        g = np.sqrt(np.abs(e))
        h = np.max(g)
        return h * np.sum(a)

    text = agrees(f, V)

    assert ": c = np.cumsum(b)\n    c = np.cumsum(np.exp(a * x))\n" in text
    assert ": e = d[1:] - d[:-1]\n    g_1 = -g\n" in text
    assert text.count("np.max(g)") == 2  # as code: its way back stands within another line's


def test_what_is_refused_names_the_users_line():
    def f(x):
        y = x * 2.0
        wide = np.broadcast_to(y, (2, 3))
        y[0] = x[1]
        return np.sum(wide * y)

    tape, out, _ = taped(f, V)

    with pytest.raises(TransformError, match=r"test_lifting\.py:\d+: wide = np\.broadcast_to") as error:
        tape.source(out)
    assert "copy" in str(error.value)


def test_through_what_was_detached_nothing_flows_in_the_text():
    def f(x):
        with tl.no_grad():
            quiet = np.sin(x)
        return np.sum(x * quiet * x.detach())

    agrees(f, V)


def test_parts_of_a_split_array_are_written_to():
    def f(x):
        y = np.outer(x, x)
        left, right = np.split(y, [1], axis=1)
        left[...] *= right[:, :1]
        np.hsplit(y, 3)[2][0] = x[1]
        y[1] = x
        return np.sum(np.sin(y)) + np.sum(left * right)

    agrees(f, V)


def test_tensors_give_numpy_text():
    x, w = tl.tensor(V[:2]), tl.tensor(M, requires_grad=True)
    with Tape() as tape:
        tape.watch(x=x)
        out = tl.relu(x @ w).var(dim=0)
    text = tape.source(out)

    value, (dx, dw) = text.functions()["f_and_gradient"](V[:2], M)

    found = tape.gradient(out, [x, w])
    np.testing.assert_allclose(value, out.item())
    np.testing.assert_allclose(dx, found[0].numpy())
    np.testing.assert_allclose(dw, found[1].numpy())
