"""Views: from the domain's objects to what stands in the chat, in both languages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from aiogram.utils.formatting import sizeof

from bot.texts import Texts
from bot.views import operations as operation_views
from bot.views.card import card
from bot.views.outgoing import render
from bot.views.progress import progress
from bot.views.screen import LIMIT, Screen
from bot.views.status import status
from bot.views.verdict import verdict
from services.facts.models import Container, Facts, HostFacts, Release
from services.models import Commit, Kind, Operation, Person, Progress, State, Step, StepState
from services.phrases import Phrase
from services.status import ProjectStatus
from services.store.outbox import Outgoing
from services.store.people import Admin
from tests.unit.bot.stage import ANNA, BORIS, ENGLISH, NOW, RUSSIAN, backup, finding, operation, plan

OLD = Release(id="r1", project="fitnessapp", label="9f8e7d6", at=NOW - timedelta(days=3), by="Boris")
BOTH = pytest.mark.parametrize("texts", [ENGLISH, RUSSIAN], ids=["en", "ru"])


def step(
    name: str, state: StepState = StepState.DONE, seconds: float = 12, phase: str = "forward", **result: Any
) -> Step:
    ended = None if state is StepState.RUNNING else NOW + timedelta(seconds=seconds)
    return Step(name=name, phase=phase, state=state, started_at=NOW, finished_at=ended, result=result)


def labels(screen: Screen) -> list[str]:
    return [b.text for row in screen.keyboard.inline_keyboard for b in row] if screen.keyboard else []


# --- card ---


@BOTH
def test_a_card_says_what_changes_what_was_found_and_how_long_it_stands(texts: Texts) -> None:
    pack = plan().pack
    assert pack is not None
    commits = tuple(Commit(id=f"{n:07d}abc", author="Ann", subject=f"change {n}") for n in range(12))
    pack = pack.model_copy(
        update={"commit": "a1b2c3d4e5f6a7b8", "subject": "Fix plans", "commits": commits, "more_commits": 30}
    )
    shown = card(
        operation(plan=plan(pack=pack, current=OLD, findings=(finding("no-health"),)), ref="main"),
        texts,
        "home",
    )
    for part in ("a1b2c3d", "9f8e7d6", "home", "main", "Fix plans", "change 6", "42", "35", "09:30 UTC"):
        assert part in shown.text
    assert texts("finding-no-health") in shown.text
    assert texts("finding-no-health.mend") in shown.text
    assert labels(shown)[0] == texts("button-confirm", kind="deploy")


def test_the_card_of_a_blocked_plan_has_no_buttons_and_says_what_mends_it() -> None:
    """R-DB-2: a bad DB_PASSWORD blocks with the reason and the fix."""
    found = finding("password-unsafe", "blocker", file="/srv/fitnessapp/.env.prod")
    shown = card(operation(plan=plan(findings=(found,))), ENGLISH)
    assert shown.keyboard is None
    assert ENGLISH("card-blocked") in shown.text
    assert "/srv/fitnessapp/.env.prod" in shown.text
    assert ENGLISH("finding-password-unsafe.mend") in shown.text


@pytest.mark.parametrize(("risk", "style"), [("low", "success"), ("medium", "primary"), ("high", "danger")])
def test_the_colour_of_the_gate_follows_the_risk(risk: str, style: str) -> None:
    shown = card(operation(plan=plan(risk=risk)), ENGLISH)
    assert shown.keyboard is not None
    assert shown.keyboard.inline_keyboard[0][0].style == style


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"state": State.RUNNING, "confirmed_by": BORIS}, "Confirmed by Boris"),
        ({"state": State.DISMISSED, "cancelled_by": BORIS}, "Cancelled by Boris"),
        ({"state": State.DISMISSED, "reason": Phrase(id="error-superseded")}, "The server changed"),
        ({"state": State.EXPIRED}, "Nobody confirmed"),
    ],
)
def test_a_decided_card_has_no_buttons_and_says_who_decided(changes: dict[str, Any], part: str) -> None:
    shown = card(operation(**changes), ENGLISH)
    assert shown.keyboard is None
    assert part in shown.text


def test_a_first_deploy_says_so_and_promises_no_backup() -> None:
    shown = card(operation(plan=plan(first=True, backup=False)), ENGLISH)
    assert ENGLISH("card-first") in shown.text
    assert ENGLISH("card-no-backup") in shown.text
    assert ENGLISH.step("backup") not in shown.text


def test_the_card_of_a_backup_speaks_of_no_release() -> None:
    shown = card(
        operation(kind=Kind.BACKUP, plan=plan(kind=Kind.BACKUP, pack=None, steps=("lock", "backup"))), ENGLISH
    )
    assert shown.text.startswith("Back up fitnessapp")
    assert "Now:" not in shown.text


def test_a_hostile_subject_and_name_stay_one_plain_line() -> None:
    pack = plan().pack
    assert pack is not None
    pack = pack.model_copy(update={"commit": "abc1234", "subject": "x\n\u202eevil\ud800" + "y" * 5000})
    evil = Person(id=1, name="A\nB" + "z" * 500)
    shown = card(operation(plan=plan(pack=pack), state=State.QUEUED, confirmed_by=evil), ENGLISH)
    shown.text.encode("utf-8")
    assert "\u202e" not in shown.text
    assert sizeof(shown.text) <= LIMIT


def test_a_card_with_endless_findings_still_fits_and_keeps_its_head_and_foot() -> None:
    found = tuple(finding("env-unreadable", file="/x" * 200, lines=str(n)) for n in range(40))
    shown = card(operation(plan=plan(findings=found)), ENGLISH)
    assert sizeof(shown.text) <= LIMIT
    assert shown.text.startswith("Deploy fitnessapp")
    assert shown.text.endswith("09:30 UTC")
    assert ENGLISH("cut-note") in shown.text


# --- progress ---


def running(**changes: Any) -> Operation:
    return operation(state=State.RUNNING, started_at=NOW, confirmed_by=ANNA, **changes)


@BOTH
def test_progress_shows_every_step_with_its_mark_and_where_it_stands(texts: Texts) -> None:
    at = Progress(step="upload", done=5 * 1024**2, total=20 * 1024**2, unit="bytes", rate=1024**2)
    steps = [step("lock", seconds=0.1), step("backup"), step("upload", StepState.RUNNING)]
    shown = progress(running(progress=at), steps, texts, NOW + timedelta(seconds=65))
    lines = shown.text.splitlines()
    assert f"✓ {texts.step('lock')}" in lines
    assert f"✓ {texts.step('backup')} · {texts.duration(12)}" in lines
    assert f"▸ {texts.step('upload')} · {texts.duration(65)}" in lines
    assert f"○ {texts.step('build')}" in lines
    assert "25%" in shown.text
    assert texts.size(1024**2) in shown.text
    assert texts("progress-left", left=15) in shown.text
    assert labels(shown) == [texts("button-cancel")]


def test_a_lost_connection_is_shown_as_such() -> None:
    at = Progress(step="build", unit="lost")
    shown = progress(running(progress=at), [step("build", StepState.RUNNING)], ENGLISH, NOW)
    assert ENGLISH("progress-lost") in shown.text


def test_steps_that_do_not_apply_are_not_shown() -> None:
    shown = progress(running(plan=plan(backup=False)), [step("lock", StepState.SKIPPED)], ENGLISH, NOW)
    assert ENGLISH.step("backup") not in shown.text
    assert ENGLISH.step("lock") not in shown.text


def test_on_the_way_back_the_steps_back_are_shown_and_nothing_can_be_stopped() -> None:
    steps = [
        step("up"),
        step("health", StepState.FAILED),
        step("restore-files", StepState.RUNNING, phase="rollback"),
    ]
    shown = progress(running(phase="rollback"), steps, ENGLISH, NOW)
    assert shown.keyboard is None
    assert f"✗ {ENGLISH.step('health')}" in shown.text
    assert shown.text.index(ENGLISH("progress-back")) < shown.text.index(ENGLISH.step("restore-files"))
    assert "○" not in shown.text


def test_a_stop_that_was_asked_for_is_shown_and_cannot_be_asked_again() -> None:
    shown = progress(running(cancelled_by=BORIS), [], ENGLISH, NOW)
    assert "Boris asked to stop" in shown.text
    assert shown.keyboard is None


def test_the_last_progress_no_longer_changes() -> None:
    ended = running(finished_at=NOW + timedelta(seconds=90)).model_copy(update={"state": State.SUCCEEDED})
    one = progress(ended, [step("lock")], ENGLISH, NOW + timedelta(seconds=100))
    assert one.digest == progress(ended, [step("lock")], ENGLISH, NOW + timedelta(days=1)).digest
    assert "1 min 30 s" in one.text


# --- verdict ---

HEADLINES = [
    (State.SUCCEEDED, "fitnessapp: deploy succeeded", "fitnessapp, деплой: выполнено"),
    (State.FAILED, "fitnessapp: deploy failed", "fitnessapp, деплой: не удалось"),
    (State.ROLLED_BACK, "fitnessapp: deploy rolled back", "fitnessapp, деплой: откат выполнен"),
    (State.NEEDS_HUMAN, "fitnessapp: deploy needs a human", "fitnessapp, деплой: нужен человек"),
]


def ended(state: State, **changes: Any) -> Operation:
    values: dict[str, Any] = {
        "started_at": NOW,
        "finished_at": NOW + timedelta(seconds=90),
        "confirmed_by": ANNA,
    }
    return operation(state=state, **values | changes)


@pytest.mark.parametrize(("state", "english", "russian"), HEADLINES)
def test_the_first_line_of_a_verdict_is_the_verdict(state: State, english: str, russian: str) -> None:
    """R-UX-3: a result is one line, then what is needed to act."""
    for texts, line in ((ENGLISH, english), (RUSSIAN, russian)):
        assert line in verdict(ended(state), [], texts, NOW).text.splitlines()[0]


def test_a_rollback_tells_the_reason_what_serves_now_and_the_last_lines_of_the_log() -> None:
    """R-RB-3: pushes the reason with the failing service's last log lines."""
    log = "\n".join(f"log line {number}" for number in range(40))
    reason = Phrase(id="health-unhealthy", args={"service": "backend"})
    shown = verdict(
        ended(
            State.ROLLED_BACK,
            reason=reason,
            log_tail=log,
            plan=plan(current=OLD, old_images={"backend": "sha256:1"}),
        ),
        [],
        ENGLISH,
        NOW,
    )
    assert "backend" in shown.text.splitlines()[1]
    assert "log line 39" in shown.text
    assert "log line 24\n" not in shown.text
    assert ENGLISH("meaning-old-serves", label="9f8e7d6") in shown.text
    assert "expandable_blockquote" in {entity.type for entity in shown.entities}


