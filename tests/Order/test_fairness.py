"""How much one customer may hold, by the defaults that the service comes with."""

import threading
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from core.store.exchange import lock_number
from Order.services import fairness
from tests.support.buyer import Buyer
from tests.support.client import Api
from tests.support.service import Service
from tests.support.statements import messages
from tests.support.waiting import comes_to_wait

UNITS, OPEN = 10, 10


@pytest.fixture
def ann(api: Api) -> Buyer:
    return Buyer(api)


@pytest.fixture
def bob(api: Api) -> Buyer:
    return Buyer(api, "bob")


def refunded(api: Api, payment: Any) -> None:
    api.post(f"/api/transactions/{payment['id']}/refund")


class TestUnits:
    def test_are_limited_over_all_orders_of_a_ticket(self, api: Api, ann: Buyer) -> None:
        ticket, other = api.ticket(), api.ticket()
        ann.order((ticket, 4))
        ann.order((ticket, 4))
        problem = ann.refused((ticket, 3))
        assert (problem["status"], problem["code"]) == (409, "units_limit")
        assert problem["limit"] == UNITS
        assert problem["lines"] == [{"ticket_id": ticket["id"], "requested": 3, "held": 8}]
        ann.order((other, UNITS))
        ann.order((ticket, 2))
        assert api.stock(ticket) == (90, 10, 0, 0)

    def test_that_were_bought_count(self, api: Api, ann: Buyer) -> None:
        ticket = api.ticket()
        api.settle(api.payment(ann.order((ticket, UNITS))))
        assert ann.refused((ticket, 1))["lines"][0]["held"] == UNITS

    def test_that_were_refunded_are_given_back(self, api: Api, ann: Buyer) -> None:
        ticket = api.ticket()
        payment = api.settle(api.payment(ann.order((ticket, UNITS))))
        refunded(api, payment)
        completed = ann.order((ticket, UNITS))
        payment = api.settle(api.payment(completed))
        api.patch(f"/api/orders/{completed['id']}/status", {"status": "completed"})
        assert ann.refused((ticket, 1))["lines"][0]["held"] == UNITS
        refunded(api, payment)
        ann.order((ticket, UNITS))

    def test_of_an_invoice_stay_bought_when_a_part_payment_is_refunded(
        self, api: Api, ann: Buyer
    ) -> None:
        ticket = api.ticket()
        invoiced = ann.order((ticket, UNITS))
        path = f"/api/orders/{invoiced['id']}/status"
        api.patch(path, {"status": "confirmed"})
        refunded(api, api.settle(api.payment(invoiced, 5)))
        assert ann.refused((ticket, 1))["lines"][0]["held"] == UNITS
        api.patch(path, {"status": "completed"})
        assert ann.refused((ticket, 1))["lines"][0]["held"] == UNITS

    def test_of_several_lines_and_tickets_are_judged_together(self, api: Api, ann: Buyer) -> None:
        one, two = api.ticket(), api.ticket()
        problem = ann.refused((one, 6), (two, 6), (two, 6))
        assert problem["lines"] == [{"ticket_id": two["id"], "requested": 12, "held": 0}]
        assert api.stock(one) == api.stock(two) == (100, 0, 0, 0)

    def test_are_limited_from_a_cart_as_well(self, api: Api, ann: Buyer) -> None:
        ticket = api.ticket()
        ann.order((ticket, 8))
        ann.puts_in_cart(ticket, 3)
        problem = ann.api.refused("POST", f"/api/orders/from-cart/{ann.user['id']}")
        assert problem["code"] == "units_limit"
        assert ann.api.get(f"/api/cart/user/{ann.user['id']}")[0]["quantity"] == 3

    def test_are_limited_where_they_are_added_to_an_order(self, api: Api, ann: Buyer) -> None:
        ticket = api.ticket()
        order = ann.order((ticket, 4))
        ann.order((ticket, 4))
        line = {"ticket_id": ticket["id"], "quantity": 3}
        problem = ann.api.refused("POST", f"/api/orders/{order['id']}/items", line)
        assert problem["lines"] == [{"ticket_id": ticket["id"], "requested": 3, "held": 8}]
        ann.adds(order, ticket, 2)

    def test_of_an_order_are_its_owners_alone(self, api: Api, ann: Buyer, bob: Buyer) -> None:
        ticket = api.ticket()
        order = ann.order((ticket, UNITS))
        ann.api.post(f"/api/orders/{order['id']}/users", {"recipient": bob.user["username"]})
        bob.order((ticket, UNITS))
        line = {"ticket_id": ticket["id"], "quantity": 1}
        path = f"/api/orders/{order['id']}/items"
        assert bob.api.refused("POST", path, line)["code"] == "order_not_found"

    def test_that_the_box_office_orders_are_not_limited_but_count(
        self, api: Api, ann: Buyer
    ) -> None:
        ticket = api.ticket()
        _, staff = api.someone("staff")
        order = staff.order(ann.user, (ticket, 50))
        staff.post(f"/api/orders/{order['id']}/items", {"ticket_id": ticket["id"], "quantity": 1})
        assert ann.refused((ticket, 1))["lines"][0]["held"] == 51

    def test_are_limited_for_an_api_key_of_the_customer(self, api: Api, ann: Buyer) -> None:
        ticket = api.ticket()
        # Who worked at the box office once has a key from then.
        account = f"/api/users/{ann.user['id']}"
        api.put(account, {"role": "staff"})
        key = ann.api.post("/api/auth/api-keys", {"name": "shop", "role": "customer"})["key"]
        api.put(account, {"role": "customer"})
        keyed = api.having({"X-API-Key": key})
        order = keyed.order(ann.user, (ticket, UNITS))
        body = {"user_id": ann.user["id"], "items": [{"ticket_id": ticket["id"], "quantity": 1}]}
        assert keyed.refused("POST", "/api/orders/", body)["code"] == "units_limit"
        path = f"/api/orders/{order['id']}/items"
        assert keyed.refused("POST", path, body["items"][0])["code"] == "units_limit"

    def test_are_not_limited_for_the_box_offices_own_account(self, api: Api) -> None:
        ticket = api.ticket()
        user, staff = api.someone("staff")
        for _ in range(OPEN + 1):
            staff.order(user, (ticket, 2))

    def test_are_not_limited_where_the_setting_says_so(
        self, api: Api, ann: Buyer, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ticket = api.ticket()
        unlimited = replace(service.app.state.terms, max_customers_units=0)
        monkeypatch.setitem(service.app.state._state, "terms", unlimited)
        ann.order((ticket, 50))
        ann.order((ticket, 50))


class TestOpenOrders:
    def test_are_limited_with_lines_or_without(self, api: Api, ann: Buyer, bob: Buyer) -> None:
        ticket = api.ticket()
        orders = [ann.order(*([(ticket, 1)] * (number % 2))) for number in range(OPEN)]
        for problem in (ann.refused(), ann.refused((ticket, 1))):
            assert (problem["status"], problem["code"]) == (409, "open_orders_limit")
            assert (problem["limit"], problem["held"]) == (OPEN, OPEN)
        ann.puts_in_cart(ticket, 1)
        path = f"/api/orders/from-cart/{ann.user['id']}"
        assert ann.api.refused("POST", path)["code"] == "open_orders_limit"
        bob.order()
        api.settle(api.payment(orders[1]))
        ann.order()

    def test_that_ran_out_are_not_open(self, api: Api, ann: Buyer) -> None:
        for _ in range(OPEN):
            ann.order()
        api.clock.advance(minutes=15)
        ann.order()

    def test_of_an_account_of_the_box_office_are_not_counted(self, api: Api, ann: Buyer) -> None:
        _, staff = api.someone("staff")
        for _ in range(OPEN + 1):
            staff.order(ann.user)


@pytest.mark.parametrize("shared_service", ["postgres"], indirect=True, scope="session")
def test_a_customers_order_is_a_look_and_a_message_like_any_other(
    api: Api, ann: Buyer, service: Service
) -> None:
    ticket = api.ticket()
    keyed = ann.api.having({"Idempotency-Key": "a"})
    items = [{"ticket_id": ticket["id"], "quantity": 1}]
    with messages(service.database) as sent:
        keyed.post("/api/orders/", {"user_id": ann.user["id"], "items": items})
    assert len(sent) == 2
    assert sent[1].endswith("COMMIT")


# SQLite has one writer at a time.
@pytest.mark.parametrize("shared_service", ["postgres"], indirect=True, scope="session")
def test_a_customers_orders_are_placed_one_after_the_other(
    api: Api, ann: Buyer, service: Service
) -> None:
    turn = {"number": lock_number(fairness._turn_of(ann.user["id"]))}
    ticket, placed = api.ticket(), []
    another = create_engine(service.settings.database, poolclass=NullPool)
    with another.connect() as placing, placing.begin():
        placing.execute(text("SELECT pg_advisory_xact_lock(:number)"), turn)
        ordering = threading.Thread(target=lambda: placed.append(ann.order((ticket, 1))))
        ordering.start()
        assert comes_to_wait(ordering, service.database)
    ordering.join()
    assert placed
