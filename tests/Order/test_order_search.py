"""What a person at the counter knows of an order, and whom it leads to it."""

from datetime import timedelta
from typing import Any

import pytest

from tests.support.client import Api

SEARCH = "/api/orders/search"


def found(api: Api, q: str, **query: Any) -> list[int]:
    return [order["id"] for order in api.get(SEARCH, q=q, **query)]


@pytest.fixture
def orders(api: Api) -> list[Any]:
    """Jane's of a concert, John's of a play, and a newer one of Jane's of both."""
    jane = api.user("jane_doe", full_name="Jané Doe-Smith", email="Jane@Example.com")
    john = api.user("jsmith.77", full_name="John Öztürk", email="john@example.com")
    concert = api.ticket(event_name="Élite Concert", venue="Main Arena", category="Stalls")
    play = api.ticket(event_name="The Play 100%", venue="Park", category="Balcony")
    return [
        api.order(jane, (concert, 1)),
        api.order(john, (play, 2)),
        api.order(jane, (concert, 1), (play, 1)),
    ]


def test_an_order_is_found_by_names_and_by_its_events(api: Api, orders: list[Any]) -> None:
    first, second, third = (order["id"] for order in orders)
    expected = {
        "jane_doe": [third, first],
        "JANE": [third, first],
        "jane smith": [third, first],
        "smith": [third, second, first],
        "öztürk": [second],
        "OZTURK john": [second],
        "jane öztürk": [],
        "elite arena": [third, first],
        "play": [third, second],
        "concert park": [],
        "100%": [third, second],
        "%": [third, second],
        "_doe": [third, first],
        "jane concert": [],
        "nobody": [],
    }
    assert {q: found(api, q) for q in expected} == expected


def test_a_reference_is_found_by_how_it_begins(api: Api, orders: list[Any]) -> None:
    for order in orders:
        whole = order["order_reference"]
        for said in (whole, whole.lower(), f"  {whole} ", whole[:12], whole[4:], whole[4:11]):
            assert found(api, said) == [order["id"]], said
    # As many as begin so, and none that go on so.
    assert found(api, orders[0]["order_reference"][6:]) == []
    assert found(api, "ORD-") == []


def test_an_email_finds_whom_it_is_whole_of_and_is_not_told(api: Api, orders: list[Any]) -> None:
    first, _, third = (order["id"] for order in orders)
    assert found(api, "jane@example.com") == [third, first]
    assert found(api, " JANE@EXAMPLE.COM ") == [third, first]
    # Else anybody at the counter could spell out an address letter by letter.
    for part in ("jane@", "jane@example", "ane@example.com", "example.com", "@"):
        assert found(api, part) == [], part
    (newest, *_) = api.get(SEARCH, q="jane@example.com")
    assert newest["buyer"] == {"username": "jane_doe", "full_name": "Jané Doe-Smith"}
    assert "example.com" not in api.request("GET", SEARCH).text.lower()


def test_it_tells_an_order_as_it_is_told_alone(api: Api, orders: list[Any]) -> None:
    listed = api.get(SEARCH)
    assert [order["id"] for order in listed] == [order["id"] for order in reversed(orders)]
    for order in listed:
        del order["buyer"]
        assert order == api.again(order, "orders")


def test_it_has_the_filters_of_the_list(api: Api, orders: list[Any]) -> None:
    first, _, third = (order["id"] for order in orders)
    api.post(f"/api/orders/{first}/cancel")
    assert found(api, "jane", status="cancelled") == [first]
    assert found(api, "jane", status="pending") == [third]
    assert found(api, "jane", user_id=orders[1]["user_id"]) == []
    tomorrow = (api.clock.now + timedelta(days=1)).date().isoformat()
    assert found(api, "jane", created_from=tomorrow) == []


def test_it_goes_on_from_page_to_page(api: Api, orders: list[Any]) -> None:
    third, second, first = (order["id"] for order in reversed(orders))
    answer = api.request("GET", SEARCH, params={"q": "smith", "limit": 2, "count": True})
    assert [order["id"] for order in answer.json()] == [third, second]
    assert answer.headers["x-total-count"] == "3"
    further = api.request("GET", answer.links["next"]["url"])
    assert [order["id"] for order in further.json()] == [first]


def test_who_changes_a_name_is_found_by_the_new_one(api: Api, orders: list[Any]) -> None:
    path = f"/api/users/{orders[1]['user_id']}"
    api.put(path, {"full_name": "John Baker"})
    assert (found(api, "baker"), found(api, "öztürk")) == ([orders[1]["id"]], [])
    assert found(api, "jsmith") == [orders[1]["id"]]
    api.put(path, {"username": "the_baker"})
    assert (found(api, "the_baker"), found(api, "jsmith")) == ([orders[1]["id"]], [])


def test_who_was_erased_is_found_by_no_name(api: Api, orders: list[Any]) -> None:
    second = orders[1]
    api.post(f"/api/orders/{second['id']}/cancel")
    api.post(f"/api/users/{second['user_id']}/erase")
    for q in ("john", "öztürk", "jsmith", "erased", "john@example.com"):
        assert second["id"] not in found(api, q), q
    assert second["id"] in found(api, second["order_reference"])


def test_only_the_box_office_searches(api: Api, orders: list[Any]) -> None:
    _, sam = api.someone("staff")
    assert found(sam, "jane") == [orders[2]["id"], orders[0]["id"]]
    _, carl = api.someone("customer")
    assert carl.refused("GET", SEARCH, q="jane")["code"] == "not_allowed"


def test_a_query_of_no_word_or_of_nine_is_refused(api: Api) -> None:
    for q in (" ", "\u0301", "a b c d e f g h i"):
        problem = api.refused("GET", SEARCH, q=q)
        assert (problem["status"], problem["errors"][0]["parameter"]) == (422, "q")
