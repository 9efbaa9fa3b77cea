"""What the documents hold besides prose: fenced blocks, commands, and the answers they promise."""

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from pathlib import Path
from typing import Any

# Stands for members or items that a printed answer leaves out.
LEFT_OUT = "…"
_REFERENCES = {"order_reference", "transaction_number"}
_ASSIGNMENT = re.compile(r"([A-Z_]+)=(.*)", re.DOTALL)
_SHELL_SYNTAX = {"|", "||", "&", "&&", ";", ">", ">>", "<"}


@dataclass(frozen=True)
class Block:
    """A fenced block and the section (the heading of the first or second level) it stands in."""

    document: str
    section: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.document}:{self.line}"


@dataclass(frozen=True)
class Command:
    """One command of a shell block: the variables set for it, and its words."""

    environment: dict[str, str]
    words: list[str]

    @property
    def program(self) -> str:
        return Path(self.words[0]).name


@dataclass(frozen=True)
class Answer:
    """An answer as it is printed."""

    status: int
    headers: dict[str, str]
    body: Any


def blocks_of(path: Path) -> Iterator[Block]:
    section = ""
    language: str | None = None
    text: list[str] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if line.startswith("```") and language is None:
            language, text = line.removeprefix("```"), []
        elif line == "```":
            yield Block(path.name, section, number - len(text), language or "", "\n".join(text))
            language = None
        elif language is not None:
            text.append(line)
        elif heading := re.fullmatch(r"##? (.+)", line):
            section = heading[1]


def commands_of(block: Block) -> list[Command]:
    """The commands of a shell block; an open quote goes on in the next line."""
    commands: list[Command] = []
    pending = ""
    for line in block.text.replace("\\\n", " ").splitlines():
        pending += f"{line}\n"
        if _is_complete(pending):
            words = shlex.split(pending, comments=True)
            commands += [_command(words)] if words else []
            pending = ""
    assert not pending, f"{block}: a quote is left open"
    return commands


def answers_of(block: Block) -> list[Answer]:
    """The answers of an ``http`` block (one, with headers) or a ``text`` block (a line each)."""
    if block.language == "http":
        head, body = block.text.split("\n\n", maxsplit=1)
        status, *headers = head.splitlines()
        pairs = (header.split(": ", maxsplit=1) for header in headers)
        return [Answer(int(status.split()[1]), dict(pairs), _parsed(body))]
    lines = (line.partition(" ") for line in block.text.splitlines())
    return [Answer(int(status), {}, _parsed(body) if body else None) for status, _, body in lines]


def differences(printed: Any, real: Any, name: str = "") -> Iterator[str]:
    """Where a printed value is not what was answered, times and random references apart."""
    if isinstance(printed, dict) and isinstance(real, dict):
        yield from _differing_members(printed, real, name)
    elif isinstance(printed, list) and isinstance(real, list):
        if len(printed) != len(real):
            yield f"{name}: {len(printed)} items are printed, {len(real)} were answered"
        for index, (left, right) in enumerate(zip(printed, real, strict=False)):
            yield from differences(left, right, f"{name}/{index}")
    elif isinstance(printed, str) and printed.endswith(LEFT_OUT) and isinstance(real, str):
        if not real.startswith(printed.removesuffix(LEFT_OUT)):
            yield f"{name}: {printed!r} is printed, {real!r} was answered"
    elif _comparable(name, printed) != _comparable(name, real):
        yield f"{name}: {printed!r} is printed, {real!r} was answered"


def _differing_members(printed: dict[str, Any], real: dict[str, Any], name: str) -> Iterator[str]:
    kept = printed.keys() - {LEFT_OUT}
    left_out = real.keys() - kept
    if bool(left_out) != (LEFT_OUT in printed):
        yield f"{name}: members {sorted(left_out)} are not printed; {LEFT_OUT} must say so"
    for member in sorted(kept):
        if member in real:
            yield from differences(printed[member], real[member], f"{name}/{member}")
        else:
            yield f"{name}/{member}: is printed, but was not answered"


def _comparable(name: str, value: Any) -> tuple[type, Any]:
    """A value, or only its kind where each run has another."""
    member = name.rsplit("/", maxsplit=1)[-1]
    if member.endswith("_at") and isinstance(value, str):
        return str, datetime.fromisoformat(value).tzinfo
    if member in _REFERENCES:
        return str, re.sub(r"[2-9A-Z]{10}$", LEFT_OUT, value)
    return type(value), value


def _parsed(text: str) -> Any:
    return json.loads(re.sub(rf"{LEFT_OUT}(\s*\}})", rf'"{LEFT_OUT}": true\1', text))


def _is_complete(text: str) -> bool:
    try:
        shlex.split(text, comments=True)
    except ValueError:
        return False
    return True


def _command(words: list[str]) -> Command:
    assert not _SHELL_SYNTAX & set(words), f"only plain commands can be checked: {words}"
    assigned = [match for word in words if (match := _ASSIGNMENT.fullmatch(word))]
    leading = list(takewhile(_ASSIGNMENT.fullmatch, words))
    environment = {match[1]: match[2] for match in assigned[: len(leading)]}
    return Command(environment, words[len(leading) :])
