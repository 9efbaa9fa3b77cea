"""Everybody can use each page: by axe's rules, in light and dark, wide and narrow."""

import pytest

from tests.support.web.browser import NARROW, WIDE, serious_findings
from tests.web.conftest import People


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("path", ["/", "/shop", "/dashboard"])
def test_nothing_serious_keeps_a_stranger_from_using_a_page(
    person: People, axe: str, path: str, viewport: dict[str, int], scheme: str
) -> None:
    page = person(viewport=viewport, color_scheme=scheme).go(path)
    page.get_by_role("heading", level=1).first.wait_for()
    assert serious_findings(page, axe) == []
    wide = page.evaluate("() => document.documentElement.scrollWidth > innerWidth")
    assert not wide, "the page scrolls sideways"
