"""A believable shop, written in bulk: 40 events with three kinds of tickets, sold over 90 days.

It is written as release 0003 would have left it, ledger included, and every later release
migrates it.
"""

# ruff: noqa: S608 - what stands in the statements besides SQL is written in this module

from typing import Any

from sqlalchemy import URL

from benchmarks.bulk import Bulk, numbers, opened
from benchmarks.history import DAY, HISTORY, sell
from benchmarks.layout import ADMIN, CUSTOMERS, HOT, KINDS, ON_SALE, STAFF, Layout
from core.text import name_key, search_key
from User.services.hashing import PasswordHasher

REVISION = "0003"
PASSWORD = "a long password of the benchmarks"  # noqa: S105 - of users that live for a minute
# Cheap, so that logging in takes no time; the services are set to the same.
HASH_MEMORY_KIB, HASH_ITERATIONS = 8, 1


def seed(url: URL, layout: Layout) -> None:
    """Fill a database of revision 0003 that is empty."""
    with opened(url) as bulk:
        _people(bulk, layout)
        _tickets(bulk)
        sell(bulk, layout)
        _carts(bulk, layout)
        bulk.finish()


def _people(bulk: Bulk, layout: Layout) -> None:
    total = layout.users + layout.pool
    joined = f"{bulk.now - HISTORY - DAY} + i * {HISTORY} / {total}"
    hasher = PasswordHasher(memory_kib=HASH_MEMORY_KIB, iterations=HASH_ITERATIONS)
    hashed = hasher.hash_now(PASSWORD)
    bulk.run(f"""
        INSERT INTO users (id, username, username_key, email, email_key, full_name, role,
            password_hash, is_active, created_at, updated_at)
        {numbers(total)}
        SELECT i, 'user' || i, 'user' || i, 'user' || i || '@example.com',
            'user' || i || '@example.com', 'User Number ' || i,
            CASE i WHEN {ADMIN} THEN 'admin' WHEN {STAFF} THEN 'staff' ELSE 'customer' END,
            CASE WHEN i < {CUSTOMERS.stop} THEN '{hashed}' END, TRUE,
            {bulk.at(joined)}, {bulk.at(joined)}
        FROM numbers""")


def _tickets(bulk: Bulk) -> None:
    made = bulk.time_of(bulk.now - HISTORY - DAY)
    rows: list[tuple[Any, ...]] = []
    for number in range(HOT):
        event, kind = number // len(KINDS) + 1, KINDS[number % len(KINDS)]
        name, venue = f"Concert {event} of the City Orchestra", f"Hall {event % 7 + 1}"
        about = f"An evening with the orchestra, programme {event}."
        words = "\n".join(search_key(text) for text in (name, about, venue, kind))
        when = bulk.time_of(bulk.now + (1 + event * 2) * DAY)
        price = 1000 + number * 137 % 9000
        keys = (name_key(name), about, when, venue, name_key(venue), kind, name_key(kind), words)
        rows.append((number + 1, name, *keys, price, 0, 0, 0, 0, 0, made, made))
    columns = (
        "id, event_name, event_key, event_description, event_date, venue, venue_key, category,"
        " category_key, search_text, price, total_quantity, available_quantity,"
        " reserved_quantity, sold_quantity, withheld_quantity, created_at, updated_at"
    )
    bulk.insert("tickets", columns, rows)


def _carts(bulk: Bulk, layout: Layout) -> None:
    if not layout.pool:
        return
    now = bulk.at(str(bulk.now))
    for step in (0, 37):
        bulk.run(f"""
            INSERT INTO carts (user_id, ticket_id, quantity, created_at, updated_at)
            {numbers(layout.pool)}
            SELECT {layout.users} + i, 1 + (i + {step}) % {len(ON_SALE)}, 1, {now}, {now}
            FROM numbers""")
