"""What is done to accounts and keys that the audit remembers."""

from enum import StrEnum


class Action(StrEnum):
    # With more rights than whoever registers gets, or on the command line.
    USER_CREATED = "user_created"
    USER_DELETED = "user_deleted"
    USER_ERASED = "user_erased"
    # What is kept about somebody was told to somebody else.
    USER_EXPORTED = "user_exported"
    USER_ACTIVATED = "user_activated"
    USER_DEACTIVATED = "user_deactivated"
    ROLE_CHANGED = "role_changed"
    USERNAME_CHANGED = "username_changed"
    EMAIL_CHANGED = "email_changed"
    PASSWORD_SET = "password_set"  # noqa: S105 - an action's name
    SECOND_FACTOR_ENROLLED = "second_factor_enrolled"
    SECOND_FACTOR_REMOVED = "second_factor_removed"
    RECOVERY_CODES_MADE = "recovery_codes_made"
    RECOVERY_CODE_USED = "recovery_code_used"
    # By staff and administrators.
    LOGGED_IN = "logged_in"
    SESSIONS_ENDED = "sessions_ended"
    API_KEY_CREATED = "api_key_created"
    API_KEY_DELETED = "api_key_deleted"
    # All of a user's, with what they stood on.
    API_KEYS_ENDED = "api_keys_ended"
    API_KEYS_LOWERED = "api_keys_lowered"
