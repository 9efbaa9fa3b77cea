"""The rules of the house, checked on its source text; each rule is shown to fail as well."""

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path, PurePosixPath
from typing import TypeGuard

import pytest

ROOT = Path(__file__).resolve().parent.parent
# Path of a file below the root -> its text.
Sources = Mapping[str, str]

LINES = 400
# The file of all tables has its place and name from the specification.
TABLES_FILE, TABLES_LINES = "models.py", 500
OUTSIDE = {"tests", "benchmarks"}
INNERMOST = {f"core.{name}" for name in ("settings", "clock", "money", "errors", "text", "columns")}
HTTP = {"fastapi", "starlette", "uvicorn", "httpx", "httpx2", "requests"}
# Its parameters of routes are what bodies and cursors are made of as well.
WIRE_TYPES = "core/schemas.py"
SESSION_OWNER = "database.py"
MIGRATOR = "core/schema_version.py"
STOCK_WRITER = "Ticket/services/stock_service.py"
STOCK = {f"{name}_quantity" for name in ("total", "available", "reserved", "sold", "withheld")}


@cache
def read_sources() -> dict[str, str]:
    paths = (path.relative_to(ROOT) for path in ROOT.rglob("*.py"))
    own = (path for path in paths if not path.parts[0].startswith((".", "venv")))
    return {path.as_posix(): (ROOT / path).read_text(encoding="utf-8") for path in own}


@cache
def parsed(text: str) -> ast.Module:
    return ast.parse(text)


def product(sources: Sources) -> dict[str, str]:
    return {path: text for path, text in sources.items() if top(path) not in OUTSIDE}


def top(path: str) -> str:
    return PurePosixPath(path).parts[0]


