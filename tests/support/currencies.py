"""The shop of a test in other currencies, beside the one in dollars."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from sqlalchemy import insert, text
from sqlmodel import Session

from core.currencies import CURRENCIES
from main import create_app
from models import deployment
from tests.support.client import Api
from tests.support.service import Service, local_client
from work.context import Terms


class Shops:
    """What sells from a service's database in other currencies, once for each that is asked for."""

    def __init__(self, service: Service, stack: ExitStack) -> None:
        self._service = service
        self._stack = stack
        self._made: dict[str, Api] = {}

    @contextmanager
    def selling(self, code: str) -> Iterator[Api]:
        """The database, which is empty, as if it had been made for a currency."""
        service = self._service
        remember(service, code)
        if code not in self._made:
            self._made[code] = self._started(code)
        api = self._made[code]
        api.app.state.terms = Terms.of(api.app.state.settings)
        try:
            yield api
        finally:
            remember(service, service.settings.currency)

    def _started(self, code: str) -> Api:
        settings = self._service.settings.model_copy(update={"currency": code})
        app = create_app(settings, clock=self._service.clock)
        client = self._stack.enter_context(local_client(app))
        return Api(client, self._service.clock, app)


def remember(service: Service, code: str) -> None:
    """Let the database have been made for a currency."""
    row = {"id": 1, "currency": code, "digits": CURRENCIES[code].digits}

    def replace(session: Session) -> None:
        session.execute(text("DELETE FROM deployment"))
        session.execute(insert(deployment).values(row))

    service.database.write_now(replace)


def stored(service: Service, query: str) -> list[Any]:
    """What stands in the database itself."""

    def read(session: Session) -> list[Any]:
        return [tuple(row) for row in session.execute(text(query))]

    return service.database.read_now(read)
