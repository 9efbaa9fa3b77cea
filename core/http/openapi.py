"""The OpenAPI document: the contract's public form."""

import threading
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from core.errors import IdempotencyKeyReusedError, RequestInProgressError, SkipTooDeepError
from core.http import idempotency_key
from core.http.conditional import add_conditions
from core.http.kinds import AMBIGUOUS
from core.http.money_examples import tell_examples_in_currency
from core.http.problem_schemas import add_components
from core.http.problems import add_refusals
from core.money import selling_in
from core.pagination import MAX_COUNT
from core.schemas import MAX_ID

_LINK = {
    "description": '`<…>; rel="next"`, present exactly when there is a next page.',
    "schema": {"type": "string"},
}
_TOTAL = {
    "description": f"How many objects there are, with `count=true`, up to {MAX_COUNT:,}.",
    "schema": {"type": "integer", "minimum": 0, "maximum": MAX_COUNT},
}
_AT_LEAST = {
    "description": (
        "In place of `X-Total-Count` where there are more objects than are counted: how many there"
        " are at least."
    ),
    "schema": {"type": "integer", "enum": [MAX_COUNT]},
}
_LOCATION = {"description": "The address of the new object.", "schema": {"type": "string"}}

_KEY = {
    "name": idempotency_key.HEADER,
    "in": "header",
    "required": False,
    "description": (
        "A random text of your own (a UUID, say), bare or in quotes. The same request under the"
        " same key is carried out once; for 24 hours its answer is replayed, with"
        f" `{idempotency_key.REPLAYED}: true`."
        " What never ran (400, 401, 403, 422, 429) and 5xx are not"
        " kept: send them again under the same key."
    ),
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": idempotency_key.MAX_LENGTH,
        "pattern": idempotency_key.PATTERN,
    },
    "example": "5b0c2f1e-7d0b-4c1e-9f7e-0f3f3e0a9a51",
}
_REPLAYED = {
    "description": "`true`: the answer to an earlier request with the same key.",
    "schema": {"type": "string", "enum": ["true"]},
}


def describe(
    app: FastAPI,
    *,
    tags: Mapping[str, str],
    currency: str,
    amend: Callable[[dict[str, Any]], None],
) -> None:
    """Give the app its document, made once and kept.

    ``tags`` are {name: description}; ``amend`` adds what others know of the finished document.
    """
    making = threading.Lock()

    def document() -> dict[str, Any]:
        # Nobody is shown half of it, nor does another begin on what one is still adding to.
        with making:
            if app.openapi_schema is None:
                with selling_in(currency):
                    made = _document(app, tags)
                    amend(made)
                    add_components(made)
                    tell_examples_in_currency(made)
                app.openapi_schema = made
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _document(app: FastAPI, tags: Mapping[str, str]) -> dict[str, Any]:
    schema = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=app.description,
        tags=[{"name": name, "description": text} for name, text in tags.items()],
        routes=app.routes,
        license_info={"name": "MIT", "identifier": "MIT"},
        servers=[{"url": "/", "description": "Where this document is."}],
    )
    for path in schema["paths"].values():
        for method, operation in path.items():
            # What two readers would read differently is refused at every address.
            add_refusals(operation, AMBIGUOUS)
            _add_location(operation)
            _add_pages(operation)
            add_conditions(method, operation, schema["components"]["schemas"])
            takes_key = not operation.pop(idempotency_key.NOT_TAKEN, False)
            if takes_key and method.upper() in idempotency_key.METHODS:
                _add_idempotency_key(operation)
    _make_bounds_exact(schema)
    _complete_examples(schema["components"]["schemas"], schema["components"]["schemas"])
    return schema


def _add_location(operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    if "201" in responses:
        responses["201"]["headers"] = {"Location": _LOCATION}


def _add_pages(operation: dict[str, Any]) -> None:
    """What every list answers."""
    if not any(parameter["name"] == "after" for parameter in operation.get("parameters", ())):
        return
    operation["responses"]["200"]["headers"] = {
        "Link": _LINK,
        "X-Total-Count": _TOTAL,
        "X-Total-Count-At-Least": _AT_LEAST,
    }
    add_refusals(operation, SkipTooDeepError)


def _add_idempotency_key(operation: dict[str, Any]) -> None:
    operation.setdefault("parameters", []).append(_KEY)
    add_refusals(operation, RequestInProgressError, IdempotencyKeyReusedError)
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            response.setdefault("headers", {})[idempotency_key.REPLAYED] = _REPLAYED


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


def _complete_examples(node: Any, schemas: dict[str, Any]) -> None:
    """Nulls, which FastAPI leaves out of examples, where something has to stand."""
    if isinstance(node, list):
        for item in node:
            _complete_examples(item, schemas)
    elif isinstance(node, dict):
        if isinstance(node.get("examples"), list):
            node["examples"] = [_completed(one, node, schemas) for one in node["examples"]]
        for name, item in node.items():
            if name != "examples":
                _complete_examples(item, schemas)


def _completed(value: Any, schema: dict[str, Any], schemas: dict[str, Any]) -> Any:
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    if isinstance(value, list):
        return [_completed(item, schema.get("items", {}), schemas) for item in value]
    if not isinstance(value, dict) or "properties" not in schema:
        return value
    inner = schema["properties"]
    told = {name: _completed(one, inner.get(name, {}), schemas) for name, one in value.items()}
    return told | {name: None for name in schema.get("required", ()) if name not in told}
