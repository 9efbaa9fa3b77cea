"""What is counted between a service and its PostgreSQL."""

from collections import Counter
from contextlib import closing

import psycopg2
import pytest
from sqlalchemy import URL

from benchmarks.proxy import Counts, Messages, listening


def message(kind: str, content: bytes = b"") -> bytes:
    return kind.encode() + (len(content) + 4).to_bytes(4, "big") + content


ANSWERED = b"".join(
    [
        message("T", b"columns"),
        message("D", b"CZ, and more that looks like messages: Z\0\0\0\5"),
        message("C", b"SELECT 1\0"),
        message("C", b"INSERT 0 1\0"),
        message("Z", b"I"),
    ]
)


@pytest.mark.parametrize("size", [1, 2, 5, 7, len(ANSWERED)])
def test_messages_are_counted_however_they_are_cut(size: int) -> None:
    messages = Messages()
    for at in range(0, len(ANSWERED), size):
        messages.feed(ANSWERED[at : at + size])
    assert messages.counts == Counter({ord("T"): 1, ord("D"): 1, ord("C"): 2, ord("Z"): 1})


def test_a_message_counts_when_it_is_complete() -> None:
    messages = Messages()
    messages.feed(message("Z", b"I")[:-1])
    assert not messages.counts
    messages.feed(b"I")
    assert messages.counts.total() == 1


@pytest.mark.postgres
def test_statements_and_round_trips_of_a_driver_are_counted(postgres: URL) -> None:
    with listening(str(postgres.host), int(postgres.port or 5432)) as (proxy, port):
        connection = psycopg2.connect(
            host="127.0.0.1",
            port=port,
            user=postgres.username,
            password=postgres.password,
            dbname=postgres.database,
            sslmode="disable",
            gssencmode="disable",
        )
        with closing(connection), connection.cursor() as cursor:
            before = proxy.counts
            # BEGIN, two statements at once, and COMMIT.
            cursor.execute("SELECT 1; SELECT 2")
            connection.commit()
            assert proxy.counts.since(before) == Counts(statements=4, round_trips=3)
