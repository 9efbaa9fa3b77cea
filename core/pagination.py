"""Pages of lists: keyset cursors, so that the last page costs what the first one costs."""

import base64
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Generic, Self, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, and_, bindparam, or_
from sqlmodel.sql.sqltypes import UTCDateTime

from core.errors import InvalidCursorError
from core.money import currency
from core.schemas import MAX_ID, WholeNumber
from core.zones import moment_of

# Rows that are passed over are read all the same; see ``SkipTooDeepError``.
MAX_SKIP = 10_000
# What is found is counted up to here: beyond, a count would cost more the more there is.
MAX_COUNT = 10_000

# Each value of a filter is looked for in every row that an index does not leave out; and each text
# of which a part is wanted, in all of them.
_MAX_VALUES, _MAX_PARTS = 20, 8

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
R = TypeVar("R")
Row = Any


# A filter: given several times, any of the values.
AnyOf = Annotated[list[T], Field(min_length=1, max_length=_MAX_VALUES)]
AnyPartOf = Annotated[list[T], Field(min_length=1, max_length=_MAX_PARTS)]


class Filtered(BaseModel):
    """A question for some of the objects; an unknown parameter is a mistake worth telling."""

    model_config = ConfigDict(extra="forbid")

    # What has more to be sorted by names its fields.
    sort: str = Field(default="id", pattern="^-?id$", description="`id` or `-id`.")

    def in_days_of(self, zone: ZoneInfo) -> Self:
        """The same, where bounds that are bare dates mean days of a zone."""
        days = {
            name: moment_of(value, zone)
            for name, value in self
            if isinstance(value, datetime) and value.tzinfo is None
        }
        return self.model_copy(update=days) if days else self


class ExportQuery(Filtered):
    """What every export understands."""

    excel: bool = Field(
        default=False,
        description="Begin the file with a byte order mark, by which Excel knows that it is UTF-8.",
    )


class ListQuery(Filtered):
    """What every list understands."""

    skip: WholeNumber = Field(
        default=0,
        ge=0,
        # Beyond, ``Listing`` refuses, which can say what leads further.
        json_schema_extra={"maximum": MAX_SKIP},
        description=(
            f"How many objects to pass over, {MAX_SKIP:,} at most; more are refused with"
            " `skip_too_deep`. The `Link` header (`after`) leads further, at the same cost on every"
            " page."
        ),
    )
    limit: WholeNumber = Field(
        default=50, ge=1, le=100, description="How many objects a page holds."
    )
    after: str | None = Field(
        default=None, max_length=500, description="The cursor of a `Link` header, as it was given."
    )
    count: bool = Field(
        default=False,
        description=(
            f"Also tell how many objects there are: in `X-Total-Count` up to {MAX_COUNT:,}, and of"
            " more in `X-Total-Count-At-Least`."
        ),
    )


@dataclass(frozen=True)
class Total:
    """How many objects a list has: exactly, or only that there are more than are counted."""

    number: int
    is_exact: bool

    @classmethod
    def of(cls, counted: int) -> "Total":
        """``counted`` stops at one beyond the bound, which tells that there are more."""
        return cls(min(counted, MAX_COUNT), counted <= MAX_COUNT)


@dataclass(frozen=True)
class Page(Generic[T_co]):
    items: Sequence[T_co]
    # Changes to the request's query that lead to the next page; None on the last.
    next: Mapping[str, str] | None = None
    total: Total | None = None

    def map(self, function: Callable[[T_co], R]) -> "Page[R]":
        """The same page of what a function makes of each item."""
        return Page([function(item) for item in self.items], self.next, self.total)


@dataclass(frozen=True)
class Sorting:
    """An order of rows: by a column, ties by id."""

    column: ColumnElement[Any]
    id: ColumnElement[Any]
    descending: bool

    @classmethod
    def of(cls, sort: str, columns: Any) -> "Sorting":
        name = sort.removeprefix("-")
        return cls(columns[name], columns["id"], descending=sort.startswith("-"))

    @property
    def by_id(self) -> bool:
        return self.column is self.id

    def clauses(self) -> list[ColumnElement[Any]]:
        first = self.column.desc() if self.descending else self.column.asc()
        return [first] if self.by_id else [first, self.id.asc()]

    def beyond(self) -> ColumnElement[bool]:
        """The rows behind a cursor, in this order; :meth:`position` has the parameters."""
        last = bindparam("after_id", type_=self.id.type)
        if self.by_id:
            return self.id < last if self.descending else self.id > last
        value = bindparam("after_value", type_=self.column.type)
        further = self.column < value if self.descending else self.column > value
        # The first condition alone bounds the index scan; the second settles the ties.
        bound = self.column <= value if self.descending else self.column >= value
        return and_(bound, or_(further, self.id > last))

    def position(self, cursor: str) -> dict[str, Any]:
        """What a cursor says of the last row of its page."""
        if self.by_id:
            return {"after_id": _number(cursor)}
        value, last = self._decode(cursor)
        return {"after_value": value, "after_id": last}

    def cursor(self, row: Row) -> str:
        if self.by_id:
            return str(row.id)
        value = getattr(row, str(self.column.key))
        text = value.isoformat() if isinstance(value, datetime) else str(value)
        packed = json.dumps([text, row.id], separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(packed).decode().rstrip("=")

    def _decode(self, cursor: str) -> tuple[Any, int]:
        try:
            text, last = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
            return self._parse(_text(text)), _number(str(last))
        except (ValueError, TypeError, ArithmeticError, RecursionError):
            raise InvalidCursorError from None

    def _parse(self, text: str) -> Any:
        """The value of a cursor; anybody may have written it, so all that is odd is refused."""
        if isinstance(self.column.type, UTCDateTime):
            return _time(text)
        kind = self.column.type.python_type
        if kind is Decimal:
            return _amount(text)
        if issubclass(kind, StrEnum):
            return kind(text)
        return text


def _text(value: object) -> str:
    """Text that a database can take: no NUL, no lone surrogate."""
    if not isinstance(value, str) or b"\0" in value.encode():
        raise ValueError(value)
    return value


def _time(text: str) -> datetime:
    value = datetime.fromisoformat(text)
    if value.tzinfo is None:
        raise ValueError(text)
    return value.astimezone(UTC)


def _amount(text: str) -> Decimal:
    value = Decimal(text)
    # Comparing with NaN raises, and so it is refused here as well.
    if not abs(value) <= currency().max_amount:
        raise ValueError(text)
    return value.quantize(currency().unit)


def _number(text: str) -> int:
    if not re.fullmatch("[0-9]{1,19}", text) or int(text) > MAX_ID:
        raise InvalidCursorError
    return int(text)
