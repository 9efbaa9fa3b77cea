"""What the benchmark of the hoarder makes of what it saw."""

from collections import Counter

from benchmarks.fairness import FAIR_UNITS, Look, Outcome, verdict


def outcome(served: int, largest: int = FAIR_UNITS, **answers: int) -> Outcome:
    looks = [Look(0.1, 0, 0, 40, 4, largest), Look(3, served, 2 * served, 0, 0, 0)]
    return Outcome(looks, Counter(answers), served)


def test_more_buyers_served_and_nobody_with_too_much_is_fair() -> None:
    assert verdict(off=outcome(10, largest=100), on=outcome(200)) == []


def test_an_account_with_more_than_is_fair_at_any_moment_is_told() -> None:
    [fault] = verdict(off=outcome(10), on=outcome(200, largest=FAIR_UNITS + 1))
    assert fault == f"{FAIR_UNITS + 1} units held by one account, of {FAIR_UNITS} that are fair"


def test_limits_that_help_nobody_are_told() -> None:
    faults = verdict(off=outcome(50), on=outcome(50))
    assert faults == ["50 buyers served with limits, 50 without"]


def test_a_service_that_fails_is_told() -> None:
    off, on = outcome(10, **{"503": 1, "599": 1}), outcome(200, **{"500": 2, "units_limit": 9})
    assert verdict(off=off, on=on) == ["3 answers of 5xx, or none"]
