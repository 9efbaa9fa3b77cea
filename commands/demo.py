"""A shop to look at, on the command line."""

from typing import Annotated

import typer

from commands.service import failed, open_service
from core.clock import utc_now
from demo.shop import ADMIN, STAFF, Shop
from demo.telling import beginning, tell
from User.services.hashing import PasswordHasher

# Of the accounts that are printed; it is no secret, and so there is none in production.
PASSWORD = "let me look around"  # noqa: S105
# There is nobody else to wait for.
_PATIENCE = 60.0
# What happens to an order on the average.
_STEPS = 4


def demo(
    orders: Annotated[int, typer.Option(min=1, max=100_000, help="How many, at the most.")] = 2000,
    seed: Annotated[int, typer.Option(help="The same one makes the same shop.")] = 7,
    *,
    if_empty: Annotated[
        bool, typer.Option("--if-empty", help="Leave a database that is not empty as it is.")
    ] = False,
) -> None:
    """Fill an empty database with events, buyers and what became of their orders."""
    with open_service("demo", request_timeout_seconds=_PATIENCE) as service:
        settings, until = service.settings, utc_now()
        if settings.environment == "production":
            raise failed("Not in production: everybody knows the password of the demo's accounts.")
        shop = Shop(service.database, settings, beginning(until))
        if not shop.is_empty():
            if if_empty:
                _tell_accounts()
                return
            raise failed("The database is not empty; the demo needs one of its own.")
        shop.open(PasswordHasher.of(settings).hash_now(PASSWORD))
        with typer.progressbar(length=orders * _STEPS, label="A season of events") as bar:
            tell(shop, orders=orders, seed=seed, until=until, begun=lambda: bar.update(1))
            bar.update(bar.length or 0)
    typer.echo(f"{shop.refused} times somebody wanted what was not to be had.")
    _tell_accounts()


def _tell_accounts() -> None:
    typer.echo(f"Log in as {ADMIN.username} (administrator) or {STAFF.username} (box office):")
    typer.echo(f"the password is: {PASSWORD}")
