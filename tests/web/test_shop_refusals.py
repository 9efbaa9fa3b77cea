"""What the shop's buyers are told when they are refused: the truth, and what to do next."""

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect
from sqlalchemy import create_engine, update

from core.clock import utc_now
from core.store.schema_version import ROOT
from models import orders
from tests.support.web.box_office import BoxOffice
from tests.support.web.buying import (
    SUCCEEDS,
    adding,
    check_out,
    choose,
    expect_told,
    fill_card,
    hold,
    look_at,
    money,
    name_of,
    paying,
    reserve,
    reserving,
)
from tests.web.conftest import People, enter
from web.static_files import static_files

# What a buyer asks of the service, and may be refused.
BUYING = (
    ("/api/cart/", "post"),
    ("/api/orders/from-cart/{user_id}", "post"),
    ("/api/transactions/", "post"),
)


def test_of_two_who_want_the_last_ticket_one_has_it_and_the_other_is_told(
    person: People, box_office: BoxOffice
) -> None:
    ticket = box_office.ticket(units=1)
    pages = []
    for _ in range(2):
        someone = person(loses_answers=True)
        enter(someone, box_office.buyer().username)
        pages.append(choose(someone, ticket))
    for page in pages:
        # Nobody tells them of each other before they press.
        page.route("**/api/tickets/events*", lambda route: route.abort())
        check_out(page)
    for page in pages:
        reserving(page).click(no_wait_after=True)
    quick = [page for page in pages if _has_it(page)]
    [slow] = [page for page in pages if page not in quick]
    told = expect_told(slow, f"“{name_of(ticket)}” is sold out; you asked for 1.")
    told.get_by_role("button", name=f"Remove {name_of(ticket)}").click()
    slow.get_by_text("There is nothing in your cart.").wait_for()
    slow.get_by_role("button", name="See what is on sale").click()
    assert box_office.ask("GET", f"/api/tickets/{ticket['id']}")["reserved_quantity"] == 1


def _has_it(page: Page) -> bool:
    told = page.get_by_role("alert").or_(page.get_by_role("heading", name="Pay", exact=True))
    told.first.wait_for()
    return page.get_by_role("heading", name="Pay", exact=True).count() == 1


def test_too_many_are_told_with_how_many_there_are_and_a_button_takes_these(
    person: People, box_office: BoxOffice
) -> None:
    ticket, buyer, someone = box_office.ticket(units=5), box_office.buyer(), person()
    enter(someone, buyer.username)
    page = choose(someone, ticket, 4)
    check_out(page)
    box_office.buys(ticket, 3)
    reserving(page).click()
    told = expect_told(page, f"Only 2 of “{name_of(ticket)}” are left; you asked for 4.")
    told.get_by_role("button", name="Take 2 instead").click()
    reserving(page).get_by_text(money(60)).wait_for()
    reserve(page)
    [order] = box_office.orders_of(buyer)
    assert [line["quantity"] for line in order["items"]] == [2]


def test_what_one_buyer_may_have_is_told_with_what_they_have(
    person: People, box_office: BoxOffice
) -> None:
    ticket, buyer, someone = box_office.ticket(), box_office.buyer(), person()
    box_office.buys(ticket, 8, buyer=buyer)
    enter(someone, buyer.username)
    page = choose(someone, ticket, 4)
    check_out(page)
    reserving(page).click()
    told = expect_told(page, "may have 10", "You have 8 already, and asked for 4 more.")
    expect(told.get_by_role("button")).to_have_text(["Take 2 instead", "See my orders"])
    told.get_by_role("button", name="See my orders").click()
    page.get_by_role("heading", name="My orders").wait_for()


def test_a_hold_that_runs_out_is_told_and_the_buyer_starts_again(
    person: People, box_office: BoxOffice, demo: Path
) -> None:
    ticket, buyer, someone = box_office.ticket(), box_office.buyer(), person()
    enter(someone, buyer.username)
    someone.page.clock.install()
    page = hold(someone, ticket, 2)
    expect(page.get_by_role("timer")).to_have_text(re.compile(r"Held for you: 1[45]:\d\d"))
    [order] = box_office.orders_of(buyer)
    run_out(demo, order["id"])
    page.clock.fast_forward("15:01")
    told = expect_told(page, "Your time to pay has run out", "You have not been charged")
    told.get_by_role("button", name="Start again with these tickets").click()
    reserving(page).click()
    # Others have their turn first.
    told = expect_told(page, f"You held “{name_of(ticket)}” a moment ago", "10 minutes")
    expect(told.get_by_role("button", name="Try again in 10 minutes")).to_be_disabled()
    assert "pay" not in box_office.orders_of(buyer)[0]["allowed_actions"]


