"""Tensors as PyTorch prints them."""

from __future__ import annotations

from typing import Any

import numpy as np


def show(tensor: Any) -> str:
    """`tensor([2., 3.], requires_grad=True)`."""
    data = np.asarray(tensor._data)
    return f"tensor({np.array2string(data, separator=', ')})"
