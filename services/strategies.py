"""How each service of a release is brought up: recreated, or rolled, the new instance beside the old; and why."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

from services.facts.models import MOST_RESTARTS, Container, Facts, Traits
from services.phrases import Phrase
from services.projects import Project

Wish = Literal["recreate", "rolling", "auto"]
_DATABASES = re.compile(
    r"postg|timescale|pgvector|mysql|mariadb|percona|mongo|redis|valkey|keydb|mssql|clickhouse|elastic|opensearch"
    r"|couch|influx|cassandra|neo4j|rabbitmq|kafka|minio|qdrant|sqlite"
)
_ANONYMOUS = 64
"""Hex digits that name a volume which has no name of its own."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Choice(_Frozen):
    """One service. `old` are the ids of its containers when the plan was made, `config` is Compose's hash of them.

    `spared`: it may stay as it is where neither its image nor its configuration changed.
    """

    service: str
    rolling: bool = False
    wished: Wish = "recreate"
    reason: Phrase | None = None
    needs: tuple[str, ...] = ()
    spared: bool = False
    old: tuple[str, ...] = ()
    image: str = ""
    image_name: str = ""
    config: str = ""


def choose(
    project: Project, facts: Facts, services: Mapping[str, Traits], *, fixed: Iterable[str] = ()
) -> tuple[Choice, ...]:
    """Pure. What a service depends on comes before it.

    `fixed`: services that would not notice that another moved to a new address, and so are never spared.
    """
    known = _env_is_known(facts)
    found = {
        name: _choice(project, facts, name, services, may_spare=known and name not in set(fixed))
        for name in services
    }
    chosen = tuple(found[name] for name in _in_order(services))
    if once := _one_shot(services, facts):
        return tuple(_plain(one, once) for one in chosen)
    if project.health:
        return chosen
    moving = set(
        rolling(chosen)
    )  # no probe would tell that one of those that depend on it still asks the old address
    return tuple(
        one.model_copy(update={"spared": one.spared and moving.isdisjoint(one.needs)}) for one in chosen
    )


def _one_shot(services: Mapping[str, Traits], facts: Facts) -> str:
    """A service that may run to its end, where there is one: every `up` would run it again, so there may only be one."""
    awaited = {name for traits in services.values() for name in traits.completed}
    runs = {one.service for one in facts.containers if one.state == "running"}
    once = (
        name for name, traits in services.items() if name in awaited or (traits.ends and name not in runs)
    )
    return next(once, "")


def _plain(one: Choice, once: str) -> Choice:
    """Recreated with all others, by the runbook's one command."""
    because = one.reason or Phrase(id="strategy-one-shot", args={"service": once})
    reason = None if one.wished == "recreate" else because
    return one.model_copy(update={"rolling": False, "spared": False, "reason": reason})


def unknown(project: Project, services: Iterable[str]) -> tuple[str, ...]:
    """Services that [strategy] names and the release does not have."""
    return tuple(sorted(project.strategy.keys() - set(services)))


def rolling(choices: Iterable[Choice]) -> tuple[str, ...]:
    return tuple(one.service for one in choices if one.rolling)


def _choice(
    project: Project, facts: Facts, name: str, services: Mapping[str, Traits], *, may_spare: bool
) -> Choice:
    traits, wished = services[name], project.strategy.get(name, "recreate")
    found = [one for one in facts.containers if one.service == name]
    reason = None if wished == "recreate" else _obstacle(project, name, services, found, wished)
    only = found[0] if len(found) == 1 else None
    return Choice(
        service=name,
        rolling=wished != "recreate" and reason is None,
        wished=wished,
        reason=reason,
        needs=tuple(one for one in (*traits.needs, *traits.uses) if one in services),
        spared=may_spare and traits.whole and traits.watched and only is not None and _is_steady(only),
        old=tuple(sorted(one.id for one in found)),
        image=only.image_id if only else "",
        image_name=only.image if only else "",
        config=only.config_hash if only else "",
    )


