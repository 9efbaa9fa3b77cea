"""What the policy says, in the OpenAPI document: security, and the refusals of identity."""

from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from Auth.errors import InvalidTokenError, NotAuthenticatedError, RateLimitedError
from Auth.limits import LIMITED_METHODS
from Auth.policy import POLICY, Access, Rule
from core.errors import NotAllowedError
from core.problems import add_refusals

_SCHEMES = {
    "OAuth2Password": {
        "type": "oauth2",
        "flows": {"password": {"tokenUrl": "/api/auth/token", "scopes": {}}},
        "description": "Username and password; the *Authorize* button logs in.",
    },
    "BearerToken": {
        "type": "http",
        "scheme": "bearer",
        "description": "An access token, or an API key (`nxt_…`).",
    },
    "ApiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}
_LOG_IN = {"username": "john_doe", "password": "a long walk in the rain"}
_IDENTITY: list[dict[str, list[str]]] = [{name: []} for name in _SCHEMES]


def require_policy(app: FastAPI) -> None:
    """An operation that the policy does not know would be open to everybody: refuse to start."""
    names = {
        context.operation_id or str(context.name)
        for context in iter_route_contexts(app.routes)
        if getattr(context, "include_in_schema", False)
    }
    if names != POLICY.keys():
        raise RuntimeError(
            f"operations without a row in Auth/policy.py: {sorted(names - POLICY.keys())};"
            f" rows without an operation: {sorted(POLICY.keys() - names)}"
        )


def amend_with_policy(document: dict[str, Any]) -> None:
    document["components"]["securitySchemes"] = _SCHEMES
    document["components"]["schemas"]["Body_log_in"]["examples"] = [_LOG_IN]
    for operations in document["paths"].values():
        for method, operation in operations.items():
            _amend(operation, POLICY[operation["operationId"]])
            if method.upper() in LIMITED_METHODS:
                add_refusals(operation, RateLimitedError)


def _amend(operation: dict[str, Any], rule: Rule) -> None:
    if rule.ignores_credentials:
        return
    # The empty requirement says that it works without as well.
    operation["security"] = [*_IDENTITY, {}] if rule.is_public else _IDENTITY
    add_refusals(operation, InvalidTokenError)
    if not rule.is_public:
        add_refusals(operation, NotAuthenticatedError)
    if Access.NO in {rule.customer, rule.staff}:
        add_refusals(operation, NotAllowedError)
