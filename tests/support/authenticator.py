"""An authenticator as people have it on their telephone: RFC 6238, written down a second time."""

import base64
import hashlib
import hmac
import struct
from typing import Any

from tests.support.client import PASSWORD, Api
from tests.support.clock import ManualClock

FACTOR = "/api/auth/second-factor"


class Authenticator:
    def __init__(self, secret: str, clock: ManualClock) -> None:
        self._secret = base64.b32decode(secret)
        self._clock = clock

    def code(self, *, steps: int = 0) -> str:
        """The code of now, or of so many steps of half a minute later."""
        counter = int(self._clock.now.timestamp()) // 30 + steps
        digest = hmac.new(self._secret, struct.pack(">Q", counter), hashlib.sha1).digest()
        at = digest[-1] & 15
        (number,) = struct.unpack(">I", digest[at : at + 4])
        return f"{(number & 0x7FFFFFFF) % 1_000_000:06}"

    def next_code(self) -> str:
        """One that was not shown yet: half a minute later."""
        self._clock.advance(seconds=30)
        return self.code()

    def wrong_code(self) -> str:
        """One that is of none of the steps around now."""
        near = {self.code(steps=steps) for steps in (-1, 0, 1)}
        return next(code for code in map("{:06}".format, range(4)) if code not in near)


def begin(api: Api) -> Authenticator:
    """Begin to enrol whoever asks."""
    shown = api.post(FACTOR, {"password": PASSWORD})
    return Authenticator(shown["secret"], api.clock)


def enrol(api: Api) -> tuple[Authenticator, list[str]]:
    """Give whoever asks a second factor: it, and the recovery codes."""
    authenticator = begin(api)
    answer = api.post(f"{FACTOR}/confirm", {"otp": authenticator.code()})
    return authenticator, answer["recovery_codes"]


def log_in(api: Api, username: str, otp: str | None = None, password: str = PASSWORD) -> Any:
    """The answer to a log-in, whatever it is."""
    form = {"username": username, "password": password} | ({} if otp is None else {"otp": otp})
    return api.request("POST", "/api/auth/token", data=form)


def said(response: Any) -> str:
    """The code of a refusal, or the status."""
    return str(response.status_code if response.is_success else response.json()["code"])
