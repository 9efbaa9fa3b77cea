"""Money that a provider takes, at the order desk: how far its refunds are, and disputes."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.client import Api
from tests.support.sockets import until
from tests.support.web.office import Changes, office, own_name
from tests.web.conftest import People, enter

NEVER_BACK, DISPUTED, LATE = "4000000000000192", "4000000000000259", "4000000000000143"


@pytest.fixture(scope="module")
def ada(site: str) -> Iterator[Api]:
    with office(site) as api:
        yield api


def begun(ada: Api, card: str) -> tuple[Any, Any]:
    """(order, payment) of a buyer who has paid 40 with a card, whatever came of it."""
    ticket = ada.ticket(event_name=own_name("Card"), price=20)
    order = ada.order(ada.user(own_name("payer")), (ticket, 2))
    body = {"order_id": order["id"], "payment_method": "test_confirm"}
    payment = ada.post("/api/transactions/", body)
    said = payment["next_action"]
    answer = ada.client.post(
        f"/test-payments/v1/payments/{payment['provider_reference']}/confirm",
        headers={"Authorization": f"Bearer {said['publishable_key']}"},
        json={"client_secret": said["client_secret"], "card": card},
    )
    assert answer.status_code == 200, answer.text
    return order, payment


def is_so(ada: Api, path: str, **fields: Any) -> bool:
    """Whether there is one such in a list."""
    return any(fields.items() <= one.items() for one in ada.get(path))


def opened(person: People, order: Any) -> Page:
    someone = person()
    enter(someone, "sam")
    page = someone.go(f"/dashboard/orders?order={order['order_reference']}")
    expect(page.locator(".history")).to_be_visible()
    return page


def confirm(page: Page, name: str) -> None:
    page.get_by_role("dialog").get_by_role("button", name=name, exact=True).dblclick()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_refund_that_failed_is_asked_for_again_or_paid_out_by_hand(
    person: People, ada: Api
) -> None:
    order, payment = begun(ada, NEVER_BACK)
    path = f"/api/transactions/{payment['id']}"
    ada.post(f"{path}/sync")
    for amount in (15, 5):
        ada.post(f"{path}/refund", {"amount": amount})
    for amount in (15, 5):
        until(partial(is_so, ada, f"{path}/refunds", amount=amount, status="failed"))
    page = opened(person, order)
    changes = Changes.of(page)
    dialog = page.get_by_role("dialog")
    page.get_by_role("button", name="Give back…").click()
    expect(dialog).to_contain_text("test_confirm gives US$20.00 back to John Doe, the way it was")
    dialog.get_by_role("button", name="Go back").click()
    first, second = (page.locator("[data-refund]").nth(number) for number in (0, 1))
    expect(first).to_contain_text("refund failed")
    expect(first).to_contain_text("test_confirm says: refund_refused")
    second.get_by_role("button", name="Paid out by hand…").click()
    expect(dialog).to_contain_text("US$5.00 is noted as given back to John Doe")
    dialog.get_by_label("How it went back").fill("In cash, at till 2")
    confirm(page, "It was paid out")
    expect(second).to_contain_text("refund succeeded")
    expect(second).to_contain_text("Settled: In cash, at till 2")
    expect(second.get_by_role("button")).to_have_count(0)
    first.get_by_role("button", name="Ask test_confirm again…").click()
    expect(dialog).to_contain_text("to give US$15.00 back to John Doe")
    confirm(page, "Ask again")
    expect(page.get_by_text("test_confirm is asked again.").last).to_be_visible()
    assert len(changes.sent) == 2
    assert is_so(ada, f"{path}/refunds", amount=15, attempt=2)
    assert ada.again(payment, "transactions")["refunded_amount"] == 20


def test_a_payment_whose_word_was_lost_is_asked_about(person: People, ada: Api) -> None:
    order, payment = begun(ada, LATE)
    page = opened(person, order)
    page.get_by_role("button", name="It arrived…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Why it is not left to test_confirm")).to_be_visible()
    dialog.get_by_role("button", name="Go back").click()
    page.get_by_role("button", name="Ask test_confirm now…").click()
    expect(dialog).to_contain_text(f"US$40.00 ({payment['transaction_number']})")
    confirm(page, "Ask now")
    expect(page.locator(".opened h2 + .badge")).to_have_text("confirmed")
    asked = page.locator("[data-event=payment_received]")
    expect(asked).to_contain_text("By test_confirm (payment provider)")


def test_a_dispute_is_told_at_its_payment(person: People, ada: Api) -> None:
    order, payment = begun(ada, DISPUTED)
    disputes = f"/api/transactions/{payment['id']}/disputes"
    until(partial(is_so, ada, disputes, status="open"))
    page = opened(person, order)
    told = page.locator("[data-dispute]")
    expect(told).to_contain_text("The payer's bank asks US$40.00 back")
    expect(told).to_contain_text("dispute open")
