"""Payments by providers: which there are, and what these tell."""

from typing import Annotated

from fastapi import Path, Response

from core.http.problems import responses
from Payment.equipment import SetUp
from Payment.errors import ProviderNotFoundError, WebhookNotVerifiedError
from Payment.flows import hear
from Payment.flows.asking import Providers
from Payment.schemas import WaysToPay, WayToPay, WebhookHeard
from work.access import INDIFFERENT, PUBLIC, allowed, signed
from work.context import Context
from work.routing import Router
from work.unit_of_work import Work

router = Router(prefix="/api/payments", tags=["Payments"])

ProviderPath = Annotated[str, Path(max_length=30, pattern="^[a-z_]+$")]


@router.get(
    "/methods",
    summary="List the ways to pay",
    operation_id="list_payment_methods",
    response_model=WaysToPay,
    responses=responses(parameters=False),
)
@allowed(PUBLIC)
async def list_payment_methods(work: Work, providers: SetUp) -> Response:
    """The providers that take money here, and what a front end needs to show each.

    Any other `payment_method` is settled by the box office.
    """
    return await work.read(lambda context: _ways(context, providers))


def _ways(context: Context, providers: Providers) -> WaysToPay:
    methods = [
        WayToPay(payment_method=name, **vars(provider.shown))
        for name, provider in providers.by_name.items()
    ]
    return WaysToPay(methods=methods, currency=context.terms.currency)


@router.post(
    "/webhooks/{provider}",
    summary="Hear a provider",
    operation_id="hear_payment_provider",
    response_model=WebhookHeard,
    responses=responses(ProviderNotFoundError, WebhookNotVerifiedError),
)
@allowed(INDIFFERENT)
@signed
async def hear_payment_provider(provider: ProviderPath, work: Work, providers: SetUp) -> Response:
    """Where a provider sends its events, signed; there is no log-in.

    An event has its effect once, however often and in whatever order it comes. What is not signed,
    or was signed too long ago, changes nothing.
    """
    if (named := providers.by_name.get(provider)) is None:
        raise ProviderNotFoundError
    return await hear.hear(work, named, now=work.now)
