"""Live stock of a server in a process of its own."""

import socket
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support.listening import Event, events_in
from tests.support.sockets import PATIENCE, said_until_the_end
from tools.server import LOCALLY, running_server

# Less than requests are granted when the process is asked to stop.
AT_ONCE_SECONDS = 5.0
SETTINGS = {"LIVE_STOCK_SECONDS": "0.1", "MAX_LISTENERS_PER_ADDRESS": "2"}
TICKET = {
    "event_name": "Concert",
    "event_date": "2090-12-25T20:00:00Z",
    "venue": "Arena",
    "price": 10,
    "total_quantity": 100,
    "category": "VIP",
}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[httpx2.Client, Any]]:
    settings = {**SETTINGS, "DATABASE_URL": f"sqlite:///{tmp_path / 'nexticket.db'}"}
    with (
        running_server(settings) as (url, process),
        httpx2.Client(base_url=url, **LOCALLY, timeout=PATIENCE) as client,
    ):
        client.post("/api/tickets/", json=TICKET).raise_for_status()
        yield client, process


def listener_of(client: httpx2.Client) -> socket.socket:
    """Somebody who listens, and has heard how the ticket is."""
    url = client.base_url
    listener = socket.create_connection((url.host, url.port), PATIENCE)
    listener.sendall(b"GET /api/tickets/1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    [event] = heard(listener)
    assert event.data["available_quantity"] == 100
    return listener


def heard(listener: socket.socket) -> list[Event]:
    """The events that are told next."""
    said = b""
    while not events_in(said):
        more = listener.recv(65536)
        assert more, said
        said += more
    return events_in(said)


def await_a_place(client: httpx2.Client) -> None:
    """It is free as soon as the server has heard that somebody hung up."""
    end = time.monotonic() + PATIENCE
    status = 0
    while status != 200:
        assert time.monotonic() < end
        with client.stream("GET", "/api/tickets/1/events") as stream:
            status = stream.status_code


def test_a_stream_ends_with_its_caller_and_with_the_process(
    served: tuple[httpx2.Client, Any],
) -> None:
    client, process = served
    with closing(listener_of(client)) as one:
        with closing(listener_of(client)) as other:
            client.put("/api/tickets/1", json={"price": 12}).raise_for_status()
            for listener in (one, other):
                assert [event.data["price"] for event in heard(listener)] == [12]
            answer = client.get("/api/tickets/1/events")
            assert answer.json()["code"] == "too_many_listeners"
        await_a_place(client)
        client.close()
        asked = time.monotonic()
        process.terminate()
        # As an answer ends that is whole.
        assert said_until_the_end(one).endswith(b"0\r\n\r\n")
        process.wait(PATIENCE)
        assert time.monotonic() - asked < AT_ONCE_SECONDS