def test_a_failed_way_back_asks_for_a_human_and_says_both_reasons() -> None:
    shown = verdict(
        ended(
            State.NEEDS_HUMAN,
            reason=Phrase(id="health-unhealthy", args={"service": "backend"}),
            rollback_reason=Phrase(id="error-unreachable", args={"host": "home"}),
        ),
        [],
        ENGLISH,
        NOW,
    )
    assert "needs a human" in shown.text.splitlines()[0]
    assert "home does not answer" in shown.text.splitlines()[2]


def test_a_build_that_could_not_be_taken_back_is_not_called_untouched() -> None:
    left = ended(
        State.FAILED,
        reason=Phrase(id="error-build-failed", args={"status": 1}),
        rollback_reason=Phrase(id="error-unreachable", args={"host": "home"}),
    )
    for texts in (ENGLISH, RUSSIAN):
        shown = verdict(left, [], texts, NOW).text
        assert texts("meaning-names-moved") in shown
        assert texts("meaning-untouched") not in shown


def test_a_first_deploy_that_failed_says_that_nothing_serves() -> None:
    shown = verdict(ended(State.ROLLED_BACK, plan=plan(first=True)), [], ENGLISH, NOW)
    assert ENGLISH("meaning-first-stopped") in shown.text


def test_a_backup_that_succeeded_tells_size_and_checksum() -> None:
    """R-DB-4."""
    steps = [step("backup", backup="db-1", size=12_345_678, sha256="ab" * 32), step("fetch", file="f.dump")]
    done = ended(State.SUCCEEDED, kind=Kind.BACKUP, plan=plan(kind=Kind.BACKUP, pack=None))
    shown = verdict(done, steps, ENGLISH, NOW)
    assert "11.8 MB" in shown.text
    assert "abababababababab" in shown.text
    assert "on the host and here" in shown.text
    assert "1 min 30 s" in shown.text


