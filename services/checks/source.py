"""What the source says about itself, and whether there is anything new in it."""

from __future__ import annotations

from collections.abc import Sequence

from services.drift import Drift, named
from services.facts.models import Facts
from services.models import Finding, Pack, Severity

_HASH = 8
"""Hex digits of the manifest's hash at the end of a release id."""


def source_findings(facts: Facts, pack: Pack) -> list[Finding]:
    findings = []
    if pack.dirty:
        findings.append(Finding(code="source-dirty", severity=Severity.INFO))
    if facts.current and not facts.current_known:
        args = {"release": facts.current.id}
        findings.append(Finding(code="release-unknown", severity=Severity.WARNING, args=args))
    if facts.current and facts.current.id[-_HASH:] == pack.manifest_sha256[:_HASH]:
        args = {"release": facts.current.label or facts.current.id}
        findings.append(Finding(code="nothing-new", severity=Severity.INFO, args=args))
    return findings


def drift_findings(drift: Drift | None, kept: Sequence[str] = ()) -> list[Finding]:
    """Files that were edited on the server since they were deployed, and would be replaced; what the swap would refuse."""
    if drift is None:
        return []
    findings = []
    edited = [one.path for one in drift.files]
    if edited or drift.unnamed:
        args = named(edited, more=drift.unnamed)
        findings.append(Finding(code="drift", severity=Severity.WARNING, args=args))
    if blocking := drift.blocking.paths:
        args = named(blocking, more=drift.blocking.total - len(blocking))
        findings.append(Finding(code="in-the-way", severity=Severity.BLOCKER, args=args))
    if not drift.known:
        findings.append(Finding(code="drift-unknown", severity=Severity.WARNING))
    if drift.staying:
        findings.append(Finding(code="drift-stays", severity=Severity.INFO, args=named(drift.staying)))
    if drift.returning:
        findings.append(Finding(code="drift-back", severity=Severity.INFO, args=named(drift.returning)))
    if kept:
        findings.append(Finding(code="drift-kept", severity=Severity.INFO, args=named(kept)))
    return findings
