"""What the domains bring to the books, in the OpenAPI document: causes, actions, and kinds."""

from typing import Any

from work.domain import Deployment


def amend_with_books(document: dict[str, Any], deployment: Deployment) -> None:
    schemas = document["components"]["schemas"]
    if "Cause" in schemas:
        causes = deployment.domains.causes
        schemas["Cause"]["enum"] = causes
    if "Action" in schemas:
        schemas["Action"]["enum"] = deployment.domains.actions
    kinds = list(dict.fromkeys(rule.object_kind for rule in deployment.domains.rules))
    for name in ("RuleResult", "Difference"):
        if name in schemas:
            schemas[name]["properties"]["object"]["enum"] = kinds
