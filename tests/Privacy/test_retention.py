"""What is not kept for ever goes after its time, and no sooner; nothing of the books goes."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core.clock import utc_now
from core.errors import ConstraintConflictError
from core.settings import Settings
from Payment.services.event_service import forget_old_events
from Privacy.services.retention_service import (
    forget_ended_log_ins,
    forget_old_audit,
    forget_unsold_notes,
)
from tests.support.books import disagreements
from tests.support.client import PASSWORD, Api
from tests.support.declared import contents
from tests.support.disputing import dispute
from tests.support.fake_provider import FakeProvider, taking_money
from tests.support.paying import begun, hear
from tests.support.service import Service
from work.chores import Chore
from work.context import unattended

# Found before the database's own, and undone with the transaction.
ANOTHER_CLOCK = (
    "BEGIN",
    "CREATE SCHEMA mine",
    """CREATE FUNCTION mine.clock_timestamp() RETURNS timestamptz LANGUAGE sql
        AS $$SELECT timestamptz '2999-01-01'$$""",
    "SET LOCAL search_path = mine, pg_catalog, public",
)


def swept(service: Service, chore: Chore, **settings: Any) -> int:
    changed = service.settings.model_copy(update=settings)
    unit = unattended(partial(chore, limit=2), changed, service.clock)
    return service.database.write_now(unit)


class TestEndedLogIns:
    def test_go_after_their_time(self, api: Api, service: Service) -> None:
        for name in ("ada", "bob", "cleo"):
            api.user(name, password=PASSWORD)
            api.log_in(name)
        api.clock.advance(days=30 + 9)
        assert swept(service, forget_ended_log_ins, keep_ended_logins_days=10) == 0
        api.clock.advance(days=2)
        left = [swept(service, forget_ended_log_ins, keep_ended_logins_days=10) for _ in range(3)]
        assert left == [2, 1, 0]
        assert contents(service)["login_sessions"] == []

    def test_stay_where_they_are_kept(self, api: Api, service: Service) -> None:
        api.user(password=PASSWORD)
        api.log_in("john_doe")
        api.clock.advance(days=9000)
        assert swept(service, forget_ended_log_ins, keep_ended_logins_days=0) == 0


class TestNotesOfWhatWasNeverSold:
    @pytest.fixture
    def orders(self, api: Api) -> dict[str, Any]:
        user, ticket = api.user(), api.ticket()
        made = {name: api.order(user, (ticket, 1), notes=name) for name in ("expired", "sold")}
        made["refunded"] = api.order(user, (ticket, 1), notes="refunded")
        made["part_paid"] = api.order(user, (ticket, 1), notes="part_paid")
        made["cancelled"] = api.order(user, (ticket, 1), notes="cancelled")
        api.settle(api.payment(made["sold"]))
        money = api.settle(api.payment(made["refunded"]))
        api.post(f"/api/transactions/{money['id']}/refund")
        api.settle(api.payment(made["part_paid"], 10))
        api.post(f"/api/orders/{made['cancelled']['id']}/cancel")
        api.clock.advance(minutes=20)
        # Found to be expired by who touches them.
        for name in ("expired", "part_paid"):
            api.put(f"/api/orders/{made[name]['id']}", {"notes": name})
        return made

    def notes(self, api: Api, orders: dict[str, Any]) -> dict[str, Any]:
        return {name: api.again(order, "orders")["notes"] for name, order in orders.items()}

    def test_go_after_their_time_and_the_orders_stay(
        self, api: Api, service: Service, orders: dict[str, Any]
    ) -> None:
        api.clock.advance(days=9)
        assert swept(service, forget_unsold_notes, keep_unsold_notes_days=10) == 0
        api.clock.advance(days=1)
        found = [swept(service, forget_unsold_notes, keep_unsold_notes_days=10) for _ in range(2)]
        assert found == [2, 0]
        kept = {name: name for name in orders} | {"expired": None, "cancelled": None}
        assert self.notes(api, orders) == kept
        assert disagreements(service.database, clock=service.clock) == []

    def test_stay_by_default(self, api: Api, service: Service, orders: dict[str, Any]) -> None:
        assert Settings().keep_unsold_notes_days == 0
        api.clock.advance(days=9000)
        assert swept(service, forget_unsold_notes) == 0
        assert self.notes(api, orders) == {name: name for name in orders}


class TestTheAudit:
    @pytest.fixture
    def now(self, api: Api) -> datetime:
        """What the database's clock says, which judges; the last of four entries is of a year."""
        now = utc_now()
        for days in (730, 380, 367, 364):
            api.clock.now = now - timedelta(days=days)
            api.user(f"of_{days}_days", role="staff")
        api.clock.now = now
        return now

    def left(self, service: Service) -> int:
        return len(contents(service)["audit_entries"])

    @pytest.mark.usefixtures("now")
    def test_goes_after_its_time(self, service: Service) -> None:
        swept_away = [swept(service, forget_old_audit, keep_audit_days=366) for _ in range(3)]
        assert (swept_away, self.left(service)) == ([2, 1, 0], 1)

    @pytest.mark.usefixtures("now")
    def test_stays_by_default(self, api: Api, service: Service) -> None:
        assert Settings().keep_audit_days == 0
        api.clock.advance(days=9000)
        assert (swept(service, forget_old_audit), self.left(service)) == (0, 4)

    @pytest.mark.usefixtures("now")
    def test_of_a_year_stays_whatever_the_settings_and_the_services_clock_say(
        self, api: Api, service: Service
    ) -> None:
        api.clock.advance(days=9000)
        assert swept(service, forget_old_audit, keep_audit_days=366) == 2
        # SQLite says it as a broken rule.
        with pytest.raises((DBAPIError, ConstraintConflictError)):
            swept(service, forget_old_audit, keep_audit_days=366)
        assert self.left(service) == 2

    @pytest.mark.usefixtures("now")
    def test_is_not_changed_however_old(self, service: Service) -> None:
        old = "UPDATE audit_entries SET actor = 'user:9' WHERE id = 1"
        with (
            pytest.raises(DBAPIError, match="audit entries are never changed"),
            service.database.writer.begin() as connection,
        ):
            connection.execute(text(old))

    @pytest.mark.parametrize("shared_service", ["postgres"], indirect=True, scope="session")
    @pytest.mark.usefixtures("now")
    def test_has_no_other_clock_than_the_databases(self, service: Service) -> None:
        """Whoever has the application's rights can make functions, and say where they are found."""
        with service.database.writer.connect() as connection:
            for statement in ANOTHER_CLOCK:
                connection.execute(text(statement))
            with pytest.raises(DBAPIError, match="of a year are never removed"):
                connection.execute(text("DELETE FROM public.audit_entries"))
            connection.execute(text("ROLLBACK"))


class TestWhatProvidersTold:
    def test_goes_after_ninety_days_and_does_nothing_twice_then_either(
        self, api: Api, service: Service
    ) -> None:
        with taking_money(service, FakeProvider()) as provider:
            payment = begun(api, api.order(api.user(), (api.ticket(price=100), 1)))
            came = provider.event(provider.pay(payment["provider_reference"]))
            for raw in (came, provider.event(dispute(payment)), provider.event(dispute(payment))):
                hear(api, provider, raw)
            before = api.again(payment, "transactions")
            api.clock.advance(days=89)
            assert swept(service, forget_old_events) == 0
            assert hear(api, provider, came) == "known"
            api.clock.advance(days=1)
            assert [swept(service, forget_old_events) for _ in range(2)] == [2, 1]
            assert contents(service)["provider_events"] == []
            assert hear(api, provider, came) == "known"
            assert api.again(payment, "transactions") == before
            assert disagreements(service.database, clock=service.clock) == []


def test_the_service_does_these_chores(service: Service) -> None:
    chores = service.app.state.domains.chores
    done = {forget_ended_log_ins, forget_unsold_notes, forget_old_audit, forget_old_events}
    assert done <= set(chores)
