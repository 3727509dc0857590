"""Methods that differentiate as they go: learning to learn, Newton's, Gauss's, Hamilton's."""

import numpy as np
from tapeless import (
    elementwise_grad,
    grad,
    hessian,
    hvp,
    jacfwd,
    jacobian,
    jacrev,
    jvp,
    linearize,
    value_and_grad,
    vjp,
)

from tests.source.programs.registry import program

V = np.array([0.7, -1.3, 2.1])
W = np.array([0.4, 0.9])
INPUTS = np.array([[0.2, 0.5, -0.1], [1.0, -0.3, 0.8], [-0.7, 0.4, 0.6], [0.1, 0.9, -1.2]])
TARGETS = np.array([0.3, -0.2, 0.8, 0.1])


@program(V, 0.1, wrt=(0, 1), tape=False)
def maml(w, rate):
    def loss(w, x, y):
        return np.mean((np.tanh(x @ w) - y) ** 2)

    total = 0.0
    for k in range(2):
        x, y = INPUTS[2 * k : 2 * k + 2], TARGETS[2 * k : 2 * k + 2]
        fast = w
        for _ in range(3):
            fast = fast - rate * grad(loss)(fast, x, y)
        total = total + loss(fast, x[::-1], y)
    return total


@program(np.array([0.5, 0.3]), tape=False)
def newton_with_hessian(target):
    def f(z):
        return np.sum(z**4) / 4 + np.sum((z - target) ** 2) + z[0] * z[1]

    z = np.zeros(2)
    for _ in range(4):
        z = z - np.linalg.solve(hessian(f)(z), grad(f)(z))
    return np.sum(z * np.array([1.0, 2.0]))


@program(np.array([0.5, 0.3]), tape=False)
def newton_with_hessian_of_a_loop(target):
    def f(z):
        total = 0.0
        for k in range(2):
            total = total + (z[k] - target[k]) ** 4 / 4 + z[k] ** 2
        return total + np.sin(z[0]) * z[1]

    z = np.zeros(2)
    for _ in range(3):
        z = z - np.linalg.solve(hessian(f)(z), grad(f)(z))
    return np.sum(z * np.array([1.0, 2.0]))


@program(0.7, tape=False)
def implicit_layer(a):
    def g(z, a):
        return z - np.cos(a * z)

    z = 0.5
    for _ in range(30):
        z = z - g(z, a) / grad(g)(z, a)
    return z**2 + a * z


@program(np.array([0.5, 1.2]), tape=False)
def gauss_newton_of_a_simulator(p):
    def simulate(q):
        x, v = 1.0, 0.0
        out = []
        for _ in range(5):
            v = v - 0.2 * (q[0] * x + q[1] * v)
            x = x + 0.2 * v
            out.append(x)
        return np.array(out)

    q = np.array([0.8, 0.4])
    for _ in range(2):
        J = jacobian(simulate)(q)
        r = simulate(q) - simulate(p)
        q = q - np.linalg.solve(J.T @ J + 0.01 * np.eye(2), J.T @ r)
    return np.sum(q**2)


@program(np.array([0.5, 1.2]), tape=False)
def jacobian_of_a_looping_function(p):
    def simulate(q):
        x = q
        for _ in range(3):
            x = x + 0.1 * np.array([x[1], -np.sin(x[0])]) * q
        return x

    return np.linalg.det(jacrev(simulate)(p)) + np.sum(jacfwd(simulate)(p) ** 2)


@program(V, tape=False)
def gradient_penalty_of_a_critic(w):
    def critic(x):
        return np.sum(np.tanh(x * w) * w)

    penalty = 0.0
    for x in INPUTS:
        g = grad(critic)(x)
        penalty = penalty + (np.linalg.norm(g) - 1.0) ** 2
    return penalty


