"""What PostgreSQL and its programs complain of while they load a dump, without what stands in a row.

An allow-list, line by line: a line stays when its head says that it is an error of the program that speaks. Any message
may go on in the next line, and a value may hold what looks like a head: so nothing is believed behind the first error,
which ends a load, and what comes from others than that program (Docker, a shell) only in the very first line. What quotes
rows (DETAIL, CONTEXT, the statement) has no head of ours, in no language. Of what stays, only names keep their quotes.
"""

from __future__ import annotations

import re

MASK = "…"
TAIL = 2000
"""Characters of complaints that are kept for people."""
_LONGEST = 65_536
"""Bytes of a line that are looked at: errors stand at its beginning."""

_PROGRAM = r"(?:pg_restore|psql)(?::[^\s:]{1,80}:[0-9]{1,9})?: (?:\[[a-z ()]{1,20}\] )?"
_FAILED = r"(?:ERROR|FATAL|PANIC|ОШИБКА|ВАЖНО|ПАНИКА|ПОМИЛКА|FEHLER|ERREUR|FATALE|ERRORE|BŁĄD|CHYBA|HATA|FEL|エラー|오류|错误|错误)"
_HEAD = re.compile(
    # its own words first, such as "error:", "ОШИБКА:" or "could not execute query:"
    rf"{_PROGRAM}(?:while |from TOC entry |(?P<first>[^\W\d_][\w ']{{0,60}}?)\s?:(?:\s|$))"
    rf"|{_FAILED}\s?: "
    # the connection's, Docker's, and those of what starts the program
    r"|connection to server |server closed the connection|Error response from daemon|Error: No such container"
    r"|Cannot connect to the Docker daemon|[Ff]ailed to connect to the docker|error during connect|OCI runtime "
    r"|permission denied while trying to connect|opsgate: "
    r"|(?:/[a-z/]{1,40})?(?:bash|sh|env|docker)(?:: line [0-9]{1,6})?: "
)
_NOT_ERRORS = re.compile(
    r"(?:detail|context|hint|warning|предупреждение|warnung|avertissement|attention|advertencia|avviso|query|statement|notice|info|log|debug|location|подробности|контекст|подсказка|запрос"
    r"|оператор|команда|замечание|информация|сообщение|отладка|положение|строка|détail|contexte|astuce|requête"
    r"|instruction|zusammenhang|tipp|anfrage|anweisung|hinweis|detalle|contexto|dettaglio|contesto"
    r"|(?:command|query) was|line)\b",
    re.IGNORECASE,
)
_SPEAKING = re.compile(_PROGRAM)
_IS_ERROR = re.compile(rf"\b(?:{_FAILED}|error|fatal)\s?:(?:\s|$)", re.IGNORECASE)
_OWN_TEXT = re.compile(rf"({_FAILED}\s?: +).*")
_TOLD = re.compile(r"\b(?:command|query) was\b.*", re.IGNORECASE)
_KEYS = re.compile(r"=\s?\(.*\)|=\s?\(.*")
_INVALID = re.compile(r"\\\S.*")
"""What psql takes for a command of its own, when data was not read as data."""
_QUOTES = "\"'`«»“”„‘’"
_APOSTROPHES = "'’"
"""Within a word they quote nothing."""
_ENDS = re.compile(
    r"[\"'»](:? (?:is out of range(?: for type [a-z ]{1,40})?|does not exist|already exists|No space left on device"
    r"|Permission denied))$"
)
"""What may stand behind a value: anything else could be the value itself, cut by a quote or a line break of its own."""
_NOUNS = (
    "relation table view index sequence constraint column schema database role user extension function procedure type"
    " domain collation language operator trigger policy publication tablespace library file directory parameter encoding server"
)
_NAME = re.compile(
    rf"\b(?:{'|'.join(_NOUNS.split())}) \"[^\"]{{1,200}}\"(?=[\s:;,.)]|$)"
    r"|on socket \"[^\"]{1,200}\"(?=\s)"
)


def _masked(line: str) -> str:
    """From the first quote that is no name's nothing stays but an end that we know."""
    body = _KEYS.sub(f"=({MASK})", _INVALID.sub(MASK, _TOLD.sub("", line.rstrip("\r\n"))))
    at = 0
    names = {found.start(): found.end() for found in _NAME.finditer(body)}
    while at < len(body):
        if at in names:
            at = names[at]
        elif body[at] in _QUOTES and not (body[at] in _APOSTROPHES and body[at - 1 : at].isalnum()):
            end = _ENDS.search(body, at + 1)
            return f"{body[:at]}{MASK}{end[1] if end else ''}\n"
        else:
            at += 1
    return body + "\n"


class Everything:
    """Of a program that never speaks of rows."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> None:
        self._rest = (self._rest + data)[-4 * TAIL :]

    @property
    def said(self) -> str:
        return self._rest.decode("utf-8", "replace")[-TAIL:].rstrip("\n")


class Errors:
    """Of pg_restore and psql, which end at the first error: what came up to that, without the values of rows."""

    def __init__(self) -> None:
        self._rest = b""
        self._first = True
        self._kept = ""
        self._error = ""
        self._by_a_function = False

    def feed(self, data: bytes) -> None:
        lines, newline, rest = (self._rest + data).rpartition(b"\n")
        self._rest = rest[:_LONGEST]
        if newline:
            for line in lines.decode("utf-8", "replace").split("\n"):
                self._take(line)

    def _take(self, line: str) -> None:
        first, self._first = self._first, False
        if self._error:
            self._by_a_function |= "PL/" in line  # its context: "PL/pgSQL function", "функция PL/pgSQL"
            return
        found = _HEAD.match(line)
        if not found or (found["first"] and _NOT_ERRORS.match(found["first"])):
            return
        if not first and not _SPEAKING.match(line):
            return
        if _IS_ERROR.search(line):
            self._error = line
        else:
            self._kept = (self._kept + _masked(line))[-TAIL:]

    @property
    def said(self) -> str:
        """Ends the hearing: a line that goes on is taken as it is."""
        rest, self._rest = self._rest, b""
        if rest:
            self._take(rest.decode("utf-8", "replace"))
        error = self._error
        if self._by_a_function:  # its text is somebody's own, and may hold anything
            error = _OWN_TEXT.sub(rf"\1{MASK}", error)
        return (self._kept + (_masked(error)[:TAIL] if error else "")).rstrip()
