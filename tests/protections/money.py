"""What protects payments from buyers and cashiers, each with the test that misses it."""

from tests.protections.removing import Edit, Protection

PAYMENTS = "Order/services/payment_service.py"
SETTLING = "Order/services/transaction_service.py"
DUTIES = "Order/services/duties.py"
ORDERS = "Order/services/order_service.py"
TO_COME = "Order/services/money_to_come.py"
STATES = "Order/services/order_states.py"
SHARING = "Order/services/share_service.py"
REFERENCE_MIGRATION = "migrations/versions/0015_spellings.py"
RACES = "tests/concurrency/test_races.py"
SETTLING_TESTS = "tests/Order/test_settling.py"
LATE_TESTS = "tests/Order/test_late_money.py"
UNWANTED_TESTS = "tests/Order/test_money_that_buys_nothing.py"
CURRENCY_TESTS = "tests/core/store/test_currency.py"

OF_MONEY = (
    Protection(
        "an amount that differs from what arrived is not settled",
        [Edit(SETTLING, "    _require_as_arrived(body, row)\n")],
        f"{SETTLING_TESTS}::TestWhatWasLookedAt",
    ),
    Protection(
        "a buyer can't change what the box office may be looking at",
        [Edit(SETTLING, "        _require_open(row, changes)\n", "        pass\n")],
        f"{SETTLING_TESTS}::TestWhatBuyersChange",
    ),
    Protection(
        "a provider's reference is good for one success",
        [
            Edit(SETTLING, "if row.reference_used_by is not None:", "if 0:"),
            # The wall behind it.
            Edit(REFERENCE_MIGRATION, "        unique=True,", "        unique=False,"),
        ],
        f"{RACES}::test_one_reference_is_one_success_whoever_names_it",
    ),
    Protection(
        "who pays late has no option on an old price",
        [
            Edit(
                PAYMENTS,
                "tickets.c.price != order_items.c.unit_price, tickets.c.event_date",
                "tickets.c.event_date",
            )
        ],
        f"{LATE_TESTS}::TestAnOldPrice",
    ),
    Protection(
        "who pays late gets no tickets for what is over",
        [Edit(PAYMENTS, ", tickets.c.event_date <= now, is_gone", ", is_gone")],
        f"{LATE_TESTS}::TestAnEvent",
    ),
    Protection(
        "an order may be paid for late, but not for ever",
        [
            Edit(
                PAYMENTS, "if context.now > order.expired_at + context.terms.late_payment:", "if 0:"
            )
        ],
        f"{LATE_TESTS}::TestTheTime",
    ),
    Protection(
        "no words of a caller make an order expired",
        [
            Edit(
                "Order/services/order_states.py",
                "return order.expired_at is not None",
                'return order.cancel_reason == "expired"',
            )
        ],
        f"{LATE_TESTS}::TestAReason",
    ),
    Protection(
        "late money does not sell what somebody gave up",
        [Edit(ORDERS, "CANCELLED or may_be_sold_again(order):", "CANCELLED:")],
        f"{UNWANTED_TESTS}::TestAnOrderThatExpired",
    ),
    Protection(
        "late money does not sell to who may not buy",
        [Edit(PAYMENTS, " <= now, is_gone", " <= now")],
        f"{UNWANTED_TESTS}::TestAnOrderThatExpired",
    ),
    Protection(
        "an order that awaits money is not deleted",
        [Edit(TO_COME, "    if may_come.is_awaited:\n", "    if 0:\n")],
        f"{LATE_TESTS}::TestMoneyOnItsWay",
    ),
    Protection(
        "an order of which a card may be tried again is not deleted",
        [Edit(TO_COME, "    if may_come.failed_at is not None:\n", "    if 0:\n")],
        f"{LATE_TESTS}::TestAPaymentThatFailed",
    ),
    Protection(
        "what is owed is taken after the order was completed",
        [Edit(STATES, "(OrderStatus.PENDING, *SOLD)", "(OrderStatus.PENDING, SOLD[0])")],
        "tests/Order/test_transactions.py::TestSettle",
    ),
    Protection(
        "money that comes for a cancelled order is recorded",
        [
            Edit(
                STATES,
                "TransactionStatus.FAILED: frozenset({TransactionStatus.SUCCESS})",
                "TransactionStatus.FAILED: frozenset()",
            )
        ],
        f"{UNWANTED_TESTS}::TestACancelledOrder",
    ),
    Protection(
        "what goes straight back pays for nothing",
        [Edit(PAYMENTS, "        amount_reopened=order.amount_reopened + money.amount,\n")],
        f"{UNWANTED_TESTS}::TestAPaidOrder",
    ),
    Protection(
        "a part payment's refund takes back nothing that was sold without it",
        [Edit(PAYMENTS, "balance_due(order) == ZERO and money_held(", "money_held(")],
        "tests/Order/test_transactions.py::TestRefund",
    ),
    Protection(
        "only what costs nothing is confirmed by its buyer",
        [
            Edit(DUTIES, "(status == OrderStatus.CONFIRMED and is_free(order))", "True"),
            # The wall behind it.
            Edit(
                DUTIES,
                "    if not is_free(order):\n        require_cashier",
                "    if 0:\n        require_cashier",
            ),
        ],
        "tests/Order/test_free_orders.py::TestAFreeOrder",
    ),
    Protection(
        "an order without items is confirmed by nobody",
        [Edit(ORDERS, "    if not holdings:\n        raise OrderEmptyError\n")],
        "tests/Order/test_free_orders.py::TestAnEmptyOrder",
    ),
    Protection(
        "a database of one currency is not sold from in another",
        [
            Edit(
                "core/store/currency.py",
                "(kept.currency or code, kept.digits) == (code, digits)",
                "kept.digits == digits",
            )
        ],
        f"{CURRENCY_TESTS}::test_the_first_start_decides",
    ),
    Protection(
        "amounts of an older release are not read with other decimals",
        [
            Edit(
                "migrations/versions/0016_currency.py",
                " WHERE EXISTS (SELECT 1 FROM tickets) OR EXISTS (SELECT 1 FROM movements)",
                " WHERE 1 = 0",
            )
        ],
        f"{CURRENCY_TESTS}::TestADatabaseOfAnOlderRelease",
    ),
    Protection(
        "an amount has no more decimals than its currency",
        [Edit("core/money.py", "    if payable != value:", "    if 0:")],
        "tests/Order/test_currencies.py::TestAnAmount",
    ),
    Protection(
        "an order comes to no more than can be told exactly",
        [Edit("Order/services/placing.py", "    if total > limit:", "    if 0:")],
        "tests/Order/test_currencies.py::TestTheMostAnOrderComesTo",
    ),
    Protection(
        "nobody is the cashier of their own order",
        [
            Edit(
                DUTIES,
                "return order.user_id == context.caller.user_id and not",
                "return False and not",
            )
        ],
        "tests/Order/test_duties.py::TestOnesOwnOrder",
    ),
    Protection(
        "large refunds need an administrator, in parts as well",
        [Edit(DUTIES, "order.amount_refunded + amount <= limit", "amount <= limit")],
        "tests/Order/test_duties.py::TestALargeRefund",
    ),
    Protection(
        "ids are not turned into names",
        [Edit(SHARING, "        if not context.caller.is_box_office:\n", "        if 0:\n")],
        "tests/Order/test_sharing.py::TestNames",
    ),
    Protection(
        "recipients do not see an order's notes",
        [
            Edit(
                "Order/services/order_queries.py",
                "    if is_a_recipients(context, order):\n",
                "    if 0:\n",
            )
        ],
        "tests/Order/test_sharing.py::TestRecipients",
    ),
)
