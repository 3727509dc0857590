"""Pullbacks, linear maps and Jacobians inside of differentiated functions."""

import functools
from collections import namedtuple

import numpy as np
from tapeless import grad, hessian, hvp, jacfwd, jacobian, jvp, linearize, vjp

from tests.source.programs.registry import program

V = np.array([0.7, -1.3, 2.1])
W = np.array([0.4, 0.9])


@program(V, tape=False)
def pullback_after_its_input_was_written(x):
    y = x * 2.0
    out, pull = vjp(lambda a: np.sum(np.sin(a)), y)
    y[0] = 5.0
    (g,) = pull(1.0)
    return np.sum(g * g) + np.sum(y)


@program(V, tape=False)
def pullback_after_its_output_was_written(x):
    out, pull = vjp(np.tanh, x)
    out[1] = 3.0
    (g,) = pull(out)
    return np.sum(g * x)


@program(V, tape=False)
def pullback_after_a_view_was_written(x):
    y = x * 2.0
    part = y[1:]
    out, pull = vjp(lambda a: a * a, part)
    y *= 2.0
    (g,) = pull(part)
    return np.sum(g * out)


@program(V, tape=False)
def pullback_in_a_loop_that_writes_later(x):
    y = x * 2.0
    out, pull = vjp(lambda a: np.sum(a**3), y)
    total = 0.0
    for k in range(3):
        (g,) = pull(1.0)
        total = total + np.sum(g) * (k + 1)
        y[k] = 0.5
    return total + np.sum(y)


@program(V, tape=False)
def linear_map_after_a_write(x):
    y = np.sin(x)
    out, push = linearize(lambda a: a**3, y)
    y[0] = 2.0
    return np.sum(push(x) * y)


@program(V, tape=False)
def linear_map_after_what_it_closes_over_changed(x):
    c = 2.0
    out, push = linearize(lambda a: c * a**2, x)
    c = 5.0
    return np.sum(push(x)) * c


@program(V, tape=False)
def pullback_called_twice_with_a_loop(x):
    def f(a):
        for _ in range(3):
            a = np.sin(a) * a
        return a

    out, pull = vjp(f, x)
    (g,) = pull(out)
    (h,) = pull(np.ones(3))
    return np.sum(g * h)


@program(V, tape=False)
def pullback_called_in_a_branch(x):
    def f(a):
        for k in range(2):
            a = np.cos(a) + a
        return a

    out, pull = vjp(f, x)
    if np.sum(x) > 0:
        (g,) = pull(out)
    else:
        g = out
    return np.sum(g**2)


@program(V, tape=False)
def pullback_called_in_a_while_loop(x):
    def f(a):
        total = 0.0
        for k in range(3):
            if a[k] > 0:
                total = total + a[k] ** 3
            else:
                total = total - np.sin(a[k])
        return total

    out, pull = vjp(f, x)
    k, total = 1.0, 0.0
    while k < 3.0:
        (g,) = pull(k)
        total = total + np.sum(g**2)
        k = k + 1.0
    return total


@program(V, tape=False)
def pullback_within_a_pullback(x):
    def inner(a):
        out, pull = vjp(np.sin, a)
        (g,) = pull(a)
        return g * out

    out, pull = vjp(inner, x)
    (g,) = pull(out)
    return np.sum(g**2)


@program(V, tape=False)
def linear_map_of_a_linear_map(x):
    def slope(a):
        _, push = linearize(lambda b: np.exp(b * 0.3) * b[0], a)
        return push(a)

    out, push = linearize(slope, x)
    return np.sum(push(np.ones(3)) * out)


@program(V, W, wrt=(0, 1), tape=False)
def linear_map_of_two_arguments_and_outputs(x, y):
    def f(a, b):
        return np.outer(a, b), np.sum(a) * b

    (m, v), push = linearize(f, x, y)
    tm, tv = push(x * x, np.ones(2))
    return np.sum(tm * m) + np.sum(tv**2) + np.sum(v)


@program({"w": V, "b": 0.3}, tape=False)
def product_with_the_hessian_of_a_dict(params):
    def loss(p):
        return np.sum(np.tanh(p["w"] * p["b"])) ** 2

    v = hvp(loss, params, {"w": np.ones(3), "b": 2.0})
    return np.sum(v["w"] ** 2) + v["b"]


@program(V, tape=False)
def product_with_the_hessian_in_a_tuple_of_one(x):
    (v,) = hvp(lambda a: np.sum(a**4), (x,), (x,))
    return np.sum(v)


@program(V, W, wrt=(0, 1), tape=False)
def product_with_the_hessian_in_a_list(x, y):
    u, v = hvp(lambda a, b: np.sum(a**2) * np.sum(b**3), [x, y], [x, y])
    return np.sum(u) * np.sum(v)


@program(V, tape=False)
def jacobian_by_a_keyword(x):
    def f(scale, a):
        return scale * a**2

    return np.sum(jacobian(f, argnums="a")(2.0, a=x) * np.arange(3.0))


