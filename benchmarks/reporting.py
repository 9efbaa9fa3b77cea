"""Tables of what was measured, with the ratios to the other commit and to the floors."""

import json
import platform
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks import baseline
from benchmarks.accounting import CORES
from benchmarks.contest import Result, Terms
from benchmarks.measuring import FOREIGN_SHARE, median_of, spread_of
from benchmarks.subjects import OWN, Checkout

FOLDER = Path(__file__).resolve().parent / "results"
_PACKAGES = ("fastapi", "sqlalchemy", "sqlmodel", "pydantic", "psycopg2-binary", "uvicorn")
_HEAD = (
    "scenario",
    "contender",
    "req/s",
    "spread",
    "p50 ms",
    "p99 ms",
    "API CPU ms",
    "DB CPU ms",
    "statements",
    "round trips",
    "CPU of now is",
    "rate of now is",
    "client CPU ms",
)


def tell(results: Sequence[Result], terms: Terms, checkouts: Sequence[Checkout]) -> int:
    """Print the tables and keep them; what to end with."""
    lines = [*_title(terms, checkouts), *tables(results), *warnings(results)]
    text = "\n".join(lines) + "\n"
    print(text)
    FOLDER.mkdir(exist_ok=True)
    name = f"{time.strftime('%Y-%m-%d-%H%M')}-{baseline.revision()}"
    (FOLDER / f"{name}.md").write_text(text)
    figures = {"versions": versions(), "results": [_figures(result) for result in results]}
    (FOLDER / f"{name}.json").write_text(json.dumps(figures, indent=1) + "\n")
    return 0


def versions() -> dict[str, Any]:
    cpu = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line]
    return {
        "python": platform.python_version(),
        **{name: version(name) for name in _PACKAGES},
        "system": platform.platform(),
        "cpu": cpu[0].partition(": ")[2] if cpu else platform.processor(),
        "cores": CORES,
    }


def _title(terms: Terms, checkouts: Sequence[Checkout]) -> Iterator[str]:
    others = ", ".join(checkout.name for checkout in checkouts[1:])
    yield f"# Benchmarks of {baseline.revision()}" + (f" beside {others}" if others else "")
    yield ""
    rounds = f"{terms.rounds} rounds of {terms.seconds:g} s in turns, medians"
    yield f"{time.strftime('%Y-%m-%d %H:%M')}; {rounds}; {terms.layout.orders:,} orders before."
    yield ""
    yield ", ".join(f"{name} {value}" for name, value in versions().items())


def tables(results: Sequence[Result]) -> Iterator[str]:
    groups: dict[tuple[str, int], list[Result]] = defaultdict(list)
    for result in results:
        groups[result.backend, result.workers].append(result)
    for (backend, workers), group in groups.items():
        yield ""
        yield f"## {backend}, {workers} worker{'s' if workers > 1 else ''}"
        yield ""
        yield from table(_HEAD, [_row(result, group) for result in group])


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'|'.join(['---'] * 2 + ['---:'] * (len(head) - 2))}|"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _row(result: Result, group: Sequence[Result]) -> list[str]:
    mine = median_of(result.samples)
    own = next(
        (one for one in group if one.contender == OWN and one.scenario == result.scenario), None
    )
    ours = median_of(own.samples) if own and own is not result else None
    return [
        result.scenario.title,
        result.contender,
        f"{mine.rate:,.0f}",
        f"{spread_of(result.samples):.0%}",
        f"{mine.p50:.1f}",
        f"{mine.p99:.1f}",
        f"{mine.api:.2f}" if mine.api else "",
        f"{mine.database:.2f}" if mine.database else "",
        _number(result.statements),
        _number(result.round_trips),
        f"{ours.api / mine.api:.2f}x" if ours and mine.api else "",
        f"{ours.rate / mine.rate:.2f}x" if ours else "",
        f"{mine.clients:.3f}",
    ]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def warnings(results: Sequence[Result]) -> Iterator[str]:
    """What may have been wrong with the figures above."""
    yield ""
    found = [(result, median_of(result.samples)) for result in results]
    foreign = [(result, mine.foreign) for result, mine in found if mine.foreign > FOREIGN_SHARE]
    for result, share in foreign:
        where = _where(result)
        yield f"- **Foreign load**: others used up to {share:.0%} of the machine ({where})."
    for result, mine in found:
        if mine.unexpected:
            yield f"- **Refused or lost**: {mine.unexpected} requests ({_where(result)})."
    if not foreign:
        yield "No other process used more than a few per cent of the machine."


def _where(result: Result) -> str:
    return f"{result.backend}, {result.scenario.title}, {result.contender}"


def _figures(result: Result) -> dict[str, Any]:
    return {
        "backend": result.backend,
        "workers": result.workers,
        "scenario": result.scenario.name,
        "contender": result.contender,
        "clients": result.scenario.clients,
        "statements": result.statements,
        "round_trips": result.round_trips,
        "median": median_of(result.samples).as_json(),
        "rounds": [sample.as_json() for sample in result.samples],
    }
