from tests.client import Api


def test_a_purchase_and_its_refund_move_stock_and_money(api: Api) -> None:
    user, ticket = api.user(), api.ticket()
    order, transaction = api.paid_order(user, (ticket, 2))
    assert order["status"] == "confirmed"
    assert api.stock(ticket) == (98, 0, 2, 0)
    api.post(f"/api/transactions/{transaction['id']}/refund", {"amount": 50})
    assert api.again(order, "orders")["status"] == "confirmed"
    api.post(f"/api/transactions/{transaction['id']}/refund")
    assert api.again(order, "orders")["status"] == "cancelled"
    assert api.stock(ticket) == (100, 0, 0, 0)
