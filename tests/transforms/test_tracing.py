"""Traced functions: called like the function, read by `grad`, made again for others; what is fixed there."""

from __future__ import annotations

import collections
import copy
import inspect
import pickle
from dataclasses import dataclass

import numpy as np
import pytest

import tapeless as tl
import tapeless.numpy as tnp
from tapeless.errors import NotSpecialisedError, TransformError
from tapeless.graph.array import Array
from tapeless.transforms import tracing as module
from tapeless.transforms.tracing import Traced
from tests.graph.programs import PROGRAMS, M, V
from tests.graph.test_random_programs import loss, random_program, run

CHOOSES = {"branches"}


def quadratic(x, n=2):
    for _ in range(n):
        x = np.sin(x) * x
    return np.sum(x)


def differences(f, x, eps=1e-6):
    found = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[index] = eps
        found[index] = (f(x + step) - f(x - step)) / (2.0 * eps)
    return found


@pytest.mark.parametrize(("f", "x"), PROGRAMS, ids=lambda one: getattr(one, "__name__", ""))
def test_a_traced_program_is_the_program_and_has_its_gradient(f, x):
    traced = tl.trace(f, x)
    new = x if f.__name__ in CHOOSES else x * 0.9 + 0.05

    np.testing.assert_allclose(traced(new.copy()), f(new.copy()), 1e-12)
    if x.dtype.kind == "f":
        wanted = differences(f, new) if f.__name__ in CHOOSES else tl.grad(f, mode="tape")(new.copy())
        np.testing.assert_allclose(tl.grad(traced, mode="source")(new.copy()), wanted, 1e-5, 1e-6)


@pytest.mark.parametrize("seed", range(7000, 7040))
def test_a_random_program_is_traced(seed):
    lines, x = random_program(seed)
    traced = tl.trace(lambda a: loss(run(lines, a)), x)

    np.testing.assert_allclose(traced(x.copy()), loss(run(lines, x.copy())), 1e-6, 1e-9)


def test_loops_are_unrolled_and_calls_inlined():
    traced = tl.trace(quadratic, V)

    assert traced.source.count("np.sin") == 2
    assert "for" not in traced.source
    assert traced.__name__ == "quadratic"
    assert str(inspect.signature(traced)) == "(x, n=2)"


def test_other_shapes_dtypes_and_other_values_of_what_is_no_array_are_traced_again():
    calls = []

    def f(x, n, kind="sum"):
        calls.append(x.shape)
        for _ in range(n):
            x = x * x
        return np.sum(x) if kind == "sum" else np.prod(x)

    traced = tl.trace(f, V, 1)
    traced(V + 1.0, 1)

    assert len(calls) == 1
    for args in ((V[:2], 1), (V.astype(np.float32), 1), (V, 2), (V, 1, "prod"), (M, 1)):
        np.testing.assert_allclose(traced(*args), f(*args))
    assert "6 variants" in repr(traced)
    traced(M, 1)
    assert "6 variants" in repr(traced)


def test_python_floats_are_arguments_and_do_not_widen():
    traced = tl.trace(lambda x, rate: np.sum(x * rate, dtype=x.dtype), V.astype(np.float32), 0.5)

    assert traced(V.astype(np.float32), 2.0).dtype == np.float32
    np.testing.assert_allclose(traced(V.astype(np.float32), 2.0), np.sum(V) * 2.0, 1e-6)
    assert "1 variant" in repr(traced)


@dataclass
class Layer:
    w: np.ndarray
    b: np.ndarray


Pair = collections.namedtuple("Pair", "first second")


def test_containers_go_in_and_come_out():
    def f(layers, options, *rest, **named):
        x = rest[0]
        for layer in layers:
            x = np.tanh(x @ layer.w + layer.b) * options["scale"]
        return {"x": x, "pair": Pair(np.sum(x), [named["y"], None]), "layer": Layer(x, layers[0].b)}

    layers = [Layer(M.T @ M, V), Layer(M.T @ M * 0.5, V * 0.1)]
    traced = tl.trace(f, layers, {"scale": 2.0, "unused": "text"}, V, y=V * 2)

    found, expected = (g(layers, {"scale": 3.0, "unused": "text"}, V + 1, y=V) for g in (traced, f))

    assert tl._tree.structure(found) == tl._tree.structure(expected)
    for one, other in zip(tl._tree.flatten(found)[0], tl._tree.flatten(expected)[0], strict=True):
        np.testing.assert_allclose(one, other)


