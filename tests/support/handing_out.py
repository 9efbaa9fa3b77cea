"""A running service as each test finds it: empty, at the beginning of time, as it was set."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from core.logs import configure_logs
from tests.support.client import Api
from tests.support.emptying import empty
from tests.support.service import Service
from work.context import Terms


def begin(service: Service) -> None:
    service.clock.reset()
    # Nobody is logged in by what a test before was told to keep.
    service.client.cookies.clear()
    # A test may sell on other terms, and services of others log as those are set to.
    service.app.state.terms = Terms.of(service.settings)
    configure_logs(service.settings)


@contextmanager
def handed_out(service: Service) -> Iterator[Service]:
    """For one test, or for all of a class that leave what they find as it is; empty afterwards."""
    begin(service)
    with ExitStack() as stack:
        stack.callback(empty, service.database)
        yield service


def api_of(service: Service) -> Api:
    """A service's HTTP interface, checking every answer against the OpenAPI document."""
    return Api(service.client, service.clock, service.app)
