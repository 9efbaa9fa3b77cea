"""Money: a ``Decimal`` with the currency's decimals in Python, integers in both databases.

SQLite would store ``NUMERIC`` as a float, so that its sums drift; a 64-bit integer of minor units
(cents, yen, fils) is exact on SQLite and PostgreSQL alike.

A deployment has one currency, and an amount does not say which. So whoever reads or writes one does
it inside of ``selling_in``: requests and units of work are, and outside of it there is no amount.
"""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, GetJsonSchemaHandler, PlainSerializer
from pydantic_core import CoreSchema, PydanticCustomError, PydanticKnownError
from sqlalchemy import BigInteger, Dialect
from sqlalchemy.types import TypeDecorator

from core.currencies import CURRENCIES, Currency

# Nothing is nothing, in whatever currency.
ZERO = Decimal(0)
# Without a default: amounts in a currency that nobody named would be wrong a hundred times over.
_currency: ContextVar[Currency] = ContextVar("currency")


class selling_in:  # noqa: N801 - reads as a word in `with`
    """Read and write amounts of a currency in the block."""

    # Every request enters it, and a generator would cost three times as much.
    __slots__ = ("_currency", "_token")

    def __init__(self, code: str) -> None:
        self._currency = CURRENCIES[code]

    def __enter__(self) -> None:
        self._token = _currency.set(self._currency)

    def __exit__(self, *_: object) -> None:
        _currency.reset(self._token)


def currency() -> Currency:
    """The one that the amounts at hand are of."""
    return _currency.get()


class Money(TypeDecorator[Decimal]):
    """A column of minor units that reads and writes ``Decimal``."""

    impl = BigInteger
    cache_ok = True

    @property
    def python_type(self) -> type[Decimal]:
        return Decimal

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        return None if value is None else to_minor_units(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:  # noqa: ARG002
        # SUM of bigint arrives as Decimal from PostgreSQL and as int from SQLite.
        return None if value is None else from_minor_units(int(value))


def to_minor_units(value: Decimal | int) -> int:
    """An amount as an integer; one with a fraction of a minor unit is a programming error."""
    minor = Decimal(value).scaleb(_currency.get().digits)
    whole = int(minor)
    if whole != minor:
        raise ValueError(f"{value} has a fraction of a minor unit")
    return whole


def from_minor_units(minor: int) -> Decimal:
    return Decimal(minor).scaleb(-_currency.get().digits)


def divide(amount: Decimal, parts: int) -> Decimal:
    """The mean, rounded to the minor unit; zero of nothing."""
    return (amount / parts).quantize(_currency.get().unit) if parts else ZERO


def as_number(amount: Decimal) -> float | int:
    """An amount in JSON: a double, or a whole number where the currency has no decimals."""
    return float(amount) if _currency.get().digits else int(amount)


def _number_only(value: Any) -> Any:
    """Refuse booleans and text: ``true`` is not one dollar."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise PydanticCustomError("number_type", "must be a JSON number")
    return value


def _payable(value: Decimal) -> Decimal:
    """With all decimals that the currency has, and no more."""
    sold_in = _currency.get()
    if value > sold_in.max_amount:
        raise PydanticKnownError("less_than_equal", {"le": as_number(sold_in.max_amount)})
    payable = value.quantize(sold_in.unit)
    if payable != value:
        raise PydanticKnownError("decimal_max_places", {"decimal_places": sold_in.digits})
    return payable


def _price(value: Decimal) -> Decimal:
    if value > (maximum := _currency.get().max_price):
        raise PydanticKnownError("less_than_equal", {"le": as_number(maximum)})
    return _payable(value)


@dataclass(frozen=True)
class _Documented:
    """An amount in the OpenAPI document, which is made for one currency."""

    bounds: Callable[[Currency], dict[str, Decimal]] = lambda _: {}

    def __get_pydantic_json_schema__(
        self, _schema: CoreSchema, _handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        sold_in = _currency.get()
        numbers = self.bounds(sold_in) | {"multipleOf": sold_in.unit}
        return {"type": "number", **{name: as_number(value) for name, value in numbers.items()}}


_as_number = PlainSerializer(as_number, when_used="json")

Price = Annotated[
    Decimal,
    Field(ge=0, allow_inf_nan=False),
    AfterValidator(_price),
    BeforeValidator(_number_only),
    _as_number,
    _Documented(lambda of: {"minimum": ZERO, "maximum": of.max_price}),
]
PositiveAmount = Annotated[
    Decimal,
    Field(gt=0, allow_inf_nan=False),
    AfterValidator(_payable),
    BeforeValidator(_number_only),
    _as_number,
    _Documented(lambda of: {"minimum": of.unit, "maximum": of.max_amount}),
]
# In a query string every value is text, so only the range is checked.
PriceParameter = Annotated[
    Decimal,
    Field(ge=0, allow_inf_nan=False),
    AfterValidator(_payable),
    _Documented(lambda of: {"minimum": ZERO, "maximum": of.max_amount}),
]
Amount = Annotated[Decimal, _as_number, _Documented()]
