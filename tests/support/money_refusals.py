"""How to meet the refusals of orders for which money came, or may come."""

from tests.support.client import Api
from tests.support.scenes import Scene, order, payment, prepared, refunded, settled, ticket, user


def declined(api: Api) -> None:
    api.patch("/api/transactions/1/status", {"status": "failed"})


MONEY_SCENES: dict[tuple[str, str], Scene] = {
    ("delete_order", "order_has_payments"): prepared(
        user, ticket, order, payment, settled, refunded, call=("DELETE", "/api/orders/1", None)
    ),
    ("delete_order", "payment_just_failed"): prepared(
        user, ticket, order, payment, declined, call=("DELETE", "/api/orders/1", None)
    ),
}
