"""Tables as Markdown has them: the first two columns are words, the others are figures."""

from collections.abc import Iterator, Sequence


def section(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield from ("", f"## {title}", "")
    yield from table(head, rows)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'|'.join(['---'] * 2 + ['---:'] * (len(head) - 2))}|"
    for row in rows:
        yield f"| {' | '.join(row)} |"
