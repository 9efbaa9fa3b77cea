"""nginx as deploy/ sets it up, in front of the service as it is in production."""

import re
import ssl
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import make_url

from core.http.event_streams import BEAT_SECONDS
from core.money import selling_in
from database import Database
from tests.support.forked import forked_server
from tests.support.listening import events_in
from tests.support.service import needing_nginx, settings_for
from tests.support.sockets import drip, said_until_the_end
from Ticket.schemas import TicketCreate
from Ticket.services import ticket_service
from tools.nginx import NAME, SITE, Nginx, nginx_before
from tools.postgres import free_port
from work.context import unattended

PRODUCTION = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": "Zr7-kQ2_vN9xLw4TbY8mHc3JfPs6GdRa",
    "BEHIND_PROXY": "true",
    "TRUSTED_PROXIES": "127.0.0.1",
    "REGISTRATION_RATE_LIMIT": "1/hour",
}
PROBLEM = "application/problem+json"


@pytest.fixture(scope="module")
def nginx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    database = tmp_path_factory.mktemp("nginx") / "nexticket.db"
    environment = PRODUCTION | {"DATABASE_URL": f"sqlite:///{database}"}
    with needing_nginx(), forked_server(environment) as url:
        port = httpx2.URL(url).port
        assert port
        put_on_sale(f"sqlite:///{database}")
        with nginx_before(port) as started:
            yield started


def put_on_sale(database_url: str) -> None:
    """A ticket: nobody of the staff has logged in."""
    settings = settings_for(make_url(database_url))
    with selling_in(settings.currency):
        ticket = TicketCreate(
            event_name="Concert",
            event_date=datetime(2090, 12, 25, tzinfo=UTC),
            venue="Arena",
            price=Decimal(10),
            total_quantity=100,
            category="VIP",
        )
    database = Database(settings)
    with closing(database):
        service = partial(ticket_service.create_ticket, body=ticket)
        database.write_now(unattended(service, settings))


@contextmanager
def caller(nginx: Nginx, address: str) -> Iterator[httpx2.Client]:
    """Somebody at an address of this machine; each has limits of its own."""
    transport = httpx2.HTTPTransport(verify=nginx.context, local_address=address)
    url = f"https://127.0.0.1:{nginx.tls_port}"
    with httpx2.Client(base_url=url, headers={"Host": NAME}, transport=transport) as client:
        client.event_hooks["request"] = [_name]
        yield client


def _name(request: httpx2.Request) -> None:
    request.extensions["sni_hostname"] = NAME


def connect(nginx: Nginx, address: str) -> ssl.SSLSocket:
    plain = socket_to(nginx.tls_port, address)
    return nginx.context.wrap_socket(plain, server_hostname=NAME)


def socket_to(port: int, address: str) -> Any:
    import socket

    return socket.create_connection(("127.0.0.1", port), 20, source_address=(address, 0))


def user(name: str) -> dict[str, str]:
    return {
        "username": name,
        "email": f"{name}@example.com",
        "full_name": "Someone",
        "password": "a walk in the rain",
    }


def is_refused(response: httpx2.Response, status: int, code: str) -> None:
    assert (response.status_code, response.headers["content-type"]) == (status, PROBLEM)
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["strict-transport-security"] == "max-age=31536000"
    problem = response.json()
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["type"] == f"/problems/{code}"


