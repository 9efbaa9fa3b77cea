"""What keeps a provider's payments from being settled by anybody else, and disputes as they were
told, with the test that misses it.
"""

from tests.protections.removing import Edit, Protection

DISPUTES = "Order/services/dispute_service.py"
IN_PLACE = "Order/services/provider_money.py"
SETTLING = "Order/services/transaction_service.py"
HISTORY = "Order/services/history_service.py"
ABOUT_DISPUTES = "tests/Order/test_disputes.py"
BY_HAND = "tests/Order/test_settled_by_hand.py"
BUYERS = "tests/Order/test_what_customers_reach.py"
STORY = "tests/Ledger/test_history.py"

OF_DISPUTES = (
    Protection(
        "a dispute that was decided stays decided",
        [Edit(DISPUTES, "known.status != DisputeStatus.OPEN or not is_news", "not is_news")],
        f"{ABOUT_DISPUTES}::TestADispute",
    ),
    Protection(
        "words about a dispute that come at once tell of one",
        [Edit(DISPUTES, "    order_lifecycle.lock_order_of(context, transaction_id)\n")],
        f"{ABOUT_DISPUTES}::test_events_at_the_same_moment_tell_of_one_dispute",
    ),
    Protection(
        "what the shop has won back is in no figure",
        [
            Edit(
                "Order/services/money_queries.py",
                "        row.status != quoted(DisputeStatus.WON.value),\n",
            )
        ],
        f"{ABOUT_DISPUTES}::TestTheReport",
    ),
    Protection(
        "yen are not added to dollars",
        [
            Edit(
                "Order/services/money_queries.py",
                'row.currency == bindparam("currency")',
                'bindparam("currency") != ""',
            )
        ],
        f"{ABOUT_DISPUTES}::TestADispute",
    ),
    Protection(
        "what banks ask back is told to the box office alone",
        [
            Edit(
                HISTORY,
                "dispute_service.disputes_of_order(context, order_id) if tells_all else []",
                "dispute_service.disputes_of_order(context, order_id)",
            )
        ],
        f"{ABOUT_DISPUTES}::TestWhoIsTold",
    ),
    Protection(
        "what the box office says of money is told to the box office alone",
        [
            Edit(
                HISTORY,
                "reason=move.reason if reader.is_box_office else None",
                "reason=move.reason",
            )
        ],
        f"{STORY}::TestWhatWasSaid",
    ),
    Protection(
        "who settles in a provider's place says why",
        [Edit(IN_PLACE, "if body.reason is None:", "if False:")],
        f"{BY_HAND}::TestWhatAProviderSettles",
    ),
    Protection(
        "that somebody settled in a provider's place stands in the audit",
        [
            Edit(
                IN_PLACE,
                "        audit_service.record(",
                "        (lambda *_: None)(",
            )
        ],
        f"{BY_HAND}::TestWhatAProviderSettles",
    ),
    Protection(
        "what a provider was asked to take is what it takes",
        [Edit(SETTLING, "    provider_money.require_by_hand(context, row, changes)\n")],
        BUYERS,
    ),
    Protection(
        "no payment is handed over to a provider that was not asked for it",
        [Edit(IN_PLACE, "if method_key in context.terms.providers:", "if False:")],
        f"{BY_HAND}::TestWhatAProviderSettles",
    ),
    Protection(
        "a provider names its payments itself",
        [Edit(IN_PLACE, "if body.transaction_reference is not None:", "if False:")],
        f"{BY_HAND}::TestWhatAProviderSettles",
    ),
)
