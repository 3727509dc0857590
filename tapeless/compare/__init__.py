"""The roads to a derivative side by side: values, differences, time and memory."""

from tapeless.compare.comparing import compare

__all__ = ["compare"]
