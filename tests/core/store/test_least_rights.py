"""The service needs no more of PostgreSQL than docs/guides/operations.md gives to its role."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import URL, create_engine, text
from sqlalchemy.exc import ProgrammingError
from sqlmodel import Session

from core.store.schema_version import ROOT
from main import create_app
from tests.support.client import Api
from tests.support.clock import ManualClock
from tests.support.declared import operations, sensible
from tests.support.lives import live
from tests.support.markdown import blocks_of
from tests.support.service import fresh_database, local_client, migrate, settings_for

PASSWORD = "of-the-role"  # noqa: S105 - of a database that ends with the test


@pytest.fixture
def role(request: pytest.FixtureRequest, worker_name: str) -> Iterator[URL]:
    """A migrated database, as the role sees it that was made by the guide's statements."""
    name = f"shop_{worker_name}"
    with fresh_database("postgres", request, f"{worker_name}_least") as url:
        migrate(settings_for(url))
        engine = create_engine(url.set(drivername="postgresql+psycopg2"))
        with engine.begin() as connection:
            connection.execute(text(granted(name)))
        yield url.set(username=name, password=PASSWORD)
        with engine.begin() as connection:
            connection.execute(text(f"DROP OWNED BY {name}; DROP ROLE {name}"))
        engine.dispose()


def granted(name: str) -> str:
    guide = ROOT / "docs/guides/operations.md"
    (block,) = (block for block in blocks_of(guide) if block.language == "sql")
    return block.text.replace("nexticket_service", name).replace("…", PASSWORD)


def test_all_that_can_happen_happens_with_them(role: URL) -> None:
    app = create_app(settings_for(role), clock=ManualClock())
    with local_client(app) as client:
        api = Api(client, app.state.clock, app)
        live(api)
        for method, path, operation in operations():
            assert sensible(api, method, path, operation).status_code < 500, path
        assert api.get("/api/analytics/reconciliation")["is_consistent"]
        assert client.get("/health/ready").status_code == 200


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TRIGGER {trigger} ON movements",
        "ALTER TABLE movements DISABLE TRIGGER ALL",
        "TRUNCATE movements",
        "DELETE FROM audit_entries",
        "UPDATE movements SET actor = 'nobody'",
        "CREATE TABLE mine (id int)",
        "UPDATE alembic_version SET version_num = 'x'",
    ],
)
def test_nobody_takes_the_walls_down_with_them(role: URL, statement: str) -> None:
    engine = create_engine(role.set(drivername="postgresql+psycopg2"))
    find = (
        "SELECT tgname FROM pg_trigger WHERE tgrelid = 'movements'::regclass AND NOT tgisinternal"
    )

    def run(session: Session) -> Any:
        trigger = session.execute(text(find)).scalars().first()
        return session.execute(text(statement.format(trigger=trigger)))

    with Session(engine) as session, pytest.raises(ProgrammingError, match=r"denied|must be owner"):
        run(session)
    engine.dispose()
