"""One window of time: what the clients saw, and what it cost whom."""

import math
import statistics
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.accounting import spent
from benchmarks.driver import Outcome, Plan, drive
from benchmarks.scenarios import Scenario
from benchmarks.subjects import Subject

# Above it, what others used of the machine may have been missing to us.
FOREIGN_SHARE = 0.04


class UnexpectedAnswerError(Exception):
    """What was measured is not what was meant to be measured."""


@dataclass(frozen=True)
class Sample:
    """Rates are per second, times and costs in milliseconds, costs per request."""

    rate: float
    p50: float
    p99: float
    api: float
    database: float
    clients: float
    foreign: float
    unexpected: int = 0

    @property
    def is_refused(self) -> bool:
        """Whether nobody got the answer: there are no times then."""
        return math.isinf(self.p50)

    def as_json(self) -> dict[str, Any]:
        """JSON has no word for endless."""
        figures = asdict(self).items()
        return {name: value if math.isfinite(value) else None for name, value in figures}


def median_of(samples: Sequence[Sample]) -> Sample:
    """Figure by figure; what nobody expected is added up, and foreigners count at their worst."""

    def middle(figure: Callable[[Sample], float]) -> float:
        return statistics.median(map(figure, samples))

    return Sample(
        rate=middle(lambda one: one.rate),
        p50=middle(lambda one: one.p50),
        p99=middle(lambda one: one.p99),
        api=middle(lambda one: one.api),
        database=middle(lambda one: one.database),
        clients=middle(lambda one: one.clients),
        foreign=max(one.foreign for one in samples),
        unexpected=sum(one.unexpected for one in samples),
    )


def spread_of(figures: Sequence[float]) -> float:
    """How far apart the rounds are, as a part of their median."""
    middle = statistics.median(figures)
    return (max(figures) - min(figures)) / middle if middle else 0


@dataclass(frozen=True)
class Meter:
    """Runs plans in a process of its own and keeps the accounts meanwhile."""

    clients: Executor
    # The process of the database server, where there is one.
    database: int | None

    def measure(self, scenario: Scenario, subject: Subject, plan: Plan) -> Sample:
        sample, outcome = self.run(plan, subject.process)
        if scenario.pool:
            subject.used[scenario.pool] = subject.used.get(scenario.pool, 0) + outcome.answers
        _require_expected(scenario, subject, outcome)
        return sample

    def run(self, plan: Plan, process: int) -> tuple[Sample, Outcome]:
        before = spent(process, self.database)
        outcome = self.clients.submit(drive, plan).result()
        cost = spent(process, self.database).since(before)
        return _sample(outcome, cost.service, cost.database, cost.foreign), outcome


def _sample(outcome: Outcome, service: float, database: float, foreign: float) -> Sample:
    answers = max(outcome.answers, 1)
    seconds = max(outcome.seconds, 1e-9)
    return Sample(
        rate=len(outcome.times) / seconds,
        p50=outcome.slowest(0.5) * 1000,
        p99=outcome.slowest(0.99) * 1000,
        api=service / answers * 1000,
        database=database / answers * 1000,
        clients=outcome.cpu / answers * 1000,
        foreign=foreign,
        unexpected=outcome.unexpected + outcome.lost,
    )


def _require_expected(scenario: Scenario, subject: Subject, outcome: Outcome) -> None:
    """Being busy is an answer under load, and told; all else would be measured by mistake."""
    odd = {code: n for code, n in outcome.statuses.items() if code not in {scenario.expected, 503}}
    if odd or outcome.lost or not outcome.answers:
        raise UnexpectedAnswerError(
            f"{subject.name}, {scenario.name}: {dict(outcome.statuses)}, lost {outcome.lost};"
            f" {outcome.surprise}"
        )
