"""Who has an answer already is told so, and who changes an object says which state of it."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from httpx2 import Response

from tests.support.client import Api
from tests.support.declared import contents, example_path, operations
from tests.support.editable import EDITABLE, Editable
from tests.support.operations import build_world
from tests.support.service import Service

TICKET, TICKETS = "/api/tickets/1", "/api/tickets/"
TAG = re.compile(r'"[0-9a-f]+(-[0-9a-f]{24})?"')
# Their answers are never the same.
TELLING_THE_TIME = {"export_user", "get_reconciliation"}


@pytest.fixture
def world(api: Api) -> Api:
    build_world(api)
    return api


def tag_of(api: Api, path: str) -> str:
    tag = api.request("GET", path).headers["etag"]
    assert TAG.fullmatch(tag)
    return str(tag)


def asked(api: Api, path: str, said: str) -> Response:
    return api.request("GET", path, headers={"If-None-Match": said})


def order(api: Api) -> None:
    api.order({"id": 1}, ({"id": 1}, 1))


# What changes a ticket, each after the one before it.
CHANGES: dict[str, Callable[[Api], Any]] = {
    "its price": lambda api: api.put(TICKET, {"price": 5}),
    "units are reserved": order,
    "units are sold": lambda api: api.patch("/api/orders/1/status", {"status": "confirmed"}),
    "units come back": lambda api: api.post("/api/orders/2/cancel"),
    "all is withheld": lambda api: api.put(TICKET, {"available_quantity": 0}),
    "its sale is stopped": lambda api: api.patch(f"{TICKET}/status", {"status": "cancelled"}),
    "its sale goes on": lambda api: api.patch(f"{TICKET}/status", {"status": "available"}),
}


class TestIfNoneMatch:
    def test_an_answer_that_is_there_already_is_not_sent_again(self, world: Api) -> None:
        for path in (TICKET, TICKETS, f"{TICKETS}search/by-event?q=concert"):
            tag = tag_of(world, path)
            answer = asked(world, path, tag)
            assert (answer.status_code, answer.content) == (304, b"")
            assert answer.headers["etag"] == tag
            assert "content-length" not in answer.headers
            assert "content-type" not in answer.headers

    def test_it_is_found_in_all_ways_to_say_it(self, world: Api) -> None:
        tag = tag_of(world, TICKET)
        for said in (f"W/{tag}", f'"other", {tag}', f'{tag},"other"', f'"a",W/{tag}', "*", " * "):
            assert asked(world, TICKET, said).status_code == 304, said
        two = [("If-None-Match", '"other"'), ("If-None-Match", tag)]
        assert world.client.get(TICKET, headers=two).status_code == 304

    def test_what_is_not_the_tag_is_answered(self, world: Api) -> None:
        tag = tag_of(world, TICKET)
        others = ("", '""', '"other"', tag.strip('"'), tag.upper(), tag[:-2] + '"', '"*"', "**")
        for said in (*others, tag_of(world, TICKETS)):
            assert asked(world, TICKET, said).status_code == 200, said

    def test_what_was_changed_is_sent_whatever_changed_it(self, world: Api) -> None:
        paths = (TICKET, TICKETS, f"{TICKETS}?sort=-id&limit=1")
        seen = {path: [tag_of(world, path)] for path in paths}
        for what, change in CHANGES.items():
            change(world)
            for path, tags in seen.items():
                answer = asked(world, path, ", ".join(tags))
                assert answer.status_code == 200, (path, what)
                tags.append(answer.headers["etag"])
                assert asked(world, path, tags[-1]).status_code == 304

    def test_a_list_is_changed_by_what_it_has_around_its_rows(self, world: Api) -> None:
        one = f"{TICKETS}?limit=1"
        counted = f"{one}&count=true"
        tags = tag_of(world, one), tag_of(world, counted)
        assert tags[0] != tags[1]
        world.ticket()
        # The same row; but another page follows it.
        answer = asked(world, one, tags[0])
        assert (answer.status_code, len(answer.json())) == (200, 1)
        assert "link" in answer.headers
        known = asked(world, one, answer.headers["etag"])
        assert (known.status_code, known.headers["link"]) == (304, answer.headers["link"])
        again = tag_of(world, counted)
        world.ticket()
        assert asked(world, counted, again).headers["x-total-count"] == "3"

    def test_a_list_of_nothing_has_a_tag_as_well(self, api: Api) -> None:
        tag = tag_of(api, TICKETS)
        assert asked(api, TICKETS, tag).status_code == 304
        api.ticket()
        assert asked(api, TICKETS, tag).status_code == 200

    def test_what_is_gone_is_gone(self, world: Api) -> None:
        gone = world.ticket()
        path = f"{TICKETS}{gone['id']}"
        tag = tag_of(world, path)
        world.delete(path)
        for said in (tag, "*"):
            assert asked(world, path, said).status_code == 404

    def test_who_may_not_see_it_is_told_nothing(self, world: Api) -> None:
        tag = tag_of(world, "/api/orders/1")
        _, stranger = world.someone("customer", "stranger")
        assert asked(stranger, "/api/orders/1", tag).status_code == 404
        assert asked(stranger, "/api/orders/1", "*").status_code == 404

    def test_what_others_may_do_is_another_answer(self, world: Api) -> None:
        """An order's owner is shown other actions than the box office."""
        user, owner = world.someone("customer", "owner")
        path = f"/api/orders/{owner.order(user, ({'id': 1}, 1))['id']}"
        assert tag_of(world, path) != tag_of(owner, path)
        assert asked(owner, path, tag_of(world, path)).status_code == 200

    def test_a_head_is_answered_so_too(self, world: Api) -> None:
        headers = {"If-None-Match": tag_of(world, TICKET)}
        assert world.client.head(TICKET, headers=headers).status_code == 304

    def test_every_answer_of_the_document_that_promises_a_tag_has_it(self, world: Api) -> None:
        for method, path, operation in operations():
            is_tagged = "304" in operation["responses"]
            if method == "GET" and is_tagged and operation["operationId"] not in TELLING_THE_TIME:
                address = example_path(path, operation)
                if world.client.get(address).status_code == 200:
                    assert asked(world, address, tag_of(world, address)).status_code == 304, path


