"""Late money that meets somebody who gives back just what it needs."""

import threading
from functools import partial
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import Session

from models import UserRole
from Order.schemas.order import OrderCreate
from Order.services import expiry_service, fairness, order_service
from tests.support.buyer import Buyer, swept
from tests.support.client import Api
from tests.support.service import Service
from tests.support.waiting import comes_to_wait
from work.caller import Caller
from work.context import Context, Known, Terms, unattended

PATIENCE = 10


# SQLite has one writer at a time.
@pytest.mark.parametrize("shared_service", ["postgres"], indirect=True, scope="session")
def test_sells_all_lines_again_or_none(api: Api, service: Service) -> None:
    """What was short when the statement began is there once it has the ticket's lock."""
    database, act = service.database, partial(unattended, settings=service.settings)
    late, other = api.user(), api.user("other")
    scarce, plenty = api.ticket(total_quantity=1), api.ticket()
    payment = api.payment(api.order(late, (scarce, 1), (plenty, 1)))
    api.clock.advance(minutes=16)
    sweep = partial(expiry_service.expire_overdue_orders, limit=10)
    database.write_now(act(sweep, clock=service.clock))
    holder = api.order(other, (scarce, 1))
    given_back, may_commit = threading.Event(), threading.Event()
    cancel = act(
        lambda context: order_service.cancel_order(context, holder["id"], None),
        clock=service.clock,
    )

    def cancel_slowly(session: Session) -> None:
        cancel(session)
        session.execute(text("SELECT 1"))
        given_back.set()
        assert may_commit.wait(PATIENCE)

    answers: list[Any] = []
    cancelling = threading.Thread(target=database.write_now, args=(cancel_slowly,))
    settling = threading.Thread(target=lambda: answers.append(api.settle(payment)))
    cancelling.start()
    assert given_back.wait(PATIENCE)
    settling.start()
    is_waiting = comes_to_wait(settling, database)
    may_commit.set()
    cancelling.join()
    settling.join()
    assert is_waiting
    assert answers[0]["status"] == "success"
    assert api.stock(scarce) == (0, 0, 1, 0)
    assert api.stock(plenty) == (99, 0, 1, 0)


@pytest.mark.parametrize("shared_service", ["postgres"], indirect=True, scope="session")
def test_counts_what_the_customer_is_just_ordering(
    api: Api, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, ticket = Buyer(api), api.ticket()
    payment = api.payment(ann.order((ticket, 8)))
    api.clock.advance(minutes=30)
    swept(service)
    ordered, may_commit, judged = (threading.Event() for _ in range(3))
    caller = Known(Caller(ann.user["id"], UserRole.CUSTOMER))
    lines = [{"ticket_id": ticket["id"], "quantity": 8}]
    body = OrderCreate.model_validate({"user_id": ann.user["id"], "items": lines})

    def order_slowly(session: Session) -> None:
        context = Context(session, service.clock(), Terms.of(service.settings), caller)
        order_service.place_order(context, body)
        session.execute(text("SELECT 1"))
        ordered.set()
        assert may_commit.wait(PATIENCE)

    leaves_room = fairness.leaves_room

    def judge(*asked: Any) -> bool:
        try:
            return leaves_room(*asked)
        finally:
            judged.set()

    monkeypatch.setattr(fairness, "leaves_room", judge)
    answers: list[Any] = []
    ordering = threading.Thread(target=service.database.write_now, args=(order_slowly,))
    settling = threading.Thread(target=lambda: answers.append(api.settle(payment)))
    ordering.start()
    assert ordered.wait(PATIENCE)
    settling.start()
    assert judged.wait(PATIENCE)
    may_commit.set()
    ordering.join()
    settling.join()
    assert answers[0]["failure_reason"] == "units_limit"
    assert api.stock(ticket) == (92, 8, 0, 0)
