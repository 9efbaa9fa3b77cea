"""Each rule of ``models.py`` is broken once, in SQL: both databases refuse it, under its name."""

from datetime import UTC, datetime, timedelta
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
    ended_holds,
    idempotency_keys,
    login_places,
    login_sessions,
    movements,
    order_items,
    orders,
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
from tests.support.service import Service
from Ticket.errors import InsufficientStockError, StockConflictError, TicketNotFoundError
from User.errors import EmailTakenError, UserErasedError, UsernameTakenError, UserNotFoundError

NOW = datetime(2026, 3, 1, tzinfo=UTC)
DATES: dict[str, Any] = {"created_at": NOW, "updated_at": NOW}

MOVEMENT = {
    "kind": "stock",
    "cause": "order_placed",
    "origin": "available",
    "target": "reserved",
    "quantity": 2,
    "amount": 200,
    "order_id": 1,
    "ticket_id": 1,
    "request_id": "one",
    "actor": "process",
}


def movement(**changes: Any) -> str:
    """Movements are never changed, so that bad ones can only be new ones."""
    row = MOVEMENT | {"created_at": str(NOW)} | changes
    said = {name: "NULL" if value is None else repr(value) for name, value in row.items()}
    return f"INSERT INTO movements ({', '.join(said)}) VALUES ({', '.join(said.values())})"  # noqa: S608 - our own


