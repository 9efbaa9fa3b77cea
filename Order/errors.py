"""What carts, orders and transactions can refuse."""

from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from core.errors import (
    BadGatewayError,
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    TooManyRequestsError,
    UnavailableError,
)
from core.money import as_number
from models import OrderStatus, TransactionStatus


class CartItemNotFoundError(NotFoundError):
    code = "cart_item_not_found"
    title = "The cart item does not exist"


class CartEmptyError(ConflictError):
    code = "cart_empty"
    title = "The cart is empty"


class OrderNotFoundError(NotFoundError):
    code = "order_not_found"
    title = "The order does not exist"


class OrderNotPendingError(ConflictError):
    """Items can be added to pending orders only."""

    code = "order_not_pending"
    title = "The order is no longer pending"
    example: ClassVar = {"order_status": OrderStatus.CONFIRMED}


class OrderEmptyError(ConflictError):
    """Nothing could be added to it afterwards."""

    code = "order_empty"
    title = "An order without items can't be confirmed"


class OrderNotPayableError(ConflictError):
    """Nobody owes anything for an order that was cancelled."""

    code = "order_not_payable"
    title = "The order does not take payments any more"
    example: ClassVar = {"order_status": OrderStatus.CANCELLED}


class OrderHasPaymentsError(ConflictError):
    code = "order_has_payments"
    title = "The order has payments, or awaits some: they must stay on record"


class PaymentJustFailedError(ConflictError):
    """Providers try one payment again: its money may still come, and must meet its order."""

    code = "payment_just_failed"
    title = "A payment of the order failed a short while ago, and may still succeed"
    example: ClassVar = {"deletable_from": "2026-01-06T18:30:00.000001Z"}

    def __init__(self, deletable_from: datetime) -> None:
        super().__init__(deletable_from=deletable_from)


class OrderNotDeletableError(ConflictError):
    code = "order_not_deletable"
    title = "Only pending and cancelled orders can be deleted"
    example: ClassVar = {"order_status": OrderStatus.COMPLETED}


class InvalidTransitionError(ConflictError):
    code = "invalid_transition"
    title = "This change of status is not possible"
    example: ClassVar = {
        "current": "pending",
        "requested": "completed",
        "allowed": ["cancelled", "confirmed"],
    }

    def __init__(self, current: str, requested: str, allowed: list[str]) -> None:
        super().__init__(
            f"A change from {current} to {requested} is not possible.",
            current=current,
            requested=requested,
            allowed=allowed,
        )


class OwnOrderError(ForbiddenError):
    """Nobody confirms, settles or refunds what is their own."""

    code = "own_order"
    title = "Another member of the box office has to do this: the order is your own"


class RefundNeedsAdminError(ForbiddenError):
    code = "refund_needs_admin"
    title = "So much is given back by an administrator only"
    example: ClassVar = {"amount": 120.0, "limit": 100.0}

    def __init__(self, amount: Decimal, limit: Decimal) -> None:
        super().__init__(
            f"With this, {amount} of the order's money would have gone back; more than {limit}"
            " needs an administrator.",
            amount=as_number(amount),
            limit=as_number(limit),
        )


class QuantityLimitError(ConflictError):
    code = "quantity_limit"
    title = "More units of one ticket than an order may hold"
    example: ClassVar = {"limit": 100, "lines": [{"ticket_id": 7, "requested": 101}]}

    def __init__(self, limit: int, lines: list[dict[str, int]]) -> None:
        super().__init__(
            f"An order may hold at most {limit} units of one ticket.", limit=limit, lines=lines
        )


class OrderTotalLimitError(ConflictError):
    """Beyond, a double, as programs read JSON's numbers, does not tell all amounts apart."""

    code = "order_total_limit"
    title = "The order would come to more than an order may"
    example: ClassVar = {"total_amount": 10_989_999_999_989.01, "limit": 9_999_999_999_999.99}

    def __init__(self, total_amount: Decimal, limit: Decimal) -> None:
        super().__init__(total_amount=as_number(total_amount), limit=as_number(limit))


