"""What a run tells: tables as Markdown, the figures as JSON, plots as SVG."""

import json
import platform
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks import baseline, tables
from benchmarks.accounting import CORES
from benchmarks.books import Reconciled
from benchmarks.contest import Result, Terms
from benchmarks.measuring import FOREIGN_SHARE, median_of
from benchmarks.plots import plots
from benchmarks.subjects import OWN, Checkout
from benchmarks.thresholds import Figures

FOLDER = Path(__file__).resolve().parent / "results"
_PACKAGES = ("fastapi", "sqlalchemy", "sqlmodel", "pydantic", "psycopg2-binary", "uvicorn")


@dataclass
class Report:
    """What was measured, and how."""

    terms: Terms
    checkouts: list[Checkout]
    results: list[Result] = field(default_factory=list)
    reconciled: list[Reconciled] = field(default_factory=list)
    # The version of each database that was asked.
    databases: dict[str, str] = field(default_factory=dict)

    @property
    def others(self) -> list[str]:
        return [checkout.name for checkout in self.checkouts[1:]]


def tell(report: Report) -> None:
    """Print the tables and keep them."""
    figures = {
        "versions": versions(report.databases),
        "results": [_figures(result) for result in report.results],
        "reconciled": [asdict(one) for one in report.reconciled],
    }
    print(keep("bench", list(_lines(report)), figures, dict(plots(report.results))))


def keep(
    kind: str,
    lines: Sequence[str],
    figures: Mapping[str, Any],
    drawings: Mapping[str, str] | None = None,
) -> str:
    """Write the tables down, with the figures and the plots beside them; the text."""
    FOLDER.mkdir(exist_ok=True)
    name = f"{time.strftime('%Y-%m-%d-%H%M')}-{kind}-{baseline.revision()}"
    shown = []
    for title, drawing in (drawings or {}).items():
        (FOLDER / f"{name}-{title}.svg").write_text(drawing)
        shown += ["", f"![{title}]({name}-{title}.svg)"]
    text = "\n".join([*lines, *shown]) + "\n"
    (FOLDER / f"{name}.md").write_text(text)
    (FOLDER / f"{name}.json").write_text(json.dumps(figures, indent=1, allow_nan=False) + "\n")
    return text


def versions(databases: Mapping[str, str]) -> dict[str, Any]:
    """All that a figure may depend on besides the code."""
    cpu = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line]
    return {
        "python": platform.python_version(),
        **databases,
        **{name: version(name) for name in _PACKAGES},
        "system": platform.platform(),
        "cpu": cpu[0].partition(": ")[2] if cpu else platform.processor(),
        "cores": CORES,
    }


def written(found: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in found.items())


def _lines(report: Report) -> Iterator[str]:
    yield from _title(report)
    yield from tables.limits(Figures(report.results, report.reconciled, _first(report.others)))
    yield from tables.requests(report.results, report.others)
    yield from tables.growth(report.results)
    yield from tables.reconciliation(report.reconciled)
    yield from _warnings(report)


def _first(others: Sequence[str]) -> str:
    return others[0] if others else ""


def _title(report: Report) -> Iterator[str]:
    others, terms = ", ".join(report.others), report.terms
    yield f"# Benchmarks of {baseline.revision()}" + (f" beside {others}" if others else "")
    yield ""
    rounds = f"{terms.rounds} rounds of {terms.seconds:g} s in turns, medians"
    orders = f"{terms.layouts[0].orders:,} orders before, if not said otherwise"
    yield f"{time.strftime('%Y-%m-%d %H:%M')}; {rounds}; {orders}. `{OWN}` is this checkout."
    yield ""
    yield written(versions(report.databases))
    yield ""
    yield (
        "A spread is how far the rounds are apart, as a part of their median. CPU is that of the"
        " service and of PostgreSQL together, if not said otherwise. How to read the tables, and"
        " who the contenders are, is in docs/performance.md."
    )


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
    yield ""
    for result, mine in found:
        if mine.unexpected:
            only = ", and nothing else came" if mine.is_refused else ""
            yield f"- **503**: {mine.unexpected} requests{only} ({_where(result)})."


def _where(result: Result) -> str:
    rows = f" at {result.rows:,} orders" if result.rows else ""
    return f"{result.backend}, {result.scenario.title}, {result.contender}{rows}"


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
