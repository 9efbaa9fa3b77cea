"""The service and the test provider in processes of their own, which speak HTTP to each other."""

from collections.abc import Iterator

import pytest

from tests.support.books import disagreements
from tests.support.market import BACK, Market, running_market
from tests.support.payments_provider import SUCCESS
from tests.support.service import BACKENDS, fresh_database
from tests.support.sockets import until

LOST = "4000000000000143"


@pytest.fixture(scope="module", params=BACKENDS)
def market(
    request: pytest.FixtureRequest, worker_name: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Market]:
    with (
        fresh_database(request.param, request, f"{worker_name}_market") as url,
        running_market(url, tmp_path_factory.mktemp("market")) as market,
    ):
        yield market


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
