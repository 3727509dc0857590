"""Makes layer_values.json by PyTorch, which the tests do not need.

python -m tests.nn.make_layer_values
"""

from __future__ import annotations

import importlib
import json
import warnings
from pathlib import Path
from typing import Any

from tests.nn.layer_cases import ELEMENTWISE, LAYERS, POINTS, plain, run


def main() -> None:
    torch = importlib.import_module("torch")
    warnings.simplefilter("ignore", UserWarning)
    found: dict[str, Any] = {"torch": torch.__version__}
    for name in LAYERS:
        found[name] = run(torch.nn, name, torch.tensor)
    for name in ELEMENTWISE:
        x = torch.tensor(POINTS, requires_grad=True)
        out = getattr(torch.nn.functional, name)(x)
        out.sum().backward()
        found[f"F.{name}"] = {"out": plain(out), "gradient": plain(x.grad)}
    text = json.dumps(found).replace("}, ", "},\n") + "\n"
    (Path(__file__).parent / "layer_values.json").write_text(text)


if __name__ == "__main__":
    main()
