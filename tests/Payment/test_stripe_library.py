"""Stripe's library is optional, and large: loaded when it is needed, missed in one line."""

import subprocess
import sys
from pathlib import Path

import pytest

from core.store.schema_version import ROOT
from tests.support.stripe_stand_in import standing_in
from tests.support.stripe_words import stripe_settings
from tools.server import as_written, default_environment

PATIENCE = 60
# Both ask the same process, for it takes seconds to import all of the service: ``main`` makes its
# app for whoever asks for it, and here each who does is a process that was forked before.
MISSING = """
import os, sys
sys.modules["stripe"] = None
import main

for providers in ("", os.environ["PAYMENT_PROVIDERS"]):
    if (pid := os.fork()) == 0:
        os.environ["PAYMENT_PROVIDERS"] = providers
        main.app
        break
    _, status = os.waitpid(pid, 0)
    print(os.waitstatus_to_exitcode(status), flush=True)
"""
# Who imports the library's own modules; to look whether it is there imports none.
WATCHED = """
import asyncio, sys, threading
from datetime import UTC, datetime
from decimal import Decimal

loaded_by = set()

class Watcher:
    def find_spec(self, name, path=None, target=None):
        if name.startswith("stripe."):
            loaded_by.add(threading.current_thread())

sys.meta_path.insert(0, Watcher())
import main
from Payment.port import PaymentAsked

print(len(loaded_by))

async def ask():
    for by in main.app.state.providers.by_name.values():
        begun = await by.start(PaymentAsked("TXN-1", Decimal(1), "USD", "TXN-1"))
        await by.look_up(begun.reference)
        async for refund in by.refunds_since(datetime.now(UTC)):
            pass
        await by.close()

asyncio.run(ask())
print(len(loaded_by) > 0, threading.main_thread() in loaded_by)
"""


# Each way to pay by itself: what one loads the other has.
@pytest.mark.parametrize("name", ["stripe", "stripe_checkout"])
def test_it_is_loaded_by_the_first_who_needs_it_and_not_by_the_event_loop(
    tmp_path: Path, name: str
) -> None:
    with standing_in() as stand_in:
        done = run(WATCHED, tmp_path, PAYMENT_PROVIDERS=name, STRIPE_API_URL=stand_in.url)
    assert (done.returncode, done.stdout) == (0, "0\nTrue False\n"), done.stderr


def test_where_it_is_missing_only_the_start_of_who_needs_it_is_refused_and_in_one_line(
    tmp_path: Path,
) -> None:
    done = run(MISSING, tmp_path)
    # Where nobody pays by Stripe it is not missed.
    assert (done.returncode, done.stdout) == (0, "0\n1\n")
    assert done.stderr == (
        "Not started: PAYMENT_PROVIDERS names stripe, whose library is missing: install it with"
        " `make stripe` or `pip install -r requirements-stripe.txt`\n"
    )


def run(program: str, folder: Path, **changes: str) -> subprocess.CompletedProcess[str]:
    said = stripe_settings("http://127.0.0.1:9").items()
    stripe = {name.upper(): as_written(value) for name, value in said}
    database = {"DATABASE_URL": f"sqlite:///{folder}/shop.db"}
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=default_environment() | database | stripe | changes,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
