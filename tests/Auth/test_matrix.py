"""Who may do what: every operation, asked by everybody, held against the rights of the routes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import jwt
import pytest
from pydantic import SecretStr

from models import UserRole
from tests.support.client import PASSWORD, Api
from tests.support.declared import RIGHTS, TEXT, contents, operations, sensible
from tests.support.kept import Kept, kept
from tests.support.service import Service
from User.services.tokens import TokenSigner
from work.access import Access, Right
from work.domain import require_rights

OPERATIONS = {
    operation["operationId"]: (method, path, operation) for method, path, operation in operations()
}
# Nobody is refused whatever is sent along.
INDIFFERENT = {name for name, right in RIGHTS.items() if right.ignores_credentials}
# The user 1, whom all objects of the world belong to.
OWNER = TEXT
# Let in as far as the service, which looks at the order: tests/Order/test_free_orders.py.
JUDGED_BY_SERVICE = {("change_order_status", "owner")}

_ANOTHER_KEY = SecretStr("as long as a key has to be, and of somebody else")


@dataclass
class World:
    """Everybody there is; the first object of each kind belongs to the owner."""

    callers: dict[str, Api]


def build(api: Api, service: Service) -> World:
    owner_user, owner = api.someone("customer", OWNER)
    _, other = api.someone("customer", "other")
    _, staff = api.someone("staff")
    _, admin = api.someone("admin")
    gone_user, gone = api.someone("customer", "gone")
    api.patch(f"/api/users/{gone_user['id']}/deactivate")
    key = staff.post("/api/auth/api-keys", {"name": "till", "role": "staff"})["key"]
    ticket = api.ticket()
    api.post("/api/cart/", {"user_id": owner_user["id"], "ticket_id": ticket["id"], "quantity": 1})
    api.payment(api.order(owner_user, (ticket, 1)))
    signer: TokenSigner = service.app.state.signer
    now = service.clock()
    # Not without a key: all that this process signs without one is signed with the same.
    stranger = TokenSigner(service.settings.model_copy(update={"secret_key": _ANOTHER_KEY}))
    claims = jwt.decode(_token(owner), options={"verify_signature": False})
    return World(
        {
            "anonymous": api.having({"Origin": "https://elsewhere.example"}),
            "owner": owner,
            "other": other,
            "staff": staff,
            "admin": admin,
            "api_key": api.having({"X-API-Key": key}),
            "deactivated": gone,
            "expired": api.bearer(signer.sign(user_id=1, log_in_id=1, now=now - timedelta(days=1))),
            "forged": api.bearer(stranger.sign(user_id=1, log_in_id=1, now=now)),
            "unsigned": api.bearer(jwt.encode(claims, "", algorithm="none")),
        }
    )


def _token(api: Api) -> str:
    return api.headers["Authorization"].removeprefix("Bearer ")


@pytest.fixture(scope="module")
def kept_world(shared_service: Service) -> Iterator[Kept[World]]:
    with kept(shared_service, build) as kept_world:
        yield kept_world


@pytest.fixture
def world(kept_world: Kept[World]) -> World:
    return kept_world.again()


@pytest.fixture
def service(kept_world: Kept[World]) -> Service:
    """Where everybody is: no test of this module finds it empty, and each finds it as built."""
    kept_world.again()
    return kept_world.service


ROLES = {
    "anonymous": None,
    "owner": UserRole.CUSTOMER,
    "other": UserRole.CUSTOMER,
    "staff": UserRole.STAFF,
    "api_key": UserRole.STAFF,
    "admin": UserRole.ADMIN,
}


def expected(right: Right, caller: str) -> int | None:
    """The status of the refusal, or None for one who is let in."""
    if caller not in ROLES:
        return 401
    by_role: dict[UserRole | None, Access] = {
        None: right.anonymous,
        UserRole.CUSTOMER: right.customer,
        UserRole.STAFF: right.staff,
        UserRole.ADMIN: right.admin,
    }
    access = by_role[ROLES[caller]]
    if access is Access.NO:
        return 401 if caller == "anonymous" else 403
    if access is Access.OWN and caller != "owner" and right.owned is not None:
        return 404
    return None


def ask(api: Api, operation_id: str) -> Any:
    method, path, operation = OPERATIONS[operation_id]
    return sensible(api, method, path, operation)


CALLERS = (*ROLES, "deactivated", "expired", "forged", "unsigned")
ASKED = sorted(RIGHTS.keys() - INDIFFERENT)


@pytest.mark.parametrize("operation_id", ASKED)
def test_who_may_not_is_refused_and_changes_nothing(
    world: World, service: Service, operation_id: str
) -> None:
    before = contents(service)
    for caller in CALLERS:
        status = expected(RIGHTS[operation_id], caller)
        if status is not None:
            response = ask(world.callers[caller], operation_id)
            assert response.status_code == status, (caller, response.text)
    assert contents(service) == before


def let_in(operation_id: str) -> list[str]:
    return [
        caller
        for caller in CALLERS
        if expected(RIGHTS[operation_id], caller) is None
        and (operation_id, caller) not in JUDGED_BY_SERVICE
    ]


def require_let_in(world: World, operation_id: str, caller: str) -> None:
    """Let in is who is refused by nothing but the state of things."""
    response = ask(world.callers[caller], operation_id)
    codes = {"not_authenticated", "not_allowed", "order_not_found", "user_not_found"}
    assert response.is_success or response.json()["code"] not in codes, (caller, response.text)


READS = [operation_id for operation_id in ASKED if OPERATIONS[operation_id][0].upper() == "GET"]
CHANGES = [
    (operation_id, caller)
    for operation_id in ASKED
    if operation_id not in READS
    for caller in let_in(operation_id)
]


@pytest.mark.parametrize("operation_id", READS)
def test_who_may_look_is_let_in(world: World, operation_id: str) -> None:
    for caller in let_in(operation_id):
        require_let_in(world, operation_id, caller)


@pytest.mark.parametrize(("operation_id", "caller"), CHANGES)
def test_who_may_change_is_let_in(world: World, operation_id: str, caller: str) -> None:
    require_let_in(world, operation_id, caller)


@pytest.mark.parametrize("operation_id", sorted(INDIFFERENT))
def test_what_ignores_credentials_answers_everybody_the_same(
    world: World, operation_id: str
) -> None:
    answers = [ask(caller, operation_id) for caller in world.callers.values()]
    assert len({answer.status_code for answer in answers}) == 1


def test_an_oauth_client_may_name_itself_when_it_logs_in(api: Api) -> None:
    api.user(password=PASSWORD)
    # As Swagger UI's Authorize button sends it: no client id, no client secret.
    assert api.having({"Authorization": "Basic Og=="}).log_in("john_doe")


def test_lists_show_customers_their_own_only(world: World) -> None:
    for path in ("/api/orders/", "/api/transactions/"):
        assert len(world.callers["owner"].get(path)) == 1
        assert world.callers["other"].get(path) == []
        assert world.callers["other"].get(path, count=True) == []
        assert len(world.callers["staff"].get(path)) == 1
    # Naming somebody else's order does not help.
    assert world.callers["other"].get("/api/transactions/", order_id=1) == []
    assert world.callers["other"].get("/api/orders/", user_id=1) == []


def test_another_users_object_answers_as_one_that_does_not_exist(world: World) -> None:
    other = world.callers["other"]

    def shape(path: str) -> tuple[Any, ...]:
        problem = other.refused("GET", path)
        return problem["status"], problem["code"], problem["title"], problem["detail"]

    assert shape("/api/orders/1") == shape("/api/orders/999")
    assert shape("/api/users/1") == shape("/api/users/999")
    assert shape("/api/transactions/1") == shape("/api/transactions/999")
    assert shape("/api/users/username/john") == shape("/api/users/username/nobody")


def test_a_recipient_sees_a_shared_order_and_may_do_nothing_with_it(world: World) -> None:
    other = world.callers["other"]
    world.callers["owner"].post("/api/orders/1/users", {"recipient": "other"})
    assert other.get("/api/orders/1")["allowed_actions"] == []
    assert len(other.get("/api/orders/1/items")) == 1
    for method, path in (
        ("POST", "/api/orders/1/cancel"),
        ("DELETE", "/api/orders/1"),
        ("GET", "/api/orders/1/users"),
        ("GET", "/api/transactions/order/1"),
    ):
        assert other.refused(method, path)["code"] == "order_not_found"


def test_an_operation_without_a_right_does_not_start(service: Service) -> None:
    from main import create_app

    app = create_app(service.settings)

    @app.get("/api/forgotten", operation_id="forgotten")
    async def forgotten() -> None: ...

    with pytest.raises(RuntimeError, match="forgotten"):
        require_rights(app)


def test_no_right_gives_a_higher_role_less() -> None:
    order = [Access.NO, Access.OWN, Access.ALL]
    for operation_id, right in RIGHTS.items():
        ranks = [
            order.index(access)
            for access in (right.anonymous, right.customer, right.staff, right.admin)
        ]
        assert ranks == sorted(ranks), operation_id
