"""PUT: a field that is sent back as it was served is no change, whatever else is changed."""

from typing import Any

import pytest

from tests.support.client import Api


@pytest.mark.parametrize("by", [20, -20])
def test_units_that_come_with_the_total_go_on_sale(api: Api, by: int) -> None:
    ticket = api.ticket(total_quantity=100, available_quantity=70)
    api.paid_order(api.user(), (ticket, 5))
    seen = api.again(ticket, "tickets")
    changed = api.put(f"/api/tickets/{ticket['id']}", {**seen, "total_quantity": 100 + by})
    assert changed["total_quantity"] == 100 + by
    assert api.stock(ticket) == (65 + by, 0, 5, 30)


def test_what_is_available_moves_alone_where_only_that_differs(api: Api) -> None:
    ticket = api.ticket(total_quantity=100)
    changed = api.put(f"/api/tickets/{ticket['id']}", {**ticket, "available_quantity": 60})
    assert (changed["available_quantity"], changed["withheld_quantity"]) == (60, 40)


def everything(api: Api) -> dict[str, Any]:
    """One object of each kind that takes a PUT, by its address."""
    user, ticket = api.user(phone_number="+1234567890"), api.ticket(event_description="long")
    line = {"user_id": user["id"], "ticket_id": ticket["id"], "quantity": 2}
    order = api.order(user, (ticket, 1), notes="aisle")
    made = {
        "cart": api.post("/api/cart/", line),
        "transactions": api.payment(order),
        "users": user,
        "tickets": ticket,
        "orders": order,
    }
    paths = {f"/api/{kind}/{one['id']}": kind for kind, one in made.items()}
    served = {path: api.get(path) for path, kind in paths.items() if kind != "cart"}
    (in_cart,) = api.get(f"/api/cart/user/{user['id']}")
    return {**served, f"/api/cart/{in_cart['id']}": in_cart}


def test_an_object_that_comes_back_whole_stays_as_it_is(api: Api) -> None:
    objects = everything(api)
    assert len(objects) == 5
    puts = [path for path, methods in api.document["paths"].items() if "put" in methods]
    assert len(puts) == len(objects)
    api.clock.advance(minutes=1)
    audit = api.get("/api/audit") if "/api/audit" in api.document["paths"] else None
    for path, served in objects.items():
        assert api.put(path, served) == served
    if audit is not None:
        assert api.get("/api/audit") == audit


def test_a_line_of_a_cart_may_come_back_though_its_ticket_is_off_sale(api: Api) -> None:
    user, ticket = api.user(), api.ticket(total_quantity=2)
    line = {"user_id": user["id"], "ticket_id": ticket["id"], "quantity": 2}
    made = api.post("/api/cart/", line)
    api.patch(f"/api/tickets/{ticket['id']}/status", {"status": "cancelled"})
    path = f"/api/cart/{made['id']}"
    assert api.put(path, made)["quantity"] == 2
    assert api.refused("PUT", path, {"quantity": 1})["code"] == "ticket_not_on_sale"


def test_an_order_of_who_was_erased_may_come_back(api: Api) -> None:
    order, _ = api.paid_order(api.user(), (api.ticket(event_date="2020-01-01T00:00:00Z"), 1))
    api.post(f"/api/users/{order['user_id']}/erase")
    path = f"/api/orders/{order['id']}"
    served = api.get(path)
    assert api.put(path, served) == served
    assert api.refused("PUT", path, {"notes": "for Jane"})["code"] == "user_erased"
