"""The practice PostgreSQL keeps passwords as a real one does: read and changed by the commands that Opsgate sends."""

from __future__ import annotations

import io
from pathlib import Path

from pydantic import SecretStr

from bot.sandbox.practice import postgres
from bot.sandbox.practice.postgres.cluster import Cluster
from services.commands import roles
from services.env_edits.passwords import matches, verifier
from services.projects import Database


def psql(data: Path, script: bytes) -> str:
    argv = roles.script("a" * 12, Database(name="postgres", user="owner"), "owner").argv
    out, err = io.BytesIO(), io.BytesIO()
    inner = list(argv[argv.index("psql") :])
    status = postgres.run(inner, data=data, environment={}, stdin=io.BytesIO(script), stdout=out, stderr=err)
    assert status == 0, err.getvalue()
    return out.getvalue().decode().strip()


def test_a_password_given_as_a_verifier_opens_and_the_old_one_no_longer_does(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path)
    cluster.make("owner", "old1")
    cluster.seal()
    stored = psql(tmp_path, roles.READ)
    assert matches(stored, SecretStr("old1"), "owner")
    psql(tmp_path, roles.store(verifier(SecretStr("new2"), "owner", stored)))
    assert cluster.accepts_password("owner", "new2")
    assert not cluster.accepts_password("owner", "old1")
