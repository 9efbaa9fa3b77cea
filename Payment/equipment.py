"""What payments share in a process: the providers that the deployment has set up."""

from importlib import import_module
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import State

from core.clock import Clock
from core.settings import Settings
from Payment.flows.asking import Providers
from Payment.flows.pay import ByProvider
from Payment.port import Provider


def equip(state: State, settings: Settings, _clock: Clock) -> None:
    """After ``Order``, whose way to announce a payment this takes the place of."""
    by_name: dict[str, Provider] = {
        name: _made(name, state, settings) for name in settings.providers
    }
    state.providers = Providers(by_name, settings.payment_timeout_seconds, settings.currency)
    state.payments = ByProvider(state.providers)


async def close(state: State) -> None:
    for provider in state.providers.by_name.values():
        await provider.close()


def _made(name: str, state: State, settings: Settings) -> Provider:
    """By the provider's own file; that of one which nobody wants is not even read."""
    provider: Provider = import_module(f"Payment.providers.{name}").make(settings, state)
    return provider


async def _providers(request: Request) -> Providers:
    providers: Providers = request.app.state.providers
    return providers


SetUp = Annotated[Providers, Depends(_providers)]
