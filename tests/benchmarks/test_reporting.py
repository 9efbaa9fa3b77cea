"""What a run writes down: tables, figures and plots say what was measured, all of it."""

import json
import math
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benchmarks import baseline, reporting, tables
from benchmarks.books import AFTER_SEEDING, Reconciled
from benchmarks.contest import Result, Terms
from benchmarks.growth import ANALYTICS, PAGES
from benchmarks.layout import Layout
from benchmarks.measuring import Sample
from benchmarks.plots import COLOURS, INK, PAPER, plots
from benchmarks.reporting import Report
from benchmarks.scenarios import SCENARIOS, Scenario
from benchmarks.subjects import Checkout

BY_NAME = {scenario.name: scenario for scenario in (*SCENARIOS, *ANALYTICS, *PAGES)}
SVG = "{http://www.w3.org/2000/svg}"
REFUSED = Sample(0, math.inf, math.inf, 1, 1, 0.1, 0, unexpected=7)


def result(scenario: Scenario, contender: str = "now", rows: int = 0, **costs: float) -> Result:
    figures = {"rate": 100, "p50": 10, "p99": 20, "api": 2, "database": 1, "clients": 0.1}
    sample = Sample(**{"foreign": 0, **figures, **costs})  # type: ignore[arg-type]
    return Result("postgres", 1, scenario, contender, rows, [sample])


def grown(*, sizes: tuple[int, ...] = (1_000, 10_000, 1_000_000)) -> list[Result]:
    return [
        result(scenario, contender, rows, api=rows / 100)
        for scenario in (*ANALYTICS, *PAGES)
        for contender in ("now", "<1a2b3c4>")
        for rows in sizes
    ]


def report(tmp_path: Path, *results: Result) -> Report:
    terms = Terms([], 1, 1, [Layout(10_000)])
    checkouts = [Checkout("now", tmp_path), Checkout("1a2b3c4", tmp_path)]
    return Report(terms, checkouts, list(results), databases={"postgres": "18.6"})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(reporting, "FOLDER", tmp_path / "results")
    monkeypatch.setattr(baseline, "revision", lambda: "9f8e7d6")
    return tmp_path / "results"


def kept(folder: Path, ending: str) -> list[str]:
    return [path.read_text() for path in sorted(folder.glob(f"*{ending}"))]


def rows_of(lines: list[str]) -> list[list[str]]:
    return [
        [cell.strip() for cell in line.strip("|").split("|")] for line in lines if line[:1] == "|"
    ]


