"""What is an answer under load, and what would be measured by mistake."""

from collections import Counter
from concurrent.futures import Executor, Future
from typing import Any

import httpx2
import pytest

from benchmarks.driver import Outcome
from benchmarks.layout import Layout
from benchmarks.measuring import Meter, Sample, UnexpectedAnswerError
from benchmarks.scenarios import SCENARIOS
from benchmarks.subjects import Subject

READ = SCENARIOS[0]


class Clients(Executor):
    """See what they are told to."""

    def __init__(self, outcome: Outcome) -> None:
        self._outcome = outcome

    def submit(self, _do: Any, /, *_given: Any, **_named: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(self._outcome)
        return done


def measured(statuses: dict[int, int], lost: int = 0) -> Sample:
    outcome = Outcome(Counter(statuses), [0.01] * statuses.get(200, 0), seconds=2, lost=lost)
    # No process has this id: its CPU time is none.
    subject = Subject("now", httpx2.URL("http://127.0.0.1:1"), 0, Layout(1_000))
    return Meter(Clients(outcome), None).measure(READ, subject, READ.plan(subject, 1, 1))


def test_the_rate_is_that_of_the_answers_that_were_expected() -> None:
    found = measured({200: 40, 503: 2})
    assert (found.rate, found.unexpected, found.is_refused) == (20, 2, False)


def test_nothing_but_503_is_told_and_ends_nothing() -> None:
    found = measured({503: 3})
    assert (found.rate, found.unexpected, found.is_refused) == (0, 3, True)
    assert found.as_json()["p50"] is None


@pytest.mark.parametrize(
    ("statuses", "lost"),
    [({200: 40, 401: 1}, 0), ({200: 40, 500: 1}, 0), ({200: 40}, 1), ({}, 0)],
    ids=["refused", "failed", "lost", "nothing"],
)
def test_what_was_not_meant_to_be_measured_ends_the_run(
    statuses: dict[int, int], lost: int
) -> None:
    with pytest.raises(UnexpectedAnswerError, match="now, read"):
        measured(statuses, lost)
