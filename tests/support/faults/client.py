"""A client that keeps a journal, and asks again with the same key where it got no clear answer."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.support.faults.connection import Answer, Connection, NoAnswerError
from tests.support.faults.journal import Journal, Operation, Outcome

# How often a client asks that does not give up, a second apart.
PERSISTENCE = 30
# How many give up after the first unclear answer, and ask again although they were answered.
HASTY, FORGETFUL = 0.15, 0.05
RECONNECT_SECONDS, LONGEST_PAUSE = 0.1, 1.0


class Client:
    def __init__(
        self,
        name: str,
        address: Callable[[], str],
        journal: Journal,
        choices: random.Random,
        persistence: int = PERSISTENCE,
    ) -> None:
        self.name = name
        self.choices = choices
        self._journal = journal
        self._persistence = persistence
        self._connection = Connection(address)
        self._number = 0

    def perform(
        self,
        kind: str,
        address: str,
        body: dict[str, Any] | None = None,
        *,
        wanted: Any = None,
        marked: str | None = None,
    ) -> Operation:
        """Ask at an address (method and path) until there is a clear answer or patience ends.

        The operation's key goes into the body's field ``marked``, so that what it made is found.
        """
        method, path = address.split(" ", maxsplit=1)
        operation = self._new_operation(kind, wanted)
        if marked:
            body = {**(body or {}), marked: operation.key}
        self._journal.begin(operation)
        for _ in range(self._patience(method)):
            self._attempt(operation, method, path, body)
            if operation.outcome is not Outcome.UNKNOWN:
                break
            time.sleep(_pause(operation))
        self._journal.end(operation)
        if self.choices.random() < FORGETFUL and method != "DELETE":
            self._repeat(operation, method, path, body)
        return operation

    def read(self, path: str) -> Any:
        """What is served there, or None while nothing is."""
        answer = self._exchange("GET", path, None, {})
        if answer and answer.status == 200:
            return answer.body
        time.sleep(RECONNECT_SECONDS)
        return None

    def send(self, method: str, path: str) -> None:
        """What may be asked as often as one likes; whatever comes of it."""
        self._exchange(method, path, None, {})

    @contextmanager
    def doing(self, kind: str, wanted: Any) -> Iterator[Operation]:
        """Something that is done elsewhere, and stands in the journal all the same."""
        operation = self._new_operation(kind, wanted)
        operation.attempts = 1
        self._journal.begin(operation)
        yield operation
        self._journal.end(operation)

    def complain(self, about: str) -> None:
        self._journal.complain(f"{self.name}: {about}")

    def close(self) -> None:
        self._connection.close()

    def _new_operation(self, kind: str, wanted: Any) -> Operation:
        self._number += 1
        return Operation(f"{self.name}-{self._number}", kind, wanted)

    def _patience(self, method: str) -> int:
        # DELETE takes no key: asked twice, it says that there is nothing.
        return 1 if method == "DELETE" or self.choices.random() < HASTY else self._persistence

    def _attempt(self, operation: Operation, method: str, path: str, body: Any) -> None:
        operation.attempts += 1
        operation.answer = None
        headers = {"Idempotency-Key": operation.key, "X-Request-ID": operation.request_id}
        if answer := self._exchange(method, path, body, headers):
            operation.conclude(answer)

    def _repeat(self, operation: Operation, method: str, path: str, body: Any) -> None:
        """As a client does that lost its memory: the answer is the same, and nothing happens."""
        first, told = operation.answer, operation.outcome
        self._attempt(operation, method, path, body)
        second, operation.outcome, operation.answer = operation.answer, told, first
        if told is Outcome.UNKNOWN or second is None or first is None or second.leaves_open:
            return
        if not (second.is_replay and second.same_as(first)):
            self.complain(f"{operation.key} was answered {first.said}, then {second.said} anew")

    def _exchange(
        self, method: str, path: str, body: Any, headers: dict[str, str]
    ) -> Answer | None:
        try:
            answer = self._connection.send(method, path, body, headers)
        except NoAnswerError:
            self._journal.count("no answer")
            return None
        except TimeoutError:
            self._journal.count("forgotten")
            self.complain(f"{method} {path} was never answered")
            return None
        self._journal.count(answer.said)
        if answer.is_replay:
            self._journal.count("replayed")
        self._judge(f"{method} {path} {body}", answer)
        return answer

    def _judge(self, request: str, answer: Answer) -> None:
        if answer.leaves_open and not (answer.is_bad_gateway or answer.headers.get("Retry-After")):
            self.complain(f"{request}: {answer.said} without Retry-After")
        elif answer.status >= 400 and not (answer.is_refusal or answer.leaves_open):
            self.complain(f"{request}: {answer.text.decode()}")


def _pause(operation: Operation) -> float:
    """What the service asks for; without an answer there may soon be somebody to ask."""
    if operation.answer:
        return float(operation.answer.headers.get("Retry-After", LONGEST_PAUSE))
    return min(RECONNECT_SECONDS * operation.attempts, LONGEST_PAUSE)
