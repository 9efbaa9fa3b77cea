"""Every protection of stock, money and time, with the test that misses it."""

from tests.protections.accounts import ACCOUNTS
from tests.protections.browsers import OF_BROWSERS
from tests.protections.disputes import OF_DISPUTES
from tests.protections.edge import EDGE
from tests.protections.exports import EXPORTING
from tests.protections.fair_holds import FAIR_HOLDS
from tests.protections.limits import LIMITS
from tests.protections.live import LIVE
from tests.protections.money import OF_MONEY
from tests.protections.names import NAMES
from tests.protections.operating import OPERATING
from tests.protections.pages import PAGES
from tests.protections.payments import OF_PAYMENTS
from tests.protections.postgres import OF_POSTGRES
from tests.protections.privacy import PRIVACY
from tests.protections.records import RECORDS
from tests.protections.refunds import OF_REFUNDS
from tests.protections.removing import Edit, Protection
from tests.protections.running import RUNNING
from tests.protections.second_factors import SECOND_FACTORS
from tests.protections.stripe import OF_STRIPE

STOCK = "Ticket/services/stock_service.py"
LIFECYCLE = "Order/services/order_lifecycle.py"
PAYMENTS = "Order/services/payment_service.py"
PLACING = "Order/services/placing.py"
EXPIRY = "Order/services/expiry_service.py"
KEYS = "work/idempotency.py"
EXCHANGE = "core/store/exchange.py"
SQLITE_EXCHANGE = "core/store/sqlite_exchange.py"
CONNECTIONS = "core/store/connections.py"
ENGINES = "core/store/engines.py"
TURN = "core/store/turns.py"
ROWS_MIGRATION = "migrations/versions/0004_require_rows.py"
LEDGER_MIGRATION = "migrations/versions/0003_ledger.py"
CONNECTION_TESTS = "tests/core/store/test_connections.py"
EXCHANGE_TESTS = "tests/core/store/test_exchange.py"
KEY_TESTS = "tests/work/test_idempotency.py"
RACES = "tests/concurrency/test_races.py"
FIRST = "migrations/versions/0001_initial.py"

