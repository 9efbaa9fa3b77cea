"""Places for those who listen: bounded, and left when they hang up."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from core.settings import ConfigurationError
from tests.support.client import Api
from tests.support.listening import listening, live_stock
from tests.support.service import Service
from Ticket.equipment import _bounds
from Ticket.flows.live_stock import Bounds


@pytest.fixture
def few(service: Service, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """Two places, and one for each address."""
    stock = live_stock(service)
    assert stock.listeners == 0
    monkeypatch.setattr(stock, "_bounds", replace(stock._bounds, listeners=2, per_household=1))
    yield service
    assert stock.listeners == 0


def path(api: Api) -> str:
    return f"/api/tickets/{api.ticket()['id']}/events"


def test_one_too_many_at_an_address_is_refused_with_the_bound(api: Api, few: Service) -> None:
    with listening(few, path(api)) as listener:
        listener.start()
        answer = api.request("GET", path(api))
    problem = answer.json()
    assert (problem["status"], problem["code"]) == (429, "too_many_listeners")
    assert problem["max_listeners_per_address"] == 1
    assert answer.headers["retry-after"] == "30"


def test_one_too_many_in_a_process_is_refused_with_the_bound(api: Api, few: Service) -> None:
    with (
        listening(few, path(api), address="198.51.100.7") as one,
        listening(few, path(api), address="198.51.100.8") as other,
    ):
        one.start()
        other.start()
        answer = api.request("GET", path(api))
    problem = answer.json()
    assert (problem["status"], problem["code"]) == (503, "listeners_full")
    assert (problem["max_listeners"], problem["max_tickets"]) == (2, 5000)
    assert answer.headers["retry-after"] == "30"


def test_who_hangs_up_leaves_their_place(api: Api, few: Service) -> None:
    for _ in range(3):
        with listening(few, path(api)) as listener:
            assert listener.start()[0] == 200


def test_who_is_refused_takes_none(api: Api, few: Service) -> None:
    for _ in range(3):
        assert api.refused("GET", "/api/tickets/77/events")["code"] == "ticket_not_found"
    assert live_stock(few).listeners == 0


def test_who_asks_for_the_head_takes_none(api: Api, few: Service) -> None:
    for _ in range(3):
        assert api.request("HEAD", path(api)).status_code == 200
    assert live_stock(few).listeners == 0


def test_places_are_half_of_the_connections_where_nothing_is_said(service: Service) -> None:
    settings = service.settings.model_copy(update={"max_connections": 50})
    assert _bounds(settings) == Bounds(25, settings.max_listeners_per_address)


def test_places_leave_connections_to_those_who_buy(service: Service) -> None:
    said = {"max_connections": 50, "max_listeners": 50}
    with pytest.raises(ConfigurationError, match="MAX_LISTENERS must be less"):
        _bounds(service.settings.model_copy(update=said))
    said["max_listeners"] = 49
    assert _bounds(service.settings.model_copy(update=said)).listeners == 49
