from __future__ import annotations

import time

import pytest

from services.checks.routes import mismatches, route_findings
from services.checks.tree import SourceTree
from services.facts.flask_routes import flask_routes
from services.facts.frontend_calls import frontend_calls
from services.models import Severity

PLANS = """from flask import Blueprint
plans = Blueprint("plans", __name__, url_prefix="/api/plans")
@plans.route("/", methods=["GET", "POST"])
def listed(): ...
@plans.get("/<int:plan_id>")
def one(plan_id): ...
"""


def tree(backend: str = PLANS, **frontend: str) -> SourceTree:
    calls = {f"mobile/{name.replace('_', '.')}": text for name, text in frontend.items()}
    texts = {"backend/app.py": backend, **calls}
    return SourceTree(frozenset(texts), texts)


def wrong(backend: str, call: str, name: str = "api_ts") -> list[str]:
    """The called paths that are named, each with its route."""
    return [
        f"{called.path} {route}"
        for called, route in mismatches(
            flask_routes({"backend/app.py": backend}), frontend_calls({f"mobile/{name}": call})
        )
    ]


@pytest.mark.parametrize(
    "call",
    [
        "fetch('/api/plans')",
        'fetch("/api/plans?page=2")',
        "fetch(`${API_URL}/plans`)",
        "fetch(`${config.urls['api']}/api/plans`)",
        "axios.get<Plan[]>('/plans')",
        "api.post('/plans', {name})",
        "fetch(`https://example.org/api/plans`)",
        "fetch(API_URL + '/plans')",
        "await apiFetch(\n  '/plans',\n)",
        "fetch(`${API}/plans${query}`)",
        "const request = { url: '/plans', method: 'GET' }",
        "// don't\nfetch('/api/plans')",
        "const x = 'http://x'; fetch('/api/plans')",
    ],
)
def test_a_call_without_the_slash_of_its_route_is_named(call: str) -> None:
    """R-DX-6: `/plans` against `/plans/`."""
    (named,) = wrong(PLANS, call)
    assert named.split() == [named.split()[0], "/api/plans/"]


@pytest.mark.parametrize(
    "call",
    [
        "fetch('/api/plans/7/')",
        "fetch(`${API_URL}/plans/${plan.id}/`)",
        "fetch(`/api/plans/${plan.id}/?full=1`)",
    ],
)
def test_a_call_with_a_slash_that_its_route_lacks_is_named(call: str) -> None:
    """R-DX-6: and the reverse."""
    (named,) = wrong(PLANS, call)
    assert named.endswith(" /api/plans/*")


@pytest.mark.parametrize(
    "call",
    [
        "fetch('/api/plans/')",
        "fetch(`${API_URL}/plans/${plan.id}`)",
        "fetch('/api/plans/' + plan.id)",
        "router.push('/plans')",
        "<Link href='/plans'>",
        "<Link to={`${base}/plans`}>",
        "import plans from '/plans'",
        "const title = '/plans'",
        "// fetch('/api/plans')",
        "/* fetch('/api/plans') */",
        "fetch('/other')",
        "fetch('https://fonts.example.org/plans')",
        "fetch('/v1/v2/v3/plans')",
        "fetch('plans')",
        "fetch('/')",
        "fetch(`${API_URL}`)",
        "don't `fetch(",
        "fetch('/api/plans",
    ],
)
def test_right_calls_navigation_comments_and_other_addresses_are_left_alone(call: str) -> None:
    """R-DX-6."""
    assert wrong(PLANS, call) == []


def test_a_call_that_fits_one_of_two_routes_is_right() -> None:
    """R-DX-6: both forms are declared, or another prefix has the same name."""
    both = 'app.route("/api/plans")(f)\n@app.get("/api/plans")\n@app.get("/api/plans/")\ndef f(): ...'
    assert wrong(both, "fetch('/api/plans')") == []
    other = '@app.get("/api/plans/")\ndef f(): ...\n@app.get("/admin/plans")\ndef g(): ...'
    assert wrong(other, "api.get('/plans')") == []
    assert wrong(other, "fetch('/api/plans')") == ["/api/plans /api/plans/"]


