"""Series as they are added up by hand: each row put under the day that its zone's clocks show."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from core.periods import Interval
from models import order_items, orders, transactions, users
from Order.schemas.analytics import AnalyticsQuery
from tests.support import oracle_queries as queries
from tests.support.local_clocks import begins
from work.context import Context

Figures = Mapping[date, Mapping[str, Any]]


def bounded(context: Context, query: AnalyticsQuery) -> AnalyticsQuery:
    """With the moments that bare dates mean, and the zone's name."""
    zone = ZoneInfo(query.timezone) if query.timezone else context.terms.zone
    moments = {
        name: begins(bound.date(), zone) if bound and bound.tzinfo is None else bound
        for name, bound in (("start", query.start), ("end", query.end))
    }
    return query.model_copy(update={**moments, "timezone": zone.key})


def sales(context: Context, query: AnalyticsQuery) -> Figures:
    line = order_items.c
    columns = (orders.c.confirmed_at, line.order_id, line.quantity, line.line_total)
    found: dict[date, Counter[str]] = defaultdict(Counter)
    known = set()
    for moment, order_id, quantity, total in context.session.execute(queries.sold(query, *columns)):
        is_new = order_id not in known
        known.add(order_id)
        figures = {"orders": int(is_new), "tickets_sold": quantity, "revenue": total}
        found[_period(moment, query)].update(figures)
    return found


def money(context: Context, query: AnalyticsQuery) -> Figures:
    row = transactions.c
    found: dict[date, Counter[str]] = defaultdict(Counter)
    asked = queries.received(query, row.succeeded_at, row.amount, row.refunded_amount)
    for moment, gross, refunded in context.session.execute(asked):
        figures = {"gross": gross, "refunded": refunded, "net": gross - refunded}
        found[_period(moment, query)].update(figures)
    return found


def new_users(context: Context, query: AnalyticsQuery) -> Figures:
    moments = context.session.execute(
        select(users.c.created_at).where(*queries.within(users.c.created_at, query))
    ).scalars()
    counts = Counter(_period(moment, query) for moment in moments)
    return {day: {"new_users": count} for day, count in counts.items()}


def periods(query: AnalyticsQuery, found: Iterable[date]) -> Iterator[tuple[date, datetime]]:
    """All between the bounds, or the outermost found, and when they begin."""
    end = query.end - timedelta.resolution if query.end else None
    first = _period(query.start, query) if query.start else min(found, default=None)
    last = _period(end, query) if end else max(found, default=None)
    zone = ZoneInfo(str(query.timezone))
    while first and last and first <= last:
        following = _next(first, query.interval)
        # A day that the zone left out begins when the next one does.
        if begins(first, zone) < begins(following, zone):
            yield first, begins(first, zone)
        first = following


def _period(moment: datetime, query: AnalyticsQuery) -> date:
    zone = ZoneInfo(str(query.timezone))
    day = moment.astimezone(zone).date()
    # Put back past midnight, clocks show the day before once more.
    if moment >= begins(day + timedelta(days=1), zone):
        day += timedelta(days=1)
    steps = {Interval.DAY: 0, Interval.WEEK: day.weekday(), Interval.MONTH: day.day - 1}
    return day - timedelta(days=steps[query.interval])


def _next(day: date, interval: Interval) -> date:
    if interval is Interval.MONTH:
        return (day + timedelta(days=31)).replace(day=1)
    return day + timedelta(days=7 if interval is Interval.WEEK else 1)
