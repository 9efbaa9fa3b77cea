"""What is told of an order, and databases as they were before there was a ledger to tell it."""

from typing import Any

from alembic import command

from core.store.schema_version import alembic_config, migration_connection
from tests.support.client import Api
from tests.support.service import Service


def history(api: Api, order: Any) -> Any:
    return api.get(f"/api/orders/{order['id']}/history")


def events(api: Api, order: Any) -> list[Any]:
    told: list[Any] = history(api, order)["events"]
    return told


def names(api: Api, order: Any) -> list[str]:
    return [event["event"] for event in events(api, order)]


def migrate_to(service: Service, revision: str) -> None:
    """Forward to the newest, or back to another."""
    move = command.upgrade if revision == "head" else command.downgrade
    with migration_connection(service.settings) as connection:
        move(alembic_config(connection), revision)
