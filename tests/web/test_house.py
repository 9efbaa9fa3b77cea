"""The rules of the pages, checked on their source text; each rule is shown to fail as well."""

import re
from collections.abc import Mapping

import pytest

from core.store.schema_version import ROOT
from tests.support.architecture import read_sources
from tests.support.house_rules import imports_any
from web.static_files import FOLDER

# What leads to the data by another way than the API.
DATA = {"database", "models", "tables", "sqlalchemy", "sqlmodel", "work.context", "core.store"}
# What turns a text into markup or into a program, or asks somebody else.
UNSAFE = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser"
    r"|createContextualFragment|localStorage\.setItem|https?://(?!www\.w3\.org/)"
)
LINES = 400


def own_files(*suffixes: str) -> dict[str, str]:
    """The files of pages that are written here, and those that others are given to copy."""
    return {
        file.relative_to(ROOT).as_posix(): file.read_text()
        for folder in (FOLDER, ROOT / "examples")
        for file in folder.rglob("*")
        if file.suffix in suffixes and "vendor" not in file.parts
    }


def unsafe(files: Mapping[str, str]) -> list[str]:
    return [
        f"{path}:{number} {line.strip()}"
        for path, text in files.items()
        for number, line in enumerate(text.splitlines(), start=1)
        if UNSAFE.search(line)
    ]


def ways_to_the_data(sources: Mapping[str, str]) -> list[str]:
    return [
        f"{path} imports {found}"
        for path, text in sources.items()
        if path.startswith("web/")
        for found in imports_any(text, DATA)
    ]


def test_pages_have_no_way_to_the_data_but_the_api() -> None:
    assert ways_to_the_data(read_sources()) == []


@pytest.mark.parametrize(
    "line",
    ["from database import Database", "import sqlalchemy", "from work.context import Context"],
)
def test_another_way_is_found(line: str) -> None:
    assert len(ways_to_the_data({"web/guide.py": line})) == 1


def test_no_text_becomes_markup_and_nobody_else_is_asked() -> None:
    assert unsafe(own_files(".js")) == []


@pytest.mark.parametrize(
    "line",
    ["a.innerHTML = b;", "eval(a)", 'fetch("https://example.com")', 'localStorage.setItem("t", t)'],
)
def test_what_is_unsafe_is_found(line: str) -> None:
    assert len(unsafe({"a.js": line})) == 1


def test_no_file_is_longer_than_a_reader_likes() -> None:
    files = own_files(".js", ".css", ".html")
    assert [path for path, text in files.items() if text.count("\n") > LINES] == []


def test_a_style_names_colours_by_what_they_are_for() -> None:
    """But for the sheet that says which they are, so that light and dark are made in one place."""
    sheets = {path: text for path, text in own_files(".css").items() if "colours.css" not in path}
    found = [path for path, text in sheets.items() if re.search(r"#[0-9a-f]{3,8}\b|rgb\(", text)]
    assert found == []
