"""Devices, of which there is one: the processor."""

from __future__ import annotations

from typing import Any

KINDS = ("cpu", "cuda", "mps", "meta", "xpu")


class device:  # noqa: N801, as PyTorch writes it
    """The name of a device, to hand to `to` or to `device=`; tensors exist on "cpu" only.

    RuntimeError if there is no such kind of device. As `torch.device`, but that it equals its name.

    >>> device("cpu")
    device(type='cpu')
    >>> device("cuda:1").index
    1
    >>> device("cpu") == "cpu"
    True
    """

    __slots__ = ("index", "type")

    def __init__(self, type: Any, index: int | None = None) -> None:
        kind, _, number = str(type).partition(":")
        if kind not in KINDS or (number and not number.isdigit()):
            raise RuntimeError(f"there is no device {str(type)!r}; devices are one of {', '.join(KINDS)}")
        self.type = kind
        self.index = int(number) if number else index

    def __eq__(self, other: object) -> bool:
        return str(self) == str(other) if isinstance(other, device | str) else NotImplemented

    def __hash__(self) -> int:
        return hash(str(self))

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __repr__(self) -> str:
        number = "" if self.index is None else f", index={self.index}"
        return f"device(type={self.type!r}{number})"


CPU = device("cpu")
