"""What payments by providers can refuse."""

from typing import ClassVar

from core.errors import BadRequestError, ConflictError, NotFoundError


class ProviderNotFoundError(NotFoundError):
    code = "payment_provider_not_found"
    title = "No such provider takes money here"


class WebhookNotVerifiedError(BadRequestError):
    """Nothing is told of why, which would help whoever tries."""

    code = "webhook_not_verified"
    title = "This is not the provider's word"


class NotByProviderError(ConflictError):
    code = "not_by_provider"
    title = "No provider takes the money of this transaction"


class ProviderNotConfiguredError(ConflictError):
    """Its money came by a provider that the deployment has no access to any more."""

    code = "payment_provider_not_configured"
    title = "The transaction's provider is not set up any more"
    example: ClassVar = {"provider": "stripe"}

    def __init__(self, provider: str) -> None:
        super().__init__(provider=provider)


class RefundNotFoundError(NotFoundError):
    code = "refund_not_found"
    title = "The transaction has no such refund"


class RefundNotFailedError(ConflictError):
    """What is under way may still arrive, and what has arrived would be given back twice."""

    code = "refund_not_failed"
    title = "The refund has not failed"
    example: ClassVar = {"refund_status": "pending"}

    def __init__(self, *, refund_status: str) -> None:
        super().__init__(refund_status=refund_status)
