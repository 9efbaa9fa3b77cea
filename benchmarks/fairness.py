"""A hoarder with 50 accounts against 200 buyers, for a ticket that is scarce. `make fairness`

24 clients of one household take all they can get of 400 units, pay for none, and take them again
as holds run out; 200 buyers want two each and pay at once. First with the limits of one customer
switched off, then with their defaults; holds last seconds instead of minutes. Ends with 1 if an
account held more than is fair, if the limits help no buyer, or if anybody was answered 5xx.
"""

import argparse
import asyncio
import random
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from itertools import cycle
from multiprocessing import get_context
from typing import Any

import httpx2
import uvloop

from benchmarks import baseline
from benchmarks.markdown import section
from benchmarks.overload import BACKENDS, database
from benchmarks.reporting import keep, versions, written
from benchmarks.seeding import HASH_ITERATIONS, HASH_MEMORY_KIB
from benchmarks.subjects import SECRET_KEY
from core.settings import Settings
from tools.server import LOCALLY, running_server

UNITS, WANTED = 400, 2
ACCOUNTS, CLIENTS, BUYERS = 50, 24, 200
WORKERS = 2
# A hold, and what is a minute of it otherwise.
HOLD_SECONDS = 5
_DEFAULTS = {name: one.default for name, one in Settings.model_fields.items()}
FAIR_UNITS = _DEFAULTS["max_units_per_user_and_ticket"]
MOST_UNITS = _DEFAULTS["max_units_per_ticket"]
_SCALE = HOLD_SECONDS / 60 / _DEFAULTS["hold_minutes"]
# How often a buyer who got nothing looks again, and a hoarder whose accounts are all refused.
PATIENCE_SECONDS, GREED_SECONDS = (0.3, 0.9), 0.02
LOOK_SECONDS = 0.25
# Stands for a connection that broke.
LOST = 599
PASSWORD = "a long password of the benchmarks"  # noqa: S105 - of users that live for a minute

_SERVED = {
    # Both workers believe the same tokens.
    "SECRET_KEY": SECRET_KEY,
    "HOLD_MINUTES": str(HOLD_SECONDS / 60),
    "SWEEP_SECONDS": "1",
    "LOGIN_RATE_LIMIT": "",
    "REGISTRATION_RATE_LIMIT": "",
    "WRITE_RATE_LIMIT": "",
    "PASSWORD_HASH_MEMORY_KIB": str(HASH_MEMORY_KIB),
    "PASSWORD_HASH_ITERATIONS": str(HASH_ITERATIONS),
}
POLICIES: Mapping[str, Mapping[str, str]] = {
    "off": {
        "MAX_OPEN_ORDERS_PER_USER": "0",
        "MAX_UNITS_PER_USER_AND_TICKET": "0",
        "HOLD_AGAIN_MINUTES": "0",
        "MAX_UNPAID_ORDERS_PER_DAY": "0",
    },
    "on": {"HOLD_AGAIN_MINUTES": str(_DEFAULTS["hold_again_minutes"] * _SCALE)},
}
_HEAD = ("limits", "second", "served", "sold", "hoarded", "accounts", "most by one", "refused")


@dataclass(frozen=True)
class Person:
    """An account that is logged in."""

    user: int
    token: str


@dataclass(frozen=True)
class Sale:
    address: str
    ticket: int
    seconds: float
    accounts: Sequence[Person]
    buyers: Sequence[Person]


@dataclass
class Look:
    """How the sale stands at a moment, as the box office is told."""

    second: float
    served: int
    sold: int
    # By those who have not paid.
    held: int
    holders: int
    largest: int


@dataclass
class Outcome:
    looks: list[Look] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    # Buyers who have paid for what they wanted.
    served: int = 0

    @property
    def failed(self) -> int:
        """But for those who were asked to come again."""
        return sum(n for said, n in self.answers.items() if said.startswith("5") and said != "503")

    @property
    def largest(self) -> int:
        return max((look.largest for look in self.looks), default=0)


