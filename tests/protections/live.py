"""The protections of live stock: whoever listens takes nothing from those who buy."""

from tests.protections.removing import Edit, Protection

STREAMS = "core/http/event_streams.py"
STOCK = "Ticket/flows/live_stock.py"
STREAM_TESTS = "tests/core/http/test_event_streams.py"
READER_TESTS = "tests/Ticket/test_live_reader.py"

LIVE = (
    Protection(
        "listeners leave connections to those who buy",
        [Edit(STOCK, "len(self._listeners) >= bounds.listeners", "False")],
        f"{READER_TESTS}::TestPlaces::test_are_bounded",
    ),
    Protection(
        "one address does not take the places of all listeners",
        [Edit(STOCK, "self._of_household[household] >= bounds.per_household", "False")],
        f"{READER_TESTS}::TestPlaces::test_at_one_address_are_bounded",
    ),
    Protection(
        "what is read for listeners is bounded",
        [Edit(STOCK, "len(self._tickets) + new > bounds.tickets", "False")],
        f"{READER_TESTS}::TestPlaces::test_are_for_so_many_tickets_together",
    ),
    Protection(
        "a listener that does not read is not waited for",
        [Edit(STREAMS, "asyncio.timeout(self._patience)", "asyncio.timeout(None)")],
        f"{STREAM_TESTS}::test_who_does_not_read_is_not_waited_for",
    ),
    Protection(
        "a listener that hangs up leaves its place",
        [Edit(STREAMS, "            self._source.close()\n", "            pass\n")],
        f"{STREAM_TESTS}::test_it_ends_with_its_caller",
    ),
    Protection(
        "listeners are written to beside those who buy, not before them",
        [Edit(STOCK, " if self._are_others_served() else 0", " * 0")],
        f"{READER_TESTS}::TestTelling::test_rests_while_others_are_served",
    ),
    Protection(
        "streams end when the process is asked to stop",
        [Edit(STOCK, "            listener.is_ended = True\n")],
        f"{READER_TESTS}::TestStopping::test_ends_all_streams_and_begins_none",
    ),
    Protection(
        "who comes during a reading is told what is read after it",
        [
            Edit(
                STOCK,
                "        newcomers, self._newcomers = self._newcomers, []\n"
                "        try:\n"
                "            await self._look()\n",
                "        try:\n"
                "            await self._look()\n"
                "            newcomers, self._newcomers = self._newcomers, []\n",
            )
        ],
        f"{READER_TESTS}::TestReading::test_is_not_missed_by_who_comes_during_one",
    ),
    Protection(
        "who asks for a ticket before it is there keeps it from nobody",
        [
            Edit(
                STOCK,
                "for one in self._tickets.values()}",
                "for one in self._tickets.values() if not one.is_gone}",
            )
        ],
        f"{READER_TESTS}::TestReading::test_finds_what_somebody_asked_for_before_it_was_there",
    ),
)
