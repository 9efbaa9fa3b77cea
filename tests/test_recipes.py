"""What docs/guides/add-an-operation.md and add-a-domain.md tell one to write works as it stands."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from enum import StrEnum
from functools import partial
from types import ModuleType, SimpleNamespace
from typing import Any, TypeAlias

import pytest
from fastapi import Path, Response
from sqlalchemy import Column, Integer, MetaData, Table, delete, insert, select
from sqlmodel import Session
from sqlmodel.sql.sqltypes import UTCDateTime

import Ticket.routers.ticket
import Ticket.schemas
import Ticket.services.ticket_service
from core.http.problems import responses
from core.schemas import Name, Output
from core.store.schema_version import ROOT
from main import create_app
from tests.support.client import Api
from tests.support.clock import ManualClock
from tests.support.markdown import blocks_of
from tests.support.service import fresh_database, local_client, settings_for
from work.access import PUBLIC, allowed
from work.context import Context, unattended
from work.domain import Domain, load_domains
from work.routing import Router
from work.rules import Rule
from work.unit_of_work import Work

Serve: TypeAlias = Callable[[str, Domain], Api]
BELOW, ABOVE = ("User", "Ledger", "Ticket", "Order", "Payment", "Privacy"), ("Auth", "web", "work")


def snippets(name: str) -> list[str]:
    blocks = blocks_of(ROOT / "docs/guides" / name)
    return [block.text for block in blocks if block.language == "python"]


def run(snippet: str, module: ModuleType | dict[str, Any], **names: Any) -> dict[str, Any]:
    """What a snippet makes, where all is known that the module of its place knows."""
    known = dict(vars(module)) if isinstance(module, ModuleType) else dict(module)
    known |= {"__name__": "a_recipe", **names}
    exec(compile(snippet, "<recipe>", "exec"), known)  # noqa: S102 - of our own documents
    return known


@pytest.fixture
def serve(request: pytest.FixtureRequest) -> Iterator[Serve]:
    """Serves a domain beside all others, on SQLite."""
    with ExitStack() as stack:

        def served(name: str, domain: Domain) -> Api:
            url = stack.enter_context(fresh_database("sqlite", request, "recipe"))
            stack.enter_context(modules({name: {"DOMAIN": domain}}))
            domains = load_domains(*BELOW, name, *ABOVE)
            app = create_app(settings_for(url), clock=ManualClock(), domains=domains)
            return Api(stack.enter_context(local_client(app)), app.state.clock, app)

        yield served


@contextmanager
def modules(named: dict[str, dict[str, Any]]) -> Iterator[None]:
    """Modules that are there as if they were files."""
    for name, words in named.items():
        module = sys.modules[name] = ModuleType(name)
        vars(module).update(words)
    try:
        yield
    finally:
        for name in named:
            del sys.modules[name]


def test_the_operation_of_the_guide_lists_the_tickets_of_a_venue(serve: Serve) -> None:
    body, service, asked, door = snippets("add-an-operation.md")
    venue_list = run(body, Ticket.schemas)["VenueList"]
    made = run(service, Ticket.services.ticket_service, VenueList=venue_list)
    router = Router(prefix="/api/tickets", tags=["Tickets"])
    words = {"router": router, "ticket_service": SimpleNamespace(**made), "Name": Name}
    run(door, Ticket.routers.ticket, VenueList=venue_list, Path=Path, **words)
    api = serve("Venues", Domain(routers=[router]))
    ticket = api.ticket(venue="Main Arena")
    api.ticket(venue="Elsewhere")
    assert [one["id"] for one in api.get("/api/tickets/venue/MAIN%20arena")] == [ticket["id"]]
    assert api.get("/api/tickets/venue/nowhere") == []

    def ask(context: Context) -> int:
        known = {"context": context, "ticket_id": ticket["id"]}
        found: int = run(asked, Ticket.services.ticket_service, **known)["row"].id
        return found

    state = api.app.state
    assert state.database.read_now(unattended(ask, state.settings, state.clock)) == ticket["id"]


VOUCHERS = Table(
    "vouchers",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("percent", Integer),
    Column("ends_at", UTCDateTime),
)


class Cause(StrEnum):
    VOUCHER_USED = "voucher_used"


class HowMany(Output):
    vouchers: int


def router_of_vouchers() -> Router:
    router = Router(prefix="/api/vouchers", tags=["Vouchers"])

    @router.get("/", operation_id="count_vouchers", response_model=HowMany, responses=responses())
    @allowed(PUBLIC)
    async def count_vouchers(work: Work) -> Response:
        return await work.report(lambda context: HowMany(vouchers=len(all_of(context.session))))

    return router


def all_of(session: Session) -> Sequence[int]:
    return session.execute(select(VOUCHERS.c.id)).scalars().all()


def test_the_domain_of_the_guide_brings_its_rule_and_its_chore(serve: Serve) -> None:
    rule, chore, brings = snippets("add-a-domain.md")
    rules = run(rule, {"Rule": Rule})
    words = {"delete": delete, "select": select, "timedelta": timedelta, "Context": Context}
    services = run(chore, words, vouchers=VOUCHERS)
    files: dict[str, dict[str, Any]] = {
        "Voucher": {},
        "Voucher.causes": {"Cause": Cause},
        "Voucher.routers": {"voucher": SimpleNamespace(router=router_of_vouchers())},
        "Voucher.rules": rules,
        "Voucher.services": {},
        "Voucher.services.voucher_service": services,
    }
    with modules(files):
        api = serve("Vouchers", run(brings, {})["DOMAIN"])
    state = api.app.state
    database, now = state.database, state.clock()
    ends = {1: now - timedelta(days=2), 2: now - timedelta(days=3), 3: now}
    rows = [{"id": key, "percent": 60 * key, "ends_at": end} for key, end in ends.items()]
    database.write_now(lambda session: VOUCHERS.create(session.connection()))
    database.write_now(lambda session: session.execute(insert(VOUCHERS), rows))
    assert api.get("/")["resources"]["vouchers"] == "/api/vouchers/"
    assert api.get("/api/vouchers/")["vouchers"] == len(rows)
    differences = api.get("/api/analytics/reconciliation")["differences"]
    assert [one["id"] for one in differences if one["rule"] == "voucher_percent"] == [2, 3]
    forget = partial(services["forget_ended"], limit=1)
    for left in ([1, 3], [3], [3]):
        database.write_now(unattended(forget, state.settings, state.clock))
        assert database.read_now(all_of) == left
