"""The documents fit the code and each other: settings, dependencies, links, decisions."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dotenv import dotenv_values

from core.settings import Settings
from core.store.schema_version import ROOT
from tests.support.markdown import blocks_of, differences
from tools.server import default_environment

EXAMPLE = ROOT / ".env.example"
DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
DECISIONS = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))
INDEX = ROOT / "docs/decisions/README.md"
SECTIONS = ["Context", "Decision", "Consequences", "What violates it"]


def name_of(document: Path) -> str:
    return str(document.relative_to(ROOT))


class TestEnvExample:
    def test_it_names_every_setting_with_its_default(self) -> None:
        assert dotenv_values(EXAMPLE) == default_environment()

    def test_it_loads_unchanged_to_the_defaults(self) -> None:
        assert Settings(_env_file=EXAMPLE) == Settings()  # type: ignore[call-arg]

    def test_each_setting_is_explained_above_it(self) -> None:
        paragraphs = EXAMPLE.read_text(encoding="utf-8").strip().split("\n\n")
        settings = [text for text in paragraphs if not text.splitlines()[-1].startswith("#")]
        assert len(settings) == len(Settings.model_fields)
        for setting in settings:
            *explanation, assignment = setting.splitlines()
            assert explanation, assignment
            assert all(line.startswith("# ") for line in explanation), assignment


class TestLinks:
    @pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
    def test_relative_links_lead_to_something(self, document: Path) -> None:
        for target in links_of(document):
            path, _, anchor = target.partition("#")
            found = document.parent / path if path else document
            assert found.exists(), target
            assert not anchor or anchor in anchors_of(found), target

    @pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
    def test_every_document_is_reachable_from_the_readme(self, document: Path) -> None:
        assert document in reachable(ROOT / "README.md")


class TestDecisions:
    def test_the_index_lists_them_by_their_titles(self) -> None:
        titles = [decision.read_text(encoding="utf-8").splitlines()[0] for decision in DECISIONS]
        lines = [
            f"- [{title.removeprefix('# ')}]({decision.name})"
            for decision, title in zip(DECISIONS, titles, strict=True)
        ]
        listed = INDEX.read_text(encoding="utf-8").splitlines()
        assert [line for line in listed if line.startswith("- ")] == lines

    @pytest.mark.parametrize("decision", DECISIONS, ids=name_of)
    def test_a_decision_says_why_what_follows_and_what_violates_it(self, decision: Path) -> None:
        text = decision.read_text(encoding="utf-8")
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS
        assert text.startswith(f"# {decision.name[:4]}. ")

    def test_they_are_numbered_without_gaps(self) -> None:
        numbers = [int(decision.name[:4]) for decision in DECISIONS]
        assert numbers == list(range(1, len(numbers) + 1))

    def test_every_dependency_has_a_line(self) -> None:
        text = (ROOT / "docs/decisions/0002-dependencies.md").read_text(encoding="utf-8")
        explained = re.findall(r"^\| `([\w-]+)` \| .+ \|$", text, re.MULTILINE)
        assert sorted(explained) == sorted(requirements())


class TestChangelog:
    def test_it_begins_with_what_is_not_released_yet(self) -> None:
        text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
        assert re.findall(r"^## (.+)$", text, re.MULTILINE)[0] == "[Unreleased]"


class TestPrintedAnswers:
    """What the README's answers are held against finds every kind of difference."""

    @pytest.mark.parametrize(
        ("printed", "real"),
        [
            ({"id": 1}, {"id": 2}),
            ({"id": 1}, {"id": 1.0}),
            ({"id": 1}, {"id": 1, "more": 2}),
            ({"id": 1, "…": True}, {"id": 1}),
            ({"id": 1, "gone": 2, "…": True}, {"id": 1, "more": 3}),
            ({"items": [{"id": 1}]}, {"items": []}),
            ({"items": [{"id": 1}]}, {"items": [{"id": 2}]}),
            ({"created_at": "2026-01-01T00:00:00Z"}, {"created_at": None}),
            ({"created_at": "2026-01-01T00:00:00Z"}, {"created_at": "2026-01-01T00:00:00"}),
            ({"order_reference": "ORD-7KQ2M9XWPA"}, {"order_reference": "TXN-7KQ2M9XWPA"}),
            ({"key": "nxt_…"}, {"key": "secret"}),
            ({"key": "nxt_…"}, {"key": None}),
        ],
    )
    def test_a_difference_is_found(self, printed: Any, real: Any) -> None:
        assert list(differences(printed, real))

    @pytest.mark.parametrize(
        ("printed", "real"),
        [
            ({"id": 1, "…": True}, {"id": 1, "more": 2}),
            ({"created_at": "2026-01-01T00:00:00Z"}, {"created_at": "2027-02-03T04:05:06.7Z"}),
            ({"order_reference": "ORD-7KQ2M9XWPA"}, {"order_reference": "ORD-3FHB8RWZ2C"}),
            ({"key": "nxt_…"}, {"key": "nxt_5qVb"}),
        ],
    )
    def test_what_each_run_has_anew_is_no_difference(self, printed: Any, real: Any) -> None:
        assert not list(differences(printed, real))


def links_of(document: Path) -> list[str]:
    found = re.findall(r"\[[^\]]+\]\(([^)\s]+)\)", prose_of(document))
    return [target for target in found if "://" not in target]


def prose_of(document: Path) -> str:
    """A document without what stands in its fenced blocks."""
    text = document.read_text(encoding="utf-8")
    for block in blocks_of(document):
        text = text.replace(block.text, "")
    return text


def reachable(start: Path) -> set[Path]:
    """The documents that links lead to, from one to the next."""
    found: set[Path] = set()
    waiting = [start]
    while waiting:
        document = waiting.pop()
        if document not in found:
            found.add(document)
            targets = (target.partition("#")[0] for target in links_of(document))
            paths = ((document.parent / target).resolve() for target in targets if target)
            waiting += [path for path in paths if path.suffix == ".md"]
    return found


def anchors_of(document: Path) -> set[str]:
    """What GitHub calls the headings."""
    headings = re.findall(r"^#+ (.+)$", prose_of(document), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def requirements() -> Iterator[str]:
    for file in sorted(ROOT.glob("requirements*.txt")):
        for line in file.read_text(encoding="utf-8").splitlines():
            if named := re.match(r"\w[\w-]*", line):
                yield named[0]