@program(0.7, tape=False)
def jacobian_by_a_number(t):
    def path(t):
        return np.array([np.cos(t), np.sin(t), t**2])

    velocity = jacobian(path)(t)
    acceleration = jacfwd(jacfwd(path))(t)
    return np.sum(velocity**2) * acceleration[2] + acceleration[0]


@program(V, tape=False)
def jacobian_of_a_number(x):
    row = jacobian(lambda a: np.sum(a**3))(x)
    col = jacfwd(lambda a: np.prod(a))(x)
    return np.sum(row * col)


@program(np.array([[0.7, -0.3], [0.2, 1.1]]), tape=False)
def jacobian_of_a_matrix(m):
    J = jacobian(lambda a: a @ a)(m)
    K = jacfwd(lambda a: np.linalg.inv(a))(m)
    return np.sum(J * K)


@program(V, W, wrt=(0, 1), tape=False)
def jacobians_forward_by_both(x, y):
    Ja, Jb = jacfwd(lambda a, b: np.outer(a, b) * np.sum(a), (0, 1))(x, y)
    return np.sum(Ja**2) + np.sum(Jb * np.sum(y))


@program(V, W, wrt=(0, 1), tape=False)
def hessian_by_both(x, y):
    def f(a, b):
        total = 0.0
        for k in range(2):
            total = total + np.sum(a**2) * b[k] ** (k + 2)
        return total

    (aa, ab), (ba, bb) = hessian(f, (0, 1))(x, y)
    return np.sum(aa) + np.sum(ab * ba.T) + np.trace(bb) ** 2


@program(V, tape=False)
def jacobian_with_aux(x):
    def f(a):
        h = np.tanh(a)
        return h * a, np.sum(h)

    J, s = jacobian(f, has_aux=True)(x)
    return np.trace(J) * s


@program(V, tape=False)
def pullback_with_aux(x):
    def f(a):
        h = np.tanh(a)
        return h * a, {"s": np.sum(h)}

    out, pull, aux = vjp(f, x, has_aux=True)
    (g,) = pull(out)
    return np.sum(g) * aux["s"]


@program(V, tape=False)
def tangent_with_aux(x):
    def f(a):
        h = np.tanh(a)
        return h * a, np.sum(h)

    out, t, aux = jvp(f, (x,), (x,), has_aux=True)
    return np.sum(t * out) * aux


@program(V, tape=False)
def tangent_of_an_output_with_other_things(x):
    def f(a):
        return {"v": a**2, "n": 3, "name": "f", "none": None, "order": np.argsort(a)}

    out, t = jvp(f, (x,), (x,))
    return np.sum(t["v"] * out["v"]) + t["n"] + np.sum(t["order"])


@program(V, tape=False)
def pullback_of_nested_outputs(x):
    def f(a):
        return {"v": [a**2, a[0]], "s": (np.sum(a), 2)}

    out, pull = vjp(f, x)
    (g,) = pull({"v": [x, 1.5], "s": (out["s"][0], 0.0)})
    return np.sum(g**2)


@program(V, tape=False)
def pullback_of_what_is_constant(x):
    out, pull = vjp(lambda a: np.ones(2), x)
    (g,) = pull(np.ones(2))
    return np.sum(g * x) + np.sum(x**2)


@program(V, tape=False)
def linear_map_of_what_is_constant(x):
    out, push = linearize(lambda a: 3.0, x)
    return push(x) + np.sum(x**2)


@program(V, tape=False)
def jacobian_of_what_is_constant(x):
    J = jacobian(lambda a: np.ones(2) * 2.0)(x)
    H = hessian(lambda a: np.sum(a))(x)
    return np.sum(J) + np.sum(H) + np.sum(x**2)


@program(V, tape=False)
def identity_everywhere(x):
    out, t = jvp(lambda a: a, (x,), (x * 2,))
    out, pull = vjp(lambda a: a, x)
    out, push = linearize(lambda a: a, x)
    (g,) = pull(x)
    return np.sum(t * g) + np.sum(push(x) ** 3) + np.sum(jacobian(lambda a: a)(x) @ x)


@program(V, tape=False)
def jacobian_of_a_function_with_branches(x):
    def f(a):
        if a[0] > 0:
            b = a**2
        else:
            b = np.sin(a)
        for k in range(3):
            if a[k] > 1:
                b = b * a[k]
        return b

    return np.sum(jacobian(f)(x) ** 2) + np.sum(jacfwd(f)(x) * np.arange(3.0))


@program(V, tape=False)
def jacobian_of_a_while_loop(x):
    def f(a):
        while np.sum(a**2) > 1.0:
            a = a * 0.7 + 0.01 * a**2
        return a

    return np.sum(jacobian(f)(x) ** 2) + np.sum(jacfwd(f)(x) * np.arange(3.0))


