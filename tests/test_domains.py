"""A domain is one folder and one line in main.py: a throw-away one shows that this is enough."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from core.http.security_headers import Caching
from tests.support.checkouts import fresh_checkout
from tools.server import LOCALLY, default_environment, serving
from work.domain import Domain, Domains

LINE = '    "Auth",\n'
ROUTER = '''
from typing import Annotated, ClassVar

from fastapi import Response
from sqlalchemy import text

from core.errors import NotFoundError
from core.http.problems import responses
from core.schemas import IdPath, Resource
from work.access import BOX_OFFICE, allowed
from work.context import Context
from work.routing import Router
from work.unit_of_work import Work

router = Router(prefix="/api/raffles", tags=["Raffles"])


class RaffleNotFoundError(NotFoundError):
    code = "raffle_not_found"
    title = "The raffle does not exist"


class RaffleRead(Resource):
    PATH: ClassVar[str] = "/api/raffles/{id}"
    id: int


def get(context: Context, raffle_id: int) -> RaffleRead:
    if context.session.execute(text("SELECT 1")).scalar_one() != raffle_id:
        raise RaffleNotFoundError
    return RaffleRead(id=raffle_id)


@router.get(
    "/{raffle_id}",
    summary="Get a raffle",
    operation_id="get_raffle",
    response_model=RaffleRead,
    responses=responses(RaffleNotFoundError),
)
@allowed(BOX_OFFICE)
async def get_raffle(raffle_id: IdPath, work: Work) -> Response:
    """One raffle."""
    return await work.read(lambda context: get(context, raffle_id))
'''
DOMAIN = """
from enum import StrEnum

from Raffle.router import router
from work.context import Context
from work.routing import Router
from work.domain import Domain
from work.rules import Rule


class Cause(StrEnum):
    RAFFLE_REDEEMED = "raffle_redeemed"


def forget_ended(context: Context, *, limit: int) -> int:
    return 7


DOMAIN = Domain(
    routers=[router],
    tags={"Raffles": "What a code is worth."},
    resources={"raffles": "/api/raffles/"},
    chores=[forget_ended],
    causes=Cause,
    rules=[
        Rule(
            "raffle_worth",
            "No raffle is worth less than nothing.",
            "raffle",
            "money",
            "SELECT 4 AS id, 'worth' AS field, 0 AS expected, -100 AS found",
        )
    ],
)
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code with one folder and one line more."""
    copy = fresh_checkout(tmp_path_factory.mktemp("domain"))
    folder = copy / "Raffle"
    folder.mkdir()
    (folder / "__init__.py").write_text(DOMAIN)
    (folder / "router.py").write_text(ROUTER)
    main = copy / "main.py"
    text = main.read_text("utf-8")
    assert text.count(LINE) == 1
    main.write_text(text.replace(LINE, f'    "Raffle",\n{LINE}'))
    return copy


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("log") / "log"


@pytest.fixture(scope="module")
def client(checkout: Path, log: Path) -> Iterator[httpx2.Client]:
    environment = default_environment() | {"SWEEP_SECONDS": "0.05"}
    with (
        serving(checkout, environment, log_to=log) as (url, _),
        httpx2.Client(base_url=url, **LOCALLY, timeout=30) as client,
    ):
        yield client


def test_its_operation_works(client: httpx2.Client) -> None:
    assert client.get("/api/raffles/1").json() == {"id": 1}
    problem = client.get("/api/raffles/2").json()
    assert (problem["status"], problem["code"]) == (404, "raffle_not_found")


def test_its_operation_is_documented(client: httpx2.Client) -> None:
    document = client.get("/openapi.json").json()
    assert {"name": "Raffles", "description": "What a code is worth."} in document["tags"]
    operation = document["paths"]["/api/raffles/{raffle_id}"]["get"]
    assert operation["security"]
    assert {"401", "403", "404", "422", "503"} <= operation["responses"].keys()
    schemas = document["components"]["schemas"]
    assert "raffle_redeemed" in schemas["Cause"]["enum"]
    assert "raffle" in schemas["RuleResult"]["properties"]["object"]["enum"]
    assert client.get("/").json()["resources"]["raffles"] == "/api/raffles/"


def test_its_operation_asks_who_may(client: httpx2.Client) -> None:
    elsewhere = {"Origin": "https://elsewhere.example"}
    assert client.get("/api/raffles/1", headers=elsewhere).status_code == 401
    user: dict[str, Any] = {"username": "grace", "email": "g@example.com", "full_name": "G"}
    assert client.post("/api/users/", json={**user, "password": "a walk in the rain"}).is_success
    form = {"username": "grace", "password": "a walk in the rain"}
    token = client.post("/api/auth/token", data=form).json()["access_token"]
    answer = client.get("/api/raffles/1", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


def test_its_rule_is_checked_with_the_books(client: httpx2.Client) -> None:
    books = client.get("/api/analytics/reconciliation").json()
    (difference,) = books["differences"]
    assert difference == {
        "rule": "raffle_worth",
        "object": "raffle",
        "id": 4,
        "field": "worth",
        "expected": 0.0,
        "found": -1.0,
    }


def test_its_chore_is_done(client: httpx2.Client, log: Path) -> None:
    # Each answer takes a turn of the event loop, in which the chore has its own.
    while "chore=forget_ended rows=7" not in log.read_text():
        assert client.get("/health").is_success


def test_without_its_right_nothing_starts(checkout: Path) -> None:
    router = checkout / "Raffle/router.py"
    router.write_text(ROUTER.replace("@allowed(BOX_OFFICE)\n", ""))
    try:
        started = subprocess.run(
            [sys.executable, "-c", "import main; main.app"],
            cwd=checkout,
            env=default_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        router.write_text(ROUTER)
    assert started.returncode == 1
    assert "operations without a right, see work/access.py: ['get_raffle']" in started.stderr


@pytest.mark.parametrize(
    "brings",
    [
        {"tags": {"Tickets": "x"}},
        {"resources": {"tickets": "/x"}},
        {"caching": {"/api/tickets": Caching.NEVER}},
    ],
    ids=lambda brings: next(iter(brings)),
)
def test_two_domains_that_bring_the_same_thing_are_told(brings: dict[str, Any]) -> None:
    with pytest.raises(RuntimeError, match="two domains bring"):
        Domains((Domain(**brings), Domain(**brings)))