class OpenOrdersLimitError(ConflictError):
    """One that is paid, cancelled or runs out makes room for another."""

    code = "open_orders_limit"
    title = "The customer has as many open orders as one may have"
    example: ClassVar = {"limit": 10, "held": 10}


class UnitsLimitError(ConflictError):
    """What the customer holds and has bought of a ticket, in all orders together."""

    code = "units_limit"
    title = "More units of one ticket than a customer may have"
    example: ClassVar = {"limit": 10, "lines": [{"ticket_id": 7, "requested": 4, "held": 8}]}

    def __init__(self, limit: int, lines: list[dict[str, int]]) -> None:
        super().__init__(
            f"A customer may have at most {limit} units of one ticket.", limit=limit, lines=lines
        )


class HoldAgainLaterError(TooManyRequestsError):
    """A hold of the ticket ended unpaid: now it is the others' turn."""

    code = "hold_again_later"
    title = "The customer's hold of the ticket ended unpaid a moment ago"
    example: ClassVar = {"retry_after": 600, "ticket_ids": [7]}

    def __init__(self, retry_after: int, ticket_ids: list[int]) -> None:
        super().__init__(retry_after, retry_after=retry_after, ticket_ids=ticket_ids)


class UnpaidOrdersLimitError(TooManyRequestsError):
    code = "unpaid_orders_limit"
    title = "Too many of the customer's orders ended unpaid within a day"
    example: ClassVar = {"retry_after": 3600, "limit": 20}

    def __init__(self, retry_after: int, limit: int) -> None:
        super().__init__(retry_after, retry_after=retry_after, limit=limit)


class QuantityTooLargeError(InvalidError):
    """One line of the request alone asks for more than an order may hold."""

    code = "validation_error"
    title = "The request is not valid"

    def __init__(self, limit: int, pointers: list[str]) -> None:
        detail = f"Input should be less than or equal to {limit}"
        super().__init__(
            f"{pointers[0]}: {detail}",
            errors=[
                {"pointer": pointer, "detail": detail, "code": "less_than_equal"}
                for pointer in pointers
            ],
        )


class AlreadySharedError(ConflictError):
    code = "order_already_shared"
    title = "The user is already related to the order"
    constraint = "uq_user_orders_order_id_user_id"


class UnknownRecipientError(NotFoundError):
    code = "unknown_recipient"
    title = "No active account has this username or email"


class RecipientNotFoundError(NotFoundError):
    code = "recipient_not_found"
    title = "The order is not shared with this user"


class OwnerStaysError(ConflictError):
    code = "owner_stays"
    title = "The owner can't be removed from an order"


class TransactionNotFoundError(NotFoundError):
    code = "transaction_not_found"
    title = "The transaction does not exist"


class TransactionNotPendingError(ConflictError):
    """Amount and payment method are fixed once the transaction is settled."""

    code = "transaction_not_pending"
    title = "The transaction is no longer pending"
    example: ClassVar = {"transaction_status": TransactionStatus.SUCCESS}


class SettledByProviderError(ConflictError):
    """What a provider takes, it alone tells of; a person needs a reason to tell otherwise."""

    code = "settled_by_provider"
    title = "The payment's provider decides this"
    example: ClassVar = {"provider": "stripe"}

    def __init__(self, provider: str) -> None:
        super().__init__(
            f"What becomes of this payment, {provider} tells. To settle it by hand, say in"
            " `reason` why.",
            provider=provider,
        )


class PaymentRefusedError(ConflictError):
    """Not for want of money: the provider does not begin such a payment at all."""

    code = "payment_refused"
    title = "The payment's provider does not take this payment"
    example: ClassVar = {"provider": "stripe", "transaction_id": 7, "reason": "amount_too_small"}

    def __init__(self, provider: str, transaction_id: int, reason: str) -> None:
        super().__init__(provider=provider, transaction_id=transaction_id, reason=reason)


