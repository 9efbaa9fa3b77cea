"""The blocks of a document's section, run by one shell: a variable of one is there in the next."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support import curl
from tests.support.markdown import Block

SECONDS = 120


@dataclass(frozen=True)
class Outcome:
    """What a block printed, and the (status, body) that each of its requests got."""

    printed: str
    answers: list[tuple[int, Any]]


def run_blocks(
    blocks: Sequence[Block], *, folder: Path, environment: Mapping[str, str], notes: Path
) -> list[Outcome]:
    """Run in a folder; ``notes`` is an empty folder for what is written down meanwhile."""
    # It needs nothing that was installed, nor the time to look for that.
    prelude = f'set -eu\ncurl() {{ "{sys.executable}" -S "{curl.__file__}" "$@"; }}\n'
    parts = [
        f'{curl.LOG}="{notes}/{number}.log"; export {curl.LOG}\n'
        f'{{\n{block.text}\n}} > "{notes}/{number}.out"\n'
        for number, block in enumerate(blocks)
    ]
    done = subprocess.run(
        ["sh", "-c", prelude + "".join(parts)],
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [_outcome(notes / str(number)) for number in range(len(blocks))]


def _outcome(path: Path) -> Outcome:
    log = path.with_suffix(".log")
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    answers = [(note["status"], note["body"]) for note in map(json.loads, lines)]
    parsed = [(status, json.loads(body) if body else None) for status, body in answers]
    return Outcome(path.with_suffix(".out").read_text(encoding="utf-8"), parsed)
