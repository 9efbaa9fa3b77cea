"""What bodies, parameters and answers share on the wire."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, ClassVar, Generic, Self, TypeVar

from fastapi import Path
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    ModelWrapValidatorHandler,
    PrivateAttr,
    StringConstraints,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    WrapValidator,
    model_validator,
)
from pydantic_core import PydanticCustomError, core_schema

from core.errors import StaleObjectError
from core.etags import tag_of
from core.text import UNSEEN
from core.zones import END, FIRST, time_zone

T = TypeVar("T", bound=BaseModel)
# PostgreSQL's bigint and SQLite's integer end here.
MAX_ID = 2**63 - 1
# PostgreSQL's integer ends at 2,147,483,647; sums of a few quantities must fit as well.
MAX_QUANTITY = 500_000_000


def _digits_only(value: Any) -> Any:
    """Refuse what else Python reads as an integer: ``1.0``, ``+1`` and ``1_0`` are mistakes."""
    if isinstance(value, str) and not _DIGITS.fullmatch(value):
        raise PydanticCustomError("int_parsing", "must be an integer")
    return value


_DIGITS = re.compile("-?[0-9]+")
# For integers in a path or a query string. It stands last: bounds behind it would not be seen
# as bounds in the OpenAPI document.
_SPELLED = BeforeValidator(_digits_only)
WholeNumber = Annotated[int, _SPELLED]


def _whole(value: Any) -> Any:
    """JSON has one kind of number, and JSON Schema calls ``2.0`` an integer."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


# With bounds of its own: ``Annotated[int, Field(ge=1, le=100, strict=True), WHOLE]``.
WHOLE = BeforeValidator(_whole)
Id = Annotated[int, Field(ge=1, le=MAX_ID, strict=True), WHOLE]
IdParameter = Annotated[int, Field(ge=1, le=MAX_ID), _SPELLED]
IdPath = Annotated[int, Path(ge=1, le=MAX_ID), _SPELLED]
Quantity = Annotated[int, Field(ge=1, le=MAX_QUANTITY, strict=True), WHOLE]
StockQuantity = Annotated[int, Field(ge=0, le=MAX_QUANTITY, strict=True), WHOLE]

# Of C0 all but tab and line ends, DEL and C1; and what turns the direction of the text around it,
# or ends its line: with these a name shows as another one, and carries the words beside it along.
_UNFIT = (
    r"\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f"
    r"\u2028\u2029\u202a-\u202e\u2066-\u2069"
)
_CONTROL = re.compile(f"[{_UNFIT}]")
# What shows: neither a blank, in Braille or otherwise, nor what is only seen on others.
_SEEN = re.compile(rf"[^\s\u2800{UNSEEN}]")
_HIDDEN = re.compile(f"[{UNSEEN}]")


def _printable(value: str) -> str:
    """PostgreSQL can't store NUL, and no other control character belongs in a text."""
    if _CONTROL.search(value):
        raise PydanticCustomError("control_character", "must not contain control characters")
    return value


def _visible(value: str) -> str:
    """Joiners and their like belong into words and emoji; a text of nothing else shows nothing."""
    if value and not _SEEN.search(value):
        raise PydanticCustomError("nothing_visible", "must contain something that can be seen")
    return value


def _open(value: str) -> str:
    """Two references that look alike are taken for one by whoever settles what they name."""
    if _HIDDEN.search(value):
        raise PydanticCustomError("hidden_character", "must not contain what can't be seen")
    return value


# The rule in the document, in the spelling of JSON Schema.
_PRINTABLE = Field(json_schema_extra={"pattern": f"^[^{_UNFIT}]*$"})
_TEXT = AfterValidator(lambda value: _visible(_printable(value)))


def _length(maximum: int, minimum: int = 1) -> StringConstraints:
    return StringConstraints(strip_whitespace=True, min_length=minimum, max_length=maximum)


