"""What the rights say, in the OpenAPI document: security, and the refusals of identity."""

from typing import Any

from Auth.credentials import PLAIN_COOKIE, SECURE_COOKIE
from Auth.errors import NotAuthenticatedError, RateLimitedError, TooManyStoredAnswersError
from Auth.limits import LIMITED_METHODS
from core.errors import NotAllowedError
from core.http import idempotency_key
from core.http.problems import add_refusals
from User.errors import InvalidTokenError, SecondFactorEnrolmentRequiredError
from work.access import Access, Right
from work.domain import Deployment

_SCHEMES = {
    "OAuth2Password": {
        "type": "oauth2",
        # Relative, so that it is found where a proxy serves us under a path of its own.
        "flows": {"password": {"tokenUrl": "api/auth/token", "scopes": {}}},
        "description": "Username and password; the *Authorize* button logs in.",
    },
    "BearerToken": {
        "type": "http",
        "scheme": "bearer",
        "description": "An access token, or an API key (`nxt_…`).",
    },
    "ApiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
}
_COOKIE = {
    "BrowserLogIn": {
        "type": "apiKey",
        "in": "cookie",
        "name": SECURE_COOKIE,
        "description": "Set by `POST /api/auth/browser/login`, and taken by its neighbours alone;"
        f" over plain HTTP, for development, it is called `{PLAIN_COOKIE}`.",
    }
}
# They serve who has no cookie as well.
_BY_COOKIE: list[dict[str, list[str]]] = [{"BrowserLogIn": []}, {}]
_TAKING_COOKIES = frozenset({"refresh_browser", "log_out_browser"})
_LOG_IN = {"username": "john_doe", "password": "a long walk in the rain"}
_IDENTITY: list[dict[str, list[str]]] = [{name: []} for name in _SCHEMES]


def amend_with_rights(document: dict[str, Any], deployment: Deployment) -> None:
    document["components"]["securitySchemes"] = _SCHEMES | _COOKIE
    for name in ("Body_log_in", "Body_log_in_browser"):
        form = document["components"]["schemas"][name]
        form["examples"] = [_LOG_IN]
        _tell_as_form(form)
    for operations in document["paths"].values():
        for method, operation in operations.items():
            right = deployment.rights[operation["operationId"]]
            _amend(operation, right)
            if operation["operationId"] in _TAKING_COOKIES:
                operation["security"] = _BY_COOKIE
            if method.upper() in LIMITED_METHODS or not right.ignores_credentials:
                add_refusals(operation, RateLimitedError)
            if _takes_key(operation):
                add_refusals(operation, TooManyStoredAnswersError)


def _tell_as_form(form: dict[str, Any]) -> None:
    """A form has nothing but texts: `null` is four letters, and an empty text is not there."""
    for name, field in form["properties"].items():
        if name in form["required"]:
            field["minLength"] = 1
        for choice in field.pop("anyOf", ()):
            if choice["type"] != "null":
                field.update(choice)


def _takes_key(operation: dict[str, Any]) -> bool:
    return any(one["name"] == idempotency_key.HEADER for one in operation.get("parameters", ()))


def _amend(operation: dict[str, Any], right: Right) -> None:
    # What is open to all shows no lock; who says there who they are has to say it right.
    operation["security"] = [] if right.is_public else _IDENTITY
    if right.ignores_credentials:
        return
    add_refusals(operation, InvalidTokenError)
    if not right.serves_enrolling:
        add_refusals(operation, SecondFactorEnrolmentRequiredError)
    if not right.is_public:
        add_refusals(operation, NotAuthenticatedError)
    if Access.NO in {right.customer, right.staff}:
        add_refusals(operation, NotAllowedError)