def module_of(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def rank(module: str) -> int:
    """How far out a module lies; it may import what lies as far out as itself, or further in."""
    if module in INNERMOST:
        return 0
    package, _, rest = module.partition(".")
    if package in {"models", "core", "database"}:
        return 1 if package == "models" else 2
    if not package[0].isupper():
        return 7
    layer = rest.partition(".")[0]
    # The ledger is written by all domains and knows none of them.
    services = {"Ledger": 3, "Ticket": 4}.get(package, 5)
    outer = {"services": services, "routers": 6}
    if package == "Auth":
        # It decides over all domains, so it knows them; routers and main know it.
        outer |= dict.fromkeys(("gatekeeper", "limits", "openapi"), 6)
    return outer.get(layer, 3)


def imports(text: str, modules: set[str]) -> Iterator[tuple[int, str]]:
    """Every import as (line, module); of a package's modules, the module and not the package."""
    for node in ast.walk(parsed(text)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are written in full"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield node.lineno, inner if inner in modules else str(node.module)


def outward_imports(sources: Sources) -> list[str]:
    own = product(sources)
    modules = {module_of(path) for path in own}
    packages = {module.partition(".")[0] for module in modules}
    return [
        f"{path}:{line} imports {imported}"
        for path, text in own.items()
        for line, imported in imports(text, modules)
        if imported.partition(".")[0] in packages and points_outwards(module_of(path), imported)
    ]


def points_outwards(module: str, imported: str) -> bool:
    ticket_knows_order = module.startswith("Ticket.") and imported.startswith("Order")
    return ticket_knows_order or rank(imported) > rank(module)


def foreign_commits(sources: Sources) -> list[str]:
    return [
        f"{path}:{call.lineno} .{method.attr}()"
        for path, text in product(sources).items()
        if path != SESSION_OWNER and top(path) != "migrations"
        for call, method in method_calls(parsed(text))
        if ends_a_transaction(method, path, savepoints(text))
    ]


def ends_a_transaction(method: ast.Attribute, path: str, savepoints: set[str]) -> bool:
    if method.attr == "begin":
        return path != MIGRATOR
    on_savepoint = isinstance(method.value, ast.Name) and method.value.id in savepoints
    return method.attr in {"commit", "rollback"} and not on_savepoint


def savepoints(text: str) -> set[str]:
    """The variables that hold what ``begin_nested()`` returned."""
    return {
        target.id
        for node in ast.walk(parsed(text))
        if isinstance(node, ast.Assign) and is_method_call(node.value, "begin_nested")
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def foreign_sessions(sources: Sources) -> list[str]:
    return [
        f"{path}:{node.lineno} makes a session"
        for path, text in product(sources).items()
        if path != SESSION_OWNER
        for node in ast.walk(parsed(text))
        if is_call(node, "Session") or is_call(node, "sessionmaker")
    ]


def http_below_routers(sources: Sources) -> list[str]:
    own = product(sources)
    modules = {module_of(path) for path in own}
    speaks_http = {
        module_of(path)
        for path, text in own.items()
        if top(path) == "core" and path != WIRE_TYPES and imports_any(text, modules, HTTP)
    }
    return [
        f"{path} imports {found}"
        for path, text in own.items()
        if "/services/" in path or path.endswith("errors.py") or rank(module_of(path)) <= 1
        for found in imports_any(text, modules, HTTP | speaks_http)
    ]


def imports_any(text: str, modules: set[str], unwanted: set[str]) -> list[str]:
    found = {imported for _, imported in imports(text, modules)}
    return sorted(name for name in found if name in unwanted or name.partition(".")[0] in unwanted)


def foreign_stock_writes(sources: Sources) -> list[str]:
    return [
        f"{path}:{call.lineno} writes {', '.join(sorted(columns))}"
        for path, text in product(sources).items()
        if path != STOCK_WRITER and top(path) != "migrations"
        for call, method in method_calls(parsed(text))
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


def method_calls(tree: ast.AST) -> Iterator[tuple[ast.Call, ast.Attribute]]:
    """Every ``something.method(…)``, as the call and its ``something.method``."""
    for node in ast.walk(tree):
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
        if (lines := len(text.splitlines())) > (TABLES_LINES if path == TABLES_FILE else LINES)
    ]


PLANTED = {
    "a service imports a router": {
        "Order/services/a.py": "from Order.routers import order",
        "Order/routers/order.py": "",
    },
    "a ticket service imports an order service": {
        "Ticket/services/a.py": "from Order.services.b import c",
        "Order/services/b.py": "",
    },
    "a ticket router imports an order schema": {
        "Ticket/routers/a.py": "import Order.schemas.order",
        "Order/schemas/order.py": "",
    },
    "a schema imports a service": {
        "Order/schemas/a.py": "from Order.services import b",
        "Order/services/b.py": "",
    },
    "core imports a domain": {
        "core/a.py": "def f():\n    from Ticket import errors",
        "Ticket/errors.py": "",
    },
    "models import more than the innermost modules": {
        "models.py": "from core.pagination import Page",
        "core/pagination.py": "",
    },
    "an innermost module imports models": {"core/money.py": "import models", "models.py": ""},
    "a router imports main": {"Order/routers/a.py": "from main import app", "main.py": ""},
}


def test_imports_point_inwards() -> None:
    assert outward_imports(read_sources()) == []


def test_only_the_owner_of_the_session_ends_a_transaction() -> None:
    assert foreign_commits(read_sources()) == []
    assert foreign_sessions(read_sources()) == []


def test_services_and_tables_know_no_http() -> None:
    assert http_below_routers(read_sources()) == []


def test_only_the_stock_service_writes_stock() -> None:
    assert foreign_stock_writes(read_sources()) == []


def test_no_file_is_longer_than_a_reader_likes() -> None:
    assert long_files(read_sources()) == []


def test_the_whole_product_is_read() -> None:
    own = product(read_sources())
    assert {"main.py", SESSION_OWNER, MIGRATOR, STOCK_WRITER, WIRE_TYPES} <= own.keys()
    assert {module_of(path) for path in own} >= INNERMOST
    # What the rules look for is there, where it is allowed.
    assert foreign_commits({"core/a.py": own[SESSION_OWNER]})
    assert foreign_stock_writes({"core/a.py": own[STOCK_WRITER]})


@pytest.mark.parametrize("sources", PLANTED.values(), ids=PLANTED)
def test_an_outward_import_is_found(sources: Sources) -> None:
    assert len(outward_imports(sources)) == 1


@pytest.mark.parametrize(
    "line",
    [
        "session.commit()",
        "session.rollback()",
        "savepoint.commit()",
        "connection.begin()",
        "s = session.begin_nested()\nsession.commit()",
    ],
)
def test_a_commit_elsewhere_is_found(line: str) -> None:
    assert len(foreign_commits({"Order/services/a.py": line})) == 1


def test_a_savepoint_may_end_where_it_began() -> None:
    line = "savepoint = session.begin_nested()\nsavepoint.rollback()\nsavepoint.commit()"
    assert foreign_commits({"Order/services/a.py": line}) == []


def test_a_session_made_elsewhere_is_found() -> None:
    assert len(foreign_sessions({"Order/services/a.py": "with Session(engine): pass"})) == 1


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("Order/services/a.py", "from fastapi import HTTPException"),
        ("Order/services/a.py", "import starlette.status"),
        ("Order/services/a.py", "from core.problems import responses"),
        ("Ticket/errors.py", "from fastapi import status"),
        ("core/errors.py", "from fastapi import status"),
        ("models.py", "import fastapi"),
    ],
)
def test_http_below_the_routers_is_found(path: str, line: str) -> None:
    sources = {"core/problems.py": "from fastapi import Request", path: line}
    assert len(http_below_routers(sources)) == 1


@pytest.mark.parametrize(
    "line",
    [
        "update(tickets).values(available_quantity=1)",
        "update(tickets).where(x).values({'sold_quantity': 1}).returning(y)",
        "statement.values({tickets.c.reserved_quantity: 1})",
        "statement.values({tickets.c['total_quantity']: 1})",
        "insert(tickets).on_conflict_do_update(set_={'withheld_quantity': 0})",
    ],
)
def test_stock_written_elsewhere_is_found(line: str) -> None:
    assert len(foreign_stock_writes({"Order/services/a.py": line})) == 1


def test_a_new_ticket_brings_its_stock() -> None:
    line = "insert(tickets).values(available_quantity=1).returning(x)"
    assert foreign_stock_writes({"Ticket/services/a.py": line}) == []


def test_a_long_file_is_found() -> None:
    assert long_files({"core/a.py": "x\n" * LINES}) == []
    assert len(long_files({"core/a.py": "x\n" * (LINES + 1)})) == 1
