"""The clients' journal held against the database: nothing lost, nothing twice, nothing half."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from database import Database
from tests.support.books import disagreements
from tests.support.faults.evidence import Effect, Evidence, evidence_for, placed
from tests.support.faults.journal import Journal, Operation, Outcome
from tests.support.faults.records import Records


@dataclass
class Verdict:
    """Each list must be empty; what is in it tells what went wrong."""

    # Acknowledged, and not there.
    lost: list[str] = field(default_factory=list)
    # There twice.
    doubled: list[str] = field(default_factory=list)
    # Refused, and there all the same.
    forbidden: list[str] = field(default_factory=list)
    # There, but not as it was asked for or answered.
    altered: list[str] = field(default_factory=list)
    oversold: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def wrong(self) -> dict[str, list[str]]:
        return {name: found for name, found in vars(self).items() if found}


def judge(journal: Journal, database: Database) -> Verdict:
    records = Records.of(database)
    verdict = Verdict(complaints=list(journal.complaints))
    gone = {
        operation.wanted
        for operation in journal.operations
        if operation.kind == "delete" and operation.outcome is not Outcome.REFUSED
    }
    for operation in journal.operations:
        for evidence in evidence_for(operation, records, gone):
            _weigh(operation, evidence, records, verdict)
    verdict.altered += _carts_out_of_bounds(journal, records)
    verdict.oversold += [str(tuple(row)) for row in records.tables["oversold"]]
    verdict.differences += disagreements(database)
    return verdict


def _weigh(operation: Operation, evidence: Evidence, records: Records, verdict: Verdict) -> None:
    effects = evidence.find(records, operation)
    if sentence := _sentence(operation, effects, evidence, records):
        told = f"{operation.key} {operation.kind} {operation.wanted}: {operation.outcome}"
        getattr(verdict, sentence).append(f"{told}, found {effects}")


def _sentence(
    operation: Operation, effects: list[Effect], evidence: Evidence, records: Records
) -> str | None:
    if operation.outcome is Outcome.REFUSED:
        return "forbidden" if effects else None
    if len(effects) > 1:
        return "doubled"
    if effects:
        return None if evidence.fits(operation, effects[0]) else "altered"
    if operation.outcome is Outcome.UNKNOWN or _was_done_already(operation, records):
        return None
    return "lost"


def _was_done_already(operation: Operation, records: Records) -> bool:
    """To cancel an order that expired before is no mistake, and moves nothing."""
    if operation.kind != "cancel":
        return False
    order = records.orders.get(operation.wanted)
    return order is not None and order.status == "cancelled"


def _carts_out_of_bounds(journal: Journal, records: Records) -> list[str]:
    """What went into a cart is in it still, or was ordered from it."""
    least, most, there = Counter[Any](), Counter[Any](), Counter[Any]()
    for operation in journal.operations:
        if operation.kind == "collect" and operation.outcome is not Outcome.REFUSED:
            user, ticket, units = operation.wanted
            most[user, ticket] += units
            least[user, ticket] += units if operation.outcome is Outcome.DONE else 0
        if operation.kind == "check out":
            for _, lines, _ in placed(records, operation):
                there.update({(operation.wanted, line): units for line, units in lines.items()})
    # A load before this one may have left carts as well, of customers of its own.
    customers = {user for user, _ in most}
    for row in records.tables["carts"]:
        if row.user_id in customers:
            there[row.user_id, row.ticket_id] += row.quantity
    return [
        f"cart line {line}: {there[line]} units, not {least[line]} to {most[line]}"
        for line in most | there
        if not least[line] <= there[line] <= most[line]
    ]
