"""The TypeScript client, and the linter of the document it is made from."""

import json
import shutil
from pathlib import Path

import pytest

from tests.support.clients import (
    BOUGHT,
    HERE,
    NODE_MODULES,
    TYPES,
    last_sold,
    of_guide,
    require,
    run,
)
from tools.openapi import FILE

require(".node", "what needs Node: no TypeScript client, no linter of the document")

pytestmark = pytest.mark.long
PROGRAMS = NODE_MODULES / ".bin"


def test_it_compiles_and_buys_a_ticket(address: str, tmp_path: Path) -> None:
    for name in ("buy.ts", "tsconfig.json", "package.json"):
        shutil.copy(HERE / name, tmp_path)
    (tmp_path / "node_modules").symlink_to(NODE_MODULES)
    run(PROGRAMS / "openapi-typescript", FILE, *TYPES, tmp_path / "api.d.ts")
    (shown,) = (block for block in of_guide("front-ends.md", "ts") if "createClient" in block)
    (tmp_path / "shown.ts").write_text(shown.replace("http://localhost:8000", address))
    make_both_compile(tmp_path / "tsconfig.json")
    run(PROGRAMS / "tsc", "--project", tmp_path)
    assert json.loads(run("node", tmp_path / "buy.js", address)) == BOUGHT
    assert last_sold(address) == BOUGHT["left"]
    # What docs/guides/front-ends.md shows: the buyer left nothing.
    assert run("node", tmp_path / "shown.js") == "ticket 1: 0 left\n"


def make_both_compile(config: Path) -> None:
    said = json.loads(config.read_text(encoding="utf-8"))
    config.write_text(json.dumps(said | {"files": [*said["files"], "shown.ts"]}))


def test_the_linter_of_the_document_finds_nothing_but_what_has_its_reason() -> None:
    options = ["--config", HERE / "redocly.yaml", "--format", "json"]
    found = json.loads(run(PROGRAMS / "redocly", "lint", FILE, *options))
    assert found["problems"] == []
    assert found["totals"] == {"errors": 0, "warnings": 0, "ignored": 0}
