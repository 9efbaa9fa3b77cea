"""Erasing a person: nothing that names them stays, and nothing of the books goes."""

import threading
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from core.store.strands import aside
from tests.support.books import disagreements
from tests.support.client import PASSWORD, Api
from tests.support.declared import contents
from tests.support.service import Service
from User.services import administrators
from User.services.tokens import hashed

# No digest looks like one of them: those are of the letters a to f.
NAMES = ("Ada", "Lovelace", "lovelace", "+441234567")
ADA: dict[str, Any] = {"full_name": "Ada Lovelace", "phone_number": "+441234567"}
PAST, TO_COME = "2020-01-01T20:00:00Z", "2027-12-25T20:00:00Z"


@pytest.fixture(autouse=True)
def books_agree(service: Service) -> Iterator[None]:
    yield
    assert disagreements(service.database, clock=service.clock) == []


def erase(api: Api, user: Any, body: Any = None) -> Any:
    return api.post(f"/api/users/{user['id']}/erase", body)


def refusal(api: Api, user: Any, body: Any = None) -> tuple[int, str]:
    problem = api.refused("POST", f"/api/users/{user['id']}/erase", body)
    return problem["status"], problem["code"]


def person(api: Api, username: str = "ada", role: str = "customer") -> tuple[Any, Api]:
    user = api.user(username, password=PASSWORD, role=role, **ADA)
    return user, api.bearer(api.log_in(username)["access_token"])


class TestWhatStays:
    def test_nothing_that_names_the_person_is_stored_anywhere(
        self, api: Api, service: Service
    ) -> None:
        user, ada = person(api, "ada_lovelace")
        friend, _ = api.someone("customer", "friend")
        ticket = api.ticket(event_date=PAST)
        keyed = ada.having({"Idempotency-Key": "one"})
        keyed.put(f"/api/users/{user['id']}", {"full_name": "Ada B. Lovelace"})
        sold, paid = api.paid_order(user, (ticket, 1))
        api.put(f"/api/orders/{sold['id']}", {"notes": "for Ada"})
        ended = api.order(user, (ticket, 1), notes="Ada again")
        failed = api.payment(ended)
        failing = {"status": "failed", "failure_reason": "Ada's card"}
        api.patch(f"/api/transactions/{failed['id']}/status", failing)
        api.post(f"/api/orders/{ended['id']}/cancel", {"reason": "Ada is ill"})
        shared = api.order(friend, (ticket, 1))
        api.post(f"/api/orders/{shared['id']}/users", {"user_id": user["id"]})
        erase(api, user)
        found = [
            (table, row)
            for table, rows in contents(service).items()
            for row in rows
            if any(name in str(row) for name in NAMES)
        ]
        assert found == []
        assert api.again(paid, "transactions")["status"] == "success"
        assert api.again(sold, "orders")["user_id"] == user["id"]

    def test_log_ins_keys_cart_and_answers_are_gone(self, api: Api, service: Service) -> None:
        user, ada = person(api, role="staff")
        key = ada.post("/api/auth/api-keys", {"name": "till", "role": "staff"})["key"]
        line = {"user_id": user["id"], "ticket_id": api.ticket()["id"], "quantity": 1}
        ada.having({"Idempotency-Key": "one"}).post("/api/cart/", line)
        erase(api, user)
        rows = contents(service)
        for table in ("login_sessions", "api_keys", "carts", "idempotency_keys"):
            assert rows[table] == []
        assert hashed(key) not in str(rows)
        form = {"username": "ada", "password": PASSWORD}
        for name in ("ada", f"erased user {user['id']}"):
            again = api.request("POST", "/api/auth/token", data=form | {"username": name})
            assert (again.status_code, again.json()["code"]) == (401, "invalid_credentials")
        for known in (ada, api.having({"X-API-Key": key})):
            assert known.refused("GET", "/api/auth/me")["code"] == "invalid_token"

    def test_what_others_wrote_of_the_books_stays(self, api: Api) -> None:
        user, _ = person(api)
        late = api.order(user, (api.ticket(), 1))
        api.clock.advance(minutes=20)
        api.put(f"/api/orders/{late['id']}", {"notes": "Ada"})
        erase(api, user)
        order = api.again(late, "orders")
        assert (order["notes"], order["cancel_reason"]) == (None, "expired")

    @pytest.mark.parametrize("way", ["cancel", "refund", "fail"])
    def test_words_that_are_said_later_are_not_kept(
        self, api: Api, service: Service, way: str
    ) -> None:
        user, _ = person(api)
        order, paid = api.paid_order(user, (api.ticket(), 1))
        awaited = api.payment(api.order(user, (api.ticket(), 1)))
        api.clock.advance(minutes=16)
        erase(api, user, {"despite_open_orders": True})
        said = {
            "cancel": ("post", f"orders/{order['id']}/cancel", {"reason": "Ada rang"}),
            "refund": ("post", f"transactions/{paid['id']}/refund", {"reason": "Ada rang"}),
            "fail": (
                "patch",
                f"transactions/{awaited['id']}/status",
                {"status": "failed", "failure_reason": "Ada rang"},
            ),
        }
        method, path, body = said[way]
        getattr(api, method)(f"/api/{path}", body)
        assert "Ada" not in str(contents(service))

    def test_lists_and_reports_show_nobody(self, api: Api) -> None:
        user, _ = person(api)
        order, _ = api.paid_order(user, (api.ticket(event_date=PAST), 1))
        erase(api, user)
        name = f"erased user {user['id']}"
        assert [one["username"] for one in api.get("/api/users/")] == [name]
        (owner,) = api.get(f"/api/orders/{order['id']}/users")
        assert (owner["username"], owner["role"]) == (name, "owner")
        (best,) = api.get("/api/analytics/users")["top_customers"]
        assert (best["username"], best["spent"]) == (name, 99.99)


