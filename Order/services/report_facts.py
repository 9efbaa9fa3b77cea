"""What lines of the ledger do to the figures of the reports, and what rows are in them.

The sums are made of these statements, and what is not in the sums yet is told by them as well:
both count alike. ``sign`` is 1 for what comes and -1 for what goes, and ``unit`` tells the comings
and goings of an order apart, where several lines belong to one.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Column,
    ColumnElement,
    CompoundSelect,
    Integer,
    Select,
    Table,
    and_,
    case,
    exists,
    literal,
    literal_column,
    or_,
    select,
    true,
    type_coerce,
    union_all,
)

from core.columns import quoted
from core.periods import day_number_column, quarter_number_column
from core.store.few import one_of_few
from Ledger.services.ledger_service import BUYER, NOWHERE, SELLER
from models import (
    MovementKind,
    OrderStatus,
    TransactionStatus,
    deleted_lines,
    movements,
    order_items,
    orders,
    part_paid_orders,
    transactions,
)
from Order.services.order_states import SOLD
from Order.services.report_spans import Edge

Statement: TypeAlias = Select[*tuple[Any, ...]]
Facts: TypeAlias = CompoundSelect[*tuple[Any, ...]]

RECEIVED = (TransactionStatus.SUCCESS, TransactionStatus.REFUNDED)
# What an order's line tells of what was sold.
LINE = (
    "ticket_id",
    *("event_key", "event_name", "category_key", "category", "venue_key", "venue"),
    "quantity",
)
_PENDING = OrderStatus.PENDING.value


Number: TypeAlias = int | BindParameter[int]


@dataclass(frozen=True)
class Window:
    """The lines of the ledger behind one and up to another."""

    after: Number
    upto: Number | None = None

    def holds(self, number: ColumnElement[int]) -> ColumnElement[bool]:
        last = [] if self.upto is None else [number <= self.upto]
        return and_(number > self.after, *last)


def sold_lines(window: Window) -> Facts:
    """The lines of the orders that were sold or taken back, on the day that they were sold."""
    return union_all(*_lines_moved(window))


def sold_rows(edge: Edge, sign: int = 1) -> Statement:
    """The lines of the orders that were sold then, as they are now."""
    return (
        select(
            # No line of the ledger has a number below zero.
            (-orders.c.id).label("unit"),
            literal_column(str(sign), Integer).label("sign"),
            *_when(orders.c.confirmed_at),
            orders.c.user_id,
            *_line(order_items),
        )
        .join_from(orders, order_items, order_items.c.order_id == orders.c.id)
        .where(is_sold(), *in_edge(orders.c.confirmed_at, edge))
    )


def money_moved(window: Window) -> Statement:
    """The money that moved, on the day that it succeeded."""
    money = movements.alias("money")
    return _money(money).where(window.holds(money.c.id))


def money_of_settled(window: Window) -> Facts:
    """The money that moved, of orders that are not pending.

    As long as an order is pending, lines are added to it, and with them it comes to concern other
    events: what was paid before counts as moved when the order leaves that state.
    """
    money, left = movements.alias("money"), movements.alias("left_pending")
    now = money_moved(window).subquery("now")
    earlier = _money(money).join(left, left.c.order_id == money.c.order_id)
    return union_all(
        select(*now.c).where(_left_pending_at(now) <= window.upto),
        earlier.where(*_leaves_pending(left), window.holds(left.c.id), money.c.id <= window.after),
    )


def money_of_part_paid(window: Window) -> Statement:
    """The money before a window that is in no sum by event or category, for its order is pending
    there.
    """
    money = movements.alias("money")
    # Not joined: SQLite would begin with all of the ledger.
    waiting = one_of_few(money.c.order_id, select(part_paid_orders.c.order_id))
    return _money(money).where(waiting, money.c.id <= window.after)


def part_paid(window: Window) -> Statement:
    """The orders that money moved of in the window, and that have not left pending by its end."""
    money = movements.alias("money")
    left_at = _left_pending_at(money)
    return (
        select(money.c.order_id)
        .where(
            money.c.kind == MovementKind.MONEY,
            window.holds(money.c.id),
            or_(left_at.is_(None), left_at > window.upto),
        )
        .distinct()
    )


def left_pending(window: Window) -> Statement:
    left = movements.alias("left_pending")
    return select(left.c.order_id).where(*_leaves_pending(left), window.holds(left.c.id))


def orders_moved(window: Window) -> Statement:
    """Orders that left a state or entered one, on the day that they were placed."""
    move, placed = movements.alias("move"), movements.alias("placed")
    sides = union_all(
        select(literal_column("-1").label("sign")), select(literal_column("1").label("sign"))
    ).subquery("sides")
    state = case((sides.c.sign == literal_column("1"), move.c.target), else_=move.c.origin)
    return (
        select(
            move.c.order_id,
            state.label("status"),
            sides.c.sign,
            day_number_column(placed.c.created_at).label("day"),
        )
        .join_from(move, placed, placed.c.order_id == move.c.order_id)
        .join(sides, true())
        .where(
            move.c.kind == MovementKind.ORDER,
            window.holds(move.c.id),
            state != NOWHERE,
            placed.c.kind == MovementKind.ORDER,
            placed.c.origin == NOWHERE,
        )
    )


def moved_orders(window: Window) -> Statement:
    """The orders of which anything moved: also when lines are added, for these hold stock."""
    return (
        select(movements.c.order_id)
        .where(window.holds(movements.c.id), movements.c.order_id.is_not(None))
        .distinct()
    )


def in_edge(moment: Column[datetime], edge: Edge) -> list[ColumnElement[bool]]:
    start, end = edge
    conditions: list[ColumnElement[bool]] = []
    if start is not None:
        conditions.append(moment >= start)
    if end is not None:
        conditions.append(moment < end)
    return conditions


def is_one_of(state: ColumnElement[Any], states: Iterable[StrEnum]) -> ColumnElement[bool]:
    """As constants: a plan that is made once knows which, and a list of parameters has no end."""
    return or_(*(state == quoted(one.value) for one in states))


def is_sold() -> ColumnElement[bool]:
    return _is_none_of(orders.c.status, (state for state in OrderStatus if state not in SOLD))


def is_received() -> ColumnElement[bool]:
    """Money that succeeded, whatever became of it."""
    others = (state for state in TransactionStatus if state not in RECEIVED)
    return _is_none_of(transactions.c.status, others)


def _is_none_of(state: ColumnElement[Any], others: Iterable[StrEnum]) -> ColumnElement[bool]:
    """What most rows are, by what it is not: an index of the states would lead to nearly all."""
    return and_(*(state != quoted(other.value) for other in others))


def _lines_moved(window: Window) -> Iterator[Statement]:
    move = movements.alias("move")
    was, will_be = is_one_of(move.c.origin, SOLD), is_one_of(move.c.target, SOLD)
    comes, goes = and_(will_be, ~was), and_(was, ~will_be)
    sold = movements.alias("sold")
    # What goes was sold the last time before; the order's row may tell a later one, or be gone.
    last_sold = (
        select(sold.c.created_at)
        .where(
            sold.c.order_id == move.c.order_id,
            sold.c.kind == MovementKind.ORDER,
            sold.c.target == OrderStatus.CONFIRMED.value,
            sold.c.id < move.c.id,
        )
        .order_by(sold.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    moment = case((comes, move.c.created_at), else_=last_sold)
    for lines in (order_items, deleted_lines):
        customer = orders if lines is order_items else lines
        statement = select(
            move.c.id.label("unit"),
            case((comes, literal_column("1")), else_=literal_column("-1")).label("sign"),
            moment.label("moment"),
            customer.c.user_id,
            *_line(lines),
        ).join_from(move, lines, lines.c.order_id == move.c.order_id)
        if lines is order_items:
            statement = statement.join(orders, orders.c.id == move.c.order_id)
        yield _dated(
            statement.where(
                move.c.kind == MovementKind.ORDER, window.holds(move.c.id), or_(comes, goes)
            )
        )


def _dated(moved: Statement) -> Statement:
    """With the moment's day and quarter of an hour in place of the moment."""
    line = moved.subquery("line").c
    rest = (column for column in line if column.name not in {"unit", "sign", "moment"})
    return select(line.unit, line.sign, *_when(line.moment), *rest)


