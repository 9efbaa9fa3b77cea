"""HTTP as a client speaks it that must reckon with every failure in between."""

import http.client
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

# Far more than a request may take: who waits longer was forgotten.
FORGOTTEN_SECONDS = 30
# The first of two requests with one key is still at work.
IN_PROGRESS = "request_in_progress"
# What a payment provider has answered; the service has no idea when it will be well again.
NONSENSE = "payment_provider_failed"


class NoAnswerError(Exception):
    """The connection failed; whether the request was carried out is not known."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    text: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.text) if self.text else None

    @property
    def said(self) -> str:
        """The status, and the code of a refusal."""
        return f"{self.status} {self.body['code']}" if self.status >= 400 else str(self.status)

    @property
    def is_refusal(self) -> bool:
        """Whether the business said no, for good."""
        return self.status in {404, 409} and not self.leaves_open

    @property
    def leaves_open(self) -> bool:
        """Whether the same request may be sent again, and should."""
        in_progress = self.status == 409 and self.body["code"] == IN_PROGRESS
        return self.status == 503 or in_progress or self.is_bad_gateway

    @property
    def is_bad_gateway(self) -> bool:
        """Whether somebody behind the service makes no sense."""
        return self.status == 502 and self.body["code"] == NONSENSE

    @property
    def is_replay(self) -> bool:
        return self.headers.get("Idempotency-Replayed") == "true"

    def same_as(self, other: "Answer") -> bool:
        mine, others = (one.headers.get("Location") for one in (self, other))
        return (self.status, self.text, mine) == (other.status, other.text, others)


class Connection:
    """Kept alive while it can be; after a failure the next request opens a new one."""

    def __init__(self, address: Callable[[], str]) -> None:
        self._address = address
        self._open: http.client.HTTPConnection | None = None

    def send(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        sent = dict(headers or {})
        if body is not None:
            sent["Content-Type"] = "application/json"
        try:
            return self._exchange(method, path, None if body is None else json.dumps(body), sent)
        except TimeoutError:
            self.close()
            raise
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise NoAnswerError(repr(error)) from error

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def _exchange(
        self, method: str, path: str, data: str | None, headers: dict[str, str]
    ) -> Answer:
        if self._open is None:
            self._open = self._connect()
        self._open.request(method, path, data, headers)
        response = self._open.getresponse()
        return Answer(response.status, response.headers, response.read())

    def _connect(self) -> http.client.HTTPConnection:
        # The service may have come back elsewhere.
        address = urlsplit(self._address())
        assert address.hostname == "127.0.0.1"
        return http.client.HTTPConnection(address.hostname, address.port, timeout=FORGOTTEN_SECONDS)
