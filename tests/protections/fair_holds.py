"""What keeps holds fair, with the test that misses it."""

from tests.protections.removing import Edit, Protection

LIFECYCLE = "Order/services/order_lifecycle.py"
PLACING = "Order/services/placing.py"
FAIRNESS = "Order/services/fairness.py"
STANDING = "Order/services/standing.py"
FAIR_RACES = "tests/concurrency/test_fair_races.py"

FAIR_HOLDS = (
    Protection(
        "a customer's orders are placed one after the other",
        [Edit(PLACING, "    fairness.take_turn(context, buyer_id)\n")],
        "tests/Order/test_fairness.py::test_a_customers_orders_are_placed_one_after_the_other",
    ),
    Protection(
        "what is added to an order waits for the customer's orders",
        [
            Edit(
                FAIRNESS,
                "        take_turn(context, context.caller.user_id)\n",
                "        pass\n",
            )
        ],
        f"{FAIR_RACES}::test_items_added_to_several_orders_at_once_count_together[postgres]",
    ),
    Protection(
        "units that were bought count among a customer's",
        [
            Edit(
                STANDING,
                "not_lapsed = or_(_LIVE.c.expires_at.is_(None), _HELD)",
                "not_lapsed = _HELD",
            )
        ],
        "tests/Order/test_fairness.py::TestUnits",
    ),
    Protection(
        "a customer's empty orders are open orders as well",
        [Edit(PLACING, "    fairness.require_one_more(context, rows[0])\n")],
        "tests/Order/test_fairness.py::TestOpenOrders",
    ),
    Protection(
        "after a hold that ran out it is the others' turn",
        [Edit(LIFECYCLE, "    fairness.note_ended(context, order_ids)\n")],
        "tests/Order/test_holds_that_end.py::TestHoldAgain",
    ),
    Protection(
        "a hold is not renewed by giving it back",
        [
            Edit(LIFECYCLE, "        fairness.note_ended(context, [order.id])\n", "        pass\n"),
        ],
        "tests/Order/test_holds_that_end.py::TestHoldAgain",
    ),
    Protection(
        "an order that is deleted was held as well",
        [
            Edit(
                "Order/services/order_service.py",
                "        fairness.note_ended(context, [order_id])\n",
                "        pass\n",
            )
        ],
        "tests/Order/test_holds_that_end.py::TestUnpaidOrders",
    ),
    Protection(
        "holds of a ticket run out together",
        [Edit(FAIRNESS, "(row.first_until, row.lapsed_at,", "(row.lapsed_at,")],
        "tests/Order/test_holds_that_end.py::TestHoldAgain",
    ),
    Protection(
        "late money is no way around the limit of units",
        [
            Edit(
                "Order/services/fairness.py",
                "all(row.units + wanted[row.id] <= limit for row in rows)",
                "bool(rows)",
            )
        ],
        "tests/Order/test_late_money.py::TestALimitOfUnits",
    ),
    Protection(
        "late money has the customer's turn before it is judged",
        [
            Edit(
                "Order/services/fairness.py",
                "    if turn is None or not turn.is_taken:\n",
                "    if turn is None:\n",
            )
        ],
        "tests/Order/test_late_money_races.py::test_counts_what_the_customer_is_just_ordering",
    ),
)
