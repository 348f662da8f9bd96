"""R-FE-1: the app's version is raised in the source with nothing else changed, in a folder or as a pushed commit."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from services.bumps import Bumps, app_json, by_hand, folder
from services.bumps import repository as pushed
from services.changes import Changes
from services.checks.frontend import version_findings
from services.checks.tree import app_version
from services.errors import BadInput, OpsgateError, SourceError
from services.models import Bump, Finding, Operation, Pack, Plan, Severity, Way
from services.projects import Project, TreeSource
from services.sources import git as git_source
from tests.unit.services.stage import proposal
from tests.unit.sources.conftest import commit, git, write

APP = "mobile/app.json"
CONTENT = '{\n  "expo": {\n    "name": "FitnessApp",\n    "version": "1.0.2"\n  }\n}\n'


# --- which version ---


@pytest.mark.parametrize(
    ("version", "deployed", "to"),
    [
        ("1.0.2", "1.0.2", "1.0.3"),
        ("1.0", "1.0", "1.1"),
        ("7", "7", "8"),
        ("1.0.9", "1.0.9", "1.0.10"),
        ("1.0.1", "1.0.4", "1.0.5"),
        ("1.0", "1.0.0", "1.0.1"),
        ("1.0.0", "1.0", "1.1"),
    ],
)
def test_the_last_number_of_the_deployed_version_goes_up_by_one(version: str, deployed: str, to: str) -> None:
    """R-FE-1: higher than the deployed one, not just than the source's."""
    assert app_json.next_after(version, deployed) == to


@pytest.mark.parametrize(
    ("version", "deployed"),
    [
        *(("1.0.2-beta", "1.0.2"), ("1.0.2", "1.0.2-beta"), ("1.0.2+7", "1.0.2"), ("v1", "v1"), ("", "")),
        *(("1.0.x", "1.0"), ("1..2", "1.0"), ("1.0.3", "1.0.2"), ("1.0.\u0662", "1.0.2"), ("1" * 40, "1")),
    ],
)
def test_a_version_that_is_not_plain_numbers_is_for_a_person_to_raise(version: str, deployed: str) -> None:
    assert app_json.next_after(version, deployed) is None


# --- the file ---

ODD = {
    "two blanks": CONTENT,
    "tabs": CONTENT.replace("  ", "\t"),
    "CRLF": CONTENT.replace("\n", "\r\n"),
    "one line, no end": '{"expo":{"version":"1.0.2"}}',
    "no blanks and many": '{ "expo"\t:\n\n{"version"  :   "1.0.2"  ,"a":1}}',
    "a BOM": "\ufeff" + CONTENT,
    "other versions before it": (
        '{"version": "1.0.2", "expo": {"plugins": [["x", {"version": "1.0.2"}]],'
        ' "ios": {"version": "1.0.2"}, "version": "1.0.2", "runtimeVersion": {"version": "1.0.2"}}}'
    ),
    "unicode": '{"expo": {"name": "Приложение 🏋 \\u00e9 \\"version\\": \\"1.0.2\\"", "version": "1.0.2"}}',
    "written with escapes": '{"\\u0065xpo": {"versio\\u006e": "1.0\\u002e2"}}',
    "numbers and words": '{"a": -1.5e3, "b": [], "expo": {"c": null, "d": {}, "e": true, "version": "1.0.2"}}',
}


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_only_the_characters_of_the_version_change(text: str) -> None:
    """Line ends, indentation, order, escapes and a BOM stay as they are."""
    before = text.encode("utf-8")
    after = app_json.raised(before, "1.0.3")
    spot = app_json.spot(before)
    assert spot is not None
    assert app_version(after) == "1.0.3"
    assert after.decode("utf-8") == text[: spot.begin] + '"1.0.3"' + text[spot.end :]
    assert json.loads(text[spot.begin : spot.end]) == "1.0.2"


