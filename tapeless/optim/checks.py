"""What the options of each optimiser may be; the texts are PyTorch's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Options = Mapping[str, Any]


def at_least_zero(what: str, value: Any) -> None:
    """ValueError, "Invalid learning rate: -1", for a negative number; TypeError for what is no number."""
    if callable(value):
        raise TypeError(
            f"the {what} must be a number, not a function: a learning rate that changes is what "
            "optim.lr_scheduler is for"
        )
    if isinstance(value, str) or not hasattr(value, "__float__"):
        raise TypeError(f"the {what} must be a number, not {type(value).__name__}")
    if not value >= 0.0:
        raise ValueError(f"Invalid {what}: {value}")


def sgd(options: Options) -> None:
    """ValueError for a negative number, and for nesterov without momentum or with dampening."""
    at_least_zero("learning rate", options["lr"])
    at_least_zero("momentum value", options["momentum"])
    at_least_zero("weight_decay value", options["weight_decay"])
    if options["nesterov"] and (options["momentum"] <= 0 or options["dampening"] != 0):
        raise ValueError("Nesterov momentum requires a momentum and zero dampening")


def adam(options: Options) -> None:
    """ValueError for a negative number, and for betas outside [0, 1)."""
    at_least_zero("learning rate", options["lr"])
    at_least_zero("epsilon value", options["eps"])
    betas = options["betas"]
    if not isinstance(betas, Sequence) or len(betas) != 2:
        raise ValueError(f"betas must be a pair of decay rates, as (0.9, 0.999), not {betas}")
    for index, beta in enumerate(betas):
        if not 0.0 <= beta < 1.0:
            raise ValueError(f"Invalid beta parameter at index {index}: {beta}")
    at_least_zero("weight_decay value", options["weight_decay"])


def rmsprop(options: Options) -> None:
    """ValueError for a negative number."""
    at_least_zero("learning rate", options["lr"])
    for name in ("momentum", "weight_decay", "alpha"):
        at_least_zero(f"{name} value", options[name])
    at_least_zero("epsilon value", options["eps"])


def adagrad(options: Options) -> None:
    """ValueError for a negative number."""
    at_least_zero("learning rate", options["lr"])
    for name in ("lr_decay", "weight_decay", "initial_accumulator_value"):
        at_least_zero(f"{name} value", options[name])
    at_least_zero("epsilon value", options["eps"])


def adadelta(options: Options) -> None:
    """ValueError for a negative number, and for rho outside [0, 1]."""
    at_least_zero("learning rate", options["lr"])
    if not 0.0 <= options["rho"] <= 1.0:
        raise ValueError(f"Invalid rho value: {options['rho']}")
    at_least_zero("epsilon value", options["eps"])
    at_least_zero("weight_decay value", options["weight_decay"])


def lbfgs(options: Options) -> None:
    """ValueError for a negative learning rate or an unknown line search."""
    at_least_zero("learning rate", options["lr"])
    if options["line_search_fn"] not in (None, "strong_wolfe"):
        raise ValueError(f"line_search_fn must be None or 'strong_wolfe', not {options['line_search_fn']!r}")
