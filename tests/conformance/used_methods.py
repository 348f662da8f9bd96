"""Which methods of the Bot API the product's source calls."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.conformance.schema import Schema

ROOT = Path(__file__).parents[2]
PRODUCT = [
    *(ROOT / "handlers").rglob("*.py"),
    *(ROOT / "bot").glob("*.py"),
    *(ROOT / "bot" / "views").glob("*.py"),
]
_SHORTCUTS = {
    "edit_text": "editMessageText",
    "edit_caption": "editMessageCaption",
    "edit_reply_markup": "editMessageReplyMarkup",
    "reply": "sendMessage",
    "delete": "deleteMessage",
}
"""What aiogram's messages call by another name."""


def used_methods(schema: Schema) -> dict[str, str]:
    """Method to the place in the product where it is called."""
    return {method: where for path in PRODUCT for method, where in _used_in(path, schema)}


def _used_in(path: Path, schema: Schema) -> Iterator[tuple[str, str]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if (method := _named(node)) in schema.methods:
            yield method, f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"


def _named(node: ast.AST) -> str:
    """`bot.send_message(...)`, `message.edit_text(...)`, `SendMessage(...)` or the name itself in quotes."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.search("[a-z][A-Z]", node.value):
        return node.value
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id[:1].isupper():
        return node.func.id[0].lower() + node.func.id[1:]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return _called(node.func)
    return ""


def _called(attribute: ast.Attribute) -> str:
    of = ast.unparse(attribute.value)
    if attribute.attr == "answer":
        return "answerCallbackQuery" if of == "query" else "sendMessage"
    if attribute.attr in _SHORTCUTS and of == "message":
        return _SHORTCUTS[attribute.attr]
    first, *others = attribute.attr.split("_")
    return "".join([first, *(word.title() for word in others)]) if others else ""
