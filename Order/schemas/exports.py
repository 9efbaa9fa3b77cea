"""Which rows are exported: by what lists and reports are asked for."""

from pydantic import Field

from core.pagination import AnyOf, ExportQuery
from core.schemas import (
    IN_ANY_SPELLING,
    Category,
    IdParameter,
    LowerBound,
    Name,
    UpperBound,
    ZoneName,
)
from Order.schemas.order import OrderFields
from Order.schemas.transaction import TransactionFields

_OF_ZONE = "Bare dates are days of the time zone; a time without an offset is UTC."


class OrderExport(OrderFields, ExportQuery):
    user_id: AnyOf[IdParameter] | None = None


class TransactionExport(TransactionFields, ExportQuery):
    order_id: AnyOf[IdParameter] | None = None


class SalesExport(ExportQuery):
    """Which of the sold lines; by the names that they were sold under."""

    start: LowerBound | None = Field(
        default=None, description="Of orders confirmed since then, inclusive. " + _OF_ZONE
    )
    end: UpperBound | None = Field(
        default=None,
        description="Of orders confirmed before then; a bare date includes that day. " + _OF_ZONE,
    )
    timezone: ZoneName | None = Field(
        default=None,
        description="Whose days bare dates are. Left out: the setting `TIMEZONE`.",
    )
    event_name: Name | None = Field(default=None, description=f"Exact, {IN_ANY_SPELLING}")
    category: Category | None = Field(default=None, description=f"Exact, {IN_ANY_SPELLING}")
