"""Results arrive: at least once, in order per chat, through floods, outages and restarts."""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise

import pytest

from bot.gateway import make_bot
from bot.notifier import Tempo
from bot.sandbox.played import SimMessage
from services.models import Origin, Progress, State, Step, StepState
from services.phrases import Phrase
from services.store.outbox import Outgoing
from tests.integration.bot.chat import SWIFT, Chat
from tests.integration.bot.test_intake import until
from tests.unit.bot.stage import ANNA, BORIS, ENGLISH, NOW, STRANGER

AGAIN = ENGLISH("sent-again")


async def verdicts(chat: Chat, user_id: int = ANNA.id) -> list[SimMessage]:
    return [m for m in await chat.sim.messages(user_id, by_bot=True) if "deploy failed" in m.text]


async def drained(chat: Chat) -> bool:
    counts = await chat.store.outbox.counts()
    return not counts.get("pending") and not counts.get("sending")


async def test_a_card_arrives_with_its_buttons_and_its_place_is_known(chat: Chat) -> None:
    chat.deliver()
    stored = await chat.proposed()
    card = await chat.sim.wait_for(ANNA.id, "Deploy fitnessapp", button="Confirm")
    assert "on home" in card.text
    await until(lambda: _placed(chat, stored.id, card.message_id))


async def _placed(chat: Chat, operation_id: str, message_id: int) -> bool:
    return await chat.store.outbox.message_of(operation_id, ANNA.id, "card") == message_id


async def test_a_decided_card_loses_its_buttons_at_once(chat: Chat) -> None:
    chat.deliver(Tempo(poll=0.05, private_gap=30))
    stored = await chat.proposed()
    card = await chat.sim.wait_for(ANNA.id, button="Confirm")
    await until(lambda: _placed(chat, stored.id, card.message_id))
    await chat.store.operations.dismiss(stored.nonce, BORIS, ANNA.id, NOW)
    changed = await chat.sim.wait_for(ANNA.id, "Cancelled by Boris", message=card, timeout=15)
    assert changed.buttons == []


async def test_a_failure_is_pushed_to_every_admin_and_hangs_on_the_command_where_it_was_asked(
    chat: Chat,
) -> None:
    """R-UX-4."""
    said = await chat.sim.say(ANNA.id, "/deploy")
    chat.deliver()
    stored = await chat.running(origin=Origin(chat_id=ANNA.id, message_id=said.message_id, update_id=1))
    await chat.finished(stored, reason=Phrase(id="error-unreachable", args={"host": "home"}))
    mine = await chat.sim.wait_for(ANNA.id, "deploy failed")
    theirs = await chat.sim.wait_for(BORIS.id, "deploy failed")
    assert mine.reply_to == said.message_id
    assert theirs.reply_to is None
    assert "VPN" in mine.text


async def test_everybody_reads_their_own_language(chat: Chat) -> None:
    await chat.admins.seen(BORIS, "en", private=True)
    await chat.admins.choose_language(BORIS.id, "ru")
    chat.deliver()
    await chat.finished(await chat.running())
    assert "не удалось" in (await chat.sim.wait_for(BORIS.id, "fitnessapp")).text


async def test_messages_of_a_chat_keep_their_order_through_trouble(chat: Chat) -> None:
    """DESIGN: in order, through floods and outages."""
    for number in range(8):
        await chat.notice(number)
    await chat.sim.outage("502", methods=["sendMessage"], times=1)
    await chat.sim.outage("drop", methods=["sendMessage"], times=1)
    chat.deliver()
    await chat.sim.wait_for(ANNA.id, "“n7”", timeout=20)
    texts = [m.text for m in await chat.sim.messages(ANNA.id, by_bot=True)]
    places = [next(i for i, text in enumerate(texts) if f"“n{number}”" in text) for number in range(8)]
    assert places == sorted(places)


async def test_one_chat_in_trouble_does_not_keep_the_others_waiting(chat: Chat) -> None:
    """What is sent to Anna hangs; Boris is told everything meanwhile, and she when it is over."""
    outage = await chat.sim.outage("hang", methods=["sendMessage"], times=1)
    for number in range(5):
        await chat.notice(number, ANNA.id)
    chat.deliver()
    await until(lambda: _hangs(chat))
    for number in (98, 99):
        await chat.notice(number, BORIS.id)
    await chat.sim.wait_for(BORIS.id, "n99", timeout=15)
    assert await chat.sim.messages(ANNA.id, by_bot=True) == []
    await outage.lift()
    await chat.sim.wait_for(ANNA.id, "n4", timeout=15)


async def _hangs(chat: Chat) -> bool:
    return bool(await chat.sim.calls("sendMessage"))


