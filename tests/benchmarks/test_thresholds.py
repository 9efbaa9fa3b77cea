"""Whether what is measured is judged rightly."""

import pytest

from benchmarks.contest import Result
from benchmarks.measuring import Sample, median_of, spread_of
from benchmarks.scenarios import SCENARIOS
from benchmarks.thresholds import MUSTS, Figures, Must, NotMeasuredError, ratio

BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}


def sample(**changes: float) -> Sample:
    figures = {"rate": 100, "p50": 10, "p99": 20, "api": 2, "database": 1, "clients": 0.1}
    return Sample(**{"foreign": 0, **figures, **changes})  # type: ignore[arg-type]


def result(scenario: str, contender: str = "now", **changes: float) -> Result:
    found = Result("postgres", 1, BY_NAME[scenario], contender)
    found.samples.append(sample(**changes))
    return found


def must(title: str) -> Must:
    (found,) = (one for one in MUSTS if one.title == title)
    return found


def test_a_median_is_taken_figure_by_figure() -> None:
    rounds = [sample(rate=1, p50=9), sample(rate=2, p50=1), sample(rate=7, p50=2)]
    found = median_of(rounds)
    assert (found.rate, found.p50) == (2, 2)


def test_what_disturbs_one_round_is_told_of_all() -> None:
    rounds = [sample(), sample(foreign=0.5, unexpected=2), sample(unexpected=1)]
    found = median_of(rounds)
    assert (found.foreign, found.unexpected) == (0.5, 3)


def test_the_spread_is_a_part_of_the_median() -> None:
    assert spread_of([90, 100, 120]) == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("api", "reached"), [(1.8, True), (1.81, False), (0.5, True)], ids=["at it", "above", "below"]
)
def test_a_cost_must_not_be_above_its_limit(api: float, reached: object) -> None:
    figures = Figures([result("read", api=api), result("read", "floor, def", api=1)])
    limit = must("read a ticket: API CPU of the floor")
    found = limit.found(figures)
    assert found == api
    assert limit.is_reached(found) is reached


@pytest.mark.parametrize(("rate", "reached"), [(400, True), (399, False)])
def test_a_rate_must_not_be_below_its_limit(rate: float, reached: object) -> None:
    figures = Figures([result("order", rate=rate), result("order", "old")], baseline="old")
    limit = must("order of 2: sales/s of the baseline")
    found = limit.found(figures)
    assert found is not None
    assert limit.is_reached(found) is reached


def test_an_answer_that_nobody_expected_breaks_its_limit() -> None:
    limit = must("hot-256: answers other than 201")
    found = limit.found(Figures([result("hot-256", unexpected=1)]))
    assert found is not None
    assert not limit.is_reached(found)


def test_what_was_not_measured_is_neither_reached_nor_not() -> None:
    assert [limit.title for limit in MUSTS if limit.found(Figures([])) is not None] == []


def test_nothing_is_a_multiple_of_zero() -> None:
    with pytest.raises(NotMeasuredError):
        ratio(1, 0)


def test_other_workers_and_databases_are_other_figures() -> None:
    two = result("read", api=5)
    two.workers = 2
    figures = Figures([two, result("read", api=1)])
    assert figures.sample("read").api == 1
    assert figures.sample("read", workers=2).api == 5
    with pytest.raises(NotMeasuredError):
        figures.sample("read", backend="sqlite")