def _when(moment: ColumnElement[Any]) -> list[ColumnElement[int]]:
    """The day and the quarter of an hour."""
    return [
        day_number_column(moment).label("day"),
        quarter_number_column(moment).label("quarter"),
    ]


def _line(lines: Table) -> list[ColumnElement[Any]]:
    worth = type_coerce(lines.c.line_total, BigInteger).label("worth")
    return [*(lines.c[name] for name in LINE), worth]


def _leaves_pending(move: Any) -> tuple[ColumnElement[bool], ...]:
    return (
        move.c.kind == MovementKind.ORDER,
        move.c.origin == _PENDING,
        move.c.target != NOWHERE,
    )


def _left_pending_at(facts: Any) -> ColumnElement[int]:
    """The line of the ledger by which an order left pending; NULL if none did.

    The LIMIT has it looked up order by order: as a join, the planner reads the whole ledger.
    """
    left = movements.alias("left_pending")
    return (
        select(left.c.id)
        .where(*_leaves_pending(left), left.c.order_id == facts.c.order_id)
        .order_by(left.c.id)
        .limit(1)
        .scalar_subquery()
    )


def _money(money: Any) -> Statement:
    """Moves of money, with what they do to the state of their transaction."""
    amount = type_coerce(money.c.amount, BigInteger)
    comes, goes = money.c.target == SELLER, money.c.target == BUYER
    later = movements.alias("later")
    is_last = ~exists().where(
        later.c.order_id == money.c.order_id,
        later.c.kind == MovementKind.MONEY,
        later.c.target == BUYER,
        later.c.transaction_id == money.c.transaction_id,
        later.c.id > money.c.id,
    )
    # A refund is the one that leaves nothing if no other follows it.
    empties = and_(goes, transactions.c.refunded_amount == transactions.c.amount, is_last)
    one: ColumnElement[int] = literal_column("1")
    none: ColumnElement[int] = literal_column("0")
    return (
        select(
            money.c.order_id,
            *_when(transactions.c.succeeded_at),
            day_number_column(transactions.c.created_at).label("created_day"),
            transactions.c.payment_method,
            transactions.c.payment_method_key,
            case((comes, one), else_=none).label("received"),
            case((empties, one), else_=none).label("emptied"),
            case((comes, amount), else_=literal(0, BigInteger)).label("gross"),
            case((comes, literal(0, BigInteger)), else_=amount).label("refunded"),
        )
        .join_from(money, transactions, transactions.c.id == money.c.transaction_id)
        .where(money.c.kind == MovementKind.MONEY)
    )
