"""What the type checker should know of astor."""

import ast
from collections.abc import Callable

def to_source(
    node: ast.AST,
    indent_with: str = ...,
    add_line_information: bool = ...,
    pretty_string: Callable[..., str] = ...,
    pretty_source: Callable[[list[str]], str] = ...,
) -> str: ...
