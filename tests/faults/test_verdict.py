"""The checker finds what it is there to find: each kind of damage is done once, on purpose."""

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL

from database import Database
from tests.support.faults.client import Client
from tests.support.faults.journal import Journal, Operation, Outcome
from tests.support.faults.load import load
from tests.support.faults.onlookers import Onlooker
from tests.support.faults.site import Site, running_site
from tests.support.faults.verdict import judge
from tests.support.service import fresh_database, settings_for

KINDS = ("order", "announce", "pay", "refund", "offer", "cancel", "confirm", "collect", "delete")


@pytest.fixture(scope="module")
def site(request: pytest.FixtureRequest, worker_name: str) -> Iterator[Site]:
    with (
        fresh_database("sqlite", request, f"{worker_name}_verdict") as url,
        running_site(url, workers=1) as site,
    ):
        yield site


@pytest.fixture(scope="module")
def sound(site: Site) -> Journal:
    """Of clients that nothing happened to."""
    with load(site.address, clients=4) as journal:
        journal.await_kinds(*KINDS)
    return journal


@pytest.fixture
def journal(sound: Journal) -> Journal:
    """One of a test's own."""
    return Journal([replace(operation) for operation in sound.operations])


def some(journal: Journal, kind: str) -> Operation:
    return next(
        operation
        for operation in journal.operations
        if (operation.kind, operation.outcome) == (kind, Outcome.DONE)
    )


def test_what_was_told_truly_is_not_faulted(site: Site, journal: Journal) -> None:
    assert judge(journal, site.database).wrong() == {}


@pytest.mark.parametrize("kind", ["order", "announce", "pay", "refund", "offer"])
def test_what_was_acknowledged_and_is_not_there_is_lost(
    site: Site, journal: Journal, kind: str
) -> None:
    some(journal, kind).key = "never-sent"
    verdict = judge(journal, site.database)
    assert verdict.lost
    assert all(told.startswith("never-sent") for told in verdict.lost)


@pytest.mark.parametrize("kind", ["order", "announce", "pay", "refund", "cancel", "confirm"])
def test_what_was_refused_and_is_there_is_forbidden(
    site: Site, journal: Journal, kind: str
) -> None:
    some(journal, kind).outcome = Outcome.REFUSED
    assert judge(journal, site.database).wrong().keys() == {"forbidden"}


@pytest.mark.parametrize("kind", ["order", "pay", "collect", "delete"])
def test_what_is_unknown_may_be_there_once(site: Site, journal: Journal, kind: str) -> None:
    some(journal, kind).outcome = Outcome.UNKNOWN
    assert judge(journal, site.database).wrong() == {}


@pytest.mark.parametrize(
    ("kind", "wanted"), [("order", {1: 99}), ("announce", (1, 1)), ("refund", (0, 1))]
)
def test_what_is_there_otherwise_than_asked_for_is_found(
    site: Site, journal: Journal, kind: str, wanted: object
) -> None:
    some(journal, kind).wanted = wanted
    assert judge(journal, site.database).wrong().keys() & {"altered", "lost"}


def test_a_cart_that_lost_a_line_is_found(site: Site, journal: Journal) -> None:
    collected = some(journal, "collect")
    user, ticket, units = collected.wanted
    collected.wanted = user, ticket, units + 1
    assert judge(journal, site.database).altered


class TestDamagedDatabase:
    def damaged(self, site: Site, folder: Path, *statements: str) -> Database:
        """A copy that nothing protects."""
        path = folder / "damaged.db"
        with (
            closing(sqlite3.connect(str(site.database.settings.database.database))) as origin,
            closing(sqlite3.connect(path)) as copy,
        ):
            origin.backup(copy)
            copy.execute("PRAGMA ignore_check_constraints=ON")
            for statement in statements:
                assert copy.execute(statement).rowcount
            copy.commit()
        return Database(settings_for(URL.create("sqlite", database=str(path))))

    def test_shows_an_order_that_is_there_twice(
        self, site: Site, journal: Journal, tmp_path: Path
    ) -> None:
        key = some(journal, "order").key
        again = f"UPDATE orders SET notes = '{key}' WHERE id = (SELECT MAX(id) FROM orders)"  # noqa: S608
        with closing(self.damaged(site, tmp_path, again)) as database:
            assert judge(journal, database).doubled

    def test_shows_money_that_was_taken_twice(
        self, site: Site, journal: Journal, tmp_path: Path
    ) -> None:
        pay = some(journal, "pay")
        again = (
            "INSERT INTO movements (kind, cause, origin, target, quantity, amount, order_id,"  # noqa: S608
            " transaction_id, request_id, client_request_id, actor, created_at)"
            " SELECT kind, cause, origin, target, quantity, amount, order_id, transaction_id,"
            f" request_id, '{pay.key}/2', actor, created_at FROM movements"
            f" WHERE client_request_id = '{pay.request_id}' AND kind = 'money'"
        )
        with closing(self.damaged(site, tmp_path, again)) as database:
            assert judge(journal, database).wrong().keys() == {"doubled", "differences"}

    def test_shows_tickets_that_were_sold_twice(
        self, site: Site, journal: Journal, tmp_path: Path
    ) -> None:
        none_left = "UPDATE tickets SET total_quantity = 0"
        with closing(self.damaged(site, tmp_path, none_left)) as database:
            assert judge(journal, database).wrong().keys() == {"oversold", "differences"}


class Liar(Client):
    """Sees a service whose answers do not add up."""

    def __init__(self, path: str, served: object, journal: Journal) -> None:
        super().__init__("liar", str, journal, random.Random(1))
        self._path, self._served = path, served

    def read(self, path: str) -> Any:
        return self._served if self._path in path else None


STOCK = {
    "total_quantity": 10,
    "available_quantity": 6,
    "reserved_quantity": 3,
    "sold_quantity": 2,
    "withheld_quantity": 0,
}
FIGURES = {"tickets_sold": 2, "revenue": 20.0}
MONEY = {"gross_revenue": 20.0, "refunded": 5.0, "net_revenue": 20.0, "by_payment_method": []}
ORDER = {
    "status": "cancelled",
    "total_amount": 20.0,
    "amount_paid": 20.0,
    "amount_refunded": 0,
    "items": [{"line_total": 20.0}],
}
SALES = {"totals": FIGURES, "by_event": [FIGURES, FIGURES], "by_category": [], "by_venue": []}


@pytest.mark.parametrize(
    ("path", "served"),
    [
        ("/api/tickets/", STOCK),
        ("/api/analytics/tickets", STOCK),
        ("/api/analytics/sales", {**SALES, "series": []}),
        ("/api/analytics/revenue", MONEY),
        (
            "/api/analytics/reconciliation",
            {"is_consistent": False, "differences": [{"rule": "sold_stock"}]},
        ),
        ("/api/orders/", [ORDER]),
    ],
)
def test_onlookers_complain_of_what_does_not_add_up(path: str, served: object) -> None:
    journal = Journal()
    onlooker = Onlooker(Liar(path, served, journal), [1])
    for _ in range(200):
        onlooker.look()
    assert journal.complaints
