"""The protections of people: what names them is erased, and their orders are not."""

from tests.protections.removing import Edit, Protection

ERASURE = "Privacy/services/erasure_service.py"
OPEN_ORDERS = "Privacy/services/open_orders.py"
EXPORT = "Privacy/services/export_service.py"
RETENTION = "Privacy/services/retention_service.py"
ERASURE_TESTS = "tests/Privacy/test_erasure.py"
PAYMENT_TESTS = "tests/Privacy/test_erased_payments.py"
EXPORT_TESTS = "tests/Privacy/test_export.py"
RETENTION_TESTS = "tests/Privacy/test_retention.py"
SEARCH_TESTS = "tests/Order/test_order_search.py"

PRIVACY = (
    Protection(
        "what others wrote about a person is erased with them",
        [Edit(ERASURE, "        _forget_words(context, user_id)\n")],
        f"{ERASURE_TESTS}::TestWhatStays",
    ),
    Protection(
        "why somebody gave a person's money back is erased with the person",
        [
            Edit(
                ERASURE,
                "    context.session.execute(delete(payment_reasons)"
                ".where(said.transaction_id.in_(payments)))\n",
            )
        ],
        f"{PAYMENT_TESTS}::TestWhatPeopleSaid",
    ),
    Protection(
        "what a provider said of a payment is not erased as somebody's words",
        [
            Edit(
                ERASURE,
                "or_(money.failure_reason.in_(_OUR_WORDS), _is_of_provider())",
                "money.failure_reason.in_(_OUR_WORDS)",
            )
        ],
        f"{PAYMENT_TESTS}::TestWhatTheProviderSaid",
    ),
    Protection(
        "what somebody said in a provider's place is erased as their words",
        [
            Edit(
                ERASURE,
                "return and_(money.provider.is_not(None), "
                "~exists().where(said.transaction_id == money.id))",
                "return money.provider.is_not(None)",
            )
        ],
        f"{PAYMENT_TESTS}::TestWhatPeopleSaid",
    ),
    Protection(
        "an erased person's payments can't be gone on with",
        [Edit(ERASURE, "            next_action=None,\n")],
        f"{PAYMENT_TESTS}::test_how_the_buyer_would_go_on_paying_goes",
    ),
    Protection(
        "an export has nothing that would have a payment made",
        [Edit(EXPORT, ", next_action=None)", ")")],
        f"{EXPORT_TESTS}::TestMoneyByAProvider",
    ),
    Protection(
        "log-ins, keys, cart and stored answers are erased with the person",
        [Edit(ERASURE, "        _forget_belongings(context, user_id)\n")],
        f"{ERASURE_TESTS}::TestWhatStays",
    ),
    Protection(
        "that a person owns an order outlives the person",
        [
            Edit(
                ERASURE,
                "gone = gone.where(user_orders.c.role == UserOrderRole.RECIPIENT)",
                "pass",
            )
        ],
        f"{ERASURE_TESTS}::TestWhatStays",
    ),
    Protection(
        "the last administrator stays, also where two go at once",
        [
            Edit(
                "User/services/administrators.py",
                "context.session.execute(all_of_them.with_for_update(key_share=True)).all()",
                "context.session.execute(all_of_them).all()",
            )
        ],
        f"{ERASURE_TESTS}::TestAdministrators::test_of_two_who_go_at_once_one_stays[postgres]",
    ),
    Protection(
        "nobody is erased with tickets for events to come without being told",
        [
            Edit(
                ERASURE,
                "        open_orders.require_over(context, user_id, may_ignore_events=insists)\n",
            )
        ],
        f"{ERASURE_TESTS}::TestOrders",
    ),
    Protection(
        "orders are looked for once more when their buyer is locked",
        [
            Edit(
                ERASURE,
                "    open_orders.lock_unsold(context, user_id)\n    administrators",
                "    pending = open_orders.lock_unsold(context, user_id)\n    administrators",
            ),
            Edit(
                ERASURE,
                "open_orders.cancel(context, open_orders.lock_unsold(context, user_id))",
                "open_orders.cancel(context, pending)",
            ),
        ],
        f"{ERASURE_TESTS}::test_what_is_ordered_meanwhile_is_cancelled_too",
    ),
    Protection(
        "debts do not end with whoever has them",
        [Edit(OPEN_ORDERS, "may_ignore_events and context.caller.is_admin", "may_ignore_events")],
        f"{ERASURE_TESTS}::TestOrders",
    ),
    Protection(
        "an erased user can't be made somebody again",
        [
            Edit(
                "User/services/user_service.py",
                "    if row.erased_at is not None:\n        raise UserErasedError\n",
                "    pass\n",
            )
        ],
        f"{ERASURE_TESTS}::TestAccount",
    ),
    Protection(
        "an erased user gets no password, from whatever code",
        [
            Edit(
                "migrations/versions/0012_privacy.py",
                "OR NOT is_active AND password_hash IS NULL AND",
                "OR NOT is_active AND",
            )
        ],
        f"{ERASURE_TESTS}::TestAccount",
    ),
    Protection(
        "what is told of a person is of one moment",
        [
            Edit(
                "Privacy/flows/export_user.py",
                "await about.report(",
                "await about.read(",
            )
        ],
        f"{EXPORT_TESTS}::test_all_is_of_one_moment",
    ),
    Protection(
        "an answer about a person is never as long as what is kept",
        [Edit(EXPORT, "page = found[: query.limit]", "page = found")],
        f"{EXPORT_TESTS}::test_many_orders_are_told_in_parts_that_lead_on",
    ),
    Protection(
        "no cache keeps what is told of a person",
        [Edit("Privacy/routers/privacy.py", '    answer.headers["Cache-Control"] = "no-store"\n')],
        f"{EXPORT_TESTS}::test_no_cache_keeps_it",
    ),
    Protection(
        "notes of what was sold are kept",
        [Edit(RETENTION, ", orders.c.amount_paid == ZERO", "")],
        RETENTION_TESTS,
    ),
    Protection(
        "nobody spells out an address letter by letter where orders are searched",
        [
            Edit(
                "Order/services/order_search.py",
                'users.c.email_key == bindparam("q_address")',
                'users.c.email_key.contains(bindparam("q_address"))',
            )
        ],
        f"{SEARCH_TESTS}::test_an_email_finds_whom_it_is_whole_of_and_is_not_told",
    ),
    Protection(
        "who was erased is found by no name",
        [Edit(ERASURE, '            search_text="",\n')],
        f"{SEARCH_TESTS}::test_who_was_erased_is_found_by_no_name",
    ),
)
