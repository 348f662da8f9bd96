"""The chat page's own files: complete, from here only, and nothing in them that could parse a message as HTML."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from bot.sandbox.page.routes import POLICY, STATIC

MODULES = sorted(STATIC.glob("*.js"))
STYLES = sorted(STATIC.glob("*.css"))
LONGEST = 350
_IMPORTED = re.compile(r"""(?:from|import\(?)\s*["']([^"']+)["']""")
_PARSES_HTML = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser|"
    r"\beval\(|new Function|setHTML|srcdoc"
)
_KEY = re.compile(r"^  (\w+):", re.MULTILINE)


class Elements(HTMLParser):
    """Every element of a page with its attributes, and the text inside scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.inline = ""
        self._inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside in {"script", "style"}:
            self.inline += data.strip()


INDEX = Elements((STATIC / "index.html").read_text())


EACH_MODULE = pytest.mark.parametrize("module", MODULES, ids=[path.name for path in MODULES])


def test_the_page_has_no_inline_script_style_or_handler() -> None:
    assert INDEX.inline == ""
    attributes = {name for _, attrs in INDEX.found for name in attrs}
    assert not {name for name in attributes if name.startswith("on") or name == "style"}


def test_the_page_loads_only_files_that_are_there() -> None:
    loaded = [
        attrs.get("href") or attrs.get("src") or "" for tag, attrs in INDEX.found if tag in {"link", "script"}
    ]
    assert "/page/app.js" in loaded
    for address in loaded:
        assert address.startswith("/page/")
        assert (STATIC / address.removeprefix("/page/")).is_file()


@EACH_MODULE
def test_a_module_imports_only_modules_beside_it(module: Path) -> None:
    for imported in _IMPORTED.findall(module.read_text()):
        assert imported.startswith("./"), imported
        assert (STATIC / imported.removeprefix("./")).is_file(), imported


@EACH_MODULE
def test_no_module_can_parse_what_somebody_wrote(module: Path) -> None:
    assert _PARSES_HTML.findall(module.read_text()) == []


def test_nothing_comes_from_elsewhere() -> None:
    for path in [*MODULES, *STYLES, STATIC / "index.html"]:
        text = path.read_text().replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"""["'(]\s*(?:https?:)?//[a-z]""", text), path.name


def test_no_part_of_the_page_is_too_long_to_read() -> None:
    lengths = {path.name: len(path.read_text().splitlines()) for path in MODULES}
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


def test_both_languages_of_the_page_say_the_same_things() -> None:
    text = (STATIC / "strings.js").read_text()
    english, russian = text.split("const en = {")[1].split("const ru = {")
    russian = russian.split("\n};")[0]
    assert _KEY.findall(english) == _KEY.findall(russian) != []


def test_every_text_that_the_page_asks_for_exists() -> None:
    known = set(_KEY.findall((STATIC / "strings.js").read_text()))
    asked = {name for path in MODULES for name in re.findall(r"""\bt\(\s*"(\w+)\"""", path.read_text())}
    assert asked
    assert asked - known == set()


def test_the_policy_allows_no_inline_code_no_other_site_and_no_frame() -> None:
    rules = dict(rule.split(" ", 1) for rule in POLICY.split("; "))
    assert (
        rules["default-src"]
        == rules["base-uri"]
        == rules["form-action"]
        == rules["frame-ancestors"]
        == "'none'"
    )
    assert {rules[name] for name in ("script-src", "style-src", "img-src", "connect-src")} == {"'self'"}
    assert rules["require-trusted-types-for"] == "'script'"
