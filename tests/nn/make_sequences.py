"""Makes sequences.json: what PyTorch gives for `sequence_cases`.

    python -m tests.nn.make_sequences

Needs torch (2.13 made the file that is stored); the tests do not.
"""

from __future__ import annotations

import importlib
import json
from pathlib import Path

from tests.nn.sequence_cases import CASES, arrays_of, cotangents, first_values, flat


def result(torch, case):
    """The results, and the gradients of inputs and parameters for waves as cotangents."""
    layer = getattr(torch.nn, case.name)(*case.args, **case.options).double()
    values = first_values({name: tuple(p.shape) for name, p in layer.named_parameters()})
    layer.load_state_dict({name: torch.tensor(value) for name, value in values.items()})
    inputs = [
        tuple(torch.tensor(one, requires_grad=True) for one in array)
        if isinstance(array, tuple)
        else torch.tensor(array, requires_grad=True)
        for array in arrays_of(case)
    ]
    masks = {name: torch.tensor(mask) for name, mask in case.masks.items()}
    outs = flat(layer(*inputs, **masks, **case.keywords))
    leaves = [*flat(inputs), *layer.parameters()]
    weights = [torch.tensor(w) for w in cotangents([tuple(out.shape) for out in outs])]
    gradients = torch.autograd.grad(outs, leaves, weights, allow_unused=True)
    return {
        "names": list(values),
        "outs": [rounded(out.tolist()) for out in outs],
        "gradients": [None if g is None else rounded(g.tolist()) for g in gradients],
    }


def rounded(value):
    """Twelve digits are enough, and keep the file small."""
    return [rounded(item) for item in value] if isinstance(value, list) else float(f"{value:.12g}")


if __name__ == "__main__":
    torch = importlib.import_module("torch")
    lines = ",\n".join(json.dumps(result(torch, case), separators=(",", ":")) for case in CASES)
    Path(__file__).with_name("sequences.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")
