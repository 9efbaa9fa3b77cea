"""Adding a stretch of the ledger to the sums, one statement for each table of them."""

from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Executable,
    Integer,
    Select,
    and_,
    case,
    delete,
    func,
    literal_column,
    select,
    true,
    union_all,
)
from sqlalchemy.types import BigInteger

from core.columns import quoted
from core.store.dialects import Sql
from core.store.statements import Changes
from models import (
    CountedKind,
    OrderStatus,
    ReportNameKind,
    TransactionStatus,
    customer_counts,
    customer_sums,
    deleted_lines,
    money_sums,
    order_items,
    part_paid_orders,
    sales_sums,
    spelling_sums,
    status_sums,
    ticket_sums,
)
from Order.services.report_facts import (
    Facts,
    Statement,
    Window,
    left_pending,
    money_moved,
    money_of_settled,
    orders_moved,
    part_paid,
    sold_lines,
)
from Order.services.report_names import (
    ALL_NAMES,
    KEYS,
    NAMES_OF_LINES,
    names_in,
    number,
    number_lines,
    number_of,
    numbered,
)
from Order.services.report_periods import (
    add_quarters,
    add_up,
    each_period,
    steps_of_time,
    upsert,
)

# Bits of a grouping.
EVENT, CATEGORY, VENUE = 1, 2, 4
_ALL = literal_column("0", BigInteger)
# What a series can be asked for.
_BY_QUARTER = (0, EVENT, CATEGORY, EVENT + CATEGORY)


def add_sales(sql: Sql, window: Window) -> Changes:
    lines = sold_lines(window)
    facts = numbered(lines).cte("facts")
    yield add_up(sql, sales_sums, union_all(*(_sales(facts, by) for by in range(8))))
    quarters = union_all(*(_sales(facts, by, period="quarter") for by in _BY_QUARTER))
    yield add_quarters(sql, quarters, ["orders", "tickets", "revenue"])
    units = signed(facts, "quantity").label("tickets")
    for table, keys in (
        (spelling_sums, ALL_NAMES),
        (ticket_sums, ("ticket_id", "event_id", "category_id")),
    ):
        columns = [facts.c[key] for key in keys]
        days = select(facts.c.day, *columns, units).group_by(facts.c.day, *columns)
        yield add_up(sql, table, days)
    yield from _add_customers(sql, lines)


def add_money(sql: Sql, window: Window) -> Changes:
    methods = money_moved(window).subquery("money")
    spelled, key = methods.c.payment_method, methods.c.payment_method_key
    yield number(sql, [names_in(ReportNameKind.PAYMENT_METHOD, spelled, key=key)])
    every, settled = money_moved(window).cte("every"), money_of_settled(window).cte("settled")
    concerned = concerned_by(settled)
    moved = [every, *[settled] * 3]
    sums = [_money(facts, concerned, by) for by, facts in enumerate(moved)]
    yield add_up(sql, money_sums, union_all(*sums))
    sums = [_money(facts, concerned, by, period="quarter") for by, facts in enumerate(moved)]
    yield add_quarters(sql, union_all(*sums), ["transactions", "gross", "refunded"])
    every, settled = _of_transactions(every), _of_transactions(settled)
    moved = [every, *[settled] * 3]
    counts = [
        states(CountedKind.TRANSACTION, facts, concerned, by) for by, facts in enumerate(moved)
    ]
    yield add_up(sql, status_sums, union_all(*counts))
    yield from _remember_part_paid(sql, window)


def add_orders(sql: Sql, window: Window) -> Changes:
    """First of all: what is sold or paid is of orders that moved, and their names get numbers."""
    moved = orders_moved(window).cte("moved")
    yield number_lines(sql, lines_of(moved))
    concerned = concerned_by(moved)
    counts = [states(CountedKind.ORDER, moved, concerned, by) for by in range(4)]
    yield add_up(sql, status_sums, union_all(*counts))


def _remember_part_paid(sql: Sql, window: Window) -> Changes:
    new = sql.insert(part_paid_orders).from_select(["order_id"], part_paid(window))
    yield new.on_conflict_do_nothing()
    yield delete(part_paid_orders).where(part_paid_orders.c.order_id.in_(left_pending(window)))


def signed(facts: Any, column: str) -> ColumnElement[Any]:
    """What came of a column less what went."""
    return func.sum(facts.c.sign * facts.c[column])


def orders_of(facts: Any) -> ColumnElement[int]:
    """How many orders came, less those that went; each once, whatever its lines."""
    comes, goes = ((facts.c.sign == sign, facts.c.unit) for sign in (1, -1))
    return func.count(case(comes).distinct()) - func.count(case(goes).distinct())


def _sales(facts: CTE, grouping: int, *, period: str = "day") -> Statement:
    keys = [
        facts.c[name] if grouping & bit else _ALL.label(name)
        for bit, name in ((EVENT, "event_id"), (CATEGORY, "category_id"), (VENUE, "venue_id"))
    ]
    return select(
        literal_column(str(grouping), Integer).label("grouping"),
        facts.c[period],
        *keys,
        orders_of(facts).label("orders"),
        signed(facts, "quantity").label("tickets"),
        signed(facts, "worth").label("revenue"),
    ).group_by(facts.c[period], *(key for key in keys if not _is_all(key)))


