"""What no file of the house may do, whatever floor it stands on."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from typing import TypeGuard

from tests.support.architecture import (
    House,
    Sources,
    all_imports,
    imports_in,
    module_of,
    nodes,
    top,
)

LINES = 400
OUTSIDE = {"tests", "benchmarks", "tools"}
HTTP = {"fastapi", "starlette", "uvicorn", "aiohttp", "httpx2", "requests"}
# Its parameters of routes are what bodies and cursors are made of as well.
WIRE_TYPES = "core/schemas.py"
INNERMOST = {
    f"core/{name}.py" for name in ("settings", "clock", "money", "errors", "text", "columns")
}
SESSION_OWNER = "database.py"
# And of what is committed together, the other one.
COMMITTERS = {SESSION_OWNER, "core/store/together.py"}
MIGRATOR = "core/store/schema_version.py"
STOCK_WRITER = "Ticket/services/stock_service.py"
STOCK = {f"{name}_quantity" for name in ("total", "available", "reserved", "sold", "withheld")}
# What core must not speak of, and where it does for a reason.
BUSINESS = re.compile(
    r"(?<!nex)ticket|\bcarts?\b|\borders\b|/api/(?!things)\w|box.office|\bstaff\b|\bcustomers?\b|admin\b",
    re.IGNORECASE,
)
SPOKEN_OF = {
    # An operator's words, which .env files hold.
    ("core/settings.py", "max_units_per_ticket: int"),
    ("core/settings.py", "max_units_per_user_and_ticket"),
    # What a problem looks like, for the OpenAPI document.
    ("core/http/problem_schemas.py", '"instance": "/api/orders/"'),
}


def product(sources: Sources) -> dict[str, str]:
    return {path: text for path, text in sources.items() if top(path) not in OUTSIDE}


def foreign_commits(sources: Sources) -> list[str]:
    return [
        f"{path}:{call.lineno} .{method.attr}()"
        for path, text in product(sources).items()
        if path not in COMMITTERS and top(path) != "migrations"
        for call, method in method_calls(text)
        if ends_a_transaction(method, path, savepoints(text))
    ]


def ends_a_transaction(method: ast.Attribute, path: str, savepoints: frozenset[str]) -> bool:
    if method.attr == "begin":
        return path != MIGRATOR
    on_savepoint = isinstance(method.value, ast.Name) and method.value.id in savepoints
    return method.attr in {"commit", "rollback"} and not on_savepoint


@cache
def savepoints(text: str) -> frozenset[str]:
    """The variables that hold what ``begin_nested()`` returned."""
    return frozenset(
        target.id
        for node in nodes(text)
        if isinstance(node, ast.Assign) and is_method_call(node.value, "begin_nested")
        for target in node.targets
        if isinstance(target, ast.Name)
    )


def foreign_sessions(sources: Sources) -> list[str]:
    return [
        f"{path}:{node.lineno} makes a session"
        for path, text in product(sources).items()
        if path != SESSION_OWNER
        for node in nodes(text)
        if is_call(node, "Session") or is_call(node, "sessionmaker")
    ]


def knows_no_http(house: House, path: str) -> bool:
    if path.startswith("core/"):
        return not path.startswith("core/http/") and path != WIRE_TYPES
    return house.room_of(path) in {"services", "…"} or top(path) in {"tables", "models.py"}


def http_below_routers(house: House, sources: Sources) -> list[str]:
    own = product(sources)
    speaking = {
        module_of(path)
        for path, text in own.items()
        if top(path) in {"core", "work"} and path != WIRE_TYPES and imports_any(text, HTTP)
    }
    return [
        f"{path} imports {found}"
        for path, text in own.items()
        if knows_no_http(house, path)
        # The gatekeeper's own tools read the headers of requests.
        and path not in {f"Auth/{name}.py" for name in ("addresses", "credentials", "pseudonyms")}
        for found in imports_any(text, HTTP | speaking)
    ]


def imports_any(text: str, unwanted: set[str]) -> list[str]:
    """Which of these modules a file imports, in whatever way."""
    found: set[str] = set()
    for node in imports_in(text):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        else:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return sorted(
        one for one in unwanted if any(f"{name}.".startswith(f"{one}.") for name in found)
    )


def business_in_core(sources: Sources) -> list[str]:
    return [
        f"{path}:{number} {line.strip()}"
        for path, text in sources.items()
        if top(path) == "core"
        for number, line in enumerate(text.splitlines(), start=1)
        if BUSINESS.search(line)
        and not any(path == where and spoken in line for where, spoken in SPOKEN_OF)
    ]


def busy_tables(sources: Sources) -> list[str]:
    """What tables import of the house besides its innermost words: they outlive all else."""
    return [
        f"{one.path}:{one.line} imports {one.imported}"
        for one in all_imports(sources)
        if top(one.path) == "tables"
        and one.imported not in INNERMOST
        and top(one.imported) != "tables"
    ]


def foreign_stock_writes(sources: Sources) -> list[str]:
    return [
        f"{path}:{call.lineno} writes {', '.join(sorted(columns))}"
        for path, text in product(sources).items()
        if path != STOCK_WRITER and top(path) != "migrations"
        for call, method in method_calls(text)
        if (columns := changed_columns(call, method) & STOCK)
    ]


def changed_columns(call: ast.Call, method: ast.Attribute) -> set[str]:
    """The columns that ``.values(…)`` or ``on_conflict_do_update(set_=…)`` changes by name."""
    named = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    if "set_" in named:
        return set(keys(named["set_"]))
    # A new row changes nothing.
    if method.attr != "values" or is_call(method.value, "insert"):
        return set()
    return named.keys() | {name for value in call.args for name in keys(value)}


def keys(value: ast.expr) -> Iterator[str]:
    """The columns of ``{"name": …, table.c.name: …, table.c["name"]: …}``."""
    for key in value.keys if isinstance(value, ast.Dict) else ():
        if isinstance(key, ast.Subscript):
            key = key.slice  # noqa: PLW2901 - the same key, as plain as the others
        if isinstance(key, ast.Constant):
            yield str(key.value)
        elif isinstance(key, ast.Attribute):
            yield key.attr


def method_calls(text: str) -> Iterator[tuple[ast.Call, ast.Attribute]]:
    """Every ``something.method(…)``, as the call and its ``something.method``."""
    for node in nodes(text):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield node, node.func


def is_call(node: ast.AST, name: str) -> TypeGuard[ast.Call]:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name


def is_method_call(node: ast.AST, name: str) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == name
    )


def long_files(sources: Sources) -> list[str]:
    return [
        f"{path} has {lines} lines"
        for path, text in sources.items()
        if (lines := len(text.splitlines())) > LINES
    ]
