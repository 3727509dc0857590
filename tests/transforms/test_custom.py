"""Functions whose derivatives their authors write: on both roads, in both modes, at every order."""

from __future__ import annotations

import functools
import math

import numpy as np
import pytest

import tapeless as tl
from tapeless.autograd import forward_ad
from tapeless.errors import MissingRuleError, TransformError
from tapeless.extend import custom_jvp, custom_vjp, elementwise, general, primitive
from tapeless.graph.array import Array

x = np.array([0.3, 0.7])
y = np.array([2.0, 3.0])


# What the tests differentiate: twice the true derivative, so that it shows which rule was used.


@custom_vjp
def doubled(x, y):
    return np.sin(x) * y


def doubled_fwd(x, y):
    return doubled(x, y), (np.cos(x), np.sin(x), y)


def doubled_bwd(residuals, g):
    cosine, sine, y = residuals
    return 2.0 * cosine * g * y, 2.0 * sine * g


doubled.defvjp(doubled_fwd, doubled_bwd)


@custom_vjp
def right(x, y):
    return np.sin(x) * y


def right_fwd(x, y):
    return right(x, y), (np.cos(x), np.sin(x), y)


def right_bwd(residuals, g):
    cosine, sine, y = residuals
    return cosine * g * y, sine * g


right.defvjp(right_fwd, right_bwd)


@custom_jvp
def pushed(x, y):
    return np.sin(x) * y


@pushed.defjvp
def pushed_rule(primals, tangents):
    (x, y), (tx, ty) = primals, tangents
    return pushed(x, y), np.cos(x) * y * tx + np.sin(x) * ty


def plain(x, y):
    return np.sin(x) * y


def squares(f):
    return lambda x, y: np.sum(f(x, y) ** 2)


def variables(*arrays, face=Array):
    if face is Array:
        return [Array(a, requires_grad=True) for a in arrays]
    return [tl.tensor(a, requires_grad=True, dtype=tl.float64) for a in arrays]


FACES = pytest.mark.parametrize("face", [Array, tl.Tensor])
BOTH = pytest.mark.parametrize("f", [right, pushed])


# First order ----------------------------------------------------------------------------------------------


def test_the_rule_is_used_where_the_function_is_read():
    found = tl.grad(squares(doubled), (0, 1))(x, y)

    for got, expected in zip(found, tl.grad(squares(plain), (0, 1))(x, y), strict=True):
        np.testing.assert_allclose(got, 2.0 * expected)


@FACES
def test_the_rule_is_used_where_the_function_is_recorded(face):
    a, b = variables(x, y, face=face)
    doubled(a, b).sum().backward()

    np.testing.assert_allclose(np.asarray(a.grad), 2.0 * np.cos(x) * y)
    np.testing.assert_allclose(np.asarray(b.grad), 2.0 * np.sin(x))


def test_a_call_on_arrays_is_the_function():
    np.testing.assert_array_equal(doubled(x, y), plain(x, y))
    assert doubled.__name__ == "doubled"


@FACES
def test_a_recorded_call_is_one_node_named_after_the_function(face):
    a, b = variables(x, y, face=face)
    out = right(a, b)

    assert out.grad_fn.name() == "rightBackward"
    assert [edge[0].name() for edge in out.grad_fn.next_functions] == ["AccumulateGrad"] * 2


@BOTH
def test_value_and_gradient_agree_with_those_of_the_plain_function(f):
    for transform in (tl.value_and_grad, tl.grad):
        got = transform(squares(f), (0, 1))(x, y)
        expected = transform(squares(plain), (0, 1))(x, y)
        np.testing.assert_allclose(np.hstack(got[-1]), np.hstack(expected[-1]))


