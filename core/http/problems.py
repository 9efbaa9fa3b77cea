"""Every refusal as ``application/problem+json`` (RFC 9457), and as OpenAPI tells it."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from pydantic_core import to_json
from starlette.exceptions import HTTPException

from core.errors import (
    BusyError,
    ConflictError,
    DatabaseUnavailableError,
    DomainError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    PreconditionFailedError,
    RequestInProgressError,
    StoppingError,
    TooManyRequestsError,
    UnauthenticatedError,
    UnavailableError,
)

logger = logging.getLogger("nexticket.problems")

MEDIA_TYPE = "application/problem+json"

_STATUS: dict[type[DomainError], int] = {
    UnauthenticatedError: 401,
    ForbiddenError: 403,
    NotFoundError: 404,
    ConflictError: 409,
    PreconditionFailedError: 412,
    InvalidError: 422,
    TooManyRequestsError: 429,
    UnavailableError: 503,
}

# What every operation that asks the database can meet.
_ALWAYS = (BusyError, DatabaseUnavailableError, StoppingError)

# What may stand in a path besides letters, digits and "_.-~" (RFC 3986).
_PATH_CHARACTERS = "/:@!$&'()*+,;="

# What an answer shows of what is wrong, however much that is.
MAX_ERRORS = 20
_MAX_NAME = 64
_MAX_WORDS = 500
_MAX_PATH = 500

_RETRY_AFTER = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
_VALIDATION_EXAMPLE = {
    "errors": [
        {
            "pointer": "#/items/0/quantity",
            "detail": "Input should be greater than or equal to 1",
            "code": "greater_than_equal",
        }
    ]
}


class FieldError(BaseModel):
    """What is wrong with one value: of the body (`pointer`) or of the query or path."""

    pointer: str | None = Field(default=None, examples=["#/items/0/quantity"])
    parameter: str | None = Field(default=None, examples=["limit"])
    detail: str
    code: str = Field(examples=["greater_than_equal"])


class Problem(BaseModel):
    """A refusal. `code` is stable; programs act on it and on the members that it brings."""

    type: str = Field(examples=["/problems/insufficient_stock"])
    title: str
    status: int
    detail: str
    instance: str = Field(examples=["/api/orders/"])
    code: str
    request_id: str


class ValidationProblem(Problem):
    errors: list[FieldError]
    more_errors: int | None = Field(
        default=None,
        description="How many more mistakes there are, where not all are told.",
        examples=[3],
    )


@dataclass(frozen=True)
class Kind:
    """What all problems of a kind have in common."""

    status: int
    code: str
    title: str


BODY_TOO_LARGE = Kind(413, "body_too_large", "Content Too Large")
_MALFORMED = Kind(400, "malformed_body", "The body can't be read as JSON")
_INVALID = Kind(422, "validation_error", "The request is not valid")
REQUEST_TIMEOUT = Kind(408, "request_timeout", "Request Timeout")
_WRONG_KIND = Kind(415, "unsupported_media_type", "The operation takes no such Content-Type")
_UNEXPECTED = Kind(500, "internal_error", "Internal Server Error")


def problem(
    request: Request,
    kind: Kind,
    detail: str,
    *,
    headers: dict[str, str] | None = None,
    extra: dict[str, Any] | None = None,
) -> Response:
    body = {
        "type": f"{_root(request)}/problems/{kind.code}",
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
        # Not ``request.url``: a query string that is not UTF-8 has none.
        "instance": quote(request.scope["path"][:_MAX_PATH], safe=_PATH_CHARACTERS),
        "code": kind.code,
        "request_id": request.scope.get("state", {}).get("request_id", ""),
        **(extra or {}),
    }
    request.scope.setdefault("state", {})["problem_code"] = kind.code
    # Pydantic's encoder writes times as the objects themselves show them.
    return Response(to_json(body), status_code=kind.status, headers=headers, media_type=MEDIA_TYPE)


def _root(request: Request) -> str:
    """The prefix that a proxy serves us under; a mounted part adds to ``root_path``."""
    scope = request.scope
    return str(scope.get("app_root_path", scope.get("root_path", "")))


def status_of(error: type[DomainError]) -> int:
    return next(status for kind, status in _STATUS.items() if issubclass(error, kind))


def install_error_handlers(app: FastAPI) -> None:
    app.add_exception_handler(DomainError, _domain_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)


async def _domain_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, DomainError)  # noqa: S101 - how Starlette types handlers
    return refusal(request, error)


def refusal(request: Request, error: DomainError) -> Response:
    """The answer that tells of a refusal, also where no route was asked yet."""
    headers = {}
    if isinstance(error, UnavailableError | TooManyRequestsError | RequestInProgressError):
        headers["Retry-After"] = str(error.retry_after_seconds)
    if isinstance(error, UnauthenticatedError):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, StoppingError):
        # The next attempt needs a connection to another process.
        headers["Connection"] = "close"
    kind = Kind(status_of(type(error)), error.code, error.title)
    return problem(request, kind, error.detail, headers=headers, extra=error.extra)


async def _validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as above
    found = error.errors()
    if any(item["type"] == "json_invalid" for item in found):
        return _malformed(request, "The body is not valid JSON.")
    told = [_field_error(item) for item in found[:MAX_ERRORS]]
    more = {"more_errors": len(found) - MAX_ERRORS} if len(found) > MAX_ERRORS else {}
    detail = "; ".join(_sentence(error) for error in told[:3])
    return problem(request, _INVALID, detail, extra={"errors": told, **more})


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - as above
    status = error.status_code
    if status == HTTPStatus.BAD_REQUEST:
        return _malformed(request, "The body is not JSON in UTF-8 that this service can read.")
    phrase = HTTPStatus(status).phrase
    code = phrase.lower().replace(" ", "_")
    kind = _HTTP_KINDS.get(status, Kind(status, code, phrase))
    headers = dict(error.headers or {})
    detail = _HTTP_DETAILS.get(status, f"{kind.title}.").format(
        method=request.method, path=request.url.path, accept=headers.get("Accept")
    )
    return problem(request, kind, detail, headers=headers)


# Python's phrases differ between versions.
_HTTP_KINDS = {
    kind.status: kind for kind in (_MALFORMED, REQUEST_TIMEOUT, BODY_TOO_LARGE, _WRONG_KIND)
}

_HTTP_DETAILS = {
    404: "There is nothing at this address; see /docs for those that exist.",
    405: "{method} is not possible at this address.",
    408: "The body did not arrive in time.",
    413: "The body is larger, or holds more values, than this service accepts.",
    415: "Send the body as {accept}, and say so in Content-Type.",
}


def unexpected_problem(request: Request) -> Response:
    """What the caller learns of a fault of ours: nothing but where to find it in the log."""
    detail = "Something went wrong on our side. The log tells more under this request id."
    return problem(request, _UNEXPECTED, detail)


def _malformed(request: Request, detail: str) -> Response:
    return problem(request, _MALFORMED, detail)


def _field_error(item: Any) -> dict[str, str]:
    return {**_place(item), "detail": item["msg"][:_MAX_WORDS], "code": item["type"]}


def _place(item: Any) -> dict[str, str]:
    source, *path = item["loc"]
    if source == "body":
        return {"pointer": "#" + "".join(f"/{_escape(part)}" for part in path)}
    return {"parameter": ".".join(_short(part) for part in path)}


def _escape(part: object) -> str:
    return _short(part).replace("~", "~0").replace("/", "~1")


def _short(said: object) -> str:
    """Names that the caller made up stand in the answer, which must not grow with them."""
    text = str(said)
    return text if len(text) <= _MAX_NAME else f"{text[:_MAX_NAME]}…"


def _sentence(error: dict[str, str]) -> str:
    return f"{error.get('pointer') or error.get('parameter')}: {error['detail']}"


def responses(
    *errors: type[DomainError], parameters: bool = True, body: bool = False, form: bool = False
) -> dict[int | str, dict[str, Any]]:
    """The refusals of an operation, for ``responses=`` of its route.

    Every operation can meet a busy service; one with ``parameters`` also bad ones, and one with a
    ``body`` also one that is no JSON; one with a ``body`` or a ``form`` also one that is too large,
    does not arrive, or is of another kind.
    """
    by_status: dict[int, list[tuple[str, str, dict[str, Any]]]] = {}
    if parameters or body:
        by_status[422] = [(_INVALID.code, _INVALID.title, _VALIDATION_EXAMPLE)]
    kinds = [_MALFORMED] if body else []
    kinds += [REQUEST_TIMEOUT, BODY_TOO_LARGE, _WRONG_KIND] if body or form else []
    by_status |= {kind.status: [(kind.code, kind.title, {})] for kind in kinds}
    everything: tuple[type[DomainError], ...] = (*errors, *_ALWAYS)
    for error in everything:
        by_status.setdefault(status_of(error), []).append((error.code, error.title, error.example))
    return {status: _response(status, by_status[status]) for status in sorted(by_status)}


def add_refusals(operation: dict[str, Any], *errors: type[DomainError]) -> None:
    """Declare more refusals in an operation of the finished OpenAPI document."""
    for error in errors:
        status = status_of(error)
        case = (error.code, error.title, error.example)
        fresh = _response(status, [case])
        declared = operation["responses"].setdefault(str(status), fresh)
        if hasattr(error, "retry_after_seconds"):
            declared["headers"] = _RETRY_AFTER
        content = declared["content"][MEDIA_TYPE]
        codes = content["schema"]["properties"]["code"]["enum"]
        if error.code not in codes:
            codes.append(error.code)
            content["examples"] |= fresh["content"][MEDIA_TYPE]["examples"]
            declared["description"] += f"; {fresh['description']}"


def _response(status: int, cases: Iterable[tuple[str, str, dict[str, Any]]]) -> dict[str, Any]:
    cases = list(cases)
    schema = "ValidationProblem" if status == 422 else "Problem"  # noqa: PLR2004
    content = {
        "schema": {
            "allOf": [{"$ref": f"#/components/schemas/{schema}"}],
            "properties": {"code": {"enum": [code for code, _, _ in cases]}},
        },
        "examples": {code: _example(status, code, title, more) for code, title, more in cases},
    }
    response: dict[str, Any] = {
        "description": "; ".join(f"`{code}`: {title}" for code, title, _ in cases),
        "content": {MEDIA_TYPE: content},
    }
    if status in {429, 503}:
        response["headers"] = _RETRY_AFTER
    return response


def _example(status: int, code: str, title: str, more: dict[str, Any]) -> dict[str, Any]:
    value = {
        "type": f"/problems/{code}",
        "title": title,
        "status": status,
        "detail": f"{title}.",
        "instance": "/api/…",
        "code": code,
        "request_id": "8f14e45fceea4671",
        **more,
    }
    return {"summary": title, "value": value}
