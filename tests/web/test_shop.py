"""A purchase in the shop: from the listing to the receipt, by either way to pay."""

import re
import secrets

import pytest
from playwright.sync_api import Page, Route, expect

from tests.support.client import PASSWORD
from tests.support.web.box_office import BoxOffice
from tests.support.web.browser import NARROW, WIDE, serious_findings
from tests.support.web.buying import (
    ASKS,
    DECLINED,
    SUCCEEDS,
    check_out,
    choose,
    expect_receipt,
    expect_told,
    fill_card,
    hold,
    pay_here,
    paying,
    register,
    reserve,
    reserving,
)
from tests.web.conftest import People, enter


def test_a_stranger_chooses_registers_and_pays_without_leaving_the_page(
    person: People, box_office: BoxOffice
) -> None:
    ticket = box_office.ticket(price=19.99)
    page = choose(person(), ticket, 3)
    check_out(page)
    name = f"new_{secrets.token_hex(4)}"

    register(page, name, {"Password": "short"})
    expect(page.get_by_label("Password").nth(1)).to_have_attribute("aria-invalid", "true")
    expect(page.locator(".error")).to_contain_text("at least 8 characters")
    register(page, "ada")
    expect(page.get_by_label("Username", exact=True)).to_be_focused()
    expect(page.locator(".error")).to_contain_text("Somebody has this username")

    register(page, name)
    expect(page.locator(".cart")).to_contain_text(ticket["event_name"])
    reserve(page)
    pay_here(page, DECLINED)
    expect_told(page, "The bank declined the card, and nothing was charged. Try another card.")
    pay_here(page, SUCCEEDS)
    page.get_by_text("Thank you").wait_for()

    user = box_office.ask("GET", f"/api/users/username/{name}")
    [order] = box_office.ask("GET", f"/api/users/{user['id']}/orders")
    failed, paid = box_office.payments_of(order)
    assert (order["status"], order["total_amount"]) == ("confirmed", 59.97)
    assert (failed["failure_reason"], paid["status"]) == ("card_declined", "success")
    expect_receipt(page, order, paid)
    page.reload()
    expect_receipt(page, order, paid)


def test_a_buyer_pays_on_the_providers_page_and_comes_back_to_the_receipt(
    person: People, box_office: BoxOffice
) -> None:
    someone, buyer = person(), box_office.buyer()
    enter(someone, buyer.username)
    page = hold(someone, box_office.ticket(), 2)
    page.get_by_label("Test card, on a page of the provider").check()
    paying(page).click()
    page.get_by_label("Card number").fill(DECLINED)
    page.get_by_role("button", name="Pay").click()
    page.get_by_role("alert").wait_for()
    # Not paid, and back all the same.
    page.get_by_role("link", name="Back to the shop").click()
    expect_told(page, "The bank declined the card")
    paying(page).click()
    page.get_by_label("Card number").fill(SUCCEEDS)
    page.get_by_role("button", name="Pay").click()
    page.get_by_text("Thank you").wait_for()

    [order] = box_office.orders_of(buyer)
    *_, paid = box_office.payments_of(order)
    assert (order["status"], paid["status"]) == ("confirmed", "success")
    assert "transaction_number" not in page.url
    expect_receipt(page, order, paid)


def test_who_leaves_the_providers_page_goes_on_with_the_same_payment(
    person: People, box_office: BoxOffice
) -> None:
    someone, buyer = person(), box_office.buyer()
    enter(someone, buyer.username)
    page = hold(someone, box_office.ticket())
    paying(page).click()
    page.get_by_label("Card number").wait_for()
    page.go_back()
    expect_told(page, "has begun. Go on with it here")
    paying(page).click()
    page.get_by_label("Card number").wait_for()
    [order] = box_office.orders_of(buyer)
    assert len(box_office.payments_of(order)) == 1


