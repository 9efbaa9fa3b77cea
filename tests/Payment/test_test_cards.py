"""Each card of the test provider does what its line in the table says, to the end in our books."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from core.store.schema_version import ROOT
from test_payments.cards import CARDS
from tests.support.books import disagreements
from tests.support.card_payments import (
    BY_CONFIRMING,
    BY_PAGE,
    Buyer,
    all_is_told,
    by_hand,
    events,
    forget_all,
    send,
)
from tests.support.client import Api
from tests.support.giving_back import give_back, refunds
from tests.support.service import Service
from tests.support.sockets import until

SUCCESS, FIRST = "4242424242424242", "4000000000000184"
SUCCEEDED, FAILED = "payment.succeeded", "payment.failed"


@pytest.fixture(autouse=True)
def nothing_left(service: Service) -> Iterator[None]:
    yield
    forget_all(service)


def is_paid(buyer: Buyer, order: Any, payment: Any) -> bool:
    order, payment = buyer.once_told(order, payment)
    return (order["status"], payment["status"]) == ("confirmed", "success")


def succeeds(buyer: Buyer) -> None:
    assert is_paid(buyer, *buyer.paid())
    assert events(buyer.service) == [(SUCCEEDED, "applied")]


def is_declined(buyer: Buyer, reason: str = "card_declined") -> None:
    order, payment = buyer.paid()
    assert (order["status"], payment["status"]) == ("pending", "failed")
    assert payment["failure_reason"] == reason
    # With another card, on the same page or with another payment.
    buyer = replace(buyer, card=SUCCESS)
    again = buyer.begin(order)
    buyer.pay(again)
    assert is_paid(buyer, order, again)


def is_short_of_money(buyer: Buyer) -> None:
    is_declined(buyer, "insufficient_funds")


def is_authenticated(buyer: Buyer) -> None:
    order = buyer.order()
    refused, agreed = buyer.begin(order), buyer.begin(order)
    for payment, said in ((refused, "failed"), (agreed, "passed")):
        assert buyer.pay(payment)["status"] == "pending"
        assert buyer.sync(payment)["status"] == "pending"
        buyer.authenticate(payment, said)
    assert is_paid(buyer, order, agreed)
    assert buyer.api.again(refused, "transactions")["failure_reason"] == "authentication_failed"


def takes_seconds(buyer: Buyer) -> None:
    order, payment = buyer.paid()
    assert buyer.sync(payment)["status"] == "pending"
    # Whoever asks then need not wait for the provider to see to it by itself.
    buyer.api.clock.advance(seconds=6)
    assert buyer.sync(payment)["status"] == "success"
    assert is_paid(buyer, order, payment)


def charges_twice(buyer: Buyer) -> None:
    order, _ = buyer.paid()
    assert order["status"] == "confirmed"
    assert (order["amount_paid"], order["amount_refunded"]) == (40, 20)
    # Whichever was heard of last goes back.
    ends = {(one["status"], one["failure_reason"]): one for one in buyer.transactions(order)}
    assert ends.keys() == {("success", None), ("refunded", "already_paid")}
    give_back(buyer.service)
    assert last_refund(buyer, ends["refunded", "already_paid"])["status"] == "succeeded"


def charges_too_much(buyer: Buyer) -> None:
    order, payment = buyer.paid()
    assert (order["status"], payment["status"]) == ("pending", "refunded")
    assert (payment["amount"], payment["failure_reason"]) == (20.01, "amount_differs")
    give_back(buyer.service)
    assert last_refund(buyer, payment)["status"] == "succeeded"


def charges_another_currency(buyer: Buyer) -> None:
    order, payment = buyer.paid()
    assert (order["status"], order["amount_paid"]) == ("pending", 0)
    assert (payment["status"], payment["failure_reason"]) == ("failed", "currency_differs")
    assert "payments_as_asked" in str(disagreements(buyer.service.database))
    # A person sends it back, at the provider.
    wanted = {"payment": payment["provider_reference"], "amount": "20.00", "currency": "EUR"}
    assert by_hand(buyer.service, "/v1/refunds", wanted).status_code == 201
    buyer.sync(payment)


def loses_webhooks(buyer: Buyer) -> None:
    order, payment = buyer.paid()
    assert (payment["status"], events(buyer.service)) == ("pending", [])
    assert buyer.sync(payment)["status"] == "success"
    assert is_paid(buyer, order, payment)


def doubles_webhooks(buyer: Buyer) -> None:
    assert is_paid(buyer, *buyer.paid())
    assert events(buyer.service) == [(SUCCEEDED, "applied")]


def tells_in_another_order(buyer: Buyer) -> None:
    order, payment = buyer.paid()
    assert is_paid(buyer, order, payment)
    buyer.after(seconds=6)
    assert is_paid(buyer, order, payment)
    assert events(buyer.service) == [(SUCCEEDED, "applied"), (FAILED, "known")]


def tells_late(buyer: Buyer) -> None:
    order, payment = buyer.paid()
    assert (payment["status"], events(buyer.service)) == ("pending", [])
    buyer.after(seconds=31)
    assert is_paid(buyer, order, payment)


def tells_before_the_answer(buyer: Buyer) -> None:
    payment = buyer.begin(buyer.order())
    assert buyer.pay(payment)["status"] == "success"


def gives_nothing_back(buyer: Buyer) -> None:
    payment, refund = with_refund(buyer)
    path = f"/api/transactions/{payment['id']}/refunds/{refund['id']}"
    assert (refund["status"], refund["failure_reason"]) == ("failed", "refund_refused")
    buyer.api.post(f"{path}/retry")
    give_back(buyer.service)
    refund = last_refund(buyer, payment)
    assert (refund["status"], refund["attempt"]) == ("failed", 2)
    buyer.api.post(f"{path}/settle", {"reason": "paid in cash"})
    assert last_refund(buyer, payment)["status"] == "succeeded"


def gives_back_at_the_second_try(buyer: Buyer) -> None:
    payment, refund = with_refund(buyer)
    assert refund["status"] == "pending"
    buyer.after(seconds=6)
    refund = last_refund(buyer, payment)
    assert (refund["status"], refund["failure_reason"]) == ("failed", "account_closed")
    buyer.api.post(f"/api/transactions/{payment['id']}/refunds/{refund['id']}/retry")
    give_back(buyer.service)
    assert last_refund(buyer, payment)["status"] == "succeeded"


def gives_back_after_seconds(buyer: Buyer) -> None:
    payment, refund = with_refund(buyer)
    assert refund["status"] == "pending"
    buyer.after(seconds=6)
    assert last_refund(buyer, payment)["status"] == "succeeded"


def with_refund(buyer: Buyer) -> tuple[Any, Any]:
    """A payment, and the refund of all of it, for which the provider was asked."""
    _, payment = buyer.paid()
    buyer.api.post(f"/api/transactions/{payment['id']}/refund")
    give_back(buyer.service)
    return payment, last_refund(buyer, payment)


def last_refund(buyer: Buyer, payment: Any) -> Any:
    """As it is when everything is told."""
    until(lambda: all_is_told(buyer.service))
    return refunds(buyer.api, payment)[-1]


def is_slow(buyer: Buyer) -> None:
    state = buyer.service.app.state
    patient = state.providers
    state.providers = replace(patient, seconds=0.05)
    try:
        is_trouble(buyer, 503, "payment_provider_unavailable")
    finally:
        state.providers = patient


def is_down(buyer: Buyer) -> None:
    is_trouble(buyer, 503, "payment_provider_unavailable")


def talks_nonsense(buyer: Buyer) -> None:
    is_trouble(buyer, 502, "payment_provider_failed")


def is_trouble(buyer: Buyer, status: int, code: str) -> None:
    order, payment = buyer.paid()
    problem = buyer.api.refused("POST", f"/api/transactions/{payment['id']}/sync")
    assert (problem["status"], problem["code"]) == (status, code)
    assert buyer.api.again(payment, "transactions")["status"] == "pending"
    buyer.after(seconds=31)
    assert buyer.sync(payment)["status"] == "success"
    assert is_paid(buyer, order, payment)


def is_disputed(buyer: Buyer) -> None:
    assert is_paid(buyer, *buyer.paid())
    assert sorted(kind for kind, _ in events(buyer.service)) == ["dispute.opened", SUCCEEDED]


ENDS: Mapping[str, Callable[[Buyer], None]] = {
    SUCCESS: succeeds,
    "4000000000000002": is_declined,
    "4000000000009995": is_short_of_money,
    "4000000000003220": is_authenticated,
    "4000000000000101": takes_seconds,
    "4000000000000119": charges_twice,
    "4000000000000127": charges_too_much,
    "4000000000000135": charges_another_currency,
    "4000000000000143": loses_webhooks,
    "4000000000000150": doubles_webhooks,
    "4000000000000168": tells_in_another_order,
    "4000000000000176": tells_late,
    FIRST: tells_before_the_answer,
    "4000000000000192": gives_nothing_back,
    "4000000000000200": gives_back_at_the_second_try,
    "4000000000000218": gives_back_after_seconds,
    "4000000000000226": is_slow,
    "4000000000000234": is_down,
    "4000000000000242": talks_nonsense,
    "4000000000000259": is_disputed,
}


@pytest.mark.parametrize("method", [BY_PAGE, BY_CONFIRMING])
@pytest.mark.parametrize("card", ENDS)
def test_a_card_does_what_it_is_for(api: Api, service: Service, card: str, method: str) -> None:
    ENDS[card](Buyer(api, service, method, card))
    assert disagreements(service.database) == []


def test_each_card_is_tried() -> None:
    assert ENDS.keys() == CARDS.keys()


def test_the_documentation_has_a_line_for_each_card() -> None:
    text = (ROOT / "docs/payments.md").read_text("utf-8")
    lines = re.findall(r"^\| `((?:\d{4} ?){4})` \| (.+) \|$", text, re.MULTILINE)
    told = {number.replace(" ", ""): effect for number, effect in lines}
    assert told == {card.number: card.effect for card in CARDS.values()}


@pytest.mark.parametrize("method", [BY_PAGE, BY_CONFIRMING])
def test_a_webhook_may_come_before_a_payment_is_known_to_be_begun(
    api: Api, service: Service, method: str
) -> None:
    buyer = Buyer(api, service, method, FIRST)
    order = buyer.order()
    assert send(service, "POST", "/v1/faults", {"card": FIRST}).status_code == 200
    payment = buyer.begin(order)
    assert (payment["status"], payment["next_action"]) == ("success", None)
    assert is_paid(buyer, order, payment)
    assert events(service) == [(SUCCEEDED, "applied")]


def test_only_so_many_payments_are_paid_as_they_are_begun(api: Api, service: Service) -> None:
    buyer = Buyer(api, service, BY_PAGE, FIRST)
    send(service, "POST", "/v1/faults", {"card": SUCCESS, "times": 1})
    order = buyer.order()
    payments = [buyer.begin(order, amount=5) for _ in range(2)]
    buyer.once_told(order, payments[0])
    states = [api.again(payment, "transactions")["status"] for payment in payments]
    assert states == ["success", "pending"]


@pytest.mark.parametrize(
    ("answers", "status", "code"),
    [("down", 503, "payment_provider_unavailable"), ("nonsense", 502, "payment_provider_failed")],
)
def test_a_payment_that_could_not_be_begun_is_begun_by_the_same_request_later(
    api: Api, service: Service, answers: str, status: int, code: str
) -> None:
    buyer = Buyer(api, service, BY_PAGE, SUCCESS)
    order = buyer.order()
    keyed = replace(buyer, api=api.having({"Idempotency-Key": "one"}))
    send(service, "POST", "/v1/faults", {"answers": answers})
    body = {"order_id": order["id"], "payment_method": BY_PAGE}
    problem = keyed.api.refused("POST", "/api/transactions/", body)
    assert (problem["status"], problem["code"]) == (status, code)
    send(service, "DELETE", "/v1/faults")
    payment = keyed.begin(order)
    assert payment["id"] == problem["transaction_id"]
    buyer.pay(payment)
    assert is_paid(buyer, order, payment)