@BOTH
def test_the_function_itself_is_transformed_as_its_text_would_be(f):
    np.testing.assert_allclose(tl.jacrev(f)(x, y), tl.jacrev(plain)(x, y))
    np.testing.assert_allclose(tl.vjp(f, x, y)[1](y), tl.vjp(plain, x, y)[1](y))
    np.testing.assert_allclose(tl.elementwise_grad(f, "y")(x, y), np.sin(x))


def test_only_the_cotangents_that_are_needed_are_computed_from():
    source = tl.grad(squares(right), 1)
    source(x, y)

    assert "cos" not in source.source


# Higher orders --------------------------------------------------------------------------------------------


@BOTH
def test_second_derivatives_by_source(f):
    np.testing.assert_allclose(tl.hessian(squares(f))(x, y), tl.hessian(squares(plain))(x, y))

    def of_gradient(f):
        return tl.grad(lambda x, y: np.sum(np.sin(tl.grad(squares(f))(x, y))), (0, 1))(x, y)

    for got, expected in zip(of_gradient(f), of_gradient(plain), strict=True):
        np.testing.assert_allclose(got, expected, atol=1e-12)


@BOTH
def test_third_derivatives_by_source(f):
    def third(f):
        return tl.grad(tl.grad(tl.grad(lambda x: f(x, 2.0) ** 2)))(0.4)

    np.testing.assert_allclose(third(f), third(plain))


@BOTH
@FACES
def test_second_derivatives_on_the_graph(f, face):
    a, b = variables(x, y, face=face)
    (first,) = tl.autograd.grad((f(a, b) ** 2).sum(), [a], create_graph=True)
    second = tl.autograd.grad(np.sin(first).sum(), [a, b])

    expected = tl.grad(lambda x, y: np.sum(np.sin(tl.grad(squares(plain))(x, y))), (0, 1))(x, y)
    for got, one in zip(second, expected, strict=True):
        np.testing.assert_allclose(np.asarray(got), one)


def test_residuals_that_are_no_arguments_have_second_derivatives_on_the_graph():
    (a,) = variables(x)
    (first,) = tl.autograd.grad(right(a, Array(y)).sum(), [a], create_graph=True)
    (second,) = tl.autograd.grad(first.sum(), [a])

    np.testing.assert_allclose(np.asarray(second), -np.sin(x) * y)


# Forward mode ---------------------------------------------------------------------------------------------


@BOTH
def test_forward_mode_by_source(f):
    for tangents in ((x, y), (y, np.zeros(2))):
        for got, expected in zip(tl.jvp(f, (x, y), tangents), tl.jvp(plain, (x, y), tangents), strict=True):
            np.testing.assert_allclose(got, expected)
    np.testing.assert_allclose(tl.jacfwd(f, 1)(x, y), np.diag(np.sin(x)))
    np.testing.assert_allclose(tl.jacfwd(tl.jacfwd(f))(x, y), tl.jacfwd(tl.jacfwd(plain))(x, y))


def test_forward_mode_of_a_pullback_is_the_pullback_transposed():
    _, tangent = tl.jvp(doubled, (x, y), (x, y))

    np.testing.assert_allclose(tangent, 2.0 * tl.jvp(plain, (x, y), (x, y))[1])


@BOTH
@FACES
def test_forward_mode_on_the_graph(f, face):
    a, b = variables(x, y, face=face)
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(a, variables(y, face=face)[0].detach())
        tangent = forward_ad.unpack_dual(f(dual, b)).tangent

    np.testing.assert_allclose(np.asarray(tangent.detach()), np.cos(x) * y * y)
    (reverse,) = tl.autograd.grad(tangent.sum(), [a])
    np.testing.assert_allclose(np.asarray(reverse), -np.sin(x) * y * y)


def test_both_rules_may_be_given():
    @custom_vjp
    def f(x):
        return x * x

    f.defvjp(lambda x: (x * x, x), lambda r, g: (10.0 * g * r,))
    f.defjvp(lambda primals, tangents: (primals[0] ** 2, 100.0 * primals[0] * tangents[0]))

    assert tl.grad(f)(2.0) == 20.0
    assert tl.jvp(f, (2.0,), (1.0,)) == (4.0, 200.0)


