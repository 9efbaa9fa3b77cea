"""Books as they might be, for the tests of who judges them."""

from collections import Counter
from types import SimpleNamespace
from typing import Any

from tests.soak.books import Books, Ours, Returned, Taken, Theirs
from tests.support.faults.journal import Journal

NAME, NUMBER = "pay_1", "TXN-1"


def books_of(
    journal: Journal | None = None,
    *,
    taken: tuple[Taken, ...] = (),
    returned: tuple[Returned, ...] = (),
    letters: int = 0,
    **ours: dict[str, Any] | None,
) -> Books:
    """Here at most one order, payment and refund, with what is said of it besides the usual."""
    known = Ours(
        orders=_by_id(_ORDER, ours.get("order")),
        payments=_by_id(_PAYMENT, ours.get("payment")),
        refunds=_by_id(_REFUND, ours.get("refund")),
        events=Counter(),
        unnoted=0,
        differing=0,
    )
    payments = {one.id: one for one in taken}
    theirs = Theirs(payments, list(returned), failed_refunds=0, under_way=0, letters=letters)
    return Books(journal or Journal(), known, theirs)


def _by_id(usual: dict[str, Any], said: dict[str, Any] | None) -> dict[int, Any]:
    return {} if said is None else {1: SimpleNamespace(**{**usual, **said})}


_ORDER = {
    "id": 1,
    "status": "confirmed",
    "total_amount": 100,
    "amount_paid": 100,
    "amount_reopened": 0,
}
_PAYMENT = {
    "id": 1,
    "transaction_number": NUMBER,
    "order_id": 1,
    "provider_reference": NAME,
    "amount": 100,
    "refunded_amount": 0,
    "status": "success",
}
_REFUND = {
    "movement_id": 7,
    "transaction_id": 1,
    "amount": 100,
    "status": "succeeded",
    "attempt": 1,
    "is_by_hand": False,
}
