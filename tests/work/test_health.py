"""What is not a domain: the entry page, the health checks, and what surrounds every request."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import URL, text

from core.settings import Settings
from database import Database
from main import create_app
from tests.support.client import PROBLEM, Api
from tests.support.service import (
    Service,
    fresh_database,
    local_client,
    running_service,
    settings_for,
)
from tools.postgres import free_port

SHOP = "https://shop.example"
NEW_ID = re.compile("[0-9a-f]{16}")


@pytest.fixture
def settings(request: pytest.FixtureRequest, worker_name: str) -> Iterator[Settings]:
    """For an app of one's own; what surrounds a request does not depend on the database."""
    with fresh_database("sqlite", request, worker_name) as url:
        yield settings_for(url, cors_origins=SHOP, max_body_bytes=1024, log_level="CRITICAL")


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    with local_client(create_app(settings)) as client:
        yield client


def problem(response: Response, status: int, code: str) -> None:
    """The answer is this problem, and a complete one."""
    assert response.status_code == status
    assert response.headers["content-type"] == PROBLEM
    body = response.json()
    assert (body["status"], body["code"]) == (status, code)
    assert body["request_id"] == response.headers["x-request-id"]


class TestEntry:
    def test_tells_what_the_service_is_and_where_to_go(self, api: Api) -> None:
        entry = api.get("/")
        assert (entry["name"], entry["version"]) == ("Nexticket API", "0.1.0")
        for address in (entry["docs"], entry["redoc"], entry["openapi"], entry["health"]):
            assert api.request("GET", address).status_code == 200
        user = api.user()
        for template in entry["resources"].values():
            api.get(template.replace("{user_id}", str(user["id"])))


class TestHealth:
    def test_alive_is_200(self, api: Api) -> None:
        assert api.get("/health") == {"status": "ok", "version": "0.1.0"}

    def test_ready_is_200_when_the_schema_is_this_release_s(self, api: Api) -> None:
        assert api.get("/health/ready") == {"status": "ok", "version": "0.1.0"}

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ("UPDATE alembic_version SET version_num = '9999'", "newer than this release's"),
            ("DELETE FROM alembic_version", "run `make migrate`"),
        ],
    )
    def test_another_schema_is_alive_but_not_ready(
        self, api: Api, service: Service, change: str, said: str
    ) -> None:
        with changed_version(service.database, change):
            answer = api.request("GET", "/health/ready")
            problem(answer, 503, "schema_outdated")
            assert said in answer.json()["detail"]
            assert answer.headers["retry-after"] == "30"
            api.get("/health")
        api.get("/health/ready")

    def test_no_database_is_alive_but_not_ready(self) -> None:
        url = URL.create("postgresql+psycopg2", "nobody", host="127.0.0.1", port=free_port())
        settings = settings_for(url)
        app = create_app(settings)
        app.state.database = Database(settings)
        # Not started: a start would be refused. This is the database that goes away later.
        client = TestClient(app)
        answer = client.get("/health/ready")
        problem(answer, 503, "database_unavailable")
        assert answer.headers["retry-after"] == "1"
        assert "127.0.0.1" not in answer.text
        assert client.get("/health").status_code == 200
        problem(client.get("/api/tickets/"), 503, "database_unavailable")

    def test_a_process_that_stops_is_alive_but_not_ready(self, settings: Settings) -> None:
        with running_service(settings) as service:
            service.database.refuse_newcomers()
            for path in ("/health/ready", "/api/tickets/"):
                answer = service.client.get(path)
                problem(answer, 503, "service_stopping")
                assert answer.headers["retry-after"] == "1"
                # The next attempt has to find another process.
                assert answer.headers["connection"] == "close"
            assert service.client.get("/health").status_code == 200


@contextmanager
def changed_version(database: Database, change: str) -> Iterator[None]:
    with database.writer.begin() as connection:
        revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        connection.execute(text(change))
    try:
        yield
    finally:
        with database.writer.begin() as connection:
            connection.execute(text("DELETE FROM alembic_version"))
            restored = text("INSERT INTO alembic_version VALUES (:revision)")
            connection.execute(restored, {"revision": revision})


