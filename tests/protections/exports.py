"""The protections of exports: one state of the data, whole or not at all, beside those who buy."""

from tests.protections.removing import Edit, Protection

EXPORTS = "core/store/exports.py"
FILES = "core/http/files.py"
STORE_TESTS = "tests/core/store/test_exports.py"
FILE_TESTS = "tests/Order/test_exports.py"

EXPORTING = (
    Protection(
        "a spreadsheet computes nothing that somebody wrote",
        [
            Edit(
                "core/spreadsheets.py",
                '_FORMULA.sub(r"\\1\'", value)',
                "value",
            )
        ],
        f"{FILE_TESTS}::TestTexts::test_that_look_like_formulas_are_none",
    ),
    Protection(
        "an export is of one state of the data",
        [Edit("database.py", "REPEATABLE READ READ ONLY", "READ COMMITTED READ ONLY")],
        f"{STORE_TESTS}::TestSnapshot::test_is_one_state_of_the_data",
    ),
    Protection(
        "no more exports are made at once than a process has room for",
        [Edit(EXPORTS, "        if self.under_way >= AT_ONCE:\n", "        if 0:\n")],
        f"{STORE_TESTS}::TestCrowd::test_only_so_many_are_made_at_once",
    ),
    Protection(
        "an export that can't begin leaves its place to the next",
        [
            Edit(
                EXPORTS,
                "            await export.close()\n            raise\n",
                "            raise\n",
            )
        ],
        f"{STORE_TESTS}::TestCrowd::test_one_that_can_not_begin_leaves_its_place",
    ),
    Protection(
        "an export ends in its time",
        [Edit(EXPORTS, "if begun > self._ends:", "if 0:")],
        f"{STORE_TESTS}::TestSnapshot::test_that_takes_longer_than_it_may_is_broken_off",
    ),
    Protection(
        "an export rests while others are served",
        [Edit(EXPORTS, "        if not self._are_others_served():\n", "        if 1:\n")],
        f"{STORE_TESTS}::TestCrowd::test_rests_while_others_are_served",
    ),
    Protection(
        "a part of a file is not taken for the whole",
        [
            Edit(
                FILES,
                "            logger.warning(",
                '            await send(_body(b"", more=False))\n            logger.warning(',
            )
        ],
        f"{STORE_TESTS}::TestAnswer::test_that_fails_on_its_way_has_no_end",
    ),
    Protection(
        "the name of an address is no value for a parameter of another",
        [
            Edit(
                "core/http/routes.py",
                'if named is not None and scope["method"] not in named:',
                "if 0:",
            )
        ],
        f"{FILE_TESTS}::TestFile::test_is_no_id_of_anything",
    ),
)