# The rule -> a statement that breaks it and no other. Row 1 of each table is as the service makes
# it, row 2 differs only where a rule demands it.
BROKEN = {
    "ck_tickets_price_not_negative": "UPDATE tickets SET price = -1 WHERE id = 1",
    "ck_tickets_available_not_negative": (
        "UPDATE tickets SET available_quantity = -1, sold_quantity = sold_quantity + 9 WHERE id = 1"
    ),
    "ck_tickets_reserved_not_negative": (
        "UPDATE tickets SET reserved_quantity = -1, sold_quantity = sold_quantity + 3 WHERE id = 1"
    ),
    "ck_tickets_sold_not_negative": (
        "UPDATE tickets SET sold_quantity = -1, available_quantity = available_quantity + 1"
        " WHERE id = 1"
    ),
    "ck_tickets_withheld_not_negative": (
        "UPDATE tickets SET withheld_quantity = -1, available_quantity = available_quantity + 1"
        " WHERE id = 1"
    ),
    "ck_tickets_stock_adds_up": "UPDATE tickets SET total_quantity = 11 WHERE id = 1",
    "ck_tickets_sale_stopped_as": "UPDATE tickets SET sale_stopped_as = 'available' WHERE id = 1",
    "ck_deployment_one_row": "UPDATE deployment SET id = 2",
    "ck_deployment_digits": "UPDATE deployment SET digits = 5",
    "uq_users_username_key": "UPDATE users SET username_key = 'user1' WHERE id = 2",
    "ck_users_erased_is_nobody": "UPDATE users SET erased_at = created_at WHERE id = 1",
    "ck_users_role": "UPDATE users SET role = 'boss' WHERE id = 1",
    "ck_api_keys_role": "UPDATE api_keys SET role = 'boss' WHERE id = 1",
    "uq_api_keys_key_hash": "UPDATE api_keys SET key_hash = 'key1' WHERE id = 2",
    "fk_api_keys_user_id_users": "UPDATE api_keys SET user_id = 99 WHERE id = 1",
    "uq_login_sessions_key_hash": "UPDATE login_sessions SET key_hash = 'key1' WHERE id = 2",
    "uq_login_places_user_id_place_hash": "UPDATE login_places SET user_id = 1 WHERE id = 2",
    "fk_login_places_user_id_users": "UPDATE login_places SET user_id = 99 WHERE id = 1",
    "uq_second_factors_user_id": "UPDATE second_factors SET user_id = 1 WHERE id = 2",
    "fk_second_factors_user_id_users": "UPDATE second_factors SET user_id = 99 WHERE id = 1",
    "uq_recovery_codes_user_id_code_hash": "UPDATE recovery_codes SET user_id = 1 WHERE id = 2",
    "fk_recovery_codes_user_id_users": "UPDATE recovery_codes SET user_id = 99 WHERE id = 1",
    "fk_login_sessions_user_id_users": "UPDATE login_sessions SET user_id = 99 WHERE id = 1",
    "uq_users_email_key": "UPDATE users SET email_key = 'user1@example.com' WHERE id = 2",
    "uq_carts_user_id_ticket_id": "UPDATE carts SET user_id = 1 WHERE id = 2",
    "ck_carts_quantity_positive": "UPDATE carts SET quantity = 0 WHERE id = 1",
    "fk_carts_user_id_users": "UPDATE carts SET user_id = 99 WHERE id = 1",
    "fk_carts_ticket_id_tickets": "UPDATE carts SET ticket_id = 99 WHERE id = 1",
    "uq_orders_order_reference": "UPDATE orders SET order_reference = 'ORD-1' WHERE id = 2",
    "ck_orders_paid_not_negative": (
        "UPDATE orders SET amount_paid = -1, amount_refunded = 0 WHERE id = 1"
    ),
    "ck_orders_refunded_within_paid": "UPDATE orders SET amount_refunded = 1 WHERE id = 1",
    "ck_orders_reopened_within_refunded": "UPDATE orders SET amount_reopened = 1 WHERE id = 1",
    "ck_orders_never_overpaid": "UPDATE orders SET amount_paid = 20001 WHERE id = 1",
    "ck_orders_pending_expires": "UPDATE orders SET expires_at = NULL WHERE id = 1",
    "ck_orders_confirmed_has_date": (
        "UPDATE orders SET status = 'completed', expires_at = NULL WHERE id = 1"
    ),
    "ck_orders_expired_is_cancelled": "UPDATE orders SET expired_at = created_at WHERE id = 1",
    "ck_orders_status": "UPDATE orders SET status = 'lost', expires_at = NULL WHERE id = 1",
    "fk_orders_user_id_users": "UPDATE orders SET user_id = 99 WHERE id = 1",
    "uq_order_items_order_id_ticket_id_unit_price": (
        "UPDATE order_items SET order_id = 1 WHERE id = 2"
    ),
    "ck_order_items_quantity_positive": (
        "UPDATE order_items SET quantity = 0, line_total = 0 WHERE id = 1"
    ),
    "ck_order_items_unit_price_not_negative": (
        "UPDATE order_items SET unit_price = -1, line_total = -quantity WHERE id = 1"
    ),
    "ck_order_items_line_total": "UPDATE order_items SET line_total = 1 WHERE id = 1",
    "fk_order_items_order_id_orders": "UPDATE order_items SET order_id = 99 WHERE id = 1",
    "fk_order_items_ticket_id_tickets": "UPDATE order_items SET ticket_id = 99 WHERE id = 1",
    "uq_transactions_transaction_number": (
        "UPDATE transactions SET transaction_number = 'TXN-1' WHERE id = 2"
    ),
    "ck_transactions_amount_positive": (
        "UPDATE transactions SET amount = 0, status = 'refunded', succeeded_at = created_at"
        " WHERE id = 1"
    ),
    "ck_transactions_refunded_within_amount": (
        "UPDATE transactions SET refunded_amount = amount + 1 WHERE id = 1"
    ),
    "ck_transactions_refunded_means_all": (
        "UPDATE transactions SET refunded_amount = amount WHERE id = 1"
    ),
    "ck_transactions_success_has_date": ("UPDATE transactions SET status = 'success' WHERE id = 1"),
    "ck_transactions_status": "UPDATE transactions SET status = 'lost' WHERE id = 1",
    "uq_transactions_reference": (
        "UPDATE transactions SET transaction_reference = 'ch_77', status = 'success',"
        " succeeded_at = created_at"
    ),
    "fk_transactions_order_id_orders": "UPDATE transactions SET order_id = 99 WHERE id = 1",
    "uq_user_orders_order_id_user_id": "UPDATE user_orders SET user_id = 1 WHERE id = 3",
    "uq_user_orders_owner": "UPDATE user_orders SET role = 'owner' WHERE id = 3",
    "ck_user_orders_role": "UPDATE user_orders SET role = 'guest' WHERE id = 3",
    "fk_user_orders_user_id_users": "UPDATE user_orders SET user_id = 99 WHERE id = 1",
    "fk_user_orders_order_id_orders": "UPDATE user_orders SET order_id = 99 WHERE id = 1",
    "fk_ended_holds_user_id_users": "UPDATE ended_holds SET user_id = 99 WHERE id = 1",
    "ck_movements_goes_somewhere": movement(target="available"),
    "ck_movements_not_negative": movement(amount=-1),
    "ck_movements_complete": movement(ticket_id=None),
    "uq_idempotency_keys_principal_key_hash": (
        "UPDATE idempotency_keys SET principal = 'user:1' WHERE id = 2"
    ),
    "uq_report_names_kind_name": (
        "INSERT INTO report_names (kind, name) VALUES ('venue', 'a'), ('venue', 'a')"
    ),
    "ck_report_names_kind": "INSERT INTO report_names (kind, name) VALUES ('gift', 'a')",
    "ck_status_sums_kind": "INSERT INTO status_sums VALUES ('gift', 0, 0, 0, 0, 'pending', 1)",
}

# Nothing breaks one of these alone: the rule -> a statement, and the other rule that it breaks.
IMPLIED = {
    # A negative total is less than what was paid already.
    "ck_orders_total_not_negative": (
        "UPDATE orders SET total_amount = -1 WHERE id = 1",
        "ck_orders_never_overpaid",
    ),
    # What a movement needs depends on its kind, and an unknown kind has nothing.
    "ck_movements_kind": (movement(kind="gift"), "ck_movements_complete"),
}

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
