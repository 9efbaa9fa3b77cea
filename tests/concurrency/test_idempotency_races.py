"""The same request under the same key from all clients at once is carried out once."""

from collections import defaultdict
from itertools import count
from typing import Any

from tests.support.racing import THREADS, Answer, Call, race, tally
from tests.support.site import Site, order_body

ORDERS = "/api/orders/"
# No key of one test may be that of another: all are the same caller's.
KEYS = count(1)
IN_PROGRESS = "request_in_progress"


def new_key() -> str:
    return f"key {next(KEYS)}"


def carried_out_once(site: Site, call: Call, outcome: str) -> Any:
    """Send the same from all clients at once and once more later; the one answer that all got."""
    answers = race(site.url, [call] * THREADS)
    assert tally(answers).keys() <= {outcome, IN_PROGRESS}
    answer = the_same(answers)
    again = site.client.send(*call)
    assert again.is_replay
    assert (again.said, again.body) == (outcome, answer.body)
    return answer.body


def the_same(answers: list[Answer]) -> Answer:
    """What all who were answered were told: one as the first, the others as a replay of that."""
    told = [answer for answer in answers if answer.said != IN_PROGRESS]
    (first,) = [answer for answer in told if not answer.is_replay]
    assert {(answer.status, str(answer.body)) for answer in told} == {
        (first.status, str(first.body))
    }
    return first


class TestSameKey:
    def test_buys_once(self, site: Site) -> None:
        user, ticket = site.user(), site.ticket(100)
        order = carried_out_once(
            site, ("POST", ORDERS, order_body(user, (ticket, 2)), new_key()), "201"
        )
        assert [one["id"] for one in site.orders(user)] == [order["id"]]
        assert site.stock(ticket) == (98, 2, 0)

    def test_orders_one_cart_for_all_who_ask(self, site: Site) -> None:
        user, ticket = site.user(), site.ticket(100)
        line = {"user_id": user, "ticket_id": ticket, "quantity": 3}
        site.client.ok("POST", "/api/cart/", line)
        call: Call = ("POST", f"/api/orders/from-cart/{user}", None, new_key())
        order = carried_out_once(site, call, "201")
        assert [one["id"] for one in site.orders(user)] == [order["id"]]
        assert site.stock(ticket) == (97, 3, 0)

    def test_puts_into_the_cart_once(self, site: Site) -> None:
        user, ticket = site.user(), site.ticket(100)
        line = {"user_id": user, "ticket_id": ticket, "quantity": 3}
        row = carried_out_once(site, ("POST", "/api/cart/", line, new_key()), "201")
        assert (
            site.client.ok("GET", f"/api/cart/user/{user}")[0]["quantity"] == row["quantity"] == 3
        )

    def test_makes_one_payment(self, site: Site) -> None:
        order, _ = site.pending_order()
        body = {"order_id": order, "payment_method": "card"}
        payment = carried_out_once(site, ("POST", "/api/transactions/", body, new_key()), "201")
        payments = site.client.ok("GET", f"/api/transactions/order/{order}")
        assert [one["id"] for one in payments] == [payment["id"]]

    def test_counts_money_once(self, site: Site) -> None:
        order, ticket = site.pending_order()
        path = f"/api/transactions/{site.pending_payment(order)}/status"
        payment = carried_out_once(site, ("PATCH", path, {"status": "success"}, new_key()), "200")
        assert payment["status"] == "success"
        assert site.client.ok("GET", f"{ORDERS}{order}")["amount_paid"] == 20
        assert site.stock(ticket) == (98, 0, 2)

    def test_gives_one_part_of_the_money_back(self, site: Site) -> None:
        order, transaction, ticket = site.paid_order(9.99, 10)
        path = f"/api/transactions/{transaction}/refund"
        carried_out_once(site, ("POST", path, {"amount": 7}, new_key()), "200")
        assert site.client.ok("GET", f"{ORDERS}{order}")["amount_refunded"] == 7
        assert site.stock(ticket) == (90, 0, 10)

    def test_cancels_once(self, site: Site) -> None:
        order, ticket = site.pending_order()
        carried_out_once(site, ("POST", f"{ORDERS}{order}/cancel", None, new_key()), "200")
        assert site.stock(ticket) == (100, 0, 0)

    def test_is_told_of_the_refusal_that_the_first_one_met(self, site: Site) -> None:
        user, ticket = site.user(), site.ticket(1)
        call: Call = ("POST", ORDERS, order_body(user, (ticket, 2)), new_key())
        carried_out_once(site, call, "insufficient_stock")
        site.client.ok("PUT", f"/api/tickets/{ticket}", {"total_quantity": 100})
        again = site.client.send(*call)
        assert (again.said, again.is_replay) == ("insufficient_stock", True)
        assert site.client.send(*call[:3], new_key()).said == "201"

    def test_with_two_bodies_belongs_to_the_one_that_came_first(self, site: Site) -> None:
        user, one, other = site.user(), site.ticket(100), site.ticket(100)
        key = new_key()
        calls: list[Call] = [
            ("POST", ORDERS, order_body(user, (ticket, 2)), key) for ticket in (one, other)
        ]
        answers = race(site.url, calls * (THREADS // 2))
        reused = [answer for answer in answers if answer.said == "idempotency_key_reused"]
        told = [answer for answer in answers if answer not in reused]
        assert tally(told).keys() <= {"201", IN_PROGRESS}
        order = the_same(told).body
        assert len(reused) <= THREADS // 2
        assert reused or tally(told)[IN_PROGRESS]
        (bought,) = site.orders(user)
        assert bought["items"] == order["items"]
        assert site.stock(one)[0] + site.stock(other)[0] == 198


class TestOtherKeys:
    def test_buy_once_each(self, site: Site) -> None:
        user, ticket = site.user(), site.ticket(100)
        body = order_body(user, (ticket, 1))
        answers = race(site.url, [("POST", ORDERS, body, new_key()) for _ in range(THREADS)])
        assert tally(answers) == {"201": THREADS}
        assert not any(answer.is_replay for answer in answers)
        assert len(site.orders(user)) == THREADS
        assert site.stock(ticket) == (100 - THREADS, THREADS, 0)

    def test_compete_for_the_last_units_and_each_is_told_one_outcome(self, site: Site) -> None:
        user, ticket = site.user(), site.ticket(5)
        keys = [new_key() for _ in range(THREADS)]
        calls: list[Call] = [
            ("POST", ORDERS, order_body(user, (ticket, 1)), keys[(turn + shift) % THREADS])
            # Neighbours send the same key at the same time, and each sends three keys.
            for shift in range(3)
            for turn in range(THREADS)
        ]
        told: dict[str, list[Answer]] = defaultdict(list)
        for call, answer in zip(in_order_of_answers(calls), race(site.url, calls), strict=True):
            told[call[3]].append(answer)
        firsts = [the_same(answers) for answers in told.values()]
        assert tally(firsts) == {"201": 5, "insufficient_stock": THREADS - 5}
        assert site.stock(ticket) == (0, 5, 0)


def in_order_of_answers(calls: list[Any]) -> list[Any]:
    """A race tells the answers thread by thread."""
    return [call for number in range(THREADS) for call in calls[number::THREADS]]
