"""Whether stock, orders, money and the ledger agree: the rules that the service itself checks.

``tests/Ledger/test_reconciliation.py`` breaks each of them once, so that they can be relied on.
"""

from collections.abc import Callable
from datetime import datetime

from core.clock import utc_now
from database import Database
from Ledger.schemas import Reconciliation
from Ledger.services.reconciliation_service import reconcile
from main import DOMAINS
from work.context import Context, unattended


def reconciliation(context: Context) -> Reconciliation:
    """What the service finds, by all rules of all domains."""
    return reconcile(context, DOMAINS.rules)


def disagreements(database: Database, *, clock: Callable[[], datetime] = utc_now) -> list[str]:
    """What is wrong among the rows, and between the rows and the ledger."""
    report = database.snapshot_now(unattended(reconciliation, database.settings, clock))
    return [str(difference) for difference in report.differences]
