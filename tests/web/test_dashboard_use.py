"""The organiser's page stays of use: while things change, fail, are empty, or are slow."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, Route, ViewportSize, expect

from tests.support.web.browser import NARROW, WIDE, scrolls_sideways, serious_findings
from tests.support.web.overview import Desk, Heard, desk_at, pick, table, totals, wait_for_figures
from tests.web.conftest import People, enter

_BUSY = {"type": "/problems/service_busy", "title": "Busy", "status": 503, "code": "service_busy"}
_WATCH_SHIFTS = """
globalThis.shifted = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (!entry.hadRecentInput) globalThis.shifted += entry.value;
  }
}).observe({type: "layout-shift", buffered: true});
"""


@pytest.fixture
def desk(site: str) -> Iterator[Desk]:
    with desk_at(site) as opened:
        yield opened


def opened(person: People, query: str = "", **options: Any) -> Page:
    someone = person(**options)
    enter(someone, "ada")
    return someone.go(f"/dashboard{query}")


def test_a_new_order_comes_by_itself_and_a_hidden_page_asks_for_none(
    person: People, desk: Desk
) -> None:
    someone = person()
    someone.page.clock.install()
    heard = Heard(someone.page)
    enter(someone, "ada")
    page = someone.go("/dashboard")
    page.locator("#latest li a").first.wait_for()
    link = page.locator("#latest li a").first
    link.focus()
    focused = page.locator("#latest a:focus")
    before = focused.inner_text()
    reference = desk.order()["order_reference"]
    page.clock.fast_forward(5_000)
    page.locator(f"#latest [data-row='{reference}']").wait_for()
    assert focused.inner_text() == before
    with page.expect_response(lambda one: "/api/orders/" in one.url) as same:
        page.clock.fast_forward(5_000)
    assert same.value.status == 304
    hide(page, is_hidden=True)
    asked = len(heard.queries("orders/"))
    page.clock.fast_forward(60_000)
    with page.expect_response(lambda one: "/api/orders/" in one.url):
        hide(page, is_hidden=False)
    assert len(heard.queries("orders/")) == asked + 1


def hide(page: Page, *, is_hidden: bool) -> None:
    page.evaluate(
        """value => {
            Object.defineProperty(document, "hidden", {value, configurable: true});
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        is_hidden,
    )


def test_what_fails_is_told_where_it_stands_and_can_be_tried_again(person: People) -> None:
    someone = person()
    someone.page.route("**/api/analytics/sales?*", refuse)
    enter(someone, "ada")
    page = someone.go("/dashboard?range=all")
    wait_for_figures(page)
    part = page.locator("#tickets-sold")
    expect(part.get_by_role("alert")).to_contain_text("Busy")
    expect(page.locator("#by-event")).to_contain_text("could not be loaded")
    assert totals(page)["orders"] > 100
    assert len(table(page, "revenue")) > 1
    expect(part.get_by_role("button", name="CSV")).to_be_disabled()
    page.unroute("**/api/analytics/sales?*")
    part.get_by_role("button", name="Try again").click()
    wait_for_figures(page)
    assert len(table(page, "tickets-sold")) > 1
    assert page.locator("#by-event [data-row]").count() == 10
    assert page.get_by_role("alert").filter(has_text="Busy").count() == 0


def refuse(route: Route) -> None:
    route.fulfill(status=503, content_type="application/problem+json", body=json.dumps(_BUSY))


def test_an_answer_that_comes_too_late_changes_nothing(person: People) -> None:
    page = opened(person)
    wait_for_figures(page)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(re.compile(r"analytics/dashboard\?.*start="), hold)
    pick(page, "Period").select_option("Last 7 days")
    page.wait_for_function("() => document.querySelector('#totals').ariaBusy === 'true'")
    pick(page, "Period").select_option("All time")
    wait_for_figures(page)
    expected = totals(page)
    old = {"totals": dict.fromkeys(expected, 1), "orders_by_status": {}, "currency": "USD"}
    assert held
    for route in held:
        route.fulfill(json=old)
    page.evaluate("() => fetch(location.href).then((answer) => answer.text())")
    assert totals(page) == expected


def test_where_nothing_was_sold_that_is_said(person: People) -> None:
    page = opened(person, "?range=custom&from=2001-01-01&to=2001-01-31")
    wait_for_figures(page)
    for part in ("tickets-sold", "by-event", "by-category", "by-venue"):
        expect(page.locator(f"#{part}")).to_contain_text("Nothing was sold in this period.")
    expect(page.locator("#revenue")).to_contain_text("No money came in")
    expect(page.locator("#by-status")).to_contain_text("No order was created")
    assert set(totals(page).values()) == {0}


