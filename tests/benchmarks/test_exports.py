"""What the benchmark of exports makes of what it saw."""

from collections import Counter
from dataclasses import replace

from benchmarks.beside import Memory, Round
from benchmarks.driver import Outcome
from benchmarks.exports import Found, verdict


def outcome(orders: int, **more: int) -> Outcome:
    return Outcome(Counter({201: orders + more.get("odd", 0)}), [0.01] * orders, seconds=1)


def found(beside: int = 100, *, grown: float = 5, odd: int = 0, lines: int = 1000) -> Found:
    rounds = [Round(outcome(100), outcome(beside, odd=odd), 50)]
    return Found(rounds, Memory(1, before=90, most=90 + grown), lines, 2, 1000)


def test_sales_that_go_on_beside_it_are_no_fault() -> None:
    assert list(verdict(found(beside=91))) == []


def test_sales_that_it_takes_away_are_told() -> None:
    assert list(verdict(found(beside=80))) == ["0.80 of the orders were taken beside an export"]


def test_memory_that_grows_with_it_is_told() -> None:
    assert list(verdict(found(grown=61))) == ["memory grew by 61 MB"]


def test_lines_that_are_missing_are_told() -> None:
    assert list(verdict(found(lines=999))) == ["999 lines of 1000 orders"]


def test_answers_that_nobody_expected_are_told() -> None:
    assert list(verdict(found(odd=2))) == ["2 answers that nobody expected"]


def test_a_round_without_an_export_is_told() -> None:
    [one] = found().rounds
    idle = replace(found(), rounds=[replace(one, seen=0)])
    assert list(verdict(idle)) == ["nothing was exported beside the orders"]
