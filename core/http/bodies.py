"""What requests bring: JSON in UTF-8, or a form."""

import json
from email.message import Message
from functools import lru_cache
from typing import Any

from fastapi import HTTPException, Request
from fastapi.exceptions import RequestValidationError
from starlette.requests import ClientDisconnect

_FORMS = ("application/x-www-form-urlencoded", "multipart/")


def is_form(request: Request) -> bool:
    """A form was read as a stream already, and is text that cannot be malformed."""
    return request.headers.get("content-type", "").startswith(_FORMS)


async def require_utf_8(request: Request) -> None:
    """The framework guesses a body's encoding; the contract knows only one."""
    body = await request.body()
    try:
        body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise HTTPException(400) from None
    # No JSON in UTF-8 holds a zero byte, and no English text in UTF-16 is without.
    if b"\0" in body:
        raise HTTPException(400)


async def said_in_body(request: Request, *, nothing: Any) -> Any:
    """The JSON in the body, or else its bytes, which no operation takes; ``nothing`` of none."""
    try:
        sent = await request.body()
    except (ClientDisconnect, RuntimeError):
        # Nobody is there to hear it; or it was read as a form, for the sake of its key.
        raise HTTPException(400) from None
    if not sent:
        return nothing
    if not _is_json(request.headers.get("content-type", "")):
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
