"""The corpus in the other modes: recorded on the graph, and left to whichever road can take it."""

from __future__ import annotations

import functools

import numpy as np
import pytest

import tapeless
from tapeless.errors import TapelessError, TransformError
from tests.source.programs import PROGRAMS
from tests.source.programs.containers import assert_same
from tests.source.programs.refused import REFUSED
from tests.source.programs.registry import Program
from tests.source.programs.runs import (
    derivative_along,
    differences,
    directions,
    forward_slope,
    inner,
    inputs,
    plain_scalar,
    pulled_back,
    source_gradient,
    source_hvp,
    source_run,
    source_second,
    structure,
)
from tests.source.test_programs import assert_close, each, precision
from tests.source.whole_programs import PROGRAMS as WHOLE

EVERYTHING = [*PROGRAMS, *WHOLE]
SMOOTH = [one for one in EVERYTHING if one.second]
# Where an unchosen branch is infinite the graph follows PyTorch, whose gradient is nan.
HIDDEN = ("statements.errstate_with_hidden_nan", "tricky.where_guarding_nothing")


def recorded_or_refused(test):
    """What Arrays can follow is right on the graph; anything else is right too, or refused loudly."""

    @functools.wraps(test)
    def run(program: Program):
        if program.name in HIDDEN:
            pytest.skip("follows PyTorch")
        try:
            test(program)
        except (TapelessError, TypeError, RuntimeError, ValueError, AttributeError) as error:
            if program.tape or not str(error):
                raise

    return run


@each(EVERYTHING)
@recorded_or_refused
def test_the_graph_leaves_the_program_as_it_is(program: Program):
    expected = plain_scalar(program)

    found = source_run(program, mode="tape")

    assert_same(found.value[0], expected.value)
    assert found.printed == expected.printed
    assert_same(list(found.args), list(expected.args), "argument")
    assert_same(found.kwargs, expected.kwargs, "keyword argument")


@each(EVERYTHING)
@recorded_or_refused
def test_the_graph_agrees_with_differences(program: Program):
    gradient = source_gradient(program, mode="tape")

    assert_close(gradient, differences(program), precision(program), "tape, reverse")
    assert structure(gradient) == structure(inputs(program))


@each(EVERYTHING)
@recorded_or_refused
def test_recorded_pullbacks_agree_with_differences_each_time(program: Program):
    expected = differences(program)

    for found in pulled_back(program, mode="tape"):
        assert_close(found, expected, precision(program), "tape, pullback")


@each(EVERYTHING)
@recorded_or_refused
def test_forward_mode_on_the_graph_agrees_with_differences(program: Program):
    expected = inner(differences(program), directions(inputs(program)))

    assert_close([forward_slope(program, mode="tape")], [expected], 10 * precision(program), "tape, forward")


@each(SMOOTH)
@recorded_or_refused
def test_the_graph_of_the_graph_agrees_with_differences(program: Program):
    along = functools.partial(source_gradient, program, mode="tape")
    expected = derivative_along(along, inputs(program))

    assert_close(source_second(program, mode="tape"), expected, 1e-6, "tape, reverse over reverse")
    assert_close(source_hvp(program, mode="tape"), expected, 1e-6, "tape, forward over reverse")


@each([one for one in EVERYTHING if one.name in REFUSED])
def test_what_cannot_be_read_is_recorded_or_refused(program: Program):
    try:
        gradient = source_gradient(program, mode="auto")
    except TransformError as error:
        if not any("recorded on the graph instead" in note for note in error.__notes__):
            raise
    else:
        assert_close(gradient, differences(program), precision(program), "auto, reverse")


# What the modes say -----------------------------------------------------------------------------------------


def halves(x):
    yield x / 2.0


def unreadable(x):
    return sum([np.sum(half**2) for half in halves(x)])


def test_an_unknown_mode_is_refused():
    with pytest.raises(ValueError, match="mode='fast' is none of 'auto', 'source', 'tape'"):
        tapeless.grad(np.sum, mode="fast")


def test_explain_says_why_the_graph_took_over():
    gradient = tapeless.grad(unreadable)
    said = str(gradient.explain(np.ones(2)))

    assert "recorded on the graph at each call" in said
    assert "halves is a generator" in said
    assert f"{__file__}:" in said
    assert gradient.source.strip() == "# recorded on the graph at each call; explain() says why"


def test_the_refusal_of_the_source_comes_with_that_of_the_graph():
    def neither(x):
        values = list(halves(x))
        return float(values[0][0])

    with pytest.raises(TransformError, match="generator") as caught:
        tapeless.grad(neither)(np.ones(2))

    assert any("float() of an Array" in note for note in caught.value.__notes__)


def test_errors_of_the_program_itself_stay_what_they_are():
    def fails(x):
        for _half in halves(x):
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        tapeless.grad(fails)(np.ones(2))


