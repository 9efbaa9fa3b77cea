"""Does the service hold out when far more come than it can serve? `make overload`

Starts it with its default settings and two workers, measures it with 16 clients and then with
200, and asks `/health` every 20 ms meanwhile. Ends with 1 if one of the bounds is broken.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import httpx2
import uvloop

from benchmarks.loadgen import Load, Report, Wire, generate, get, percentile
from core.store.schema_version import ROOT
from tools.postgres import DURABLE, own_postgres
from tools.server import LOCALLY, default_environment, running_server

BACKENDS = ("sqlite", "postgres")
WORKERS = 2
FEW, MANY = 16, 200
TICKETS, STOCK = 20, 10_000_000
WARM_UP_SECONDS = 3
PROBE_SECONDS = 0.02
# One connection meets one worker; with so many, both are asked.
PROBES = 8

LEAST_SHARE = 0.8
HEALTH_SECONDS = 0.25


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=60)
    options.add_argument("--backend", choices=[*BACKENDS, "both"], default="both")
    chosen = options.parse_args()
    backends = BACKENDS if chosen.backend == "both" else (chosen.backend,)
    held = [overloaded(backend, chosen.seconds) for backend in backends]
    return 0 if all(held) else 1


def overloaded(backend: str, seconds: float) -> bool:
    with ExitStack() as stack:
        url = stack.enter_context(database(backend))
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="nxt-overload-log-"))
        log = Path(folder) / "log"
        serving = running_server({"DATABASE_URL": url}, workers=WORKERS, log=log)
        address, _ = stack.enter_context(serving)
        # Clients that shared a process with the probe would slow it down.
        clients = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
        results = measured(prepared(address, seconds), stack.enter_context(clients))
        print(f"{backend}, {WORKERS} workers, {seconds:g} s each")
        kept = told(results, seconds)
        if not kept:
            print("What the service said, besides its requests:", *said(log), sep="\n  ")
    return kept


def said(log: Path) -> list[str]:
    lines = log.read_text(errors="replace").splitlines()
    return [line for line in lines if " request method=" not in line][-40:]


@contextmanager
def database(backend: str) -> Iterator[str]:
    """A new one, as it would be in production: what is committed is on the disk."""
    with ExitStack() as stack:
        if backend == "sqlite":
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="nxt-overload-"))
            yield f"sqlite:///{Path(folder) / 'nexticket.db'}"
            return
        server = stack.enter_context(own_postgres(DURABLE, parent=tempfile.gettempdir()))
        url = server.url.render_as_string(hide_password=False)
        environment = default_environment() | {"DATABASE_URL": url}
        command = [sys.executable, "-m", "alembic", "upgrade", "head"]
        subprocess.run(command, cwd=ROOT, env=environment, check=True)  # noqa: S603 - our own
        yield url


def prepared(address: str, seconds: float) -> Load:
    """One buyer, and more tickets than can be sold meanwhile."""
    user = {"username": "buyer", "email": "buyer@example.com", "full_name": "A Buyer"}
    ticket = {
        "event_name": "Concert",
        "event_date": "2040-01-01T20:00:00Z",
        "venue": "Main Arena",
        "price": 10,
        "total_quantity": STOCK,
        "category": "VIP",
    }
    with httpx2.Client(base_url=address, **LOCALLY) as client:
        made = made_by(client, "/api/users/", user)
        tickets = [made_by(client, "/api/tickets/", ticket) for _ in range(TICKETS)]
    url = httpx2.URL(address)
    return Load(url.host, url.port or 80, 0, seconds, made, tickets)


def made_by(client: httpx2.Client, path: str, body: Any) -> int:
    answer = client.post(path, json=body).raise_for_status()
    return int(answer.json()["id"])


@dataclass(frozen=True)
class Result:
    report: Report
    # How long each `/health` took, and how many of its connections broke.
    health: list[float]
    lost_probes: int


def measured(load: Load, clients: Executor) -> list[Result]:
    """Of the warm-up, of few clients and of many."""
    few, many = replace(load, clients=FEW), replace(load, clients=MANY)
    phases = (replace(few, seconds=WARM_UP_SECONDS), few, many)
    return [uvloop.run(phase(load, clients)) for load in phases]


async def phase(load: Load, clients: Executor) -> Result:
    probing = asyncio.create_task(probe(load))
    report = await asyncio.get_running_loop().run_in_executor(clients, generate, load)
    probing.cancel()
    return Result(report, *await probing)


async def probe(load: Load) -> tuple[list[float], int]:
    """How long each of many `/health` takes; a slow one does not hold up the next."""
    times: list[float] = []
    lost = 0
    idle = [await Wire.to(load.host, load.port) for _ in range(PROBES)]

    async def ask(due: float) -> None:
        nonlocal lost
        try:
            wire = idle.pop() if idle else await Wire.to(load.host, load.port)
            answer = await wire.ask(get("/health"))
        except OSError:
            lost += 1
            return
        times.append(time.monotonic() - due if answer.status == 200 else float("inf"))
        # At the end of the line, so that all connections, and both workers, have their turn.
        idle.insert(0, wire)

    due = time.monotonic()
    async with asyncio.TaskGroup() as asking:
        with suppress(asyncio.CancelledError):
            while True:
                due += PROBE_SECONDS
                await asyncio.sleep(due - time.monotonic())
                asking.create_task(ask(due))
    for wire in idle:
        wire.close()
    return times, lost


def told(results: list[Result], seconds: float) -> bool:
    for clients, result in zip((FEW, MANY), results[1:], strict=True):
        print(f"{clients:4} clients: {line(result.report, result.health, seconds)}")
    few, many = (result.report for result in results[1:])
    share = len(many.times) / max(len(few.times), 1)
    # Reads are cheap, and those alone would make a good figure.
    share_of_changes = many.statuses[201] / max(few.statuses[201], 1)
    slow = percentile(results[-1].health, 0.99)
    found = few.statuses + many.statuses
    lost = sum(result.report.lost + result.lost_probes for result in results)
    faults = {code: found[code] for code in sorted(found) if code >= 500 and code != 503}
    bounds = {
        f"throughput at {MANY} is {share:.0%} of that at {FEW}": share >= LEAST_SHARE,
        f"orders and payments alone: {share_of_changes:.0%}": share_of_changes >= LEAST_SHARE,
        f"/health p99 at {MANY} is {slow * 1000:.0f} ms": slow < HEALTH_SECONDS,
        f"5xx other than 503: {faults or 'none'}": not faults,
        f"connections lost: {lost}": not lost,
    }
    for bound, kept in bounds.items():
        print(f"{'ok  ' if kept else 'FAIL'} {bound}")
    return all(bounds.values())


def line(report: Report, health: list[float], seconds: float) -> str:
    statuses = ", ".join(f"{status}: {count}" for status, count in sorted(report.statuses.items()))
    return (
        f"{len(report.times) / seconds:.0f}/s, p50 {in_ms(report.times, 0.5)},"
        f" p99 {in_ms(report.times, 0.99)}; {statuses};"
        f" /health p50 {in_ms(health, 0.5)}, p99 {in_ms(health, 0.99)}"
    )


def in_ms(times: list[float], share: float) -> str:
    return f"{percentile(times, share) * 1000:.0f} ms"


if __name__ == "__main__":
    sys.exit(main())