ShortText = Annotated[str, _length(50), _TEXT, _PRINTABLE]
Category = Annotated[str, _length(100), _TEXT, _PRINTABLE]
Name = Annotated[str, _length(200), _TEXT, _PRINTABLE]
Reference = Annotated[str, _length(255), _TEXT, AfterValidator(_open), _PRINTABLE]
LongText = Annotated[str, _length(5000, 0), _TEXT, _PRINTABLE]
# What somebody has to say for the record.
Words = Annotated[str, _length(5000), _TEXT, _PRINTABLE]
# What a filter by a name says of itself; see ``core.text.name_key``.
IN_ANY_SPELLING = "in any spelling: case, blanks and how accents are composed say nothing."


def _dated(value: Any) -> Any:
    """Refuse numbers, which Pydantic would read as seconds since 1970, also those in text."""
    if isinstance(value, datetime) or (isinstance(value, str) and _DATED.match(value)):
        return value
    raise PydanticCustomError("datetime_type", "must be an RFC 3339 date and time")


def _to_utc(value: datetime) -> datetime:
    """Naive times are UTC. As it is served, it is within the bounds, and can be sent back."""
    moment = _in_utc(value)
    if moment is None or not FIRST <= moment < END:
        raise _out_of_range()
    return moment


def _end_to_utc(value: datetime) -> datetime:
    """What ends where the last day does is a bound, though no time of its own."""
    moment = _in_utc(value)
    return END if moment == END else _to_utc(value)


def _in_utc(value: datetime) -> datetime | None:
    try:
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        return None


def _out_of_range() -> PydanticCustomError:
    return PydanticCustomError("datetime_range", "must lie between the years 2 and 9998, in UTC")


UtcTime = Annotated[
    datetime,
    BeforeValidator(_dated),
    AfterValidator(_to_utc),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]

_DATED = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# A time with an offset whose "+" stood in a query string unescaped, and so arrives as a blank.
_LOST_PLUS = re.compile(r"(.{10}[Tt ][0-9:.]+) ([0-9]{2}:?[0-9]{2})")


def _bound(value: Any, *, days_after_date: int) -> Any:
    """A bare date as the midnight that begins (or ends) it; a time as it is."""
    if not isinstance(value, str):
        return value
    if _DATED.fullmatch(value):
        try:
            day = date.fromisoformat(value) + timedelta(days=days_after_date)
        except (ValueError, OverflowError):
            return value  # Pydantic says what is wrong with it.
        return datetime.combine(day, time.min, UTC).isoformat()
    lost_plus = _LOST_PLUS.fullmatch(value)
    return _dated("+".join(lost_plus.groups()) if lost_plus else value)


_BOUND_SCHEMA = WithJsonSchema(
    {"type": "string", "anyOf": [{"format": "date-time"}, {"format": "date"}]}
)


def _day_or_time(value: Any, read: ValidatorFunctionWrapHandler) -> datetime:
    """A bare date without a zone, for a day is another one in each; a time as it is."""
    moment: datetime = read(value)
    is_day = isinstance(value, str) and _DATED.fullmatch(value)
    return moment.replace(tzinfo=None) if is_day else moment


# A bare date is left to be a midnight of the zone whose days are meant: ``core.zones.moment_of``.
LowerBound = Annotated[
    datetime,
    AfterValidator(_to_utc),
    BeforeValidator(lambda value: _bound(value, days_after_date=0)),
    _BOUND_SCHEMA,
    WrapValidator(_day_or_time),
]
UpperBound = Annotated[
    datetime,
    AfterValidator(_end_to_utc),
    BeforeValidator(lambda value: _bound(value, days_after_date=1)),
    _BOUND_SCHEMA,
    WrapValidator(_day_or_time),
]
# What the bounds of a list say of themselves.
FROM = (
    "Inclusive. A bare date is a day of the time zone that the setting `TIMEZONE` names, and begins"
    " at its midnight; a time without an offset is UTC."
)
UNTIL = (
    "A bare date includes that day, of the time zone that the setting `TIMEZONE` names; a time is"
    " exclusive, and UTC without an offset."
)


def _known_zone(value: str) -> str:
    try:
        return time_zone(value).key
    except ValueError:
        raise PydanticCustomError(
            "unknown_timezone", "must be a time zone's name of IANA, such as Asia/Colombo"
        ) from None


ZoneName = Annotated[
    str, AfterValidator(_known_zone), Field(examples=["Asia/Colombo", "Europe/Berlin"])
]


