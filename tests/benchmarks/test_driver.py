"""What the clients of the benchmarks send, and what they tell of the answers."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.driver import Plan, drive, request

CREATED = b"HTTP/1.1 201 Created\r\ncontent-length: 4\r\n\r\nmade"
REFUSED = b"HTTP/1.1 409 Conflict\r\ncontent-length: 7\r\n\r\nno more"
BUSY = b"HTTP/1.1 503 Busy\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n"


class Service:
    """Answers one request after the other as it was told to, and remembers them."""

    def __init__(self, *answers: bytes, piece: int = 1000) -> None:
        self.requests: list[bytes] = []
        self._answers = list(answers)
        self._piece = piece

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            self.requests.append(data)
            if not self._answers:
                break
            answer = self._answers.pop(0)
            for at in range(0, len(answer), self._piece):
                writer.write(answer[at : at + self._piece])
                await asyncio.sleep(0)
        writer.close()
        await writer.wait_closed()


@contextmanager
def running(service: Service) -> Iterator[int]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    starting = asyncio.start_server(service.serve, "127.0.0.1", 0)
    server = asyncio.run_coroutine_threadsafe(starting, loop).result()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(ended(server), loop).result(5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def ended(server: asyncio.Server) -> None:
    """The clients are gone: who served them ends by itself, and closes its socket."""
    server.close()
    serving = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.gather(*serving, return_exceptions=True)


ORDER = request("POST", "/orders", body={"a": 1}, keyed=True)


def test_answers_are_counted_by_status_and_the_expected_ones_timed() -> None:
    with running(Service(CREATED, REFUSED, CREATED, piece=3)) as port:
        outcome = drive(Plan("127.0.0.1", port, [ORDER] * 3, 201, clients=1, repeated=False))
    assert outcome.statuses == {201: 2, 409: 1}
    assert (len(outcome.times), outcome.unexpected, outcome.lost) == (2, 1, 0)
    assert outcome.surprise.endswith("no more")


def test_each_request_has_a_key_of_its_own() -> None:
    service = Service(*[CREATED] * 5)
    with running(service) as port:
        drive(Plan("127.0.0.1", port, [ORDER] * 5, 201, clients=1, repeated=False))
    keys = {data.partition(b"Idempotency-Key: ")[2].split(b"\r\n")[0] for data in service.requests}
    assert len(keys) == 5
    assert all(data.endswith(b'\r\n\r\n{"a":1}') for data in service.requests)


def test_who_is_told_to_come_again_does() -> None:
    with running(Service(BUSY, CREATED)) as port:
        outcome = drive(Plan("127.0.0.1", port, [ORDER] * 2, 201, clients=1, repeated=False))
    assert outcome.statuses == {503: 1, 201: 1}


def test_a_connection_that_breaks_is_told() -> None:
    with running(Service(CREATED)) as port:
        outcome = drive(Plan("127.0.0.1", port, [ORDER] * 3, 201, clients=1, repeated=False))
    assert (outcome.statuses, outcome.lost) == ({201: 1}, 1)


def test_requests_are_repeated_until_the_time_is_over() -> None:
    service = Service(*[CREATED] * 100_000)
    with running(service) as port:
        outcome = drive(Plan("127.0.0.1", port, [ORDER], 201, clients=2, seconds=0.1))
    assert outcome.answers > 2
    assert outcome.answers == len(service.requests)
    assert 0.1 <= outcome.seconds < 1
