"""What breaks the rules: statements that each tell the first rows of some rules, and how many."""

# ruff: noqa: S608 - what stands in the statements besides SQL is written in the rules' modules

from collections.abc import Iterable

from work.rules import Comparison, Rule

# PostgreSQL takes nothing out of a part that has a limit: else it would multiply all rows by all
# that look at them, before it leaves out those that agree.
_ALL = 2**63 - 1


def findings(rules: Iterable[Rule]) -> list[str]:
    """Each tells (code, id, field, expected, found), of all rules that look at the same rows.

    Those of rules that look at rows of their own are a statement each.
    """
    rules = list(rules)
    looks = _by_rows(rules)
    # What most rules look at takes longest; it comes first, so that nobody waits for it alone.
    shared = [_shared(*one) for one in sorted(looks.items(), key=lambda one: -len(one[1]))]
    return shared + [_own(rule) for rule in rules if rule.sql]


def counted(statement: str) -> str:
    """The first ``:listed`` findings of each rule, each with the number of all that it has.

    A rule that finds in two statements is counted in each.
    """
    return f"""
        SELECT code, id, field, expected, found, differences, place FROM (
            SELECT code, id, field, expected, found, COUNT(*) OVER (PARTITION BY code)
                AS differences, ROW_NUMBER() OVER (PARTITION BY code ORDER BY id, field) AS place
            FROM ({statement}) AS findings
        ) AS numbered WHERE place <= :listed ORDER BY code, place"""


def _own(rule: Rule) -> str:
    return f"""
        SELECT '{rule.code}' AS code, id, field, CAST(expected AS TEXT) AS expected,
            CAST(found AS TEXT) AS found
        FROM ({rule.sql}) AS broken"""


def _by_rows(rules: Iterable[Rule]) -> dict[str, list[tuple[str, Comparison]]]:
    """Who looks at the same rows."""
    looks: dict[str, list[tuple[str, Comparison]]] = {}
    for rule in rules:
        for comparison in rule.comparisons:
            looks.setdefault(comparison.rows, []).append((rule.code, comparison))
    return looks


def _shared(rows: str, looks: list[tuple[str, Comparison]]) -> str:
    """The rows are read once; only those that differ in anything are looked at by each rule."""
    comparisons = [comparison for _, comparison in looks]
    return f"""
        SELECT {_chosen(f"'{code}'" for code, _ in looks)} AS code,
            {_chosen(one.id for one in comparisons)} AS id,
            {_chosen(one.field for one in comparisons)} AS field,
            {_chosen(f"CAST({one.expected} AS TEXT)" for one in comparisons)} AS expected,
            {_chosen(f"CAST({one.found} AS TEXT)" for one in comparisons)} AS found
        FROM (
            SELECT * FROM ({rows}) AS looked_at
            WHERE {" OR ".join(f"({one.differs})" for one in comparisons)}
            LIMIT {_ALL}
        ) AS odd CROSS JOIN (
            {" UNION ALL ".join(f"SELECT {number} AS look" for number in range(len(looks)))}
        ) AS looks
        WHERE {_chosen(one.differs for one in comparisons)}"""


def _chosen(values: Iterable[str]) -> str:
    """The value that belongs to a look."""
    cases = " ".join(f"WHEN {number} THEN {value}" for number, value in enumerate(values))
    return f"CASE look {cases} END"
