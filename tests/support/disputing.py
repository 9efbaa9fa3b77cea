"""Money that payers' banks ask back, as tests have it told."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import insert

from models import DisputeStatus, disputes
from Payment.port import DisputeReport
from tests.support.fake_provider import FakeProvider, taking_money
from tests.support.service import Service

OPEN = DisputeStatus.OPEN
DEADLINE = datetime(2026, 3, 12, 23, 59, 59, tzinfo=UTC)


@contextmanager
def somebody_telling(service: Service) -> Iterator[None]:
    """A provider is set up that has an event to tell, which is about nothing of ours."""
    with taking_money(service, FakeProvider()) as provider:
        provider.event(dispute({"provider_reference": "of somebody else"}))
        yield


def dispute(payment: Any, status: DisputeStatus = OPEN, **fields: Any) -> DisputeReport:
    """What the provider says of a dispute, by default of 100.00 US dollars."""
    said = {
        "reference": "dp_1",
        "payment_reference": payment["provider_reference"],
        "status": status,
        "amount": Decimal(100),
        "currency": "USD",
        "reason": "fraudulent",
        "respond_by": DEADLINE,
    }
    return DisputeReport(**said | fields)


def disputed(service: Service, transaction_id: int, reference: str) -> None:
    """A dispute of a payment, whoever took that, as it is stored."""
    row = {
        "transaction_id": transaction_id,
        "provider": "stripe",
        "provider_reference": reference,
        "minor_units": 100,
        "currency": "USD",
        "status": OPEN,
        "created_at": service.clock(),
        "updated_at": service.clock(),
    }
    service.database.write_now(lambda session: session.execute(insert(disputes).values(row)))
