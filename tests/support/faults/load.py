"""Many clients at once, for as long as the block lasts, and their journal."""

import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager

from tests.support.faults.client import PERSISTENCE, Client
from tests.support.faults.connection import Connection
from tests.support.faults.journal import Journal
from tests.support.faults.onlookers import Onlooker
from tests.support.faults.shopper import Shopper, ticket_body

Address = Callable[[], str]

TICKETS, UNITS = 6, 100


@contextmanager
def load(
    address: Address,
    *,
    name: str = "load",
    clients: int = 8,
    seed: int = 1,
    persistence: int = PERSISTENCE,
    shopper: Callable[[Client, int, list[int]], Shopper] = Shopper,
) -> Iterator[Journal]:
    """Shoppers and an onlooker for every eight of them; all have ended after the block."""
    journal, stop = Journal(), threading.Event()
    tickets, users = _stock_up(address, name, clients)

    def chance(number: int) -> random.Random:
        return random.Random(f"{seed} {name} {number}")

    def shop(number: int) -> None:
        client = Client(f"{name}-{number}", address, journal, chance(number), persistence)
        with closing(client):
            somebody = shopper(client, users[number], tickets)
            while not stop.is_set():
                somebody.go_on()

    def look_on(number: int) -> None:
        client = Client(f"{name}-reader-{number}", address, journal, chance(-number))
        with closing(client):
            onlooker = Onlooker(client, tickets)
            while not stop.is_set():
                onlooker.look()

    onlookers = max(1, clients // 8)
    with ThreadPoolExecutor(clients + onlookers) as pool:
        running: list[Future[None]] = [pool.submit(shop, number) for number in range(clients)]
        running += [pool.submit(look_on, number) for number in range(1, onlookers + 1)]
        try:
            yield journal
        finally:
            stop.set()
    for one in running:
        one.result()


def _stock_up(address: Address, name: str, clients: int) -> tuple[list[int], list[int]]:
    with closing(Connection(address)) as connection:

        def make(path: str, body: object) -> int:
            answer = connection.send("POST", path, body)
            assert answer.status == 201, answer.text
            return int(answer.body["id"])

        tickets = [
            make("/api/tickets/", ticket_body(f"{name} {number}", units=UNITS, price=9.99))
            for number in range(TICKETS)
        ]
        users = [make("/api/users/", _user(f"{name}-{number}")) for number in range(clients)]
    return tickets, users


def _user(name: str) -> dict[str, str]:
    return {"username": name, "email": f"{name}@example.com", "full_name": "Shopper"}
