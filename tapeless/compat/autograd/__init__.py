"""HIPS autograd's modules, names and signatures, on tapeless: a program changes its imports.

    import tapeless.compat.autograd.numpy as np
    from tapeless.compat.autograd import grad

docs/from-autograd.md says what is different.
"""

# ruff: noqa: A004

from tapeless.compat.autograd.builtins import dict, isinstance, list, tuple, type
from tapeless.compat.autograd.differential_operators import (
    checkpoint,
    deriv,
    egrad,
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
    make_jvp_reversemode,
    make_vjp,
    multigrad,
    multigrad_dict,
    tensor_jacobian_product,
    value_and_grad,
    value_and_multigrad,
    vector_jacobian_product,
)
from tapeless.compat.autograd.extend import primitive

__all__ = [
    "checkpoint",
    "deriv",
    "dict",
    "egrad",
    "elementwise_grad",
    "grad",
    "grad_and_aux",
    "grad_named",
    "hessian",
    "hessian_tensor_product",
    "hessian_vector_product",
    "holomorphic_grad",
    "isinstance",
    "jacobian",
    "list",
    "make_ggnvp",
    "make_hvp",
    "make_jvp",
    "make_jvp_reversemode",
    "make_vjp",
    "multigrad",
    "multigrad_dict",
    "primitive",
    "tensor_jacobian_product",
    "tuple",
    "type",
    "value_and_grad",
    "value_and_multigrad",
    "vector_jacobian_product",
]
