"""The page on which a buyer pays, for shops that send theirs here. Plain forms, and no script."""

from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from test_payments import html
from test_payments.answers import tell_about
from test_payments.errors import RefusalError
from test_payments.items import Payment, PaymentStatus
from test_payments.requests import body_of, provider_of

# Nothing is left to do here for who has come so far.
_GONE_ON = {PaymentStatus.SUCCEEDED, PaymentStatus.PROCESSING}


async def show(request: Request) -> Response:
    """The card's form, the bank's question, or what became of it."""
    payment = provider_of(request).payments.find(request.path_params["payment_id"])
    return _page(payment, html.page_of(payment))


async def submit(request: Request) -> Response:
    """Pay; then the buyer goes back to the shop, or is shown what to do next."""
    provider = provider_of(request)
    said = dict(parse_qsl((await body_of(request)).decode(errors="replace")))
    payment = provider.payments.find(request.path_params["payment_id"])
    try:
        if "authentication" in said:
            agrees = said["authentication"] == "passed"
            payment = provider.payments.authenticate(payment.id, agrees=agrees, now=provider.now())
        else:
            payment = provider.payments.confirm(payment.id, said.get("card", ""), provider.now())
    except RefusalError as refusal:
        return _page(payment, html.page_of(payment, refusal.message), refusal.status)
    await tell_about(provider, payment)
    back = payment.return_url if payment.status in _GONE_ON else ""
    return RedirectResponse(back or request.url.path, HTTPStatus.SEE_OTHER)


def refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RefusalError)  # noqa: S101 - how Starlette types handlers
    return HTMLResponse(html.nothing_here(error.message), error.status, headers=_headers(""))


def _page(payment: Payment, text: str, status: int = HTTPStatus.OK) -> Response:
    return HTMLResponse(text, status, headers=_headers(payment.return_url))


def _headers(return_url: str) -> dict[str, str]:
    # A browser follows a form that is answered with a redirect only to where forms may lead.
    back = urlsplit(return_url)
    targets = f"'self' {back.scheme}://{back.netloc}" if back.netloc else "'self'"
    return {
        "Content-Security-Policy": f"default-src 'none'; style-src {html.STYLE_SOURCE}; "
        f"form-action {targets}; base-uri 'none'; frame-ancestors 'none'",
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
