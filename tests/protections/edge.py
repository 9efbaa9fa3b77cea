"""Every protection of what comes before a request is at work, and the test that misses it."""

from tests.protections.removing import Edit, Protection

GATEKEEPER = "Auth/gatekeeper.py"
BODIES, HEADS = "core/http/bodies.py", "core/http/heads.py"
CONNECTIONS = "core/http/connections.py"
AMPLIFICATION = "tests/core/http/test_amplification.py"
HEAD_TESTS = "tests/core/http/test_heads.py"
CONNECTION_TESTS = "tests/core/http/test_connections.py"
CONDITIONAL = "tests/core/http/test_conditional.py"
CONDITIONS = "tests/work/test_conditions.py"
RAN_OUT = "tests/Order/test_meant_for_what_ran_out.py"
JUDGED_FIRST = "tests/Auth/test_judged_first.py"

EDGE = (
    Protection(
        "what follows a body is no header",
        [Edit(CONNECTIONS, "        self.headers = []\n")],
        f"{CONNECTION_TESTS}::TestWhatFollowsABody",
    ),
    Protection(
        "who asks is judged before the body is read",
        [
            Edit(
                GATEKEEPER,
                "if token is None:\n            raise InvalidTokenError\n        return",
                "return",
            ),
            Edit(
                GATEKEEPER,
                "if token.has_ended(now):",
                "if token is None or token.has_ended(now):",
            ),
        ],
        f"{JUDGED_FIRST}::test_a_megabyte_under_bad_credentials_is_not_read",
    ),
    Protection(
        "a number that no database can hold is no identity",
        [
            Edit(
                "User/services/tokens.py",
                "if not (0 < said.user_id <= MAX_ID and 0 < said.log_in_id <= MAX_ID):",
                "if False:",
            )
        ],
        f"{JUDGED_FIRST}::TestNumbersInTokens",
    ),
    Protection(
        "a body is bounded before it is parsed",
        [Edit(BODIES, "    if values > MAX_VALUES:\n        raise HTTPException(413)\n")],
        f"{AMPLIFICATION}::TestBodies",
    ),
    Protection(
        "a page can't be given another base or other targets of forms",
        [
            Edit(
                "core/http/security_headers.py",
                "object-src 'none'; base-uri 'none'; form-action 'none'; \"",
                '"',
            )
        ],
        "tests/core/http/test_security_headers.py::TestEveryAnswer",
    ),
    Protection(
        "objects, lists and depth of a body are bounded before it is validated",
        [Edit(BODIES, "        await _require_bounded(request)\n", "        pass\n")],
        f"{AMPLIFICATION}::TestBodies",
    ),
    Protection(
        "an answer tells of twenty mistakes",
        [Edit("core/http/problems.py", "for item in found[:MAX_ERRORS]]", "for item in found]")],
        f"{AMPLIFICATION}",
    ),
    Protection(
        "an answer does not repeat long names",
        [Edit("core/http/problems.py", "_MAX_NAME = 64", "_MAX_NAME = 10_000_000")],
        f"{AMPLIFICATION}",
    ),
    Protection(
        "an address is bounded",
        [Edit(HEADS, "len(query) > MAX_TARGET or", "len(query) > 10 * MAX_TARGET or")],
        f"{HEAD_TESTS}::TestSizes",
    ),
    Protection(
        "what can be said once is not said twice",
        [
            Edit(
                HEADS,
                "if len(said) != len(headers) and _says_twice(headers):",
                "if False:",
            )
        ],
        f"{HEAD_TESTS}::TestTwice",
    ),
    Protection(
        "a host is a host",
        [Edit(HEADS, "return None if hostname(host) else _NO_HOST", "return None")],
        f"{HEAD_TESTS}::TestHost",
    ),
    Protection(
        "no answer repeats a foreign host",
        [
            Edit(
                "work/unit_of_work.py",
                'return f"{url.path}?{url.query}"',
                "return str(url)",
            )
        ],
        f"{HEAD_TESTS}::TestAnswers",
    ),
    Protection(
        "what a proxy passes on is not this machine's",
        [Edit("Auth/credentials.py", "not _was_passed_on(scope, headers) and ")],
        "tests/Auth/test_open_mode.py::TestEverybodyElse",
    ),
    Protection(
        "behind a proxy there is no open mode",
        [
            Edit(
                "core/settings.py",
                "not (self.auth_required or is_behind_proxy)",
                "not self.auth_required",
            )
        ],
        "tests/Auth/test_open_mode.py::TestOtherModes",
    ),
    Protection(
        "a head has a size while it comes",
        [
            Edit(
                CONNECTIONS,
                "        if self._bytes_outside > self.max_head_bytes:\n"
                "            self._refuse_head()\n"
                "        elif self._patience",
                "        if self._patience",
            )
        ],
        f"{CONNECTION_TESTS}::TestHeads",
    ),
    Protection(
        "a head has a size when it is there",
        [Edit(CONNECTIONS, "            raise TooLargeError\n", "            pass\n")],
        f"{CONNECTION_TESTS}::TestHeads",
    ),
    Protection(
        "a connection has a time for its request",
        [Edit(CONNECTIONS, "call_later(self.head_seconds,", "call_later(1e6,")],
        f"{CONNECTION_TESTS}::TestTime",
    ),
    Protection(
        "an answer that nobody reads is dropped",
        [
            Edit(
                CONNECTIONS,
                '            self._cut("the answer is not read")\n',
                "            pass\n",
            )
        ],
        f"{CONNECTION_TESTS}::TestAnswers",
    ),
    Protection(
        "connections are counted",
        [Edit(CONNECTIONS, "len(self.connections) > self._max_connections", "False")],
        f"{CONNECTION_TESTS}::TestConnections",
    ),
    Protection(
        "only named proxies are believed",
        [
            Edit(
                "core/http/serving.py",
                '"proxy_headers": False',
                '"proxy_headers": True',
            ),
            Edit(
                "core/http/serving.py",
                "        config.loaded_app = config.loaded_app.app\n",
                "        pass\n",
            ),
        ],
        "tests/test_serving.py",
    ),
    Protection(
        "connections are bounded also where uvicorn is started by hand",
        [
            Edit(
                "core/http/serving.py",
                "        config.http_protocol_class = BoundedProtocol\n",
                "        pass\n",
            )
        ],
        "tests/test_serving.py",
    ),
    Protection(
        "304 is said of the same bytes only",
        [Edit("core/etags.py", "sha256(body).hexdigest()[:_DIGITS]", '"0" * _DIGITS')],
        f"{CONDITIONAL}::TestIfNoneMatch",
    ),
    Protection(
        "304 is said of a list with the same next page and count only",
        [
            Edit(
                "work/unit_of_work.py",
                '            *(f"{name}: {said}".encode() for name, said in headers.items()),\n',
                "",
            )
        ],
        f"{CONDITIONAL}::TestIfNoneMatch",
    ),
    Protection(
        "304 is said of a list whose count is as exact as it was only",
        [
            Edit(
                "work/unit_of_work.py",
                'f"{name}: {said}".encode() for name, said in headers.items()',
                "said.encode() for said in headers.values()",
            )
        ],
        "tests/test_large_lists.py::test_the_tag_of_a_list_tells_an_exact_count_from_a_bound",
    ),
    Protection(
        "a change that is meant for another state is not made",
        [
            Edit(
                "core/etags.py",
                "and _state_of(stored.updated_at) not in self.states:",
                "and False:",
            )
        ],
        f"{CONDITIONAL}::TestIfMatch",
    ),
    Protection(
        "an operation that can't keep a condition does not pass over it",
        [
            Edit(
                "work/conditions.py",
                '    if not is_conditional(scope["endpoint"]):\n',
                '    if not is_conditional(scope["endpoint"]):\n        return None\n',
            )
        ],
        f"{CONDITIONS}::test_what_can_not_keep_a_condition_refuses_it",
    ),
    Protection(
        "nothing is committed whose condition was not looked at",
        [Edit("work/unit_of_work.py", "            context.require_heard()\n", "")],
        f"{CONDITIONS}::TestAnOperationThatForgetsToCompare",
    ),
    Protection(
        "what is removed is in the state that is meant",
        [Edit("Order/services/cart_service.py", "    context.require_meant(row)\n", "")],
        f"{CONDITIONS}::TestIfMatch",
    ),
    Protection(
        "who changes an order that ran out means the state that is served",
        [
            Edit(
                "Order/services/order_lifecycle.py",
                "    context.require_current(body or AsRead(), row)\n"
                "    return up_to_date(context, row)\n",
                "    row = up_to_date(context, row)\n"
                "    context.require_current(body or AsRead(), row)\n"
                "    return row\n",
            )
        ],
        RAN_OUT,
    ),
    Protection(
        "who changes money of an order that ran out means the state that is served",
        [
            Edit(
                "Order/services/transaction_service.py",
                "    is_over = is_overdue(locked, context.now)\n",
                "    is_over = False\n",
            )
        ],
        RAN_OUT,
    ),
    Protection(
        "of two who mean the same state of a ticket one changes it",
        [
            Edit(
                "Ticket/services/ticket_service.py",
                "    row = _lock(context, ticket_id)\n    context.require_meant(row)\n",
                "    found = select(*tickets.c).where(tickets.c.id == ticket_id)\n"
                "    row = context.session.execute(found).one()\n"
                "    context.require_meant(row)\n",
            )
        ],
        "tests/concurrency/test_meant_for_one_state.py",
    ),
    Protection(
        "a change of what was changed since is not made, however precisely that is said",
        [
            Edit(
                "core/schemas.py",
                "and not self.updated_at.is_of(stored.updated_at)",
                "and False",
            )
        ],
        "tests/core/test_seen_times.py::TestPut",
    ),
    Protection(
        "a time lies within its bounds as it is served",
        [
            Edit(
                "core/schemas.py",
                "if moment is None or not FIRST <= moment < END:",
                "if moment is None:",
            )
        ],
        "tests/core/test_round_trips.py::TestTimes",
    ),
    Protection(
        "an object in a body has one meaning",
        [Edit(BODIES, "    if len(made) < len(members):\n", "    if False:\n")],
        "tests/core/http/test_input.py::TestBodies",
    ),
    Protection(
        "a log-in has one meaning",
        [Edit(BODIES, "            await _require_said_once(request)\n", "            pass\n")],
        "tests/Auth/test_log_in.py::TestLogIn",
    ),
)
