"""A request that is sent again under its key is answered again, and carried out once."""

import json
import re
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from httpx2 import Response
from sqlalchemy import select, text
from sqlmodel import Session

import database
from core.errors import BusyError
from core.store.exchange import exchange_of
from models import idempotency_keys, orders
from Order.services import order_service
from tests.support.client import PASSWORD, Api
from tests.support.service import Service
from work import idempotency
from work.context import unattended
from work.idempotency import forget_old_keys

ORDERS = "/api/orders/"
NEW_PASSWORD = "/api/auth/password"  # noqa: S105 - an address


@pytest.fixture
def shop(api: Api) -> Api:
    """A service with user 1 and 100 units of ticket 1."""
    api.user()
    api.ticket()
    return api


def purchase(quantity: int = 1, **fields: Any) -> Any:
    return {"user_id": 1, "items": [{"ticket_id": 1, "quantity": quantity}]} | fields


def send(
    api: Api, path: str, body: Any = None, *, key: str = "one", method: str = "POST"
) -> Response:
    return api.request(method, path, json=body, headers={"Idempotency-Key": key})


def buy(api: Api, quantity: int = 1, *, key: str = "one") -> Response:
    return send(api, ORDERS, purchase(quantity), key=key)


def is_replay(answer: Response) -> bool:
    return answer.headers.get("idempotency-replayed") == "true"


def require_replay(answer: Response, first: Response) -> None:
    assert is_replay(answer)
    assert not is_replay(first)
    assert (answer.status_code, answer.content) == (first.status_code, first.content)
    for name in ("location", "content-type"):
        assert answer.headers.get(name) == first.headers.get(name)


def stored(service: Service) -> list[Any]:
    return service.database.read_now(lambda s: list(s.execute(select(*idempotency_keys.c)).all()))


class TestSameRequest:
    def test_gets_the_first_answer_and_changes_nothing(self, shop: Api) -> None:
        first = buy(shop, 2)
        assert first.status_code == 201
        for _ in range(3):
            require_replay(buy(shop, 2), first)
        assert len(shop.get(ORDERS)) == 1
        assert shop.stock({"id": 1}) == (98, 2, 0, 0)

    def test_gets_the_answer_of_then_not_of_now(self, shop: Api) -> None:
        first = buy(shop)
        shop.post("/api/orders/1/cancel")
        require_replay(buy(shop), first)
        assert shop.get("/api/orders/1")["status"] == "cancelled"

    def test_without_a_key_is_another_request(self, shop: Api) -> None:
        buy(shop)
        assert shop.post(ORDERS, purchase())["id"] == 2

    def test_under_another_key_is_another_request(self, shop: Api) -> None:
        buy(shop, key="one")
        assert buy(shop, key="two").json()["id"] == 2

    @pytest.mark.parametrize("key", ['"one"', " one ", "one"])
    def test_is_known_by_its_key_in_quotes_or_bare(self, shop: Api, key: str) -> None:
        first = buy(shop, key="one")
        require_replay(buy(shop, key=key), first)

    def test_is_known_by_quotes_that_are_escaped_in_quotes(self, shop: Api) -> None:
        first = buy(shop, key='a"b\\c')
        require_replay(buy(shop, key='"a\\"b\\\\c"'), first)

    def test_may_be_written_another_way(self, shop: Api) -> None:
        """JSON is the same with other blanks, another order of names, and other escapes."""
        first = send(shop, ORDERS, purchase(notes="é"))
        spelled = '{ "notes":"\\u00e9", "items":[{"quantity":1,\n"ticket_id":1}],"user_id":1}'
        again = shop.request(
            "POST",
            "/api/orders",
            content=spelled,
            headers={"Idempotency-Key": "one", "Content-Type": "application/json"},
        )
        require_replay(again, first)

    def test_without_a_body_is_replayed_as_well(self, shop: Api) -> None:
        shop.post("/api/cart/", {"user_id": 1, "ticket_id": 1, "quantity": 3})
        first = send(shop, "/api/orders/from-cart/1")
        require_replay(send(shop, "/api/orders/from-cart/1"), first)
        assert shop.stock({"id": 1}) == (97, 3, 0, 0)

    def test_that_may_be_repeated_anyway_stores_nothing(self, api: Api, service: Service) -> None:
        """Nobody knows who logs out, so that anybody could have it stored without end."""
        api.user(password=PASSWORD)
        tokens = api.log_in("john_doe")
        body = {"refresh_token": tokens["refresh_token"]}
        for key in ("one", "two", "one"):
            answer = send(api, "/api/auth/logout", body, key=key)
            assert (answer.status_code, is_replay(answer)) == (204, False)
        assert stored(service) == []

    @pytest.mark.parametrize("method", ["PUT", "PATCH"])
    def test_may_be_a_change(self, shop: Api, method: str) -> None:
        path, body = {
            "PUT": ("/api/tickets/1", {"total_quantity": 90}),
            "PATCH": ("/api/tickets/1/status", {"status": "sold"}),
        }[method]
        first = send(shop, path, body, method=method)
        shop.put("/api/tickets/1", {"total_quantity": 50})
        shop.patch("/api/tickets/1/status", {"status": "available"})
        require_replay(send(shop, path, body, method=method), first)
        ticket = shop.get("/api/tickets/1")
        assert (ticket["total_quantity"], ticket["status"]) == (50, "available")

    def test_is_given_a_refund_once(self, shop: Api) -> None:
        shop.paid_order({"id": 1}, ({"id": 1}, 2))
        path = "/api/transactions/1/refund"
        first = send(shop, path, {"amount": 50})
        require_replay(send(shop, path, {"amount": 50}), first)
        assert shop.get("/api/orders/1")["amount_refunded"] == 50


