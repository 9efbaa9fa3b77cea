"""The OpenAPI document: the contract's public form."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from core import idempotency
from core.errors import IdempotencyKeyReusedError, RequestInProgressError
from core.problems import FieldError, Problem, ValidationProblem, add_refusals
from core.schemas import MAX_ID

_SUMMARY = "Sell tickets: stock that is never sold twice, money exact to the cent."
_DESCRIPTION = """
Tickets, carts, orders that hold stock and expire, payments, refunds and analytics.

* **Errors** are `application/problem+json`; act on `code`, which is stable.
* **Lists** are plain arrays; follow the `Link` header to the next page.
* **Money** is a number with two decimals; **time** is RFC 3339 in UTC.
* **Retries**: send an `Idempotency-Key` with a POST, PUT or PATCH, and repeat it as it was when the
  answer is lost: it is carried out once, and answered again.
* Every answer carries `X-Request-ID`.
"""
_TAGS = [
    {"name": "Tickets", "description": "Kinds of admission on sale for an event, with stock."},
    {"name": "Orders", "description": "Orders hold stock, are paid, and expire if they are not."},
    {"name": "Cart", "description": "What a user means to buy; it holds no stock."},
    {"name": "Users", "description": "Accounts, profiles and order history."},
    {"name": "Transactions", "description": "Payments and refunds."},
    {"name": "Analytics", "description": "Figures that reconcile with the orders to the cent."},
    {"name": "Auth", "description": "Log-in, tokens, passwords and API keys."},
    {"name": "Service", "description": "What this service is, and whether it is well."},
]
_LINK = {
    "description": '`<…>; rel="next"`, present exactly when there is a next page.',
    "schema": {"type": "string"},
}
_TOTAL = {
    "description": "How many objects there are, with `count=true`.",
    "schema": {"type": "integer"},
}
_LOCATION = {"description": "The address of the new object.", "schema": {"type": "string"}}

_KEY = {
    "name": idempotency.HEADER,
    "in": "header",
    "required": False,
    "description": (
        "A random text of your own (a UUID, say), bare or in quotes. The same request under the"
        " same key is carried out once; for 24 hours its answer is replayed, with"
        f" `{idempotency.REPLAYED}: true`. What never ran (400, 401, 403, 422, 429) and 5xx are not"
        " kept: send them again under the same key."
    ),
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": idempotency.MAX_LENGTH,
        "pattern": idempotency.PATTERN,
    },
    "example": "5b0c2f1e-7d0b-4c1e-9f7e-0f3f3e0a9a51",
}
_REPLAYED = {
    "description": "`true`: the answer to an earlier request with the same key.",
    "schema": {"type": "string", "enum": ["true"]},
}

# Bounds that the deployment sets: the schema and its field, and the setting.
_SET_BOUNDS = {("OrderLine", "quantity"): "max_units_per_ticket"}

Amend = Callable[[dict[str, Any]], None]


def describe(app: FastAPI, *, amend: Amend) -> None:
    """Give the app its document, made once and kept; ``amend`` adds what others know of it."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
            amend(app.openapi_schema)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _document(app: FastAPI) -> dict[str, Any]:
    schema = get_openapi(
        title=app.title,
        version=app.version,
        summary=_SUMMARY,
        description=_DESCRIPTION,
        tags=_TAGS,
        routes=app.routes,
        license_info={"name": "MIT", "identifier": "MIT"},
    )
    _, problems = models_json_schema(
        [(model, "serialization") for model in (FieldError, Problem, ValidationProblem)],
        ref_template="#/components/schemas/{model}",
    )
    schema["components"]["schemas"].update(problems["$defs"])
    for path in schema["paths"].values():
        for method, operation in path.items():
            _add_headers(operation)
            if method.upper() in idempotency.METHODS:
                _add_idempotency_key(operation)
    for (model, field), setting in _SET_BOUNDS.items():
        bounded = schema["components"]["schemas"][model]["properties"][field]
        bounded["maximum"] = getattr(app.state.settings, setting)
    _make_bounds_exact(schema)
    return schema


def _add_headers(operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    if "201" in responses:
        responses["201"]["headers"] = {"Location": _LOCATION}
    if any(parameter["name"] == "after" for parameter in operation.get("parameters", ())):
        responses["200"]["headers"] = {"Link": _LINK, "X-Total-Count": _TOTAL}


def _add_idempotency_key(operation: dict[str, Any]) -> None:
    operation.setdefault("parameters", []).append(_KEY)
    add_refusals(operation, RequestInProgressError, IdempotencyKeyReusedError)
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            response.setdefault("headers", {})[idempotency.REPLAYED] = _REPLAYED


def _make_bounds_exact(node: Any) -> None:
    """Bounds of integers as integers: FastAPI's floats would round the largest id up."""
    if isinstance(node, list):
        for item in node:
            _make_bounds_exact(item)
    elif isinstance(node, dict):
        if node.get("type") == "integer":
            bounds = node.keys() & {"minimum", "maximum"}
            node.update({name: min(int(node[name]), MAX_ID) for name in bounds})
        for item in node.values():
            _make_bounds_exact(item)
