"""``make reference``: docs/reference.md, written from the code and from .env.example."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from fastapi import FastAPI

from core.http.kinds import all_kinds, kind_of, refusals
from core.store.schema_version import ROOT
from main import create_app
from Order.services.order_states import (
    ORDER_REVIVAL,
    ORDER_TRANSITIONS,
    TRANSACTION_REFUND,
    TRANSACTION_TRANSITIONS,
)
from Payment.services.refund_states import REFUND_TRANSITIONS
from tools.openapi import default_settings
from work.access import Access, Right
from work.domain import require_rights

# Which states may follow a state.
Table: TypeAlias = Mapping[Any, frozenset[Any]]

FILE = ROOT / "docs/reference.md"
EXAMPLE = ROOT / ".env.example"
_WORDS = {Access.NO: "no", Access.OWN: "own", Access.ALL: "yes"}

_HEAD = """\
# Reference

Written from the code by `make reference`; a test compares the two. The whole contract, with every \
schema, is the OpenAPI document: [openapi.json](openapi.json), served at `/openapi.json`, and \
`/docs` shows it.

- [Endpoints](#endpoints): every operation
- [Roles](#roles): who may do what
- [States](#states): which may follow which
- [Errors](#errors): every `code`, and the members it brings
- [Settings](#settings): every variable of the environment
"""
_ENDPOINTS = """\
## Endpoints

Addresses work with and without a slash at the end.
"""
_ROLES = """\
## Roles

What each role may do; *own*: with what is the caller's own, while another's answers 404 as if it \
were not there. An order counts as own, for reading, also for those it is shared with. Staff is \
the box office. Each right stands beside its route, in `@allowed(…)`.
"""
_STATES = """\
## States

Which state may follow which, as the code's tables have it; any other change is refused.
"""
_ERRORS = """\
## Errors

Errors are `application/problem+json` (RFC 9457) with `type`, `title`, `status`, `detail`, \
`instance`, `code` and `request_id`; programs act on `code` and on the members it brings. Where \
`type` points to, a page tells the same of each. Which codes an operation can answer is in the \
OpenAPI document.
"""
_SETTINGS = """\
## Settings

From the environment or `.env`, where [.env.example](../.env.example) has them all. A value that \
can't be used, or a line of `.env` that can't be read or has an unknown name, stops the start with \
one line that says so.
"""


def reference() -> str:
    app = create_app(default_settings())
    parts = [
        _HEAD,
        _ENDPOINTS,
        *_endpoints(app),
        _ROLES,
        _table(["", "Operations", "Nobody", "Customer", "Staff", "Admin"], _roles(app)),
        _STATES,
        *_states(),
        _ERRORS,
        _table(["Code", "Status", "Meaning", "Brings"], _errors()),
        _SETTINGS,
        *_settings(),
    ]
    return "\n".join(parts)


def operations(app: FastAPI) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(method, path, operation) of the OpenAPI document."""
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def _endpoints(app: FastAPI) -> Iterator[str]:
    for tag in app.openapi()["tags"]:
        yield f"### {tag['name']}\n\n{tag['description']}\n"
        rows = [
            [f"`{method} {path}`", operation["summary"]]
            for method, path, operation in operations(app)
            if operation["tags"] == [tag["name"]]
        ]
        yield _table(["Address", "What it does"], rows)


def _roles(app: FastAPI) -> Iterator[list[str]]:
    """The operations of a tag that have the same right share a row."""
    rights = require_rights(app)
    rows: dict[tuple[str, ...], list[str]] = {}
    for _, _, operation in operations(app):
        key = (operation["tags"][0], *_words(rights[operation["operationId"]]))
        rows.setdefault(key, []).append(operation["summary"])
    for (tag, *may), summaries in sorted(rows.items(), key=lambda row: row[0][0]):
        yield [tag, "; ".join(summaries), *may]


def _words(right: Right) -> list[str]:
    by_role = (right.anonymous, right.customer, right.staff, right.admin)
    return [_WORDS[access] for access in by_role]


def _states() -> Iterator[str]:
    yield _chart("An order", ORDER_TRANSITIONS, {"late money": ORDER_REVIVAL})
    yield _chart("A payment", TRANSACTION_TRANSITIONS, {"refund": TRANSACTION_REFUND})
    yield _chart("A refund by a provider", REFUND_TRANSITIONS, {})


def _chart(title: str, table: Table, special: Mapping[str, Table]) -> str:
    """In the notation of Mermaid; it begins with the first state of the table."""
    arrows = [f"[*] --> {next(iter(table)).value}", *_arrows(table)]
    for label, others in special.items():
        arrows += [f"{arrow}: {label}" for arrow in _arrows(others)]
    lines = "\n".join(f"    {arrow}" for arrow in arrows)
    return f"### {title}\n\n```mermaid\nstateDiagram-v2\n{lines}\n```\n"


def _arrows(table: Table) -> list[str]:
    return [
        f"{state.value} --> {following.value}"
        for state, all_following in table.items()
        for following in sorted(all_following)
    ]


def _errors() -> Iterator[list[str]]:
    """All refusals: of the domains, and of HTTP itself."""
    # Tests have some of their own.
    foreign = {kind_of(one) for one in refusals() if one.__module__.startswith("tests.")}
    for kind in sorted(all_kinds().values(), key=lambda kind: (kind.status, kind.code)):
        if kind not in foreign:
            members = ", ".join(f"`{name}`" for name in kind.example)
            yield [f"`{kind.code}`", str(kind.status), kind.title, members]


def _settings() -> Iterator[str]:
    """The words and the defaults of .env.example, which another test holds against the code."""
    text = EXAMPLE.read_text(encoding="utf-8")
    _, *sections = re.split(r"^# --- (.+?) -+$", text, flags=re.MULTILINE)
    for name, section in zip(sections[::2], sections[1::2], strict=True):
        yield f"### {name}\n"
        rows = [_setting(paragraph) for paragraph in section.strip().split("\n\n")]
        yield _table(["Setting", "Default", "What it decides"], rows)


def _setting(paragraph: str) -> list[str]:
    *lines, assignment = paragraph.splitlines()
    name, value = assignment.split("=", maxsplit=1)
    default = "`{}`".format(value.strip('"')) if value else "(empty)"
    said = " ".join(line.removeprefix("# ") for line in lines)
    return [f"`{name}`", default, said.replace("|", "\\|").replace("*", "\\*")]


def _table(head: list[str], rows: Iterable[list[str]]) -> str:
    lines = [_row(head), "|---" * len(head) + "|", *map(_row, rows)]
    return "\n".join(lines) + "\n"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |".replace("  ", " ")


if __name__ == "__main__":
    FILE.write_text(reference(), encoding="utf-8")
    print(f"{FILE.relative_to(ROOT)} is written.")