class TestPassingOn:
    def test_tells_the_service_who_asks(self, nginx: Nginx) -> None:
        """One account an hour for an address, whatever it says of itself."""
        with caller(nginx, "127.0.0.2") as one, caller(nginx, "127.0.0.3") as other:
            made = one.post("/api/users/", json=user("one"))
            assert (made.status_code, made.headers["location"]) == (201, "/api/users/1")
            for forged in ({}, {"X-Forwarded-For": "192.0.2.1"}, {"Forwarded": "for=192.0.2.2"}):
                again = one.post("/api/users/", json=user("again"), headers=forged)
                assert again.status_code == 429, again.text
            assert other.post("/api/users/", json=user("other")).status_code == 201

    def test_tells_the_service_that_it_was_asked_in_secret(self, nginx: Nginx) -> None:
        with caller(nginx, "127.0.0.4") as client:
            answer = client.get("/api/tickets/")
        assert answer.status_code == 200
        assert answer.headers["strict-transport-security"]

    def test_leaves_tags_and_heads_as_they_are(self, nginx: Nginx) -> None:
        with caller(nginx, "127.0.0.13") as client:
            first = client.get("/api/tickets/", headers={"Accept-Encoding": "gzip, br"})
            tag = first.headers["etag"]
            assert tag.startswith('"')
            again = client.get("/api/tickets/", headers={"If-None-Match": tag})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
            head = client.head("/api/tickets/")
            assert (head.status_code, head.content) == (200, b"")
            assert head.headers["content-length"] == first.headers["content-length"]
            # It gets to the service, which asks for an identity first.
            changed = client.put("/api/tickets/1", json={}, headers={"If-Match": tag})
            assert changed.status_code == 401

    def test_passes_events_on_as_they_come(self, nginx: Nginx) -> None:
        """Though the answer has no end yet."""
        with (
            caller(nginx, "127.0.0.14") as client,
            client.stream("GET", "/api/tickets/1/events") as stream,
        ):
            pieces = stream.iter_raw()
            said = b""
            while not events_in(said):
                said += next(pieces)
            assert stream.headers["content-type"].startswith("text/event-stream")
        assert [event.data["id"] for event in events_in(said)] == [1]

    def test_waits_longer_for_events_than_for_answers(self) -> None:
        """They may be as far apart as signs of life are."""
        [_, of_streams] = re.findall(r"proxy_read_timeout (\d+)s;", SITE.read_text())
        assert int(of_streams) > 2 * BEAT_SECONDS

    def test_leads_nobody_to_a_name_of_the_callers(self, nginx: Nginx) -> None:
        with closing(socket_to(nginx.plain_port, "127.0.0.5")) as plain:
            plain.sendall(b"GET /api/tickets/ HTTP/1.1\r\nHost: evil.example\r\n\r\n")
            said = plain.recv(65536)
        assert said.startswith(b"HTTP/1.1 308 ")
        assert b"Location: https://shop.example/api/tickets/\r\n" in said
        with (
            closing(socket_to(nginx.tls_port, "127.0.0.5")) as plain,
            pytest.raises(ssl.SSLError, match="UNRECOGNIZED_NAME"),
        ):
            nginx.context.wrap_socket(plain, server_hostname="evil.example")

    @pytest.mark.parametrize("cipher", ["ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA384"])
    def test_speaks_ciphers_that_authenticate_alone(self, nginx: Nginx, cipher: str) -> None:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(cipher)
        with (
            closing(socket_to(nginx.tls_port, "127.0.0.12")) as plain,
            pytest.raises(ssl.SSLError, match="HANDSHAKE_FAILURE"),
        ):
            context.wrap_socket(plain, server_hostname=NAME)

    def test_says_in_the_words_of_the_service_that_it_is_away(self) -> None:
        with (
            needing_nginx(),
            nginx_before(free_port()) as alone,
            caller(alone, "127.0.0.6") as client,
        ):
            answer = client.get("/api/tickets/")
        is_refused(answer, 503, "service_busy")
        assert answer.headers["retry-after"] == "1"


class TestBounds:
    def test_of_headers_are_told(self, nginx: Nginx) -> None:
        with caller(nginx, "127.0.0.7") as client:
            assert client.get("/health", headers={"X-Large": "x" * 3000}).status_code == 200
            answer = client.get("/health", headers={"X-Large": "x" * 5000})
        is_refused(answer, 431, "headers_too_large")

    def test_of_bodies_are_told(self, nginx: Nginx) -> None:
        with caller(nginx, "127.0.0.8") as client:
            answer = client.post("/api/orders/", content=b"x" * 1_048_577)
            is_refused(answer, 413, "body_too_large")
            # One byte less is the service's to judge.
            answer = client.post("/api/orders/", content=b"x" * 1_048_576)
            is_refused(answer, 401, "not_authenticated")

    def test_of_requests_are_told(self, nginx: Nginx) -> None:
        with caller(nginx, "127.0.0.9") as client:
            answers = [client.get("/health") for _ in range(100)]
        refused = [answer for answer in answers if answer.status_code != 200]
        assert 0 < len(refused) < 60
        is_refused(refused[0], 429, "too_many_requests")
        assert refused[0].headers["retry-after"] == "1"

    def test_of_time_cut_off_who_says_a_head_in_drops(self, nginx: Nginx) -> None:
        with closing(connect(nginx, "127.0.0.10")) as slow:
            begun = time.monotonic()
            slow.sendall(b"GET /health HTTP/1.1\r\nHost: shop.example\r\n")
            drip(slow, b"X: y\r\n")
        assert time.monotonic() - begun < 8

    def test_of_time_cut_off_who_keeps_a_body_back(self, nginx: Nginx) -> None:
        with closing(connect(nginx, "127.0.0.11")) as slow:
            head = b"POST /api/orders/ HTTP/1.1\r\nHost: shop.example\r\nContent-Length: 9\r\n\r\n"
            slow.sendall(head + b"{")
            begun = time.monotonic()
            said_until_the_end(slow)
        assert time.monotonic() - begun < 8


def test_the_service_takes_all_that_nginx_passes_on() -> None:
    """Else its refusals would be nginx's, and nobody would know of which of them."""
    from core.http.connections import BoundedProtocol
    from core.settings import Settings

    text = (Path(__file__).parents[2] / "deploy/nginx.conf").read_text("utf-8")
    assert "large_client_header_buffers 4 4k;" in text
    assert BoundedProtocol.max_head_bytes >= 4 * 4096
    assert "client_max_body_size 1m;" in text
    assert Settings().max_body_bytes == 2**20
