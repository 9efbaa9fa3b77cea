"""What must be true of the rows: the form of a rule that the reconciliation checks.

A rule finds what breaks it, as (id, field, expected, found): ``expected`` is what other figures
say, ``found`` what the row has. It does so by a statement of its own, or by comparisons in rows
that other rules look at as well, so that a large table is read once for all of them. The
statements share nothing with the services that keep the books, so that a mistake there is not
repeated in them.
"""

# ruff: noqa: S608 - what stands in the statements besides SQL is written in the rules' modules

from dataclasses import dataclass
from typing import Literal

Unit = Literal["number", "money", "text"]


@dataclass(frozen=True)
class Comparison:
    """Two figures in each of some rows; ``rows`` is a statement, all else SQL on its columns."""

    rows: str
    field: str
    expected: str
    found: str
    differs: str
    id: str = "id"


@dataclass(frozen=True)
class Rule:
    code: str
    description: str
    # What the ids are of, and what the figures are.
    object_kind: str
    unit: Unit
    # One of the two.
    sql: str = ""
    comparisons: tuple[Comparison, ...] = ()

    @property
    def is_about_the_ledger(self) -> bool:
        """Whether it compares the rows with the ledger, rather than with one another."""
        return self.code.startswith("ledger_")


def compared(
    rows: str, field: str, expected: str, *, found: str = "", differs: str = ""
) -> Comparison:
    """A figure that has a name, found in the column of that name, and as it has to be."""
    found = found or field
    return Comparison(rows, f"'{field}'", expected, found, differs or f"{expected} <> {found}")


def added_up(*sides: str) -> str:
    """Sides that each tell (id, field, expected, found), added up; what does not agree.

    Where either side may lack what the other has: what is missing counts as nothing.
    """
    return f"""
        SELECT id, field, SUM(expected) AS expected, SUM(found) AS found
        FROM ({" UNION ALL ".join(sides)}) AS sides
        GROUP BY id, field HAVING SUM(expected) <> SUM(found)"""
