"""Each line of the ledger says whose doing it was, whoever it was."""

import pytest

from models import movements
from tests.support.client import Api
from tests.support.declared import contents
from tests.support.fake_provider import FakeProvider, taking_money
from tests.support.histories import events, migrate_to
from tests.support.lives import live, refund
from tests.support.paying import begun, told
from tests.support.service import BACKENDS, Service, fresh_database, running_service, settings_for


class TestAnActor:
    def test_is_the_user_the_role_and_the_log_in(self, api: Api) -> None:
        user, customer = api.someone("customer")
        staff_user, staff = api.someone("staff")
        order = customer.order(user, (api.ticket(), 1))
        refund(staff, staff.settle(customer.payment(order)))
        actors = [event["actor"] for event in events(api, order)]
        bought = {"name": f"user:{user['id']}", "role": "customer", "means": "session:1"}
        sold = {"name": f"user:{staff_user['id']}", "role": "staff", "means": "session:2"}
        assert actors == [bought, sold, sold, sold, sold]

    def test_is_the_key_where_a_program_asked(self, api: Api) -> None:
        boss, admin = api.someone("admin")
        made = admin.post("/api/auth/api-keys", {"name": "till", "role": "staff"})
        till = api.having({"X-API-Key": made["key"]})
        order = till.order(boss, (api.ticket(), 1))
        # At most the key's role, whatever its maker's is.
        by_key = {"name": f"user:{boss['id']}", "role": "staff", "means": f"key:{made['id']}"}
        assert events(api, order)[0]["actor"] == by_key

    def test_is_the_provider_by_what_it_told_or_by_whom_it_was_asked(
        self, api: Api, service: Service
    ) -> None:
        user, owner = api.someone("customer")
        with taking_money(service, FakeProvider()) as provider:
            orders = [owner.order(user, (api.ticket(), 1)) for _ in range(2)]
            heard_of, asked = (begun(owner, order) for order in orders)
            told(api, provider, provider.pay(heard_of["provider_reference"]))
            provider.pay(asked["provider_reference"])
            owner.post(f"/api/transactions/{asked['id']}/sync")
        for order, means in zip(orders, ("event:evt_1", f"asked:user:{user['id']}"), strict=True):
            by_provider = {"name": "provider:stripe", "role": None, "means": means}
            placed, *paid = events(api, order)
            assert placed["actor"]["name"] == f"user:{user['id']}"
            assert [event["actor"] for event in paid] == [by_provider] * 2
            assert [event["event"] for event in paid] == ["payment_received", "order_confirmed"]
            # Customers are told no more of it than of those who serve them.
            assert [event["actor"] for event in events(owner, order)[1:]] == [None, None]

    def test_is_on_every_line(self, api: Api, service: Service) -> None:
        live(api)
        lines = contents(service)["movements"]
        assert len(lines) > 20
        place = [column.key for column in movements.c].index("actor")
        assert {line[place] for line in lines} == {"open"}

    def test_is_not_told_to_customers_but_their_own(self, api: Api) -> None:
        user, customer = api.someone("customer")
        _, staff = api.someone("staff", "clerk")
        order = customer.having({"X-Request-ID": "mine"}).order(user, (api.ticket(), 1))
        paying = staff.having({"X-Request-ID": "clerk-till-2"})
        paying.settle(customer.payment(order))
        bought, *others = events(customer, order)
        assert (bought["actor"]["name"], bought["client_request_id"]) == ("user:1", "mine")
        assert {event["actor"] for event in others} == {None}
        assert {event["client_request_id"] for event in others} == {None}
        assert [event["client_request_id"] for event in events(staff, order)][1] == "clerk-till-2"

    def test_is_who_needed_a_hold_that_ran_out(self, api: Api) -> None:
        ticket = api.ticket(total_quantity=1)
        late_user, late = api.someone("customer", "late")
        quick_user, quick = api.someone("customer", "quick")
        order = late.order(late_user, (ticket, 1))
        api.clock.advance(minutes=16)
        quick.order(quick_user, (ticket, 1))
        expired = events(api, order)[1]
        assert (expired["event"], expired["actor"]["name"]) == ("order_expired", "user:2")
        # Whose hold it was is not told who came after.
        assert events(late, order)[1]["actor"] is None


@pytest.mark.parametrize("backend", BACKENDS)
def test_lines_from_before_they_had_actors_are_of_nobody_known(
    backend: str, request: pytest.FixtureRequest, worker_name: str
) -> None:
    with (
        fresh_database(backend, request, f"{worker_name}_nobody") as url,
        running_service(settings_for(url)) as service,
    ):
        api = Api(service.client, service.clock, service.app)
        order = api.order(api.user(), (api.ticket(), 1))
        migrate_to(service, "0008")
        migrate_to(service, "head")
        api.settle(api.payment(order))
        names = [(event["event"], event["actor"]["name"]) for event in events(api, order)]
        assert names[0] == ("order_placed", "unknown")
        assert {name for _, name in names[1:]} == {"open"}
