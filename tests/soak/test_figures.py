"""A soak ends well only if nothing was found, and nothing that is found is left out."""

from dataclasses import fields

import pytest

from tests.soak.books import Books, MoneyVerdict
from tests.soak.figures import Figures, Ordeal, figures
from tests.soak.made_up import books_of
from tests.support.faults.journal import Journal
from tests.support.faults.verdict import Verdict


def figures_of(
    books: Books, verdict: Verdict | None = None, money: MoneyVerdict | None = None
) -> Figures:
    return figures(books, verdict or Verdict(), money or MoneyVerdict(), Ordeal(seconds=60))


def having_heard(*answers: str) -> Books:
    journal = Journal()
    for said in answers:
        journal.count(said)
    return books_of(journal)


def test_are_good_when_nothing_was_found() -> None:
    harmless = ("201", "503 service_busy", "409 insufficient_stock", "no answer")
    assert figures_of(having_heard(*harmless, "502 payment_provider_failed")).are_good


@pytest.mark.parametrize("kind", [field.name for field in fields(Verdict)])
def test_are_bad_when_the_verdict_is(kind: str) -> None:
    verdict = Verdict(**{kind: ["one"]})
    assert not figures_of(books_of(), verdict).are_good


@pytest.mark.parametrize("kind", [field.name for field in fields(MoneyVerdict)])
def test_are_bad_when_the_verdict_about_money_is(kind: str) -> None:
    money = MoneyVerdict(**{kind: ["one"]})
    assert not figures_of(books_of(), money=money).are_good


def test_are_bad_when_something_has_not_come_to_its_end() -> None:
    assert not figures_of(books_of(letters=1)).are_good


@pytest.mark.parametrize(
    "said", ["500 internal_error", "502 bad_gateway", "504 gateway_timeout", "forgotten"]
)
def test_are_bad_when_a_client_was_told_what_it_never_should_be(said: str) -> None:
    assert not figures_of(having_heard(said)).are_good


def test_are_told_line_by_line() -> None:
    told = str(figures_of(books_of(), Verdict(lost=["one", "two"])))
    assert "lost" in told
    assert [line.split()[-1] for line in told.splitlines() if line.startswith("lost")] == ["2"]