@pytest.mark.parametrize(
    ("backend", "route"),
    [
        ('@app.route("/plans/")\ndef f(): ...', "/plans/"),
        ('@app.post("/plans/")\nasync def f(): ...', "/plans/"),
        ('app.add_url_rule("/plans/", view_func=f)', "/plans/"),
        ('bp = Blueprint("x", __name__)\n@bp.get("/plans/")\ndef f(): ...\napp.register_blueprint(bp, url_prefix="/api")', "/api/plans/"),
        ('bp = Blueprint("x", __name__, url_prefix="/old")\n@bp.get("/plans/")\ndef f(): ...\napp.register_blueprint(views.bp, url_prefix="/api/")', "/api/plans/"),
        ('bp = Blueprint("x", __name__, url_prefix="/plans")\n@bp.get("")\ndef f(): ...', "/plans"),
        ('@app.get("/u/<uuid:u>/plans/")\ndef f(u): ...', "/u/*/plans/"),
    ],
)  # fmt: skip
def test_routes_are_read_as_flask_would_join_them(backend: str, route: str) -> None:
    """R-DX-6."""
    assert [str(one) for one in flask_routes({"backend/app.py": backend})] == [route]


@pytest.mark.parametrize(
    "backend",
    [
        '@app.get("/plans/", strict_slashes=False)\ndef f(): ...',
        'app.url_map.strict_slashes = False\n@app.get("/plans/")\ndef f(): ...',
        '@app.get("/<path:rest>/")\ndef f(rest): ...',
        "@app.get(RULE)\ndef f(): ...",
        '@cache.get("plans")\ndef f(): ...',
        "def broken(:",
    ],
)
def test_routes_that_forgive_or_cannot_be_read_are_not_judged(backend: str) -> None:
    """R-DX-6."""
    assert flask_routes({"backend/app.py": backend}) == []


def test_a_finding_names_places_and_counts_the_rest() -> None:
    """R-DX-6, R-DX-7."""
    calls = "\n".join("fetch('/api/plans')" for _ in range(8))
    (finding,) = route_findings(tree(api_ts=calls))
    assert (finding.code, finding.severity) == ("route-slash", Severity.WARNING)
    assert str(finding.args["calls"]).startswith(
        "/api/plans (mobile/api.ts:1) → /api/plans/, /api/plans (mobile/api.ts:2)"
    )
    assert finding.args["more"] == 3


def test_html_counts_and_other_files_do_not() -> None:
    """R-DX-6."""
    assert route_findings(tree(index_html='<form action="/api/plans">')) != []
    assert route_findings(tree(notes_md="fetch('/api/plans')")) == []


def test_without_a_backend_or_a_frontend_nothing_is_said() -> None:
    assert route_findings(SourceTree(frozenset(), {})) == []
    assert route_findings(tree(backend="", api_ts="fetch('/api/plans')")) == []
    assert route_findings(tree()) == []


def test_odd_and_huge_sources_are_scanned_quickly() -> None:
    """R-DX-6: a scan must not hold a plan up."""
    nasty = [
        "'" * 200_000,
        "`" * 199_999,
        "fetch(" * 50_000,
        "${" * 100_000,
        "\\" * 200_000,
        "`" + "${a}" * 60_000 + "`",
    ]
    nasty += [
        "/*" * 300_000,
        "<!--" * 200_000,
        "'" + "\\'" * 300_000,
        "`" + "${" * 200_000 + "}" * 200_000 + "`",
    ]
    begun = time.monotonic()
    for text in nasty:
        frontend_calls({"mobile/x.js": text})
    assert time.monotonic() - begun < 10
