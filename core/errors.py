"""The refusals that every domain shares: what they are called and which kind they are.

A refusal knows no HTTP. Its ``code`` is stable and for programs, its ``title`` for people, and
``extra`` carries what a program needs to act on it. ``core.http.problems`` turns it into an answer.
"""

from typing import Any, ClassVar


class DomainError(Exception):
    """Something the caller asked for can't be done; nothing was changed."""

    code: ClassVar[str]
    title: ClassVar[str]
    # The named database constraint that guards the same rule when two requests race.
    constraint: ClassVar[str | None] = None
    # An example of ``extra`` for the OpenAPI document.
    example: ClassVar[dict[str, Any]] = {}

    guards: ClassVar[dict[str, type["DomainError"]]] = {}

    def __init__(self, detail: str | None = None, **extra: Any) -> None:
        self.detail = detail or f"{self.title}."
        self.extra = extra
        super().__init__(self.detail)

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if cls.constraint:
            DomainError.guards[cls.constraint] = cls


class NotFoundError(DomainError):
    """The object does not exist for this caller."""


class ConflictError(DomainError):
    """The request is well-formed, but the present state forbids it."""


class PreconditionFailedError(DomainError):
    """A header of the request says for which state it is meant, and that is not the present one."""

    code = "precondition_failed"
    title = "The object is not in the state that the request is meant for"
    example: ClassVar = {"updated_at": "2026-01-05T18:30:00.000001Z"}


class InvalidError(DomainError):
    """A value that no state would accept."""


class UnauthenticatedError(DomainError):
    """The caller has to say who it is, or said something that is not true."""


class ForbiddenError(DomainError):
    """The caller is known, and may not."""


class NotAllowedError(ForbiddenError):
    code = "not_allowed"
    title = "Your role does not allow this"


class TooManyRequestsError(DomainError):
    """The caller asks more often than it may; nothing ran."""

    def __init__(self, retry_after_seconds: int, **extra: Any) -> None:
        self.retry_after_seconds = retry_after_seconds
        super().__init__(f"Try again in {retry_after_seconds} seconds.", **extra)


class UnavailableError(DomainError):
    """The service can't do it now; the same request may succeed later."""

    retry_after_seconds: ClassVar[int] = 1


class BadRequestError(DomainError):
    """The request is not what it claims to be."""


class BadGatewayError(DomainError):
    """Somebody outside, whom the service has to ask, answered what makes no sense."""


class StaleObjectError(ConflictError):
    code = "stale_object"
    title = "The object was changed since it was read"
    example: ClassVar = {"updated_at": "2026-01-05T18:30:00.000001Z"}


class ConstraintConflictError(ConflictError):
    code = "conflict"
    title = "The change contradicts data that is stored"


class RequestInProgressError(ConflictError):
    """Its twin is being carried out; once that is done, its answer will be this one's."""

    code = "request_in_progress"
    title = "A request with the same key is being carried out"
    retry_after_seconds: ClassVar[int] = 1


class ConditionNotSupportedError(InvalidError):
    """To pass over the condition would be to do what was not asked for."""

    code = "condition_not_supported"
    title = "The operation can't keep a condition of the request"
    example: ClassVar = {
        "errors": [
            {
                "parameter": "If-Match",
                "detail": "says nothing to this operation",
                "code": "condition_not_supported",
            }
        ]
    }

    def __init__(self, *headers: str, understood: str | None = None) -> None:
        """``understood`` is what alone may be said in them, if anything may."""
        one = self.example["errors"][0]
        named = " and ".join(headers)
        detail = f"the operation can't tell whether that holds. Send it without {named}."
        if understood is not None:
            one = {**one, "detail": f"only {understood} is understood here"}
            detail = f"of {named} a change understands {understood} alone."
        super().__init__(
            f"Nothing was done: {detail}",
            errors=[{**one, "parameter": header} for header in headers],
        )


class IdempotencyKeyReusedError(InvalidError):
    code = "idempotency_key_reused"
    title = "The key was used for another request"
    example: ClassVar = {
        "errors": [
            {
                "parameter": "Idempotency-Key",
                "detail": "was used with another method, address or body",
                "code": "idempotency_key_reused",
            }
        ]
    }

    def __init__(self) -> None:
        super().__init__("A new request needs a new Idempotency-Key.", **self.example)


class InvalidIdempotencyKeyError(InvalidError):
    code = "validation_error"
    title = "The request is not valid"

    def __init__(self) -> None:
        error = {
            "parameter": "Idempotency-Key",
            "detail": "must be one value of 1 to 255 printable ASCII characters, not all quotes",
            "code": "invalid_idempotency_key",
        }
        super().__init__("Idempotency-Key can't be used.", errors=[error])


class InvalidCursorError(InvalidError):
    code = "validation_error"
    title = "The request is not valid"

    def __init__(self) -> None:
        error = {
            "parameter": "after",
            "detail": "not a cursor of this list",
            "code": "invalid_cursor",
        }
        super().__init__("Use the Link header of the page before as it was given.", errors=[error])


class SkipTooDeepError(InvalidError):
    """Rows that are passed over are read all the same; a cursor knows where they end."""

    code = "skip_too_deep"
    title = "So many objects can't be skipped"
    example: ClassVar = {
        "max_skip": 10_000,
        "continue_with": "after",
        "errors": [
            {
                "parameter": "skip",
                "detail": "must be 10000 at most; the Link header (after) leads further",
                "code": "skip_too_deep",
            }
        ],
    }

    def __init__(self, max_skip: int) -> None:
        error = {
            "parameter": "skip",
            "detail": f"must be {max_skip} at most; the Link header (after) leads further",
            "code": self.code,
        }
        super().__init__(
            f"At most {max_skip} objects can be skipped. Follow the Link header of each page to the"
            " next one; its cursor, after, costs the same on every page.",
            max_skip=max_skip,
            continue_with="after",
            errors=[error],
        )


class ValueOutOfRangeError(InvalidError):
    code = "value_out_of_range"
    title = "A value is larger than can be stored"

    def __init__(self) -> None:
        # The database does not say which.
        super().__init__(errors=[])


class BusyError(UnavailableError):
    code = "service_busy"
    title = "The service is busy"


class DatabaseUnavailableError(UnavailableError):
    code = "database_unavailable"
    title = "The database does not answer"


class StoppingError(UnavailableError):
    code = "service_stopping"
    title = "The service is stopping"


class RetryTransaction(Exception):  # noqa: N818 - a request to the owner of the transaction
    """What was read is out of date: run the whole transaction again."""
