"""Who gets a connection, and the owner of every commit."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import anyio
import pytest
from fastapi import FastAPI, Response
from sqlalchemy import text
from sqlmodel import Session

from core import deadline
from core.errors import BusyError, RetryTransaction, StoppingError, UnavailableError
from core.http.problems import responses
from core.schemas import Resource
from database import MAX_ATTEMPTS, QUEUE_PER_CONNECTION, Database
from tests.support.client import Api
from tests.support.service import BACKENDS, Service, fresh_database, running_service, settings_for
from tests.support.statements import badge_written
from tests.support.waiting import PATIENCE, Held, one_connection, until
from work.access import PUBLIC, allowed
from work.context import Context
from work.routing import Router
from work.unit_of_work import Work

ONE = text("SELECT 1")


@pytest.fixture(scope="module", params=BACKENDS)
def module_service(request: pytest.FixtureRequest, worker_name: str) -> Iterator[Service]:
    with (
        fresh_database(request.param, request, f"{worker_name}_own") as url,
        running_service(settings_for(url, database_pool_size=2)) as service,
    ):
        with_badges(service.app)
        with service.database.writer.begin() as connection:
            connection.execute(text("CREATE TABLE counters (id BIGINT PRIMARY KEY, n BIGINT)"))
            late = "REFERENCES users (id) DEFERRABLE INITIALLY DEFERRED"
            connection.execute(text(f"CREATE TABLE badges (user_id BIGINT {late})"))
        yield service


@pytest.fixture
def own_service(module_service: Service) -> Service:
    """Two connections, two counters, and badges."""
    with module_service.database.writer.begin() as connection:
        for statement in ("DELETE FROM badges", "DELETE FROM users", "DELETE FROM counters"):
            connection.execute(text(statement))
        connection.execute(text("INSERT INTO counters VALUES (1, 0), (2, 0)"))
    return module_service


@pytest.fixture
def database(own_service: Service) -> Database:
    return own_service.database


def add(session: Session, counter: int, number: int = 1) -> None:
    statement = text("UPDATE counters SET n = n + :number WHERE id = :counter")
    session.execute(statement, {"number": number, "counter": counter})


def counters(database: Database) -> list[int]:
    rows = text("SELECT n FROM counters ORDER BY id")
    return database.read_now(lambda session: list(session.execute(rows).scalars()))


class TestAdmission:
    def test_more_requests_than_connections_are_all_answered(self, database: Database) -> None:
        lock, at_once, most = threading.Lock(), 0, 0

        def count(session: Session) -> int:
            nonlocal at_once, most
            with lock:
                at_once += 1
                most = max(most, at_once)
            answer = int(session.execute(ONE).scalar_one())
            with lock:
                at_once -= 1
            return answer

        answers: list[int] = []

        async def ask() -> None:
            answers.append(await database.read(count))

        async def scenario() -> None:
            async with anyio.create_task_group() as requests:
                for _ in range(90):
                    requests.start_soon(ask)

        anyio.run(scenario)
        assert answers == [1] * 90
        assert most <= 2

    def test_is_in_the_order_in_which_requests_came(self, own_service: Service) -> None:
        order: list[int] = []

        async def scenario(narrow: Database) -> None:
            held = Held()
            async with anyio.create_task_group() as requests:
                requests.start_soon(narrow.write, held)
                await until(held.entered)
                for number in range(20):
                    requests.start_soon(narrow.write, partial(note, number))
                    await anyio.wait_all_tasks_blocked()
                held.released.set()

        def note(number: int, _session: Session) -> None:
            order.append(number)

        with one_connection(own_service) as narrow:
            anyio.run(scenario, narrow)
        assert order == list(range(20))

    def test_is_refused_at_once_when_the_queue_is_full(self, own_service: Service) -> None:
        async def scenario(narrow: Database) -> None:
            held = Held()
            async with anyio.create_task_group() as requests:
                for _ in range(1 + QUEUE_PER_CONNECTION):
                    requests.start_soon(narrow.write, held)
                await until(held.entered)
                await anyio.wait_all_tasks_blocked()
                started = time.monotonic()
                with pytest.raises(BusyError):
                    await narrow.write(held)
                assert time.monotonic() - started < narrow.timeout / 2
                held.released.set()

        with one_connection(own_service) as narrow:
            anyio.run(scenario, narrow)

    def test_is_refused_when_the_wait_takes_too_long(self, own_service: Service) -> None:
        async def scenario(hasty: Database) -> None:
            held = Held()
            async with anyio.create_task_group() as requests:
                requests.start_soon(hasty.read, held)
                await until(held.entered)
                with pytest.raises(BusyError):
                    await hasty.read(held)
                held.released.set()
            # Who gave up takes no place: the next one is admitted.
            await hasty.read(held)

        with one_connection(own_service, request_timeout_seconds=0.2) as hasty:
            anyio.run(scenario, hasty)

    def test_takes_its_time_from_the_request(self, own_service: Service) -> None:
        """What was spent in the queue is not there for the work any more."""

        def left(_session: Session) -> None:
            seconds.append(deadline.remaining())

        async def scenario(narrow: Database) -> None:
            held = Held()
            async with anyio.create_task_group() as requests:
                requests.start_soon(narrow.write, held)
                await until(held.entered)
                requests.start_soon(narrow.write, left)
                await anyio.sleep(0.5)
                held.released.set()

        seconds: list[float] = []
        with one_connection(own_service) as narrow:
            anyio.run(scenario, narrow)
            assert 0 < seconds[0] < narrow.timeout - 0.4

    def test_is_not_needed_to_tell_that_the_service_is_well(self, own_service: Service) -> None:
        def look() -> int:
            return own_service.client.get("/health/ready").status_code

        async def scenario(busy: Database) -> None:
            held = Held()
            async with anyio.create_task_group() as requests:
                for _ in range(busy.settings.database_pool_size):
                    requests.start_soon(busy.read, held)
                    requests.start_soon(busy.write, held)
                await until(held.entered)
                await anyio.wait_all_tasks_blocked()
                assert await anyio.to_thread.run_sync(look) == 200
                held.released.set()

        anyio.run(scenario, own_service.database)


class TestClosing:
    """The process is asked to end."""

    def test_sends_away_who_waits_and_who_comes(self, own_service: Service) -> None:
        async def scenario(narrow: Database) -> None:
            held, refused = Held(), 0

            async def wait_in_vain() -> None:
                nonlocal refused
                with pytest.raises(StoppingError):
                    await narrow.write(held)
                refused += 1

            async with anyio.create_task_group() as requests:
                requests.start_soon(narrow.write, partial(add, counter=1))
                requests.start_soon(narrow.write, held)
                await until(held.entered)
                for _ in range(3):
                    requests.start_soon(wait_in_vain)
                await anyio.wait_all_tasks_blocked()
                narrow.refuse_newcomers()
                await anyio.wait_all_tasks_blocked()
                # None of them waited for who has the seat.
                assert refused == 3
                for way in (narrow.read, narrow.write, narrow.snapshot, narrow.probe):
                    with pytest.raises(StoppingError):
                        await way(held)
                held.released.set()

        with one_connection(own_service) as narrow:
            anyio.run(scenario, narrow)

    def test_lets_who_has_a_seat_finish(self, own_service: Service) -> None:
        async def scenario(narrow: Database) -> None:
            held = Held()

            def count(session: Session) -> None:
                add(session, 2)
                held(session)

            async with anyio.create_task_group() as requests:
                requests.start_soon(narrow.write, count)
                await until(held.entered)
                narrow.refuse_newcomers()
                held.released.set()

        with one_connection(own_service) as narrow:
            anyio.run(scenario, narrow)
        assert counters(own_service.database) == [0, 1]


class TestRetries:
    def test_run_the_whole_transaction_again(self, database: Database) -> None:
        attempts = 0

        def lose_twice(session: Session) -> int:
            nonlocal attempts
            attempts += 1
            add(session, 1)
            if attempts < 3:
                raise RetryTransaction
            return attempts

        assert database.write_now(lose_twice) == 3
        assert counters(database) == [1, 0]

    def test_end_as_busy(self, database: Database) -> None:
        attempts = 0

        def lose(session: Session) -> None:
            nonlocal attempts
            attempts += 1
            add(session, 1)
            raise RetryTransaction

        with pytest.raises(BusyError):
            database.write_now(lose)
        assert attempts == MAX_ATTEMPTS
        assert counters(database) == [0, 0]

    def test_other_errors_are_not_retried(self, database: Database) -> None:
        attempts = 0

        def fail(session: Session) -> None:
            nonlocal attempts
            attempts += 1
            add(session, 1)
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            database.write_now(fail)
        assert attempts == 1
        assert counters(database) == [0, 0]


class TestLostRaces:
    """Real ones; SQLite has one writer at a time, so that there each simply waits for the other."""

    def test_a_deadlock_ends_with_both_transactions_done(self, database: Database) -> None:
        meeting = Meeting(database)

        def both(session: Session, first: int, second: int) -> None:
            add(session, first)
            meeting.wait()
            add(session, second)

        with ThreadPoolExecutor(2) as pool:
            tasks = [
                pool.submit(database.write_now, lambda s: both(s, 1, 2)),
                pool.submit(database.write_now, lambda s: both(s, 2, 1)),
            ]
        assert [task.result() for task in tasks] == [None, None]
        assert counters(database) == [2, 2]
        assert meeting.happened

    def test_no_update_is_lost_to_a_serialisation_failure(self, database: Database) -> None:
        meeting = Meeting(database)

        def read_and_write(session: Session) -> None:
            if not database.settings.is_sqlite:
                session.execute(text("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE"))
            found = session.execute(text("SELECT n FROM counters WHERE id = 1")).scalar_one()
            meeting.wait()
            statement = text("UPDATE counters SET n = :n WHERE id = 1")
            session.execute(statement, {"n": found + 1})

        with ThreadPoolExecutor(2) as pool:
            tasks = [pool.submit(database.write_now, read_and_write) for _ in range(2)]
        assert [task.result() for task in tasks] == [None, None]
        assert counters(database) == [2, 0]
        assert meeting.happened


class Meeting:
    """Two transactions meet once in the middle, where two can be at work at all."""

    def __init__(self, database: Database) -> None:
        self._barrier = threading.Barrier(2)
        self._visitors = 0
        self._lock = threading.Lock()
        self.happened = database.settings.is_sqlite

    def wait(self) -> None:
        with self._lock:
            self._visitors += 1
            if self.happened or self._visitors > 2:
                return
        self._barrier.wait(PATIENCE)
        self.happened = True


class Badge(Resource):
    PATH = "/badges/{user_id}"
    user_id: int


def award(context: Context, user_id: int) -> Badge:
    context.write(badge_written, user_id=user_id)
    return Badge(user_id=user_id)


def with_badges(app: FastAPI) -> None:
    router = Router()

    @router.post("/badges/{user_id}", operation_id="award_badge", responses=responses())
    @allowed(PUBLIC)
    async def award_badge(user_id: int, work: Work) -> Response:
        return await work.create(lambda context: award(context, user_id))

    app.include_router(router)


class TestCommit:
    def test_that_fails_is_not_answered_with_success(self, own_service: Service) -> None:
        answer = own_service.client.post("/badges/99")
        assert answer.status_code == 409
        assert answer.json()["code"] == "conflict"
        assert "location" not in answer.headers
        badges = text("SELECT count(*) FROM badges")
        assert own_service.database.read_now(lambda s: s.execute(badges).scalar_one()) == 0

    def test_that_fails_leaves_the_service_in_order(self, own_service: Service) -> None:
        for _ in range(3):
            assert own_service.client.post("/badges/99").status_code == 409
        Api(own_service.client, own_service.clock, own_service.app).user()

    def test_does_not_come_after_the_deadline(self, own_service: Service) -> None:
        """The caller was told by then that nothing was done."""

        def add_too_late(session: Session) -> None:
            add(session, 1)
            while deadline.remaining() >= 0:
                threading.Event().wait(0.01)

        with (
            one_connection(own_service, request_timeout_seconds=0.2) as hasty,
            pytest.raises(UnavailableError),
        ):
            hasty.write_now(add_too_late)
        assert counters(own_service.database) == [0, 0]

    def test_that_succeeds_came_before_the_answer(self, own_service: Service) -> None:
        api = Api(own_service.client, own_service.clock, own_service.app)
        user = api.user()
        answer = own_service.client.post(f"/badges/{user['id']}")
        assert answer.status_code == 201
        assert answer.headers["location"] == f"/badges/{user['id']}"
        badges = text("SELECT user_id FROM badges")
        assert own_service.database.read_now(lambda s: s.execute(badges).scalar_one()) == user["id"]