class Input(BaseModel):
    """A body: an unknown field is a mistake worth telling."""

    model_config = ConfigDict(extra="forbid")


def optional(description: str | None = None) -> Any:
    """The default of a field that may be left out, but not sent as null."""
    return Field(default_factory=lambda: None, description=description)


@dataclass(frozen=True)
class SeenTime:
    """A time that was served, as precise as it comes back: browsers cut it to milliseconds."""

    moment: datetime
    # The least that was said, in microseconds: of a whole second, a millisecond …
    unit: int

    @classmethod
    def said(cls, value: Any, handler: ValidatorFunctionWrapHandler) -> "SeenTime":
        fraction = _FRACTION.search(value) if isinstance(value, str) else None
        digits = len(fraction[1]) if fraction else 0
        return cls(handler(value), 10 ** max(_MICROSECONDS - digits, 0))

    def is_of(self, stored: datetime) -> bool:
        cut = stored.microsecond - stored.microsecond % self.unit
        return self.moment == stored.replace(microsecond=cut)

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_wrap_validator_function(cls.said, handler(UtcTime))


_FRACTION = re.compile(r":[0-9]{2}[.,]([0-9]+)")
_MICROSECONDS = 6


class AsRead(BaseModel):
    """What a caller acts upon, as it was when they looked at it."""

    updated_at: SeenTime | None = Field(
        default=None,
        description="If sent, the change is refused with `stale_object` unless it is current, to"
        " the fraction of a second that is sent: milliseconds suffice.",
    )

    def require_current(self, stored: Any) -> None:
        """Raises if the object was changed since the caller read it; ``stored`` is its row."""
        if self.updated_at is not None and not self.updated_at.is_of(stored.updated_at):
            raise StaleObjectError(updated_at=stored.updated_at)


class Changes(AsRead):
    """The body of a PUT: what is sent is changed, what is left out stays.

    An object may come back whole as it was served: fields of ``served_as`` that can't be written
    are dropped, and ``updated_at`` tells whether it was changed meanwhile.
    """

    model_config = ConfigDict(extra="forbid")

    served_as: ClassVar[type[BaseModel]]
    # Whether it came back as it was served, with what can't be changed.
    _is_whole: bool = PrivateAttr(default=False)

    @model_validator(mode="wrap")
    @classmethod
    def _drop_read_only(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if not isinstance(data, dict):
            return handler(data)
        read_only = cls.served_as.model_fields.keys() - cls.model_fields.keys()
        changes = handler({key: value for key, value in data.items() if key not in read_only})
        changes._is_whole = not read_only.isdisjoint(data)  # noqa: SLF001 - its own
        return changes

    def sent(self) -> dict[str, Any]:
        """The fields that were sent, with their values."""
        return self.model_dump(exclude_unset=True, exclude={"updated_at"})

    def changed_in(self, stored: Any) -> dict[str, Any]:
        """The fields to change in a row: one that is sent back as it is served is no change."""
        return {
            name: value for name, value in self.sent().items() if value != getattr(stored, name)
        }


class Output(BaseModel):
    """An object as it is served."""

    model_config = ConfigDict(from_attributes=True)


class Resource(Output):
    """A served object with an address of its own."""

    PATH: ClassVar[str]

    def location(self) -> str:
        return self.PATH.format_map(vars(self))


@dataclass(frozen=True, slots=True)
class Rendered(Generic[T]):
    """A served object that is written already, for it is asked for again and again."""

    json: bytes
    tag: bytes

    @classmethod
    def of(cls, item: T) -> "Rendered[T]":
        return cls(*tagged(item))


def as_json(item: "BaseModel | Rendered[Any]") -> bytes:
    return item.json if isinstance(item, Rendered) else item.__pydantic_serializer__.to_json(item)


def tagged(item: "BaseModel | Rendered[Any]") -> tuple[bytes, bytes]:
    """An object as it is served, and its entity tag."""
    if isinstance(item, Rendered):
        return item.json, item.tag
    written = as_json(item)
    return written, tag_of(written, getattr(item, "updated_at", None))


ServedTime = AwareDatetime