@program(np.array([1.0, 0.2]), np.array([0.1, -0.4]), wrt=(0, 1), tape=False)
def hamiltonian_by_leapfrog(q, p):
    def H(q, p):
        return np.sum(p**2) / 2 + np.sum(q**2) / 2 + q[0] ** 2 * q[1]

    dt = 0.1
    for _ in range(5):
        p = p - dt / 2 * grad(H, 0)(q, p)
        q = q + dt * grad(H, 1)(q, p)
        p = p - dt / 2 * grad(H, 0)(q, p)
    return np.sum(q**2) + H(q, p)


@program(np.array([1.0, 0.2]), 0.5, wrt=(0, 1), tape=False)
def langevin(x, temperature):
    rng = np.random.default_rng(3)
    noise = rng.normal(size=(4, 2))

    def energy(x):
        return np.sum(x**4) / 4 + np.sum(np.cos(x))

    force = grad(energy)
    for k in range(4):
        x = x - 0.05 * force(x) + np.sqrt(2 * 0.05 * temperature) * noise[k]
    return np.sum(x**2)


@program(V, tape=False)
def natural_gradient(w):
    def predict(w):
        return np.tanh(INPUTS @ w)

    def loss(w):
        return np.mean((predict(w) - TARGETS) ** 2)

    J = jacobian(predict)(w)
    fisher = J.T @ J / len(TARGETS) + 0.1 * np.eye(3)
    step = np.linalg.solve(fisher, grad(loss)(w))
    return loss(w - 0.5 * step)


@program(V, W, wrt=(0, 1), tape=False)
def hessian_vector_product_of_two(x, y):
    def f(a, b):
        return np.sum(a**3) * np.sum(b**2) + a[0] * b[1]

    u, v = hvp(f, (x, y), (np.ones(3), y))
    return np.sum(u * x) + np.sum(v**2)


@program(V, tape=False)
def hessian_vector_product_inside(x):
    product = hvp(lambda a: np.sum(np.sin(a) * a**2), x, x * 2.0)
    return np.sum(product**2)


@program(V, tape=False)
def linear_map_called_twice(x):
    out, push = linearize(lambda a: np.sin(a) * a[0], x)
    return np.sum(push(x) * out) + np.sum(push(np.ones(3)) ** 2)


@program(V, tape=False)
def linear_map_called_in_a_loop(x):
    def f(a):
        for _ in range(3):
            a = a * np.cos(a)
        return a

    out, push = linearize(f, x)
    trace = 0.0
    for k in range(3):
        e = np.zeros(3)
        e[k] = 1.0
        trace = trace + push(e)[k] ** 2
    return trace + np.sum(out)


@program(V, tape=False)
def divergence_by_vjp_in_a_loop(x):
    def field(a):
        for _ in range(2):
            a = a + 0.1 * np.sin(a) * np.sum(a)
        return a

    out, pull = vjp(field, x)
    total = 0.0
    for k in range(3):
        e = np.zeros(3)
        e[k] = 1.0
        (row,) = pull(e)
        total = total + row[k]
    return total**2 + np.sum(out)


@program({"w": V, "b": 0.3}, tape=False)
def jvp_of_a_dict(params):
    def f(p):
        return np.sum(np.tanh(INPUTS @ p["w"] + p["b"]))

    value, slope = jvp(f, (params,), ({"w": params["w"], "b": 1.0},))
    return value * slope


@program({"w": V, "b": 0.3}, tape=False)
def vjp_of_a_dict(params):
    def f(p):
        return np.tanh(INPUTS @ p["w"] + p["b"])

    out, pull = vjp(f, params)
    (g,) = pull(out * out)
    return np.sum(g["w"] ** 2) * g["b"]


@program(V, tape=False)
def vjp_of_a_pair_of_outputs(x):
    def f(a):
        return np.sin(a), np.sum(a**2)

    (s, q), pull = vjp(f, x)
    (g,) = pull((s * 2.0, q))
    return np.sum(g**2)


