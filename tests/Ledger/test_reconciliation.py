"""The books agree whatever orders live through, and every fault in them is found and named."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from sqlalchemy import CheckConstraint, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, SQLModel

from core.settings import Settings
from database import Database
from Ledger.schemas import Difference, Reconciliation
from Ledger.services.findings import findings
from Ledger.services.reconciliation_service import LISTED
from main import DOMAINS
from tests.support import books, broken_books
from tests.support.books_world import Broken, build_books, stock, transaction_of
from tests.support.client import Api
from tests.support.emptying import empty
from tests.support.lives import live
from tests.support.service import Service
from tests.support.statements import listening, statements
from work.context import unattended

PATH = "/api/analytics/reconciliation"
CODES = [rule.code for rule in DOMAINS.rules]
# Breaks a rule that no constraint of the database guards.
WITHOUT_OWNER = "UPDATE user_orders SET role = 'recipient' WHERE order_id = 1"

# The sums of the world are empty; then they lack all that the ledger has.
ALL_SUMMED = (
    "DELETE FROM report_progress",
    "INSERT INTO report_progress SELECT 1, MAX(id), MAX(id), '' FROM movements",
)

# What asks no trigger of UPDATE or DELETE; in the words of SQLite, or of PostgreSQL.
PAST_TRIGGERS = {
    True: "REPLACE INTO movements SELECT * FROM movements",
    False: "TRUNCATE movements",
}


reconciled = unattended(books.reconciliation, Settings())


class UndoneError(Exception):
    """Rolls back what a test did to the books."""


@contextmanager
def without_checks(session: Session) -> Iterator[None]:
    """The database lets through what it would refuse; until the rollback."""
    if session.get_bind().dialect.name == "sqlite":
        session.execute(text("PRAGMA ignore_check_constraints = ON"))
        try:
            yield
        finally:
            session.execute(text("PRAGMA ignore_check_constraints = OFF"))
        return
    for table in SQLModel.metadata.sorted_tables:
        for rule in table.constraints:
            if isinstance(rule, CheckConstraint):
                session.execute(text(f"ALTER TABLE {table.name} DROP CONSTRAINT {rule.name}"))
    yield


def reconciled_after(database: Database, *changes: str) -> tuple[Reconciliation, int]:
    """What is found after changes that are then undone, and the id of the ledger's last line."""
    found: list[tuple[Reconciliation, int]] = []

    def break_and_look(session: Session) -> None:
        with without_checks(session):
            for change in changes:
                session.execute(text(change))
            last = session.execute(text("SELECT MAX(id) FROM movements")).scalar_one()
            found.append((reconciled(session), last))
        raise UndoneError

    with pytest.raises(UndoneError):
        database.write_now(break_and_look)
    return found[0]


def id_of(difference: Difference, last_move: int) -> int:
    """The id, or which line of the ledger it is from its end; a refund is known by its line."""
    is_line = difference.object in {"movement", "refund"}
    return difference.id - last_move - 1 if is_line else difference.id


class TestSoundBooks:
    def test_agree_without_anything_in_them(self, api: Api) -> None:
        answer = api.get(PATH)
        assert answer["is_consistent"]
        assert answer["differences"] == []
        assert answer["totals"]["movements"] == 0

    def test_agree_after_all_that_can_happen(self, api: Api) -> None:
        live(api)
        answer = api.get(PATH)
        assert answer["differences"] == []
        assert answer["is_consistent"]
        assert answer["difference_count"] == 0


class TestAnswer:
    def test_names_every_rule_that_was_checked(self, api: Api) -> None:
        rules = api.get(PATH)["rules"]
        assert [rule["rule"] for rule in rules] == CODES
        assert all(rule["description"].endswith(".") for rule in rules)

    def test_tells_the_time_of_the_request_and_the_currency(self, api: Api) -> None:
        answer = api.get(PATH)
        assert answer["checked_at"].startswith("2026-03-01T12:00:00")
        assert answer["currency"] == "USD"

    def test_tells_what_was_compared(self, api: Api) -> None:
        user, ticket = api.user(), api.ticket(price=99.99, available_quantity=90)
        _, payment = api.paid_order(user, (ticket, 2))
        api.post(f"/api/transactions/{payment['id']}/refund", {"amount": 50.5})
        api.order(user, (ticket, 3))
        assert api.get(PATH)["totals"] == {
            "tickets": 1,
            "orders": 2,
            "transactions": 1,
            # Two of the stock at first; placed, paid, confirmed, refunded; placed.
            "movements": 2 + (2 + 1 + 2 + 1) + 2,
            "total_quantity": 100,
            "available_quantity": 85,
            "reserved_quantity": 3,
            "sold_quantity": 2,
            "withheld_quantity": 10,
            "revenue": 199.98,
            "gross_revenue": 199.98,
            "refunded": 50.5,
            "net_revenue": 149.48,
        }


@pytest.fixture(scope="class")
def database(shared_service: Service) -> Iterator[Database]:
    """Of a world that all tests of a class share: what they do to it is undone."""
    shared_service.clock.reset()
    build_books(Api(shared_service.client, shared_service.clock, shared_service.app))
    with ExitStack() as stack:
        stack.callback(empty, shared_service.database)
        yield shared_service.database


