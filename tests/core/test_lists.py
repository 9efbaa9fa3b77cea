"""Pages, orders and counts: the same for every list of the service."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from core.http.problem_schemas import codes_of
from tests.support.client import PASSWORD, Api
from tests.support.declared import example_path
from tests.support.disputing import disputed
from tests.support.handing_out import api_of, handed_out
from tests.support.service import Service

USER, ORDER, PAYMENT = 1, 1, 1
# Every list and what it can be sorted by, besides the default.
LISTS = {
    "/api/tickets/": ("event_date", "price", "created_at"),
    "/api/tickets/search/by-event": ("event_date", "price", "created_at"),
    "/api/users/": ("created_at", "username"),
    f"/api/users/{USER}/orders": ("created_at", "total_amount", "status"),
    f"/api/cart/user/{USER}": (),
    "/api/orders/": ("created_at", "total_amount", "status"),
    "/api/orders/search": ("created_at", "total_amount"),
    f"/api/orders/{ORDER}/items": (),
    f"/api/orders/{ORDER}/users": (),
    "/api/auth/api-keys": (),
    "/api/auth/sessions": (),
    "/api/audit": ("created_at",),
    "/api/transactions/": ("created_at", "amount"),
    f"/api/transactions/order/{ORDER}": ("created_at", "amount"),
    f"/api/transactions/{PAYMENT}/refunds": (),
    f"/api/transactions/{PAYMENT}/disputes": (),
}
# What each row of a list is told apart by; relations of an order have no id of their own.
KEYS = {f"/api/orders/{ORDER}/users": "user_id"}
ROWS = 7
# The audit has each administrator that was made, each log-in of theirs and each key.
_AUDITED = 1 + 2 * ROWS


def rows_of(path: str) -> int:
    return _AUDITED if path == "/api/audit" else ROWS


@pytest.fixture(scope="class")
def filled(shared_service: Service) -> Iterator[Api]:
    """Seven rows in every list, with ties in every field that it can be sorted by; to be read."""
    with handed_out(shared_service):
        yield fill(api_of(shared_service), shared_service)


def fill(api: Api, service: Service) -> Api:
    # Letters in both cases: usernames are sorted as they are compared, in any case.
    users = [api.user("owner", role="admin", password=PASSWORD)]
    users += [api.user(name) for name in ("Bert", "anna", "Carl", "bea", "ada", "Cleo")]
    tickets = [
        api.ticket(price=number % 3, event_date=f"2027-01-0{number % 3 + 1}T12:00:00Z")
        for number in range(ROWS)
    ]
    order = api.order(users[0], *((ticket, 1) for ticket in tickets))
    for user in users[1:]:
        api.post(f"/api/orders/{order['id']}/users", {"user_id": user["id"]})
    for number in range(1, ROWS):
        other = api.order(users[0], (tickets[2], number % 3 + 1))
        if number % 3 == 1:
            api.post(f"/api/orders/{other['id']}/cancel")
    for number in range(ROWS):
        api.payment(order, 1 + number % 3)
    api.settle({"id": PAYMENT})
    for _ in range(ROWS):
        api.post(f"/api/transactions/{PAYMENT}/refund", {"amount": 0.1})
    for number in range(ROWS):
        disputed(service, PAYMENT, f"dp_{number}")
    for ticket in tickets:
        line = {"user_id": users[0]["id"], "ticket_id": ticket["id"], "quantity": 1}
        api.post("/api/cart/", line)
    for number in range(ROWS):
        api.post("/api/auth/api-keys", {"name": f"till {number}", "role": "staff"})
    tokens = [api.log_in("owner") for _ in range(ROWS)]
    return api.bearer(tokens[0]["access_token"])


def pages(api: Api, path: str, **query: Any) -> Iterator[list[Any]]:
    """The pages of a list, by following the link of each to the next."""
    response = api.request("GET", path, params=query)
    while True:
        assert response.status_code == 200, response.text
        page = response.json()
        assert len(page) <= query.get("limit", 50)
        yield page
        if "next" not in response.links:
            assert "link" not in response.headers
            return
        response = api.request("GET", response.links["next"]["url"])


def walked(api: Api, path: str, **query: Any) -> list[Any]:
    return [row for page in pages(api, path, **query) for row in page]


def parameter_errors(problem: Any) -> list[str]:
    assert (problem["status"], problem["code"]) == (422, "validation_error")
    return [error["parameter"] for error in problem["errors"]]


def test_all_lists_and_sorts_of_the_document_are_tested_here(api: Api) -> None:
    documented: dict[str, set[str]] = {}
    for path, operations in api.document["paths"].items():
        parameters = {
            each["name"]: each for each in operations.get("get", {}).get("parameters", ())
        }
        if "limit" in parameters and "sort" in parameters:
            sorts = parameters["sort"]["schema"].get("enum", ["id", "-id"])
            documented[example_path(path, operations["get"])] = set(sorts)
    tested = {
        path: {f"{sign}{name}" for name in ("id", *names) for sign in ("", "-")}
        for path, names in LISTS.items()
    }
    assert documented == tested


class TestPages:
    def test_following_the_links_shows_every_row_once(self, filled: Api) -> None:
        for path in LISTS:
            whole = filled.get(path)
            assert len(whole) == rows_of(path)
            for limit in (1, 3, ROWS - 1, ROWS):
                assert walked(filled, path, limit=limit) == whole

    def test_the_link_is_there_exactly_when_there_is_a_next_page(self, filled: Api) -> None:
        expected = {(0, 6): True, (0, 7): False, (0, 8): False, (3, 3): True}
        expected |= {(3, 4): False, (7, 1): False, (9, 1): False}
        for path in LISTS:
            more = rows_of(path) - ROWS
            for (skip, limit), follows in expected.items():
                query = {"skip": skip + more, "limit": limit}
                response = filled.request("GET", path, params=query)
                assert ("link" in response.headers) == follows, (path, skip, limit)

    def test_skipped_rows_are_passed_over_once(self, filled: Api) -> None:
        for path in LISTS:
            whole = filled.get(path)
            assert filled.get(path, skip=2) == whole[2:]
            assert walked(filled, path, skip=2, limit=2) == whole[2:]
            assert filled.get(path, skip=rows_of(path)) == []
            assert filled.get(path, skip=10_000) == []

    def test_the_count_is_told_on_request_and_is_that_of_the_whole_list(self, filled: Api) -> None:
        for path in LISTS:
            for query in ({}, {"count": "false"}):
                assert "x-total-count" not in filled.request("GET", path, params=query).headers
            first = filled.request("GET", path, params={"count": "true", "limit": 3, "skip": 2})
            second = filled.request("GET", first.links["next"]["url"])
            rows = rows_of(path)
            none = filled.request("GET", path, params={"count": "true", "skip": rows})
            counts = [response.headers["x-total-count"] for response in (first, second, none)]
            assert counts == [str(rows)] * 3, path
            assert none.json() == []
            assert "x-total-count-at-least" not in first.headers

    def test_the_rows_are_the_same_with_their_count(self, filled: Api) -> None:
        for path, fields in LISTS.items():
            for sort in ("id", "-id", *fields):
                for query in ({"sort": sort}, {"sort": sort, "limit": 3, "skip": 2}):
                    assert filled.get(path, **query, count=True) == filled.get(path, **query)

    def test_the_count_is_that_of_the_filtered_list(self, filled: Api) -> None:
        query = {"count": "true", "limit": 1, "min_price": 1}
        response = filled.request("GET", "/api/tickets/", params=query)
        assert response.headers["x-total-count"] == "4"

    def test_what_is_no_page_is_refused(self, filled: Api) -> None:
        bad = {
            "limit": ("0", "-1", "101", "x", "", "1.0", "1_0", "+1", "true", "1e1", "9" * 400),
            "skip": ("-1", "x", "", "0.0", "NaN"),
            "count": ("maybe", "", "2"),
            "sort": ("", "nope", "--id", "id,price", "ID", "-", "updated_at", "id; DROP TABLE"),
            "after": ("", "x", "-1", "1.5", " 1", "\u0661", "0" * 19 + "9" * 100, "9" * 501),
        }
        for path in LISTS:
            for name, values in bad.items():
                for value in values:
                    problem = filled.refused("GET", path, **{name: value})
                    assert parameter_errors(problem) == [name], (path, name, value)

    def test_a_filter_that_does_not_exist_is_refused(self, filled: Api) -> None:
        for path in LISTS:
            for name in ("nope", "Limit", "offset", "id", "total_quantity"):
                problem = filled.refused("GET", path, **{name: "1"})
                assert parameter_errors(problem) == [name], (path, name)

    def test_links_stay_on_the_collection(self, filled: Api) -> None:
        for address in ("/api/tickets", "/api/tickets/"):
            response = filled.request("GET", address, params={"limit": 2})
            following = filled.request("GET", response.links["next"]["url"], follow_redirects=False)
            assert [row["id"] for row in following.json()] == [3, 4]


def test_of_nothing_there_are_none(api: Api) -> None:
    response = api.request("GET", "/api/tickets/", params={"count": "true"})
    assert (response.json(), response.headers["x-total-count"]) == ([], "0")


def test_the_default_is_fifty_rows(api: Api) -> None:
    for number in range(51):
        api.user(f"user{number}")
    assert [len(page) for page in pages(api, "/api/users/")] == [50, 1]


class TestDeepSkips:
    def test_are_refused_with_what_leads_further(self, filled: Api) -> None:
        for path in LISTS:
            for skip in ("10001", str(2**63 - 1), str(2**63), "9" * 400):
                problem = filled.refused("GET", path, skip=skip)
                assert (problem["status"], problem["code"]) == (422, "skip_too_deep"), path
                assert (problem["max_skip"], problem["continue_with"]) == (10_000, "after")
                assert [error["parameter"] for error in problem["errors"]] == ["skip"]

    def test_are_declared_of_every_list_as_they_are_refused(self, filled: Api) -> None:
        for path in LISTS:
            operation = filled.operation("GET", path)
            (skip,) = [one for one in operation["parameters"] if one["name"] == "skip"]
            assert skip["schema"]["maximum"] == 10_000
            assert "skip_too_deep" in skip["description"]
            assert "skip_too_deep" in codes_of(operation["responses"]["422"])
            example = filled.document["components"]["examples"]["skip_too_deep"]["value"]
            problem = filled.refused("GET", path, skip=10_001)
            assert example.keys() == problem.keys()
            same = ("type", "title", "status", "code", "max_skip", "continue_with", "errors")
            assert [example[name] for name in same] == [problem[name] for name in same]

    def test_are_counted_from_the_cursor_where_there_is_one(self, filled: Api) -> None:
        for path in LISTS:
            response = filled.request("GET", path, params={"skip": 2, "limit": 2})
            further = filled.request("GET", response.links["next"]["url"] + "&skip=1")
            assert further.json() == filled.get(path)[5:7]


def test_deep_skips_tell_nothing_to_those_who_may_not_ask(api: Api) -> None:
    api.order(api.user(), (api.ticket(), 1))
    _, customer = api.someone("customer", "stranger")
    expected = {"/api/users/": "not_allowed", f"/api/orders/{ORDER}/items": "order_not_found"}
    for path, code in expected.items():
        assert customer.refused("GET", path, skip=10_001)["code"] == code


class TestSorting:
    @pytest.mark.parametrize("path", LISTS)
    def test_rows_come_in_order_ties_by_id_on_every_page(self, filled: Api, path: str) -> None:
        def value(row: Any) -> Any:
            return row[key].lower() if key == "username" else row[key]

        by_id = walked(filled, path, sort="id")
        for sort in ("id", *LISTS[path]):
            key = KEYS.get(path, "id") if sort == "id" else sort
            for sign in ("", "-"):
                # Python's sort keeps the order of equal rows, also in reverse.
                expected = sorted(by_id, key=value, reverse=sign == "-")
                assert filled.get(path, sort=f"{sign}{sort}") == expected, f"{sign}{sort}"
                for limit in (1, 2, 3):
                    assert walked(filled, path, sort=f"{sign}{sort}", limit=limit) == expected


class TestChangesBetweenPages:
    @pytest.mark.parametrize("sort", ["id", "-id", "price", "-price", "event_date", "-created_at"])
    def test_rows_that_stay_are_neither_repeated_nor_lost(self, api: Api, sort: str) -> None:
        def ticket(number: int) -> int:
            fields = {"price": number % 4, "event_date": f"2027-01-0{number % 4 + 1}T12:00:00Z"}
            return int(api.ticket(**fields)["id"])

        staying, going = zip(*((ticket(n), ticket(n)) for n in range(8)), strict=True)
        doomed, seen = list(going), list[int]()
        for page in pages(api, "/api/tickets/", sort=sort, limit=5):
            seen += [row["id"] for row in page]
            for number in (0, 3):
                ticket(number)
            if doomed:
                # One that was shown, if there is one: the link may stand on it.
                shown = [each for each in seen if each in doomed]
                gone = shown[-1] if shown else doomed[0]
                doomed.remove(gone)
                api.delete(f"/api/tickets/{gone}")
        assert len(seen) == len(set(seen))
        assert set(staying) <= set(seen)

    def test_filters_and_the_limit_hold_on_every_page(self, api: Api) -> None:
        for number in range(9):
            api.ticket(venue=("Café Ä&B", "Park")[number % 2], price=number)
        found = list(pages(api, "/api/tickets/", venue="CAFÉ ä&b", limit=2, sort="-price"))
        assert [[row["price"] for row in page] for page in found] == [[8, 6], [4, 2], [0]]


def packed(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


FORGED: dict[tuple[str, str], tuple[Any, ...]] = {
    ("/api/tickets/", "price"): (
        ["NaN", 1],
        "[NaN, 1]",
        "[1e999, 1]",
        ["Infinity", 1],
        ["1e20", 1],
        ["9e99999999", 1],
        [True, 1],
        [[0, [1], 0], 1],
        ["", 1],
    ),
    ("/api/tickets/", "-event_date"): (
        ["x", 1],
        [1, 1],
        ["2027-01-01T00:00:00", 1],
        ["0001-01-01T00:00:00+23:59", 1],
        ["9999-12-31T23:59:59-23:59", 1],
        ["1.00", 1],
        [None, 1],
    ),
    ("/api/users/", "username"): ('["\\ud800", 1]', '["a\\u0000", 1]', [1, 1]),
    ("/api/orders/", "status"): (["nope", 1], '["\\ud800", 1]', [["pending"], 1]),
    ("/api/transactions/", "amount"): (
        ["1.00"],
        ["1.00", 1, 1],
        ["1.00", -1],
        ["1.00", "x"],
        ["1.00", 2**63],
        ["1.00", True],
        ["1.00", 1.5],
        ["1.00", None],
        {"1.00": 1},
        "[" * 300,
        "not JSON",
        "",
    ),
}


class TestForgedCursors:
    def test_a_cursor_that_no_page_gave_is_refused(self, filled: Api) -> None:
        for (path, sort), values in FORGED.items():
            for value in values:
                problem = filled.refused("GET", path, sort=sort, after=packed(value))
                assert parameter_errors(problem) == ["after"], (path, value)
                assert problem["errors"][0]["code"] == "invalid_cursor"

    def test_text_that_is_no_cursor_at_all_is_refused(self, filled: Api) -> None:
        for path, sort in FORGED:
            for value in ("5", "é", "%", "AAAA", "\u0000", "=" * 500):
                problem = filled.refused("GET", path, sort=sort, after=value)
                assert parameter_errors(problem) == ["after"], (path, value)

    def test_a_cursor_is_good_for_its_own_order_only(self, filled: Api) -> None:
        first = filled.request("GET", "/api/tickets/", params={"sort": "price", "limit": 2})
        cursor = first.links["next"]["url"].split("after=")[1]
        for sort in ("id", "event_date"):
            problem = filled.refused("GET", "/api/tickets/", sort=sort, after=cursor)
            assert parameter_errors(problem) == ["after"]

    def test_a_cursor_beyond_the_last_row_leads_to_an_empty_page(self, filled: Api) -> None:
        assert filled.get("/api/tickets/", after=2**63 - 1) == []
        assert filled.get("/api/tickets/", sort="price", after=packed(["9.00", 1])) == []


class TestAddresses:
    def test_collections_answer_with_and_without_the_slash_and_never_redirect(
        self, api: Api
    ) -> None:
        collections = [path for path in api.document["paths"] if path.endswith("/") and path != "/"]
        assert collections
        for path in collections:
            for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
                answers = [
                    api.request(method, address, follow_redirects=False).status_code
                    for address in (path, path.rstrip("/"))
                ]
                declared = method.lower() in api.document["paths"][path]
                expected = {"GET": 200, "POST": 422}[method] if declared else 405
                assert answers == [expected, expected], (method, path)

    def test_creating_works_without_the_slash(self, api: Api) -> None:
        body = {"username": "john", "email": "john@example.com", "full_name": "John"}
        response = api.request("POST", "/api/users", json=body, follow_redirects=False)
        assert (response.status_code, response.headers["location"]) == (201, "/api/users/1")

    def test_objects_answer_with_the_slash_too(self, api: Api) -> None:
        ticket = api.ticket()
        for address in ("/api/tickets/1", "/api/tickets/1/"):
            response = api.request("GET", address, follow_redirects=False)
            assert (response.status_code, response.json()) == (200, ticket)
