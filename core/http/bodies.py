"""What requests bring: JSON in UTF-8, or a form."""

from fastapi import HTTPException, Request

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
