"""What a person is told of what is kept about them: all of it, no secret, and never too much."""

from collections.abc import Iterator
from typing import Any

import pytest

from Privacy.services import export_service
from tests.support.client import PASSWORD, Api
from tests.support.disputing import dispute
from tests.support.fake_provider import FakeProvider, taking_money
from tests.support.giving_back import give_back_by_hand, paid_for
from tests.support.paying import begun, told
from tests.support.service import Service
from tests.support.statements import statements

# What is told of an order's money.
MONEY = ("transactions", "refunds", "reasons", "disputes")


def export(api: Api, user: Any, **query: Any) -> Any:
    return api.get(f"/api/users/{user['id']}/export", **query)


def without(row: Any, *names: str) -> Any:
    return {name: value for name, value in row.items() if name not in names}


def test_all_that_is_kept_is_told(api: Api) -> None:
    user, own = api.someone("staff", "ada")
    friend = api.user("friend")
    ticket = api.ticket()
    key = own.post("/api/auth/api-keys", {"name": "till", "role": "staff"})
    line = own.post("/api/cart/", {"user_id": user["id"], "ticket_id": ticket["id"], "quantity": 2})
    order, money = api.paid_order(user, (ticket, 2))
    order = api.put(f"/api/orders/{order['id']}", {"notes": "aisle"})
    api.post(f"/api/orders/{order['id']}/users", {"user_id": friend["id"]})
    theirs = api.order(friend, (ticket, 1))
    api.post(f"/api/orders/{theirs['id']}/users", {"user_id": user["id"]})

    told = export(own, user)
    assert told["user"] == user
    assert [one["revoked_at"] for one in told["log_ins"]] == [None]
    assert [one["id"] for one in told["api_keys"]] == [key["id"]]
    assert told["cart"] == [
        {name: line[name] for name in ("ticket_id", "quantity", "created_at", "updated_at")}
    ]
    assert [one["order_id"] for one in told["shared_orders"]] == [theirs["id"]]
    (found,) = told["orders"]
    assert found["items"] == [without(line, "ticket") for line in order["items"]]
    assert found["transactions"] == [money]
    assert [one["user_id"] for one in found["recipients"]] == [friend["id"]]
    own_fields = ("items", *MONEY, "recipients", "ledger")
    assert without(found, *own_fields).items() <= order.items()
    causes = [(one["kind"], one["cause"]) for one in found["ledger"]]
    assert set(causes) >= {("order", "order_placed"), ("money", "payment_received")}
    assert told["order_count"] == 1
    assert (told["next_after"], told["incomplete"]) == (None, [])


class TestMoneyByAProvider:
    @pytest.fixture(autouse=True)
    def provider(self, service: Service) -> Iterator[FakeProvider]:
        with taking_money(service, FakeProvider()) as provider:
            yield provider

    def test_is_told_with_what_was_said_about_it(
        self, api: Api, service: Service, provider: FakeProvider
    ) -> None:
        user, ticket = api.user(), api.ticket(price=100)
        order = api.order(user, (ticket, 1))
        payment = paid_for(api, provider, order)
        returned = {"amount": 40, "reason": "moved seats"}
        api.post(f"/api/transactions/{payment['id']}/refund", returned)
        give_back_by_hand(api, service, provider, payment, "paid out in cash")
        told(api, provider, dispute(payment))
        (found,) = export(api, user)["orders"]
        assert [(one["reason"], one["status"]) for one in found["refunds"]] == [
            (None, "succeeded"),
            ("paid out in cash", "succeeded"),
        ]
        assert [(one["transaction_id"], one["reason"]) for one in found["reasons"]] == [
            (payment["id"], "moved seats")
        ]
        disputes = api.get(f"/api/transactions/{payment['id']}/disputes")
        assert found["disputes"] == disputes

    def test_is_that_of_the_persons_own_orders(
        self, api: Api, service: Service, provider: FakeProvider
    ) -> None:
        user, other, ticket = api.user(), api.user("other"), api.ticket(price=100)
        own, _ = api.order(user, (ticket, 1)), api.order(user, (ticket, 1))
        payments = [paid_for(api, provider, one) for one in (own, api.order(other, (ticket, 1)))]
        for number, payment in enumerate(payments):
            api.post(f"/api/transactions/{payment['id']}/refund", {"amount": 1, "reason": "x"})
            give_back_by_hand(api, service, provider, payment, "x")
            told(api, provider, dispute(payment, reference=f"dp_{number}"))
        first, second = export(api, user)["orders"]
        counts = {"transactions": 1, "refunds": 2, "reasons": 1, "disputes": 1}
        assert {name: len(first[name]) for name in MONEY} == counts
        assert {name: second[name] for name in MONEY} == {name: [] for name in MONEY}

    def test_is_told_without_what_would_have_it_paid(self, api: Api) -> None:
        user = api.user()
        pending = begun(api, api.order(user, (api.ticket(), 1)))
        assert pending["next_action"]["client_secret"]
        (found,) = export(api, user)["orders"]
        assert found["transactions"] == [pending | {"next_action": None}]


