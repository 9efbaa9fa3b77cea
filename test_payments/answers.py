"""Answers, and what is wrong with them while something is."""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from test_payments.cards import Telling, Trouble
from test_payments.errors import RefusalError
from test_payments.items import Payment
from test_payments.news import telling_of
from test_payments.provider import Provider
from test_payments.requests import provider_of

Endpoint = Callable[[Request], Awaitable[Response]]


def served(endpoint: Endpoint, require: Callable[[Request], None] | None = None) -> Endpoint:
    """Serve an endpoint to those who have the key, as well as the provider does just now."""

    async def serve(request: Request) -> Response:
        provider = provider_of(request)
        trouble = provider.faults().trouble
        if trouble is Trouble.DOWN:
            return _away()
        if require is not None:
            require(request)
        provider.settle_due()
        answer = await endpoint(request)
        provider.background.wake()
        return await _troubled(provider, trouble, answer)

    return serve


async def about(provider: Provider, payment: Payment, answer: Response) -> Response:
    """An answer to the shop about a payment whose card may be trouble; what was asked is done."""
    card, is_over = payment.card, provider.now() >= payment.troubled_until
    return await _troubled(provider, None if card is None or is_over else card.trouble, answer)


async def tell_about(provider: Provider, payment: Payment) -> None:
    """Have the shop hear before whoever has asked, where the card says so."""
    if telling_of(payment) is Telling.FIRST:
        await provider.background.send_about(payment.id)


def refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RefusalError)  # noqa: S101 - how Starlette types handlers
    told = {"error": {"code": error.code, "message": error.message}}
    return JSONResponse(told, error.status)


async def _troubled(provider: Provider, trouble: Trouble | None, answer: Response) -> Response:
    if trouble is Trouble.DOWN:
        return _away()
    if trouble is Trouble.NONSENSE:
        return PlainTextResponse("<html>It works!")
    if trouble is Trouble.SLOW:
        await asyncio.sleep(provider.options.slow_seconds)
    return answer


def _away() -> Response:
    told = {"error": {"code": "unavailable", "message": "Come back later."}}
    return JSONResponse(told, HTTPStatus.SERVICE_UNAVAILABLE)
