"""Makes loss_values.json by PyTorch, which the tests do not need.

python -m tests.nn.functional.make_loss_values
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import torch

from tests.nn.functional.loss_cases import cases, cotangent

warnings.simplefilter("ignore", UserWarning)  # of kl_div's mean
found = {"torch": torch.__version__}
for name, (loss, args, wrt, options) in cases():
    values = [torch.tensor(arg, requires_grad=place in wrt) for place, arg in enumerate(args)]
    options = {key: torch.tensor(o) if isinstance(o, np.ndarray) else o for key, o in options.items()}
    out = getattr(torch.nn.functional, loss)(*values, **options)
    out.backward(torch.tensor(cotangent(tuple(out.shape))))
    gradients = [[float(f"{v:.13g}") for v in values[place].grad.numpy().ravel()] for place in wrt]
    found[name] = {
        "value": [float(f"{v:.13g}") for v in out.detach().numpy().ravel()],
        "gradients": gradients,
    }
(Path(__file__).parent / "loss_values.json").write_text(json.dumps(found).replace("}, ", "},\n") + "\n")
