"""Many clients at once against real server processes."""

import http.client
import json
import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

THREADS = 24


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any
    # Whether it was given before, to the same request under the same key.
    is_replay: bool = False
    tag: str | None = None

    @property
    def said(self) -> str:
        """The status, or the code of a refusal: what races are counted by."""
        return str(self.status) if self.status < 400 else str(self.body["code"])


class Client:
    """A connection that is kept alive, or with ``reconnect`` made anew for every request.

    The server ends idle connections after some seconds, which a slow test may well be.
    """

    def __init__(self, url: str, *, reconnect: bool = False, token: str = "") -> None:
        address = urlsplit(url)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        assert address.hostname == "127.0.0.1"
        self._reconnect = reconnect
        self._connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        key: str | None = None,
        tag: str | None = None,
    ) -> Answer:
        said = {"Idempotency-Key": key, "If-Match": tag}
        headers = self._headers | {name: one for name, one in said.items() if one is not None}
        if body is None:
            return self._send(method, path, None, headers)
        headers["Content-Type"] = "application/json"
        return self._send(method, path, json.dumps(body), headers)

    def send_form(self, path: str, form: str) -> Answer:
        return self._send("POST", path, form, {"Content-Type": "application/x-www-form-urlencoded"})

    def _send(self, method: str, path: str, data: str | None, headers: dict[str, str]) -> Answer:
        self._connection.request(method, path, data, headers)
        response = self._connection.getresponse()
        text = response.read()
        if self._reconnect:
            self._connection.close()
        body = json.loads(text) if text else None
        is_replay = response.headers["Idempotency-Replayed"] == "true"
        return Answer(response.status, body, is_replay, response.headers["ETag"])

    def ok(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.send(method, path, body)
        assert answer.status < 300, answer
        return answer.body

    def close(self) -> None:
        self._connection.close()


# Method, address and body; an ``Idempotency-Key`` if it has one, and an ``If-Match``.
Call = (
    tuple[str, str, Any] | tuple[str, str, Any, str] | tuple[str, str, Any, str | None, str | None]
)


def race(url: str, calls: Sequence[Call], *tokens: str) -> list[Answer]:
    """Send calls from 24 threads that start together; no answer may be a 5xx.

    Whose the tokens are take turns, one in each thread.
    """
    start = threading.Barrier(THREADS)

    def run(number: int) -> list[Answer]:
        client = Client(url, token=tokens[number % len(tokens)] if tokens else "")
        try:
            start.wait(timeout=60)
            return [client.send(*call) for call in calls[number::THREADS]]
        finally:
            client.close()

    with ThreadPoolExecutor(THREADS) as pool:
        answers = [answer for part in pool.map(run, range(THREADS)) for answer in part]
    faults = [answer for answer in answers if answer.status >= 500]
    assert not faults, faults[:3]
    return answers


def tally(answers: Sequence[Answer]) -> Counter[str]:
    return Counter(answer.said for answer in answers)
