"""Of many changes that are meant for the same state of an object, one is made."""

from typing import Any

from tests.support.racing import THREADS, Call, race, tally
from tests.support.site import Site, order_body

# So that who reads without a lock shows.
ROUNDS = 5


def meant(site: Site, path: str, *calls: tuple[str, str, Any]) -> list[Call]:
    """Calls in turn, all meant for the state that an object has now."""
    tag = site.client.send("GET", path).tag
    assert tag is not None
    return [(*calls[number % len(calls)], None, tag) for number in range(THREADS)]


def test_a_ticket_is_changed_or_its_sale_is_stopped(site: Site) -> None:
    for _ in range(ROUNDS):
        path = f"/api/tickets/{site.ticket(10)}"
        stop: tuple[str, str, Any] = ("PATCH", f"{path}/status", {"status": "cancelled"})
        answers = race(site.url, meant(site, path, stop, ("PUT", path, {"price": 7})))
        assert tally(answers) == {"200": 1, "precondition_failed": THREADS - 1}


def test_an_order_grows_once(site: Site) -> None:
    order, ticket = site.pending_order()
    path = f"/api/orders/{order}"
    grow = ("POST", f"{path}/items", {"ticket_id": ticket, "quantity": 1})
    answers = race(site.url, meant(site, path, grow, ("PUT", path, {"notes": "aisle"})))
    said = tally(answers)
    assert said["200"] + said["201"] == 1
    assert said["precondition_failed"] == THREADS - 1
    assert site.stock(ticket) == (98 - said["201"], 2 + said["201"], 0)


def test_an_order_that_grows_is_not_deleted_as_it_was(site: Site) -> None:
    order, ticket = site.pending_order()
    path = f"/api/orders/{order}"
    grow = ("POST", f"{path}/items", {"ticket_id": ticket, "quantity": 1})
    said = tally(race(site.url, meant(site, path, grow, ("DELETE", path, None))))
    grown, deleted = said["201"], said["204"]
    assert grown + deleted == 1
    # What is gone is 404 to those who come after it.
    assert said["precondition_failed"] + said["order_not_found"] == THREADS - 1
    assert not (grown and said["order_not_found"])
    assert site.stock(ticket) == ((97, 3, 0) if grown else (100, 0, 0))


def test_a_cart_line_is_changed_or_removed(site: Site) -> None:
    body = {"user_id": site.user(), "ticket_id": site.ticket(100), "quantity": 1}
    made = site.client.send("POST", "/api/cart/", body)
    path = f"/api/cart/{made.body['id']}"
    calls: list[Call] = [
        ("DELETE", path, None, None, made.tag)
        if number % 2
        else ("PUT", path, {"quantity": 2}, None, made.tag)
        for number in range(THREADS)
    ]
    said = tally(race(site.url, calls))
    assert said["200"] + said["204"] == 1
    assert said["precondition_failed"] + said["cart_item_not_found"] == THREADS - 1
    left = [line["quantity"] for line in site.client.ok("GET", f"/api/cart/user/{body['user_id']}")]
    assert left == ([2] if said["200"] else [])


def test_a_user_is_deactivated_or_changed(site: Site) -> None:
    path = f"/api/users/{site.user()}"
    calls: list[tuple[str, str, Any]] = [
        ("PATCH", f"{path}/deactivate", None),
        ("PUT", path, {"full_name": "Winner"}),
        ("POST", f"{path}/erase", None),
    ]
    answers = race(site.url, meant(site, path, *calls))
    assert tally(answers) == {"200": 1, "precondition_failed": THREADS - 1}


def test_a_ticket_that_is_ordered_is_not_deleted_as_it_was(site: Site) -> None:
    user, ticket = site.user(), site.ticket(100)
    path = f"/api/tickets/{ticket}"
    delete = meant(site, path, ("DELETE", path, None))
    order: Call = ("POST", "/api/orders/", order_body(user, (ticket, 1)))
    said = tally(race(site.url, [call for one in delete[:12] for call in (order, one)]))
    if said["204"]:
        assert said == {"204": 1, "ticket_not_found": THREADS - 1}
    else:
        assert said == {"201": 12, "precondition_failed": 12}
