"""What the OpenAPI document declares of each operation, and a request to each."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import Session, SQLModel

from core.settings import Settings
from main import create_app
from tests.support.client import PASSWORD, PROBLEM, Api
from tests.support.service import Service
from work.domain import require_rights

os.environ.pop("DATABASE_URL", None)
_APP = create_app(Settings())
DOCUMENT: dict[str, Any] = _APP.openapi()
# What each role may do, by operation id.
RIGHTS = require_rights(_APP)


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(method, path, operation) of the whole document."""
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def declared(operation: dict[str, Any]) -> set[str]:
    contents = [answer.get("content", {}) for answer in operation["responses"].values()]
    schemas = [content[PROBLEM]["schema"] for content in contents if PROBLEM in content]
    return {code for schema in schemas for code in schema["properties"]["code"]["enum"]}


def example_path(path: str, operation: dict[str, Any], value: str = "1") -> str:
    for parameter in operation.get("parameters", ()):
        path = path.replace(f"{{{parameter['name']}}}", value)
    return path


def having(code: str) -> list[Any]:
    """(method, example path, operation) of those that declare a code."""
    return [
        pytest.param(method, path, operation, id=operation["operationId"])
        for method, path, operation in operations()
        if code in declared(operation)
    ]


def contents(service: Service) -> dict[str, list[Any]]:
    """All rows of all tables."""

    def read(session: Session) -> dict[str, list[Any]]:
        tables = SQLModel.metadata.sorted_tables
        return {
            table.name: [tuple(row) for row in session.execute(select(table).order_by(table.c.id))]
            for table in tables
        }

    return service.database.snapshot_now(read)


VALID_BODIES = {
    "create_ticket": {
        "event_name": "x",
        "event_date": "2030-01-01T00:00:00Z",
        "venue": "x",
        "price": 1,
        "total_quantity": 1,
        "category": "x",
    },
    "change_ticket_status": {"status": "sold"},
    "create_order": {"user_id": 1, "items": []},
    "add_order_item": {"ticket_id": 1, "quantity": 1},
    "change_order_status": {"status": "confirmed"},
    "share_order": {"user_id": 1},
    "add_to_cart": {"user_id": 1, "ticket_id": 1, "quantity": 1},
    "update_cart_item": {"quantity": 1},
    "create_api_key": {"name": "x", "role": "staff"},
    "refresh_token": {"refresh_token": "x"},
    "log_out": {"refresh_token": "x"},
    "change_password": {"current_password": "x", "new_password": "long enough"},
    "create_user": {"username": "abc", "email": "a@example.com", "full_name": "x"},
    "create_transaction": {"order_id": 1, "payment_method": "card"},
    "change_transaction_status": {"status": "success"},
}


def sensible(api: Api, method: str, path: str, operation: dict[str, Any]) -> Any:
    """A request that nothing but the state of the service can refuse."""
    value = "john" if "{username}" in path else "1"
    body = VALID_BODIES.get(operation["operationId"], {})
    arguments: dict[str, Any] = {"json": body} if "requestBody" in operation else {}
    if operation["operationId"] == "log_in":
        arguments = {"data": {"username": "john", "password": PASSWORD}}
    return api.request(method, example_path(path, operation, value), **arguments)
