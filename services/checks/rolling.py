"""Whether rolling can be what an admin expects of it: the service is there, and who stands before it notices a move."""

from __future__ import annotations

from collections.abc import Sequence

from services import strategies
from services.facts.models import Facts, Release
from services.models import Finding, Pack, Severity
from services.projects import Project
from services.strategies import Choice


def choices(project: Project, facts: Facts, pack: Pack) -> tuple[Choice, ...]:
    """Strategies of all services of a release. None where nothing is known of them: all are recreated then."""
    if set(pack.traits) != set(pack.compose_services):
        return ()
    ordered = {name: pack.traits[name] for name in pack.compose_services}
    return strategies.choose(project, facts, ordered, fixed=fixed(pack))


def choices_again(project: Project, facts: Facts, release: Release) -> tuple[Choice, ...]:
    """Of a release that comes back, by what was recorded when it came."""
    if set(release.traits) != set(release.services):
        return ()
    ordered = {name: release.traits[name] for name in release.services}
    return strategies.choose(project, facts, ordered, fixed=release.fixed)


def fixed(pack: Pack) -> tuple[str, ...]:
    """Services that would not notice that another moved to a new address."""
    return pack.source.frontends if _upstreams(pack) else ()


def _upstreams(pack: Pack) -> set[str]:
    """Services, and names without a dot, which may be another name that a service has in the stack's network."""
    found = set(pack.source.static_upstreams)
    aliases = {name for name in found if "." not in name} - {"localhost"}
    return found & {*pack.compose_services} | aliases


def rolling_findings(project: Project, pack: Pack, chosen: Sequence[Choice]) -> list[Finding]:
    found = []
    if names := strategies.unknown(project, pack.compose_services):
        args = {"services": ", ".join(names), "known": ", ".join(pack.compose_services)}
        found.append(Finding(code="strategy-unknown", severity=Severity.BLOCKER, args=args))
    rolled = set(strategies.rolling(chosen))
    behind = {name for name in _upstreams(pack) if name in rolled or (rolled and name not in pack.traits)}
    found += [
        Finding(code="static-upstream", severity=Severity.WARNING, args={"service": name})
        for name in sorted(behind)
    ]
    return found