def test_one_rule_for_each_argument():
    @custom_jvp
    def f(x, y, z):
        return x * y + z

    f.defjvps(lambda t, out, x, y, z: t * y, lambda t, out, x, y, z: t * x, None)
    a, b, c = variables(x, y, y)
    f(a, b, c).sum().backward()

    np.testing.assert_allclose(tl.grad(lambda x, y, z: np.sum(f(x, y, z)), (0, 1))(x, y, y), (y, x))
    np.testing.assert_allclose(np.asarray(a.grad), y)
    assert c.grad is None or not np.any(np.asarray(c.grad))


# Arguments ------------------------------------------------------------------------------------------------


@custom_vjp
def affine(p, x, n=3):
    return {"out": p["w"] * x + p["b"], "n": n}


def affine_fwd(p, x, n):
    return affine(p, x, n), (p, x)


def affine_bwd(residuals, g):
    _, x = residuals
    return {"w": g["out"] * x, "b": 10.0 * np.sum(g["out"])}, None, None


affine.defvjp(affine_fwd, affine_bwd)


def test_containers_in_arguments_and_results():
    p = {"w": np.ones(2), "b": 1.0}
    gp, gx = tl.grad(lambda p, x: np.sum(affine(p, x)["out"] ** 2), (0, 1))(p, y)

    np.testing.assert_allclose(gp["w"], 2.0 * (y + 1.0) * y)
    np.testing.assert_allclose(gp["b"], 20.0 * np.sum(y + 1.0))
    np.testing.assert_array_equal(gx, np.zeros(2))


def test_containers_of_variables():
    w, b, z = variables(np.ones(2), 1.0, y)
    out = affine({"w": w, "b": b}, x=z)
    (out["out"] ** 2).sum().backward()

    assert out["n"] == 3
    np.testing.assert_allclose(np.asarray(w.grad), 2.0 * (y + 1.0) * y)
    np.testing.assert_allclose(np.asarray(b.grad), 20.0 * np.sum(y + 1.0))


class Scaled:
    """Its method has a rule: three times the derivative."""

    def __init__(self, scale):
        self.scale = scale

    @custom_vjp
    def sine(self, x):
        return self.scale * np.sin(x)

    def sine_fwd(self, x):
        return self.scale * np.sin(x), (self.scale, x)

    def sine_bwd(residuals, g):  # noqa: N805
        scale, x = residuals
        return None, 3.0 * scale * np.cos(x) * g

    sine.defvjp(sine_fwd, sine_bwd)


def test_methods():
    model = Scaled(2.0)
    (a,) = variables(x)
    model.sine(a).sum().backward()
    expected = 6.0 * np.cos(x)

    np.testing.assert_allclose(np.asarray(a.grad), expected)
    np.testing.assert_allclose(tl.grad(lambda x: np.sum(model.sine(x)))(x), expected)
    np.testing.assert_allclose(tl.grad(lambda m, x: np.sum(m.sine(x)), 1)(model, x), expected)
    np.testing.assert_allclose(tl.elementwise_grad(model.sine)(x), expected)


@functools.partial(custom_vjp, nondiff_argnums=(0,))
def applied(h, x):
    return h(x)


applied.defvjp(lambda h, x: (h(x), x), lambda h, x, g: (7.0 * h(x) * g,))


def test_arguments_that_are_not_differentiated_go_to_the_rule_first():
    scale = 3.0
    (a,) = variables(x)
    applied(np.sin, a).sum().backward()

    np.testing.assert_allclose(np.asarray(a.grad), 7.0 * np.sin(x))
    np.testing.assert_allclose(tl.grad(lambda x: np.sum(applied(np.sin, x)))(x), 7.0 * np.sin(x))
    got = tl.grad(lambda x: np.sum(applied(lambda v: v * scale, x)))(x)
    np.testing.assert_allclose(got, 21.0 * x)


