"""Who bought how much in a period.

Sums by customer are kept by the month and for all time. Any other range, and every range of an
event or a category, is added up from the rows that it has.
"""

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    and_,
    func,
    literal_column,
    select,
    type_coerce,
    union_all,
)

from core.money import Money
from models import customer_counts, customer_sums, order_items, orders, users
from Order.services.order_states import SOLD
from Order.services.report_facts import Statement, in_edge, is_one_of
from Order.services.report_figures import ONE_SUM, Figures, amount, named, whole
from Order.services.report_sums import orders_of, signed
from Order.services.sales_queries import LIMIT, sold_live


def top_customers(figures: Figures) -> Statement:
    """The best customers, each with how many of all have more than one order."""
    if figures.is_filtered or not figures.is_one_sum:
        customers = _from_rows(figures).subquery("customers")
        # All are there: asked for by itself, the count would add up all rows once more.
        returning: ColumnElement[int] = func.count().filter(customers.c.orders > 1).over()
    else:
        changed = _changed(figures)
        customers = _best(changed).subquery("customers")
        returning = _returning(changed).scalar_subquery()
    return (
        select(*(customers.c[name] for name in ("user_id", "orders", "tickets", "spent")))
        .add_columns(users.c.username, returning.label("returning_users"))
        .join_from(customers, users, users.c.id == customers.c.user_id)
        .order_by(customers.c.spent.desc(), customers.c.user_id)
        .limit(LIMIT)
    )


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
    best = (
        select(sums.user_id, sums.orders, sums.tickets, sums.spent)
        .where(sums.period == ONE_SUM, sums.orders > 0)
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


def _changed(figures: Figures) -> CTE | None:
    """Customers whose sum does not have all: what they have with it, and how many ``more`` orders
    than in the sum.
    """
    live = sold_live(figures, figures.range)
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


def _from_rows(figures: Figures) -> Statement:
    line = order_items.c
    # A key to group all rows by. SQLite would follow its index to have the rows in order, and
    # fetch each from another page: of 200,000 orders that takes five times as long.
    user_id: ColumnElement[int] = orders.c.user_id + literal_column("0")
    return (
        select(
            user_id.label("user_id"),
            func.count(line.order_id.distinct()).label("orders"),
            whole(line.quantity).label("tickets"),
            amount(line.line_total).label("spent"),
        )
        .join_from(orders, order_items, line.order_id == orders.c.id)
        .where(
            is_one_of(orders.c.status, SOLD),
            *in_edge(orders.c.confirmed_at, figures.bounds),
            *named(order_items, figures),
        )
        .group_by(user_id)
    )
