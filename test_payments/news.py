"""What the shop is told of by itself: written down with what has happened, and sent after that."""

import json
from typing import Any

from test_payments.cards import LATE_SECONDS, SECONDS, Telling
from test_payments.faults import faults_now
from test_payments.items import Payment, new_id
from test_payments.store import Store
from test_payments.views import written


class News:
    def __init__(self, store: Store) -> None:
        self._store = store

    def tell(self, kind: str, told: dict[str, Any], about: Payment, now: float) -> None:
        """Within the transaction in which it happens."""
        telling = faults_now(self._store, now).telling or telling_of(about)
        if telling is Telling.LOST:
            return
        event = {"id": new_id("evt"), "type": kind, "created_at": written(now), "data": told}
        body = json.dumps(event)
        for _ in range(2 if telling is Telling.DOUBLED else 1):
            due_at = now + _delay(telling, kind)
            self._store.put_message(about.id, about.channel, body, due_at)


def telling_of(payment: Payment) -> Telling:
    return payment.card.telling if payment.card is not None else Telling.ON_TIME


def _delay(telling: Telling, kind: str) -> float:
    if telling is Telling.LATE:
        return LATE_SECONDS
    if telling is Telling.REORDERED and kind == "payment.failed":
        return SECONDS
    # Whoever moves the money sends it, at once; this is for when that does not succeed.
    return SECONDS if telling is Telling.FIRST else 0
