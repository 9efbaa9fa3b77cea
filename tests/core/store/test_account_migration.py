"""What revision 0011 makes of accounts, log-ins and keys that are there."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from alembic import command
from sqlalchemy import text

from core.settings import Settings
from core.store.schema_version import alembic_config, migration_connection
from core.text import account_key
from tests.support.service import BACKENDS, fresh_database, settings_for

BEFORE = "0006"
NOW = datetime.now(UTC)
FI = "\N{LATIN SMALL LIGATURE FI}ona@example.com"
WIDE = "\N{FULLWIDTH LATIN SMALL LETTER A}nna@example.com"
USERS = ["Fiona@example.com", FI, WIDE, "\N{LATIN SMALL LETTER E WITH ACUTE}mile@example.com"]
# Name, owner, end.
KEYS = [
    ("a customer's", 1, None),
    ("staff's", 2, NOW + timedelta(days=1)),
    ("of who has left", 3, None),
    ("nobody's", None, None),
]


@pytest.fixture(params=BACKENDS)
def settings(request: pytest.FixtureRequest, worker_name: str) -> Iterator[Settings]:
    with fresh_database(request.param, request, f"{worker_name}_accounts") as url:
        settings = settings_for(url)
        with migration_connection(settings) as connection:
            command.upgrade(alembic_config(connection), BEFORE)
            fill(connection)
            command.upgrade(alembic_config(connection), "head")
        yield settings


def fill(connection: Any) -> None:
    for number, email in enumerate(USERS, start=1):
        # The key as it was made by then.
        key = email.replace(email[0], email[0].lower(), 1)
        connection.execute(
            text(
                "INSERT INTO users (username, username_key, email, email_key, full_name, role,"
                " is_active, created_at, updated_at) VALUES"
                " (:name, :name, :email, :key, 'N', 'customer', :yes, :now, :now)"
            ),
            {"name": f"user{number}", "email": email, "key": key, "yes": True, "now": NOW},
        )
    connection.execute(text("UPDATE users SET role = 'staff' WHERE id = 2"))
    connection.execute(text("UPDATE users SET is_active = FALSE WHERE id = 3"))
    for name, user, ends in KEYS:
        connection.execute(
            text(
                "INSERT INTO api_keys (user_id, name, role, key_hash, hint, expires_at, created_at)"
                " VALUES (:user, :name, 'admin', :name, 'nxt_', :ends, :now)"
            ),
            {"name": name, "user": user, "ends": ends, "now": NOW},
        )
    connection.execute(
        text(
            "INSERT INTO login_sessions (user_id, key_hash, secret_hash, expires_at, revoked_at,"
            " created_at, updated_at) VALUES (1, 'a', 'a', :later, :now, :now, :now)"
        ),
        {"now": NOW, "later": NOW + timedelta(days=30)},
    )


def found(settings: Settings, query: str) -> list[Any]:
    with migration_connection(settings) as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_addresses_are_compared_in_one_form_and_of_two_the_older_one_keeps_it(
    settings: Settings,
) -> None:
    keys = dict(found(settings, "SELECT email, email_key FROM users"))
    assert keys.pop(FI) == FI
    assert keys == {email: account_key(email) for email in USERS if email != FI}


def test_keys_without_an_end_get_one(settings: Settings) -> None:
    (number,) = found(settings, "SELECT COUNT(*) FROM api_keys WHERE expires_at IS NULL")
    assert number == (0,)
    (ends,) = found(settings, "SELECT COUNT(DISTINCT expires_at) FROM api_keys")
    assert ends == (2,)


def test_keys_end_with_their_owners_and_have_no_higher_role(settings: Settings) -> None:
    roles = dict(found(settings, "SELECT name, role FROM api_keys"))
    assert roles == {"a customer's": "customer", "staff's": "staff", "nobody's": "admin"}


def test_log_ins_that_were_ended_can_be_put_away(settings: Settings) -> None:
    (number,) = found(settings, "SELECT COUNT(*) FROM login_sessions WHERE expires_at = revoked_at")
    assert number == (1,)