class TestAnotherRequest:
    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("POST", ORDERS, purchase(2)),
            ("POST", ORDERS, purchase(1, notes="x")),
            ("POST", f"{ORDERS}?debug=1", purchase(1)),
            ("POST", "/api/cart/", {"user_id": 1, "ticket_id": 1, "quantity": 1}),
            ("PUT", "/api/tickets/1", {"venue": "Hall"}),
        ],
    )
    def test_under_a_used_key_is_refused(
        self, shop: Api, method: str, path: str, body: Any
    ) -> None:
        buy(shop)
        answer = send(shop, path, body, method=method)
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
        assert answer.json()["errors"][0]["parameter"] == "Idempotency-Key"
        assert shop.stock({"id": 1}) == (99, 1, 0, 0)
        assert shop.get("/api/cart/user/1") == []

    def test_of_another_caller_may_have_the_same_key(self, api: Api) -> None:
        ticket = api.ticket()
        for name in ("alice", "bob"):
            user, theirs = api.someone("customer", name)
            items = [{"ticket_id": ticket["id"], "quantity": 1}]
            answer = send(theirs, ORDERS, {"user_id": user["id"], "items": items})
            assert answer.status_code == 201
            assert not is_replay(answer)
            assert answer.json()["user_id"] == user["id"]

    def test_that_only_reads_or_removes_takes_no_notice(self, shop: Api) -> None:
        buy(shop)
        assert len(send(shop, ORDERS, method="GET").json()) == 1
        assert send(shop, "/api/orders/1", method="DELETE").status_code == 204


