"""Where samplers and splits get their random numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeless.graph.vocabulary.sampling import Generator, default_generator


def owned(generator: Any) -> Any:
    """A generator to go on drawing from; of a seed, one that starts there. TypeError for anything else."""
    if isinstance(generator, bool) or not isinstance(
        generator, Generator | np.random.Generator | int | np.integer | None
    ):
        raise TypeError(
            "generator should be a tapeless.Generator, a numpy.random.Generator, a seed or None, "
            f"but got {type(generator).__name__}"
        )
    return Generator().manual_seed(int(generator)) if isinstance(generator, int | np.integer) else generator


def source_of(generator: Any) -> np.random.Generator:
    """NumPy's generator within one of ours; None: that of `tl.manual_seed`."""
    made = owned(generator)
    if isinstance(made, np.random.Generator):
        return made
    return (default_generator() if made is None else made).numpy
