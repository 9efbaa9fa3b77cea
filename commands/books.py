"""The books on the command line: whether they agree, without a limit of time."""

import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from commands.provider import check_provider
from commands.service import Service, open_service
from core.currencies import CURRENCIES
from core.store.schema_version import require_schema
from Ledger.schemas import Difference, Figure, Reconciliation
from Ledger.services import audit_service, reconciliation_service
from main import DOMAINS
from Order.actions import Action
from Order.services import report_folding
from work.context import Context

# Reading all books takes longer than a request may.
PATIENCE = {"request_timeout_seconds": 3600.0}
# So many lines at once cost the least for each: SQLite looks for an order among all of a piece.
LARGE_PIECE, LARGE_PIECE_ON_SQLITE = 200_000, 5_000


def reconcile(
    provider: Annotated[
        str | None, typer.Option(help="Compare with a payment provider's books instead: stripe.")
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"],
            help="With --provider: what was begun since then, in UTC; by default 30 days.",
        ),
    ] = None,
) -> None:
    """Check whether stock, orders, money and the ledger agree; nothing is written.

    Prints each difference on a line, and ends with 1 if there is any.
    """
    if provider is not None:
        from_then = None if since is None else since.replace(tzinfo=UTC)
        is_consistent = check_provider(provider, from_then, PATIENCE)
    else:
        is_consistent = _check_own()
    if not is_consistent:
        raise typer.Exit(code=1)


def _check_own() -> bool:
    with open_service("reconcile", prepare=require_schema, **PATIENCE) as service:
        return check_books(service)


def check_books(service: Service) -> bool:
    """Tell of each difference on a line, and whether there is none."""
    books = service.snapshot(
        lambda context: reconciliation_service.reconcile(
            context,
            DOMAINS.rules,
            listed=sys.maxsize,
            share=service.database.share_now,
        )
    )
    decimals = CURRENCIES[books.currency].digits
    for difference in books.differences:
        typer.echo(_told(difference, decimals))
    typer.echo(_summary(books))
    return books.is_consistent


def fold_ledger() -> None:
    """Add all of the ledger to the sums that reports read.

    A server does this by itself, in small pieces; large ones are faster where there is much to
    add, after the migration of a large shop for instance. May be run beside it.
    """
    with open_service("fold-ledger", prepare=require_schema, **PATIENCE) as service:
        piece = LARGE_PIECE_ON_SQLITE if service.settings.is_sqlite else LARGE_PIECE
        while found := service.write(lambda context: _fold(context, piece)):
            typer.echo(f"{_counted(found, 'movement')} added.")


def _fold(context: Context, piece: int) -> int:
    found = report_folding.fold(context, piece)
    if found:
        added = {"movements": (None, found)}
        audit_service.record(context, Action.LEDGER_FOLDED, "ledger", added)
    return found


def _told(difference: Difference, decimals: int) -> str:
    found, expected = (_shown(one, decimals) for one in (difference.found, difference.expected))
    what = f"{difference.object} {difference.id}: {difference.field} is {found}, not {expected}"
    return f"{difference.rule}: {what}"


def _shown(figure: Figure, decimals: int) -> str:
    if figure is None:
        return "missing"
    return f"{figure:.{decimals}f}" if isinstance(figure, float) else str(figure)


def _summary(books: Reconciliation) -> str:
    totals = books.totals
    things = {
        "rule": len(books.rules),
        "ticket": totals.tickets,
        "order": totals.orders,
        "transaction": totals.transactions,
        "movement": totals.movements,
    }
    checked = ", ".join(_counted(number, thing) for thing, number in things.items())
    if books.is_consistent:
        return f"The books agree: {checked}."
    broken = ", ".join(f"{one.rule} ({one.differences})" for one in books.rules if one.differences)
    differences = _counted(books.difference_count, "difference")
    return f"The books do not agree: {differences} in {broken}; {checked}."


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