def test_a_repeated_verdict_says_that_it_may_be_a_repeat() -> None:
    assert ENGLISH("sent-again") in verdict(ended(State.FAILED), [], ENGLISH, NOW, again=True).text
    assert ENGLISH("sent-again") not in verdict(ended(State.FAILED), [], ENGLISH, NOW).text


def test_an_endless_log_line_does_not_break_the_verdict() -> None:
    shown = verdict(ended(State.FAILED, log_tail="x" * 100_000 + "\ud800"), [], ENGLISH, NOW)
    shown.text.encode("utf-8")
    assert sizeof(shown.text) <= LIMIT


def test_a_defect_in_a_view_does_not_keep_the_result_from_people() -> None:
    row = Outgoing(1, ANNA.id, "verdict", "op", None, 0, 0, None, uncertain=False, shown="", final=False)
    broken = ended(State.FAILED, reason=Phrase(id="no-such-text-at-all"))
    assert render(row, broken, [], ENGLISH, NOW, "").text == "fitnessapp: deploy failed"


# --- status and operations ---


def facts(**changes: Any) -> Facts:
    host = HostFacts(
        load=(0.5, 0.4, 0.3), cpus=4, memory_total=4 * 1024**3, memory_available=1024**3, disk_total=40 * 1024**3,
        disk_available=10 * 1024**3, uptime=1, clock_skew=0, docker="26", compose="2.26", http_client="curl", user_home="/h",
    )  # fmt: skip
    return Facts(**{"project": "fitnessapp", "at": NOW, "host": host, "current": OLD} | changes)


