"""What is not kept for ever goes after its time, and no sooner; nothing of the books goes."""

from functools import partial
from typing import Any

import pytest

from core.settings import Settings
from Privacy.services.retention_service import forget_ended_log_ins, forget_unsold_notes
from tests.support.books import disagreements
from tests.support.client import PASSWORD, Api
from tests.support.declared import contents
from tests.support.service import Service
from work.chores import Chore
from work.context import unattended


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


def test_the_service_does_these_chores(service: Service) -> None:
    chores = service.app.state.domains.chores
    assert {forget_ended_log_ins, forget_unsold_notes} <= set(chores)