def test_too_many_days_are_told_with_what_to_do(person: People) -> None:
    page = opened(person, "?range=custom&from=2001-01-01&to=2026-11-01&interval=day")
    wait_for_figures(page)
    told = page.locator("#revenue").get_by_role("alert")
    expect(told).to_contain_text("Show longer periods, or choose fewer days")
    assert totals(page)["orders"] > 0
    expect(page.locator("#by-event")).to_contain_text("the chart above says why")
    told.get_by_role("button", name="Show by month").click()
    wait_for_figures(page)
    assert "interval=month" in page.url
    assert len(table(page, "revenue")) == 25 * 12 + 11


def test_that_there_are_more_tickets_than_are_shown_is_told(person: People, desk: Desk) -> None:
    page = opened(person)
    wait_for_figures(page)
    (ticket,) = desk.get("/api/tickets/", limit=1)
    again = {"Link": '</api/tickets/?after=1>; rel="next"'}
    page.route("**/api/tickets/?*", lambda route: route.fulfill(json=[ticket] * 100, headers=again))
    page.get_by_role("button", name="Refresh").click()
    wait_for_figures(page)
    expect(page.locator("#stock")).to_contain_text("Of the next 500 tickets by date alone")
    page.locator("#stock").get_by_role("button", name="Show all 500").click()
    assert page.locator("#stock li").count() == 500


def test_all_can_be_chosen_without_a_mouse(person: People) -> None:
    page = opened(person)
    wait_for_figures(page)
    pick(page, "Period").focus()
    page.keyboard.type("Last 90")
    page.wait_for_url("**range=90d")
    page.keyboard.press("Tab")
    # The same in every order of day and month.
    page.keyboard.type("02022026")
    pick(page, "To").focus()
    page.keyboard.type("01012026")
    expect(page.get_by_text("The last day is before the first")).to_be_visible()
    assert pick(page, "To").get_attribute("aria-invalid") == "true"
    pick(page, "From").focus()
    pick(page, "To").focus()
    page.keyboard.type("03032026")
    page.wait_for_url("**from=2026-02-02&to=2026-03-03")
    for name, typed in (("Shown by", "Week"), ("Time zone", "Asia/Tok")):
        pick(page, name).focus()
        page.keyboard.type(typed)
    page.wait_for_url("**interval=week&zone=Asia%2FTokyo")
    wait_for_figures(page)
    button = page.locator("#by-status button[aria-controls]")
    assert button.is_disabled()
    pick(page, "Period").focus()
    page.keyboard.type("All time")
    wait_for_figures(page)
    button.focus()
    page.keyboard.press("Enter")
    assert page.locator("#by-status tbody tr").count() == 4


def test_a_customer_sees_nothing_of_it(person: People, desk: Desk) -> None:
    who = desk.customer()
    someone = person()
    heard = Heard(someone.page)
    enter(someone, who["username"])
    page = someone.go("/dashboard")
    expect(page.get_by_text("is no member of the box office")).to_be_visible()
    expect(page.locator("#content")).to_be_hidden()
    assert heard.queries("analytics/dashboard") == []


def test_who_logs_out_leaves_nothing_behind(person: People) -> None:
    page = opened(person)
    wait_for_figures(page)
    assert len(table(page, "by-method")) > 1
    page.get_by_role("button", name="Log out", exact=True).click()
    page.get_by_label("Username or email").wait_for()
    assert page.locator("[data-figure]").count() == 0


def test_a_chart_is_made_anew_in_other_colours(person: People) -> None:
    page = opened(person, "?range=all", color_scheme="light")
    wait_for_figures(page)
    canvas = page.locator("#revenue canvas")
    light = canvas.evaluate("canvas => canvas.toDataURL()")
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("was => was !== document.querySelector('canvas').toDataURL()", arg=light)
    page.set_viewport_size(NARROW)
    page.wait_for_function("() => document.querySelector('canvas').clientWidth < innerWidth")
    assert not scrolls_sideways(page)


@pytest.mark.parametrize(
    ("viewport", "scheme"), [(WIDE, "light"), (NARROW, "dark")], ids=["wide", "narrow and dark"]
)
def test_the_filled_page_is_of_use_to_all_and_nothing_moves(
    person: People, axe: str, viewport: ViewportSize, scheme: str
) -> None:
    someone = person(viewport=viewport, color_scheme=scheme)
    someone.page.add_init_script(_WATCH_SHIFTS)
    enter(someone, "ada")
    page = someone.go("/dashboard")
    wait_for_figures(page)
    page.locator("#latest li").first.wait_for()
    assert page.evaluate("shifted") < 0.1
    for part in ("revenue", "by-event", "stock"):
        assert table(page, part)
    assert serious_findings(page, axe) == []
