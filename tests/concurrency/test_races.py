"""Four server processes, twenty-four clients, one outcome: the exact one."""

from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from itertools import count

import pytest
from sqlalchemy import text

from core.settings import Settings
from database import Database
from tests.support.books import disagreements
from tests.support.racing import THREADS, Call, Client, race, tally
from tests.support.service import FORKING
from tests.support.site import FEW_PROCESSES, Site, environment, order_body
from tools.server import running_server

# Of a race that goes on until holds ran out in its midst; one takes a moment.
ROUNDS = 50


def test_fifty_units_are_sold_to_fifty_and_no_more(site: Site) -> None:
    user, ticket = site.user(), site.ticket(50)
    call: Call = ("POST", "/api/orders/", order_body(user, (ticket, 1)))
    answers = race(site.url, [call] * (THREADS * 5))
    assert tally(answers) == {"201": 50, "insufficient_stock": THREADS * 5 - 50}
    assert site.stock(ticket) == (0, 50, 0)


def test_two_tickets_in_opposite_orders_never_deadlock_or_oversell(site: Site) -> None:
    user, one, two = site.user(), site.ticket(50), site.ticket(50)
    calls: list[Call] = [
        ("POST", "/api/orders/", order_body(user, *lines))
        for lines in (((one, 1), (two, 1)), ((two, 1), (one, 1))) * (THREADS * 2)
    ]
    answers = race(site.url, calls)
    assert tally(answers) == {"201": 50, "insufficient_stock": len(calls) - 50}
    assert site.stock(one) == site.stock(two) == (0, 50, 0)


def test_orders_of_many_tickets_in_any_order_take_all_or_nothing(site: Site) -> None:
    user, tickets = site.user(), [site.ticket(20) for _ in range(4)]
    calls: list[Call] = []
    for turn in range(THREADS * 3):
        rotated = tickets[turn % 4 :] + tickets[: turn % 4]
        lines = [(ticket, 1 + turn % 2) for ticket in rotated]
        calls.append(("POST", "/api/orders/", order_body(user, *lines)))
    answers = race(site.url, calls)
    taken = sum(answer.body["items"][0]["quantity"] for answer in answers if answer.status == 201)
    assert all(site.stock(ticket) == (20 - taken, taken, 0) for ticket in tickets)
    assert taken >= 19


def test_one_cart_becomes_one_order(site: Site) -> None:
    user, ticket = site.user(), site.ticket(100)
    site.client.ok("POST", "/api/cart/", {"user_id": user, "ticket_id": ticket, "quantity": 3})
    answers = race(site.url, [("POST", f"/api/orders/from-cart/{user}", None)] * THREADS)
    assert tally(answers) == {"201": 1, "cart_empty": THREADS - 1}
    assert site.stock(ticket) == (97, 3, 0)


def test_one_cart_row_adds_up_what_all_put_in(site: Site) -> None:
    user, ticket = site.user(), site.ticket(THREADS - 4)
    line = {"user_id": user, "ticket_id": ticket, "quantity": 1}
    answers = race(site.url, [("POST", "/api/cart/", line)] * THREADS)
    assert tally(answers) == {"201": THREADS - 4, "insufficient_stock": 4}
    (row,) = site.client.ok("GET", f"/api/cart/user/{user}")
    assert row["quantity"] == THREADS - 4


def test_one_payment_is_refunded_once(site: Site) -> None:
    order, transaction, ticket = site.paid_order(10, 10)
    path = f"/api/transactions/{transaction}/refund"
    answers = race(site.url, [("POST", path, None)] * THREADS)
    assert tally(answers) == {"200": 1, "refund_exceeds_payment": THREADS - 1}
    assert site.client.ok("GET", f"/api/orders/{order}")["amount_refunded"] == 100
    assert site.stock(ticket) == (100, 0, 0)


def test_partial_refunds_never_add_up_to_more_than_was_paid(site: Site) -> None:
    order, transaction, ticket = site.paid_order(9.99, 10)
    path = f"/api/transactions/{transaction}/refund"
    answers = race(site.url, [("POST", path, {"amount": 7})] * THREADS)
    assert tally(answers) == {"200": 14, "refund_exceeds_payment": THREADS - 14}
    assert site.client.ok("GET", f"/api/orders/{order}")["amount_refunded"] == 98
    assert site.stock(ticket) == (90, 0, 10)


def test_of_many_cards_only_one_is_charged(site: Site) -> None:
    user, ticket = site.user(), site.ticket(100)
    order = site.client.ok("POST", "/api/orders/", order_body(user, (ticket, 2)))
    answers = race(site.url, _successes(site.pending_payment(order["id"]) for _ in range(THREADS)))
    assert tally(answers) == {"200": THREADS}
    told = Counter((answer.body["status"], answer.body["failure_reason"]) for answer in answers)
    assert told == {("success", None): 1, ("refunded", "already_paid"): THREADS - 1}
    paid = site.client.ok("GET", f"/api/orders/{order['id']}")
    assert (paid["status"], paid["balance_due"]) == ("confirmed", 0)
    assert (paid["amount_paid"], paid["amount_refunded"]) == (20 * THREADS, 20 * (THREADS - 1))
    assert site.stock(ticket) == (98, 0, 2)


