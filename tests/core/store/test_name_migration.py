"""What revision 0020 writes down for people who are there: by which names they are found."""

from typing import Any

import pytest
from alembic import command
from sqlalchemy import text

from core.store.schema_version import alembic_config, migration_connection
from tests.support.service import BACKENDS, fresh_database, settings_for

BEFORE = "0019"
# More than are written at once.
PEOPLE = 501
NAMES = {1: "Ada", 2: "Émile ÖZTÜRK", 3: "Fi\N{LATIN SMALL LIGATURE FI}", 501: "Zoë"}


def fill(connection: Any) -> None:
    for number in range(1, PEOPLE + 1):
        connection.execute(
            text(
                "INSERT INTO users (id, username, username_key, email, email_key, full_name, role,"
                " is_active, created_at, updated_at) VALUES (:id, :name, :name, :name, :name,"
                " :full, 'customer', FALSE, '2026-01-01', '2026-01-01')"
            ),
            {"id": number, "name": f"User{number}", "full": NAMES.get(number, "N")},
        )
    connection.execute(text("UPDATE users SET erased_at = '2026-01-02' WHERE id = 1"))


@pytest.mark.parametrize("backend", BACKENDS)
def test_all_but_who_was_erased_are_found_by_their_names(
    backend: str, request: pytest.FixtureRequest, worker_name: str
) -> None:
    told = text("SELECT id, search_text FROM users WHERE id IN (1, 2, 3, 4, 501) ORDER BY id")
    with (
        fresh_database(backend, request, f"{worker_name}_names") as url,
        migration_connection(settings_for(url)) as connection,
    ):
        command.upgrade(alembic_config(connection), BEFORE)
        fill(connection)
        command.upgrade(alembic_config(connection), "head")
        found = {row.id: row.search_text for row in connection.execute(told)}
        command.downgrade(alembic_config(connection), BEFORE)
    assert found == {
        1: "",
        2: "user2\nemile ozturk",
        3: "user3\nfifi",
        4: "user4\nn",
        501: "user501\nzoe",
    }
