"""Who bought how much in a period.

Sums by customer are kept by the month and for all time; of a month in another zone they are put
right by the rows at its ends. Any other range, and every range of an event or a category, is added
up from the rows that it has.
"""

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Subquery,
    and_,
    exists,
    func,
    literal_column,
    or_,
    select,
    type_coerce,
    union_all,
)

from core.money import Money
from models import customer_counts, customer_sums, order_items, orders, users
from Order.services.report_facts import Statement, in_edge, is_sold
from Order.services.report_figures import ONE_SUM, Figures, amount, named, whole
from Order.services.report_spans import Frame
from Order.services.report_sums import orders_of, signed
from Order.services.sales_queries import LIMIT, sold_live

# A key to group all rows by. SQLite would follow its index to have the rows in order, and fetch
# each from another page: of 200,000 orders that takes five times as long.
_USER: ColumnElement[int] = orders.c.user_id + literal_column("0")


def top_customers(figures: Figures) -> Statement:
    """The best customers, each with how many of all have more than one order."""
    if figures.is_filtered:
        customers = _from_lines(figures).subquery("customers")
        return _best_of(customers, returning=_returning_of(customers))
    if figures.one_sum is None:
        buyers = _from_orders(figures).subquery("buyers")
        return _best_of(_with_tickets(figures, buyers).subquery("customers"))
    changed = _changed(figures, figures.one_sum)
    returning = _returning(changed).scalar_subquery()
    return _best_of(_best(changed).subquery("customers"), returning=returning)


def _best_of(customers: Subquery, *, returning: ColumnElement[int] | None = None) -> Statement:
    count = customers.c.returning_users if returning is None else returning
    return (
        select(*(customers.c[name] for name in ("user_id", "orders", "tickets", "spent")))
        .add_columns(users.c.username, count.label("returning_users"))
        .join_from(customers, users, users.c.id == customers.c.user_id)
        .order_by(customers.c.spent.desc(), customers.c.user_id)
        .limit(LIMIT)
    )


def _returning_of(customers: Subquery) -> ColumnElement[int]:
    """All are there: asked for by itself, the count would add up all rows once more."""
    return func.count().filter(customers.c.orders > 1).over()


def _returning(changed: CTE | None) -> Statement:
    counts = customer_counts.c
    parts: list[Statement] = [select(counts.returning_customers).where(counts.period == ONE_SUM)]
    if changed is not None:
        now, before = changed.c.orders > 1, changed.c.orders - changed.c.more > 1
        difference = func.count().filter(now) - func.count().filter(before)
        parts.append(select(difference.label("returning_customers")).select_from(changed))
    return select(whole(union_all(*parts).subquery("parts").c.returning_customers))


def _best(changed: CTE | None) -> Statement:
    """So many customers that the best are among them."""
    sums = customer_sums.c
    # Written out, for a plan that is made before it is known can't use an index of only these.
    has_orders = sums.orders > literal_column("0")
    best = (
        select(sums.user_id, sums.orders, sums.tickets, sums.spent)
        .where(sums.period == ONE_SUM, has_orders)
        .order_by(sums.spent.desc(), sums.user_id)
        .limit(LIMIT)
    )
    if changed is None:
        return best
    # Whose sum is not all yet stands apart, with what there is more.
    unchanged = best.where(sums.user_id.not_in(select(changed.c.user_id))).subquery("unchanged")
    spent = type_coerce(changed.c.spent, Money).label("spent")
    apart = select(changed.c.user_id, changed.c.orders, changed.c.tickets, spent)
    both = union_all(select(*unchanged.c), apart.where(changed.c.orders > 0)).subquery("both")
    return select(*both.c)


def _changed(figures: Figures, frame: Frame) -> CTE | None:
    """Customers whose sum is not what they have in the range: what that is, and how many ``more``
    orders than in the sum.
    """
    live = sold_live(figures, frame)
    if live is None:
        return None
    lines = live.subquery("live")
    more = (
        select(
            lines.c.user_id,
            orders_of(lines).label("orders"),
            signed(lines, "quantity").label("tickets"),
            signed(lines, "worth").label("spent"),
        )
        .group_by(lines.c.user_id)
        .subquery("more")
    )
    sums = customer_sums.c
    mine = and_(sums.period == ONE_SUM, sums.user_id == more.c.user_id)
    return (
        select(
            more.c.user_id,
            (func.coalesce(sums.orders, 0) + more.c.orders).label("orders"),
            (func.coalesce(sums.tickets, 0) + more.c.tickets).label("tickets"),
            (func.coalesce(type_coerce(sums.spent, BigInteger), 0) + more.c.spent).label("spent"),
            more.c.orders.label("more"),
        )
        .join_from(more, customer_sums, mine, isouter=True)
        .cte("changed")
    )


def _from_orders(figures: Figures) -> Statement:
    """Without filters an order is as much as its lines are, so only those of the best are read."""
    has_lines = exists().where(order_items.c.order_id == orders.c.id)
    return (
        select(
            _USER.label("user_id"),
            func.count().label("orders"),
            amount(orders.c.total_amount).label("spent"),
        )
        .where(*_sold(figures))
        # What costs anything has lines; what has none was not bought.
        .where(or_(orders.c.total_amount > literal_column("0"), has_lines))
        .group_by(_USER)
    )


def _with_tickets(figures: Figures, buyers: Subquery) -> Statement:
    """The best of the buyers, and what they bought."""
    best = (
        select(*buyers.c, _returning_of(buyers).label("returning_users"))
        .order_by(buyers.c.spent.desc(), buyers.c.user_id)
        .limit(LIMIT)
        .subquery("best")
    )
    tickets = (
        select(whole(order_items.c.quantity))
        .join_from(orders, order_items, order_items.c.order_id == orders.c.id)
        .where(orders.c.user_id == best.c.user_id, *_sold(figures))
        .scalar_subquery()
    )
    return select(*best.c, tickets.label("tickets"))


def _from_lines(figures: Figures) -> Statement:
    line = order_items.c
    return (
        select(
            _USER.label("user_id"),
            func.count(line.order_id.distinct()).label("orders"),
            whole(line.quantity).label("tickets"),
            amount(line.line_total).label("spent"),
        )
        .join_from(orders, order_items, line.order_id == orders.c.id)
        .where(*_sold(figures), *named(order_items, figures))
        .group_by(_USER)
    )


def _sold(figures: Figures) -> list[ColumnElement[bool]]:
    return [is_sold(), *in_edge(orders.c.confirmed_at, figures.bounds)]
