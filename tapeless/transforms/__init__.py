"""Derivatives of plain NumPy functions, as functions: `grad` and its family."""

from tapeless.rules.support import stop_gradient
from tapeless.transforms.checkpoint import checkpoint, checkpoint_loop
from tapeless.transforms.checks import check_grads
from tapeless.transforms.custom import custom_jvp, custom_vjp
from tapeless.transforms.function import function
from tapeless.transforms.grad_of import grad_of
from tapeless.transforms.gradients import elementwise_grad, grad, value_and_grad
from tapeless.transforms.jacobians import hessian, jacfwd, jacobian, jacrev
from tapeless.transforms.products import hvp, jvp, linearize, vjp
from tapeless.transforms.trace import trace

__all__ = [
    "check_grads",
    "checkpoint",
    "checkpoint_loop",
    "custom_jvp",
    "custom_vjp",
    "elementwise_grad",
    "function",
    "grad",
    "grad_of",
    "hessian",
    "hvp",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jvp",
    "linearize",
    "stop_gradient",
    "trace",
    "value_and_grad",
    "vjp",
]
