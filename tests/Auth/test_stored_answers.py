"""Nobody fills the disk with answers under Idempotency-Keys: their number and bytes are counted."""

from typing import Any

import pytest
from httpx2 import Response
from sqlalchemy import func, select

from models import idempotency_keys, orders
from tests.Auth.conftest import Serve
from tests.Auth.test_floods import as_admin
from tests.support.limiting import Caller, WallClock
from tests.support.service import Service

DAY = 86_400
LINES = 100


def principals_of(caller: Caller) -> set[str]:
    """Whose the stored answers are, as the database has it."""
    return set(
        caller.service.database.snapshot_now(
            lambda session: session.execute(select(idempotency_keys.c.principal)).scalars().all()
        )
    )


def keyed(caller: Caller, key: object, method: str, path: str, body: Any) -> Response:
    named = caller.having(**{"Idempotency-Key": f"key {key}"})
    return named.ask(method, path, json=body)


def order(caller: Caller, key: object, lines: int = 1) -> Response:
    items = [{"ticket_id": number + 1, "quantity": 1} for number in range(lines)]
    return keyed(caller, key, "POST", "/api/orders/", {"user_id": 1, "items": items})


def miss(caller: Caller, key: object, user_id: int = 1) -> Response:
    """A refusal that is stored: there is no such ticket."""
    body = {"user_id": user_id, "items": [{"ticket_id": 999, "quantity": 1}]}
    return keyed(caller, key, "POST", "/api/orders/", body)


def is_full(answer: Response) -> bool:
    return answer.status_code == 429 and answer.json()["code"] == "too_many_stored_answers"


def until_full(ask: Any, most: int = 100) -> int:
    return next((number for number in range(most) if is_full(ask(number))), most)


def stored(service: Service) -> tuple[int, int]:
    """How many answers there are, and their bytes."""
    size = func.coalesce(func.sum(func.length(idempotency_keys.c.answer)), 0)
    found = select(func.count(), size).select_from(idempotency_keys)
    return tuple(service.database.read_now(lambda session: session.execute(found).one()))


def shop(serve: Serve, **limits: str) -> Caller:
    """A customer of a shop with a hundred tickets."""
    caller = serve(**limits)
    caller.register()
    return caller.known()


@pytest.mark.usefixtures("stocked")
class TestNumber:
    def test_one_more_is_refused_and_nothing_runs(self, serve: Serve) -> None:
        buyer = shop(serve, stored_answers_rate_limit="3/day")
        assert [order(buyer, number).status_code for number in range(3)] == [201] * 3
        answer = order(buyer, 3)
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (429, "too_many_stored_answers")
        assert (problem["quota"], problem["limit"]) == ("stored-answers", 3)
        assert problem["retry_after"] == int(answer.headers["retry-after"]) == DAY // 3
        made = select(func.count()).select_from(orders)
        assert buyer.service.database.read_now(lambda s: s.execute(made).scalar_one()) == 3

    def test_a_request_that_was_answered_is_answered_again(self, serve: Serve) -> None:
        buyer = shop(serve, stored_answers_rate_limit="2/day")
        first = order(buyer, 0)
        until_full(lambda number: order(buyer, number))
        again = order(buyer, 0)
        assert again.headers["idempotency-replayed"] == "true"
        assert again.content == first.content

    def test_without_a_key_it_goes_on(self, serve: Serve) -> None:
        buyer = shop(serve, stored_answers_rate_limit="1/day")
        until_full(lambda number: order(buyer, number))
        body = {"user_id": 1, "items": [{"ticket_id": 1, "quantity": 1}]}
        assert buyer.ask("POST", "/api/orders/", json=body).status_code == 201

    def test_refusals_that_are_stored_count_as_well(self, serve: Serve) -> None:
        buyer = shop(serve, stored_answers_rate_limit="4/day")
        assert until_full(lambda number: miss(buyer, number)) == 4

    def test_there_is_room_again_when_the_answer_said(self, serve: Serve, wall: WallClock) -> None:
        buyer = shop(serve, stored_answers_rate_limit="2/day")
        until_full(lambda number: miss(buyer, number))
        wait = int(miss(buyer, "x").headers["retry-after"])
        wall.now += wait - 1
        assert is_full(miss(buyer, "x"))
        wall.now += 1
        assert miss(buyer, "x").status_code == 404

    def test_log_ins_of_nobody_count_by_their_address(self, serve: Serve) -> None:
        caller = serve(stored_answers_rate_limit="3/day")
        for name in ("john", "jane"):
            caller.register(name)
        form = {"username": "john", "password": "a walk in the rain"}

        def log_in(number: int) -> Response:
            named = caller.having(**{"Idempotency-Key": f"key {number}"})
            return named.ask("POST", "/api/auth/token", data=form)

        assert until_full(log_in) == 3

    def test_of_many_accounts_at_one_address_is_bounded_too(self, serve: Serve) -> None:
        buyer = shop(serve, stored_answers_rate_limit="1/day")
        known = [buyer]
        for number in range(24):
            buyer.at("203.0.113.1").register(f"user{number}")
            known.append(buyer.at("203.0.113.1").known(f"user{number}"))
        assert until_full(lambda number: miss(known[number], 1, number + 1)) == 20

    def test_the_box_office_is_trusted(self, serve: Serve) -> None:
        caller = shop(serve, stored_answers_rate_limit="1/day")
        as_admin(caller, "PUT", "/api/users/1", {"role": "staff"})
        assert until_full(lambda number: miss(caller, number), most=10) == 10

    def test_can_be_unlimited(self, serve: Serve) -> None:
        buyer = shop(serve)
        assert until_full(lambda number: miss(buyer, number), most=10) == 10


