"""Every error that tapeless raises on purpose; each docstring says what it means and what to do."""

from __future__ import annotations

from dataclasses import dataclass


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


@dataclass(frozen=True, slots=True)
class Location:
    """A place in the user's file: columns count characters from 1, `end_column` is behind the last one.

    `line` is 0 where there is no file, `column` 0 and `text` empty where the line cannot be shown.
    """

    filename: str
    line: int
    column: int
    end_column: int
    text: str
    function: str

    def __str__(self) -> str:
        if not self.line:
            return self.function
        return f"{self.filename}:{self.line}:{self.column}" if self.column else f"{self.filename}:{self.line}"


class TransformError(TapelessError, SyntaxError):
    """A function holds something that cannot be turned into its derivative's source.

    The message shows the file, line and column, the line itself with a caret below the construct, says what
    is not supported and why, and ends with what to write instead. Editors and tracebacks find the place in
    `filename`, `lineno` and `offset`, as with any SyntaxError; `where`, `what`, `why`, `rewrite` repeat it.

    Write what the message proposes, or run the function on the graph, which reads nothing: `mode="tape"`.  In
    the default mode that has been tried when this is raised, and a note says what stopped the graph.
    """

    where: Location | None = None
    what: str = ""
    why: str = ""
    rewrite: str = ""
    through: tuple[object, ...] = ()  # the functions that were being read, innermost first

    def __str__(self) -> str:
        if self.where is None:
            return super().__str__()
        advice = f"; {self.rewrite}" if self.rewrite else ""
        return f"{self.where}: {self.what}\n{_underlined(self.where)}{self.why}{advice}"


def transform_error(where: Location, what: str, why: str, rewrite: str) -> TransformError:
    """The refusal of what stands at `where`.

    `why` is a clause and `rewrite` tells what to do: "y is x since line 13", "use y = x.copy()".
    """
    message = f"{what}: {why}; {rewrite}" if rewrite else f"{what}: {why}"
    if where.column:
        place = (where.filename, where.line, where.column, where.text, where.line, where.end_column)
        error = TransformError(message, place)
    else:
        error = TransformError(message)
        error.filename = where.filename or None
        error.lineno = where.line or None
    error.where, error.what, error.why, error.rewrite = where, what, why, rewrite
    return error


LONGEST = 120  # what a message shows of a longer line: the part around the place


def _underlined(where: Location) -> str:
    """The line without its indentation, and carets below the place; tabs stay, so that both line up."""
    if not where.column:
        return ""
    text = where.text.rstrip()
    indent = len(text) - len(text.lstrip())
    start = where.column - 1
    first = indent if start < indent + LONGEST // 2 else start - LONGEST // 4
    shown = text[first : first + LONGEST]
    blank = "".join(character if character.isspace() else " " for character in text[first:start])
    carets = "^" * max(1, min(where.end_column - 1, first + len(shown)) - start)
    return f"    {shown}\n    {blank}{carets}\n"


class NotSpecialisedError(TapelessError, RuntimeError):
    """A derivative has no source yet: it is made for the types of the arguments it is first called with.

    Call it, or say what it is to be made for: `g.specialise(*args)`.
    """


class MissingExtraError(TapelessError, ImportError):
    """An optional package is missing; the message names the extra that brings it."""


def missing_extra(package: str, extra: str, purpose: str) -> MissingExtraError:
    """The error to raise when the optional `package` cannot be imported."""
    return MissingExtraError(f"{purpose} needs {package}: install it with  pip install 'tapeless[{extra}]'")


class SavedFileError(TapelessError, ValueError):
    """A file given to `load` is damaged, cut short, or of another kind; the message names it and says why.

    Load the copy that was saved before, or save again.  Pickles are refused, as reading one can run code.
    """


class DisagreementError(TapelessError, AssertionError):
    """Two roads to one gradient disagree, or a road and differences; the message names the entry.

    At a kink or a jump differences mean nothing: move the point.  Else it is a defect, ours or of a rule.
    """
