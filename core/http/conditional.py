"""Conditional requests in the OpenAPI document: ``ETag``, ``If-None-Match`` and ``If-Match``."""

from typing import Any

from core.errors import ConditionNotSupportedError, PreconditionFailedError
from core.http.problems import add_refusals

# In the document while it is being made: an operation whose answers have a tag, and one that
# compares the state of its object.
TAGGED, CONDITIONAL = "x-tagged", "x-conditional"
_REFERENCE = "#/components/schemas/"

_TAG = {
    "description": "The entity tag of what is answered: the same for the same bytes.",
    "schema": {"type": "string"},
}
_NOT_MODIFIED = {
    "description": "The caller has it already: its tag is among those of `If-None-Match`.",
    "headers": {"ETag": _TAG},
}
_IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "The `ETag` of an answer that is there already: if it is as it was, 304.",
    "schema": {"type": "string"},
}
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "description": (
        "The `ETag` that came with the object: nothing is done, and the answer is"
        " `precondition_failed`, if the object was changed since. `*` is any state."
    ),
    "schema": {"type": "string"},
}


def add_conditions(method: str, operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    """What an operation understands of tags, and tells; ``schemas`` are those of the document."""
    is_tagged, is_conditional = (operation.pop(name, False) for name in (TAGGED, CONDITIONAL))
    if method == "get":
        if is_tagged:
            operation.setdefault("parameters", []).append(_IF_NONE_MATCH)
            operation["responses"]["304"] = _NOT_MODIFIED
            _tell_tag(operation["responses"]["200"])
        return
    add_refusals(operation, ConditionNotSupportedError)
    if is_conditional:
        operation.setdefault("parameters", []).append(_IF_MATCH)
        add_refusals(operation, PreconditionFailedError)
    for status in ("200", "201"):
        answer = operation["responses"].get(status)
        if _has_state(answer, schemas):
            _tell_tag(answer)


def _tell_tag(answer: dict[str, Any]) -> None:
    answer.setdefault("headers", {})["ETag"] = _TAG


def _has_state(part: dict[str, Any] | None, schemas: dict[str, Any]) -> bool:
    """Whether the object in a body says when it was changed last."""
    for content in (part or {}).get("content", {}).values():
        schema = content.get("schema", {})
        for one in schema.get("anyOf", [schema]):
            name = one.get("$ref", "").removeprefix(_REFERENCE)
            if "updated_at" in schemas.get(name, {}).get("properties", {}):
                return True
    return False