@program(V, tape=False)
def jvp_of_a_dict_of_outputs(x):
    def f(a):
        return {"s": np.sin(a), "q": [np.sum(a**2), a[0]]}

    out, tan = jvp(f, (x,), (x * x,))
    return np.sum(tan["s"] * out["s"]) + tan["q"][0] * out["q"][1]


@program(V, tape=False)
def value_and_gradient_with_aux(x):
    def f(a):
        h = np.tanh(a)
        return np.sum(h**2), {"h": h, "n": 3}

    (value, aux), g = value_and_grad(f, has_aux=True)(x)
    return value + np.sum(g * aux["h"]) * aux["n"]


@program(V, tape=False)
def gradient_with_aux(x):
    def f(a):
        h = np.tanh(a)
        return np.sum(h**2), h

    g, h = grad(f, has_aux=True)(x)
    return np.sum(g * h)


@program(V, tape=False)
def elementwise_gradient_inside(x):
    f = elementwise_grad(lambda a: np.tanh(a) * a)
    return np.sum(f(x) ** 2)


@program(V, tape=False)
def elementwise_second_gradient_inside(x):
    f = elementwise_grad(elementwise_grad(np.sin))
    return np.sum(f(x) * x)


@program({"w": V, "b": 0.3}, tape=False)
def gradient_descent_on_a_dict(params):
    def loss(p):
        return np.mean((np.tanh(INPUTS @ p["w"] + p["b"]) - TARGETS) ** 2)

    for _ in range(2):
        g = grad(loss)(params)
        params = {key: params[key] - 0.5 * g[key] for key in params}
    return loss(params)


@program(V, 0.2, wrt=(0, 1), tape=False)
def gradients_of_two_by_a_tuple(x, b):
    def f(a, b):
        return np.sum(np.tanh(a * b)) * b

    ga, gb = grad(f, (0, 1))(x, b)
    return np.sum(ga**2) + gb**2


@program(V, W, wrt=(0, 1), tape=False)
def jacobians_by_both(x, y):
    def f(a, b):
        return np.outer(a, b) * np.sum(a)

    Ja, Jb = jacobian(f, (0, 1))(x, y)
    return np.sum(Ja**2) + np.sum(Jb * np.sum(y))


@program(V, tape=False)
def sum_of_the_laplacian(x):
    def f(a):
        return np.sum(a**3) + a[0] * a[1] * a[2]

    return np.trace(hessian(f)(x)) ** 2


@program(np.array([0.3, 0.6]), tape=False)
def hypergradient_of_momentum(settings):
    def loss(w):
        return np.sum((w**2 - 1.0) ** 2) + w[0] * w[1]

    w, velocity = np.array([0.5, -0.2]), np.zeros(2)
    for _ in range(4):
        velocity = settings[0] * velocity - 0.1 * settings[1] * grad(loss)(w)
        w = w + velocity
    return loss(w)


@program(np.array([1.5, 0.5]), tape=False)
def adjoint_of_a_fixed_point(theta):
    def step(z, theta):
        return np.tanh(theta * z + 0.3)

    z = np.zeros(2)
    while np.max(np.abs(step(z, theta) - z)) > 1e-12:
        z = step(z, theta)
    J = jacobian(step)(z, theta)
    return np.sum(np.linalg.solve(np.eye(2) - J, z))


@program(0.4, tape=False)
def taylor_coefficients(x):
    f = np.sin
    total, factor = 0.0, 1.0
    for k in range(4):
        total = total + f(x) * factor
        factor = factor * 0.1 / (k + 1)
    d = grad(grad(lambda t: np.exp(np.sin(t))))
    return total + d(x)


