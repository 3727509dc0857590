"""Makes loss_values.json by PyTorch: python -m tests.nn.functional.make_loss_values

Needs torch (2.13 made the file that is stored); the tests do not.
"""

from __future__ import annotations

import importlib
import json
import warnings
from pathlib import Path

import numpy as np

from tests.nn.functional.loss_cases import cases, cotangent


def rounded(tensor):
    return [float(f"{value:.13g}") for value in tensor.numpy().ravel()]


def values(torch, case):
    """The loss, and the gradients for a wave as its cotangent."""
    name, args, wrt, options = case
    inputs = [torch.tensor(arg, requires_grad=place in wrt) for place, arg in enumerate(args)]
    options = {key: torch.tensor(o) if isinstance(o, np.ndarray) else o for key, o in options.items()}
    out = getattr(torch.nn.functional, name)(*inputs, **options)
    out.backward(torch.tensor(cotangent(tuple(out.shape))))
    return {"value": rounded(out.detach()), "gradients": [rounded(inputs[place].grad) for place in wrt]}


if __name__ == "__main__":
    torch = importlib.import_module("torch")
    warnings.simplefilter("ignore", UserWarning)  # of kl_div's mean
    found = {"torch": torch.__version__} | {name: values(torch, case) for name, case in cases()}
    lines = json.dumps(found).replace("}, ", "},\n")
    Path(__file__).with_name("loss_values.json").write_text(f"{lines}\n", encoding="utf-8")