def container(service: str, **changes: Any) -> Container:
    values: dict[str, Any] = {
        "id": "c", "name": service, "service": service, "image": "i", "image_id": "sha256:1", "state": "running",
        "health": "healthy", "started_at": NOW - timedelta(days=2), "image_created": NOW - timedelta(days=5),
    }  # fmt: skip
    return Container(**values | changes)


@BOTH
def test_status_shows_containers_host_release_backup_and_what_runs(texts: Texts) -> None:
    sick = container(
        "frontend", state="exited", health=None, exit_code=137, restart_policy="always", restarts=2
    )
    found = ProjectStatus(
        "fitnessapp", "home", facts(containers=(container("backend"), sick)), None, backup(),
        running(progress=Progress(step="build")),
    )  # fmt: skip
    shown = status([found], [Admin(7, "Ivan", "ru", reachable=False)], texts, NOW)
    for part in (
        "🔴 fitnessapp",
        "✓ backend",
        "✗ frontend",
        "137",
        "9f8e7d6",
        texts.duration(2 * 86400),
        "0.50",
        "75 %",
        "Ivan",
    ):
        assert part in shown.text
    assert texts.step("build") in shown.text
    assert texts.size(12_345_678) in shown.text


def test_a_host_that_does_not_answer_hides_no_other_project() -> None:
    lost = ProjectStatus(
        "shop", "vps", None, Phrase(id="error-unreachable", args={"host": "vps"}), None, None
    )
    well = ProjectStatus("fitnessapp", "home", facts(containers=(container("backend"),)), None, None, None)
    shown = status([lost, well], [], ENGLISH, NOW)
    assert "🔴 shop" in shown.text
    assert "VPN" in shown.text
    assert "🟢 fitnessapp" in shown.text


def test_a_job_that_ended_well_is_well() -> None:
    done = container("migrate", state="exited", health=None, exit_code=0)
    found = ProjectStatus("fitnessapp", "home", facts(containers=(done,)), None, None, None)
    assert "🟢 fitnessapp" in status([found], [], ENGLISH, NOW).text


@BOTH
def test_the_list_of_operations_and_backups(texts: Texts) -> None:
    shown = operation_views.operations([running(), ended(State.FAILED)], [backup(local_file="x")], texts, NOW)
    assert texts("state-failed") in shown.text
    assert "abababab" in shown.text
    assert len(labels(shown)) == 2


@BOTH
def test_the_details_of_an_operation_tell_who_when_each_step_and_why(texts: Texts) -> None:
    steps = [step("lock"), step("build", StepState.FAILED, 30), step("unlock", phase="rollback")]
    failed = ended(State.FAILED, reason=Phrase(id="error-build-failed", args={"status": 1}), log_tail="boom")
    shown = operation_views.details(failed, steps, texts, NOW, has_log=True)
    for part in (
        failed.id,
        "Anna",
        f"✗ {texts.step('build')} · {texts.duration(30)}",
        "boom",
        texts.step("unlock"),
    ):
        assert part in shown.text
    assert labels(shown) == [texts("button-log")]


def test_the_details_of_a_running_operation_can_be_refreshed_and_stopped() -> None:
    shown = operation_views.details(running(), [], ENGLISH, NOW, has_log=False)
    assert labels(shown) == [ENGLISH("button-refresh"), ENGLISH("button-cancel")]


def test_every_button_fits_into_telegrams_64_bytes() -> None:
    long_id = "op-20261123-091502-k3f9"
    screens = [
        card(operation(nonce="n" * 24), ENGLISH),
        operation_views.details(running(id=long_id), [], ENGLISH, NOW, has_log=True),
    ]
    data = [b.callback_data for s in screens if s.keyboard for row in s.keyboard.inline_keyboard for b in row]
    assert all(len(text.encode()) <= 64 for text in data if text)


def test_a_button_that_would_not_fit_is_a_defect_of_ours_and_is_found_at_once() -> None:
    from bot.keyboards import button

    with pytest.raises(ValueError, match="65 bytes"):
        button("x", "y" * 65)
