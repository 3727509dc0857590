"""State on disk: nested containers of Tensors, arrays and numbers, without pickle."""

from tapeless.saving.files import load, save

__all__ = ["load", "save"]
