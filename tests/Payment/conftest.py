"""A service with a provider that is set up, and lives in memory."""

from collections.abc import Iterator

import pytest

from tests.support.fake_provider import FakeProvider, taking_money
from tests.support.service import Service


@pytest.fixture
def provider(service: Service) -> Iterator[FakeProvider]:
    with taking_money(service, FakeProvider()) as provider:
        yield provider
