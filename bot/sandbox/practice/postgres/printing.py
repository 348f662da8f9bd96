"""Answers as psql prints them."""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.sandbox.practice.postgres.connection import Result

_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?")


@dataclass(frozen=True)
class Style:
    is_aligned: bool = True
    is_csv: bool = False
    tuples_only: bool = False
    is_quiet: bool = False
    field_separator: str = "|"
    record_separator: str = "\n"


def printed(result: Result, style: Style) -> str:
    """Rows first, then the command's tag unless it only read."""
    shown = _rows(result, style) if result.has_rows else ""
    says_tag = not style.is_quiet and result.tag.split()[0] not in {"SELECT", "SHOW"}
    return shown + (f"{result.tag}\n" if says_tag else "")


def _rows(result: Result, style: Style) -> str:
    rows = [["" if value is None else value for value in row] for row in result.rows]
    if style.is_csv:
        return _csv(result.columns, rows, style)
    count = f"({len(rows)} row{'' if len(rows) == 1 else 's'})"
    if style.is_aligned:
        return _aligned(result.columns, rows, style, count)
    lines = [style.field_separator.join(row) for row in rows]
    if not style.tuples_only:
        lines = [style.field_separator.join(result.columns), *lines, count]
    return style.record_separator.join(lines) + "\n" if lines else ""


def _csv(columns: Sequence[str], rows: Sequence[Sequence[str]], style: Style) -> str:
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerows(rows if style.tuples_only else [columns, *rows])
    return target.getvalue()


def _aligned(columns: Sequence[str], rows: Sequence[Sequence[str]], style: Style, count: str) -> str:
    cells = rows if style.tuples_only else [columns, *rows]
    widths = [max((len(row[index]) for row in cells), default=0) for index in range(len(columns))]
    is_number = [
        all(_NUMBER.fullmatch(row[index]) for row in rows) and bool(rows) for index in range(len(columns))
    ]
    lines = (
        []
        if style.tuples_only
        else [_header(columns, widths), "+".join("-" * (width + 2) for width in widths)]
    )
    for row in rows:
        padded = [
            value.rjust(width) if number else value.ljust(width)
            for value, width, number in zip(row, widths, is_number, strict=True)
        ]
        lines.append(f" {' | '.join(padded)}".rstrip())
    return "".join(f"{line}\n" for line in [*lines, *([] if style.tuples_only else [count]), ""])


def _header(columns: Sequence[str], widths: Sequence[int]) -> str:
    return " " + " | ".join(name.center(width) for name, width in zip(columns, widths, strict=True)) + " "
