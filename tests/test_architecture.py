"""The rules of the house, checked on its source text; each rule is shown to fail as well."""

import pytest

from tests.support.architecture import House, Sources, circles, read_sources
from tests.support.house_rules import (
    LINES,
    MIGRATOR,
    SESSION_OWNER,
    STOCK_WRITER,
    WIRE_TYPES,
    business_in_core,
    busy_tables,
    foreign_commits,
    foreign_sessions,
    foreign_stock_writes,
    http_below_routers,
    long_files,
    product,
)

HOUSE = House.planned()
# What must be found, with what is said of it.
PLANTED = {
    "a service of Order imports a service of Auth": (
        {"Order/services/a.py": "from Auth.services import b", "Auth/services/b.py": ""},
        "Order/ stands below Auth/ and may not see it",
    ),
    "a service of Order imports what Auth decides by": (
        {"Order/services/a.py": "from Auth.policy import c", "Auth/policy.py": ""},
        "Order/ stands below Auth/ and may not see it",
    ),
    "a router of Order imports the gatekeeper": (
        {"Order/routers/a.py": "import Auth.gatekeeper", "Auth/gatekeeper.py": ""},
        "Order/ stands below Auth/ and may not see it",
    ),
    "a service of Ticket imports errors of Auth": (
        {"Ticket/services/a.py": "from Auth.errors import B", "Auth/errors.py": ""},
        "Ticket/ stands below Auth/ and may not see it",
    ),
    "a service of Ticket imports a service of User": (
        {"Ticket/services/a.py": "from User.services.b import c", "User/services/b.py": ""},
        "Ticket/ stands beside User/ and may not see it",
    ),
    "a ticket router imports an order schema": (
        {"Ticket/routers/a.py": "import Order.schemas.order", "Order/schemas/order.py": ""},
        "Ticket/ stands below Order/ and may not see it",
    ),
    "the ledger imports schemas of Ticket": (
        {"Ledger/services/a.py": "from Ticket.schemas import B", "Ticket/schemas.py": ""},
        "Ledger/ stands below Ticket/ and may not see it",
    ),
    "the ledger imports errors of Order": (
        {"Ledger/schemas.py": "from Order.errors import B", "Order/errors.py": ""},
        "Ledger/ stands below Order/ and may not see it",
    ),
    "a schema imports its own service": (
        {"Ledger/schemas.py": "from Ledger.services import b", "Ledger/services/b.py": ""},
        "schemas of a domain stand below services and may not see them",
    ),
    "a schema imports a service of another domain": (
        {"Order/schemas/a.py": "from Ticket.services import b", "Ticket/services/b.py": ""},
        "schemas of a domain stand below services and may not see them",
    ),
    "a service imports a router": (
        {"Order/services/a.py": "from Order.routers import order", "Order/routers/order.py": ""},
        "services of a domain stand below routers and may not see them",
    ),
    "a service imports a flow": (
        {"User/services/a.py": "from User.flows.b import c", "User/flows/b.py": ""},
        "services of a domain stand below flows and may not see them",
    ),
    "core imports a domain": (
        {"core/a.py": "def f():\n    from Ticket import errors", "Ticket/errors.py": ""},
        "core/ stands below Ticket/ and may not see it",
    ),
    "core imports what needs the database": (
        {"core/a.py": "from work.caller import Caller", "work/caller.py": ""},
        "core/ stands below work/ and may not see it",
    ),
    "a word of core speaks HTTP": (
        {"core/a.py": "from core.http import problems", "core/http/problems.py": ""},
        "core/ stands below core/http/ and may not see it",
    ),
    "what speaks to the databases speaks HTTP": (
        {"core/store/a.py": "from core.http import problems", "core/http/problems.py": ""},
        "core/store/ stands beside core/http/ and may not see it",
    ),
    "a table imports what the tables are read by": (
        {"tables/a.py": "import database", "database.py": ""},
        "tables/ stands below database.py and may not see it",
    ),
    "a router imports main": (
        {"Order/routers/a.py": "from main import app", "main.py": ""},
        "Order/ stands below main.py and may not see it",
    ),
    "the product imports a test": (
        {"work/a.py": "from tests.support import b", "tests/support/b.py": ""},
        "work/ stands below tests/ and may not see it",
    ),
    "a folder that nobody listed": (
        {"Raffle/services/a.py": ""},
        "Raffle/services/a.py: no floor of docs/architecture.md lists it",
    ),
}


def test_imports_point_down() -> None:
    assert HOUSE.faults(read_sources()) == []


def test_no_files_import_each_other() -> None:
    assert circles(read_sources()) == []


def test_every_listed_place_exists() -> None:
    assert set(HOUSE.outer.floors) == {
        HOUSE.outer.place_of(path) for path in read_sources() if "/__init__" not in path
    }


def test_only_the_owner_of_the_session_ends_a_transaction() -> None:
    assert foreign_commits(read_sources()) == []
    assert foreign_sessions(read_sources()) == []


def test_services_and_tables_know_no_http() -> None:
    assert http_below_routers(HOUSE, read_sources()) == []


def test_core_knows_nothing_of_the_business() -> None:
    assert business_in_core(read_sources()) == []


def test_tables_import_the_innermost_words_only() -> None:
    assert busy_tables(read_sources()) == []
    planted = {"tables/a.py": "from core.pagination import Page", "core/pagination.py": ""}
    assert len(busy_tables(planted)) == 1


def test_only_the_stock_service_writes_stock() -> None:
    assert foreign_stock_writes(read_sources()) == []


def test_no_file_is_longer_than_a_reader_likes() -> None:
    assert long_files(read_sources()) == []


def test_the_whole_product_is_read() -> None:
    own = product(read_sources())
    assert {"main.py", SESSION_OWNER, MIGRATOR, STOCK_WRITER, WIRE_TYPES} <= own.keys()
    # What the rules look for is there, where it is allowed.
    assert foreign_commits({"core/a.py": own[SESSION_OWNER]})
    assert foreign_stock_writes({"core/a.py": own[STOCK_WRITER]})


@pytest.mark.parametrize(("sources", "said"), PLANTED.values(), ids=PLANTED)
def test_what_does_not_point_down_is_found(sources: Sources, said: str) -> None:
    (fault,) = HOUSE.faults(sources)
    assert fault.endswith(said)


def test_a_circle_is_found() -> None:
    loop = {
        "core/a.py": "import core.b",
        "core/b.py": "import core.c",
        "core/c.py": "import core.a",
    }
    assert circles({**loop, "core/d.py": "import core.a"}) == sorted(loop)


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
        ("Order/services/a.py", "from core.http.problems import responses"),
        ("Order/services/a.py", "from work.unit_of_work import Work"),
        ("Ticket/errors.py", "from fastapi import status"),
        ("core/errors.py", "from fastapi import status"),
        ("core/store/engines.py", "from fastapi import status"),
        ("tables/orders.py", "import fastapi"),
    ],
)
def test_http_below_the_routers_is_found(path: str, line: str) -> None:
    speaking = {
        "core/http/problems.py": "from fastapi import Request",
        "work/unit_of_work.py": "from fastapi import Request",
    }
    assert len(http_below_routers(HOUSE, {**speaking, path: line})) == 1


@pytest.mark.parametrize(
    "line",
    ["class TicketError: ...", 'PATH = "/api/carts"', "# the box office may", "if role is admin:"],
)
def test_business_in_core_is_found(line: str) -> None:
    assert len(business_in_core({"core/a.py": line})) == 1


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
