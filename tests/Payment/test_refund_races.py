"""Processes that give money back at the same moment: it goes once, and no line is passed over."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from threading import Barrier, Event
from typing import Any

import anyio
import pytest
from sqlalchemy import text

from database import Database
from models import RefundStatus
from Order.services import transaction_service
from Payment.flows.give_back import send_refunds
from Payment.port import RefundReport
from Payment.services import refund_service
from tests.support.books import disagreements
from tests.support.client import Api
from tests.support.fake_provider import FakeProvider
from tests.support.giving_back import (
    give_back,
    give_back_part,
    hands,
    note,
    paid,
    refund,
    refunds,
    send,
)
from tests.support.paying import told
from tests.support.service import Service
from tests.support.waiting import PATIENCE
from work.chores import BATCH
from work.context import Context, unattended

PARTS = 30
ONLY_ON_POSTGRES = pytest.mark.parametrize(
    "shared_service", ["postgres"], indirect=True, scope="session"
)


@contextmanager
def held_open(service: Service, do: Callable[[Context], Any]) -> Iterator[None]:
    """What is done is committed when the block ends."""
    done, released = Event(), Event()

    def do_slowly(context: Context) -> None:
        do(context)
        # What was said is sent with the next question.
        context.session.execute(text("SELECT 1"))
        done.set()
        assert released.wait(PATIENCE)

    unit = unattended(do_slowly, service.settings, service.clock)
    with ThreadPoolExecutor(1) as thread:
        result = thread.submit(service.database.write_now, unit)
        try:
            assert done.wait(PATIENCE)
            yield
        finally:
            released.set()
        result.result(PATIENCE)


class TestTwoProcesses:
    def test_do_not_ask_for_the_same_refund(
        self, api: Api, service: Service, provider: FakeProvider
    ) -> None:
        """The second comes while the first one waits for the provider."""
        _, payment = paid(api, provider)
        give_back_part(api, payment, 10)
        note(service)
        found: list[int] = []

        async def another_comes() -> None:
            if len(provider.asked) == 1:
                found.append(await send_refunds(hands(service), limit=BATCH))

        provider.meanwhile = another_comes
        assert send(service) == 1
        assert found == [0]
        assert len(provider.asked) == 1
        assert refund(api, payment)["status"] == "succeeded"

    def test_share_what_is_due(self, api: Api, service: Service, provider: FakeProvider) -> None:
        _, payment = paid(api, provider)
        for _ in range(PARTS):
            give_back_part(api, payment, 1)
        note(service)
        together = Barrier(2)

        def process() -> int:
            with closing(Database(service.settings)) as database:
                together.wait(PATIENCE)
                return asyncio.run(send_refunds(hands(service, database), limit=BATCH))

        with ThreadPoolExecutor(2) as threads:
            started = [threads.submit(process) for _ in range(2)]
            shares = [thread.result(PATIENCE) for thread in started]
        keys = [one.key for one in provider.asked]
        assert sorted(keys, key=int) == [str(one["id"]) for one in refunds(api, payment)]
        assert sum(shares) == PARTS


@ONLY_ON_POSTGRES
def test_what_another_process_takes_at_this_moment_is_left_to_it(
    api: Api, service: Service, provider: FakeProvider
) -> None:
    _, payment = paid(api, provider)
    give_back_part(api, payment, 10)
    note(service)
    with held_open(service, lambda context: refund_service.take_due(context, limit=1)):
        assert send(service) == 0
    assert provider.asked == []


# Nobody draws a number of the ledger on SQLite before another has committed.
@ONLY_ON_POSTGRES
def test_a_line_that_is_committed_late_is_not_passed_over(
    api: Api, service: Service, provider: FakeProvider
) -> None:
    _, early = paid(api, provider)
    _, late = paid(api, provider, "jane")
    note(service)
    with held_open(service, lambda c: transaction_service.refund(c, early["id"], None)):
        give_back_part(api, late, 6)
        for _ in range(3):
            assert note(service) == 0
            assert disagreements(service.database) == []
    # The first time finds who was held back gone, the second what was written since.
    for _ in range(2):
        give_back(service)
    assert sorted(provider.given_back) == [6, 100]
    assert disagreements(service.database) == []


class TestWordsBeforeTheAnswer:
    @pytest.fixture
    def payment(self, api: Api, service: Service, provider: FakeProvider) -> Any:
        """A part of it is to go back, and noted."""
        _, payment = paid(api, provider)
        give_back_part(api, payment, 10)
        note(service)
        return payment

    def failed(self, provider: FakeProvider, payment: Any) -> RefundReport:
        """What the provider says of the refund that it is asked for."""
        (asked,) = provider.asked
        return RefundReport(
            "re_0",
            asked.key,
            payment["provider_reference"],
            RefundStatus.FAILED,
            asked.amount,
            asked.currency,
        )

    def test_are_not_taken_back_by_it(
        self, api: Api, service: Service, provider: FakeProvider, payment: Any
    ) -> None:
        async def is_told() -> None:
            word = self.failed(provider, payment)
            await anyio.to_thread.run_sync(told, api, provider, word)

        provider.meanwhile = is_told
        send(service)
        assert refund(api, payment)["status"] == "failed"

    def test_may_be_acted_upon_before_it(
        self, api: Api, service: Service, provider: FakeProvider, payment: Any
    ) -> None:
        """The answer about the first try says nothing of the second."""
        path = f"/api/transactions/{payment['id']}/refunds/{refund(api, payment)['id']}/retry"

        async def is_told_and_retried() -> None:
            word = self.failed(provider, payment)
            await anyio.to_thread.run_sync(told, api, provider, word)
            await anyio.to_thread.run_sync(api.post, path)

        provider.meanwhile = is_told_and_retried
        send(service)
        shown = refund(api, payment)
        assert (shown["status"], shown["attempt"]) == ("pending", 2)
        assert shown["provider_reference"] is None

    @pytest.mark.usefixtures("payment")
    def test_twice_at_once_are_heard_once(
        self, api: Api, service: Service, provider: FakeProvider
    ) -> None:
        send(service)
        (report,) = provider.refunds.values()
        word = replace(report, status=RefundStatus.FAILED)
        with ThreadPoolExecutor(4) as threads:
            heard = list(threads.map(lambda _: told(api, provider, word), range(4)))
        assert sorted(heard) == ["applied", "known", "known", "known"]
