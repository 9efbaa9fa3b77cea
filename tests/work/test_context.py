"""What a service sees before it is known who asks."""

import pytest
from sqlalchemy import Executable, bindparam, select
from sqlmodel import Session

from core.errors import NotAllowedError
from core.store.dialects import Sql
from core.store.statements import Row, statement
from models import users
from tests.support.client import Api
from tests.support.service import Service
from work.context import Context, Known, NotAdmittedError, Question, Terms


@statement
def one_user(_sql: Sql) -> Executable:
    return select(users.c.id).where(users.c.id == bindparam("one_id"))


@statement
def all_users(_sql: Sql) -> Executable:
    return select(users.c.id, users.c.username)


def test_nothing_is_seen_by_whom_an_answer_to_another_answer_refuses(
    api: Api, service: Service
) -> None:
    """As with an API key: whose it is has to be known before it is asked what is theirs."""
    user = api.user()
    questions: list[Question] = []

    def refuse(row: Row | None) -> None:
        assert row is None
        raise NotAllowedError

    def ask_more(row: Row | None) -> None:
        assert row is not None
        questions.append(Question(one_user, {"one_id": user["id"] + 1}, refuse))

    questions.append(Question(one_user, {"one_id": user["id"]}, ask_more))

    def look(session: Session) -> None:
        terms = Terms.of(service.settings)
        context = Context(session, service.clock(), terms, Known(), questions)
        with pytest.raises(NotAdmittedError):
            context.rows(all_users)

    service.database.read_now(look)
