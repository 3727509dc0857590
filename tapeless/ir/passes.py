"""Program to program, one verb each."""

from tapeless.ir.dead import drop_dead
from tapeless.ir.renaming import rename, renamed, uses
from tapeless.ir.share import share

__all__ = ["drop_dead", "rename", "renamed", "share", "uses"]