def seen(api: Api, editable: Editable) -> str:
    """The tag of an object that was looked at."""
    if not editable.served_at:
        return tag_of(api, editable.path)
    # It has no address to be read at, but every change tells its state.
    return str(api.request("PUT", editable.path, json=editable.read(api)).headers["etag"])


def put(api: Api, editable: Editable, said: str, **more: Any) -> Response:
    return api.request("PUT", editable.path, json=editable.other | more, headers={"If-Match": said})


class TestIfMatch:
    """On every PUT."""

    def test_of_the_present_state_lets_a_change_be_made(self, world: Api) -> None:
        for editable in EDITABLE:
            changed = put(world, editable, seen(world, editable))
            assert changed.status_code == 200, editable
            # The answer has the next one.
            again = put(world, editable, f'"old", {changed.headers["etag"]}')
            assert again.status_code == 200, editable
            assert put(world, editable, "*").status_code == 200, editable

    def test_of_another_state_changes_nothing(self, world: Api, service: Service) -> None:
        for editable in EDITABLE:
            tag = seen(world, editable)
            changed = world.put(editable.path, editable.one)
            before = contents(service)
            for said in (tag, f"{tag}, W/{tag}", '"', "", "nonsense", '"*"', '"-"'):
                problem = put(world, editable, said).json()
                assert (problem["status"], problem["code"]) == (412, "precondition_failed"), said
                assert problem["updated_at"] == changed["updated_at"]
            assert contents(service) == before

    def test_that_is_weak_is_of_no_state(self, world: Api) -> None:
        """A weak tag says that two answers mean the same, not that nothing was changed."""
        for editable in EDITABLE:
            tag = seen(world, editable)
            for said in (f"W/{tag}", f"w/{tag}", f"{tag} or so"):
                assert put(world, editable, said).status_code == 412, (editable, said)

    def test_and_the_time_have_both_to_be_right(self, world: Api) -> None:
        for editable in EDITABLE:
            old, time = seen(world, editable), editable.read(world)["updated_at"]
            changed = world.request("PUT", editable.path, json=editable.one)
            tag, now = changed.headers["etag"], changed.json()["updated_at"]
            for one, updated_at, code in (
                (old, now, "precondition_failed"),
                (tag, time, "stale_object"),
            ):
                assert put(world, editable, one, updated_at=updated_at).json()["code"] == code
            assert put(world, editable, tag, updated_at=now).status_code == 200

    def test_of_what_is_not_there_is_404(self, world: Api) -> None:
        for editable in EDITABLE:
            nowhere = editable.path.replace("/1", "/77")
            headers = {"If-Match": "*"}
            answer = world.request("PUT", nowhere, json=editable.one, headers=headers)
            assert answer.status_code == 404, editable

    def test_that_failed_is_not_kept_under_a_key(self, world: Api) -> None:
        """The same body with the present tag is what a program sends next."""
        for editable in EDITABLE:
            tag = seen(world, editable)
            world.put(editable.path, editable.one)
            keyed = world.having({"Idempotency-Key": editable.path})
            assert put(keyed, editable, tag).status_code == 412
            first = put(keyed, editable, seen(world, editable))
            replayed = put(keyed, editable, tag)
            assert first.status_code == replayed.status_code == 200
            assert replayed.headers["idempotency-replayed"] == "true"
            assert replayed.headers["etag"] == first.headers["etag"]


