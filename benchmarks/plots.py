"""Plots of what requests cost against the number of orders: a panel for each report or list.

Both axes are logarithmic, and all panels of a plot have the same ones, so that they compare.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from benchmarks.contest import Result
from benchmarks.growth import ANALYTICS, PAGES
from benchmarks.measuring import median_of
from benchmarks.scenarios import Scenario
from benchmarks.subjects import OWN
from benchmarks.thresholds import total

COLUMNS = 3
_WIDTH, _HEIGHT = 320, 210
_LEFT, _TOP, _RIGHT = 48, 60, 14
_LEGEND_LINE, _GAP = 16, 40
# Less is not measured by ticks of 10 ms in a window of seconds.
_LEAST = 0.1
# Of a browser in the light, and of one in the dark.
PAPER = ("#ffffff", "#0d1117")
INK = ("#1f2328", "#e6edf3")
# Colours that stay apart for the colour-blind as well.
COLOURS = (
    ("#0072b2", "#56b4e9"),
    ("#c24e00", "#ff9e4a"),
    ("#00795a", "#2fd3a0"),
    ("#b0468a", "#f0a6cf"),
    ("#7a6200", "#f0e442"),
    ("#56606b", "#b0bac5"),
)


def _style() -> str:
    def inks(dark: int) -> str:
        return "".join(
            f".l{place}{{stroke:{pair[dark]}}}.p{place}{{fill:{pair[dark]};stroke:{pair[dark]}}}"
            for place, pair in enumerate(COLOURS)
        )

    return (
        f"text{{font:12px system-ui,sans-serif;fill:{INK[0]}}}.small{{font-size:11px}}"
        ".title{font-size:15px;font-weight:600}.name{font-weight:600}"
        f".paper{{fill:{PAPER[0]}}}.grid{{stroke:#d0d7de}}.line{{fill:none;stroke-width:2}}"
        f".other{{stroke-dasharray:5 4}}{inks(0)}.refused{{fill:none}}"
        f"@media (prefers-color-scheme:dark){{text{{fill:{INK[1]}}}.paper{{fill:{PAPER[1]}}}"
        f".grid{{stroke:#3d444d}}{inks(1)}.refused{{fill:none}}}}"
    )


@dataclass(frozen=True)
class Point:
    rows: int
    cost: float
    # Whether there was no answer but 503.
    is_refused: bool = False


@dataclass(frozen=True)
class Line:
    """One request of one contender."""

    title: str
    contender: str
    points: Sequence[Point]

    @property
    def name(self) -> str:
        """What makes it another line of its panel."""
        return self.title.partition(", ")[2]


@dataclass(frozen=True)
class Axes:
    """From a number of orders and a cost to a place in a panel."""

    sizes: Sequence[int]
    lowest: int
    highest: int

    def x(self, rows: int) -> float:
        few, many = math.log10(self.sizes[0]), math.log10(self.sizes[-1])
        width = _WIDTH - _LEFT - _RIGHT
        part = (math.log10(rows) - few) / (many - few) if many > few else 0.5
        # A little off the edges, for the labels below.
        return round(_LEFT + width * (0.06 + 0.88 * part), 1)

    def y(self, cost: float) -> float:
        part = (math.log10(max(cost, _LEAST)) - self.lowest) / (self.highest - self.lowest)
        return round(_TOP + _HEIGHT * (1 - part), 1)

    @property
    def decades(self) -> range:
        return range(self.lowest, self.highest + 1)


def plots(results: Sequence[Result]) -> Iterator[tuple[str, str]]:
    """The end of a file's name, and the plot: one of each database for reports and for lists."""
    for backend in dict.fromkeys(result.backend for result in results):
        for kind, scenarios in (("reports", ANALYTICS), ("lists", PAGES)):
            own = [one for one in results if one.backend == backend and one.scenario in scenarios]
            if own:
                yield f"{backend}-{kind}", drawn(f"{kind} on {backend}", _panels(own))


def _panels(results: Sequence[Result]) -> dict[str, list[Line]]:
    lines: dict[tuple[Scenario, str], list[Point]] = defaultdict(list)
    for one in results:
        found = median_of(one.samples)
        point = Point(one.rows, total(found), found.is_refused)
        lines[one.scenario, one.contender].append(point)
    panels: dict[str, list[Line]] = defaultdict(list)
    for (scenario, contender), points in lines.items():
        ordered = sorted(points, key=lambda point: point.rows)
        panel = scenario.title.partition(", ")[0]
        panels[panel].append(Line(scenario.title, contender, ordered))
    return panels


