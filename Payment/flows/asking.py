"""Asking a provider: no longer than there is time, and with refusals that callers can act on."""

import asyncio
import logging
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from core import deadline
from core.http.pacing import Pace
from Order.errors import ProviderFailedError, ProviderUnavailableError
from Payment.port import AwayError, NonsenseError, Provider
from work.unit_of_work import UnitOfWork

logger = logging.getLogger("nexticket.payments")

T = TypeVar("T")
# So much of a request's time; the rest is for the transaction that follows.
_SHARE = 0.75


@dataclass(frozen=True)
class Providers:
    """Those that the deployment has set up, and for how long each is waited for."""

    by_name: Mapping[str, Provider]
    seconds: float
    # In which they are asked for money.
    currency: str
    # At which those go on whom a provider has answered: it may answer a crowd in one moment.
    pace: Pace = field(default_factory=Pace)

    async def ask(self, name: str, answer: Awaitable[T], *, transaction_id: int) -> T:
        """What a provider answers about a payment; ``RefusedError`` is the caller's to handle."""
        patience = min(self.seconds, max(deadline.remaining(), 0) * _SHARE)
        try:
            async with asyncio.timeout(patience):
                said = await answer
        except (AwayError, TimeoutError) as error:
            _tell("does not answer", name, transaction_id, error)
            raise ProviderUnavailableError(name, transaction_id) from None
        except NonsenseError as error:
            _tell("makes no sense", name, transaction_id, error)
            raise ProviderFailedError(name, transaction_id) from None
        await self.pace.turn()
        return said


def base_url_of(work: UnitOfWork) -> str:
    """Where who asks has reached the service; what they say of it is for their own payment."""
    return str(work.base_url).rstrip("/")


def _tell(what: str, name: str, transaction_id: int, error: Exception) -> None:
    logger.warning(
        "payment provider %s",
        what,
        extra={"provider": name, "transaction_id": transaction_id, "reason": str(error) or "time"},
    )
