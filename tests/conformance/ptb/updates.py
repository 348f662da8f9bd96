"""Scenarios of suite.json about what the bot receives: polling, taps, web hooks."""

import asyncio
import time
from collections.abc import Sequence

from telegram import MessageOriginHiddenUser, Update
from telegram.ext import Application, CallbackQueryHandler, CommandHandler, ContextTypes

from bot.sandbox.played import Tap
from tests.conformance.ptb.stage import ANN, CONFIRM, Scenario, Stage, refused


def ids(updates: Sequence[Update]) -> list[int]:
    return [update.update_id for update in updates]


async def said_thrice(stage: Stage) -> list[int]:
    said = [(await stage.sim.say(stage.ann, text)).update_id for text in ("one", "two", "three")]
    return [number for number in said if number is not None]


async def tapped(stage: Stage, *, age: float = 0.0) -> Tap:
    await stage.bot.send_message(ANN, "plan", reply_markup=CONFIRM)
    return await stage.sim.tap(stage.ann, await stage.sim.wait_for(stage.ann, "plan"), "Confirm", age=age)


async def poll_under_way(stage: Stage, since: int) -> None:
    async with asyncio.timeout(3):
        while not any(call["status"] == 0 for call in await stage.sim.calls("getUpdates", since=since)):
            await asyncio.sleep(0.02)


async def tap(stage: Stage) -> None:
    made = await tapped(stage)
    query = (await stage.bot.get_updates())[-1].callback_query
    assert query is not None
    assert (query.id, query.data, query.from_user.id) == (made.callback_query_id, "go", ANN)
    assert query.message is not None
    assert query.message.is_accessible
    assert await stage.bot.answer_callback_query(query.id, "started", show_alert=True)
    (answer,) = await stage.sim.answers(made)
    assert (answer["text"], answer["show_alert"]) == ("started", True)


async def tap_too_old(stage: Stage) -> None:
    old = await tapped(stage, age=151)
    for query_id in (old.callback_query_id, "12345"):
        with refused("too-old"):
            await stage.bot.answer_callback_query(query_id)


async def poll_confirms(stage: Stage) -> None:
    one, two, three = await said_thrice(stage)
    assert ids(await stage.bot.get_updates()) == [one, two, three]
    assert ids(await stage.bot.get_updates(offset=two)) == [two, three]
    assert ids(await stage.bot.get_updates(offset=three + 1)) == []
    assert await stage.sim.confirmed(three, timeout=1)


async def poll_negative_offset(stage: Stage) -> None:
    _, two, three = await said_thrice(stage)
    assert ids(await stage.bot.get_updates(offset=-2)) == [two, three]
    assert ids(await stage.bot.get_updates()) == [two, three]


async def poll_limit(stage: Stage) -> None:
    one, two, three = await said_thrice(stage)
    assert ids(await stage.bot.get_updates(limit=2)) == [one, two]
    assert ids(await stage.bot.get_updates(limit=2, offset=three)) == [three]


async def poll_kinds(stage: Stage) -> None:
    await stage.bot.get_updates(allowed_updates=["callback_query"])
    assert (await stage.sim.say(stage.ann, "hello")).update_id is None
    made = await tapped(stage)
    (update,) = await stage.bot.get_updates()
    assert update.update_id == made.update_id
    assert update.callback_query is not None


async def poll_waits(stage: Stage) -> None:
    since = await stage.sim.last_call()
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(stage.bot.get_updates(timeout=20))
        await poll_under_way(stage, since)
        said = await stage.sim.say(stage.ann, "hello")
    assert ids(waiting.result()) == [said.update_id]
    began = time.monotonic()
    assert await stage.bot.get_updates(offset=waiting.result()[0].update_id + 1, timeout=1) == ()
    assert time.monotonic() - began >= 0.9


async def poll_twice(stage: Stage) -> None:
    async def first() -> None:
        with refused("other-poll"):
            await stage.bot.get_updates(timeout=20)

    since = await stage.sim.last_call()
    async with stage.client() as other, asyncio.TaskGroup() as group:
        ended = group.create_task(first())
        await poll_under_way(stage, since)
        second = group.create_task(other.get_updates(timeout=20))
        await ended
        said = await stage.sim.say(stage.ann, "hello")
    assert ids(second.result()) == [said.update_id]


async def ping(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
    assert update.message is not None
    await update.message.reply_text(f"pong {' '.join(context.args or [])}", reply_markup=CONFIRM)


async def go(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
    assert update.callback_query is not None
    await update.callback_query.answer("started")
    await update.callback_query.edit_message_text("gone")


async def client_loop(stage: Stage) -> None:
    application = Application.builder().bot(stage.client()).build()
    application.add_handlers([CommandHandler("ping", ping), CallbackQueryHandler(go, "go")])
    async with application:
        await application.start()
        assert application.updater is not None
        await application.updater.start_polling(timeout=5)
        await stage.sim.say(stage.ann, "/ping 7")
        shown = await stage.sim.wait_for(stage.ann, "pong 7", timeout=5)
        made = await stage.sim.tap(stage.ann, shown, "Confirm")
        await stage.sim.wait_for(stage.ann, "gone", timeout=5)
        await application.updater.stop()
        await application.stop()
    assert await stage.sim.confirmed(made, timeout=1)


async def edited_and_forwarded(stage: Stage) -> None:
    said = await stage.sim.say(stage.ann, "/deploy", forward_from="Somebody")
    await stage.sim.edit(stage.ann, said, "/status")
    forwarded, edited = await stage.bot.get_updates()
    assert forwarded.message is not None
    assert isinstance(forwarded.message.forward_origin, MessageOriginHiddenUser)
    assert forwarded.message.forward_origin.sender_user_name == "Somebody"
    assert [found.type for found in forwarded.message.entities] == ["bot_command"]
    assert edited.edited_message is not None
    assert (edited.edited_message.message_id, edited.edited_message.text) == (said.message_id, "/status")


async def webhook(stage: Stage) -> None:
    with refused("webhook-without-https"):
        await stage.bot.set_webhook("http://opsgate.example/hook")
    await stage.bot.set_webhook("https://opsgate.example/hook", secret_token="s3cret")
    await stage.sim.say(stage.ann, "hello")
    told = await stage.bot.get_webhook_info()
    assert (told.url, told.pending_update_count) == ("https://opsgate.example/hook", 1)
    with refused("webhook-active"):
        await stage.bot.get_updates()
    await stage.bot.delete_webhook(drop_pending_updates=True)
    assert await stage.bot.get_updates() == ()


UPDATES: dict[str, Scenario] = {
    "tap": tap,
    "tap-too-old": tap_too_old,
    "poll-confirms": poll_confirms,
    "poll-negative-offset": poll_negative_offset,
    "poll-limit": poll_limit,
    "poll-kinds": poll_kinds,
    "poll-waits": poll_waits,
    "poll-twice": poll_twice,
    "client-loop": client_loop,
    "edited-and-forwarded": edited_and_forwarded,
    "webhook": webhook,
}
