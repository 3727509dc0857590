"""HIPS autograd's derivatives: curried, and by one argument unless `argnum` is a tuple or list of them.

`grad`, `value_and_grad`, `elementwise_grad` and `jacobian` are tapeless's own; others are made of its parts.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tapeless import _tree
from tapeless.transforms import elementwise_grad, grad, jacobian, value_and_grad
from tapeless.transforms.checkpoint import checkpoint
from tapeless.transforms.gradients import Gradient
from tapeless.transforms.pairs import Pair
from tapeless.transforms.products import Linearization, Tangent

Function = Callable[..., Any]
Argnum = int | Sequence[int]

egrad = elementwise_grad


def _wrt(argnum: Argnum) -> Any:
    """Which arguments, as tapeless says it."""
    return tuple(argnum) if isinstance(argnum, list | tuple) else argnum


def _several(argnum: Argnum, value: Any) -> tuple[Any, ...]:
    """A value for each of the arguments."""
    return tuple(value) if isinstance(argnum, list | tuple) else (value,)


def _one(argnum: Argnum, values: tuple[Any, ...]) -> Any:
    """The value for the argument, or the tuple of them."""
    return values if isinstance(argnum, list | tuple) else values[0]


# Products with the Jacobian -------------------------------------------------------------------------------


def make_vjp(fun: Function, argnum: Argnum = 0) -> Function:
    """`make_vjp(fun)(*args)` gives (vjp, value): `vjp(g)` is the gradient of <g, value>.

    >>> import numpy as np
    >>> vjp, value = make_vjp(np.sin)(0.0)
    >>> float(vjp(3.0)), float(value)
    (3.0, 0.0)
    """
    pair = Pair(fun, _wrt(argnum))

    def vjp_maker(*args: Any, **kwargs: Any) -> tuple[Function, Any]:
        out, pullback = pair(*args, **kwargs)

        def vjp(g: Any) -> Any:
            return _one(argnum, pullback(g))

        return vjp, out

    return vjp_maker


def make_jvp(fun: Function, argnum: Argnum = 0) -> Function:
    """`make_jvp(fun)(*args)(v)` gives (value, tangent): the derivative of fun along v.

    >>> import numpy as np
    >>> value, tangent = make_jvp(np.sin)(0.0)(2.0)
    >>> float(value), float(tangent)
    (0.0, 2.0)
    """
    pushed = Tangent(fun, _wrt(argnum))

    def jvp_maker(*args: Any, **kwargs: Any) -> Function:
        def jvp(v: Any) -> tuple[Any, Any]:
            out, tangent = pushed(args, _several(argnum, v), **kwargs)
            return out, tangent

        return jvp

    return jvp_maker


def make_jvp_reversemode(fun: Function, argnum: Argnum = 0) -> Function:
    """`make_jvp_reversemode(fun)(*args)(v)` is the derivative of fun along v, without the value."""
    maker = make_jvp(fun, argnum)

    def jvp_maker(*args: Any, **kwargs: Any) -> Function:
        jvp = maker(*args, **kwargs)
        return lambda v: jvp(v)[1]

    return jvp_maker


def deriv(fun: Function, argnum: int = 0) -> Function:
    """The derivative of a function of one number, or of each element alone, by forward mode.

    >>> import numpy as np
    >>> float(deriv(np.sin)(0.0))
    1.0
    """
    pushed = Tangent(fun, argnum)

    def derivative(*args: Any, **kwargs: Any) -> Any:
        ones = _tree.map(np.ones_like, args[argnum])
        return pushed(args, (_tree.map(lambda one: one[()], ones),), **kwargs)[1]

    return derivative


def tensor_jacobian_product(fun: Function, argnum: int = 0) -> Function:
    """`tensor_jacobian_product(fun)(*args, tensor)` is the tensor times the Jacobian, from the left.

    All axes of the tensor are summed with the first of fun's result.

    >>> import numpy as np
    >>> vector_jacobian_product(lambda x: x**2)(np.array([1.0, 2.0]), np.array([1.0, 10.0]))
    array([ 2., 40.])
    """
    pair = Pair(fun, argnum)

    def product(*args: Any, **kwargs: Any) -> Any:
        *inputs, tensor = args
        out, pullback = pair(*inputs, **kwargs)
        rank = np.ndim(tensor)
        if rank == np.ndim(out):
            return pullback(tensor)[0]
        rest = np.shape(out)[rank:]
        rows = [pullback(np.multiply.outer(tensor, unit))[0] for unit in _units(rest)]
        return np.reshape(np.stack(rows), (*rest, *np.shape(args[argnum])))

    return product


def _units(shape: tuple[int, ...]) -> list[np.ndarray]:
    size = int(np.prod(shape))
    return [row.reshape(shape) for row in np.eye(size)]


vector_jacobian_product = tensor_jacobian_product


# Second derivatives ---------------------------------------------------------------------------------------


def hessian(fun: Function, argnum: Argnum = 0) -> Any:
    """The Jacobian of the Jacobian: for a function with a scalar result its Hessian.

    >>> import numpy as np
    >>> hessian(lambda x: np.sum(x**3))(np.array([1.0, 2.0]))
    array([[ 6.,  0.],
           [ 0., 12.]])
    """
    return jacobian(jacobian(fun, _wrt(argnum)), _wrt(argnum))


def hessian_tensor_product(fun: Function, argnum: int = 0) -> Function:
    """`hessian_tensor_product(fun)(*args, tensor)` is the Hessian times a tensor of the argument's shape.

    >>> import numpy as np
    >>> hessian_vector_product(lambda x: np.sum(x**3))(np.array([1.0, 2.0]), np.array([1.0, 10.0]))
    array([  6., 120.])
    """
    pushed = Tangent(Gradient(fun, argnum), argnum)

    def product(*args: Any, **kwargs: Any) -> Any:
        return pushed(args[:-1], (args[-1],), **kwargs)[1]

    return product


hessian_vector_product = hessian_tensor_product


def make_hvp(fun: Function, argnum: Argnum = 0) -> Function:
    """`make_hvp(fun)(*args)` gives (hvp, gradient): `hvp(v)` is the Hessian times v, all of it at that point.

    >>> import numpy as np
    >>> hvp, gradient = make_hvp(lambda x: np.sum(x**3))(np.array([1.0, 2.0]))
    >>> hvp(np.array([1.0, 10.0])), gradient
    (array([  6., 120.]), array([ 3., 12.]))
    """

    def hvp_maker(*args: Any, **kwargs: Any) -> tuple[Function, Any]:
        bound = functools.partial(fun, **kwargs) if kwargs else fun
        gradient, linear = Linearization(Gradient(bound, _wrt(argnum)), _wrt(argnum))(*args)
        return (lambda v: linear(*_several(argnum, v))), gradient

    return hvp_maker


def _half_of_squares(x: Any) -> Any:
    return 0.5 * np.sum(x**2)


def make_ggnvp(f: Function, g: Function = _half_of_squares, f_argnum: int = 0) -> Function:
    """`make_ggnvp(f, g)(*args)(v)`: the generalised Gauss-Newton matrix J' H J of g(f(...)) times v.

    J is the Jacobian of f, H the Hessian of g; without g it is J' J.

    >>> import numpy as np
    >>> make_ggnvp(lambda x: x**3)(np.array([1.0, 2.0]))(np.array([1.0, 2.0]))
    array([  9., 288.])
    """
    pair, of_outer = Pair(f, f_argnum), Gradient(g, 0)

    def ggnvp_maker(*args: Any, **kwargs: Any) -> Function:
        bound = functools.partial(f, **kwargs) if kwargs else f
        out, pullback = pair(*args, **kwargs)
        _, push = Linearization(bound, f_argnum)(*args)
        _, curve = Linearization(of_outer, 0)(out)
        return lambda v: pullback(curve(push(v)))[0]

    return ggnvp_maker


# Other gradients ------------------------------------------------------------------------------------------


def grad_and_aux(fun: Function, argnum: Argnum = 0) -> Any:
    """The gradient of the first of two results, and the second as it is.

    >>> gradient, aux = grad_and_aux(lambda x: (x * x, "aux"))(3.0)
    >>> gradient, aux
    (6.0, 'aux')
    """
    return grad(fun, _wrt(argnum), has_aux=True)


def grad_named(fun: Function, argname: str) -> Any:
    """The gradient by the parameter of this name."""
    return grad(fun, argname)


def holomorphic_grad(fun: Function, argnum: Argnum = 0) -> Any:
    """The complex derivative of a holomorphic function.

    >>> holomorphic_grad(lambda z: z**2)(1.0 + 2.0j)
    (2+4j)
    """
    return grad(fun, _wrt(argnum), holomorphic=True)


def multigrad(fun: Function, argnums: Sequence[int] = (0,)) -> Any:
    """The tuple of gradients by several arguments."""
    return grad(fun, tuple(argnums))


def value_and_multigrad(fun: Function, argnums: Sequence[int] = (0,)) -> Any:
    """The value, and the tuple of gradients by several arguments."""
    return value_and_grad(fun, tuple(argnums))


def multigrad_dict(fun: Function) -> Function:
    """The gradients by all parameters, as a dict of them by name; those that have defaults too.

    `*args` have a tuple of gradients, `**kwargs` a dict.

    >>> multigrad_dict(lambda x, y=3.0: x * x * y)(2.0) == {"x": 12.0, "y": 4.0}
    True
    """
    signature = inspect.signature(fun)
    kinds = {name: one.kind for name, one in signature.parameters.items()}

    def gradients(*args: Any, **kwargs: Any) -> dict[str, Any]:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return grad(functools.partial(_called, fun, kinds))(dict(bound.arguments))

    return gradients


def _called(fun: Function, kinds: dict[str, Any], arguments: dict[str, Any]) -> Any:
    parameter = inspect.Parameter
    given: list[Any] = []
    named: dict[str, Any] = {}
    for name, value in arguments.items():
        if kinds[name] is parameter.VAR_POSITIONAL:
            given.extend(value)
        elif kinds[name] is parameter.VAR_KEYWORD:
            named.update(value)
        elif kinds[name] is parameter.KEYWORD_ONLY:
            named[name] = value
        else:
            given.append(value)
    return fun(*given, **named)


__all__ = [
    "checkpoint",
    "deriv",
    "egrad",
    "elementwise_grad",
    "grad",
    "grad_and_aux",
    "grad_named",
    "hessian",
    "hessian_tensor_product",
    "hessian_vector_product",
    "holomorphic_grad",
    "jacobian",
    "make_ggnvp",
    "make_hvp",
    "make_jvp",
    "make_jvp_reversemode",
    "make_vjp",
    "multigrad",
    "multigrad_dict",
    "tensor_jacobian_product",
    "value_and_grad",
    "value_and_multigrad",
    "vector_jacobian_product",
]
