"""What the source says about itself, and whether there is anything new in it."""

from __future__ import annotations

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