async def test_a_lost_answer_leads_to_one_repeat_that_says_so(chat: Chat) -> None:
    chat.deliver()
    stored = await chat.running()
    await until(lambda: drained(chat))
    await chat.sim.outage("lose_response", methods=["sendMessage"], times=1)
    await chat.finished(stored, everybody=False)
    await until(lambda: _count(chat, 2))
    first, second = await verdicts(chat)
    assert AGAIN not in first.text
    assert AGAIN in second.text


async def _count(chat: Chat, number: int) -> bool:
    found = await verdicts(chat)
    return len(found) == number and await drained(chat)


@pytest.mark.parametrize("kind", ["flood", "refuse"])
async def test_what_surely_did_not_arrive_is_sent_once_without_a_mark(kind: str, chat: Chat) -> None:
    chat.deliver()
    stored = await chat.running()
    await until(lambda: drained(chat))
    if kind == "flood":
        await chat.sim.outage("flood", methods=["sendMessage"], times=1, retry_after=1)
        await chat.finished(stored, everybody=False)
    else:
        outage = await chat.sim.outage("refuse")
        await (
            chat.bot.session.close()
        )  # on a connection that stands already, a cut leaves it open what arrived
        await chat.finished(stored, everybody=False)
        await until(lambda: _tried(chat))
        await outage.lift()
    shown = await chat.sim.wait_for(ANNA.id, "deploy failed", timeout=15)
    await until(lambda: drained(chat))
    assert AGAIN not in shown.text
    assert len(await verdicts(chat)) == 1


async def _tried(chat: Chat) -> bool:
    return any(row.attempts for row in await chat.store.outbox.due(time.time() + 60))


async def test_a_process_that_died_while_sending_sends_again_and_says_so(chat: Chat) -> None:
    """Whether it arrived is unknown: at least once, and marked."""
    await chat.finished(await chat.running())
    rows = await chat.store.outbox.due(time.time())
    for row in rows:
        await chat.store.outbox.sending(row.id)  # ... and here the power went
    chat.deliver()
    await chat.sim.wait_for(ANNA.id, AGAIN)


