"""What every report answers when there is nothing, when it is asked wrongly, and on paper."""

from enum import StrEnum
from typing import Any

import pytest
from pydantic import BaseModel

from core.money import selling_in
from models import OrderStatus, TicketStatus, TransactionStatus
from Order.schemas import analytics as schemas
from tests.support.client import Api
from tests.support.shop import REPORTS, SERIES, figures, open_shop, report

NOTHING = {"start": None, "end": None, "interval": "day", "timezone": "UTC"}
# Thirteen hours before UTC in every season.
APIA = {"timezone": "Pacific/Apia"}


class TestEmptyDatabase:
    def test_dashboard(self, api: Api) -> None:
        names = (*schemas.DashboardTotals.model_fields,)
        assert report(api, "dashboard") == {
            "totals": dict.fromkeys(names, 0),
            "orders_by_status": {"pending": 0, "confirmed": 0, "cancelled": 0, "completed": 0},
            "tickets_by_status": {"available": 0, "reserved": 0, "sold": 0, "cancelled": 0},
            "transactions_by_status": {"pending": 0, "success": 0, "failed": 0, "refunded": 0},
            "top_events": [],
            "recent_orders": [],
            "currency": "USD",
            "period": NOTHING,
        }

    def test_sales(self, api: Api) -> None:
        assert report(api, "sales") == {
            "totals": figures(0, 0, 0),
            "series": [],
            "by_event": [],
            "by_category": [],
            "by_venue": [],
            "currency": "USD",
            "period": NOTHING,
        }

    def test_revenue(self, api: Api) -> None:
        assert report(api, "revenue") == {
            "gross_revenue": 0,
            "refunded": 0,
            "net_revenue": 0,
            "disputed": 0,
            "average_order_value": 0,
            "series": [],
            "by_payment_method": [],
            "currency": "USD",
            "period": NOTHING,
        }

    def test_users(self, api: Api) -> None:
        assert report(api, "users") == {
            "total_users": 0,
            "active_users": 0,
            "inactive_users": 0,
            "new_users": 0,
            "returning_users": 0,
            "average_tickets_per_user": 0,
            "series": [],
            "top_customers": [],
            "currency": "USD",
            "period": NOTHING,
        }

    def test_tickets(self, api: Api) -> None:
        assert report(api, "tickets") == {
            "total_tickets": 0,
            "total_quantity": 0,
            "available_quantity": 0,
            "reserved_quantity": 0,
            "sold_quantity": 0,
            "sell_through_rate": 0,
            "by_status": {"available": 0, "reserved": 0, "sold": 0, "cancelled": 0},
            "by_category": [],
            "by_venue": [],
            "top_selling": [],
            "low_stock": [],
            "most_held": [],
            "period": NOTHING,
        }

    def test_one_bound_alone_spans_no_series(self, api: Api) -> None:
        for name in SERIES:
            assert report(api, name, start="2026-01-01")["series"] == []
            assert report(api, name, end="2026-01-01")["series"] == []

    def test_tickets_without_units_have_sold_no_part(self, api: Api) -> None:
        api.ticket(total_quantity=0)
        tickets = report(api, "tickets")
        assert tickets["sell_through_rate"] == 0
        assert tickets["by_venue"][0]["sell_through_rate"] == 0


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize(
    ("parameters", "parameter", "code"),
    [
        ({"start": "yesterday"}, "start", "datetime_type"),
        ({"start": ""}, "start", "datetime_type"),
        ({"end": "2026-02-30"}, "end", "datetime_from_date_parsing"),
        ({"end": "2026-03-01T25:00:00"}, "end", "datetime_from_date_parsing"),
        ({"start": "0001-12-31"}, "start", "datetime_range"),
        ({"end": "9999-01-01"}, "end", "datetime_range"),
        ({"start": "2026-03-02", "end": "2026-03-01"}, "end", "empty_period"),
        ({"start": "2026-03-01T12:00:00", "end": "2026-03-01T12:00:00Z"}, "end", "empty_period"),
        # In Apia that day ends at eleven in the morning of UTC.
        ({"start": "2026-03-02T11:00:00Z", "end": "2026-03-02", **APIA}, "end", "empty_period"),
        ({"timezone": "Ceylon"}, "timezone", "unknown_timezone"),
        ({"timezone": "asia/colombo"}, "timezone", "unknown_timezone"),
        ({"timezone": "../../etc/passwd"}, "timezone", "unknown_timezone"),
        ({"interval": "year"}, "interval", "enum"),
        ({"interval": ""}, "interval", "enum"),
        ({"event_name": ""}, "event_name", "string_too_short"),
        ({"event_name": "  "}, "event_name", "string_too_short"),
        ({"event_name": "x" * 201}, "event_name", "string_too_long"),
        ({"event_name": "a\0b"}, "event_name", "control_character"),
        ({"category": "x" * 101}, "category", "string_too_long"),
        ({"category": "a\x1bb"}, "category", "control_character"),
        ({"venue": "Arena"}, "venue", "extra_forbidden"),
        ({"limit": "5"}, "limit", "extra_forbidden"),
    ],
)
def test_bad_parameters_are_refused_by_name(
    api: Api, name: str, parameters: dict[str, str], parameter: str, code: str
) -> None:
    problem = api.refused("GET", f"/api/analytics/{name}", **parameters)
    assert (problem["status"], problem["code"]) == (422, "validation_error")
    assert [(error["parameter"], error["code"]) for error in problem["errors"]] == [
        (parameter, code)
    ]


class TestDocument:
    @pytest.mark.parametrize("name", REPORTS)
    def test_its_example_has_the_shape_of_the_answer(self, api: Api, name: str) -> None:
        operation = api.document["paths"][f"/api/analytics/{name}"]["get"]
        answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
        model = answer["$ref"].rpartition("/")[2]
        [example] = api.document["components"]["schemas"][model]["examples"]
        open_shop(api)
        kind: type[BaseModel] = getattr(schemas, model)
        with selling_in("USD"):
            assert kind.model_validate_json(kind.model_validate(example).model_dump_json())
        assert shape(example) == shape(report(api, name, start="2026-03-01", end="2026-03-04"))

    @pytest.mark.parametrize(
        ("model", "statuses"),
        [
            (schemas.OrdersByStatus, OrderStatus),
            (schemas.TicketsByStatus, TicketStatus),
            (schemas.TransactionsByStatus, TransactionStatus),
        ],
    )
    def test_counts_by_status_name_every_status(
        self, model: type[BaseModel], statuses: type[StrEnum]
    ) -> None:
        assert list(model.model_fields) == [status.value for status in statuses]


def shape(value: Any) -> Any:
    """The names of an answer's fields, without the values; a list is as its first row."""
    if isinstance(value, dict):
        return {name: shape(field) for name, field in value.items()}
    if isinstance(value, list):
        return [shape(row) for row in value[:1]]
    return None