def test_gradients_come_in_the_structure_of_the_arguments():
    def f(params, x):
        return np.sum(np.tanh(x @ params["w"] + params["b"][0]) ** 2)

    params = {"w": M.T.copy(), "b": [np.array([0.1, 0.2]), "name"]}
    traced = tl.trace(f, params, V)
    again, wanted = (tl.grad(g)(params, V) for g in (traced, f))

    np.testing.assert_allclose(again["w"], wanted["w"])
    np.testing.assert_allclose(again["b"][0], wanted["b"][0])
    names: dict = {}
    exec(traced.gradient_source, names)
    value, gradient = names["f_and_gradient"](params, V)
    np.testing.assert_allclose(value, f(params, V))
    np.testing.assert_allclose(gradient["w"], wanted["w"])
    assert gradient["b"][1] is None


def test_argnums_say_what_the_gradient_text_differentiates():
    def f(x, y):
        return np.sum(x * np.exp(y))

    for argnums, names in ((1, "y"), ("x", "x"), ((0, 1), "x, y")):
        text = tl.trace(f, V, V, argnums=argnums).gradient_source
        assert f"with respect to {names}." in text


def test_all_derivatives_read_the_traced_text():
    traced = tl.trace(quadratic, V)

    np.testing.assert_allclose(tl.hessian(traced, mode="source")(V), tl.hessian(quadratic)(V), 1e-10)
    np.testing.assert_allclose(tl.jvp(traced, (V,), (V,))[1], tl.jvp(quadratic, (V,), (V,))[1])
    np.testing.assert_allclose(tl.grad(tl.grad(traced))(np.float64(0.5)), tl.grad(tl.grad(quadratic))(0.5))
    assert "for" not in tl.grad(traced).specialise(V).source


def test_the_gradient_of_a_trace_is_made_anew_for_other_shapes():
    def f(x):
        total = 0.0
        for k in range(len(x)):
            total = total + x[k] ** (k + 1)
        return total / len(x)

    traced = tl.trace(f, V)
    gradient = tl.grad(traced, mode="source")

    for x in (V, V[:2], np.arange(1.0, 6.0), V):
        np.testing.assert_allclose(gradient(x), differences(f, x), 1e-6)


def test_the_gradients_of_a_function_and_of_its_trace_are_kept_apart():
    def f(x, flag):
        return np.sum(x) if flag else np.sum(x * x)

    traced = tl.trace(f, V, True)

    assert tl.grad(f)(V, True).tolist() == [1.0, 1.0, 1.0]
    assert tl.grad(traced)(V, True).tolist() == [1.0, 1.0, 1.0]
    assert tl.grad(traced)(V, False).tolist() == (2.0 * V).tolist()


def test_the_text_of_a_trace_is_found_by_inspect_and_by_tracebacks():
    traced = tl.trace(quadratic, V)
    function = traced.specialised(V)

    assert inspect.getsource(function).startswith("def quadratic(x, n):")
    assert function(V, 2) == quadratic(V)
    with pytest.raises(ValueError, match="mismatch") as error:
        tl.trace(lambda x: np.sum(x @ M.T), V).specialised(V)(np.ones(7))
    assert "np.sum(" in str(error.traceback[-1].statement)


# What is left as it was -------------------------------------------------------------------------------------


def branching(x):
    if x[0] > 0.0:
        return np.sum(x)
    return np.sum(x * x)


def test_another_branch_is_traced_when_it_comes():
    traced = tl.trace(branching, V)

    for x in (V, -V, V * 2, -V * 2):
        assert traced(x) == branching(x)
    assert "2 variants" in repr(traced)
    assert "    t = x[0] > 0.0\n    assert t, 'test_tracing.py:" in tl.trace(branching, V).source
    assert "    t = not x[0] > 0.0\n    assert t, 'test_tracing.py:" in tl.trace(branching, -V).source