class TestAccount:
    def test_an_erased_user_shows_as_one(self, api: Api) -> None:
        user, ada = person(api)
        erased = erase(ada, user)
        assert erased == api.again(user, "users")
        assert erased["erased_at"] is not None
        assert (erased["is_active"], erased["phone_number"]) == (False, None)
        assert erased["created_at"] == user["created_at"]
        assert user["erased_at"] is None

    def test_erasing_again_changes_nothing(self, api: Api, service: Service) -> None:
        user, _ = person(api)
        erased = erase(api, user)
        before = contents(service)
        assert erase(api, user) == erased
        assert contents(service) == before

    def test_who_goes_by_themself_is_answered_and_then_unknown(self, api: Api) -> None:
        user, ada = person(api, role="staff")
        key = ada.post("/api/auth/api-keys", {"name": "till", "role": "staff"})["key"]
        # A program does not end the account of who made its key.
        assert refusal(api.having({"X-API-Key": key}), user) == (403, "not_by_api_key")
        assert erase(ada.having({"Idempotency-Key": "one"}), user)["erased_at"]
        for known in (api.having({"X-API-Key": key}), ada):
            again = known.having({"Idempotency-Key": "one"})
            problem = again.refused("POST", f"/api/users/{user['id']}/erase")
            assert (problem["status"], problem["code"]) == (401, "invalid_token")

    def test_the_names_are_free_for_others(self, api: Api) -> None:
        user, _ = person(api)
        erase(api, user)
        assert person(api)[0]["id"] != user["id"]

    def test_nobody_can_take_the_name_of_an_erased_user(self, api: Api) -> None:
        user, _ = person(api)
        erased = erase(api, user)
        new = {"username": erased["username"], "email": erased["email"], "full_name": "x"}
        problem = api.refused("POST", "/api/users/", new)
        assert {error["pointer"] for error in problem["errors"]} == {"#/username", "#/email"}

    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("PUT", "", {"email": "ada@example.com"}),
            ("PUT", "", {"role": "admin"}),
            ("PATCH", "/activate", None),
        ],
    )
    def test_can_not_be_made_somebody_again(
        self, api: Api, service: Service, method: str, path: str, body: Any
    ) -> None:
        user, _ = person(api)
        erase(api, user)
        before = contents(service)
        problem = api.refused(method, f"/api/users/{user['id']}{path}", body)
        assert (problem["status"], problem["code"]) == (409, "user_erased")
        assert contents(service) == before

    def test_nothing_more_is_written_about_the_person(self, api: Api) -> None:
        user, _ = person(api)
        order, _ = api.paid_order(user, (api.ticket(event_date=PAST), 1))
        erase(api, user)
        problem = api.refused("PUT", f"/api/orders/{order['id']}", {"notes": "Ada"})
        assert (problem["status"], problem["code"]) == (409, "user_erased")
        body = {"user_id": user["id"], "items": []}
        assert api.refused("POST", "/api/orders/", body)["code"] == "user_inactive"

    def test_the_command_line_gives_no_password_to_nobody(self, api: Api, service: Service) -> None:
        from User.errors import UserErasedError
        from User.services.account_service import set_password
        from work.context import unattended

        user, _ = person(api)
        erase(api, user)
        with pytest.raises(UserErasedError):
            service.database.write_now(
                unattended(lambda context: set_password(context, user["id"], "x"), service.settings)
            )

    def test_an_erased_user_without_orders_can_be_deleted(self, api: Api) -> None:
        user, _ = person(api)
        erase(api, user)
        api.delete(f"/api/users/{user['id']}")


