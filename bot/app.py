"""The composition root: builds every service once, owns their lifetimes, starts and drains."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import structlog
from aiogram import Bot

from bot import menu
from bot.admins import Admins
from bot.conversation import make_dispatcher
from bot.gateway import make_bot
from bot.instance import only_instance
from bot.intake import FatalIntake, Intake
from bot.logging import redactor
from bot.notifier import Notifier
from bot.settings import Settings
from bot.texts import Catalogues
from services import deploys
from services.backups import leftovers
from services.backups import steps as backups
from services.backups.keys import learn_keys
from services.backups.offsite import Offsite
from services.backups.pruning import now, outlook
from services.bumps import Bumps
from services.drills import steps as drills
from services.drills.proposals import DrillProposals
from services.env_edits.room import EnvEdits
from services.env_secrets import EnvSecrets
from services.instance import owner_name
from services.migrations import steps as migrations
from services.migrations.proposals import MigrationProposals
from services.models import Kind
from services.operation_log import OperationLogs
from services.operations import Operations, Trade
from services.projects import Project
from services.proposals import Proposals
from services.remote.hosts import Hosts
from services.restores import steps as restores
from services.restores.proposals import RestoreProposals
from services.rollbacks import steps as rollbacks
from services.rollbacks.proposals import RollbackProposals
from services.runner import Runner
from services.runs import Run, StepDef
from services.schedules.clockwork import Schedules
from services.sources.zipped import Zipped, zipped
from services.status import StatusReader
from services.store import Store
from services.tasks import Tasks

log = structlog.get_logger(__name__)

DRAIN_SECONDS = 8.0
"""For handlers, then for messages, when the process is asked to end. Operations go on: the host carries them."""
MIRRORS = "git"
"""The folder under DATA_DIR for clones of git sources."""
HOUSEKEEPING_SECONDS = 20.0
ADOPT_SECONDS = 2.0
KEPT_LOGS = 200


@dataclass(frozen=True)
class App:
    """All that lives as long as the process."""

    bot: Bot
    store: Store
    hosts: Hosts
    operations: Operations
    intake: Intake
    notifier: Notifier
    admins: Admins
    catalogues: Catalogues
    tasks: Tasks
    logs: OperationLogs
    schedules: Schedules
    backups: Path  # our own copies


@dataclass(frozen=True)
class Core:
    """What works without Telegram: the bot has it, and so has a terminal."""

    settings: Settings
    store: Store
    operations: Operations
    status: StatusReader
    earlier: RollbackProposals
    admins: Admins
    tasks: Tasks
    logs: OperationLogs
    mirrors: Path  # clones of git sources
    bumps: Bumps
    proposals: Proposals
    env: EnvEdits
    schedules: Schedules
    hosts: Hosts
    offsite: Offsite

    async def zipped(
        self, project: Project, ref: str | None, target: Path, *, replace: bool = False
    ) -> Zipped:
        """The source as deploy.zip, for a deploy by hand."""
        return await zipped(project, ref, target, self.mirrors, replace=replace)


def secret_file(path: Path) -> bytes:
    """A key of this installation, made on first use and readable by its owner only."""
    with suppress(FileExistsError):
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(file, "wb") as key:
            key.write(secrets.token_hex(32).encode())
    return path.read_bytes()


@asynccontextmanager
async def build(settings: Settings) -> AsyncIterator[App]:
    """Everything built and connected, nothing started. Closes what it opened, in reverse."""
    data = settings.data_dir
    store = await Store.open(data / "opsgate.db", redactor)
    hosts = Hosts(settings.hosts, data / "run")
    bot = make_bot(settings.bot_token.get_secret_value(), settings.telegram_api_url)
    tasks = Tasks()
    try:
        yield _compose(settings, store, hosts, bot, tasks)
    finally:
        await tasks.close()
        await hosts.close()
        await bot.session.close()
        await store.close()


def _compose(settings: Settings, store: Store, hosts: Hosts, bot: Bot, tasks: Tasks) -> App:
    catalogues = Catalogues()
    admins = Admins(settings.admin_ids, store)
    logs = OperationLogs(settings.data_dir / "logs", redactor)
    host_names = {name: project.host for name, project in settings.projects.items()}
    notifier = Notifier(bot, store, admins, catalogues, tasks, host_names, log_of=logs.joined)
    core = make_core(settings, store, hosts, tasks, admins, notifier.wake)
    dispatcher = make_dispatcher(
        core.operations,
        core.status,
        admins,
        settings.projects,
        store,
        catalogues,
        core.earlier.earlier,
        bumped=core.bumps.bumped,
        zip_of=core.zipped,
        outlook_of=lambda project: outlook(store, hosts.get(project.host), project, now()),
        migrations_chosen=MigrationProposals(core.proposals.facts, hosts).chosen,
        hosts=settings.hosts,
        keeping=core.bumps.keeping,
        difference=lambda old: core.proposals.difference(core.operations.project(old.project), old.plan),
        changed=notifier.wake,
        env=core.env,
        leaving=core.offsite.leaving,
    )
    intake = Intake(bot, dispatcher, store, tasks, lambda: sorted(admins.ids), sealing=core.env.sealing)
    return App(
        bot, store, hosts, core.operations, intake, notifier, admins, catalogues, tasks, logs, core.schedules,
        settings.data_dir / "backups",
    )  # fmt: skip


def make_core(
    settings: Settings,
    store: Store,
    hosts: Hosts,
    tasks: Tasks,
    admins: Admins,
    changed: Callable[[], None],
    *,
    starts: bool = True,
) -> Core:
    """Every service once. Processes share the clones: see git.alone_in."""
    data, mirrors = settings.data_dir, MIRRORS
    key = secret_file(data / "instance.key")
    logs = OperationLogs(data / "logs", redactor)
    env_secrets = EnvSecrets(redactor)
    runner = Runner(store, logs, owner_name(key), lambda: sorted(admins.ids), changed, env_secrets.read)
    proposals = Proposals(hosts, data / "packs", data / mirrors, key, env_secrets, store.past)
    earlier = RollbackProposals(proposals.facts, hosts, store, settings.projects, data / mirrors)
    bumps = Bumps(proposals.deploy, proposals.deploy_keeping, settings.projects, data / mirrors, taps=starts)
    env = EnvEdits(proposals.facts, hosts, data, key, env_secrets, lambda: admins.ids)
    offsite = Offsite(hosts, data, learn=redactor.add)
    for project in settings.projects.values():
        learn_keys(project, redactor)
    trades = _trades(
        proposals,
        env,
        bumps,
        RestoreProposals(proposals.facts, hosts, store, data),
        earlier,
        runner,
        data,
        DrillProposals(proposals.facts, hosts, store, data),
        MigrationProposals(proposals.facts, hosts),
        offsite,
    )
    operations = Operations(
        store=store,
        hosts=hosts,
        projects=settings.projects,
        admins=admins.ids,
        trades=trades,
        runner=runner,
        logs=logs,
        tasks=tasks,
        changed=changed,
        packs=data / "packs",
        starts=starts,
    )
    schedules = Schedules(
        store=store,
        projects=settings.projects,
        plans={kind: trade.plan for kind, trade in trades.items()},
        take_up=operations.recover,
        admins=admins.ids,
        changed=changed,
    )
    status = StatusReader(store, hosts, settings.projects, key, env_secrets.learn)
    return Core(
        settings, store, operations, status, earlier, admins, tasks, logs, data / mirrors, bumps, proposals, env,
        schedules, hosts, offsite,
    )  # fmt: skip


def _trades(
    propose: Proposals,
    env: EnvEdits,
    bumps: Bumps,
    restore: RestoreProposals,
    earlier: RollbackProposals,
    runner: Runner,
    data: Path,
    drill: DrillProposals,
    migrating: MigrationProposals,
    offsite: Offsite,
) -> dict[Kind, Trade]:
    async def claim(run: Run) -> dict[str, int]:
        return {"epoch": await runner.claim(run)}

    lock = StepDef("lock", claim)
    return {
        Kind.DEPLOY: Trade(bumps.deploy, propose.deploy_again, deploys.procedure(lock, data / "packs")),
        Kind.ROLLBACK: Trade(earlier.rollback, earlier.rollback_again, rollbacks.procedure(lock)),
        Kind.BACKUP: Trade(
            propose.backup, propose.backup_again, backups.procedure(lock, data / "backups", offsite)
        ),
        Kind.RESTORE: Trade(
            restore.restore, restore.restore_again, restores.restore_procedure(lock, data, offsite)
        ),
        Kind.UNDO: Trade(restore.undo, restore.undo_again, restores.undo_procedure(lock)),
        Kind.MIGRATE: Trade(migrating.migrate, migrating.migrate_again, migrations.procedure(lock)),
        Kind.DRILL: Trade(drill.drill, drill.drill_again, drills.procedure(lock, data, offsite)),
        Kind.ENV: Trade(env.proposals.env, env.proposals.env_again, env.procedure(lock)),
        Kind.DROP: Trade(restore.drop, restore.drop_again, restores.drop_procedure(lock)),
    }


async def run(settings: Settings) -> int:
    """Runs until SIGTERM or SIGINT (exit status 0) or until polling is useless (1)."""
    settings.make_data_dir()
    with only_instance(settings.data_dir):
        async with build(settings) as app:
            return await _serve(app)


async def _serve(app: App) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    app.tasks.start("notifier", app.notifier.run())
    app.tasks.start("menu", menu.publish(app.bot, app.admins, app.catalogues))
    app.tasks.start("housekeeping", _keep_house(app))
    app.tasks.start("terminals", _listen_to_terminals(app))
    await app.operations.recover()
    app.tasks.start("schedules", app.schedules.run())
    status = await _poll_until(app, stop)
    log.info("stopping")
    await app.intake.stop(DRAIN_SECONDS)
    await app.notifier.stop(DRAIN_SECONDS)
    return status


async def _poll_until(app: App, stop: asyncio.Event) -> int:
    """0 when asked to stop, 1 when the intake gave up or broke: whoever watches over us may start us again."""
    failed: list[Exception] = []

    async def poll() -> None:
        try:
            await app.intake.run()
        except FatalIntake as error:
            log.critical("intake gave up", reason=str(error))
            failed.append(error)
        except Exception as error:
            log.exception("the intake broke")
            failed.append(error)
        finally:
            stop.set()

    app.tasks.start("intake", poll())
    await stop.wait()
    return 1 if failed else 0


async def _keep_house(app: App, every: float = HOUSEKEEPING_SECONDS) -> None:
    """Takes the buttons off old cards; old logs, packs and what a kill left off the disk. Failed, it is tried again."""
    while True:
        try:
            await app.operations.expire()
            await asyncio.to_thread(app.logs.prune, KEPT_LOGS)
            await asyncio.to_thread(leftovers.sweep, app.backups)
        except Exception:
            log.exception("housekeeping failed")
        await asyncio.sleep(every)


async def _listen_to_terminals(app: App, every: float = ADOPT_SECONDS) -> None:
    """Carries out what was confirmed in a terminal, and stops what was cancelled there. Trouble is tried again."""
    while True:
        await asyncio.sleep(every)
        try:
            await app.operations.recover()
        except Exception:
            log.exception("terminals were not heard")
