"""What the user calls the values that a tape records, as far as the text of the program says."""

from __future__ import annotations

import ast
import itertools
import keyword
import linecache
from collections.abc import Sequence

from tapeless.graph.entries import Entry, Line

OTHERWISE = "went another way when this was traced"
OPERATORS: dict[type[ast.AST], tuple[str, ...]] = {
    ast.Add: ("add",),
    ast.Sub: ("subtract",),
    ast.Mult: ("multiply",),
    ast.Div: ("divide", "true_divide"),
    ast.FloorDiv: ("floor_divide",),
    ast.Mod: ("remainder",),
    ast.Pow: ("power", "square"),
    ast.MatMult: ("matmul",),
    ast.USub: ("negative",),
}
METHODS: dict[str, str] = {
    "T": "transpose",
    "mT": "matrix_transpose",
    "abs": "absolute",
    "conj": "conjugate",
    "amax": "max",
}


def named_values(entries: Sequence[Entry]) -> dict[int, tuple[str, ...]]:
    """What the user calls a result, where the line that computed it says so: `h = np.tanh(x @ w)`.

    The last operation of a line is the one that is assigned, if it is the outermost of the expression; of a
    line that ran several times in a row, the last of each time.
    """
    found: dict[int, tuple[str, ...]] = {}
    texts = _Texts()
    for line, group in itertools.groupby(entries, lambda entry: entry.line):
        run = list(group)
        statement = None if line is None else texts.statement(line)
        if statement is None:
            continue
        each = _operations(statement)
        each = each if each and len(run) % each == 0 else len(run)
        for entry in run[each - 1 :: each]:
            names = () if entry.writes else _assigned(statement, entry.name)
            if len(names) == (len(entry.outputs) if entry.several else 1):
                found[entry.number] = names
    return found


class _Texts:
    """The simple statements of the files that lines come from."""

    def __init__(self) -> None:
        self.files: dict[str, dict[int, ast.stmt]] = {}

    def statement(self, line: Line) -> ast.stmt | None:
        if line.file not in self.files:
            self.files[line.file] = statements_of(line.file)
        return self.files[line.file].get(line.number)


def _operations(statement: ast.stmt) -> int:
    """How many operations a statement does, if each that is written is one."""
    kinds = (ast.BinOp, ast.UnaryOp, ast.Compare, ast.Subscript, ast.Call, ast.AugAssign)
    return sum([isinstance(node, kinds) for node in ast.walk(statement)])


def _assigned(statement: ast.stmt, function: str) -> tuple[str, ...]:
    """The names that a statement gives to what `function` computes."""
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
            names: tuple[str, ...] = (name,)
        case ast.Assign(targets=[ast.Tuple(elts=items)]) if all(isinstance(i, ast.Name) for i in items):
            names = tuple([item.id for item in items if isinstance(item, ast.Name)])
        case ast.AugAssign(target=ast.Name(id=name)):
            return (name,) if function in OPERATORS.get(type(statement.op), ()) else ()
        case _:
            return ()
    return names if statement.value is not None and function in _outermost(statement.value) else ()


def _outermost(value: ast.expr) -> tuple[str, ...]:
    """What the operation that an expression does last may be called."""
    match value:
        case ast.BinOp(op=kind) | ast.UnaryOp(op=kind):
            return OPERATORS.get(type(kind), ())
        case ast.Subscript():
            return ("getitem",)
        case ast.Call(func=ast.Attribute(attr=name)) | ast.Attribute(attr=name):
            return (METHODS.get(name, name),)
        case _:
            return ()


def statements_of(file: str) -> dict[int, ast.stmt]:
    """By line, the simple statement that stands there; nothing where there is no text that can be read."""
    try:
        tree = ast.parse("".join(linecache.getlines(file)))
    except (SyntaxError, ValueError, RecursionError):
        return {}
    found: dict[int, ast.stmt] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Expr | ast.Return):
            found.update(dict.fromkeys(range(node.lineno, (node.end_lineno or node.lineno) + 1), node))
    return found


def as_name(text: str) -> str:
    """A name of the user's as one that a program can hold."""
    clean = "".join(c if c.isalnum() or c == "_" else "_" for c in text)
    clean = clean if clean.isidentifier() else f"x_{clean}"
    return f"{clean}_" if keyword.iskeyword(clean) else clean
