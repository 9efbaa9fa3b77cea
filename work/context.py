"""What every service is given first: where it works, for whom, when, and on which terms."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import Table
from sqlmodel import Session

from core.clock import Clock, utc_now
from core.errors import DomainError
from core.etags import Precondition
from core.schemas import AsRead
from core.settings import Settings
from core.store.exchange import exchange_of
from core.store.statements import Row, Script, Statement, changing, joined
from core.zones import time_zone
from work.caller import NOBODY, PROCESS, Actor, Caller

T = TypeVar("T")


@dataclass(frozen=True)
class AccessTerms:
    """For how long log-ins and API keys may be used, and what they take."""

    # In which the refresh token before the newest one is answered.
    grace: timedelta
    # A log-in's whole life, however often it is prolonged.
    log_in: timedelta
    key: timedelta
    keys_per_user: int
    # Whether staff and administrators have to have one.
    second_factor: bool

    @classmethod
    def of(cls, settings: Settings) -> "AccessTerms":
        return cls(
            grace=timedelta(seconds=settings.refresh_grace_seconds),
            log_in=timedelta(days=settings.login_max_days),
            key=timedelta(days=settings.api_key_max_days),
            keys_per_user=settings.max_api_keys_per_user,
            second_factor=settings.demands_second_factor,
        )


@dataclass(frozen=True)
class Retention:
    """For how long personal data is kept; None: until somebody removes it."""

    ended_log_ins: timedelta | None
    unsold_notes: timedelta | None
    audit: timedelta | None

    @classmethod
    def of(cls, settings: Settings) -> "Retention":
        return cls(
            ended_log_ins=_days(settings.keep_ended_logins_days),
            unsold_notes=_days(settings.keep_unsold_notes_days),
            audit=_days(settings.keep_audit_days),
        )


def _days(number: int) -> timedelta | None:
    return timedelta(days=number) if number else None


@dataclass(frozen=True)
class Terms:
    """What the deployment fixes for every sale."""

    currency: str
    # Whose days, weeks and months reports tell, unless they are asked for another's, and whose days
    # lists mean.
    zone: ZoneInfo
    hold: timedelta
    # Of one ticket, in one order.
    max_units: int
    access: AccessTerms
    retention: Retention
    # How long after its hold an order may still be paid for.
    late_payment: timedelta
    # Above it an order's money is given back by administrators only; 0 is no limit.
    refund_limit: Decimal
    # Whether the box office may settle and refund what is its members' own.
    own_orders_by_staff: bool
    # The payment methods whose money comes by a provider, and for how long a payment begun there
    # prolongs the hold.
    providers: frozenset[str]
    payment: timedelta
    # Of one customer; 0 is no limit. What they mean is said in ``Order.services.fairness``.
    max_open_orders: int
    max_customers_units: int
    hold_again: timedelta
    max_unpaid_orders: int

    @classmethod
    def of(cls, settings: Settings) -> "Terms":
        return cls(
            currency=settings.currency,
            zone=time_zone(settings.timezone),
            hold=timedelta(minutes=settings.hold_minutes),
            max_units=settings.max_units_per_ticket,
            access=AccessTerms.of(settings),
            retention=Retention.of(settings),
            late_payment=timedelta(hours=settings.late_payment_hours),
            refund_limit=settings.refund_limit,
            own_orders_by_staff=settings.own_orders_by_staff,
            providers=frozenset(settings.providers),
            payment=timedelta(minutes=settings.payment_minutes),
            max_open_orders=settings.max_open_orders_per_user,
            max_customers_units=settings.max_units_per_user_and_ticket,
            hold_again=timedelta(minutes=settings.hold_again_minutes),
            max_unpaid_orders=settings.max_unpaid_orders_per_day,
        )

    @property
    def limit_customers(self) -> bool:
        """Whether any of the limits of one customer is set."""
        numbers = (self.max_open_orders, self.max_customers_units, self.max_unpaid_orders)
        return any(numbers) or bool(self.hold_again)


@dataclass(frozen=True)
class Question:
    """What must be known before the unit may go on: its statement has one row, or none."""

    statement: Statement
    values: Mapping[str, Any]
    # Raises where the row says that the unit must not go on.
    hear: Callable[[Row | None], None]


class NotAdmittedError(Exception):
    """The unit ends before its service may do anything, with a refusal."""

    def __init__(self, refusal: DomainError) -> None:
        self.refusal = refusal
        super().__init__()


class Admitted(Protocol):
    """Who asks; known once the questions are answered."""

    @property
    def caller(self) -> Caller: ...

    @property
    def principal(self) -> str | None:
        """Whose an ``Idempotency-Key`` is, as soon as that is known."""


@dataclass(frozen=True)
class Known:
    """Somebody of whom nothing has to be asked."""

    caller: Caller = NOBODY

    @property
    def principal(self) -> str:
        return self.caller.principal


@dataclass(frozen=True)
class Context:
    """Made at the beginning of the transaction, so that who asks is true there; a transaction that
    is run again gets a new one, at a later time.

    Who asks and whether they may is asked of the database together with the first thing that the
    service wants to know, for each message to it and back takes time. The service sees nothing of
    an answer by which its caller is refused.
    """

    _session: Session
    now: datetime
    terms: Terms
    _admitted: Admitted = field(default_factory=Known)
    _questions: list[Question] = field(default_factory=list)
    _precondition: Precondition | None = None

    @property
    def caller(self) -> Caller:
        self.settle()
        return self._admitted.caller

    @property
    def principal(self) -> str:
        """Whose an ``Idempotency-Key`` is; mostly the credentials alone tell."""
        return self._admitted.principal or self.caller.principal

    @property
    def session(self) -> Session:
        """For statements that are built as they are needed; ``rows`` and ``write`` cost less."""
        self.settle()
        return self._session

    def rows(self, statement: Statement, **values: Any) -> list[Row]:
        """What a statement finds now, all that was written before included."""
        if self._questions:
            return self._ask(statement, values)
        return exchange_of(self._session).rows(statement, values)

    def row(self, statement: Statement, **values: Any) -> Row | None:
        """The only row, or None."""
        found = self.rows(statement, **values)
        return found[0] if found else None

    def pages(self, statement: Statement, size: int, **values: Any) -> Iterator[list[Row]]:
        """What a statement finds, so many rows at a time: for what is too much to have at once."""
        self.settle()
        return exchange_of(self._session).pages(statement, values, size)

    def write(self, statement: Statement, *, expecting: int | None = None, **values: Any) -> None:
        """Change something, at the latest when it is committed.

        With ``expecting``, for a statement that is ``counted``: if it is not of so many rows, what
        the service has read is out of date, and the whole unit is run again.
        """
        self.settle()
        exchange_of(self._session).write(statement, values, expecting)

    def write_all(self, script: Script, **values: Any) -> None:
        """Carry out one change after the other; each is given what it names of the values."""
        dialect = exchange_of(self.session).dialect
        for change in script.on(dialect):
            self.write(change, **{name: values[name] for name in change.on(dialect).required})

    def change(self, table: Table, known: Mapping[str, Any], **fields: Any) -> None:
        """Change the one row whose columns are as they are known.

        Whoever was faster changed them: then the whole unit is run again.
        """
        statement = changing(table, tuple(known), tuple(fields))
        values = {f"is_{name}": value for name, value in known.items()}
        values |= {f"to_{name}": value for name, value in fields.items()}
        self.write(statement, expecting=1, **values)

    def require_current(self, body: AsRead, stored: Row) -> None:
        """Raises if the object was changed since the caller read it; ``stored`` is its row.

        What the caller has read is said in the body, or by ``If-Match``.
        """
        self.require_meant(stored)
        body.require_current(stored)

    def require_meant(self, stored: Row) -> None:
        """Raises if ``If-Match`` names another state; for what takes no ``AsRead``.

        ``stored`` is the object's row, locked, or as it was just removed.
        """
        if self._precondition is not None:
            self._precondition.require(stored)

    def require_heard(self) -> None:
        """Nothing is committed whose condition nobody has looked at."""
        if self._precondition is not None and not self._precondition.is_heard:
            raise AssertionError("a @conditional operation has to compare the state of its object")

    def take_turn(self, name: str) -> None:
        """Be the only transaction that goes on under this name, from the next question on."""
        exchange_of(self._session).take_turn(name)

    def may_be_asked_by(self, user_id: int) -> bool:
        """Whether the credentials say that the caller is this user; an API key says so later."""
        return self._admitted.principal == Caller(user_id).principal

    def ask_first(self, question: Question) -> None:
        self._questions.append(question)

    def settle(self) -> None:
        """Have the questions answered, if the service has asked nothing yet."""
        if self._questions:
            self._ask(None, {})

    def serve(self, service: "Callable[[Context], T]") -> T:
        """What the service answers, or refuses; who may not ask at all is told so instead."""
        try:
            answer = service(self)
        except DomainError:
            self.settle()
            raise
        self.settle()
        return answer

    def on_word_of(self, actor: Actor) -> "Context":
        """The same, for what is done on the word of somebody who is no caller: a provider."""
        self.settle()
        return replace(self, _admitted=Known(Caller(program=actor)))

    def undo(self) -> None:
        """Take back all that was done in the transaction."""
        exchange_of(self._session).undo()

    def _ask(self, last: Statement | None, values: Mapping[str, Any]) -> list[Row]:
        exchange = exchange_of(self._session)
        questions, together = list(self._questions), dict(values)
        for question in questions:
            together |= question.values
        asked = joined(tuple(question.statement for question in questions), last)
        found = exchange.rows(asked.statement, together)
        answers, rows = asked.parted(exchange.dialect, found)
        self._questions.clear()
        for question, answer in zip(questions, answers, strict=True):
            try:
                question.hear(answer)
            except DomainError as refusal:
                raise NotAdmittedError(refusal) from None
        # Whose an API key is leads to another question: whether the object is theirs.
        self.settle()
        return rows


def unattended(
    service: Callable[[Context], T],
    settings: Settings,
    clock: Clock = utc_now,
    actor: Actor = Actor(PROCESS),  # noqa: B008 - it never changes
) -> Callable[[Session], T]:
    """A service as a unit for the database that no request asks for: a chore, a command."""
    terms, known = Terms.of(settings), Known(Caller(program=actor))
    return lambda session: service(Context(session, clock(), terms, known))