PROTECTIONS = (
    *OPERATING,
    *EXPORTING,
    *PAGES,
    *LIVE,
    *NAMES,
    *RUNNING,
    *FAIR_HOLDS,
    *SECOND_FACTORS,
    Protection(
        "stock is taken only where there is enough of it",
        [
            Edit(STOCK, "update(tickets).where(source >= units)", "update(tickets)"),
            # The wall behind it.
            Edit(FIRST, '"available_quantity >= 0"', '"available_quantity >= -1000"'),
        ],
        f"{RACES}::test_fifty_units_are_sold_to_fifty_and_no_more",
    ),
    Protection(
        "an order takes the stock of all lines or of none",
        [
            Edit(ROWS_MIGRATION, "IF changed <> expected THEN", "IF false THEN"),
            Edit(
                SQLITE_EXCHANGE, "if expecting is not None and done.rowcount != expecting:", "if 0:"
            ),
            # The look before it.
            Edit(
                PLACING,
                "    ticket_service.require_stock(found.values(), quantities)\n",
            ),
        ],
        f"{RACES}::test_orders_of_many_tickets_in_any_order_take_all_or_nothing",
    ),
    Protection(
        "an order's row is locked before its money is read",
        [
            Edit(
                LIFECYCLE,
                "where(orders_meant).with_for_update(key_share=True)",
                "where(orders_meant)",
            ),
            # The wall behind it.
            Edit(PAYMENTS, '        "refunded_amount": money.refunded_amount,\n'),
        ],
        f"{RACES}::test_partial_refunds_never_add_up_to_more_than_was_paid[postgres]",
    ),
    Protection(
        "SQLite's writers take the lock before they read",
        [Edit(TURN, 'BEGIN = "BEGIN IMMEDIATE"', 'BEGIN = "BEGIN"')],
        # Where this is not so, races are lost and mostly won again: chance must not tell.
        "tests/core/store/test_turns.py::test_who_will_write_has_the_lock_before_they_read",
    ),
    Protection(
        "what expires gives its stock back",
        [
            Edit(
                LIFECYCLE,
                "_FREE = Shift(Stock.RESERVED, Stock.AVAILABLE,",
                "_FREE = Shift(Stock.RESERVED, Stock.WITHHELD,",
            )
        ],
        "tests/Order/test_expiry.py",
    ),
    Protection(
        "late money without its tickets goes back",
        [
            Edit(
                PAYMENTS,
                "return None if _sell_again(context, order, wanted) else ORDER_EXPIRED",
                "return None",
            )
        ],
        "tests/Order/test_expiry.py",
    ),
    Protection(
        "no more is paid than is due",
        [
            Edit(
                PAYMENTS,
                "ALREADY_PAID if payment.money.amount > balance_due(order) else None",
                "None",
            ),
            Edit(FIRST, '"amount_paid - amount_refunded <= total_amount"', '"amount_paid >= 0"'),
        ],
        f"{RACES}::test_of_many_cards_only_one_is_charged",
    ),
    Protection(
        "an answer that is stored is replayed",
        [
            Edit(
                KEYS,
                "            raise AlreadyAnswered(_replay(row, request))",
                "            pass",
            )
        ],
        f"{KEY_TESTS}::TestSameRequest",
    ),
    Protection(
        "a key belongs to one request",
        [
            Edit(
                KEYS,
                "    if not hmac.compare_digest(row.fingerprint, request.fingerprint):\n"
                "        raise IdempotencyKeyReusedError\n",
            )
        ],
        f"{KEY_TESTS}::TestAnotherRequest",
    ),
    Protection(
        "a key belongs to one caller",
        [Edit("work/caller.py", 'return f"user:{self.user_id}"', 'return "user"')],
        f"{KEY_TESTS}::TestAnotherRequest",
    ),
    Protection(
        "a refusal that is stored where only was asked takes back what was changed all the same",
        [
            Edit(
                EXCHANGE,
                "        self._is_touched = True\n        self._say_statement(",
                "        self._say_statement(",
            )
        ],
        f"{EXCHANGE_TESTS}::test_what_was_undone_leaves_nothing_behind",
    ),
    Protection(
        "a connection that the server ended is replaced before it is used",
        [Edit(CONNECTIONS, "if not says_goodbye(", "if 1 or says_goodbye(")],
        f"{CONNECTION_TESTS}::test_a_connection_that_the_server_ended_is_replaced_in_time",
    ),
    Protection(
        "a connection that broke is not kept for the next unit",
        [Edit(CONNECTIONS, "if not _is_as_new(connection):", "if 0:")],
        f"{CONNECTION_TESTS}::test_a_connection_that_broke_is_not_kept",
    ),
    Protection(
        "a stored refusal undoes what was done before it",
        [
            Edit(
                KEYS,
                "    context.undo()\n",
            )
        ],
        f"{KEY_TESTS}::TestRefusal",
    ),
    Protection(
        "a stored answer can't be read without its key",
        [
            Edit(KEYS, "return seal.encrypt(", "return ("),
            Edit(KEYS, "request.seal.decrypt(row.answer)", "row.answer"),
        ],
        f"{KEY_TESTS}::TestStoredAnswer",
    ),
    Protection(
        "a key is forgotten after a day",
        [
            Edit(
                KEYS,
                "if row.id is not None and row.created_at > context.now - LIFETIME:",
                "if row.id is not None:",
            )
        ],
        f"{KEY_TESTS}::TestKey",
    ),
    Protection(
        "a service sees nothing of an answer by which its caller is refused",
        [
            Edit(
                "work/context.py",
                "            except DomainError as refusal:\n"
                "                raise NotAdmittedError(refusal) from None\n",
                "            except DomainError:\n                pass\n",
            )
        ],
        "tests/Auth/test_log_in.py",
    ),
    Protection(
        "what was said before is sent before what a session says",
        [
            Edit(
                EXCHANGE,
                "            exchange.make_way()\n\n    event",
                "            pass\n\n    event",
            )
        ],
        "tests/core/store/test_exchange.py",
    ),
    Protection(
        "an error that was passed over is not taken for a COMMIT",
        [Edit(EXCHANGE, 'if self._cursor.statusmessage != "COMMIT":', "if 0:")],
        "tests/core/store/test_exchange.py",
    ),
    Protection(
        "what a pooler's other connection does not know is not asked of it",
        [Edit(EXCHANGE, "if state not in _NOT_AS_PREPARED:", "if 1:")],
        "tests/core/store/test_exchange.py",
    ),
    Protection(
        "a list of nobody's own is not the list of all",
        [
            Edit(
                "core/store/listing.py",
                "if value is not None} | dict(own)",
                "if value is not None} | {k: v for k, v in own.items() if v is not None}",
            )
        ],
        "tests/Auth/test_log_in.py",
    ),
    Protection(
        "a buyer who is deactivated meanwhile gets no order",
        [
            Edit(
                PLACING,
                'users.c.id == bindparam("new_user_id", type_=BigId), users.c.is_active.is_(True)',
                'users.c.id == bindparam("new_user_id", type_=BigId)',
            ),
            Edit(PLACING, "buyer.with_for_update(read=True)", "buyer"),
        ],
        "tests/Order/test_deactivated_buyers.py",
    ),
    Protection(
        "late money sells all lines of an order again or none",
        [Edit(STOCK, "        if len(taken) != len(wanted):", "        if 0:")],
        "tests/Order/test_late_money_races.py",
    ),
    Protection(
        "who lost a race is run again",
        [Edit("database.py", "MAX_ATTEMPTS = 6", "MAX_ATTEMPTS = 1")],
        "tests/test_database.py",
    ),
    Protection(
        "no COMMIT comes after the deadline",
        [
            Edit(
                "database.py",
                "    if deadline.remaining() < 0:\n        # Nobody",
                "    if 0:\n        # Nobody",
            )
        ],
        "tests/test_database.py",
    ),
    Protection(
        "the queue is bounded",
        [
            Edit(
                "core/store/seats.py",
                "if len(self._waiting) >= self._max_waiting:",
                "if 0:",
            )
        ],
        "tests/test_database.py",
    ),
    Protection(
        "transactions end with the time that is left",
        [
            Edit(
                "core/store/postgres_settings.py",
                '[f"SET LOCAL {name} = {limit}" for name, limit in _limits(seconds)]',
                "[]",
            )
        ],
        "tests/core/store/test_database_waits.py",
    ),
    Protection(
        "nobody waits for a silent server",
        [Edit(ENGINES, "extensions.set_wait_callback(_wait_until_deadline)", "pass")],
        "tests/core/store/test_database_waits.py::TestSilentServer",
    ),
    Protection(
        "connections that the server ended are not used",
        [
            Edit(
                ENGINES,
                '        event.listen(engine, "checkout", _check_for_goodbye)\n',
                "        pass\n",
            )
        ],
        "tests/core/store/test_database_away.py",
    ),
    Protection(
        "SQLite's writers take turns",
        [Edit(TURN, "    with _turn(file):\n", "    with ExitStack():\n")],
        "tests/core/store/test_turns.py",
    ),
    Protection(
        "processes that make the same SQLite file at once wait for each other",
        [
            Edit(
                "core/store/schema_version.py",
                "        use_wal(driver_connection)\n",
                '        driver_connection.execute("PRAGMA journal_mode=WAL")\n',
            )
        ],
        "tests/core/store/test_new_files.py",
    ),
    Protection(
        "a worker that starts while PostgreSQL stops does not end the service",
        [
            Edit(
                "core/store/errors.py",
                '    "SSL was required",\n',
                '    "SSL was required",\n    "FATAL",\n',
            )
        ],
        "tests/core/store/test_start_without_database.py",
    ),
    Protection(
        "who waits is sent away when the process is asked to stop",
        [Edit("main.py", "on_stop(database.refuse_newcomers)", "on_stop(lambda: None)")],
        "tests/test_start.py",
    ),
    Protection(
        "the ledger is never changed",
        [
            Edit(
                LEDGER_MIGRATION,
                "    _open_the_books()\n    _forbid_changes()\n",
                "    _open_the_books()\n",
            )
        ],
        "tests/Ledger/test_reconciliation.py",
    ),
    Protection(
        "no stock moves without its line in the ledger",
        [
            Edit(
                STOCK,
                "[*also, *_entries(holdings, shift)])\n"
                "    _move(context, holdings, shift, on_sale_only=False)",
                "also)\n    _move(context, holdings, shift, on_sale_only=False)",
            )
        ],
        "tests/Ledger/test_reconciliation.py",
    ),
    Protection(
        "the books are compared in one snapshot",
        [
            Edit(
                "database.py",
                '"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"',
                '"BEGIN READ ONLY"',
            )
        ],
        "tests/Ledger/test_reconciliation.py",
    ),
    *LIMITS,
    *EDGE,
    *ACCOUNTS,
    *OF_BROWSERS,
    *RECORDS,
    *OF_MONEY,
    *OF_REFUNDS,
    *OF_PAYMENTS,
    *OF_DISPUTES,
    *OF_STRIPE,
    *OF_POSTGRES,
    *PRIVACY,
)
