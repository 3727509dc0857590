"""Names that a generator of code might want for itself; modules under any name; builtins hidden by users."""

import math as m
import operator as op

import numpy
import numpy as jnp
import numpy as np
import numpy.linalg as la
from numpy import cos, linalg, pi, sin
from numpy import exp as e
from numpy.linalg import norm as length

from tests.source.programs.registry import program

V = np.array([0.7, -1.3, 2.1])


@program(0.7)
def out(x):
    out = x**2
    return out * x


@program(0.7, 0.4, wrt=(0, 1))
def g(g, t):
    dg = g * 2
    dt = t**2
    return g * dt + t * dg


@program(V)
def saved(x):
    saved = []
    total = 0.0
    for v in x:
        saved.append(v)
        total += v * saved[-1]
    return total + len(saved)


@program(0.7)
def dx(x):
    dx = 0.01
    dy = (x + dx) ** 2 - x**2
    return dy / dx


@program(0.7, 1.2, wrt=(0, 1))
def names_of_cotangents(dy, ddy):
    d = dy * ddy
    dd = d**2
    bd = dd + dy
    return bd * d


@program(0.7)
def names_with_numbers(x):
    x1 = x * 2
    x_1 = x1 + x
    x2 = x1 * x_1
    x = x2 * x
    x_2 = x + 1
    return x_2 * x2


@program(0.7)
def t0(t):
    t0 = t
    t1 = np.sin(t0)
    t2 = t1 * t0
    return t2 + t1


@program(V)
def residuals(x):
    residual = x - 1
    residuals = residual**2
    primal = np.sum(residuals)
    tangent = primal * x[0]
    cotangent = tangent + primal
    return cotangent


@program(V)
def stack(x):
    stack = [x[0]]
    for i in range(2):
        push = stack[-1] * x[i]
        stack.append(push)
    pop = stack.pop()
    return pop * stack[0]


@program(0.7)
def hidden_builtins(x):
    sum = x**2
    max = sum + 1
    len = max * x
    range = [1, 2]
    for list in range:
        len = len * list
    return len


@program(V)
def hidden_functions_as_parameters(x, zip=2.0, reversed=3.0, print=1.0):
    return np.sum(x**2) * zip + reversed * x[0] + print


@program(0.7)
def hidden_numpy(x):
    np = 3.0
    return x**2 * np


@program(0.7, 1.3, wrt=(0, 1))
def parameters_named_like_modules(np, math):
    return np * math + np**2


def tanh(x):
    return x * 3


def zeros_like(x):
    return x**2


@program(0.7)
def own_functions_named_like_numpys(x):
    return tanh(x) + zeros_like(x) * np.tanh(x)


@program(0.7)
def imported_names(x):
    return sin(x) * cos(x) + e(x) + x * pi


@program(V)
def other_aliases(x):
    return jnp.sum(numpy.sin(x)) + m.pi * x[0] + op.mul(x[1], x[2]) + numpy.linalg.norm(x)


@program(V)
def aliases_of_submodules(x):
    return la.norm(x) + linalg.norm(x * 2) + length(x**2)


@program(0.7)
def local_alias_of_a_module(x):
    lib = np
    f = lib.sin
    return f(x) * lib.exp(x)


@program(0.7)
def import_inside(x):
    import math

    import numpy as xp
    from numpy import tanh as squash

    return squash(x) * xp.sqrt(x) + math.pi * x


@program(0.7)
def same_name_as_itself(x):
    same_name_as_itself = x * 2
    return same_name_as_itself * x


@program(0.7)
def underscores(_x):
    _ = _x * 2
    __ = _ * _x
    _x_ = __ + _
    return _x_


@program(0.7)
def unicode_names(α):
    β = α**2
    Δx = β - α
    return Δx * β


@program(0.7)
def very_long_names_are_kept(the_quantity_that_we_differentiate_with_respect_to):
    the_square_of_the_quantity_that_we_differentiate_with_respect_to = (
        the_quantity_that_we_differentiate_with_respect_to**2
    )
    return the_square_of_the_quantity_that_we_differentiate_with_respect_to * 2


@program(V)
def loop_names(x):
    i = x[0] * 2
    total = i
    for i in range(3):
        total = total + x[i] * i
    k = total
    for j, k in enumerate(x):
        total += k * j
    return total * k


@program(0.7)
def gradient(x):
    grad = x**2
    value = grad * x
    value_and_grad = value + grad
    return value_and_grad


@program(V)
def self_as_a_name(self):
    cls = self**2
    return np.sum(cls)


@program(0.7, tape=False)
def type_names(x):
    float_ = x
    int_ = x**2
    array = np.array([float_, int_])
    slice_ = array[1:]
    return slice_[0] * array[0]


@program(0.7, tape=False)
def reused_for_everything(x):
    y = x
    y = y * 2
    y = np.array([y, y**2])
    y = y.sum()
    y = [y, 1.0]
    y = y[0] * y[1]
    y = {"y": y}
    return y["y"] ** 2


@program(0.7)
def inner_and_outer_names(x):
    y = x * 2

    def f(y):
        z = y * 3
        return z

    z = f(y)
    return z * y


@program(0.7)
def exec_like_names(x):
    primals, tangents = x, x**2
    pullback = lambda v: v * tangents
    backward = pullback(primals)
    forward = backward + 1
    return forward * backward


@program(0.7)
def nan_and_inf_as_constants(x):
    best = np.inf
    worst = -np.inf
    missing = float("nan")
    if x < best and x > worst and missing != missing:
        best = x**2
    return best
