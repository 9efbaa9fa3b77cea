"""Reports are the same whether the rows are added up, or sums and what is not in them yet."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Event
from typing import Any

import pytest
from sqlalchemy import select

from core.periods import Interval
from models import OrderStatus, deleted_lines
from Order.schemas.analytics import AnalyticsQuery
from Order.services import analytics_service, order_service, report_folding
from tests.support import oracle_reports
from tests.support.books import disagreements
from tests.support.client import Api
from tests.support.folding import EVERYTHING, behind, fold
from tests.support.report_lives import CATEGORIES, NAMES, ShopLife
from tests.support.service import Service
from work.context import Context, unattended

REPORTS = ("get_dashboard", "get_sales", "get_revenue", "get_users", "get_tickets")
START = datetime(2026, 3, 1, tzinfo=UTC)
ALL_TIME = AnalyticsQuery()
PATIENCE = 20


def a_question(source: random.Random, now: datetime) -> AnalyticsQuery:
    """All time and a calendar month, and ranges that end anywhere; with filters and without."""
    days = (now - START).days + 1
    moments = sorted(START + timedelta(seconds=source.uniform(0, days * 86_400)) for _ in "ab")
    midnights = [moment.replace(hour=0, minute=0, second=0, microsecond=0) for moment in moments]
    start, end = source.choice(
        [
            (None, None),
            (START, datetime(2026, 4, 1, tzinfo=UTC)),
            (moments[0], moments[1]),
            (midnights[0], midnights[1] + timedelta(days=1)),
            (None, moments[0]),
            (moments[0], None),
        ]
    )
    return AnalyticsQuery(
        start=start,
        end=end,
        interval=source.choice(list(Interval)),
        event_name=source.choice([None, None, *NAMES]),
        category=source.choice([None, None, *CATEGORIES]),
    )


def require_equal(service: Service, query: AnalyticsQuery) -> None:
    """Both ways of adding up, asked of one state of the data."""

    def ask(context: Context) -> None:
        for name in REPORTS:
            found, expected = (
                getattr(source, name)(context, query).model_dump(mode="json")
                for source in (analytics_service, oracle_reports)
            )
            assert found == expected, (name, query)

    service.database.snapshot_now(unattended(ask, service.settings, service.clock))


@contextmanager
def held_back(service: Service, order: Any) -> Iterator[None]:
    """An order is confirmed by a transaction that is committed when the block ends."""
    written, released = Event(), Event()

    def confirm(context: Context) -> None:
        order_service.change_status(context, order["id"], OrderStatus.CONFIRMED)
        written.set()
        assert released.wait(PATIENCE)

    unit = unattended(confirm, service.settings, service.clock)
    with ThreadPoolExecutor(1) as thread:
        confirmed = thread.submit(service.database.write_now, unit)
        try:
            assert written.wait(PATIENCE)
            yield
        finally:
            released.set()
        confirmed.result(PATIENCE)


class TestAnyHistory:
    @pytest.mark.parametrize("seed", range(3))
    def test_the_answers_are_the_same_however_far_the_sums_are(
        self, api: Api, service: Service, seed: int
    ) -> None:
        life = ShopLife(api, seed)
        for step in range(60):
            life.step()
            if life.random.random() < 0.15:
                fold(service, life.random.choice((1, 5, EVERYTHING)))
            if step % 12 == 11:
                require_equal(service, a_question(life.random, service.clock()))
        assert disagreements(service.database, clock=service.clock) == []


class TestOrders:
    def test_one_that_was_deleted_leaves_the_sums(self, api: Api, service: Service) -> None:
        order = api.order(api.user(), (api.ticket(), 2))
        path = f"/api/orders/{order['id']}"
        api.patch(f"{path}/status", {"status": "confirmed"})
        fold(service)
        api.post(f"{path}/cancel")
        api.delete(path)
        require_equal(service, ALL_TIME)
        fold(service)
        require_equal(service, ALL_TIME)
        # Nobody needs its lines any more.
        assert not service.database.read_now(
            lambda session: session.execute(select(deleted_lines)).all()
        )

    def test_part_payments_concern_the_events_that_are_added_later(
        self, api: Api, service: Service
    ) -> None:
        gala, ball = api.ticket(event_name="Gala"), api.ticket(event_name="Ball")
        order = api.order(api.user(), (gala, 1))
        api.settle(api.payment(order, 5))
        fold(service)
        item = {"ticket_id": ball["id"], "quantity": 1}
        api.post(f"/api/orders/{order['id']}/items", item)
        require_equal(service, AnalyticsQuery(event_name="ball"))
        api.settle(api.payment(order))
        require_equal(service, AnalyticsQuery(event_name="ball"))
        fold(service)
        require_equal(service, AnalyticsQuery(event_name="ball"))


# SQLite has one writer.
@pytest.mark.parametrize("shared_service", ["postgres"], indirect=True, scope="session")
class TestWhoCommitsLate:
    def test_is_counted_once(self, api: Api, service: Service) -> None:
        ann = api.user()
        early, late = (api.order(ann, (api.ticket(), 1)) for _ in range(2))
        with held_back(service, early):
            api.patch(f"/api/orders/{late['id']}/status", {"status": OrderStatus.CONFIRMED.value})
            for _ in range(3):
                fold(service)
                require_equal(service, ALL_TIME)
            assert behind(service) > 0
        require_equal(service, ALL_TIME)
        # The first time finds who was held back gone, the second what was written since.
        fold(service)
        fold(service)
        assert behind(service) == 0
        require_equal(service, ALL_TIME)

    def test_makes_nobody_wait(self, api: Api, service: Service) -> None:
        ann = api.user()
        early, late = (api.order(ann, (api.ticket(), 1)) for _ in range(2))
        fold(service)

        def fold_slowly(context: Context) -> None:
            report_folding.fold(context, EVERYTHING)
            # While the sums are written and not committed, somebody sells and looks.
            api.patch(f"/api/orders/{late['id']}/status", {"status": OrderStatus.CONFIRMED.value})
            assert fold(service) == 0
            require_equal(service, ALL_TIME)

        api.patch(f"/api/orders/{early['id']}/status", {"status": OrderStatus.CONFIRMED.value})
        service.database.write_now(unattended(fold_slowly, service.settings))
        require_equal(service, ALL_TIME)
