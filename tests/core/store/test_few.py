"""A few keys are looked up, in the words of either database."""

from typing import Any

import pytest
from sqlalchemy import Select, select
from sqlalchemy.dialects import registry

from core.store.few import one_of_few
from models import tickets, users
from tests.support.client import Api
from tests.support.service import Service

MEANT = select(users.c.full_name).where(users.c.full_name == users.c.full_name)


def test_rows_of_these_keys_are_found_and_no_others(api: Api, service: Service) -> None:
    gala, _ = api.ticket(event_name="Gala"), api.ticket(event_name="Ball")
    api.user("ann", full_name="Gala")
    api.user("bob", full_name="Gala")
    found = select(tickets.c.id).where(one_of_few(tickets.c.event_name, MEANT))
    none = found.where(one_of_few(tickets.c.id, select(users.c.id).where(users.c.id < 0)))
    assert ids(service, found) == [gala["id"]]
    assert ids(service, none) == []


def ids(service: Service, asked: Select[int]) -> list[int]:
    return service.database.read_now(lambda session: list(session.execute(asked).scalars()))


@pytest.mark.parametrize(
    ("name", "words"), [("postgresql", "= ANY(ARRAY(SELECT"), ("sqlite", "IN (SELECT")]
)
def test_postgresql_is_not_left_to_guess_how_many_there_are(name: str, words: str) -> None:
    asked = select(tickets.c.id).where(one_of_few(tickets.c.event_name, MEANT))
    dialect: Any = registry.load(name)
    assert words in str(asked.compile(dialect=dialect()))
