"""What options may be; the texts are PyTorch's."""

from __future__ import annotations

from typing import Any


def at_least_zero(what: str, value: Any) -> None:
    """ValueError, "Invalid learning rate: -1", for a negative number; TypeError for what is no number."""
    if callable(value):
        raise TypeError(
            f"the {what} must be a number, not a function: a learning rate that changes is what "
            "optim.lr_scheduler is for"
        )
    if not value >= 0.0:
        raise ValueError(f"Invalid {what}: {value}")


def decay_rates(betas: Any) -> None:
    """ValueError for betas outside [0, 1)."""
    for index in (0, 1):
        if not 0.0 <= betas[index] < 1.0:
            raise ValueError(f"Invalid beta parameter at index {index}: {betas[index]}")
