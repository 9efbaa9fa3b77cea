"""In development this machine needs no identity; nobody else, and nothing else, is let in so."""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import URL
from starlette.types import Receive, Scope, Send

from core.http.security_headers import announce_mode
from tests.support.client import PROBLEM, Api
from tests.support.service import Service, fresh_database, running_service, settings_for

LOCAL = ("127.0.0.1", 50000)
SHOP = "https://shop.example"
# A key that production accepts.
SECRET_KEY = "Zr7-kQ2_vN9xLw4TbY8mHc3JfPs6GdRa"  # noqa: S105 - signs nothing but tests
# One operation for each of what only some may do; none of them needs anything to exist.
PROTECTED = [
    ("GET", "/api/users/", None),
    ("GET", "/api/orders/", None),
    ("GET", "/api/analytics/dashboard", None),
    ("GET", "/api/auth/me", None),
    ("DELETE", "/api/tickets/1", None),
    ("POST", "/api/auth/api-keys", {"name": "till", "role": "admin"}),
]
BROWSING = ["/", "/health", "/api/tickets/", "/api/tickets/search/by-event"]

Serve = Callable[..., Service]


@pytest.fixture
def serve(request: pytest.FixtureRequest, worker_name: str) -> Iterator[Serve]:
    with ExitStack() as stack:

        def start(**changes: object) -> Service:
            url: URL = stack.enter_context(fresh_database("sqlite", request, worker_name))
            settings = settings_for(url, **({"log_level": "CRITICAL"} | changes))
            return stack.enter_context(running_service(settings))

        yield start


def client_of(
    service: Service, peer: tuple[str, int] = LOCAL, host: str = "localhost"
) -> TestClient:
    return TestClient(service.app, base_url=f"http://{host}", client=peer)


def answers(client: TestClient, **headers: str) -> list[tuple[int, str]]:
    """(status, code) of every protected operation."""
    found = []
    for method, path, body in PROTECTED:
        answer = client.request(method, path, json=body, headers=headers)
        found.append((answer.status_code, code_of(answer)))
    return found


def code_of(answer: Response) -> str:
    is_problem = answer.headers.get("content-type") == PROBLEM
    return str(answer.json()["code"]) if is_problem else ""


def are_refused(client: TestClient, **headers: str) -> bool:
    """Nothing that needs an identity is possible; what everybody may do still is."""
    for path in BROWSING:
        assert client.get(path, headers=headers).status_code == 200
    return set(answers(client, **headers)) == {(401, "not_authenticated")}


