"""Payments by providers: money that comes and goes back by somebody outside."""

from Payment.equipment import close, equip
from Payment.flows.look_after import look_after_payments
from Payment.routers import payment, transaction
from work.domain import Domain

DOMAIN = Domain(
    routers=[payment.router, transaction.router],
    tags={"Payments": "Providers that take money, and what they tell."},
    resources={"payment_methods": "/api/payments/methods"},
    errands=[look_after_payments],
    equip=equip,
    close=close,
)