def test_of_many_late_cards_one_buys_and_the_others_go_back(site: Site) -> None:
    order, ticket = site.pending_order()
    calls = _successes(site.pending_payment(order) for _ in range(THREADS))
    _run_out(site, order)
    answers = race(site.url, calls)
    told = Counter((answer.body["status"], answer.body["failure_reason"]) for answer in answers)
    assert told == {("success", None): 1, ("refunded", "already_paid"): THREADS - 1}
    paid = site.client.ok("GET", f"/api/orders/{order}")
    assert (paid["status"], paid["amount_paid"] - paid["amount_refunded"]) == ("confirmed", 20)
    assert site.stock(ticket) == (98, 0, 2)


def test_money_that_comes_while_its_order_is_given_up_is_recorded_and_goes_back(site: Site) -> None:
    order, ticket = site.pending_order()
    cancel: Call = ("POST", f"/api/orders/{order}/cancel", None)
    remove: Call = ("DELETE", f"/api/orders/{order}", None)
    third = THREADS // 3
    pay = _successes(site.pending_payment(order) for _ in range(third))
    mixed = [call for payment in pay for call in (payment, cancel, remove)]
    said = tally(race(site.url, mixed))
    # Whoever is first: no money is refused, and no order goes whose money may come.
    assert said["200"] == 2 * third
    assert said["order_has_payments"] + said["order_not_deletable"] == third
    now = site.client.ok("GET", f"/api/orders/{order}")
    assert (now["status"], now["balance_due"]) == ("cancelled", 0)
    assert now["amount_paid"] == now["amount_refunded"] == 20 * third
    assert site.stock(ticket) == (100, 0, 0)


def test_what_is_owed_is_paid_once_while_its_order_is_completed(site: Site) -> None:
    order, ticket = site.pending_order()
    path = f"/api/orders/{order}/status"
    site.client.ok("PATCH", path, {"status": "confirmed"})
    announce: Call = ("POST", "/api/transactions/", {"order_id": order, "payment_method": "card"})
    complete: Call = ("PATCH", path, {"status": "completed"})
    third = THREADS // 3
    settle = _successes(site.pending_payment(order) for _ in range(third))
    answers = race(site.url, [call for one in settle for call in (one, complete, announce)])
    said = tally(answers)
    # Once it is paid nothing more is announced.
    assert said["200"] == 2 * third
    assert said["201"] + said["amount_exceeds_balance"] == third
    told = Counter(one.body.get("failure_reason") for one in answers)
    assert told["already_paid"] == third - 1
    paid = site.client.ok("GET", f"/api/orders/{order}")
    assert (paid["status"], paid["balance_due"]) == ("completed", 0)
    assert paid["amount_paid"] - paid["amount_refunded"] == 20
    assert site.stock(ticket) == (98, 0, 2)


