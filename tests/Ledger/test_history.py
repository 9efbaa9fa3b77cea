"""An order's history tells what became of it, and who asked for it."""

import asyncio
from contextlib import closing
from threading import Event
from typing import Any

import pytest

from database import Database
from Order.services.expiry_service import expire_overdue_orders
from tests.support.client import Api
from tests.support.histories import events, history, migrate_to, names
from tests.support.lives import live, refund
from tests.support.service import BACKENDS, Service, fresh_database, running_service, settings_for
from tests.support.statements import statements
from work.chores import Upkeep, sweeping
from work.context import Context


def stock(ticket: Any, quantity: int, origin: str, target: str, amount: float) -> dict[str, Any]:
    return {
        "ticket_id": ticket["id"],
        "quantity": quantity,
        "from_counter": origin,
        "to_counter": target,
        "amount": amount,
    }


def money(payment: Any, direction: str, amount: float, reason: str | None = None) -> dict[str, Any]:
    return {
        "transaction_id": payment["id"],
        "direction": direction,
        "amount": amount,
        "reason": reason,
    }


def sweep(service: Service) -> None:
    """What the background does, until it has done it once."""
    done = Event()
    own = Database(service.settings.model_copy(update={"sweep_seconds": 0.001}))

    def expire(context: Context, *, limit: int) -> int:
        swept = expire_overdue_orders(context, limit=limit)
        done.set()
        return swept

    async def sweep_once() -> None:
        async with sweeping(own, Upkeep([expire]), clock=service.clock):
            assert await asyncio.to_thread(done.wait, 30)

    assert service.client.portal
    with closing(own):
        service.client.portal.call(sweep_once)


def status(event: Any) -> tuple[Any, Any]:
    return event["from_status"], event["to_status"]


class TestAStory:
    def test_of_a_purchase_is_told_in_full(self, api: Api) -> None:
        user, gala, ball = api.user(), api.ticket(price=99.99), api.ticket(price=10)
        order = api.order(user, (gala, 2), (ball, 1))
        payment = api.settle(api.payment(order))
        told = history(api, order)
        story = {"order_id", "order_reference", "currency", "events"}
        assert told.keys() == story | {"reasons", "disputes"}
        assert (told["order_id"], told["currency"]) == (order["id"], "USD")
        assert told["order_reference"] == order["order_reference"]
        for event in told["events"]:
            assert event.pop("occurred_at").endswith("Z")
            assert event.pop("request_id")
            assert event.pop("client_request_id") is None
            assert event.pop("actor") == {"name": "open", "role": "admin", "means": None}
        received = money(payment, "received", 209.98)
        assert told["events"] == [
            {
                "event": "order_placed",
                "from_status": None,
                "to_status": "pending",
                "stock": [
                    stock(gala, 2, "available", "reserved", 199.98),
                    stock(ball, 1, "available", "reserved", 10.0),
                ],
                "money": [],
            },
            {
                "event": "payment_received",
                "from_status": None,
                "to_status": None,
                "stock": [],
                "money": [received],
            },
            {
                "event": "order_confirmed",
                "from_status": "pending",
                "to_status": "confirmed",
                "stock": [
                    stock(gala, 2, "reserved", "sold", 199.98),
                    stock(ball, 1, "reserved", "sold", 10.0),
                ],
                "money": [],
            },
        ]

    def test_of_an_added_item_tells_its_price(self, api: Api) -> None:
        ticket = api.ticket(price=10)
        order = api.order(api.user(), (ticket, 1))
        api.put(f"/api/tickets/{ticket['id']}", {"price": 12.5})
        api.post(f"/api/orders/{order['id']}/items", {"ticket_id": ticket["id"], "quantity": 2})
        _, added = events(api, order)
        assert added["event"] == "item_added"
        assert added["stock"] == [stock(ticket, 2, "available", "reserved", 25.0)]
        assert status(added) == (None, None)

    def test_of_an_order_without_items_has_its_states(self, api: Api) -> None:
        order = api.order(api.user())
        api.post(f"/api/orders/{order['id']}/cancel")
        assert [status(event) for event in events(api, order)] == [
            (None, "pending"),
            ("pending", "cancelled"),
        ]
        assert [event["stock"] for event in events(api, order)] == [[], []]

    @pytest.mark.parametrize("back_to", ["available", "withheld"])
    def test_of_refunds_ends_where_the_stock_went(self, api: Api, back_to: str) -> None:
        ticket = api.ticket(price=10)
        order, payment = api.paid_order(api.user(), (ticket, 2))
        refund(api, payment, amount=5)
        refund(api, payment, restock=back_to == "available")
        part, rest, cancelled = events(api, order)[-3:]
        for event, amount in ((part, 5.0), (rest, 15.0)):
            assert event["event"] == "payment_refunded"
            assert event["money"] == [money(payment, "returned", amount)]
        assert cancelled["event"] == "order_cancelled"
        assert cancelled["stock"] == [stock(ticket, 2, "sold", back_to, 20.0)]
        # One request gave the money back and took the tickets.
        assert rest["request_id"] == cancelled["request_id"] != part["request_id"]

    def test_of_an_order_that_ran_out_and_was_paid_late(self, api: Api) -> None:
        ticket = api.ticket()
        order = api.order(api.user(), (ticket, 1))
        payment = api.payment(order)
        api.clock.advance(minutes=16)
        api.settle(payment)
        told = events(api, order)
        assert sorted(event["event"] for event in told[2:]) == ["order_revived", "payment_received"]
        assert [event["event"] for event in told[:2]] == ["order_placed", "order_expired"]
        (revived,) = (event for event in told if event["event"] == "order_revived")
        assert status(revived) == ("cancelled", "confirmed")
        assert revived["stock"] == [stock(ticket, 1, "available", "sold", 99.99)]

    def test_is_read_in_one_statement_and_what_is_told_beside_it_in_two(
        self, api: Api, service: Service
    ) -> None:
        order, payment = api.paid_order(api.user(), (api.ticket(), 1), (api.ticket(), 1))
        for number in range(3):
            refund(api, payment, amount=1, reason=f"{number}")
        with statements(service.database) as heard:
            assert len(events(api, order)) == 6
        assert len(heard) == 3


