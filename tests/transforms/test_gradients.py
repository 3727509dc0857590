"""`grad`, `value_and_grad`, `elementwise_grad`: what they take, what they give, what they refuse."""

from __future__ import annotations

import copy
import functools
import inspect
import pickle
import threading
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pytest

import tapeless
from tapeless import elementwise_grad, grad, value_and_grad
from tapeless.source.facts import Fact

pytestmark = pytest.mark.usefixtures("engine")

X = np.array([1.0, 2.0, 3.0])


def loss(w, x, b=1.0):
    """How far it is off."""
    return np.sum(w * w * x) + b * b


def near(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


# What is differentiated ------------------------------------------------------------------------------------


@pytest.mark.parametrize("argnums", [0, "w", -3, np.int64(0)])
def test_one_argument_gives_one_gradient(argnums):
    near(grad(loss, argnums)(X, 2.0), 4.0 * X)


def test_a_tuple_gives_a_tuple_in_its_order():
    found = grad(loss, (2, "w"))(X, 2.0, 3.0)

    assert type(found) is tuple
    near(found[0], 6.0)
    near(found[1], 4.0 * X)


def test_a_tuple_of_one_gives_a_tuple_of_one():
    (found,) = grad(loss, (0,))(X, 2.0)

    near(found, 4.0 * X)


def test_argnum_is_argnums():
    near(grad(loss, argnum=2)(X, 2.0, 5.0), 10.0)
    with pytest.raises(TypeError, match="argnum is another word for argnums"):
        grad(loss, 1, argnum=2)


def test_defaults_are_differentiated_too():
    near(grad(loss, "b")(X, 2.0), 2.0)


@pytest.mark.parametrize(
    "call",
    [
        lambda g: g(X, 2.0, 3.0),
        lambda g: g(X, x=2.0, b=3.0),
        lambda g: g(b=3.0, x=2.0, w=X),
        lambda g: g(X, b=3.0, x=2.0),
    ],
)
def test_arguments_bind_as_the_functions_own(call):
    near(call(grad(loss)), 4.0 * X)


def test_parts_of_star_and_of_keywords():
    def f(*args, **kwargs):
        return args[0] * args[1] ** 2 * kwargs["k"] ** 3

    near(grad(f, 1)(2.0, 3.0, k=1.0), 12.0)
    near(grad(f, -1)(2.0, 3.0, k=1.0), 12.0)
    near(grad(f, -2)(2.0, 3.0, k=1.0), 9.0)
    near(grad(f, "k")(2.0, 3.0, k=1.0), 54.0)
    near(grad(f, "args")(2.0, 3.0, k=1.0), (9.0, 12.0))
    dx, dk = grad(f, (0, "k"))(2.0, 3.0, k=1.0)
    near(dx, 9.0)
    near(dk, 54.0)


def test_keyword_only_parameters():
    def f(x, /, y, *, z):
        return x * y * z

    near(grad(f, "z")(2.0, 3.0, z=4.0), 6.0)
    near(grad(f, 0)(2.0, y=3.0, z=4.0), 12.0)


@pytest.mark.parametrize(
    ("argnums", "error", "said"),
    [
        (3, ValueError, "argnums=3 is out of range: loss(w, x, b) takes 3 positional arguments"),
        (-4, ValueError, "argnums=-4 is out of range"),
        ("z", ValueError, "argnums='z' is no parameter of loss(w, x, b)"),
        ((), ValueError, "argnums of loss(w, x, b) is empty"),
        ((0, "w"), ValueError, "argnums=(0, 'w') names the argument 'w' twice"),
        (1.0, TypeError, "argnums of loss(w, x, b) must be an int, a parameter's name, or a tuple of these"),
        (True, TypeError, "must be an int, a parameter's name"),
        (None, TypeError, "must be an int, a parameter's name"),
    ],
)
def test_argnums_that_name_nothing_are_refused_at_once(argnums, error, said):
    with pytest.raises(error) as caught:
        grad(loss, argnums)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda g: g(), "loss() is missing its argument 'w'"),
        (lambda g: g(X), "loss() is missing its argument 'x'"),
        (lambda g: g(X, 1.0, 1.0, 1.0), "loss() takes 3 positional arguments but 4 were given"),
        (lambda g: g(X, 1.0, c=1.0), "loss() got an unexpected keyword argument 'c'"),
        (lambda g: g(X, 1.0, w=X), "loss() got multiple values for argument 'w'"),
    ],
)
def test_calls_that_the_function_would_refuse_are_refused(call, said):
    with pytest.raises(TypeError) as caught:
        call(grad(loss))
    assert said in str(caught.value)


