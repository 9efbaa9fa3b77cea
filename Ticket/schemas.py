"""Tickets on the wire."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from core.money import Amount, Price, PriceParameter
from core.pagination import AnyOf, AnyPartOf, ListQuery
from core.schemas import (
    FROM,
    IN_ANY_SPELLING,
    UNTIL,
    Category,
    Changes,
    IdParameter,
    Input,
    LongText,
    LowerBound,
    Name,
    Output,
    Resource,
    ServedTime,
    StockQuantity,
    UpperBound,
    UtcTime,
    optional,
)
from core.text import search_key
from models import TicketStatus

# What a search may ask for; who looks for a ticket writes three or four.
MAX_WORDS = 8
# Of one listener: what a page shows at once. An address has at most a hundred parameters.
MAX_WATCHED = 50

_EXAMPLE: dict[str, Any] = {
    "event_name": "Concert 2024",
    "event_description": "Amazing concert event",
    "event_date": "2024-12-25T20:00:00Z",
    "venue": "Main Arena",
    "price": 99.99,
    "available_quantity": 100,
    "total_quantity": 100,
    "category": "VIP",
}


class TicketCreate(Input):
    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    event_name: Name
    event_description: LongText | None = None
    event_date: UtcTime
    venue: Name
    price: Price
    total_quantity: StockQuantity
    available_quantity: StockQuantity = optional(
        "Left out: all of `total_quantity`. Less: the rest is withheld."
    )
    category: Category

    @field_validator("available_quantity")
    @classmethod
    def _no_more_than_all(cls, value: int, info: ValidationInfo) -> int:
        if value > info.data.get("total_quantity", value):
            raise PydanticCustomError("available_exceeds_total", "must not exceed total_quantity")
        return value

    @model_validator(mode="after")
    def _all_if_left_out(self) -> "TicketCreate":
        if "available_quantity" not in self.model_fields_set:
            self.available_quantity = self.total_quantity
        return self


class TicketRead(Resource):
    PATH = "/api/tickets/{id}"
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": 1,
                    **_EXAMPLE,
                    "event_date": "2024-12-25T20:00:00Z",
                    "currency": "USD",
                    "available_quantity": 98,
                    "reserved_quantity": 2,
                    "sold_quantity": 0,
                    "withheld_quantity": 0,
                    "status": "available",
                    "created_at": "2024-11-01T09:00:00.000001Z",
                    "updated_at": "2024-11-02T10:30:00.000001Z",
                }
            ]
        },
    )

    id: int
    event_name: str
    event_description: str | None
    event_date: ServedTime
    venue: str
    price: Amount
    currency: str
    category: str
    total_quantity: int
    available_quantity: int
    reserved_quantity: int = Field(description="In pending orders.")
    sold_quantity: int = Field(description="In confirmed and completed orders.")
    withheld_quantity: int = Field(description="Kept back by the organiser.")
    status: TicketStatus
    created_at: ServedTime
    updated_at: ServedTime


class TicketState(Output):
    """What of a ticket changes while it is looked at."""

    id: int
    status: TicketStatus
    available_quantity: int
    total_quantity: int
    price: Amount
    currency: str


class TicketUpdate(Changes):
    model_config = ConfigDict(json_schema_extra={"examples": [{"price": 89.5}]})
    served_as: ClassVar[Any] = TicketRead

    event_name: Name = optional()
    event_description: LongText | None = None
    event_date: UtcTime = optional()
    venue: Name = optional()
    price: Price = optional()
    total_quantity: StockQuantity = optional("Moves `available_quantity` by the same amount.")
    available_quantity: StockQuantity = optional(
        "Moves the difference to or from `withheld_quantity`."
    )
    category: Category = optional()

    def changed_in(self, stored: Any) -> dict[str, Any]:
        """How many are on sale is meant as it is said, unless it only came back as it was served:
        where there are to be more in all, the same number keeps the new ones back.
        """
        changes = super().changed_in(stored)
        says_available = "available_quantity" in self.model_fields_set
        if "total_quantity" in changes and says_available and not self._is_whole:
            changes["available_quantity"] = self.available_quantity
        return changes


class TicketStatusChange(Input):
    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "cancelled"}]})

    status: TicketStatus


class TicketFilters(ListQuery):
    """The filters that the list and the search share."""

    status: AnyOf[TicketStatus] | None = None
    category: AnyOf[Category] | None = Field(default=None, description=f"Exact, {IN_ANY_SPELLING}")
    venue: AnyPartOf[Name] | None = Field(
        default=None, description=f"A part of it, {IN_ANY_SPELLING}"
    )
    event_name: AnyPartOf[Name] | None = Field(
        default=None, description=f"A part of it, {IN_ANY_SPELLING}"
    )
    min_price: PriceParameter | None = None
    max_price: PriceParameter | None = None
    date_from: LowerBound | None = Field(default=None, description=FROM)
    date_to: UpperBound | None = Field(default=None, description=UNTIL)
    available: AnyOf[bool] | None = Field(
        default=None, description="`true`: on sale with stock; `false`: all others."
    )


class TicketList(TicketFilters):
    sort: Literal[
        "id", "-id", "event_date", "-event_date", "price", "-price", "created_at", "-created_at"
    ] = "id"


def _words(value: str) -> str:
    """Each word is looked for in every text: so many cost no more than a list may."""
    words = len(search_key(value).split())
    if not words:
        raise PydanticCustomError("no_words", "must contain a word")
    if words > MAX_WORDS:
        said = {"max_words": MAX_WORDS, "words": words}
        template = "must have {max_words} words at most, not {words}"
        raise PydanticCustomError("too_many_words", template, said)
    return value


SearchWords = Annotated[Name, AfterValidator(_words)]


class WatchedTickets(BaseModel):
    """Which tickets somebody listens to; an unknown parameter is a mistake worth telling."""

    model_config = ConfigDict(extra="forbid")

    ids: Annotated[list[IdParameter], Field(min_length=1, max_length=MAX_WATCHED)] = Field(
        description=(
            f"The tickets, {MAX_WATCHED} at most: one `ids` for each, as in `?ids=1&ids=2`."
        ),
        examples=[[1, 2]],
    )


class TicketSearch(TicketFilters):
    q: SearchWords | None = Field(
        default=None,
        description=(
            f"Every word must occur in event name, description, venue or category; {MAX_WORDS}"
            " words at most."
        ),
        examples=["concert arena"],
    )
    sort: Literal[
        "event_date", "-event_date", "id", "-id", "price", "-price", "created_at", "-created_at"
    ] = "event_date"
