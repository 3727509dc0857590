"""Anomaly mode: where a nan in a gradient, or an error in backward, came from."""

from __future__ import annotations

import warnings

from tapeless.graph import modes
from tapeless.graph.modes import Mode, ModeContext, current

SLOW = (
    "Anomaly Detection has been enabled. This mode will increase the runtime and should only be enabled for "
    "debugging."
)


class detect_anomaly(ModeContext):  # noqa: N801  (PyTorch's name)
    """Inside, operations note where they were called, and backward raises RuntimeError at the first nan.

    The error names the function; a warning shows the traceback of the call that it came from.
    """

    def __init__(self, check_nan: bool = True) -> None:
        super().__init__(anomaly=True, check_nan=check_nan)
        warnings.warn(SLOW, UserWarning, stacklevel=2)

    def _fresh(self) -> ModeContext:
        return ModeContext(**self._fields)


class set_detect_anomaly(ModeContext):  # noqa: N801
    """Anomaly mode on or off: at once as a statement, undone at the end of a `with` block."""

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        super().__init__(anomaly=mode, check_nan=check_nan)
        self._outer: Mode = modes.change(anomaly=mode, check_nan=check_nan)

    def __enter__(self) -> None:
        self._before.append(self._outer)

    def _fresh(self) -> ModeContext:
        return ModeContext(**self._fields)


def is_anomaly_enabled() -> bool:
    """Whether anomaly mode is on in this thread."""
    return current().anomaly


def is_anomaly_check_nan_enabled() -> bool:
    """Whether anomaly mode, where it is on, looks for nan."""
    return current().check_nan
