"""What a function finds outside of itself may be bound anew: the next call of its gradient knows."""

from __future__ import annotations

import functools

import numpy as np
import pytest

import tapeless

X = np.array([1.0, 2.0])
SCALE = 2.0


def power(x):
    return x**2


def with_globals(x):
    return np.sum(power(x)) * SCALE


class Layer:
    slope = 2.0

    def __init__(self, weight):
        self.weight = weight

    def run(self, x):
        return np.sum(x * self.weight) * self.slope

    @property
    def thrice(self):
        return self.weight * 3

    @classmethod
    def by_class(cls, x):
        return x * cls.slope

    @staticmethod
    def by_itself(x):
        return x * 5


class Parent:
    def energy(self, x):
        return np.sum(x)


class Child(Parent):
    def energy(self, x):
        return super().energy(x) * 2


def with_object(x, layer):
    return layer.run(x) + layer.thrice * np.sum(x) + np.sum(layer.by_class(x) + layer.by_itself(x))


def with_parent(x, child):
    return child.energy(x)


def differences(f, x, *args):
    steps = 1e-6 * np.eye(len(x))
    return np.array([(f(x + step, *args) - f(x - step, *args)) / 2e-6 for step in steps])


def assert_right(gradient, f, *args):
    np.testing.assert_allclose(gradient(X, *args), differences(f, X, *args), rtol=1e-6)


@pytest.fixture
def classes():
    """Classes that a test may change."""
    layer = type("Layer", (Layer,), dict(vars(Layer)))
    parent = type("Parent", (Parent,), dict(vars(Parent)))
    return layer, parent


def test_a_function_of_the_module_bound_anew(monkeypatch):
    gradient = tapeless.grad(with_globals)
    assert_right(gradient, with_globals)

    monkeypatch.setitem(with_globals.__globals__, "power", lambda x: x**3)

    assert_right(gradient, with_globals)


@pytest.mark.parametrize("value", [10.0, 3, np.float32(0.5), np.array([1.0, 4.0])])
def test_data_of_the_module_bound_anew(monkeypatch, value):
    def f(x):
        return np.sum(x * SCALE)

    gradient = tapeless.grad(f)
    assert_right(gradient, f)

    monkeypatch.setitem(f.__globals__, "SCALE", value)

    assert_right(gradient, f)


def test_a_builtin_hidden_by_a_global(monkeypatch):
    def f(x):
        return max(x[0], x[1])

    gradient = tapeless.grad(f)
    assert_right(gradient, f)

    monkeypatch.setitem(f.__globals__, "max", lambda a, b: a * b)

    assert_right(gradient, f)


@pytest.mark.parametrize("value", [5.0, np.array([1.0, 7.0])])
def test_a_closure_cell_bound_anew(value):
    factor = 1.0

    def f(x):
        return np.sum(x * factor)

    gradient = tapeless.grad(f)
    assert_right(gradient, f)

    factor = value

    assert_right(gradient, f)


CHANGES = {
    "attribute": lambda a: setattr(a, "weight", 3.0),
    "class attribute": lambda a: setattr(type(a), "slope", 4.0),
    "method": lambda a: setattr(type(a), "run", lambda self, x: np.sum(x**2 * self.weight)),
    "method hidden by an attribute": lambda a: setattr(a, "run", lambda x: np.sum(x**3)),
    "property": lambda a: setattr(type(a), "thrice", property(lambda self: self.weight * 11)),
    "class method": lambda a: setattr(type(a), "by_class", classmethod(lambda cls, x: x * x)),
    "static method": lambda a: setattr(type(a), "by_itself", staticmethod(lambda x: x * x * x)),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_hangs_on_an_object_changes(classes, change):
    layer = classes[0](1.5)
    gradient = tapeless.grad(with_object)
    assert_right(gradient, with_object, layer)
    assert_right(gradient, with_object, layer)

    change(layer)

    assert_right(gradient, with_object, layer)


def test_another_object_of_the_class(classes):
    gradient = tapeless.grad(with_object)

    assert_right(gradient, with_object, classes[0](1.5))
    assert_right(gradient, with_object, classes[0](7.0))


def test_a_method_of_a_parent_changes(monkeypatch):
    gradient = tapeless.grad(with_parent)
    assert_right(gradient, with_parent, Child())

    monkeypatch.setattr(Parent, "energy", lambda self, x: np.sum(x**2))

    assert_right(gradient, with_parent, Child())


def test_an_init_changes(monkeypatch):
    class Scaled:
        def __init__(self, x):
            self.x = x * 2

    def f(x):
        return np.sum(Scaled(x).x ** 2)

    gradient = tapeless.grad(f)
    assert_right(gradient, f)

    def init(self, x):
        self.x = x * 5

    monkeypatch.setattr(Scaled, "__init__", init)

    assert_right(gradient, f)


def test_what_a_partial_holds_is_its_own():
    def f(scale, x):
        return np.sum(x**2) * scale

    for scale in (2.0, 3.0):
        g = functools.partial(f, scale)
        np.testing.assert_allclose(tapeless.grad(g)(X), 2 * scale * X)
