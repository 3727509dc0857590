"""Random numbers, from NumPy's generators (which lock themselves)."""

from __future__ import annotations

import functools
import threading
from typing import Any

import numpy as np


class Generator:
    """A source of random numbers with a seed of its own: `Generator().manual_seed(0)`."""

    def __init__(self, device: Any = "cpu") -> None:
        self._lock = threading.Lock()
        self.manual_seed(int(np.random.SeedSequence().generate_state(1)[0]))

    def manual_seed(self, seed: int) -> Generator:
        """Start again from `seed`."""
        seed = int(seed)
        with self._lock:
            self._seed = seed
            self.numpy = np.random.default_rng(seed if seed >= 0 else seed + 2**64)
        return self

    def seed(self) -> int:
        """Start from a seed taken from the system; returns it."""
        seed = int(np.random.SeedSequence().generate_state(1)[0])
        self.manual_seed(seed)
        return seed

    def initial_seed(self) -> int:
        """The seed it was last started from."""
        return self._seed

    def get_state(self) -> Any:
        """What `set_state` takes to repeat what comes now."""
        with self._lock:
            return dict(self.numpy.bit_generator.state)

    def set_state(self, state: Any) -> Generator:
        """Go on from where `get_state` was called."""
        with self._lock:
            fresh = np.random.default_rng()
            fresh.bit_generator.state = state
            self.numpy = fresh
        return self


@functools.cache
def default_generator() -> Generator:
    """The generator of all functions that are given none; made when the first of them needs it."""
    return Generator()


def manual_seed(seed: int) -> Generator:
    """Seed the random numbers of all functions here that are given no generator of their own."""
    return default_generator().manual_seed(seed)


def seed() -> int:
    """Seed from the system; returns the seed."""
    return default_generator().seed()


def initial_seed() -> int:
    """The seed that the random numbers were last started from."""
    return default_generator().initial_seed()


def get_rng_state() -> Any:
    """What `set_rng_state` takes."""
    return default_generator().get_state()


def set_rng_state(state: Any) -> None:
    """Go on from where `get_rng_state` was called."""
    default_generator().set_state(state)


def numpy_generator(generator: Generator | None) -> np.random.Generator:
    return (default_generator() if generator is None else generator).numpy
