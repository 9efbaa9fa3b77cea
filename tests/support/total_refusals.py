"""How to meet the refusals of orders that would come to too much."""

from typing import Any

from tests.support.client import Api
from tests.support.scenes import Scene, prepared, user


def dear(api: Api) -> None:
    """A hundred of each come to more than an order may."""
    for _ in range(11):
        api.ticket(price=9_999_999_999.99, total_quantity=100)


def hundred_of(tickets: int) -> list[Any]:
    return [{"ticket_id": number, "quantity": 100} for number in range(1, tickets + 1)]


def dear_cart(api: Api) -> None:
    for line in hundred_of(11):
        api.post("/api/cart/", {"user_id": 1, **line})


def dear_order(api: Api) -> None:
    """As much as an order may come to."""
    api.post("/api/orders/", {"user_id": 1, "items": hundred_of(10)})


_ORDER = {"user_id": 1, "items": hundred_of(11)}
_LINE = {"ticket_id": 11, "quantity": 1}

TOTAL_SCENES: dict[tuple[str, str], Scene] = {
    ("create_order", "order_total_limit"): prepared(
        user, dear, call=("POST", "/api/orders/", _ORDER)
    ),
    ("create_order_from_cart", "order_total_limit"): prepared(
        user, dear, dear_cart, call=("POST", "/api/orders/from-cart/1", None)
    ),
    ("add_order_item", "order_total_limit"): prepared(
        user, dear, dear_order, call=("POST", "/api/orders/1/items", _LINE)
    ),
}
