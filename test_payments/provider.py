"""The provider put together: what it keeps, what it does, and what happens by itself."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from test_payments.background import Background, Clock, Receiver
from test_payments.disputes import Disputes
from test_payments.faults import Faults, faults_now
from test_payments.news import News
from test_payments.payments import Payments
from test_payments.refunds import Refunds
from test_payments.store import Store

# What a front end shows that it means this provider; it is no secret, and there is one for all.
PUBLISHABLE_KEY = "pk_test_payments"


@dataclass(frozen=True)
class Options:
    # SQLite's, made when something is first kept.
    file: str
    # Shared with the shop: each opens the API, and all of them sign what it is told.
    secrets: Sequence[str]
    receiver: Receiver = field(default_factory=Receiver)
    clock: Clock = time.time
    # What an answer takes that is slow.
    slow_seconds: float = 8.0


class Provider:
    def __init__(self, options: Options) -> None:
        self.options = options
        self.store = Store(options.file)
        news = News(self.store)
        self.disputes = Disputes(self.store, news)
        self.payments = Payments(self.store, news, self.disputes)
        self.refunds = Refunds(self.store, news)
        self.background = Background(
            self.store, options.receiver, options.secrets, self.settle_due, options.clock
        )

    def now(self) -> float:
        return self.options.clock()

    def faults(self) -> Faults:
        return faults_now(self.store, self.now())

    def settle_due(self) -> None:
        """Do what the time has come for, whoever looks first."""
        now = self.now()
        self.payments.settle_due(now)
        self.refunds.settle_due(now)

    async def close(self) -> None:
        await self.background.close()
        self.store.close()
