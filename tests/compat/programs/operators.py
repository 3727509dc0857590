"""Every operator of HIPS autograd, in its own words."""

import tapeless.compat.autograd.numpy as np
from tapeless.compat.autograd import (
    checkpoint,
    deriv,
    elementwise_grad,
    grad,
    grad_and_aux,
    grad_named,
    hessian,
    hessian_tensor_product,
    hessian_vector_product,
    holomorphic_grad,
    jacobian,
    make_ggnvp,
    make_hvp,
    make_jvp,
    make_vjp,
    tensor_jacobian_product,
    value_and_grad,
    vector_jacobian_product,
)
from tapeless.compat.autograd.differential_operators import make_jvp_reversemode
from tapeless.compat.autograd.misc.fixed_points import fixed_point
from tapeless.compat.autograd.misc.flatten import flatten, flatten_func
from tapeless.compat.autograd.misc.optimizers import adam, rmsprop, sgd

V = np.array([1.0, 2.0])
M = np.array([[0.5, -1.0, 2.0], [1.5, 0.3, -0.7]])


def cubes(x):
    return np.sum(x**3)


def newton(a):
    return lambda x: 0.5 * (x + a / x)


def close(x, y):
    return np.max(np.abs(x - y))


def root(a):
    return fixed_point(newton, a, np.ones(2), close, 1e-12)


def quadratic(p, i):
    return {"a": 2 * (p["a"] - 3.0), "b": 2 * p["b"] + 0.1 * i}


def descend(optimizer, step_size):
    seen = []
    found = optimizer(
        quadratic,
        {"a": V, "b": np.array(1.0)},
        num_iters=25,
        step_size=step_size,
        callback=lambda x, i, g: seen.append(x["b"] * g["a"][0]),
    )
    return [found["a"], found["b"], seen]


