"""What PostgreSQL is set to for us: past any pooler, and beside what the operator sets.

Nothing of it comes as the start-up parameter ``options``. Poolers refuse that, and it is the
operator's, who says there in which schema the tables are. A connection to the server itself is set
once. Behind a pooler the next transaction may be on another connection, and this one be somebody
else's: there each transaction sets for itself, in its first message, what holds until its end.
"""

import os
from collections.abc import Iterator
from typing import Any

from sqlalchemy.pool import ConnectionPoolEntry

from core import deadline
from core.settings import Settings

# In a connection's info: whether it leads to a pooler.
POOLED = "pooled"

# PostgreSQL's own limits, as shares of the time that is left. They come before the deadline, so
# that the server can say why it gives up; the lock first, for that says most.
_SERVER_SHARES = {
    "lock_timeout": 0.85,
    "statement_timeout": 0.9,
    "idle_in_transaction_session_timeout": 0.9,
}
# What a day is does not depend on where the server stands.
_MEANING = {"TimeZone": "UTC"}
# PostgreSQL would plan a prepared statement anew each time where it takes the values for special,
# which costs more than what it saves: whatever depends on them is not prepared.
_PLANNED_ONCE = {"plan_cache_mode": "force_generic_plan"}
# The part of its time that a request must have left for the limits to be those of a whole one.
_FRESH = 0.95
# A pooler told the driver of a process that is its own; nothing is set where another one answers.
_SET_ONCE = (
    "SELECT set_config(name, value, false) FROM unnest(%s, %s) AS ours (name, value)"
    " WHERE pg_backend_pid() = %s"
)


def connect_arguments(settings: Settings, seconds: float) -> dict[str, object]:
    """For the driver: ours where the operator says nothing, and UTF-8 whatever anybody says."""
    ours = {
        "fallback_application_name": settings.app_name,
        "connect_timeout": max(2, round(seconds)),
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
    }
    said = set(settings.database.query)
    if "PGCONNECT_TIMEOUT" in os.environ:
        said.add("connect_timeout")
    return {name: value for name, value in ours.items() if name not in said} | {
        "client_encoding": "utf8"
    }


def set_once(settings: Settings, connection: Any, record: ConnectionPoolEntry) -> None:
    """For a new connection, in one message; where there is a pooler that is noted instead."""
    limits = {name: str(limit) for name, limit in _limits(settings.work_seconds)}
    values = limits | _MEANING | _PLANNED_ONCE
    with connection.cursor() as cursor:
        pid = connection.info.backend_pid
        cursor.execute(_SET_ONCE, ([*values], [*values.values()], pid))
        record.info[POOLED] = not cursor.fetchall()


def set_in_transaction(settings: Settings, *, is_pooled: bool) -> list[str]:
    """What has to be said in a transaction; nothing where its connection was set to that before."""
    seconds = deadline.remaining()
    if seconds > settings.work_seconds * _FRESH:
        if not is_pooled:
            # The connection's own limits come before the deadline.
            return []
        seconds = settings.work_seconds
    # What is left for this request, not what a request may take: it has queued before.
    limits = [f"SET LOCAL {name} = {limit}" for name, limit in _limits(seconds)]
    if is_pooled:
        limits += [f"SET LOCAL {name} = '{value}'" for name, value in _MEANING.items()]
    return limits


def set_for_long(settings: Settings, seconds: float, *, is_pooled: bool) -> list[str]:
    """For a transaction whose statements may take so long each, and so may who waits for them."""
    limits = set_in_transaction(settings, is_pooled=is_pooled)
    for name in ("statement_timeout", "idle_in_transaction_session_timeout"):
        limits.append(f"SET LOCAL {name} = {int(2 * seconds * 1000)}")
    return limits


def _limits(seconds: float) -> Iterator[tuple[str, int]]:
    """PostgreSQL's settings in milliseconds; never zero, which would mean no limit."""
    for name, share in _SERVER_SHARES.items():
        yield name, max(1, int(seconds * share * 1000))
