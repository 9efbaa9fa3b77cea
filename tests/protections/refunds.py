"""What has money go back once by its provider, and all of it, with the test that misses it."""

from tests.protections.removing import Edit, Protection

CURSOR = "Ledger/services/ledger_cursor.py"
REFUNDS = "Payment/services/refund_service.py"
SETTLEMENT = "Payment/services/settlement.py"
RACES = "tests/Payment/test_refund_races.py"
OUTCOMES = "tests/Payment/test_refund_outcomes.py"
BY_HAND = "tests/Payment/test_refunds_by_hand.py"

OF_REFUNDS = (
    Protection(
        "a refund that is committed late is not passed over",
        [Edit(CURSOR, "if mark.writers and mark.writers & _writers(context):", "if 0:")],
        f"{RACES}::test_a_line_that_is_committed_late_is_not_passed_over",
    ),
    Protection(
        "a line of the ledger is read once",
        [
            Edit(
                CURSOR,
                "update(self._progress).values(movement_id=number))\n",
                "select(self._progress))\n",
            ),
            # The wall behind it.
            Edit(
                "Payment/services/refund_noting.py",
                'noting.on_conflict_do_nothing(index_elements=["movement_id"])',
                "noting",
            ),
        ],
        "tests/Payment/test_refunds.py::TestNoted",
    ),
    Protection(
        "a refund is one process's at a time",
        [
            Edit(
                REFUNDS,
                "        .with_for_update(skip_locked=True, of=provider_refunds)\n    )\n    rows",
                "    )\n    rows",
            )
        ],
        f"{RACES}::test_what_another_process_takes_at_this_moment_is_left_to_it",
    ),
    Protection(
        "a refund stays one process's while it waits for the provider",
        [
            Edit(
                REFUNDS,
                "return now + min(max(now - since, _SOONEST), _LATEST)",
                "return now",
            )
        ],
        f"{RACES}::TestTwoProcesses::test_do_not_ask_for_the_same_refund",
    ),
    Protection(
        "whoever asks again says the same key",
        [
            Edit(
                REFUNDS,
                'return str(number) if row.attempt == 1 else f"{number}-{row.attempt}"',
                'return f"{number}-{row.send_at}"',
            )
        ],
        f"{OUTCOMES}::TestWhoIsNotHeard",
    ),
    Protection(
        "a refund that was refused is asked for under another key",
        [Edit(REFUNDS, '{"attempt": row.attempt + 1,', '{"attempt": row.attempt,')],
        f"{BY_HAND}::TestRetrying",
    ),
    Protection(
        "an answer about the try before is none about this one",
        [Edit(REFUNDS, "row is not None and row.attempt == due.attempt", "row is not None")],
        f"{RACES}::TestWordsBeforeTheAnswer",
    ),
    Protection(
        "another deployment's refund is not taken for ours",
        [
            Edit(
                REFUNDS,
                'payments.provider_reference == bindparam("payment_reference"),',
                'payments.provider_reference != refunds.provider + bindparam("payment_reference"),',
            )
        ],
        f"{OUTCOMES}::TestWhatTheProviderTells",
    ),
    Protection(
        "what has failed is left to people",
        [
            Edit(
                REFUNDS,
                "if row.is_by_hand or row.status is RefundStatus.FAILED:",
                "if row.is_by_hand:",
            )
        ],
        f"{OUTCOMES}::TestWhatTheProviderTells",
    ),
    Protection(
        "what was settled by hand stays so",
        [
            Edit(
                REFUNDS,
                "if row.is_by_hand or row.status is RefundStatus.FAILED:",
                "if row.status is RefundStatus.FAILED:",
            )
        ],
        f"{BY_HAND}::TestSettling",
    ),
    Protection(
        "money of another amount is not confirmed",
        [
            Edit(
                REFUNDS,
                "if (report.amount, report.currency) != (row.amount, context.terms.currency):",
                "if 0:",
            )
        ],
        f"{OUTCOMES}::TestWhatFails",
    ),
    Protection(
        "what has not failed is not asked for again",
        [
            Edit(
                REFUNDS,
                "    if row.status is not RefundStatus.FAILED:\n        raise",
                "    if 0:\n        raise",
            )
        ],
        f"{BY_HAND}::TestWhatMayNotBeDone",
    ),
    Protection(
        "nobody looks after the refunds of their own orders",
        [Edit(REFUNDS, "    duties.require_cashier(context, row)\n")],
        f"{BY_HAND}::TestWhatMayNotBeDone",
    ),
    Protection(
        "money that is not as asked is named until it is back",
        [
            Edit(
                SETTLEMENT,
                "is_back = report.refunded == report.amount and resolve_difference",
                "is_back = resolve_difference",
            )
        ],
        "tests/Payment/test_payment_differences.py::TestAnotherCurrency",
    ),
)
