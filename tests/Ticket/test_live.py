"""Live stock: what changes of a ticket is told to whoever listens."""

from contextlib import ExitStack
from typing import Any

import pytest

from tests.support.client import Api
from tests.support.listening import Event, Listening, events_in, listening, live_stock, look
from tests.support.service import Service
from tests.support.statements import statements
from Ticket.schemas import MAX_WATCHED


def path_of(*tickets: Any) -> str:
    return "/api/tickets/events?" + "&".join(f"ids={ticket['id']}" for ticket in tickets)


def state_of(api: Api, ticket: Any) -> dict[str, Any]:
    """What is told of a ticket, as it is read."""
    names = ("id", "status", "available_quantity", "total_quantity", "price", "currency")
    now = api.again(ticket, "tickets")
    return {name: now[name] for name in names}


def begun(listener: Listening) -> list[Event]:
    """What somebody hears at once."""
    status, _ = listener.start()
    assert status == 200
    return listener.events()


class TestBeginning:
    def test_is_each_ticket_as_it_is_now(self, api: Api, service: Service) -> None:
        tickets = [api.ticket(), api.ticket(price=5, total_quantity=0)]
        with listening(service, path_of(*tickets)) as listener:
            heard = begun(listener)
        assert [event.name for event in heard] == ["ticket", "ticket"]
        assert [event.data for event in heard] == [state_of(api, one) for one in tickets]

    def test_of_one_ticket_is_the_same(self, api: Api, service: Service) -> None:
        ticket = api.ticket()
        with listening(service, f"/api/tickets/{ticket['id']}/events") as listener:
            [heard] = begun(listener)
        assert heard.data == state_of(api, ticket)

    def test_goes_through_what_stands_between(self, api: Api) -> None:
        """No cache keeps it and no proxy holds it back; a browser is told when to come back."""
        answer = api.request("GET", path_of(api.ticket()))
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-accel-buffering"] == "no"
        assert answer.text.startswith("retry: ")

    def test_tells_each_ticket_once(self, api: Api, service: Service) -> None:
        ticket = api.ticket()
        with listening(service, path_of(ticket, ticket)) as listener:
            assert len(begun(listener)) == 1

    def test_tells_of_those_that_do_not_exist(self, api: Api, service: Service) -> None:
        """One that was deleted ends no stream of others when its listener comes back."""
        ticket = api.ticket()
        with listening(service, path_of(ticket, {"id": 77})) as listener:
            heard = begun(listener)
        assert [(event.name, event.data["id"]) for event in heard] == [
            ("ticket", ticket["id"]),
            ("gone", 77),
        ]

    def test_is_refused_where_none_exists(self, api: Api, service: Service) -> None:
        problem = api.refused("GET", path_of({"id": 78}, {"id": 77}))
        assert (problem["status"], problem["ticket_ids"]) == (404, [77, 78])
        assert api.refused("GET", "/api/tickets/77/events")["code"] == "ticket_not_found"
        assert live_stock(service).listeners == 0

    @pytest.mark.parametrize("ids", [[], [0], ["x"], ["1,2"], list(range(1, MAX_WATCHED + 2))])
    def test_wants_some_tickets_and_not_too_many(self, api: Api, ids: list[Any]) -> None:
        problem = api.refused("GET", "/api/tickets/events", ids=ids)
        assert (problem["status"], problem["errors"][0]["parameter"]) == (422, "ids")

    def test_may_be_of_many_tickets(self, api: Api) -> None:
        most = list(range(1, MAX_WATCHED + 1))
        assert api.refused("GET", "/api/tickets/events", ids=most)["ticket_ids"] == most


