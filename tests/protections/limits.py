"""The protections of limits: what a flood, a guesser or a hoarder of answers meets."""

from tests.protections.removing import Edit, Protection

ADDRESSES = "Auth/addresses.py"
ANSWERS = "Auth/answers.py"
RATE = "Auth/limits.py"

LIMITS = (
    Protection(
        "who is refused by their own limit takes nothing from others at the address",
        [
            Edit(RATE, "            _take_here(scope, self._read, account, units)\n"),
            Edit(
                RATE,
                "            _take_here(scope, self._read_address, address, units)\n",
                "            _take_here(scope, self._read_address, address, units)\n"
                "            _take_here(scope, self._read, account, units)\n",
            ),
        ],
        "tests/Auth/test_floods.py::TestReads::"
        "test_that_were_refused_take_nothing_from_others_at_the_address",
    ),
    Protection(
        "the server believes no caller where it comes from",
        [
            Edit("core/http/serving.py", '"proxy_headers": False', '"proxy_headers": True'),
            Edit(
                "core/http/serving.py",
                "        config.loaded_app = config.loaded_app.app\n",
                "        pass\n",
            ),
        ],
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
    Protection(
        "a key that somebody made up has no account of its own",
        [
            Edit(
                RATE,
                'return f"key:{key_hash}" if key_hash in self._known_keys else None',
                'return f"key:{key_hash}"',
            )
        ],
        "tests/Auth/test_floods.py::TestInventedKeys",
    ),
    Protection(
        "who looks at no credentials counts no account",
        [Edit(RATE, "None if route is None or _is_indifferent(route) else ", "")],
        "tests/Auth/test_floods.py::TestTokens",
    ),
    Protection(
        "the address pays for all of its accounts",
        [Edit(RATE, "_take_here(scope, self._write_address, address, 1)", "pass")],
        "tests/Auth/test_floods.py::TestTokens",
    ),
    Protection(
        "a write pays for its answer",
        [Edit(RATE, "more = answered // _BYTES_OF_A_WRITE", "more = 0")],
        "tests/Auth/test_floods.py::TestCostOfAWrite",
    ),
    Protection(
        "reads are counted by what they cost",
        [Edit("work/weights.py", "return int(getattr(endpoint, _NAME, by_kind))", "return 1")],
        "tests/Auth/test_floods.py::TestReads",
    ),
    Protection(
        "what may be repeated stores nothing",
        [Edit("work/access.py", "return getattr(endpoint, _REPEATABLE, False)", "return False")],
        "tests/work/test_idempotency.py::TestSameRequest",
    ),
    Protection(
        "stored answers are bounded by number",
        [Edit(ANSWERS, "(wait := bucket.wait(name)) > 0", "(wait := -1.0) > 0")],
        "tests/Auth/test_stored_answers.py::TestNumber",
    ),
    Protection(
        "stored answers are bounded by size",
        [Edit(ANSWERS, "more if by_size else answers", "0 if by_size else answers")],
        "tests/Auth/test_stored_answers.py::TestSize",
    ),
    Protection(
        "who guesses slowly is bounded by the day",
        [Edit(RATE, "for one in (short, day) if", "for one in (short,) if")],
        "tests/Auth/test_guessing.py::TestDay",
    ),
    Protection(
        "the owner keeps the quota of where they logged in before",
        [Edit(RATE, "for one in () if is_known_here else self", "for one in self")],
        "tests/Auth/test_guessing.py::TestOwner",
    ),
    Protection(
        "the names of an account count together",
        [
            Edit(
                "Auth/attempts.py",
                'return account_key(name) if user_id is None else f"user {user_id}"',
                "return account_key(name)",
            )
        ],
        "tests/Auth/test_guessing.py::TestNames",
    ),
    Protection(
        "tries to find out names by sharing are counted",
        [
            Edit(
                "Order/flows/share_order.py",
                "        await count_share(caller.user_id)\n",
                "        pass\n",
            )
        ],
        "tests/Auth/test_limits.py::TestSharing",
    ),
    Protection(
        "a shared store of limits has no names",
        [
            Edit(
                RATE,
                "return caller if is_own else self._pseudonyms.counted(caller)",
                "return caller",
            )
        ],
        "tests/Auth/test_limits.py::TestStore",
    ),
    Protection(
        "the database has no addresses of callers",
        [
            Edit(
                "Auth/gatekeeper.py",
                "Caller(household=self._pseudonyms.household(scope))",
                "Caller(household=household_of(scope, self._settings.trusted_proxies))",
            )
        ],
        "tests/Auth/test_stored_answers.py::TestOfNobodyInParticular",
    ),
)
