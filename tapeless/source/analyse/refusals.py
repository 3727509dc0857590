"""What the reverse transformation cannot do, with the statement that asks for it."""

from __future__ import annotations

from tapeless.errors import MissingRuleError
from tapeless.ir.program import Statement


class Refused(MissingRuleError):  # noqa: N818
    """A statement has no derivative that is known to be right; `what` it does, and the `remedy`."""

    def __init__(self, statement: Statement, what: str, remedy: str = "") -> None:
        super().__init__(f"{what}: {remedy}" if remedy else what)
        self.statement = statement
        self.what = what
        self.remedy = remedy
