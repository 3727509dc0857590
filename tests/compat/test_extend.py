"""Functions with derivatives in HIPS autograd's words: on both roads, and what is refused."""

import numpy as np
import pytest

import tapeless as tl
from tapeless.compat.autograd.extend import (
    def_linear,
    defjvp,
    defjvp_argnum,
    defvjp,
    defvjp_argnum,
    defvjp_argnums,
    notrace_primitive,
    primitive,
    vspace,
)
from tapeless.errors import MissingRuleError, TransformError

MODES = ("source", "tape", "auto")


@primitive
def cube(x):
    return x**3


defvjp(cube, lambda ans, x: lambda g: 3.0 * g * x**2)


@primitive
def weighted(x, w, scale=1.0, *, shift=0.0):
    """A sum with weights."""
    return scale * np.sum(x * w) + shift


defvjp(
    weighted,
    lambda ans, x, w, scale=1.0, shift=0.0: lambda g: g * scale * w,
    lambda ans, x, w, **options: lambda g: g * options.get("scale", 1.0) * x,
)

V = np.array([0.3, -0.7, 1.1])


@pytest.mark.parametrize("mode", MODES)
def test_a_primitive_is_differentiated_by_its_rule_at_any_order(mode: str):
    def f(x):
        return np.sin(cube(x)) * x

    first = np.cos(0.7**3) * 3 * 0.7**2 * 0.7 + np.sin(0.7**3)
    step = 1e-5
    second = (tl.grad(f, mode="source")(0.7 + step) - tl.grad(f, mode="source")(0.7 - step)) / (2 * step)

    assert tl.grad(f, mode=mode)(0.7) == pytest.approx(first)
    assert tl.grad(tl.grad(f, mode=mode), mode=mode)(0.7) == pytest.approx(second, rel=1e-8)
    assert tl.jvp(f, (0.7,), (2.0,), mode=mode)[1] == pytest.approx(2 * first)


@pytest.mark.parametrize("mode", MODES)
def test_makers_are_given_the_arguments_as_the_call_gave_them(mode: str):
    def f(x):
        return weighted(x, 2 * x, shift=3.0) + weighted(x, V, scale=4.0)

    np.testing.assert_allclose(tl.grad(f, mode=mode)(V), 4 * V + 4 * V)


def test_the_rule_is_used_and_not_the_body():
    @primitive
    def strange(x):
        return x * 1.0

    defvjp(strange, lambda ans, x: lambda g: 100.0 * g)

    for mode in MODES:
        assert tl.grad(lambda x: strange(x) + x, mode=mode)(1.0) == 101.0


def test_on_plain_values_it_is_the_function():
    assert cube(2.0) == 8.0
    assert weighted(V, V, shift=1.0) == pytest.approx(np.sum(V * V) + 1.0)
    assert weighted.__name__ == "weighted"
    assert weighted.__doc__ == "A sum with weights."


def test_it_can_be_a_method():
    class Model:
        def __init__(self):
            self.w = 2.0

        @primitive
        def energy(self, x):
            return self.w * x**2

    defvjp(Model.energy, None, lambda ans, self, x: lambda g: g * 2 * self.w * x)
    model = Model()

    assert model.energy(3.0) == 18.0
    for mode in MODES:
        assert tl.grad(lambda x: model.energy(x) * x, mode=mode)(3.0) == pytest.approx(54.0)


def test_tensors_and_arrays_are_recorded():
    for make in (tl.tensor, tl.Array):
        x = make(2.0, requires_grad=True)
        (cube(x) * x).backward()

        assert float(x.grad) == pytest.approx(32.0)


def test_forward_rules_alone_give_tangents_and_refuse_gradients():
    @primitive
    def halved(x, y):
        return x * y / 2

    defjvp(halved, lambda g, ans, x, y: halved(g, y), "same")

    for mode in MODES:
        assert tl.jvp(lambda x: halved(x, x), (3.0,), (1.0,), mode=mode)[1] == pytest.approx(3.0)
        with pytest.raises(MissingRuleError, match="no derivative rule for halved in reverse mode"):
            tl.grad(lambda x: halved(x, x), mode=mode)(3.0)
    defvjp(halved, lambda ans, x, y: lambda g: g * y / 2, lambda ans, x, y: lambda g: g * x / 2)
    for mode in MODES:
        assert tl.grad(lambda x: halved(x, x), mode=mode)(3.0) == pytest.approx(3.0)


def test_reverse_rules_alone_give_tangents_too():
    for mode in MODES:
        assert tl.jvp(lambda x: cube(x) * x, (2.0,), (1.0,), mode=mode)[1] == pytest.approx(32.0)


def test_forward_rules_for_fewer_arguments_are_not_taken_for_zeros():
    @primitive
    def product(x, y):
        return x * y

    defvjp(product, lambda ans, x, y: lambda g: g * y, lambda ans, x, y: lambda g: g * x)
    defjvp(product, lambda g, ans, x, y: g * y)

    for mode in MODES:
        assert tl.jvp(lambda x: product(x, x), (3.0,), (1.0,), mode=mode)[1] == pytest.approx(6.0)