def main(words: Sequence[str] | None = None) -> int:
    chosen = _options().parse_args(words)
    backends = BACKENDS if chosen.backend == "both" else (chosen.backend,)
    lines = [f"# A hoarder and {BUYERS} buyers at {baseline.revision()}", ""]
    lines += [f"{UNITS} units, {ACCOUNTS} accounts of a hoarder; {written(versions({}))}"]
    faults: list[str] = []
    figures: dict[str, Any] = {}
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as clients:
        for backend in backends:
            outcomes = {name: _sale(backend, name, chosen.seconds, clients) for name in POLICIES}
            rows = [row for name, found in outcomes.items() for row in _rows(name, found)]
            lines += section(backend, _HEAD, rows)
            figures[backend] = {name: dict(found.answers) for name, found in outcomes.items()}
            faults += [f"{backend}: {fault}" for fault in verdict(**outcomes)]
    lines += ["", *([f"- **FAULT** {fault}" for fault in faults] or ["Holds were shared fairly."])]
    print(keep("fairness", lines, {"faults": faults, "answers": figures}))
    return 1 if faults else 0


def verdict(off: Outcome, on: Outcome) -> list[str]:
    """What was wrong."""
    faults = []
    if on.largest > FAIR_UNITS:
        faults.append(f"{on.largest} units held by one account, of {FAIR_UNITS} that are fair")
    if on.served <= off.served:
        faults.append(f"{on.served} buyers served with limits, {off.served} without")
    if failed := on.failed + off.failed:
        faults.append(f"{failed} answers of 5xx, or none")
    return faults


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser("benchmarks.fairness", description=__doc__)
    options.add_argument("--seconds", type=float, default=40)
    options.add_argument("--backend", choices=[*BACKENDS, "both"], default="both")
    return options


def _rows(limits: str, outcome: Outcome) -> list[list[str]]:
    """How it stood after each hold."""
    told: list[list[str]] = []
    due = 0.0
    for look in outcome.looks:
        if look.second < due and look is not outcome.looks[-1]:
            continue
        due = look.second + HOLD_SECONDS
        counts = (look.served, look.sold, look.held, look.holders, look.largest)
        told.append([limits, f"{look.second:.1f}", *map(str, counts), ""])
    refused = {code: n for code, n in outcome.answers.most_common() if not code.isdigit()}
    told[-1][-1] = ", ".join(f"{code} {n}" for code, n in refused.items())
    return told


def _sale(backend: str, limits: str, seconds: float, clients: Executor) -> Outcome:
    with ExitStack() as stack:
        url = stack.enter_context(database(backend))
        settings = {**_SERVED, **POLICIES[limits], "DATABASE_URL": url}
        address, _ = stack.enter_context(running_server(settings, workers=WORKERS))
        with httpx2.Client(base_url=address, **LOCALLY, timeout=30) as box_office:
            ticket = _ticket(box_office)
            people = [_person(box_office, number) for number in range(ACCOUNTS + BUYERS)]
        sale = Sale(address, ticket, seconds, people[:ACCOUNTS], people[ACCOUNTS:])
        return clients.submit(hold_sale, sale).result()


def _ticket(box_office: httpx2.Client) -> int:
    body = {
        "event_name": "The one night that everybody wants",
        "event_date": "2040-01-01T20:00:00Z",
        "venue": "Main Arena",
        "price": 99.5,
        "total_quantity": UNITS,
        "category": "Floor",
    }
    return int(box_office.post("/api/tickets/", json=body).raise_for_status().json()["id"])


def _person(box_office: httpx2.Client, number: int) -> Person:
    name = f"person{number}"
    body = {"username": name, "email": f"{name}@example.com", "full_name": "A Person"}
    made = box_office.post("/api/users/", json={**body, "password": PASSWORD}).raise_for_status()
    form = {"username": name, "password": PASSWORD}
    token = box_office.post("/api/auth/token", data=form).raise_for_status().json()["access_token"]
    return Person(made.json()["id"], token)


def hold_sale(sale: Sale) -> Outcome:
    """Blocks until the time is over; meant for a process of its own."""
    return uvloop.run(_hold_sale(sale))


