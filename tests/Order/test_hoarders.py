"""How the box office finds a hoarder, and takes back what is held."""

import pytest

from Order.services.expiry_service import expire_overdue_orders
from tests.support.buyer import Buyer, chore
from tests.support.client import Api
from tests.support.service import Service


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
            lapsed["id"]: "released",
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


def test_a_hoarder_shows_in_the_figures(api: Api, service: Service, ann: Buyer, bob: Buyer) -> None:
    scarce, plenty = api.ticket(event_name="Scarce", total_quantity=20), api.ticket()
    ann.order((scarce, 3), (plenty, 1))
    api.clock.advance(minutes=16)
    chore(service, expire_overdue_orders)
    bob.order((scarce, 6))
    bob.order((scarce, 4))
    api.settle(api.payment(bob.order((plenty, 5))))
    Buyer(api, "eve").order((scarce, 1))
    held = api.get("/api/analytics/tickets")["most_held"]
    assert held[0] == {
        "ticket_id": scarce["id"],
        "event_name": "Scarce",
        "total_quantity": 20,
        "held_quantity": 11,
        "holders": 2,
        "largest_holding": 10,
        "largest_share": 0.5,
        "largest_holder": bob.user["id"],
        "expired_holds": 1,
    }
    assert (held[1]["ticket_id"], held[1]["holders"], held[1]["expired_holds"]) == (
        plenty["id"],
        0,
        1,
    )
    assert held[1]["largest_holder"] is None
    assert api.get("/api/analytics/tickets", event_name="scarce")["most_held"] == held[:1]
    api.clock.advance(days=1)
    assert api.get("/api/analytics/tickets")["most_held"] == []
