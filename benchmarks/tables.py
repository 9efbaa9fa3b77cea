"""What was measured, as tables: against the limits, beside the others, and figure by figure."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

from benchmarks.books import Reconciled
from benchmarks.contest import Result
from benchmarks.markdown import section
from benchmarks.measuring import FOREIGN_SHARE, Sample, median_of, spread_of
from benchmarks.scenarios import SCENARIOS
from benchmarks.subjects import ORM, OWN, PGBENCH, PLAIN_SQLITE, SYNC
from benchmarks.thresholds import MUSTS, Figures, Must, NotMeasuredError, ratio, total

_LIMITS = ("figure", "verdict", "is", "rounds", "must", "aim")
_FIGURES = (
    "request",
    "contender",
    "req/s",
    "spread",
    "p50 ms",
    "p99 ms",
    "API CPU ms",
    "spread",
    "DB CPU ms",
    "statements",
    "round trips",
    "client CPU ms",
)
Kind = tuple[str, int]


def limits(figures: Figures) -> Iterator[str]:
    """What must be reached, and what is aimed at."""
    found = [(must, must.found(figures)) for must in MUSTS]
    rows = [_limit(must, value, figures) for must, value in found if value is not None]
    if rows:
        yield from section("What must be reached", _LIMITS, rows)
    if missing := sum(value is None for _, value in found):
        yield from ("", f"{missing} more were not measured in this run.")


def _limit(must: Must, value: float, figures: Figures) -> list[str]:
    rounds = must.in_rounds(figures)
    between = f"{min(rounds):.2f} to {max(rounds):.2f}" if len(rounds) > 1 else ""
    return [must.title, must.verdict(value), f"{value:.2f}", between, must.limit, must.aim]


def requests(results: Sequence[Result], others: Sequence[str]) -> Iterator[str]:
    """For each database and number of workers: the ratios, and the figures they are made of."""
    groups: dict[Kind, list[Result]] = defaultdict(list)
    for result in results:
        if result.scenario in SCENARIOS:
            groups[result.backend, result.workers].append(result)
    for kind, group in groups.items():
        title = f"{kind[0]}, {kind[1]} worker{'s' if kind[1] > 1 else ''}"
        yield from _comparison(title, kind, group, others)
        yield from section(f"{title}: figures", _FIGURES, [_row(result) for result in group])


Ratio = Callable[[Sample, Sample], float]


def _api(mine: Sample, other: Sample) -> float:
    return ratio(mine.api, other.api)


def _total(mine: Sample, other: Sample) -> float:
    return ratio(total(mine), total(other))


def _rate(mine: Sample, other: Sample) -> float:
    return ratio(mine.rate, other.rate)


def _columns(backend: str, others: Sequence[str]) -> Iterator[tuple[str, str, Ratio]]:
    """What stands above a column, whom it compares with, and how."""
    for other in others:
        yield f"req/s ÷ {other}", other, _rate
        yield f"CPU ÷ {other}", other, _total
    yield "API CPU ÷ sync floor", SYNC, _api
    yield f"req/s ÷ {ORM}", ORM, _rate
    yield f"CPU ÷ {ORM}", ORM, _total
    alone = PGBENCH if backend == "postgres" else PLAIN_SQLITE
    yield f"req/s ÷ {alone}", alone, _rate


def _comparison(
    title: str, kind: Kind, group: Sequence[Result], others: Sequence[str]
) -> Iterator[str]:
    """A line for each request, with the ratios of this checkout to everybody else."""
    samples = {(one.scenario.name, one.contender): median_of(one.samples) for one in group}
    who = {contender for _, contender in samples}
    columns = [column for column in _columns(kind[0], others) if column[1] in who]
    mine = [one for one in group if one.contender == OWN]
    if not columns or not mine:
        return
    rows = []
    for one in mine:
        name, own = one.scenario.name, samples[one.scenario.name, OWN]
        beside = [_compared(own, samples.get((name, other)), how) for _, other, how in columns]
        rows.append([one.scenario.title, _rate_of(own), *beside])
    head = ["request", f"req/s of {OWN}", *(name for name, _, _ in columns)]
    yield from section(f"{title}: {OWN} beside the others", head, rows)


def _compared(own: Sample, other: Sample | None, how: Ratio) -> str:
    try:
        found = how(own, other) if other else None
    except NotMeasuredError:
        return ""
    if found is None:
        return ""
    # Beside a database alone, two decimals would often be 0.00.
    return f"{found:.2f}" if found >= 0.1 else f"{found:.2g}"


def _row(result: Result) -> list[str]:
    mine = median_of(result.samples)
    return [
        result.scenario.title,
        result.contender,
        _rate_of(mine),
        f"{spread_of([one.rate for one in result.samples]):.0%}",
        _time(mine, mine.p50),
        _time(mine, mine.p99),
        f"{mine.api:.2f}" if mine.api else "",
        f"{spread_of([one.api for one in result.samples]):.0%}" if mine.api else "",
        f"{mine.database:.2f}" if mine.database else "",
        _number(result.statements),
        _number(result.round_trips),
        f"{mine.clients:.3f}",
    ]


def _rate_of(sample: Sample) -> str:
    return f"{sample.rate:,.0f}" + (" !" if sample.foreign > FOREIGN_SHARE else "")


def _time(sample: Sample, time: float) -> str:
    return "503" if sample.is_refused else f"{time:.1f}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"


def growth(results: Sequence[Result]) -> Iterator[str]:
    """A line for each report and list, a column for each number of orders."""
    growing = [one for one in results if one.scenario not in SCENARIOS]
    sizes = sorted({one.rows for one in growing})
    lines: dict[tuple[str, str, str], dict[int, Sample]] = defaultdict(dict)
    for one in growing:
        lines[one.backend, one.scenario.title, one.contender][one.rows] = median_of(one.samples)
    head = ["request", "contender", "database"]
    head += [f"p50 ms at {rows:,}" for rows in sizes] + [f"CPU ms at {rows:,}" for rows in sizes]
    rows = []
    for (backend, title, contender), samples in lines.items():
        found = [samples.get(size) for size in sizes]
        times = [_time(one, one.p50) if one else "" for one in found]
        costs = [_time(one, total(one)) if one else "" for one in found]
        rows.append([title, contender, backend, *times, *costs])
    if rows:
        yield from section("With more orders, one client", head, rows)


def reconciliation(reconciled: Iterable[Reconciled]) -> Iterator[str]:
    head = ("database", "contender", "workers", "when", "orders", "seconds", "peak MiB")
    rows = [
        [
            one.backend,
            one.contender,
            str(one.workers),
            one.moment,
            f"{one.rows:,}",
            f"{one.seconds:.1f}",
            f"{one.peak_mib:.0f}",
        ]
        for one in reconciled
    ]
    if rows:
        yield from section("Reconciliation by the command line", head, rows)
