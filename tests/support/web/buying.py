"""What buyers do in the shop, as they see it."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.support.client import PASSWORD
from tests.support.web.browser import Reader

SUCCEEDS, DECLINED, ASKS = "4242 4242 4242 4242", "4000 0000 0000 0002", "4000 0000 0000 3220"


def name_of(ticket: Any) -> str:
    return f"{ticket['event_name']}, {ticket['category']}"


def look_at(someone: Reader, ticket: Any) -> Page:
    page = someone.go(f"/shop?q={ticket['event_name']}")
    adding(page, ticket).wait_for()
    return page


def adding(page: Page, ticket: Any) -> Locator:
    return page.get_by_role("button", name=f"Add {name_of(ticket)}")


def choose(someone: Reader, ticket: Any, quantity: int = 1) -> Page:
    page = look_at(someone, ticket)
    page.get_by_label(f"How many of {name_of(ticket)}").select_option(str(quantity))
    adding(page, ticket).click()
    page.get_by_role("button", name="Check out").wait_for()
    return page


def check_out(page: Page) -> None:
    page.get_by_role("button", name="Check out").click()
    page.get_by_role("heading", name="Your cart").wait_for()


def reserving(page: Page) -> Locator:
    return page.get_by_role("button", name=re.compile("^Reserve for"))


def reserve(page: Page) -> None:
    reserving(page).click()
    page.get_by_role("heading", name="Pay", exact=True).wait_for()


def hold(someone: Reader, ticket: Any, quantity: int = 1) -> Page:
    page = choose(someone, ticket, quantity)
    check_out(page)
    reserve(page)
    return page


def paying(page: Page) -> Locator:
    return page.get_by_role("button", name=re.compile("^Pay "))


def fill_card(page: Page, card: str) -> None:
    page.get_by_label("Test card, here").check()
    page.get_by_label("Card number").fill(card)


def pay_here(page: Page, card: str) -> None:
    fill_card(page, card)
    paying(page).click()


def register(page: Page, username: str, said: Mapping[str, str] = MappingProxyType({})) -> None:
    form = page.locator("form", has=page.get_by_role("heading", name="New here?"))
    given = {
        "Username": username,
        "Email": f"{username}@example.com",
        "Full name": "A Buyer",
        "Password": PASSWORD,
    }
    for label, value in (given | dict(said)).items():
        form.get_by_label(label).fill(value)
    form.get_by_role("button", name="Register").click()


def money(amount: float) -> str:
    """As the demo's dollars are written for a reader of ``en-GB``."""
    return f"US${amount:,.2f}"


def expect_receipt(page: Page, order: Any, payment: Any) -> None:
    """What is shown is what the service has."""
    receipt = page.get_by_role("article")
    expect(receipt.get_by_role("heading")).to_have_text(f"Receipt {order['order_reference']}")
    lines = [
        f"{line['quantity']} \N{MULTIPLICATION SIGN} {line['event_name']}"
        for line in order["items"]
    ]
    expect(receipt.locator(".lines strong")).to_have_text(lines)
    sums = [money(line["line_total"]) for line in order["items"]]
    expect(receipt.locator(".lines li > .numbers")).to_have_text(sums)
    expect(receipt.locator(".total strong")).to_have_text(money(order["total_amount"]))
    expect(receipt.locator(".paid")).to_contain_text(money(payment["amount"]))
    expect(receipt.locator(".paid")).to_contain_text(payment["transaction_number"])


def expect_told(page: Page, *words: str) -> Locator:
    """A notice with these words; what can be done about it is a button of it."""
    told = page.locator(".notice:visible").filter(has_text=words[0])
    for word in words:
        expect(told).to_contain_text(word)
    return told
