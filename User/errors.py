"""What users, log-ins and API keys can refuse."""

from typing import ClassVar

from core.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    UnauthenticatedError,
)


class UserNotFoundError(NotFoundError):
    code = "user_not_found"
    title = "The user does not exist"
    constraint = "fk_orders_user_id_users"


class RoleTooHighError(ForbiddenError):
    code = "role_too_high"
    title = "Nobody gives a role above the own one"


class UserInactiveError(ConflictError):
    code = "user_inactive"
    title = "The user is deactivated"


class UserErasedError(ConflictError):
    code = "user_erased"
    title = "The user was erased, which can't be undone"
    constraint = "ck_users_erased_is_nobody"


class UsernameTakenError(ConflictError):
    code = "username_taken"
    title = "The username is taken"
    constraint = "uq_users_username_key"


class EmailTakenError(ConflictError):
    code = "email_taken"
    title = "The email address is taken"
    constraint = "uq_users_email_key"


class UserHasOrdersError(ConflictError):
    code = "user_has_orders"
    title = "The user has orders: deactivate the user instead"


class LastAdministratorError(ConflictError):
    code = "last_administrator"
    title = "The last active administrator stays one: make another one first"


class UsernameReservedError(ConflictError):
    code = "username_reserved"
    title = "The username is reserved"


class PasswordRequiredError(ForbiddenError):
    code = "password_required"
    title = "Changing this needs the current password"


class InvalidCredentialsError(UnauthenticatedError):
    """An unknown user, a wrong password and a deactivated user: all the same to a stranger."""

    code = "invalid_credentials"
    title = "Username or password is wrong"


class ProofOutdatedError(InvalidCredentialsError):
    """The password was right, but the account has changed since: it has to be compared again."""


class InvalidTokenError(UnauthenticatedError):
    code = "invalid_token"
    title = "The token or key is not valid, or not any more"


class NotByApiKeyError(ForbiddenError):
    code = "not_by_api_key"
    title = "This is for people who log in, not for API keys"


class SessionNotFoundError(NotFoundError):
    code = "session_not_found"
    title = "The log-in does not exist, or has ended"


class PasswordMissingError(ConflictError):
    code = "password_not_set"
    title = "The account has no password to change"


class SecondFactorRequiredError(UnauthenticatedError):
    """Told only to who knew the password."""

    code = "second_factor_required"
    title = "The account needs a second factor: send it as otp"
    example: ClassVar = {"accepted": ["totp", "recovery_code"]}


class InvalidSecondFactorError(UnauthenticatedError):
    """A wrong code and one that was used are the same to a stranger."""

    code = "invalid_second_factor"
    title = "The code is wrong, or was used before"


class SecondFactorEnrolmentRequiredError(ForbiddenError):
    code = "second_factor_enrolment_required"
    title = "Your role needs a second factor: enrol one first"


class SecondFactorExistsError(ConflictError):
    code = "second_factor_enrolled"
    title = "The account has a second factor: switch it off first"


class SecondFactorMissingError(ConflictError):
    code = "second_factor_not_enrolled"
    title = "The account has no second factor"


class EnrolmentNotBegunError(ConflictError):
    code = "enrolment_not_begun"
    title = "No enrolment of a second factor was begun within the last hour"


class OwnSecondFactorError(ForbiddenError):
    code = "own_second_factor"
    title = "One's own second factor is switched off with a code of it"


class ApiKeyNotFoundError(NotFoundError):
    code = "api_key_not_found"
    title = "The API key does not exist"
    example: ClassVar = {}


class TooManyApiKeysError(ConflictError):
    code = "too_many_api_keys"
    title = "The user has as many API keys as are allowed: end one first"
    example: ClassVar = {"limit": 20}


class ApiKeyEndError(InvalidError):
    code = "validation_error"
    title = "The request is not valid"

    def __init__(self, detail: str) -> None:
        error = {"pointer": "#/expires_at", "detail": detail, "code": "bad_key_end"}
        super().__init__(f"expires_at {detail}.", errors=[error])


class GuessablePasswordError(InvalidError):
    code = "validation_error"
    title = "The request is not valid"

    def __init__(self) -> None:
        detail = "is the account's own name"
        error = {"pointer": "#/new_password", "detail": detail, "code": "password_is_a_name"}
        super().__init__(f"The password {detail}.", errors=[error])
