"""Rows that are removed a few at a time are as few as was said, however that is carried out."""

from sqlalchemy import func, select, text
from sqlmodel import Session

from core.store.batches import remove_batch
from models import login_sessions
from tests.support.client import PASSWORD, Api
from tests.support.service import Service

# Without these PostgreSQL looks for the batch anew for each row of the table.
TOGETHER = ("hashjoin", "mergejoin", "hashagg", "material", "sort")


def remove_two(session: Session) -> int:
    if session.get_bind().dialect.name == "postgresql":
        for way in TOGETHER:
            session.execute(text(f"SET LOCAL enable_{way} = off"))
    batch = select(login_sessions.c.id).limit(2).with_for_update(skip_locked=True)
    return remove_batch(session, login_sessions, batch)


def test_no_more_are_removed_than_the_limit(api: Api, service: Service) -> None:
    user = api.user(password=PASSWORD)
    for _ in range(9):
        api.log_in(user["username"])
    count = select(func.count()).select_from(login_sessions)
    assert service.database.write_now(remove_two) == 2
    assert service.database.read_now(lambda session: session.scalar(count)) == 7
