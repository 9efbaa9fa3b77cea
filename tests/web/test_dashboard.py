"""The organiser's page tells what the API tells: every figure, for whatever is looked at."""

import csv
import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page

from core.clock import utc_now
from tests.support.web.overview import (
    Desk,
    Heard,
    as_told,
    desk_at,
    pick,
    rows,
    table,
    totals,
    wait_for_figures,
)
from tests.web.conftest import People, enter

_DASHBOARD = (
    "net_revenue",
    "gross_revenue",
    "refunded",
    "average_order_value",
    "orders",
    "tickets_sold",
)
_USERS = ("new_users", "returning_users")
_SALES = ("orders", "tickets_sold", "revenue")
_MONEY = ("gross", "refunded", "net")
_STOCK = tuple(f"{kind}_quantity" for kind in ("sold", "reserved", "available", "withheld"))


@pytest.fixture
def desk(site: str) -> Iterator[Desk]:
    with desk_at(site) as opened:
        yield opened


@pytest.fixture
def overview(person: People) -> Any:
    """Opens the page as an administrator, and tells what the API answered it."""

    def opened(query: str = "", **options: Any) -> tuple[Page, Heard]:
        someone = person(**options)
        heard = Heard(someone.page)
        enter(someone, "ada")
        page = someone.go(f"/dashboard{query}")
        wait_for_figures(page)
        return page, heard

    return opened


def totals_told(desk: Desk, **query: Any) -> dict[str, float]:
    dashboard, users = desk.report("dashboard", **query), desk.report("users", **query)
    told = {name: dashboard["totals"][name] for name in _DASHBOARD}
    return told | {name: users[name] for name in _USERS}


def test_every_figure_is_the_apis(overview: Any) -> None:
    page, heard = overview("?range=all")
    dashboard, users = heard.json("analytics/dashboard"), heard.json("analytics/users")
    sales, revenue = heard.json("analytics/sales"), heard.json("analytics/revenue")
    shown = totals(page)
    assert shown == {name: dashboard["totals"][name] for name in _DASHBOARD} | {
        name: users[name] for name in _USERS
    }
    assert shown["orders"] > 100
    for part, listed, name in (
        ("by-event", "by_event", "event_name"),
        ("by-category", "by_category", "category"),
        ("by-venue", "by_venue", "venue"),
    ):
        expected = [as_told([row[name], *(row[one] for one in _SALES)]) for row in sales[listed]]
        assert table(page, part) == expected
        seen = [[row, *(told[one] for one in _SALES)] for row, told in rows(page, part)]
        assert seen == expected[:10]
    states = dashboard["orders_by_status"]
    assert {row: int(told["orders"]) for row, told in rows(page, "by-status")} == states
    assert table(page, "by-method") == [
        as_told([row[one] for one in ("payment_method", "transactions", *_MONEY)])
        for row in revenue["by_payment_method"]
    ]
    days = [row["period_start"][:10] for row in revenue["series"]]
    assert [cells[0] for cells in table(page, "revenue")] == days
    assert [cells[1:] for cells in table(page, "revenue")] == [
        as_told([row[one] for one in ("net", "refunded", "gross")]) for row in revenue["series"]
    ]
    assert [cells[1:] for cells in table(page, "tickets-sold")] == [
        as_told([row[one] for one in ("tickets_sold", "orders", "revenue")])
        for row in sales["series"]
    ]


def test_stock_and_the_latest_orders_are_the_apis_and_scarce_tickets_first(overview: Any) -> None:
    page, heard = overview()
    tickets = {str(one["id"]): one for one in heard.json("tickets/")}
    page.get_by_role("button", name=re.compile("^Show all")).last.click()
    stock = rows(page, "stock")
    assert {name for name, _ in stock} == set(tickets)
    for name, told in stock:
        assert told == {kind: str(tickets[name][kind]) for kind in _STOCK}
    on_sale = [tickets[name] for name, _ in stock if tickets[name]["status"] != "cancelled"]
    left = [one["available_quantity"] / one["total_quantity"] for one in on_sale]
    assert left == sorted(left)
    assert [
        (name, told["total_amount"], told["status"]) for name, told in rows(page, "latest")
    ] == [
        (one["order_reference"], *as_told([one["total_amount"]]), one["status"])
        for one in heard.json("orders/")
    ]
    link = page.locator("#latest a").first
    reference = heard.json("orders/")[0]["order_reference"]
    assert link.get_attribute("href") == f"/dashboard/orders?order={reference}"


