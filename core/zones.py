"""When days begin in a time zone.

A day begins at its first midnight, or where clocks jump over that, at the jump; so days follow
each other without gaps, whatever is done to the clocks. One that a zone left out has no length.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo, available_timezones

# Those of a year, for some zones at once.
_DAYS = 10_000
_SECOND = timedelta(seconds=1)
# A year lies between these and the ends of what Python and the databases can tell: no zone and no
# sum of a few days pushes a time off them. No time of ours lies outside.
FIRST, END = datetime(2, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
# What a system lists beside the names of IANA: its own zone, and a mark for none.
_NO_NAMES = {"localtime", "Factory"}


def time_zone(name: str) -> ZoneInfo:
    """The zone of a name of IANA's, such as ``Asia/Colombo``."""
    # Asked before: of what is no name, a file of the system would be looked for.
    if name not in _names():
        raise ValueError(f"{name!r} is no time zone such as Asia/Colombo (IANA)")
    return ZoneInfo(name)


def midnight(day: date) -> datetime:
    """The moment at which a day begins in UTC."""
    return datetime.combine(day, time.min, UTC)


@lru_cache(_DAYS)
def day_start(day: date, zone: ZoneInfo) -> datetime:
    """The moment at which a day begins in a zone."""
    first, second = (
        datetime.combine(day, time(fold=fold), zone).astimezone(UTC) for fold in (0, 1)
    )
    # What is shown twice is shown first before the clocks go back, and what is left out is later
    # by the clocks as they were before.
    return first if first <= second else _jump(second, first, zone)


def moment_of(bound: datetime, zone: ZoneInfo) -> datetime:
    """When a bound is: what was said as a bare date has no zone, and is a midnight in this one."""
    return bound if bound.tzinfo else told(day_start(bound.date(), zone))


def told(moment: datetime) -> datetime:
    """A moment as it may be told, and sent back: the first and the last of all days lie partly
    outside of what there is, in all zones but UTC.
    """
    return min(max(moment, FIRST), END)


def local_day(moment: datetime, zone: ZoneInfo) -> date:
    """The day that a moment lies in."""
    day = moment.astimezone(zone).date()
    # Where clocks go back past midnight, they show the day before once more.
    following = day + timedelta(days=1) if day < date.max else day
    return following if day_start(following, zone) <= moment else day


@cache
def _names() -> frozenset[str]:
    return frozenset(available_timezones() - _NO_NAMES)


def _jump(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """When the clocks jump, of two moments before and after it; to the second, as zones are."""
    offset = before.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        between = before + (after - before) // 2
        between -= timedelta(microseconds=between.microsecond)
        if between.astimezone(zone).utcoffset() == offset:
            before = between
        else:
            after = between
    return after
