"""What protects the record of who did what, and what the log must not have."""

from tests.protections.removing import Edit, Protection

RECORDS = (
    Protection(
        "what a caller calls its request is not the request's id",
        [
            Edit(
                "core/http/middleware.py",
                "request_id, client_id = logs.new_request_id(), _client_request_id(scope)",
                "client_id = _client_request_id(scope)\n"
                "        request_id = client_id or logs.new_request_id()",
            )
        ],
        "tests/Ledger/test_history.py::TestWhoAsked",
    ),
    Protection(
        "every line of the ledger says whose doing it was",
        [Edit("Ledger/services/ledger_service.py", "actor or context.caller.actor", "Actor('-')")],
        "tests/Ledger/test_actors.py::TestAnActor",
    ),
    Protection(
        "customers are not told who served them",
        [
            Edit(
                "Order/services/history_service.py",
                "reader.is_box_office or moves[0].actor == reader.actor.name",
                "True",
            )
        ],
        "tests/Ledger/test_actors.py::TestAnActor",
    ),
    Protection(
        "the audit is never changed",
        [
            Edit(
                "migrations/versions/0014_audit_retention.py",
                '_refuse_in_postgres("UPDATE OR TRUNCATE")',
                '_refuse_in_postgres("DELETE")',
            )
        ],
        "tests/Ledger/test_audit.py",
    ),
    Protection(
        "the audit of a year is never removed",
        [
            Edit(
                "migrations/versions/0014_audit_retention.py",
                "clock_timestamp() - interval '365 days'",
                "clock_timestamp()",
            ),
            Edit(
                "migrations/versions/0014_audit_retention.py",
                "'now', '-365 days'",
                "'now'",
            ),
        ],
        "tests/Ledger/test_audit.py",
    ),
    Protection(
        "nobody gives the audit another clock",
        [
            Edit(
                "migrations/versions/0014_audit_retention.py",
                '        " SET search_path = pg_catalog, pg_temp AS"\n',
                '        " AS"\n',
            )
        ],
        "tests/Privacy/test_retention.py::TestTheAudit",
    ),
    Protection(
        "a role that is given is in the audit",
        [
            Edit(
                "User/services/user_service.py",
                "        audit_service.record(context, Action.ROLE_CHANGED, _object(row), roles)\n",
                "        pass\n",
            )
        ],
        "tests/Ledger/test_audit.py",
    ),
    Protection(
        "whom an administrator is told about is in the audit",
        [Edit("Privacy/flows/export_user.py", "if caller.user_id != user_id:", "if 0:")],
        "tests/Ledger/test_audit.py",
    ),
    Protection(
        "keys that end with their owner's rights are in the audit",
        [
            Edit(
                "User/services/api_key_service.py",
                "        audit_service.record(context, Action.API_KEYS_ENDED,"
                ' f"user:{user_id}", told)\n',
                "        pass\n",
            )
        ],
        "tests/Ledger/test_audit.py",
    ),
    Protection(
        "the words of a database stay out of the log",
        [
            Edit(
                "core/traces.py",
                'if not any(one.__module__.partition(".")[0] in _SPEAK_OF_DATA '
                "for one in kind.__mro__):",
                "if 1:",
            )
        ],
        "tests/core/test_personal_data_in_logs.py",
    ),
    Protection(
        "who registers second is told so without an error of the database",
        [
            Edit(
                "User/services/user_service.py",
                "made = statement.on_conflict_do_nothing()",
                "made = statement",
            )
        ],
        "tests/core/test_personal_data_in_logs.py",
    ),
    Protection(
        "accounts and addresses in the log are told by nobody without the key",
        [
            Edit(
                "Auth/pseudonyms.py",
                'hmac.digest(secret.encode(), b"pseudonyms in the log", "sha256")',
                'b"known"',
            )
        ],
        "tests/Auth/test_callers_in_logs.py",
    ),
)