class TestOrders:
    def test_what_is_not_paid_is_cancelled_and_gives_its_stock_back(self, api: Api) -> None:
        user, ada = person(api)
        first, second = api.ticket(), api.ticket()
        orders = [ada.order(user, (first, 2), (second, 1)), ada.order(user, (second, 3))]
        api.settle(api.payment(orders[0], 50))
        erase(ada, user)
        for order in orders:
            now = api.again(order, "orders")
            assert (now["status"], now["cancel_reason"]) == ("cancelled", "user_erased")
            assert now["amount_refunded"] == now["amount_paid"]
        assert api.stock(first) == api.stock(second) == (100, 0, 0, 0)

    def test_tickets_for_events_to_come_are_told_first(self, api: Api, service: Service) -> None:
        user, ada = person(api)
        order, _ = api.paid_order(user, (api.ticket(event_date=TO_COME), 1))
        ada.order(user, (api.ticket(), 1))
        before = contents(service)
        problem = ada.refused("POST", f"/api/users/{user['id']}/erase")
        assert (problem["status"], problem["code"]) == (409, "user_has_open_orders")
        assert problem["order_count"] == 1
        (told,) = problem["orders"]
        assert told == {
            "order_id": order["id"],
            "order_reference": order["order_reference"],
            "event_date": TO_COME,
            "balance_due": 0,
        }
        assert contents(service) == before

    def test_an_event_that_was_put_off_is_still_to_come(self, api: Api) -> None:
        user, ada = person(api)
        ticket = api.ticket(event_date="2026-03-02T20:00:00Z")
        api.paid_order(user, (ticket, 1))
        api.put(f"/api/tickets/{ticket['id']}", {"event_date": TO_COME})
        api.clock.advance(days=3)
        ada = api.bearer(api.log_in("ada")["access_token"])
        assert refusal(ada, user) == (409, "user_has_open_orders")
        api.put(f"/api/tickets/{ticket['id']}", {"event_date": PAST})
        assert erase(ada, user)["erased_at"]

    def test_who_insists_goes_and_the_tickets_stay_sold(self, api: Api) -> None:
        user, ada = person(api)
        ticket = api.ticket(event_date=TO_COME)
        order, _ = api.paid_order(user, (ticket, 1))
        assert erase(ada, user, {"despite_open_orders": True})["erased_at"]
        assert api.again(order, "orders")["status"] == "confirmed"
        assert api.stock(ticket) == (99, 0, 1, 0)

    def test_debts_are_an_administrators_to_forgive(self, api: Api) -> None:
        user, ada = person(api)
        order = api.order(user, (api.ticket(event_date=PAST), 1))
        api.patch(f"/api/orders/{order['id']}/status", {"status": "confirmed"})
        api.patch(f"/api/orders/{order['id']}/status", {"status": "completed"})
        insisting = {"despite_open_orders": True}
        for body in (None, insisting):
            assert refusal(ada, user, body) == (409, "user_has_open_orders")
        assert refusal(api, user) == (409, "user_has_open_orders")
        assert erase(api, user, insisting)["erased_at"]

    def test_what_is_over_stands_in_nobodys_way(self, api: Api) -> None:
        user, ada = person(api)
        ticket = api.ticket(event_date=TO_COME)
        fulfilled, _ = api.paid_order(user, (ticket, 1))
        api.patch(f"/api/orders/{fulfilled['id']}/status", {"status": "completed"})
        api.paid_order(user, (api.ticket(event_date=PAST), 1))
        assert erase(ada, user)["erased_at"]


# SQLite has one writer at a time.
@pytest.mark.parametrize("shared_service", ["postgres"], indirect=True, scope="session")
def test_what_is_ordered_meanwhile_is_cancelled_too(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    user, ticket = api.user(), api.ticket()
    made: list[Any] = []
    next_step = administrators.require_another

    def ordering(*args: Any) -> None:
        # Whoever asks the service waits for it; it works in the same thread.
        made.append(aside(partial(api.order, user, (ticket, 1))))
        next_step(*args)

    monkeypatch.setattr(administrators, "require_another", ordering)
    erase(api, user)
    assert [api.again(order, "orders")["status"] for order in made] == ["cancelled"]


class TestAdministrators:
    def test_the_last_one_stays(self, api: Api, service: Service) -> None:
        user, boss = person(api, "boss", "admin")
        api.user("staff", role="staff")
        other, _ = person(api, "other", "admin")
        api.patch(f"/api/users/{other['id']}/deactivate")
        before = contents(service)
        assert refusal(boss, user) == (409, "last_administrator")
        assert contents(service) == before

    def test_of_two_one_may_go(self, api: Api) -> None:
        user, boss = person(api, "boss", "admin")
        last, other = person(api, "other", "admin")
        assert erase(boss, user)["role"] == "customer"
        assert refusal(other, last) == (409, "last_administrator")

    def test_of_two_who_go_at_once_one_stays(self, api: Api) -> None:
        stayed: list[Any] = []
        for number in range(5):
            both = [person(api, f"boss{number}{side}", "admin") for side in ("a", "b")]
            # Now that there are others, who stayed before is none any more.
            for user in stayed:
                api.put(f"/api/users/{user['id']}", {"role": "customer"})
            together, answers = threading.Barrier(2), list[int]()

            def go(user: Any, own: Api) -> None:
                together.wait(30)  # noqa: B023 - the thread ends in this round
                answer = own.request("POST", f"/api/users/{user['id']}/erase")
                answers.append(answer.status_code)  # noqa: B023

            threads = [threading.Thread(target=go, args=one) for one in both]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert sorted(answers) == [200, 409]
            stayed = [user for user, _ in both if not api.again(user, "users")["erased_at"]]