class TestAddresses:
    def test_nothing_there_is_404(self, client: TestClient) -> None:
        problem(client.get("/nowhere"), 404, "not_found")
        problem(client.get("/docs-assets/nothing.js"), 404, "not_found")

    @pytest.mark.parametrize(
        ("method", "path", "allowed"),
        [
            ("PATCH", "/api/tickets/1", "DELETE, GET, HEAD, PUT"),
            ("DELETE", "/api/orders/", "GET, HEAD, POST"),
            ("DELETE", "/api/orders", "GET, HEAD, POST"),
            ("POST", "/health", "GET, HEAD"),
            ("PUT", "/api/orders/1/users", "DELETE, GET, HEAD, POST"),
            ("POST", "/docs-assets/favicon.png", "GET, HEAD"),
            # It would answer a request's own headers, with credentials in them.
            ("TRACE", "/health", "GET, HEAD"),
            ("TRACE", "/api/users/1", "DELETE, GET, HEAD, PUT"),
        ],
    )
    def test_another_method_is_405_and_told_all_that_are_possible(
        self, client: TestClient, method: str, path: str, allowed: str
    ) -> None:
        answer = client.request(method, path)
        problem(answer, 405, "method_not_allowed")
        assert answer.headers["allow"] == allowed

    @pytest.mark.parametrize("path", ["/api/tickets", "/api/orders", "/api/users", "/health"])
    def test_a_slash_at_the_end_makes_no_difference(self, client: TestClient, path: str) -> None:
        for address in (path, f"{path}/"):
            answer = client.get(address, follow_redirects=False)
            assert answer.status_code == 200

    def test_a_prefix_of_a_proxy_stands_in_every_address(self, settings: Settings) -> None:
        with local_client(create_app(settings), root_path="/gw") as client:
            user = {"full_name": "John Doe", "username": "john", "email": "john@example.com"}
            made = client.post("/gw/api/users", json=user)
            assert made.status_code == 201
            assert made.headers["location"] == f"/gw/api/users/{made.json()['id']}"
            client.post(
                "/gw/api/users/", json=user | {"username": "joe", "email": "joe@example.com"}
            )
            first = client.get("/gw/api/users", params={"limit": 1})
            link = first.headers["link"]
            assert link.startswith("</gw/api/users/?")
            assert len(client.get(link.removeprefix("<").partition(">")[0]).json()) == 1
            assert client.get("/gw/").json()["docs"] == "/gw/docs"
            assert client.get("/gw/openapi.json").json()["servers"] == [{"url": "/gw"}]
            assert client.patch("/gw/api/users/1").headers["allow"] == "DELETE, GET, HEAD, PUT"


class TestUnexpectedErrors:
    @pytest.fixture
    def broken(self, settings: Settings) -> Iterator[TestClient]:
        """An app with a route that has a fault."""
        app = create_app(settings)

        @app.get("/broken")
        def fail() -> None:
            raise RuntimeError("secret of SELECT * FROM users")

        with TestClient(app) as client:
            yield client

    def test_are_500_and_tell_nothing_but_the_request_id(self, broken: TestClient) -> None:
        answer = broken.get("/broken")
        problem(answer, 500, "internal_error")
        assert set(answer.json()) == {
            "type",
            "title",
            "status",
            "detail",
            "instance",
            "code",
            "request_id",
        }
        for secret in ("secret", "SELECT", "RuntimeError", "Traceback", ".py"):
            assert secret not in answer.text

    def test_can_be_read_by_pages_of_allowed_origins(self, broken: TestClient) -> None:
        answer = broken.get("/broken", headers={"Origin": SHOP})
        assert answer.status_code == 500
        assert answer.headers["access-control-allow-origin"] == SHOP
        assert "X-Request-ID" in answer.headers["access-control-expose-headers"]

    def test_leave_the_service_in_order(self, broken: TestClient) -> None:
        broken.get("/broken")
        assert broken.get("/api/tickets/").status_code == 200