class ProviderUnavailableError(UnavailableError):
    """What was announced stays so: the same request goes on with it."""

    code = "payment_provider_unavailable"
    title = "The payment's provider does not answer"
    retry_after_seconds = 5
    example: ClassVar = {"provider": "stripe", "transaction_id": 7}

    def __init__(self, provider: str, transaction_id: int) -> None:
        super().__init__(provider=provider, transaction_id=transaction_id)


class ProviderFailedError(BadGatewayError):
    """Nothing is known of the payment; the same request asks again."""

    code = "payment_provider_failed"
    title = "The payment's provider answered what makes no sense"
    example: ClassVar = {"provider": "stripe", "transaction_id": 7}

    def __init__(self, provider: str, transaction_id: int) -> None:
        super().__init__(provider=provider, transaction_id=transaction_id)


class ReferenceNotTakenError(InvalidError):
    code = "validation_error"
    title = "The request is not valid"

    def __init__(self) -> None:
        detail = "what a provider calls its payment, it tells itself"
        error = {
            "pointer": "#/transaction_reference",
            "detail": detail,
            "code": "reference_not_taken",
        }
        super().__init__(f"transaction_reference: {detail}.", errors=[error])


class TransactionFixedError(ConflictError):
    """Who settles a payment has to be able to trust what it said when they looked."""

    code = "transaction_fixed"
    title = "Only the box office can still change this"
    example: ClassVar = {"fields": ["amount"]}

    def __init__(self, fields: list[str]) -> None:
        super().__init__(
            f"Once a payment has a reference or is settled, its buyer can't change its"
            f" {', '.join(fields)}.",
            fields=fields,
        )


class AmountDiffersError(ConflictError):
    code = "amount_differs"
    title = "The transaction is about another amount"
    example: ClassVar = {"amount": 0.01, "transaction_amount": 99.99}

    def __init__(self, amount: Decimal, transaction_amount: Decimal) -> None:
        super().__init__(
            f"The transaction is about {transaction_amount}, not {amount}.",
            amount=as_number(amount),
            transaction_amount=as_number(transaction_amount),
        )


class ReferenceUsedError(ConflictError):
    code = "reference_used"
    title = "Another successful payment has this reference"
    constraint = "uq_transactions_reference"
    example: ClassVar = {"transaction_id": 7}

    def __init__(self, transaction_id: int | None = None) -> None:
        # Of two that race, the database tells only that there is another one.
        extra: dict[str, Any] = {} if transaction_id is None else {"transaction_id": transaction_id}
        super().__init__(**extra)


class TransactionNotRefundableError(ConflictError):
    code = "transaction_not_refundable"
    title = "Only successful money can be refunded"
    example: ClassVar = {"transaction_status": TransactionStatus.PENDING}


class AmountExceedsBalanceError(ConflictError):
    code = "amount_exceeds_balance"
    title = "The amount is more than what is due"
    constraint = "ck_orders_never_overpaid"
    example: ClassVar = {"amount": 120.0, "balance_due": 99.99}

    def __init__(self, amount: Any = None, balance_due: Any = None) -> None:
        extra: dict[str, Any] = (
            {}
            if amount is None
            else {
                "amount": as_number(amount),
                "balance_due": as_number(balance_due),
            }
        )
        super().__init__(**extra)


class RefundExceedsPaymentError(ConflictError):
    code = "refund_exceeds_payment"
    title = "The refund is more than what is left of the payment"
    constraint = "ck_transactions_refunded_within_amount"
    example: ClassVar = {"amount": 60.0, "refundable": 49.99}

    def __init__(self, amount: Any = None, refundable: Any = None) -> None:
        extra: dict[str, Any] = (
            {}
            if amount is None
            else {
                "amount": as_number(amount),
                "refundable": as_number(refundable),
            }
        )
        super().__init__(**extra)
