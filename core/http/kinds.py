"""Every kind of refusal: its status, its code and what it brings. One table for all who ask.

``core.http.problems`` answers by it, the OpenAPI document and the reference list it, and each
kind has its page.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.errors import (
    BadGatewayError,
    BadRequestError,
    ConflictError,
    DomainError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    PreconditionFailedError,
    TooManyRequestsError,
    UnauthenticatedError,
    UnavailableError,
)

_STATUS: dict[type[DomainError], int] = {
    BadRequestError: 400,
    UnauthenticatedError: 401,
    ForbiddenError: 403,
    NotFoundError: 404,
    ConflictError: 409,
    PreconditionFailedError: 412,
    InvalidError: 422,
    TooManyRequestsError: 429,
    BadGatewayError: 502,
    UnavailableError: 503,
}
INVALID_STATUS = _STATUS[InvalidError]
# All of these bring it, if only to say that nobody knows which value it was.
_OF_INVALID: dict[str, Any] = {"errors": []}


@dataclass(frozen=True)
class Kind:
    """What all problems of a kind have in common."""

    status: int
    code: str
    title: str
    # The members that it brings, as they may be.
    example: Mapping[str, Any] = field(default_factory=dict, hash=False)
    # Those of them that it does not always bring.
    optional: frozenset[str] = frozenset()
    # Whether its answer says in ``Retry-After`` when to try again.
    waits: bool = False


MALFORMED_BODY = Kind(400, "malformed_body", "The body can't be read as JSON")
AMBIGUOUS = Kind(400, "malformed_request", "The request can't be understood")
NOT_FOUND = Kind(404, "not_found", "Not Found")
METHOD_NOT_ALLOWED = Kind(405, "method_not_allowed", "Method Not Allowed")
REQUEST_TIMEOUT = Kind(408, "request_timeout", "Request Timeout")
BODY_TOO_LARGE = Kind(413, "body_too_large", "Content Too Large")
URI_TOO_LONG = Kind(414, "uri_too_long", "The address is too long")
WRONG_MEDIA_TYPE = Kind(415, "unsupported_media_type", "The operation takes no such Content-Type")
INVALID = Kind(
    INVALID_STATUS,
    "validation_error",
    "The request is not valid",
    {
        "errors": [
            {
                "pointer": "#/items/0/quantity",
                "detail": "Input should be greater than or equal to 1",
                "code": "greater_than_equal",
            }
        ]
    },
)
HEADERS_TOO_LARGE = Kind(431, "headers_too_large", "The headers are too large")
UNEXPECTED = Kind(500, "internal_error", "Internal Server Error")

# What any address can answer, whatever its operation declares.
ANYWHERE = (AMBIGUOUS, NOT_FOUND, METHOD_NOT_ALLOWED, URI_TOO_LONG, HEADERS_TOO_LARGE, UNEXPECTED)
_OF_HTTP = (*ANYWHERE, MALFORMED_BODY, REQUEST_TIMEOUT, BODY_TOO_LARGE, WRONG_MEDIA_TYPE, INVALID)


def status_of(error: type[DomainError]) -> int:
    return next(status for kind, status in _STATUS.items() if issubclass(error, kind))


def kind_of(error: type[DomainError]) -> Kind:
    """The kind of a refusal. Several refusals may be of one."""
    if error not in _KNOWN:
        _KNOWN[error] = _BY_CODE.get(error.code) or _made_of(error)
    return _KNOWN[error]


_BY_CODE = {kind.code: kind for kind in _OF_HTTP}
_KNOWN: dict[type[DomainError], Kind] = {}


def _made_of(error: type[DomainError]) -> Kind:
    status = status_of(error)
    members = _OF_INVALID if status == INVALID_STATUS else {}
    return Kind(
        status,
        error.code,
        error.title,
        {**members, **error.example},
        optional=frozenset(_told_by_a_constraint(error)),
        waits=issubclass(error, TooManyRequestsError) or hasattr(error, "retry_after_seconds"),
    )


def _told_by_a_constraint(error: type[DomainError]) -> Iterator[str]:
    """The members that are missing where the database refuses: it names its rule, and no more."""
    if error.constraint is not None:
        yield from error.example.keys() - error().extra.keys()


def refusals(below: type[DomainError] = DomainError) -> Iterator[type[DomainError]]:
    """All refusals of the domains that are loaded."""
    for refusal in below.__subclasses__():
        if hasattr(refusal, "code"):
            yield refusal
        yield from refusals(refusal)


def all_kinds() -> dict[str, Kind]:
    """By code."""
    return _BY_CODE | {kind.code: kind for kind in map(kind_of, refusals())}