def _money(moved: CTE, concerned: CTE, grouping: int, *, period: str = "day") -> Statement:
    statement, keys = _by_lines(moved, concerned, grouping)
    method = number_of(ReportNameKind.PAYMENT_METHOD, moved.c.payment_method)
    return statement.add_columns(
        moved.c[period],
        method.label("payment_method_id"),
        func.sum(moved.c.received).label("transactions"),
        func.sum(moved.c.gross).label("gross"),
        func.sum(moved.c.refunded).label("refunded"),
    ).group_by(moved.c[period], moved.c.payment_method, *keys)


def _of_transactions(moved: CTE) -> CTE:
    """Money that comes makes a transaction a success, and what leaves nothing of it undoes that."""
    changes = {
        TransactionStatus.SUCCESS: moved.c.received - moved.c.emptied,
        TransactionStatus.REFUNDED: moved.c.emptied,
    }
    return union_all(
        *(
            select(
                moved.c.order_id,
                moved.c.created_day.label("day"),
                quoted(status).label("status"),
                change.label("sign"),
            ).where(change != 0)
            for status, change in changes.items()
        )
    ).cte(f"{moved.name}_states")


def states(kind: CountedKind, moved: CTE, concerned: CTE, grouping: int) -> Statement:
    statement, keys = _by_lines(moved, concerned, grouping)
    if grouping and kind is CountedKind.ORDER:
        # Lines are added to pending orders.
        statement = statement.where(moved.c.status != OrderStatus.PENDING.value)
    return statement.add_columns(
        quoted(kind).label("kind"),
        moved.c.status,
        moved.c.day,
        func.sum(moved.c.sign).label("counted"),
    ).group_by(moved.c.status, moved.c.day, *keys)


def concerned_by(moved: CTE) -> CTE:
    """Which events and categories the orders have lines of."""
    lines = numbered(lines_of(moved), names=KEYS).subquery("lines")
    columns = (lines.c.order_id, lines.c.event_id, lines.c.category_id)
    return select(*columns).distinct().cte("concerned")


def _by_lines(
    moved: CTE, concerned: CTE, grouping: int
) -> tuple[Statement, list[ColumnElement[int]]]:
    """Facts of orders, for each event or category that an order has lines of; and these keys."""
    kind = literal_column(str(grouping), Integer).label("grouping")
    if not grouping:
        columns = [_ALL.label("event_id"), _ALL.label("category_id")]
        return select(kind, *columns).select_from(moved), []
    kept = [
        concerned.c[name]
        for bit, name in ((EVENT, "event_id"), (CATEGORY, "category_id"))
        if grouping & bit
    ]
    cells = select(concerned.c.order_id, *kept).distinct().subquery("cells")
    keys = [
        cells.c[name] if name in cells.c else _ALL.label(name)
        for name in ("event_id", "category_id")
    ]
    statement = select(kind, *keys).join_from(moved, cells, cells.c.order_id == moved.c.order_id)
    return statement, [cells.c[column.name] for column in kept]


def lines_of(moved: CTE) -> Facts:
    wanted = select(moved.c.order_id)
    names = ("order_id", *NAMES_OF_LINES.values())
    return union_all(
        *(
            select(*(table.c[name] for name in names)).where(table.c.order_id.in_(wanted))
            for table in (order_items, deleted_lines)
        )
    )


def _is_all(key: ColumnElement[Any]) -> bool:
    return getattr(key, "element", None) is _ALL


def _add_customers(sql: Sql, lines: Facts) -> Changes:
    facts = lines.subquery("facts")
    days = (
        select(
            facts.c.day,
            facts.c.user_id,
            orders_of(facts).label("orders"),
            signed(facts, "quantity").label("tickets"),
            signed(facts, "worth").label("spent"),
        )
        .group_by(facts.c.day, facts.c.user_id)
        .subquery("days")
    )
    steps, period = steps_of_time(first=1), each_period(days)
    names = ("orders", "tickets", "spent")
    added = (
        select(
            period.label("period"),
            days.c.user_id,
            *(func.sum(days.c[name]).label(name) for name in names),
        )
        .select_from(days.join(steps, true()))
        .group_by(period, days.c.user_id)
    )
    yield _count_returning(sql, added, -1)
    yield upsert(sql, customer_sums, added, ["period", "user_id"], list(names))
    yield _count_returning(sql, added, 1)


def _count_returning(sql: Sql, added: Select[Any], sign: int) -> Executable:
    """Take the customers concerned out of the count of those who came back, or put them in."""
    touched = added.subquery("touched")
    counted = (
        select(touched.c.period, (func.count() * sign).label("returning_customers"))
        .join_from(
            touched,
            customer_sums,
            and_(
                customer_sums.c.period == touched.c.period,
                customer_sums.c.user_id == touched.c.user_id,
            ),
        )
        .where(customer_sums.c.orders > 1)
        .group_by(touched.c.period)
    )
    return upsert(sql, customer_counts, counted, ["period"], ["returning_customers"])
