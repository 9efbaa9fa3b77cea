"""The cookie in which a browser keeps a log-in, where no script can read it."""

import re
from dataclasses import dataclass

from fastapi import Response
from starlette.types import Scope

from Auth.credentials import PLAIN_COOKIE, SECURE_COOKIE, said_in_cookies
from User.services.log_in_service import Granted

# The prefix of the name asks for that of the whole host.
_PATH = "/"
# As a refresh token is spelt, and as long as one may be.
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,100}\.[A-Za-z0-9_-]{1,99}")


@dataclass(frozen=True)
class LogInCookie:
    """What a browser sent of it, and how it is told to keep another one or none."""

    is_secure: bool
    # All that is there by the name; more than one, where somebody meddled.
    said: tuple[str, ...]

    @classmethod
    def of(cls, scope: Scope, *, is_secure: bool) -> "LogInCookie":
        return cls(is_secure, said_in_cookies(scope, _name(is_secure=is_secure)))

    @property
    def is_there(self) -> bool:
        return bool(self.said)

    @property
    def token(self) -> str | None:
        """The refresh token; None where there is nothing that could be one, or two of them."""
        if len(self.said) != 1 or not _TOKEN.fullmatch(self.said[0]):
            return None
        return self.said[0]

    def keep(self, granted: Granted, answer: Response) -> Response:
        """Have the browser keep the refresh token with the answer, for as long as it is good."""
        seconds = int(granted.lasts.total_seconds())
        self._set(answer, granted.tokens.refresh_token, seconds)
        return answer

    def remove(self, answer: Response) -> Response:
        self._set(answer, "", 0)
        return answer

    def _set(self, answer: Response, value: str, seconds: int) -> None:
        answer.set_cookie(
            _name(is_secure=self.is_secure),
            value,
            max_age=seconds,
            path=_PATH,
            secure=self.is_secure,
            httponly=True,
            samesite="strict",
        )


def _name(*, is_secure: bool) -> str:
    return SECURE_COOKIE if is_secure else PLAIN_COOKIE
