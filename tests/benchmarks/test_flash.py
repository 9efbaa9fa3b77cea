"""A flash sale's verdict: whatever goes wrong with the sale, it is told."""

import argparse
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from benchmarks import baseline, flash, reporting, stores
from benchmarks.driver import Outcome, Plan
from benchmarks.flash import ATTEMPTS, BUYERS, CROWDS, RARE_UNITS, TOO_LATE, Sale, race, sell_out
from benchmarks.layout import Layout
from benchmarks.subjects import Subject

UNITS = 1_002


class Service(Executor):
    """Sells what it has, and refuses the rest, if its answers are not spoiled."""

    ticket = 1

    def __init__(self, units: int = UNITS) -> None:
        self.units = self.stock = units
        self.crowds: list[int] = []

    def left(self) -> int:
        return self.stock

    def submit(self, _do: Any, /, *given: Any, **_named: Any) -> Future[Any]:
        (plan,) = given
        self.crowds.append(plan.clients)
        done: Future[Any] = Future()
        done.set_result(self.answer(plan))
        return done

    def answer(self, plan: Plan) -> Outcome:
        sold = min(self.stock, len(plan.requests))
        self.stock -= sold
        return outcome({201: sold, 409: len(plan.requests) - sold})


def outcome(statuses: dict[int, int], lost: int = 0) -> Outcome:
    return Outcome(Counter(statuses), [0.1], seconds=2, lost=lost)


def sale(service: Service) -> Sale:
    subject = Subject("now", httpx2.URL("http://127.0.0.1:1"), 0, Layout(1_000))
    return Sale(subject, service, service)


def spoiled(answer: Callable[[Service, Plan], Outcome], units: int = UNITS) -> Service:
    class Spoiled(Service):
        def answer(self, plan: Plan) -> Outcome:
            return answer(self, plan)

    return Spoiled(units)


def test_a_sale_of_all_units_to_all_crowds_has_no_faults() -> None:
    service = Service()
    many = sale(service)
    assert sell_out(many) == []
    assert service.crowds == [*CROWDS, CROWDS[-1]]
    assert (many.sold, many.refused) == (UNITS, TOO_LATE)


def test_a_race_for_a_few_units_has_no_faults() -> None:
    few = sale(Service(RARE_UNITS))
    assert race(few) == []
    assert (few.sold, few.refused) == (RARE_UNITS, BUYERS - RARE_UNITS)


@pytest.mark.parametrize("units", [1, 3])
def test_a_crowd_without_units_has_no_speed(units: int) -> None:
    def answer(service: Service, plan: Plan) -> Outcome:
        found = Service.answer(service, plan)
        found.seconds = 2 if plan.requests else 0
        return found

    assert sell_out(sale(spoiled(answer, units))) == []


def test_one_sold_too_many_is_told() -> None:
    def answer(service: Service, plan: Plan) -> Outcome:
        found = Service.answer(service, plan)
        if found.statuses[409]:
            found.statuses.update({201: 1, 409: -1})
        return found

    assert f"{UNITS + 1} sold of {UNITS} units" in sell_out(sale(spoiled(answer)))
    assert f"{RARE_UNITS + 1} sold of {RARE_UNITS} units" in race(sale(spoiled(answer, RARE_UNITS)))


def test_a_sale_that_never_ends_is_given_up_and_told() -> None:
    service = spoiled(lambda _, plan: outcome({409: len(plan.requests)}))
    faults = sell_out(sale(service))
    assert len(service.crowds) == len(CROWDS) + ATTEMPTS + 1
    assert faults[:2] == [f"0 sold of {UNITS} units", f"{UNITS} units left over"]


def test_units_that_nobody_bought_and_nobody_can_buy_are_told() -> None:
    def answer(service: Service, plan: Plan) -> Outcome:
        found = Service.answer(service, plan)
        service.stock = max(service.stock - 1, 0)
        return found

    faults = sell_out(sale(spoiled(answer)))
    assert faults[0] == f"{UNITS - 3} sold of {UNITS} units"


def test_who_comes_again_gets_what_is_left_and_the_first_answer_is_told() -> None:
    def answer(service: Service, plan: Plan) -> Outcome:
        if plan.clients == CROWDS[1]:
            return outcome({503: len(plan.requests)})
        return Service.answer(service, plan)

    many = sale(spoiled(answer))
    assert sell_out(many) == ["251 answers of 5xx"]
    assert many.rows[len(CROWDS)][0] == "what is left"


@pytest.mark.parametrize(
    ("status", "told"),
    [(401, "answers that nobody expected"), (422, "answers that nobody expected"), (500, "5xx")],
)
def test_only_a_refusal_of_what_is_sold_out_is_one(status: int, told: str) -> None:
    def answer(service: Service, plan: Plan) -> Outcome:
        return Service.answer(service, plan) if service.stock else outcome({status: TOO_LATE})

    faults = sell_out(sale(spoiled(answer)))
    assert faults[0] == f"0 refused of {TOO_LATE} who came too late"
    assert told in faults[1]


def test_a_lost_answer_is_told() -> None:
    def answer(service: Service, plan: Plan) -> Outcome:
        found = Service.answer(service, plan)
        found.lost = 1 if plan.clients == CROWDS[0] else 0
        return found

    assert sell_out(sale(spoiled(answer))) == ["1 without an answer"]


def test_each_phase_has_its_row_of_counts() -> None:
    many = sale(spoiled(lambda *_: outcome({201: 3, 409: 2, 500: 1, 503: 1, 401: 4}, lost=5)))
    many.ask("16 clients", 16, 16)
    assert many.rows == [["16 clients", "16", "2", "100.0", "100.0", "3", "2", "2", "4", "5"]]


class Empty:
    backend = "sqlite"

    def version(self) -> str:
        return "3"


@contextmanager
def nowhere(*_: Any) -> Iterator[Empty]:
    yield Empty()


@pytest.mark.parametrize("faults", [[], ["51 sold of 50 units"]], ids=["none", "one"])
def test_the_command_ends_with_1_if_anything_was_wrong(
    faults: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def run(*given: Any) -> tuple[list[list[str]], list[str]]:
        assert isinstance(given[-1], argparse.Namespace)
        return [["a phase", *"123456789"]], faults

    monkeypatch.setattr(flash, "_flash", run)
    monkeypatch.setattr(stores, "opened", nowhere)
    monkeypatch.setattr(reporting, "FOLDER", tmp_path)
    monkeypatch.setattr(baseline, "revision", lambda: "1a2b3c4")
    assert flash.main(["--backend", "sqlite"]) == len(faults)
    said = capsys.readouterr().out
    assert ("Nothing was oversold." in said) is not bool(faults)
    assert all(f"**FAULT** sqlite, now, 1 worker(s): {fault}" in said for fault in faults)
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".json", ".md"]
