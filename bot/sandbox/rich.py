"""Rich messages: the blocks of `sendRichMessage`, checked for shape."""

from typing import Any

from bot.sandbox.errors import ApiError, Json, bad_request
from bot.sandbox.words import words

# Fields of each block besides `type`; those that end with "!" must be there.
BLOCKS = {
    "paragraph": "text!",
    "heading": "text! size!",
    "pre": "text! language",
    "footer": "text!",
    "divider": "",
    "mathematical_expression": "expression!",
    "anchor": "name!",
    "list": "items!",
    "blockquote": "blocks! credit",
    "expandable_blockquote": "text! credit",
    "pullquote": "text! credit",
    "table": "cells! is_bordered is_striped caption is_compact",
    "details": "summary! blocks! is_open",
    "buttons": "buttons! align",
}
_TEXT_FIELDS = ("text", "summary", "caption", "credit")
_FORMS = ("html", "markdown", "blocks")
MESSAGE_FIELDS = {*_FORMS, "is_rtl", "skip_entity_detection"}
ITEM_FIELDS = {"blocks", "has_checkbox", "is_checked", "value", "type"}
BUTTON_FIELDS = words(
    "text style url callback_data web_app login_url switch_inline_query switch_inline_query_current_chat ",
    "switch_inline_query_chosen_chat copy_text disabled",
)
CELL_FIELDS = {"align", "valign", "text", "is_header", "colspan", "rowspan"}


def rich_message(given: Any) -> Json:
    """What a message shows of an `InputRichMessage`: its `blocks`; markup becomes one paragraph.

    Raises:
        ApiError: 400 unless exactly one of html, markdown and blocks is given and every block has its shape.
    """
    if not isinstance(given, dict):
        raise bad_request("object expected as rich message")
    if extra := sorted(set(given) - MESSAGE_FIELDS):
        raise _unparsed(f'field "{extra[0]}" is unknown or not served by the local Bot API')
    forms = [name for name in _FORMS if given.get(name)]
    if len(forms) != 1:
        raise _unparsed("exactly one of html, markdown and blocks must be specified")
    if forms == ["blocks"]:
        blocks = [_block(block) for block in _array(given["blocks"], "blocks")]
    else:
        blocks = [{"type": "paragraph", "text": given[forms[0]]}]
    return {"blocks": blocks} | ({"is_rtl": True} if given.get("is_rtl") else {})


def plain_text(node: Any) -> str:
    """All the words of a rich message or a part of it, one block or row per line."""
    if isinstance(node, str):
        return node
    if isinstance(node, list):
        blocks = node and isinstance(node[0], dict) and node[0].get("type") in BLOCKS
        return ("\n" if blocks else "").join(plain_text(part) for part in node)
    if not isinstance(node, dict):
        return ""
    if "cells" in node:
        rows = [" | ".join(plain_text(cell.get("text", "")) for cell in row) for row in node["cells"]]
        return "\n".join([*([plain_text(node["caption"])] if node.get("caption") else []), *rows])
    parts = [node.get("summary"), node.get("text"), *(node.get("items") or []), node.get("blocks")]
    return "\n".join(plain_text(part) for part in parts if part)


def _block(block: Any) -> Json:
    kind = block.get("type") if isinstance(block, dict) else None
    if kind not in BLOCKS:
        raise _unparsed(f'block type "{kind}" is unknown or not served by the local Bot API')
    fields = BLOCKS[kind].split()
    for field in fields:
        if field.endswith("!") and field[:-1] not in block:
            raise _unparsed(f'Can\'t find field "{field[:-1]}" of block {kind}')
    if extra := sorted(set(block) - {"type"} - {field.rstrip("!") for field in fields}):
        raise _unparsed(f'unknown field "{extra[0]}" of block {kind}')
    _check_parts(block)
    return dict(block)


def _check_parts(block: Json) -> None:
    for field in _TEXT_FIELDS:
        if field in block:
            _check_text(block[field])
    for inner in _array(block.get("blocks", []), "blocks"):
        _block(inner)
    for item in _array(block.get("items", []), "items"):
        _check_item(item)
    for button in _array(block.get("buttons", []), "buttons"):
        _check_button(button)
    for row in _array(block.get("cells", []), "cells"):
        for cell in _array(row, "cells"):
            _check_cell(cell)


def _check_item(item: Any) -> None:
    if not isinstance(item, dict) or set(item) - ITEM_FIELDS:
        raise _unparsed("wrong list item")
    for inner in _array(item.get("blocks"), "blocks"):
        _block(inner)


def _check_button(button: Any) -> None:
    if not isinstance(button, dict) or set(button) - BUTTON_FIELDS or "text" not in button:
        raise _unparsed("wrong button")


def _check_cell(cell: Any) -> None:
    if not isinstance(cell, dict) or set(cell) - CELL_FIELDS:
        raise _unparsed("wrong table cell")
    if cell.get("align") not in {"left", "center", "right"}:
        raise _unparsed('Field "align" of a table cell must be left, center or right')
    if cell.get("valign") not in {"top", "middle", "bottom"}:
        raise _unparsed('Field "valign" of a table cell must be top, middle or bottom')
    _check_text(cell.get("text", ""))


def _check_text(text: Any) -> None:
    if isinstance(text, str):
        return
    if isinstance(text, list):
        for part in text:
            _check_text(part)
    elif not isinstance(text, dict) or not isinstance(text.get("type"), str):
        raise _unparsed("RichText must be a String, an Array or an Object with a type")
    elif "text" in text:
        _check_text(text["text"])


def _array(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise _unparsed(f'Field "{name}" must be an Array')
    return value


def _unparsed(reason: str) -> ApiError:
    return bad_request(f"can't parse InputRichMessage: {reason}")
