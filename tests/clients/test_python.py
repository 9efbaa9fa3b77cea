"""The Python client."""

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.support.clients import BOUGHT, HERE, INSTALLED, last_sold, of_guide, require, run
from tools.openapi import FILE

require(".made", "the generator of Python clients")

pytestmark = pytest.mark.long
PYTHON = INSTALLED / "bin/python"
# What stands before the guide's lines in a front end.
NAMES = """
import sys
from shop import Client
from shop.api.orders import create_order
from shop.models import InsufficientStock, OrderCreate, OrderLine

shop = Client(base_url=sys.argv[1])
lines = [OrderLine(ticket_id=1, quantity=60)]
"""


def test_it_compiles_and_buys_a_ticket(address: str, tmp_path: Path) -> None:
    shutil.copy(HERE / "buy.py", tmp_path)
    config = tmp_path / "config.yaml"
    config.write_text("post_hooks: []\n")
    client = ["--meta", "none", "--output-path", tmp_path / "shop", "--config", config]
    program = PYTHON.with_name("openapi-python-client")
    run(program, "generate", "--fail-on-warning", "--path", FILE, *client)
    checked = ["--strict", "--config-file", os.devnull, "--python-executable", PYTHON, "buy.py"]
    run(sys.executable, "-m", "mypy", *checked, folder=tmp_path)
    assert json.loads(run(PYTHON, "buy.py", address, folder=tmp_path)) == BOUGHT
    assert last_sold(address) == BOUGHT["left"]
    # What docs/guides/front-ends.md shows: the buyer left nothing.
    (shown,) = of_guide("front-ends.md", "python")
    (tmp_path / "shown.py").write_text(f"{NAMES}{shown}\n")
    assert run(PYTHON, "shown.py", address, folder=tmp_path) == "['ticket 1: 0 left']\n"
