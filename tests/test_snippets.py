"""Every fenced block of the documents is held to its word by a test, and this file knows by which.

A block of another kind, or in a place where nothing would try it, fails here.
"""

import ast
import json
import re
import subprocess
from collections.abc import Callable, Iterable
from functools import partial
from io import StringIO
from itertools import pairwise
from pathlib import Path

import pytest
from dotenv import dotenv_values

from core.settings import Settings
from core.store.schema_version import ROOT
from tests.support.clients import NODE_MODULES
from tests.support.markdown import Block, blocks_of
from tests.support.service import needing_postgres
from tests.test_documents import DOCUMENTS
from tests.test_readme import SCRIPTS, SESSIONS
from tools.postgres import program

BLOCKS = [block for document in DOCUMENTS for block in blocks_of(document)]
# Pictures in letters, with what reads them.
PICTURES = {
    ("README.md", "Project Structure"): "tests/test_reference.py",
    ("architecture.md", "Architecture"): "",
}
# Which test runs all blocks of a language in a document.
RUN_BY = {
    ("add-a-domain.md", "python"): "tests/test_recipes.py",
    ("add-an-operation.md", "python"): "tests/test_recipes.py",
    ("front-ends.md", "python"): "tests/clients/test_python.py",
    ("operations.md", "sql"): "tests/core/store/test_least_rights.py",
}
# Reads the blocks as [{name, text}], and prints what it can't read.
COMPILE = """
const ts = require(process.argv[1]);
const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ESNext, allowJs: true };
for (const { name, text } of JSON.parse(require("fs").readFileSync(0, "utf8"))) {
  const { diagnostics } = ts.transpileModule(text, {
    compilerOptions: options, fileName: name, reportDiagnostics: true,
  });
  for (const found of diagnostics) {
    console.log(name + ": " + ts.flattenDiagnosticMessageText(found.messageText, " "));
  }
}
"""


def of(*languages: str, blocks: Iterable[Block] = BLOCKS) -> list[Block]:
    return [block for block in blocks if block.language in languages]


def unheld(blocks: list[Block]) -> list[str]:
    """The blocks that no test would miss if they were wrong."""
    before = {after: block for block, after in pairwise(blocks)}
    return [
        f"{block} {block.language}"
        for block in blocks
        if not HELD.get(block.language, nobody)(block, before.get(block))
    ]


def nobody(_block: Block, _before: Block | None) -> bool:
    return False


def everywhere(_block: Block, _before: Block | None) -> bool:
    return True


def is_answer(block: Block, before: Block | None) -> bool:
    """What commands print, where tests/test_readme.py compares it."""
    follows = before is not None and before.language == "bash" and before.section == block.section
    return follows and block.section in {*SESSIONS, *SCRIPTS}


def is_run(block: Block, _before: Block | None) -> bool:
    file = RUN_BY.get((block.document, block.language))
    return file is not None and block.document in (ROOT / file).read_text(encoding="utf-8")


def is_of_reference(block: Block, _before: Block | None) -> bool:
    """Written by ``make reference``, or read by the rules of imports."""
    return block.document in {"reference.md", "architecture.md"}


def is_picture(block: Block, _before: Block | None) -> bool:
    return (block.document, block.section) in PICTURES


# By language, where its blocks are held: those of most in every document, by a test below or by
# tests/test_readme.py, which has a check for every command.
HELD: dict[str, Callable[[Block, Block | None], bool]] = {
    "": is_picture,
    "bash": everywhere,
    "env": everywhere,
    "floors": is_of_reference,
    "http": is_answer,
    "ini": everywhere,
    "js": everywhere,
    "json": everywhere,
    "mermaid": is_of_reference,
    "nginx": everywhere,
    "python": is_run,
    "rooms": is_of_reference,
    "sql": is_run,
    "systemd": everywhere,
    "text": is_answer,
    "ts": everywhere,
}


def test_every_block_is_held_by_a_test() -> None:
    assert unheld(BLOCKS) == []


