"""Who may speak: a listed human, known by number, speaking for themselves, just now. Everybody else gets silence."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.keyboards import GATE
from tests.unit.bot.stage import ANNA, BORIS, GROUP, STRANGER, Stage

BOT = {"id": 999, "is_bot": True, "first_name": "B"}
CHANNEL = {"id": -100123, "type": "channel", "title": "c"}
ANONYMOUS = {"id": 1087968824, "is_bot": True, "first_name": "Group"}


async def test_an_admin_in_their_own_chat_is_answered(stage: Stage) -> None:
    await stage.say("/help")
    assert len(stage.texts) == 1


async def test_an_admin_in_a_group_is_answered_there(stage: Stage) -> None:
    await stage.say("/help", chat_id=GROUP)
    assert [request.chat_id for request in stage.session.of("sendMessage")] == [GROUP]


REFUSED: dict[str, dict[str, Any]] = {
    "a stranger": {"user_id": STRANGER},
    "a stranger in a group": {"user_id": STRANGER, "chat_id": GROUP},
    "the anonymous admin of a group": {"chat_id": GROUP, "from": ANONYMOUS, "sender_chat": {"id": GROUP, "type": "supergroup", "title": "g"}},
    "the anonymous admin without a sender chat": {"chat_id": GROUP, "from": ANONYMOUS | {"is_bot": False}},
    "an admin in the name of a channel": {"chat_id": GROUP, "sender_chat": CHANNEL},
    "a message through an inline bot": {"via_bot": BOT},
    "a message of a business bot": {"sender_business_bot": BOT},
    "a forwarded message": {"forward_origin": {"type": "user", "date": 1, "sender_user": {"id": STRANGER, "is_bot": False, "first_name": "S"}}},
    "a forwarded message of a hidden user": {"forward_origin": {"type": "hidden_user", "date": 1, "sender_user_name": "S"}},
    "a linked channel's post": {"chat_id": GROUP, "is_automatic_forward": True},
    "an edited message": {"edit_date": 2},
    "a bot on the list": {"from": {"id": ANNA.id, "is_bot": True, "first_name": "A"}},
    "nobody": {"from": None},
    "an admin in the private chat of another": {"chat_id": BORIS.id},
    "an admin in a channel": {"chat": CHANNEL},
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
async def test_silence_for(case: str, stage: Stage) -> None:
    stage.admin_ids = (ANNA.id, BORIS.id, 1087968824)
    stage.admins.ids = frozenset(stage.admin_ids)
    changes = dict(REFUSED[case])
    user_id, chat_id = changes.pop("user_id", ANNA.id), changes.pop("chat_id", None)
    await stage.say("/deploy", user_id, chat_id, **changes)
    assert stage.session.requests == []
    assert stage.operations.calls == []


async def test_silence_for_a_caption_that_looks_like_a_command(stage: Stage) -> None:
    photo = [{"file_id": "f", "file_unique_id": "u", "width": 1, "height": 1}]
    entity = [{"type": "bot_command", "offset": 0, "length": 7}]
    await stage.say(None, entities=None, caption="/deploy", caption_entities=entity, photo=photo)
    assert stage.session.requests == []


@pytest.mark.parametrize(
    "kind", ["edited_message", "channel_post", "edited_channel_post", "business_message"]
)
async def test_silence_for_updates_that_are_not_plain_messages(kind: str, stage: Stage) -> None:
    await stage.feed(kind, stage.message("/deploy"))
    assert stage.session.requests == []
    assert stage.operations.calls == []


async def test_a_strangers_tap_is_not_even_answered(stage: Stage) -> None:
    await stage.proposed()
    await stage.tap("g:y:nonce_24_characters_long", STRANGER, GROUP)
    assert stage.session.requests == []
    assert stage.operations.calls == []


async def test_a_bots_tap_is_not_answered(stage: Stage) -> None:
    await stage.tap("g:y:nonce_24_characters_long", user={"is_bot": True})
    assert stage.session.requests == []


async def test_a_tap_on_an_inline_message_is_not_answered(stage: Stage) -> None:
    await stage.tap("g:y:nonce_24_characters_long", message=None, inline_message_id="i1")
    assert stage.session.requests == []
    assert stage.operations.calls == []


async def test_a_strangers_id_is_logged_once(stage: Stage) -> None:
    with capture_logs() as logs:
        await stage.say("/start", STRANGER)
        await stage.say("/deploy", STRANGER)
    assert [entry["user_id"] for entry in logs if entry["log_level"] == "warning"] == [STRANGER]


async def test_nothing_a_stranger_wrote_is_logged(stage: Stage) -> None:
    with capture_logs() as logs:
        await stage.say("/start my-password", STRANGER)
    assert "my-password" not in str(logs)


async def test_a_removed_admin_is_a_stranger_at_once(stage: Stage) -> None:
    await stage.say("/whoami")
    stage.admins.ids = frozenset({BORIS.id})
    await stage.say("/whoami")
    assert len(stage.texts) == 1


@pytest.mark.parametrize(
    ("code", "language"), [("ru", "ru"), ("ru-RU", "ru"), ("en-raw", "en"), ("xx", "en"), (None, "en")]
)
async def test_the_language_follows_telegrams_code_and_survives_nonsense(
    code: str | None, language: str, stage: Stage
) -> None:
    await stage.feed(
        "message", stage.message("/whoami") | {"from": stage.person(ANNA.id, language_code=code)}
    )
    assert await stage.admins.language(ANNA.id) == language
    assert len(stage.texts) == 1


async def test_a_chosen_language_wins(stage: Stage) -> None:
    await stage.tap("t:ru")
    await stage.say("/whoami")
    assert "Вы" in stage.texts[-1]


async def test_an_admin_who_blocks_the_bot_is_noted_and_the_others_are_told_once(stage: Stage) -> None:
    """R-UX-4: failures are pushed to every admin that can be reached."""
    await _membership(stage, "kicked")
    await _membership(stage, "kicked")
    assert [admin.user_id for admin in await stage.admins.unreachable()] == [ANNA.id]
    assert [
        (row.chat_id, row.phrase.id) for row in await stage.store.outbox.due(stage.now) if row.phrase
    ] == [(BORIS.id, "notice-admin-unreachable")]


async def test_an_admin_who_comes_back_can_be_reached_again(stage: Stage) -> None:
    await _membership(stage, "kicked")
    await _membership(stage, "member")
    assert await stage.admins.unreachable() == []


async def test_speaking_in_a_group_does_not_prove_that_private_messages_arrive(stage: Stage) -> None:
    await _membership(stage, "kicked")
    await stage.say("/whoami", chat_id=GROUP)
    assert [admin.user_id for admin in await stage.admins.unreachable()] == [ANNA.id]


async def test_being_added_to_a_group_by_a_stranger_causes_nothing(stage: Stage) -> None:
    await _membership(stage, "member", STRANGER, GROUP)
    assert stage.session.requests == []


async def _membership(stage: Stage, status: str, user_id: int = ANNA.id, chat_id: int | None = None) -> None:
    member = {"user": {"id": 1, "is_bot": True, "first_name": "Opsgate"}}
    new = member | {"status": status} | ({"until_date": 0} if status == "kicked" else {})
    await stage.feed(
        "my_chat_member",
        {
            "chat": stage.chat(chat_id or user_id),
            "from": stage.person(user_id),
            "date": 1,
            "old_chat_member": member | {"status": "left"},
            "new_chat_member": new,
        },
    )


def test_the_gates_pattern_takes_nothing_but_a_choice_and_a_nonce() -> None:
    import re

    assert re.match(GATE, "g:y:abc_-9")
    assert not any(
        re.match(GATE, data) for data in ("g:z:abc", "g:y:", "g:y:a b", "g:y:" + "a" * 61, "x g:y:a")
    )