@program(np.array([0.2, 0.4]), tape=False)
def lagrangian_mechanics(state):
    def lagrangian(q, v):
        return 0.5 * v**2 * (1 + q**2) - np.cos(q)

    def acceleration(q, v):
        mass = grad(grad(lagrangian, 1), 1)(q, v)
        mixed = grad(grad(lagrangian, 1), 0)(q, v)
        return (grad(lagrangian, 0)(q, v) - mixed * v) / mass

    q, v = state[0], state[1]
    for _ in range(3):
        v = v + 0.1 * acceleration(q, v)
        q = q + 0.1 * v
    return q * v


@program(V, tape=False)
def physics_informed_residual(w):
    def u(x, w):
        return np.sum(w * np.sin(x * np.array([1.0, 2.0, 3.0])))

    total = 0.0
    for x in [0.1, 0.5, 0.9]:
        uxx = grad(grad(u))(x, w)
        total = total + (uxx + u(x, w)) ** 2
    return total


@program(V, tape=False)
def gradient_with_early_exit(x):
    def f(a):
        for k in range(5):
            a = a * 0.9
            if np.sum(a**2) < 3.0:
                return np.sum(a**3)
        return np.sum(a)

    return np.sum(grad(f)(x) ** 2)


@program(V, tape=False)
def gradient_of_in_place_code(x):
    def f(a):
        y = np.zeros(3)
        for k in range(3):
            y[k] = a[k] ** 2 * a[k - 1]
        y[1:] += y[:-1]
        return np.sum(y**2)

    return np.sum(grad(f)(x) ** 2)


@program(V, tape=False)
def hessian_of_in_place_code(x):
    def f(a):
        y = np.zeros(3)
        for k in range(3):
            y[k] = a[k] ** 2 * a[k - 1]
        return np.sum(y**2)

    return np.sum(hessian(f)(x) * np.arange(9.0).reshape(3, 3))


@program(V, tape=False)
def jacobian_of_in_place_code(x):
    def f(a):
        y = np.zeros(3)
        y[0] = a[0]
        for k in range(1, 3):
            y[k] = y[k - 1] * a[k] + a[k] ** 2
        return y

    return np.sum(jacobian(f)(x) ** 2)


@program(V, tape=False)
def jacobian_in_a_loop(x):
    def f(a):
        for _ in range(2):
            a = np.sin(a) + a[::-1]
        return a

    total = 0.0
    for _ in range(2):
        J = jacobian(f)(x)
        x = x - 0.1 * J @ x
        total = total + np.trace(J)
    return total + np.sum(x)


class Model:
    def __init__(self, w):
        self.w = w

    def energy(self, x):
        return np.sum(np.cos(x * self.w))

    def force(self, x):
        return -grad(self.energy)(x)


@program(V, V[::-1].copy(), wrt=(0, 1), tape=False)
def force_method_of_a_model(w, x):
    model = Model(w)
    for _ in range(2):
        x = x + 0.1 * model.force(x)
    return np.sum(x**2)


@program(V, tape=False)
def conjugate_gradient_with_hvp(x):
    def f(a):
        return np.sum(np.cosh(a)) + 0.1 * np.sum(a) ** 2

    b = grad(f)(x)
    s, r = np.zeros(3), b
    p = r
    for _ in range(3):
        Hp = hvp(f, x, p)
        alpha = np.sum(r * r) / np.sum(p * Hp)
        s = s + alpha * p
        new = r - alpha * Hp
        p = new + np.sum(new * new) / np.sum(r * r) * p
        r = new
    return np.sum((x - s) ** 2)


@program(0.5, tape=False)
def optimise_until_converged(a):
    def f(z):
        return (z - a) ** 4 + z**2

    z, df = 1.0, grad(f)
    for _ in range(100):
        g = df(z)
        if abs(g) < 1e-10:
            break
        z = z - g / grad(df)(z)
    return z * a


@program([V, 0.3], tape=False)
def gradient_of_a_list_of_parameters(params):
    def loss(p):
        w, b = p
        return np.sum(np.tanh(w * b) ** 2)

    g = grad(loss)(params)
    return np.sum(g[0] ** 2) + g[1]
