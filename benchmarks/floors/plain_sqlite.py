"""What SQLite alone does in one process: the statements of a read, and of an order of two lines.

Each order is committed to the disk, as the service does it; nothing is parsed or rendered.
"""

import random
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import closing

from benchmarks.accounting import spent
from benchmarks.driver import Outcome
from benchmarks.layout import CUSTOMERS, ON_SALE
from benchmarks.measuring import Sample
from benchmarks.scenarios import Scenario
from benchmarks.subjects import PLAIN_SQLITE

_NOW = "2026-01-02 03:04:05.678901"
_LATER = "2040-01-02 03:04:05.678901"
_CLAIM = """
    INSERT INTO idempotency_keys (principal, key_hash, fingerprint, created_at)
    VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"""
_ORDER = """
    INSERT INTO orders (order_reference, user_id, status, total_amount, amount_paid,
        amount_refunded, amount_reopened, expires_at, created_at, updated_at)
    VALUES (?, ?, 'pending', ?, 0, 0, 0, ?, ?, ?)"""
_OWNER = "INSERT INTO user_orders (user_id, order_id, role, created_at) VALUES (?, ?, 'owner', ?)"
_LINE = """
    INSERT INTO order_items (order_id, ticket_id, quantity, unit_price, line_total, event_name,
        event_key, event_date, venue, category, category_key)
    VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?)"""
_MOVEMENT = """
    INSERT INTO movements (kind, cause, origin, target, quantity, amount, order_id, ticket_id,
        request_id, created_at) VALUES (?, 'order_placed', ?, ?, ?, ?, ?, ?, '-', ?)"""
_TAKE = """
    UPDATE tickets SET available_quantity = available_quantity - 1,
        reserved_quantity = reserved_quantity + 1, updated_at = ?
    WHERE id IN (?, ?) AND available_quantity >= 1 AND sale_stopped_as IS NULL"""
_TICKETS = """
    SELECT id, price, event_name, event_key, event_date, venue, category, category_key
    FROM tickets WHERE id IN (?, ?)"""
_ANSWER = "UPDATE idempotency_keys SET status = 201, answer = ? WHERE id = ?"
# As long as an answer is that is stored.
_STORED = bytes(1200)


class PlainSqlite:
    """Runs in the process of the clients, whose CPU time is all there is."""

    rows = 0
    workers = 1
    name = PLAIN_SQLITE

    def __init__(self, path: str, runner: Executor) -> None:
        self._path = path
        self._runner = runner

    def can(self, scenario: Scenario) -> bool:
        return scenario.name in {"read", "order"}

    def measure(self, scenario: Scenario, seconds: float, _share: float = 1) -> Sample:
        before = spent(None, None)
        outcome = self._runner.submit(run, self._path, scenario.name, seconds).result()
        cost = spent(None, None).since(before)
        return Sample(
            rate=len(outcome.times) / outcome.seconds,
            p50=outcome.slowest(0.5) * 1000,
            p99=outcome.slowest(0.99) * 1000,
            api=outcome.cpu / len(outcome.times) * 1000,
            database=0,
            clients=0,
            foreign=cost.foreign,
        )


def run(path: str, name: str, seconds: float) -> Outcome:
    outcome = Outcome()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        step: Callable[[sqlite3.Connection], None] = order if name == "order" else read
        cpu, began = time.process_time(), time.perf_counter()
        last = began
        while last < began + seconds:
            step(connection)
            now = time.perf_counter()
            outcome.times.append(now - last)
            last = now
        outcome.cpu, outcome.seconds = time.process_time() - cpu, last - began
    return outcome


def read(connection: sqlite3.Connection) -> None:
    ticket = random.choice(ON_SALE)
    connection.execute("SELECT * FROM tickets WHERE id = ?", (ticket,)).fetchone()


def order(connection: sqlite3.Connection) -> None:
    wanted = random.sample(ON_SALE, 2)
    user = random.choice(CUSTOMERS)
    secret = f"{random.getrandbits(256):064x}"
    connection.execute("BEGIN IMMEDIATE")
    key = connection.execute(_CLAIM, (f"user:{user}", secret, secret, _NOW)).lastrowid
    tickets = connection.execute(_TICKETS, wanted).fetchall()
    total = sum(ticket[1] for ticket in tickets)
    reference = f"ORD-{random.getrandbits(40):010x}"
    placed = (reference, user, total, _LATER, _NOW, _NOW)
    number = connection.execute(_ORDER, placed).lastrowid
    connection.execute(_OWNER, (user, number, _NOW))
    lines = [(number, id_, price, price, *event) for id_, price, *event in tickets]
    connection.executemany(_LINE, lines)
    moves = [("order", "nowhere", "pending", 0, 0, number, None, _NOW)]
    for id_, price, *_ in tickets:
        moves.append(("stock", "available", "reserved", 1, price, number, id_, _NOW))
    connection.executemany(_MOVEMENT, moves)
    if connection.execute(_TAKE, (_NOW, *wanted)).rowcount != len(wanted):
        raise AssertionError("there is stock enough for any benchmark")
    connection.execute(_ANSWER, (_STORED, key))
    connection.execute("COMMIT")
