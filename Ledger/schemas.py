"""The books on the wire: whether they agree, whose doing something was, and the audit."""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import ConfigDict, Field, RootModel, WithJsonSchema

from core.money import Amount
from core.pagination import AnyOf, ListQuery
from core.schemas import FROM, UNTIL, LowerBound, Output, ServedTime, UpperBound
from work.rules import Unit

# The OpenAPI document lists them: all causes and kinds that the domains bring.
ObjectKind: TypeAlias = str
Figure: TypeAlias = int | float | str | None
ShownFigure = Annotated[Figure, WithJsonSchema({"type": ["number", "string", "null"]})]


class Cause(RootModel[str]):
    """Why something moved."""


class RuleResult(Output):
    """A rule of the books, and how many rows break it."""

    rule: str
    description: str
    object: ObjectKind = Field(description="What the ids of its differences are of.")
    unit: Unit = Field(description="What its differences tell; `money` is in the `currency`.")
    differences: int


class Difference(Output):
    """A row that breaks a rule."""

    rule: str
    object: ObjectKind
    id: int
    field: str = Field(description="Which figure of the object differs.")
    expected: ShownFigure = Field(description="What other figures say it has to be.")
    found: ShownFigure = Field(description="What it is.")


class ReconciliationTotals(Output):
    """What was compared: how much there is of everything."""

    tickets: int = Field(description="Kinds of tickets.")
    orders: int
    transactions: int
    movements: int = Field(description="Lines of the ledger.")
    total_quantity: int
    available_quantity: int
    reserved_quantity: int
    sold_quantity: int
    withheld_quantity: int
    revenue: Amount = Field(description="Totals of confirmed and completed orders.")
    gross_revenue: Amount = Field(description="All money that was received.")
    refunded: Amount = Field(description="What went back of it.")
    net_revenue: Amount


_TOTALS: dict[str, Any] = {
    "tickets": 1,
    "orders": 3,
    "transactions": 3,
    "movements": 24,
    "total_quantity": 100,
    "available_quantity": 93,
    "reserved_quantity": 2,
    "sold_quantity": 5,
    "withheld_quantity": 0,
    "revenue": 499.95,
    "gross_revenue": 499.95,
    "refunded": 0.0,
    "net_revenue": 499.95,
}
_DIFFERENCE: dict[str, Any] = {
    "rule": "sold_stock",
    "object": "ticket",
    "id": 1,
    "field": "sold_quantity",
    "expected": 5,
    "found": 4,
}
_RULE: dict[str, Any] = {
    "rule": "sold_stock",
    "description": "Sold is what confirmed and completed orders hold of a ticket.",
    "object": "ticket",
    "unit": "number",
    "differences": 1,
}


class Reconciliation(Output):
    """Whether stock, orders, money and the ledger agree, as of one moment."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "checked_at": "2024-11-02T10:30:00.000001Z",
                    "is_consistent": False,
                    "difference_count": 1,
                    "rules": [_RULE],
                    "differences": [_DIFFERENCE],
                    "totals": _TOTALS,
                    "currency": "USD",
                }
            ]
        }
    )

    checked_at: ServedTime
    is_consistent: bool = Field(description="Whether no rule is broken.")
    difference_count: int = Field(description="Of all rules, those that are not listed included.")
    rules: list[RuleResult] = Field(description="Every rule that was checked.")
    differences: list[Difference] = Field(description="By rule; at most 100 of each.")
    totals: ReconciliationTotals
    currency: str


class ActorShown(Output):
    """Whose doing something was; no request can take the name of what is not a user."""

    name: str = Field(
        description="`user:7`; `provider:stripe` for a payment provider; `open` for the open "
        "development mode, `anonymous` for a caller without an identity; `chore:…`, `command:…`, "
        "`process` and `migration` for what the service does by itself; `unknown` for what is "
        "older than the record."
    )
    role: str | None = Field(description="In which role it was done.")
    means: str | None = Field(
        description="By what: `session:12`, `key:3`; of a provider, `event:evt_1` for what it told "
        "by itself, `asked:user:7` for what it answered to whom."
    )


class Action(RootModel[str]):
    """What was done that the audit remembers."""


class Change(Output):
    """A field before and after; text, whatever it is."""

    before: str | None
    after: str | None


class AuditRead(Output):
    """Something that somebody did to an account, to rights, or to what is on sale."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": 1,
                    "created_at": "2024-11-02T10:30:00.000001Z",
                    "action": "ticket_changed",
                    "object": "ticket:1",
                    "changes": {"price": {"before": "99.99", "after": "89.50"}},
                    "actor": {"name": "user:2", "role": "staff", "means": "session:4"},
                    "request_id": "8f14e45fceea4671",
                    "client_request_id": None,
                }
            ]
        }
    )

    id: int
    created_at: ServedTime
    action: Action
    object: str = Field(description="To what it was done: `user:7`. It may be gone.")
    changes: dict[str, Change] = Field(
        description="By field. Of names, addresses and passwords it is told that they changed, "
        "not what they were."
    )
    actor: ActorShown
    request_id: str = Field(description="The service's own id of the request, as in its log.")
    client_request_id: str | None = Field(description="What the caller sent as `X-Request-ID`.")


_ActorName = Annotated[str, Field(max_length=60, pattern=r"^[a-z]+(:[A-Za-z0-9_-]+)?$")]
_ObjectName = Annotated[str, Field(max_length=60, pattern=r"^[a-z_]+(:[0-9]+)?$")]
_ActionName = Annotated[str, Field(max_length=40, pattern=r"^[a-z_]+$")]


class AuditList(ListQuery):
    actor: AnyOf[_ActorName] | None = Field(
        default=None, description="Exact: `user:7`, `command:reset-password`."
    )
    object: AnyOf[_ObjectName] | None = Field(
        default=None, description="Exact: `user:7`, `ticket:5`, `api_key:3`."
    )
    action: AnyOf[_ActionName] | None = Field(default=None, description="Exact: `role_changed`.")
    created_from: LowerBound | None = Field(default=None, description=FROM)
    created_to: UpperBound | None = Field(default=None, description=UNTIL)
    sort: Literal["id", "-id", "created_at", "-created_at"] = "id"
