"""What a problem has to be, by the schema of its code."""

from functools import cache
from typing import Any

import jsonschema_rs
import pytest

import main
from core.http import problem_schemas
from core.http.kinds import all_kinds
from core.money import selling_in

# Of all domains.
assert main.DOMAINS
KINDS = sorted(all_kinds().values(), key=lambda kind: kind.code)
EACH_KIND = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.code)


def told_wrongly(problem: Any) -> list[str]:
    """What its schema does not allow, or does not know. Every code has one, and with it a page."""
    return [str(error) for error in _validator(problem["code"]).iter_errors(problem)]


@cache
def _validator(code: str) -> jsonschema_rs.Draft202012Validator:
    schemas = {"FieldError": problem_schemas.FIELD_ERROR}
    # The most decimals that a currency has.
    with selling_in("KWD"):
        schema = problem_schemas.schema(all_kinds()[code]) | {"additionalProperties": False}
    return jsonschema_rs.Draft202012Validator(schema | {"components": {"schemas": schemas}})
