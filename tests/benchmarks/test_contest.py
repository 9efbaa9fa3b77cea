"""Who is measured, in which turn, and what counts."""

import httpx2
import pytest

from benchmarks.contest import Http, Terms, _in_turns, _workers
from benchmarks.driver import Outcome
from benchmarks.layout import Layout
from benchmarks.measuring import Meter, Sample
from benchmarks.scenarios import SCENARIOS, Scenario
from benchmarks.subjects import ORM, SYNC, Subject
from tests.benchmarks.test_measuring import Clients

BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
READ, CART, CROWD = BY_NAME["read"], BY_NAME["cart"], BY_NAME["hot-256"]


class Contender:
    """Writes down when it is its turn, and is as fast as the turn's number."""

    rows = 0
    workers = 1

    def __init__(self, name: str, turns: list[tuple[str, str]]) -> None:
        self.name = name
        self._turns = turns

    def can(self, scenario: Scenario) -> bool:
        return self.name != "floor" or scenario.name == "read"

    def measure(self, scenario: Scenario, _seconds: float, _share: float = 1) -> Sample:
        self._turns.append((scenario.name, self.name))
        return Sample(len(self._turns), 1, 1, 1, 1, 1, 0)


def test_all_have_their_turn_in_each_round_and_the_first_one_does_not_count() -> None:
    turns: list[tuple[str, str]] = []
    contenders = [Contender("now", turns), Contender("old", turns), Contender("floor", turns)]
    results = _in_turns("sqlite", contenders, Terms([READ, CART], 2, 1, [Layout(1)]))
    one = [("read", "now"), ("read", "old"), ("read", "floor"), ("cart", "now"), ("cart", "old")]
    # Who comes first in one round comes last in the next.
    assert turns == [*reversed(one), *one, *reversed(one)]
    assert [(found.scenario.name, found.contender) for found in results] == one
    assert [[sample.rate for sample in found.samples] for found in results[:2]] == [
        [6, 15],
        [7, 14],
    ]


def test_more_workers_are_served_only_where_they_are_asked() -> None:
    assert list(_workers(Terms([READ, CART], 1, 1, [], [1, 2]))) == [1, 2]
    assert list(_workers(Terms([CART], 1, 1, [], [1, 2]))) == [1]


@pytest.mark.parametrize(
    ("name", "workers", "scenarios"),
    [
        ("now", 1, [READ, CART, CROWD]),
        ("now", 2, [READ]),
        (SYNC, 1, [READ, CART]),
        (ORM, 1, [READ]),
    ],
)
def test_a_contender_is_asked_what_it_can_answer(
    name: str, workers: int, scenarios: list[Scenario]
) -> None:
    subject = Subject(name, httpx2.URL("http://127.0.0.1:1"), 0, Layout(1))
    contender = Http(subject, Meter(Clients(Outcome()), None), workers)
    assert [one for one in (READ, CART, CROWD) if contender.can(one)] == scenarios
