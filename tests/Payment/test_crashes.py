"""Whatever ends in the midst of a flow, or fails there: money and books agree in the end.

The provider is the one for tests, in a process of its own. At each step of each flow everything
happens once that can go wrong there: the service's process ends, or the provider is not heard. Then
only what survives goes on. ``tests/support/crash_table.py`` is the table.
"""

from collections.abc import Collection, Iterator
from contextlib import suppress

import pytest
from starlette.datastructures import State

from Payment.port import Provider
from Payment.providers import test
from tests.support.books import reconciliation
from tests.support.crash_shop import Purchase, Shop, opened
from tests.support.crash_table import FLOWS, Act, End, GoesOn, Row, rows
from tests.support.crashes import Step, UnansweredError
from tests.support.ear import Ear, listening_ear
from tests.support.payments_provider import SECRETS, ProviderProcess, running_provider
from tests.support.service import Service
from work.context import unattended

# What the service does not ask: its front ends, the provider itself and operators do.
_OF_OTHERS = {"shown", "read", "close", "payments_since", "refunds_since"}


@pytest.fixture(scope="module")
def ear() -> Iterator[Ear]:
    with listening_ear() as ear:
        yield ear


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory, ear: Ear) -> Iterator[ProviderProcess]:
    with running_provider(tmp_path_factory.mktemp("payments"), ear.url) as process:
        yield process


@pytest.fixture(scope="module")
def adapter(shared_service: Service, process: ProviderProcess) -> Iterator[Provider]:
    said = {"test_payments_url": process.url, "test_payments_secrets": SECRETS}
    settings = shared_service.settings.model_validate(vars(shared_service.settings) | said)
    adapter = test.make(settings, State({"test_payments": None}))
    yield adapter
    assert shared_service.client.portal
    shared_service.client.portal.call(adapter.close)


@pytest.fixture
def shop(service: Service, adapter: Provider, process: ProviderProcess, ear: Ear) -> Iterator[Shop]:
    with opened(service, adapter, process, ear) as shop:
        yield shop


@pytest.mark.parametrize("flow", FLOWS)
def test_the_table_has_every_step_of_a_flow(shop: Shop, flow: str) -> None:
    purchase = FLOWS[flow].before(shop)
    for act in FLOWS[flow].acts:
        shop.course.begin()
        act.do(purchase)
        assert tuple(shop.course.taken) == act.steps


def test_the_table_has_all_that_providers_are_asked() -> None:
    port = {name for name in vars(Provider) if not name.startswith("_")}
    assert {row.step for row in rows()} - {Step.COMMIT} == port - _OF_OTHERS


@pytest.mark.parametrize("row", list(rows()), ids=str)
def test_money_and_books_agree_in_the_end(shop: Shop, row: Row) -> None:
    flow = FLOWS[row.flow]
    purchase = flow.before(shop)
    shop.course.begin({row.number: row.fault})
    with suppress(UnansweredError):
        do_all(flow.acts, purchase)
    assert shop.course.is_over
    all_come_back = row.goes_on is GoesOn.ALL
    if all_come_back:
        do_all(flow.acts, purchase)
    purchase.go_on(hears=all_come_back)
    assert end_of(purchase) == row.end
    assert len(purchase.payments) <= 1
    assert has_tickets(purchase) is (row.end.order == "confirmed")


def do_all(acts: Collection[Act], purchase: Purchase) -> None:
    for act in acts:
        act.do(purchase)


def end_of(purchase: Purchase) -> End:
    shop, service = purchase.shop, purchase.shop.service
    named = service.database.snapshot_now(
        unattended(reconciliation, service.settings, service.clock)
    )
    differences = [(one.kind, one.here, one.there) for one in shop.call(shop.differences)]
    charged, returned = shop.provider.has_made
    return End(
        shop.api.again(purchase.order, "orders")["status"],
        sum(int(one.amount) for one in charged),
        sum(int(one.amount) for one in returned),
        tuple(one.rule for one in named.differences),
        tuple(differences),
    )


def has_tickets(purchase: Purchase) -> bool:
    """Whether what the order is for is sold; if not, it is there for others."""
    available, reserved, sold, withheld = purchase.shop.api.stock(purchase.ticket)
    assert (available + sold, reserved, withheld) == (purchase.ticket["total_quantity"], 0, 0)
    return sold == 1
