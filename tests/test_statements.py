"""What a request costs the database, in statements."""

from tests.support.client import Api
from tests.support.service import Service
from tests.support.statements import statements


def test_a_list_of_fifty_orders_with_items_is_one_statement(api: Api, service: Service) -> None:
    user, tickets = api.user(), [api.ticket() for _ in range(3)]
    for _ in range(51):
        api.order(user, *((ticket, 1) for ticket in tickets))
    with statements(service.database) as heard:
        page = api.get("/api/orders/", limit=50)
    assert [len(order["items"]) for order in page] == [3] * 50
    assert len(heard) == 1
    with statements(service.database) as heard:
        counted = api.request("GET", "/api/orders/", params={"limit": 50, "count": True})
    assert (counted.json(), counted.headers["x-total-count"]) == (page, "51")
    # The count travels along.
    assert len(heard) == 1


def test_a_single_object_is_one_statement(api: Api, service: Service) -> None:
    user, ticket = api.user(), api.ticket()
    order, transaction = api.paid_order(user, (ticket, 1))
    for path in (
        f"/api/orders/{order['id']}",
        f"/api/tickets/{ticket['id']}",
        f"/api/users/{user['id']}",
        f"/api/transactions/{transaction['id']}",
    ):
        with statements(service.database) as heard:
            api.get(path)
        assert len(heard) == 1, path


def test_an_order_costs_the_same_statements_for_one_line_and_ten(
    api: Api, service: Service
) -> None:
    user, tickets = api.user(), [api.ticket() for _ in range(10)]
    costs = []
    for lines in (1, 10):
        with statements(service.database) as heard:
            api.order(user, *((ticket, 1) for ticket in tickets[:lines]))
        costs.append(len(heard))
    assert costs[0] == costs[1]
    assert costs[0] <= 8


def test_an_order_from_a_cart_costs_the_same_for_one_line_and_ten(
    api: Api, service: Service
) -> None:
    user, tickets = api.user(), [api.ticket() for _ in range(10)]
    costs = []
    for lines in (1, 10):
        for ticket in tickets[:lines]:
            line = {"user_id": user["id"], "ticket_id": ticket["id"], "quantity": 1}
            api.post("/api/cart/", line)
        with statements(service.database) as heard:
            api.post(f"/api/orders/from-cart/{user['id']}")
        costs.append(len(heard))
    assert costs[0] == costs[1]


def test_paying_and_cancelling_cost_the_same_for_one_line_and_ten(
    api: Api, service: Service
) -> None:
    user, tickets = api.user(), [api.ticket() for _ in range(10)]
    costs = []
    for lines in (1, 10):
        order = api.order(user, *((ticket, 1) for ticket in tickets[:lines]))
        payment = api.payment(order)
        with statements(service.database) as heard:
            api.settle(payment)
            api.post(f"/api/orders/{order['id']}/cancel")
        costs.append(len(heard))
    assert costs[0] == costs[1]


def test_stock_is_the_last_thing_an_order_touches(api: Api, service: Service) -> None:
    user, ticket = api.user(), api.ticket()
    with statements(service.database) as heard:
        api.order(user, (ticket, 1))
    assert "UPDATE tickets" in heard[-1][0]
    assert not any("UPDATE tickets" in sql for sql, _ in heard[:-1])
