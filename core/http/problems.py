"""Every refusal as ``application/problem+json`` (RFC 9457), and what routes say of them."""

import logging
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic_core import to_json
from starlette.exceptions import HTTPException

from core.errors import (
    BusyError,
    DatabaseUnavailableError,
    DomainError,
    RequestInProgressError,
    StoppingError,
    TooManyRequestsError,
    UnauthenticatedError,
    UnavailableError,
)
from core.http import problem_schemas
from core.http.kinds import (
    BODY_TOO_LARGE,
    INVALID,
    MALFORMED_BODY,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    REQUEST_TIMEOUT,
    UNEXPECTED,
    WRONG_MEDIA_TYPE,
    Kind,
    kind_of,
)
from core.http.problem_schemas import MEDIA_TYPE

logger = logging.getLogger("nexticket.problems")

# What every operation that asks the database can meet.
_ALWAYS = (BusyError, DatabaseUnavailableError, StoppingError)

# What may stand in a path besides letters, digits and "_.-~" (RFC 3986).
_PATH_CHARACTERS = "/:@!$&'()*+,;="

# What an answer shows of what is wrong, however much that is.
MAX_ERRORS = 20
_MAX_NAME = 64
_MAX_WORDS = 500
_MAX_PATH = 500


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
    return problem(request, kind_of(type(error)), error.detail, headers=headers, extra=error.extra)


async def _validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as above
    found = error.errors()
    if any(item["type"] == "json_invalid" for item in found):
        return _malformed(request, "The body is not valid JSON.")
    told = [_field_error(item) for item in found[:MAX_ERRORS]]
    more = {"more_errors": len(found) - MAX_ERRORS} if len(found) > MAX_ERRORS else {}
    detail = "; ".join(_sentence(error) for error in told[:3])
    return problem(request, INVALID, detail, extra={"errors": told, **more})


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - as above
    status = error.status_code
    if status == HTTPStatus.BAD_REQUEST:
        return _malformed(request, _NOT_READ)
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
    kind.status: kind
    for kind in (
        MALFORMED_BODY,
        NOT_FOUND,
        METHOD_NOT_ALLOWED,
        REQUEST_TIMEOUT,
        BODY_TOO_LARGE,
        WRONG_MEDIA_TYPE,
    )
}

_NOT_READ = (
    "The body is not JSON in UTF-8 that this service can read, or an object in it has a name twice."
)
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
    return problem(request, UNEXPECTED, detail)


def _malformed(request: Request, detail: str) -> Response:
    return problem(request, MALFORMED_BODY, detail)


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
    kinds = [INVALID] if parameters or body else []
    kinds += [MALFORMED_BODY] if body else []
    kinds += [REQUEST_TIMEOUT, BODY_TOO_LARGE, WRONG_MEDIA_TYPE] if body or form else []
    everything: tuple[type[DomainError], ...] = (*errors, *_ALWAYS)
    kinds += [kind_of(error) for error in everything]
    by_status: dict[int, list[Kind]] = {}
    for kind in kinds:
        by_status.setdefault(kind.status, []).append(kind)
    return {status: problem_schemas.answer(by_status[status]) for status in sorted(by_status)}


def add_refusals(operation: dict[str, Any], *refusals: type[DomainError] | Kind) -> None:
    """Declare more refusals in an operation of the finished OpenAPI document."""
    for refused in refusals:
        kind = refused if isinstance(refused, Kind) else kind_of(refused)
        declared = operation["responses"].setdefault(str(kind.status), problem_schemas.answer([]))
        problem_schemas.add(declared, kind)
