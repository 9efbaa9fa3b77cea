"""What the service must and should reach, as ratios to what was measured beside it."""

import math
import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from benchmarks.books import AFTER_SEEDING, Reconciled
from benchmarks.contest import Result
from benchmarks.growth import ANALYTICS, LISTS
from benchmarks.measuring import Sample, median_of
from benchmarks.subjects import ORM, OWN, PGBENCH, PLAIN_SQLITE, SYNC

SMALL, MEDIUM, LARGE = 1_000, 10_000, 1_000_000
_COMPARE = {"<=": operator.le, "<": operator.lt, ">=": operator.ge}


class NotMeasuredError(LookupError):
    """The run had other scenarios."""


@dataclass(frozen=True)
class Figures:
    """What was measured, found again by its names."""

    results: Sequence[Result]
    reconciled: Sequence[Reconciled] = ()
    baseline: str = ""

    def sample(self, scenario: str, contender: str = OWN, **others: object) -> Sample:
        return median_of(self.result(scenario, contender, **others).samples)

    def result(self, scenario: str, contender: str = OWN, **others: object) -> Result:
        wanted = {"backend": "postgres", "workers": 1, **others}
        for one in self.results:
            named = (one.scenario.name, one.contender) == (scenario, contender)
            if named and all(getattr(one, name) == value for name, value in wanted.items()):
                return one
        raise NotMeasuredError(scenario)

    def books(self, backend: str, rows: int) -> Reconciled:
        for one in self.reconciled:
            named = (one.backend, one.contender, one.rows, one.moment)
            if named == (backend, OWN, rows, AFTER_SEEDING):
                return one
        raise NotMeasuredError("reconciliation")

    def of_round(self, number: int) -> "Figures":
        """What one round alone would have told."""
        results = [
            replace(one, samples=one.samples[number : number + 1])
            for one in self.results
            if number < len(one.samples)
        ]
        return replace(self, results=results)


@dataclass(frozen=True)
class Must:
    """A figure that has a limit, and an aim beyond it; without either it is only told."""

    title: str
    limit: str
    figure: Callable[[Figures], float]
    aim: str = ""

    def found(self, figures: Figures) -> float | None:
        try:
            return self.figure(figures)
        except NotMeasuredError:
            return None

    def in_rounds(self, figures: Figures) -> list[float]:
        """What each round alone would have told: how sure the figure is."""
        rounds = max((len(one.samples) for one in figures.results), default=0)
        alone = [self.found(figures.of_round(number)) for number in range(rounds)]
        return [figure for figure in alone if figure is not None]

    def is_reached(self, found: float) -> bool:
        return _holds(self.limit, found)

    def verdict(self, found: float) -> str:
        if not self.is_reached(found):
            return "**not reached**"
        if self.aim and _holds(self.aim, found):
            return "aim reached"
        return "reached" if self.limit else "told"


def _holds(limit: str, found: float) -> bool:
    if not limit:
        return True
    sign, _, bound = limit.partition(" ")
    return bool(_COMPARE[sign](found, float(bound)))


def ratio(above: float, below: float) -> float:
    """Endless, where there was no answer but refusals; nothing is compared to such a figure."""
    if not below or math.isinf(below):
        raise NotMeasuredError("a figure that was too small to be measured")
    return above / below


def total(sample: Sample) -> float:
    """What a request costs the machine, whoever has it to pay."""
    return sample.api + sample.database


def _to_floor(scenario: str) -> Callable[[Figures], float]:
    return lambda all_: ratio(all_.sample(scenario).api, all_.sample(scenario, SYNC).api)


def _rate(scenario: str, other: str) -> Callable[[Figures], float]:
    return lambda all_: ratio(all_.sample(scenario).rate, all_.sample(scenario, other).rate)


def _trips(scenario: str) -> Callable[[Figures], float]:
    def figure(all_: Figures) -> float:
        trips = all_.result(scenario).round_trips
        if trips is None:
            raise NotMeasuredError(scenario)
        # To a tenth: now and then a chore of the service speaks as well.
        return round(trips, 1)

    return figure


def _crowd(scenario: str) -> Iterator[Must]:
    """What many clients on one ticket may not break."""
    yield Must(
        f"{scenario}: sales/s of those of 16 clients",
        ">= 0.9",
        lambda all_: ratio(all_.sample(scenario).rate, all_.sample("hot").rate),
    )
    yield Must(
        f"{scenario}: p99 of p50",
        "< 3",
        lambda all_: ratio(all_.sample(scenario).p99, all_.sample(scenario).p50),
    )
    yield Must(
        f"{scenario}: answers other than 201",
        "<= 0",
        lambda all_: all_.sample(scenario).unexpected,
    )


