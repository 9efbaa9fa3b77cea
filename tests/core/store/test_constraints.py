"""Each rule of ``models.py`` is broken once, in SQL: both databases refuse it, under its name."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import Session, SQLModel

from core.errors import ConstraintConflictError, DomainError
from core.store.errors import translate
from database import Database
from models import (
    api_keys,
    carts,
    disputes,
    ended_holds,
    idempotency_keys,
    login_places,
    login_sessions,
    movements,
    order_items,
    orders,
    payment_differences,
    payment_reasons,
    provider_events,
    provider_refunds,
    recovery_codes,
    second_factors,
    tickets,
    transactions,
    user_orders,
    users,
)
from Order.errors import (
    AlreadySharedError,
    AmountExceedsBalanceError,
    ReferenceUsedError,
    RefundExceedsPaymentError,
)
from tests.support.broken_constraints import BROKEN, IMPLIED, MOVEMENT, NOW, movement
from tests.support.service import Service
from Ticket.errors import InsufficientStockError, StockConflictError, TicketNotFoundError
from User.errors import EmailTakenError, UserErasedError, UsernameTakenError, UserNotFoundError

DATES: dict[str, Any] = {"created_at": NOW, "updated_at": NOW}

# What callers are told; any other rule is broken by a fault of ours and a plain conflict.
TOLD: dict[str, type[DomainError]] = {
    "ck_tickets_available_not_negative": InsufficientStockError,
    "ck_tickets_stock_adds_up": StockConflictError,
    "ck_users_erased_is_nobody": UserErasedError,
    "uq_users_username_key": UsernameTakenError,
    "uq_users_email_key": EmailTakenError,
    "fk_orders_user_id_users": UserNotFoundError,
    "fk_order_items_ticket_id_tickets": TicketNotFoundError,
    "ck_orders_never_overpaid": AmountExceedsBalanceError,
    "ck_transactions_refunded_within_amount": RefundExceedsPaymentError,
    "uq_transactions_reference": ReferenceUsedError,
    "uq_user_orders_order_id_user_id": AlreadySharedError,
}


def fill(session: Session) -> None:
    """Two of each thing, with an order of each user."""
    for number in (1, 2):
        for table, row in rows(number):
            session.execute(insert(table).values(id=number, **row))
    shared = {"user_id": 2, "order_id": 1, "role": "recipient", "created_at": NOW}
    session.execute(insert(user_orders).values(id=3, **shared))


def rows(number: int) -> list[tuple[Any, dict[str, Any]]]:
    name = f"user{number}"
    keys = {"event_name": "Gala", "event_key": "gala", "venue": "Arena"}
    sale = {**keys, "event_date": NOW, "category": "VIP", "category_key": "vip"}
    stock = {"total_quantity": 10, "available_quantity": 8, "reserved_quantity": 2}
    return [
        (
            users,
            {"username": name, "username_key": name, "full_name": name, "is_active": True}
            | {"email": f"{name}@example.com", "email_key": f"{name}@example.com", **DATES},
        ),
        (
            tickets,
            {**sale, "venue_key": "arena", "search_text": "gala", "price": 100, **stock, **DATES}
            | {"sold_quantity": 0, "withheld_quantity": 0},
        ),
        (carts, {"user_id": number, "ticket_id": 1, "quantity": 1, **DATES}),
        (
            orders,
            {"order_reference": f"ORD-{number}", "user_id": number, "status": "pending", **DATES}
            | {"total_amount": 200, "expires_at": NOW + timedelta(minutes=15)},
        ),
        (
            order_items,
            {**sale, "order_id": number, "ticket_id": 1, "quantity": 2, "venue_key": "arena"}
            | {"unit_price": 100, "line_total": 200},
        ),
        (
            transactions,
            {"transaction_number": f"TXN-{number}", "order_id": number, "amount": 200, **DATES}
            | {"payment_method": "card", "payment_method_key": "card", "status": "pending"},
        ),
        *rows_of_providers(number),
        (
            user_orders,
            {"user_id": number, "order_id": number, "role": "owner", "created_at": NOW},
        ),
        (
            ended_holds,
            {"user_id": number, "order_id": number, "has_expired": True}
            | {"ended_at": NOW, "held_until": NOW},
        ),
        (
            api_keys,
            {"user_id": number, "name": "till", "role": "staff", "hint": "nxt_", "created_at": NOW}
            | {"key_hash": f"key{number}"},
        ),
        (
            login_sessions,
            {"user_id": number, "key_hash": f"key{number}", "secret_hash": "x", **DATES}
            | {"expires_at": NOW},
        ),
        (login_places, {"user_id": number, "place_hash": "place", "seen_at": NOW}),
        (second_factors, {"user_id": number, "sealed_secret": "x", "created_at": NOW}),
        (recovery_codes, {"user_id": number, "code_hash": "code", "created_at": NOW}),
        (
            idempotency_keys,
            {"principal": f"user:{number}", "key_hash": "key", "fingerprint": "x"}
            | {"created_at": NOW},
        ),
        (movements, MOVEMENT | {"created_at": NOW}),
    ]


def rows_of_providers(number: int) -> list[tuple[Any, dict[str, Any]]]:
    """What a provider told of a payment, and what was said and done about it."""
    of_payment = {"transaction_id": number, "created_at": NOW}
    return [
        (
            provider_events,
            {"provider": "stripe", "event_id": f"evt_{number}", "kind": "paid"}
            | {"outcome": "applied", "received_at": NOW},
        ),
        (
            payment_differences,
            {**of_payment, "asked_amount": 200, "received_minor_units": 1}
            | {"received_currency": "USD"},
        ),
        (
            provider_refunds,
            {**of_payment, "movement_id": number, "provider": "stripe", "amount": 200}
            | {"attempt": 1, "is_by_hand": False, "send_at": NOW, "updated_at": NOW},
        ),
        (payment_reasons, {**of_payment, "request_id": "one", "reason": "ill"}),
        (
            disputes,
            {**of_payment, "provider": "stripe", "provider_reference": f"dp_{number}"}
            | {"minor_units": 20000, "currency": "USD", "status": "open", "updated_at": NOW},
        ),
    ]


@pytest.fixture
def database(service: Service) -> Database:
    service.database.write_now(fill)
    return service.database


def refused(database: Database, statement: str) -> IntegrityError:
    """What the driver says to a statement; nothing of it stays."""
    with pytest.raises(IntegrityError) as refusal, database.writer.begin() as connection:
        connection.execute(text(statement))
    return refusal.value


def told_by(error: IntegrityError, name: str) -> bool:
    """Whether the driver's own words name the rule."""
    diagnostics = getattr(error.orig, "diag", None)
    if diagnostics is not None:
        return bool(diagnostics.constraint_name == name)
    if name.startswith("fk_"):
        return str(error.orig) == "FOREIGN KEY constraint failed"
    if name.startswith("ck_"):
        return str(error.orig) == f"CHECK constraint failed: {name}"
    return str(error.orig).startswith("UNIQUE constraint failed: ")


