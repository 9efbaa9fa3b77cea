"""Payments by a provider and their refunds, as tests need them."""

from functools import partial
from typing import Any

from database import Database
from Payment.flows.give_back import send_refunds
from Payment.services.refund_noting import note_refunds
from tests.support.client import Api
from tests.support.fake_provider import FakeProvider, Mood
from tests.support.paying import begun, told
from tests.support.service import Service
from work.caller import Actor
from work.chores import BATCH, Hands
from work.context import unattended


def arrived(api: Api, provider: FakeProvider, payment: Any, **changes: Any) -> Any:
    """The buyer of an announced payment pays, and the provider tells."""
    told(api, provider, provider.pay(payment["provider_reference"], **changes))
    return api.again(payment, "transactions")


def paid(api: Api, provider: FakeProvider, buyer: str = "john_doe") -> tuple[Any, Any]:
    """An order of 100 and its payment, whose money has come by the provider."""
    order = api.order(api.user(buyer), (api.ticket(price=100), 1))
    payment = paid_for(api, provider, order)
    return api.again(order, "orders"), payment


def paid_for(api: Api, provider: FakeProvider, order: Any) -> Any:
    """The payment of an order, whose money has come by the provider."""
    return arrived(api, provider, begun(api, order))


def hands(service: Service, database: Database | None = None) -> Hands:
    """Those of this process, or of another with a database access of its own."""
    actor = Actor(f"chore:{send_refunds.__name__}")
    return Hands(database or service.database, service.app.state, service.clock, actor)


def note(service: Service) -> int:
    """Look through the ledger; how many refunds were noted."""
    unit = unattended(partial(note_refunds, limit=BATCH), service.settings, service.clock)
    return service.database.write_now(unit)


def send(service: Service, limit: int = BATCH) -> int:
    """See to the refunds that are due; how many there were."""
    assert service.client.portal
    return service.client.portal.call(partial(send_refunds, hands(service), limit=limit))


def give_back(service: Service) -> int:
    note(service)
    return send(service)


def give_back_part(api: Api, payment: Any, amount: float) -> None:
    """Decide it; the provider hears of it later."""
    api.post(f"/api/transactions/{payment['id']}/refund", {"amount": amount})


def give_back_by_hand(
    api: Api, service: Service, provider: FakeProvider, payment: Any, reason: str
) -> None:
    """The provider can't give a part of it back, so the box office does."""
    give_back(service)
    give_back_part(api, payment, 1)
    provider.mood = Mood.FAILING
    give_back(service)
    provider.mood = Mood.WELL
    failed = refunds(api, payment)[-1]
    path = f"/api/transactions/{payment['id']}/refunds/{failed['id']}/settle"
    api.post(path, {"reason": reason})


def refunds(api: Api, payment: Any) -> list[Any]:
    shown: list[Any] = api.get(f"/api/transactions/{payment['id']}/refunds")
    return shown


def refund(api: Api, payment: Any) -> Any:
    """The only one."""
    (one,) = refunds(api, payment)
    return one
