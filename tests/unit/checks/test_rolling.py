from __future__ import annotations

import pytest

from services import plans
from services.changes import SourceFacts
from services.checks import deploy_findings
from services.checks.rolling import choices
from services.facts.nginx import static_upstreams
from services.models import Pack, Severity
from services.projects import Project
from tests.unit.checks.test_findings import project
from tests.unit.services.test_strategies import TRAITS, seen


@pytest.mark.parametrize(
    ("conf", "names"),
    [
        ("location /api/ { proxy_pass http://backend:5000; }", ("backend",)),
        ("location /api/ { proxy_pass http://backend/; }", ("backend",)),
        ("upstream api { server backend:5000; keepalive 4; } location / { proxy_pass http://api; }", ("backend",)),
        ("location / { uwsgi_pass backend:3031; }", ("backend",)),
        ("resolver 127.0.0.11; set $b http://backend:5000; location / { proxy_pass $b; }", ()),
        ("set $b backend; location / { proxy_pass http://$b:5000; }", ()),
        ("upstream api { zone api 64k; server backend:5000 resolve; } location / { proxy_pass http://api; }", ()),
        ('location / { proxy_pass "http://backend:5000"; }', ("backend",)),
        ("location / { proxy_pass 'http://backend'; }", ("backend",)),
        ("location / { proxy_pass http://[::1]:5000; }", ()),
        ("# proxy_pass http://backend:5000;\nserver { listen 80; }", ()),
        ("location / { fastcgi_pass unix:/run/php.sock; }", ()),
        ("", ()),
    ],
)  # fmt: skip
def test_a_name_that_nginx_looks_up_only_when_it_starts_is_seen(conf: str, names: tuple[str, ...]) -> None:
    assert static_upstreams(conf) == names


def pack(*upstreams: str) -> Pack:
    return Pack(
        release_id="r2", file="x", size=1, files=1, unpacked=1, manifest_sha256="0", label="new",
        compose_services=tuple(TRAITS), build_services=("backend", "frontend"), traits=TRAITS,
        source=SourceFacts(frontends=("frontend",), static_upstreams=upstreams),
    )  # fmt: skip


def codes(about: Project, packed: Pack) -> dict[str, tuple[Severity, dict[str, str | int | float]]]:
    return {one.code: (one.severity, one.args) for one in deploy_findings(about, seen(), packed)}


def test_rolling_behind_an_nginx_that_would_not_notice_is_a_warning_and_the_frontend_is_recreated() -> None:
    rolled = project(strategy={"backend": "rolling"})
    found = codes(rolled, pack("backend"))
    assert found["static-upstream"] == (Severity.WARNING, {"service": "backend"})
    spared = {one.service: one.spared for one in choices(rolled, seen(), pack("backend"))}
    assert spared == {"db": True, "backend": True, "frontend": False}


def test_a_name_that_is_no_service_may_be_another_name_of_one() -> None:
    rolled = project(strategy={"backend": "rolling"})
    assert codes(rolled, pack("api"))["static-upstream"] == (Severity.WARNING, {"service": "api"})
    spared = {one.service: one.spared for one in choices(rolled, seen(), pack("api"))}
    assert spared == {"db": True, "backend": True, "frontend": False}


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "api.example.org"])
def test_a_name_from_elsewhere_is_no_matter(name: str) -> None:
    rolled = project(strategy={"backend": "rolling"})
    assert "static-upstream" not in codes(rolled, pack(name))
    assert all(one.spared for one in choices(rolled, seen(), pack(name)))


def test_an_nginx_that_looks_up_while_it_serves_and_a_backend_that_is_recreated_are_no_matter() -> None:
    assert "static-upstream" not in codes(project(strategy={"backend": "rolling"}), pack())
    assert "static-upstream" not in codes(project(), pack("backend"))


def test_a_service_that_the_release_lacks_blocks_and_is_told_what_there_is() -> None:
    severity, args = codes(project(strategy={"api": "rolling"}), pack())["strategy-unknown"]
    assert (severity, args["services"]) == (Severity.BLOCKER, "api")
    assert args["known"] == "frontend, backend, db"


def test_where_the_compose_file_is_not_wholly_known_nothing_is_chosen() -> None:
    assert choices(project(), seen(), pack().model_copy(update={"traits": {}})) == ()


def test_the_plan_keeps_what_was_chosen_and_a_first_deploy_has_nothing_to_choose() -> None:
    rolled = project(strategy={"backend": "rolling"})
    planned = plans.deploy(rolled, seen(), pack())
    assert [(one.service, one.rolling) for one in planned.strategies] == [
        ("db", False), ("backend", True), ("frontend", False)
    ]  # fmt: skip
    nothing = seen().model_copy(
        update={"containers": (), "current": None, "has_deployed_files": False, "volumes": ()}
    )
    assert plans.deploy(rolled, nothing, pack()).strategies == ()
