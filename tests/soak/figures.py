"""What a soak has to say in the end."""

from collections import Counter
from dataclasses import dataclass

from tests.support.faults.journal import Journal, Outcome
from tests.support.faults.verdict import Verdict


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


def figures(
    journal: Journal,
    verdict: Verdict,
    faults: Counter[str],
    *,
    seconds: float,
    slowest_return: float,
) -> Figures:
    operations = journal.operations
    outcomes = Counter(operation.outcome for operation in operations)
    answers = journal.answers
    told = {
        "seconds": f"{seconds:.0f}",
        "operations": str(len(operations)),
        "of them asked again": str(sum(operation.attempts > 1 for operation in operations)),
        "acknowledged": str(outcomes[Outcome.DONE]),
        "refused": str(outcomes[Outcome.REFUSED]),
        "unknown": str(outcomes[Outcome.UNKNOWN]),
        "answers": str(answers.total() - answers["replayed"] - answers["no answer"]),
        "of them replayed": str(answers["replayed"]),
        "of them 503": str(_with_status(answers, "503")),
        "requests without an answer": str(answers["no answer"]),
        "acknowledged a second": f"{outcomes[Outcome.DONE] / seconds:.1f}",
        "longest way back, seconds": f"{slowest_return:.1f}",
        "faults": str(faults.total()),
        **{f"  {name}": str(count) for name, count in sorted(faults.items())},
    }
    forbidden = {
        "lost": len(verdict.lost),
        "doubled": len(verdict.doubled),
        "refused, yet done": len(verdict.forbidden),
        "done otherwise": len(verdict.altered),
        "oversold": len(verdict.oversold),
        "5xx other than 503": _with_status(answers, "5") - _with_status(answers, "503"),
        "never answered": answers["forgotten"],
        "other complaints": len(verdict.complaints),
        "differences in the books": len(verdict.differences),
    }
    return Figures(told, forbidden)


def _with_status(answers: Counter[str], start: str) -> int:
    return sum(count for said, count in answers.items() if said.startswith(start))
