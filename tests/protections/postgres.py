"""The protections of what a PostgreSQL is told, and of which one is refused."""

from tests.protections.removing import Edit, Protection

ERRORS = "core/store/errors.py"
EXCHANGE = "core/store/exchange.py"
FITNESS = "core/store/fitness.py"
POSTGRES = "core/store/postgres_settings.py"
FITNESS_TESTS = "tests/core/store/test_fitness.py"
POOLER_TESTS = "tests/core/store/test_poolers.py"
POSTGRES_TESTS = "tests/core/store/test_postgres_settings.py"
START_TESTS = "tests/core/store/test_start_without_database.py"

OF_POSTGRES = (
    Protection(
        "nothing is left on a connection that a pooler gives to others",
        [Edit(POSTGRES, '    " WHERE pg_backend_pid() = %s"', '    " WHERE %s > 0"')],
        f"{POOLER_TESTS}::TestSettings",
    ),
    Protection(
        "a question through a pooler has its limits with it",
        [
            Edit(
                EXCHANGE,
                "            self._begin = _BY_ITSELF\n            self._say_begin()\n",
                "            pass\n",
            )
        ],
        f"{POOLER_TESTS}::TestSettings",
    ),
    Protection(
        "UTF-8 is spoken, whatever the surroundings say",
        [Edit(POSTGRES, '"client_encoding": "utf8"')],
        f"{POSTGRES_TESTS}::TestUtf8",
    ),
    Protection(
        "a transaction sees what others commit, whatever the role's default",
        [Edit("database.py", 'WRITE = "BEGIN ISOLATION LEVEL READ COMMITTED"', 'WRITE = "BEGIN"')],
        f"{POSTGRES_TESTS}::TestOurs",
    ),
    Protection(
        "a database that can't keep every name is refused",
        [Edit(FITNESS, "if encoding == _ENCODING:", "if encoding:")],
        f"{FITNESS_TESTS}::TestEncoding",
    ),
    Protection(
        "who can't sell is not ready",
        [Edit(FITNESS, '.scalar_one() == "on"', '.scalar_one() == "never"')],
        f"{FITNESS_TESTS}::TestReadiness",
    ),
    Protection(
        "who may not sell is not ready",
        [Edit(FITNESS, "if rights := ", "if rights := False and ")],
        f"{FITNESS_TESTS}::TestReadiness",
    ),
    Protection(
        "a start that would never succeed ends",
        [Edit(ERRORS, '    "unsupported startup parameter",\n')],
        START_TESTS,
    ),
    Protection(
        "a retry's pause keeps nobody else waiting",
        [
            Edit(
                "database.py",
                "                    pause(random",
                "                    __import__('time').sleep(random",
            )
        ],
        "tests/core/store/test_strands.py",
    ),
    Protection(
        "a report keeps nobody else waiting",
        [Edit("core/store/seats.py", "self._in_loop and not is_long", "self._in_loop")],
        "tests/core/store/test_strands.py",
    ),
    Protection(
        "whoever connects keeps nobody else waiting",
        [
            Edit(
                "core/store/connections.py",
                "        return aside(self._engine.connect)",
                "        return self._engine.connect()",
            )
        ],
        "tests/core/store/test_strands.py",
    ),
    Protection(
        "a unit of work has the context of who asks",
        [
            Edit(
                "core/store/strands.py",
                "        self.gr_context = contextvars.copy_context()\n",
                "        self.gr_context = contextvars.Context()\n",
            )
        ],
        "tests/core/store/test_strands.py",
    ),
    Protection(
        "what is being done is waited for at the end",
        [Edit("database.py", "await seating.emptied()", "pass")],
        "tests/core/store/test_strands.py::TestTheEnd",
    ),
)
