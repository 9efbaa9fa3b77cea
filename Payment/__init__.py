"""Payments by providers: money that comes and goes back by somebody outside."""

from Payment.actions import Action
from Payment.equipment import apart, close, equip
from Payment.flows.give_back import send_refunds
from Payment.flows.look_after import look_after_payments
from Payment.routers import payment, refund, transaction
from Payment.rules import RULES
from Payment.services.event_service import forget_old_events
from Payment.services.refund_noting import note_refunds
from work.domain import Domain

DOMAIN = Domain(
    routers=[payment.router, transaction.router, refund.router],
    tags={"Payments": "Providers that take money, and what they tell."},
    resources={"payment_methods": "/api/payments/methods"},
    chores=[note_refunds, forget_old_events],
    errands=[look_after_payments, send_refunds],
    actions=Action,
    rules=RULES,
    equip=equip,
    apart=apart,
    close=close,
)
