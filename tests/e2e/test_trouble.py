"""Bad days on real parts: lost connections, Telegram down, people who tap at once, people who may not."""

from __future__ import annotations

import asyncio

import pytest

from bot.sandbox.played import Sent, Tap
from tests.e2e.world import BORIS, STRANGER, World

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
]


async def test_it_begins_with_a_deployed_release(here: World) -> None:
    await here.start_bot()
    await here.sim.start(here.anna)
    await here.sim.start(here.boris)
    assert "succeeded" in (await here.deploy()).text


async def test_two_admins_and_two_taps_at_once_start_one_operation(here: World) -> None:
    """R-UX-2: exactly one tap wins. Boris cannot use Anna's card: it is bound to her chat."""
    before = len(here.operations())
    here.project.release_commit("v2")
    card = await here.card()
    since = await here.sim.mark()
    taps = await asyncio.gather(
        here.sim.tap(here.anna, card, "Confirm"), here.sim.tap(here.anna, card, "Confirm", stale=True)
    )
    verdict = await here.verdict(since)
    assert "succeeded" in verdict.text
    assert len(await here.verdicts(since)) == 1
    assert len(here.operations()) == before + 1
    answered = await asyncio.gather(*(here.sim.answers(tap) for tap in taps))
    assert all(answered)  # also the tap that came too late is told so


async def test_two_admins_in_a_group_tap_one_card_and_one_of_them_starts_it(here: World) -> None:
    group = await here.sim.group("ops", [here.anna, here.boris])
    here.project.release_commit("v3")
    since = await here.sim.mark()
    sent = await here.sim.say(here.anna, "/deploy", group)
    card = await here.sim.wait_for(group, button="Confirm", after=sent, timeout=30)
    since = await here.sim.mark()
    before = len(here.operations())
    taps = await asyncio.gather(
        here.sim.tap(here.anna, card, "Confirm"), here.sim.tap(here.boris, card, "Confirm", stale=True)
    )
    verdict = await here.sim.wait_for(group, "succeeded", since=since, timeout=120)
    assert verdict.text
    assert len(here.operations()) == before
    texts = [answer["text"] for tap in taps for answer in await here.sim.answers(tap)]
    assert len(texts) == 2
    assert len(set(texts)) == 2


async def test_a_cut_connection_during_the_build_still_ends_with_one_verdict(here: World) -> None:
    here.project.write_release("v4")
    here.project.slow_build(6)
    here.project.commit("v4, slowly built")
    since = await here.confirmed()
    await here.step("build")
    await asyncio.sleep(1)
    assert here.sshd.cut(refuse_for=2) > 0
    verdict = await here.verdict(since)
    here.project.fix()
    assert "succeeded" in verdict.text
    assert here.server.served_version() == "v4"
    assert len(await here.verdicts(since)) == 1


async def test_a_cut_connection_at_every_other_moment_of_a_deploy_ends_well_too(here: World) -> None:
    here.project.release_commit("v5")
    since = await here.confirmed()
    cuts = 0
    for number in range(400):
        cuts += here.sshd.cut()
        if await here.verdicts(since):
            break
        await asyncio.sleep(0.3 + number % 8 * 0.4)
    verdict = await here.verdict(since)
    assert cuts >= 2  # the world counts connections or the processes that serve them
    assert "succeeded" in verdict.text
    assert here.server.served_version() == "v5"
    assert here.server.is_healthy()


async def test_telegram_down_for_a_minute_during_a_deploy_delays_the_verdict_and_loses_nothing(
    here: World,
) -> None:
    """R-UX-4."""
    here.project.release_commit("v6")
    since = await here.confirmed()
    await here.step("lock", "done")
    async with here.sim.outage("refuse"):
        await asyncio.sleep(60)
        await here.step("unlock", "done")
        assert here.server.served_version() == "v6"
    verdict = await here.verdict(since, within=60)
    assert "succeeded" in verdict.text
    assert len(await here.verdicts(since)) == 1


async def test_a_flood_wait_delays_the_verdict_and_loses_nothing(here: World) -> None:
    here.project.release_commit("v7")
    since = await here.confirmed()
    await here.sim.outage("flood", methods=["sendMessage", "editMessageText"], times=4, retry_after=2)
    verdict = await here.verdict(since)
    await here.sim.lift_all()
    assert "succeeded" in verdict.text
    assert len(await here.verdicts(since)) == 1


async def test_a_host_behind_a_dead_vpn_is_said_to_be_unreachable_within_its_deadline(here: World) -> None:
    with here.sshd.silence():
        sent = await here.sim.say(here.anna, "/status")
        status = await here.sim.wait_for(here.anna, "VPN", after=sent, timeout=15)
        assert "fitnessapp" in status.text
        sent = await here.sim.say(here.anna, "/deploy")
        refused = await here.sim.wait_for(here.anna, "VPN", after=sent, timeout=15)
    assert not any(label.startswith("Confirm") for label in refused.labels)


