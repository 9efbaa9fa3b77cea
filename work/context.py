"""What every service is given first: where it works, for whom, when, and on which terms."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from sqlmodel import Session

from core.clock import Clock, utc_now
from core.settings import Settings
from work.caller import NOBODY, Caller

T = TypeVar("T")


@dataclass(frozen=True)
class Terms:
    """What the deployment fixes for every sale."""

    currency: str
    hold: timedelta
    # Of one ticket, in one order.
    max_units: int

    @classmethod
    def of(cls, settings: Settings) -> "Terms":
        hold = timedelta(minutes=settings.hold_minutes)
        return cls(settings.currency, hold, settings.max_units_per_ticket)


@dataclass(frozen=True)
class Context:
    """Made at the beginning of the transaction, so that who asks is true there; a transaction that
    is run again gets a new one, at a later time.
    """

    session: Session
    caller: Caller
    now: datetime
    terms: Terms


def unattended(
    service: Callable[[Context], T], settings: Settings, clock: Clock = utc_now
) -> Callable[[Session], T]:
    """A service as a unit for the database that no request asks for: a chore, a command."""
    terms = Terms.of(settings)
    return lambda session: service(Context(session, NOBODY, clock(), terms))