class TestChanges:
    def test_of_stock_are_told(self, api: Api, service: Service) -> None:
        user, ticket = api.user(), api.ticket(total_quantity=2)
        with listening(service, path_of(ticket)) as listener:
            begun(listener)
            api.order(user, (ticket, 2))
            look(service)
            [heard] = listener.events()
        assert heard.data == state_of(api, ticket)
        assert (heard.data["available_quantity"], heard.data["status"]) == (0, "reserved")

    @pytest.mark.parametrize(
        ("address", "method", "body"),
        [
            ("", "PUT", {"price": 12.5}),
            ("", "PUT", {"total_quantity": 250}),
            ("/status", "PATCH", {"status": "cancelled"}),
        ],
    )
    def test_of_the_offer_are_told(
        self, api: Api, service: Service, address: str, method: str, body: dict[str, Any]
    ) -> None:
        ticket = api.ticket()
        with listening(service, path_of(ticket)) as listener:
            begun(listener)
            api.request(method, f"/api/tickets/{ticket['id']}{address}", json=body)
            look(service)
            [heard] = listener.events()
        assert heard.data == state_of(api, ticket)
        assert heard.data.items() >= body.items()

    def test_are_told_to_those_who_listen_to_it_alone(self, api: Api, service: Service) -> None:
        one, other = api.ticket(), api.ticket()
        with listening(service, path_of(one)) as listener:
            begun(listener)
            api.put(f"/api/tickets/{other['id']}", {"price": 1})
            look(service)
            api.put(f"/api/tickets/{one['id']}", {"price": 2})
            look(service)
            [heard] = listener.events()
        assert (heard.data["id"], heard.data["price"]) == (one["id"], 2)

    def test_that_nobody_sees_are_not_told(self, api: Api, service: Service) -> None:
        ticket = api.ticket()
        with listening(service, path_of(ticket)) as listener:
            begun(listener)
            api.put(f"/api/tickets/{ticket['id']}", {"event_name": "Another", "venue": "Hall"})
            look(service)
            api.put(f"/api/tickets/{ticket['id']}", {"price": 2})
            look(service)
            assert [event.data["price"] for event in listener.events()] == [2]

    def test_that_follow_one_another_fast_are_one(self, api: Api, service: Service) -> None:
        ticket = api.ticket()
        with listening(service, path_of(ticket)) as listener:
            begun(listener)
            for price in (1, 2, 3):
                api.put(f"/api/tickets/{ticket['id']}", {"price": price})
            look(service)
            assert [event.data["price"] for event in listener.events()] == [3]

    def test_end_with_the_ticket(self, api: Api, service: Service) -> None:
        """A browser that comes back is told that there is nothing, and stays away."""
        ticket, other = api.ticket(), api.ticket()
        with (
            listening(service, path_of(ticket)) as listener,
            listening(service, path_of(ticket, other)) as another,
        ):
            begun(listener)
            begun(another)
            api.delete(f"/api/tickets/{ticket['id']}")
            look(service)
            for heard in (listener.events(), another.events()):
                assert [(one.name, one.data) for one in heard] == [("gone", {"id": ticket["id"]})]
            assert listener.piece() == b""
            api.put(f"/api/tickets/{other['id']}", {"price": 2})
            look(service)
            assert [event.data["id"] for event in another.events()] == [other["id"]]


class TestComingBack:
    def test_is_told_nothing_that_was_told(self, api: Api, service: Service) -> None:
        tickets = [api.ticket(), api.ticket(), {"id": 77}]
        with listening(service, path_of(*tickets)) as listener:
            last = begun(listener)[-1].id
        assert last
        again = api.request("GET", path_of(*tickets), headers={"Last-Event-ID": last})
        assert (again.status_code, events_in(again.content)) == (200, [])

    def test_is_told_what_has_changed_meanwhile(self, api: Api, service: Service) -> None:
        ticket = api.ticket()
        with listening(service, path_of(ticket)) as listener:
            last = begun(listener)[-1].id
        assert last
        api.put(f"/api/tickets/{ticket['id']}", {"price": 1})
        with listening(service, path_of(ticket), {"Last-Event-ID": last}) as listener:
            [heard] = begun(listener)
        assert heard.data["price"] == 1

    def test_goes_on_from_the_last_change(self, api: Api, service: Service) -> None:
        ticket = api.ticket()
        with listening(service, path_of(ticket)) as listener:
            first = begun(listener)[-1].id
            api.put(f"/api/tickets/{ticket['id']}", {"price": 1})
            look(service)
            last = listener.events()[-1].id
        assert last != first
        again = api.request("GET", path_of(ticket), headers={"Last-Event-ID": last or ""})
        assert events_in(again.content) == []

    @pytest.mark.parametrize("said", ["", "x", "0" * 16, "9" * 1000, "\xe9"])
    def test_with_what_was_never_said_is_told_all(
        self, api: Api, service: Service, said: str
    ) -> None:
        with listening(service, path_of(api.ticket()), {"Last-Event-ID": said}) as listener:
            assert len(begun(listener)) == 1


class TestReader:
    def test_asks_once_for_all_who_listen(self, api: Api, service: Service) -> None:
        tickets = [api.ticket() for _ in range(3)]
        with (
            listening(service, path_of(*tickets)) as one,
            listening(service, path_of(*tickets[1:])) as other,
            listening(service, path_of(tickets[2])) as last,
        ):
            for listener in (one, other, last):
                begun(listener)
            with statements(service.database) as asked:
                look(service)
        [(sql, _)] = asked
        assert "tickets" in sql

    def test_asks_nothing_while_nobody_listens(self, api: Api, service: Service) -> None:
        with listening(service, path_of(api.ticket())) as listener:
            begun(listener)
        with statements(service.database) as asked:
            look(service)
        assert asked == []

    def test_keeps_no_seat_while_it_waits(self, api: Api, service: Service) -> None:
        """More listen than there are seats, and whoever reads or buys finds one."""
        ticket = api.ticket()
        with ExitStack() as stack:
            for _ in range(service.settings.database_pool_size + 1):
                begun(stack.enter_context(listening(service, path_of(ticket))))
            taken = (service.database._readers.taken, service.database._writers.taken)
            assert taken == (0, 0)
            api.order(api.user(), (ticket, 1))
