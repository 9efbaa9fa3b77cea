"""What is kept about a person: one state of the data, in answers that stay small.

A person with thousands of orders is told a hundred of them at a time; the ledger's lines of an
order come along without who wrote them, for those are other people.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, get_args

from sqlalchemy import ColumnElement, FromClause, Row, Table, func, select

from Ledger.services import audit_service
from models import (
    UserOrderRole,
    api_keys,
    carts,
    disputes,
    login_sessions,
    movements,
    order_items,
    orders,
    payment_reasons,
    provider_refunds,
    transactions,
    user_orders,
)
from Order.services import dispute_service, transaction_service
from Privacy.schemas import (
    MAX_ROWS,
    CartRecord,
    ExportQuery,
    LedgerRecord,
    LogInRecord,
    OrderRecord,
    Part,
    PersonalData,
    ReasonRecord,
    RecipientRecord,
    RefundRecord,
    SecondFactorRecord,
    SharedOrderRecord,
)
from User.actions import Action
from User.schemas.identity import ApiKeyRead
from User.services import second_factor_service, user_service
from work.context import Context

_IS_RECIPIENT = user_orders.c.role == UserOrderRole.RECIPIENT


def remember_export(context: Context, user_id: int) -> None:
    """Write down who is told about somebody else."""
    user_service.require_user(context, user_id)
    audit_service.record(context, Action.USER_EXPORTED, f"user:{user_id}")


def export_user(context: Context, user_id: int, query: ExportQuery) -> PersonalData:
    """All of it; of the orders, the next so many."""
    user = user_service.get_user(context, user_id)
    lists = _lists(context, user_id)
    found = _orders(context, user_id, query)
    page = found[: query.limit]
    return PersonalData(
        exported_at=context.now,
        user=user,
        second_factor=_second_factor(context, user_id),
        **{name: rows[:MAX_ROWS] for name, rows in lists.items()},
        incomplete=[name for name in get_args(Part) if len(lists[name]) > MAX_ROWS],
        order_count=_order_count(context, user_id),
        orders=_told(context, page),
        next_after=page[-1].id if len(found) > len(page) else None,
    )


def _second_factor(context: Context, user_id: int) -> SecondFactorRecord | None:
    factor = second_factor_service.find_confirmed(context, user_id)
    if factor is None:
        return None
    left = second_factor_service.count_codes(context, user_id)
    return SecondFactorRecord(enrolled_at=factor.confirmed_at, recovery_codes_left=left)


def _lists(context: Context, user_id: int) -> dict[str, list[Any]]:
    """What is told whole, the newest first; one row too many shows that it is not."""
    related = user_orders.c
    return {
        "log_ins": [
            LogInRecord.model_validate(row)
            for row in _newest(context, login_sessions, login_sessions.c.user_id == user_id)
        ],
        "api_keys": [
            ApiKeyRead.model_validate(row)
            for row in _newest(context, api_keys, api_keys.c.user_id == user_id)
        ],
        "cart": [
            CartRecord.model_validate(row)
            for row in _newest(context, carts, carts.c.user_id == user_id)
        ],
        "shared_orders": [
            SharedOrderRecord.model_validate(row)
            for row in _newest(context, user_orders, related.user_id == user_id, _IS_RECIPIENT)
        ],
    }


def _newest(context: Context, table: Table, *conditions: ColumnElement[bool]) -> Sequence[Row[Any]]:
    statement = select(*table.c).where(*conditions).order_by(table.c.id.desc())
    return context.session.execute(statement.limit(MAX_ROWS + 1)).all()


def _orders(context: Context, user_id: int, query: ExportQuery) -> Sequence[Row[Any]]:
    """One more than asked for shows that there are more."""
    own = (orders.c.user_id == user_id, orders.c.id > (query.after or 0))
    statement = select(*orders.c).where(*own).order_by(orders.c.id).limit(query.limit + 1)
    return context.session.execute(statement).all()


def _order_count(context: Context, user_id: int) -> int:
    count = select(func.count()).select_from(orders).where(orders.c.user_id == user_id)
    return int(context.session.execute(count).scalar_one())


def _told(context: Context, page: Sequence[Row[Any]]) -> list[OrderRecord]:
    """The orders with all that belongs to each: a question for each kind, not for each order."""
    ids = [order.id for order in page]
    items = _by_order(context, order_items, ids)
    recipients = _by_order(context, user_orders, ids, _IS_RECIPIENT)
    lines = _by_order(context, movements, ids)
    money = _money(context, ids)
    return [
        OrderRecord.model_validate(
            {
                **order._mapping,
                "currency": context.terms.currency,
                "items": items[order.id],
                "recipients": [RecipientRecord.model_validate(row) for row in recipients[order.id]],
                "ledger": [LedgerRecord.model_validate(row) for row in lines[order.id]],
                **{name: told.get(order.id, []) for name, told in money.items()},
            }
        )
        for order in page
    ]


def _money(context: Context, ids: Sequence[int]) -> dict[str, dict[int, list[Any]]]:
    """By kind and order: the payments, what went back of them, and what was said about that."""
    kinds: dict[str, tuple[FromClause, Callable[[Row[Any]], Any]]] = {
        # Not what would have it paid, which is a secret of the provider's.
        "transactions": (
            transactions,
            lambda row: transaction_service.served(context, row, next_action=None),
        ),
        "refunds": (_of_payments(provider_refunds), RefundRecord.model_validate),
        "reasons": (_of_payments(payment_reasons), ReasonRecord.model_validate),
        "disputes": (_of_payments(disputes), lambda row: dispute_service.read(context, row)),
    }
    return {
        name: {
            order_id: [tell(row) for row in rows]
            for order_id, rows in _by_order(context, table, ids).items()
        }
        for name, (table, tell) in kinds.items()
    }


def _of_payments(table: Table) -> FromClause:
    """Rows that belong to payments, with the order of each."""
    paid = transactions.c.id == table.c.transaction_id
    joined = select(*table.c, transactions.c.order_id).join_from(table, transactions, paid)
    return joined.subquery(table.name)


def _by_order(
    context: Context, table: FromClause, ids: Sequence[int], *conditions: ColumnElement[bool]
) -> dict[int, list[Row[Any]]]:
    found: dict[int, list[Row[Any]]] = defaultdict(list)
    of_these = (table.c.order_id.in_(ids), *conditions)
    for row in context.session.execute(select(*table.c).where(*of_these).order_by(table.c.id)):
        found[row.order_id].append(row)
    return found