# What callables there are ----------------------------------------------------------------------------------


class Model:
    def __init__(self, k: float) -> None:
        self.k = k

    def loss(self, x, y=1.0):
        return self.k * np.sum(x * x) * y

    @grad
    def decorated(self, x):
        return self.k * np.sum(x * x)

    @grad(argnums=(0, 1))
    def both(self, x, y):
        return self.k * np.sum(x * y)

    @grad(argnums="x")
    def named(self, y, x):
        return self.k * np.sum(x * y)

    @classmethod
    @grad
    def of_class(cls, x):
        return np.sum(x * x)

    @grad
    @classmethod
    def around_class(cls, x):
        return np.sum(x * x)

    @staticmethod
    @grad
    def static(x):
        return np.sum(x * x)

    @grad
    @staticmethod
    def around_static(x):
        return np.sum(x * x)

    def __call__(self, x):
        return self.k * np.sum(x * x)


def test_bound_methods():
    near(grad(Model(3.0).loss)(X), 6.0 * X)
    near(grad(Model(3.0).loss, 1)(X), 42.0)


def test_methods_decorated_in_the_class_body_count_from_the_argument_after_self():
    model = Model(2.0)

    near(model.decorated(X), 4.0 * X)
    near(model.decorated(x=X), 4.0 * X)
    near(model.both(X, 2 * X)[1], 2.0 * X)
    near(model.named(X, 2 * X), 2.0 * X)
    near(Model.decorated(model, X), 4.0 * X)
    near(types.MethodType(Model.__dict__["of_class"].__func__, Model)(X), 2.0 * X)  # as Python 3.13 does


@pytest.mark.parametrize("name", ["of_class", "around_class", "static", "around_static"])
@pytest.mark.parametrize("owner", [Model, Model(1.0)])
def test_class_and_static_methods(name, owner):
    near(getattr(owner, name)(X), 2.0 * X)


def test_methods_share_their_derivatives(engine):
    Model(1.0).decorated(X)
    asked = len(engine.calls)
    model = Model(2.0)
    model.decorated(X)
    assert len(engine.calls) > asked  # another object

    asked = len(engine.calls)
    for _ in range(3):
        model.decorated(X)
    assert len(engine.calls) == asked


def test_partials_and_objects_that_can_be_called():
    near(grad(functools.partial(loss, X))(2.0), 14.0)
    near(grad(functools.partial(loss, b=3.0), 1)(X, 2.0), 14.0)
    near(grad(functools.partial(functools.partial(loss, X), 2.0))(3.0), 6.0)
    near(grad(Model(2.0))(X), 4.0 * X)
    near(grad(functools.lru_cache(lambda x: x * x))(3.0), 6.0)


def test_functions_of_numpy():
    near(elementwise_grad(np.sin)(X), np.cos(X))
    near(elementwise_grad(np.multiply, (0, 1))(X, 2 * X), (2 * X, X))
    near(grad(np.sum)(X), np.ones(3))
    near(grad(np.add.reduce)(X), np.ones(3))


def test_the_engine_gets_plain_functions(engine):
    model = Model(2.0)
    for f in (model.loss, functools.partial(Model.loss, model), grad(model.loss)):
        elementwise_grad(f)(X) if not isinstance(f, functools.partial) else grad(f)(X)
    functions = [call[0] for call in engine.calls]

    plain = [getattr(function, "function", function) for function in functions]
    assert all([function is Model.loss for function in plain])
    assert all([call[1] == ("self", "x", "y") and call[2][0] is model for call in engine.calls])
    assert all([call[3] == (1,) for call in engine.calls])


