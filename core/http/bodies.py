"""What requests bring: JSON in UTF-8, or a form."""

import json
from collections import Counter
from collections.abc import Collection
from email.message import Message
from functools import lru_cache
from typing import Any

from fastapi import HTTPException, Request
from fastapi.exceptions import RequestValidationError
from starlette.requests import ClientDisconnect

# What operations take.
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
_FORMS = (FORM, "multipart/")
# What is wrong with a parameter or a field that is there twice.
TWICE = {"type": "repeated_parameter", "msg": "must not be given more than once"}

# More than any model has: an object with a hundred lines comes back whole within them. A text of
# nothing but commas counts as so many values.
MAX_MEMBERS = 100
MAX_ITEMS = 1000
MAX_DEPTH = 16
MAX_VALUES = 12_000


def parsed(body: bytes) -> Any:
    """The JSON in a body; raises a ``ValueError`` where it is none, or has two meanings."""
    return _DECODER.decode(body.decode("utf-8-sig"))


def _said_once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object: of a member that is there twice, one reader takes the first, and we the last."""
    made = dict(members)
    if len(made) < len(members):
        raise ValueError("a member is there twice")
    return made


_DECODER = json.JSONDecoder(object_pairs_hook=_said_once)


def is_form(request: Request) -> bool:
    """A form was read as a stream already, and is text that cannot be malformed."""
    return request.headers.get("content-type", "").startswith(_FORMS)


async def require_acceptable(request: Request, takes: str | None) -> None:
    """Refuse a body of another kind than the operation takes, or that can't be read."""
    if is_form(request) and takes != JSON:
        if takes == FORM:
            await _require_said_once(request)
        return
    # What says no kind is JSON: nothing else is sent here, and what browsers send by themselves is
    # taken by none but the routes that look at whose page it is.
    kind = request.headers.get("content-type") or JSON
    if takes is not None and not (takes == JSON and _is_json(kind)) and await request.body():
        raise HTTPException(415, headers={"Accept": takes})
    await _require_readable(request)


async def _require_said_once(request: Request) -> None:
    """Refuse a form with a field that is there twice, as OAuth does (RFC 6749, 3.2): of two names
    or two passwords, one reader takes the first and another one the last.
    """
    form = await request.form()
    said = Counter(name for name, _ in form.multi_items())
    if twice := [{**TWICE, "loc": ("body", name)} for name, times in said.items() if times > 1]:
        await form.close()
        raise RequestValidationError(twice)


async def _require_readable(request: Request) -> None:
    """Refuse a body that can't be JSON in UTF-8, or that has more to it than operations take.

    The framework guesses a body's encoding; the contract knows only one. And each unknown member
    would be a mistake to tell: a large body of them would keep all others waiting.
    """
    body = await request.body()
    try:
        body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise HTTPException(400) from None
    # No JSON in UTF-8 holds a zero byte, and no English text in UTF-16 is without.
    if b"\0" in body:
        raise HTTPException(400)
    values = body.count(b",")
    if values > MAX_VALUES:
        raise HTTPException(413)
    # Within so few, nothing can be too wide or too deep.
    if values >= MAX_MEMBERS or body.count(b"{") + body.count(b"[") > MAX_DEPTH:
        await _require_bounded(request)


async def _require_bounded(request: Request) -> None:
    try:
        # Kept by the request, which is going to be asked for it again.
        level = [await request.json()]
    except (ValueError, RecursionError):
        # Whoever takes it apart says what is wrong with it.
        return
    for _ in range(MAX_DEPTH + 1):
        level = [inner for one in level for inner in _within(one)]
        if not level:
            return
    raise HTTPException(400)


def _within(value: Any) -> Collection[Any]:
    """What an object or a list holds."""
    if not isinstance(value, dict | list):
        return ()
    if len(value) > (MAX_MEMBERS if isinstance(value, dict) else MAX_ITEMS):
        raise HTTPException(413)
    return value.values() if isinstance(value, dict) else value


async def said_in_body(request: Request, *, nothing: Any) -> Any:
    """The JSON in the body, or else its bytes, which no operation takes; ``nothing`` of none."""
    try:
        sent = await request.body()
    except (ClientDisconnect, RuntimeError):
        # Nobody is there to hear it; or it was read as a form, for the sake of its key.
        raise HTTPException(400) from None
    if not sent:
        return nothing
    if not _is_json(request.headers.get("content-type") or JSON):
        return sent
    try:
        return await request.json()
    except json.JSONDecodeError as error:
        what = {"type": "json_invalid", "loc": ("body", error.pos), "msg": "JSON decode error"}
        raise RequestValidationError([what]) from error
    except (ValueError, RecursionError):
        raise HTTPException(400) from None


@lru_cache(100)
def _is_json(content_type: str) -> bool:
    message = Message()
    message["content-type"] = content_type
    kind = message.get_content_subtype()
    return message.get_content_maintype() == "application" and (
        kind == "json" or kind.endswith("+json")
    )