class TestEveryRule:
    @pytest.mark.parametrize(("name", "statement"), BROKEN.items(), ids=BROKEN)
    def test_is_kept_by_the_database(self, database: Database, name: str, statement: str) -> None:
        assert told_by(refused(database, statement), name)

    @pytest.mark.parametrize(("name", "statement"), BROKEN.items(), ids=BROKEN)
    def test_is_told_to_callers_as_the_same_refusal(
        self, database: Database, name: str, statement: str
    ) -> None:
        refusal = translate(refused(database, statement))
        expected = TOLD.get(name, ConstraintConflictError)
        if name.startswith("fk_") and database.settings.is_sqlite:
            # SQLite does not tell which target is missing. With its one writer at a time nothing
            # can vanish between the service's look at it and the statement.
            expected = ConstraintConflictError
        assert type(refusal) is expected

    @pytest.mark.parametrize("name", IMPLIED)
    def test_that_another_one_implies_is_kept_by_both(self, database: Database, name: str) -> None:
        statement, other = IMPLIED[name]
        error = refused(database, statement)
        assert told_by(error, name) or told_by(error, other)

    def test_is_broken_here(self) -> None:
        rules: set[Any] = set()
        for table in SQLModel.metadata.sorted_tables:
            rules |= table.constraints - {table.primary_key}
            rules |= {index for index in table.indexes if index.unique}
        assert {rule.name for rule in rules} == BROKEN.keys() | IMPLIED.keys()


class TestWhatIsStillReferenced:
    """Deleting it is a conflict; the guard of the same rule would say that it does not exist."""

    @pytest.mark.parametrize(
        ("table", "name"),
        [
            ("users", "fk_orders_user_id_users"),
            ("tickets", "fk_order_items_ticket_id_tickets"),
            ("orders", "fk_transactions_order_id_orders"),
        ],
    )
    def test_can_not_be_deleted(self, database: Database, table: str, name: str) -> None:
        error = refused(database, f"DELETE FROM {table} WHERE id = 1")  # noqa: S608 - our own names
        assert told_by(error, name)
        assert type(translate(error)) is ConstraintConflictError


class TestTheLedger:
    def test_takes_what_the_service_writes(self, database: Database) -> None:
        with database.writer.begin() as connection:
            connection.execute(text(movement(id=3)))

    @pytest.mark.parametrize(
        "missing",
        [
            {"quantity": 0},
            {"kind": "order", "order_id": None},
            {"kind": "money", "transaction_id": None},
            {"kind": "money", "transaction_id": 1, "order_id": None},
            {"kind": "money", "transaction_id": 1, "amount": 0},
        ],
        ids=str,
    )
    def test_says_of_each_movement_what_moved(
        self, database: Database, missing: dict[str, Any]
    ) -> None:
        assert told_by(refused(database, movement(**missing)), "ck_movements_complete")

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE movements SET amount = 1 WHERE id = 1",
            "DELETE FROM movements WHERE id = 1",
            "DELETE FROM movements",
        ],
    )
    def test_is_never_changed(self, database: Database, statement: str) -> None:
        before = ledger(database)
        with (
            pytest.raises(DBAPIError, match="movements are never changed"),
            database.writer.begin() as connection,
        ):
            connection.execute(text(statement))
        assert len(before) == 2
        assert ledger(database) == before


def ledger(database: Database) -> list[Any]:
    with database.writer.begin() as connection:
        return list(connection.execute(text("SELECT * FROM movements ORDER BY id")).all())
