"""What a stranger sees is of use to all: by axe, in light and dark, wide and narrow."""

import pytest

from tests.support.web.browser import NARROW, WIDE, serious_findings
from tests.web.conftest import People


@pytest.mark.parametrize("path", ["/shop", "/dashboard"])
def test_nothing_serious_keeps_a_stranger_from_using_a_page(
    person: People, axe: str, path: str
) -> None:
    page = person().go(path)
    page.get_by_role("heading", level=1).first.wait_for()
    for scheme, viewport in (("light", WIDE), ("dark", WIDE), ("light", NARROW), ("dark", NARROW)):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.set_viewport_size(viewport)
        assert serious_findings(page, axe) == []
