"""Every rule that the databases keep, with a statement that breaks it."""

from datetime import UTC, datetime
from typing import Any

NOW = datetime(2026, 3, 1, tzinfo=UTC)

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
    "uq_transactions_provider_reference": (
        "UPDATE transactions SET provider = 'stripe', provider_reference = 'pi_77'"
    ),
    "fk_transactions_order_id_orders": "UPDATE transactions SET order_id = 99 WHERE id = 1",
    "uq_provider_events_provider_event_id": (
        "UPDATE provider_events SET event_id = 'evt_1' WHERE id = 2"
    ),
    "ck_provider_events_outcome": "UPDATE provider_events SET outcome = 'odd' WHERE id = 1",
    "uq_payment_differences_transaction_id": (
        "UPDATE payment_differences SET transaction_id = 1 WHERE id = 2"
    ),
    "fk_payment_differences_transaction_id_transactions": (
        "UPDATE payment_differences SET transaction_id = 99 WHERE id = 1"
    ),
    "uq_provider_refunds_movement_id": ("UPDATE provider_refunds SET movement_id = 1 WHERE id = 2"),
    "uq_provider_refunds_provider_reference": (
        "UPDATE provider_refunds SET provider_reference = 're_77'"
    ),
    "ck_provider_refunds_amount_positive": "UPDATE provider_refunds SET amount = 0 WHERE id = 1",
    "ck_provider_refunds_attempt_positive": "UPDATE provider_refunds SET attempt = 0 WHERE id = 1",
    "ck_provider_refunds_pending_is_sent": (
        "UPDATE provider_refunds SET send_at = NULL WHERE id = 1"
    ),
    "ck_provider_refunds_status": (
        "UPDATE provider_refunds SET status = 'lost', send_at = NULL WHERE id = 1"
    ),
    "fk_provider_refunds_transaction_id_transactions": (
        "UPDATE provider_refunds SET transaction_id = 99 WHERE id = 1"
    ),
    "uq_payment_reasons_transaction_id_request_id": (
        "UPDATE payment_reasons SET transaction_id = 1 WHERE id = 2"
    ),
    "fk_payment_reasons_transaction_id_transactions": (
        "UPDATE payment_reasons SET transaction_id = 99 WHERE id = 1"
    ),
    "uq_disputes_provider_provider_reference": (
        "UPDATE disputes SET provider_reference = 'dp_1' WHERE id = 2"
    ),
    "ck_disputes_minor_units_positive": "UPDATE disputes SET minor_units = 0 WHERE id = 1",
    "ck_disputes_status": "UPDATE disputes SET status = 'odd' WHERE id = 1",
    "fk_disputes_transaction_id_transactions": (
        "UPDATE disputes SET transaction_id = 99 WHERE id = 1"
    ),
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
