"""What the domains bring to the books, in the OpenAPI document: causes, and kinds of objects."""

from typing import Any

from work.domain import Deployment


def amend_with_books(document: dict[str, Any], deployment: Deployment) -> None:
    schemas = document["components"]["schemas"]
    if "Cause" in schemas:
        causes = deployment.domains.causes
        schemas["Cause"]["enum"] = causes
    kinds = list(dict.fromkeys(rule.object_kind for rule in deployment.domains.rules))
    for name in ("RuleResult", "Difference"):
        if name in schemas:
            schemas[name]["properties"]["object"]["enum"] = kinds