def test_what_a_recorded_function_asks_of_its_arguments_is_answered_as_for_ndarrays():
    def asks(x, y):
        assert isinstance(x, np.ndarray)
        assert isinstance(y, float)
        assert type(x.item(0) * 1.0) is not float  # it remembers
        return x.item(0) * y + sum(x.tolist())

    found = tapeless.grad(asks, (0, 1), mode="tape")(np.array([1.0, 2.0]), 3.0)

    np.testing.assert_allclose(found[0], [4.0, 1.0])
    assert found[1] == 1.0


@pytest.mark.parametrize(
    ("function", "expected"),
    [(max, [0.0, 0.0, 1.0]), (min, [0.0, 1.0, 0.0]), (sum, [1.0, 1.0, 1.0]), (abs, [1.0, -1.0, 1.0])],
)
def test_builtins_are_functions_too(function, expected):
    np.testing.assert_array_equal(tapeless.elementwise_grad(function)(np.array([0.3, -1.2, 2.0])), expected)


@pytest.mark.parametrize("mode", ["auto", "source", "tape"])
@pytest.mark.parametrize(
    ("function", "returned"),
    [
        (lambda x: [x[0], x[1]], "a list"),
        (lambda x: (np.sum(x),), "a tuple"),
        (lambda x: {"a": x}, "a dict"),
        (lambda x: None, "None"),
    ],
)
def test_what_gives_no_number_has_no_gradient(function, returned, mode):
    for transform in (tapeless.grad, tapeless.value_and_grad):
        with pytest.raises(TypeError, match=f"requires a scalar output; <lambda>.x. returned {returned}"):
            transform(function, mode=mode)(np.ones(2))


# At Tensors and Arrays --------------------------------------------------------------------------------------


def energy(x, scale=2.0):
    return np.sum(np.sin(x) * x) * scale


X = np.array([0.3, -1.2, 2.0])


@pytest.mark.parametrize("kind", ["Tensor", "Array"])
def test_gradients_at_variables_go_on_in_their_history(kind):
    x = tapeless.tensor(X, requires_grad=True) if kind == "Tensor" else tapeless.Array(X, requires_grad=True)

    gradient = tapeless.grad(energy)(x)
    assert type(gradient).__name__ == kind
    (second,) = tapeless.autograd.grad(gradient.sum(), x)

    np.testing.assert_allclose(np.asarray(gradient.detach()), tapeless.grad(energy)(X), rtol=1e-12)
    expected = 2.0 * (2.0 * np.cos(X) - X * np.sin(X))
    np.testing.assert_allclose(np.asarray(second), expected, rtol=1e-12)


def test_every_transform_takes_tensors():
    x, t = tapeless.tensor(X, requires_grad=True), tapeless.tensor(np.ones(3))
    curve = np.diag(2.0 * (2.0 * np.cos(X) - X * np.sin(X)))

    value, gradient = tapeless.value_and_grad(energy)(x)
    assert (float(value), gradient.shape) == (pytest.approx(energy(X)), (3,))
    out, pullback = tapeless.vjp(np.sin, x)
    np.testing.assert_allclose(pullback(t)[0].detach().numpy(), np.cos(X))
    _, tangent = tapeless.jvp(np.sin, (x,), (t,))
    np.testing.assert_allclose(tangent.detach().numpy(), np.cos(X))
    np.testing.assert_allclose(tapeless.linearize(np.sin, x)[1](t).detach().numpy(), np.cos(X))
    for jacobian in (tapeless.jacrev, tapeless.jacfwd):
        np.testing.assert_allclose(jacobian(np.sin)(x).detach().numpy(), np.diag(np.cos(X)))
    np.testing.assert_allclose(tapeless.hessian(energy)(x).detach().numpy(), curve)
    np.testing.assert_allclose(tapeless.hvp(energy, x, t).detach().numpy(), curve.sum(0))
    np.testing.assert_allclose(tapeless.elementwise_grad(np.sin)(x).detach().numpy(), np.cos(X))
    assert out.requires_grad


def test_tensors_in_containers():
    def loss(weights):
        return np.sum(weights["w"] ** 2) * weights["scale"]

    weights = {"w": tapeless.tensor(X, requires_grad=True), "scale": 3.0}
    gradient = tapeless.grad(loss)(weights)

    np.testing.assert_allclose(gradient["w"].detach().numpy(), 6.0 * X)
    assert float(gradient["scale"]) == pytest.approx(np.sum(X**2))


def test_integer_tensors_have_no_gradient():
    with pytest.raises(TypeError, match="float or complex inputs; argument 'x' has dtype int64"):
        tapeless.grad(energy)(tapeless.tensor([1, 2]))


def test_without_grad_there_is_no_history():
    with tapeless.no_grad():
        gradient = tapeless.grad(energy)(tapeless.tensor(X, requires_grad=True))

    assert not gradient.requires_grad


def test_the_gradient_within_is_of_its_own_argument_alone():
    def outer(x):
        return np.sum(x * tapeless.grad(lambda y: np.sum(x * y * y))(x))

    np.testing.assert_allclose(tapeless.grad(outer, mode="tape")(X), 6.0 * X**2, rtol=1e-12)
    np.testing.assert_allclose(tapeless.grad(outer)(X), 6.0 * X**2, rtol=1e-12)
