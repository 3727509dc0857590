"""`r_[...]` and `c_[...]`, which join what stands in the brackets: Arrays too."""

from __future__ import annotations

from typing import Any

import numpy as np

from tapeless.graph.variable import Variable
from tapeless.numpy.creation import variable_in, with_arrays
from tapeless.numpy.names import stands_for


class _Joined:
    """NumPy's object of this kind, and what it would do for Arrays."""

    def __init__(self, original: Any, as_columns: bool) -> None:
        self._original = original
        self._as_columns = as_columns
        self.__doc__ = original.__doc__

    def __getitem__(self, key: Any) -> Any:
        parts = key if type(key) is tuple else (key,)
        like = variable_in(parts)
        if like is None:
            return self._original[key]
        if isinstance(parts[0], str):
            raise TypeError(
                f"np.r_[{parts[0]!r}, ...] of Arrays is not supported: write np.stack or np.concatenate"
            )
        return np.concatenate([self._part(one) for one in parts], axis=-1 if self._as_columns else 0)

    def _part(self, value: Any) -> Any:
        part: Any = np.r_[value] if isinstance(value, slice) else with_arrays(value)
        part = part if isinstance(part, Variable) else np.asarray(part)
        rank = len(part.shape)  # type: ignore[attr-defined]
        if rank == 0:
            return np.reshape(part, (1, 1) if self._as_columns else (1,))
        return np.reshape(part, (-1, 1)) if self._as_columns and rank == 1 else part

    def __len__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return repr(self._original)


r_ = stands_for(np.r_)(_Joined(np.r_, False))
c_ = stands_for(np.c_)(_Joined(np.c_, True))