def drawn(title: str, panels: dict[str, list[Line]]) -> str:
    points = [point for lines in panels.values() for line in lines for point in line.points]
    axes = _axes(points)
    columns = min(COLUMNS, len(panels))
    names = max(len({line.name for line in lines}) for lines in panels.values())
    height = _TOP + _HEIGHT + _GAP + names * _LEGEND_LINE
    size = columns * _WIDTH, math.ceil(len(panels) / columns) * height + 44
    root = ET.Element("svg", xmlns="http://www.w3.org/2000/svg", role="img")
    root.set("viewBox", f"0 0 {size[0]} {size[1]}")
    ET.SubElement(root, "title").text = title
    ET.SubElement(root, "style").text = _style()
    ET.SubElement(root, "rect", {"class": "paper", "width": "100%", "height": "100%"})
    _text(root, (12, 24), f"CPU ms of a request against orders: {title}", "title")
    others = {line.contender for lines in panels.values() for line in lines} - {OWN}
    if others:
        _text(root, (12, 42), f"dashed: {', '.join(sorted(others))}", "small")
    for place, (name, lines) in enumerate(panels.items()):
        left, top = place % columns * _WIDTH, place // columns * height + 24
        panel = ET.SubElement(root, "g", transform=f"translate({left} {top})")
        _panel(panel, name, lines, axes)
    return ET.tostring(root, encoding="unicode") + "\n"


def _axes(points: Sequence[Point]) -> Axes:
    costs = [max(point.cost, _LEAST) for point in points]
    lowest = math.floor(math.log10(min(costs)))
    highest = max(math.ceil(math.log10(max(costs))), lowest + 1)
    return Axes(sorted({point.rows for point in points}), lowest, highest)


def _panel(panel: ET.Element, name: str, lines: Sequence[Line], axes: Axes) -> None:
    _text(panel, (_LEFT, _TOP - 12), name, "name")
    _grid(panel, axes)
    colours = {name: place for place, name in enumerate(dict.fromkeys(one.name for one in lines))}
    for line in lines:
        _line(panel, line, colours[line.name] % len(COLOURS), axes)
    for written, place in colours.items():
        y = _TOP + _HEIGHT + _GAP + place * _LEGEND_LINE
        _rule(panel, (_LEFT, _LEFT + 20), y - 4, f"line l{place % len(COLOURS)}")
        _text(panel, (_LEFT + 28, y), written, "small")


def _grid(panel: ET.Element, axes: Axes) -> None:
    for decade in axes.decades:
        y = axes.y(10**decade)
        _rule(panel, (_LEFT, _WIDTH - _RIGHT), y, "grid")
        _text(panel, (_LEFT - 6, y + 4), f"{10**decade:g}", "small", "end")
    for rows in axes.sizes:
        _text(panel, (axes.x(rows), _TOP + _HEIGHT + 18), f"{rows:,}", "small", "middle")


def _rule(panel: ET.Element, across: tuple[float, float], y: float, kind: str) -> None:
    edges = {"x1": str(across[0]), "x2": str(across[1]), "y1": str(y), "y2": str(y)}
    ET.SubElement(panel, "line", {"class": kind, **edges})


def _line(panel: ET.Element, line: Line, colour: int, axes: Axes) -> None:
    other = "" if line.contender == OWN else " other"
    way = " ".join(f"{axes.x(point.rows)},{axes.y(point.cost)}" for point in line.points)
    ET.SubElement(panel, "polyline", {"class": f"line l{colour}{other}", "points": way})
    for point in line.points:
        refused = " refused" if point.is_refused else ""
        x, y = str(axes.x(point.rows)), str(axes.y(point.cost))
        circle = ET.SubElement(panel, "circle", {"cx": x, "cy": y, "r": "3.5"})
        circle.set("class", f"p{colour}{refused}")
        said = f"{line.contender}, {line.title}, {point.rows:,} orders: {point.cost:.2f} ms"
        ET.SubElement(circle, "title").text = said + (", only 503" if refused else "")


def _text(
    parent: ET.Element, at: tuple[float, float], text: str, kind: str, anchor: str = "start"
) -> None:
    place = {"x": str(at[0]), "y": str(at[1]), "text-anchor": anchor, "class": kind}
    ET.SubElement(parent, "text", place).text = text