@pytest.mark.parametrize("what", [3.0, "sin", None.__class__, [1.0]])
def test_what_is_no_function_is_refused(what):
    if isinstance(what, type):
        pytest.skip("a class is a callable")
    with pytest.raises(TypeError, match="grad differentiates functions, got"):
        grad(what)


def test_tensors_in_the_place_of_the_function_are_sent_to_autograd():
    w = tapeless.tensor([1.0], requires_grad=True)

    for given in ((w * w).sum(), [w * w]):
        with pytest.raises(TypeError, match=r"use tapeless\.autograd\.grad\(outputs, inputs\)"):
            grad(given, [w])


# What it gives ---------------------------------------------------------------------------------------------


class Point(NamedTuple):
    x: Any
    y: Any


@dataclass
class Layer:
    w: Any
    b: Any
    name: str = "dense"


def test_containers_come_back_in_their_structure():
    def f(p):
        return np.sum(p["layer"].w * p["point"].x) * p["more"][0][1] + p["layer"].b

    p = {"layer": Layer(X, 2.0), "point": Point(2.0, None), "more": [(1.0, 3.0)]}
    found = grad(f)(p)

    assert list(found) == ["layer", "point", "more"]
    assert type(found["layer"]) is Layer
    assert type(found["point"]) is Point
    near(found["layer"].w, 6.0 * np.ones(3))
    near(found["layer"].b, 1.0)
    assert found["layer"].name is None
    near(found["point"].x, 18.0)
    assert found["point"].y is None
    near(found["more"][0], (0.0, 12.0))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.longdouble])
def test_gradients_have_the_arguments_dtype(dtype):
    found = grad(lambda x: np.sum(x * x))(X.astype(dtype))

    assert found.dtype == dtype


@pytest.mark.parametrize("x", [3, 3.0, np.float64(3.0), np.array(3.0)])
def test_numbers_give_numbers(x):
    found = grad(lambda x: x * x)(x)

    assert isinstance(found, float)
    near(found, 6.0)


def test_ints_are_read_as_floats_where_they_are_differentiated_and_there_only():
    def f(x, n, pair):
        assert isinstance(x, float)
        assert type(n) is int
        assert isinstance(pair[0], float)
        return x**n * pair[0]

    g = grad(f, (0, 2))
    near(g(3, 2, [1, 2.0])[0], 6.0)
    near(grad(lambda *args: args[0] * len(range(args[1])))(2, 3), 3.0)


def test_ints_and_floats_share_a_derivative(engine):
    g = grad(lambda x: x * x)
    g(3.0)
    asked = len(engine.calls)
    g(3)
    assert len(engine.calls) == asked


def test_aux():
    def f(x):
        return np.sum(x * x), {"count": x.size, "x": x}

    g, aux = grad(f, has_aux=True)(X)
    near(g, 2.0 * X)
    assert aux["count"] == 3
    assert aux["x"] is X

    (value, aux), g = value_and_grad(f, has_aux=True)(X)
    near(value, 14.0)
    near(g, 2.0 * X)
    assert aux["count"] == 3

    g, aux = elementwise_grad(lambda x: (x * x, "aux"), has_aux=True)(X)
    near(g, 2.0 * X)
    assert aux == "aux"


def test_value_and_grad_gives_both():
    value, g = value_and_grad(loss, (0, 2))(X, 2.0, 3.0)

    near(value, 37.0)
    near(g[0], 4.0 * X)
    near(g[1], 6.0)


def test_elementwise_grad_adds_up_over_outputs():
    near(elementwise_grad(lambda x: np.array([x, x * x]))(3.0), 7.0)


@pytest.mark.parametrize("shape", [(1,), (1, 1)])
def test_arrays_of_one_element_are_scalars(shape):
    near(grad(lambda x: np.reshape(np.sum(x * x), shape))(X), 2.0 * X)