def _obstacle(
    project: Project, name: str, services: Mapping[str, Traits], found: Sequence[Container], wished: Wish
) -> Phrase | None:
    """Why there cannot be two of it for a while. A healthcheck may be the image's own: then the container has it."""
    traits = services[name]
    has_check = traits.healthcheck or (traits.healthcheck is None and any(one.health for one in found))
    anonymous = traits.anonymous or has_anonymous(found)
    joined = any(name in other.uses for other in services.values())
    obstacles: tuple[tuple[object, str, dict[str, str]], ...] = (
        (project.database is not None and project.database.service == name, "strategy-database", {}),
        (_keeps_data(traits, found), "strategy-data", {"volumes": traits.data or ", ".join(traits.shared)}),
        (not traits.whole, "strategy-extends", {}),
        (traits.fixed_name, "strategy-name", {}),
        (traits.published, "strategy-port", {"port": traits.published}),
        (traits.uses, "strategy-joins", {}),
        (traits.tied, "strategy-tied", {"key": traits.tied}),
        (joined, "strategy-joined", {}),
        (traits.instances != "1", "strategy-instances", {"count": traits.instances}),
        (anonymous, "strategy-anonymous", {}),
        (wished == "auto" and traits.shared, "strategy-shared", {"volumes": ", ".join(traits.shared)}),
        (not has_check, "strategy-unchecked", {}),
        (not found, "strategy-new", {}),
        (len(found) > 1, "strategy-several", {"count": str(len(found))}),
        (not any(_serves(one) for one in found), "strategy-down", {}),
    )
    return next((Phrase(id=code, args=args) for met, code, args in obstacles if met), None)


def has_anonymous(found: Iterable[Container]) -> bool:
    """Whether a volume without a name hangs on one of them: only Compose, recreating it, hands that on."""
    return any(len(one) == _ANONYMOUS for each in found for one in each.volumes)


def _keeps_data(traits: Traits, found: Sequence[Container]) -> bool:
    """R-DB-1 in spirit: two servers on one folder of data destroy it, whoever asked for them."""
    return bool(traits.data or (traits.shared and any(_DATABASES.search(one.image) for one in found)))


def _serves(one: Container) -> bool:
    return one.state == "running" and one.health in {None, "healthy"}


def _is_steady(one: Container) -> bool:
    """Docker counts restarts until a container is recreated."""
    return _serves(one) and one.restarts < MOST_RESTARTS


def _env_is_known(facts: Facts) -> bool:
    """R-FE-2: a changed value recreates everything; so does not to know with which values it runs."""
    if facts.current is None or facts.current.env is None:
        return False
    return facts.current.env == (facts.env.fingerprints if facts.env else {})


def _in_order(services: Mapping[str, Traits]) -> list[str]:
    done: dict[str, None] = {}

    def add(name: str, path: tuple[str, ...]) -> None:
        if name in done or name in path or name not in services:
            return
        for other in (*services[name].needs, *services[name].uses):
            add(other, (*path, name))
        done[name] = None

    for name in services:
        add(name, ())
    return list(done)


def changed(
    choices: Iterable[Choice],
    images: Mapping[str, str],
    configs: Mapping[str, str],
    present: Mapping[str, Sequence[Container]],
) -> frozenset[str]:
    """Pure: who cannot stay. Now there are: `images`, ids by image name; Compose's hashes and containers by service.

    Where a service is put in the place of another, so is what depends on it: it may hold connections, or an address.
    What is rolled is there all the time, so that whatever depends on it stays.
    """
    found: set[str] = set()
    replaced: set[str] = set()
    for one in choices:
        same = images.get(one.image_name) == one.image != "" and configs.get(one.service) == one.config != ""
        if not (one.spared and same and is_there(one, present)) or replaced.intersection(one.needs):
            found.add(one.service)
            if not one.rolling:
                replaced.add(one.service)
    return frozenset(found)


def is_there(one: Choice, present: Mapping[str, Sequence[Container]]) -> bool:
    """The very containers of when the plan was made, all of them running, and no other."""
    now = present.get(one.service, ())
    same = bool(now) and tuple(sorted(each.id for each in now)) == one.old
    return same and all(each.state == "running" for each in now)


def forward_jobs(choices: Sequence[Choice]) -> list[str]:
    """Whatever jobs `up` may have begun, as parts of their names: the way back ends them first."""
    rolled = [one for one in choices if one.rolling]
    found = [f"recreate-{number}" for number in range(len(rolled) + 1)] if choices else []
    for one in rolled:
        found += [f"{what}-{one.service}" for what in ("beside", "recreate")]
        found += [f"{what}-{old[:12]}" for old in one.old for what in ("drain", "drain-again")]
    return [*found, "rest"] if found else []


def short_hash(services: Iterable[str]) -> str:
    return hashlib.sha256(" ".join(sorted(services)).encode()).hexdigest()[:8]


def kept(choices: Iterable[Choice], present: Mapping[str, Sequence[Container]]) -> frozenset[str]:
    """Pure: on the way back, who still is the very container from before, running, on nothing that was replaced."""
    found: set[str] = set()
    for one in choices:
        if is_there(one, present) and (one.rolling or (one.spared and found.issuperset(one.needs))):
            found.add(one.service)
    return frozenset(found)