class TestTags:
    def test_of_what_was_made_are_those_that_are_read(self, world: Api) -> None:
        bodies = {
            TICKETS: world.get(TICKET) | {"event_name": "Play"},
            "/api/orders/": {"user_id": 1, "items": [{"ticket_id": 1, "quantity": 1}]},
            "/api/transactions/": {"order_id": 1, "payment_method": "card", "amount": 1},
            "/api/users/": {"username": "joe", "email": "j@example.com", "full_name": "Joe"},
        }
        names = ("event_name", "event_date", "venue", "price", "total_quantity", "category")
        bodies[TICKETS] = {name: bodies[TICKETS][name] for name in names}
        for path, body in bodies.items():
            made = world.request("POST", path, json=body)
            assert made.status_code == 201, made.text
            assert tag_of(world, made.headers["location"]) == made.headers["etag"]

    def test_of_a_cart_line_is_good_though_its_ticket_sells(self, world: Api) -> None:
        """Its state is that of the line, of which the stock is no part."""
        body = {"user_id": 2, "ticket_id": 1, "quantity": 1}
        made = world.request("POST", "/api/cart/", json=body)
        order(world)
        headers = {"If-Match": made.headers["etag"]}
        path = made.headers["location"]
        answer = world.request("PUT", path, json={"quantity": 2}, headers=headers)
        assert answer.status_code == 200

    def test_act_on_what_else_takes_the_time(self, world: Api) -> None:
        """Settling, cancelling and refunding are about what was looked at, too."""
        old = tag_of(world, "/api/orders/1")
        world.put("/api/orders/1", {"notes": "aisle"})
        calls = (("PATCH", "/api/orders/1/status", {"status": "confirmed"}),)
        for method, path, body in (*calls, ("POST", "/api/orders/1/cancel", None)):
            answer = world.request(method, path, json=body, headers={"If-Match": old})
            assert answer.json()["code"] == "precondition_failed"
        tag = tag_of(world, "/api/orders/1")
        answer = world.request("POST", "/api/orders/1/cancel", headers={"If-Match": tag})
        assert answer.json()["status"] == "cancelled"
