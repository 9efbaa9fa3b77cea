"""Whether what is measured is judged rightly."""

import math
from dataclasses import replace

import pytest

from benchmarks.books import AFTER_SEEDING, AFTERWARDS, Reconciled
from benchmarks.contest import Result
from benchmarks.growth import ANALYTICS
from benchmarks.measuring import Sample, median_of, spread_of
from benchmarks.scenarios import SCENARIOS
from benchmarks.thresholds import MUSTS, Figures, Must, NotMeasuredError, ratio

DASHBOARD = ANALYTICS[0]
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


@pytest.mark.parametrize("below", [0, math.inf])
def test_nothing_is_a_multiple_of_zero_or_of_no_answer(below: float) -> None:
    with pytest.raises(NotMeasuredError):
        ratio(1, below)


@pytest.mark.parametrize(
    ("api", "verdict"), [(1.2, "aim reached"), (1.5, "reached"), (1.9, "**not reached**")]
)
def test_an_aim_is_beyond_the_must(api: float, verdict: str) -> None:
    assert must("read a ticket: API CPU of the floor").verdict(api) == verdict


def test_what_has_an_aim_alone_is_told() -> None:
    two = must("postgres, order: sales/s of 2 workers of those of 1")
    assert (two.verdict(1.5), two.verdict(1.6)) == ("told", "aim reached")


WITH_AIM = [one for one in MUSTS if one.aim]


@pytest.mark.parametrize("one", WITH_AIM, ids=lambda one: one.title)
def test_whoever_reaches_an_aim_reaches_the_must(one: Must) -> None:
    sign, bound = one.aim.split()
    assert one.is_reached(float(bound))
    assert not one.limit or one.limit.split()[0] == sign


def test_where_there_was_no_answer_the_limit_is_not_reached() -> None:
    small, large = (replace(result("read"), scenario=DASHBOARD, rows=n) for n in (10**4, 10**6))
    large.samples = [sample(rate=0, p50=math.inf, p99=math.inf)]
    limit = must("postgres, dashboard, all time: 10^6 orders of 10^4")
    found = limit.found(Figures([small, large]))
    assert found == math.inf
    assert limit.verdict(found) == "**not reached**"


def test_a_figure_is_told_with_those_of_each_round() -> None:
    mine, floor = result("read"), result("read", "floor, def")
    mine.samples = [sample(api=4), sample(api=6), sample(api=5)]
    floor.samples = [sample(api=1), sample(api=2), sample(api=2)]
    figures = Figures([mine, floor])
    limit = must("read a ticket: API CPU of the floor")
    assert limit.found(figures) == 2.5
    assert limit.in_rounds(figures) == [4, 3, 2.5]


def test_the_books_are_judged_as_they_were_seeded() -> None:
    later = Reconciled("postgres", "now", 10**6, AFTERWARDS, 30, 100)
    before = replace(later, moment=AFTER_SEEDING, seconds=20)
    limit = must("postgres, reconciliation of 10^6 orders, seconds")
    assert limit.found(Figures([], [later, before])) == 20
    assert limit.found(Figures([], [later])) is None


def test_other_workers_and_databases_are_other_figures() -> None:
    two = result("read", api=5)
    two.workers = 2
    figures = Figures([two, result("read", api=1)])
    assert figures.sample("read").api == 1
    assert figures.sample("read", workers=2).api == 5
    with pytest.raises(NotMeasuredError):
        figures.sample("read", backend="sqlite")
