"""What a shop's server asks: payments, refunds, disputes. docs/payments.md tells it."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from test_payments.answers import about, tell_about
from test_payments.items import DisputeStatus, Item, Payment, Refund
from test_payments.payments import Order
from test_payments.provider import PUBLISHABLE_KEY
from test_payments.refunds import Return
from test_payments.requests import (
    AMOUNT,
    CURRENCY,
    WAY_BACK,
    WORD,
    body_of,
    fields_of,
    idempotency_key,
    moment_of,
    page_size,
    provider_of,
)
from test_payments.views import dispute_view, refund_view

T = TypeVar("T", bound=Item)


async def create_payment(request: Request) -> Response:
    provider, body = provider_of(request), await body_of(request)
    fields = fields_of(body)
    order = Order(
        amount=fields.text("amount", AMOUNT),
        currency=fields.text("currency", CURRENCY),
        description=fields.text("description", default=""),
        metadata=fields.texts("metadata"),
        return_url=fields.text("return_url", WAY_BACK, default=""),
        channel=fields.text("channel", WORD, default=""),
        card=fields.text("card", default=""),
    )
    fields.require_no_more()
    key, said = idempotency_key(request), body.decode()
    payment = provider.payments.make(order, key=key, said=said, now=provider.now())
    await tell_about(provider, payment)
    told = provider.payments.view(payment) | {
        "client_secret": payment.client_secret,
        "publishable_key": PUBLISHABLE_KEY,
        "url": str(request.url_for("page", payment_id=payment.id)),
    }
    return await about(provider, payment, JSONResponse(told, HTTPStatus.CREATED))


async def get_payment(request: Request) -> Response:
    provider = provider_of(request)
    payment = provider.payments.find(request.path_params["payment_id"])
    return await about(provider, payment, JSONResponse(provider.payments.view(payment)))


async def list_payments(request: Request) -> Response:
    return _page(request, Payment, provider_of(request).payments.view)


async def create_refund(request: Request) -> Response:
    provider, body = provider_of(request), await body_of(request)
    fields = fields_of(body)
    asked = Return(
        payment=fields.text("payment"),
        amount=fields.text("amount", AMOUNT),
        currency=fields.text("currency", CURRENCY),
    )
    fields.require_no_more()
    key, said = idempotency_key(request), body.decode()
    refund = provider.refunds.make(asked, key=key, said=said, now=provider.now())
    payment = provider.payments.find(refund.payment)
    return await about(provider, payment, JSONResponse(refund_view(refund), HTTPStatus.CREATED))


async def get_refund(request: Request) -> Response:
    refund = provider_of(request).refunds.find(request.path_params["refund_id"])
    return JSONResponse(refund_view(refund))


async def list_refunds(request: Request) -> Response:
    return _page(request, Refund, refund_view)


async def open_dispute(request: Request) -> Response:
    provider, fields = provider_of(request), fields_of(await body_of(request))
    payment_id = fields.text("payment")
    reason = fields.text("reason", WORD, default="fraudulent")
    fields.require_no_more()
    dispute = provider.disputes.open_about(payment_id, reason=reason, now=provider.now())
    return JSONResponse(dispute_view(dispute), HTTPStatus.CREATED)


async def close_dispute(request: Request) -> Response:
    provider, fields = provider_of(request), fields_of(await body_of(request))
    status = DisputeStatus(fields.text("status", "won|lost"))
    fields.require_no_more()
    dispute_id = request.path_params["dispute_id"]
    return JSONResponse(dispute_view(provider.disputes.close(dispute_id, status, provider.now())))


def _page(request: Request, kind: type[T], view: Callable[[T], dict[str, Any]]) -> Response:
    """Those made since a time, the oldest first; ``after`` goes on behind the last one."""
    asked = request.query_params
    since, after, limit = moment_of(asked), asked.get("after", ""), page_size(asked)
    found = provider_of(request).store.page(kind, since, after, limit + 1)
    shown = [view(item) for item in found[:limit]]
    return JSONResponse({"data": shown, "has_more": len(found) > limit})
