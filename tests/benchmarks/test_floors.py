"""What the framework alone costs is measured with answers as the service makes them today."""

from collections.abc import Callable

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from benchmarks.floors.floor_app import async_app, sync_app


@pytest.mark.parametrize("made", [sync_app, async_app])
def test_the_floors_answer_with_the_wire_models(made: Callable[[], FastAPI]) -> None:
    line = {"ticket_id": 1, "quantity": 1}
    asked = {
        "/api/orders/": {"user_id": 1, "items": [line]},
        "/api/cart/": {"user_id": 1, **line},
        "/api/transactions/": {"order_id": 1, "payment_method": "card"},
    }
    with TestClient(made()) as client:
        read = [client.get(path) for path in ("/api/tickets/1", "/api/orders/2")]
        done = [client.post(path, json=body) for path, body in asked.items()]
    assert [answer.status_code for answer in read + done] == [200, 200, 201, 201, 201]
