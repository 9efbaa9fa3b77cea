"""What payments share in a process: the providers that the deployment has set up."""

from collections.abc import Mapping
from importlib import import_module
from typing import Annotated

from fastapi import Depends, FastAPI, Request
from starlette.datastructures import State
from starlette.types import ASGIApp

from core.clock import Clock
from core.settings import Settings
from Payment.flows.asking import Providers
from Payment.flows.pay import ByProvider
from Payment.port import Provider
from Payment.providers.here import ADDRESS, ServedHere


def equip(state: State, settings: Settings, clock: Clock) -> None:
    """After ``Order``, whose way to announce a payment this takes the place of."""
    state.test_payments = ServedHere(settings, clock) if settings.serves_test_payments else None
    by_name: dict[str, Provider] = {
        name: _made(name, state, settings) for name in settings.providers
    }
    seconds, currency = settings.payment_timeout_seconds, settings.currency
    state.providers = Providers(by_name, seconds, currency, state.pace)
    state.payments = ByProvider(state.providers)


def apart(app: FastAPI) -> Mapping[str, ASGIApp]:
    """The test provider, where this process serves it; it tells this application."""
    served: ServedHere | None = app.state.test_payments
    if served is None:
        return {}
    served.tell(app)
    return {ADDRESS: served}


async def close(state: State) -> None:
    for provider in state.providers.by_name.values():
        await provider.close()
    if state.test_payments is not None:
        await state.test_payments.close()


def _made(name: str, state: State, settings: Settings) -> Provider:
    """By the provider's own file; that of one which nobody wants is not even read."""
    provider: Provider = import_module(f"Payment.providers.{name}").make(settings, state)
    return provider


async def _providers(request: Request) -> Providers:
    providers: Providers = request.app.state.providers
    return providers


SetUp = Annotated[Providers, Depends(_providers)]
