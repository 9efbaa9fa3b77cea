"""What keeps names that look alike from being two, each with the test that misses it."""

from tests.protections.removing import Edit, Protection

SETTLING = "Order/services/transaction_service.py"
SPELLINGS = "tests/Order/test_spellings.py"
VISIBLE = "tests/core/test_visible.py"
PASSWORDS = "tests/Auth/test_password_spelling.py"
SCHEMAS = "core/schemas.py"

NAMES = (
    Protection(
        "a reference is good for one success in any spelling of the way to pay",
        [
            Edit(
                SETTLING,
                "    method_key = name_key(body.payment_method)\n",
                "    method_key = body.payment_method\n",
            )
        ],
        f"{SPELLINGS}::TestTransactions",
    ),
    Protection(
        "a payment that is changed keeps the key of its way to pay",
        [
            Edit(
                SETTLING,
                '        changes["payment_method_key"] = name_key(changes["payment_method"])\n',
                "        pass\n",
            )
        ],
        f"{SPELLINGS}::TestTransactions",
    ),
    Protection(
        "references that two spellings share survive the migration",
        [
            Edit(
                "migrations/versions/0015_spellings.py",
                "        op.execute(_SHARED)\n",
                "        pass\n",
            )
        ],
        "tests/core/store/test_spelling_migration.py",
    ),
    Protection(
        "flags that differ are not one name",
        [Edit("core/text.py", 'lambda found: found[1] or ""', 'lambda found: ""')],
        f"{SPELLINGS}::test_flags_and_pictures_that_differ_are_rows_of_their_own",
    ),
    Protection(
        "references that are one again survive the way back to one key",
        [Edit("migrations/versions/0018_pictures.py", "        op.execute(_SHARED)\n", "")],
        "tests/core/store/test_picture_migration.py",
    ),
    Protection(
        "a text shows something",
        [Edit(SCHEMAS, "    if value and not _SEEN.search(value):", "    if 0:")],
        f"{VISIBLE}::test_one_that_shows_nothing_is_refused",
    ),
    Protection(
        "a reference hides nothing",
        [Edit(SCHEMAS, "    if _HIDDEN.search(value):", "    if 0:")],
        f"{VISIBLE}::test_a_reference_hides_nothing",
    ),
    Protection(
        "passwords are judged as they are hashed",
        [Edit("User/schemas/password.py", "    BeforeValidator(_spelled_once),\n")],
        f"{PASSWORDS}::test_it_is_judged_as_it_is_hashed",
    ),
    Protection(
        "it takes as long to compare nobody's password",
        [
            Edit(
                "User/services/hashing.py",
                "if right or today == password:",
                "if right or stored == self._nobody or today == password:",
            )
        ],
        f"{PASSWORDS}::test_nobodys_takes_as_many_hashes_as_somebodys",
    ),
    Protection(
        "the last administrator who can log in stays one",
        [
            Edit(
                "User/services/administrators.py",
                " or (is_needed and not any(can_log_in.values()))",
            )
        ],
        "tests/Auth/test_administrators.py::test_who_can_not_log_in_is_no_other_one",
    ),
    Protection(
        "units that come with the total go on sale",
        [Edit("Ticket/services/ticket_service.py", "body.changed_in(row)", "body.sent()")],
        "tests/core/test_sent_back.py",
    ),
)
