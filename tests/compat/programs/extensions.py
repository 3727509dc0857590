"""Functions with derivatives of their own, in HIPS autograd's words."""

import numpy as onp
import scipy.special
import tapeless.compat.autograd.numpy as np
from tapeless.compat.autograd import elementwise_grad, grad, hessian, jacobian, make_jvp
from tapeless.compat.autograd.extend import (
    def_linear,
    defjvp,
    defjvp_argnum,
    defjvp_argnums,
    defvjp,
    defvjp_argnum,
    defvjp_argnums,
    primitive,
)

from tests.compat.programs.operators import V, numbers


@primitive
def logsumexp(x):
    """Numerically stable log(sum(exp(x)))."""
    max_x = onp.max(x)
    return max_x + onp.log(onp.sum(onp.exp(x - max_x)))


defvjp(
    logsumexp,
    lambda ans, x: lambda g: np.full(np.shape(x), g) * np.exp(x - np.full(np.shape(x), ans)),
)


@primitive
def scaled(x, y, power=2, mode="a"):
    assert mode in "ab"
    return x**power * y


defvjp(
    scaled,
    lambda ans, x, y, power=2, mode="a": lambda g: g * power * x ** (power - 1) * y,
    lambda ans, x, y, **options: lambda g: g * x ** options.get("power", 2),
)
defjvp(
    scaled,
    lambda g, ans, x, y, power=2, mode="a": g * power * x ** (power - 1) * y,
    lambda g, ans, x, y, **options: g * x ** options.get("power", 2),
)


@primitive
def flat_in_first(x, y):
    return x * y


defvjp(flat_in_first, None, lambda ans, x, y: lambda g: g * x)


@primitive
def by_second(x, y):
    return x * y


defvjp(by_second, lambda ans, x, y: lambda g: g * x, argnums=(1,))


@primitive
def product(*args):
    return args[0] * args[1] * args[2]


defvjp_argnum(product, lambda argnum, ans, args, kwargs: lambda g: g * ans / args[argnum])
defjvp_argnum(product, lambda argnum, g, ans, args, kwargs: g * ans / args[argnum])


@primitive
def pair(x, y):
    return x * y


def pair_vjps(argnums, ans, args, kwargs):
    return lambda g: tuple([g * args[1 - k] for k in argnums])


defvjp_argnums(pair, pair_vjps)
defjvp_argnums(
    pair, lambda argnums, gs, ans, args, kwargs: sum([g * args[1 - k] for k, g in zip(argnums, gs)])
)


@primitive
def linear(x, y):
    return x * y


def_linear(linear)


@primitive
def same(x, scale):
    return x * scale


defjvp(same, "same", None)

erfcx = primitive(scipy.special.erfcx)
defvjp(erfcx, lambda ans, x: lambda g: g * (2 * x * ans - 2 / np.sqrt(np.pi)))


@primitive
def sum_and_product(both):
    return {"s": both[0] + both[1], "t": both[0] * both[1]}


defvjp(sum_and_product, lambda ans, both: lambda g: (g["s"] + g["t"] * both[1], g["s"] + g["t"] * both[0]))


CALLS = {
    "gradient": lambda: grad(logsumexp)(V),
    "in a function": lambda: grad(lambda x: logsumexp(np.sin(x)) ** 2)(V),
    "of a list": lambda: grad(lambda x: logsumexp(np.array([x, 2 * x])))(1.5),
    "hessian": lambda: hessian(lambda x: logsumexp(x * x))(V),
    "jacobian": lambda: jacobian(lambda x: logsumexp(x) * x)(V),
    "by the first": lambda: grad(scaled)(2.0, 3.0),
    "by the second": lambda: grad(scaled, 1)(2.0, 3.0),
    "with keywords": lambda: grad(scaled, (0, 1))(2.0, 3.0, power=3),
    "by keyword": lambda: grad(lambda x: scaled(x, x * x, power=3, mode="b"))(2.0),
    "of arrays": lambda: grad(lambda x: np.sum(scaled(x, x, mode="b")))(V),
    "second": lambda: grad(grad(lambda x: scaled(x, x, power=3)))(2.0),
    "second, mixed": lambda: grad(grad(scaled, 1), 0)(2.0, 3.0, power=3),
    "third": lambda: grad(grad(grad(lambda x: scaled(x, x, power=3))))(2.0),
    "forward": lambda: make_jvp(lambda x: scaled(x, x, power=3))(2.0)(1.0),
    "forward of reverse": lambda: make_jvp(grad(lambda x: scaled(x, x, power=3)))(2.0)(1.0),
    "zeros": lambda: grad(lambda x: flat_in_first(x, 3.0) + x)(2.0),
    "argnums": lambda: grad(by_second, 1)(2.0, 3.0),
    "argnum": lambda: grad(product, (0, 1, 2))(2.0, 3.0, 4.0),
    "argnum, with an int": lambda: grad(lambda x: product(x, x, 2))(3.0),
    "argnum, second": lambda: grad(grad(product), 1)(2.0, 3.0, 4.0),
    "argnum, forward": lambda: make_jvp(lambda x: product(x, x, 2.0))(3.0)(1.0),
    "all at once": lambda: grad(pair, (0, 1))(2.0, 3.0),
    "all at once, second": lambda: grad(grad(lambda x: pair(x, x)))(3.0),
    "all at once, forward": lambda: make_jvp(lambda x: pair(x, x))(3.0)(1.0),
    "linear, forward": lambda: make_jvp(lambda x: linear(x, x))(3.0)(1.0),
    "same": lambda: make_jvp(lambda x: same(x, 3.0) * x)(2.0)(1.0),
    "of SciPy": lambda: grad(lambda x: np.sum(erfcx(x) * x))(V),
    "of SciPy, elementwise": lambda: elementwise_grad(erfcx)(V),
    "of SciPy, second": lambda: grad(grad(erfcx))(0.3),
    "of containers": lambda: grad(lambda x: sum_and_product((x, x * x))["t"])(2.0),
}


def main():
    return {name: numbers(call()) for name, call in CALLS.items()}
