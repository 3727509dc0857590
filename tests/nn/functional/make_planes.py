"""Makes planes.json: what PyTorch gives for `plane_cases`.

    python -m tests.nn.functional.make_planes

Needs torch (2.13 made the file that is stored); the tests do not.
"""

from __future__ import annotations

import importlib
import json
from pathlib import Path

from tests.nn.functional.plane_cases import CASES, WITH_INDICES, arrays_of, wave


def result(torch, case):
    """The result, its indices where there are some, and the gradients for a wave as its cotangent."""
    name, _, keywords = case
    leaves = [torch.tensor(a, requires_grad=True) for a in arrays_of(case)]
    out = getattr(torch.nn.functional, name)(*leaves, **keywords)
    out.backward(torch.tensor(wave(tuple(out.shape), 0.5)))
    found = {"out": out.tolist(), "gradients": [leaf.grad.tolist() for leaf in leaves]}
    if name in WITH_INDICES:
        pooled = getattr(torch.nn.functional, name)(*leaves, **keywords, return_indices=True)
        found["indices"] = pooled[1].tolist()
    return found


def rounded(value):
    """Twelve digits are enough, and keep the file small."""
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return value if isinstance(value, int) else float(f"{value:.12g}")


if __name__ == "__main__":
    torch = importlib.import_module("torch")
    found = [{key: rounded(value) for key, value in result(torch, case).items()} for case in CASES]
    lines = ",\n".join(json.dumps(one, separators=(",", ":")) for one in found)
    Path(__file__).with_name("planes.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")