class TestRefusal:
    def test_of_the_business_is_replayed(self, shop: Api) -> None:
        first = buy(shop, 60)
        refused = buy(shop, 60, key="two")
        assert first.status_code == 201
        assert refused.json()["code"] == "insufficient_stock"
        shop.post("/api/orders/1/cancel")
        require_replay(buy(shop, 60, key="two"), refused)
        assert shop.stock({"id": 1}) == (100, 0, 0, 0)
        # It is a new question under a new key.
        assert buy(shop, 60, key="three").status_code == 201

    def test_of_what_does_not_exist_is_replayed(self, api: Api) -> None:
        api.user()
        refused = buy(api)
        assert refused.json()["code"] == "ticket_not_found"
        api.ticket()
        require_replay(buy(api), refused)

    def test_undoes_what_was_done_before_it(self, shop: Api) -> None:
        """A cart is emptied before the stock is looked at."""
        shop.post("/api/cart/", {"user_id": 1, "ticket_id": 1, "quantity": 3})
        shop.put("/api/tickets/1", {"available_quantity": 1})
        assert send(shop, "/api/orders/from-cart/1").json()["code"] == "insufficient_stock"
        assert len(shop.get("/api/cart/user/1")) == 1

    def test_by_a_rule_of_the_database_is_replayed(
        self, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As for two that take the same name in the same moment."""
        from User.services import user_service

        api.user()
        path = f"/api/users/{api.user('other')['id']}"
        monkeypatch.setattr(user_service, "_require_free", lambda *_, **__: None)
        body = {"username": "John_Doe"}
        refused = send(api, path, body, method="PUT")
        assert (refused.status_code, refused.json()["code"]) == (409, "username_taken")
        require_replay(send(api, path, body, method="PUT"), refused)

    @pytest.mark.parametrize(
        ("status", "path", "body"),
        [
            (422, ORDERS, {"user_id": "x"}),
            (422, ORDERS, purchase(101)),
            (401, NEW_PASSWORD, {"current_password": "x" * 12, "new_password": "a walk, long"}),
        ],
    )
    def test_of_what_never_ran_is_not_stored(
        self, shop: Api, service: Service, status: int, path: str, body: Any
    ) -> None:
        caller = shop.bearer("wrong") if path == NEW_PASSWORD else shop
        assert send(caller, path, body).status_code == status
        assert stored(service) == []
        # So that the key is free for the request as it should have been.
        assert buy(shop).status_code == 201

    def test_of_who_may_not_is_not_stored(self, shop: Api, service: Service) -> None:
        _, customer = shop.someone("customer")
        answer = send(customer, "/api/transactions/1/refund")
        assert answer.status_code == 403
        assert stored(service) == []

    def test_of_anothers_object_is_not_stored(self, shop: Api, service: Service) -> None:
        _, customer = shop.someone("customer")
        shop.order({"id": 1}, ({"id": 1}, 1))
        assert send(customer, "/api/orders/1/cancel").status_code == 404
        assert stored(service) == []

    def test_for_being_busy_is_not_stored(
        self, shop: Api, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(order_service, "place_order", _busy)
            assert buy(shop).status_code == 503
        assert stored(service) == []
        assert buy(shop).status_code == 201

    def test_that_is_a_fault_of_ours_is_not_stored(
        self, shop: Api, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(order_service, "place_order", _fail_halfway)
            assert buy(shop).status_code == 500
        assert stored(service) == []
        assert shop.get(ORDERS) == []
        assert buy(shop).status_code == 201


def _busy(*_: object, **__: object) -> None:
    raise BusyError


def _fail_halfway(session: Session, *_: object, **__: object) -> None:
    session.execute(text("DELETE FROM users"))
    raise ZeroDivisionError


def is_documented(shop: Api, key: str) -> bool:
    parameters = shop.document["paths"][ORDERS]["post"]["parameters"]
    (schema,) = (item["schema"] for item in parameters if item["name"] == "Idempotency-Key")
    fits = schema["minLength"] <= len(key) <= schema["maxLength"]
    return fits and re.search(schema["pattern"], key) is not None


class TestKey:
    @pytest.mark.parametrize("key", ["", '""', "   ", '" "', '"""', "x" * 256, "caf\xe9", "a\tb"])
    def test_that_can_not_be_one_is_refused(self, shop: Api, key: str) -> None:
        headers: Any = [(b"idempotency-key", key.encode("latin-1"))]
        answer = shop.client.request("POST", ORDERS, json=purchase(), headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_error")
        assert answer.json()["errors"][0]["code"] == "invalid_idempotency_key"
        assert shop.get(ORDERS) == []
        assert not is_documented(shop, key)

    @pytest.mark.parametrize("key", ["a", '"a', '"a"', ' "a" ', "a b", r'"\""', "x" * 255])
    def test_that_can_be_one_is_in_the_document(self, shop: Api, key: str) -> None:
        assert buy(shop, key=key).status_code == 201
        assert is_documented(shop, key)

    def test_of_a_body_that_no_operation_takes_is_no_fault(self, shop: Api) -> None:
        """Only JSON is read before, and found to be nested without end."""
        headers = {"Idempotency-Key": "a", "Content-Type": "text/plain"}
        body = "[" * 100_000
        answer = shop.client.request("POST", ORDERS, content=body, headers=headers)
        assert 400 <= answer.status_code < 500

    def test_that_is_told_twice_is_refused(self, shop: Api) -> None:
        headers: Any = [(b"idempotency-key", b"one"), (b"idempotency-key", b"two")]
        answer = shop.client.request("POST", ORDERS, json=purchase(), headers=headers)
        assert answer.json()["errors"][0]["code"] == "invalid_idempotency_key"

    def test_may_have_255_characters(self, shop: Api) -> None:
        assert buy(shop, key="x" * 255).status_code == 201

    def test_is_kept_for_a_day(self, shop: Api) -> None:
        first = buy(shop)
        shop.clock.advance(hours=23, minutes=59)
        require_replay(buy(shop), first)
        shop.clock.advance(minutes=1)
        later = buy(shop)
        assert not is_replay(later)
        assert later.json()["id"] != first.json()["id"]
        require_replay(buy(shop), later)

    def test_that_is_old_is_swept_up(self, shop: Api, service: Service) -> None:
        for number in range(3):
            buy(shop, key=f"old {number}")
        shop.clock.advance(hours=24)
        buy(shop, key="new")

        sweep = unattended(partial(forget_old_keys, limit=2), service.settings, shop.clock)
        assert [service.database.write_now(sweep) for _ in range(3)] == [2, 1, 0]
        assert len(stored(service)) == 1
        assert is_replay(buy(shop, key="new"))


class TestStoredAnswer:
    """The database alone does not tell what was asked and answered."""

    @pytest.fixture
    def secrets(self, api: Api, service: Service) -> Iterator[list[str]]:
        """What must not be readable; the requests that bring it are sent under keys."""
        said: list[str] = [PASSWORD, "john@secret.example"]
        body = {"username": "john", "email": said[1], "full_name": "John", "password": PASSWORD}
        assert send(api, "/api/users/", body, key="a").status_code == 201
        form = {"username": "john", "password": PASSWORD}
        headers = {"Idempotency-Key": "b"}
        tokens = api.request("POST", "/api/auth/token", data=form, headers=headers).json()
        made = send(api, "/api/auth/api-keys", {"name": "till", "role": "staff"}, key="c").json()
        yield [*said, tokens["access_token"], tokens["refresh_token"], made["key"]]
        assert len(stored(service)) == 3

    def test_shows_no_secret(self, secrets: list[str], service: Service) -> None:
        dump = b"".join(bytes(row.answer) for row in stored(service))
        dump += json.dumps([list(map(str, row)) for row in stored(service)]).encode()
        for secret in secrets:
            assert secret.encode() not in dump

    def test_does_not_show_the_key(self, shop: Api, service: Service) -> None:
        buy(shop, key="a key that is told to nobody")
        (row,) = stored(service)
        assert "told" not in str(tuple(row))


def test_an_answer_and_its_effect_are_committed_together(
    shop: Api, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A commit that fails leaves neither."""

    def lose(session: Session) -> None:
        exchange_of(session).undo()
        raise BusyError

    with monkeypatch.context() as patch:
        for owner in (database, idempotency):
            patch.setattr(owner, "commit", lose)
        assert buy(shop).status_code == 503
    assert stored(service) == []
    assert service.database.read_now(lambda s: s.execute(select(orders.c.id)).all()) == []
    assert buy(shop).status_code == 201
