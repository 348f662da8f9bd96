"""Python files of somebody else, read tolerantly."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator


def parsed(code: str) -> ast.Module | None:
    """None for what this Python cannot read: another version's syntax is no fault of the project."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about their escapes, of no use here
        try:
            return ast.parse(code)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def last_name(node: ast.AST | None) -> str:
    """`c` of `a.b.c`; '' for what is no name."""
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def strings(module: ast.Module) -> Iterator[str]:
    """Every string literal, also the literal parts of f-strings; not docstrings' words."""
    for node in ast.walk(module):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
