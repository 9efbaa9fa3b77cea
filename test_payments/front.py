"""What a shop's front end asks, and what rehearsals set; the publishable key is enough for both."""

from enum import StrEnum
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from test_payments.answers import tell_about
from test_payments.cards import Telling, Trouble
from test_payments.errors import RefusalError, bad
from test_payments.faults import LONGEST_SECONDS, NONE, Faults, set_faults
from test_payments.items import Payment
from test_payments.payments import known
from test_payments.requests import body_of, fields_of, provider_of, require_key

_MOST_PAYMENTS = 1000
# How the shop can be told of all payments; the other ways are those of single cards.
_OF_ALL = {Telling.LOST, Telling.DOUBLED, Telling.LATE}


class Authentication(StrEnum):
    """What the buyer has answered to the bank."""

    PASSED = "passed"
    FAILED = "failed"


async def confirm(request: Request) -> Response:
    """Pay with a card, or go on with what the buyer has answered to the bank."""
    provider, fields = provider_of(request), fields_of(await body_of(request))
    payment = provider.payments.find(request.path_params["payment_id"])
    _require_buyer(payment, fields.text("client_secret"))
    authentication = fields.word("authentication", Authentication)
    number = fields.text("card", default="")
    fields.require_no_more()
    now = provider.now()
    if authentication is None:
        payment = provider.payments.confirm(payment.id, number, now)
    else:
        agrees = authentication is Authentication.PASSED
        payment = provider.payments.authenticate(payment.id, agrees=agrees, now=now)
    await tell_about(provider, payment)
    return JSONResponse({"id": payment.id, "status": payment.status, "error": payment.error})


async def get_faults(request: Request) -> Response:
    require_key(request)
    return _told(provider_of(request).faults())


async def set_all_faults(request: Request) -> Response:
    """In the place of those that there are."""
    require_key(request)
    provider, fields = provider_of(request), fields_of(await body_of(request))
    seconds = fields.number("seconds", 0, LONGEST_SECONDS, default=60)
    card = fields.text("card", default="")
    faults = Faults(
        ends_at=provider.now() + seconds,
        answers=fields.word("answers", Trouble),
        webhooks=fields.word("webhooks", Telling),
        chance=fields.number("chance", 0, 1, default=1),
        card=known(card).number if card else "",
        times=int(fields.number("times", 1, _MOST_PAYMENTS, default=1)) if card else 0,
    )
    fields.require_no_more()
    if faults.webhooks not in {None, *_OF_ALL}:
        raise bad("bad_request", f"'webhooks' is one of {', '.join(sorted(_OF_ALL))}.")
    set_faults(provider.store, faults)
    return _told(faults)


async def end_faults(request: Request) -> Response:
    require_key(request)
    set_faults(provider_of(request).store, NONE)
    return _told(NONE)


def _told(faults: Faults) -> Response:
    told: dict[str, Any] = {
        "answers": faults.answers,
        "webhooks": faults.webhooks,
        "chance": faults.chance,
        "card": faults.card or None,
        "times": faults.times,
    }
    return JSONResponse(told)


def _require_buyer(payment: Payment, secret: str) -> None:
    # What was charged by mistake is nobody's to pay.
    if not payment.client_secret or secret != payment.client_secret:
        message = "This is not the payment's client_secret."
        raise RefusalError(HTTPStatus.FORBIDDEN, "wrong_client_secret", message)
