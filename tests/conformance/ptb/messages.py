"""Scenarios of suite.json about messages: texts, keyboards, edits, files."""

from telegram import (
    CopyTextButton,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    Message,
    MessageEntity,
    ReplyParameters,
)

from tests.conformance.ptb.stage import ANN, CONFIRM, Scenario, Stage, refused, refused_with
from tests.conformance.world import PNG

ROCKET = "\N{ROCKET}"
DISABLED = InlineKeyboardButton("Used", api_kwargs={"disabled": {}})  # newer than the client


async def formatted(stage: Stage) -> None:
    case = stage.example
    sent = await stage.bot.send_message(ANN, case["given"], parse_mode=case["mode"])
    assert sent.text == case["text"]
    assert [entity.to_dict() for entity in sent.entities] == case["entities"]


async def unparsable(stage: Stage) -> None:
    mode, given, reason = stage.example
    with refused_with(400, f"Bad Request: can't parse entities: {reason}"):
        await stage.bot.send_message(ANN, given, parse_mode=mode)


async def entities(stage: Stage) -> None:
    text = f"{ROCKET} done, see https://opsgate.example/a"
    sent = await stage.bot.send_message(ANN, text, entities=[MessageEntity("bold", 3, 4)])
    assert list(sent.parse_entities().values()) == ["done", "https://opsgate.example/a"]
    assert [(found.type, found.offset, found.length) for found in sent.entities] == [
        ("bold", 3, 4),
        ("url", 13, 25),
    ]


async def text_limits(stage: Stage) -> None:
    for name, text in (("no-text", ""), ("blank-text", " \n "), ("long-text", "x" * 4097)):
        with refused(name):
            await stage.bot.send_message(ANN, text)
    assert (await stage.bot.send_message(ANN, ROCKET * 2048)).text == ROCKET * 2048


async def reply(stage: Stage) -> None:
    command = await stage.sim.say(stage.ann, "/status")
    sent = await stage.bot.send_message(ANN, "ok", reply_parameters=ReplyParameters(command.message_id))
    assert sent.reply_to_message is not None
    assert sent.reply_to_message.text == "/status"
    assert (await stage.sim.wait_for(stage.ann, "ok")).reply_to == command.message_id


async def reply_to_nothing(stage: Stage) -> None:
    with refused("no-reply"):
        await stage.bot.send_message(ANN, "ok", reply_parameters=ReplyParameters(999))
    without = ReplyParameters(999, allow_sending_without_reply=True)
    assert (await stage.bot.send_message(ANN, "ok", reply_parameters=without)).reply_to_message is None


async def silent_and_protected(stage: Stage) -> None:
    sent = await stage.bot.send_message(ANN, "psst", disable_notification=True, protect_content=True)
    assert sent.has_protected_content
    assert (await stage.sim.wait_for(stage.ann, "psst")).silent


async def buttons(stage: Stage) -> None:
    rows = [
        [
            InlineKeyboardButton("Confirm", callback_data="go", style="danger"),
            InlineKeyboardButton("Site", url="https://opsgate.example/"),
        ],
        [InlineKeyboardButton("Copy", copy_text=CopyTextButton("abc")), DISABLED],
    ]
    sent = await stage.bot.send_message(ANN, "plan", reply_markup=InlineKeyboardMarkup(rows))
    assert sent.reply_markup is not None
    given = [[button.to_dict() for button in row] for row in rows]
    assert [[button.to_dict() for button in row] for row in sent.reply_markup.inline_keyboard] == given
    assert (await stage.sim.wait_for(stage.ann, "plan")).buttons == given[0] + given[1]


async def callback_data(stage: Stage) -> None:
    def keyboard(data: str) -> InlineKeyboardMarkup:
        return InlineKeyboardMarkup([[InlineKeyboardButton("Confirm", callback_data=data)]])

    sent = await stage.bot.send_message(ANN, "plan", reply_markup=keyboard("я" * 32))
    assert sent.reply_markup is not None
    assert sent.reply_markup.inline_keyboard[0][0].callback_data == "я" * 32
    with refused("long-data"):
        await stage.bot.send_message(ANN, "plan", reply_markup=keyboard("я" * 32 + "x"))


async def buttons_refused(stage: Stage) -> None:
    for name, button in (
        ("no-action", InlineKeyboardButton("a")),
        ("bad-link", InlineKeyboardButton("a", url="nowhere")),
    ):
        with refused(name):
            await stage.bot.send_message(ANN, "x", reply_markup=InlineKeyboardMarkup([[button]]))


async def edit_text(stage: Stage) -> None:
    sent = await stage.bot.send_message(ANN, "plan", reply_markup=CONFIRM)
    edited = await stage.bot.edit_message_text("running", ANN, sent.message_id)
    assert isinstance(edited, Message)
    assert (edited.text, edited.reply_markup) == ("running", None)
    assert edited.edit_date is not None
    shown = await stage.sim.wait_for(stage.ann, "running")
    assert (shown.message_id, shown.labels) == (sent.message_id, [])
    assert [look["text"] for look in shown.history] == ["plan", "running"]


async def not_modified(stage: Stage) -> None:
    sent = await stage.bot.send_message(ANN, "plan", reply_markup=CONFIRM)
    with refused("not-modified"):
        await stage.bot.edit_message_text(" plan ", ANN, sent.message_id, reply_markup=CONFIRM)
    with refused("not-modified"):
        await stage.bot.edit_message_reply_markup(ANN, sent.message_id, reply_markup=CONFIRM)


