"""What identity can refuse."""

from core.errors import TooManyRequestsError, UnauthenticatedError


class NotAuthenticatedError(UnauthenticatedError):
    code = "not_authenticated"
    title = "This needs an identity"


class RateLimitedError(TooManyRequestsError):
    code = "too_many_requests"
    title = "Too many requests"
