"""The local Bot API as aiogram, the client that Opsgate uses, sees it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.enums import ButtonStyle
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramRetryAfter,
    TelegramUnauthorizedError,
)
from aiogram.types import (
    BotCommand,
    BotCommandScopeChat,
    BufferedInputFile,
    CopyTextButton,
    DisabledButton,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputRichBlockDetails,
    InputRichBlockParagraph,
    InputRichBlockPreformatted,
    InputRichBlockTable,
    InputRichMessage,
    Message,
    ReplyParameters,
    RichBlockTableCell,
)
from aiogram.utils.formatting import Bold, DateTime, ExpandableBlockQuote, Pre, Text

from bot.sandbox.process import LocalBotApi

ANN = 1001


@pytest.fixture
async def api() -> AsyncIterator[LocalBotApi]:
    async with LocalBotApi.in_process() as api:
        await api.sim.user(ANN, "Ann", start=True)
        yield api


@pytest.fixture
async def bot(api: LocalBotApi) -> AsyncIterator[Bot]:
    session = AiohttpSession(api=TelegramAPIServer.from_base(api.url))
    async with Bot(api.token, session=session) as bot:
        yield bot


async def test_the_buttons_of_a_gate_arrive_as_they_were_made(api: LocalBotApi, bot: Bot) -> None:
    keyboard = InlineKeyboardMarkup(
        inline_keyboard=[
            [InlineKeyboardButton(text="Confirm", callback_data="g", style=ButtonStyle.DANGER)],
            [InlineKeyboardButton(text="Copy", copy_text=CopyTextButton(text="abc"))],
            [InlineKeyboardButton(text="Used", disabled=DisabledButton())],
        ]
    )
    sent = await bot.send_message(ANN, "plan", reply_markup=keyboard)
    assert sent.reply_markup is not None
    assert sent.reply_markup.model_dump() == keyboard.model_dump()
    shown = await api.sim.wait_for(ANN, "plan")
    assert shown.buttons == [
        {"text": "Confirm", "callback_data": "g", "style": "danger"},
        {"text": "Copy", "copy_text": {"text": "abc"}},
        {"text": "Used", "disabled": {}},
    ]


async def test_formatted_texts_come_back_with_the_same_entities(bot: Bot) -> None:
    text = Text(
        Bold("Deploy"),
        " \N{ROCKET} at ",
        DateTime("noon", unix_time=datetime(2026, 1, 1, 12, tzinfo=UTC), date_time_format="dt"),
        "\n",
        Pre("a = 1", language="python"),
        "\n",
        ExpandableBlockQuote("a long story"),
    )
    sent = await bot.send_message(ANN, **text.as_kwargs())
    assert sent.text == text.as_kwargs()["text"]
    assert [entity.type for entity in sent.entities or []] == [
        "bold",
        "date_time",
        "pre",
        "expandable_blockquote",
    ]
    assert [e.model_dump(exclude_none=True) for e in sent.entities or []] == [
        e.model_dump(exclude_none=True) for e in text.as_kwargs()["entities"]
    ]


async def test_the_life_of_a_plan_card(api: LocalBotApi, bot: Bot) -> None:
    command = await api.sim.say(ANN, "/deploy")
    update = (await bot.get_updates(allowed_updates=["message", "callback_query"]))[-1]
    assert update.message is not None
    assert (update.update_id, update.message.text) == (command.update_id, "/deploy")
    button = InlineKeyboardButton(text="Confirm", callback_data="nonce")
    card = await bot.send_message(
        ANN,
        "plan",
        reply_markup=InlineKeyboardMarkup(inline_keyboard=[[button]]),
        reply_parameters=ReplyParameters(message_id=command.message_id, allow_sending_without_reply=True),
    )
    await api.sim.tap(ANN, await api.sim.wait_for(ANN, button="Confirm"), "Confirm")
    query = (await bot.get_updates(offset=update.update_id + 1))[0].callback_query
    assert query is not None
    assert isinstance(query.message, Message)
    assert query.message.message_id == card.message_id
    assert await bot.answer_callback_query(query.id)
    await bot.edit_message_text("succeeded", chat_id=ANN, message_id=card.message_id)
    with pytest.raises(TelegramBadRequest, match="message is not modified: specified new message content"):
        await bot.edit_message_text("succeeded", chat_id=ANN, message_id=card.message_id)


async def test_a_log_goes_out_as_a_document(api: LocalBotApi, bot: Bot) -> None:
    sent = await bot.send_document(ANN, BufferedInputFile(b"line\n" * 9, "deploy.log"), caption="log")
    assert sent.document is not None
    down = await bot.download(sent.document)
    assert down is not None
    assert down.read() == b"line\n" * 9
    assert await api.sim.file(await api.sim.wait_for(ANN, document=True)) == b"line\n" * 9


async def test_a_rich_message_shows_its_table(api: LocalBotApi, bot: Bot) -> None:
    cells = [[RichBlockTableCell(align="left", valign="top", text=word) for word in ("db", "healthy")]]
    rich = InputRichMessage(
        blocks=[
            InputRichBlockTable(cells=cells),
            InputRichBlockDetails(
                summary="log",
                blocks=[InputRichBlockParagraph(text="x"), InputRichBlockPreformatted(text="y")],
            ),
        ]
    )
    sent = await bot.send_rich_message(ANN, rich)
    assert sent.rich_message is not None
    assert len(sent.rich_message.blocks) == 2
    shown = await api.sim.wait_for(ANN, "db | healthy")
    assert shown.text == "db | healthy\nlog\nx\ny"
    with pytest.raises(TelegramBadRequest, match="exactly one of html, markdown and blocks"):
        await bot.send_rich_message(ANN, InputRichMessage())


async def test_commands_of_one_admin_in_one_language(api: LocalBotApi, bot: Bot) -> None:
    scope = BotCommandScopeChat(chat_id=ANN)
    await bot.set_my_commands([BotCommand(command="deploy", description="Выкатить")], scope, "ru")
    assert await api.sim.commands(f"chat:{ANN}", "ru") == [{"command": "deploy", "description": "Выкатить"}]
    assert await bot.get_my_commands(scope) == []
    with pytest.raises(TelegramBadRequest, match="chat not found"):
        await bot.set_my_commands([], BotCommandScopeChat(chat_id=4))


async def test_every_refusal_is_the_exception_that_opsgate_classifies(api: LocalBotApi, bot: Bot) -> None:
    async with api.sim.outage("flood", retry_after=9):
        with pytest.raises(TelegramRetryAfter) as flood:
            await bot.send_message(ANN, "x")
        assert flood.value.retry_after == 9
    async with api.sim.outage("502"):
        with pytest.raises(ClientDecodeError):
            await bot.send_message(ANN, "x")
    async with api.sim.outage("unauthorized"):
        with pytest.raises(TelegramUnauthorizedError):
            await bot.get_me()
    await api.sim.block(ANN)
    with pytest.raises(TelegramForbiddenError, match="bot was blocked by the user"):
        await bot.send_message(ANN, "x")
    group = await api.sim.group("ops", {ANN: "creator"})
    new = await api.sim.migrate(group)
    with pytest.raises(TelegramMigrateToChat) as moved:
        await bot.send_message(group.id, "x")
    assert moved.value.migrate_to_chat_id == new.id
