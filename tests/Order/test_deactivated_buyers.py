"""Who is deactivated while they buy."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from tests.support.client import Api
from tests.support.service import Service
from tests.support.waiting import comes_to_wait

on_postgres = pytest.mark.parametrize(
    "shared_service", ["postgres"], indirect=True, scope="session"
)


@pytest.fixture
def administrator(service: Service) -> Iterator[Connection]:
    """Somebody who deactivates a user, and takes a moment to commit it."""
    with create_engine(service.settings.database, poolclass=NullPool).connect() as connection:
        yield connection


# SQLite has one writer at a time.
@on_postgres
@pytest.mark.parametrize("way", ["order", "cart"])
def test_get_nothing_that_is_committed_later(
    api: Api, service: Service, administrator: Connection, way: str
) -> None:
    user, ticket = api.user(), api.ticket()
    bodies: dict[str, Any] = {
        "order": ("/api/orders/", {"items": [{"ticket_id": ticket["id"], "quantity": 1}]}),
        "cart": ("/api/cart/", {"ticket_id": ticket["id"], "quantity": 1}),
    }
    path, body = bodies[way]
    answers: list[Any] = []

    def buy() -> None:
        answers.append(api.request("POST", path, json={"user_id": user["id"], **body}))

    administrator.execute(text("UPDATE users SET is_active = false"))
    buying = threading.Thread(target=buy)
    buying.start()
    is_waiting = comes_to_wait(buying, service.database)
    administrator.commit()
    buying.join()
    assert is_waiting
    assert (answers[0].status_code, answers[0].json()["code"]) == (409, "user_inactive")
    assert api.stock(ticket) == (100, 0, 0, 0)