def run_out(demo: Path, order_id: int) -> None:
    """As the clock would have it; nobody waits for a quarter of an hour."""
    engine = create_engine(f"sqlite:///{demo / 'demo.db'}", connect_args={"timeout": 10})
    with engine.begin() as connection:
        over = {"expires_at": utc_now() - timedelta(seconds=1)}
        connection.execute(update(orders).where(orders.c.id == order_id).values(over))
    engine.dispose()


def test_a_price_that_changed_is_told_before_anything_is_reserved_or_paid(
    person: People, box_office: BoxOffice
) -> None:
    ticket, buyer = box_office.ticket(price=30), box_office.buyer()
    someone = person(loses_answers=True)
    enter(someone, buyer.username)
    page = choose(someone, ticket, 2)
    box_office.ask("PUT", f"/api/tickets/{ticket['id']}", {"price": 35})
    check_out(page)
    told = expect_told(page, f"costs {money(35)} now, and cost {money(30)} when you chose it")
    expect(reserving(page)).to_be_disabled()
    told.get_by_role("button", name="Keep it at this price").click()
    # And once more, in the moment in which it is reserved.
    page.route("**/api/tickets/events*", lambda route: route.abort())
    box_office.ask("PUT", f"/api/tickets/{ticket['id']}", {"price": 40})
    reserve(page)
    expect_told(page, f"the tickets come to {money(80)}, not {money(70)}")
    expect(paying(page)).to_have_text(f"Pay {money(80)}")


def test_what_is_stopped_or_not_payable_any_more_is_told(
    person: People, box_office: BoxOffice
) -> None:
    ticket, buyer, someone = box_office.ticket(), box_office.buyer(), person()
    enter(someone, buyer.username)
    page = hold(someone, ticket)
    fill_card(page, SUCCEEDS)
    [order] = box_office.orders_of(buyer)
    box_office.ask("POST", f"/api/orders/{order['id']}/cancel")
    paying(page).click()
    told = expect_told(page, "This order takes no payment any more")
    told.get_by_role("button", name="Show the order as it is now").click()
    expect_told(page, "This order was cancelled")
    box_office.ask("PATCH", f"/api/tickets/{ticket['id']}/status", {"status": "cancelled"})
    page.get_by_role("button", name="Start again").click()
    expect_told(page, f"“{name_of(ticket)}” is not on sale any more: it was cancelled.")


def test_who_asks_too_often_is_told_for_how_long_to_wait(
    person: People, box_office: BoxOffice
) -> None:
    someone = person()
    enter(someone, box_office.buyer().username)
    page = look_at(someone, ticket := box_office.ticket())
    refusal = {"code": "too_many_requests", "title": "Too many", "status": 429}
    page.route(
        "**/api/cart/",
        lambda route: route.fulfill(
            status=429,
            headers={"Content-Type": "application/problem+json", "Retry-After": "1"},
            body=json.dumps(refusal),
        ),
        times=1,
    )
    adding(page, ticket).click()
    told = expect_told(page, "Try again in 1 second; nothing is lost.")
    told.get_by_role("button", name="Try again", exact=True).click()
    expect(page.locator("#cart-count")).to_have_text("1")


def examples() -> dict[str, Any]:
    """Each refusal that a purchase may meet, as the OpenAPI document shows it."""
    document = json.loads((ROOT / "docs/openapi.json").read_text())
    found: dict[str, Any] = {}
    for path, method in BUYING:
        for status, answer in document["paths"][path][method]["responses"].items():
            if int(status) in {409, 429, 502, 503}:
                content = answer["content"]["application/problem+json"]
                names = [one["$ref"].rpartition("/")[2] for one in content["examples"].values()]
                shown = [document["components"]["examples"][name]["value"] for name in names]
                found |= {one["code"]: one for one in shown}
    return found


def test_every_refusal_of_a_purchase_has_words_of_its_own(person: People) -> None:
    page = person().go("/shop")
    address = f"/assets/{static_files().digest}/js/purchase/words.js"
    said = page.evaluate(
        """async ([address, examples]) => {
          const { told } = await import(address);
          const written = { nameOf: (id) => `ticket ${id}`, money: (amount) => `$${amount}` };
          return examples.map((members) => told(
            { code: members.code, members, status: members.status, message: "OTHERWISE",
              retryAfter: members.retry_after ?? null }, written));
        }""",
        [address, list(examples().values())],
    )
    for code, words in zip(examples(), said, strict=True):
        assert words["says"], code
        assert "undefined" not in json.dumps(words), code
        assert words["says"] != ["OTHERWISE"], code
