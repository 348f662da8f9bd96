"""Scenarios of suite.json about the bot itself, and about chats that can or cannot be written to."""

from collections.abc import Sequence

import aiohttp
import pytest
from telegram import BotCommand, BotCommandScopeChat, MenuButtonCommands, Message
from telegram.error import EndPointNotFound, InvalidToken, NetworkError

from tests.conformance.ptb.stage import ANN, Scenario, Stage, flooded, moved_to, refused


def descriptions(commands: Sequence[BotCommand]) -> list[str]:
    return [command.description for command in commands]


async def get_me(stage: Stage) -> None:
    me = await stage.bot.get_me()
    assert (me.id, me.is_bot) == (int(stage.api.token.split(":", maxsplit=1)[0]), True)


async def wrong_token(stage: Stage) -> None:
    with pytest.raises(InvalidToken, match="rejected by the server"):
        async with stage.client("1:wrong"):
            pass


async def unknown_method(stage: Stage) -> None:
    with pytest.raises(EndPointNotFound, match="Endpoint 'sendMesage' not found in Bot API"):
        await stage.bot.do_api_request("sendMesage", api_kwargs={"chat_id": ANN, "text": "x"})


async def method_in_any_case(stage: Stage) -> None:
    given = {"chat_id": ANN, "text": "x"}
    sent = await stage.bot.do_api_request("SENDMESSAGE", api_kwargs=given, return_type=Message)
    assert sent.text == "x"


async def names_and_descriptions(stage: Stage) -> None:
    await stage.bot.set_my_name("Пульт", language_code="ru")
    assert (await stage.bot.get_my_name(language_code="ru")).name == "Пульт"
    assert (await stage.bot.get_my_name()).name != "Пульт"
    await stage.bot.set_my_description("Deploys")
    await stage.bot.set_my_short_description("Deploys, shortly")
    assert (await stage.bot.get_my_description()).description == "Deploys"
    assert (await stage.bot.get_my_short_description()).short_description == "Deploys, shortly"


async def commands(stage: Stage) -> None:
    scope = BotCommandScopeChat(ANN)
    await stage.bot.set_my_commands([("status", "How it is")])
    await stage.bot.set_my_commands([("status", "Как дела")], language_code="ru")
    await stage.bot.set_my_commands([("deploy", "Ship")], scope)
    assert descriptions(await stage.bot.get_my_commands()) == ["How it is"]
    assert descriptions(await stage.bot.get_my_commands(language_code="ru")) == ["Как дела"]
    assert descriptions(await stage.bot.get_my_commands(scope)) == ["Ship"]
    await stage.bot.delete_my_commands(scope)
    assert await stage.bot.get_my_commands(scope) == ()


async def commands_refused(stage: Stage) -> None:
    with refused("bad-command"):
        await stage.bot.set_my_commands([("Status", "x")])
    with refused("no-chat"):
        await stage.bot.set_my_commands([], BotCommandScopeChat(4))


async def menu_button(stage: Stage) -> None:
    await stage.bot.set_chat_menu_button(ANN, MenuButtonCommands())
    assert await stage.bot.get_chat_menu_button(ANN) == MenuButtonCommands()


async def pin(stage: Stage) -> None:
    sent = await stage.bot.send_message(ANN, "read this")
    await stage.bot.pin_chat_message(ANN, sent.message_id)
    pinned = (await stage.bot.get_chat(ANN)).pinned_message
    assert pinned is not None
    assert pinned.message_id == sent.message_id
    await stage.bot.unpin_chat_message(ANN, sent.message_id)
    assert (await stage.bot.get_chat(ANN)).pinned_message is None


async def look_up(stage: Stage) -> None:
    group = await stage.sim.group("ops", {stage.ann: "creator"}, bot="administrator")
    assert (await stage.bot.get_chat(ANN)).first_name == "Ann"
    assert (await stage.bot.get_chat(group.id)).title == "ops"
    assert (await stage.bot.get_chat_member(group.id, ANN)).status == "creator"
    admins = await stage.bot.get_chat_administrators(group.id)
    assert {admin.user.id for admin in admins} == {ANN, stage.bot.id}


async def flood(stage: Stage) -> None:
    await stage.sim.outage("flood", methods=["sendMessage"], times=2, retry_after=7)
    with flooded(7):
        await stage.bot.send_message(ANN, "x")
    address = f"{stage.api.url}/bot{stage.api.token}/sendMessage"
    async with (
        aiohttp.ClientSession() as http,
        http.get(address, params={"chat_id": ANN, "text": "x"}) as plain,
    ):
        assert (plain.status, plain.headers["Retry-After"]) == (429, "7")
    assert (await stage.bot.send_message(ANN, "x")).text == "x"


async def blocked(stage: Stage) -> None:
    await stage.sim.block(stage.ann)
    with refused("blocked"):
        await stage.bot.send_message(ANN, "x")
    told = (await stage.bot.get_updates())[-1].my_chat_member
    assert told is not None
    assert told.new_chat_member.status == "kicked"
    await stage.sim.unblock(stage.ann)
    assert (await stage.bot.send_message(ANN, "x")).text == "x"


async def never_started(stage: Stage) -> None:
    await stage.sim.user(1002, "Boris")
    with refused("never-started"):
        await stage.bot.send_message(1002, "x")


async def unknown_chat(stage: Stage) -> None:
    for chat_id in (555, "@nobody_here"):
        with refused("no-chat"):
            await stage.bot.send_message(chat_id, "x")
    with refused("no-chat"):
        await stage.bot.get_chat(555)


async def removed(stage: Stage) -> None:
    group = await stage.sim.group("ops", {stage.ann: "creator"}, kind="supergroup")
    await stage.sim.bot_status(group, "kicked", stage.ann)
    with refused("kicked"):
        await stage.bot.send_message(group.id, "x")


async def migration(stage: Stage) -> None:
    group = await stage.sim.group("ops", {stage.ann: "creator"})
    moved = await stage.sim.migrate(group)
    with moved_to(moved.id):
        await stage.bot.send_message(group.id, "x")
    assert (await stage.bot.send_message(moved.id, "x")).chat.type == "supergroup"
    services = [update.message for update in await stage.bot.get_updates() if update.message]
    assert moved.id in {message.migrate_to_chat_id for message in services}


async def bad_gateway(stage: Stage) -> None:
    await stage.sim.outage("502", methods=["sendMessage"], times=1)
    with pytest.raises(NetworkError, match="Bad Gateway"):
        await stage.bot.send_message(ANN, "x")
    assert (await stage.bot.send_message(ANN, "y")).text == "y"


async def lost_answer(stage: Stage) -> None:
    await stage.sim.outage("lose_response", methods=["sendMessage"], times=1)
    with pytest.raises(NetworkError):
        await stage.bot.send_message(ANN, "sent, but not told")
    await stage.sim.wait_for(stage.ann, "sent, but not told")


CHATS: dict[str, Scenario] = {
    "get-me": get_me,
    "wrong-token": wrong_token,
    "unknown-method": unknown_method,
    "method-in-any-case": method_in_any_case,
    "names-and-descriptions": names_and_descriptions,
    "commands": commands,
    "commands-refused": commands_refused,
    "menu-button": menu_button,
    "pin": pin,
    "look-up": look_up,
    "flood": flood,
    "blocked": blocked,
    "never-started": never_started,
    "unknown-chat": unknown_chat,
    "removed": removed,
    "migration": migration,
    "bad-gateway": bad_gateway,
    "lost-answer": lost_answer,
}
