"""The protections of accounts, their log-ins and their keys."""

from tests.protections.removing import Edit, Protection

PROOF = "User/services/proof_service.py"
LOG_INS = "User/services/log_in_service.py"
KEYS = "User/services/api_key_service.py"
USERS = "User/services/user_service.py"
RACES = "tests/Auth/test_log_in_races.py"
SESSIONS = "tests/Auth/test_sessions.py"
KEY_ENDS = "tests/Auth/test_api_key_ends.py"

ACCOUNTS = (
    Protection(
        "a password that was changed while it was compared opens nothing",
        [
            Edit(
                PROOF,
                "    if row.password_hash != proof.password_hash:\n"
                "        raise ProofOutdatedError\n",
            )
        ],
        f"{RACES}::TestLogIn",
    ),
    Protection(
        "a token is for this service, by this service, and of this kind",
        [
            Edit("User/services/tokens.py", "            audience=AUDIENCE,\n"),
            Edit("User/services/tokens.py", '{"require": _CLAIMS,', '{"verify_aud": False,'),
        ],
        "tests/Auth/test_tokens.py",
    ),
    Protection(
        "no password is the name of this service",
        [Edit("User/schemas/password.py", "    if letters in OWN_WORDS:", "    if 0:")],
        "tests/Auth/test_log_in.py::TestPasswordsAndRoles::test_weak_passwords_are_refused",
    ),
    Protection(
        "the account is locked while a log-in is opened",
        [
            Edit(
                PROOF,
                "statement.with_for_update(read=not changes, key_share=changes)",
                "statement",
            )
        ],
        f"{RACES}::TestUnderLock",
    ),
    Protection(
        "the account is locked while a key is made",
        [
            Edit(
                KEYS,
                "context.session.execute(owner.with_for_update(key_share=True))",
                "context.session.execute(owner)",
            )
        ],
        f"{RACES}::TestApiKey",
    ),
    Protection(
        "keys end with the password",
        [
            Edit(
                "User/services/account_service.py",
                "    if not keep_keys:\n        api_key_service.end_all(context, user_id)\n",
            )
        ],
        f"{KEY_ENDS}::TestPassword",
    ),
    Protection(
        "keys end with the account, for good",
        [
            Edit(
                USERS,
                '    if changes.get("is_active") is False:\n'
                "        api_key_service.end_all(context, user_id)\n",
            )
        ],
        f"{KEY_ENDS}::TestDeactivation",
    ),
    Protection(
        "keys are lowered with their owner, for good",
        [
            Edit(
                USERS,
                '        api_key_service.lower_all(context, user_id, changes["role"])\n',
                "        pass\n",
            )
        ],
        f"{KEY_ENDS}::TestDemotion",
    ),
    Protection(
        "keys end with the key that they were made with",
        [Edit(KEYS, "all_gone = gone.union_all(made_with)", "all_gone = gone")],
        f"{KEY_ENDS}::TestMadeWithAKey",
    ),
    Protection(
        "no key outlives the key that it was made with",
        [
            Edit(
                KEYS,
                "    if context.caller.key_id is not None:\n        of_parent",
                "    if 0:\n        of_parent",
            )
        ],
        f"{KEY_ENDS}::TestMadeWithAKey",
    ),
    Protection(
        "a user has so many keys and no more",
        [Edit(KEYS, "    _require_room(context)\n")],
        f"{KEY_ENDS}::TestNumber",
    ),
    Protection(
        "the moment in which a refresh may be repeated ends",
        [
            Edit(
                LOG_INS,
                "if row.previous_hash is None or row.rotated_at + context.terms.access.grace"
                " <= context.now:",
                "if row.previous_hash is None:",
            )
        ],
        f"{SESSIONS}::TestGrace",
    ),
    Protection(
        "a refresh token that was stolen ends the log-in",
        [
            Edit(
                LOG_INS,
                "    revoke(context, login_sessions.c.id == row.id)\n    return None\n",
                "    return None\n",
            )
        ],
        "tests/Auth/test_log_in.py::TestRefresh",
    ),
    Protection(
        "a log-in ends, however often it is refreshed",
        [
            Edit(
                LOG_INS,
                "min(context.now + LIFETIME, opened_at + context.terms.access.log_in)",
                "context.now + LIFETIME if opened_at else context.now",
            ),
            # The wall behind it.
            Edit(
                LOG_INS,
                "min(row.expires_at, row.created_at + context.terms.access.log_in)",
                "row.expires_at",
            ),
        ],
        f"{SESSIONS}::TestEnd",
    ),
    Protection(
        "one's own names are changed with the password",
        [Edit(USERS, "        _require_proof(context, row, proof)\n", "        pass\n")],
        "tests/Auth/test_own_names.py::TestPassword",
    ),
    Protection(
        "names are compared in one form",
        [
            Edit(
                "core/text.py",
                'unicodedata.normalize("NFKC", folded.casefold())',
                "name_key(value)",
            )
        ],
        "tests/Auth/test_own_names.py::TestOneForm",
    ),
    Protection(
        "all administrators are locked before one goes",
        [
            Edit(
                "User/services/administrators.py",
                "all_of_them.with_for_update(key_share=True)",
                "all_of_them",
            )
        ],
        "tests/Auth/test_administrators.py",
    ),
)
