"""A purchase at a shop whose process may end at any moment, and what goes on after that."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from httpx2 import Response
from sqlalchemy import func, select

from core.clock import utc_now
from models import orders, provider_refunds, transactions
from Order.services.expiry_service import expire_overdue_orders
from Payment import DOMAIN
from Payment.flows.asking import Providers
from Payment.flows.compare import compare
from Payment.flows.pay import ByProvider
from Payment.port import Provider
from Payment.services.provider_books import Difference
from tests.support.client import Api
from tests.support.crashes import Course, Mortal, WatchedDatabase, WatchedProvider, until_death
from tests.support.ear import Ear, Heard
from tests.support.payments_provider import SUCCESS, ProviderProcess
from tests.support.service import Service, local_client
from work.caller import Actor
from work.chores import BATCH, Chore, Errand, Hands
from work.context import Context, unattended

T = TypeVar("T")
PRICE = 100
METHOD = "test"
CHORES: Sequence[Chore] = (expire_overdue_orders, *DOMAIN.chores)
_PATIENCE_SECONDS = 5.0
# Nothing that goes on needs more.
_ROUNDS = 20
# When there is something to do next.
_DUE = select(
    *(
        select(func.min(column)).scalar_subquery()
        for column in (transactions.c.look_at, provider_refunds.c.send_at, orders.c.expires_at)
    )
)


@dataclass(frozen=True)
class Shop:
    service: Service
    api: Api
    provider: WatchedProvider
    ear: Ear
    course: Course
    # Nothing of other tests is younger.
    since: datetime

    @property
    def process(self) -> ProviderProcess:
        return self.provider.process

    def call(self, work: Callable[[], Awaitable[T]]) -> T:
        """In the event loop of the service, until it is done or its process ends."""
        assert self.service.client.portal
        return self.service.client.portal.call(partial(until_death, work))

    async def do(self, chore: Chore) -> int:
        service = self.service
        unit = partial(chore, limit=BATCH)
        return await service.database.write(
            unattended(unit, service.settings, service.clock, _actor(chore))
        )

    async def run(self, errand: Errand) -> int:
        service = self.service
        hands = Hands(service.database, service.app.state, service.clock, _actor(errand))
        return await errand(hands, limit=BATCH)

    async def do_what_is_due(self) -> int:
        """How much there was."""
        done = [await self.do(chore) for chore in CHORES]
        return sum(done + [await self.run(errand) for errand in DOMAIN.errands])

    def next_due(self) -> datetime | None:
        """When there is something to do next."""
        found = self.service.database.read_now(lambda session: session.execute(_DUE).one())
        return min((time for time in found if time is not None), default=None)

    async def differences(self) -> list[Difference]:
        """Between the provider's books and ours."""
        service = self.service

        def read(command: Callable[[Context], T]) -> T:
            return service.database.read_now(unattended(command, service.settings, service.clock))

        return [one async for one in compare(self.provider, self.since, read)]


@contextmanager
def opened(
    service: Service, adapter: Provider, process: ProviderProcess, ear: Ear
) -> Iterator[Shop]:
    """The service takes money by the provider in its own process, until the block ends."""
    course = Course()
    provider = WatchedProvider(adapter, process, course)
    state = service.app.state
    before = {name: getattr(state, name) for name in ("database", "providers", "payments")}
    state.database = WatchedDatabase(service.database, course)
    by_name = {METHOD: provider}
    state.providers = Providers(by_name, _PATIENCE_SECONDS, service.settings.currency)
    state.payments = ByProvider(state.providers)
    client = local_client(Mortal(service.app))
    client.portal = service.client.portal
    watched = replace(service, client=client, database=state.database)
    # Both books tell of the same day.
    since = service.clock.now = utc_now()
    try:
        yield Shop(watched, Api(client, service.clock, service.app), provider, ear, course, since)
    finally:
        for name, value in before.items():
            setattr(state, name, value)
        if provider.standing:
            process.end_faults()


@dataclass
class Purchase:
    shop: Shop
    ticket: Any
    order: Any
    # Its buyer pays as soon as there is a way to.
    is_to_be_paid: bool = True
    # As soon as it is known.
    payment_id: int | None = None
    _heard: dict[str, Heard] = field(default_factory=dict)

    def ask(self, path: str, body: Any = None) -> Response:
        """What its buyer asks, or the box office; asked again, it is under the same key."""
        headers = {"Idempotency-Key": f"{self.order['id']}{path}"}
        return self.shop.api.request("POST", path, json=body, headers=headers)

    @property
    def payments(self) -> list[Any]:
        """What the order has of transactions."""
        found: list[Any] = self.shop.api.get(f"/api/transactions/order/{self.order['id']}")
        return found

    @property
    def payment_path(self) -> str | None:
        """Of the first transaction, once there is one."""
        if self.payment_id is None and (payments := self.payments):
            self.payment_id = payments[0]["id"]
        return None if self.payment_id is None else f"/api/transactions/{self.payment_id}"

    @property
    def payment(self) -> Any:
        """The transaction, as it is now."""
        return self.shop.api.get(str(self.payment_path))

    @property
    def refund(self) -> Any:
        (refund,) = self.shop.api.get(f"{self.payment_path}/refunds")
        return refund

    def pay(self) -> None:
        """If there is a way to pay, go there and do it."""
        if not self.payment_path or (action := self.payment["next_action"]) is None:
            return
        answer = self.shop.process.client.post(action["url"], data={"card": SUCCESS})
        assert answer.status_code == 303, answer.text
        self.is_to_be_paid = False

    def hear(self, kind: str) -> None:
        """The provider tells of something that has happened, perhaps again."""
        while kind not in self._heard:
            heard = self.shop.ear.next()
            if datetime.fromisoformat(heard.event["created_at"]) >= self.shop.since:
                self._heard[heard.event["type"]] = heard
        heard = self._heard[kind]
        path = f"/api/payments/webhooks/{METHOD}"
        answer = self.shop.api.request("POST", path, content=heard.body, headers=heard.headers)
        assert answer.status_code == 200, answer.text

    def hear_all(self) -> None:
        """The provider tells all that there is to tell, and tells it twice."""
        self.shop.call(self.shop.differences)
        paid, returned = self.shop.provider.has_made
        for kind in ["payment.succeeded"] * len(paid) + ["refund.succeeded"] * len(returned):
            self.hear(kind)
            self.hear(kind)

    def go_on(self, *, hears: bool) -> None:
        """Until nothing is due any more, however long that takes."""
        shop, clock = self.shop, self.shop.service.clock
        for _ in range(_ROUNDS):
            if self.is_to_be_paid:
                self.pay()
            if hears:
                self.hear_all()
            done, due = shop.call(shop.do_what_is_due), shop.next_due()
            if not done and due is None:
                return
            clock.now = max(clock.now, due or clock.now)
        raise AssertionError("there is always something due")


def _actor(job: Chore | Errand) -> Actor:
    return Actor(f"chore:{job.__name__}")
