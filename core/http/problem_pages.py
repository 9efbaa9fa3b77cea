"""``/problems/{code}``: what the ``type`` of a problem points to, for the person who debugs it."""

import json
from collections.abc import Iterator
from functools import cache
from html import escape
from typing import Any

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from starlette.exceptions import HTTPException

from core.http.kinds import NOT_FOUND, Kind, all_kinds
from core.http.money_examples import tell_examples_in_currency
from core.http.problem_schemas import always_brought, example_of, members
from core.money import currency

# What to do about it, by status.
_ADVICE = {
    400: "The request can't be read. Sent again as it is, it is refused again.",
    401: "Log in, or send other credentials; the same ones are refused again.",
    403: "The caller is known and may not do this; somebody with another role may.",
    404: "It is not there for this caller: it never was, is gone, or is somebody else's.",
    405: "The Allow header of the answer names the methods of the address.",
    408: "Send the request again, in one go.",
    409: "The present state forbids it, and nothing was changed. Read the object again and decide.",
    412: "The object was changed since it had that tag. Read it again and decide.",
    413: "Send less in one request.",
    414: "Send a shorter address, or fewer parameters.",
    415: "Say in Content-Type what the body is, and send what the operation takes.",
    422: "A value has to be changed before it is sent again; nothing was changed.",
    429: "Nothing ran. Wait as many seconds as Retry-After says.",
    431: "Send fewer or smaller headers.",
    500: "The operator's log tells more under the request id.",
    502: "Nobody knows what came of it at somebody else's. The same request asks again.",
    503: "The same request may succeed later: wait as many seconds as Retry-After says.",
}

_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>{title}</title></head>
<body>
<h1>{title}</h1>
<p><code>{code}</code>, status {status}.</p>
<p>{advice}</p>
{members}<h2>Example</h2>
<pre>{example}</pre>
</body>
</html>
"""


def install_problem_pages(app: FastAPI) -> None:
    @app.get("/problems/{code}", include_in_schema=False)
    async def problem_page(code: str) -> HTMLResponse:
        if code not in all_kinds():
            raise HTTPException(NOT_FOUND.status)
        return HTMLResponse(_page(code, currency().code))


@cache
def _page(code: str, _currency: str) -> str:
    """Plain, and the same for everybody: it is asked for by strangers."""
    kind = all_kinds()[code]
    shown = {"example": example_of(kind)}
    tell_examples_in_currency(shown)
    return _PAGE.format(
        title=escape(kind.title),
        code=code,
        status=kind.status,
        advice=escape(_ADVICE[kind.status]),
        members="".join(_members(kind)),
        example=_json(shown["example"]),
    )


def _members(kind: Kind) -> Iterator[str]:
    always = always_brought(kind)
    if brought := members(kind):
        yield "<h2>What it brings</h2>\n<dl>\n"
        for name, schema in brought.items():
            often = "always" if name in always else "where it is known"
            yield f"<dt><code>{name}</code>, {often}</dt><dd><pre>{_json(schema)}</pre></dd>\n"
        yield "</dl>\n"


def _json(value: Any) -> str:
    return escape(json.dumps(value, indent=2, ensure_ascii=False))
