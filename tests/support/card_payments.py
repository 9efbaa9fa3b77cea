"""Buyers who pay by the test provider that the service serves itself, and what comes of it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from httpx2 import Response
from sqlalchemy import select

from models import provider_events
from Payment.providers.here import ServedHere, secrets_of
from test_payments.provider import PUBLISHABLE_KEY
from test_payments.provider import Provider as SecondParty
from tests.support.client import Api
from tests.support.service import Service
from tests.support.sockets import until

T = TypeVar("T")
ADDRESS = "/test-payments"
BY_PAGE, BY_CONFIRMING = "test", "test_confirm"


@dataclass(frozen=True)
class Buyer:
    """Pays by a method, and with a card."""

    api: Api
    service: Service
    method: str
    card: str

    def order(self) -> Any:
        """Two tickets, for 20."""
        return self.api.order(self.api.user(), (self.api.ticket(price=10), 2))

    def begin(self, order: Any, **fields: Any) -> Any:
        body = {"order_id": order["id"], "payment_method": self.method, **fields}
        return self.api.post("/api/transactions/", body)

    def pay(self, payment: Any) -> Any:
        """Pay with the card; the payment as it is right after that."""
        return self._go_on(payment, card=self.card)

    def authenticate(self, payment: Any, said: str) -> Any:
        """Answer what the bank has asked."""
        return self._go_on(payment, authentication=said)

    def paid(self) -> tuple[Any, Any]:
        """(order, payment), of which everything was told that is told at once."""
        order = self.order()
        payment = self.begin(order)
        self.pay(payment)
        return self.once_told(order, payment)

    def once_told(self, order: Any, payment: Any) -> tuple[Any, Any]:
        until(partial(all_is_told, self.service))
        return self.api.again(order, "orders"), self.api.again(payment, "transactions")

    def sync(self, payment: Any) -> Any:
        return self.api.post(f"/api/transactions/{payment['id']}/sync")

    def transactions(self, order: Any) -> Any:
        return self.api.get(f"/api/transactions/order/{order['id']}")

    def after(self, seconds: float) -> None:
        """So much later; the provider sees to what is due."""
        self.api.clock.advance(seconds=seconds)

        async def wake() -> None:
            second_party(self.service).background.wake()

        in_the_loop(self.service, wake)

    def _go_on(self, payment: Any, **said: str) -> Any:
        action = payment["next_action"]
        if action["type"] == "redirect":
            answer = self.service.client.post(action["url"], data=said, follow_redirects=False)
            assert answer.status_code == 303, answer.text
        else:
            body = {"client_secret": action["client_secret"], **said}
            path = f"/v1/payments/{payment['provider_reference']}/confirm"
            answer = send(self.service, "POST", path, body, key=action["publishable_key"])
            assert answer.status_code == 200, answer.text
        return self.api.again(payment, "transactions")


def send(
    service: Service, method: str, path: str, body: Any = None, *, key: str = PUBLISHABLE_KEY
) -> Response:
    """What a browser asks the provider."""
    headers = {"Authorization": f"Bearer {key}"}
    return service.client.request(method, f"{ADDRESS}{path}", json=body, headers=headers)


def by_hand(service: Service, path: str, body: Any) -> Response:
    """What somebody of the shop asks the provider, beside the service."""
    (secret,) = secrets_of(service.settings)
    headers = {"Authorization": f"Bearer {secret}", "Idempotency-Key": "by-hand"}
    return service.client.post(f"{ADDRESS}{path}", json=body, headers=headers)


def events(service: Service) -> list[tuple[str, str]]:
    """(kind, outcome) of all that the service was told, in the order in which it was."""
    columns = (provider_events.c.kind, provider_events.c.outcome)
    rows = service.database.read_now(
        lambda session: session.execute(select(*columns).order_by(provider_events.c.id)).all()
    )
    return [(row.kind, row.outcome.value) for row in rows]


def all_is_told(service: Service) -> bool:
    """Whether there is nothing that the provider is telling, or should be."""

    async def is_quiet() -> bool:
        provider = second_party(service)
        due = provider.store.next_due()
        # One task waits for what comes.
        is_telling = len(provider.background._tasks) > 1
        return not is_telling and (due is None or due > provider.now())

    return in_the_loop(service, is_quiet)


def forget_all(service: Service) -> None:
    """What the provider would tell a later test, and what is wrong with it, ends here."""
    if service.app.state.test_payments._made is None:
        # Nobody has asked it anything.
        return

    async def forget() -> None:
        store = second_party(service).store
        for table in ("messages", "items", "faults"):
            store._run(f"DELETE FROM {table}")  # noqa: S608 - our own names

    in_the_loop(service, forget)


def second_party(service: Service) -> SecondParty:
    served: ServedHere = service.app.state.test_payments
    assert served._made is not None
    provider: SecondParty = served._made.state.provider
    return provider


def in_the_loop(service: Service, work: Callable[[], Awaitable[T]]) -> T:
    assert service.client.portal
    return service.client.portal.call(work)
