"""Tables of what was measured, with the ratios to the other commit and to the floors."""

import json
import platform
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks import baseline
from benchmarks.accounting import CORES
from benchmarks.contest import Result, Terms
from benchmarks.growth import Reconciled
from benchmarks.measuring import FOREIGN_SHARE, Sample, median_of, spread_of
from benchmarks.scenarios import SCENARIOS
from benchmarks.subjects import OWN, Checkout
from benchmarks.thresholds import MUSTS, Figures, Must

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


@dataclass
class Report:
    """What was measured, and how."""

    terms: Terms
    checkouts: list[Checkout]
    results: list[Result] = field(default_factory=list)
    reconciled: list[Reconciled] = field(default_factory=list)

    @property
    def others(self) -> list[str]:
        return [checkout.name for checkout in self.checkouts[1:]]


def tell(report: Report) -> int:
    """Print the tables and keep them; what to end with."""
    sections = (_title, _musts, _requests, _growth, _reconciliation, _warnings)
    figures = {
        "results": [_figures(result) for result in report.results],
        "reconciled": [asdict(one) for one in report.reconciled],
    }
    print(keep("bench", [line for part in sections for line in part(report)], figures))
    return 0


def keep(kind: str, lines: Sequence[str], figures: dict[str, Any]) -> str:
    """Write the tables down, with the figures beside them; the text."""
    text = "\n".join(lines) + "\n"
    FOLDER.mkdir(exist_ok=True)
    name = f"{time.strftime('%Y-%m-%d-%H%M')}-{kind}-{baseline.revision()}"
    (FOLDER / f"{name}.md").write_text(text)
    everything = json.dumps({"versions": versions(), **figures}, indent=1)
    (FOLDER / f"{name}.json").write_text(everything + "\n")
    return text


def versions() -> dict[str, Any]:
    cpu = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line]
    return {
        "python": platform.python_version(),
        **{name: version(name) for name in _PACKAGES},
        "system": platform.platform(),
        "cpu": cpu[0].partition(": ")[2] if cpu else platform.processor(),
        "cores": CORES,
    }


def _title(report: Report) -> Iterator[str]:
    others, terms = ", ".join(report.others), report.terms
    yield f"# Benchmarks of {baseline.revision()}" + (f" beside {others}" if others else "")
    yield ""
    rounds = f"{terms.rounds} rounds of {terms.seconds:g} s in turns, medians"
    orders = f"{terms.layouts[0].orders:,} orders before, if not said otherwise"
    yield f"{time.strftime('%Y-%m-%d %H:%M')}; {rounds}; {orders}. `{OWN}` is this checkout."
    yield ""
    yield ", ".join(f"{name} {value}" for name, value in versions().items())


def _musts(report: Report) -> Iterator[str]:
    others = [*report.others, ""]
    figures = Figures(report.results, report.reconciled, others[0])
    found = [(must, must.found(figures)) for must in MUSTS]
    rows = [
        [must.title, must.limit, f"{value:.2f}", _verdict(must, value)]
        for must, value in found
        if value is not None
    ]
    if rows:
        yield from section("What must be reached", ("figure", "must be", "is", ""), rows)
    if missing := sum(value is None for _, value in found):
        yield from ("", f"{missing} more were not measured in this run.")


def _verdict(must: Must, value: float) -> str:
    if not must.limit:
        return "told"
    return "reached" if must.is_reached(value) else "**not reached**"


def section(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield from ("", f"## {title}", "")
    yield from table(head, rows)


def _requests(report: Report) -> Iterator[str]:
    requests = [one for one in report.results if one.scenario in SCENARIOS]
    groups: dict[tuple[str, int], list[Result]] = defaultdict(list)
    for result in requests:
        groups[result.backend, result.workers].append(result)
    for (backend, workers), group in groups.items():
        title = f"{backend}, {workers} worker{'s' if workers > 1 else ''}"
        yield from section(title, _HEAD, [_row(result, group) for result in group])


def _growth(report: Report) -> Iterator[str]:
    """A line for each report and list, a column for each number of orders."""
    growing = [one for one in report.results if one.scenario not in SCENARIOS]
    sizes = sorted({one.rows for one in growing})
    lines: dict[tuple[str, str, str], dict[int, Sample]] = defaultdict(dict)
    for one in growing:
        lines[one.backend, one.scenario.title, one.contender][one.rows] = median_of(one.samples)
    head = ["database", "request", "contender"]
    head += [f"p50 ms at {rows:,}" for rows in sizes] + [f"CPU ms at {rows:,}" for rows in sizes]
    rows = []
    for names, samples in lines.items():
        times = [f"{samples[size].p50:.1f}" for size in sizes]
        costs = [f"{samples[size].api + samples[size].database:.1f}" for size in sizes]
        rows.append([*names, *times, *costs])
    if rows:
        yield from section("With more orders, one client", head, rows)


def _reconciliation(report: Report) -> Iterator[str]:
    rows = [
        [one.backend, one.contender, f"{one.rows:,}", f"{one.seconds:.1f}", f"{one.peak_mib:.0f}"]
        for one in report.reconciled
    ]
    if rows:
        head = ("database", "contender", "orders", "seconds", "peak MiB")
        yield from section("Reconciliation by the command line", head, rows)


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
        f"{mine.rate:,.0f}" + (" !" if mine.foreign > FOREIGN_SHARE else ""),
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


def _warnings(report: Report) -> Iterator[str]:
    """What may have been wrong with the figures above."""
    found = [(result, median_of(result.samples)) for result in report.results]
    foreign = [(mine.foreign, result) for result, mine in found if mine.foreign > FOREIGN_SHARE]
    yield ""
    if foreign:
        worst, where = max(foreign, key=lambda one: one[0])
        yield (
            f"**Foreign load** in {len(foreign)} of {len(found)} figures (marked !): other"
            f" processes used up to {worst:.0%} of the machine ({_where(where)})."
        )
    else:
        yield "No other process used more than a few per cent of the machine."
    for result, mine in found:
        if mine.unexpected:
            yield f"- **Refused or lost**: {mine.unexpected} requests ({_where(result)})."


def _where(result: Result) -> str:
    return f"{result.backend}, {result.scenario.title}, {result.contender}"


def _figures(result: Result) -> dict[str, Any]:
    return {
        "backend": result.backend,
        "workers": result.workers,
        "rows": result.rows,
        "scenario": result.scenario.name,
        "contender": result.contender,
        "clients": result.scenario.clients,
        "statements": result.statements,
        "round_trips": result.round_trips,
        "median": median_of(result.samples).as_json(),
        "rounds": [sample.as_json() for sample in result.samples],
    }
