"""Every page as people see it, in light and dark, wide and narrow: of use to all, and in pictures.

`make pictures` puts these where the documents show them.
"""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.support.web.browser import NARROW, WIDE, serious_findings
from tests.support.web.pictures import (
    DESKS,
    FOLDER,
    MADE_OF,
    PAGES,
    SCHEMES,
    digest_of_pages,
    name,
    names,
)
from tests.web.conftest import People, enter

# Set by `make pictures`.
_KEEPS = "PICTURES" in os.environ


@pytest.mark.parametrize("page_name", PAGES)
def test_a_page_is_of_use_to_all_and_has_its_pictures(
    person: People, axe: str, tmp_path: Path, page_name: str
) -> None:
    someone = person()
    enter(someone, "ada")
    page = someone.go(PAGES[page_name])
    if page_name in DESKS:
        page.locator(".found-list a").nth(1).click()
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for width, viewport in (("wide", WIDE), ("narrow", NARROW)):
            made = (FOLDER if _KEEPS else tmp_path) / name(page_name, scheme, width)
            _take(page, viewport, made)
            assert made.stat().st_size > 5_000
            assert serious_findings(page, axe) == [], (scheme, width)


@pytest.mark.skipif(_KEEPS, reason="they are being made")
def test_the_pictures_are_of_the_pages_as_they_are() -> None:
    assert {file.name for file in FOLDER.glob("*.png")} == names()
    assert MADE_OF.read_text().strip() == digest_of_pages(), "make pictures"


def _take(page: Page, viewport: ViewportSize, to: Path) -> None:
    page.set_viewport_size(viewport)
    expect(page.locator(".skeleton:visible, [aria-busy=true]:visible")).to_have_count(0)
    page.screenshot(path=to)
