"""How the box office finds a hoarder, and takes back what is held."""

import pytest

from tests.support.buyer import Buyer
from tests.support.client import Api


@pytest.fixture
def ann(api: Api) -> Buyer:
    return Buyer(api)


@pytest.fixture
def bob(api: Api) -> Buyer:
    return Buyer(api, "bob")


class TestRelease:
    def test_gives_back_all_that_is_unpaid_and_tells_what(
        self, api: Api, ann: Buyer, bob: Buyer
    ) -> None:
        _, staff = api.someone("staff")
        one, two = api.ticket(), api.ticket()
        lapsed = ann.order((two, 3))
        api.clock.advance(minutes=16)
        held, empty = ann.order((one, 2)), ann.order()
        paid = ann.order((one, 1))
        api.settle(api.payment(paid))
        part_paid = ann.order((one, 3))
        api.settle(api.payment(part_paid, 1))
        others = bob.order((one, 4))
        released = staff.post(f"/api/users/{ann.user['id']}/holds/release")
        assert released == {
            "user_id": ann.user["id"],
            "orders": [
                {
                    "id": order["id"],
                    "order_reference": order["order_reference"],
                    "items": [
                        {"ticket_id": item["ticket_id"], "quantity": item["quantity"]}
                        for item in order["items"]
                    ],
                }
                for order in (lapsed, held, empty)
            ],
            "has_more": False,
        }
        states = {order["id"]: order["cancel_reason"] for order in api.get("/api/orders/")}
        assert states == {
            lapsed["id"]: "expired",
            held["id"]: "released",
            empty["id"]: "released",
            paid["id"]: None,
            part_paid["id"]: None,
            others["id"]: None,
        }
        assert api.stock(one) == (92, 7, 1, 0)
        assert api.stock(two) == (100, 0, 0, 0)
        assert api.get("/api/analytics/reconciliation")["is_consistent"]

    def test_the_user_may_not_go_on_at_once(self, api: Api, ann: Buyer, bob: Buyer) -> None:
        ticket = api.ticket()
        ann.order((ticket, 2))
        api.post(f"/api/users/{ann.user['id']}/holds/release")
        assert ann.refused((ticket, 1))["code"] == "hold_again_later"
        bob.order((ticket, 1))

    def test_is_done_once_under_a_key(self, api: Api, ann: Buyer) -> None:
        ann.order()
        keyed = api.having({"Idempotency-Key": "a"})
        path = f"/api/users/{ann.user['id']}/holds/release"
        assert keyed.post(path) == keyed.post(path)
        assert api.post(path)["orders"] == []

    def test_says_when_there_is_more(self, api: Api, ann: Buyer) -> None:
        for _ in range(101):
            api.order(ann.user)
        path = f"/api/users/{ann.user['id']}/holds/release"
        first, second = api.post(path), api.post(path)
        assert (len(first["orders"]), first["has_more"]) == (100, True)
        assert (len(second["orders"]), second["has_more"]) == (1, False)
