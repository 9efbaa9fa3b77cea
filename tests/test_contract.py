"""What the OpenAPI document promises holds, whatever is sent and whoever sends it."""

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL

from tests.support.client import Api
from tests.support.contract import Identity, Plan, Run, run
from tests.support.service import BACKENDS, Service, fresh_database, running_service, settings_for

pytestmark = pytest.mark.long

# `make fuzz` asks for more, and for others each time.
EXAMPLES = os.environ.get("FUZZ_EXAMPLES", "")
SEED = os.environ.get("FUZZ_SEED", "random")

CHECKS = {
    "allow_header_conformance",
    "content_type_conformance",
    "ensure_resource_availability",
    "ignored_auth",
    "missing_required_header",
    "not_a_server_error",
    "object_level_authorization",
    "positive_data_acceptance",
    "response_headers_conformance",
    "response_schema_conformance",
    "status_code_conformance",
    "unsupported_method",
    "use_after_free",
}
# What bob must not see although alice may.
OWNED = {
    "GET /api/orders/{order_id}",
    "GET /api/orders/{order_id}/items",
    "GET /api/transactions/{transaction_id}",
}
# These want a secret that cannot be made up.
SECRET = {
    "POST /api/auth/token",
    "POST /api/auth/refresh",
    "POST /api/auth/browser/login",
    "POST /api/auth/password",
    "POST /api/auth/second-factor",
    "POST /api/auth/second-factor/recovery-codes",
    "POST /api/auth/second-factor/disable",
}


@pytest.fixture(params=BACKENDS)
def url(request: pytest.FixtureRequest, worker_name: str) -> Iterator[URL]:
    with fresh_database(request.param, request, f"{worker_name}_contract") as url:
        yield url


@pytest.fixture
def identities(url: URL) -> dict[str, Identity]:
    """Two customers that have bought something, and an administrator."""
    with running_service(settings_for(url, **_COMMON)) as service:
        api = Api(service.client, service.clock, service.app)
        ticket = api.ticket(total_quantity=100_000)
        return {
            "alice": _buyer(api, "alice", ticket),
            "bob": _buyer(api, "bob", ticket),
            "root": _identity(*api.someone("admin", "root")),
        }


@pytest.fixture
def closed(
    url: URL, identities: dict[str, Identity], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Service]:
    """The service as it runs in production: everybody has to say who they are."""
    assert identities
    # Else the engine looks through the whole environment for a proxy, twice for each request.
    monkeypatch.setenv("NO_PROXY", "testserver")
    with running_service(settings_for(url, auth_required=True, **_COMMON)) as service:
        yield service


# Both services must believe the same tokens.
_COMMON = {"secret_key": "0123456789abcdef" * 4, "log_level": "ERROR"}


def test_no_customer_gets_what_is_another_ones(
    closed: Service, identities: dict[str, Identity], tmp_path: Path
) -> None:
    # Whose something is does not depend on how large or long values are: one database tries those.
    limits = closed.settings.is_sqlite
    plan = _plan(closed, "alice", peers=("alice", "bob"), invalid=False, limits=limits)
    result = run(closed.app, identities, tmp_path, plan)
    _require_nothing_found(result, plan)
    assert result.replayed["bob"] >= OWNED
    _require_known(closed, identities["alice"])


def test_an_administrator_meets_what_the_document_says(
    closed: Service, identities: dict[str, Identity], tmp_path: Path
) -> None:
    # What a body may hold does not depend on the database, so that one is enough for bad ones.
    plan = _plan(closed, "root", invalid=closed.settings.is_sqlite)
    result = run(closed.app, identities, tmp_path, plan)
    _require_nothing_found(result, plan)
    assert result.statuses.keys() == _operations(closed)
    past_the_gate = {
        label
        for label, statuses in result.statuses.items()
        if statuses.keys() & {200, 201, 204, 404, 409}
    }
    assert _operations(closed) - past_the_gate == SECRET
    _require_known(closed, identities["root"])


def _plan(
    service: Service,
    user: str,
    *,
    peers: tuple[str, ...] = (),
    invalid: bool,
    limits: bool = True,
) -> Plan:
    if not EXAMPLES:
        # They are the same each time, beside the limits of all values; `make fuzz` finds new ones.
        return Plan(user, peers, invalid, 3 if service.settings.is_sqlite else 1, limits)
    seed = random.getrandbits(32) if SEED == "random" else int(SEED)
    return Plan(user, peers, invalid=True, examples=int(EXAMPLES), seed=seed)


def _require_nothing_found(result: Run, plan: Plan) -> None:
    told = [f"{': '.join(kind)}\n{text}" for kind, text in result.findings.items()]
    assert not told, f"seed {plan.seed}\n\n" + "\n\n".join(told)
    negative = {"negative_data_rejection"} if plan.invalid else set()
    assert result.checks.keys() >= CHECKS | negative


def _require_known(service: Service, identity: Identity) -> None:
    """Otherwise most of what was asked has met nothing but the gate."""
    answer = service.client.get("/api/auth/me", headers=dict(identity.headers))
    assert answer.status_code == 200


def _operations(service: Service) -> set[str]:
    return {
        f"{method.upper()} {path}"
        for path, operations in service.app.openapi()["paths"].items()
        for method in operations
    }


def _buyer(api: Api, name: str, ticket: dict[str, object]) -> Identity:
    user, customer = api.someone("customer", name)
    customer.payment(customer.order(user, (ticket, 1)))
    customer.post("/api/cart/", {"user_id": user["id"], "ticket_id": ticket["id"], "quantity": 2})
    # Who owes money can't erase themself, and is there for all other requests.
    owed = customer.order(user, (ticket, 1))
    api.patch(f"/api/orders/{owed['id']}/status", {"status": "confirmed"})
    return _identity(user, customer)


def _identity(user: dict[str, int], api: Api) -> Identity:
    return Identity(user["id"], api.headers)
