"""What a flow does one step after the other, and a fault that one of its steps meets.

A step is a transaction that is committed, or a question that a provider is asked.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from sqlmodel import Session
from starlette.types import ASGIApp, Receive, Scope, Send

from core.clock import utc_now
from core.store.exchange import exchange_of
from database import Database, Unit
from models import RefundStatus
from Payment.port import (
    Begun,
    Event,
    Outcome,
    PaymentAsked,
    PaymentReport,
    Provider,
    RefundAsked,
    RefundReport,
    RefusedError,
)
from tests.support.payments_provider import ProviderProcess

T = TypeVar("T")
REFUSAL = "not_today"


class Step(StrEnum):
    COMMIT = "commit"
    # What the port calls its questions.
    START = "start"
    LOOK_UP = "look_up"
    REFUND = "refund"
    LOOK_UP_REFUND = "look_up_refund"


class Fault(StrEnum):
    # Of a transaction.
    BEFORE_COMMIT = "crash before the commit"
    AFTER_COMMIT = "crash after the commit"
    # Of a question.
    BEFORE_IT_HEARS = "crash before the provider hears"
    BEFORE_IT_IS_KEPT = "crash before its answer is kept"
    TIME_OUT = "done, and no answer in time"
    DOWN = "down"
    NONSENSE = "done, and the answer is nonsense"
    REFUSAL = "refusal"


OF_A_TRANSACTION = (Fault.BEFORE_COMMIT, Fault.AFTER_COMMIT)
OF_A_QUESTION = tuple(fault for fault in Fault if fault not in OF_A_TRANSACTION)


def faults_of(step: Step) -> Collection[Fault]:
    """All that can go wrong there."""
    return OF_A_TRANSACTION if step is Step.COMMIT else OF_A_QUESTION


class DeathError(BaseException):
    """Ends whatever is being done, as the end of its process would: nothing of it may be caught."""


class UnansweredError(Exception):
    """Whoever has asked is not answered: the process that should have is gone."""


@dataclass
class Course:
    """The steps that were taken, and what goes wrong at one of them."""

    taken: list[Step] = field(default_factory=list)
    _faults: dict[int, Fault] = field(default_factory=dict)

    def begin(self, faults: Mapping[int, Fault] | None = None) -> None:
        """Count from here on; a fault happens once."""
        self.taken.clear()
        self._faults = dict(faults or {})

    @property
    def is_over(self) -> bool:
        """Whether there was the fault."""
        return not self._faults

    def take(self, step: Step) -> Fault | None:
        self.taken.append(step)
        return self._faults.pop(len(self.taken) - 1, None)


class WatchedDatabase(Database):
    """The same access to the same database, whose transactions are steps."""

    def __init__(self, database: Database, course: Course) -> None:
        vars(self).update(vars(database))
        self._course = course

    async def write(self, unit: Unit[T]) -> T:
        fault = self._course.take(Step.COMMIT)
        if fault is not None:
            return await super().write(lambda session: _dying(session, unit, fault))
        return await super().write(unit)


def _dying(session: Session, unit: Unit[T], fault: Fault) -> T:
    """Whoever commits comes no further, and the database does or does not hear of it."""
    exchange = exchange_of(session)
    commit = exchange.commit

    def die() -> None:
        if fault is Fault.AFTER_COMMIT:
            commit()
        raise DeathError

    exchange.commit = die  # type: ignore[method-assign]
    return unit(session)


@dataclass
class WatchedProvider:
    """An adapter that asks the provider in its process, each of whose questions is a step."""

    adapter: Provider
    process: ProviderProcess
    course: Course
    # Refunds are done, and said to be on their way.
    tells_later: bool = False
    # What is the matter with the provider all the time.
    standing: dict[str, str] = field(default_factory=dict)
    _payments: list[PaymentReport] = field(default_factory=list)
    _refunds: list[RefundReport] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.name = self.adapter.name
        self.shown = self.adapter.shown

    async def start(self, asked: PaymentAsked) -> Begun:
        return await self._ask(Step.START, lambda: self.adapter.start(asked))

    async def look_up(self, reference: str) -> PaymentReport:
        return await self._ask(Step.LOOK_UP, lambda: self.adapter.look_up(reference))

    async def refund(self, asked: RefundAsked) -> RefundReport:
        report = await self._ask(Step.REFUND, lambda: self.adapter.refund(asked))
        return replace(report, status=RefundStatus.PENDING) if self.tells_later else report

    async def look_up_refund(self, reference: str) -> RefundReport:
        look_up = self.adapter.look_up_refund
        return await self._ask(Step.LOOK_UP_REFUND, lambda: look_up(reference))

    async def read(self, raw: bytes, headers: Mapping[str, str], now: datetime) -> Event:  # noqa: ARG002
        # The provider's process lives in a time of its own.
        return await self.adapter.read(raw, headers, utc_now())

    async def payments_since(self, since: datetime) -> AsyncIterator[PaymentReport]:
        self._payments.clear()
        async for report in self.adapter.payments_since(since):
            self._payments.append(report)
            yield report

    async def refunds_since(self, since: datetime) -> AsyncIterator[RefundReport]:
        self._refunds.clear()
        async for report in self.adapter.refunds_since(since):
            self._refunds.append(report)
            yield report

    @property
    def has_made(self) -> tuple[list[PaymentReport], list[RefundReport]]:
        """The payments and the refunds that have succeeded, when its books were last looked at."""
        paid = [one for one in self._payments if one.outcome is Outcome.SUCCEEDED]
        return paid, [one for one in self._refunds if one.status is RefundStatus.SUCCEEDED]

    async def close(self) -> None:
        await self.adapter.close()

    def stand(self, **faults: str) -> None:
        self.standing = faults
        self.process.set_faults(**faults)

    async def _ask(self, step: Step, question: Callable[[], Awaitable[T]]) -> T:
        fault = self.course.take(step)
        if fault is None:
            return await question()
        if fault is Fault.BEFORE_IT_HEARS:
            raise DeathError
        if fault is Fault.REFUSAL:
            raise RefusedError(REFUSAL)
        if fault in {Fault.DOWN, Fault.NONSENSE}:
            return await self._in_trouble(fault, question)
        await question()
        raise TimeoutError if fault is Fault.TIME_OUT else DeathError

    async def _in_trouble(self, fault: Fault, question: Callable[[], Awaitable[T]]) -> T:
        self.process.set_faults(answers=fault.name.lower(), **self.standing)
        try:
            return await question()
        finally:
            self.process.set_faults(**self.standing)


class Mortal:
    """An application whose process may end in the midst of a request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await until_death(lambda: self._app(scope, receive, send))


async def until_death(work: Callable[[], Awaitable[T]]) -> T:
    """The end of a process is none of whoever waits for it."""
    try:
        return await work()
    except DeathError:
        raise UnansweredError from None
