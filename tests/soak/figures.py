"""What a soak has to say in the end."""

from collections import Counter
from dataclasses import dataclass, field

from tests.soak.books import ARRIVED, Books, MoneyVerdict
from tests.soak.shopper import OTHER_AMOUNT, TWICE, WORDS
from tests.support.faults.connection import NONSENSE
from tests.support.faults.journal import Journal, Outcome
from tests.support.faults.verdict import Verdict


@dataclass
class Ordeal:
    """What the service went through, and for how long."""

    faults: Counter[str] = field(default_factory=Counter)
    seconds: float = 0
    # The longest time after a fault until so much was sold again.
    slowest_return: float = 0

    def came_back(self, seconds: float) -> None:
        self.slowest_return = max(self.slowest_return, seconds)


@dataclass(frozen=True)
class Figures:
    # What happened, in the order of the table.
    told: dict[str, str]
    # What must be zero.
    forbidden: dict[str, int]

    @property
    def are_good(self) -> bool:
        return not any(self.forbidden.values())

    def __str__(self) -> str:
        lines = {**self.told, **{name: str(count) for name, count in self.forbidden.items()}}
        width = max(map(len, lines))
        return "\n".join(f"{name:<{width}}  {value:>12}" for name, value in lines.items())


def figures(books: Books, verdict: Verdict, money: MoneyVerdict, ordeal: Ordeal) -> Figures:
    told = {**_of_requests(books.seen, ordeal), **_of_money(books), **_of_faults(ordeal)}
    return Figures(told, {**_forbidden(books.seen, verdict), **_forbidden_of_money(books, money)})


def _of_requests(journal: Journal, ordeal: Ordeal) -> dict[str, str]:
    operations, answers = journal.operations, journal.answers
    outcomes = Counter(operation.outcome for operation in operations)
    return {
        "seconds": f"{ordeal.seconds:.0f}",
        "operations": str(len(operations)),
        "of them asked again": str(sum(operation.attempts > 1 for operation in operations)),
        "acknowledged": str(outcomes[Outcome.DONE]),
        "refused": str(outcomes[Outcome.REFUSED]),
        "unknown": str(outcomes[Outcome.UNKNOWN]),
        "answers": str(answers.total() - answers["replayed"] - answers["no answer"]),
        "of them replayed": str(answers["replayed"]),
        "of them 503": str(_with_status(answers, "503")),
        f"of them 502 {NONSENSE}": str(answers[f"502 {NONSENSE}"]),
        "requests without an answer": str(answers["no answer"]),
        "acknowledged a second": f"{outcomes[Outcome.DONE] / (ordeal.seconds or 1):.1f}",
        "longest way back, seconds": f"{ordeal.slowest_return:.1f}",
    }


def _of_money(books: Books) -> dict[str, str]:
    ours, theirs = books.ours, books.theirs
    charges = [one for one in books.seen.operations if one.kind == "charge"]
    cards = Counter(one.wanted[2] for one in charges if one.outcome is not Outcome.REFUSED)
    refunds = Counter(row.status for row in ours.refunds.values())
    return {
        "payments begun": str(len(theirs.payments)),
        "of them paid": str(sum(one.amount > 0 for one in theirs.payments.values())),
        "of them recorded here": str(sum(one.status in ARRIVED for one in ours.payments.values())),
        **{f"webhooks {how}": str(cards[card]) for how, card in WORDS.items()},
        "charged twice": str(cards[TWICE]),
        "charged another amount": str(cards[OTHER_AMOUNT]),
        "webhooks heard": str(ours.events.total()),
        "refunds": str(refunds.total()),
        "of them by the provider": str(len(theirs.refunds)),
        "of them paid out otherwise": str(sum(row.is_by_hand for row in ours.refunds.values())),
        "of them asked for anew": str(sum(row.attempt > 1 for row in ours.refunds.values())),
    }


def _of_faults(ordeal: Ordeal) -> dict[str, str]:
    faults = ordeal.faults
    return {
        "faults": str(faults.total()),
        **{f"  {name}": str(count) for name, count in sorted(faults.items())},
    }


def _forbidden(journal: Journal, verdict: Verdict) -> dict[str, int]:
    answers = journal.answers
    expected = _with_status(answers, "503") + answers[f"502 {NONSENSE}"]
    return {
        "lost": len(verdict.lost),
        "doubled": len(verdict.doubled),
        "refused, yet done": len(verdict.forbidden),
        "done otherwise": len(verdict.altered),
        "oversold": len(verdict.oversold),
        "5xx other than 503": _with_status(answers, "5") - expected,
        "never answered": answers["forgotten"],
        "other complaints": len(verdict.complaints),
        "differences in the books": len(verdict.differences),
    }


def _forbidden_of_money(books: Books, money: MoneyVerdict) -> dict[str, int]:
    return {
        "paid without a ticket": len(money.paid_without_ticket),
        "ticket without payment": len(money.ticket_without_payment),
        "charged and not recorded": len(money.not_recorded),
        "refunded twice": len(money.refunded_twice),
        "payments begun wrongly": len(money.begun_wrongly),
        "differences with the provider": len(money.differences),
        "unfinished": books.unfinished().total(),
    }


def _with_status(answers: Counter[str], start: str) -> int:
    return sum(count for said, count in answers.items() if said.startswith(start))
