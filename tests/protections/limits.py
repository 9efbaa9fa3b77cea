"""The protections of limits: what a flood, a guesser or a hoarder of answers meets."""

from tests.protections.removing import Edit, Protection

ADDRESSES = "Auth/addresses.py"

LIMITS = (
    Protection(
        "the server believes no caller where it comes from",
        [Edit("tools/server.py", '    options += ["--no-proxy-headers"]\n')],
        "tests/Auth/test_forged_origin.py::test_a_caller_that_writes_a_new_address_with_each_guess_meets_the_limit",
    ),
    Protection(
        "callers without an address count as one",
        [
            Edit(
                ADDRESSES,
                "    if seen is None:\n        return UNKNOWN\n",
                "    if seen is None:\n        return peer\n",
            )
        ],
        "tests/Auth/test_addresses.py",
    ),
    Protection(
        "a search has a bound of words",
        [Edit("Ticket/schemas.py", "if words > MAX_WORDS:", "if False:")],
        "tests/Ticket/test_search.py",
    ),
)