@pytest.mark.usefixtures("stocked")
class TestSize:
    @pytest.fixture
    def writer(self, serve: Serve) -> Caller:
        """A customer with an order of a hundred lines, whose answer is long."""
        buyer = shop(serve, stored_bytes_rate_limit="30000/day")
        body = {
            "user_id": 1,
            "items": [{"ticket_id": number + 1, "quantity": 1} for number in range(LINES)],
        }
        assert buyer.ask("POST", "/api/orders/", json=body).status_code == 201
        return buyer

    @staticmethod
    def note(writer: Caller, key: object) -> Response:
        return keyed(writer, key, "PUT", "/api/orders/1", {"notes": f"note {key}"})

    def test_many_long_answers_meet_the_limit(self, writer: Caller) -> None:
        allowed = until_full(lambda number: self.note(writer, number))
        answer = self.note(writer, "x")
        assert 1 < allowed < 50
        assert answer.json()["quota"] == "stored-bytes"
        _, size = stored(writer.service)
        # The last one that was let in may be the one that filled it.
        assert size <= 30_000 + size // allowed

    def test_long_answers_are_kept_in_a_fraction_of_their_size(self, writer: Caller) -> None:
        answer = self.note(writer, 1)
        _, size = stored(writer.service)
        assert size < len(answer.content) / 5
        again = self.note(writer, 1)
        assert again.headers["idempotency-replayed"] == "true"
        assert again.content == answer.content

    def test_a_day_at_the_limit_stays_below_twice_its_size(
        self, writer: Caller, wall: WallClock
    ) -> None:
        numbers = iter(range(10_000))
        for _ in range(48):
            until_full(lambda _: self.note(writer, next(numbers)))
            wall.now += DAY / 48
        answers, size = stored(writer.service)
        assert size <= 2 * 30_000 + size // answers


class TestOfNobodyInParticular:
    """Whoever has no account is told from others by the household, which is nobody's to read."""

    def test_are_found_again_where_they_were_asked_for(self, serve: Serve) -> None:
        caller = serve(secret_key="K" * 40)
        once = caller.having(**{"Idempotency-Key": "once"})
        assert once.register().status_code == 201
        again = once.register()
        assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
        elsewhere = caller.at("198.51.100.7", **{"Idempotency-Key": "once"}).register()
        assert elsewhere.status_code == 409
        principals = principals_of(caller)
        assert len(principals) == 2
        assert [word for word in ("203.0", "198.51") if word in str(principals)] == []

    def test_stand_under_what_only_the_key_of_the_service_makes(self, serve: Serve) -> None:
        marks = set()
        for name, key in (("john", "K" * 40), ("jane", "L" * 40), ("jill", "L" * 40)):
            caller = serve(secret_key=key)
            caller.having(**{"Idempotency-Key": name}).register(name)
            marks |= principals_of(caller)
        assert len(marks) == 2
