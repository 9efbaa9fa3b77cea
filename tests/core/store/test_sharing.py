"""Whether sessions that share work see one state of the data, and read it as it is meant."""

import threading
from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy import text
from sqlmodel import Session

from core.errors import DatabaseUnavailableError
from core.store.large_reads import expect_large_reads
from tests.support.client import Api
from tests.support.service import Service
from tests.support.waiting import PATIENCE

TICKETS = text("SELECT COUNT(*) FROM tickets")


def count(session: Session) -> int:
    return int(session.execute(TICKETS).scalar_one())


def refuse(*_: object) -> None:
    raise DatabaseUnavailableError


class TestSharedWork:
    def test_all_see_what_the_session_sees(self, api: Api, service: Service) -> None:
        at_once = threading.Barrier(1 if service.settings.is_sqlite else 2)

        def meet_and_count(session: Session) -> int:
            # On PostgreSQL nobody goes on alone.
            at_once.wait(PATIENCE)
            return count(session)

        def share(session: Session) -> list[int]:
            assert count(session) == 1
            api.ticket()
            return service.database.share_now(session, [meet_and_count] * 4)

        api.ticket()
        assert service.database.snapshot_now(share) == [1] * 4
        assert service.database.read_now(count) == 2

    def test_answers_are_in_the_order_of_the_work(self, service: Service) -> None:
        def answer(number: int, _session: Session) -> int:
            return number

        units = [partial(answer, number) for number in range(50)]
        shared = service.database.snapshot_now(
            lambda session: service.database.share_now(session, units)
        )
        assert shared == list(range(50))

    def test_who_can_not_begin_to_help_is_not_missed(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def share(session: Session) -> list[int]:
            # As where the database has no connection to spare.
            monkeypatch.setattr(service.database, "_session", refuse)
            return service.database.share_now(session, [count] * 3)

        assert service.database.snapshot_now(share) == [0] * 3

    @pytest.mark.parametrize("place", [0, 1, 5])
    def test_what_fails_ends_all(self, service: Service, place: int) -> None:
        def fail(_session: Session) -> int:
            raise ZeroDivisionError

        units: list[Callable[[Session], int]] = [count] * 6
        units[place] = fail
        with pytest.raises(ZeroDivisionError):
            service.database.snapshot_now(
                lambda session: service.database.share_now(session, units)
            )


def test_large_reads_are_expected_until_the_transaction_ends(service: Service) -> None:
    """PostgreSQL's; SQLite has no such settings."""

    def is_hashing(session: Session) -> bool:
        if service.settings.is_sqlite:
            return True
        return bool(session.execute(text("SHOW enable_hashjoin")).scalar_one() == "on")

    def expect(session: Session) -> bool:
        expect_large_reads(session)
        return is_hashing(session)

    assert service.database.snapshot_now(expect) == service.settings.is_sqlite
    assert service.database.snapshot_now(is_hashing)
