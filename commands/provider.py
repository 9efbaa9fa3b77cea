"""A payment provider's books beside ours, on the command line."""

import asyncio
from datetime import datetime, timedelta

import typer
from starlette.datastructures import State

from commands.service import Service, failed, open_service
from core.clock import utc_now
from core.http.pacing import Pace
from core.money import selling_in
from core.settings import ConfigurationError
from core.store.schema_version import require_schema
from Payment import equipment
from Payment.flows.asking import Providers
from Payment.flows.compare import compare
from Payment.port import AwayError, NonsenseError, RefusedError
from Payment.services.provider_books import Difference

# Without a date: longer than any payment is on its way.
_DAYS = 30


def check_provider(name: str, since: datetime | None, patience: dict[str, float]) -> bool:
    """Tell of each difference on a line, and whether there is none."""
    with open_service("reconcile", prepare=require_schema, **patience) as service:
        return asyncio.run(_check(service, name, since or _some_time_ago()))


async def _check(service: Service, name: str, since: datetime) -> bool:
    # What the service shares in a process besides.
    state = State({"pace": Pace()})
    try:
        equipment.equip(state, service.settings, utc_now)
    except ConfigurationError as error:
        raise failed(f"Not started: {error}") from None
    providers: Providers = state.providers
    if (provider := providers.by_name.get(name)) is None:
        there_are = ", ".join(providers.by_name) or "none"
        raise failed(f"PAYMENT_PROVIDERS does not name {name}; it names {there_are}.")
    number = 0
    try:
        with selling_in(service.settings.currency):
            async for difference in compare(provider, since, service.read):
                number += 1
                typer.echo(_told(name, difference))
    except (AwayError, NonsenseError, RefusedError) as error:
        raise failed(f"{name} could not be asked: {error}") from None
    finally:
        await equipment.close(state)
    what = "difference" if number == 1 else "differences"
    typer.echo(f"{name} and the books, since {since:%Y-%m-%d %H:%M} UTC: {number} {what}.")
    return number == 0


def _told(name: str, one: Difference) -> str:
    return f"{one.kind} {one.name}: {one.here} here, {one.there} at {name}"


def _some_time_ago() -> datetime:
    return utc_now() - timedelta(days=_DAYS)
