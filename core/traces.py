"""Faults as a log may tell them: what failed and where, and nothing of the data that it met.

What a database says of an error has rows, values and statements in it, and what a model says has
what it refused: names, addresses, hashes of passwords. Of these no more is told than their kind.
"""

import traceback
from collections.abc import Iterator
from typing import Any

# Whose errors speak of data.
_SPEAK_OF_DATA = {"sqlalchemy", "psycopg2", "sqlite3", "pydantic", "pydantic_core", "fastapi"}
# The driver knows no code of what happens so early; a pooler has one for all that it refuses.
_OF_CONNECTING = {None, "08P01"}
# A right that is missing, a schema that is not there, a server that takes no changes.
_OF_OBJECTS = {"42501", "3F000", "25006"}
_CAUSED = "\nThe above exception was the direct cause of the following exception:\n\n"
_MET = "\nDuring handling of the above exception, another exception occurred:\n\n"


def trace(error: BaseException) -> str:
    """The error with what led to it, as Python would print it."""
    return "".join(_told(error, set())).rstrip("\n")


def reason(error: BaseException) -> str:
    """What a database refused for: the codes of its error, and the rule that was broken.

    Why nobody could connect is told in its own words, in which there are no rows yet; and so is
    what speaks of tables and schemas alone.
    """
    driver_error: Any = getattr(error, "orig", None) or error
    if _could_not_connect(error, driver_error):
        return next(iter(str(driver_error).splitlines()), "")
    said = getattr(driver_error, "diag", None)
    codes = [getattr(driver_error, name, None) for name in ("pgcode", "sqlite_errorname")]
    words = getattr(said, "message_primary", None) if codes[0] in _OF_OBJECTS else None
    parts = (type(driver_error).__name__, *codes, getattr(said, "constraint_name", None), words)
    return " ".join(str(part) for part in parts if part)


def _could_not_connect(error: Any, driver_error: Any) -> bool:
    """Whether a PostgreSQL, or a pooler before it, answered before any statement was sent."""
    has_no_statement = getattr(error, "statement", "") is None
    return has_no_statement and getattr(driver_error, "pgcode", "") in _OF_CONNECTING


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
