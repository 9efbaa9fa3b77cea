"""The range of time that a report is asked for, and its periods."""

from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from core.periods import Calendar, Interval, require_room
from core.zones import moment_of, time_zone
from Order.schemas.analytics import AnalyticsQuery, ReportPeriod


@dataclass(frozen=True)
class Range:
    """From a moment to before another, where there are any, in the periods of a zone."""

    start: datetime | None
    end: datetime | None
    calendar: Calendar

    @classmethod
    def of(cls, query: AnalyticsQuery, zone: ZoneInfo) -> "Range":
        """What is asked for, in its own zone or else in another."""
        zone = time_zone(query.timezone) if query.timezone else zone
        start, end = (bound and moment_of(bound, zone) for bound in (query.start, query.end))
        require_room(start, end)
        return cls(start, end, Calendar(zone, query.interval))

    @property
    def is_open(self) -> bool:
        """Whether it was left to what there is where it begins, or where it ends."""
        return self.start is None or self.end is None

    def by(self, interval: Interval) -> "Range":
        return replace(self, calendar=Calendar(self.calendar.zone, interval))

    def told(self) -> ReportPeriod:
        calendar = self.calendar
        return ReportPeriod(
            start=self.start,
            end=self.end,
            interval=calendar.interval,
            timezone=calendar.zone.key,
        )
