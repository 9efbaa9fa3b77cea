"""The table of protections fits the code, so that it can be run at any time."""

import pytest

from core.store.schema_version import ROOT
from tests.protections.removing import Protection
from tests.protections.table import PROTECTIONS


@pytest.mark.parametrize("protection", PROTECTIONS, ids=lambda one: one.name)
def test_a_protection_stands_where_the_table_says(protection: Protection) -> None:
    for edit in protection.edits:
        assert (ROOT / edit.path).read_text("utf-8").count(edit.text) == 1, edit
        assert edit.text != edit.without


@pytest.mark.parametrize("protection", PROTECTIONS, ids=lambda one: one.name)
def test_the_test_of_a_protection_exists(protection: Protection) -> None:
    path, *names = protection.test.partition("[")[0].split("::")
    text = (ROOT / path).read_text("utf-8")
    assert all(name in text for name in names)


def test_no_protection_stands_twice() -> None:
    names = [one.name for one in PROTECTIONS]
    assert len(set(names)) == len(names)
