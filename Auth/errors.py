"""What identity can refuse."""

from typing import ClassVar

from core.errors import ForbiddenError, TooManyRequestsError, UnauthenticatedError


class NotAuthenticatedError(UnauthenticatedError):
    code = "not_authenticated"
    title = "This needs an identity"


class CrossSiteRequestError(ForbiddenError):
    """What a browser sends by itself must not be used by pages that are not ours."""

    code = "cross_site_request"
    title = "Only pages of this site may ask for this"


class RateLimitedError(TooManyRequestsError):
    code = "too_many_requests"
    title = "Too many requests"


class TooManyStoredAnswersError(TooManyRequestsError):
    """Nothing ran; without an Idempotency-Key it may."""

    code = "too_many_stored_answers"
    title = "Too much is stored under Idempotency-Keys"
    example: ClassVar = {"quota": "stored-answers", "limit": 2000, "retry_after": 44}

    def __init__(self, quota: str, limit: int, retry_after: int) -> None:
        super().__init__(retry_after)
        self.extra = {"quota": quota, "limit": limit, "retry_after": retry_after}
