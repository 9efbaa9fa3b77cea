"""When days begin, as one sees it on a clock that one looks at again and again."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo


@cache
def begins(day: date, zone: ZoneInfo) -> datetime:
    """The first second at which clocks show a day, or a later one."""
    moment = datetime.combine(day, time.min, UTC) - timedelta(hours=27)
    for step in (timedelta(minutes=15), timedelta(seconds=1)):
        while moment.astimezone(zone).date() < day:
            moment += step
        moment -= step
    return moment + timedelta(seconds=1)
