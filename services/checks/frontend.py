"""R-FE-1: a changed app has a higher version. R-DX-4: nginx answers unknown pages with the app itself."""

from __future__ import annotations

import re
from itertools import zip_longest

from services.changes import Changes
from services.checks.tree import APP_JSON, NGINX, SourceTree
from services.models import Finding, Severity

_COMMENT = re.compile(r"#[^\n]*")
_FALLBACK = re.compile(
    r"\btry_files\s[^;]*\s/index\.html(?:\?[^;\s]*)?[\s;]"
    r"|\berror_page\s+404\s[^;]*/index\.html\s*;"
    r"|\brewrite\s[^;]*/index\.html\b"
)


def version_findings(changes: Changes) -> list[Finding]:
    """Silent for a first deploy, for a frontend that did not change, and where there never was a version to compare."""
    deployed, version = changes.frontend_from, changes.frontend_to
    if deployed is None:
        return []
    if version is None:
        return _unreadable(changes, deployed)
    if is_higher(version, deployed):
        return []
    args: dict[str, str | int | float] = {
        "deployed": deployed,
        "version": version,
        "next": next_version(deployed),
    }
    if not changes.known:
        return [Finding(code="version-unsure", severity=Severity.WARNING, args=args)]
    if not changes.frontend:
        return []
    return [Finding(code="version-not-bumped", severity=Severity.BLOCKER, args=args)]


def _unreadable(changes: Changes, deployed: str) -> list[Finding]:
    """A version that was there and is not any more is no way around the rule."""
    if not changes.version_fault or (changes.known and not changes.frontend):
        return []
    args: dict[str, str | int | float] = {
        "file": APP_JSON,
        "fault": changes.version_fault,
        "deployed": deployed,
        "next": next_version(deployed),
    }
    if not changes.known:
        return [Finding(code="version-unreadable", severity=Severity.WARNING, args=args)]
    return [Finding(code="version-unreadable", severity=Severity.BLOCKER, args=args)]


def is_higher(version: str, than: str) -> bool:
    """By their numbers: 1.0.10 is higher than 1.0.9, 1.1 is the same as 1.1.0."""
    pairs = zip_longest(_numbers(version), _numbers(than), fillvalue=0)
    return next((new > old for new, old in pairs if new != old), False)


def next_version(version: str) -> str:
    """1.0.3 after 1.0.2; what stands behind the numbers goes."""
    *head, last = _numbers(version) or [0]
    return ".".join(str(number) for number in [*head, last + 1])


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"[0-9]{1,18}", re.split(r"[-+]", version)[0])]


def nginx_findings(tree: SourceTree) -> list[Finding]:
    """R-DX-4."""
    conf = tree.texts.get(NGINX)
    if conf is None or _FALLBACK.search(_COMMENT.sub("", conf)):
        return []
    return [Finding(code="no-spa-fallback", severity=Severity.WARNING, args={"file": NGINX})]
