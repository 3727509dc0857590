"""Samples and edge points of every row, one module a family: SAMPLES and EDGES are gathered here."""

from __future__ import annotations

import importlib
import pkgutil

from tests.rules.sample import Edge, Sample

SAMPLES: list[Sample] = []
EDGES: list[Edge] = []
for _module in sorted(info.name for info in pkgutil.iter_modules(__path__)):
    _family = importlib.import_module(f"{__name__}.{_module}")
    SAMPLES += _family.SAMPLES
    EDGES += _family.EDGES