class TestWhoAsked:
    def test_is_told_by_the_request_id(self, api: Api) -> None:
        order = api.having({"X-Request-ID": "till-2-0815"}).order(api.user(), (api.ticket(), 1))
        api.having({"X-Request-ID": "till-2-0816"}).settle(api.payment(order))
        told = events(api, order)
        ids = [event["client_request_id"] for event in told]
        assert ids == ["till-2-0815", "till-2-0816", "till-2-0816"]
        own = [event["request_id"] for event in told]
        assert own[0] != own[1] == own[2]
        assert not set(own) & set(ids)

    def test_two_requests_of_one_id_are_two_events(self, api: Api) -> None:
        same, ticket = api.having({"X-Request-ID": "same"}), api.ticket(price=10)
        order = same.order(api.user(), (ticket, 1))
        for _ in range(2):
            line = {"ticket_id": ticket["id"], "quantity": 1}
            same.post(f"/api/orders/{order['id']}/items", line)
        assert names(api, order) == ["order_placed", "item_added", "item_added"]
        assert len({event["request_id"] for event in events(api, order)}) == 3

    def test_where_nobody_did_it_was_the_sweep(self, api: Api, service: Service) -> None:
        order = api.order(api.user(), (api.ticket(), 1))
        api.clock.advance(minutes=16)
        sweep(service)
        (swept,) = events(api, order)[1:]
        assert swept["request_id"] == "sweep"
        assert swept["actor"] == {"name": "chore:expire", "role": None, "means": None}

    @pytest.mark.parametrize("taken", ["sweep", "migration", "-", "chore:expire", "command:x"])
    def test_cannot_be_told_to_be_somebody_else(self, api: Api, taken: str) -> None:
        """A name that the service has for itself is the caller's word, and no more."""
        user, customer = api.someone("customer")
        order = customer.order(user, (api.ticket(), 1))
        api.clock.advance(seconds=1)
        pretending = customer.having({"X-Request-ID": taken})
        answer = pretending.request(
            "POST", f"/api/orders/{order['id']}/cancel", json={"reason": "expired"}
        )
        assert answer.headers["x-request-id"] == taken
        assert names(api, order) == ["order_placed", "order_cancelled"]
        cancelled = events(api, order)[1]
        assert (cancelled["client_request_id"], cancelled["actor"]["name"]) == (taken, "user:1")
        assert cancelled["request_id"] not in {taken, "sweep", "migration", "-"}
        assert api.get("/api/analytics/reconciliation")["is_consistent"]