def _growth(
    scenario: str, backend: str, sizes: tuple[int, int], before: str = ""
) -> Callable[[Figures], float]:
    """How much longer it takes with more rows; than another scenario, if one is named."""

    def figure(all_: Figures) -> float:
        few, many = sizes
        small = all_.sample(before or scenario, backend=backend, rows=few)
        return ratio(all_.sample(scenario, backend=backend, rows=many).p50, small.p50)

    return figure


def _with_rows(backend: str) -> Iterator[Must]:
    for one in ANALYTICS:
        figure = _growth(one.name, backend, (MEDIUM, LARGE))
        yield Must(f"{backend}, {one.title}: 10^6 orders of 10^4", "<= 2", figure, "<= 1.2")
    for name in LISTS:
        first = f"{name}-first"
        for kind, limit in (("first", 1.2), ("late", 1.2), ("skip", 3), ("count", 3)):
            before = first if kind in {"late", "skip"} else ""
            figure = _growth(f"{name}-{kind}", backend, (SMALL, LARGE), before)
            yield Must(f"{backend}, {name} list, {kind}: 10^6 rows of 10^3", f"<= {limit}", figure)
    yield Must(
        f"{backend}, reconciliation of 10^6 orders, seconds",
        "<= 20",
        lambda all_: all_.books(backend, LARGE).seconds,
    )
    yield Must(
        f"{backend}, reconciliation: peak memory at 10^6 of 10^4",
        "<= 1.2",
        lambda all_: ratio(
            all_.books(backend, LARGE).peak_mib, all_.books(backend, MEDIUM).peak_mib
        ),
    )


def _two_workers(backend: str, scenario: str) -> Must:
    what = "requests/s" if scenario == "read" else "sales/s"
    return Must(
        f"{backend}, {scenario}: {what} of 2 workers of those of 1",
        "",
        lambda all_: ratio(
            all_.sample(scenario, backend=backend, workers=2).rate,
            all_.sample(scenario, backend=backend).rate,
        ),
        ">= 1.6",
    )


MUSTS = (
    Must("read a ticket: API CPU of the floor", "<= 1.8", _to_floor("read"), "<= 1.2"),
    Must("list 50 tickets: API CPU of the floor", "<= 1.8", _to_floor("list"), "<= 1.2"),
    Must("order of 2: API CPU of the floor", "<= 4", _to_floor("order"), "<= 2"),
    Must(
        "order of 2: sales/s of the baseline",
        ">= 4",
        lambda all_: _rate("order", all_.baseline)(all_),
        ">= 6",
    ),
    Must("order of 2: sales/s of the ORM style", ">= 2", _rate("order", ORM), ">= 3"),
    Must("read a ticket: round trips", "<= 1", _trips("read"), "<= 1"),
    Must("order of 2: round trips", "<= 4", _trips("order"), "<= 2"),
    Must("order of 10: round trips", "<= 4", _trips("order-10"), "<= 2"),
    Must("settle a payment: round trips", "<= 4", _trips("pay"), "<= 2"),
    Must(
        "order of 10: CPU of an order of 2",
        "<= 1.3",
        lambda all_: ratio(total(all_.sample("order-10")), total(all_.sample("order"))),
        "<= 1.15",
    ),
    Must("hot ticket: sales/s of pgbench", ">= 0.2", _rate("hot", PGBENCH), ">= 0.35"),
    *_crowd("hot-128"),
    *_crowd("hot-256"),
    Must(
        "sold out: CPU of a sale",
        "<= 0.5",
        lambda all_: ratio(total(all_.sample("sold-out")), total(all_.sample("hot"))),
        "<= 0.3",
    ),
    Must("add to the cart: API CPU of the floor", "<= 4", _to_floor("cart")),
    Must("announce a payment: API CPU of the floor", "<= 4", _to_floor("announce")),
    Must("settle a payment: API CPU of the floor", "<= 4", _to_floor("pay")),
    Must("refund a payment: API CPU of the floor", "<= 4", _to_floor("refund")),
    Must(
        "dashboard: DB CPU of that of a read",
        "<= 15",
        lambda all_: ratio(
            all_.sample("dashboard", rows=MEDIUM).database, all_.sample("read").database
        ),
        "<= 5",
    ),
    Must(
        "sqlite, order of 2: sales/s of plain sqlite3",
        ">= 0.3",
        lambda all_: ratio(
            all_.sample("order", backend="sqlite").rate,
            all_.sample("order", PLAIN_SQLITE, backend="sqlite").rate,
        ),
        ">= 0.5",
    ),
    *_with_rows("postgres"),
    *_with_rows("sqlite"),
    *(
        _two_workers(backend, scenario)
        for backend in ("postgres", "sqlite")
        for scenario in ("read", "order", "hot")
    ),
)
