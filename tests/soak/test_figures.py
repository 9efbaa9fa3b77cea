"""A soak ends well only if nothing was found, and nothing that is found is left out."""

from collections import Counter
from dataclasses import fields

import pytest

from tests.soak.figures import Figures, figures
from tests.support.faults.journal import Journal
from tests.support.faults.verdict import Verdict


def figures_of(journal: Journal, verdict: Verdict) -> Figures:
    return figures(journal, verdict, Counter(), seconds=60, slowest_return=0)


def test_are_good_when_nothing_was_found() -> None:
    journal = Journal()
    for said in ("201", "503 service_busy", "409 insufficient_stock", "no answer"):
        journal.count(said)
    assert figures_of(journal, Verdict()).are_good


@pytest.mark.parametrize("kind", [field.name for field in fields(Verdict)])
def test_are_bad_when_the_verdict_is(kind: str) -> None:
    verdict = Verdict(**{kind: ["one"]})
    assert not figures_of(Journal(), verdict).are_good


@pytest.mark.parametrize("said", ["500 internal_error", "504 gateway_timeout", "forgotten"])
def test_are_bad_when_a_client_was_told_what_it_never_should_be(said: str) -> None:
    journal = Journal()
    journal.count(said)
    assert not figures_of(journal, Verdict()).are_good


def test_are_told_line_by_line() -> None:
    told = str(figures_of(Journal(), Verdict(lost=["one", "two"])))
    assert "lost" in told
    assert [line.split()[-1] for line in told.splitlines() if line.startswith("lost")] == ["2"]
