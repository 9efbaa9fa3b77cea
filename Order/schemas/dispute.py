"""Disputes on the wire."""

from typing import Any

from pydantic import ConfigDict, Field

from core.money import Amount
from core.schemas import Output, ServedTime
from models import DisputeStatus

DISPUTE_EXAMPLE: dict[str, Any] = {
    "id": 1,
    "transaction_id": 1,
    "provider": "stripe",
    "provider_reference": "dp_1QeK2m9XWPA",
    "amount": 199.98,
    "minor_units": 19998,
    "currency": "USD",
    "reason": "product_not_received",
    "status": "open",
    "respond_by": "2024-11-12T23:59:59Z",
    "created_at": "2024-11-04T09:12:00.000001Z",
    "updated_at": "2024-11-04T09:12:00.000001Z",
}


class DisputeRead(Output):
    """Money that the payer's bank asks back, as the payment's provider tells it."""

    model_config = ConfigDict(json_schema_extra={"examples": [DISPUTE_EXAMPLE]})

    id: int
    transaction_id: int
    provider: str
    provider_reference: str = Field(description="What the provider calls it.")
    amount: Amount | None = Field(
        description="What is asked back; null where the bank asks in another currency than the "
        "shop's."
    )
    minor_units: int = Field(description="The same in the smallest units of `currency`.")
    currency: str = Field(description="In which it is asked back.")
    reason: str | None = Field(description="The provider's word for why.")
    status: DisputeStatus = Field(
        description="`open` until the bank has decided; `won`: the shop keeps the money, `lost`: "
        "the bank took it."
    )
    respond_by: ServedTime | None = Field(
        description="Until when the provider takes the shop's evidence."
    )
    created_at: ServedTime = Field(description="When the service heard of it.")
    updated_at: ServedTime
