"""``.env`` read so that nothing is passed over: what would be is told with its line.

The library that parses it warns of a line that it can't read, and goes on without it. Where that
line was to close the service, the service would start open.
"""

import io
import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import Binding, parse_stream
from dotenv.variables import Variable, parse_variables

_LINE_END = re.compile(r"\r\n|\n|\r")


class EnvFileError(ValueError):
    """What can't be read, for the operator; without values, which may be secrets."""


def read_env_file(file: Path, names: Collection[str]) -> dict[str, str | None]:
    """What it says, by names in small letters; ``names`` are those that it may say."""
    text = _text_of(file)
    problems = list(_problems(list(parse_stream(io.StringIO(text, newline=""))), names))
    if problems:
        raise EnvFileError(f".env can't be read: {'; '.join(problems)}")
    said = dotenv_values(stream=io.StringIO(text, newline=""))
    return {name.lower(): value for name, value in said.items()}


def _text_of(file: Path) -> str:
    # A link that leads nowhere was meant to lead somewhere.
    if not os.path.lexists(file):
        return ""
    said = b""
    try:
        said = file.read_bytes()
        return said.decode("utf-8-sig")
    except OSError as error:
        raise EnvFileError(f".env can't be read: {error.strerror}: {file}") from None
    except UnicodeDecodeError as error:
        line = len(_LINE_END.findall(said[: error.start].decode("latin-1"))) + 1
        raise EnvFileError(f".env can't be read: line {line} is not UTF-8") from None


def _problems(bindings: Collection[Binding], names: Collection[str]) -> Iterator[str]:
    lines: dict[str, int] = {}
    there = set(os.environ)
    for binding in bindings:
        blank, words = _split(binding.original.string)
        line = binding.original.line + len(_LINE_END.findall(blank))
        if binding.error or (binding.key is not None and binding.value is None):
            yield f"line {line} is not NAME=value{_known_name(words, names)}"
        elif binding.key is not None:
            name = binding.key.upper()
            if name in lines:
                yield f"line {line} says {name} again, after line {lines[name]}"
            yield from (f"line {line} {fault}: {name}" for fault in _faults(binding, words, there))
            lines.setdefault(name, line)
            there.add(binding.key)


def _split(said: str) -> tuple[str, str]:
    """The empty lines before, and the rest without its end."""
    words = said.lstrip()
    return said[: len(said) - len(words)], words.rstrip()


def _known_name(words: str, names: Collection[str]) -> str:
    """Of the setting that was meant; nothing else of the line, which may have a secret in it."""
    found = (word.upper() for word in re.findall(r"\w+", words))
    return next((f": {word}" for word in found if word.lower() in names), "")


def _faults(binding: Binding, words: str, there: Collection[str]) -> Iterator[str]:
    """What makes a value another one than it looks."""
    if _LINE_END.search(words):
        # It would take in the settings that stand in the lines between.
        yield "begins a value that ends in a later line"
    for part in parse_variables(binding.value or ""):
        if isinstance(part, Variable) and part.default is None and part.name not in there:
            yield f"asks for ${{{part.name}}}, which is not set"
