"""The local Bot API as python-telegram-bot, an independent client, sees it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from telegram import Bot, InlineKeyboardButton, InlineKeyboardMarkup, MessageEntity, ReplyParameters
from telegram.constants import (
    BotCommandLimit,
    BotDescriptionLimit,
    BotNameLimit,
    CallbackQueryLimit,
    FileSizeLimit,
    MessageLimit,
    PollingLimit,
)
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
)

from bot.sandbox import editing, lookups, sending, settings, texts, updates
from bot.sandbox.client import Sim
from bot.sandbox.flood import OFF, Limits
from bot.sandbox.played import SimTimeout, SimUser
from bot.sandbox.process import LocalBotApi

_NOT_MODIFIED = (
    "Message is not modified: specified new message content and reply markup are exactly the same as a current "
    "content and reply markup of the message"
)
_KEYBOARD = InlineKeyboardMarkup(
    [
        [
            InlineKeyboardButton("Confirm", callback_data="go"),
            InlineKeyboardButton("Cancel", callback_data="no"),
        ]
    ]
)


@dataclass
class World:
    """One server, the client under test, and Ann, who pressed Start."""

    api: LocalBotApi
    sim: Sim
    bot: Bot
    ann: SimUser


@pytest.fixture(autouse=True)
def _future_of_python_telegram_bot(monkeypatch: pytest.MonkeyPatch) -> None:
    """It warns about its older habit otherwise."""
    monkeypatch.setenv("PTB_TIMEDELTA", "1")


def client_of(api: LocalBotApi, token: str | None = None) -> Bot:
    return Bot(token or api.token, base_url=f"{api.url}/bot", base_file_url=f"{api.url}/file/bot")


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with LocalBotApi.in_process() as api, client_of(api) as bot:
        ann = await api.sim.user(1001, "Ann", username="ann", start=True)
        yield World(api, api.sim, bot, ann)


async def test_get_me_names_the_bot_of_the_token(world: World) -> None:
    me = await world.bot.get_me()
    assert (me.id, me.is_bot) == (int(world.api.token.split(":")[0]), True)


async def test_a_wrong_token_is_unauthorized(world: World) -> None:
    with pytest.raises(InvalidToken):
        async with client_of(world.api, "1:wrong"):
            pass


async def test_a_message_arrives_with_its_entities_and_keyboard(world: World) -> None:
    sent = await world.bot.send_message(
        1001, "\N{ROCKET} done", entities=[MessageEntity("bold", 3, 4)], reply_markup=_KEYBOARD
    )
    assert sent.parse_entities() == {sent.entities[0]: "done"}
    shown = await world.sim.wait_for(world.ann, "done", button="Confirm", timeout=1)
    assert shown.labels == ["Confirm", "Cancel"]
    assert shown.message_id == sent.message_id


async def test_an_answer_is_what_was_sent_later_not_an_older_message_that_changed(world: World) -> None:
    older = await world.bot.send_message(1001, "plan", reply_markup=_KEYBOARD)
    asked = await world.sim.say(world.ann, "/deploy")
    await world.bot.edit_message_text("plan again", 1001, older.message_id, reply_markup=_KEYBOARD)
    with pytest.raises(SimTimeout):
        await world.sim.wait_for(world.ann, button="Confirm", after=asked, timeout=0.1)
    fresh = await world.bot.send_message(1001, "plan", reply_markup=_KEYBOARD)
    found = await world.sim.wait_for(world.ann, button="Confirm", after=asked, timeout=1)
    assert found.message_id == fresh.message_id


async def test_an_edit_replaces_text_and_keyboard_and_keeps_the_history(world: World) -> None:
    sent = await world.bot.send_message(1001, "plan", reply_markup=_KEYBOARD)
    await world.bot.edit_message_text("running", 1001, sent.message_id)
    (shown,) = await world.sim.messages(world.ann, by_bot=True)
    assert (shown.text, shown.labels) == ("running", [])
    assert [look["text"] for look in shown.history] == ["plan", "running"]
    assert "reply_markup" in shown.history[0]


async def test_an_identical_edit_is_refused_in_telegrams_words(world: World) -> None:
    sent = await world.bot.send_message(1001, "plan", reply_markup=_KEYBOARD)
    with pytest.raises(BadRequest) as refusal:
        await world.bot.edit_message_text(" plan ", 1001, sent.message_id, reply_markup=_KEYBOARD)
    assert refusal.value.message == _NOT_MODIFIED
    with pytest.raises(BadRequest) as refusal:
        await world.bot.edit_message_reply_markup(1001, sent.message_id, reply_markup=_KEYBOARD)
    assert refusal.value.message == _NOT_MODIFIED


async def test_messages_that_are_gone_or_not_the_bots_cannot_be_edited(world: World) -> None:
    theirs = await world.sim.say(world.ann, "hello")
    ours = await world.bot.send_message(1001, "plan")
    assert await world.bot.delete_message(1001, ours.message_id)
    for message_id, reason in (
        (ours.message_id, "Message to edit not found"),
        (theirs.message_id, "Message can't be edited"),
    ):
        with pytest.raises(BadRequest, match=reason):
            await world.bot.edit_message_text("x", 1001, message_id)
    frozen = await world.bot.send_message(1001, "old")
    await world.sim.freeze(await world.sim.wait_for(world.ann, "old"))
    with pytest.raises(BadRequest, match="Message can't be edited"):
        await world.bot.edit_message_text("x", 1001, frozen.message_id)


async def test_a_reply_needs_its_message_unless_it_may_do_without(world: World) -> None:
    command = await world.sim.say(world.ann, "/status")
    reply = await world.bot.send_message(1001, "ok", reply_to_message_id=command.message_id)
    assert reply.reply_to_message is not None
    assert reply.reply_to_message.text == "/status"
    with pytest.raises(BadRequest, match="Message to be replied not found"):
        await world.bot.send_message(1001, "ok", reply_parameters=ReplyParameters(999))
    alone = await world.bot.send_message(
        1001, "ok", reply_parameters=ReplyParameters(999, allow_sending_without_reply=True)
    )
    assert alone.reply_to_message is None


async def test_a_tap_is_a_callback_query_that_can_be_answered(world: World) -> None:
    await world.bot.send_message(1001, "plan", reply_markup=_KEYBOARD)
    tap = await world.sim.tap(world.ann, await world.sim.wait_for(world.ann, "plan"), "Conf")
    query = (await world.bot.get_updates())[-1].callback_query
    assert query is not None
    assert query.message is not None
    assert (query.id, query.data, query.from_user.id) == (tap.callback_query_id, "go", 1001)
    assert query.message.is_accessible
    assert await world.bot.answer_callback_query(query.id, "started", show_alert=True)
    (answer,) = await world.sim.answers(tap)
    assert (answer["text"], answer["show_alert"]) == ("started", True)


async def test_a_tap_that_is_too_old_or_unknown_takes_no_answer(world: World) -> None:
    sent = await world.bot.send_message(1001, "plan", reply_markup=_KEYBOARD)
    message = await world.sim.wait_for(world.ann, "plan")
    assert message.message_id == sent.message_id
    old = await world.sim.tap(world.ann, message, "Confirm", age=151)
    fresh = await world.sim.tap(world.ann, message, "Confirm")
    await world.sim.clock(200)
    for query_id in (old.callback_query_id, fresh.callback_query_id, "12345"):
        with pytest.raises(
            BadRequest, match="Query is too old and response timeout expired or query id is invalid"
        ):
            await world.bot.answer_callback_query(query_id)


async def test_a_document_goes_up_and_comes_down_unchanged(world: World) -> None:
    content = bytes(range(256)) * 100
    sent = await world.bot.send_document(1001, content, filename="log.txt.gz", caption="the log")
    assert sent.document is not None
    assert (sent.document.file_name, sent.document.file_size) == ("log.txt.gz", len(content))
    assert bytes(await (await sent.document.get_file()).download_as_bytearray()) == content
    shown = await world.sim.wait_for(world.ann, "the log", document=True)
    assert await world.sim.file(shown) == content
    again = await world.bot.send_document(1001, sent.document.file_id)
    assert again.document == sent.document


async def test_uploads_and_photos_have_their_limits(world: World) -> None:
    with pytest.raises(NetworkError, match="Request Entity Too Large"):
        await world.bot.send_document(1001, bytes(sending.MAX_UPLOAD + 1))
    with pytest.raises(BadRequest, match="too big for a photo"):
        await world.bot.send_photo(1001, b"\x89PNG\r\n\x1a\n" + bytes(sending.MAX_PHOTO))
    with pytest.raises(BadRequest, match="Image_process_failed"):
        await world.bot.send_photo(1001, b"not an image")
    with pytest.raises(BadRequest, match="File must be non-empty"):
        await world.bot.send_document(1001, b"")


async def test_a_photo_has_a_caption_that_can_be_edited(world: World) -> None:
    png = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + (640).to_bytes(4, "big") + (480).to_bytes(4, "big")
    sent = await world.bot.send_photo(1001, png, caption="load")
    assert (sent.photo[-1].width, sent.photo[-1].height) == (640, 480)
    edited = await world.bot.edit_message_caption(1001, sent.message_id, caption="load today")
    assert isinstance(edited, type(sent))
    assert edited.caption == "load today"
    with pytest.raises(BadRequest, match="There is no text in the message to edit"):
        await world.bot.edit_message_text("x", 1001, sent.message_id)


async def test_long_polling_confirms_by_offset(world: World) -> None:
    first = await world.sim.say(world.ann, "one")
    second = await world.sim.say(world.ann, "two")
    assert [update.update_id for update in await world.bot.get_updates(offset=-1)] == [second.update_id]
    assert first.update_id is not None
    assert second.update_id is not None
    assert [update.update_id for update in await world.bot.get_updates()] == [second.update_id]
    assert await world.bot.get_updates(offset=second.update_id + 1) == ()
    assert await world.sim.confirmed(second, timeout=1)


async def test_a_second_poller_ends_the_first(world: World) -> None:
    await world.bot.get_updates(offset=-1)
    last = (await world.bot.get_updates())[-1].update_id
    mark = await world.sim.mark()
    async with asyncio.timeout(10), client_of(world.api) as other, asyncio.TaskGroup() as group:
        first = group.create_task(_conflict(world.bot, last + 1))
        assert await world.sim.polled(mark)
        second = group.create_task(other.get_updates(offset=last + 1, timeout=20))
        assert "terminated by other getUpdates request" in await first
        sent = await world.sim.say(world.ann, "hello")
    assert [update.update_id for update in second.result()] == [sent.update_id]


async def _conflict(bot: Bot, offset: int) -> str:
    with pytest.raises(Conflict) as refusal:
        await bot.get_updates(offset=offset, timeout=20)
    return refusal.value.message


async def test_floods_are_refused_with_the_seconds_to_wait() -> None:
    async with LocalBotApi.in_process(limits=Limits(burst=2, penalty=3)) as api, client_of(api) as bot:
        await api.sim.user(1, start=True)
        first = await bot.send_message(1, "one")
        await bot.edit_message_text("two", 1, first.message_id)
        with pytest.raises(RetryAfter) as refusal:
            await bot.edit_message_text("three", 1, first.message_id)
        assert refusal.value.retry_after == timedelta(seconds=3)
        await api.sim.flood("off")
        await bot.edit_message_text("three", 1, first.message_id)


async def test_scripted_floods_meet_only_the_next_calls_of_a_method(world: World) -> None:
    await world.sim.outage("flood", methods=["sendMessage"], times=2, retry_after=240)
    for _ in range(2):
        with pytest.raises(RetryAfter) as refusal:
            await world.bot.send_message(1001, "x")
        assert refusal.value.retry_after == timedelta(minutes=4)
    assert (await world.bot.send_message(1001, "x")).text == "x"


async def test_the_bot_is_told_who_cannot_be_written_to(world: World) -> None:
    await world.sim.user(1002, "Never started")
    await world.sim.block(world.ann)
    gone = await world.sim.user(1003, "Gone", start=True)
    await world.sim.deactivate(gone)
    for chat_id, reason in (
        (1001, "bot was blocked by the user"),
        (1002, "bot can't initiate conversation with a user"),
        (1003, "user is deactivated"),
    ):
        with pytest.raises(Forbidden, match=reason):
            await world.bot.send_message(chat_id, "x")
    with pytest.raises(BadRequest, match="Chat not found"):
        await world.bot.send_message(555, "x")
    changed = (await world.bot.get_updates())[-2].my_chat_member
    assert changed is not None
    assert changed.new_chat_member.status == "kicked"
    await world.sim.unblock(world.ann)
    await world.bot.send_message(1001, "x")


async def test_a_group_that_became_a_supergroup_says_where_it_went(world: World) -> None:
    group = await world.sim.group("ops", {world.ann: "creator"})
    await world.bot.send_message(group.id, "x")
    new = await world.sim.migrate(group)
    with pytest.raises(ChatMigrated) as refusal:
        await world.bot.send_message(group.id, "x")
    assert refusal.value.new_chat_id == new.id
    assert (await world.bot.send_message(new.id, "x")).chat.type == "supergroup"
    await world.sim.bot_status(new, "kicked", world.ann)
    with pytest.raises(Forbidden, match="bot was kicked from the supergroup chat"):
        await world.bot.send_message(new.id, "x")


async def test_chats_and_members_can_be_looked_up(world: World) -> None:
    group = await world.sim.group("ops", {world.ann: "creator"}, bot="administrator")
    assert (await world.bot.get_chat(1001)).first_name == "Ann"
    assert (await world.bot.get_chat(group.id)).title == "ops"
    assert (await world.bot.get_chat_member(group.id, 1001)).status == "creator"
    assert {admin.user.id for admin in await world.bot.get_chat_administrators(group.id)} == {
        1001,
        world.bot.id,
    }


async def test_commands_are_kept_per_scope_and_language(world: World) -> None:
    await world.bot.set_my_commands([("status", "How it is")])
    await world.bot.set_my_commands([("status", "Как дела")], language_code="ru")
    assert [c.description for c in await world.bot.get_my_commands(language_code="ru")] == ["Как дела"]
    assert [c["description"] for c in await world.sim.commands()] == ["How it is"]
    await world.bot.delete_my_commands()
    assert await world.bot.get_my_commands() == ()
    with pytest.raises(BadRequest, match="Bot_command_invalid"):
        await world.bot.set_my_commands([("Status", "x")])


def test_limits_are_those_of_python_telegram_bot() -> None:
    assert texts.MAX_TEXT == MessageLimit.MAX_TEXT_LENGTH
    assert texts.MAX_CAPTION == MessageLimit.CAPTION_LENGTH
    assert texts.MAX_ENTITIES == MessageLimit.MESSAGE_ENTITIES
    assert sending.MAX_UPLOAD == FileSizeLimit.FILESIZE_UPLOAD
    assert sending.MAX_PHOTO == FileSizeLimit.PHOTOSIZE_UPLOAD
    assert lookups.MAX_DOWNLOAD == FileSizeLimit.FILESIZE_DOWNLOAD
    assert updates.MAX_LIMIT == PollingLimit.MAX_LIMIT
    assert editing.MAX_ANSWER == CallbackQueryLimit.ANSWER_CALLBACK_QUERY_TEXT_LENGTH
    assert settings.MAX_COMMANDS == BotCommandLimit.MAX_COMMAND_NUMBER
    assert settings.MAX_DESCRIPTION_OF_COMMAND == BotCommandLimit.MAX_DESCRIPTION
    assert {
        "name": BotNameLimit.MAX_NAME_LENGTH,
        "description": BotDescriptionLimit.MAX_DESCRIPTION_LENGTH,
        "short_description": BotDescriptionLimit.MAX_SHORT_DESCRIPTION_LENGTH,
    } == settings.MAX_LENGTHS
    assert OFF.per_chat == 0
