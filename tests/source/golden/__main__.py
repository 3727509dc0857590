"""Write the texts anew."""

from __future__ import annotations

from pathlib import Path

from tests.source.golden.programs import GOLDENS

for one in GOLDENS:
    (Path(__file__).parent / f"{one.name}.txt").write_text(one.text())