def test_no_order_goes_while_its_card_fails_and_is_tried_again(site: Site) -> None:
    for _ in range(5):
        order, _ = site.pending_order()
        payment = site.pending_payment(order)
        path = f"/api/transactions/{payment}/status"
        fail: Call = ("PATCH", path, {"status": "failed"})
        remove: Call = ("DELETE", f"/api/orders/{order}", None)
        said = tally(race(site.url, [fail, remove] * (THREADS // 2)))
        assert said["200"] == THREADS // 2
        assert said["order_has_payments"] + said["payment_just_failed"] == THREADS // 2
        assert site.client.ok("PATCH", path, {"status": "success"})["status"] == "success"


@pytest.mark.parametrize("first", ["pending", "failed"])
def test_one_payment_settled_by_all_counts_once(site: Site, first: str) -> None:
    order, ticket = site.pending_order()
    path = f"/api/transactions/{site.pending_payment(order)}/status"
    site.client.ok("PATCH", path, {"status": first})
    answers = race(site.url, [("PATCH", path, {"status": "success"})] * THREADS)
    assert tally(answers) == {"200": THREADS}
    assert site.client.ok("GET", f"/api/orders/{order}")["amount_paid"] == 20
    assert site.stock(ticket) == (98, 0, 2)


def test_one_reference_is_one_success_whoever_names_it(site: Site) -> None:
    user, ticket = site.user(), site.ticket(100)
    calls: list[Call] = []
    for _ in range(THREADS):
        order = site.client.ok("POST", "/api/orders/", order_body(user, (ticket, 1)))["id"]
        body = {"order_id": order, "payment_method": "card", "transaction_reference": "ch_77"}
        payment = site.client.ok("POST", "/api/transactions/", body)["id"]
        calls.append(("PATCH", f"/api/transactions/{payment}/status", {"status": "success"}))
    assert tally(race(site.url, calls)) == {"200": 1, "reference_used": THREADS - 1}
    assert site.stock(ticket) == (100 - THREADS, THREADS - 1, 1)


def test_an_order_is_paid_for_or_deleted_but_never_both(site: Site) -> None:
    for _ in range(5):
        order, _ = site.pending_order()
        pay: Call = ("POST", "/api/transactions/", {"order_id": order, "payment_method": "card"})
        remove: Call = ("DELETE", f"/api/orders/{order}", None)
        said = tally(race(site.url, [pay, remove] * (THREADS // 2)))
        assert set(said) <= {"201", "204", "order_not_found", "order_has_payments"}
        assert said["204"] == (0 if said["201"] else 1)


def test_paying_and_cancelling_at_once_ends_in_one_of_both(site: Site) -> None:
    user, ticket = site.user(), site.ticket(100)
    calls: list[Call] = []
    for _ in range(THREADS):
        order = site.client.ok("POST", "/api/orders/", order_body(user, (ticket, 1)))["id"]
        payment = site.pending_payment(order)
        calls.append(("PATCH", f"/api/transactions/{payment}/status", {"status": "success"}))
        calls.append(("POST", f"/api/orders/{order}/cancel", None))
    said = tally(race(site.url, calls))
    # A payment that comes second meets a failed transaction; a cancellation refunds one.
    assert set(said) <= {"200", "invalid_transition"}
    assert site.stock(ticket) == (100, 0, 0)


def test_one_username_is_given_once(site: Site) -> None:
    calls: list[Call] = [
        (
            "POST",
            "/api/users/",
            {"username": "Only.One", "email": f"{n}@one.example.com", "full_name": "One"},
        )
        for n in range(THREADS)
    ]
    answers = race(site.url, calls)
    assert tally(answers) == {"201": 1, "username_taken": THREADS - 1}


def test_an_order_is_shared_with_a_user_once(site: Site) -> None:
    owner, recipient = site.user(), site.user()
    order = site.client.ok("POST", "/api/orders/", order_body(owner))["id"]
    call: Call = ("POST", f"/api/orders/{order}/users", {"user_id": recipient})
    answers = race(site.url, [call] * THREADS)
    assert tally(answers) == {"201": 1, "order_already_shared": THREADS - 1}


def test_a_ticket_is_deleted_or_ordered_but_never_both(site: Site) -> None:
    user = site.user()
    for _ in range(5):
        ticket = site.ticket(100)
        buy: Call = ("POST", "/api/orders/", order_body(user, (ticket, 1)))
        remove: Call = ("DELETE", f"/api/tickets/{ticket}", None)
        said = tally(race(site.url, [buy, buy, remove] * 8))
        assert set(said) <= {"201", "204", "ticket_not_found", "ticket_has_orders"}
        assert said["204"] == (0 if said["201"] else 1)


def test_stock_edits_and_sales_at_once_lose_nothing(site: Site) -> None:
    user, ticket = site.user(), site.ticket(1000)
    buy: Call = ("POST", "/api/orders/", order_body(user, (ticket, 1)))
    grow: Call = ("PUT", f"/api/tickets/{ticket}", {"event_name": "Renamed"})
    stop: Call = ("PUT", f"/api/tickets/{ticket}", {"total_quantity": 900})
    said = tally(race(site.url, [buy, grow, stop] * THREADS))
    assert said == {"201": THREADS, "200": THREADS * 2}
    assert site.stock(ticket) == (900 - THREADS, THREADS, 0)


def test_sweeps_in_all_processes_and_buyers_return_each_unit_once(
    backend_settings: Settings,
) -> None:
    swept = environment(backend_settings, HOLD_MINUTES="0.004", SWEEP_SECONDS="0.25")
    with (
        running_server(swept, FEW_PROCESSES, program=FORKING) as (url, _),
        closing(Client(url, reconnect=True)) as client,
        closing(Database(backend_settings)) as database,
    ):
        site = Site(url, client, database, count(10_000))
        user, one, two = site.user(), site.ticket(5), site.ticket(5)
        calls: list[Call] = [
            ("POST", "/api/orders/", order_body(user, (one, 2), (two, 1))),
            ("POST", "/api/orders/", order_body(user, (two, 2), (one, 1))),
        ] * (THREADS * 2)
        said: Counter[str] = Counter()
        # Until more was sold than there is: holds ran out, and their units were sold again.
        for _ in range(ROUNDS):
            said += tally(race(url, calls))
            if said["201"] > 5:
                break
        assert set(said) <= {"201", "insufficient_stock"}
        assert said["201"] > 5
        assert disagreements(database) == []


def _successes(payments: Iterable[int]) -> list[Call]:
    settled = {"status": "success"}
    return [("PATCH", f"/api/transactions/{payment}/status", settled) for payment in payments]


def _run_out(site: Site, order: int) -> None:
    ended = text("UPDATE orders SET expires_at = created_at WHERE id = :id")
    with site.database.writer.begin() as connection:
        connection.execute(ended, {"id": order})
