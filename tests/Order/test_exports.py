"""Exports: what lists and reports tell, as files that programs and spreadsheets read."""

import csv
from io import StringIO
from typing import Any

import pytest

from core.store import listing
from tests.support.client import Api

MARK = "\ufeff"
EXPORTS = ("/api/orders/export", "/api/transactions/export", "/api/analytics/sales/export")


def rows(api: Api, path: str, **query: Any) -> list[dict[str, str]]:
    """The lines of an export, by the names in its first one."""
    return list(csv.DictReader(StringIO(text(api, path, **query), newline="")))


def text(api: Api, path: str, **query: Any) -> str:
    answer = api.request("GET", path, params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return answer.content.decode()


def cells(file: str) -> list[str]:
    """Of the first row, as they are written; nothing in them has a comma."""
    return file.splitlines()[1].split(",")


def sold(api: Api, ticket: Any, quantity: int, user: Any, **fields: Any) -> Any:
    """An order that was paid."""
    order = api.order(user, (ticket, quantity), **fields)
    payment = api.payment(order)
    api.patch(f"/api/transactions/{payment['id']}/status", {"status": "success"})
    return order


@pytest.fixture
def season(api: Api) -> list[Any]:
    """Five orders of two events: sold, sold, held, cancelled, and sold in the next month."""
    user, other = api.user(), api.user("jane_doe")
    ball = api.ticket(event_name="Ball", category="VIP", price=10)
    gala = api.ticket(event_name="Gala", category="Standard", price=7.5)
    orders = [sold(api, ball, 2, user), sold(api, gala, 1, other)]
    orders.append(api.order(user, (ball, 1), (gala, 3)))
    orders.append(api.order(other, (gala, 1)))
    api.post(f"/api/orders/{orders[-1]['id']}/cancel", {"reason": "by mistake"})
    api.clock.advance(days=31)
    orders.append(sold(api, gala, 4, user))
    return orders


@pytest.fixture(params=[1, 2, 250])
def at_a_time(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "_AT_A_TIME", request.param)


@pytest.mark.usefixtures("season", "at_a_time")
class TestOrders:
    @pytest.mark.parametrize("sort", ["id", "-id", "total_amount", "-created_at", "status"])
    def test_are_those_of_the_list_in_its_order(self, api: Api, sort: str) -> None:
        listed = api.get("/api/orders/", sort=sort)
        assert [row["id"] for row in rows(api, EXPORTS[0], sort=sort)] == [
            str(order["id"]) for order in listed
        ]

    def test_tell_what_the_list_tells(self, api: Api) -> None:
        for order, row in zip(api.get("/api/orders/"), rows(api, EXPORTS[0]), strict=True):
            told = {name: "" if order[name] is None else order[name] for name in row.keys() & order}
            amounts = {name: f"{told[name]:.2f}" for name in told if isinstance(told[name], float)}
            assert {name: row[name] for name in told} == {
                name: amounts.get(name, str(value)) for name, value in told.items()
            }
            assert int(row["tickets"]) == sum(item["quantity"] for item in order["items"])
            # What is not in a file is in the answers to one order.
            assert order.keys() - row.keys() == {"items", "allowed_actions"}

    def test_are_filtered_as_the_list_is(self, api: Api, season: list[Any]) -> None:
        for query in (
            {"status": ["confirmed", "cancelled"]},
            {"user_id": season[1]["user_id"]},
            {"order_reference": season[2]["order_reference"].lower()},
            {"created_from": season[4]["created_at"]},
            {"created_to": season[4]["created_at"]},
            {"status": "completed"},
        ):
            listed = api.get("/api/orders/", **query)
            assert len(rows(api, EXPORTS[0], **query)) == len(listed)

    def test_of_a_day_are_those_of_the_time_zone(self, api: Api) -> None:
        day = api.get("/api/orders/")[0]["created_at"][:10]
        query = {"created_from": day, "created_to": day}
        listed = api.get("/api/orders/", **query)
        assert 0 < len(listed) < 5
        assert len(rows(api, EXPORTS[0], **query)) == len(listed)


@pytest.mark.parametrize("kind", ["orders", "transactions"])
def test_all_that_a_list_is_asked_for_can_be_exported(api: Api, kind: str) -> None:
    def asked(path: str) -> dict[str, Any]:
        told = api.document["paths"][path]["get"]["parameters"]
        return {one["name"]: one["schema"] for one in told if one["in"] == "query"}

    listed, exported = asked(f"/api/{kind}/"), asked(f"/api/{kind}/export")
    paging = {"limit", "skip", "after", "count"}
    assert exported.pop("excel")["type"] == "boolean"
    assert exported == {name: listed[name] for name in listed.keys() - paging}


@pytest.mark.usefixtures("season", "at_a_time")
class TestTransactions:
    def test_tell_what_the_list_tells(self, api: Api) -> None:
        found = rows(api, EXPORTS[1])
        for payment, row in zip(api.get("/api/transactions/"), found, strict=True):
            assert row["transaction_number"] == payment["transaction_number"]
            assert (row["amount"], row["status"]) == (f"{payment['amount']:.2f}", "success")
            assert payment.keys() - row.keys() == {"next_action"}

    def test_are_filtered_as_the_list_is(self, api: Api, season: list[Any]) -> None:
        query = {"order_id": season[1]["id"], "payment_method": "CARD"}
        [row] = rows(api, EXPORTS[1], **query)
        assert row["order_id"] == str(season[1]["id"])
        assert rows(api, EXPORTS[1], status="failed") == []


@pytest.mark.usefixtures("season", "at_a_time")
class TestSales:
    @pytest.mark.parametrize(
        "query",
        [
            {},
            {"event_name": "gala"},
            {"category": "vip"},
            {"end": "2026-12-01"},
            {"start": "2026-12-01", "timezone": "Pacific/Auckland"},
            {"start": "2030-01-01"},
        ],
    )
    def test_add_up_to_the_report(self, api: Api, query: dict[str, str]) -> None:
        totals = api.get("/api/analytics/sales", **query)["totals"]
        lines = rows(api, EXPORTS[2], **query)
        assert sum(int(line["quantity"]) for line in lines) == totals["tickets_sold"]
        assert sum(float(line["line_total"]) for line in lines) == totals["revenue"]
        assert len({line["order_id"] for line in lines}) == totals["orders"]

    def test_tell_lines_as_they_were_sold(self, api: Api, season: list[Any]) -> None:
        [ticket] = api.get("/api/tickets/", event_name="Ball")
        api.put(f"/api/tickets/{ticket['id']}", {"event_name": "Prom"})
        line = rows(api, EXPORTS[2])[0]
        assert (line["event_name"], line["unit_price"]) == ("Ball", "10.00")
        assert line["order_reference"] == season[0]["order_reference"]

    def test_a_range_without_room_is_refused(self, api: Api) -> None:
        problem = api.refused("GET", EXPORTS[2], start="2026-02-01", end="2026-01-01")
        assert problem["errors"][0]["code"] == "empty_period"


class TestTexts:
    @pytest.mark.parametrize(
        ("written", "told"),
        [
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("＝1", "'＝1"),  # noqa: RUF001 - meant
            # Where semicolons are what separates, or tabs.
            ("x;=1", "x;'=1"),
            ('x; ="1"', 'x;\' ="1"'),
            ("x\t=1", "x\t'=1"),
            ("two\n=1", "two\n'=1"),
            ("1 = 1; a-b", "1 = 1; a-b"),
        ],
    )
    def test_that_look_like_formulas_are_none(self, api: Api, written: str, told: str) -> None:
        api.order(api.user(), (api.ticket(), 1), notes=written)
        [row] = rows(api, EXPORTS[0])
        assert row["notes"] == told

    def test_are_quoted_so_that_nothing_in_them_ends_a_cell(self, api: Api) -> None:
        api.order(api.user(), (api.ticket(), 1), notes="a;b")
        assert ',"a;b",' in text(api, EXPORTS[0])

    @pytest.mark.parametrize("notes", ['"quoted", twice', "two\nlines", "Grüße; 1=1", "Ⅷ, 🎟"])
    def test_come_back_as_they_were_written(self, api: Api, notes: str) -> None:
        api.order(api.user(), (api.ticket(), 1), notes=notes)
        [row] = rows(api, EXPORTS[0])
        assert row["notes"] == notes

    def test_that_are_negative_numbers_stay_numbers(self, api: Api) -> None:
        """Of the service's own, none is a formula."""
        api.order(api.user(), (api.ticket(price=5), 1))
        [row] = rows(api, EXPORTS[0])
        assert row["total_amount"] == "5.00"


@pytest.mark.parametrize("path", EXPORTS)
class TestFile:
    @pytest.mark.usefixtures("season")
    def test_is_as_its_example_shows(self, api: Api, path: str) -> None:
        answer = api.document["paths"][path]["get"]["responses"]["200"]
        example, made = answer["content"]["text/csv"]["example"], text(api, path)
        assert example.splitlines()[0] == made.splitlines()[0]
        # What is quoted there is quoted here, as far as both have something to tell.
        for shown, told in zip(cells(example), cells(made), strict=True):
            assert (shown[:1] == '"') == (told[:1] == '"') or not (shown and told)

    def test_of_nothing_names_its_columns(self, api: Api, path: str) -> None:
        assert text(api, path).startswith("id,")
        assert text(api, path).count("\r\n") == 1

    def test_begins_for_excel_with_the_mark_of_its_encoding(self, api: Api, path: str) -> None:
        assert text(api, path, excel=True) == MARK + text(api, path)

    def test_is_to_be_saved_under_a_name(self, api: Api, path: str) -> None:
        answer = api.request("GET", path)
        name = path.split("/")[-2]
        assert answer.headers["content-disposition"] == f'attachment; filename="{name}.csv"'

    def test_is_not_for_customers(self, api: Api, path: str) -> None:
        _, customer = api.someone("customer")
        problem = customer.refused("GET", path)
        assert problem["code"] == "not_allowed"

    @pytest.mark.parametrize("parameter", ["limit", "skip", "after", "count"])
    def test_has_no_pages(self, api: Api, path: str, parameter: str) -> None:
        problem = api.refused("GET", path, **{parameter: "1"})
        assert problem["errors"][0]["parameter"] == parameter

    def test_is_not_made_for_who_asks_for_its_head(self, api: Api, path: str) -> None:
        answer = api.request("HEAD", path)
        assert (answer.status_code, answer.content) == (200, b"")
        assert answer.headers["content-type"].startswith("text/csv")

    @pytest.mark.parametrize("method", ["PUT", "DELETE", "POST", "PATCH"])
    def test_is_no_id_of_anything(self, api: Api, path: str, method: str) -> None:
        answer = api.request(method, path)
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
