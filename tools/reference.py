"""``make reference``: docs/reference.md, written from the code and from .env.example."""

import re
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI

from core.errors import DomainError
from core.http.problems import MEDIA_TYPE, status_of
from core.settings import Settings
from core.store.schema_version import ROOT
from main import create_app
from work.access import Access, Right
from work.domain import require_rights

FILE = ROOT / "docs/reference.md"
EXAMPLE = ROOT / ".env.example"
# What any address can answer, whatever its operation declares.
ANYWHERE = {
    "malformed_request": 400,
    "not_found": 404,
    "method_not_allowed": 405,
    "uri_too_long": 414,
    "headers_too_large": 431,
    "internal_error": 500,
}
_COMMON = {"type", "title", "status", "detail", "instance", "code", "request_id"}
_WORDS = {Access.NO: "no", Access.OWN: "own", Access.ALL: "yes"}

_HEAD = """\
# Reference

Written from the code by `make reference`; a test compares the two. The whole contract, with every \
schema, is the OpenAPI document at `/openapi.json`, and `/docs` shows it.

- [Endpoints](#endpoints): every operation
- [Roles](#roles): who may do what
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
_ERRORS = """\
## Errors

Errors are `application/problem+json` (RFC 9457) with `type`, `title`, `status`, `detail`, \
`instance`, `code` and `request_id`; programs act on `code` and on the members it brings. Which \
codes an operation can answer is in the OpenAPI document.
"""
_SETTINGS = """\
## Settings

From the environment or `.env`, where [.env.example](../.env.example) has them all. A value that \
can't be used, or a line of `.env` that can't be read or has an unknown name, stops the start with \
one line that says so.
"""


def reference() -> str:
    app = create_app(_defaults())
    parts = [
        _HEAD,
        _ENDPOINTS,
        *_endpoints(app),
        _ROLES,
        _table(["", "Operations", "Nobody", "Customer", "Staff", "Admin"], _roles(app)),
        _ERRORS,
        _table(["Code", "Status", "Meaning", "Brings"], _errors(app)),
        _SETTINGS,
        *_settings(),
    ]
    return "\n".join(parts)


def _defaults() -> Settings:
    """As they are in the code, whatever the surroundings say."""
    fields = Settings.model_fields.items()
    return Settings(_env_file=None, **{name: field.get_default() for name, field in fields})  # type: ignore[call-arg]


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


def _errors(app: FastAPI) -> Iterator[list[str]]:
    """All refusals: of the domains, declared, and those of any address."""
    found: dict[tuple[int, str], tuple[str, list[str]]] = {
        (status, code): (HTTPStatus(status).phrase, []) for code, status in ANYWHERE.items()
    }
    for refusal in _refusals(DomainError):
        found[status_of(refusal), refusal.code] = (refusal.title, list(refusal.example))
    for (status, code), (title, members) in sorted((found | dict(_declared(app))).items()):
        yield [f"`{code}`", str(status), title, ", ".join(f"`{name}`" for name in members)]


def _refusals(kind: type[DomainError]) -> Iterator[type[DomainError]]:
    for refusal in kind.__subclasses__():
        # Tests have some of their own.
        if hasattr(refusal, "code") and not refusal.__module__.startswith("tests."):
            yield refusal
        yield from _refusals(refusal)


def _declared(app: FastAPI) -> Iterator[tuple[tuple[int, str], tuple[str, list[str]]]]:
    for _, _, operation in operations(app):
        for status, response in operation["responses"].items():
            examples = response.get("content", {}).get(MEDIA_TYPE, {}).get("examples", {})
            for code, example in examples.items():
                value = example["value"]
                members = [name for name in value if name not in _COMMON]
                yield (int(status), code), (value["title"], members)


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