def test_other_numbers_that_python_takes_out_are_looked_at_again():
    def f(x, k):
        total = 0.0
        for n in range(k[0]):
            total = total + x[n] ** int(np.argmax(x) + 1)
        if 2.0 in x or np.allclose(x, 1.0):
            total = total * 3.0
        return total + [x[1], x[2]][k[1]]

    assert tl.trace(f, V, np.array([2, 0]))(V * 1.01, np.array([2, 0])) == f(V * 1.01, np.array([2, 0]))
    traced = tl.trace(f, V, np.array([2, 0]))

    for x in (V, V[::-1].copy(), np.array([2.0, 1.0, 0.5]), np.ones(3)):
        for k in ([2, 0], [3, 0], [2, 1]):
            assert traced(x, np.array(k)) == f(x, np.array(k))


def test_a_gradient_of_another_branch_is_made_or_refused():
    traced = tl.trace(branching, V)
    gradient = tl.grad(traced, mode="source")

    assert gradient(-V).tolist() == (-2.0 * V).tolist()
    assert gradient(-V * 2).tolist() == (-4.0 * V).tolist()
    with pytest.raises(AssertionError, match=r"if x\[0\] > 0\.0: went another way when this was traced"):
        gradient(V)
    assert tl.grad(tl.trace(branching, V), mode="source")(V).tolist() == [1.0, 1.0, 1.0]


def test_what_is_written_half_way_of_another_branch_is_not_seen():
    def f(x, buffer):
        buffer += 1.0
        if x[1] > 0.0:
            buffer[1] = 5.0
        return np.sum(buffer)

    traced, buffer, expected = tl.trace(f, V, np.zeros(3)), np.ones(3), np.ones(3)

    assert traced(-V, buffer) == f(-V, expected)
    assert buffer.tolist() == expected.tolist()
    assert traced(V, buffer) == f(V, expected)
    assert buffer.tolist() == expected.tolist()


def test_functions_that_never_go_the_same_way_are_refused(monkeypatch):
    monkeypatch.setattr(module, "WAYS", 3)
    traced = tl.trace(lambda x: x * int(x), 1.0)

    with pytest.raises(RuntimeError, match="goes another way at nearly every call"):
        [traced(float(k)) for k in range(5)]


def test_assertions_of_the_users_are_the_users():
    def f(x):
        assert x[0] > 0.0, "positive numbers please"
        return np.sum(x)

    traced = tl.trace(f, V)

    assert traced(V) == np.sum(V)
    with pytest.raises(AssertionError, match="positive numbers please"):
        traced(-V)


def test_without_checks_the_branch_taken_is_kept_and_said():
    traced = tl.trace(branching, V, check=False)

    assert traced(-V) == np.sum(-V)
    assert "assert" not in traced.source
    assert "What Python decided here is as it was" in traced.source
    explained = str(traced.explain())
    assert "unseen" in explained
    assert "decided" in explained
    assert "bool() at test_tracing.py" in explained
    assert "if x[0] > 0.0:" in explained
    assert [one.what for one in traced.explain().decisions] == ["bool()"]
    assert "decided" not in str(tl.trace(quadratic, V).explain())


def test_decisions_are_counted():
    def f(x):
        for one in x:
            if one > 0:
                x = x * 2.0
        return np.sum(x)

    assert "(3 times)" in str(tl.trace(f, V).explain())


def test_strict_refuses_decisions_at_the_users_line():
    with pytest.raises(TransformError, match=r"test_tracing\.py:\d+: bool\(\) in  if x\[0\] > 0\.0:"):
        tl.trace(branching, V, strict=True)
    tl.trace(quadratic, V, strict=True)


def test_numbers_that_would_leave_are_refused():
    with pytest.raises(TypeError, match="float"):
        tl.trace(lambda x: float(x[0]) * x[1], V)
    with pytest.raises(TypeError, match="float"):
        tl.trace(lambda x, rate: np.sum(x) * float(rate), V, 0.5)
    with pytest.raises(RuntimeError, match="asarray"):
        tl.trace(lambda x: np.sum(np.asarray(x)), V)


