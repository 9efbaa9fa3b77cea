"""Reports are the same whether the rows are added up, or sums and what is not in them yet."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Event
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Table, event, select, text

from core.periods import Interval
from core.store.schema_version import alembic_config, migration_connection
from models import OrderStatus, deleted_lines, payment_moves, user_moves
from Order.schemas.analytics import AnalyticsQuery
from Order.services import order_lifecycle, report_folding
from tests.support.books import disagreements
from tests.support.client import Api
from tests.support.currencies import remember
from tests.support.folding import EVERYTHING, behind, fold
from tests.support.report_lives import CATEGORIES, NAMES, ShopLife
from tests.support.reports_compared import require_equal
from tests.support.service import Service
from tests.support.statements import statements
from work.context import Context, unattended

# Days of other zones are in test_analytics_zones.py.
ZONES = (None, None, "Asia/Colombo", "America/New_York")
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
        timezone=source.choice(ZONES),
        event_name=source.choice([None, None, *NAMES]),
        category=source.choice([None, None, *CATEGORIES]),
    )


def confirmed(context: Context, order: Any) -> None:
    """Also without lines, as was possible once, and still is in the books of some."""
    locked = order_lifecycle.lock_order(context, order["id"])
    order_lifecycle.confirm(context, locked, order_lifecycle.holdings_of(context, [locked.id]))


@contextmanager
def held_back(service: Service, order: Any) -> Iterator[None]:
    """An order is confirmed by a transaction that is committed when the block ends."""
    written, released = Event(), Event()

    def confirm(context: Context) -> None:
        confirmed(context, order)
        # What was said is sent with the next question.
        context.session.execute(text("SELECT 1"))
        written.set()
        assert released.wait(PATIENCE)

    unit = unattended(confirm, service.settings, service.clock)
    with ThreadPoolExecutor(1) as thread:
        result = thread.submit(service.database.write_now, unit)
        try:
            assert written.wait(PATIENCE)
            yield
        finally:
            released.set()
        result.result(PATIENCE)


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

    def test_the_books_agree_wherever_the_sums_end(self, api: Api, service: Service) -> None:
        """Also among the lines of one transaction, for another may have drawn numbers between."""
        user, ticket = api.user(), api.ticket()
        _, payment = api.paid_order(user, (ticket, 2))
        api.post(f"/api/transactions/{payment['id']}/refund")
        # Its order runs out and is sold again in one transaction.
        late = api.payment(api.order(user, (ticket, 1)))
        api.clock.advance(minutes=20)
        api.settle(late)
        while behind(service):
            fold(service, piece=1)
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
        assert not rows_of(service, deleted_lines)

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


class TestPendingOrders:
    def test_concern_the_events_of_lines_that_come_after_they_were_counted(
        self, api: Api, service: Service
    ) -> None:
        gala, ball = api.ticket(event_name="Gala"), api.ticket(event_name="Ball", category="VIP")
        order = api.order(api.user(), (gala, 1))
        fold(service)
        api.post(f"/api/orders/{order['id']}/items", {"ticket_id": ball["id"], "quantity": 1})
        for _ in range(2):
            for query in ({"event_name": "ball"}, {"category": "vip"}, {"event_name": "gala"}):
                require_equal(service, AnalyticsQuery.model_validate(query))
                assert pending(api, **query) == 1
            fold(service)
        assert disagreements(service.database, clock=service.clock) == []
        api.delete(f"/api/orders/{order['id']}")
        for _ in range(2):
            assert pending(api, event_name="gala") == pending(api, category="vip") == 0
            fold(service)

    def test_are_not_read_one_by_one(self, api: Api, service: Service) -> None:
        ticket, user = api.ticket(event_name="Gala"), api.user()
        for _ in range(3):
            api.payment(api.order(user, (ticket, 1)))
        fold(service)
        with statements(service.database) as heard:
            assert pending(api, event_name="gala") == 3
        counts = [sql for sql, _ in heard if "pending" in sql or "payment_moves" in sql]
        assert counts
        assert not [sql for sql in counts if "FROM orders" in sql or "FROM transactions" in sql]


class TestPayments:
    @pytest.mark.parametrize("ends_as", ["failed", "success", None])
    def test_are_counted_until_they_are_gone(
        self, api: Api, service: Service, ends_as: str | None
    ) -> None:
        gala = api.ticket(event_name="Gala")
        order = api.order(api.user(), (gala, 1))
        payment = api.payment(order)
        if ends_as:
            path = f"/api/transactions/{payment['id']}/status"
            api.patch(path, {"status": ends_as})
        else:
            api.clock.advance(minutes=16)
            api.put(f"/api/orders/{order['id']}", {"notes": "too late"})
        for query in (ALL_TIME, AnalyticsQuery(event_name="gala")):
            require_equal(service, query)
        fold(service)
        if ends_as != "success":
            if ends_as:
                api.post(f"/api/orders/{order['id']}/cancel")
            else:
                # An order that awaits money stays.
                api.settle(payment, "failed")
            # And so does one of which a payment may be tried again.
            api.clock.advance(days=1)
            fold(service)
            require_equal(service, AnalyticsQuery(event_name="gala"))
            api.delete(f"/api/orders/{order['id']}")
        for _ in range(2):
            for query in (ALL_TIME, AnalyticsQuery(event_name="gala")):
                require_equal(service, query)
            fold(service)
        assert disagreements(service.database, clock=service.clock) == []
        # What was noted is in the sums.
        assert not rows_of(service, payment_moves)

    def test_of_pending_orders_wait_for_their_lines(self, api: Api, service: Service) -> None:
        gala, ball = api.ticket(event_name="Gala"), api.ticket(event_name="Ball")
        order = api.order(api.user(), (gala, 1))
        api.patch(f"/api/transactions/{api.payment(order)['id']}/status", {"status": "failed"})
        fold(service)
        api.post(f"/api/orders/{order['id']}/items", {"ticket_id": ball["id"], "quantity": 1})
        require_equal(service, AnalyticsQuery(event_name="ball"))
        api.post(f"/api/orders/{order['id']}/cancel")
        for _ in range(2):
            require_equal(service, AnalyticsQuery(event_name="ball"))
            fold(service)


def test_a_fold_never_asks_what_is_not_among_many(api: Api, service: Service) -> None:
    """PostgreSQL would read all orders for each payment, once there are too many to be kept."""
    user, ticket = api.user(), api.ticket()
    api.payment(api.order(user, (ticket, 1)))
    with statements(service.database) as heard:
        fold(service)
    assert heard
    assert [sql for sql, _ in heard if "NOT IN (SELECT" in sql] == []


def test_what_a_fold_adds_is_built_once(api: Api, service: Service) -> None:
    """To build these statements takes a tenth of a second, in which nobody else is served."""
    api.paid_order(api.user(), (api.ticket(), 1))
    built: list[str] = []

    def hear(_connection: Any, _cursor: Any, sql: str, *_: Any) -> None:
        built.append(sql)

    event.listen(service.database.writer, "before_cursor_execute", hear)
    with statements(service.database) as heard:
        fold(service)
    event.remove(service.database.writer, "before_cursor_execute", hear)
    assert [sql for sql, _ in heard if "INSERT INTO sales_sums" in sql]
    changes = ("INSERT", "DELETE", "WITH")
    assert [sql for sql in built if sql.startswith(changes) and "report_progress" not in sql] == []


class TestUsers:
    def test_who_come_change_and_go_are_counted_once(self, api: Api, service: Service) -> None:
        ann, bob = api.user("ann"), api.user("bob")
        fold(service)
        api.put(f"/api/users/{ann['id']}", {"is_active": False})
        api.delete(f"/api/users/{bob['id']}")
        api.clock.advance(minutes=60 * 24)
        api.user("eve")
        for _ in range(2):
            for query in (ALL_TIME, AnalyticsQuery(start=START + timedelta(days=1))):
                require_equal(service, query)
            fold(service)
        assert not rows_of(service, user_moves)


class TestCustomers:
    def test_of_any_range_are_those_whose_orders_have_lines(
        self, api: Api, service: Service
    ) -> None:
        free, dear = api.ticket(price=0), api.ticket(price=10)
        ann, bob = api.user("ann"), api.user("bob")
        for user, lines in ((ann, [(free, 2)]), (ann, [(dear, 3)])):
            order = api.order(user, *lines)
            api.patch(f"/api/orders/{order['id']}/status", {"status": "confirmed"})
        for user in (ann, bob):
            confirm = partial(confirmed, order=api.order(user))
            service.database.write_now(unattended(confirm, service.settings, service.clock))
        query = {"start": "2026-03-01", "end": "2026-03-02"}
        require_equal(service, AnalyticsQuery.model_validate(query))
        found = api.get("/api/analytics/users", **query)
        (best,) = found["top_customers"]
        assert (best["username"], best["orders"], best["tickets"]) == ("ann", 2, 5)
        assert found["returning_users"] == 1


class TestMigration:
    def test_counts_what_was_there_before(self, api: Api, service: Service) -> None:
        life = ShopLife(api, seed=7)
        for step in range(80):
            life.step()
            if step == 60:
                fold(service)
        for change, revision in ((command.downgrade, "0005"), (command.upgrade, "head")):
            with migration_connection(service.settings) as connection:
                change(alembic_config(connection), revision)
        # A start would, and other tests find the same database.
        remember(service, service.settings.currency)
        for name in (None, *NAMES):
            for category in (None, *CATEGORIES):
                require_equal(service, AnalyticsQuery(event_name=name, category=category))
        assert disagreements(service.database, clock=service.clock) == []


def pending(api: Api, **query: str) -> int:
    counts = api.get("/api/analytics/dashboard", **query)["orders_by_status"]
    return int(counts["pending"])


def rows_of(service: Service, table: Table) -> list[Any]:
    return service.database.read_now(lambda session: list(session.execute(select(table))))


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
        payment = api.payment(early)
        fold(service)

        def fold_slowly(context: Context) -> None:
            report_folding.fold(context, EVERYTHING)
            # While the sums are written and not committed, somebody sells, registers and looks.
            api.patch(f"/api/orders/{late['id']}/status", {"status": OrderStatus.CONFIRMED.value})
            api.patch(f"/api/transactions/{payment['id']}/status", {"status": "failed"})
            api.user("bob")
            assert fold(service) == 0
            require_equal(service, ALL_TIME)

        api.patch(f"/api/orders/{early['id']}/status", {"status": OrderStatus.CONFIRMED.value})
        service.database.write_now(unattended(fold_slowly, service.settings))
        require_equal(service, ALL_TIME)
