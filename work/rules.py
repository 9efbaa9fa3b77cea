"""What must be true of the rows: the form of a rule that the reconciliation checks.

A rule is one statement that finds the rows which break it, as (id, field, expected, found):
``expected`` is what other figures say, ``found`` what the row has. The statements share nothing
with the services that keep the books, so that a mistake there is not repeated in them.
"""

# ruff: noqa: S608 - what stands in the statements besides SQL is written in the rules' modules

from dataclasses import dataclass
from typing import Literal

Unit = Literal["number", "money", "text"]


@dataclass(frozen=True)
class Rule:
    code: str
    description: str
    # What the ids are of, and what the figures are.
    object_kind: str
    unit: Unit
    sql: str

    @property
    def is_about_the_ledger(self) -> bool:
        """Whether it compares the rows with the ledger, rather than with one another."""
        return self.code.startswith("ledger_")


def added_up(*sides: str) -> str:
    """Sides that each tell (id, field, expected, found), added up; what does not agree.

    Where either side may lack what the other has: what is missing counts as nothing.
    """
    return f"""
        SELECT id, field, SUM(expected) AS expected, SUM(found) AS found
        FROM ({" UNION ALL ".join(sides)}) AS sides
        GROUP BY id, field HAVING SUM(expected) <> SUM(found)"""