class TestRequestId:
    @pytest.mark.parametrize("sane", ["a", "0af7651916cd43dd", "cart:7/try=2+1@x_y-z.q", "a" * 128])
    def test_of_the_caller_is_kept(self, client: TestClient, sane: str) -> None:
        for path in ("/health", "/nowhere"):
            assert client.get(path, headers={"X-Request-ID": sane}).headers["x-request-id"] == sane

    @pytest.mark.parametrize("strange", ["", " ", "two words", "a" * 129, 'x"y', "<x>", "x;y", "é"])
    def test_that_is_not_sane_is_replaced(self, client: TestClient, strange: str) -> None:
        headers = [(b"X-Request-ID", strange.encode())]
        assert NEW_ID.fullmatch(client.get("/health", headers=headers).headers["x-request-id"])

    def test_is_new_for_every_request(self, client: TestClient) -> None:
        ids = {client.get("/health").headers["x-request-id"] for _ in range(10)}
        assert len(ids) == 10


class TestCrossOrigin:
    @pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
    def test_preflight_allows_what_front_ends_send(self, client: TestClient, method: str) -> None:
        asked = {
            "Origin": SHOP,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": (
                "content-type, idempotency-key, if-match, if-none-match, x-request-id"
            ),
        }
        answer = client.options("/api/tickets/", headers=asked)
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == SHOP
        assert method in answer.headers["access-control-allow-methods"]
        allowed = answer.headers["access-control-allow-headers"].split(", ")
        assert {"idempotency-key", "if-match", "if-none-match"} <= set(allowed)

    @pytest.mark.parametrize("path", ["/api/tickets/", "/nowhere", "/api/tickets/x"])
    def test_answers_expose_the_headers_that_programs_need(
        self, client: TestClient, path: str
    ) -> None:
        answer = client.get(path, headers={"Origin": SHOP})
        assert answer.headers["access-control-allow-origin"] == SHOP
        exposed = set(answer.headers["access-control-expose-headers"].split(", "))
        assert exposed >= {"Location", "Link", "X-Request-ID", "Retry-After"}
        assert exposed >= {"X-Total-Count", "X-Total-Count-At-Least", "ETag"}

    def test_other_origins_are_not_allowed(self, client: TestClient) -> None:
        answer = client.get("/health", headers={"Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in answer.headers

    def test_any_origin_never_comes_with_credentials(self, settings: Settings) -> None:
        open_to_all = settings.model_copy(update={"cors_origins": ("*",)})
        with TestClient(create_app(open_to_all)) as client:
            answer = client.get("/health", headers={"Origin": SHOP})
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers


class TestBodyLimit:
    LARGE = b'"' + b"x" * 1023 + b'"'

    def test_a_larger_body_is_413(self, client: TestClient) -> None:
        self.refused(client.post("/api/users/", content=self.LARGE, headers={"Origin": SHOP}))

    def test_a_body_in_chunks_is_413_as_well(self, client: TestClient) -> None:
        chunks = (self.LARGE[start : start + 100] for start in range(0, len(self.LARGE), 100))
        headers = {"Origin": SHOP, "Content-Type": "application/json"}
        self.refused(client.post("/api/users/", content=chunks, headers=headers))

    def test_a_body_of_exactly_the_limit_is_read(self, client: TestClient) -> None:
        headers = {"Content-Type": "application/json"}
        answer = client.post("/api/users/", content=self.LARGE[1:], headers=headers)
        problem(answer, 400, "malformed_body")

    @pytest.mark.parametrize("announced", ["many", "-1", "1e3", "\u00b2"])
    def test_a_size_that_is_no_number_is_not_believed(
        self, client: TestClient, announced: str
    ) -> None:
        headers = [(b"Content-Type", b"application/json"), (b"Content-Length", announced.encode())]
        headers.append((b"Origin", SHOP.encode()))
        self.refused(client.post("/api/users/", content=self.LARGE, headers=headers))

    @staticmethod
    def refused(answer: Response) -> None:
        problem(answer, 413, "body_too_large")
        assert answer.json()["title"] == "Content Too Large"
        assert answer.headers["access-control-allow-origin"] == SHOP
