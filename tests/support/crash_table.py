"""The flows of payments, the steps of each, what can go wrong there, and how that ends.

To follow what a row of the table does, see ``tests/Payment/test_crashes.py``.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tests.support import crash_flows as do
from tests.support.crash_shop import PRICE, Purchase, Shop
from tests.support.crashes import Fault, Step, faults_of

COMMIT, START, LOOK_UP, REFUND, LOOK_UP_REFUND = Step


@dataclass(frozen=True)
class Act:
    """What somebody asks of the service or tells it, or what it does by itself."""

    do: Callable[[Purchase], None]
    steps: tuple[Step, ...]
    # Whoever has asked or told comes back where there was no answer.
    is_asked: bool = False


@dataclass(frozen=True)
class End:
    """What became of the order, and of money at the provider."""

    order: str
    charged: int
    returned: int = 0
    # What the reconciliation of the books names, and what their comparison with the provider's.
    rules: tuple[str, ...] = ()
    differences: tuple[tuple[str, str, str], ...] = ()


class Odd(StrEnum):
    """Where a flow may end otherwise than it should."""

    # By the provider; and then those who have asked come back.
    REFUSED = "refused"
    REFUSED_ONCE = "refused once"
    # What was not even begun, and nobody comes back to.
    UNDONE = "undone"


@dataclass(frozen=True)
class Flow:
    before: Callable[[Shop], Purchase]
    acts: Collection[Act]
    end: End
    otherwise: Mapping[Odd, End] = field(default_factory=dict)


PAY = Act(do.ask_to_pay, (COMMIT, START, COMMIT), is_asked=True)
PAY_AT_ONCE = Act(do.ask_to_pay_at_once, (COMMIT, START, COMMIT), is_asked=True)
# The provider's word is taken, and then the payment told as it is.
SYNC = Act(do.sync, (LOOK_UP, COMMIT, COMMIT), is_asked=True)
HEAR = Act(do.hear_of_payment, (COMMIT,), is_asked=True)
HEAR_OF_REFUND = Act(do.hear_of_refund, (COMMIT,), is_asked=True)
REQUEST = Act(do.ask_for_refund, (COMMIT,), is_asked=True)
CANCEL = Act(do.cancel, (COMMIT,), is_asked=True)
RETRY = Act(do.retry, (COMMIT,), is_asked=True)
# By itself: what is due is taken first, until there is no more.
LOOK_AFTER = Act(do.look_after, (COMMIT, LOOK_UP, COMMIT, COMMIT))
BEGIN = Act(do.look_after, (COMMIT, START, COMMIT, LOOK_UP, COMMIT, COMMIT))
GIVE_UP = Act(do.look_after, (COMMIT, LOOK_UP, COMMIT, COMMIT, COMMIT))
EXPIRE = Act(do.expire, (COMMIT,))
NOTE = Act(do.note, (COMMIT,))
SEND = Act(do.send, (COMMIT, REFUND, COMMIT, COMMIT))
ASK_ABOUT = Act(do.send, (COMMIT, LOOK_UP_REFUND, COMMIT, COMMIT))

SOLD = End("confirmed", PRICE)
UNPAID = End("cancelled", 0)
RETURNED = End("cancelled", PRICE, PRICE)
PART_RETURNED = End("cancelled", do.PART, do.PART)
# Somebody has to look after what is named.
KEPT = End("cancelled", PRICE, rules=("no_refund_failed",))
PART_KEPT = End("cancelled", do.PART, rules=("no_refund_failed",))
NOT_BELIEVED = End(
    "cancelled", PRICE, differences=(("payment", "100.00 USD failed", "100.00 USD succeeded"),)
)
RETURNED_AND_KEPT = End(
    "cancelled",
    PRICE,
    PRICE,
    rules=("no_refund_failed",),
    differences=(("refund", "100.00 USD failed", "100.00 USD succeeded"),),
)

NEVER_PAID = {Odd.REFUSED: UNPAID, Odd.REFUSED_ONCE: UNPAID, Odd.UNDONE: UNPAID}
NOT_RETURNED = {Odd.REFUSED: KEPT, Odd.UNDONE: SOLD}

FLOWS = {
    "pay": Flow(do.ordered, [PAY], SOLD, NEVER_PAID),
    "pay at once": Flow(do.ordered, [PAY_AT_ONCE], SOLD, NEVER_PAID),
    "hear": Flow(do.paid_unheard, [HEAR], SOLD),
    "hear too late": Flow(do.paid_too_late, [HEAR], RETURNED),
    "sync": Flow(do.paid_unheard, [SYNC], SOLD, {Odd.REFUSED: NOT_BELIEVED}),
    "look after": Flow(do.paid_unheard, [LOOK_AFTER], SOLD, {Odd.REFUSED: NOT_BELIEVED}),
    "begin": Flow(do.announced, [BEGIN], SOLD, {Odd.REFUSED: UNPAID}),
    "give up": Flow(do.abandoned, [GIVE_UP], UNPAID),
    "refund": Flow(do.paid, [REQUEST, NOTE, SEND], RETURNED, NOT_RETURNED),
    "cancel": Flow(do.paid, [CANCEL, NOTE, SEND], RETURNED, NOT_RETURNED),
    "expire": Flow(do.paid_in_part, [EXPIRE, NOTE, SEND], PART_RETURNED, {Odd.REFUSED: PART_KEPT}),
    "retry": Flow(
        do.refund_refused, [RETRY, SEND], RETURNED, {Odd.REFUSED: KEPT, Odd.UNDONE: KEPT}
    ),
    "ask about refund": Flow(
        do.refund_on_its_way, [ASK_ABOUT], RETURNED, {Odd.REFUSED: RETURNED_AND_KEPT}
    ),
    "hear of refund": Flow(do.refund_on_its_way, [HEAR_OF_REFUND], RETURNED),
}


class GoesOn(StrEnum):
    """Who is there after the fault, besides chores and errands."""

    NOBODY = "nobody comes back"
    # Callers under the same key, and the provider with all that there is to tell, twice.
    ALL = "all come back"


@dataclass(frozen=True)
class Row:
    flow: str
    number: int
    step: Step
    fault: Fault
    goes_on: GoesOn

    def __str__(self) -> str:
        return f"{self.flow}, {self.number} {self.step}: {self.fault}, {self.goes_on}"

    @property
    def end(self) -> End:
        flow, nobody = FLOWS[self.flow], self.goes_on is GoesOn.NOBODY
        if self.fault is Fault.REFUSAL:
            return flow.otherwise.get(Odd.REFUSED if nobody else Odd.REFUSED_ONCE, flow.end)
        if self.number == 0 and self.fault is Fault.BEFORE_COMMIT and nobody:
            return flow.otherwise.get(Odd.UNDONE, flow.end)
        return flow.end


def rows() -> Iterator[Row]:
    """Every step of every flow with each of its faults."""
    for name, flow in FLOWS.items():
        steps = [(act, step) for act in flow.acts for step in act.steps]
        for number, (act, step) in enumerate(steps):
            for fault in faults_of(step):
                for goes_on in GoesOn if act.is_asked else [GoesOn.NOBODY]:
                    yield Row(name, number, step, fault, goes_on)
