"""What the benchmark of listeners makes of what it saw."""

from collections import Counter

import pytest

from benchmarks.audience import Heard
from benchmarks.beside import Memory, Round
from benchmarks.driver import Outcome
from benchmarks.listeners import Cost, Found, verdict

ALL = 1000


def outcome(orders: int, **more: int) -> Outcome:
    return Outcome(Counter({201: orders + more.get("odd", 0)}), [0.01] * orders, seconds=1)


def found(
    beside: int = 100, *, grown: float = 5, odd: int = 0, events: int = 50, listening: int = ALL
) -> Found:
    heard = Heard(events, events, listening)
    rounds = [Round(outcome(100), outcome(beside, odd=odd), heard)]
    return Found(rounds, Memory(1, before=90, most=90 + grown), Cost(1, 2, heard), ALL)


def test_sales_that_go_on_beside_them_are_no_fault() -> None:
    assert list(verdict(found(beside=91))) == []


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        (found(beside=80), "0.80 of the orders were taken beside listeners"),
        (found(grown=101), "memory grew by 101 MB"),
        (found(listening=998), "2 listeners were hung up on"),
        (found(events=0), "nothing was heard of the orders"),
        (found(odd=2), "2 answers that nobody expected"),
    ],
)
def test_what_is_wrong_is_told(seen: Found, told: str) -> None:
    assert list(verdict(seen)) == [told]


def test_a_piece_costs_what_the_listeners_took_more() -> None:
    heard = Heard(events=500, pieces=100, listening=ALL)
    assert Cost(alone=1, beside=1.01, heard=heard).of_piece == pytest.approx(100)
