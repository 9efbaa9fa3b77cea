"""The process that takes payments is killed between its steps, and another one goes on."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from signal import SIGSTOP
from typing import Any, TypeVar

import pytest
from sqlalchemy import update
from sqlmodel import Session

from core.clock import utc_now
from models import provider_refunds, transactions
from test_payments.items import Item, Payment, Refund
from test_payments.store import Store
from tests.support.books import disagreements
from tests.support.faults.connection import NoAnswerError
from tests.support.faults.site import started_again
from tests.support.market import Market, running_market
from tests.support.payments_provider import FILE, SUCCESS
from tests.support.service import BACKENDS, fresh_database
from tests.support.sockets import until

T = TypeVar("T", bound=Item)
# What is due is seen to at once.
SETTINGS = {"SWEEP_SECONDS": "0.2"}
# The provider does what it is asked and tells nobody, neither by itself nor, for longer than
# anybody waits, whoever has asked.
HELD_BACK = {"answers": "slow", "webhooks": "lost"}
HELD_SECONDS = 4


@dataclass
class Stage:
    market: Market
    # Of the provider's own books, which tell what it has done while it answers nothing.
    books: Path
    servers: ExitStack
    # Nothing of other tests is younger.
    since: datetime = field(default_factory=utc_now)

    def made(self, kind: type[T]) -> list[T]:
        with closing(Store(str(self.books))) as store:
            return store.page(kind, self.since.timestamp(), after="", limit=100)

    def is_telling(self) -> bool:
        """Whether the provider waits for what it tells to be heard, and tells it again later."""
        with closing(Store(str(self.books))) as store:
            due = store.next_due()
        return due is not None and due > utc_now().timestamp() + 1

    def kill(self) -> None:
        """Until it is gone with all that it had, its address too."""
        self.market.site.server.kill()
        self.market.site.server.wait()

    def start_again(self) -> None:
        self.market.provider.end_faults()
        self.servers.enter_context(started_again(self.market.site))

    def pass_time(self) -> None:
        """What was put off is due: nobody waits here until it is."""
        now = utc_now()

        def bring_forward(session: Session) -> None:
            for column in (transactions.c.look_at, provider_refunds.c.send_at):
                put_off = update(column.table).where(column > now)
                session.execute(put_off.values({column: now}))

        self.market.site.database.write_now(bring_forward)


@pytest.fixture(scope="module", params=BACKENDS)
def set_up(
    request: pytest.FixtureRequest, worker_name: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("killed")
    with (
        fresh_database(request.param, request, f"{worker_name}_killed") as url,
        running_market(url, folder, SETTINGS, slow_seconds=HELD_SECONDS) as market,
        ExitStack() as servers,
    ):
        yield Stage(market, folder / FILE, servers)


@pytest.fixture
def stage(set_up: Stage) -> Iterator[Stage]:
    """In the end both books agree, whoever was killed."""
    set_up.since = utc_now()
    yield set_up
    assert set_up.market.differences(set_up.since) == []
    assert disagreements(set_up.market.site.database) == []


def test_a_payment_that_was_taken_is_gone_on_with(stage: Stage) -> None:
    market = stage.market
    order = market.order("charged")
    market.provider.set_faults(card=SUCCESS, **HELD_BACK)
    with unanswered(market, order):
        until(lambda: bool(stage.made(Payment)))
        stage.kill()
    stage.start_again()
    stage.pass_time()
    until(lambda: market.status(order) == "confirmed")
    assert len(stage.made(Payment)) == 1


def test_a_refund_that_was_made_is_made_once(stage: Stage) -> None:
    market = stage.market
    order = market.order("refunded")
    payment = market.begin(order)
    market.pay(payment, SUCCESS)
    until(lambda: market.status(order) == "confirmed")
    market.provider.set_faults(**HELD_BACK)
    path = f"/api/transactions/{payment['id']}/refund"
    market.ok("POST", path)
    until(lambda: bool(stage.made(Refund)))
    stage.kill()
    stage.start_again()
    stage.pass_time()
    until(lambda: market.ok("GET", f"{path}s")[0]["status"] == "succeeded")
    assert len(stage.made(Refund)) == 1


def test_a_word_that_was_not_heard_to_its_end_is_said_again(stage: Stage) -> None:
    market = stage.market
    order = market.order("told")
    payment = market.begin(order)
    market.site.server.send_signal(SIGSTOP)
    market.pay(payment, SUCCESS)
    until(stage.is_telling)
    stage.kill()
    stage.start_again()
    until(lambda: market.status(order) == "confirmed")


@contextmanager
def unanswered(market: Market, order: Any) -> Iterator[None]:
    """Within, a buyer waits for an answer that never comes."""
    with ThreadPoolExecutor(1) as buyers:
        waiting = buyers.submit(market.begin, order)
        yield
        with pytest.raises(NoAnswerError):
            waiting.result()
