"""All rules as one statement: what breaks them, the first of each rule and how many there are."""

# ruff: noqa: S608 - what stands in the statement besides SQL is written in the rules' modules

from collections.abc import Iterable

from work.rules import Comparison, Rule


def findings(rules: Iterable[Rule]) -> str:
    """By rule and id: (code, id, field, expected, found, differences), ``:listed`` of each rule."""
    rules = list(rules)
    parts = [_own(rule) for rule in rules if rule.sql]
    parts += [_shared(rows, looks) for rows, looks in _by_rows(rules).items()]
    return f"""
        SELECT code, id, field, expected, found, differences FROM (
            SELECT code, id, field, expected, found, COUNT(*) OVER (PARTITION BY code)
                AS differences, ROW_NUMBER() OVER (PARTITION BY code ORDER BY id, field) AS place
            FROM ({" UNION ALL ".join(parts)}) AS findings
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
        ) AS odd CROSS JOIN (
            {" UNION ALL ".join(f"SELECT {number} AS look" for number in range(len(looks)))}
        ) AS looks
        WHERE {_chosen(one.differs for one in comparisons)}"""


def _chosen(values: Iterable[str]) -> str:
    """The value that belongs to a look."""
    cases = " ".join(f"WHEN {number} THEN {value}" for number, value in enumerate(values))
    return f"CASE look {cases} END"
