"""Every error that tapeless raises on purpose; each docstring says what it means and what to do."""


class TapelessError(Exception):
    """Root of the library's own errors: `except tapeless.errors.TapelessError` catches them all."""


class MissingRuleError(TapelessError, NotImplementedError):
    """A function, or one of its arguments, has no derivative rule.

    Write one (see `tapeless.rules`), leave the argument out, or compute that part on detached values.
    """


class RuleError(TapelessError, TypeError):
    """A derivative rule is not written as rules must be; the message names the rule and the line."""


class LoweringError(TapelessError, SyntaxError):
    """A construct has no place in a straight-line program; a rule that holds one is called, not inlined."""


class MissingExtraError(TapelessError, ImportError):
    """An optional package is missing; the message names the extra that brings it."""


def missing_extra(package: str, extra: str, purpose: str) -> MissingExtraError:
    """The error to raise when the optional `package` cannot be imported."""
    return MissingExtraError(f"{purpose} needs {package}: install it with  pip install 'tapeless[{extra}]'")
