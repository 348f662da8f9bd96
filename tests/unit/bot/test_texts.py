"""The catalogues: in step with each other, and with every code that services speak."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fluent.syntax import FluentParser
from fluent.syntax import ast as ftl
from fluent.syntax.visitor import Visitor as FluentVisitor

from bot import terminal
from bot.texts import LANGUAGES, LOCALES, Catalogues, MissingText, Texts, language_of
from bot.views import talk
from services import errors, plans
from services.models import Kind, State
from services.phrases import Phrase
from services.retention import Why
from tests.unit.bot.stage import ENGLISH, RUSSIAN

ROOT = Path(__file__).resolve().parents[3]
CODE = re.compile(
    r"(error|notice|tap|health|stale|hint)(-[a-z]+)+|no-log|log-too-big|looking|nothing-to-cancel"
)
NOT_TEXTS = {"health-previous", "health-again", "tap-"}


class _Variables(FluentVisitor):
    def __init__(self) -> None:
        self.found: set[str] = set()

    def visit_VariableReference(self, node: ftl.VariableReference) -> None:  # noqa: N802 - fluent.syntax's naming
        self.found.add(node.id.name)


def _messages(language: str) -> dict[str, set[str]]:
    """Each message and attribute, with the variables it uses."""
    resource = FluentParser().parse((LOCALES / f"{language}.ftl").read_text(encoding="utf-8"))
    assert not [entry for entry in resource.body if isinstance(entry, ftl.Junk)]
    found: dict[str, set[str]] = {}
    for entry in resource.body:
        if isinstance(entry, ftl.Message):
            for name, pattern in [(entry.id.name, entry.value)] + [
                (f"{entry.id.name}.{attribute.id.name}", attribute.value) for attribute in entry.attributes
            ]:
                assert name not in found, f"{language}: {name} twice"
                variables = _Variables()
                variables.visit(pattern)
                found[name] = variables.found
    return found


def test_english_and_russian_say_the_same_things_with_the_same_values() -> None:
    assert _messages("en") == _messages("ru")


def test_a_command_is_named_as_it_is_typed_where_it_is_read_and_exists_in_both_places() -> None:
    """Where Telegram is down, a refusal that says /unlock leads nowhere."""
    named = [
        re.findall(r'COMMAND\("(.*?)"\)', (LOCALES / f"{one}.ftl").read_text("utf-8")) for one in LANGUAGES
    ]
    assert sorted(named[0]) == sorted(named[1])
    assert {"lock", "unlock"} <= set(named[0]) <= terminal.COMMANDS & set(talk.COMMANDS)
    refusal = Phrase(
        id="error-frozen", args={"project": "app", "who": "Boris", "age": 60, "reason": "an audit"}
    )
    for one in LANGUAGES:
        assert "/unlock app" in Catalogues()[one].phrase(refusal)
        assert "opsgate unlock app" in Catalogues(commands="opsgate ")[one].phrase(refusal)


def _sources(*folders: str) -> Iterator[tuple[Path, ast.Module]]:
    for folder in folders:
        for file in sorted((ROOT / folder).rglob("*.py")):
            if "sandbox" not in file.parts:
                yield file, ast.parse(file.read_text(encoding="utf-8"))


def _literals(*folders: str) -> set[str]:
    return {
        node.value
        for _, tree in _sources(*folders)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_every_code_that_services_and_handlers_speak_has_a_text() -> None:
    codes = {text for text in _literals("services", "handlers", "bot") if CODE.fullmatch(text)} - NOT_TEXTS
    assert len(codes) > 50
    assert codes - set(_messages("en")) == set()


ERRORS: dict[str, type[errors.OpsgateError]] = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, errors.OpsgateError) and kind is not errors.CommandFailed
}


def _calls() -> Iterator[tuple[str, set[str]]]:
    """Every error raised and every phrase made with plain values: its code and the names of its values."""
    for _, tree in _sources("services", "handlers", "bot"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                given = {keyword.arg: keyword.value for keyword in node.keywords}
                if node.func.id == "Phrase" and isinstance(code := given.get("id"), ast.Constant):
                    yield str(code.value), _keys(given.get("args"))
                elif node.func.id in ERRORS and None not in given:
                    first = node.args[0] if node.args else ast.Constant(ERRORS[node.func.id].code)
                    if isinstance(first, ast.Constant):
                        yield str(first.value), {name for name in given if name}


def _keys(args: ast.expr | None) -> set[str]:
    return (
        {str(key.value) for key in args.keys if isinstance(key, ast.Constant)}
        if isinstance(args, ast.Dict)
        else set()
    )


def test_every_error_brings_the_values_that_its_text_needs() -> None:
    texts, calls = _messages("en"), list(_calls())
    assert len(calls) > 30
    lacking = {(code, name) for code, given in calls for name in texts[code] - given}
    assert lacking == set()


def test_every_error_class_has_a_text() -> None:
    codes = {
        kind.code
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.OpsgateError)
    }
    assert codes <= set(_messages("en"))


def _finding_codes() -> Iterator[tuple[str, str]]:
    for _, tree in _sources("services"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Finding":
                given = {keyword.arg: keyword.value for keyword in node.keywords}
                code, severity = given["code"], given["severity"]
                assert isinstance(code, ast.Constant)
                assert isinstance(severity, ast.Attribute)
                yield str(code.value), severity.attr


def test_every_finding_says_what_was_seen_and_unless_it_is_mere_news_why_it_matters_and_what_mends_it() -> (
    None
):
    """R-DX-7."""
    texts, codes = set(_messages("en")), set(_finding_codes())
    assert len(codes) > 10
    for code, severity in codes:
        wanted = {f"finding-{code}"}
        if severity != "INFO":
            wanted |= {f"finding-{code}.why", f"finding-{code}.mend"}
        assert wanted <= texts


def test_every_finding_with_a_text_is_found_by_some_check() -> None:
    known = {name for name in _messages("en") if name.startswith("finding-") and "." not in name}
    assert known == {f"finding-{code}" for code, _ in _finding_codes()}


def test_every_step_has_a_name() -> None:
    steps = {*plans.DEPLOY_STEPS, *plans.BACKUP_STEPS} | {
        str(node.args[0].value)
        for _, tree in _sources("services")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "StepDef"
        and isinstance(node.args[0], ast.Constant)
    }
    named = {name.removeprefix("step-") for name in _messages("en") if name.startswith("step-")}
    assert steps == named


def test_every_kind_and_state_has_its_words() -> None:
    texts = set(_messages("en"))
    assert {f"kind-{kind}" for kind in Kind} <= texts
    assert {f"state-{state.replace('_', '-')}" for state in State} <= texts
    assert {f"verdict-{state.replace('_', '-')}" for state in State if state.is_verdict} <= texts
    assert {f"kept-{why}" for why in Why} == {name for name in texts if name.startswith("kept-")}


def test_no_text_is_left_over() -> None:
    """Made-up ids (step-…, finding-…) are held by the tests above."""
    families = (
        "step-",
        "kind-",
        "state-",
        "verdict-",
        "finding-",
        "unit-",
        "button-menu-",
        "help-",
        "error-",
        "health-",
        "manual-",
        "kept-",
    )
    literals = _literals("bot", "handlers", "services")
    names = {name for name in _messages("en") if not name.startswith(families)}
    assert names - literals == set()


def test_no_error_text_is_left_over() -> None:
    literals = _literals("bot", "handlers", "services")
    names = {name for name in _messages("en") if name.startswith(("error-", "health-", "notice-", "tap-"))}
    assert names - literals == set()


def test_five_files_that_were_edited_are_counted_as_russian_counts_and_a_deploy_has_one_name() -> None:
    said = {count: RUSSIAN("finding-drift", count=count, files="a.py", more=0) for count in (1, 2, 5)}
    assert [text.split(" прямо")[0] for text in said.values()] == [
        *("1 файл изменён", "2 файла изменены", "5 файлов изменено"),
    ]
    assert "ыкладк" not in (LOCALES / "ru.ftl").read_text(encoding="utf-8")


def test_a_text_that_does_not_exist_is_an_error_in_tests() -> None:
    with pytest.raises(MissingText):
        ENGLISH("no-such-text")


def test_a_missing_value_is_an_error_in_tests() -> None:
    with pytest.raises(MissingText):
        ENGLISH("error-unreachable")


def test_in_production_a_missing_text_is_english_and_a_missing_value_is_no_crash() -> None:
    texts = Catalogues()["ru"]
    assert texts("no-such-text") == "no-such-text"
    assert "не отвечает" in texts("error-unreachable")


def test_a_value_that_is_very_long_is_shortened_and_never_an_error() -> None:
    """Fluent itself refuses to put 2500 characters into a text: three hundred names of variables are more."""
    said = ENGLISH("env-readers", services="worker, " * 400)
    assert said.startswith("Read by: worker, worker")
    assert said.endswith("…")


def test_a_text_that_only_english_has_is_shown_in_english(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "en.ftl").write_text("only-english = Hello { $name }\n")
    (tmp_path / "ru.ftl").write_text("nothing = Ничего\n")
    monkeypatch.setattr("bot.texts.LOCALES", tmp_path)
    assert Catalogues()["ru"]("only-english", name="Ann") == "Hello Ann"


@pytest.mark.parametrize(
    ("count", "text"),
    [(1, "1 файл,"), (2, "2 файла,"), (5, "5 файлов,"), (21, "21 файл,"), (112, "112 файлов,")],
)
def test_russian_counts_as_russians_do(count: int, text: str) -> None:
    assert RUSSIAN("card-size", files=count, size=10).startswith(text)


@pytest.mark.parametrize(
    ("count", "english", "russian"),
    [
        (0, "0 B", "0 Б"),
        (999, "999 B", "999 Б"),
        (1024, "1 KB", "1 КБ"),
        (1_234_567, "1.2 MB", "1,2 МБ"),
        (300 * 1024**2, "300 MB", "300 МБ"),
        (5 * 1024**4, "5 TB", "5 ТБ"),
        (5 * 1024**5, "5,120 TB", "5\xa0120 ТБ"),
    ],
)
def test_sizes_are_readable(count: int, english: str, russian: str) -> None:
    assert (ENGLISH.size(count), RUSSIAN.size(count)) == (english, russian)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (-5, "0 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (125, "2 min 5 s"),
        (3600, "1 h"),
        (90_000, "1 d 1 h"),
    ],
)
def test_durations_are_readable(seconds: float, text: str) -> None:
    assert ENGLISH.duration(seconds) == text


def test_a_step_in_a_phrase_is_named_in_the_readers_language() -> None:
    phrase = Phrase(id="error-step-timeout", args={"step": "safety-copy"})
    assert "Safety copy" in ENGLISH.phrase(phrase)
    assert "Страховочная копия" in RUSSIAN.phrase(phrase)


def test_a_step_without_a_name_is_shown_by_its_code() -> None:
    assert ENGLISH.step("defragment") == "defragment"


def test_people_and_project_names_do_not_bring_invisible_characters() -> None:
    """Fluent's isolation marks would break searching and copying."""
    assert "\u2068" not in Texts("ru")("card-confirmed", who="Anna")


@pytest.mark.parametrize(
    ("code", "language"), [("ru", "ru"), ("RU-ru", "ru"), ("en-raw", "en"), ("", "en"), (None, "en")]
)
def test_the_language_of_a_code(code: str | None, language: str) -> None:
    assert language_of(code) == language


def test_the_button_that_opens_the_gate_starts_with_the_agreed_word() -> None:
    for kind in (*Kind, "anything"):
        assert ENGLISH("button-confirm", kind=str(kind)).startswith("Confirm")
        assert RUSSIAN("button-confirm", kind=str(kind)).startswith("Подтвердить")