def test_a_function_made_inside_may_read_what_is_not_differentiated():
    got = tl.grad(lambda x, k: np.sum(applied(lambda v: v * k, x)))(x, 2.0)

    np.testing.assert_allclose(got, 14.0 * x)
    with pytest.raises(TransformError, match="pass it to applied as an argument"):
        tl.grad(lambda x, k: np.sum(applied(lambda v: v * k, x)), (0, 1), mode="source")(x, 2.0)


def test_nondiff_arguments_that_are_differentiated_are_refused():
    @custom_vjp(nondiff_argnums=(1,))
    def power(x, n):
        return x**n

    power.defvjp(lambda x, n: (x**n, x), lambda n, x, g: (n * x ** (n - 1) * g,))

    assert tl.grad(power)(3.0, 2) == 6.0
    with pytest.raises(TransformError, match="nondiff_argnums"):
        tl.grad(lambda x, n: power(x, n), 1, mode="source")(3.0, 2.0)
    a, b = variables(3.0, 2.0)
    with pytest.raises(TypeError, match="argument 1 is in nondiff_argnums"):
        power(a, b)


def test_integers_among_the_results_have_no_cotangent():
    @custom_vjp
    def ranked(x):
        return np.argmax(x), x * 2.0

    def bwd(_, g):
        assert g[0] is None
        return (g[1] * 5.0,)

    ranked.defvjp(lambda x: ((np.argmax(x), x * 2.0), None), bwd)
    (a,) = variables(x)
    ranked(a)[1].sum().backward()

    np.testing.assert_allclose(np.asarray(a.grad), 5.0)
    np.testing.assert_allclose(tl.grad(lambda x: np.sum(ranked(x)[1]))(x), [5.0, 5.0])


def test_a_rule_in_a_loop_and_one_rule_inside_another():
    @custom_vjp
    def outer(x):
        return right(x, 2.0) * x

    outer.defvjp(lambda x: (right(x, 2.0) * x, x), lambda x, g: (g * tl.grad(_inner)(x),))

    def looped(x):
        for _ in range(3):
            x = outer(x)
        return x

    def expected(x):
        for _ in range(3):
            x = 2.0 * np.sin(x) * x
        return x

    np.testing.assert_allclose(tl.grad(looped)(0.9), tl.grad(expected)(0.9))
    (a,) = variables(0.9)
    for _ in range(3):
        a_next = right(a, 2.0) * a
    a_next.backward()


def _inner(x):
    return 2.0 * np.sin(x) * x


# What cannot be read --------------------------------------------------------------------------------------


def unreadable(name, function):
    scope = {"np": np, "function": function}
    exec(f"def {name}(*args):\n    return function(*args)", scope)  # nobody finds its source
    return scope[name]


def test_rules_that_cannot_be_read_are_called():
    f = custom_vjp(unreadable("cube", lambda v: v**3))
    f.defvjp(
        unreadable("cube_fwd", lambda v: (v**3, v)), unreadable("cube_bwd", lambda v, g: (30.0 * v**2 * g,))
    )

    np.testing.assert_allclose(
        tl.grad(lambda v: np.sum(np.sin(f(v * 2.0))))(x), 60.0 * (2 * x) ** 2 * np.cos((2 * x) ** 3)
    )
    (a,) = variables(x)
    f(a).sum().backward()
    np.testing.assert_allclose(np.asarray(a.grad), 30.0 * x**2)


# What is refused ------------------------------------------------------------------------------------------


def product(fwd=None, bwd=None):
    made = custom_vjp(lambda x, y: x * y)
    made.defvjp(fwd or (lambda x, y: (x * y, (x, y))), bwd or (lambda r, g: (g * r[1], g * r[0])))
    return made


