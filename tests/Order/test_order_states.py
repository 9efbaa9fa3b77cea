import pytest

from tests.support.client import Api


def order_in(api: Api, status: str) -> dict[str, object]:
    """An order for two of the first ticket, in a state."""
    user, ticket = api.user(), api.ticket()
    order = api.order(user, (ticket, 2))
    steps = {
        "pending": (),
        "confirmed": ("confirmed",),
        "completed": ("confirmed", "completed"),
        "cancelled": ("cancelled",),
    }
    for step in steps[status]:
        order = api.patch(f"/api/orders/{order['id']}/status", {"status": step})
    return order  # type: ignore[no-any-return]


STATES = ("pending", "confirmed", "cancelled", "completed")
STOCK = {
    "pending": (98, 2, 0, 0),
    "confirmed": (98, 0, 2, 0),
    "completed": (98, 0, 2, 0),
    "cancelled": (100, 0, 0, 0),
}
ALLOWED = {
    "pending": ["cancelled", "confirmed"],
    "confirmed": ["cancelled", "completed"],
    "completed": [],
    "cancelled": [],
}
ACTIONS = {
    "pending": ["update", "add_item", "pay", "confirm", "cancel", "delete"],
    "confirmed": ["update", "pay", "complete", "cancel"],
    "completed": ["update", "pay"],
    "cancelled": ["update", "delete"],
}
MOVES = [(origin, target) for origin in STATES for target in STATES]


@pytest.mark.parametrize(("origin", "target"), MOVES)
def test_orders_move_as_the_table_says_and_their_stock_with_them(
    api: Api, origin: str, target: str
) -> None:
    order = order_in(api, origin)
    path = f"/api/orders/{order['id']}/status"
    if origin == target:
        assert api.patch(path, {"status": target}) == order
        return
    if target in ALLOWED[origin]:
        assert api.patch(path, {"status": target})["status"] == target
        assert api.stock({"id": 1}) == STOCK[target]
        return
    problem = api.refused("PATCH", path, {"status": target})
    assert (problem["status"], problem["code"]) == (409, "invalid_transition")
    assert problem["allowed"] == ALLOWED[origin]
    assert (problem["current"], problem["requested"]) == (origin, target)
    assert api.stock({"id": 1}) == STOCK[origin]
    assert api.again(order, "orders") == order


class TestConfirm:
    def test_confirming_without_payment_leaves_the_balance_due(self, api: Api) -> None:
        order = order_in(api, "confirmed")
        assert order["balance_due"] == 199.98
        assert order["amount_paid"] == 0
        assert order["confirmed_at"] is not None
        assert order["expires_at"] is None

    def test_a_free_order_is_confirmed_without_payment(self, api: Api) -> None:
        order = api.order(api.user(), (api.ticket(price=0), 2))
        changed = api.patch(f"/api/orders/{order['id']}/status", {"status": "confirmed"})
        assert changed["balance_due"] == 0

    def test_a_confirmed_order_never_expires(self, api: Api) -> None:
        order = order_in(api, "confirmed")
        api.clock.advance(days=30)
        api.order(api.get("/api/users/1"), ({"id": 1}, 98))
        assert api.again(order, "orders")["status"] == "confirmed"


class TestCancel:
    def test_cancelling_returns_stock_and_money_and_fails_pending_payments(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket()
        order = api.order(user, (ticket, 2))
        part = api.settle(api.payment(order, 50))
        waiting = api.payment(order)
        cancelled = api.post(f"/api/orders/{order['id']}/cancel", {"reason": "ill"})
        assert cancelled["status"] == "cancelled"
        assert cancelled["cancel_reason"] == "ill"
        assert (cancelled["amount_paid"], cancelled["amount_refunded"]) == (50, 50)
        assert api.stock(ticket) == (100, 0, 0, 0)
        assert api.again(part, "transactions")["status"] == "refunded"
        failed = api.again(waiting, "transactions")
        assert (failed["status"], failed["failure_reason"]) == ("failed", "order_cancelled")

    def test_a_paid_order_gives_everything_back(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket()
        order, transaction = api.paid_order(user, (ticket, 2))
        api.post(f"/api/transactions/{transaction['id']}/refund", {"amount": 0.01})
        cancelled = api.post(f"/api/orders/{order['id']}/cancel")
        assert cancelled["amount_refunded"] == cancelled["amount_paid"] == 199.98
        assert cancelled["cancel_reason"] is None
        assert api.stock(ticket) == (100, 0, 0, 0)
        refunded = api.again(transaction, "transactions")
        assert refunded["refunded_amount"] == refunded["amount"]

    def test_nobody_owes_anything_for_a_cancelled_order(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket()
        orders = [api.order(user, (ticket, 2)) for _ in range(3)]
        unpaid, part_paid, run_out = orders
        api.settle(api.payment(part_paid, 50))
        for order in (unpaid, part_paid):
            assert api.post(f"/api/orders/{order['id']}/cancel")["balance_due"] == 0
        assert api.again(run_out, "orders")["balance_due"] == 199.98
        api.clock.advance(minutes=16)
        assert api.put(f"/api/orders/{run_out['id']}", {"notes": "late"})["balance_due"] == 0
        for path in ("/api/orders/", f"/api/users/{user['id']}/orders"):
            assert [order["balance_due"] for order in api.get(path)] == [0, 0, 0]

    def test_cancelling_twice_changes_nothing(self, api: Api) -> None:
        order = order_in(api, "cancelled")
        assert api.post(f"/api/orders/{order['id']}/cancel", {"reason": "again"}) == order

    def test_bad_input_and_unknown_orders_are_refused(self, api: Api) -> None:
        assert api.refused("POST", "/api/orders/9/cancel")["code"] == "order_not_found"
        assert api.refused("POST", "/api/orders/9/cancel", {"why": "x"})["status"] == 422
        path = "/api/orders/9/status"
        assert api.refused("PATCH", path, {"status": "confirmed"})["code"] == "order_not_found"
        assert api.refused("PATCH", path, {"status": "paid"})["status"] == 422
        assert api.refused("PATCH", path, {})["status"] == 422


class TestAllowedActions:
    """That they tell the truth to everybody is in test_purchases.py."""

    @pytest.mark.parametrize("status", STATES)
    def test_each_state_lists_its_actions(self, api: Api, status: str) -> None:
        assert order_in(api, status)["allowed_actions"] == ACTIONS[status]

    def test_money_that_is_there_can_be_refunded(self, api: Api) -> None:
        order, transaction = api.paid_order(api.user(), (api.ticket(), 1))
        assert order["allowed_actions"] == ["update", "complete", "cancel", "refund"]
        api.post(f"/api/transactions/{transaction['id']}/refund")
        assert api.again(order, "orders")["allowed_actions"] == ["update"]

    def test_an_overdue_order_lists_what_is_possible_after_its_expiry(self, api: Api) -> None:
        order = api.order(api.user(), (api.ticket(), 1))
        api.clock.advance(minutes=16)
        assert api.again(order, "orders")["allowed_actions"] == ["update", "delete"]
