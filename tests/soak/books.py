"""Three books of the same money: what buyers saw, what the service has, and what the provider has.

Each is read by itself, and none is believed more than another. Amounts are cents.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlalchemy import Row, text
from sqlmodel import Session

from database import Database
from tests.soak.provider import Provider
from tests.support.faults.journal import Journal, Operation, Outcome

_TABLES = {
    "orders": "SELECT id, status, total_amount, amount_paid, amount_reopened FROM orders",
    "payments": """
        SELECT id, transaction_number, order_id, provider_reference, amount, refunded_amount,
            status FROM transactions WHERE provider IS NOT NULL""",
    "refunds": """
        SELECT movement_id, transaction_id, amount, status, attempt, is_by_hand
        FROM provider_refunds""",
    "events": "SELECT outcome, COUNT(*) AS number FROM provider_events GROUP BY outcome",
    "unnoted": """
        SELECT COUNT(*) AS number FROM movements m JOIN transactions t ON t.id = m.transaction_id
        WHERE t.provider IS NOT NULL AND m.kind = 'money' AND m.target = 'buyer'
            AND m.id NOT IN (SELECT movement_id FROM provider_refunds)""",
    "differing": "SELECT COUNT(*) AS number FROM payment_differences WHERE resolved_at IS NULL",
}
_UNFINISHED = ("refunds that are pending", "refunds that are failed")
ARRIVED, SOLD = {"success", "refunded"}, {"confirmed", "completed"}


@dataclass(frozen=True)
class Ours:
    """What the service has of it, in one snapshot."""

    orders: Mapping[int, Any]
    payments: Mapping[int, Any]
    refunds: Mapping[int, Any]
    events: Counter[str]
    # What the ledger gives back by a provider, and nobody has noted; what differs and is not back.
    unnoted: int
    differing: int

    @classmethod
    def of(cls, database: Database) -> "Ours":
        def read(session: Session) -> dict[str, list[Row[Any]]]:
            connection = session.connection()
            return {name: list(connection.execute(text(sql))) for name, sql in _TABLES.items()}

        tables = database.snapshot_now(read)
        return cls(
            orders={row.id: row for row in tables["orders"]},
            payments={row.id: row for row in tables["payments"]},
            refunds={row.movement_id: row for row in tables["refunds"]},
            events=Counter({row.outcome: row.number for row in tables["events"]}),
            unnoted=tables["unnoted"][0].number,
            differing=tables["differing"][0].number,
        )


@dataclass(frozen=True)
class Taken:
    """A payment at the provider."""

    id: str
    # Ours, under which it was begun.
    number: str
    # What has arrived; 0 as long as nothing has.
    amount: int


@dataclass(frozen=True)
class Returned:
    """A refund there that has not failed."""

    id: str
    payment: str
    # The line of our ledger that it was asked for.
    line: int
    amount: int
    is_under_way: bool


@dataclass(frozen=True)
class Theirs:
    payments: Mapping[str, Taken]
    refunds: list[Returned]
    failed_refunds: int
    # Payments that are not made yet, and webhooks that are not sent.
    under_way: int
    letters: int

    @classmethod
    def of(cls, provider: Provider) -> "Theirs":
        payments, refunds = list(provider.all("payments")), list(provider.all("refunds"))
        going = [_returned(one) for one in refunds if one["status"] != "failed"]
        return cls(
            payments={one["id"]: _taken(one) for one in payments},
            refunds=going,
            failed_refunds=len(refunds) - len(going),
            under_way=sum(one["status"] == "processing" for one in payments),
            letters=provider.letters,
        )


@dataclass
class MoneyVerdict:
    """Each list must be empty; what is in it tells what went wrong."""

    paid_without_ticket: list[str] = field(default_factory=list)
    ticket_without_payment: list[str] = field(default_factory=list)
    not_recorded: list[str] = field(default_factory=list)
    refunded_twice: list[str] = field(default_factory=list)
    # Begun anew although the request was the same, or acknowledged and not there.
    begun_wrongly: list[str] = field(default_factory=list)
    # Lines of the command that holds the provider's books against ours.
    differences: list[str] = field(default_factory=list)

    def wrong(self) -> dict[str, list[str]]:
        return {name: found for name, found in vars(self).items() if found}


@dataclass(frozen=True)
class Books:
    seen: Journal
    ours: Ours
    theirs: Theirs

    def judge(self) -> MoneyVerdict:
        return MoneyVerdict(
            paid_without_ticket=self._paid_without_ticket(),
            ticket_without_payment=[*self._sold_for_nothing(), *self._invented()],
            not_recorded=[*self._not_recorded(), *self._seen_and_not_recorded()],
            refunded_twice=self._refunded_twice(),
            begun_wrongly=self._begun_wrongly(),
        )

    def unfinished(self) -> Counter[str]:
        """What has not come to its end yet, on either side: how much of what."""
        there = self.theirs.payments
        known = {row.provider_reference: row.status for row in self.ours.payments.values()}
        untold = [id_ for id_, one in there.items() if one.amount and known.get(id_) not in ARRIVED]
        refunds = Counter(f"refunds that are {row.status}" for row in self.ours.refunds.values())
        pending = [one for one in self.ours.orders.values() if one.status == "pending"]
        return +Counter(
            {
                **{name: refunds[name] for name in _UNFINISHED},
                "refunds that are not noted": self.ours.unnoted,
                "refunds under way at the provider": sum(
                    one.is_under_way for one in self.theirs.refunds
                ),
                "payments under way at the provider": self.theirs.under_way,
                "webhooks to be sent": self.theirs.letters,
                "payments not heard of": len(untold),
                "payments not as asked for": self.ours.differing,
                "orders paid in part": sum(one.amount_paid > 0 for one in pending),
            }
        )

    def _paid_without_ticket(self) -> list[str]:
        """Orders that nobody has tickets of, with money that nobody has got back."""
        kept: Counter[int] = Counter()
        for payment in self.ours.payments.values():
            kept[payment.order_id] += self._kept_of(payment)
        return [
            f"order {id_} is {order.status}, and {kept[id_]} of it are kept"
            for id_, order in self.ours.orders.items()
            if kept[id_] > 0 and order.status not in SOLD | {"pending"}
        ]

    def _sold_for_nothing(self) -> list[str]:
        """The box office may sell on trust; nobody else does."""
        trusted = {one.wanted for one in self._operations("confirm")}
        return [
            f"order {id_} is {order.status}, and {due} are due"
            for id_, order in self.ours.orders.items()
            if (due := order.total_amount - order.amount_paid + order.amount_reopened) > 0
            and order.status in SOLD
            and id_ not in trusted
        ]

    def _invented(self) -> list[str]:
        """Money that we count, and the provider does not have."""
        return [
            f"payment {id_} of {row.amount} is {row.status}, and there are {came} of it there"
            for id_, row in self.ours.payments.items()
            if row.status in ARRIVED and (came := self._came_of(row)) != row.amount
        ]

    def _not_recorded(self) -> list[str]:
        known = {row.provider_reference: row for row in self.ours.payments.values()}
        return [
            f"{taken.amount} came by {taken.id} ({taken.number})"
            for taken in self.theirs.payments.values()
            if taken.amount and (taken.id not in known or known[taken.id].status not in ARRIVED)
        ]

    def _seen_and_not_recorded(self) -> list[str]:
        """What buyers were told at the provider's page that they have paid."""
        told = [one for one in self._operations("charge") if one.outcome is Outcome.DONE]
        rows = self.ours.payments
        return [
            f"{one.key} has paid {one.wanted}, which is not there"
            for one in told
            if (row := rows.get(one.wanted[0])) is None or row.status not in ARRIVED
        ]

    def _refunded_twice(self) -> list[str]:
        lines = Counter(one.line for one in self.theirs.refunds)
        decided = {
            row.provider_reference: row.refunded_amount - self._paid_out[row.id]
            for row in self.ours.payments.values()
        }
        return [
            *(f"line {line} went back {times} times" for line, times in lines.items() if times > 1),
            *(
                f"of {payment} {amount} went back, not {decided.get(payment, 0)}"
                for payment, amount in self._gone.items()
                if amount > decided.get(payment, 0)
            ),
        ]

    def _begun_wrongly(self) -> list[str]:
        """As many payments of an order as were asked for under keys of their own."""
        least, most, there = Counter[int](), Counter[int](), Counter[int]()
        for operation in self._operations("begin"):
            most[operation.wanted[0]] += 1
            least[operation.wanted[0]] += operation.outcome is Outcome.DONE
        for row in self.ours.payments.values():
            # What was charged by mistake beside a payment was begun by nobody.
            there[row.order_id] += self._is_announced(row)
        return [
            f"order {id_} has {there[id_]} payments, not {least[id_]} to {most[id_]}"
            for id_ in most | there
            if not least[id_] <= there[id_] <= most[id_]
        ]

    def _operations(self, kind: str) -> list[Operation]:
        operations = self.seen.operations
        return [
            one
            for one in operations
            if one.kind == kind and (one.outcome is not Outcome.REFUSED or kind == "charge")
        ]

    def _is_announced(self, row: Any) -> bool:
        taken = self.theirs.payments.get(row.provider_reference)
        return taken is None or taken.number == row.transaction_number

    def _kept_of(self, row: Any) -> int:
        """At the provider, of what was not paid out in another way."""
        gone = self._gone[row.provider_reference] + self._paid_out[row.id]
        return self._came_of(row) - gone

    def _came_of(self, row: Any) -> int:
        taken = self.theirs.payments.get(row.provider_reference)
        return 0 if taken is None else taken.amount

    @cached_property
    def _gone(self) -> Counter[str]:
        """What went back at the provider, or will, by its name for the payment."""
        gone: Counter[str] = Counter()
        for one in self.theirs.refunds:
            gone[one.payment] += one.amount
        return gone

    @cached_property
    def _paid_out(self) -> Counter[int]:
        """What went back otherwise, by our name for the payment."""
        by_hand: Counter[int] = Counter()
        for refund in self.ours.refunds.values():
            by_hand[refund.transaction_id] += refund.amount if refund.is_by_hand else 0
        return by_hand


def _taken(told: Any) -> Taken:
    received = told["received"]
    amount = _cents(received["amount"]) if received else 0
    return Taken(told["id"], told["metadata"].get("number", ""), amount)


def _returned(told: Any) -> Returned:
    # Behind the payment's name; the number of a later try stands behind the line's.
    line = int(told["key"].removeprefix(f"{told['payment']}-").partition("-")[0])
    is_under_way = told["status"] == "pending"
    return Returned(told["id"], told["payment"], line, _cents(told["amount"]), is_under_way)


def _cents(amount: str) -> int:
    return round(float(amount) * 100)
