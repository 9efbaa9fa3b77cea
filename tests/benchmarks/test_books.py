"""Whether the benchmarks hear what a checkout says of its books, and what that took."""

from pathlib import Path

import pytest

from benchmarks.books import AFTER_SEEDING, BooksDisagreeError, Shop, require_clean
from benchmarks.layout import Layout
from benchmarks.subjects import Checkout


def checkout(folder: Path, program: str) -> Checkout:
    (folder / "cli.py").write_text(program)
    return Checkout("old", folder)


def test_the_checkouts_own_program_is_asked_about_the_database(tmp_path: Path) -> None:
    program = "import os, sys\nprint('first')\nprint(*sys.argv[1:], os.environ['DATABASE_URL'])"
    checked = require_clean(checkout(tmp_path, program), "sqlite:///shop.db")
    assert checked.verdict == "reconcile sqlite:///shop.db"


def test_books_that_disagree_end_the_run_with_what_was_said(tmp_path: Path) -> None:
    program = "print('x' * 200_000)\nprint('stock differs')\nraise SystemExit(1)"
    with pytest.raises(BooksDisagreeError, match=r"old: x+\nstock differs"):
        require_clean(checkout(tmp_path, program), "")


def test_the_peak_is_that_of_the_program_and_not_what_it_has_in_the_end(tmp_path: Path) -> None:
    program = "import time\nmuch = b'1' * 100_000_000\ndel much\ntime.sleep(0.2)\nprint('ok')"
    checked = require_clean(checkout(tmp_path, program), "")
    assert 95 < checked.peak_mib < 200
    assert checked.seconds > 0.2


def test_the_tables_are_told_all_orders_with_those_of_the_pools(tmp_path: Path) -> None:
    shop = Shop("sqlite", checkout(tmp_path, "print('ok')"), Layout(1_000, 10), "", workers=2)
    found = shop.reconciled(AFTER_SEEDING)
    assert (found.rows, found.workers, found.moment) == (1_040, 2, "after seeding")
