"""How each optimiser moves a parameter, on arrays: the one place where these formulas stand.

A formula's `update(p, g, slots, c, s, t, options, is_new)` writes the parameter `p` and what is kept for it,
`slots`, in place, and allocates nothing: `s` and `t` are scratch of the parameter's shape, `c` the formula's
`constants` as 0-d arrays of its dtype (a Python number would be converted in every operation).  All of them
are elementwise, so a large parameter is done piece by piece.  The gradient `g` is only read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy import add, copyto, divide, maximum, multiply, negative, sqrt, square, subtract

Array = np.ndarray
Options = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Formula:
    """`slots` names the arrays that are kept for a parameter, `start` says what they are filled with.

    `every` are all names that `slots` may give.
    `constants(options, step)` are Python numbers, in the order in which `update` takes them; the first step
    is number 1.  `counts`: whether the number of steps is kept for each parameter.
    """

    update: Callable[..., None]
    constants: Callable[[Options, int], tuple[float, ...]]
    slots: Callable[[Options], tuple[str, ...]]
    every: tuple[str, ...]
    start: Callable[[Options], float] = lambda options: 0.0
    counts: bool = True


def _sought(p: Array, g: Array, decay: Array, s: Array, t: Array, o: Options) -> Array:
    """The gradient of what is made small: turned round to maximise, and with that of decay / 2 |p|²."""
    if o["maximize"]:
        g = negative(g, t)
    if o["weight_decay"]:
        multiply(p, decay, s)
        g = add(g, s, t)
    return g


# SGD ------------------------------------------------------------------------------------------------------


def _sgd_constants(o: Options, step: int) -> tuple[float, ...]:
    return o["weight_decay"], o["momentum"], 1 - o["dampening"], o["lr"]


def _sgd(
    p: Array,
    g: Array,
    slots: tuple[Array, ...],
    c: tuple[Array, ...],
    s: Array,
    t: Array,
    o: Options,
    is_new: bool,
) -> None:
    decay, momentum, undamped, lr = c
    g = _sought(p, g, decay, s, t, o)
    if o["momentum"]:
        (buffer,) = slots
        if is_new:
            copyto(buffer, g)  # the first gradient is not damped
        else:
            multiply(buffer, momentum, buffer)
            add(buffer, multiply(g, undamped, s) if o["dampening"] else g, buffer)
        if o["nesterov"]:
            multiply(buffer, momentum, s)
            g = add(s, g, s)
        else:
            g = buffer
    multiply(g, lr, s)
    subtract(p, s, p)


def _sgd_slots(o: Options) -> tuple[str, ...]:
    return ("momentum_buffer",) if o["momentum"] else ()


SGD = Formula(_sgd, _sgd_constants, _sgd_slots, ("momentum_buffer",), counts=False)


# Adam -----------------------------------------------------------------------------------------------------


def _adam_constants(o: Options, step: int) -> tuple[float, ...]:
    lr, decay, (beta1, beta2) = o["lr"], o["weight_decay"], o["betas"]
    root = math.sqrt(1 - beta2**step)
    rate = lr * root / (1 - beta1**step)  # both corrections in one factor; eps is corrected instead
    kept = 1 - lr * decay if o["decoupled_weight_decay"] else decay
    return kept, 1 - beta1, beta2, 1 - beta2, o["eps"] * root, rate


def _adam(
    p: Array,
    g: Array,
    slots: tuple[Array, ...],
    c: tuple[Array, ...],
    s: Array,
    t: Array,
    o: Options,
    is_new: bool,
) -> None:
    decay, rest1, beta2, rest2, eps, rate = c
    mean, variance = slots[0], slots[1]
    if not o["decoupled_weight_decay"]:
        g = _sought(p, g, decay, s, t, o)
    else:
        if o["weight_decay"]:
            multiply(p, decay, p)
        if o["maximize"]:
            g = negative(g, t)
    subtract(g, mean, s)
    multiply(s, rest1, s)
    add(mean, s, mean)
    multiply(variance, beta2, variance)
    square(g, s)
    multiply(s, rest2, s)
    add(variance, s, variance)
    if o["amsgrad"]:
        variance = maximum(slots[2], variance, out=slots[2])
    sqrt(variance, s)
    add(s, eps, s)
    divide(mean, s, s)
    multiply(s, rate, s)
    subtract(p, s, p)


def _adam_slots(o: Options) -> tuple[str, ...]:
    return ("exp_avg", "exp_avg_sq", "max_exp_avg_sq") if o["amsgrad"] else ("exp_avg", "exp_avg_sq")


ADAM = Formula(_adam, _adam_constants, _adam_slots, ("exp_avg", "exp_avg_sq", "max_exp_avg_sq"))


# RMSprop --------------------------------------------------------------------------------------------------


def _rmsprop_constants(o: Options, step: int) -> tuple[float, ...]:
    return o["weight_decay"], o["alpha"], 1 - o["alpha"], o["eps"], o["momentum"], o["lr"]


def _rmsprop(
    p: Array,
    g: Array,
    slots: tuple[Array, ...],
    c: tuple[Array, ...],
    s: Array,
    t: Array,
    o: Options,
    is_new: bool,
) -> None:
    decay, alpha, rest, eps, momentum, lr = c
    variance = slots[0]
    g = _sought(p, g, decay, s, t, o)
    multiply(variance, alpha, variance)
    square(g, s)
    multiply(s, rest, s)
    add(variance, s, variance)
    if o["centered"]:
        mean = slots[-1]
        subtract(g, mean, s)
        multiply(s, rest, s)
        add(mean, s, mean)
        square(mean, s)
        subtract(variance, s, s)
        sqrt(s, s)
    else:
        sqrt(variance, s)
    add(s, eps, s)
    divide(g, s, s)
    if o["momentum"]:
        buffer = slots[1]
        multiply(buffer, momentum, buffer)
        s = add(buffer, s, buffer)
        multiply(s, lr, t)
        s = t
    else:
        multiply(s, lr, s)
    subtract(p, s, p)


_RMSPROP_SLOTS = {
    (False, False): ("square_avg",),
    (True, False): ("square_avg", "momentum_buffer"),
    (False, True): ("square_avg", "grad_avg"),
    (True, True): ("square_avg", "momentum_buffer", "grad_avg"),
}


def _rmsprop_slots(o: Options) -> tuple[str, ...]:
    return _RMSPROP_SLOTS[bool(o["momentum"]), bool(o["centered"])]


RMSPROP = Formula(_rmsprop, _rmsprop_constants, _rmsprop_slots, _RMSPROP_SLOTS[True, True])


# Adagrad --------------------------------------------------------------------------------------------------


def _adagrad_constants(o: Options, step: int) -> tuple[float, ...]:
    return o["weight_decay"], o["eps"], o["lr"] / (1 + (step - 1) * o["lr_decay"])


def _adagrad(
    p: Array,
    g: Array,
    slots: tuple[Array, ...],
    c: tuple[Array, ...],
    s: Array,
    t: Array,
    o: Options,
    is_new: bool,
) -> None:
    decay, eps, rate = c
    (total,) = slots
    g = _sought(p, g, decay, s, t, o)
    square(g, s)
    add(total, s, total)
    sqrt(total, s)
    add(s, eps, s)
    divide(g, s, s)
    multiply(s, rate, s)
    subtract(p, s, p)


ADAGRAD = Formula(
    _adagrad,
    _adagrad_constants,
    lambda options: ("sum",),
    ("sum",),
    lambda options: options["initial_accumulator_value"],
)


# Adadelta -------------------------------------------------------------------------------------------------


def _adadelta_constants(o: Options, step: int) -> tuple[float, ...]:
    return o["weight_decay"], o["rho"], 1 - o["rho"], o["eps"], o["lr"]


def _adadelta(
    p: Array,
    g: Array,
    slots: tuple[Array, ...],
    c: tuple[Array, ...],
    s: Array,
    t: Array,
    o: Options,
    is_new: bool,
) -> None:
    decay, rho, rest, eps, lr = c
    variance, moved = slots
    g = _sought(p, g, decay, s, t, o)
    multiply(variance, rho, variance)
    square(g, s)
    multiply(s, rest, s)
    add(variance, s, variance)
    add(moved, eps, s)
    sqrt(s, s)
    multiply(s, g, t)  # g may be t: from here on it is not read
    add(variance, eps, s)
    sqrt(s, s)
    divide(t, s, t)
    square(t, s)
    multiply(s, rest, s)
    multiply(moved, rho, moved)
    add(moved, s, moved)
    multiply(t, lr, t)
    subtract(p, t, p)


_ADADELTA_SLOTS = ("square_avg", "acc_delta")
ADADELTA = Formula(_adadelta, _adadelta_constants, lambda options: _ADADELTA_SLOTS, _ADADELTA_SLOTS)
