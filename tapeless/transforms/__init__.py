"""Derivatives of plain NumPy functions, as functions: `grad` and its family."""

from tapeless.rules.support import stop_gradient
from tapeless.transforms.checks import check_grads
from tapeless.transforms.function import function
from tapeless.transforms.gradients import elementwise_grad, grad, value_and_grad
from tapeless.transforms.jacobians import hessian, jacfwd, jacobian, jacrev
from tapeless.transforms.products import hvp, jvp, linearize, vjp

__all__ = [
    "check_grads",
    "elementwise_grad",
    "function",
    "grad",
    "hessian",
    "hvp",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jvp",
    "linearize",
    "stop_gradient",
    "value_and_grad",
    "vjp",
]
