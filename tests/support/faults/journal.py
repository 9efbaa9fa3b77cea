"""What clients asked for and what they were told: the log that the database is held against."""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tests.support.faults.connection import Answer

# However slow the machine is, a service that works gets on within so many seconds.
PATIENCE = 60


class Outcome(StrEnum):
    DONE = "acknowledged"
    REFUSED = "refused"
    # No answer, or one that leaves open whether the request was carried out.
    UNKNOWN = "unknown"


@dataclass
class Operation:
    """One wish of a client, however often it was sent."""

    key: str
    kind: str
    # What must be found if it was carried out.
    wanted: Any
    outcome: Outcome = Outcome.UNKNOWN
    attempts: int = 0
    # What it was told in the end.
    answer: Answer | None = None

    @property
    def request_id(self) -> str:
        """Of the newest attempt; the ledger keeps it with what the attempt moved."""
        return f"{self.key}/{self.attempts}"

    def conclude(self, answer: Answer) -> None:
        self.answer = answer
        if answer.status < 300:
            self.outcome = Outcome.DONE
        elif answer.is_refusal:
            self.outcome = Outcome.REFUSED


@dataclass
class Journal:
    """Shared by all clients of a load; each operation is in it before it is sent."""

    operations: list[Operation] = field(default_factory=list)
    # How often each answer was given, reads included.
    answers: Counter[str] = field(default_factory=Counter)
    # What no client should ever see.
    complaints: list[str] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _done: Counter[str] = field(default_factory=Counter)

    def begin(self, operation: Operation) -> None:
        with self._changed:
            self.operations.append(operation)

    def end(self, operation: Operation) -> None:
        with self._changed:
            self._done[operation.kind] += operation.outcome is Outcome.DONE
            self._changed.notify_all()

    def count(self, what: str) -> None:
        with self._changed:
            self.answers[what] += 1
            self._changed.notify_all()

    def complain(self, about: str) -> None:
        with self._changed:
            self.complaints.append(about)

    @property
    def acknowledged(self) -> int:
        return self._done.total()

    def await_progress(self, number: int, seconds: float = PATIENCE) -> None:
        """Until so many more operations were acknowledged."""
        goal = self.acknowledged + number
        self._await(lambda: self.acknowledged >= goal, seconds)

    def await_kinds(self, *kinds: str) -> None:
        """Until an operation of each of these kinds was acknowledged."""
        self._await(lambda: all(self._done[kind] for kind in kinds), PATIENCE)

    def await_answer(self, said: str) -> None:
        """Until somebody was told this from now on."""
        before = self.answers[said]
        self._await(lambda: self.answers[said] > before, PATIENCE)

    def _await(self, condition: Callable[[], bool], seconds: float) -> None:
        with self._changed:
            if not self._changed.wait_for(condition, seconds):
                raise AssertionError(f"the service does not get on: {dict(self.answers)}")
