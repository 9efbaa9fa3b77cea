"""A condition that was sent is never passed over: it is kept, or the request is refused."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import Response
from fastapi.testclient import TestClient

from core.schemas import IdPath
from main import create_app
from Order.services import cart_service
from tests.support.client import PASSWORD, Api
from tests.support.conditional import CHANGES, Change, build_conditional_world
from tests.support.declared import TEXT, contents, operations, sensible
from tests.support.disputing import somebody_telling
from tests.support.kept import Kept, kept
from tests.support.service import Service, local_client
from work.access import PUBLIC, allowed
from work.conditions import conditional
from work.routing import Router
from work.unit_of_work import Work

READING = {"GET", "HEAD"}
CHANGING = {
    operation["operationId"]: (method, path, operation)
    for method, path, operation in operations()
    if method not in READING
}
# What acts on no object that is there, on many at once, or on one that tells no state.
MEANT_FOR_NO_STATE = {
    # Made anew.
    "create_ticket",
    "create_order",
    "create_order_from_cart",
    "create_user",
    "create_transaction",
    "create_api_key",
    "add_to_cart",
    "share_order",
    "log_in",
    "refresh_token",
    "begin_enrolment",
    # As many as there are.
    "clear_cart",
    "release_holds",
    "stop_sharing_with_all",
    "end_other_sessions",
    # What somebody outside says.
    "sync_transaction",
    "hear_payment_provider",
    # Without a state that is served.
    "stop_sharing",
    "delete_api_key",
    "end_session",
    "retry_refund",
    "settle_refund",
    "log_out",
    "log_in_browser",
    "refresh_browser",
    "log_out_browser",
    "change_password",
    "confirm_enrolment",
    "renew_recovery_codes",
    "disable_second_factor",
    "remove_second_factor",
}
_NAMED = [pytest.param(change, id=name) for name, change in CHANGES.items()]
EACH_CHANGE = pytest.mark.parametrize("change", _NAMED)
# What is removed takes no key.
EACH_KEYED = pytest.mark.parametrize(
    "change", [one for one in _NAMED if CHANGES[str(one.id)].method != "DELETE"]
)
EACH_OTHER = pytest.mark.parametrize("name", sorted(MEANT_FOR_NO_STATE))
DONE = {200, 201, 204}


def build(api: Api, _service: Service) -> Api:
    build_conditional_world(api)
    # Who may log in, and is nobody's first: each operation finds the objects that it needs.
    api.user(TEXT, password=PASSWORD)
    return api


@pytest.fixture(scope="module")
def kept_world(shared_service: Service) -> Iterator[Kept[Api]]:
    with kept(shared_service, build) as kept_world:
        yield kept_world


@pytest.fixture
def world(kept_world: Kept[Api]) -> Api:
    return kept_world.again()


@pytest.fixture
def service(kept_world: Kept[Api]) -> Service:
    """No test of this module finds it empty, and each finds it as it was built."""
    kept_world.again()
    return kept_world.service


def refused(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_every_operation_that_changes_something_is_of_one_kind_or_the_other() -> None:
    """A new one has to be put into one of both."""
    assert not CHANGES.keys() & MEANT_FOR_NO_STATE
    assert CHANGES.keys() | MEANT_FOR_NO_STATE == CHANGING.keys()


def test_the_document_tells_which_of_both_it_is() -> None:
    for name, (_, _, operation) in CHANGING.items():
        said = {one["name"] for one in operation.get("parameters", ())}
        assert ("If-Match" in said) == (name in CHANGES), name


class TestIfMatch:
    @EACH_CHANGE
    def test_of_the_present_state_lets_it_be_done(self, world: Api, change: Change) -> None:
        tag = change.tag(world)
        assert change.send(world, {"If-Match": f'"old", {tag}'}).status_code in DONE

    @EACH_CHANGE
    def test_of_any_state_lets_it_be_done(self, world: Api, change: Change) -> None:
        assert change.send(world, {"If-Match": "*"}).status_code in DONE

    @EACH_CHANGE
    def test_of_another_state_has_nothing_done(
        self, world: Api, service: Service, change: Change
    ) -> None:
        old = change.tag(world)
        now = change.alter(world)
        before = contents(service)
        for said in (old, f"W/{now.headers['etag']}", "nonsense", ""):
            answer = change.send(world, {"If-Match": said})
            assert refused(answer) == (412, "precondition_failed"), said
            assert answer.json()["updated_at"] == now.json()["updated_at"]
        assert contents(service) == before

    @EACH_CHANGE
    def test_of_what_is_not_there_is_404(self, world: Api, change: Change) -> None:
        path = change.path.replace("/1", "/77").replace("/2", "/77")
        nowhere = Change(change.method, path, change.body)
        assert nowhere.send(world, {"If-Match": "*"}).status_code == 404

    @EACH_KEYED
    def test_takes_nothing_from_an_answer_that_is_replayed(
        self, world: Api, change: Change
    ) -> None:
        """What was done is told again, though its object has another state by now."""
        keyed = world.having({"Idempotency-Key": "one"})
        tag = change.tag(world)
        assert change.send(keyed, {"If-Match": '"0-0"'}).status_code == 412
        first = change.send(keyed, {"If-Match": tag})
        assert first.status_code in DONE
        again = change.send(keyed, {"If-Match": tag})
        assert (again.status_code, again.content) == (first.status_code, first.content)
        assert again.headers["idempotency-replayed"] == "true"


class TestIfNoneMatch:
    @EACH_CHANGE
    def test_of_any_state_has_nothing_done_to_what_is_there(
        self, world: Api, service: Service, change: Change
    ) -> None:
        before = contents(service)
        for headers in ({}, {"If-Match": "*"}):
            answer = change.send(world, {"If-None-Match": "*", **headers})
            assert refused(answer) == (412, "precondition_failed")
        assert contents(service) == before

    @EACH_CHANGE
    def test_of_a_state_is_refused(self, world: Api, service: Service, change: Change) -> None:
        tag = change.tag(world)
        before = contents(service)
        for said in (tag, '"other"', ""):
            answer = change.send(world, {"If-None-Match": said})
            assert refused(answer) == (422, "condition_not_supported")
            (told,) = answer.json()["errors"]
            assert told["parameter"] == "If-None-Match"
            assert told["detail"] == "only * is understood here"
            assert "can't tell" not in answer.json()["detail"]
        assert contents(service) == before


@EACH_OTHER
def test_what_can_not_keep_a_condition_refuses_it(world: Api, service: Service, name: str) -> None:
    before = contents(service)
    for headers in ({"If-Match": "*"}, {"If-Match": '"0-0"'}, {"If-None-Match": "*"}):
        both = headers | {"If-None-Match": "*"}
        for said in (headers, both):
            with somebody_telling(service):
                answer = sensible(world.having(said), *CHANGING[name])
            assert refused(answer) == (422, "condition_not_supported")
            errors = answer.json()["errors"]
            assert [one["parameter"] for one in errors] == sorted(said)
            assert {one["detail"] for one in errors} == {"says nothing to this operation"}
    assert contents(service) == before


def test_who_may_not_ask_is_told_that_first(world: Api) -> None:
    stranger = world.having({"Origin": "https://elsewhere.example", "If-Match": "*"})
    answer = stranger.request("POST", "/api/orders/", json={"user_id": 1, "items": []})
    assert refused(answer) == (401, "not_authenticated")


class TestAnOperationThatForgetsToCompare:
    @pytest.fixture
    def forgetful(self, service: Service) -> Iterator[TestClient]:
        """An app with an operation that says it compares a state, and does not."""
        router = Router(prefix="/forgetful")

        @router.delete("/{user_id}")
        @allowed(PUBLIC)
        @conditional
        async def clear(user_id: IdPath, work: Work) -> Response:
            return await work.remove(lambda context: cart_service.clear(context, user_id))

        app = create_app(service.settings)
        app.include_router(router)
        with local_client(app, raise_server_exceptions=False) as client:
            yield client

    def test_commits_nothing(self, world: Api, service: Service, forgetful: TestClient) -> None:
        before = contents(service)
        assert forgetful.delete("/forgetful/1", headers={"If-Match": "*"}).status_code == 500
        assert contents(service) == before
        assert forgetful.delete("/forgetful/1").status_code == 204
        assert world.get("/api/cart/user/1") == []
