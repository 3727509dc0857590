"""What the type checker should know of astor."""

import ast

def to_source(node: ast.AST, indent_with: str = ...) -> str: ...