def test_too_few_cotangents_are_refused_by_name_on_both_roads():
    f = product(bwd=lambda r, g: (g,))
    message = "must return a tuple of 2 cotangents"

    with pytest.raises(TransformError, match=message):
        tl.grad(lambda x: np.sum(f(x, x)), mode="source")(x)
    with pytest.raises(TypeError, match=message):
        f(variables(x)[0], y).sum().backward()


def test_cotangents_of_a_wrong_shape_are_refused_by_name_on_both_roads():
    f = product(bwd=lambda r, g: (np.sum(g), g))

    with pytest.raises(ValueError, match=r"<lambda> gave a cotangent of shape \(\) .* of shape \(2,\)"):
        tl.grad(lambda x: np.sum(f(x, x)), mode="source")(x)
    with pytest.raises(ValueError, match=r"<lambda> has shape \(\), its argument has shape \(2,\)"):
        f(variables(x)[0], y).sum().backward()


def test_a_forward_half_without_residuals_is_refused_by_name():
    f = product(fwd=lambda x, y: x * y)

    with pytest.raises(TransformError, match="does not return a pair"):
        tl.grad(lambda x: np.sum(f(x, x)), mode="source")(x)
    with pytest.raises(TypeError, match="must return a pair"):
        f(variables(x)[0], y)


def test_a_function_without_rules_is_refused_where_it_is_differentiated():
    @custom_vjp
    def ruleless(x):
        return x * 2.0

    np.testing.assert_array_equal(ruleless(x), 2.0 * x)
    with pytest.raises(TransformError, match=r"ruleless\.defvjp"):
        tl.grad(lambda x: np.sum(ruleless(x)), mode="source")(x)
    with pytest.raises(MissingRuleError, match=r"ruleless\.defvjp"):
        ruleless(variables(x)[0])


def test_rules_that_are_set_anew_are_noticed():
    f = product()
    g = tl.grad(lambda x: np.sum(f(x, y)))

    np.testing.assert_allclose(g(x), y)
    f.defvjp(lambda x, y: (x * y, None), lambda r, g: (9.0 * g, None))
    np.testing.assert_allclose(g(x), [9.0, 9.0])


def test_functions_with_rules_do_not_share_derivatives():
    one, other = custom_vjp(lambda x: np.sin(x)), custom_vjp(lambda x: np.sin(x))
    one.defvjp(lambda x: (np.sin(x), None), lambda r, g: (g,))
    other.defvjp(lambda x: (np.sin(x), None), lambda r, g: (2.0 * g,))

    assert tl.grad(one)(0.5) == 1.0
    assert tl.grad(other)(0.5) == 2.0


def test_what_a_rule_keeps_of_an_array_survives_writes_into_it():
    f = product()
    (a,) = variables(x)
    b = a * 2.0
    out = f(b, y)
    b[0] = 100.0
    f2 = f(b, b)
    b[1] = -1.0
    (out.sum() + f2.sum()).backward()

    np.testing.assert_allclose(np.asarray(a.grad), [2.0 * y[0], 2.0 * y[1] + 8.0 * x[1]])


def squared_by_pullback():
    square = custom_vjp(lambda z: z * z)
    square.defvjp(lambda z: (z * z, z), lambda z, g: (2.0 * z * g,))
    return square


def squared_by_pushforward():
    square = custom_jvp(lambda z: z * z)
    square.defjvp(lambda primals, tangents: (primals[0] ** 2, 2.0 * primals[0] * tangents[0]))
    return square