async def test_a_changed_host_key_stops_everything(here: World) -> None:
    """R-DX-1: the host key is the pinned one, or nothing is done."""
    before = len(here.operations())
    here.sshd.change_host_key()
    here.sshd.cut()
    sent = await here.sim.say(here.anna, "/deploy")
    refused = await here.sim.wait_for(here.anna, regex=r"(?i)host key", after=sent, timeout=15)
    here.sshd.pin()
    assert not refused.labels
    assert len(here.operations()) == before


async def test_a_stranger_gets_silence_and_is_logged_once(here: World) -> None:
    mallory = await here.sim.user(STRANGER, "Mallory")
    since = await here.sim.mark()
    await here.sim.start(mallory)
    for text in ("/deploy", "/status"):
        said = await here.sim.say(mallory, text)
    assert await here.sim.confirmed(said)
    await here.handled()
    assert await here.sim.stays_quiet(mallory, since)
    assert here.bot_log().count(str(STRANGER)) == 1


async def test_forged_forwarded_edited_stale_and_replayed_input_does_nothing(here: World) -> None:
    """R-UX-2: nothing but a fresh tap of a listed human on their own card starts anything."""
    mallory = await here.sim.user(STRANGER, "Mallory")
    card = await here.card()
    confirm = next(button["callback_data"] for button in card.buttons if button["text"].startswith("Confirm"))
    before = here.operations()
    since = await here.sim.mark()
    group = await here.sim.group("other", [here.anna, here.boris, mallory])
    sent: list[Sent | Tap] = [
        await here.sim.say(here.anna, "/deploy", forward_from=STRANGER),
        await here.sim.say(here.anna, "/deploy", via_bot="helper_bot"),
        await here.sim.say(here.anna, "/deploy", photo=True),
        await here.sim.say(here.anna, "/deploy", group, anonymous=True),
        await here.sim.say(mallory, "/deploy", group),
        await here.sim.tap(mallory, card, data=confirm, forged=True),
        await here.sim.tap(here.boris, card, data=confirm, forged=True),
        await here.sim.tap(here.anna, card, data=confirm[:-3] + "abc", forged=True),
        await here.sim.tap(here.anna, card, data="g:y:../../etc", forged=True),
        await here.sim.tap(here.anna, card, data=confirm, inaccessible=True),
    ]
    said = await here.sim.say(here.anna, "hello")
    sent.append(await here.sim.edit(here.anna, said, "/deploy"))
    for one in sent:
        if one.update_id is not None:
            assert await here.sim.confirmed(one)
    await here.handled()
    assert here.operations() == before
    assert not [m for m in await here.sim.messages(group, by_bot=True, since=since) if m.labels]


async def test_a_stale_command_is_refused_and_says_so(here: World) -> None:
    before = len(here.operations())
    sent = await here.sim.say(here.anna, "/deploy", age=600)
    answer = await here.sim.wait_for(here.anna, after=sent, regex=r".")
    assert not answer.labels
    assert len(here.operations()) == before


async def test_a_replayed_confirmation_starts_nothing_twice(here: World) -> None:
    card = await here.card("/backup")
    since = await here.sim.mark()
    tap = await here.sim.tap(here.anna, card, "Confirm")
    assert "succeeded" in (await here.verdict(since)).text
    before = here.operations()
    again = [await here.sim.replay(tap), await here.sim.replay(tap, same_id=False)]
    for update_id in again:
        assert await here.sim.confirmed(update_id)
    await here.handled()
    assert here.operations() == before
    assert len(await here.verdicts(since)) == 1


async def test_an_admin_who_blocked_the_bot_is_named_to_the_others_once(here: World) -> None:
    await here.sim.block(here.boris)
    since = await here.sim.mark()
    here.project.break_build()
    here.project.commit("broken")
    assert "failed" in (await here.deploy()).text
    here.project.fix()
    await here.sim.wait_for(here.anna, "Boris", since=since, timeout=20)
    since = await here.sim.mark()
    sent = await here.sim.say(here.anna, "/status")
    status = await here.sim.wait_for(here.anna, "fitnessapp", after=sent, timeout=20)
    assert "Boris" in status.text or str(BORIS) in status.text


async def test_reads_go_through_the_engine_api_and_nothing_is_left_at_the_end(here: World) -> None:
    assert here.lock_is_free()
    assert await here.stop_bot() == 0
    assert "Traceback" not in here.bot_log()