async def _hold_sale(sale: Sale) -> Outcome:
    # The server ends idle connections after five seconds.
    limits = httpx2.Limits(max_connections=None, keepalive_expiry=2)
    async with httpx2.AsyncClient(
        base_url=sale.address, **LOCALLY, timeout=30, limits=limits
    ) as client:
        crowd = _Crowd(sale, client)
        hoarding = [crowd.hoard() for _ in range(CLIENTS)]
        buying = [crowd.buy(buyer) for buyer in sale.buyers]
        with suppress(TimeoutError):
            async with asyncio.timeout(sale.seconds):
                await asyncio.gather(crowd.look_on(), *hoarding, *buying)
        await crowd.look()
        return crowd.outcome


class _Crowd:
    def __init__(self, sale: Sale, client: httpx2.AsyncClient) -> None:
        self.outcome = Outcome()
        self._sale = sale
        self._client = client
        self._began = time.monotonic()
        self._random = random.Random(1)
        # Until when an account has been told to wait; the clients take the next one each time.
        self._waiting: dict[int, float] = {}
        self._accounts = cycle(sale.accounts)

    async def hoard(self) -> None:
        """As many units as an account can get, for one account after the other."""
        most = MOST_UNITS
        while True:
            account = next(self._accounts)
            problem: dict[str, Any] = {"code": "waits"}
            if self._waiting.get(account.user, 0) < time.monotonic():
                problem = await self._take(account, most)
            if problem.get("code") == "units_limit":
                most = problem["limit"]
            if problem:
                await asyncio.sleep(GREED_SECONDS)

    async def _take(self, account: Person, units: int) -> dict[str, Any]:
        """So many units or what is left; why there was nothing, if so."""
        answer = await self._order(account, units)
        problem: dict[str, Any] = answer.json() if answer.is_error else {}
        if "retry_after" in problem:
            self._waiting[account.user] = time.monotonic() + problem["retry_after"]
        if problem.get("code") == "insufficient_stock":
            left = problem["lines"][0]["available"]
            return await self._take(account, left) if left else problem
        return problem

    async def buy(self, buyer: Person) -> None:
        """Two units, and the money for them; who gets none looks again after a while."""
        while True:
            if await self._bought(buyer):
                self.outcome.served += 1
                return
            await asyncio.sleep(self._random.uniform(*PATIENCE_SECONDS))

    async def _bought(self, buyer: Person) -> bool:
        ordered = await self._order(buyer, WANTED)
        if ordered.is_error:
            return False
        body = {"order_id": ordered.json()["id"], "payment_method": "card"}
        payment = await self._ask("POST", "/api/transactions/", body, buyer.token)
        if payment.is_error:
            # The hold ran out meanwhile.
            return False
        path = f"/api/transactions/{payment.json()['id']}/status"
        # The provider's word, as the box office passes it on.
        settled = await self._ask("PATCH", path, {"status": "success"})
        return settled.is_success and settled.json()["status"] == "success"

    async def look_on(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        answer = await self._client.get("/api/analytics/tickets")
        stock = answer.raise_for_status().json()
        held = stock["most_held"] or [{"held_quantity": 0, "holders": 0, "largest_holding": 0}]
        numbers = (held[0][name] for name in ("held_quantity", "holders", "largest_holding"))
        second = time.monotonic() - self._began
        sold = self.outcome.served, stock["sold_quantity"]
        self.outcome.looks.append(Look(second, *sold, *numbers))

    async def _order(self, person: Person, units: int) -> httpx2.Response:
        items = [{"ticket_id": self._sale.ticket, "quantity": units}]
        body = {"user_id": person.user, "items": items}
        return await self._ask("POST", "/api/orders/", body, person.token)

    async def _ask(self, method: str, path: str, body: Any, token: str = "") -> httpx2.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            answer = await self._client.request(method, path, json=body, headers=headers)
        except httpx2.TransportError:
            answer = httpx2.Response(LOST, json={})
        said = answer.json()["code"] if answer.is_client_error else str(answer.status_code)
        self.outcome.answers[said] += 1
        return answer


if __name__ == "__main__":
    sys.exit(main())