class TestBrokenBooks:
    def test_were_sound_before(self, database: Database) -> None:
        answer, _ = reconciled_after(database)
        assert answer.differences == []

    @pytest.mark.parametrize("broken", broken_books.ALL, ids=str)
    def test_are_found_and_named(self, database: Database, broken: Broken) -> None:
        answer, last_move = reconciled_after(database, *broken.statements)
        named = {one.rule: one.differences for one in answer.rules if one.differences}
        assert named.keys() == {broken.rule, *broken.also}
        assert named[broken.rule] == len(broken.found)
        assert answer.difference_count == sum(named.values())
        assert not answer.is_consistent
        of_rule = [one for one in answer.differences if one.rule == broken.rule]
        assert broken.found == [
            (id_of(one, last_move), one.field, one.expected, one.found) for one in of_rule
        ]

    def test_are_told_where_the_ledger_takes_back_what_it_never_sold(
        self, database: Database
    ) -> None:
        """There is no day of a sale to tell it of."""
        answer, _ = reconciled_after(
            database, stock("sold", "available", order_id=2, quantity=3), *ALL_SUMMED
        )
        of_sales = [one for one in answer.differences if one.rule == "sums_of_sales"]
        assert [one.expected for one in of_sales if one.field == "tickets"] == [4 - 3]

    def test_are_told_where_nothing_says_when_money_succeeded(self, database: Database) -> None:
        answer, _ = reconciled_after(
            database, "UPDATE transactions SET succeeded_at = NULL", *ALL_SUMMED
        )
        of_money = [one for one in answer.differences if one.rule == "sums_of_money"]
        assert [one.expected for one in of_money if one.field == "gross"] == [400.0]

    def test_are_listed_up_to_a_number_and_counted_to_the_last(self, database: Database) -> None:
        ids = range(1001, 1001 + LISTED + 5)
        many = [transaction_of(3, number, 1) for number in ids]
        answer, _ = reconciled_after(database, *many, WITHOUT_OWNER)
        assert answer.difference_count == LISTED + 5 + 1
        listed = [one.id for one in answer.differences if one.rule == "cancelled_awaits_no_money"]
        assert listed == list(ids)[:LISTED]
        assert len(answer.differences) == LISTED + 1


def test_a_difference_is_shown_to_the_box_office(api: Api, service: Service) -> None:
    api.order(api.user(), (api.ticket(), 1))
    service.database.write_now(lambda session: session.execute(text(WITHOUT_OWNER)))
    answer = api.get(PATH)
    assert (answer["is_consistent"], answer["difference_count"]) == (False, 1)
    assert {one["rule"]: one["differences"] for one in answer["rules"]} == {
        code: int(code == "order_owner") for code in CODES
    }
    assert answer["differences"] == [
        {
            "rule": "order_owner",
            "object": "order",
            "id": 1,
            "field": "user_id",
            "expected": 1,
            "found": None,
        }
    ]


def test_every_rule_is_broken_here() -> None:
    assert {broken.rule for broken in broken_books.ALL} == set(CODES)
    assert len(CODES) == len(set(CODES))


class TestOneState:
    def test_what_is_sold_meanwhile_makes_no_difference(self, api: Api, service: Service) -> None:
        """A purchase is committed in the middle of the check, which does not see it."""
        user, ticket = api.user(), api.ticket()
        api.paid_order(user, (ticket, 1))
        asked: list[str] = []

        def buy(sql: str, _parameters: Any) -> None:
            if "AS findings" in sql:
                asked.append(sql)
                if len(asked) == 3:
                    api.paid_order(user, (ticket, 2))

        with listening(service.database, buy):
            answer = service.database.snapshot_now(reconciled)
        assert len(asked) == len(findings(DOMAINS.rules))
        assert answer.differences == []
        assert (answer.totals.orders, answer.totals.sold_quantity) == (1, 1)
        assert api.get(PATH)["totals"]["sold_quantity"] == 3

    def test_costs_the_same_statements_whatever_there_is(self, api: Api, service: Service) -> None:
        user, ticket = api.user(), api.ticket()
        costs = []
        for _ in range(2):
            for _ in range(5):
                api.paid_order(user, (ticket, 1))
            with statements(service.database) as heard:
                api.get(PATH)
            costs.append(len([sql for sql, _ in heard if sql.lstrip().startswith("SELECT")]))
        # Those that many rules share, those of one rule, and what was compared.
        assert costs == [len(findings(DOMAINS.rules)) + 1] * 2
        assert costs[0] < len(CODES)


class TestTheLedger:
    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE movements SET quantity = 1",
            "UPDATE movements SET request_id = 'me' WHERE id = 1",
            "DELETE FROM movements WHERE id = 1",
            "DELETE FROM movements",
            PAST_TRIGGERS,
        ],
    )
    def test_is_never_changed(
        self, api: Api, service: Service, change: str | dict[bool, str]
    ) -> None:
        api.ticket()
        if isinstance(change, dict):
            change = change[service.settings.is_sqlite]
        with (
            pytest.raises(DBAPIError, match="movements are never changed"),
            service.database.writer.begin() as connection,
        ):
            connection.execute(text(change))
        assert api.get(PATH)["totals"]["movements"] == 1
