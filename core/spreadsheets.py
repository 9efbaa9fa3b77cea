"""Rows as CSV (RFC 4180), for programs and for spreadsheets.

A spreadsheet computes a cell that begins like a formula, whoever wrote it: buyers write notes, and
an organiser opens them. So a text that begins so has an apostrophe before it (OWASP calls it "CSV
injection"), and so has what would begin a cell where semicolons or tabs are taken for the end of
one, as some spreadsheets do in the midst of a text. Numbers and times are the service's own, and
stay as they are.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from core.money import currency

# A value as it stands in a file.
Cell = Callable[[Any], str]
# Before what looks like a formula where a cell may begin; also as it is typed in East Asia, which
# some programs take for the same.
_FORMULA = re.compile(r"(^|[;\t\r\n])(?=\s*[=+\-@＝＋－＠])|^(?=[\t\r\n])")  # noqa: RUF001 - meant
# By it Excel sees that a file is UTF-8; other programs would take it for a part of the first name.
_BYTE_ORDER_MARK = "\ufeff"


def words(value: str | None) -> str:
    """What somebody has written."""
    if value is None:
        return ""
    tamed = _FORMULA.sub(r"\1'", value)
    return '"' + tamed.replace('"', '""') + '"'


def plain(value: object) -> str:
    """A number or a word of the service's own, without commas and quotation marks."""
    return "" if value is None else str(value)


def amount(value: Decimal) -> str:
    """Money, with all the decimals of the currency."""
    return f"{value.quantize(currency().unit):f}"


def moment(value: datetime | None) -> str:
    """As it is served in JSON."""
    if value is None:
        return ""
    return value.isoformat(timespec="microseconds").replace("+00:00", "Z")


class Table:
    """A file of rows under the names of their columns."""

    def __init__(self, columns: Mapping[str, Cell], *, excel: bool = False) -> None:
        self._cells = list(columns.values())
        mark = _BYTE_ORDER_MARK if excel else ""
        self._head = mark + _line(columns)

    def pieces(self, pages: Iterable[Sequence[Sequence[Any]]]) -> Iterator[bytes]:
        """The file, a piece for each page of rows; the first with the names as well."""
        head = self._head
        for page in pages:
            yield (head + "".join(map(self._row, page))).encode()
            head = ""

    def _row(self, values: Sequence[Any]) -> str:
        return _line(cell(value) for cell, value in zip(self._cells, values, strict=True))


def _line(cells: Iterable[str]) -> str:
    return ",".join(cells) + "\r\n"