def test_constants_are_named_and_may_be_written_to():
    table = np.arange(100.0)

    def f(x):
        found = tnp.zeros(3)
        found[0] = x[1]
        found[1:] = x[:2] * table[:2]
        return found

    traced = tl.trace(f, V)

    np.testing.assert_allclose(traced(V), [V[1], 0.0, V[1]])
    np.testing.assert_allclose(traced(V + 1), f(V + 1))
    np.testing.assert_allclose(tl.jacobian(traced)(V), tl.jacobian(f)(V))
    assert "np.zeros((3,))" in traced.source
    assert "c1: float64 (2,)" in str(traced.explain())


def test_what_is_returned_belongs_to_the_caller():
    constant = np.ones(3)
    traced = tl.trace(lambda x: (x * 2.0, constant), V)

    traced(V)[1][:] = 5.0

    assert traced(V)[1].tolist() == [1.0, 1.0, 1.0] == constant.tolist()


def test_arguments_are_written_to_as_by_the_function():
    def f(x, buffer):
        buffer[:] = x * 2.0
        buffer[0] += 1.0
        return np.sum(buffer * x)

    buffer = np.zeros(3)
    traced = tl.trace(f, V, buffer)

    assert buffer.tolist() == [0.0, 0.0, 0.0]
    assert traced(V, buffer) == f(V, np.zeros(3))
    np.testing.assert_allclose(buffer, V * 2.0 + [1.0, 0.0, 0.0])


def test_tensors_and_arrays_go_through_a_trace():
    traced = tl.trace(quadratic, V)
    x, t = Array(V, requires_grad=True), tl.tensor(V, requires_grad=True)

    traced(x).backward()
    traced(t).backward()

    np.testing.assert_allclose(np.asarray(x.grad), tl.grad(quadratic)(V))
    np.testing.assert_allclose(t.grad.numpy(), tl.grad(quadratic)(V))
    assert "1 variant>" in repr(traced)


def test_methods_partials_and_integers():
    class Model:
        weight = M

        def loss(self, x, power):
            return np.sum((x @ self.weight) ** power)

    model = Model()
    traced = tl.trace(model.loss, V[:2], 2, argnums="x")

    np.testing.assert_allclose(tl.grad(traced)(V[:2], 2), tl.grad(model.loss)(V[:2], 2))
    assert tl.trace(lambda x: x * x, 3)(4.0) == 16.0
    places = tl.trace(lambda x, k: np.sum(x[k]), V, np.array([0, 2]))
    assert places(V, np.array([1, 1])) == V[1] * 2


def test_a_trace_is_copied_and_pickled_without_what_was_traced():
    traced = copy.copy(tl.trace(branching, V))
    again = pickle.loads(pickle.dumps(traced))

    with pytest.raises(NotSpecialisedError, match="nothing is traced"):
        assert again.source
    assert again(V) == traced(V)


def test_traces_do_not_hear_each_other():
    inner = Traced(quadratic)

    def f(x):
        return inner(x) * np.sum(x)

    traced = tl.trace(f, V)

    np.testing.assert_allclose(traced(V), f(V))
    assert "np.sin" in traced.source
    with tl.Tape() as tape:
        tl.trace(quadratic, V)
    assert len(tape) == 0


def test_random_numbers_are_constants_of_the_trace():
    generator = np.random.default_rng(0)
    traced = tl.trace(lambda x: np.sum(x * generator.normal(size=3)), V)

    assert traced(V) == traced(V)
    assert "c1: float64 (3,)" in str(traced.explain())


def test_other_containers_are_refused():
    class Own:
        def __init__(self, x):
            self.x = x

    tl.register_container(Own, lambda own: ((own.x,), None), lambda _, parts: Own(*parts))

    with pytest.raises(TypeError, match="trace takes lists, tuples, dicts and dataclasses apart, not Own"):
        tl.trace(lambda own: np.sum(own.x), Own(V))


def test_the_trace_of_a_matrix_is_the_sum_of_its_diagonal():
    assert tl.trace(tl.tensor([[1.0, 2.0], [3.0, 4.0]])).item() == 5.0
