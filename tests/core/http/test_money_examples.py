"""The OpenAPI document is about the deployment's currency: its bounds, and its examples."""

from typing import Any

import jsonschema_rs
import pytest

from core.settings import Settings
from main import create_app

BOUNDS = {"multipleOf", "minimum", "maximum"}


@pytest.fixture(scope="module", params=["JPY", "USD", "KWD"])
def document(request: pytest.FixtureRequest) -> dict[str, Any]:
    return create_app(Settings(currency=request.param)).openapi()


def schemas(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["components"]["schemas"]
    return found


def test_amounts_are_so_many_minor_units(document: dict[str, Any]) -> None:
    bounds = schemas(document)
    currency = bounds["TicketRead"]["examples"][0]["currency"]
    unit, most = {
        "JPY": (1, 9_999_999_999),
        "USD": (0.01, 9_999_999_999.99),
        "KWD": (0.001, 9_999_999_999.99),
    }[currency]
    price = bounds["TicketCreate"]["properties"]["price"]
    assert (price["multipleOf"], price["minimum"], price["maximum"]) == (unit, 0, most)
    amount = bounds["TransactionCreate"]["properties"]["amount"]["anyOf"][0]
    assert (amount["multipleOf"], amount["minimum"]) == (unit, unit)
    assert amount["maximum"] / unit == pytest.approx(10**15 - 1, abs=0.5)
    assert bounds["OrderRead"]["properties"]["total_amount"]["multipleOf"] == unit


def test_examples_have_amounts_as_their_schemas_say(document: dict[str, Any]) -> None:
    shown = 0
    for name, schema in schemas(document).items():
        whole = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        validator = jsonschema_rs.validator_for(whole)
        for example in schema.get("examples", ()) if schema.get("type") == "object" else ():
            wrong = [error.schema_path for error in validator.iter_errors(example)]
            assert not [path for path in wrong if path[-1] in BOUNDS], name
            shown += 1
    assert shown > 20


def test_examples_add_up(document: dict[str, Any]) -> None:
    [order] = schemas(document)["OrderRead"]["examples"]
    [line] = order["items"]
    assert line["unit_price"] * line["quantity"] == line["line_total"] == order["total_amount"]


def test_refusals_tell_amounts_like_all_others(document: dict[str, Any]) -> None:
    currency = schemas(document)["TicketRead"]["examples"][0]["currency"]
    example = document["components"]["examples"]["amount_exceeds_balance"]["value"]
    schema = schemas(document)["AmountExceedsBalance"] | {"components": document["components"]}
    assert jsonschema_rs.validator_for(schema).is_valid(example)
    told = {"JPY": (12000, 9999), "USD": (120.0, 99.99), "KWD": (12.0, 9.999)}[currency]
    assert (example["amount"], example["balance_due"]) == told
