"""Samples and edge points of every row, one module a family: SAMPLES and EDGES are gathered here."""

from __future__ import annotations

import importlib
import pkgutil
import warnings

import numpy as np

from tests.rules.sample import Edge, Sample


def is_known_to_numpy(call: Sample | Edge) -> bool:
    """Whether this NumPy takes the call: before 2.3 some calling forms did not exist, or failed."""
    try:
        with warnings.catch_warnings(action="error"), np.errstate(all="ignore"):
            call.function(*call.args, **call.kwargs)
    except (TypeError, ValueError, Warning):
        return False
    return True


SAMPLES: list[Sample] = []
EDGES: list[Edge] = []
for _module in sorted(info.name for info in pkgutil.iter_modules(__path__)):
    _family = importlib.import_module(f"{__name__}.{_module}")
    SAMPLES += _family.SAMPLES
    EDGES += _family.EDGES
if np.lib.NumpyVersion(np.__version__) < "2.3.0":
    SAMPLES = list(filter(is_known_to_numpy, SAMPLES))
    EDGES = list(filter(is_known_to_numpy, EDGES))