def test_there_are_blocks_of_every_document_that_has_some() -> None:
    fences = sum(
        len(re.findall(r"^ *(?:```|~~~)", document.read_text(encoding="utf-8"), re.MULTILINE))
        for document in DOCUMENTS
    )
    assert fences == 2 * len(BLOCKS), "a fence is indented, or is made of tildes"


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ("operations.md", "# Operations\n\n```\npython cli.py\n```"),
        ("operations.md", "# Operations\n\n```yaml\na: b\n```"),
        ("operations.md", "# Operations\n\n```text\nThe books agree.\n```"),
        ("operations.md", "# Operations\n\n```mermaid\nflowchart LR\n```"),
        ("privacy.md", "# Personal Data\n\n```python\nprint()\n```"),
        ("privacy.md", "# Personal Data\n\n```sql\nSELECT 1\n```"),
    ],
)
def test_a_block_that_nothing_tries_is_found(tmp_path: Path, document: str, text: str) -> None:
    (tmp_path / document).write_text(text)
    assert len(unheld(list(blocks_of(tmp_path / document)))) == 1


def wrong(blocks: Iterable[Block]) -> list[str]:
    """The blocks that say what can't be."""
    found = []
    for block in blocks:
        try:
            READERS[block.language](block.text)
        except (ValueError, SyntaxError):
            found.append(str(block))
    return found


def read_settings(text: str) -> None:
    said = {name.lower(): value for name, value in dotenv_values(stream=StringIO(text)).items()}
    if unknown := said.keys() - Settings.model_fields.keys():
        raise ValueError(f"no settings: {unknown}")
    Settings.model_validate(said)


def read_deployed(file: str, text: str) -> None:
    """What a server is told stands in what is deployed, line by line."""
    known = {line.strip() for line in (ROOT / file).read_text(encoding="utf-8").splitlines()}
    if unknown := [line for line in text.splitlines() if line.strip() not in known]:
        raise ValueError(f"not in {file}: {unknown}")


READERS: dict[str, Callable[[str], object]] = {
    "env": read_settings,
    "json": json.loads,
    "python": ast.parse,
    "nginx": partial(read_deployed, "deploy/nginx.conf"),
    "systemd": partial(read_deployed, "deploy/nexticket.service"),
}


def test_what_is_read_by_others_can_be_read() -> None:
    blocks = of(*READERS)
    assert {"env", "python"} <= {block.language for block in blocks}
    assert wrong(blocks) == []


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("env", "HOLD_MINUTS=15"),
        ("env", "HOLD_MINUTES=soon"),
        ("json", '{"id": 1,}'),
        ("python", "if True"),
        ("nginx", "listen 8443;"),
        ("systemd", "User=root"),
    ],
)
def test_what_cannot_be_read_is_found(language: str, text: str) -> None:
    assert wrong([Block("a.md", "A", 1, language, text)]) == ["a.md:1"]


@pytest.mark.parametrize("block", of("ini"), ids=str)
def test_postgresql_knows_its_settings(block: Block) -> None:
    with needing_postgres():
        postgres = program("postgres")
    said = subprocess.run([postgres, "--describe-config"], capture_output=True, check=True).stdout
    known = {line.partition("\t")[0] for line in said.decode().splitlines()}
    named = {line.partition(" = ")[0] for line in block.text.splitlines()}
    assert named <= known


def test_scripts_compile() -> None:
    typescript = NODE_MODULES / "typescript"
    if not typescript.exists():
        pytest.skip("`make clients` has not installed TypeScript: scripts are not compiled")
    assert uncompiled(typescript, of("js", "ts")) == ""
    broken = [Block("a.md", "A", 1, language, "const = 1;") for language in ("js", "ts")]
    assert len(uncompiled(typescript, broken).splitlines()) >= len(broken)


def uncompiled(typescript: Path, blocks: list[Block]) -> str:
    told = [{"name": f"{block}.{block.language}", "text": block.text} for block in blocks]
    done = subprocess.run(
        ["node", "-e", COMPILE, typescript],
        input=json.dumps(told),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout
