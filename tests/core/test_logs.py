"""One line per request, that programs can read; faults of ours once, with their trace."""

import logging
from collections.abc import Iterator

import anyio
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.types import Message

from core.settings import Settings
from main import create_app
from tests.support.log_lines import Lines, restored_logging
from tests.support.service import fresh_database, settings_for


@pytest.fixture
def settings(request: pytest.FixtureRequest, worker_name: str) -> Iterator[Settings]:
    with fresh_database("sqlite", request, worker_name) as url:
        yield settings_for(url, environment="production", log_level="INFO")


@pytest.fixture
def lines() -> Iterator[Lines]:
    """What the service writes; the logging of the other tests is as it was afterwards."""
    with restored_logging():
        yield Lines()


def app_with_a_fault(settings: Settings) -> FastAPI:
    app = create_app(settings)

    @app.get("/broken/{number}")
    def fail(number: int) -> None:
        raise RuntimeError(f"secret {number}")

    return app


@pytest.fixture
def client(lines: Lines, settings: Settings) -> Iterator[TestClient]:
    with lines.of(app_with_a_fault(settings)) as client:
        yield client


class TestRequestLine:
    def test_tells_method_route_status_duration_and_id(
        self, client: TestClient, lines: Lines
    ) -> None:
        client.get("/api/tickets/7", headers={"X-Request-ID": "mine"})
        line = lines.request()
        assert line["message"] == "request"
        assert (line["level"], line["client_request_id"]) == ("info", "mine")
        assert line["request_id"] != "mine"
        assert (line["method"], line["route"]) == ("GET", "/api/tickets/{ticket_id}")
        assert (line["status"], line["code"]) == (404, "ticket_not_found")
        assert 0 < line["duration_ms"] < 60_000
        assert line["time"].endswith("+00:00")

    @pytest.mark.parametrize(
        ("asked", "route", "status"),
        [
            ("GET /", "/", 200),
            ("GET /api/tickets", "/api/tickets/", 200),
            ("GET /api/tickets/search/by-event", "/api/tickets/search/by-event", 200),
            ("POST /api/users/", "/api/users/", 422),
            ("GET /broken/7", "/broken/{number}", 500),
            ("GET /wp-login.php?password=secret", "(no route)", 404),
            ("GET /nowhere%0A{}", "(no route)", 404),
        ],
    )
    def test_names_the_route_and_never_the_values(
        self, client: TestClient, lines: Lines, asked: str, route: str, status: int
    ) -> None:
        method, path = asked.split(" ")
        client.request(method, path)
        line = lines.request()
        assert (line["method"], line["route"], line["status"]) == (method, route, status)

    def test_has_no_code_when_nothing_is_refused(self, client: TestClient, lines: Lines) -> None:
        client.get("/health")
        assert "code" not in lines.request()

    def test_has_the_id_that_the_caller_was_told(self, client: TestClient, lines: Lines) -> None:
        told = client.get("/health").headers["x-request-id"]
        assert lines.request()["request_id"] == told

    def test_is_written_from_its_level_on(self, lines: Lines, settings: Settings) -> None:
        quiet = settings.model_copy(update={"log_level": "WARNING"})
        with lines.of(create_app(quiet)) as client:
            # Of the start, that no server of its own serves it.
            lines.text()
            client.get("/health")
            assert lines.text() == []

    def test_is_text_in_development(self, lines: Lines, settings: Settings) -> None:
        development = settings.model_copy(update={"environment": "development"})
        with lines.of(create_app(development)) as client:
            client.get("/api/users/7", headers={"X-Request-ID": "mine"})
        (line,) = [line for line in lines.text() if "client_request_id=mine" in line]
        assert " INFO    request method=GET route=/api/users/{user_id} status=404 " in line
        assert " code=user_not_found " in line


class TestFaults:
    def test_are_written_once_with_their_trace(self, client: TestClient, lines: Lines) -> None:
        told = client.get("/broken/7").headers["x-request-id"]
        written = lines.json()
        (fault,) = [line for line in written if "exception" in line]
        assert (fault["level"], fault["logger"]) == ("error", "nexticket.errors")
        assert fault["request_id"] == told
        assert fault["exception"].startswith("Traceback (most recent call last)")
        assert fault["exception"].endswith("RuntimeError: secret 7")
        (request,) = [line for line in written if line["logger"] == "nexticket.access"]
        assert (request["status"], request["code"]) == (500, "internal_error")

    def test_are_readable_in_development(self, lines: Lines, settings: Settings) -> None:
        development = settings.model_copy(update={"environment": "development"})
        with lines.of(app_with_a_fault(development)) as client:
            client.get("/broken/7")
        written = lines.text()
        assert written.count("RuntimeError: secret 7") == 1
        assert written.count("Traceback (most recent call last):") == 1

    def test_of_the_caller_are_none(self, client: TestClient, lines: Lines) -> None:
        client.post("/api/users/", content=b"{", headers={"Content-Type": "application/json"})
        client.get("/api/tickets/x")
        of_requests = [line for line in lines.json() if line["logger"] != "nexticket.start"]
        assert [line for line in of_requests if line["level"] != "info"] == []

    @pytest.mark.parametrize("path", ["/api/users/", "/api/payments/webhooks/test"])
    def test_a_caller_who_hangs_up_is_none(
        self, client: TestClient, lines: Lines, path: str
    ) -> None:
        answers: list[Message] = []

        async def hang_up() -> Message:
            return {"type": "http.disconnect"}

        async def note(message: Message) -> None:
            answers.append(message)

        headers = [
            (b"host", b"localhost"),
            (b"content-type", b"application/json"),
            (b"content-length", b"9"),
        ]
        address = {"path": path, "raw_path": path.encode(), "query_string": b""}
        scope = {"type": "http", "method": "POST", "headers": headers, **address}
        scope |= {"http_version": "1.1", "scheme": "http", "server": ("testserver", 80)}
        anyio.run(client.app, scope, hang_up, note)
        request = lines.request()
        assert (request["status"], request["code"]) == (400, "malformed_body")
        assert answers[0]["status"] == 400


class TestLines:
    def test_outside_of_requests_bear_no_id(self, lines: Lines, settings: Settings) -> None:
        lines.configure(settings)
        logging.getLogger("nexticket.expiry").warning("sweep %s", "postponed")
        (line,) = lines.json()
        assert (line["message"], line["request_id"]) == ("sweep postponed", "-")

    def test_stay_one_line_whatever_they_tell(self, lines: Lines, settings: Settings) -> None:
        lines.configure(settings)
        logging.getLogger("nexticket").info("a\nb", extra={"text": "c\nd", "thing": object})
        (line,) = lines.json()
        assert (line["message"], line["text"]) == ("a\nb", "c\nd")
        assert line["thing"] == "<class 'object'>"

    def test_of_the_server_go_the_same_way_and_its_request_lines_nowhere(
        self, lines: Lines, settings: Settings
    ) -> None:
        lines.configure(settings)
        logging.getLogger("uvicorn.error").info("Application startup complete.")
        logging.getLogger("uvicorn.access").info("GET /health 200")
        assert [line["logger"] for line in lines.json()] == ["uvicorn.error"]
