"""Faults as a log may tell them: what failed and where, and nothing of the data that it met.

What a database says of an error has rows, values and statements in it, and what a model says has
what it refused: names, addresses, hashes of passwords. Of these no more is told than their kind.
"""

import traceback
from collections.abc import Iterator
from typing import Any

# Whose errors speak of data.
_SPEAK_OF_DATA = {"sqlalchemy", "psycopg2", "sqlite3", "pydantic", "pydantic_core", "fastapi"}
_CAUSED = "\nThe above exception was the direct cause of the following exception:\n\n"
_MET = "\nDuring handling of the above exception, another exception occurred:\n\n"


def trace(error: BaseException) -> str:
    """The error with what led to it, as Python would print it."""
    return "".join(_told(error, set())).rstrip("\n")


def reason(error: BaseException) -> str:
    """What a database refused for: the codes of its error, and the rule that was broken."""
    driver_error: Any = getattr(error, "orig", None) or error
    rule = getattr(getattr(driver_error, "diag", None), "constraint_name", None)
    codes = (getattr(driver_error, name, None) for name in ("pgcode", "sqlite_errorname"))
    return " ".join(str(part) for part in (type(driver_error).__name__, *codes, rule) if part)


def _told(error: BaseException, seen: set[int]) -> Iterator[str]:
    seen.add(id(error))
    before, words = _before(error)
    if before is not None and id(before) not in seen:
        yield from _told(before, seen)
        yield words
    if error.__traceback__ is not None:
        yield "Traceback (most recent call last):\n"
        yield from traceback.format_tb(error.__traceback__)
    yield from _summary(error)
    # Those of a group.
    for part in getattr(error, "exceptions", ()):
        yield from _told(part, seen)


def _before(error: BaseException) -> tuple[BaseException | None, str]:
    if error.__cause__ is not None:
        return error.__cause__, _CAUSED
    return (None if error.__suppress_context__ else error.__context__), _MET


def _summary(error: BaseException) -> list[str]:
    kind = type(error)
    if not any(one.__module__.partition(".")[0] in _SPEAK_OF_DATA for one in kind.__mro__):
        return traceback.format_exception_only(kind, error)
    return [f"{kind.__module__}.{kind.__qualname__}: {reason(error)}\n"]
