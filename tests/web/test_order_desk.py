"""The order desk: an order is found by what people know of it, and shown as the API has it."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote_plus

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.client import PASSWORD, Api
from tests.support.web.browser import NARROW, WIDE, serious_findings
from tests.support.web.office import office, own_name
from tests.web.conftest import People, enter


@pytest.fixture(scope="module")
def ada(site: str) -> Iterator[Api]:
    with office(site) as api:
        yield api


@pytest.fixture(scope="module")
def sold(ada: Api) -> dict[str, Any]:
    """A buyer's confirmed order of three tickets for 60, of which 15.50 went back; and shared."""
    name = own_name("orla")
    buyer = ada.user(name, full_name=f"Órla {name} Byrne", password=PASSWORD)
    friend = ada.user(own_name("friend"))
    ticket = ada.ticket(event_name=f"Evening of {name}", price=20, category="Stalls")
    mine = ada.bearer(ada.log_in(name)["access_token"])
    order = mine.order(buyer, (ticket, 3), notes="Aisle, please")
    mine.post(f"/api/orders/{order['id']}/users", {"recipient": friend["username"]})
    payment = ada.settle(ada.payment(order))
    ada.post(
        f"/api/transactions/{payment['id']}/refund",
        {"amount": 15.5, "reason": "One seat is broken"},
    )
    return {
        "order": ada.again(order, "orders"),
        "payment": ada.again(payment, "transactions"),
        "buyer": buyer,
        "friend": friend,
        "ticket": ticket,
    }


def desk(person: People, path: str = "", who: str = "sam", **options: Any) -> Page:
    someone = person(**options)
    enter(someone, who)
    return someone.go(f"/dashboard/orders{path}")


def found(page: Page) -> Locator:
    return page.locator(".found-list a")


def fact(page: Page, card: str, name: str) -> Locator:
    rows = page.get_by_role("region", name=card, exact=True).locator("dl > div")
    return rows.filter(has=page.locator("dt", has_text=re.compile(f"^{name}$"))).locator("dd")


def test_an_order_is_found_as_one_types_by_each_thing_that_people_know(
    person: People, sold: dict[str, Any]
) -> None:
    page, reference = desk(person), sold["order"]["order_reference"]
    search = page.get_by_role("searchbox", name="Find an order")
    expect(found(page).first).to_be_visible()
    name, buyer = sold["buyer"]["username"], sold["buyer"]
    for known in (
        reference.lower(),
        reference[4:12],
        name[1:],
        buyer["email"],
        f"orla {name}",
        f"evening {name}",
    ):
        search.fill("")
        search.press_sequentially(known)
        expect(page).to_have_url(re.compile(f"q={re.escape(quote_plus(known))}$"))
        expect(found(page)).to_have_count(1)
        expect(found(page)).to_contain_text(reference)
        expect(found(page)).to_contain_text(buyer["full_name"])
    search.fill(f"{name}@example")
    expect(page.get_by_text("An email has to be whole")).to_be_visible()


def test_what_is_typed_on_takes_the_place_of_what_was_asked_before(
    person: People, sold: dict[str, Any]
) -> None:
    page = desk(person)
    expect(found(page).first).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url) if "/orders/search" in one.url else None)
    search = page.get_by_role("searchbox", name="Find an order")
    search.press_sequentially(sold["buyer"]["username"], delay=10)
    expect(found(page)).to_have_count(1)
    assert len(asked) <= 2


def test_state_and_dates_narrow_the_list_and_more_follow_it(person: People, ada: Api) -> None:
    page = desk(person)
    expect(found(page)).to_have_count(25)
    page.get_by_role("button", name="More orders").click()
    expect(found(page)).to_have_count(50)
    page.get_by_label("State").select_option("cancelled")
    expect(page.locator(".found-list .badge", has_text="confirmed")).to_have_count(0)
    expected = len(ada.get("/api/orders/", status="cancelled", limit=100))
    expect(page.locator(".found > p")).to_have_text(f"{expected} orders")
    page.get_by_label("Until").fill("2001-01-01")
    expect(page.get_by_text("State and dates leave some out.")).to_be_visible()
    assert "status=cancelled" in page.url
    assert "to=2001-01-01" in page.url


