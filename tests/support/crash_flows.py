"""What purchases are before a flow begins, and what each flow does with them."""

from typing import Any

import httpx2

from Order.services.expiry_service import expire_overdue_orders
from Payment.flows.give_back import send_refunds
from Payment.flows.look_after import look_after_payments
from Payment.services.refund_noting import note_refunds
from tests.support.crash_shop import METHOD, PRICE, Purchase, Shop
from tests.support.crashes import Fault
from tests.support.payments_provider import SUCCESS
from work.chores import Chore, Errand

PART = 40
# What tickets are sold for is far away from every day on which this is tested.
_EVENT = "2099-12-31T20:00:00Z"

# What purchases are before.


def ordered(shop: Shop) -> Purchase:
    ticket = shop.api.ticket(price=PRICE, event_date=_EVENT)
    order = shop.api.order(shop.api.user(), (ticket, 1))
    return Purchase(shop, ticket, order)


def announced(shop: Shop) -> Purchase:
    """The provider was not there when its buyer wanted to pay."""
    purchase = ordered(shop)
    shop.course.begin({1: Fault.DOWN})
    ask_to_pay(purchase)
    assert purchase.payment["provider_reference"] is None
    shop.service.clock.advance(minutes=1)
    return purchase


def begun(shop: Shop) -> Purchase:
    purchase = ordered(shop)
    ask_to_pay(purchase)
    return purchase


def paid_unheard(shop: Shop) -> Purchase:
    purchase = begun(shop)
    purchase.pay()
    shop.service.clock.advance(minutes=1)
    return purchase


def paid(shop: Shop) -> Purchase:
    purchase = paid_unheard(shop)
    hear_of_payment(purchase)
    return purchase


def paid_in_part(shop: Shop) -> Purchase:
    """The hold runs out before the rest is paid."""
    purchase = ordered(shop)
    ask_to_pay(purchase, amount=PART)
    purchase.pay()
    hear_of_payment(purchase)
    shop.service.clock.advance(hours=1)
    return purchase


def paid_too_late(shop: Shop) -> Purchase:
    purchase = paid_unheard(shop)
    cancel(purchase)
    return purchase


def abandoned(shop: Shop) -> Purchase:
    """Its buyer has not paid within a week."""
    purchase = begun(shop)
    purchase.is_to_be_paid = False
    shop.service.clock.advance(days=7, minutes=1)
    return purchase


def refund_refused(shop: Shop) -> Purchase:
    purchase = paid(shop)
    ask_for_refund(purchase)
    note(purchase)
    shop.course.begin({1: Fault.REFUSAL})
    send(purchase)
    assert purchase.refund["status"] == "failed"
    return purchase


def refund_on_its_way(shop: Shop) -> Purchase:
    purchase = paid(shop)
    ask_for_refund(purchase)
    note(purchase)
    shop.provider.tells_later = True
    send(purchase)
    shop.provider.tells_later = False
    refund = purchase.refund
    assert refund["status"] == "pending"
    assert refund["provider_reference"] is not None
    shop.service.clock.advance(hours=1)
    return purchase


# What is done with them.


def ask_to_pay(purchase: Purchase, **fields: Any) -> None:
    body = {"order_id": purchase.order["id"], "payment_method": METHOD, **fields}
    answer = purchase.ask("/api/transactions/", body)
    if answer.status_code == httpx2.codes.CREATED:
        purchase.payment_id = answer.json()["id"]


def ask_to_pay_at_once(purchase: Purchase) -> None:
    """As one whose card the provider has already: what is begun is paid."""
    purchase.is_to_be_paid = False
    purchase.shop.provider.stand(card=SUCCESS)
    ask_to_pay(purchase)


def hear_of_payment(purchase: Purchase) -> None:
    purchase.hear("payment.succeeded")


def hear_of_refund(purchase: Purchase) -> None:
    purchase.hear("refund.succeeded")


def sync(purchase: Purchase) -> None:
    purchase.ask(f"{purchase.payment_path}/sync")


def look_after(purchase: Purchase) -> None:
    _run(purchase, look_after_payments)


def ask_for_refund(purchase: Purchase) -> None:
    purchase.ask(f"{purchase.payment_path}/refund")


def cancel(purchase: Purchase) -> None:
    purchase.ask(f"/api/orders/{purchase.order['id']}/cancel")


def expire(purchase: Purchase) -> None:
    _do(purchase, expire_overdue_orders)


def note(purchase: Purchase) -> None:
    _do(purchase, note_refunds)


def send(purchase: Purchase) -> None:
    _run(purchase, send_refunds)


def retry(purchase: Purchase) -> None:
    purchase.ask(f"{purchase.payment_path}/refunds/{purchase.refund['id']}/retry")


def _do(purchase: Purchase, chore: Chore) -> None:
    purchase.shop.call(lambda: purchase.shop.do(chore))


def _run(purchase: Purchase, errand: Errand) -> None:
    purchase.shop.call(lambda: purchase.shop.run(errand))
