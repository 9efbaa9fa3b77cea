"""The service and the test provider in processes of their own, which speak HTTP to each other."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL
from starlette.datastructures import State

from core.money import selling_in
from core.settings import Settings
from Payment.flows.compare import compare
from Payment.providers import test
from Payment.services.provider_books import Difference
from tests.support.faults.site import Site, running_site
from tests.support.payments_provider import SECRETS, ProviderProcess, running_provider
from tools.server import new_listener, url_of
from work.context import Context, unattended

T = TypeVar("T")
BACK = "http://localhost:3000/thanks"


@dataclass(frozen=True)
class Market:
    site: Site
    provider: ProviderProcess

    def ok(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        answer = self.site.ask(method, path, body, **headers)
        assert answer.status in {200, 201}, answer
        return answer.body

    def order(self, name: str) -> Any:
        """Two tickets, for 20."""
        user = {"username": name, "email": f"{name}@example.com", "full_name": name}
        ticket = {
            "event_name": "Concert",
            "event_date": "2099-01-01T20:00:00Z",
            "venue": "Arena",
            "category": "Floor",
            "price": 10,
            "total_quantity": 10,
        }
        user_id = self.ok("POST", "/api/users/", user)["id"]
        items = [{"ticket_id": self.ok("POST", "/api/tickets/", ticket)["id"], "quantity": 2}]
        return self.ok("POST", "/api/orders/", {"user_id": user_id, "items": items})

    def begin(self, order: Any) -> Any:
        body = {"order_id": order["id"], "payment_method": "test"}
        return self.ok("POST", "/api/transactions/", body, Idempotency_Key=f"pay-{order['id']}")

    def pay(self, payment: Any, card: str) -> str:
        """On the page; where the buyer is led to after that."""
        url = payment["next_action"]["url"]
        assert url.startswith(f"{self.provider.url}/pay/")
        answer = self.provider.client.post(url, data={"card": card})
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    def status(self, order: Any) -> str:
        return str(self.ok("GET", f"/api/orders/{order['id']}")["status"])

    def differences(self, since: datetime) -> list[Difference]:
        """Between the provider's books and ours."""
        database = self.site.database

        def read(command: Callable[[Context], T]) -> T:
            return database.read_now(unattended(command, database.settings))

        async def find() -> list[Difference]:
            said = {"test_payments_url": self.provider.url, "test_payments_secrets": SECRETS}
            adapter = test.make(Settings.model_validate(said), State({"test_payments": None}))
            found = [one async for one in compare(adapter, since, read)]
            await adapter.close()
            return found

        with selling_in(database.settings.currency):
            return asyncio.run(find())


@contextmanager
def running_market(
    url: URL, folder: Path, settings: Mapping[str, str] | None = None, **provider: Any
) -> Iterator[Market]:
    """Serve an empty database, and take money beside it; what the provider keeps is in a folder."""
    # Each has to know where the other one is before it starts.
    listener = new_listener()
    said = {
        "PAYMENT_PROVIDERS": "test",
        "PAYMENT_RETURN_URL": BACK,
        "TEST_PAYMENTS_URL": url_of(listener),
        "TEST_PAYMENTS_SECRETS": ",".join(SECRETS),
        **(settings or {}),
    }
    with ExitStack() as stack:
        site = stack.enter_context(running_site(url, said, workers=1))
        webhook = f"{site.url}/api/payments/webhooks/{{channel}}"
        running = running_provider(folder, webhook, listening=listener, **provider)
        yield Market(site, stack.enter_context(running))