def test_range_and_zone_decide_on_the_figures_and_stay_in_the_address(
    overview: Any, desk: Desk
) -> None:
    # Whose own days are others.
    page, _ = overview(timezone_id="America/Los_Angeles")
    pick(page, "Period").select_option("Last 7 days")
    pick(page, "Time zone").select_option("Pacific/Kiritimati")
    wait_for_figures(page)
    today = utc_now().astimezone(ZoneInfo("Pacific/Kiritimati")).date()
    first = today - timedelta(days=6)
    expected = totals_told(desk, start=first, end=today, timezone="Pacific/Kiritimati")
    assert totals(page) == expected
    days = [str(first + timedelta(days=one)) for one in range(7)]
    assert [cells[0] for cells in table(page, "revenue")] == days
    page.reload()
    wait_for_figures(page)
    assert "range=7d&zone=Pacific%2FKiritimati" in page.url
    assert pick(page, "Time zone").input_value() == "Pacific/Kiritimati"
    assert totals(page) == expected
    page.go_back()
    page.go_back()
    wait_for_figures(page)
    assert pick(page, "Period").input_value() == "30d"
    assert pick(page, "Time zone").input_value() == "UTC"
    month = {"start": utc_now().date() - timedelta(days=29), "end": utc_now().date()}
    assert totals(page) == totals_told(desk, **month)


def test_what_is_filtered_by_is_asked_of_every_report(overview: Any, desk: Desk) -> None:
    page, heard = overview("?range=all")
    event = rows(page, "by-event")[1][0]
    pick(page, "Event").select_option(event)
    wait_for_figures(page)
    assert totals(page) == totals_told(desk, event_name=event)
    for report in ("dashboard", "users", "sales", "revenue"):
        # Of sales, all there is to choose from is asked as well.
        assert event in [query.get("event_name") for query in heard.queries(f"analytics/{report}")]
    shown = page.locator("#stock li .name").all_inner_texts()
    assert all(name.startswith(event) for name in shown)
    assert pick(page, "Event").locator("option").count() > 5


def test_each_total_is_compared_with_as_many_days_before(overview: Any, desk: Desk) -> None:
    page, _ = overview("?range=custom&from=2026-01-01&to=2026-01-01")
    last = utc_now().date() - timedelta(days=1)
    first = last - timedelta(days=19)
    pick(page, "From").fill(str(first))
    pick(page, "To").fill(str(last))
    page.wait_for_url(f"**from={first}&to={last}")
    wait_for_figures(page)
    before = {"start": first - timedelta(days=20), "end": first - timedelta(days=1)}
    was, now = totals_told(desk, **before), totals_told(desk, start=first, end=last)
    for name, value in was.items():
        told = page.locator(f"[data-figure='{name}_before']")
        assert float(told.get_attribute("data-value") or "nothing") == value
        if value:
            assert _percent(now[name], value) in told.inner_text()
    pick(page, "Period").select_option("All time")
    wait_for_figures(page)
    assert page.locator("[data-figure$='_before']").count() == 0


def _percent(now: float, before: float) -> str:
    share = round((now - before) / before * 100, 1)
    return f"{share:+.1f}".removesuffix(".0") + "%" if share else "0%"


def test_a_file_tells_what_its_table_tells_and_computes_nothing(
    overview: Any, desk: Desk, tmp_path: Path
) -> None:
    desk.sale("=1+1")
    page, _ = overview("?event=%3D1%2B1")
    (shown,) = table(page, "by-event")
    assert shown[0] == "=1+1"
    for part, own in (("by-event", "'=1+1"), ("stock", "'=1+1"), ("revenue", None)):
        cells = table(page, part)
        with page.expect_download() as download:
            page.locator(f"#{part}").get_by_role("button", name="CSV", exact=False).last.click()
        file = tmp_path / part
        download.value.save_as(file)
        _, *lines = csv.reader(file.read_text(encoding="utf-8-sig").splitlines())
        tamed = [[re.sub(r"^(?=[=@])", "'", cell) for cell in row] for row in cells]
        assert lines == tamed
        assert own is None or lines[0][0] == own


def test_all_lines_of_what_is_looked_at_can_be_saved(overview: Any, tmp_path: Path) -> None:
    page, heard = overview("?range=7d&zone=Asia/Tokyo")
    start = str(utc_now().astimezone(ZoneInfo("Asia/Tokyo")).date() - timedelta(days=6))
    sales = heard.json("analytics/sales")
    dashboard = heard.json("analytics/dashboard", start=start)
    for button, expected in (
        ("All lines as CSV", sales["totals"]["tickets_sold"]),
        ("All orders as CSV", dashboard["totals"]["orders"]),
    ):
        with page.expect_download() as download:
            page.get_by_role("button", name=button).click()
        file = tmp_path / "lines"
        download.value.save_as(file)
        lines = list(csv.DictReader(file.read_text().splitlines()))
        assert sum(int(line.get("quantity", 1)) for line in lines) == expected
    assert date.fromisoformat(lines[-1]["created_at"][:10]) >= utc_now().date() - timedelta(days=8)
