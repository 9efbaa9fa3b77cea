"""What one buys the others see, without a reload: told by the service, or asked for again."""

import json

import pytest
from playwright.sync_api import expect

from core.store.schema_version import ROOT
from tests.support.web.box_office import BoxOffice
from tests.support.web.buying import adding, choose, expect_told, look_at, name_of
from tests.web.conftest import People, enter

_KNOWN = json.loads((ROOT / "docs/openapi.json").read_text())["paths"]
told_live = pytest.mark.skipif("/api/tickets/events" not in _KNOWN, reason="nobody tells of stock")


@told_live
def test_what_one_buys_the_others_see_at_once(person: People, box_office: BoxOffice) -> None:
    ticket, someone, other = box_office.ticket(units=3), person(), person()
    page = look_at(someone, ticket)
    row = page.get_by_role("listitem").filter(has=adding(page, ticket))
    expect(row).to_contain_text("Only 3 left")
    enter(other, box_office.buyer().username)
    theirs = choose(other, ticket, 1)
    theirs.get_by_role("button", name="Check out").click()
    theirs.get_by_role("button", name="Reserve for").click()
    expect(row).to_contain_text("Only 2 left")
    expect(row.get_by_role("option")).to_have_count(2)
    box_office.ask("PUT", f"/api/tickets/{ticket['id']}", {"price": 45})
    expect(row).to_contain_text("US$45.00")
    box_office.buys(ticket, 2)
    expect(row).to_contain_text("Sold out")
    expect(adding(page, ticket)).to_be_disabled()
    box_office.ask("PATCH", f"/api/tickets/{ticket['id']}/status", {"status": "cancelled"})
    expect(row).to_contain_text("Cancelled")


@told_live
def test_a_cart_tells_what_can_not_be_had_any_more(person: People, box_office: BoxOffice) -> None:
    ticket = box_office.ticket(units=3)
    page = choose(person(), ticket, 3)
    page.get_by_role("button", name="Check out").click()
    page.get_by_text("Log in to reserve").wait_for()
    # Somebody types while it is told.
    page.get_by_label("Full name").fill("Grace")
    box_office.buys(ticket, 1)
    told = expect_told(page, f"Only 2 of “{name_of(ticket)}” can be had now.")
    told.get_by_role("button", name="Take 2 instead").click()
    expect(told).to_have_count(0)
    expect(page.get_by_label("Full name")).to_have_value("Grace")


def test_where_nobody_tells_the_shop_asks_again_but_not_for_who_looks_elsewhere(
    person: People, box_office: BoxOffice
) -> None:
    ticket, someone = box_office.ticket(units=3), person()
    asked: list[str] = []
    someone.page.on("request", lambda request: asked.append(request.url))
    someone.page.clock.install()
    someone.page.route("**/api/tickets/events*", lambda route: route.fulfill(status=503))
    with someone.page.expect_response("**/api/tickets/events*"):
        page = look_at(someone, ticket)
    row = page.get_by_role("listitem").filter(has=adding(page, ticket))
    box_office.buys(ticket, 2)

    def times(what: str) -> int:
        return sum(what in url for url in asked)

    # The pause begins when the page has heard of the refusal.
    for _ in range(5):
        page.clock.run_for(16_000)
        if times("/search/by-event") > 1:
            break
    expect(row).to_contain_text("Only 1 left")
    assert times("/api/tickets/events") == 1
    page.evaluate(
        "() => { Object.defineProperty(document, 'visibilityState', { get: () => 'hidden' });"
        " document.dispatchEvent(new Event('visibilitychange')); }"
    )
    before = len(asked)
    page.clock.run_for(120_000)
    assert len(asked) == before
