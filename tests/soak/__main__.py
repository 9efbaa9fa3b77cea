"""Sales under failures for as long as one likes, and whether all was right in the end."""

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy import URL

from core.clock import utc_now
from database import Database
from tests.soak.books import MoneyVerdict
from tests.soak.ending import BoxOffice, books_once_all_is_done, differences_told
from tests.soak.faults import Fault, Faults
from tests.soak.figures import Figures, Ordeal, figures
from tests.soak.provider import Provider
from tests.soak.service import Service, market_on
from tests.soak.shopper import PayingShopper
from tests.support.faults.journal import PATIENCE, Journal
from tests.support.faults.load import load
from tests.support.faults.verdict import Verdict, judge
from tests.support.service import settings_for
from tests.support.wire import wire_to
from tools.postgres import PostgresUnavailableError, new_database, own_postgres

BACKENDS = ("postgres", "sqlite")
# Between two faults.
PAUSE_SECONDS = (1, 4)
LOOK_SECONDS = 2
SHOWN = 20


@dataclass(frozen=True)
class Scene:
    service: Service
    provider: Provider
    url: URL
    faults: Mapping[str, Fault]
    choices: random.Random


def main() -> int:
    options = _options()
    backends = BACKENDS if options.backend == "both" else (options.backend,)
    try:
        results = [_soak(backend, options) for backend in backends]
    except PostgresUnavailableError as error:
        sys.exit(f"Not soaked: {error}")
    return 0 if all(results) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--backend", choices=(*BACKENDS, "both"), default="both")
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--seed", type=_seed, default="random", help="a number, or random")
    return parser.parse_args()


def _seed(given: str) -> int:
    return random.randrange(10**6) if given == "random" else int(given)


def _soak(backend: str, options: argparse.Namespace) -> bool:
    _say(
        f"\n{backend}: {options.minutes:g} minutes, {options.clients} clients, "
        f"{options.workers} processes, seed {options.seed}"
    )
    # On a disk, for what is promised is that what was committed is there.
    folder = Path(tempfile.mkdtemp(prefix="nxt-soak-"))
    with _scene(backend, folder, options) as scene:
        result = _run(scene, options)
        _say(str(result.figures))
        if not result.figures.are_good:
            _explain(result, folder, scene)
    if result.figures.are_good:
        shutil.rmtree(folder)
    return result.figures.are_good


@contextmanager
def _scene(backend: str, folder: Path, options: argparse.Namespace) -> Iterator[Scene]:
    choices = random.Random(options.seed)
    if backend == "sqlite":
        path = folder / "soak.db"
        url = URL.create("sqlite", database=str(path))
        with market_on(url, options.workers, folder) as (service, provider):
            faults = Faults(service, provider, choices).on_sqlite(path)
            yield Scene(service, provider, url, faults, choices)
        return
    with (
        own_postgres(parent=tempfile.gettempdir()) as server,
        new_database(server.url, "soak") as url,
        wire_to(url) as wire,
        market_on(url, options.workers, folder, through=wire.url) as (service, provider),
    ):
        faults = Faults(service, provider, choices).on_postgres(server, wire, "soak")
        yield Scene(service, provider, url, faults, choices)


@dataclass(frozen=True)
class Result:
    journal: Journal
    verdict: Verdict
    money: MoneyVerdict
    figures: Figures


def _run(scene: Scene, options: argparse.Namespace) -> Result:
    since, started = utc_now(), time.monotonic()
    with closing(Database(settings_for(scene.url))) as database:
        box_office = BoxOffice(scene.service.address, database)
        journal, ordeal = _suffer(scene, box_office, options)
        seconds = time.monotonic() - started
        books = books_once_all_is_done(
            journal, box_office, scene.provider, seconds=seconds + PATIENCE, tell=_say
        )
        verdict, money = judge(journal, database), books.judge()
    money.differences += differences_told(scene.service.settings, since)
    ordeal.seconds = seconds
    return Result(journal, verdict, money, figures(books, verdict, money, ordeal))


def _suffer(
    scene: Scene, box_office: BoxOffice, options: argparse.Namespace
) -> tuple[Journal, Ordeal]:
    """One fault after the other, as long as there are sales in between."""
    ordeal, started = Ordeal(), time.monotonic()
    shopper = partial(PayingShopper, provider=scene.provider)
    with load(
        scene.service.address,
        name="soak",
        clients=options.clients,
        seed=options.seed,
        shopper=shopper,
    ) as journal:
        while time.monotonic() < started + options.minutes * 60:
            time.sleep(scene.choices.uniform(*PAUSE_SECONDS))
            name = scene.choices.choice(list(scene.faults))
            _say(f"{time.monotonic() - started:6.1f} s  {name}")
            _revive(scene.service, journal)
            _befall(scene.faults[name], journal)
            ordeal.faults[name] += 1
            # One more than there are clients: the answers of before the fault don't count.
            ordeal.came_back(_return_seconds(scene.service, journal, options.clients + 1))
            box_office.see_to_refunds()
    _revive(scene.service, journal)
    return journal, ordeal


def _befall(fault: Fault, journal: Journal) -> None:
    try:
        fault()
    except AssertionError as error:
        journal.complain(str(error))


def _return_seconds(service: Service, journal: Journal, sold: int) -> float:
    """How long it took until so much was sold again."""
    started, goal = time.monotonic(), journal.acknowledged + sold
    while (taken := time.monotonic() - started) < PATIENCE and journal.acknowledged < goal:
        _revive(service, journal)
        with suppress(AssertionError):
            journal.await_progress(1, LOOK_SECONDS)
    if journal.acknowledged < goal:
        journal.complain("too little was sold any more")
    return taken


def _revive(service: Service, journal: Journal) -> None:
    if not service.is_running:
        journal.complain("the service ended by itself")
        service.stop()
        service.start()


def _explain(result: Result, folder: Path, scene: Scene) -> None:
    for name, found in {**result.verdict.wrong(), **result.money.wrong()}.items():
        _say(f"\n{name}:")
        for told in found[:SHOWN]:
            _say(f"  {told}")
    journal = folder / "journal.jsonl"
    with journal.open("w") as file:
        for operation in result.journal.operations:
            file.write(json.dumps(vars(operation), default=str) + "\n")
    _say(f"\nThe end of the service's log:\n{scene.service.said()}")
    _say(f"\nThe end of the provider's log:\n{scene.provider.said()}")
    _say(f"\nAll that was asked for: {journal}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
