"""What the service serves, held against the model; every difference is an error."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

from core.money import selling_in
from Payment.flows.compare import compare
from tests.support.books import reconciliation
from tests.support.client import Api
from tests.support.clock import START
from tests.support.service import Service
from tests.support.stateful import expected
from tests.support.stateful.model import Shop
from tests.support.stateful.second_party import SecondParty
from tests.support.stateful.things import ARRIVED, SOLD, Payment, Refund
from work.context import unattended

ALL = {"limit": 100}


def look(api: Api) -> dict[str, dict[int, Any]]:
    return {
        kind: {row["id"]: row for row in api.get(f"/api/{kind}/", **ALL)}
        for kind in ("tickets", "orders", "transactions")
    }


def require_same_rows(served: dict[str, dict[int, Any]], shop: Shop) -> None:
    foretold = {
        "tickets": expected.tickets(shop),
        "orders": expected.orders(shop),
        "transactions": expected.payments(shop),
    }
    assert _picked(served, foretold) == foretold
    unpaid = [id_ for id_, order in shop.orders.items() if order.status in SOLD and order.due]
    assert [id_ for id_ in unpaid if not shop.orders[id_].on_trust] == []


def require_same_refunds(api: Api, shop: Shop, turn: int) -> None:
    """Of the payments with new ones, which the model learns to name, and of another in turn."""
    payments = {id_: payment for id_, payment in shop.payments.items() if payment.refunds}
    news = [id_ for id_, one in payments.items() if one.refunds[-1].id is None]
    for id_ in {*news, *list(payments)[turn % len(payments) :][:1]} if payments else ():
        rows = api.get(f"/api/transactions/{id_}/refunds", **ALL)
        foretold = expected.refunds(payments[id_])
        assert [{name: row[name] for name in foretold[0]} for row in rows] == foretold
        for refund, row in zip(payments[id_].refunds, rows, strict=True):
            refund.id = row["id"]


def require_same_actions(served: dict[str, dict[int, Any]], shop: Shop, turn: int) -> None:
    """Of one order at a time, for they are found out by trying."""
    rows = served["orders"]
    if rows:
        id_ = list(rows)[turn % len(rows)]
        assert set(rows[id_]["allowed_actions"]) == expected.allowed_actions(shop, id_)


def require_same_books(service: Service, shop: Shop) -> None:
    """The reconciliation names what the model knows to be open, and nothing else."""
    books = service.database.snapshot_now(unattended(reconciliation, service.settings))
    assert {(one.rule, one.id) for one in books.differences} == expected.differences(shop)


def require_same_money(party: SecondParty, shop: Shop) -> None:
    """No provider has taken less, or given back more, than it has told or was told to."""
    known = {payment.reference: payment for payment in shop.payments.values()}
    for reference in party.payments:
        here = known.get(reference)
        assert party.returned_of(reference) <= (expected.to_give_back(here) if here else 0)
        if here and here.status in ARRIVED and not here.by_hand:
            assert party.came_of(reference) == here.amount


def require_all_is_told(service: Service, api: Api, party: SecondParty, shop: Shop) -> None:
    """Nothing is on its way any more, and what differs all the same is named."""
    assert "pending" not in {refund.status for refund in _refunds(shop)}
    differing = set()
    for reference, here in _counterparts(api, party, shop).items():
        came, left = (0, 0) if here is None else expected.money_by_provider(here)
        if party.came_of(reference) == came:
            assert party.held_of(reference) == left
        else:
            assert here is None or here.by_hand
            differing.add(("payment", reference))
        if here is not None and here.differs:
            differing.add(("payment", reference))
    assert _named_by_the_command(service, party) == differing


def require_same_reports(api: Api, shop: Shop) -> None:
    for user, cart in shop.carts.items():
        lines = api.get(f"/api/cart/user/{user}", **ALL)
        assert {line["ticket_id"]: line["quantity"] for line in lines} == cart
    dashboard = api.get("/api/analytics/dashboard")
    assert dashboard["totals"] == expected.totals(shop)
    for name, counts in expected.states(shop).items():
        assert {s: n for s, n in dashboard[name].items() if n} == counts
    assert api.get("/api/analytics/sales")["totals"] == expected.sales(shop)
    books = api.get("/api/analytics/reconciliation")
    assert books["is_consistent"] == (not expected.differences(shop)), books


def _counterparts(api: Api, party: SecondParty, shop: Shop) -> dict[str, Payment | None]:
    """Of each payment there, ours: by its name, or by our number where that was never heard."""
    rows = look(api)["transactions"].values()
    # The name, where there is one, is what counts.
    ids = {row["provider_reference"] or row["transaction_number"]: row["id"] for row in rows}
    return {
        reference: shop.payments.get(ids.get(reference, ids.get(report.number, 0)))
        for reference, report in party.payments.items()
    }


def _named_by_the_command(service: Service, party: SecondParty) -> set[tuple[str, str]]:
    """By the comparison of the provider's books with ours."""

    def read(command: Any) -> Any:
        return service.database.read_now(unattended(command, service.settings, service.clock))

    async def find() -> set[tuple[str, str]]:
        found = compare(party, START, read)
        return {(one.kind, one.name) async for one in found}

    with selling_in(service.settings.currency):
        return asyncio.run(find())


def _refunds(shop: Shop) -> list[Refund]:
    return [refund for payment in shop.payments.values() for refund in payment.refunds]


def _picked(served: dict[str, dict[int, Any]], wanted: dict[str, expected.Rows]) -> Any:
    """Of what is served, the fields that the model knows."""
    return {
        kind: {id_: _fields(kind, row, wanted[kind].get(id_, {})) for id_, row in rows.items()}
        for kind, rows in served.items()
    }


def _fields(kind: str, row: Any, wanted: dict[Any, Any]) -> dict[Any, Any]:
    if kind == "orders":
        lines = {(line["ticket_id"], line["unit_price"]): line["quantity"] for line in row["items"]}
        expired = row["cancel_reason"] == "expired"
        row = {**row, "items": lines, "expired": expired, "minutes_held": _minutes_held(row)}
    if kind == "transactions":
        row = {**row, "may_go_on": row["next_action"] is not None}
    return {name: row[name] for name in wanted}


def _minutes_held(row: Any) -> int | None:
    if row["expires_at"] is None:
        return None
    since, until = (datetime.fromisoformat(row[name]) for name in ("created_at", "expires_at"))
    # The clock ticks a little at every look.
    return round((until - since) / timedelta(minutes=1))
