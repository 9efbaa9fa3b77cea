"""The examples of the OpenAPI document in the deployment's currency; they are written in dollars.

Each amount becomes as many minor units as it has cents, so that what adds up still does.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from core.money import as_number, currency, from_minor_units

_WRITTEN_IN = "USD"
_CENTS = 100


def tell_examples_in_currency(document: dict[str, Any]) -> None:
    """Change the examples of a document; its schemas are in the currency already."""
    if currency().code == _WRITTEN_IN:
        return
    others = frozenset(_other_numbers(document))
    for place, name in list(_examples(document)):
        place[name] = _told(place[name], others, name)


def _other_numbers(node: Any) -> Iterator[str]:
    """The members that are numbers with decimals and no amounts: rates and means."""
    for inner in _inside(node):
        for name, schema in inner.get("properties", {}).items():
            if schema.get("type") == "number" and "multipleOf" not in schema:
                yield name


def _examples(document: Any) -> Iterator[tuple[dict[str, Any], str]]:
    for inner in _inside(document):
        yield from ((inner, name) for name in ("example", "examples") if name in inner)


def _inside(node: Any) -> Iterator[dict[str, Any]]:
    """All objects in a document."""
    if isinstance(node, dict):
        yield node
    if isinstance(node, dict | list):
        for inner in node.values() if isinstance(node, dict) else node:
            yield from _inside(inner)


def _told(value: Any, others: frozenset[str], name: str) -> Any:
    if isinstance(value, dict):
        return {inner: _told(one, others, inner) for inner, one in value.items()}
    if isinstance(value, list):
        return [_told(one, others, name) for one in value]
    if name == "currency" and value == _WRITTEN_IN:
        return currency().code
    if isinstance(value, float) and name not in others:
        return as_number(from_minor_units(int(Decimal(str(value)) * _CENTS)))
    return value