def test_of_two_members_with_one_name_the_one_that_counts_is_changed() -> None:
    before = b'{"expo": {"version": "0"}, "expo": {"version": "1.0.2", "version": "1.0.2"}}'
    after = app_json.raised(before, "1.0.3")
    assert after == b'{"expo": {"version": "0"}, "expo": {"version": "1.0.2", "version": "1.0.3"}}'


def test_the_line_is_the_one_an_editor_shows() -> None:
    spot = app_json.spot(ODD["CRLF"].encode())
    assert spot is not None
    assert spot.line == 4


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{", b'{"expo": {}}', b'{"expo": {"version": 2}}', b'{"expo": "1"}', b'\xff{"expo": 1}', b"[" * 9999],
)  # fmt: skip
def test_what_has_no_version_is_not_edited(content: bytes) -> None:
    assert app_json.spot(content) is None
    with pytest.raises(ValueError, match="no version"):
        app_json.raised(content, "1.0.3")


def test_a_file_that_begins_with_a_bom_is_checked_like_any_other() -> None:
    """R-FE-1 is not passed by by a byte order mark."""
    assert app_version("\ufeff" + CONTENT) == app_version(("\ufeff" + CONTENT).encode()) == "1.0.2"


# --- in a folder ---


@pytest.fixture
def app(source: Path) -> Path:
    return write(source, {APP: CONTENT}) / APP


def left(source: Path) -> list[str]:
    return sorted(one.name for one in (source / "mobile").iterdir())


def test_the_file_keeps_its_mode_and_nothing_is_left_beside_it(source: Path, app: Path) -> None:
    app.chmod(0o640)
    folder.edit(source, "1.0.2", "1.0.3")
    assert app.read_text() == CONTENT.replace("1.0.2", "1.0.3")
    assert stat.S_IMODE(app.stat().st_mode) == 0o640
    assert left(source) == ["app.json"]


@pytest.mark.parametrize("linked", ["the file", "its folder"])
def test_a_link_is_not_followed(linked: str, source: Path, app: Path, tmp_path: Path) -> None:
    """Nothing outside of the source folder is written."""
    outside = tmp_path / "outside"
    what = app if linked == "the file" else app.parent
    what.rename(outside)
    what.symlink_to(outside)
    with pytest.raises(SourceError) as raised:
        folder.edit(source, "1.0.2", "1.0.3")
    assert raised.value.phrase.id == "error-bump-link"
    assert (outside if outside.is_file() else outside / "app.json").read_text() == CONTENT
    assert folder.read(source) is None


def test_a_pipe_in_its_place_is_refused_and_not_waited_for(source: Path, app: Path) -> None:
    app.unlink()
    os.mkfifo(app)
    with pytest.raises(SourceError) as raised:
        folder.edit(source, "1.0.2", "1.0.3")
    assert raised.value.phrase.id == "error-bump-link"


def test_another_version_than_the_card_showed_is_left_alone(source: Path, app: Path) -> None:
    with pytest.raises(SourceError) as raised:
        folder.edit(source, "1.0.1", "1.0.2")
    assert raised.value.phrase.id == "error-bump-changed"
    assert app.read_text() == CONTENT


def test_a_file_that_is_gone_says_so(source: Path, app: Path) -> None:
    app.unlink()
    with pytest.raises(SourceError) as raised:
        folder.edit(source, "1.0.2", "1.0.3")
    assert (raised.value.phrase.id, left(source)) == ("error-bump-file", [])


async def test_a_folder_that_may_not_be_written_is_left_to_a_person(
    source: Path, app: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as one that is mounted for reading only."""
    monkeypatch.setattr(os, "access", lambda path, _mode: Path(path) != app.parent)  # root writes everywhere
    offered = await Ground(tmp_path, path=str(source)).blocked()
    assert (way(offered), offered.plan.bump and offered.plan.bump.line) == (Way.BY_HAND, 4)


# --- through the plan and the tap ---


def packed(*kept: str) -> Pack:
    return Pack(
        release_id="r", file="r.tar.gz", size=1, files=1, unpacked=1, manifest_sha256="0" * 64, label="r", kept=kept
    )  # fmt: skip


class Ground:
    """A project with its source, whose plans are blocked as long as its version is not higher than 1.0.2."""

    def __init__(self, folder: Path, **source: Any) -> None:
        self.mirrors = folder / "mirrors"
        self.project = Project.model_validate(
            {"name": "app", "host": "home", "path": "/srv/app", "source": source}
        )
        self.others: tuple[Finding, ...] = ()
        self.kept = ("backend/app.py",)
        self.asked_to_keep: list[Plan] = []
        self.bumps = Bumps(self.plan, self.plan_keeping, {"app": self.project}, self.mirrors)

    async def plan(self, _project: Project, ref: str | None) -> Plan:
        version = await self.version(ref)
        changes = Changes(frontend=1, frontend_from="1.0.2", frontend_to=version)
        findings = (*version_findings(changes), *self.others)
        return Plan(kind="deploy", project="app", steps=("lock",), findings=findings, changes=changes)

    async def plan_keeping(self, project: Project, ref: str | None, offered: Plan) -> Plan:
        self.asked_to_keep.append(offered)
        plan = await self.plan(project, ref)
        return plan.model_copy(update={"pack": packed(*self.kept)})

    async def version(self, ref: str | None) -> str | None:
        source = self.project.source
        if isinstance(source, TreeSource):
            return app_version((source.path / APP).read_bytes())
        mirror = self.mirrors / "app.git"
        await git_source.update_mirror(mirror, source.git)
        head = await git_source.resolve(mirror, ref or source.branch)
        return app_version(git(mirror, "show", f"{head}:{APP}"))

    async def blocked(self, ref: str | None = None) -> Operation:
        plan = await self.bumps.deploy(self.project, ref)
        assert plan.blocked
        return proposal(project="app", plan=plan, ref=ref)


def way(offered: Operation) -> Way | None:
    return offered.plan.bump.way if offered.plan.bump else None


async def refusal(ground: Ground, offered: Operation) -> OpsgateError:
    with pytest.raises(OpsgateError) as raised:
        await ground.bumps.bumped(offered)
    return raised.value


async def test_a_local_folder_is_edited_and_planned_anew(source: Path, app: Path, tmp_path: Path) -> None:
    """R-FE-1."""
    ground = Ground(tmp_path, path=str(source))
    offered = await ground.blocked()
    bump = offered.plan.bump
    assert bump is not None
    assert (bump.version, bump.to, bump.way, bump.line, bump.checkout) == (
        "1.0.2",
        "1.0.3",
        Way.FILE,
        4,
        False,
    )
    plan = await ground.bumps.bumped(offered)
    assert (plan.blocked, plan.bump, app_version(app.read_bytes())) == (False, None, "1.0.3")


async def test_in_a_checkout_the_file_is_edited_and_nothing_committed(
    repository: Path, tmp_path: Path
) -> None:
    write(repository, {APP: CONTENT})
    head = commit(repository, "An app")
    ground = Ground(tmp_path, path=str(repository))
    offered = await ground.blocked()
    assert offered.plan.bump is not None
    assert offered.plan.bump.checkout
    await ground.bumps.bumped(offered)
    assert git(repository, "rev-parse", "HEAD") == head
    assert git(repository, "status", "--porcelain") == f"M {APP}"


async def test_who_bumped_meanwhile_is_not_overruled(source: Path, app: Path, tmp_path: Path) -> None:
    """Also after a crash between the edit and the new plan: another tap only plans."""
    ground = Ground(tmp_path, path=str(source))
    offered = await ground.blocked()
    write(source, {APP: CONTENT.replace("1.0.2", "2.0")})
    assert not (await ground.bumps.bumped(offered)).blocked
    assert app_version(app.read_bytes()) == "2.0"


@pytest.mark.parametrize("version", ["1.0.2-beta", "next"])
async def test_a_version_that_cannot_be_counted_up_is_not_offered(
    version: str, source: Path, app: Path, tmp_path: Path
) -> None:
    app.write_text(CONTENT.replace("1.0.2", version))
    ground = Ground(tmp_path, path=str(source))
    assert (await ground.blocked()).plan.bump is None


async def test_where_something_else_blocks_too_nothing_is_offered(
    source: Path, app: Path, tmp_path: Path
) -> None:
    assert app.exists()
    ground = Ground(tmp_path, path=str(source))
    ground.others = (Finding(code="disk-low", severity=Severity.BLOCKER),)
    assert (await ground.blocked()).plan.bump is None


async def test_files_of_the_server_that_were_to_be_kept_are_kept_by_the_new_plan_too(
    source: Path, app: Path, tmp_path: Path
) -> None:
    ground = Ground(tmp_path, path=str(source))
    kept = proposal(project="app", plan=await ground.bumps.keeping(await ground.blocked()))
    assert way(kept) is Way.FILE
    plan = await ground.bumps.bumped(kept)
    assert plan.pack is not None
    assert plan.pack.kept == ("backend/app.py",)
    assert ground.asked_to_keep[-1] == kept.plan  # which names them
    assert (plan.blocked, app_version(app.read_bytes())) == (False, "1.0.3")


async def test_where_the_servers_own_version_is_kept_raising_the_sources_is_no_help(
    source: Path, app: Path, tmp_path: Path
) -> None:
    ground = Ground(tmp_path, path=str(source))
    ground.kept = (APP,)
    assert (await ground.bumps.keeping(await ground.blocked())).bump is None
    assert app.exists()


async def test_in_a_terminal_which_has_no_buttons_a_person_does_it(
    source: Path, app: Path, tmp_path: Path
) -> None:
    ground = Ground(tmp_path, path=str(source))
    projects = {"app": ground.project}
    bumps = Bumps(ground.plan, ground.plan_keeping, projects, ground.mirrors, taps=False)
    bump = (await bumps.deploy(ground.project, None)).bump
    assert bump is not None
    assert (bump.way, bump.line, app.read_text()) == (Way.BY_HAND, 4, CONTENT)


async def test_a_card_that_offered_nothing_cannot_be_tapped_for_it(
    source: Path, app: Path, tmp_path: Path
) -> None:
    """A forged button: the nonce of an ordinary card behind the letter of this one."""
    ground = Ground(tmp_path, path=str(source))
    error = await refusal(ground, proposal(project="app"))
    assert (type(error), error.phrase.id) == (BadInput, "tap-unknown")
    assert app.read_text() == CONTENT


# --- in a repository ---


@pytest.fixture
def remote(repository: Path, tmp_path: Path) -> Path:
    """A bare repository as a server has it, with the app on main and a tag."""
    write(repository, {APP: CONTENT, "script.sh": "#!/bin/sh\n"})
    (repository / "script.sh").chmod(0o755)
    commit(repository, "An app")
    git(repository, "tag", "v1")
    bare = tmp_path / "remote.git"
    git(repository, "clone", "-q", "--bare", str(repository), str(bare))
    return bare


def pushing(folder: Path, remote: Path, **more: str) -> Ground:
    return Ground(folder, git=str(remote), bump="push", **more)


async def test_a_commit_that_changes_one_line_is_pushed_on_top_of_the_branch(
    remote: Path, tmp_path: Path
) -> None:
    """R-FE-1."""
    head = git(remote, "rev-parse", "main")
    ground = pushing(tmp_path, remote, bump_author="Release Bot <bot@example.org>")
    offered = await ground.blocked()
    assert way(offered) is Way.PUSH
    plan = await ground.bumps.bumped(offered)
    assert (plan.blocked, plan.bump) == (False, None)
    assert git(remote, "rev-list", "--parents", "-n1", "main").split()[1:] == [head]
    assert git(remote, "diff", "--numstat", head, "main").split() == ["1", "1", APP]
    told = git(remote, "log", "-n1", "--format=%an <%ae>|%cn <%ce>|%s", "main")
    assert told == "Release Bot <bot@example.org>|Release Bot <bot@example.org>|Bump the app to 1.0.3"
    assert git(remote, "rev-parse", "v1") == head
    assert "100755" in git(remote, "ls-tree", "main", "script.sh")
    assert {one.name for one in ground.mirrors.iterdir()} == {"app.git", "app.git.lock"}


async def test_the_author_is_opsgate_unless_configured(remote: Path, tmp_path: Path) -> None:
    ground = pushing(tmp_path, remote)
    await ground.bumps.bumped(await ground.blocked())
    assert git(remote, "log", "-n1", "--format=%an <%ae>", "main") == "Opsgate <opsgate@localhost>"


async def test_the_branch_that_was_asked_for_is_the_one_that_is_bumped(remote: Path, tmp_path: Path) -> None:
    git(remote, "branch", "feature/x", "main")
    main = git(remote, "rev-parse", "main")
    ground = pushing(tmp_path, remote)
    await ground.bumps.bumped(await ground.blocked("feature/x"))
    assert git(remote, "log", "-n1", "--format=%s", "feature/x") == "Bump the app to 1.0.3"
    assert git(remote, "rev-parse", "main") == main


async def test_commits_that_came_meanwhile_are_kept(repository: Path, remote: Path, tmp_path: Path) -> None:
    ground = pushing(tmp_path, remote)
    offered = await ground.blocked()
    write(repository, {"more.txt": "more\n"})
    newer = commit(repository, "More")
    git(repository, "push", "-q", str(remote), "main")
    await ground.bumps.bumped(offered)
    assert git(remote, "rev-parse", "main^") == newer


async def test_what_is_pushed_already_is_not_pushed_again(remote: Path, tmp_path: Path) -> None:
    """The push arrived and its answer did not: another tap only plans."""
    ground = pushing(tmp_path, remote)
    offered = await ground.blocked()
    await ground.bumps.bumped(offered)
    head = git(remote, "rev-parse", "main")
    await ground.bumps.bumped(offered)
    assert git(remote, "rev-parse", "main") == head


@pytest.mark.parametrize("kind", ["tag", "commit"])
async def test_a_tag_or_a_commit_is_not_bumped(kind: str, remote: Path, tmp_path: Path) -> None:
    head = git(remote, "rev-parse", "main")
    ground = pushing(tmp_path, remote)
    offered = await ground.blocked("v1" if kind == "tag" else head[:12])
    assert way(offered) is Way.NO_BRANCH
    assert (await refusal(ground, offered)).phrase.id == "tap-unknown"
    assert git(remote, "for-each-ref", "--format=%(refname)") == "refs/heads/main\nrefs/tags/v1"
    assert git(remote, "rev-parse", "main") == head


async def test_a_refused_push_changes_nothing_and_says_what_to_do(remote: Path, tmp_path: Path) -> None:
    """A protected branch: what its hook says, and the commands for a person who may."""
    hook = remote / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho main is protected\nexit 1\n")
    hook.chmod(0o755)
    head = git(remote, "rev-parse", "main")
    ground = pushing(tmp_path, remote)
    offered = await ground.blocked()
    error = await refusal(ground, offered)
    assert error.phrase.id == "error-bump-refused"
    assert "main is protected" in str(error.phrase.args["said"])
    assert error.phrase.args["commands"] == (
        "git switch main && git pull --ff-only\n"
        '# mobile/app.json, line 4: "version": "1.0.3"\n'
        "git commit -m 'Bump the app to 1.0.3' mobile/app.json && git push origin main"
    )
    assert git(remote, "rev-parse", "main") == head
    assert (await ground.plan(ground.project, None)).blocked


async def test_a_branch_that_moves_under_the_push_is_not_overwritten(remote: Path, tmp_path: Path) -> None:
    """Never by force: the other's commit stays."""
    hook = remote / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(
        "#!/bin/sh\nunset GIT_QUARANTINE_PATH\n"
        "new=$(git commit-tree -p main -m theirs main^{tree}) && git update-ref refs/heads/main $new\n"
    )
    hook.chmod(0o755)
    ground = pushing(tmp_path, remote)
    error = await refusal(ground, await ground.blocked())
    assert error.phrase.id == "error-bump-refused"
    assert git(remote, "log", "-n1", "--format=%s", "main") != "Bump the app to 1.0.3"


async def test_without_permission_the_commands_are_told_and_nothing_is_pushed(
    remote: Path, tmp_path: Path
) -> None:
    """Default deny: who did not configure pushing is not pushed for, even with a forged tap."""
    head = git(remote, "rev-parse", "main")
    ground = Ground(tmp_path, git=str(remote))
    offered = await ground.blocked()
    bump = offered.plan.bump
    assert bump is not None
    assert bump.way is Way.BY_HAND
    assert by_hand(bump).splitlines()[-1].endswith(" && git push origin main")
    assert (await refusal(ground, offered)).phrase.id == "tap-unknown"
    allowed_once = offered.model_copy(
        update={"plan": offered.plan.model_copy(update={"bump": bump.model_copy(update={"way": Way.PUSH})})}
    )
    assert (await refusal(ground, allowed_once)).phrase.id == "error-bump-settings"
    assert git(remote, "rev-parse", "main") == head


async def test_a_link_in_the_repository_is_not_offered(repository: Path, tmp_path: Path) -> None:
    write(repository, {"real.json": CONTENT})
    (repository / "mobile").mkdir()
    (repository / APP).symlink_to("../real.json")
    commit(repository, "A link")
    ground = pushing(tmp_path, repository)
    plan = Plan(
        kind="deploy",
        project="app",
        steps=("lock",),
        findings=version_findings(Changes(frontend=1, frontend_from="1.0.2", frontend_to="1.0.2")),
        changes=Changes(frontend=1, frontend_from="1.0.2", frontend_to="1.0.2"),
    )

    async def planned(_project: Project, ref: str | None) -> Plan:
        await ground.version(ref)
        return plan

    bumps = Bumps(planned, ground.plan_keeping, {"app": ground.project}, ground.mirrors)
    assert (await bumps.deploy(ground.project, None)).bump is None


def test_a_branch_with_an_odd_name_stays_one_word_of_the_commands() -> None:
    """What is pasted into a shell must not run something else."""
    bump = Bump(deployed="1", version="1", to="2", branch="x;$(id)")
    assert "git push origin 'x;$(id)'" in by_hand(bump)


@pytest.mark.parametrize("fails", ["switch", "commit"])
def test_the_commands_by_hand_do_not_go_on_after_a_failure(fails: str, tmp_path: Path) -> None:
    """Pasted whole into a real shell: nothing is pulled into another branch, and nothing pushed without a commit."""
    fake = tmp_path / "git"
    fake.write_text(f'#!/bin/sh\necho "$1"\n[ "$1" != {fails} ]\n')
    fake.chmod(0o755)
    lines = by_hand(Bump(deployed="1", version="1", to="2", branch="main", line=4))
    done = subprocess.run(
        ["sh", "-c", lines], env={"PATH": f"{tmp_path}:/bin"}, capture_output=True, text=True, check=False
    )
    ran = done.stdout.split()
    assert ran == (["switch", "commit", "push"] if fails == "switch" else ["switch", "pull", "commit"])


async def test_the_login_of_the_repository_is_not_told_when_it_refuses(tmp_path: Path) -> None:
    """An address with a token in it: what git says about it does not quote the token."""
    mirror = tmp_path / "m.git"
    git(tmp_path, "init", "-q", "--bare", str(mirror))
    tree = git(mirror, "hash-object", "-t", "tree", "-w", "/dev/null")
    made = git(mirror, "commit-tree", "-m", "x", tree)
    said = await pushed.push(mirror, "http://anna:s3cret@127.0.0.1:9/x.git", made, "main")
    assert said is not None
    assert "127.0.0.1" in said
    assert "s3cret" not in said
    assert "anna" not in said