def test_no_secret_and_nobody_else_is_told(api: Api) -> None:
    user, own = api.someone("staff", "ada")
    friend, _ = api.someone("customer", "friend")
    made = own.post("/api/auth/api-keys", {"name": "till", "role": "staff"})
    order = api.order(user, (api.ticket(), 1))
    api.post(f"/api/orders/{order['id']}/users", {"user_id": friend["id"]})
    text = own.request("GET", f"/api/users/{user['id']}/export").text
    assert made["key"] not in text
    assert PASSWORD not in text
    for secret in ("hash", "$argon2", "friend", "request_id", '"actor"'):
        assert secret not in text, secret


def test_many_orders_are_told_in_parts_that_lead_on(api: Api) -> None:
    user, ticket = api.user(), api.ticket()
    orders = [api.order(user, (ticket, 1)) for _ in range(5)]
    found: list[Any] = []
    told: Any = {"next_after": None}
    for expected in (2, 2, 1):
        after = {} if told["next_after"] is None else {"after": told["next_after"]}
        told = export(api, user, limit=2, **after)
        assert (len(told["orders"]), told["order_count"]) == (expected, 5)
        found += told["orders"]
    assert told["next_after"] is None
    assert [one["id"] for one in found] == [one["id"] for one in orders]


def test_it_costs_the_same_statements_for_one_order_and_ten(api: Api, service: Service) -> None:
    user, ticket = api.user(), api.ticket()
    costs = []
    for orders in (1, 9):
        for _ in range(orders):
            api.payment(api.order(user, (ticket, 1)))
        with statements(service.database) as heard:
            export(api, user)
        costs.append(len(heard))
    assert costs[0] == costs[1] < 18


def test_a_long_list_says_that_it_is_not_whole(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_service, "MAX_ROWS", 2)
    user = api.user(password=PASSWORD)
    for _ in range(3):
        api.log_in(user["username"])
    told = export(api, user)
    assert told["incomplete"] == ["log_ins"]
    assert [one["id"] for one in told["log_ins"]] == [3, 2]


def test_all_is_of_one_moment(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is bought while it is being told is told the next time."""
    user, ticket = api.user(), api.ticket()
    api.order(user, (ticket, 1))
    told_of = export_service._orders

    def buying_meanwhile(*args: Any) -> Any:
        rows = told_of(*args)
        api.order(user, (ticket, 1))
        return rows

    monkeypatch.setattr(export_service, "_orders", buying_meanwhile)
    told = export(api, user)
    assert (told["order_count"], len(told["orders"])) == (1, 1)


def test_no_cache_keeps_it(api: Api) -> None:
    user = api.user()
    response = api.request("GET", f"/api/users/{user['id']}/export")
    assert response.headers["cache-control"] == "no-store"


def test_another_user_is_told_nothing(api: Api) -> None:
    user, _ = api.someone("customer", "ada")
    for role in ("customer", "staff"):
        _, other = api.someone(role, f"other_{role}")
        for method, path in (("GET", "export"), ("POST", "erase")):
            problem = other.refused(method, f"/api/users/{user['id']}/{path}")
            assert (problem["status"], problem["code"]) == (404, "user_not_found")