CALLS = {
    "grad": lambda: grad(cubes)(V),
    "grad of a list": lambda: grad(lambda x: np.sum([x, x * x]))(1.5),
    "grad of a dict": lambda: grad(lambda d: d["a"] * d["b"][0])({"a": 2.0, "b": [2.0, 3.0]})["a"],
    "grad of a tuple": lambda: grad(lambda p: p[0] * np.sum(p[1]))((2.0, V))[1],
    "grad by several": lambda: grad(lambda a, b: a * b, [0, 1])(1.5, 2.0),
    "grad by the last": lambda: grad(lambda a, b: a * b, -1)(1.5, 2.0),
    "grad with keywords": lambda: grad(lambda a, b=1.0: a * b)(1.5, b=4.0),
    "grad of one element": lambda: grad(lambda x: x[:1] ** 2)(V),
    "grad of real of complex": lambda: grad(lambda z: np.real(z**2))(1 + 2j),
    "grad of abs of complex": lambda: grad(lambda z: np.abs(z) ** 2)(1 + 2j),
    "grad of grad": lambda: grad(grad(lambda x: np.sin(x) * x**2))(1.5),
    "value_and_grad": lambda: value_and_grad(cubes)(V),
    "holomorphic_grad": lambda: holomorphic_grad(lambda z: z**3)(1 + 2j),
    "elementwise_grad": lambda: elementwise_grad(lambda x: np.tanh(x))(V),
    "elementwise_grad five times": lambda: elementwise_grad(
        elementwise_grad(elementwise_grad(elementwise_grad(elementwise_grad(np.tanh))))
    )(V),
    "deriv": lambda: deriv(lambda x: x**2)(V),
    "deriv of deriv": lambda: deriv(deriv(lambda x: np.sin(x)))(1.5),
    "deriv by the second": lambda: deriv(lambda a, x: a * x**2, 1)(2.0, 3.0),
    "jacobian": lambda: jacobian(lambda x: np.outer(x, x))(V),
    "jacobian of a scalar": lambda: jacobian(cubes)(V),
    "jacobian by a matrix": lambda: jacobian(lambda A: np.dot(A, V))(M.T),
    "hessian": lambda: hessian(lambda x: np.sum(x**3) * x[0])(V),
    "hessian of one element": lambda: hessian(lambda x: x[:1] ** 3)(V),
    "hessian of a vector": lambda: hessian(lambda x: x**3)(V),
    "make_vjp": lambda: make_vjp(lambda x, y: x * y, 1)(V, 3 * V)[0](V),
    "make_vjp by several": lambda: make_vjp(lambda x, y: x * y, (0, 1))(V, 3 * V)[0](V),
    "make_vjp with keywords": lambda: make_vjp(lambda x, y=1.0: x * y)(V, y=3.0)[1],
    "make_jvp": lambda: make_jvp(lambda x, y: x * y, 1)(V, 3 * V)(V),
    "make_jvp by several": lambda: make_jvp(lambda x, y: x * y, (0, 1))(V, 3 * V)((V, V)),
    "make_jvp_reversemode": lambda: make_jvp_reversemode(lambda x: x**3)(V)(V),
    "make_hvp": lambda: [make_hvp(cubes)(V)[0](V), make_hvp(cubes)(V)[1]],
    "make_ggnvp": lambda: make_ggnvp(lambda x: x**3)(V)(V),
    "make_ggnvp of another loss": lambda: make_ggnvp(lambda a, x: a * x**3, lambda y: np.sum(y**4), 1)(
        2.0, V
    )(V),
    "hessian_tensor_product": lambda: hessian_tensor_product(lambda A: np.sum(np.sin(A)))(M, M),
    "hessian_vector_product": lambda: hessian_vector_product(lambda a, x: a * cubes(x), 1)(2.0, V, V),
    "tensor_jacobian_product": lambda: tensor_jacobian_product(lambda x: np.outer(x, x))(V, np.eye(2)),
    "vector_jacobian_product of rows": lambda: vector_jacobian_product(lambda x: np.outer(x, x))(V, V),
    "vector_jacobian_product of a number": lambda: vector_jacobian_product(lambda x: x**2)(V, np.array(2.0)),
    "grad_and_aux": lambda: grad_and_aux(lambda x: (cubes(x), 0.5))(V)[0],
    "grad_named": lambda: grad_named(lambda x, y: x * y, "y")(2.0, 3.0),
    "checkpoint": lambda: grad(checkpoint(lambda x, y: np.sin(x) * np.sum(y)), (0, 1))(2.0, V),
    "checkpoint twice": lambda: grad(grad(checkpoint(lambda x: np.sin(x) ** 3)))(2.0),
    "grad of make_vjp": lambda: grad(lambda x: np.sum(make_vjp(lambda y: y**3)(x)[0](x)))(V),
    "grad of make_jvp": lambda: grad(lambda x: np.sum(make_jvp(lambda y: y**3)(x)(x)[1]))(V),
    "grad of hessian_vector_product": lambda: grad(lambda x: np.sum(hessian_vector_product(cubes)(x, x)))(V),
    "grad of tensor_jacobian_product": lambda: grad(
        lambda x: np.sum(tensor_jacobian_product(lambda y: y**3)(x, x))
    )(V),
    "grad of deriv": lambda: grad(lambda x: np.sum(deriv(lambda y: y**3)(x)))(V),
    "grad of jacobian": lambda: grad(lambda x: np.sum(jacobian(lambda y: y**3)(x)))(V),
    "grad of hessian": lambda: grad(lambda x: np.sum(hessian(lambda y: np.sum(y**4))(x)))(V),
    "grad of elementwise_grad": lambda: grad(lambda x: np.sum(elementwise_grad(lambda y: y**3)(x)))(V),
    "flatten": lambda: flatten([V, {"b": np.array(2.0), "a": (V, M)}])[0],
    "grad of flatten": lambda: grad(lambda p: np.sum(flatten(p)[0] ** 2))({"b": 2.0, "a": V})["a"],
    "flatten_func": lambda: flatten_func(
        lambda p: {"s": p["a"] * 2, "t": p["b"]}, {"a": V, "b": np.array(1.0)}
    )[0](np.array([1.0, 2.0, 3.0])),
    "sgd": lambda: descend(sgd, 0.1),
    "rmsprop": lambda: descend(rmsprop, 0.1),
    "adam": lambda: descend(adam, 0.01),
    "fixed_point": lambda: jacobian(root)(V),
    "fixed_point twice": lambda: hessian(lambda a: np.sum(root(a)))(V),
}


def numbers(value):
    """A nest of arrays as one list of real numbers."""
    if isinstance(value, (list, tuple)):
        return [number for item in value for number in numbers(item)]
    found = np.ravel(np.array(value))
    return np.concatenate([np.real(found), np.imag(found)]).tolist()


def main():
    return {name: numbers(call()) for name, call in CALLS.items()}