def test_def_linear_gives_forward_mode():
    @primitive
    def mixed(x, y):
        return np.dot(x, y)

    def_linear(mixed)

    def f(x):
        return mixed(x, V) * mixed(V, x)

    for mode in MODES:
        assert tl.jvp(f, (V,), (V,), mode=mode)[1] == pytest.approx(2 * (V @ V) ** 2)
        with pytest.raises(MissingRuleError, match="reverse mode"):
            tl.grad(f, mode=mode)(V)
    defvjp_argnum(mixed, lambda argnum, ans, args, kwargs: lambda g: g * args[1 - argnum])
    for mode in MODES:
        np.testing.assert_allclose(tl.grad(f, mode=mode)(V), 2 * V * (V @ V))


def test_rules_may_be_given_again():
    @primitive
    def f(x):
        return x * 1.0

    defvjp(f, lambda ans, x: lambda g: 2.0 * g)
    gradient = tl.grad(lambda x: f(x) * 1.0)

    assert gradient(1.0) == 2.0
    defvjp(f, lambda ans, x: lambda g: 5.0 * g)
    assert gradient(1.0) == 5.0


@pytest.mark.parametrize("mode", MODES)
def test_an_argument_without_a_rule_is_refused(mode: str):
    @primitive
    def f(x, y):
        return x * y

    defvjp(f, lambda ans, x, y: lambda g: g * y)

    assert tl.grad(lambda x: f(x, 3.0), mode=mode)(2.0) == 3.0
    with pytest.raises((TransformError, MissingRuleError), match="defvjp"):
        tl.grad(lambda x: f(2.0, x), mode=mode)(2.0)


@pytest.mark.parametrize("mode", MODES)
def test_a_primitive_without_rules_is_refused(mode: str):
    @primitive
    def f(x):
        return x * 2

    with pytest.raises((TransformError, MissingRuleError), match=r"no derivative rule(.|\n)*defvjp"):
        tl.grad(f, mode=mode)(2.0)


@pytest.mark.parametrize("mode", MODES)
def test_what_is_differentiated_is_refused_as_a_keyword(mode: str):
    @primitive
    def f(x, y=1.0):
        return x * y

    defvjp(f, lambda ans, x, y=1.0: lambda g: g * y, lambda ans, x, y=1.0: lambda g: g * x)
    with pytest.raises((TransformError, TypeError)):
        tl.grad(lambda x: f(x, y=x), mode=mode)(2.0)


def test_rules_of_the_wrong_shape_are_refused():
    @primitive
    def f(x):
        return np.sum(x)

    defvjp(f, lambda ans, x: lambda g: g)
    for mode in MODES:
        with pytest.raises(ValueError, match="shape"):
            tl.grad(lambda x: f(x) * 1.0, mode=mode)(V)


def test_only_primitives_take_rules():
    def plain(x):
        return x

    with pytest.raises(TypeError, match=r"plain is none: say  plain = primitive\(plain\)  before"):
        defvjp(plain, lambda ans, x: lambda g: g)
    with pytest.raises(TypeError, match="sin is none: it has a derivative rule already"):
        defjvp_argnum(np.sin, lambda *args: None)
    with pytest.raises(TypeError, match="primitive takes a function, got 3"):
        primitive(3)


def test_makers_for_any_argument_are_asked_for_floats_only():
    asked = []

    @primitive
    def f(x, n, name, y):
        return x**n * y

    def maker(argnum, ans, args, kwargs):
        asked.append(argnum)
        x, n, _, y = args
        return lambda g: g * (n * x ** (n - 1) * y if argnum == 0 else x**n)

    defvjp_argnum(f, maker)

    assert tl.grad(lambda x: f(x, 2, "a", 3.0), mode="tape")(2.0) == 12.0
    assert set(asked) == {0, 3}
    assert tl.grad(lambda x: f(x, 2, "a", x))(2.0) == 12.0


def test_makers_for_several_arguments_give_a_tuple():
    @primitive
    def f(x, y, note):
        return {"product": x * y, "note": 1.0}

    def maker(argnums, ans, args, kwargs):
        return lambda g: tuple([g["product"] * args[1 - number] for number in argnums])

    defvjp_argnums(f, maker)
    for mode in MODES:
        assert tl.grad(lambda x: f(x, x, "a")["product"], mode=mode)(3.0) == pytest.approx(6.0)


def test_nothing_flows_through_notrace_primitives():
    @notrace_primitive
    def steps(x):
        return int(np.ceil(x))

    for mode in MODES:
        assert tl.grad(lambda x: x ** steps(x), mode=mode)(2.5) == pytest.approx(3 * 2.5**2)


def test_vspaces():
    space = vspace({"a": np.ones((2, 2)), "b": 1.0 + 1j})

    assert space.size == 6
    assert space == vspace({"a": np.zeros((2, 2)), "b": 0j})
    assert space != vspace({"a": np.zeros((2, 2)), "b": 0.0})
    assert len(list(space.standard_basis())) == 6
    assert space.inner_prod(space.ones(), space.ones()) == 5.0
    assert vspace(np.ones((2, 3))).shape == (2, 3)
    np.testing.assert_array_equal(vspace([1.0, V]).add([1.0, V], [2.0, V])[1], 2 * V)
    with pytest.raises(TypeError, match="int64"):
        vspace(3)
    with pytest.raises(AttributeError, match="a dict has no shape"):
        space.shape
