"""What programs ask before they choose a device: there are none but the processor."""

from __future__ import annotations


def is_available() -> bool:
    """False: `"cuda" if cuda.is_available() else "cpu"` is "cpu"."""
    return False


def device_count() -> int:
    """0."""
    return 0


def manual_seed_all(seed: int) -> None:
    """Nothing: there is no other generator than that of `manual_seed`. As in PyTorch without a GPU."""


manual_seed = manual_seed_all
