"""Whoever compares the three books finds what is wrong in any of them."""

from typing import Any

import pytest

from tests.soak.books import Books, Returned, Taken
from tests.soak.made_up import NAME, NUMBER, books_of
from tests.support.faults.journal import Journal, Operation, Outcome

PAID = Taken(NAME, NUMBER, 100)
BACK = Returned("re_1", NAME, line=7, amount=100, is_under_way=False)


def having(kind: str, wanted: object, outcome: Outcome = Outcome.DONE) -> Journal:
    return Journal([Operation(f"{kind}-1", kind, wanted, outcome)])


def sound(journal: Journal | None = None, **changes: Any) -> Books:
    """A ticket that was paid, and all three know of it."""
    known = {"order": {}, "payment": {}, "taken": (PAID,)}
    return books_of(journal or having("begin", (1, 100)), **{**known, **changes})


def given_back(**changes: Any) -> Books:
    known: dict[str, Any] = {
        "order": {"status": "cancelled"},
        "payment": {"status": "refunded", "refunded_amount": 100},
        "refund": {},
        "returned": (BACK,),
    }
    return sound(**{**known, **changes})


@pytest.mark.parametrize(
    "books",
    [
        sound(),
        sound(having("begin", (1, 100), Outcome.UNKNOWN)),
        given_back(),
        # Paid out by somebody, for the provider would not.
        given_back(refund={"is_by_hand": True}, returned=()),
        # Sold on the word of the box office.
        sound(having("confirm", 1), order={"amount_paid": 0}, payment=None, taken=()),
        # Charged by mistake beside what was begun, and given back.
        sound(
            having("begin", (1, 100), Outcome.UNKNOWN),
            payment={"transaction_number": "TXN-2", "status": "refunded", "refunded_amount": 100},
            refund={},
            returned=(BACK,),
        ),
        # Begun, and never paid.
        sound(
            order={"status": "cancelled", "amount_paid": 0},
            payment={"status": "pending"},
            taken=(Taken(NAME, NUMBER, 0),),
        ),
    ],
)
def test_what_is_as_it_should_be_is_not_faulted(books: Books) -> None:
    assert books.judge().wrong() == {}
    assert not books.unfinished()


@pytest.mark.parametrize(
    ("kind", "books"),
    [
        ("paid_without_ticket", sound(order={"status": "cancelled"})),
        ("paid_without_ticket", given_back(returned=())),
        ("ticket_without_payment", sound(order={"amount_paid": 60})),
        ("ticket_without_payment", sound(order={"amount_reopened": 1})),
        ("ticket_without_payment", sound(taken=())),
        ("ticket_without_payment", sound(taken=(Taken(NAME, NUMBER, 99),))),
        ("not_recorded", sound(payment={"status": "failed"})),
        ("not_recorded", sound(taken=(PAID, Taken("pay_2", NUMBER, 100)))),
        ("not_recorded", sound(having("charge", (2, 100, "card")))),
        ("refunded_twice", sound(returned=(BACK,))),
        ("refunded_twice", given_back(returned=(BACK, BACK))),
        ("refunded_twice", given_back(refund={"is_by_hand": True})),
        (
            "refunded_twice",
            given_back(returned=[Returned("re_1", NAME, 7, 50, False)] * 2),
        ),
        ("begun_wrongly", sound(Journal())),
        ("begun_wrongly", books_of(having("begin", (1, 100)), order={"amount_paid": 100})),
    ],
)
def test_what_is_not_is_found(kind: str, books: Books) -> None:
    assert kind in books.judge().wrong()


@pytest.mark.parametrize(
    ("what", "books"),
    [
        ("refunds that are pending", given_back(refund={"status": "pending"})),
        ("refunds that are failed", given_back(refund={"status": "failed"}, returned=())),
        (
            "refunds under way at the provider",
            given_back(returned=(Returned("re_1", NAME, 7, 100, is_under_way=True),)),
        ),
        ("payments not heard of", sound(payment={"status": "pending"})),
        ("webhooks to be sent", sound(letters=1)),
        ("orders paid in part", sound(order={"status": "pending"})),
    ],
)
def test_what_is_under_way_is_waited_for(what: str, books: Books) -> None:
    assert what in books.unfinished()
