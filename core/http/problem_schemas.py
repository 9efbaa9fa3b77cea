"""Refusals as the OpenAPI document tells them: a schema for each kind, with the members it brings.

An operation names, for each status, the kinds that it can answer, told apart by ``code``: who
generates a client gets a type for each.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import Any

from core.http.kinds import INVALID, INVALID_STATUS, Kind, all_kinds
from core.money import as_number, currency

MEDIA_TYPE = "application/problem+json"

_SCHEMAS = "#/components/schemas/"
_EXAMPLES = "#/components/examples/"
_RETRY_AFTER = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")
# A truth value is an integer as well, to Python.
_TYPES = ((bool, "boolean"), (int, "integer"), (str, "string"))

FIELD_ERROR = {
    "type": "object",
    "description": "What is wrong with one value: of the body (`pointer`), or of the query, the"
    " path or a header (`parameter`).",
    "properties": {
        "pointer": {"type": "string", "examples": ["#/items/0/quantity"]},
        "parameter": {"type": "string", "examples": ["limit"]},
        "detail": {"type": "string"},
        "code": {"type": "string", "examples": ["greater_than_equal"]},
    },
    "required": ["detail", "code"],
}
_MORE_ERRORS = {
    "type": "integer",
    "description": "How many more mistakes there are, where not all are told.",
    "examples": [3],
}


def answer(kinds: Iterable[Kind]) -> dict[str, Any]:
    """The response of an operation that can be refused so, all with one status."""
    content: dict[str, Any] = {
        "schema": {"oneOf": [], "discriminator": {"propertyName": "code", "mapping": {}}},
        "examples": {},
    }
    response = {"description": "", "content": {MEDIA_TYPE: content}}
    for kind in kinds:
        add(response, kind)
    return response


def add(response: dict[str, Any], kind: Kind) -> None:
    """Let a response be of one more kind."""
    content = response["content"][MEDIA_TYPE]
    mapping = content["schema"]["discriminator"]["mapping"]
    if kind.code in mapping:
        return
    mapping[kind.code] = f"{_SCHEMAS}{schema_name(kind)}"
    content["schema"]["oneOf"].append({"$ref": mapping[kind.code]})
    content["examples"][kind.code] = {"$ref": f"{_EXAMPLES}{kind.code}"}
    said = f"`{kind.code}`: {kind.title}"
    response["description"] = "; ".join(filter(None, [response["description"], said]))
    if kind.waits:
        response.setdefault("headers", {}).update(_RETRY_AFTER)


def codes_of(response: Mapping[str, Any]) -> list[str]:
    """The kinds of refusal that a response of the document can be, if it is one."""
    content = response.get("content", {}).get(MEDIA_TYPE)
    return list(content["schema"]["discriminator"]["mapping"]) if content else []


def add_components(document: dict[str, Any]) -> None:
    """Say what the responses of the finished document refer to."""
    components = document["components"]
    examples = components.setdefault("examples", {})
    for kind in _named_in(document):
        _define(components["schemas"], schema_name(kind), schema(kind))
        examples[kind.code] = {"summary": kind.title, "value": example_of(kind)}
    _define(components["schemas"], "FieldError", FIELD_ERROR)


def _named_in(document: dict[str, Any]) -> Iterator[Kind]:
    kinds = all_kinds()
    operations = (one for path in document["paths"].values() for one in path.values())
    responses = (response for one in operations for response in one["responses"].values())
    for code in sorted({code for response in responses for code in codes_of(response)}):
        yield kinds[code]


def _define(schemas: dict[str, Any], name: str, schema: dict[str, Any]) -> None:
    if name in schemas:
        raise RuntimeError(f"a problem and a model are both called {name}")
    schemas[name] = schema


def schema_name(kind: Kind) -> str:
    return "".join(word.capitalize() for word in kind.code.split("_"))


def example_of(kind: Kind) -> dict[str, Any]:
    return {
        "type": f"/problems/{kind.code}",
        "title": kind.title,
        "status": kind.status,
        "detail": f"{kind.title}.",
        "instance": "/api/orders/",
        "code": kind.code,
        "request_id": "8f14e45fceea4671",
        **kind.example,
    }


def members(kind: Kind) -> dict[str, Any]:
    """The schemas of what it brings besides what all bring."""
    found = {name: _like(value) for name, value in kind.example.items() if name != "errors"}
    if kind.status == INVALID_STATUS:
        found["errors"] = {"type": "array", "items": {"$ref": f"{_SCHEMAS}FieldError"}}
    if kind is INVALID:
        found["more_errors"] = _MORE_ERRORS
    return found


def schema(kind: Kind) -> dict[str, Any]:
    brought = members(kind)
    common = {
        "type": {"type": "string", "description": "Where this kind of problem is explained."},
        "title": {"type": "string"},
        "status": {"type": "integer", "const": kind.status},
        "detail": {"type": "string"},
        "instance": {"type": "string", "description": "The address that was asked."},
        "code": {"type": "string", "const": kind.code},
        "request_id": {"type": "string"},
    }
    return {
        "type": "object",
        "description": f"{kind.title}.",
        "properties": common | brought,
        "required": [*common, *(name for name in brought if name in always_brought(kind))],
    }


def always_brought(kind: Kind) -> set[str]:
    return set(kind.example) - kind.optional


def _like(value: Any) -> dict[str, Any]:
    """The schema of all that looks like an example. A choice is read off a member of its enum."""
    if isinstance(value, dict):
        properties = {name: _like(inner) for name, inner in value.items()}
        return {"type": "object", "properties": properties, "required": list(value)}
    if isinstance(value, list) and value:
        return {"type": "array", "items": _like(value[0])}
    if isinstance(value, Enum):
        return {"type": "string", "enum": [one.value for one in type(value)]}
    if isinstance(value, str) and _TIME.fullmatch(value):
        return {"type": "string", "format": "date-time"}
    if isinstance(value, float):
        # All that refusals bring with decimals is money.
        return {"type": "number", "multipleOf": as_number(currency().unit)}
    for kind, name in _TYPES:
        if isinstance(value, kind):
            return {"type": name}
    raise TypeError(f"an example of {value!r} does not tell what the member is like")
