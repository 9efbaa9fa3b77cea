"""What the order desk does: said before it is done, done once, and only what is allowed."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.client import PASSWORD, Api
from tests.support.web.office import Changes, lose_the_first_answer, office, own_name
from tests.web.conftest import People, enter


@pytest.fixture(scope="module")
def ada(site: str) -> Iterator[Api]:
    with office(site) as api:
        yield api


def bought(ada: Api, quantity: int = 3, price: float = 20) -> tuple[Any, Any, Any]:
    """(order, payment, ticket) of a buyer of its own."""
    name = own_name("buyer")
    ticket = ada.ticket(event_name=f"Show of {name}", price=price, category="Stalls")
    buyer = ada.user(name, full_name=f"Robin {name}")
    return *ada.paid_order(buyer, (ticket, quantity)), ticket


def pending(ada: Api, **fields: Any) -> tuple[Any, Any]:
    ticket = ada.ticket(event_name=own_name("Show"), price=20)
    return ada.order(ada.user(own_name("buyer")), (ticket, 2), **fields), ticket


def opened(person: People, order: Any, who: str = "sam", **options: Any) -> Page:
    someone = person(**options)
    enter(someone, who)
    page = someone.go(f"/dashboard/orders?order={order['order_reference']}")
    expect(page.locator(".history")).to_be_visible()
    return page


def dialog(page: Page) -> Locator:
    return page.get_by_role("dialog")


def actions(page: Page) -> list[str]:
    return (
        page.get_by_role("group", name="What can be done").get_by_role("button").all_inner_texts()
    )


def press_twice(page: Page, name: str) -> None:
    dialog(page).get_by_role("button", name=name, exact=True).dblclick()
    expect(dialog(page)).to_have_count(0)


def test_only_what_the_api_allows_is_offered(person: People, ada: Api) -> None:
    labels = {
        "pay": "Take a payment…",
        "confirm": "Confirm…",
        "complete": "Complete…",
        "add_item": "Add tickets…",
        "update": "Notes…",
        "cancel": "Cancel…",
        "delete": "Delete…",
    }
    waiting, _ = pending(ada)
    done, _, _ = bought(ada)
    ada.patch(f"/api/orders/{done['id']}/status", {"status": "completed"})
    page = opened(person, waiting)
    offered = {}
    for order in (waiting, done):
        page.goto(re.sub("order=.*", f"order={order['order_reference']}", page.url))
        expect(page.locator(".history")).to_be_visible()
        allowed = ada.again(order, "orders")["allowed_actions"]
        offered[order["id"]] = actions(page)
        assert set(offered[order["id"]]) == {labels[one] for one in allowed if one in labels}
    assert "Cancel…" in offered[waiting["id"]]
    assert "Cancel…" not in offered[done["id"]]
    # Of a completed order money can still go back.
    expect(page.get_by_role("button", name="Give back…")).to_be_visible()


def test_a_part_goes_back_once_however_often_the_button_is_pressed(
    person: People, ada: Api
) -> None:
    order, payment, _ = bought(ada)
    page = opened(person, order)
    changes = Changes.of(page)
    page.get_by_role("button", name="Give back…").click()
    dialog(page).get_by_label("Amount").fill("12.5")
    said = dialog(page)
    expect(said).to_contain_text("You give US$12.50 back to Robin")
    expect(said).to_contain_text(f"(card, {payment['transaction_number']})")
    expect(said).to_contain_text("US$47.50 of US$60.00 that was paid stays here.")
    expect(said).to_contain_text("The order stays confirmed: its 3 tickets stay sold.")
    expect(dialog(page).get_by_label("Put its tickets back on sale")).to_be_hidden()
    press_twice(page, "Give the money back")
    expect(page.locator("[data-refund]")).to_contain_text("\N{MINUS SIGN} US$12.50 back by hand")
    expect(page.get_by_text("The money goes back.").last).to_be_visible()
    expect(page.get_by_role("button", name="Give back…")).to_be_focused()
    assert len(changes.sent) == 1
    (refund,) = ada.get(f"/api/transactions/{payment['id']}/refunds")
    assert (refund["amount"], refund["asked_by"]["role"]) == (12.5, "staff")
    # What is left is offered the next time, and all of it ends the order.
    page.get_by_role("button", name="Give back…").click()
    expect(dialog(page).get_by_label("Amount")).to_have_value("47.5")
    expect(dialog(page)).to_contain_text("the order becomes cancelled")
    expect(dialog(page)).to_contain_text("Back on sale: 3 \N{MULTIPLICATION SIGN} Show of")
    dialog(page).get_by_label("Put its tickets back on sale").uncheck()
    expect(dialog(page)).to_contain_text("are withheld, and not on sale")
    press_twice(page, "Give the money back")
    expect(page.locator(".opened h2 + .badge")).to_have_text("cancelled")
    assert ada.stock(order["items"][0]["ticket"] | {"id": order["items"][0]["ticket_id"]}) == (
        *(97, 0, 0, 3),
    )


def test_cancelling_says_what_goes_back_and_does_it_once(person: People, ada: Api) -> None:
    order, payment, ticket = bought(ada)
    page = opened(person, order)
    changes = Changes.of(page)
    page.get_by_role("button", name="Cancel…").click()
    said = dialog(page)
    expect(said).to_contain_text(f"Order {order['order_reference']} of Robin")
    expect(said).to_contain_text("US$60.00 goes back to Robin")
    expect(said).to_contain_text(f"yourself (card, {payment['transaction_number']})")
    expect(said).to_contain_text(
        f"Back on sale: 3 \N{MULTIPLICATION SIGN} {ticket['event_name']}, Stalls."
    )
    said.get_by_label("Reason").fill("The singer is ill")
    press_twice(page, "Cancel the order")
    expect(page.locator(".opened h2 + .badge")).to_have_text("cancelled")
    expect(page.get_by_role("region", name="Buyer")).to_contain_text("The singer is ill")
    assert len(changes.sent) == 1
    now = ada.again(order, "orders")
    assert (now["status"], now["amount_refunded"]) == ("cancelled", 60)
    assert ada.stock(ticket) == (100, 0, 0, 0)
    assert len(ada.get(f"/api/transactions/{payment['id']}/refunds")) == 1


def test_an_answer_that_was_lost_is_asked_for_again_and_nothing_is_done_twice(
    person: People, ada: Api
) -> None:
    order, payment, _ = bought(ada)
    page = opened(person, order, loses_answers=True)
    changes = Changes.of(page)
    lose_the_first_answer(page, "**/refund")
    page.get_by_role("button", name="Give back…").click()
    dialog(page).get_by_label("Amount").fill("10")
    dialog(page).get_by_role("button", name="Give the money back").click()
    expect(dialog(page).get_by_role("alert")).to_contain_text(
        "No answer came, so it is not known whether it was done."
    )
    press_twice(page, "Give the money back")
    assert (len(changes.sent), len(changes.keys)) == (2, 1)
    assert ada.again(payment, "transactions")["refunded_amount"] == 10
    expect(page.locator("[data-refund]")).to_have_count(1)


def test_more_than_is_left_is_refused_in_words_and_less_is_another_try(
    person: People, ada: Api
) -> None:
    order, payment, _ = bought(ada)
    page = opened(person, order)
    page.get_by_role("button", name="Give back…").click()
    dialog(page).get_by_label("Amount").fill("60.01")
    expect(dialog(page)).to_contain_text("Of this payment US$60.00 is left")
    dialog(page).get_by_role("button", name="Give the money back").click()
    expect(dialog(page).get_by_role("alert")).to_contain_text(
        "US$60.01 is more than is left of the payment: US$60.00."
    )
    dialog(page).get_by_label("Amount").fill("1")
    press_twice(page, "Give the money back")
    assert ada.again(payment, "transactions")["refunded_amount"] == 1


def test_above_the_limit_an_administrator_is_needed_and_that_is_told(
    person: People, ada: Api
) -> None:
    order, payment, _ = bought(ada, price=200)
    page = opened(person, order)
    page.get_by_role("button", name="Give back…").click()
    dialog(page).get_by_label("Amount").fill("500.01")
    dialog(page).get_by_role("button", name="Give the money back").click()
    told = dialog(page).get_by_role("alert")
    expect(told).to_contain_text("US$500.01 of this order would have gone back in all.")
    expect(told).to_contain_text("The box office gives back US$500.00 at most.")
    expect(told).to_contain_text("ask an administrator")
    assert ada.again(payment, "transactions")["refunded_amount"] == 0


def test_what_somebody_else_changed_meanwhile_is_told_and_not_overwritten(
    person: People, ada: Api
) -> None:
    order, _, _ = bought(ada)
    page = opened(person, order)
    ada.put(f"/api/orders/{order['id']}", {"notes": "They wait outside"})
    page.get_by_role("button", name="Cancel…").click()
    dialog(page).get_by_role("button", name="Cancel the order", exact=True).click()
    expect(dialog(page).get_by_role("alert")).to_contain_text("It was changed since you looked.")
    dialog(page).get_by_role("button", name="Go back").click()
    # The page has looked again by itself.
    expect(page.get_by_text("They wait outside")).to_be_visible()
    assert ada.again(order, "orders")["status"] == "confirmed"
    page.get_by_role("button", name="Cancel…").click()
    press_twice(page, "Cancel the order")
    assert ada.again(order, "orders")["status"] == "cancelled"


def test_money_at_the_counter_is_noted_and_sells_the_order(person: People, ada: Api) -> None:
    order, ticket = pending(ada)
    page = opened(person, order)
    page.get_by_role("button", name="Take a payment…").click()
    expect(dialog(page)).to_contain_text("US$40.00 is due")
    dialog(page).get_by_label("Paid by").fill("cash")
    press_twice(page, "Note the payment")
    expect(page.locator(".opened h2 + .badge")).to_have_text("confirmed")
    (payment,) = ada.get(f"/api/transactions/order/{order['id']}")
    assert (payment["status"], payment["amount"]) == ("success", 40)
    assert ada.stock(ticket) == (98, 0, 2, 0)
    page.get_by_role("button", name="Complete…").click()
    expect(dialog(page)).to_contain_text("can't be cancelled any more")
    press_twice(page, "Complete the order")
    expect(page.locator(".opened h2 + .badge")).to_have_text("completed")


def test_a_payment_that_was_announced_is_settled_by_hand(person: People, ada: Api) -> None:
    order, _ = pending(ada)
    first, second = ada.payment(order, 15), ada.payment(order, 40)
    page = opened(person, order)
    one = page.locator(f"[data-payment={first['transaction_number']}]")
    one.get_by_role("button", name="It arrived…").click()
    expect(dialog(page)).to_contain_text("US$25.00 is still due then.")
    press_twice(page, "It arrived")
    expect(one).to_contain_text("success")
    other = page.locator(f"[data-payment={second['transaction_number']}]")
    other.get_by_role("button", name="It arrived…").click()
    expect(dialog(page)).to_contain_text("That is more than is due")
    dialog(page).get_by_role("button", name="Go back").click()
    other.get_by_role("button", name="It failed…").click()
    expect(dialog(page)).to_contain_text("The order stays pending, and US$25.00 is due.")
    dialog(page).get_by_label("What happened").fill("The transfer was called back")
    press_twice(page, "It failed")
    expect(other).to_contain_text("The transfer was called back")
    assert [one["status"] for one in ada.get(f"/api/transactions/order/{order['id']}")] == [
        "success",
        "failed",
    ]


def test_an_order_without_money_is_confirmed_by_hand_or_deleted(person: People, ada: Api) -> None:
    guests, _ = pending(ada)
    page = opened(person, guests)
    page.get_by_role("button", name="Confirm…").click()
    expect(dialog(page)).to_contain_text("US$40.00 stays due")
    press_twice(page, "Confirm the order")
    expect(page.locator(".opened h2 + .badge")).to_have_text("confirmed")
    mistaken, ticket = pending(ada)
    page.goto(re.sub("order=.*", f"order={mistaken['order_reference']}", page.url))
    page.get_by_role("button", name="Delete…").click()
    expect(dialog(page)).to_contain_text("No money moves.")
    press_twice(page, "Delete the order")
    expect(
        page.get_by_text(f"Order {mistaken['order_reference']} is deleted.").last
    ).to_be_visible()
    assert "order=" not in page.url
    assert ada.refused("GET", f"/api/orders/{mistaken['id']}")["code"] == "order_not_found"
    assert ada.stock(ticket) == (100, 0, 0, 0)


def test_notes_and_tickets_are_added(person: People, ada: Api) -> None:
    order, ticket = pending(ada)
    page = opened(person, order)
    page.get_by_role("button", name="Notes…").click()
    dialog(page).get_by_label("Notes").fill("Two of them <b>stand</b>")
    press_twice(page, "Save the notes")
    expect(page.get_by_text("Two of them <b>stand</b>")).to_be_visible()
    page.get_by_role("button", name="Add tickets…").click()
    name = f"{ticket['event_name']}, {ticket['category']}"
    option = dialog(page).locator("option", has_text=name).get_attribute("value")
    dialog(page).get_by_label("Ticket").select_option(option)
    dialog(page).get_by_label("How many").fill("101")
    dialog(page).get_by_role("button", name="Add to the order").click()
    expect(dialog(page).get_by_role("alert")).to_contain_text("100")
    dialog(page).get_by_label("How many").fill("3")
    press_twice(page, "Add to the order")
    expect(page.get_by_role("row").filter(has_text=ticket["event_name"])).to_contain_text("5")
    assert ada.stock(ticket) == (95, 5, 0, 0)


def test_ones_own_order_is_for_somebody_else(person: People, ada: Api) -> None:
    own = own_name("till")
    member = ada.user(own, role="staff", password=PASSWORD)
    order = ada.order(member, (ada.ticket(), 1))
    payment = ada.payment(order)
    someone = person()
    enter(someone, own)
    page = someone.go(f"/dashboard/orders?order={order['order_reference']}")
    page.get_by_role("button", name="It arrived…").click()
    dialog(page).get_by_role("button", name="It arrived").click()
    expect(dialog(page).get_by_role("alert")).to_contain_text("The order is your own.")
    assert ada.again(payment, "transactions")["status"] == "pending"
