"""How to meet every refusal that the OpenAPI document declares: one scene each.

A scene prepares what is needed and returns the request that must be refused.
"""

from tests.support.account_refusals import ACCOUNT_SCENES
from tests.support.conditional import CONDITION_SCENES
from tests.support.factor_refusals import FACTOR_SCENES
from tests.support.money_refusals import MONEY_SCENES
from tests.support.payment_refusals import PAYMENT_SCENES
from tests.support.refund_refusals import REFUND_SCENES
from tests.support.scenes import (
    CART_LINE,
    LONG_AGO,
    ORDER_LINE,
    PAYMENT,
    RECIPIENT,
    STATUS,
    SUCCESS,
    Scene,
    a_moment_later,
    by,
    cancelled,
    cart,
    completed,
    confirmed,
    empty_order,
    erased,
    few,
    full_cart,
    inactive,
    just,
    order,
    order_body,
    paid_by_another,
    past,
    payment,
    prepared,
    referenced,
    refunded,
    rest_of_two,
    second_user,
    settled,
    shared,
    sixty,
    stopped,
    ten,
    ten_open,
    third_payment,
    ticket,
    twenty_unpaid,
    two_settled,
    user,
)
from tests.support.total_refusals import TOTAL_SCENES

SCENES: dict[tuple[str, str], Scene] = (
    FACTOR_SCENES
    | ACCOUNT_SCENES
    | TOTAL_SCENES
    | CONDITION_SCENES
    | MONEY_SCENES
    | REFUND_SCENES
    | PAYMENT_SCENES
    | {
        ("cancel_order", "not_allowed"): by(
            "customer", ticket, order, confirmed, call=("POST", "/api/orders/1/cancel", None)
        ),
        ("create_order", "event_passed"): by(
            "customer", past, call=("POST", "/api/orders/", order_body())
        ),
        ("create_order_from_cart", "event_passed"): by(
            "customer", past, cart, call=("POST", "/api/orders/from-cart/1", None)
        ),
        ("add_order_item", "event_passed"): by(
            "customer", past, empty_order, call=("POST", "/api/orders/1/items", ORDER_LINE)
        ),
        ("add_to_cart", "event_passed"): by(
            "customer", past, call=("POST", "/api/cart/", CART_LINE)
        ),
        ("update_cart_item", "event_passed"): by(
            "customer", past, cart, call=("PUT", "/api/cart/1", {"quantity": 2})
        ),
        ("get_ticket", "ticket_not_found"): just("GET", "/api/tickets/1"),
        ("listen_to_ticket", "ticket_not_found"): just("GET", "/api/tickets/1/events"),
        ("listen_to_tickets", "ticket_not_found"): just("GET", "/api/tickets/events?ids=1"),
        ("update_ticket", "ticket_not_found"): just("PUT", "/api/tickets/1", {}),
        ("update_ticket", "stock_conflict"): prepared(
            user, few, order, call=("PUT", "/api/tickets/1", {"total_quantity": 0})
        ),
        ("update_ticket", "stale_object"): prepared(
            ticket, call=("PUT", "/api/tickets/1", {"price": 1, **LONG_AGO})
        ),
        ("delete_ticket", "ticket_not_found"): just("DELETE", "/api/tickets/1"),
        ("delete_ticket", "ticket_has_orders"): prepared(
            user, ticket, order, cancelled, call=("DELETE", "/api/tickets/1", None)
        ),
        ("change_ticket_status", "ticket_not_found"): just(
            "PATCH", "/api/tickets/1/status", {"status": "sold"}
        ),
        ("create_order", "user_not_found"): prepared(
            ticket, call=("POST", "/api/orders/", order_body())
        ),
        ("create_order", "ticket_not_found"): prepared(
            user, call=("POST", "/api/orders/", order_body())
        ),
        ("create_order", "user_inactive"): prepared(
            user, ticket, inactive, call=("POST", "/api/orders/", order_body())
        ),
        ("create_order", "ticket_not_on_sale"): prepared(
            user, ticket, stopped, call=("POST", "/api/orders/", order_body())
        ),
        ("create_order", "insufficient_stock"): prepared(
            user, few, call=("POST", "/api/orders/", order_body(3))
        ),
        ("create_order", "quantity_limit"): prepared(
            user, ticket, call=("POST", "/api/orders/", order_body(60, lines=2))
        ),
        ("create_order_from_cart", "user_not_found"): just("POST", "/api/orders/from-cart/1"),
        ("create_order_from_cart", "cart_empty"): prepared(
            user, call=("POST", "/api/orders/from-cart/1", None)
        ),
        ("create_order_from_cart", "user_inactive"): prepared(
            user, ticket, cart, inactive, call=("POST", "/api/orders/from-cart/1", None)
        ),
        ("create_order_from_cart", "ticket_not_on_sale"): prepared(
            user, ticket, cart, stopped, call=("POST", "/api/orders/from-cart/1", None)
        ),
        ("create_order_from_cart", "insufficient_stock"): prepared(
            user, few, cart, rest_of_two, call=("POST", "/api/orders/from-cart/1", None)
        ),
        ("create_order_from_cart", "quantity_limit"): prepared(
            user, ticket, full_cart, call=("POST", "/api/orders/from-cart/1", None)
        ),
        ("create_order", "open_orders_limit"): by(
            "customer", ten_open, call=("POST", "/api/orders/", order_body(lines=0))
        ),
        ("create_order", "units_limit"): by(
            "customer", ticket, ten, call=("POST", "/api/orders/", order_body())
        ),
        ("create_order", "hold_again_later"): by(
            "customer", ticket, ten, a_moment_later, call=("POST", "/api/orders/", order_body())
        ),
        ("create_order", "unpaid_orders_limit"): by(
            "customer", twenty_unpaid, call=("POST", "/api/orders/", order_body(lines=0))
        ),
        ("create_order_from_cart", "open_orders_limit"): by(
            "customer", ticket, cart, ten_open, call=("POST", "/api/orders/from-cart/1", None)
        ),
        ("create_order_from_cart", "units_limit"): by(
            "customer", ticket, cart, ten, call=("POST", "/api/orders/from-cart/1", None)
        ),
        ("create_order_from_cart", "hold_again_later"): by(
            "customer",
            ticket,
            cart,
            ten,
            a_moment_later,
            call=("POST", "/api/orders/from-cart/1", None),
        ),
        ("create_order_from_cart", "unpaid_orders_limit"): by(
            "customer", ticket, cart, twenty_unpaid, call=("POST", "/api/orders/from-cart/1", None)
        ),
        ("add_order_item", "units_limit"): by(
            "customer", ticket, ten, call=("POST", "/api/orders/1/items", ORDER_LINE)
        ),
        ("add_order_item", "hold_again_later"): by(
            "customer",
            ticket,
            ten,
            a_moment_later,
            empty_order,
            call=("POST", "/api/orders/2/items", ORDER_LINE),
        ),
        ("release_holds", "user_not_found"): just("POST", "/api/users/1/holds/release"),
        ("get_order", "order_not_found"): just("GET", "/api/orders/1"),
        ("update_order", "order_not_found"): just("PUT", "/api/orders/1", {}),
        ("update_order", "stale_object"): prepared(
            user, empty_order, call=("PUT", "/api/orders/1", {"notes": "x", **LONG_AGO})
        ),
        ("delete_order", "order_not_found"): just("DELETE", "/api/orders/1"),
        ("delete_order", "order_not_deletable"): prepared(
            user, ticket, order, confirmed, call=("DELETE", "/api/orders/1", None)
        ),
        ("add_order_item", "order_not_found"): prepared(
            ticket, call=("POST", "/api/orders/1/items", ORDER_LINE)
        ),
        ("add_order_item", "ticket_not_found"): prepared(
            user, empty_order, call=("POST", "/api/orders/1/items", ORDER_LINE)
        ),
        ("add_order_item", "order_not_pending"): prepared(
            user, ticket, order, cancelled, call=("POST", "/api/orders/1/items", ORDER_LINE)
        ),
        ("add_order_item", "user_inactive"): prepared(
            user, ticket, order, inactive, call=("POST", "/api/orders/1/items", ORDER_LINE)
        ),
        ("add_order_item", "ticket_not_on_sale"): prepared(
            user, ticket, order, stopped, call=("POST", "/api/orders/1/items", ORDER_LINE)
        ),
        ("add_order_item", "insufficient_stock"): prepared(
            user, few, order, call=("POST", "/api/orders/1/items", {"ticket_id": 1, "quantity": 2})
        ),
        ("add_order_item", "quantity_limit"): prepared(
            user,
            ticket,
            sixty,
            call=("POST", "/api/orders/1/items", {"ticket_id": 1, "quantity": 41}),
        ),
        ("list_order_items", "order_not_found"): just("GET", "/api/orders/1/items"),
        ("get_order_history", "order_not_found"): just("GET", "/api/orders/1/history"),
        ("change_order_status", "own_order"): by(
            "staff", ticket, order, call=("PATCH", "/api/orders/1/status", STATUS)
        ),
        ("change_order_status", "not_allowed"): by(
            "customer", ticket, order, call=("PATCH", "/api/orders/1/status", STATUS)
        ),
        ("change_order_status", "order_empty"): by(
            "customer", empty_order, call=("PATCH", "/api/orders/1/status", STATUS)
        ),
        ("change_order_status", "refund_needs_admin"): by(
            "staff",
            *paid_by_another,
            call=("PATCH", "/api/orders/1/status", {"status": "cancelled"}),
        ),
        ("cancel_order", "own_order"): by(
            "admin", ticket, order, confirmed, call=("POST", "/api/orders/1/cancel", None)
        ),
        ("cancel_order", "refund_needs_admin"): by(
            "staff", *paid_by_another, call=("POST", "/api/orders/1/cancel", None)
        ),
        ("change_order_status", "order_not_found"): just("PATCH", "/api/orders/1/status", STATUS),
        ("change_order_status", "invalid_transition"): prepared(
            user, empty_order, cancelled, call=("PATCH", "/api/orders/1/status", STATUS)
        ),
        ("change_order_status", "stale_object"): prepared(
            user, empty_order, call=("PATCH", "/api/orders/1/status", {**STATUS, **LONG_AGO})
        ),
        ("cancel_order", "stale_object"): prepared(
            user, empty_order, call=("POST", "/api/orders/1/cancel", LONG_AGO)
        ),
        ("cancel_order", "order_not_found"): just("POST", "/api/orders/1/cancel"),
        ("cancel_order", "invalid_transition"): prepared(
            user, ticket, order, completed, call=("POST", "/api/orders/1/cancel", None)
        ),
        ("list_order_users", "order_not_found"): just("GET", "/api/orders/1/users"),
        ("share_order", "order_not_found"): just("POST", "/api/orders/1/users", RECIPIENT),
        ("share_order", "not_allowed"): by(
            "customer", empty_order, call=("POST", "/api/orders/1/users", RECIPIENT)
        ),
        ("share_order", "unknown_recipient"): prepared(
            user, empty_order, call=("POST", "/api/orders/1/users", {"recipient": "nobody"})
        ),
        ("share_order", "user_not_found"): prepared(
            user, empty_order, call=("POST", "/api/orders/1/users", RECIPIENT)
        ),
        ("share_order", "user_inactive"): prepared(
            user, empty_order, inactive, call=("POST", "/api/orders/1/users", {"user_id": 1})
        ),
        ("share_order", "order_already_shared"): prepared(
            user, second_user, empty_order, shared, call=("POST", "/api/orders/1/users", RECIPIENT)
        ),
        ("stop_sharing_with_all", "order_not_found"): just("DELETE", "/api/orders/1/users"),
        ("stop_sharing", "order_not_found"): just("DELETE", "/api/orders/1/users/1"),
        ("stop_sharing", "recipient_not_found"): prepared(
            user, empty_order, call=("DELETE", "/api/orders/1/users/2", None)
        ),
        ("stop_sharing", "owner_stays"): prepared(
            user, empty_order, call=("DELETE", "/api/orders/1/users/1", None)
        ),
        ("add_to_cart", "user_not_found"): prepared(ticket, call=("POST", "/api/cart/", CART_LINE)),
        ("add_to_cart", "ticket_not_found"): prepared(user, call=("POST", "/api/cart/", CART_LINE)),
        ("add_to_cart", "user_inactive"): prepared(
            user, ticket, inactive, call=("POST", "/api/cart/", CART_LINE)
        ),
        ("add_to_cart", "ticket_not_on_sale"): prepared(
            user, ticket, stopped, call=("POST", "/api/cart/", CART_LINE)
        ),
        ("add_to_cart", "insufficient_stock"): prepared(
            user, few, cart, call=("POST", "/api/cart/", {**CART_LINE, "quantity": 2})
        ),
        ("get_cart", "user_not_found"): just("GET", "/api/cart/user/1"),
        ("get_cart_total", "user_not_found"): just("GET", "/api/cart/user/1/total"),
        ("update_cart_item", "cart_item_not_found"): just("PUT", "/api/cart/1", {"quantity": 1}),
        ("update_cart_item", "user_inactive"): prepared(
            user, ticket, cart, inactive, call=("PUT", "/api/cart/1", {"quantity": 2})
        ),
        ("update_cart_item", "ticket_not_on_sale"): prepared(
            user, ticket, cart, stopped, call=("PUT", "/api/cart/1", {"quantity": 2})
        ),
        ("update_cart_item", "insufficient_stock"): prepared(
            user, few, cart, call=("PUT", "/api/cart/1", {"quantity": 3})
        ),
        ("update_cart_item", "stale_object"): prepared(
            user, ticket, cart, call=("PUT", "/api/cart/1", {"quantity": 2, **LONG_AGO})
        ),
        ("remove_from_cart", "cart_item_not_found"): just("DELETE", "/api/cart/1"),
        ("clear_cart", "user_not_found"): just("DELETE", "/api/cart/user/1/clear"),
        ("update_order", "user_erased"): prepared(
            user, empty_order, erased, call=("PUT", "/api/orders/1", {"notes": "x"})
        ),
        ("list_user_orders", "user_not_found"): just("GET", "/api/users/1/orders"),
        ("create_transaction", "order_not_found"): just("POST", "/api/transactions/", PAYMENT),
        ("create_transaction", "order_not_payable"): prepared(
            user, ticket, order, cancelled, call=("POST", "/api/transactions/", PAYMENT)
        ),
        ("create_transaction", "amount_exceeds_balance"): prepared(
            user, ticket, order, call=("POST", "/api/transactions/", {**PAYMENT, "amount": 1000})
        ),
        ("list_order_transactions", "order_not_found"): just("GET", "/api/transactions/order/1"),
        ("get_transaction", "transaction_not_found"): just("GET", "/api/transactions/1"),
        ("update_transaction", "transaction_not_found"): just("PUT", "/api/transactions/1", {}),
        ("update_transaction", "transaction_not_pending"): prepared(
            user,
            ticket,
            order,
            payment,
            settled,
            call=("PUT", "/api/transactions/1", {"amount": 1}),
        ),
        ("update_transaction", "transaction_fixed"): by(
            "customer",
            ticket,
            order,
            referenced,
            call=("PUT", "/api/transactions/1", {"amount": 1}),
        ),
        ("update_transaction", "reference_used"): prepared(
            *two_settled, call=("PUT", "/api/transactions/2", {"transaction_reference": "ch_77"})
        ),
        ("update_transaction", "amount_exceeds_balance"): prepared(
            user, ticket, order, payment, call=("PUT", "/api/transactions/1", {"amount": 1000})
        ),
        ("update_transaction", "stale_object"): prepared(
            user, ticket, order, payment, call=("PUT", "/api/transactions/1", LONG_AGO)
        ),
        ("change_transaction_status", "transaction_not_found"): just(
            "PATCH", "/api/transactions/1/status", SUCCESS
        ),
        ("change_transaction_status", "invalid_transition"): prepared(
            user,
            ticket,
            order,
            payment,
            settled,
            refunded,
            call=("PATCH", "/api/transactions/1/status", SUCCESS),
        ),
        ("change_transaction_status", "own_order"): by(
            "staff", ticket, order, payment, call=("PATCH", "/api/transactions/1/status", SUCCESS)
        ),
        ("refund_transaction", "own_order"): by(
            "admin",
            ticket,
            order,
            payment,
            settled,
            call=("POST", "/api/transactions/1/refund", None),
        ),
        ("refund_transaction", "refund_needs_admin"): by(
            "staff", *paid_by_another, call=("POST", "/api/transactions/1/refund", None)
        ),
        ("change_transaction_status", "amount_differs"): prepared(
            user,
            ticket,
            order,
            payment,
            call=("PATCH", "/api/transactions/1/status", {**SUCCESS, "amount": 1}),
        ),
        ("change_transaction_status", "reference_used"): prepared(
            *two_settled, third_payment, call=("PATCH", "/api/transactions/3/status", SUCCESS)
        ),
        ("change_transaction_status", "stale_object"): prepared(
            user,
            ticket,
            order,
            payment,
            call=("PATCH", "/api/transactions/1/status", {**SUCCESS, **LONG_AGO}),
        ),
        ("refund_transaction", "stale_object"): prepared(
            user,
            ticket,
            order,
            payment,
            settled,
            call=("POST", "/api/transactions/1/refund", LONG_AGO),
        ),
        ("refund_transaction", "transaction_not_found"): just("POST", "/api/transactions/1/refund"),
        ("refund_transaction", "transaction_not_refundable"): prepared(
            user, ticket, order, payment, call=("POST", "/api/transactions/1/refund", None)
        ),
        ("refund_transaction", "refund_exceeds_payment"): prepared(
            user,
            ticket,
            order,
            payment,
            settled,
            call=("POST", "/api/transactions/1/refund", {"amount": 100}),
        ),
    }
)
