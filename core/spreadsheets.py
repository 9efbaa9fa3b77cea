"""Rows as CSV (RFC 4180), for programs and for spreadsheets.

A spreadsheet computes a cell that begins like a formula, whoever wrote it: buyers write notes, and
an organiser opens them. So a text that begins so has an apostrophe before it (OWASP calls it "CSV
injection"); numbers and times are the service's own, and stay as they are.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from io import StringIO
from typing import Any

from core.money import currency

# A value as it stands in a file.
Cell = Callable[[Any], str]
# Also as they are typed in East Asia, which some programs take for the same.
_FORMULAS = tuple("=+-@\t\r\n＝＋－＠")  # noqa: RUF001 - meant
# By it Excel sees that a file is UTF-8; other programs would take it for a part of the first name.
_BYTE_ORDER_MARK = "\ufeff"


def words(value: str | None) -> str:
    """What somebody has written."""
    if value is None:
        return ""
    return f"'{value}" if value.startswith(_FORMULAS) else value


def plain(value: object) -> str:
    """A number or a word of the service's own."""
    return "" if value is None else str(value)


def amount(value: Decimal) -> str:
    """Money, with all the decimals of the currency."""
    return f"{value.quantize(currency().unit):f}"


def moment(value: datetime | None) -> str:
    """As it is served in JSON."""
    return "" if value is None else f"{value:%Y-%m-%dT%H:%M:%S.%fZ}"


class Table:
    """A file of rows under the names of their columns."""

    def __init__(self, columns: Mapping[str, Cell], *, excel: bool = False) -> None:
        self._names = list(columns)
        self._cells = list(columns.values())
        self._begins_with = _BYTE_ORDER_MARK if excel else ""

    def pieces(self, pages: Iterable[Sequence[Sequence[Any]]]) -> Iterator[bytes]:
        """The file, a piece for each page of rows; the first with the names as well."""
        head = self._begins_with + _written([self._names])
        for page in pages:
            yield (head + _written(map(self._row, page))).encode()
            head = ""
        if head:
            yield head.encode()

    def _row(self, values: Sequence[Any]) -> list[str]:
        return [cell(value) for cell, value in zip(self._cells, values, strict=True)]


def _written(rows: Iterable[Sequence[str]]) -> str:
    text = StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()