@pytest.mark.parametrize("make", [squared_by_pullback, squared_by_pushforward])
def test_complex_gradients_follow_each_face(make):
    square = make()
    z = np.array([1.0 + 2.0j, -0.5j])

    def size(f, z):
        w = f(z)
        return np.sum(np.real(w) ** 2 + 3.0 * np.imag(w))

    expected = tl.grad(lambda z: size(lambda v: v * v, z))(z)
    np.testing.assert_allclose(tl.grad(lambda z: size(square, z))(z), expected)
    a = Array(z, requires_grad=True)
    size(square, a).backward()
    np.testing.assert_allclose(np.asarray(a.grad), expected)
    t = tl.tensor(z, requires_grad=True)
    out = square(t)
    (out.real**2 + 3.0 * out.imag).sum().backward()
    np.testing.assert_allclose(t.grad.numpy(), np.conj(expected))
    for face in (Array, tl.tensor):
        with forward_ad.dual_level():
            dual = forward_ad.make_dual(face(z), face(1j * z + 1.0))
            tangent = forward_ad.unpack_dual(square(dual)).tangent
        np.testing.assert_allclose(np.asarray(tangent), 2.0 * z * (1j * z + 1.0))


def test_float32_stays_float32():
    narrow = x.astype(np.float32)
    (a,) = [tl.tensor(narrow, requires_grad=True)]
    right(a, 2.0).sum().backward()

    assert a.grad.dtype == tl.float32
    assert tl.grad(lambda v: np.sum(right(v, 2.0)))(narrow).dtype == np.float32


def test_a_result_that_is_written_into_is_refused_where_it_is_read_and_recorded_elsewhere():
    def f(x):
        y = right(x, 2.0)
        y[0] = 3.0 * x[1]
        return np.sum(y * x)

    with pytest.raises(TransformError, match="a function with rules of its own takes or gives"):
        tl.grad(f, mode="source")(x)
    np.testing.assert_allclose(tl.grad(f)(x), tl.grad(f, mode="tape")(x))


def test_rules_of_users_that_branch_have_second_derivatives_by_source():
    def gradient(x):
        return tl.grad(lambda v: np.sum(raised(v, 3)))(x)

    np.testing.assert_allclose(tl.grad(lambda x: np.sum(gradient(x) ** 2), mode="source")(x), 36.0 * x**3)


@primitive
def raised(x, n):
    return x**n


@general(raised)
def raised_rule(g, x, n):
    if n == 1:
        return g
    return g * n * raised(x, n - 1)


def foreign(x, k=1):
    """Another library's function: it takes arrays only."""
    return np.array([math.sin(float(v)) * k for v in np.ravel(x)]).reshape(np.shape(x))


elementwise(foreign, lambda out, x, k=1: (np.cos(x) * k, None))
lifted = primitive(foreign)


@pytest.mark.parametrize("f", [foreign, lifted])
def test_a_row_for_a_function_of_another_library(f):
    np.testing.assert_allclose(tl.grad(lambda x: np.sum(f(x, 2)), mode="source")(x), 2.0 * np.cos(x))
    np.testing.assert_allclose(tl.hessian(lambda x: np.sum(f(x, 2)))(x), np.diag(-2.0 * np.sin(x)))


def test_a_primitive_of_another_librarys_function_takes_variables():
    (a,) = variables(x)
    lifted(a, 2).sum().backward()

    np.testing.assert_allclose(np.asarray(a.grad), 2.0 * np.cos(x))
    np.testing.assert_allclose(tl.grad(lambda x: np.sum(lifted(x, k=2)), mode="tape")(x), 2.0 * np.cos(x))


def test_keyword_only_parameters_keep_their_defaults_and_are_refused_otherwise():
    @custom_vjp
    def total(x, *, scale=1.0):
        return np.sum(x) * scale

    total.defvjp(lambda x: (np.sum(x), None), lambda _, g: (5.0 * g * np.ones(2),))

    np.testing.assert_allclose(tl.grad(total, mode="source")(x), [5.0, 5.0])
    with pytest.raises(TransformError, match="'scale' is keyword-only"):
        tl.grad(lambda x: total(x, scale=2.0), mode="source")(x)
    with pytest.raises(TypeError, match="'scale' is keyword-only"):
        total(variables(x)[0], scale=2.0)
