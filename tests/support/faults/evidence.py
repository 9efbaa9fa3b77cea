"""Where the effect of each kind of operation shows: in the ledger, in the rows, or in both."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from tests.support.faults.journal import Operation, Outcome
from tests.support.faults.records import Records
from tests.support.faults.shopper import cents

Effect = Any


def _as_wanted(operation: Operation, effect: Effect) -> bool:
    return bool(effect == operation.wanted)


@dataclass(frozen=True)
class Evidence:
    # One effect for each time that the operation was carried out.
    find: Callable[[Records, Operation], list[Effect]]
    fits: Callable[[Operation, Effect], bool] = _as_wanted


def evidence_for(operation: Operation, records: Records, gone: set[int]) -> Iterator[Evidence]:
    """What was done to an order that may be ``gone`` is told by the ledger alone."""
    if operation.kind in _LEDGER:
        yield _LEDGER[operation.kind]
    if operation.kind == "delete":
        yield Evidence(_missing)
    elif operation.kind in _ROWS and _order_of(operation, records) not in gone:
        yield Evidence(_ROWS[operation.kind])


def placed(records: Records, operation: Operation) -> list[Effect]:
    """Each order that was made: its id, its units by ticket, and its total."""
    return [
        (
            rows[0].order_id,
            {row.ticket_id: row.quantity for row in rows},
            sum(row.amount for row in rows),
        )
        for rows in records.effects(operation.key, "stock", "order_placed")
    ]


def _as_ordered(operation: Operation, effect: Effect) -> bool:
    if operation.kind == "order" and effect[1] != operation.wanted:
        return False
    if operation.outcome is not Outcome.DONE or operation.answer is None:
        return True
    body = operation.answer.body
    lines = Counter({item["ticket_id"]: item["quantity"] for item in body["items"]})
    return bool(effect == (body["id"], lines, cents(body["total_amount"])))


def _of_order(cause: str) -> Evidence:
    def find(records: Records, operation: Operation) -> list[Effect]:
        moved = records.effects(operation.key, "order", cause)
        # What other orders went through on the way is not the operation's.
        return [row.order_id for rows in moved for row in rows if row.order_id == operation.wanted]

    return Evidence(find)


def _of_money(cause: str) -> Evidence:
    def find(records: Records, operation: Operation) -> list[Effect]:
        moved = records.effects(operation.key, "money", cause)
        effects = [(row.transaction_id, row.amount) for rows in moved for row in rows]
        return [effect for effect in effects if effect[0] == operation.wanted[0]]

    return Evidence(find)


def _of_stock(cause: str, effect: Callable[[Row[Any]], Effect]) -> Evidence:
    def find(records: Records, operation: Operation) -> list[Effect]:
        moved = records.effects(operation.key, "stock", cause)
        return [effect(row) for rows in moved for row in rows]

    return Evidence(find)


def _added(row: Row[Any]) -> Effect:
    return row.order_id, row.ticket_id, row.quantity


def _resized(row: Row[Any]) -> Effect:
    return row.ticket_id, row.quantity if row.origin == "nowhere" else -row.quantity


def _failed(records: Records, operation: Operation) -> list[Effect]:
    row = records.transactions.get(operation.wanted[0])
    return [operation.wanted] if row is not None and row.status == "failed" else []


def _missing(records: Records, operation: Operation) -> list[Effect]:
    return [] if operation.wanted in records.orders else [operation.wanted]


def _order_of(operation: Operation, records: Records) -> int | None:
    """The order that the operation's row belongs to, if there is one."""
    if operation.kind in {"announce", "fail"}:
        return int(operation.wanted[0 if operation.kind == "announce" else 1])
    # Others may have run out on the way, and moved before it.
    made = placed(records, operation)
    return int(made[0][0]) if made else None


_LEDGER = {
    "order": Evidence(placed, _as_ordered),
    "check out": Evidence(placed, _as_ordered),
    "add": _of_stock("item_added", _added),
    "pay": _of_money("payment_received"),
    "refund": _of_money("payment_refunded"),
    "cancel": _of_order("order_cancelled"),
    "confirm": _of_order("order_confirmed"),
    "complete": _of_order("order_completed"),
    "delete": _of_order("order_deleted"),
    "resize": _of_stock("ticket_changed", _resized),
}
# The same told by the rows themselves, whatever the ledger says.
_ROWS: dict[str, Callable[[Records, Operation], list[Effect]]] = {
    "order": lambda records, operation: [operation.wanted] * len(records.noted[operation.key]),
    "announce": lambda records, operation: [
        (row.order_id, row.amount) for row in records.paid_as[operation.key]
    ],
    "fail": _failed,
    "offer": lambda records, operation: [operation.wanted] * len(records.offered[operation.key]),
}