async def edit_keyboard(stage: Stage) -> None:
    sent = await stage.bot.send_message(ANN, "plan", reply_markup=CONFIRM)
    used = InlineKeyboardMarkup([[DISABLED]])
    edited = await stage.bot.edit_message_reply_markup(ANN, sent.message_id, reply_markup=used)
    assert isinstance(edited, Message)
    assert edited.reply_markup is not None
    assert (edited.text, edited.reply_markup.to_dict()) == ("plan", used.to_dict())
    bare = await stage.bot.edit_message_reply_markup(ANN, sent.message_id)
    assert isinstance(bare, Message)
    assert bare.reply_markup is None


async def edit_refused(stage: Stage) -> None:
    theirs = await stage.sim.say(stage.ann, "hello")
    ours = await stage.bot.send_message(ANN, "plan")
    await stage.bot.delete_message(ANN, ours.message_id)
    for name, message_id in (("nothing-to-edit", ours.message_id), ("not-editable", theirs.message_id)):
        with refused(name):
            await stage.bot.edit_message_text("x", ANN, message_id)


async def delete(stage: Stage) -> None:
    ids = [(await stage.bot.send_message(ANN, text)).message_id for text in ("one", "two", "three")]
    assert await stage.bot.delete_message(ANN, ids[0])
    with refused("nothing-to-delete"):
        await stage.bot.delete_message(ANN, ids[0])
    assert await stage.bot.delete_messages(ANN, ids)
    messages = await stage.sim.ask("messages", chat_id=ANN)
    assert [message["deleted"] for message in messages if message["by_bot"]] == [True, True, True]


async def document(stage: Stage) -> None:
    content = bytes(range(256)) * 100
    sent = await stage.bot.send_document(ANN, content, filename="log.txt.gz", caption="the log")
    assert sent.document is not None
    assert (sent.document.file_name, sent.document.file_size) == ("log.txt.gz", len(content))
    assert bytes(await (await sent.document.get_file()).download_as_bytearray()) == content
    shown = await stage.sim.wait_for(stage.ann, "the log", document=True)
    assert await stage.sim.file(shown) == content


async def document_again(stage: Stage) -> None:
    sent = await stage.bot.send_document(ANN, b"x", filename="log.txt")
    assert sent.document is not None
    again = await stage.bot.send_document(ANN, sent.document.file_id)
    assert again.document == sent.document
    assert again.message_id != sent.message_id


async def photo(stage: Stage) -> None:
    sent = await stage.bot.send_photo(ANN, PNG, caption="load")
    assert (sent.photo[-1].width, sent.photo[-1].height) == (640, 480)
    edited = await stage.bot.edit_message_caption(ANN, sent.message_id, caption="load today")
    assert isinstance(edited, Message)
    assert edited.caption == "load today"


async def files_refused(stage: Stage) -> None:
    with refused("bad-file"):
        await stage.bot.send_document(ANN, "no-such-file")
    with refused("bad-file-id"):
        await stage.bot.get_file("no-such-file")
    with refused("empty-file"):
        await stage.bot.send_document(ANN, b"", filename="x.txt")
    with refused("no-image"):
        await stage.bot.send_photo(ANN, b"words")


async def chat_action(stage: Stage) -> None:
    assert await stage.bot.send_chat_action(ANN, "typing")
    events = (await stage.sim.events())["events"]
    assert [event["action"] for event in events if event["kind"] == "action"][-1] == "typing"


async def rich_message(stage: Stage) -> None:
    """Newer than the client, so through its door for such methods."""
    row = [{"text": word, "align": "left", "valign": "top"} for word in ("db", "healthy")]
    given = {"chat_id": ANN, "rich_message": {"blocks": [{"type": "table", "cells": [row]}]}}
    sent = await stage.bot.do_api_request("sendRichMessage", api_kwargs=given, return_type=Message)
    assert sent.api_kwargs["rich_message"]["blocks"][0]["type"] == "table"
    assert (await stage.sim.wait_for(stage.ann, "db | healthy")).message_id == sent.message_id
    reason = 'block type "chair" is unknown or not served by the local Bot API'
    with refused_with(400, f"Bad Request: can't parse InputRichMessage: {reason}"):
        wrong = {"chat_id": ANN, "rich_message": {"blocks": [{"type": "chair"}]}}
        await stage.bot.do_api_request("sendRichMessage", api_kwargs=wrong)


MESSAGES: dict[str, Scenario] = {
    "formatted": formatted,
    "unparsable": unparsable,
    "entities": entities,
    "text-limits": text_limits,
    "reply": reply,
    "reply-to-nothing": reply_to_nothing,
    "silent-and-protected": silent_and_protected,
    "buttons": buttons,
    "callback-data": callback_data,
    "buttons-refused": buttons_refused,
    "edit-text": edit_text,
    "not-modified": not_modified,
    "edit-keyboard": edit_keyboard,
    "edit-refused": edit_refused,
    "delete": delete,
    "document": document,
    "document-again": document_again,
    "photo": photo,
    "files-refused": files_refused,
    "chat-action": chat_action,
    "rich-message": rich_message,
}
