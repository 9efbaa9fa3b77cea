"""A service that takes money by Stripe, both ways, with somebody else in Stripe's place."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from tests.support.client import Api
from tests.support.emptying import empty
from tests.support.service import Service, fresh_database, running_service, settings_for
from tests.support.stripe_words import stripe_settings


@contextmanager
def stripe_service(
    request: pytest.FixtureRequest, database: str, api_url: str, **changes: object
) -> Iterator[Service]:
    """On the backend that the fixture is parametrized with."""
    settings = stripe_settings(api_url, **changes)
    with (
        fresh_database(request.param, request, database) as url,
        running_service(settings_for(url, **settings)) as service,
    ):
        yield service


@contextmanager
def opened(service: Service) -> Iterator[Api]:
    """For one test, which leaves nothing to the next."""
    service.clock.reset()
    with ExitStack() as stack:
        stack.callback(empty, service.database)
        yield Api(service.client, service.clock, service.app)


def begun(shop: Api, name: str = "stripe") -> Any:
    """A payment of an order of two tickets."""
    order = shop.order(shop.user(), (shop.ticket(), 2))
    return shop.post("/api/transactions/", {"order_id": order["id"], "payment_method": name})
