"""Money: a ``Decimal`` with two decimals in Python, integer minor units in both databases.

SQLite would store ``NUMERIC`` as a float, so that its sums drift; a 64-bit integer of cents is
exact on SQLite and PostgreSQL alike.
"""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError
from sqlalchemy import BigInteger, Dialect
from sqlalchemy.types import TypeDecorator

CENT = Decimal("0.01")
ZERO = Decimal("0.00")
MAX_PRICE = Decimal("9999999.99")
# Totals add up prices; up to here a JSON number (a double) still tells every cent.
MAX_AMOUNT = Decimal("9999999999999.99")


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
    """Cents of an amount; an amount with a fraction of a cent is a programming error."""
    minor = Decimal(value).scaleb(2)
    whole = int(minor)
    if whole != minor:
        raise ValueError(f"{value} has a fraction of a cent")
    return whole


def from_minor_units(minor: int) -> Decimal:
    return Decimal(minor).scaleb(-2)


def divide(amount: Decimal, parts: int) -> Decimal:
    """The mean, rounded to the cent; zero of nothing."""
    return (amount / parts).quantize(CENT) if parts else ZERO


def _number_only(value: Any) -> Any:
    """Refuse booleans and text: ``true`` is not one dollar."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise PydanticCustomError("number_type", "must be a JSON number")
    return value


def _schema(minimum: float, maximum: Decimal) -> WithJsonSchema:
    return WithJsonSchema(
        {
            "type": "number",
            "minimum": minimum,
            "maximum": float(maximum),
            "multipleOf": 0.01,
        }
    )


# A double tells all cents of a total below MAX_AMOUNT, so a float is exact on the wire.
_as_number = PlainSerializer(float, return_type=float, when_used="json")

Price = Annotated[
    Decimal,
    Field(ge=0, le=MAX_PRICE, decimal_places=2, allow_inf_nan=False),
    BeforeValidator(_number_only),
    _as_number,
    _schema(0, MAX_PRICE),
]
PositiveAmount = Annotated[
    Decimal,
    Field(ge=CENT, le=MAX_AMOUNT, decimal_places=2, allow_inf_nan=False),
    BeforeValidator(_number_only),
    _as_number,
    _schema(0.01, MAX_AMOUNT),
]
# In a query string every value is text, so only the range is checked.
PriceParameter = Annotated[
    Decimal,
    Field(ge=0, le=MAX_AMOUNT, decimal_places=2, allow_inf_nan=False),
    _schema(0, MAX_AMOUNT),
]
Amount = Annotated[Decimal, _as_number, WithJsonSchema({"type": "number", "multipleOf": 0.01})]