# What is refused -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "said"),
    [
        (
            np.arange(3),
            "grad requires float or complex inputs; argument 'x' has dtype int64: convert it with "
            "x.astype(float), or leave it out of argnums",
        ),
        (np.ones(3, bool), "argument 'x' has dtype bool"),
        (np.int32(3), "argument 'x' has dtype int32"),
        (True, "argument 'x' has dtype bool"),
        ([1.0, np.arange(2)], "argument 'x[1]' has dtype int64"),
        ({"a": np.ones(1, bool)}, "argument \"x['a']\" has dtype bool"),
        ("text", "argument 'x' is a str: leave it out of argnums"),
        (np.array(["a"]), "argument 'x' has dtype <U1"),
        (np.ones((1, 1)).view(np.matrix), "argument 'x' is a matrix, which computes otherwise"),
        (np.ma.array([1.0]), "argument 'x' is a MaskedArray, which computes otherwise"),
    ],
    ids=repr,
)
def test_arguments_without_derivatives_are_named(x, said):
    with pytest.raises(TypeError) as caught:
        grad(lambda x: 1.0)(x)
    assert said in str(caught.value)


def test_matrices_are_refused_anywhere():
    with pytest.raises(TypeError, match="argument 'y' is a matrix"):
        grad(lambda x, y: x * x)(1.0, np.ones((1, 1)).view(np.matrix))


def test_a_selected_keyword_that_is_not_given():
    def f(x, **rest):
        return x

    with pytest.raises(TypeError, match=r"f\(x, \*\*rest\) was called without rest\['k'\]"):
        grad(f, "k")(1.0)


OUTPUTS: list[tuple[Callable[..., Any], str]] = [
    (
        lambda x: x * x,
        "requires a scalar output; <lambda>(x) returned an array of shape (3,): use jacobian, vjp or "
        "elementwise_grad",
    ),
    (lambda x: np.argmax(x), "requires a float output; <lambda>(x) returned int64"),
    (lambda x: bool(x[0] > 0), "requires a float output; <lambda>(x) returned bool"),
    (lambda x: 3, "requires a float output; <lambda>(x) returned int64"),
    (lambda x: (x[0], x[1]), "requires a scalar output; <lambda>(x) returned a tuple: use has_aux=True"),
    (lambda x: None, "requires a scalar output; <lambda>(x) returned None: return the number"),
    (lambda x: "text", "<lambda>(x) returned a str"),
    (
        lambda x: np.sum(x) * 1j,
        "requires a real output; <lambda>(x) returned complex128: use holomorphic=True",
    ),
]


@pytest.mark.parametrize(("f", "said"), OUTPUTS, ids=[said[-30:] for _, said in OUTPUTS])
@pytest.mark.parametrize("transform", [grad, value_and_grad])
def test_outputs_that_are_no_real_number_are_refused(transform, f, said, engine, monkeypatch):
    monkeypatch.setattr("tests.transforms.standin.Work.pulled", lambda self, values, outside, g: (X,))

    with pytest.raises(TypeError) as caught:
        transform(f)(X)
    assert said in str(caught.value)
    assert str(caught.value).startswith(transform.__name__)


def test_a_wrong_output_is_refused_each_time():
    g = grad(lambda x: x * x)
    for _ in range(2):
        with pytest.raises(TypeError, match=r"shape \(3,\)"):
            g(X)
    near(g(X[:1]), [2.0])


def test_an_output_that_is_known_before_is_not_looked_at(engine):
    engine.output = Fact("scalar", np.dtype(float), ())
    grad(loss)(X, 2.0)

    assert [call[4].name for call in engine.calls] == ["gradient"]


def test_an_output_of_unknown_shape_is_looked_at(engine):
    engine.output = Fact("array", np.dtype(float), None)
    grad(loss)(X, 2.0)

    assert engine.calls[-1][4].name == "value_and_gradient"


def test_elementwise_grad_wants_an_array():
    with pytest.raises(TypeError, match="elementwise_grad requires an array as output"):
        elementwise_grad(lambda x: [x, x])(X)


def test_holomorphic_wants_complex_in_and_out():
    with pytest.raises(
        TypeError, match="holomorphic=True requires complex inputs; argument 'x' has dtype float64"
    ):
        grad(lambda x: x, holomorphic=True)(1.0)
    with pytest.raises(TypeError, match="holomorphic=True requires a complex output"):
        grad(lambda x: abs(x), holomorphic=True)(1j)
    near(grad(lambda x: x * x, holomorphic=True)(2j), 4j)


# Calls again -----------------------------------------------------------------------------------------------


