"""A request's line in the log tells who asked, from where and for what, and neither in clear."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr
from sqlalchemy import text

from core.settings import Settings
from main import create_app
from tests.support.client import PASSWORD
from tests.support.clock import ManualClock
from tests.support.disputing import dispute
from tests.support.fake_provider import FakeProvider, taking_money
from tests.support.log_lines import Lines, restored_logging
from tests.support.service import Service, fresh_database, settings_for

KEY = "Zr7-kQ2_vN9xLw4TbY8mHc3JfPs6GdRa"
HOME, ELSEWHERE = "203.0.113.7", "198.51.100.9"
WRONG = "a walk in the snow"


@pytest.fixture
def settings(request: pytest.FixtureRequest, worker_name: str) -> Iterator[Settings]:
    with fresh_database("sqlite", request, worker_name) as url:
        yield settings_for(
            url,
            environment="production",
            second_factor="optional",
            log_level="INFO",
            secret_key=KEY,
            trusted_proxies="127.0.0.1",
            login_rate_limit="2/hour",
        )


@pytest.fixture
def lines() -> Iterator[Lines]:
    with restored_logging():
        yield Lines()


@pytest.fixture
def client(lines: Lines, settings: Settings) -> Iterator[TestClient]:
    with lines.of(create_app(settings)) as client:
        client.headers["X-Forwarded-For"] = HOME
        body = {"username": "John", "email": "john@example.com", "full_name": "John"}
        assert client.post("/api/users/", json=body | {"password": PASSWORD}).is_success
        lines.text()
        yield client


def log_in(client: TestClient, name: str = "john", password: str = PASSWORD, **more: str) -> Any:
    form = {"username": name, "password": password}
    return client.post("/api/auth/token", data=form, headers=more)


@pytest.fixture
def john(client: TestClient, lines: Lines) -> dict[str, str]:
    """What John shows to be known."""
    headers = {"Authorization": f"Bearer {log_in(client).json()['access_token']}"}
    lines.text()
    return headers


class TestTheCaller:
    def test_is_told_with_the_log_in(
        self, client: TestClient, lines: Lines, john: dict[str, str]
    ) -> None:
        assert client.get("/api/users/1", headers=john).is_success
        line = lines.request()
        assert (line["caller"], line["means"], line["user_id"]) == ("user:1", "session:1", 1)

    @pytest.mark.parametrize(("path", "status"), [("/api/users/", 403), ("/api/orders/7", 404)])
    def test_is_told_of_who_may_not(
        self, client: TestClient, lines: Lines, john: dict[str, str], path: str, status: int
    ) -> None:
        assert client.get(path, headers=john).status_code == status
        line = lines.request()
        assert (line["caller"], line["status"]) == ("user:1", status)

    def test_is_told_with_the_key(
        self, client: TestClient, lines: Lines, john: dict[str, str]
    ) -> None:
        database: Any = client.app.state.database  # type: ignore[attr-defined]
        database.write_now(lambda session: session.execute(text("UPDATE users SET role = 'staff'")))
        body = {"name": "till", "role": "staff"}
        made = client.post("/api/auth/api-keys", json=body, headers=john).json()
        lines.text()
        client.get("/api/auth/me", headers={"X-API-Key": made["key"]})
        line = lines.request()
        assert (line["caller"], line["means"]) == ("user:1", "key:1")

    def test_is_anonymous_who_shows_nothing_and_nobody_who_shows_nonsense(
        self, client: TestClient, lines: Lines
    ) -> None:
        client.get("/api/tickets/")
        assert lines.request()["caller"] == "anonymous"
        client.get("/api/auth/me", headers={"Authorization": "Bearer user:1"})
        assert "caller" not in lines.request()

    def test_is_the_provider_whose_word_it_is(
        self, client: TestClient, lines: Lines, settings: Settings
    ) -> None:
        app: Any = client.app
        service = Service(app, client, app.state.database, settings, ManualClock())
        path = "/api/payments/webhooks/stripe"
        with taking_money(service, FakeProvider()) as provider:
            told = provider.event(dispute({"provider_reference": "of somebody else"}))
            assert client.post(path, content=told).is_success
            line = lines.request()
            assert (line["caller"], line["means"]) == ("provider:stripe", "event:evt_1")
            # Not what merely says so.
            assert client.post(path, content=b"evt_2").status_code == 400
            assert "provider" not in str(lines.request().get("caller"))


class TestTheObjects:
    def test_are_the_ids_of_the_path(
        self, client: TestClient, lines: Lines, john: dict[str, str]
    ) -> None:
        client.delete("/api/orders/5/users/6", headers=john)
        line = lines.request()
        assert (line["order_id"], line["user_id"]) == (5, 6)

    @pytest.mark.parametrize("path", ["orders/john@example.com", "orders/" + "9" * 20, "orders/²"])
    def test_are_no_other_words_of_the_path(
        self, client: TestClient, lines: Lines, path: str
    ) -> None:
        client.get(f"/api/{path}")
        assert "order_id" not in lines.request()

    def test_are_no_names(self, client: TestClient, lines: Lines, john: dict[str, str]) -> None:
        client.get("/api/users/username/John", headers=john)
        assert "john" not in str(lines.request()).lower()


class TestTheHousehold:
    def of(self, client: TestClient, lines: Lines, address: str) -> str:
        client.get("/health", headers={"X-Forwarded-For": address})
        line = lines.request()
        assert address not in str(line)
        told: str = line["household"]
        return told

    def test_is_the_same_each_time_and_another_elsewhere(
        self, client: TestClient, lines: Lines
    ) -> None:
        told = [self.of(client, lines, one) for one in (HOME, ELSEWHERE, HOME)]
        assert told[0] == told[2] != told[1]
        assert [len(one) for one in told] == [16] * 3

    def test_is_one_for_all_addresses_of_a_network_at_home(
        self, client: TestClient, lines: Lines
    ) -> None:
        told = {self.of(client, lines, f"2001:db8:1:2::{number}") for number in (1, 2)}
        assert len(told) == 1

    def test_is_found_out_by_nobody_without_the_key(
        self, client: TestClient, lines: Lines, settings: Settings
    ) -> None:
        here = self.of(client, lines, HOME)
        with lines.of(
            create_app(settings.model_copy(update={"secret_key": SecretStr("x" * 48)}))
        ) as other:
            lines.text()
            assert self.of(other, lines, HOME) != here

    def test_is_told_however_long_the_chain_of_proxies(
        self, client: TestClient, lines: Lines
    ) -> None:
        chain = f"{'192.0.2.1, ' * 50}{HOME}"
        assert self.of(client, lines, chain) == self.of(client, lines, HOME)


class TestAFailedLogIn:
    def test_tells_which_account_and_household_and_neither_in_clear(
        self, client: TestClient, lines: Lines
    ) -> None:
        told = []
        for name in ("john", "JOHN", "jane"):
            assert log_in(client, name, WRONG).status_code == 401
            line = lines.request()
            assert (line["code"], line["level"]) == ("invalid_credentials", "warning")
            assert name not in str(line)
            told.append((line["account"], line["household"]))
        assert told[0] == told[1]
        assert told[0][0] != told[2][0]
        assert told[0][1] == told[2][1]

    def test_that_is_one_too_many_tells_so_as_well(self, client: TestClient, lines: Lines) -> None:
        accounts = []
        for _ in range(3):
            answer = log_in(client, "john", WRONG)
            accounts.append(lines.request()["account"])
        assert answer.status_code == 429
        assert len(set(accounts)) == 1

    def test_can_be_counted_by_account_and_by_address(
        self, client: TestClient, lines: Lines
    ) -> None:
        for address in (HOME, ELSEWHERE):
            log_in(client, "john", WRONG, **{"X-Forwarded-For": address})
        log_in(client, "jane", WRONG)
        failed = [line for line in lines.json() if line.get("code") == "invalid_credentials"]
        assert len({line["account"] for line in failed}) == 2
        assert len({line["household"] for line in failed}) == 2