@program(V, tape=False)
def jacobian_of_nested_loops(x):
    def f(a):
        for i in range(2):
            for j in range(2):
                a = a + 0.1 * np.sin(a * (i + j)) * a[j]
        return a

    return (
        np.sum(jacobian(f)(x) ** 2)
        + np.sum(jacfwd(f)(x) * np.arange(3.0))
        + np.trace(hessian(lambda a: np.sum(f(a) ** 2))(x))
    )


def pulled_by_a_helper(f, x, g):
    out, pull = vjp(f, x)
    return pull(g)[0]


@program(V, tape=False)
def pullback_in_a_helper_called_twice(x):
    def f(a):
        for _ in range(2):
            a = np.sin(a) * a
        return a

    total = 0.0
    for k in range(2):
        total = total + np.sum(pulled_by_a_helper(f, x, x * k) ** 2)
    return total + np.sum(pulled_by_a_helper(f, x * x, x))


@program(V, tape=False)
def no_columns_and_no_rows(x):
    J = jacobian(lambda a: np.zeros(0) * np.sum(a))(x)
    return np.sum(J) + np.sum(x**2)


@program(V.astype(np.float32), tape=False, second=False)
def jacobian_in_single_precision(x):
    J = jacobian(lambda a: np.sin(a) * a[0])(x)
    return np.sum(J * J)


@program(np.array([0.3 + 0.2j, -0.5 + 1.0j]), tape=False, second=False)
def tangent_of_complex_numbers(z):
    out, t = jvp(lambda a: a**2 * np.exp(a), (z,), (z,))
    return np.sum(np.abs(t) ** 2)


@program(V, tape=False)
def grad_of_a_sum_over_jvps(x):
    def f(a):
        return np.sum(np.sin(a) * a)

    total = 0.0
    for e in np.eye(3):
        value, t = jvp(grad(f), (x,), (e,))
        total = total + np.sum(t * e)
    return total


@program(V, tape=False)
def pullback_written_into_later(x):
    out, pull = vjp(lambda a: np.sum(a * x), x)
    (g,) = pull(1.0)
    g *= 3.0
    (h,) = pull(2.0)
    return np.sum(g * h * x)


@program(V, tape=False)
def linear_map_of_code_that_writes(x):
    def f(a):
        y = np.zeros(3)
        for k in range(3):
            y[k] = a[k] * np.sin(a[k - 1])
        y[1:] *= y[0]
        return y

    out, push = linearize(f, x)
    total = np.sum(out)
    for e in np.eye(3):
        total = total + np.sum(push(e) ** 2)
    return total


P = namedtuple("P", "w b")


@program({"w": V, "b": 0.3}, tape=False)
def jacobian_of_a_dict(params):
    J = jacobian(lambda p: p["w"] * p["b"])(params)
    return np.sum(J["w"] ** 2) + np.sum(J["b"])


@program({"w": V, "b": 0.3}, tape=False)
def jacobian_forward_of_a_dict_to_a_tuple(params):
    def f(p):
        return p["w"] * p["b"], {"s": np.sum(p["w"] ** 2) * p["b"]}

    J, K = jacfwd(f)(params), jacobian(f)(params)
    first = np.sum(J[0]["w"] ** 2) + np.sum(K[0]["b"]) * J[1]["s"]["b"]
    return first + np.sum(K[1]["s"]["w"] * params["w"]) + np.sum(K[0]["w"] * J[0]["w"])


@program({"w": V, "b": 0.3}, tape=False)
def hessian_of_a_dict(params):
    def f(p):
        total = 0.0
        for k in range(3):
            total = total + np.tanh(p["w"][k] * p["b"])
        return total

    H = hessian(f)(params)
    return np.trace(H["w"]["w"]) + np.sum(H["w"]["b"] * H["b"]["w"]) + H["b"]["b"]


@program(V, tape=False)
def jvp_of_a_named_tuple(x):
    def f(p):
        return P(p.w * p.b, np.sum(p.w))

    out, t = jvp(f, (P(x, 2.0),), (P(x, 1.0),))
    return np.sum(t.w) * t.b + out.b


@program(V, tape=False)
def decorated_jacobian(x):
    @jacobian
    def f(a):
        for _ in range(2):
            a = np.sin(a)
        return a

    return np.sum(f(x))


@program(V, tape=False)
def hessian_in_comprehension(x):
    hs = [np.trace(hessian(lambda a: np.sum(a**k))(x)) for k in range(2, 5)]
    return np.sum(np.stack(hs))


@program(V, tape=False)
def pullbacks_in_a_list(x):
    pulls = []
    a = x
    for f in (np.sin, np.cos, np.tanh):
        a, pull = vjp(f, a)
        pulls.append(pull)
    g = np.ones(3)
    for pull in pulls[::-1]:
        (g,) = pull(g)
    return np.sum(g * a)


@program(V, tape=False)
def jacobian_of_method_partial(x):
    def f(s, a):
        return s * np.sin(a)

    return np.sum(jacobian(functools.partial(f, 2.0))(x))


@program(V, tape=False)
def vmapped_by_hand(x):
    rows = np.stack([grad(lambda a: a**3 + k)(x[k]) for k in range(3)])
    return np.sum(rows)