class TestThisMachine:
    @pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1", "[::1]:8000"])
    @pytest.mark.parametrize("peer", ["127.0.0.1", "::1"])
    def test_acts_as_an_administrator(self, service: Service, host: str, peer: str) -> None:
        client = client_of(service, (peer, 50000), host)
        me = {"user_id": None, "username": None, "role": "admin"}
        assert client.get("/api/auth/me").json() == me
        assert client.get("/api/users/").status_code == 200
        assert client.get("/api/analytics/dashboard").status_code == 200

    @pytest.mark.parametrize(
        "headers",
        [
            {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"},
            {"Sec-Fetch-Site": "none"},
            {"Referer": "http://localhost/docs", "Sec-Fetch-Site": "same-origin"},
            {"Referer": ""},
        ],
    )
    def test_may_use_its_own_documentation_page(
        self, service: Service, headers: dict[str, str]
    ) -> None:
        answer = client_of(service).get("/api/users/", headers=headers)
        assert answer.status_code == 200

    def test_may_use_a_front_end_that_is_allowed(self, serve: Serve) -> None:
        service = serve(cors_origins=SHOP)
        for headers in ({"Origin": SHOP}, {"Origin": SHOP, "Referer": f"{SHOP}/till"}):
            assert client_of(service).get("/api/users/", headers=headers).status_code == 200


class TestEverybodyElse:
    @pytest.mark.parametrize("peer", ["203.0.113.7", "10.0.0.1", "2001:db8::1", "testclient"])
    def test_on_another_machine_is_refused(self, service: Service, peer: str) -> None:
        assert are_refused(client_of(service, (peer, 50000)))

    @pytest.mark.parametrize(
        "host", ["shop.example", "localhost.shop.example", "127.0.0.1.shop.example", "192.0.2.1"]
    )
    def test_who_asks_for_another_host_is_refused(self, service: Service, host: str) -> None:
        assert are_refused(client_of(service, host=host))

    @pytest.mark.parametrize(
        ("header", "value"),
        [
            ("Origin", "https://elsewhere.example"),
            ("Origin", "http://localhost:3000"),
            ("Origin", "null"),
            ("Sec-Fetch-Site", "cross-site"),
            ("Sec-Fetch-Site", "same-site"),
            ("Referer", "https://elsewhere.example/page"),
            ("Referer", "http://[broken/"),
            ("Origin", "http://[broken"),
            ("X-Forwarded-For", "127.0.0.1"),
            ("X-Forwarded-For", ""),
            ("X-Forwarded-Host", "shop.example"),
            ("X-Forwarded-Proto", "https"),
            ("X-Forwarded-Server", "proxy"),
            ("X-Forwarded", "for=127.0.0.1"),
            ("Via", "1.1 proxy"),
            ("CDN-Loop", "cloudflare"),
            ("CF-Connecting-IP", "127.0.0.1"),
            ("CF-Ray", "230b030023ae2822-SJC"),
            ("True-Client-IP", "203.0.113.7"),
            ("X-Client-IP", "203.0.113.7"),
            ("Fastly-Client-IP", "203.0.113.7"),
            ("X-Amzn-Trace-Id", "Root=1-67891233-abcdef012345678912345678"),
            ("X-Cloud-Trace-Context", "105445aa7843bc8bf206b12000100000/1"),
            ("X-Envoy-External-Address", "203.0.113.7"),
            ("X-Original-Host", "shop.example"),
            ("X-Forwarded-For", "203.0.113.7"),
            ("X-Real-IP", "203.0.113.7"),
            ("Forwarded", "for=127.0.0.1"),
        ],
    )
    def test_who_hides_behind_this_machine_is_refused(
        self, service: Service, header: str, value: str
    ) -> None:
        assert are_refused(client_of(service), **{header: value})

    def test_who_speaks_as_a_proxy_that_nobody_has_set_up_is_refused(
        self, service: Service
    ) -> None:
        """nginx passes on nothing by itself, names the host that it asks, and speaks HTTP/1.0."""

        async def passed_on(scope: Scope, receive: Receive, send: Send) -> None:
            changed = scope if scope["type"] != "http" else {**scope, "http_version": "1.0"}
            await service.app(changed, receive, send)

        client = TestClient(passed_on, base_url="http://127.0.0.1", client=LOCAL)
        assert are_refused(client)

    @pytest.mark.parametrize("host", ["shop.example@localhost", "localhost@shop.example"])
    def test_who_hides_a_host_in_another_is_not_understood(
        self, service: Service, host: str
    ) -> None:
        found = answers(client_of(service), Host=host)
        assert set(found) == {(400, "malformed_request")}

    @pytest.mark.parametrize(
        ("header", "value"),
        [
            ("Authorization", "Bearer nobody"),
            ("Authorization", "Bearer nxt_nobody"),
            ("Authorization", "Bearer"),
            ("Authorization", "Bearer "),
            ("Authorization", ""),
            ("Authorization", "Basic YWRtaW46YWRtaW4="),
            ("X-API-Key", "nxt_nobody"),
            ("X-API-Key", ""),
        ],
    )
    def test_with_bad_credentials_is_refused(
        self, service: Service, header: str, value: str
    ) -> None:
        found = set(answers(client_of(service), **{header: value}))
        assert found == {(401, "invalid_token")}


class TestOtherModes:
    @pytest.mark.parametrize(
        "changes",
        [
            {"auth_required": True},
            {"environment": "test"},
            {"environment": "staging", "secret_key": SECRET_KEY},
            {"environment": "production", "secret_key": SECRET_KEY},
            {"environment": "test", "auth_required": False},
            {"behind_proxy": True},
            {"trusted_proxies": "127.0.0.1"},
            {"trusted_proxies": "10.0.0.0/8", "auth_required": False},
        ],
        ids=str,
    )
    def test_are_never_open(self, serve: Serve, changes: dict[str, Any]) -> None:
        client = client_of(serve(**changes))
        assert are_refused(client)
        assert client.get("/").json()["auth_mode"] == "required"

    def test_say_nothing_of_it(self, serve: Serve) -> None:
        client = client_of(serve(auth_required=True))
        for path in [*BROWSING, "/api/users/", "/nowhere"]:
            assert "x-auth-mode" not in client.get(path).headers


class TestOpenMode:
    def test_shows_on_the_entry_page(self, api: Api) -> None:
        assert api.get("/")["auth_mode"] == "open"

    def test_shows_on_every_answer(self, service: Service) -> None:
        stranger = client_of(service, ("203.0.113.7", 1))
        for client in (client_of(service), stranger):
            for path in [*BROWSING, "/docs", "/api/users/", "/api/tickets/7", "/nowhere"]:
                assert client.get(path).headers["x-auth-mode"] == "open"

    @pytest.mark.parametrize(
        ("changes", "lines"), [({}, 1), ({"auth_required": False}, 1), ({"auth_required": True}, 0)]
    )
    def test_shows_in_the_log(
        self, caplog: pytest.LogCaptureFixture, changes: dict[str, Any], lines: int
    ) -> None:
        url = URL.create("sqlite", database="unused.db")
        with caplog.at_level(logging.WARNING, "nexticket.start"):
            announce_mode(settings_for(url, **changes))
        told = [record.getMessage() for record in caplog.records]
        assert [line.startswith("open mode: ") for line in told] == [True] * lines