def test_the_banks_question_is_asked_and_may_be_declined(
    person: People, box_office: BoxOffice
) -> None:
    someone, buyer = person(), box_office.buyer()
    enter(someone, buyer.username)
    page = hold(someone, box_office.ticket())
    pay_here(page, ASKS)
    page.get_by_role("button", name="I do not agree").click()
    expect_told(page, "The bank has no agreement to the payment")
    pay_here(page, ASKS)
    page.get_by_role("button", name="I agree").click()
    page.get_by_text("Thank you").wait_for()


def test_a_double_click_pays_once(person: People, box_office: BoxOffice) -> None:
    someone, buyer = person(), box_office.buyer()
    enter(someone, buyer.username)
    page = hold(someone, box_office.ticket())
    fill_card(page, SUCCEEDS)
    paying(page).dblclick()
    page.get_by_text("Thank you").wait_for()
    [order] = box_office.orders_of(buyer)
    assert len(box_office.payments_of(order)) == 1


def lose_the_answer(page: Page, path: str) -> None:
    """Have the next request there be done, and its answer lost."""

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    page.route(path, lose, times=1)


def test_what_was_interrupted_goes_on_and_is_done_once(
    person: People, box_office: BoxOffice
) -> None:
    someone, buyer = person(loses_answers=True), box_office.buyer()
    enter(someone, buyer.username)
    page = choose(someone, box_office.ticket())
    check_out(page)
    page.reload()
    lose_the_answer(page, "**/api/orders/from-cart/*")
    reserving(page).click()
    expect_told(page, "The service can't be reached", "whatever was asked is done once")
    page.reload()
    page.get_by_role("heading", name="Pay", exact=True).wait_for()
    page.reload()

    lose_the_answer(page, "**/api/transactions/")
    pay_here(page, SUCCEEDS)
    told = expect_told(page, "The service can't be reached")
    told.get_by_role("button", name="Try again").click()
    page.get_by_text("Thank you").wait_for()
    [order] = box_office.orders_of(buyer)
    assert len(box_office.payments_of(order)) == 1


def test_an_order_that_waits_is_paid_from_the_history(
    person: People, box_office: BoxOffice
) -> None:
    buyer, ticket = box_office.buyer(), box_office.ticket()
    order = box_office.buys(ticket, 2, buyer=buyer)
    someone = person()
    page = someone.go("/shop?view=orders")
    # The log-in comes first, and leads to what was asked for.
    page.get_by_label("Username or email").fill(buyer.username)
    page.get_by_label("Password").first.fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    row = page.get_by_role("row").filter(has_text=order["order_reference"])
    expect(row).to_contain_text("To be paid")
    expect(row).to_contain_text(re.compile(r"1[45]:\d\d left"))
    row.get_by_role("button", name="Go on").click()
    pay_here(page, SUCCEEDS)
    page.get_by_text("Thank you").wait_for()
    page.get_by_role("button", name="My orders").click()
    expect(row).to_contain_text("Paid")
    row.get_by_role("button", name="Receipt").click()
    page.get_by_role("heading", name=f"Receipt {order['order_reference']}").wait_for()


@pytest.mark.parametrize(
    ("scheme", "viewport"), [("light", WIDE), ("dark", NARROW)], ids=["light-wide", "dark-narrow"]
)
def test_everybody_can_use_each_step(
    person: People, box_office: BoxOffice, axe: str, scheme: str, viewport: dict[str, int]
) -> None:
    someone, buyer = person(viewport=viewport, color_scheme=scheme), box_office.buyer()

    def expect_usable() -> None:
        assert serious_findings(page, axe) == []

    page = choose(someone, box_office.ticket(units=4), 2)
    expect_usable()
    check_out(page)
    register(page, "ada", {"Email": "nobody"})
    page.locator(".error").first.wait_for()
    expect_usable()
    enter(someone, buyer.username)
    page.reload()
    reserving(page).wait_for()
    expect_usable()
    reserve(page)
    page.get_by_text("Cards for tests").click()
    pay_here(page, DECLINED)
    expect_told(page, "The bank declined")
    expect_usable()
    pay_here(page, SUCCEEDS)
    page.get_by_text("Thank you").wait_for()
    expect_usable()
    page.get_by_role("button", name="My orders").click()
    page.get_by_role("table").wait_for()
    expect_usable()
