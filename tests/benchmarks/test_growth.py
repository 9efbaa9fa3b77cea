"""Which pages of the lists are measured."""

import httpx2
import pytest

from benchmarks.growth import LISTS, PAGES
from benchmarks.layout import Layout
from benchmarks.subjects import Subject
from core.pagination import MAX_SKIP

BY_NAME = {page.name: page for page in PAGES}


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize(
    ("orders", "late", "skipped"), [(1_000, 500, 500), (1_000_000, 500_000, MAX_SKIP)]
)
def test_what_is_skipped_is_the_deepest_that_is_not_refused(
    name: str, orders: int, late: int, skipped: int
) -> None:
    subject = Subject("now", httpx2.URL("http://127.0.0.1:1"), 0, Layout(orders))
    asked = {kind: BY_NAME[f"{name}-{kind}"].make(subject, 1).head for kind in ("late", "skip")}
    assert f"/api/{name}/?limit=50&after={late} ".encode() in asked["late"]
    assert f"/api/{name}/?limit=50&skip={skipped} ".encode() in asked["skip"]
