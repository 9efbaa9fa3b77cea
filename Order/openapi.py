"""Bounds that the deployment sets, in the OpenAPI document."""

from typing import Any

from work.domain import Deployment


def amend_with_bounds(document: dict[str, Any], deployment: Deployment) -> None:
    line = document["components"]["schemas"]["OrderLine"]
    line["properties"]["quantity"]["maximum"] = deployment.settings.max_units_per_ticket
