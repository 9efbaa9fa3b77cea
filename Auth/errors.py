"""What identity can refuse."""

from typing import ClassVar

from core.errors import (
    ConflictError,
    NotFoundError,
    TooManyRequestsError,
    UnauthenticatedError,
)


class NotAuthenticatedError(UnauthenticatedError):
    code = "not_authenticated"
    title = "This needs an identity"


class InvalidCredentialsError(UnauthenticatedError):
    """An unknown user, a wrong password and a deactivated user: all the same to a stranger."""

    code = "invalid_credentials"
    title = "Username or password is wrong"


class InvalidTokenError(UnauthenticatedError):
    code = "invalid_token"
    title = "The token or key is not valid, or not any more"


class PasswordMissingError(ConflictError):
    code = "password_not_set"
    title = "The account has no password to change"


class ApiKeyNotFoundError(NotFoundError):
    code = "api_key_not_found"
    title = "The API key does not exist"
    example: ClassVar = {}


class RateLimitedError(TooManyRequestsError):
    code = "too_many_requests"
    title = "Too many requests"