def brightness(colour: str) -> float:
    """As the Web Content Accessibility Guidelines reckon it."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    dark, bright = sorted(map(brightness, (one, other)))
    return (bright + 0.05) / (dark + 0.05)


class TestPlots:
    def test_each_figure_has_its_point(self) -> None:
        results = grown()
        found = [ET.fromstring(drawing) for _, drawing in plots(results)]  # noqa: S314 - our own
        circles = [circle for root in found for circle in root.iter(f"{SVG}circle")]
        assert len(circles) == len(results)
        said = [str(circle.findtext(f"{SVG}title")) for circle in circles]
        assert len(set(said)) == len(results)
        assert "now, dashboard, all time, 1,000,000 orders: 10001.00 ms" in said

    def test_more_cost_is_higher_and_more_orders_further_right(self) -> None:
        one = [entry for entry in grown() if entry.scenario is ANALYTICS[0]][:3]
        ((_, drawing),) = plots(one)
        root = ET.fromstring(drawing)  # noqa: S314 - our own
        places = [(float(c.get("cx", 0)), float(c.get("cy", 0))) for c in root.iter(f"{SVG}circle")]
        assert places == sorted(places, key=lambda place: (place[0], -place[1]))
        assert len(set(places)) == 3

    def test_nothing_is_drawn_outside(self) -> None:
        for _, drawing in plots(grown()):
            root = ET.fromstring(drawing)  # noqa: S314 - our own
            _, _, width, height = map(float, root.get("viewBox", "").split())
            for panel in root.iter(f"{SVG}g"):
                left, top = map(float, panel.get("transform", "")[10:-1].split())
                for text in panel.iter(f"{SVG}text"):
                    assert 0 <= left + float(text.get("x", -1)) <= width
                    assert 0 <= top + float(text.get("y", -1)) <= height

    def test_there_is_one_of_each_database_for_reports_and_for_lists(self) -> None:
        both = [*grown(), *(replace(one, backend="sqlite") for one in grown())]
        names = [name for name, _ in plots(both)]
        assert names == ["postgres-reports", "postgres-lists", "sqlite-reports", "sqlite-lists"]

    @pytest.mark.parametrize("cost", [0, 5])
    def test_one_number_of_orders_is_a_plot_too(self, cost: float) -> None:
        one = result(ANALYTICS[0], rows=1_000, api=cost, database=0)
        ((_, drawing),) = plots([one])
        assert "nan" not in drawing
        assert drawing.count("<circle") == 1

    def test_where_there_was_no_answer_the_point_says_so(self) -> None:
        one = replace(result(ANALYTICS[0], rows=1_000), samples=[REFUSED])
        ((_, drawing),) = plots([one])
        assert "only 503" in drawing

    def test_it_has_colours_for_light_and_dark(self) -> None:
        for _, drawing in plots(grown()):
            light, dark = drawing.split("@media (prefers-color-scheme:dark)")
            for place, part in enumerate((light, dark)):
                inks = [INK[place], PAPER[place], *(pair[place] for pair in COLOURS)]
                assert all(ink in part for ink in inks)

    @pytest.mark.parametrize("place", [0, 1], ids=["light", "dark"])
    def test_its_colours_are_seen_on_their_ground(self, place: int) -> None:
        assert contrast(INK[place], PAPER[place]) > 7
        assert all(contrast(pair[place], PAPER[place]) > 4 for pair in COLOURS)

    def test_requests_that_do_not_grow_have_none(self) -> None:
        assert list(plots([result(BY_NAME["read"])])) == []


class TestTables:
    def test_a_ratio_stands_below_whom_it_compares_with(self) -> None:
        read = BY_NAME["read"]
        results = [
            result(read, rate=300, api=4, database=2),
            result(read, "1a2b3c4", rate=100, api=10, database=2),
            result(read, "floor, def", api=2, database=0),
            result(read, "ORM style", rate=150, api=6, database=2),
            result(read, "pgbench", rate=30_000, api=0),
        ]
        head, _, row = rows_of(list(tables.requests(results, ["1a2b3c4"])))[:3]
        assert dict(zip(head, row, strict=True)) == {
            "request": "read a ticket",
            "req/s of now": "300",
            "req/s ÷ 1a2b3c4": "3.00",
            "CPU ÷ 1a2b3c4": "0.50",
            "API CPU ÷ sync floor": "2.00",
            "req/s ÷ ORM style": "2.00",
            "CPU ÷ ORM style": "0.75",
            "req/s ÷ pgbench": "0.01",
        }

    def test_two_workers_are_not_compared_with_one(self) -> None:
        read = BY_NAME["read"]
        two = replace(result(read, rate=200), workers=2)
        lines = list(tables.requests([result(read), two, result(read, "floor, def")], []))
        titles = [line for line in lines if line.startswith("## ")]
        assert titles == [
            "## postgres, 1 worker: now beside the others",
            "## postgres, 1 worker: figures",
            "## postgres, 2 workers: figures",
        ]

    def test_a_spread_is_told_for_the_rate_and_for_the_cost(self) -> None:
        rounds = [result(BY_NAME["read"], rate=rate, api=rate / 50) for rate in (90, 100, 120)]
        one = replace(rounds[0], samples=[sample for found in rounds for sample in found.samples])
        head, _, row = rows_of(list(tables.requests([one], [])))
        assert [name for name, cell in zip(head, row, strict=True) if cell == "30%"] == [
            "spread",
            "spread",
        ]

    def test_where_there_was_no_answer_there_are_no_times(self) -> None:
        one = replace(result(ANALYTICS[0], rows=1_000), samples=[REFUSED])
        *_, row = rows_of(list(tables.growth([one])))
        assert row[-2:] == ["503", "503"]

    def test_not_every_contender_has_every_size(self) -> None:
        few, many = result(ANALYTICS[0], rows=1_000), result(ANALYTICS[1], rows=10_000)
        assert [row[-4:] for row in rows_of(list(tables.growth([few, many])))[2:]] == [
            ["10.0", "", "3.0", ""],
            ["", "10.0", "", "3.0"],
        ]

    def test_a_check_of_the_books_is_told_with_its_memory_and_time(self) -> None:
        one = Reconciled("postgres", "now", 10_000, AFTER_SEEDING, 1.25, 101.6, 2)
        *_, row = rows_of(list(tables.reconciliation([one])))
        assert row == ["postgres", "now", "2", "after seeding", "10,000", "1.2", "102"]


class TestFiles:
    def test_the_databases_versions_are_in_the_head_line_and_the_json(
        self, folder: Path, tmp_path: Path
    ) -> None:
        reporting.tell(report(tmp_path, result(BY_NAME["read"])))
        (text,), (figures,) = kept(folder, ".md"), kept(folder, ".json")
        assert "postgres 18.6" in text
        assert json.loads(figures)["versions"]["postgres"] == "18.6"

    def test_the_plots_lie_beside_the_tables_that_show_them(
        self, folder: Path, tmp_path: Path
    ) -> None:
        reporting.tell(report(tmp_path, *grown()))
        (text,) = kept(folder, ".md")
        drawings = [path.name for path in folder.glob("*.svg")]
        assert len(drawings) == 2
        assert all(f"]({name})" in text for name in drawings)

    def test_a_request_that_had_only_503_is_told_and_ends_nothing(
        self, folder: Path, tmp_path: Path
    ) -> None:
        one = replace(result(ANALYTICS[0], rows=1_000_000), samples=[REFUSED])
        reporting.tell(report(tmp_path, one))
        (text,), (figures,) = kept(folder, ".md"), kept(folder, ".json")
        where = "postgres, dashboard, all time, now at 1,000,000 orders"
        assert f"- **503**: 7 requests, and nothing else came ({where})." in text
        assert json.loads(figures)["results"][0]["median"]["p50"] is None