def test_the_address_keeps_the_search_and_the_order(person: People, sold: dict[str, Any]) -> None:
    name, reference = sold["buyer"]["username"], sold["order"]["order_reference"]
    page = desk(person, f"?q={name}")
    found(page).click()
    heading = page.get_by_role("heading", name=reference)
    expect(heading).to_be_focused()
    assert page.url.endswith(f"?q={name}&order={reference}")
    page.reload()
    expect(heading).to_be_visible()
    expect(found(page)).to_have_attribute("aria-current", "true")
    expect(page.get_by_role("searchbox", name="Find an order")).to_have_value(name)
    page.go_back()
    expect(page.get_by_text("Choose an order")).to_be_visible()
    page.go_forward()
    expect(heading).to_be_visible()


def test_an_order_is_shown_as_the_api_has_it(person: People, sold: dict[str, Any]) -> None:
    order, buyer = sold["order"], sold["buyer"]
    page = desk(person, f"?order={order['order_reference']}")
    expect(page.locator(".opened h2 + .badge")).to_have_text(order["status"])
    for name, amount in (
        ("Total", "total_amount"),
        ("Paid", "amount_paid"),
        ("Refunded", "amount_refunded"),
        ("Due", "balance_due"),
    ):
        expect(fact(page, "Money", name)).to_have_text(f"US${order[amount]:.2f}")
    expect(fact(page, "Money", "Kept")).to_have_text("US$44.50")
    expect(fact(page, "Buyer", "Name")).to_have_text(buyer["full_name"])
    expect(fact(page, "Buyer", "Username")).to_have_text(buyer["username"])
    # An administrator alone is told an address.
    expect(page.get_by_text(buyer["email"])).to_have_count(0)
    line = page.get_by_role("row").filter(has_text=sold["ticket"]["event_name"])
    expect(line).to_contain_text(re.compile("Stalls.*3.*US\\$20.00.*US\\$60.00"))
    payment = page.locator(f"[data-payment={sold['payment']['transaction_number']}]")
    expect(payment).to_contain_text("US$60.00success")
    expect(payment).to_contain_text("card, by hand")
    expect(payment.locator("[data-refund]")).to_contain_text("\N{MINUS SIGN} US$15.50 back by hand")
    expect(payment.locator("[data-refund]")).to_contain_text("refund succeeded")
    expect(payment.locator("[data-refund]")).to_contain_text("One seat is broken")
    shared = page.get_by_role("region", name="Shared with")
    expect(shared).to_contain_text(sold["friend"]["username"])
    expect(page.get_by_text("Aisle, please")).to_be_visible()


def test_the_history_names_who_did_what(person: People, sold: dict[str, Any], ada: Api) -> None:
    page = desk(person, f"?order={sold['order']['order_reference']}", who="ada")
    events = page.locator(".history > li")
    told = ada.get(f"/api/orders/{sold['order']['id']}/history")["events"]
    expect(events).to_have_count(len(told))
    expect(events.first).to_contain_text(f"By {sold['buyer']['username']} (customer)")
    expect(events.first).to_contain_text("on sale → held")
    back = page.locator("[data-event=payment_refunded]")
    expect(back).to_contain_text("US$15.50 went back (One seat is broken)")
    expect(back).to_contain_text("By ada (administrator)")
    expect(fact(page, "Buyer", "Email")).to_have_text(sold["buyer"]["email"])


def test_a_pending_order_tells_how_long_it_is_held(person: People, ada: Api) -> None:
    order = ada.order(ada.user(own_name("wait")), (ada.ticket(), 1))
    page = desk(person, f"?order={order['order_reference']}")
    hold = page.locator(".hold")
    expect(hold).to_have_text(re.compile(r"held for 1\d:\d\d more"))
    before = hold.text_content()
    expect(hold).not_to_have_text(before or "")


def test_an_order_that_is_not_there_is_told_in_words(person: People) -> None:
    page = desk(person, "?order=ORD-0000000000")
    expect(page.get_by_role("alert")).to_contain_text("This order is not there any more.")


def test_a_customer_may_not_enter(person: People, sold: dict[str, Any]) -> None:
    page = desk(person, who=sold["buyer"]["username"])
    expect(page.get_by_text("is no member of the box office")).to_be_visible()
    expect(page.get_by_role("searchbox")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_the_desk_and_its_dialogs(
    person: People, axe: str, sold: dict[str, Any], scheme: str
) -> None:
    page = desk(person, f"?order={sold['order']['order_reference']}", color_scheme=scheme)
    expect(found(page).first).to_be_visible()
    for viewport in (WIDE, NARROW):
        page.set_viewport_size(viewport)
        expect(page.locator(".history")).to_be_visible()
        assert serious_findings(page, axe) == []
        page.get_by_role("button", name="Give back…").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        assert serious_findings(page, axe) == []
        page.get_by_role("button", name="Go back").click()
        expect(page.get_by_role("button", name="Give back…")).to_be_focused()
