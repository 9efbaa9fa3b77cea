"""What the OpenAPI document declares of each operation, and a request to each."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import Session, SQLModel

from Auth.credentials import PLAIN_COOKIE
from core.http.event_streams import EVENTS
from core.http.files import CSV
from core.http.problem_schemas import codes_of
from core.settings import Settings
from main import create_app
from tests.support.client import PASSWORD, Api
from tests.support.service import Service
from work.domain import require_rights

os.environ.pop("DATABASE_URL", None)
_APP = create_app(Settings())
DOCUMENT: dict[str, Any] = _APP.openapi()
# What each role may do, by operation id.
RIGHTS = require_rights(_APP)
# What stands for a text in an address; also the username of the user 1 where there is one.
TEXT = "john"


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(method, path, operation) of the whole document."""
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def declared(operation: dict[str, Any]) -> set[str]:
    return {code for answer in operation["responses"].values() for code in codes_of(answer)}


def path_parameters(operation: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The schemas of what stands in an operation's address, by name."""
    parameters = operation.get("parameters", ())
    return {one["name"]: one["schema"] for one in parameters if one["in"] == "path"}


def example_path(path: str, operation: dict[str, Any], **values: str) -> str:
    """The address with values; ids are 1, and texts are ``TEXT``, where nothing else is said."""
    for name, schema in path_parameters(operation).items():
        value = "1" if schema["type"] == "integer" else TEXT
        path = path.replace(f"{{{name}}}", values.get(name, value))
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
        found = {}
        for table in SQLModel.metadata.sorted_tables:
            rows = session.execute(select(table).order_by(*table.primary_key))
            found[table.name] = [tuple(row) for row in rows]
        return found

    return service.database.snapshot_now(read)


def _example_of(operation: dict[str, Any]) -> Any:
    """The body that the documentation shows; the answers of all tests hold it to be a good one."""
    (content,) = operation["requestBody"]["content"].values()
    (schema,) = [one for one in _alternatives(content["schema"]) if "$ref" in one]
    model = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return model["examples"][0]


def _alternatives(schema: dict[str, Any]) -> list[dict[str, Any]]:
    alternatives: list[dict[str, Any]] = schema.get("anyOf", [schema])
    return alternatives


# A valid body for each operation that takes one, by operation id.
BODIES: dict[str, Any] = {
    operation["operationId"]: _example_of(operation)
    for _, _, operation in operations()
    if "requestBody" in operation
}


# What a query has to say, by operation id.
QUERIES = {"listen_to_tickets": "?ids=1"}


def sensible(api: Api, method: str, path: str, operation: dict[str, Any]) -> Any:
    """A request that nothing but the state of the service can refuse."""
    name = operation["operationId"]
    arguments: dict[str, Any] = {"json": BODIES[name]} if name in BODIES else {}
    values = {}
    if name in {"log_in", "log_in_browser"}:
        arguments = {"data": {"username": TEXT, "password": PASSWORD}}
    if "/browser/" in path:
        # A page of ours; the cookie is one that nobody was given.
        cookie = f"{PLAIN_COOKIE}={'k' * 22}.{'s' * 43}"
        arguments["headers"] = {"Sec-Fetch-Site": "same-origin", "Cookie": cookie}
    if name == "hear_payment_provider":
        # The first event of the provider that is set up, if there is one.
        arguments, values = {"content": b"evt_1"}, {"provider": "stripe"}
    address = example_path(path, operation, **values) + QUERIES.get(name, "")
    return api.request(method, address, **arguments)


def is_file(operation: Any) -> bool:
    """Whether it is answered by a file, which is made while it is sent."""
    return CSV in operation["responses"].get("200", {}).get("content", {})


def is_stream(operation: Any) -> bool:
    """Whether it is answered by events, for as long as somebody listens."""
    return EVENTS in operation["responses"].get("200", {}).get("content", {})


def is_of_any_length(operation: Any) -> bool:
    return is_file(operation) or is_stream(operation)
