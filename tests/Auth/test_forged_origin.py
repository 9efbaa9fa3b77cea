"""Where a request comes from is what TRUSTED_PROXIES says, however the service is started."""

from collections.abc import Iterator
from contextlib import ExitStack, closing

import httpx2
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import URL

from tests.support.service import fresh_database, running_service, settings_for
from tools.server import running_server

GUESSES = 20


@pytest.fixture
def url(request: pytest.FixtureRequest, worker_name: str) -> Iterator[URL]:
    with fresh_database("sqlite", request, f"{worker_name}_origin") as url:
        yield url


def test_a_caller_that_writes_a_new_address_with_each_guess_meets_the_limit(url: URL) -> None:
    """The server would believe it of every peer on this machine, if it was not told otherwise."""
    settings = {
        "DATABASE_URL": url.render_as_string(),
        "AUTH_REQUIRED": "true",
        "LOGIN_RATE_LIMIT": "2/minute",
    }
    form = {"username": "john", "password": "a walk in the snow"}
    with (
        running_server(settings) as (address, _),
        closing(httpx2.Client(base_url=address)) as guess,
    ):
        answers = [
            guess.post(
                "/api/auth/token", data=form, headers={"X-Forwarded-For": f"198.51.100.{number}"}
            )
            for number in range(GUESSES)
        ]
    assert [answer.status_code for answer in answers] == [401] * 2 + [429] * (GUESSES - 2)


class TestScheme:
    """Whether a caller came by HTTPS: a proxy tells, whom we trust."""

    @pytest.mark.parametrize(
        ("peer", "said", "is_secure"),
        [
            ("10.0.0.1", "https", True),
            ("10.0.0.1", "http", False),
            ("10.0.0.1", "nonsense", False),
            ("203.0.113.7", "https", False),
            ("junk", "https", False),
        ],
    )
    def test_is_a_trusted_proxys_to_tell(
        self, url: URL, peer: str, said: str, *, is_secure: bool
    ) -> None:
        with ExitStack() as stack:
            settings = settings_for(url, trusted_proxies="10.0.0.0/8")
            service = stack.enter_context(running_service(settings))
            caller = TestClient(service.app, client=(peer, 1))
            answer = caller.get("/health", headers={"X-Forwarded-Proto": said})
        assert ("strict-transport-security" in answer.headers) == is_secure
