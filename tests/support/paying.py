"""Paying by a provider, as tests need it."""

from functools import partial
from typing import Any

from httpx2 import Response

from Payment.flows.look_after import look_after_payments
from Payment.port import Report
from tests.support.client import Api
from tests.support.fake_provider import FakeProvider
from tests.support.service import Service
from work.caller import Actor
from work.chores import BATCH, Hands


def begin(api: Api, order: Any, *, key: str | None = None, **fields: Any) -> Response:
    """Ask to pay an order by the provider; under a key, where it may have to be asked again."""
    body = {"order_id": order["id"], "payment_method": "stripe", **fields}
    headers = {"Idempotency-Key": key} if key else {}
    return api.request("POST", "/api/transactions/", json=body, headers=headers)


def begun(api: Api, order: Any, **fields: Any) -> Any:
    """A payment that its buyer can go on with."""
    answer = begin(api, order, **fields)
    assert answer.status_code == 201, answer.text
    return answer.json()


def told(api: Api, provider: FakeProvider, report: Report) -> str:
    """The provider tells the service something new; what comes of it."""
    return hear(api, provider, provider.event(report))


def hear(api: Api, provider: FakeProvider, raw: bytes) -> str:
    path = f"/api/payments/webhooks/{provider.name}"
    answer = api.request("POST", path, content=raw)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["outcome"])


def look_after(service: Service, limit: int = BATCH) -> int:
    """Ask about the payments that are due; how many there were."""
    actor = Actor(f"chore:{look_after_payments.__name__}")
    hands = Hands(service.database, service.app.state, service.clock, actor)
    assert service.client.portal
    return service.client.portal.call(partial(look_after_payments, hands, limit=limit))


def an_order(api: Api, price: float = 100, units: int = 1) -> Any:
    return api.order(api.user(), (api.ticket(price=price), units))