async def test_what_arrives_while_the_outbox_is_looked_at_is_not_sent_again(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look sees a row that is being sent; when the look is over the row has arrived."""
    outbox = chat.store.outbox
    look, note = outbox.due, outbox.sent
    being_sent: list[int] = []

    async def slow_look(now: float) -> list[Outgoing]:
        seen = await look(now)
        if seen and seen[0].uncertain and not being_sent:
            being_sent.append(seen[0].id)
            await until(lambda: _is_sent(chat))
        return seen

    async def slow_note(row_id: int, message_id: int, shown: str) -> None:
        notifier.wake()
        await until(lambda: being_sent)
        await note(row_id, message_id, shown)

    monkeypatch.setattr(outbox, "due", slow_look)
    monkeypatch.setattr(outbox, "sent", slow_note)
    notifier = chat.deliver()
    await chat.notice(1)
    await until(lambda: _is_sent(chat))
    await chat.notice(2)
    await chat.sim.wait_for(ANNA.id, "“n2”", timeout=15)
    assert being_sent, "a look came while the row was being sent"
    assert len(await chat.sim.messages(ANNA.id, by_bot=True)) == 2


async def _is_sent(chat: Chat) -> bool:
    return bool((await chat.store.outbox.counts()).get("sent"))


async def test_a_row_that_was_sent_meanwhile_is_not_marked_as_being_sent(chat: Chat) -> None:
    await chat.notice(1)
    (row,) = await chat.store.outbox.due(time.time())
    assert await chat.store.outbox.sending(row.id)
    assert await chat.store.outbox.sending(row.id)  # a process that died while sending may try again
    await chat.store.outbox.sent(row.id, 5, "")
    assert not await chat.store.outbox.sending(row.id)
    assert await chat.store.outbox.message_of("", ANNA.id, "notice") is None
    assert (await chat.store.outbox.counts()) == {"sent": 1}


async def test_progress_is_one_message_its_edits_are_paced_and_the_last_state_wins(chat: Chat) -> None:
    chat.deliver()
    stored = await chat.running()
    shown = await chat.sim.wait_for(ANNA.id, "· running ·", button=ENGLISH("button-cancel"))
    began = time.monotonic()
    for done in range(40):
        at = Progress(step="upload", done=done, total=40, unit="steps")
        step = Step(name="upload", phase="forward", state=StepState.RUNNING, started_at=NOW)
        await chat.store.operations.step(stored.id, 2, step)
        await chat.store.operations.progress(stored.id, at)
        await asyncio.sleep(0.03)
    await chat.sim.wait_for(ANNA.id, "39 of 40", message=shown, timeout=15)
    elapsed = time.monotonic() - began
    looks = (await chat.sim.message(shown)).history
    assert len(looks) <= elapsed / SWIFT.private_gap + 2
    times = [look["at"] for look in looks[1:]]
    assert all(later - at >= SWIFT.private_gap / 2 for at, later in pairwise(times))


async def test_the_final_state_is_shown_before_the_verdict_without_waiting_for_the_pace(chat: Chat) -> None:
    chat.deliver(Tempo(poll=0.05, private_gap=30))
    stored = await chat.running()
    shown = await chat.sim.wait_for(ANNA.id, "· running ·", button=ENGLISH("button-cancel"))
    step = Step(name="upload", phase="forward", state=StepState.RUNNING, started_at=NOW)
    await chat.store.operations.step(stored.id, 2, step)
    await until(lambda: _looks(chat, shown, 2))  # from now on the pace would hold the next edit back
    await chat.finished(stored)
    await chat.sim.wait_for(ANNA.id, "deploy failed", timeout=15)
    final = await chat.sim.message(shown)
    assert final.buttons == []
    assert final.text.startswith("❌")


async def _looks(chat: Chat, message: SimMessage, number: int) -> bool:
    return len((await chat.sim.message(message)).history) >= number


async def test_a_text_that_is_the_same_is_not_edited(chat: Chat) -> None:
    notifier = chat.deliver()
    stored = await chat.proposed()
    await chat.sim.wait_for(ANNA.id, button="Confirm")
    await until(lambda: drained(chat))
    since = await chat.sim.last_call()
    async with chat.store.operations._database.transaction() as tx:
        await tx.execute("UPDATE outbox SET dirty = 1 WHERE operation_id = ?", (stored.id,))
    await until(lambda: _looked_at(chat))
    await notifier.stop(15)
    assert await chat.sim.calls("editMessageText", since=since) == []


async def _looked_at(chat: Chat) -> bool:
    return not await chat.store.operations._database.all("SELECT 1 FROM outbox WHERE dirty = 1")


async def test_an_edit_cut_off_by_a_crash_is_made_up_for_after_the_restart(chat: Chat) -> None:
    first = chat.deliver()
    stored = await chat.proposed()
    card = await chat.sim.wait_for(ANNA.id, button="Confirm")
    await until(lambda: drained(chat))
    await first.stop(1)
    await chat.store.operations.dismiss(stored.nonce, BORIS, ANNA.id, NOW)
    async with chat.store.operations._database.transaction() as tx:
        await tx.execute("UPDATE outbox SET dirty = 0")  # the mark was cleared, then the power went
        await tx.execute("UPDATE outbox SET created_at = ?", (time.time(),))
    chat.deliver()
    await chat.sim.wait_for(ANNA.id, "Cancelled by Boris", message=card)


@pytest.mark.parametrize("how", ["delete", "freeze"])
async def test_a_message_that_is_gone_is_given_up_and_the_verdict_still_comes(how: str, chat: Chat) -> None:
    chat.deliver()
    stored = await chat.running()
    shown = await chat.sim.wait_for(ANNA.id, "· running ·", button=ENGLISH("button-cancel"))
    await (chat.sim.delete(shown) if how == "delete" else chat.sim.freeze(shown))
    await chat.finished(stored)
    await chat.sim.wait_for(ANNA.id, "deploy failed")
    await until(lambda: drained(chat))


async def test_an_admin_who_blocked_the_bot_is_given_up_and_the_others_are_told_once(chat: Chat) -> None:
    """R-UX-4: every admin that can be reached."""
    await chat.sim.block(BORIS.id)
    chat.deliver()
    await chat.finished(await chat.running())
    await chat.sim.wait_for(ANNA.id, "do not reach")
    await chat.finished(await chat.running())
    await until(lambda: _two(chat))
    notices = [m for m in await chat.sim.messages(ANNA.id, by_bot=True) if "do not reach" in m.text]
    assert len(notices) == 1
    assert [admin.user_id for admin in await chat.admins.unreachable()] == [BORIS.id]


async def _two(chat: Chat) -> bool:
    return len(await verdicts(chat)) == 2 and await drained(chat)


async def test_a_success_for_a_group_that_is_gone_is_told_to_every_admin(chat: Chat) -> None:
    stored = await chat.running(origin=Origin(chat_id=-100_999, message_id=1, update_id=2))
    await chat.finished(stored, State.SUCCEEDED, everybody=False)
    chat.deliver()
    for admin in (ANNA, BORIS):
        assert "deploy succeeded" in (await chat.sim.wait_for(admin.id, "deploy succeeded")).text
    await until(lambda: drained(chat))


async def test_a_success_that_a_removed_admin_asked_for_is_told_to_the_others(chat: Chat) -> None:
    stored = await chat.running(origin=Origin(chat_id=BORIS.id, message_id=1, update_id=2))
    chat.admins.ids = frozenset({ANNA.id})
    await chat.finished(stored, State.SUCCEEDED, everybody=False)
    chat.deliver()
    await chat.sim.wait_for(ANNA.id, "deploy succeeded")
    assert await chat.sim.messages(BORIS.id, by_bot=True) == []


async def test_a_group_that_became_a_supergroup_is_followed(chat: Chat) -> None:
    group = await chat.sim.group("ops", [ANNA.id, BORIS.id])
    stored = await chat.running(origin=Origin(chat_id=group.id, message_id=1, update_id=2))
    new = await chat.sim.migrate(group)
    await chat.finished(stored)
    chat.deliver()
    assert "deploy failed" in (await chat.sim.wait_for(new, "deploy failed")).text


async def test_what_waits_for_a_removed_admin_is_not_sent(chat: Chat) -> None:
    """DESIGN: removing an admin takes effect at the start of anything pending."""
    await chat.notice(1, BORIS.id)
    chat.admins.ids = frozenset({ANNA.id})
    chat.deliver()
    await until(lambda: drained(chat))
    assert await chat.sim.messages(BORIS.id, by_bot=True) == []


async def test_somebody_who_never_pressed_start_cannot_be_reached_and_is_no_trouble(chat: Chat) -> None:
    await chat.sim.user(STRANGER, "Late")
    chat.admins.ids = frozenset({ANNA.id, STRANGER})
    await chat.notice(1, STRANGER)
    chat.deliver()
    await chat.sim.wait_for(ANNA.id, f"id {STRANGER}")


async def test_a_message_that_telegram_refuses_is_sent_plain(chat: Chat) -> None:
    body = '{"ok":false,"error_code":400,"description":"Bad Request: can\'t parse entities"}'
    chat.deliver()
    stored = await chat.running()
    await until(lambda: drained(chat))
    await chat.sim.outage(
        "answer", methods=["sendMessage"], times=1, status=400, body=body, content_type="application/json"
    )
    await chat.finished(stored, everybody=False)
    shown = await chat.sim.wait_for(ANNA.id, "deploy failed")
    assert "entities" not in shown.raw
    assert shown.buttons == []


async def test_an_answer_that_cannot_be_read_counts_as_arrived(chat: Chat) -> None:
    body = '{"ok":true,"result":{"message_id":77,"date":"never"}}'
    await chat.sim.outage(
        "answer", methods=["sendMessage"], times=1, status=200, body=body, content_type="application/json"
    )
    chat.deliver()
    await chat.notice(1)
    await until(lambda: drained(chat))
    assert len(await chat.sim.calls("sendMessage")) == 1


async def test_telegrams_own_limits_are_kept_without_a_single_refusal(chat: Chat) -> None:
    await chat.sim.flood("telegram")
    await chat.bot.session.close()
    chat.bot = make_bot(chat.api.token, chat.api.url)
    for number in range(8):
        await chat.notice(number, ANNA.id)
        await chat.notice(number, BORIS.id)
    chat.deliver()
    await until(lambda: drained(chat), 20)
    assert [call for call in await chat.sim.calls("sendMessage") if call["status"] == 429] == []


async def test_stopping_delivers_what_is_due_first(chat: Chat) -> None:
    notifier = chat.deliver()
    await asyncio.sleep(0.1)
    for number in range(3):
        await chat.notice(number)
    await notifier.stop(5)
    assert await drained(chat)


async def test_stopping_during_an_outage_does_not_take_long_and_loses_nothing(chat: Chat) -> None:
    await chat.sim.outage("refuse")
    notifier = chat.deliver()
    await chat.notice(1)
    await asyncio.sleep(0.2)
    began = time.monotonic()
    await notifier.stop(0.5)
    assert time.monotonic() - began < 10
    await chat.sim.lift_all()
    chat.deliver()
    await chat.sim.wait_for(ANNA.id, "n1")


async def test_a_slow_telegram_does_not_hold_up_the_process(chat: Chat) -> None:
    """A hanging request has its own deadline; others go on."""
    slow = make_bot(chat.api.token, chat.api.url)
    slow.session.timeout = 0.5
    await chat.bot.session.close()
    chat.bot = slow
    await chat.sim.outage("hang", methods=["sendMessage"], times=1, seconds=3)
    chat.deliver()
    await chat.notice(1)
    shown = await chat.sim.wait_for(ANNA.id, "n1", timeout=10)
    assert AGAIN in shown.text
