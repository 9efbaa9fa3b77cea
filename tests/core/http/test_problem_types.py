"""Each refusal has a type of its own: a schema with its members, an example, and a page."""

import json
import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, ClassVar

import jsonschema_rs
import pytest

from core.errors import ConflictError
from core.http import problem_schemas
from core.http.kinds import ANYWHERE, Kind, all_kinds, kind_of
from core.money import selling_in
from tests.support.client import PROBLEM
from tests.support.declared import DOCUMENT, operations
from tests.support.problems import EACH_KIND, KINDS, told_wrongly
from Ticket.errors import InsufficientStockError, StockConflictError

COMPONENTS = DOCUMENT["components"]


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class PaintedError(ConflictError):
    code = "painted"
    title = "It is painted already"
    example: ClassVar = {
        "colour": Colour.RED,
        "layers": [{"number": 1, "price": 0.5, "is_dry": True}],
        "painted_at": "2026-01-05T18:30:00.000001Z",
        "by": "Ada",
    }


class TestSchemas:
    def test_the_members_of_a_refusal_are_typed_as_its_example_is(self) -> None:
        layer = {
            "type": "object",
            "properties": {
                "number": {"type": "integer"},
                "price": {"type": "number", "multipleOf": 0.01},
                "is_dry": {"type": "boolean"},
            },
            "required": ["number", "price", "is_dry"],
        }
        with selling_in("USD"):
            schema = problem_schemas.schema(kind_of(PaintedError))
        assert {name: schema["properties"][name] for name in PaintedError.example} == {
            "colour": {"type": "string", "enum": ["red", "blue"]},
            "layers": {"type": "array", "items": layer},
            "painted_at": {"type": "string", "format": "date-time"},
            "by": {"type": "string"},
        }
        assert schema["properties"]["code"] == {"type": "string", "const": "painted"}
        assert set(schema["required"]) == schema["properties"].keys()

    @pytest.mark.parametrize("nothing", [None, []])
    def test_an_example_has_to_tell_what_its_members_are_like(self, nothing: object) -> None:
        kind = Kind(409, "vague", "It is vague", {"lines": nothing})
        with pytest.raises(TypeError, match="does not tell what the member is like"):
            problem_schemas.schema(kind)

    def test_what_a_race_can_not_tell_is_optional(self) -> None:
        """The database names the rule that was broken, and knows no numbers."""
        assert kind_of(StockConflictError).optional == StockConflictError.example.keys()
        assert kind_of(InsufficientStockError).optional == set()
        assert InsufficientStockError().extra == {"lines": []}

    def test_a_refusal_called_like_a_model_is_found_at_once(self) -> None:
        document = {
            "paths": {"/": {"get": {"responses": {"409": problem_schemas.answer([STALE])}}}},
            "components": {"schemas": {"StaleObject": {}}},
        }
        with pytest.raises(RuntimeError, match="both called StaleObject"):
            problem_schemas.add_components(document)

    @EACH_KIND
    def test_the_example_of_each_is_valid(self, kind: Kind) -> None:
        assert told_wrongly(problem_schemas.example_of(kind)) == []

    def test_what_a_refusal_lacks_or_spells_differently_is_found(self) -> None:
        example = problem_schemas.example_of(kind_of(InsufficientStockError))
        assert told_wrongly({**example, "lines": [{"ticket_id": 7, "requested": 3}]})
        assert told_wrongly({name: example[name] for name in example if name != "lines"})
        assert told_wrongly({**example, "status": 404})

    def test_each_answer_is_one_of_the_kinds_that_its_code_tells_apart(self) -> None:
        for _, _, operation in operations():
            for status, response in operation["responses"].items():
                if int(status) < 400:
                    continue
                schema = response["content"][PROBLEM]["schema"]
                told = schema["discriminator"]
                assert told["propertyName"] == "code"
                assert [{"$ref": one} for one in told["mapping"].values()] == schema["oneOf"]
                for code, reference in told["mapping"].items():
                    properties = resolved(reference)["properties"]
                    assert properties["code"]["const"] == code
                    assert properties["status"]["const"] == int(status)
                    assert "code" in resolved(reference)["required"]

    def test_two_refusals_of_one_code_are_of_one_kind(self) -> None:
        declared = {code for _, _, one in operations() for code in codes(one)}
        assert declared | {kind.code for kind in ANYWHERE} <= all_kinds().keys()
        names = [problem_schemas.schema_name(kind) for kind in KINDS]
        assert len(set(names)) == len(names)


STALE = all_kinds()["stale_object"]


def codes(operation: dict[str, Any]) -> Iterator[str]:
    for response in operation["responses"].values():
        yield from problem_schemas.codes_of(response)


def resolved(reference: str) -> dict[str, Any]:
    schema: dict[str, Any] = COMPONENTS["schemas"][reference.rpartition("/")[2]]
    return schema


def shown(node: Any) -> Iterator[tuple[dict[str, Any], Any]]:
    """(schema, example) of all examples, wherever they stand in a part of the document."""
    if isinstance(node, list):
        for item in node:
            yield from shown(item)
    if not isinstance(node, dict):
        return
    schema = node.get("schema", node)
    if "example" in node:
        yield schema, node["example"]
    if isinstance(examples := node.get("examples"), list):
        yield from ((schema, example) for example in examples)
    elif isinstance(examples, dict):
        found = (
            COMPONENTS["examples"][one["$ref"].rpartition("/")[2]] for one in examples.values()
        )
        yield from ((schema, example["value"]) for example in found)
    if "default" in node:
        yield schema, node["default"]
    for name, inner in node.items():
        if name not in {"example", "examples", "default"}:
            yield from shown(inner)


class TestExamples:
    def test_every_example_is_valid_where_it_stands(self) -> None:
        parts = [DOCUMENT["paths"], COMPONENTS["schemas"]]
        # Many stand in several places.
        found = {json.dumps(pair): pair for part in parts for pair in shown(part)}
        assert len(found) > 200
        for schema, example in found.values():
            whole = with_components(schema)
            validator = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
            assert [str(error) for error in validator.iter_errors(example)] == [], example


def with_components(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema with all that it refers to, and nothing else: to compile all takes a while."""
    needed: dict[str, Any] = {}
    waiting = [schema]
    while waiting:
        for name in re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(waiting.pop())):
            if name not in needed:
                needed[name] = COMPONENTS["schemas"][name]
                waiting.append(needed[name])
    return {**schema, "components": {"schemas": needed}}
