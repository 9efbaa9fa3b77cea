"""What protects payments from buyers and cashiers, each with the test that misses it."""

from tests.protections.removing import Edit, Protection

SETTLING = "Order/services/transaction_service.py"
REFERENCE_MIGRATION = "migrations/versions/0008_payments_in_flight.py"
RACES = "tests/concurrency/test_races.py"
SETTLING_TESTS = "tests/Order/test_settling.py"

OF_MONEY = (
    Protection(
        "an amount that differs from what arrived is not settled",
        [Edit(SETTLING, "    _require_as_read(body, row)\n")],
        f"{SETTLING_TESTS}::TestWhatWasLookedAt",
    ),
    Protection(
        "a buyer can't change what the box office may be looking at",
        [Edit(SETTLING, "    _require_open(context, row, changes)\n")],
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
)
