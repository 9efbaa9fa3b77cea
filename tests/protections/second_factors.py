"""The protections of second factors."""

from tests.protections.removing import Edit, Protection

SERVICE = "User/services/second_factor_service.py"
TESTS = "tests/Auth/test_second_factor.py"
REQUIRED = "tests/Auth/test_second_factor_required.py"
SECRETS = "tests/Auth/test_second_factor_secrets.py"

SECOND_FACTORS = (
    Protection(
        "a log-in takes the second factor that the account has",
        [
            Edit(
                "Auth/flows/log_in.py",
                "return second_factor_service.check("
                "context, proof.user_id, shown.otp, seal=means.seal)",
                "return False",
            )
        ],
        f"{TESTS}::TestLogIn",
    ),
    Protection(
        "a code that was shown is not taken again",
        [Edit(SERVICE, "(factor.last_step is not None and step <= factor.last_step)", "False")],
        f"{TESTS}::TestLogIn::test_is_not_opened_by_a_code_that_was_shown",
    ),
    Protection(
        "a factor is locked while a code of it is taken",
        [
            Edit(
                SERVICE,
                "where(_FACTORS.user_id == user_id).with_for_update()",
                "where(_FACTORS.user_id == user_id)",
            )
        ],
        f"{TESTS}::TestLogIn::test_locks_the_factor_before_a_code_is_judged",
    ),
    Protection(
        "a recovery code is gone with its use",
        [
            Edit(
                SERVICE,
                "delete(recovery_codes).where(*is_it).returning(_CODES.id)",
                "select(_CODES.id).where(*is_it)",
            )
        ],
        f"{TESTS}::TestRecoveryCodes",
    ),
    Protection(
        "a stolen token takes off no second factor",
        [
            Edit(
                SERVICE,
                "    _require_both(context, proof, otp, seal)\n    _remove(context, proof.user_id)",
                "    _remove(context, proof.user_id)",
            )
        ],
        f"{TESTS}::TestStolenToken",
    ),
    Protection(
        "nobody takes off their own second factor as an administrator",
        [
            Edit(
                SERVICE,
                "    if context.caller.user_id == user_id:\n        raise OwnSecondFactorError\n",
            )
        ],
        f"{TESTS}::TestStolenToken",
    ),
    Protection(
        "log-ins by password alone end with the enrolment",
        [
            Edit(
                SERVICE,
                "    log_in_service.revoke(context, login_sessions.c.user_id == user_id, "
                "~is_this)\n",
            )
        ],
        f"{TESTS}::TestEnrolment",
    ),
    Protection(
        "codes are counted as passwords are",
        [Edit("Auth/flows/second_factor.py", "    await count_own(work, user_id, attempts)\n")],
        f"{REQUIRED}::TestGuessing",
    ),
    Protection(
        "without a second factor, where it is required, a log-in is good for enrolling only",
        [
            Edit(
                "Auth/gatekeeper.py",
                "                entry.require_enrolling()\n",
                "                pass\n",
            )
        ],
        f"{REQUIRED}::test_it_can_do_nothing_else",
    ),
    Protection(
        "a log-in by password alone is not taken for one with a second factor",
        [
            Edit(
                "User/services/log_in_service.py",
                "has_second_factor=shown",
                "has_second_factor=True",
            )
        ],
        f"{REQUIRED}::test_it_can_do_nothing_else",
    ),
    Protection(
        "no key is made around the second factor",
        [
            Edit(
                "User/services/api_key_service.py",
                "    second_factor_service.require_where_demanded("
                "context, context.caller.user_id, role)\n",
            )
        ],
        f"{TESTS}::test_a_key_is_made_only_where_the_factor_stands",
    ),
    Protection(
        "secrets of second factors are sealed for their owner",
        [
            Edit(
                "User/services/factor_seal.py",
                'return f"user {user_id}".encode()',
                'return b"user" * bool(user_id)',
            )
        ],
        f"{SECRETS}::TestAtRest",
    ),
    Protection(
        "secrets of second factors outlive the key that they were sealed with",
        [
            Edit(
                SERVICE,
                '        fields["sealed_secret"] = seal.shut(factor.user_id, opened.secret)\n',
                "        pass\n",
            )
        ],
        f"{SECRETS}::TestRotation",
    ),
)
