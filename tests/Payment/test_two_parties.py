"""The service and the test provider in processes of their own, which speak HTTP to each other."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.books import disagreements
from tests.support.faults.site import Site, running_site
from tests.support.payments_provider import SECRETS, SUCCESS, ProviderProcess, running_provider
from tests.support.service import BACKENDS, fresh_database
from tests.support.sockets import until
from tools.server import new_listener, url_of

LOST = "4000000000000143"
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
            "event_date": "2030-01-01T20:00:00Z",
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


@pytest.fixture(scope="module", params=BACKENDS)
def market(
    request: pytest.FixtureRequest, worker_name: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Market]:
    folder: Path = tmp_path_factory.mktemp("market")
    with ExitStack() as stack:
        url = stack.enter_context(fresh_database(request.param, request, f"{worker_name}_market"))
        # Each has to know where the other one is before it starts.
        listener = new_listener()
        settings = {
            "PAYMENT_PROVIDERS": "test",
            "PAYMENT_RETURN_URL": BACK,
            "TEST_PAYMENTS_URL": url_of(listener),
            "TEST_PAYMENTS_SECRETS": ",".join(SECRETS),
        }
        site = stack.enter_context(running_site(url, settings, workers=1))
        webhook = f"{site.url}/api/payments/webhooks/{{channel}}"
        provider = running_provider(folder, webhook, listening=listener)
        yield Market(site, stack.enter_context(provider))


def test_a_buyer_pays_on_the_page_and_has_tickets(market: Market) -> None:
    order = market.order("john")
    payment = market.begin(order)
    led_to = market.pay(payment, SUCCESS)
    assert led_to == f"{BACK}?transaction_number={payment['transaction_number']}"
    until(lambda: market.status(order) == "confirmed")
    assert disagreements(market.site.database) == []


def test_a_buyer_who_comes_back_before_the_word_does_has_them_too(market: Market) -> None:
    order = market.order("jane")
    payment = market.begin(order)
    market.pay(payment, LOST)
    assert market.status(order) == "pending"
    market.ok("POST", f"/api/transactions/{payment['id']}/sync")
    assert market.status(order) == "confirmed"
    assert disagreements(market.site.database) == []


def test_a_provider_that_was_down_is_gone_on_with(market: Market) -> None:
    order = market.order("jack")
    market.provider.set_faults(answers="down")
    body = {"order_id": order["id"], "payment_method": "test"}
    refused = market.site.ask("POST", "/api/transactions/", body, Idempotency_Key="pay")
    assert refused.said == "503 payment_provider_unavailable"
    market.provider.end_faults()
    payment = market.ok("POST", "/api/transactions/", body, Idempotency_Key="pay")
    assert payment["id"] == refused.body["transaction_id"]
    market.pay(payment, SUCCESS)
    until(lambda: market.status(order) == "confirmed")
    assert disagreements(market.site.database) == []
