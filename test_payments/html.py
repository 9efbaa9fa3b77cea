"""What the page says, in HTML that needs nothing from elsewhere."""

import base64
import hashlib
from html import escape

from test_payments.cards import CARDS, SUCCEEDS
from test_payments.items import Payment, PaymentStatus

_STYLE = """
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 2rem auto; padding: 0 1rem;
  color: #1a1a1a; background: #fff; }
label, input, button { display: block; font: inherit; }
input { width: 100%; box-sizing: border-box; padding: .5rem; border: 1px solid #555; }
button { margin-top: 1rem; padding: .5rem 1rem; color: #fff; background: #1a4480; border: 0; }
.error { border-left: .3rem solid #b50909; padding-left: .7rem; }
table { border-collapse: collapse; }
td, th { text-align: left; vertical-align: top; padding: .2rem 1rem .2rem 0; }
"""
STYLE_SOURCE = f"'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'"
_SAID = {
    "card_declined": "The bank has declined the card. Try another one.",
    "insufficient_funds": "There is not enough money on the card. Try another one.",
    "authentication_failed": "You have not agreed to the payment. Try again, or another card.",
}


def page_of(payment: Payment, refusal: str = "") -> str:
    """What its buyer has to do next, with what was refused just now."""
    error = refusal or _SAID.get(payment.error or "", "")
    heading = f"Pay {escape(payment.amount)} {escape(payment.currency)}"
    if payment.status is PaymentStatus.AUTHENTICATION_REQUIRED:
        return _document("Your bank asks", _alert(refusal) + _question(payment))
    if payment.status is PaymentStatus.PROCESSING:
        return _document(heading, "<p>Your payment is being made.</p>" + _way_back(payment))
    if payment.status is PaymentStatus.SUCCEEDED:
        return _document(heading, "<p>Thank you, you have paid.</p>" + _way_back(payment))
    parts = [_told(payment), _alert(error), _card_form(has_error=bool(error)), _way_back(payment)]
    return _document(heading, "".join([*parts, _cards()]))


def nothing_here(message: str) -> str:
    return _document("Nothing to pay here", f"<p>{escape(message)}</p>")


def _document(heading: str, content: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{heading} - test payments</title><style>{_STYLE}</style></head>"
        f"<body><main><p>Test payments: no money moves here.</p><h1>{heading}</h1>{content}"
        "</main></body></html>"
    )


def _told(payment: Payment) -> str:
    return f"<p>{escape(payment.description)}</p>" if payment.description else ""


def _alert(message: str) -> str:
    if not message:
        return ""
    return f'<p class="error" id="error" role="alert">{escape(message)}</p>'


def _card_form(*, has_error: bool) -> str:
    wrong = ' aria-invalid="true" aria-describedby="error"' if has_error else ""
    return (
        '<form method="post"><label for="card">Card number</label>'
        '<input id="card" name="card" inputmode="numeric" autocomplete="cc-number" required '
        f'placeholder="{SUCCEEDS.number}"{wrong}><button>Pay</button></form>'
    )


def _question(payment: Payment) -> str:
    asked = f"Do you agree to pay {escape(payment.amount)} {escape(payment.currency)}?"
    return (
        f'<form method="post"><p>{asked}</p>'
        '<button name="authentication" value="passed">I agree</button>'
        '<button name="authentication" value="failed">I do not agree</button></form>'
    )


def _way_back(payment: Payment) -> str:
    if not payment.return_url:
        return "<p>You can go back to the shop.</p>"
    return f'<p><a href="{escape(payment.return_url)}">Back to the shop</a></p>'


def _cards() -> str:
    rows = "".join(
        f'<tr><th scope="row">{card.number}</th><td>{_plain(card.effect)}</td></tr>'
        for card in CARDS.values()
    )
    return (
        "<details><summary>Cards for tests</summary><table><thead><tr>"
        '<th scope="col">Number</th><th scope="col">What it does</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></details>"
    )


def _plain(effect: str) -> str:
    return escape(effect.replace("`", ""))