def test_a_lambda_that_is_made_again_is_not_transformed_again(engine):
    def step(w, batch):
        return grad(lambda w: np.sum(w * w * batch))(w)

    for i in range(5):
        batch = np.full(3, float(i))
        near(step(X, batch), 2.0 * X * i)
    assert len({id(call[0]) for call in engine.calls}) == 1


def test_a_lambda_over_another_kind_of_value_is_transformed_again(engine):
    def step(scale):
        return grad(lambda w: np.sum(w * w * scale))(X)

    near(step(2.0), 4.0 * X)
    near(step(X), 2.0 * X * X)
    near(step(3.0), 6.0 * X)
    assert len(engine.calls) == 4  # each kind once to see its output, once with the value


def test_rebound_globals_are_seen():
    namespace: dict[str, Any] = {"k": 2.0, "inner": lambda x: x}
    exec("def f(x): return inner(x) * k", namespace)
    g = grad(namespace["f"])

    near(g(1.0), 2.0)
    namespace["k"] = 5.0
    near(g(1.0), 5.0)
    namespace["inner"] = lambda x: x * x
    near(g(3.0), 30.0)


def test_code_that_is_replaced_is_seen():
    def f(x):
        return x * x

    g = grad(f)
    near(g(3.0), 6.0)
    f.__code__ = (lambda x, y=1.0: x * x * x).__code__
    f.__defaults__ = (1.0,)
    near(g(3.0), 27.0)


def test_an_argument_that_is_written_into_may_not_be_another_one_too(engine):
    engine.written = (0,)
    f = grad(lambda x, y: np.sum(x * y))

    f(X, X.copy())
    with pytest.raises(ValueError, match=r"writes into 'x', which shares memory with 'y': pass a copy"):
        f(X, X[::-1])


# What it is ------------------------------------------------------------------------------------------------


def test_it_looks_like_the_function():
    g = grad(loss)

    assert g.__name__ == "loss"
    assert g.__doc__ == "How far it is off."
    assert g.__wrapped__ is loss
    assert inspect.signature(g) == inspect.signature(loss)
    assert repr(g) == "<grad of loss(w, x, b) by w>"
    assert repr(grad(lambda *a: a[0], (-1, 0))) == "<grad of <lambda>(*a) by -1, 0>"


def test_fields_are_uniform():
    g = value_and_grad(loss, ("w", 1), has_aux=True)

    assert (g.kind, g.function, g.argnums, g.form.name) == (
        "value_and_grad",
        loss,
        ("w", 1),
        "value_and_gradient",
    )
    assert (g.form.has_aux, g.has_aux, g.holomorphic) == (True, True, False)


def test_gradients_of_gradients_hand_the_inner_one_to_the_engine(engine):
    near(grad(grad(lambda x: x**3))(2.0), 12.0)
    inner = engine.calls[0][0]

    assert inner.kind == "grad"
    assert inner.argnums == 0


def test_a_gradient_of_a_gradient_that_is_made_again_is_shared(engine):
    def second(k):
        return grad(grad(lambda x: k * x**3))(2.0)

    near(second(1.0), 12.0)
    asked = len(engine.calls)
    near(second(2.0), 24.0)
    assert len(engine.calls) == asked


def test_it_can_be_pickled_and_copied():
    for again in (pickle.loads(pickle.dumps(grad(loss, "x"))), copy.deepcopy(grad(loss, "x"))):
        near(again(X, 2.0), 14.0)
        assert repr(again) == "<grad of loss(w, x, b) by x>"


def test_decorators_of_decorated_methods():
    class Twice:
        k = 2.0

        @grad
        @grad
        def f(self, x):
            return self.k * x**3

    near(Twice().f(2.0), 24.0)
    near(Twice.f(Twice(), 2.0), 24.0)
    assert round(float(grad(Twice().f)(2.0))) == 12  # differences of differences of differences


def test_threads_share_a_gradient():
    g = grad(lambda x, k: np.sum(x * x) * k)
    found: dict[int, Any] = {}

    def work(i):
        found[i] = [g(X, float(i)) for _ in range(20)]

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    for i, gradients in found.items():
        for one in gradients:
            near(one, 2.0 * X * i)