class TestWhatWasSaid:
    """Why money moved, in the words of who moved it."""

    def test_about_a_refund_is_told_with_its_money(self, api: Api) -> None:
        order, payment = api.paid_order(api.user(), (api.ticket(price=10), 2))
        refund(api, payment, amount=5, reason="moved seats")
        refund(api, payment, amount=5)
        refund(api, payment, reason="ill")
        moves = [move for event in events(api, order) for move in event["money"]]
        assert moves == [
            money(payment, "received", 20),
            money(payment, "returned", 5, "moved seats"),
            money(payment, "returned", 5),
            money(payment, "returned", 10, "ill"),
        ]
        assert history(api, order)["reasons"] == []

    def test_is_not_told_to_customers(self, api: Api) -> None:
        user, owner = api.someone("customer")
        order, payment = api.paid_order(user, (api.ticket(), 1))
        refund(api, payment, amount=5, reason="moved seats")
        assert "moved seats" not in str(history(owner, order))


class TestWhoMayRead:
    def test_the_owner_and_the_box_office(self, api: Api) -> None:
        user, owner = api.someone("customer", "ann")
        friend_user, friend = api.someone("customer", "friend")
        _, staff = api.someone("staff")
        order = owner.order(user, (api.ticket(), 1))
        owner.post(f"/api/orders/{order['id']}/users", {"recipient": friend_user["username"]})
        path = f"/api/orders/{order['id']}/history"
        told = [event.pop("actor") for event in staff.get(path)["events"]]
        assert owner.get(path)["events"][0]["actor"] == told[0]
        # Who an order is shared with sees the order, not its money.
        assert friend.refused("GET", path)["code"] == "order_not_found"

    def test_nobody_what_is_deleted_or_never_was(self, api: Api) -> None:
        order = api.order(api.user(), (api.ticket(), 1))
        api.delete(f"/api/orders/{order['id']}")
        for number in (order["id"], 999):
            problem = api.refused("GET", f"/api/orders/{number}/history")
            assert (problem["status"], problem["code"]) == (404, "order_not_found")


@pytest.mark.parametrize("backend", BACKENDS)
def test_orders_older_than_the_ledger_have_a_history_that_agrees(
    backend: str, request: pytest.FixtureRequest, worker_name: str
) -> None:
    with (
        fresh_database(backend, request, f"{worker_name}_older") as url,
        running_service(settings_for(url)) as service,
    ):
        api = Api(service.client, service.clock, service.app)
        live(api)
        migrate_to(service, "0002")
        migrate_to(service, "head")
        assert api.get("/api/analytics/reconciliation")["differences"] == []
        first, second, *_ = api.get("/api/orders/")
        told = events(api, first)
        assert {event["request_id"] for event in told} == {"migration"}
        assert {event["actor"]["name"] for event in told} == {"migration"}
        assert [event["occurred_at"] for event in told] == sorted(
            event["occurred_at"] for event in told
        )
        assert told[0]["event"] == "order_placed"
        assert status(told[0]) == (None, "pending")
        assert len(told[0]["stock"]) == len(first["items"])
        assert "order_cancelled" in names(api, second)[-2:]
        # And life goes on.
        api.patch(f"/api/orders/{first['id']}/status", {"status": "completed"})
        assert names(api, first)[-1] == "order_completed"
        assert api.get("/api/analytics/reconciliation")["is_consistent"]
